//! Keeping the last good extracts of every provider, and letting them stand in (`when_missing = "last"`).
//!
//! Extracts are copied, never hard-linked: a provider that sends by writing over its old file would write over the last good one too.
//! What a provider sends again unchanged is not copied again. Extracts that hold rows of people who object are kept without these.

mod meanwhile;
mod without;

pub(super) use meanwhile::Meanwhile;

use crate::consent::{Withheld, WithheldReason};
use crate::disk;
use crate::failure::{Code, Exit, Failure, Result};
use crate::intake::{self, FileReport};
use crate::job::{self, Job, Kept, KeptFile, Provider, WhenMissing, standing};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(super) static KEPT_DAMAGED: Code = Code {
    id: "OF0529",
    exit: Exit::Resource,
    title: "the last good extract of a provider is damaged",
    next_step: "Put the provider's own extract in place, or its folder below state/inputs or state/changes, and nothing else of state/, back from a backup made after the last run; where there is none remove that folder, then run again; nothing was published",
    explanation: "A provider has sent nothing usable, and its last good extract, which is kept in state/inputs below [job] output, is not \
                  what was kept: its checksum is another one. It is not used. The same is said of what a provider holds that sends \
                  only changes, in state/changes: its extract or its list is another one, or one of the two is gone; its own extract is \
                  no help there. Put its folder back alone: an older state/ does not know the runs since, and an older folder of \
                  one that sends only changes lacks what it has sent since. Where there is no backup from after the last run, \
                  remove the provider's folder as a whole; then it holds nothing, and has to send everything once more.",
};

/// The same job with the last good extracts of those providers whose own cannot be read, or of the one of which no row can be used; `None` where none can
/// stand in, or something else went wrong.
pub(super) fn standing_in(job: &Job, failure: &Failure) -> Option<Job> {
    let of_an_extract = failure.provider.is_some() || intake::CODES.iter().any(|code| code.id == failure.code.id);
    if !of_an_extract || failure.code.exit != Exit::InputUnusable {
        return None;
    }
    let mut standing = job.clone();
    let mut changed = false;
    for (at, provider) in (0..).zip(&mut standing.providers) {
        if provider.when_missing == WhenMissing::Last && provider.stale.is_none() {
            let why = match failure.provider {
                Some(of) => (of == at).then_some(failure.code),
                None => {
                    let alone = Job { providers: vec![provider.clone()], ..job.clone() };
                    intake::read_all(&alone, |_| (), |_| ()).err().map(|failure| failure.code)
                }
            };
            changed |= why.is_some_and(|code| provider.stand_in(&job.output, code));
        }
    }
    changed.then_some(standing)
}

/// Sees that what stands in is what was kept.
///
/// # Errors
/// OF0529.
pub(super) fn verify(job: &Job, files: &[FileReport]) -> Result<()> {
    for (at, provider) in job.providers.iter().enumerate() {
        let Some(stale) = &provider.stale else { continue };
        let read = files.iter().filter(|file| usize::from(file.provider) == at);
        if let Some((file, _)) = read.zip(&stale.files).find(|(file, (_, blake3))| file.blake3 != *blake3) {
            return Err(Failure::new(&KEPT_DAMAGED, format!("provider {}: {}", provider.id, file.name)));
        }
    }
    Ok(())
}

/// What somebody should know of providers whose last good records stand: how old these are, and why, by the code of the failure and its title.
pub(super) fn warnings(job: &Job) -> impl Iterator<Item = String> + '_ {
    job.providers.iter().filter_map(|provider| {
        let (stale, days) = (provider.stale.as_ref()?, provider.days_old(job.as_of)?);
        let days = if days == 1 { "1 day".to_string() } else { format!("{days} days") };
        let why = stale.why.map(|code| format!(" ({}: {})", code.id, code.title)).unwrap_or_default();
        Some(format!(
            "provider {} has sent nothing usable: its records of {} stand, {days} old{why}",
            provider.id, stale.since
        ))
    })
}

/// What becomes of the extracts of one provider.
enum Keep {
    /// None of them may stand in, or they are kept elsewhere.
    Nothing,
    /// What was kept before stands.
    AsBefore,
    Copies,
    /// Without these rows: the place of the extract among the provider's own, and the row's number.
    Without(BTreeSet<(u32, u32)>),
}

impl Keep {
    fn of(job: &Job, at: usize, files: &[FileReport], withheld: &[Withheld]) -> Keep {
        let provider = &job.providers[at];
        let mut own = of_provider(files, at).peekable();
        let readable = own.peek().is_some() && own.all(|file| file.skipped.is_none());
        match provider.when_missing {
            WhenMissing::Stop | WhenMissing::Without => Keep::Nothing,
            // What a provider holds that sends only changes is kept elsewhere.
            WhenMissing::Last if provider.changes.is_some() => Keep::Nothing,
            WhenMissing::Last if !readable => Keep::AsBefore,
            WhenMissing::Last => match (objecting(files, withheld, at), &provider.stale) {
                (rows, _) if !rows.is_empty() => Keep::Without(rows),
                (_, Some(_)) => Keep::AsBefore,
                (_, None) => Keep::Copies,
            },
        }
    }
}

fn of_provider(files: &[FileReport], at: usize) -> impl Iterator<Item = &FileReport> {
    files.iter().filter(move |file| usize::from(file.provider) == at)
}

/// Providers of which something is kept, whether or not the job still has them.
pub(super) fn providers(output: &Path) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for (place, list) in [("state/inputs", job::KEPT_LIST), ("state/changes", standing::LIST)] {
        let entries = fs::read_dir(output.join(place)).into_iter().flatten().flatten();
        let kept = entries.map(|entry| entry.path()).filter(|folder| folder.join(list).exists());
        known.extend(kept.filter_map(|folder| Some(folder.file_name()?.to_str()?.to_string())));
    }
    known
}

