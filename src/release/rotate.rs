//! A new secret for pseudonyms.
//!
//! In: a job whose pseudonyms have a secret. Out: another one in its place, and the old one beside it, for tables from the pseudonyms before
//! to the new ones. Always: the audit says so before; a kill leaves the old secret in use or the new one, and never none; a secret that is kept
//! is not overwritten.

use super::key::unusable;
use super::{RELEASE_KEY_UNUSABLE, SECRET_BEFORE_STANDS};
use crate::audit::{self, Event, Note};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity::key;
use crate::job::Job;
use crate::publish::Lock;
use serde::Serialize;
use std::path::Path;

/// Where the two secrets stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rotated {
    pub key: String,
    /// The secret before.
    pub before: String,
}

/// Gives pseudonyms a new secret: from the next run on everybody has another one in every release.
///
/// # Errors
/// OF0730 where there is no secret yet or it cannot be written, OF0733 where one from before is kept already, OF0501 where another run holds
/// the output, OF071x where the audit cannot say so.
pub fn rotate_key(job: &Job) -> Result<Rotated> {
    let (path, before) = (job.policy.release_key(&job.output), job.policy.release_key_before(&job.output));
    // Asked first, so that a job without a secret gets no folders.
    key::read(&path).map_err(unusable)?;
    let _lock = Lock::acquire(&job.output, "keys rotate")?;
    let secret = key::read(&path).map_err(unusable)?;
    // A killed rotation has left the secret that still holds: that one goes on.
    let begun = before.symlink_metadata().is_ok();
    if begun && key::read(&before).map_err(unusable)? != secret {
        return Err(Failure::new(&SECRET_BEFORE_STANDS, before.display().to_string()));
    }
    audit::add(job, &[Note::new(Event::KeyRotated).with("command", "keys rotate")])?;
    if !begun {
        keep(&before, &secret)?;
    }
    key::make(&path).map_err(unusable)?;
    Ok(Rotated { key: path.display().to_string(), before: before.display().to_string() })
}

/// Writes a secret that is there already once more, as [`key::make`] writes a new one.
fn keep(path: &Path, secret: &[u8; 32]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let text = key::hex(secret) + "\n";
    let kept = disk::replace(path, text.as_bytes()).and_then(|()| disk::sync_folder(folder));
    kept.map_err(|error| Failure::from_io(&error, path, &RELEASE_KEY_UNUSABLE))
}
