//! Is the audit what was written?

use super::head::Head;
use super::line::{Entry, Line};
use super::{AUDIT_BROKEN, AUDIT_UNUSABLE, Event, Places, key, members};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::keys::PublicKey;
use crate::publish::published::PublishedRun;
use crate::publish::{self, RUN_UNREADABLE};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Faults told one by one; further ones are only counted.
const FAULTS_MAX: usize = 50;

/// A place where the audit is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Line of state/audit.jsonl, counted from 1; 0 for the head and for what is missing altogether.
    pub line: u64,
    pub what: String,
}

/// What a look through the whole audit has found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    pub entries: u64,
    pub first: Option<String>,
    pub last: Option<String>,
    /// Where it ends: what a witness elsewhere would keep.
    pub head: Head,
    /// Of the key that has signed it.
    pub key: String,
    /// Runs whose own record of the audit agrees with it.
    pub witnesses: u64,
    /// Kept runs of versions that noted none, or not what their run.json was: nothing can be compared with them.
    pub unnoted: u64,
    /// Kept runs as they were before the last entry that notes them: what it announces was killed or has failed, or somebody has put them back.
    pub unfinished: u64,
    /// Entries of the earlier head that was kept elsewhere, where one was given.
    pub earlier_head: Option<u64>,
    /// Lists in state/releases of whose lines releases held, that are what was kept.
    pub lists: u64,
    /// Releases of which an earlier version has kept no list: whose lines they held cannot be checked.
    pub unlisted: u64,
    /// Lists that no entry names: those of a night that runs, or that was killed; the next one removes them.
    pub unnamed: u64,
    /// A killed command has left the beginning of a line, which the next one cuts off.
    pub unended: bool,
    pub faults: Vec<Fault>,
    /// Faults beyond those told.
    pub more: u64,
}

impl Verdict {
    /// # Errors
    /// OF0711 where there is a fault.
    pub fn or_failure(&self) -> Result<()> {
        match self.faults.first() {
            None => Ok(()),
            Some(first) => {
                let others = self.faults.len() as u64 + self.more - 1;
                let more = if others == 0 { String::new() } else { format!(", and {others} more") };
                Err(Failure::new(&AUDIT_BROKEN, format!("line {}: {}{more}", first.line, first.what)))
            }
        }
    }

    fn fault(&mut self, line: u64, what: impl Into<String>) {
        match self.faults.len() < FAULTS_MAX {
            true => self.faults.push(Fault { line, what: what.into() }),
            false => self.more += 1,
        }
    }
}

/// Looks through the whole audit. `public` is the key that it must be signed with, where whoever asks does not trust the one in state.
///
/// # Errors
/// OF0710 where it cannot be read, OF0700 where no key is there to check it with; faults are in the verdict.
pub fn verify(job: &Job, public: Option<PublicKey>) -> Result<Verdict> {
    verify_since(job, public, None)
}

/// The same, held against `earlier` too, a copy of state/audit.head that was kept elsewhere: what was cut off since it was copied is found even
/// where the head in state was put back with it.
///
/// # Errors
/// As [`verify`], and OF0710 where there is no such file.
pub fn verify_since(job: &Job, public: Option<PublicKey>, earlier: Option<&Path>) -> Result<Verdict> {
    let places = Places::of(job);
    let bytes = match disk::read(&places.log) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        bytes => bytes.map_err(|error| Failure::from_io(&error, &places.log, &AUDIT_UNUSABLE))?,
    };
    let mut verdict = Verdict::default();
    if bytes.is_empty() && earlier.is_none() && places.head.symlink_metadata().is_err() {
        compare_lists(job, &Chain::default(), &mut verdict);
        compare_runs(job, &Chain::default(), &mut verdict)?;
        return Ok(verdict);
    }
    let key = public.map_or_else(|| key::to_check(&places), Ok)?;
    verdict.key = key.fingerprint();
    let chain = chain(&bytes, &key, &mut verdict);
    match Head::read(&places.head, &key)? {
        Ok(Some(head)) => compare_head("the head", &head, &bytes, &chain.hashes, &mut verdict),
        // The first head is written before the first line: a kill leaves no line without one.
        Ok(None) => verdict.fault(0, "the head is missing"),
        Err(why) => verdict.fault(0, why),
    }
    if let Some(path) = earlier {
        compare_earlier(path, &key, &bytes, &chain, &mut verdict)?;
    }
    compare_lists(job, &chain, &mut verdict);
    compare_runs(job, &chain, &mut verdict)?;
    Ok(verdict)
}

