//! Files that say whether they are whole and what they belong to: a kind, the body, the settings, a checksum. The settings come last, since a night that
//! learns knows them only at its end. They may be of some GB: no more of one is in memory than a piece, neither while it is written nor while it is read.

use crate::disk;
use std::fmt;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::Path;

/// Bytes of the kind, and of each of the settings' hash and the checksum.
const KIND: usize = 8;
const HASH: usize = 32;

/// Why a file is not used. None is a failure: what it holds is worked out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It is whole, but another model, job or version left it.
    OfOtherSettings,
    /// It was cut off or changed, or is something else.
    Damaged,
    /// It cannot be read, or is not there.
    Unreadable(ErrorKind),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::OfOtherSettings => f.write_str("it was left under other settings, by another model or version"),
            Unusable::Damaged => f.write_str("it is damaged"),
            Unusable::Unreadable(kind) => kind.fmt(f),
        }
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Unusable {
        match error.kind() {
            // What is encrypted with another key, or was cut off.
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Unusable::Damaged,
            kind => Unusable::Unreadable(kind),
        }
    }
}

/// Bytes that are hashed and written, or read, in one go.
const BUFFER: usize = 1 << 20;

/// A file while it is written; numbers are little-endian.
#[derive(Debug)]
pub(super) struct Sealed<W> {
    out: W,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl<W: Write> Sealed<W> {
    pub fn new(out: W, kind: &[u8; KIND]) -> Sealed<W> {
        let mut buffer = Vec::with_capacity(BUFFER + HASH);
        buffer.extend_from_slice(kind);
        Sealed { out, hasher: blake3::Hasher::new(), buffer }
    }

    /// A list: how many there are, then each as it is laid out.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn list<const N: usize>(&mut self, values: impl ExactSizeIterator<Item = [u8; N]>) -> io::Result<()> {
        let length = values.len();
        self.list_of(length, values)
    }

    /// The same of so many values.
    pub fn list_of<const N: usize>(&mut self, length: usize, values: impl Iterator<Item = [u8; N]>) -> io::Result<()> {
        self.buffer.extend_from_slice(&(length as u64).to_le_bytes());
        for value in values {
            self.buffer.extend_from_slice(&value);
            if self.buffer.len() >= BUFFER {
                self.write()?;
            }
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        self.hasher.update_rayon(&self.buffer);
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// The settings and the checksum, which end the file; gives what it was written to.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(mut self, settings: &[u8; HASH]) -> io::Result<W> {
        self.buffer.extend_from_slice(settings);
        self.write()?;
        self.out.write_all(self.hasher.finalize().as_bytes())?;
        Ok(self.out)
    }
}

/// Sees that a file is whole and of these settings; reads all of it.
///
/// # Errors
/// What it is instead.
pub(super) fn check(path: &Path, kind: &[u8; KIND], settings: &[u8; HASH]) -> Result<(), Unusable> {
    let mut file = disk::open(path)?;
    let body = file.length()?.checked_sub((KIND + 2 * HASH) as u64).ok_or(Unusable::Damaged)?;
    let (mut hasher, mut begin, mut end) = (blake3::Hasher::new(), [0; KIND], [0; 2 * HASH]);
    file.read_exact(&mut begin)?;
    hasher.update(&begin);
    let (mut left, mut buffer) = (body, vec![0; 4 * BUFFER]);
    while left > 0 {
        let some = left.min(buffer.len() as u64) as usize;
        file.read_exact(&mut buffer[..some])?;
        hasher.update_rayon(&buffer[..some]);
        left -= some as u64;
    }
    file.read_exact(&mut end)?;
    let (own, checksum) = end.split_at(HASH);
    hasher.update(own);
    // The last byte of the kind is its version.
    let is_whole = hasher.finalize().as_bytes() == checksum && begin[..KIND - 1] == kind[..KIND - 1];
    match is_whole {
        false => Err(Unusable::Damaged),
        true if begin != *kind || own != settings => Err(Unusable::OfOtherSettings),
        true => Ok(()),
    }
}

/// The body of a file that was whole and of the right settings ([`check`]).
pub(super) struct Opened(BufReader<disk::Reader>);

impl Opened {
    /// # Errors
    /// Where it cannot be read any more.
    pub fn at(path: &Path) -> io::Result<Opened> {
        let mut input = BufReader::with_capacity(BUFFER, disk::open(path)?);
        input.read_exact(&mut [0; KIND])?;
        Ok(Opened(input))
    }

    /// The next list.
    ///
    /// # Errors
    /// Where it cannot be read any more.
    pub fn list<T, const N: usize>(&mut self, take: impl Fn([u8; N]) -> T) -> io::Result<Vec<T>> {
        let mut all = Vec::new();
        self.each_some(|length, some| {
            all.reserve_exact(length - all.len());
            all.extend(some.iter().map(|value| take(*value)));
        })?;
        Ok(all)
    }

    /// Hands the next list to `take`, in order, some values at a time, with how many there are in all.
    ///
    /// # Errors
    /// Where it cannot be read any more.
    pub fn each_some<const N: usize>(&mut self, mut take: impl FnMut(usize, &[[u8; N]])) -> io::Result<()> {
        let mut length = [0; 8];
        self.0.read_exact(&mut length)?;
        let length = usize::try_from(u64::from_le_bytes(length)).map_err(|_| ErrorKind::InvalidData)?;
        let (mut left, mut buffer) = (length, vec![0; N * length.min(VALUES)]);
        while left > 0 {
            let some = left.min(VALUES);
            self.0.read_exact(&mut buffer[..some * N])?;
            take(length, buffer[..some * N].as_chunks::<N>().0);
            left -= some;
        }
        Ok(())
    }
}

/// Values of a list that are handed over at a time: enough for all threads.
const VALUES: usize = 1 << 19;
