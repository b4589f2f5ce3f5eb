//! Where stands what a provider holds, and how it moves on with a published run.
//!
//! `state/changes/<provider>/` holds the extract and its list as the current run has read them, `next/` those of a run that is under way.
//! Both in `next/` are synced before the run is published, and moved one after the other after it, the list last: a run that finds the list
//! of a published run still in `next/` goes on with the moving, and clears away that of any other. What a provider held that sends everything now, or
//! has left the job as somebody has said by a waiver, goes with a published run, too.

use super::sent::SentFile;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::intake::FileReport;
use crate::job::standing::{self, EXTRACT, LIST, NEXT, StandingList};
use crate::job::{Job, Provider, Stale};
use crate::publish::{self, OUTPUT_UNWRITABLE};
use crate::run::keep::{self, KEPT_DAMAGED};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// So many extracts are remembered that lie there no more, as they may be sent again.
const REMEMBERED: usize = 1_000;

/// Finishes or clears away what a run that was killed has left. To be done before the next run gets its id: it may be the same one.
pub(super) fn recover(job: &Job) -> Result<()> {
    let published = publish::kept_runs(&job.output)?;
    for folder in folders(job) {
        let next = folder.join(NEXT);
        let done = match standing::list(&next) {
            Some(list) if published.contains(&list.run_id) => move_on(&folder),
            _ => disk::remove_folder(&next),
        };
        done.map_err(|error| Failure::from_io(&error, &folder, &OUTPUT_UNWRITABLE))?;
    }
    Ok(())
}

/// [`recover`], and the job as it reads what the providers hold after it.
///
/// # Errors
/// OF0529 where what a provider holds is damaged, and where the disk does not take it.
pub(in crate::run) fn recovered(job: &Job) -> Result<Job> {
    recover(job)?;
    let mut ready = job.clone();
    for provider in &mut ready.providers {
        if provider.changes.is_none() {
            continue;
        }
        let held = held(job, provider)?;
        let Some(changes) = &mut provider.changes else { continue };
        changes.standing = held;
        if changes.standing.is_none() {
            (provider.files, provider.format) = (changes.files.clone(), changes.format.clone());
        }
    }
    Ok(ready)
}

/// What is known of what a provider holds; `None` where it holds nothing.
///
/// # Errors
/// OF0529 where it is damaged: nobody begins anew with the changes that lie there because a file is.
pub(super) fn held(job: &Job, provider: &Provider) -> Result<Option<StandingList>> {
    standing::read(&standing::folder(&job.output, &provider.id)).map_err(|standing::Damaged| damaged(provider, LIST))
}

/// For whoever reads what providers hold without a night around it.
///
/// # Errors
/// OF0529 where what one holds was damaged when the job was read.
pub(in crate::run) fn judge_held(job: &Job) -> Result<()> {
    let is_damaged = |provider: &&Provider| provider.changes.as_ref().is_some_and(|changes| changes.damaged);
    job.providers.iter().find(is_damaged).map_or(Ok(()), |provider| Err(damaged(provider, LIST)))
}

fn damaged(provider: &Provider, file: &str) -> Failure {
    Failure::new(&KEPT_DAMAGED, format!("provider {}: state/changes/{0}/{file}", provider.id))
}

/// What there is of providers that send only changes, or did.
fn folders(job: &Job) -> Vec<PathBuf> {
    let entries = fs::read_dir(job.output.join("state/changes")).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
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

/// What the published run has read is what the providers hold, and what others held goes that send everything now, or are among those that have `left`
/// the job. What does not work is done by the next run.
pub(in crate::run) fn promote(job: &Job, left: &BTreeSet<String>) -> Vec<String> {
    let mut warnings = Vec::new();
    for folder in folders(job) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let goes = match job.providers.iter().find(|provider| provider.id == name) {
            Some(provider) => provider.changes.is_none(),
            // Without a list it is nothing that anybody holds.
            None => left.contains(&name) || !folder.join(LIST).exists(),
        };
        if goes {
            if let Err(error) = keep::remove(&folder, LIST) {
                warnings.push(format!("what provider {name} held is removed by the next run: {}", error.kind()));
            }
        } else if folder.join(NEXT).exists()
            && let Err(error) = move_on(&folder)
        {
            let error = error.kind();
            warnings.push(format!("the changes of provider {name} are put in place by the next run: {error}"));
        }
    }
    warnings
}

/// Clears away what a run has made that publishes nothing; of one that stands nevertheless it is put in place.
pub(in crate::run) fn abandon(job: &Job) {
    // What does not work now the next run does.
    let _ = recover(job);
}

