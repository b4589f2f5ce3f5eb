//! Where stands what a provider holds, and how it moves on with a published run.
//!
//! `state/changes/<provider>/` holds the extract and its list as the current run has read them, `next/` those of a run that is under way.
//! Both in `next/` are synced before the run is published, and moved one after the other after it, the list last: a run that finds the list
//! of a published run still in `next/` goes on with the moving, and clears away that of any other.

use crate::disk;
use crate::failure::{Failure, Result};
use crate::intake::FileReport;
use crate::job::standing::{self, EXTRACT, LIST, NEXT, StandingList};
use crate::job::{Job, Provider, Stale};
use crate::publish::{self, OUTPUT_UNWRITABLE};
use crate::run::keep::KEPT_DAMAGED;
use std::fs;
use std::io;
use std::path::Path;

/// Checksums of extracts that are remembered: more than a provider has lying about.
const REMEMBERED: usize = 1_000;

/// Finishes or clears away what a run that was killed has left, and what providers that have left the job or send everything now held.
pub(super) fn recover(job: &Job) -> Result<()> {
    let published = publish::kept_runs(&job.output)?;
    let root = job.output.join("state/changes");
    for entry in fs::read_dir(&root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let sends_changes =
            |provider: &Provider| provider.changes.is_some() && name.to_str() == Some(provider.id.as_str());
        let folder = entry.path();
        let done = match job.providers.iter().any(sends_changes) {
            false => disk::remove_folder(&folder),
            true => match standing::list(&folder.join(NEXT)) {
                Some(list) if published.contains(&list.run_id) => move_on(&folder),
                _ => disk::remove_folder(&folder.join(NEXT)),
            },
        };
        done.map_err(|error| Failure::from_io(&error, &folder, &OUTPUT_UNWRITABLE))?;
    }
    Ok(())
}

/// Moves the extract and then its list out of `next/`; what is moved already stays.
pub(super) fn move_on(folder: &Path) -> io::Result<()> {
    for name in [EXTRACT, LIST] {
        match disk::rename(&folder.join(NEXT).join(name), &folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done?,
        }
        disk::sync_folder(folder)?;
    }
    disk::remove_folder(&folder.join(NEXT))
}

/// What the published run has read is what the providers hold. What does not work is done by the next run.
pub(in crate::run) fn promote(job: &Job) -> Vec<String> {
    let moved = |provider: &Provider| {
        let folder = standing::folder(&job.output, &provider.id);
        if folder.join(NEXT).exists() { move_on(&folder).err() } else { None }
    };
    let changing = job.providers.iter().filter(|provider| provider.changes.is_some());
    let failed = changing.filter_map(|provider| Some((provider, moved(provider)?)));
    failed
        .map(|(provider, error)| {
            format!("the changes of provider {} are put in place by the next run: {}", provider.id, error.kind())
        })
        .collect()
}

/// Clears away what a run has made that publishes nothing.
pub(in crate::run) fn abandon(job: &Job) {
    for provider in job.providers.iter().filter(|provider| provider.changes.is_some()) {
        // The next run clears away what is left.
        let _ = disk::remove_folder(&standing::folder(&job.output, &provider.id).join(NEXT));
    }
}

/// # Errors
/// OF0529 where what a provider held is not what was written.
pub(super) fn verify(provider: &Provider, list: &StandingList, read: &[FileReport]) -> Result<()> {
    match read.iter().all(|file| file.blake3 == list.blake3) {
        true => Ok(()),
        false => Err(Failure::new(&KEPT_DAMAGED, format!("provider {}: state/changes/{0}/{EXTRACT}", provider.id))),
    }
}

/// Lets what the provider held stand, as nothing new has come.
pub(super) fn stand(job: &Job, provider: &mut Provider, list: Option<&StandingList>) {
    let Some((list, since)) = list.and_then(|list| Some((list, list.since()?))) else { return };
    let place = standing::folder(&job.output, &provider.id).join(EXTRACT);
    let name = place.strip_prefix(&job.folder).unwrap_or(&place).to_string_lossy().replace('\\', "/");
    provider.files = vec![place];
    provider.format = standing::format();
    read_from(provider, list.clone());
    // On the day itself there was nothing to wait for.
    provider.stale =
        (since < job.as_of).then(|| Stale { since, files: vec![(name, list.blake3.clone())], numbered: false });
}

/// Writes what the provider holds now, to be read by this run and moved on once it is published.
pub(super) fn write_next(
    job: &Job,
    provider: &mut Provider,
    (known, read): (&[String], Vec<String>),
    (bytes, rows): (&[u8], u64),
    run_id: &str,
) -> Result<()> {
    let folder = standing::folder(&job.output, &provider.id).join(NEXT);
    let mut applied: Vec<String> =
        known.iter().filter(|known| !read.contains(known)).cloned().chain(read.clone()).collect();
    applied.drain(..applied.len().saturating_sub(REMEMBERED));
    let list = StandingList {
        run_id: run_id.to_string(),
        as_of: job.as_of.to_string(),
        blake3: blake3::hash(bytes).to_hex().to_string(),
        rows,
        applied,
        numbered: false,
    };
    write(&folder, &list, bytes).map_err(|error| Failure::from_io(&error, &folder, &OUTPUT_UNWRITABLE))?;
    provider.files = vec![folder.join(EXTRACT)];
    provider.format = standing::format();
    read_from(provider, list);
    Ok(())
}

/// Writes an extract and its list into an empty folder, the list last, and syncs both.
pub(super) fn write(folder: &Path, list: &StandingList, bytes: &[u8]) -> io::Result<()> {
    disk::remove_folder(folder)?;
    disk::create_folder(folder)?;
    disk::write_file(&folder.join(EXTRACT), bytes)?;
    disk::write_file(&folder.join(LIST), &serde_json::to_vec(list)?)?;
    disk::sync_folder(folder)
}

/// What is read of the provider from now on is what `list` describes.
fn read_from(provider: &mut Provider, list: StandingList) {
    if let Some(changes) = &mut provider.changes {
        changes.standing = Some(list);
    }
}