/// Removes what is kept of a provider, its `list` first: where the rest stays, it is nothing that anybody could take for what is kept.
pub(super) fn remove(folder: &Path, list: &str) -> io::Result<()> {
    disk::remove_file(&folder.join(list))?;
    disk::remove_folder(folder)
}

/// Removes the extracts of providers that the job has no more and that are among those that have `left`; without a list they are nobody's, and go anyway.
pub(super) fn remove_left(job: &Job, left: &BTreeSet<String>) {
    let known: BTreeSet<&str> = job.providers.iter().map(|provider| provider.id.as_str()).collect();
    for entry in fs::read_dir(job.output.join("state/inputs")).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_known = name.to_str().is_some_and(|name| known.contains(name));
        let may_go = name.to_str().is_some_and(|name| left.contains(name));
        if !is_known && (may_go || !entry.path().join(job::KEPT_LIST).exists()) {
            // What does not work is done by the next night.
            let _ = remove(&entry.path(), job::KEPT_LIST);
        }
    }
}

/// Keeps what was read tonight, after the run was published, of which some was written `meanwhile`; what does not work is told and no more: the run stands.
pub(super) fn keep(job: &Job, files: &[FileReport], withheld: &[Withheld], meanwhile: Meanwhile) -> Vec<String> {
    let written = meanwhile.end();
    let keep = |(at, provider): (usize, &Provider)| {
        let own: Vec<&FileReport> = of_provider(files, at).collect();
        let folder = job::kept_folder(&job.output, &provider.id);
        let kept = match Keep::of(job, at, files, withheld) {
            Keep::Nothing => disk::remove_folder(&folder),
            Keep::AsBefore => Ok(()),
            Keep::Copies => keep_provider(job, &folder, &own, provider.files.iter().map(PathBuf::as_path)),
            Keep::Without(rows) => {
                let (from, kept) = match written.get(&at) {
                    Some(kept) => (meanwhile::folder(job, provider), Ok(kept.clone())),
                    None => (folder.clone(), without::written(job, at, &folder, &own, &rows)),
                };
                kept.and_then(|kept| without::put(&kept, &from, &folder)).inspect_err(|_| {
                    // What was kept before holds rows that must not be kept.
                    let _ = disk::remove_folder(&folder);
                })
            }
        };
        kept.err().map(|error| format!("the extracts of provider {} could not be kept: {}", provider.id, error.kind()))
    };
    // Extracts of a few thousand rows, and packed ones, are read by one thread.
    let kept: Vec<Option<String>> = job.providers.par_iter().enumerate().with_max_len(1).map(keep).collect();
    kept.into_iter().flatten().collect()
}

/// The rows of a provider that were withheld for an objection: the place of the extract among the provider's own, and the row's number.
pub(super) fn objecting(files: &[FileReport], withheld: &[Withheld], provider: usize) -> BTreeSet<(u32, u32)> {
    let first = files.iter().position(|file| usize::from(file.provider) == provider).unwrap_or(0) as u32;
    let objects = |row: &&Withheld| {
        matches!(row.reason, WithheldReason::LocalObjection | WithheldReason::LocalObjectionLinked)
            && usize::from(row.provider) == provider
    };
    withheld.iter().filter(objects).map(|row| (row.extract - first, row.source_row)).collect()
}

fn keep_provider<'a>(
    job: &Job,
    folder: &Path,
    own: &[&FileReport],
    paths: impl Iterator<Item = &'a Path>,
) -> io::Result<()> {
    let mut kept = Kept { as_of: job.as_of.to_string(), files: Vec::new(), rows_only: false, made_of: None };
    for (file, path) in own.iter().zip(paths) {
        // By content, so that one that is sent unchanged is found again.
        let part = file.blake3.get(..16).unwrap_or(&file.blake3).to_string();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = format!("{part}/{name}");
        copy(path, &folder.join(&part), &folder.join(&place), file.bytes)?;
        kept.files.push(KeptFile { name: file.name.clone(), place, blake3: file.blake3.clone(), bytes: file.bytes });
    }
    list(folder, &kept)
}

/// Writes the list of what is kept; only then is the former list of no use, and with it the former extracts.
fn list(folder: &Path, kept: &Kept) -> io::Result<()> {
    disk::replace(&folder.join(job::KEPT_LIST), &serde_json::to_vec(kept)?)?;
    let part = |file: &KeptFile| file.place.split('/').next().unwrap_or_default().to_string();
    let used: BTreeSet<String> = kept.files.iter().map(part).collect();
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.path().is_dir() && entry.file_name().to_str().is_none_or(|name| !used.contains(name)) {
            disk::remove_folder(&entry.path())?;
        }
    }
    disk::sync_folder(folder)
}

/// Whether a file that is named by its content stands whole, as far as its length tells: a power cut may have taken from one that was not synced.
fn stands(path: &Path, bytes: u64) -> bool {
    disk::length(path).is_ok_and(|known| known == bytes)
}

/// Copies an extract unless it is there. Its bytes are not synced: a checksum tells when they are used whether they are whole.
fn copy(from: &Path, folder: &Path, to: &Path, bytes: u64) -> io::Result<()> {
    if stands(to, bytes) {
        return Ok(());
    }
    disk::create_folder(folder)?;
    let aside = to.with_extension("partial");
    if disk::copy(from, &aside)? != bytes {
        // It was changed while the night went on: the former one stays.
        let _ = disk::remove_file(&aside);
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    disk::rename(&aside, to)
}
