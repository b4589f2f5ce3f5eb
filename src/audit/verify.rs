//! Is the audit what was written?

use super::head::Head;
use super::line::{Entry, Line};
use super::{AUDIT_BROKEN, AUDIT_UNUSABLE, Event, Places, key, members};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::keys::PublicKey;
use crate::publish::published::PublishedRun;
use serde::Serialize;
use std::collections::BTreeMap;

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
#[derive(Debug, Clone, Serialize)]
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
    let places = Places::of(job);
    let bytes = match disk::read(&places.log) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        bytes => bytes.map_err(|error| Failure::from_io(&error, &places.log, &AUDIT_UNUSABLE))?,
    };
    let nothing = bytes.is_empty() && places.head.symlink_metadata().is_err();
    let mut verdict = Verdict {
        entries: 0,
        first: None,
        last: None,
        head: Head::default(),
        key: String::new(),
        witnesses: 0,
        lists: 0,
        unlisted: 0,
        unnamed: 0,
        unended: false,
        faults: Vec::new(),
        more: 0,
    };
    if nothing {
        compare_lists(job, &Chain::default(), &mut verdict);
        compare_runs(job, &[], &mut verdict)?;
        return Ok(verdict);
    }
    let key = public.map_or_else(|| key::to_check(&places), Ok)?;
    verdict.key = key.fingerprint();
    let chain = chain(&bytes, &key, &mut verdict);
    match Head::read(&places.head, &key)? {
        Ok(Some(head)) => compare_head(&head, &bytes, &chain.hashes, &mut verdict),
        // A kill may come between the very first lines and the head.
        Ok(None) if chain.hashes.len() <= 1 => {}
        Ok(None) => verdict.fault(0, "the head is missing"),
        Err(why) => verdict.fault(0, why),
    }
    compare_lists(job, &chain, &mut verdict);
    compare_runs(job, &chain.hashes, &mut verdict)?;
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
}

impl Chain {
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

fn compare_head(head: &Head, bytes: &[u8], hashes: &[String], verdict: &mut Verdict) {
    if head.entries > hashes.len() as u64 || head.bytes > bytes.len() as u64 {
        let missing = head.entries.saturating_sub(hashes.len() as u64);
        return verdict
            .fault(0, format!("the head knows of {} entries: {missing} are missing at the end", head.entries));
    }
    let last = head.entries.checked_sub(1).map_or("", |at| hashes[at as usize].as_str());
    let ends = head.bytes == 0 || bytes[head.bytes as usize - 1] == b'\n';
    let lines = memchr::memchr_iter(b'\n', &bytes[..head.bytes as usize]).count() as u64;
    if last != head.hash || !ends || lines != head.entries {
        verdict.fault(0, "the head is not of these entries");
    }
}

/// Every kept run says where the audit ended when it was made.
fn compare_runs(job: &Job, hashes: &[String], verdict: &mut Verdict) -> Result<()> {
    if !job.output.join("runs").is_dir() {
        return Ok(());
    }
    for run in PublishedRun::all_kept(&job.output)? {
        let Ok(told) = serde_json::from_slice::<serde_json::Value>(&run.bytes("run.json")?) else { continue };
        let (Some(entries), Some(hash)) = (told["audit"]["entries"].as_u64(), told["audit"]["hash"].as_str()) else {
            continue;
        };
        let same = match entries {
            0 => hash.is_empty(),
            _ => hashes.get(entries as usize - 1).is_some_and(|known| known == hash),
        };
        match same {
            true => verdict.witnesses += 1,
            false => verdict.fault(0, format!("run {} knew another audit, of {entries} entries", run.run_id)),
        }
    }
    Ok(())
}
