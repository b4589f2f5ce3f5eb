//! state/releases/: whose lines a release held, so that somebody can be told who has had what about them.
//!
//! One file for each set of people, named by the hash of what it says: all of them, or who came and went since the set of the issue before.
//! The same people night after night take no more room, and others as much as they differ by. The name of a set is in the audit, which is
//! signed, and a set names the one that it goes on from by its hash: a changed file anywhere on the way is noticed, by whoever asks for it and by
//! `onefolk audit verify`, which looks through all.

use super::{AUDIT_UNUSABLE, Event, entries};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity::PersonId;
use crate::job::Job;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How a set begins that says who came and went; no person_id has a space.
const SINCE: &str = "since ";
/// So many sets stand on one another at most: what is asked of the last is read from all of them.
const CHAIN_MAX: usize = 64;

fn folder(job: &Job) -> PathBuf {
    job.output.join("state/releases")
}

fn place(job: &Job, name: &str) -> PathBuf {
    folder(job).join(format!("{name}.zst"))
}

/// Keeps whose lines a release holds; gives the name of the set.
///
/// # Errors
/// OF0710 where it cannot be written.
pub fn keep_members<'a>(job: &Job, release: &str, people: impl Iterator<Item = &'a PersonId>) -> Result<String> {
    let mut ids: Vec<&str> = people.map(PersonId::as_str).collect();
    ids.sort_unstable();
    let all = ids.join("\n");
    let Some(before) = before(job, release)? else { return keep(job, &all) };
    let known = members(&before);
    let left = known.iter().filter(|id| ids.binary_search(id).is_err()).map(|id| format!("-{id}"));
    let came = ids.iter().filter(|id| known.binary_search(id).is_err()).map(|id| format!("+{id}"));
    let changes: Vec<String> = left.chain(came).collect();
    if changes.is_empty() {
        return Ok(before[0].0.clone());
    }
    let changes = format!("{SINCE}{}\n{}", before[0].0, changes.join("\n"));
    // Where most are others the whole is hardly longer, and nothing hangs on it.
    keep(job, if 2 * changes.len() < all.len() { &changes } else { &all })
}

/// The set that the release held last with all that it stands on, where another can be told by it.
fn before(job: &Job, release: &str) -> Result<Option<Vec<(String, String)>>> {
    let of_release = |entry: &super::Entry| entry.what.get("release").is_some_and(|id| id == release);
    let entries = entries(job)?.filter(|entry| entry.event == Event::Release && of_release(entry));
    let named = entries.filter_map(|entry| Some(entry.what.get("members")?.as_str()?.to_string()));
    // One that is gone or damaged is told when it is asked for; nothing more is to hang on it.
    Ok(named.last().and_then(|name| chain(job, &name).ok()).filter(|chain| chain.len() < CHAIN_MAX))
}

/// Everybody of the first set of a [`chain`], sorted.
fn members(chain: &[(String, String)]) -> Vec<&str> {
    let (whole, changes) = chain.split_last().expect("a chain has a set");
    let mut changed: BTreeMap<&str, bool> = BTreeMap::new();
    for (_, text) in changes.iter().rev() {
        let came = |line: &&str| line.starts_with('+');
        changed.extend(text.lines().skip(1).map(|line| (&line[1..], came(&line))));
    }
    let mut members: Vec<&str> = whole.1.lines().filter(|id| changed.get(id) != Some(&false)).collect();
    members.extend(changed.into_iter().filter(|(_, came)| *came).map(|(id, _)| id));
    members.sort_unstable();
    members.dedup();
    members
}

fn keep(job: &Job, text: &str) -> Result<String> {
    let name = blake3::hash(text.as_bytes()).to_hex().to_string();
    let (folder, path) = (folder(job), place(job, &name));
    if path.is_file() {
        return Ok(name);
    }
    let kept = zstd::encode_all(text.as_bytes(), 0).and_then(|bytes| {
        disk::create_folder(&folder)?;
        disk::replace(&path, &bytes)?;
        disk::sync_folder(&folder)
    });
    kept.map_err(|error| Failure::from_io(&error, &path, &AUDIT_UNUSABLE))?;
    Ok(name)
}

/// What one set says. A file that is gone or damaged is a failure: silence would be a false answer.
fn read(job: &Job, name: &str) -> Result<String> {
    let path = place(job, name);
    let bytes = disk::read(&path).and_then(|bytes| zstd::decode_all(&bytes[..]));
    let bytes = bytes.map_err(|error| Failure::from_io(&error, &path, &AUDIT_UNUSABLE))?;
    let changed = || Failure::new(&AUDIT_UNUSABLE, format!("{} is not what was kept", path.display()));
    if blake3::hash(&bytes).to_hex().as_str() != name {
        return Err(changed());
    }
    String::from_utf8(bytes).map_err(|_| changed())
}