/// # Errors
/// OF0529 where what a provider held is not what was written.
pub(super) fn verify(provider: &Provider, list: &StandingList, read: &[FileReport]) -> Result<()> {
    match read.iter().all(|file| file.blake3 == list.blake3) {
        true => Ok(()),
        false => Err(damaged(provider, EXTRACT)),
    }
}

/// Lets what the provider held stand, as nothing new has come; nothing where it holds nothing.
pub(super) fn stand(job: &Job, provider: &mut Provider, list: Option<&StandingList>) {
    let Some((list, since)) = list.and_then(|list| Some((list, list.since()?))) else {
        provider.files.clear();
        return;
    };
    let place = standing::folder(&job.output, &provider.id).join(EXTRACT);
    let name = place.strip_prefix(&job.folder).unwrap_or(&place).to_string_lossy().replace('\\', "/");
    provider.files = vec![place];
    provider.format = standing::format();
    read_from(provider, list.clone());
    // On the day itself there was nothing to wait for.
    let stale = || Stale { since, files: vec![(name, list.blake3.clone())], numbered: false, why: None };
    provider.stale = (since < job.as_of).then(stale);
}

/// What extracts are remembered by after those that are `fresh` were read: of those that are `there` all, as each would count as new again, and of the
/// others the latest. Where nobody knows what is there nothing is forgotten.
pub(super) fn remembered(known: &[String], fresh: Vec<String>, there: Option<&[SentFile]>) -> Vec<String> {
    let mut all: Vec<String> = known.iter().cloned().chain(fresh).collect();
    let Some(there) = there else { return all };
    // Of one that was passed over nobody knows whether it has rows: it is there by its checksum and by its name.
    let there: FxHashSet<String> = there.iter().flat_map(|file| [file.report.blake3.clone(), file.mark()]).collect();
    let gone = all.iter().filter(|mark| !there.contains(*mark)).count();
    let mut surplus = gone.saturating_sub(REMEMBERED);
    all.retain(|mark| {
        let goes = surplus > 0 && !there.contains(mark);
        surplus -= usize::from(goes);
        !goes
    });
    all
}

/// Writes what the provider holds now, to be read by this run and moved on once it is published.
pub(super) fn write_next(job: &Job, provider: &mut Provider, list: StandingList, bytes: &[u8]) -> Result<()> {
    let folder = standing::folder(&job.output, &provider.id).join(NEXT);
    write(&folder, &list, bytes).map_err(|error| Failure::from_io(&error, &folder, &OUTPUT_UNWRITABLE))?;
    provider.files = vec![folder.join(EXTRACT)];
    provider.format = standing::format();
    read_from(provider, list);
    Ok(())
}

/// Writes an extract and its list into an empty folder, the list last, and syncs both.
pub(super) fn write(folder: &Path, list: &StandingList, bytes: &[u8]) -> io::Result<()> {
    disk::remove_folder(folder)?;
    disk::create_lasting_folder(folder)?;
    disk::write_file(&folder.join(EXTRACT), bytes)?;
    disk::write_file(&folder.join(LIST), &standing::written(list)?)?;
    disk::sync_folder(folder)
}

/// What is read of the provider from now on is what `list` describes.
fn read_from(provider: &mut Provider, list: StandingList) {
    if let Some(changes) = &mut provider.changes {
        changes.standing = Some(list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extract(at: usize, rows: u64) -> SentFile {
        let (name, blake3) = (format!("{at}.csv"), format!("{at:064}"));
        let report = FileReport { name, blake3, rows, ..FileReport::default() };
        SentFile { report, passed_over: false }
    }

    fn marks(files: &[SentFile]) -> Vec<String> {
        files.iter().map(SentFile::mark).collect()
    }

    /// Else the oldest would count as new again, and its values would stand in the place of newer ones.
    #[test]
    fn no_extract_is_forgotten_that_is_still_there() {
        let all: Vec<SentFile> = (0..REMEMBERED + 3).map(|at| extract(at, 1)).collect();
        let every = marks(&all);
        let (known, fresh) = every.split_at(REMEMBERED + 2);
        assert_eq!(remembered(known, fresh.to_vec(), Some(&all)), every);
        // All but the latest were taken away: so many of them are remembered, the oldest not.
        let after = remembered(known, fresh.to_vec(), Some(&all[REMEMBERED + 2..]));
        assert_eq!(after, every[2..]);
        assert_eq!(remembered(known, fresh.to_vec(), None).len(), all.len(), "some were not read");
    }

    #[test]
    fn extracts_without_a_row_are_told_apart_by_their_names() {
        let [mut one, mut other] = [extract(1, 0), extract(1, 0)];
        assert_eq!(one.mark(), other.mark());
        other.report.name = "2.csv".into();
        assert_ne!(one.mark(), other.mark());
        (one.report.rows, other.report.rows) = (3, 3);
        assert_eq!(one.mark(), other.mark());
    }
}