/// What the lines say.
#[derive(Default)]
struct Chain {
    /// The hash that each line claims.
    hashes: Vec<String>,
    /// Lists of whose lines releases held, with the line that names each first.
    lists: BTreeMap<String, u64>,
    /// Releases of people's lines that name none.
    unlisted: u64,
    /// What each run's run.json was or was about to be, by its hash, oldest first. A run is here as soon as it was noted at all.
    run_jsons: BTreeMap<String, Vec<String>>,
}

/// What is to be said of a kept run that is no fault.
enum Witness {
    Agrees,
    /// It was noted once more since.
    Unfinished,
    /// A version that noted too little has made it.
    Unnoted,
}

impl Chain {
    /// Was the audit ever so long, with this last hash?
    fn had(&self, entries: u64, hash: &str) -> bool {
        match entries.checked_sub(1) {
            None => hash.is_empty(),
            Some(at) => usize::try_from(at).ok().and_then(|at| self.hashes.get(at)).is_some_and(|known| known == hash),
        }
    }

    /// Keeps what an entry says of the run.json of a run.
    fn take_in_run(&mut self, entry: &Entry) {
        let Some(run) = &entry.run_id else { return };
        let hash = entry.what.get("run_json_blake3").and_then(|hash| hash.as_str());
        let makes = matches!(entry.event, Event::Run | Event::Rollback);
        if makes || (hash.is_some() && matches!(entry.event, Event::Purge | Event::Report)) {
            self.run_jsons.entry(run.clone()).or_default().extend(hash.map(str::to_string));
        }
    }

    /// Is a kept run what the entries say? In words where it is not. Versions that noted no run have made none after one that was noted.
    fn judge(&self, run_id: &str, run_json: &RunJson, after_noted: bool) -> std::result::Result<Witness, String> {
        let RunJson { hash, told } = run_json;
        let ended = told["audit"]["entries"].as_u64().zip(told["audit"]["hash"].as_str());
        if let Some((entries, _)) = ended.filter(|(entries, hash)| !self.had(*entries, hash)) {
            return Err(format!("run {run_id} knew another audit, of {entries} entries"));
        }
        let Some(noted) = self.run_jsons.get(run_id) else {
            let is_old = ended.is_none() && !after_noted;
            return if is_old { Ok(Witness::Unnoted) } else { Err(format!("run {run_id} is noted by no entry")) };
        };
        match noted.iter().rposition(|noted| noted == hash) {
            Some(at) if at + 1 == noted.len() => Ok(Witness::Agrees),
            // A kill between an entry and what it announces leaves the run as it was.
            Some(_) => Ok(Witness::Unfinished),
            None if noted.is_empty() => Ok(Witness::Unnoted),
            None => Err(format!("run.json of run {run_id} is none that an entry notes")),
        }
    }

    /// Keeps which list an entry names. Tables are of nobody in particular: they have a day of issue instead.
    fn take_in(&mut self, line: u64, entry: &Entry) {
        let text = |key: &str| entry.what.get(key).and_then(|text| text.as_str());
        match (text("members"), text("issue")) {
            _ if entry.event != Event::Release => {}
            (Some(name), _) => {
                self.lists.entry(name.to_string()).or_insert(line);
            }
            (None, None) => self.unlisted += 1,
            (None, Some(_)) => {}
        }
    }
}

/// Follows the lines.
fn chain(bytes: &[u8], key: &PublicKey, verdict: &mut Verdict) -> Chain {
    let whole = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    verdict.unended = whole < bytes.len();
    let mut chain = Chain::default();
    for (number, line) in (1..).zip(bytes[..whole].split_inclusive(|&byte| byte == b'\n')) {
        let before = chain.hashes.last().cloned().unwrap_or_default();
        let Some(read) = Line::read(&line[..line.len() - 1]) else {
            verdict.fault(number, "this is no entry");
            chain.hashes.push(String::new());
            continue;
        };
        if !read.is_right(key) {
            verdict.fault(number, "the entry was changed, or written by somebody without the key");
        } else if read.entry.entry != number || (read.entry.before != before && !(number > 1 && before.is_empty())) {
            verdict
                .fault(number, format!("this is entry {}: entries are missing or stand elsewhere", read.entry.entry));
        }
        verdict.first.get_or_insert_with(|| read.entry.at.clone());
        verdict.last = Some(read.entry.at.clone());
        chain.take_in(number, &read.entry);
        chain.take_in_run(&read.entry);
        chain.hashes.push(read.hash);
    }
    verdict.entries = chain.hashes.len() as u64;
    let hash = chain.hashes.last().cloned().unwrap_or_default();
    verdict.head = Head { entries: verdict.entries, bytes: whole as u64, hash };
    chain
}