/// The name of the set that one goes on from.
fn stands_on(text: &str) -> Option<&str> {
    text.lines().next().and_then(|line| line.strip_prefix(SINCE))
}

/// A set and all that it stands on, the last one whole, each with its name.
fn chain(job: &Job, name: &str) -> Result<Vec<(String, String)>> {
    let mut chain = Vec::new();
    let mut next = Some(name.to_string());
    while let Some(name) = next {
        let text = read(job, &name)?;
        next = stands_on(&text).map(str::to_string);
        chain.push((name, text));
    }
    Ok(chain)
}

/// Which of some people each set held, as far as it was asked for.
pub(super) struct Held<'a> {
    ids: &'a BTreeSet<String>,
    known: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Held<'a> {
    pub fn of(ids: &'a BTreeSet<String>) -> Held<'a> {
        Held { ids, known: BTreeMap::new() }
    }

    /// Those of them whom the set of this name holds.
    ///
    /// # Errors
    /// OF0710 where it or one that it stands on is gone or damaged.
    pub fn in_set(&mut self, job: &Job, name: &str) -> Result<&BTreeSet<String>> {
        if !self.known.contains_key(name) {
            let mut held = BTreeSet::new();
            for (name, text) in chain(job, name)?.into_iter().rev() {
                let is_change = text.starts_with(SINCE);
                for line in text.lines().skip(usize::from(is_change)) {
                    let (left, id) = match line.strip_prefix(['+', '-']) {
                        Some(id) if is_change => (line.starts_with('-'), id),
                        _ => (false, line),
                    };
                    match self.ids.contains(id) {
                        true if left => held.remove(id),
                        true => held.insert(id.to_string()),
                        false => false,
                    };
                }
                self.known.insert(name, held.clone());
            }
        }
        Ok(&self.known[name])
    }
}

/// What was found of the sets that stand in state/releases.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// Sets that the audit names, or that one of these stands on, and that are what was kept.
    pub right: u64,
    /// Sets that are right in themselves but named nowhere: a night that was killed has left them, and nobody is told anything by them.
    pub unnamed: u64,
    /// What is not as it was kept, with the line of the entry that names it first; 0 for what none names.
    pub faults: Vec<(u64, String)>,
}

/// Looks through all sets; `named` are those that the audit names, with the line that does so first.
pub(super) fn check(job: &Job, named: &BTreeMap<String, u64>) -> Checked {
    let mut checked = Checked::default();
    let mut open: Vec<(String, u64)> = named.iter().map(|(name, &line)| (name.clone(), line)).collect();
    let mut seen = BTreeSet::new();
    while let Some((name, line)) = open.pop() {
        if seen.contains(&name) {
            continue;
        }
        match read(job, &name) {
            Ok(text) => {
                checked.right += 1;
                open.extend(stands_on(&text).map(|before| (before.to_string(), line)));
            }
            Err(_) => {
                let what = if place(job, &name).is_file() { "was changed" } else { "is missing" };
                let list = name.escape_debug();
                checked.faults.push((line, format!("the list of whose lines the release held {what}, {list}.zst")));
            }
        }
        seen.insert(name);
    }
    for file in std::fs::read_dir(folder(job)).into_iter().flatten().flatten() {
        check_other(job, &file.path(), &seen, &mut checked);
    }
    checked.faults.sort_unstable();
    checked
}

/// A file that may be none of the sets that were `seen`.
fn check_other(job: &Job, path: &Path, seen: &BTreeSet<String>, checked: &mut Checked) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let set = name.strip_suffix(".zst").unwrap_or_default();
    if seen.contains(set) {
        return;
    }
    // One that was being written when a night was killed, or is now; what is gone meanwhile was one that a night has removed.
    let half_written = name.ends_with(".partial");
    match half_written || read(job, set).is_ok() {
        true => checked.unnamed += 1,
        false if path.symlink_metadata().is_err() => {}
        false => {
            checked
                .faults
                .push((0, format!("a file was added to state/releases that is no list, {}", name.escape_debug())));
        }
    }
}

/// Removes sets that the audit does not name, which nights have left that were killed before they were noted; says what could not be. The
/// output's lock has to be held.
pub fn remove_unnamed_members(job: &Job) -> Option<String> {
    remove_unnamed(job, &folder(job))
        .err()
        .map(|error| format!("lists in state/releases could not be removed: {error}"))
}

fn remove_unnamed(job: &Job, folder: &Path) -> std::result::Result<(), String> {
    let Ok(kept) = std::fs::read_dir(folder) else { return Ok(()) };
    let named = entries(job).map_err(|failure| failure.to_string())?;
    let named: BTreeSet<String> =
        named.filter_map(|entry| Some(format!("{}.zst", entry.what.get("members")?.as_str()?))).collect();
    for file in kept.flatten() {
        if !file.file_name().to_str().is_some_and(|name| named.contains(name)) {
            disk::remove_file(&file.path()).map_err(|error| error.kind().to_string())?;
        }
    }
    Ok(())
}
