//! The bytes of a file as they lie on disk: hashed, counted and watched for change while they are read.

use super::codes;
use super::problem::{Problem, Result};
use crate::disk;
use std::fs::Metadata;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Told the number of bytes read, as they are read.
pub(super) type Progress<'a> = &'a (dyn Fn(u64) + Sync);

/// Bytes of one read: small enough to be hashed while they are still in the cache.
const READ_BYTES: usize = 256 << 10;

/// Reads a file once from front to back.
pub(super) struct RawReader<'a> {
    file: disk::Reader,
    tally: Arc<Mutex<Tally>>,
    progress: Progress<'a>,
}

/// What is known about the bytes read so far; shared with whoever holds the decoders around the reader.
#[derive(Default)]
pub(super) struct Tally {
    pub bytes: u64,
    hasher: blake3::Hasher,
}

/// A file and what it looked like before it was read.
pub(super) struct Opened<'a> {
    pub reader: RawReader<'a>,
    pub watch: Watch,
}

/// Ends the reading of a file: its hash, and whether it stayed the same.
#[derive(Clone)]
pub(super) struct Watch {
    path: std::path::PathBuf,
    before: Metadata,
    /// Bytes to be read.
    size: u64,
    tally: Arc<Mutex<Tally>>,
}

pub(super) fn open<'a>(path: &Path, progress: Progress<'a>) -> Result<Opened<'a>> {
    let unreadable = |error: io::Error| Problem::new(&codes::UNREADABLE, error.to_string());
    let file = disk::open(path).map_err(unreadable)?;
    let before = file.metadata().map_err(unreadable)?;
    if !before.is_file() {
        return Err(Problem::new(&codes::UNREADABLE, "it is no ordinary file"));
    }
    let size = file.length().map_err(unreadable)?;
    if size == 0 {
        return Err(Problem::new(&codes::EMPTY, "0 bytes"));
    }
    let tally = Arc::new(Mutex::new(Tally::default()));
    let watch = Watch { path: path.to_path_buf(), before, size, tally: tally.clone() };
    Ok(Opened { reader: RawReader { file, tally, progress }, watch })
}

impl Read for RawReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(READ_BYTES);
        let count = self.file.read(&mut buffer[..wanted]).map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted { error } else { Problem::from(error).into() }
        })?;
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.hasher.update(&buffer[..count]);
        tally.bytes += count as u64;
        drop(tally);
        (self.progress)(count as u64);
        Ok(count)
    }
}

impl Watch {
    /// Bytes read from the file so far.
    pub fn bytes_read(&self) -> u64 {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// Size when the file was opened.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hash of all bytes. Fails where the file is not the one that was opened any more.
    ///
    /// To be called after the reader came to the end of the file.
    pub fn finish(&self) -> Result<String> {
        let after = std::fs::metadata(&self.path).map_err(|_| Problem::new(&codes::CHANGED, "it is gone"))?;
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let same_time = after.modified().ok() == self.before.modified().ok();
        if tally.bytes != self.size || after.len() != self.before.len() || !same_time {
            let what = format!("{} bytes at first, {} read, {} now", self.before.len(), tally.bytes, after.len());
            return Err(Problem::new(&codes::CHANGED, what));
        }
        Ok(tally.hasher.finalize().to_hex().to_string())
    }
}

/// Reads until `buffer` holds `wanted` bytes or the input ends; true at the end. What `buffer` then holds depends on the input
/// only, not on the sizes in which it arrives.
pub(super) fn fill(input: &mut (impl Read + ?Sized), buffer: &mut Vec<u8>, wanted: usize) -> Result<bool> {
    let mut length = buffer.len();
    buffer.resize(wanted.max(length), 0);
    while length < wanted {
        match input.read(&mut buffer[length..wanted]) {
            Ok(0) => {
                buffer.truncate(length);
                return Ok(true);
            }
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                buffer.truncate(length);
                return Err(error.into());
            }
        }
    }
    Ok(false)
}