/// The lists in state/releases are named by the hash of what they say, in entries that are signed.
fn compare_lists(job: &Job, chain: &Chain, verdict: &mut Verdict) {
    let checked = members::check(job, &chain.lists);
    (verdict.lists, verdict.unnamed, verdict.unlisted) = (checked.right, checked.unnamed, chain.unlisted);
    checked.faults.into_iter().for_each(|(line, what)| verdict.fault(line, what));
}

/// Holds a head against the lines; one that is older than the last lines is right as well. `name` is what faults call it.
fn compare_head(name: &str, head: &Head, bytes: &[u8], hashes: &[String], verdict: &mut Verdict) {
    if head.entries > hashes.len() as u64 || head.bytes > bytes.len() as u64 {
        let missing = head.entries.saturating_sub(hashes.len() as u64);
        return verdict.fault(0, format!("{name} knows of {} entries: {missing} are missing at the end", head.entries));
    }
    let last = head.entries.checked_sub(1).map_or("", |at| hashes[at as usize].as_str());
    let ends = head.bytes == 0 || bytes[head.bytes as usize - 1] == b'\n';
    let lines = memchr::memchr_iter(b'\n', &bytes[..head.bytes as usize]).count() as u64;
    if last != head.hash || !ends || lines != head.entries {
        verdict.fault(0, format!("{name} is not of these entries"));
    }
}

/// Holds a head that was kept elsewhere against the lines.
fn compare_earlier(path: &Path, key: &PublicKey, bytes: &[u8], chain: &Chain, verdict: &mut Verdict) -> Result<()> {
    const NAME: &str = "the head that was kept elsewhere";
    match Head::read(path, key)? {
        Ok(Some(head)) => {
            verdict.earlier_head = Some(head.entries);
            compare_head(NAME, &head, bytes, &chain.hashes, verdict);
        }
        Ok(None) => return Err(Failure::new(&AUDIT_UNUSABLE, format!("{}: there is no such file", path.display()))),
        Err(why) => verdict.fault(0, format!("{NAME}: {why}")),
    }
    Ok(())
}

/// Every kept run says where the audit ended when it was made, and an entry says what its run.json is.
fn compare_runs(job: &Job, chain: &Chain, verdict: &mut Verdict) -> Result<()> {
    if !job.output.join("runs").is_dir() {
        return Ok(());
    }
    let mut after_noted = false;
    for run in PublishedRun::all_kept(&job.output)? {
        let judged = match RunJson::of(&run)? {
            Some(run_json) => chain.judge(&run.run_id, &run_json, after_noted),
            None => Err(damaged(job, &run)),
        };
        match judged {
            Ok(Witness::Agrees) => verdict.witnesses += 1,
            Ok(Witness::Unfinished) => verdict.unfinished += 1,
            Ok(Witness::Unnoted) => verdict.unnoted += 1,
            Err(what) => verdict.fault(0, what),
        }
        after_noted |= chain.run_jsons.contains_key(&run.run_id);
    }
    Ok(())
}

/// The run.json of a kept run.
struct RunJson {
    hash: String,
    told: serde_json::Value,
}

impl RunJson {
    /// `None` where it is absent or damaged.
    ///
    /// # Errors
    /// Where it may not be read, which says nothing of what it is.
    fn of(run: &PublishedRun) -> Result<Option<RunJson>> {
        let bytes = match run.bytes("run.json") {
            Err(failure) if failure.code.id == RUN_UNREADABLE.id => return Ok(None),
            bytes => bytes?,
        };
        let hash = blake3::hash(&bytes).to_hex().to_string();
        Ok(serde_json::from_slice(&bytes).ok().map(|told| RunJson { hash, told }))
    }
}

/// What is to be said of a kept run whose run.json cannot be read. Nothing in state/ is wrong, and an older copy of it would know less.
fn damaged(job: &Job, run: &PublishedRun) -> String {
    let is_current = publish::current_run(&job.output).as_ref() == Some(&run.run_id);
    let otherwise = match is_current {
        true => "roll back to a kept run that is whole",
        false => "remove the folder: it is not the run that stands, and no night needs it",
    };
    format!("{}: its run.json cannot be read; put it back from a backup, or {otherwise}", run.folder.display())
}
