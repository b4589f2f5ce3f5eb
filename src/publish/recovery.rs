//! After a kill: finish what was published, undo what was not.

use super::runs::{
    anew_folder, current_run, list, list_anew, list_asides, list_partial, partial_folder, report_anew, run_folder,
};
use super::{Lock, OUTPUT_UNWRITABLE};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// What [`recover`] found to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// A run that was published, but whose person_ids were not yet in the ledger.
    pub finished: Option<String>,
    /// Runs that were never published, or half removed: their remains are gone.
    pub removed: Vec<String>,
    /// Kept runs that had been written anew: they have taken the place of the old ones.
    pub replaced: Vec<String>,
}

/// Brings an output into a whole state. Every command that writes calls it first, under the lock. Doing it twice does no harm.
pub fn recover(lock: &Lock) -> Result<Recovered> {
    let output = lock.output();
    let mut recovered = Recovered::default();
    if let Some(run) = identity::pending_run(output)? {
        if current_run(output).as_deref() == Some(run.as_str()) {
            identity::settle(output)?;
            recovered.finished = Some(run);
        } else {
            // The folder goes first: without the pending entry nothing would tell that it was never published.
            if run_folder(output, &run).exists() {
                remove_run(output, &run)?;
                recovered.removed.push(run);
            }
        }
    }
    identity::abandon(output)?;
    // Before the remains: one of them may be the old run that makes room.
    for run in list_anew(output)? {
        finish_replacing(output, &run)?;
        recovered.replaced.push(run);
    }
    for run in list_partial(output)? {
        let folder = partial_folder(output, &run);
        disk::remove_folder(&folder).map_err(|error| Failure::from_io(&error, &folder, &OUTPUT_UNWRITABLE))?;
        recovered.removed.push(run);
    }
    for run in list(output)? {
        finish_report(&run_folder(output, &run))?;
    }
    for aside in list_asides(output)? {
        disk::remove_folder(&aside).map_err(|error| Failure::from_io(&error, &aside, &OUTPUT_UNWRITABLE))?;
    }
    remove_link(output)?;
    Ok(recovered)
}

/// Undoes the draft of a kept run that was to be written anew, or finishes it where that was promised already; drafts beside it stay.
pub(super) fn give_up(output: &Path, run_id: &str) -> Result<()> {
    if anew_folder(output, run_id).exists() {
        return finish_replacing(output, run_id);
    }
    let folder = partial_folder(output, run_id);
    disk::remove_folder(&folder).map_err(|error| Failure::from_io(&error, &folder, &OUTPUT_UNWRITABLE))
}

/// Removes a whole run. It is renamed first, so that a kill half-way does not leave half a run under a whole one's name.
pub(super) fn remove_run(output: &Path, run_id: &str) -> Result<()> {
    let partial = partial_folder(output, run_id);
    let removed = disk::remove_folder(&partial)
        .and_then(|()| disk::rename(&run_folder(output, run_id), &partial))
        .and_then(|()| disk::remove_folder(&partial));
    removed.map_err(|error| Failure::from_io(&error, &partial, &OUTPUT_UNWRITABLE))
}

/// Lets a kept run that was written anew take the place of the old one, which is removed. Begun again after a kill, it goes on.
pub(super) fn finish_replacing(output: &Path, run_id: &str) -> Result<()> {
    let (old, anew, aside) = (run_folder(output, run_id), anew_folder(output, run_id), partial_folder(output, run_id));
    let replace = || -> std::io::Result<()> {
        disk::remove_folder(&aside)?;
        if old.exists() {
            disk::rename(&old, &aside)?;
        }
        disk::rename(&anew, &old)?;
        disk::sync_folder(&output.join("runs"))?;
        disk::remove_folder(&aside)
    };
    replace().map_err(|error| Failure::from_io(&error, &old, &OUTPUT_UNWRITABLE))
}

/// Lets a report that was made anew, where one waits whole in the folder of a run, take the place of the one that stands there. run.json, which
/// names its files, comes last. Begun again after a kill, it goes on.
pub(super) fn finish_report(folder: &Path) -> Result<()> {
    let anew = report_anew(folder);
    if !anew.is_dir() {
        return Ok(());
    }
    let finished = put_report(folder, &anew).and_then(|()| disk::remove_folder(&anew));
    finished.map_err(|error| Failure::from_io(&error, folder, &OUTPUT_UNWRITABLE))
}

fn put_report(folder: &Path, anew: &Path) -> io::Result<()> {
    let summary = folder.join("summary");
    disk::create_folder(&summary)?;
    let (told, waiting) = (folder.join("run.json"), anew.join("run.json"));
    for name in files_in(anew, "").into_iter().chain(files_in(anew, "summary")) {
        if anew.join(&name) != waiting {
            disk::rename(&anew.join(&name), &folder.join(&name))?;
        }
    }
    let is_new = waiting.exists();
    // What an earlier version has left is named no more; where nobody can tell what is, all of it stays.
    if let Some(named) = named_in(if is_new { &waiting } else { &told }) {
        for name in files_in(folder, "summary").into_iter().filter(|name| !named.contains(name)) {
            disk::remove_file(&folder.join(name))?;
        }
    }
    if is_new {
        disk::rename(&waiting, &told)?;
    }
    disk::sync_folder(&summary).and_then(|()| disk::sync_folder(folder))
}

/// The names of files in `part` of a folder, relative to it; none where that is not there.
fn files_in(folder: &Path, part: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join(part)).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.map(|entry| Path::new(part).join(entry.file_name())).collect()
}

/// The files that a run.json tells of.
fn named_in(run_json: &Path) -> Option<BTreeSet<PathBuf>> {
    let told: Value = serde_json::from_slice(&disk::read(run_json).ok()?).ok()?;
    Some(told["outputs"].as_array()?.iter().filter_map(|output| output["file"].as_str().map(PathBuf::from)).collect())
}

/// Where the new `current` is made before it is renamed.
pub(super) const LINK_PARTIAL: &str = ".current.partial";

/// Removes a link that was made but never renamed.
pub(super) fn remove_link(output: &Path) -> Result<()> {
    let path = output.join(LINK_PARTIAL);
    disk::remove_file(&path).map_err(|error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE))
}
