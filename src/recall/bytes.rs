//! Files that say whether they are whole and what they belong to: a kind, the settings, the body, a checksum.

use std::fmt;
use std::io::{self, Write};

/// Bytes of the kind, of the settings' hash, and of the checksum.
const KIND: usize = 8;
const HASH: usize = 32;

/// Why a file is not used. Neither is a failure: what it holds is worked out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It is whole, but another model, job or version left it.
    OfOtherSettings,
    /// It was cut off or changed, or is something else.
    Damaged,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unusable::OfOtherSettings => "it was left under other settings or by another model",
            Unusable::Damaged => "it is damaged",
        })
    }
}

/// Bytes that are hashed and written in one go.
const BUFFER: usize = 1 << 20;

/// A file while it is written; numbers are little-endian. No more of it is in memory than a piece, since it may be of some GB.
pub(super) struct Sealed<W> {
    out: W,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl<W: Write> Sealed<W> {
    pub fn new(out: W, kind: &[u8; KIND], settings: &[u8; HASH]) -> Sealed<W> {
        let mut buffer = Vec::with_capacity(BUFFER + HASH);
        buffer.extend_from_slice(kind);
        buffer.extend_from_slice(settings);
        Sealed { out, hasher: blake3::Hasher::new(), buffer }
    }

    /// A list: how many there are, then each as it is laid out.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn list<const N: usize>(&mut self, values: impl ExactSizeIterator<Item = [u8; N]>) -> io::Result<()> {
        self.buffer.extend_from_slice(&(values.len() as u64).to_le_bytes());
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

    /// The checksum, which ends the file; gives what it was written to.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.write()?;
        self.out.write_all(self.hasher.finalize().as_bytes())?;
        Ok(self.out)
    }
}

/// The body of a file that is whole and of these settings.
pub(super) struct Opened<'b>(&'b [u8]);

impl<'b> Opened<'b> {
    pub fn new(bytes: &'b [u8], kind: &[u8; KIND], settings: &[u8; HASH]) -> Result<Opened<'b>, Unusable> {
        let end = bytes.len().checked_sub(HASH).filter(|end| *end >= KIND + HASH).ok_or(Unusable::Damaged)?;
        let (all, checksum) = bytes.split_at(end);
        let mut hasher = blake3::Hasher::new();
        hasher.update_rayon(all);
        if &all[..KIND] != kind || hasher.finalize().as_bytes() != checksum {
            return Err(Unusable::Damaged);
        }
        if &all[KIND..KIND + HASH] != settings {
            return Err(Unusable::OfOtherSettings);
        }
        Ok(Opened(&all[KIND + HASH..]))
    }

    /// The next list.
    pub fn list<T, const N: usize>(&mut self, take: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Unusable> {
        let (length, rest) = self.0.split_first_chunk::<8>().ok_or(Unusable::Damaged)?;
        let bytes = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| length.checked_mul(N));
        let (list, rest) = bytes.and_then(|bytes| rest.split_at_checked(bytes)).ok_or(Unusable::Damaged)?;
        self.0 = rest;
        Ok(list.as_chunks::<N>().0.iter().map(|value| take(*value)).collect())
    }

    /// Nothing follows.
    pub fn end(self) -> Result<(), Unusable> {
        if self.0.is_empty() { Ok(()) } else { Err(Unusable::Damaged) }
    }
}
