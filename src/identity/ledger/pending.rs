//! The entry of a run that is not published yet: staged, then settled or abandoned.

use super::sealed::read_sealed;
use super::{ASSIGNMENT_FILE, ISSUED_FILE, IssuedHeader, LEDGER_FOLDER, NextEntry, entry_folder};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity::LEDGER_UNWRITABLE;
use std::io::ErrorKind;
use std::path::Path;

const PENDING_FOLDER: &str = "pending";
const PENDING_PARTIAL: &str = "pending.partial";

/// Writes the entry of a run that is about to be published, as `pending`: whole or not at all.
pub(crate) fn stage(output: &Path, next: &NextEntry) -> Result<()> {
    let folder = output.join(LEDGER_FOLDER);
    let partial = folder.join(PENDING_PARTIAL);
    let staged = disk::create_lasting_folder(&folder)
        .and_then(|()| disk::remove_folder(&partial))
        .and_then(|()| disk::create_folder(&partial))
        .and_then(|()| next.write(&partial))
        .and_then(|()| disk::rename(&partial, &folder.join(PENDING_FOLDER)))
        .and_then(|()| disk::sync_folder(&folder));
    staged.map_err(|error| Failure::from_io(&error, &folder, &LEDGER_UNWRITABLE))
}

/// The run whose entry is pending, if any.
pub(crate) fn pending_run(output: &Path) -> Result<Option<String>> {
    Ok(pending_header(output)?.map(|header| header.run_id))
}

fn pending_header(output: &Path) -> Result<Option<IssuedHeader>> {
    let pending = output.join(LEDGER_FOLDER).join(PENDING_FOLDER);
    if !pending.exists() {
        return Ok(None);
    }
    let (header, _, _): (IssuedHeader, _, _) = read_sealed(&pending.join(ISSUED_FILE))?;
    Ok(Some(header))
}

/// Makes the pending entry part of the ledger, in one rename; none pending is no error.
pub(crate) fn settle(output: &Path) -> Result<()> {
    let Some(header) = pending_header(output)? else { return Ok(()) };
    let folder = output.join(LEDGER_FOLDER);
    let settled = disk::rename(&folder.join(PENDING_FOLDER), &entry_folder(&folder, header.sequence))
        .and_then(|()| disk::sync_folder(&folder));
    settled.map_err(|error| Failure::from_io(&error, &folder, &LEDGER_UNWRITABLE))?;
    // Older assignments are of no more use. All are tried, a microsecond each: a kill may have left one that is not the last.
    for earlier in 1..header.sequence {
        let _ = disk::remove_file(&entry_folder(&folder, earlier).join(ASSIGNMENT_FILE));
    }
    Ok(())
}

/// Discards a pending entry, whole or half-written; none is no error.
pub(crate) fn abandon(output: &Path) -> Result<()> {
    let folder = output.join(LEDGER_FOLDER);
    let (pending, partial) = (folder.join(PENDING_FOLDER), folder.join(PENDING_PARTIAL));
    let abandoned = disk::remove_folder(&partial).and_then(|()| {
        // Renamed first, so that a kill half-way never leaves a pending entry without its files.
        match disk::rename(&pending, &partial) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => disk::remove_folder(&partial),
        }
    });
    abandoned.map_err(|error| Failure::from_io(&error, &folder, &LEDGER_UNWRITABLE))
}
