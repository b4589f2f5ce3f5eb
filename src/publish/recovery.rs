//! After a kill: finish what was published, undo what was not.

use super::runs::{anew_folder, current_run, list_anew, list_partial, partial_folder, run_folder};
use super::{Lock, OUTPUT_UNWRITABLE};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity;
use std::path::Path;

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
    remove_link(output)?;
    Ok(recovered)
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

/// Where the new `current` is made before it is renamed.
pub(super) const LINK_PARTIAL: &str = ".current.partial";

/// Removes a link that was made but never renamed.
pub(super) fn remove_link(output: &Path) -> Result<()> {
    let path = output.join(LINK_PARTIAL);
    disk::remove_file(&path).map_err(|error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE))
}
