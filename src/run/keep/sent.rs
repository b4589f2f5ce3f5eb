//! What was read of extracts, waiting until it is known which rows may be kept: so that nothing is read, unpacked and taken apart twice.
//!
//! A file a batch in `state/spill`, where everything waits that a night needs again. Where anything is wrong with it the extract is read again.

use super::lines::Lines;
use crate::consent::Authority;
use crate::disk;
use crate::intake::{Batch, FileReport};
use crate::job::{Job, WhenMissing};
use crate::run::aside;
use rayon::prelude::*;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Lines of batches that wait.
#[derive(Default)]
pub(in crate::run) struct Sent {
    folder: PathBuf,
    /// Whether the lines of each provider may be asked for.
    wanted: Vec<bool>,
    /// Extract, number of the first row, and rows.
    pieces: Mutex<Vec<(u32, u32, usize)>>,
}

impl Sent {
    /// Of the providers whose extracts stand in for them one night, where somebody objects.
    pub fn begin(job: &Job, authority: &Authority) -> Sent {
        let objects = authority.objections().next().is_some();
        let wanted = job
            .providers
            .iter()
            .map(|provider| objects && provider.when_missing == WhenMissing::Last && provider.changes.is_none());
        Sent { folder: aside::folder(&job.output).join("sent"), wanted: wanted.collect(), pieces: Mutex::default() }
    }

    /// Lets a batch wait. What cannot be written is missed later.
    pub fn put(&self, batch: &Batch) {
        let (Some(true), Some(&first)) = (self.wanted.get(usize::from(batch.provider)), batch.source_rows.first())
        else {
            return;
        };
        let place = self.place(batch.extract, first);
        let written = Lines::of(batch).and_then(|lines| lines.to_wait()).and_then(|bytes| write(&place, &bytes));
        if written.is_ok() {
            let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
            pieces.push((batch.extract, first, batch.source_rows.len()));
        }
    }

    /// The lines of an extract that are not to be left out, packed, in the order of the extract; `None` where not all of them have waited.
    pub fn packed(
        &self,
        extract: u32,
        file: &FileReport,
        is_left_out: impl Fn(u32) -> bool + Sync,
    ) -> Option<Vec<Vec<u8>>> {
        let mut own = self.pieces.lock().unwrap_or_else(PoisonError::into_inner).clone();
        own.retain(|(of, ..)| *of == extract);
        own.sort_unstable();
        if own.iter().map(|(.., rows)| *rows as u64).sum::<u64>() != file.rows - file.quarantined {
            return None;
        }
        let packed = |(_, first, rows): (u32, u32, usize)| {
            let lines = Lines::waited(&disk::read(&self.place(extract, first))?)?;
            match lines.numbers.len() == rows {
                true => lines.packed(&is_left_out),
                false => Err(io::Error::from(io::ErrorKind::InvalidData)),
            }
        };
        own.into_par_iter().with_max_len(1).map(packed).collect::<io::Result<_>>().ok()
    }

    fn place(&self, extract: u32, first: u32) -> PathBuf {
        self.folder.join(format!("{extract}-{first}"))
    }
}

/// A new file, which replaces what an attempt at the same night has left; nothing is synced.
fn write(place: &Path, bytes: &[u8]) -> io::Result<()> {
    place.parent().map_or(Ok(()), disk::create_folder)?;
    disk::remove_file(place)?;
    let mut file = disk::create_file(place)?;
    file.write_all(bytes)?;
    file.finish()
}
