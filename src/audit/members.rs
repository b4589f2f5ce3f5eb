//! state/releases/: whose lines a release held, so that somebody can be told who has had what about them.
//!
//! One file for each set of people, named by its hash: the same people night after night take no more room.

use super::line::Line;
use super::{AUDIT_UNUSABLE, Event, Places};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity::PersonId;
use crate::job::Job;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn place(job: &Job, hash: &str) -> PathBuf {
    job.output.join("state/releases").join(format!("{hash}.zst"))
}

/// Keeps whose lines they are; gives the name of the file.
///
/// # Errors
/// OF0710 where it cannot be written.
pub fn keep_members<'a>(job: &Job, people: impl Iterator<Item = &'a PersonId>) -> Result<String> {
    let mut ids: Vec<&str> = people.map(PersonId::as_str).collect();
    ids.sort_unstable();
    let text = ids.join("\n");
    let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
    let path = place(job, &hash);
    if path.is_file() {
        return Ok(hash);
    }
    let folder = path.parent().expect("a file stands in a folder");
    let kept = zstd::encode_all(text.as_bytes(), 0).and_then(|bytes| {
        disk::create_folder(folder)?;
        disk::replace(&path, &bytes)?;
        disk::sync_folder(folder)
    });
    kept.map_err(|error| Failure::from_io(&error, &path, &AUDIT_UNUSABLE))?;
    Ok(hash)
}

/// Does the set of people with this hash hold one of `ids`? A file that is gone or damaged is a failure: silence would be a false answer.
pub(super) fn holds_one(job: &Job, hash: &str, ids: &BTreeSet<String>) -> Result<bool> {
    let path = place(job, hash);
    let bytes = disk::read(&path).and_then(|bytes| zstd::decode_all(&bytes[..]));
    let bytes = bytes.map_err(|error| Failure::from_io(&error, &path, &AUDIT_UNUSABLE))?;
    if blake3::hash(&bytes).to_hex().as_str() != hash {
        return Err(Failure::new(&AUDIT_UNUSABLE, format!("{} is not what was kept", path.display())));
    }
    Ok(bytes.split(|&byte| byte == b'\n').any(|id| std::str::from_utf8(id).is_ok_and(|id| ids.contains(id))))
}

/// The days on which tables of a release were issued, those of withdrawn runs left out.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub fn issues(job: &Job, release: &str) -> Result<BTreeSet<String>> {
    let places = Places::of(job);
    let bytes = match disk::read(&places.log) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        bytes => bytes.map_err(|error| Failure::from_io(&error, &places.log, &AUDIT_UNUSABLE))?,
    };
    let mut issued: Vec<(Option<String>, String)> = Vec::new();
    for entry in bytes.split(|&byte| byte == b'\n').filter_map(Line::read).map(|line| line.entry) {
        match entry.event {
            Event::Release if entry.what.get("release").is_some_and(|id| id == release) => {
                let issue = entry.what.get("issue").and_then(|issue| issue.as_str()).map(str::to_string);
                issued.extend(issue.map(|issue| (entry.run_id, issue)));
            }
            Event::RunWithdrawn => issued.retain(|(run, _)| *run != entry.run_id),
            _ => {}
        }
    }
    Ok(issued.into_iter().map(|(_, issue)| issue).collect())
}
