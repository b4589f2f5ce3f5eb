//! What a growing file of an encrypted output is made of: a frame for each time that something was added.
//!
//! After [`MAGIC`] each frame is a header, which says how long it is and has a checksum of its own, and an age file of eight bytes, where
//! in the whole it begins, and of what was added. A frame is written in one piece: a kill leaves it or the beginning of it. Frames that were
//! changed, moved or left out are noticed; what is cut off at the end of the file is for its readers to notice, as it is of an open one.

use super::sealed::{self, damaged};
use super::vault::Vault;
use age::x25519::Identity;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;

/// What a growing file begins with that is encrypted.
pub(super) const MAGIC: &[u8; 16] = b"onefolk frames 1";

/// Bytes of a frame's header: length of the age file and of what it holds, as u32, and the first bytes of both one's BLAKE3 hash.
const HEADER: usize = 16;

/// A frame on disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Where its header stands in the file.
    pub at: u64,
    /// Bytes of the age file behind the header.
    sealed: u32,
    /// Where in the whole it begins, and how many bytes it adds.
    pub start: u64,
    pub length: u32,
}

impl Frame {
    /// Where the next one begins in the file, and in the whole.
    pub fn end(&self) -> (u64, u64) {
        (self.at + HEADER as u64 + u64::from(self.sealed), self.start + u64::from(self.length))
    }

    /// What it holds.
    ///
    /// # Errors
    /// `InvalidData` where it is not what was written there.
    pub fn open(&self, file: &File, identity: &Identity) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.sealed as usize];
        file.read_exact_at(&mut bytes, self.at + HEADER as u64)?;
        let mut held = Vec::new();
        sealed::reader(identity, &bytes[..])?.read_to_end(&mut held).map_err(|_| damaged())?;
        let added = held.split_off(held.len().min(8));
        let whole = held == self.start.to_le_bytes() && added.len() == self.length as usize;
        if whole { Ok(added) } else { Err(damaged()) }
    }
}

/// The bytes of a frame that adds `bytes` at `start`.
pub(super) fn sealed(vault: &Vault, start: u64, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = sealed::writer(vault, Vec::new())?;
    writer.write_all(&start.to_le_bytes())?;
    writer.write_all(bytes)?;
    let sealed = writer.finish()?;
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge));
    let lengths = [length(&sealed)?.to_le_bytes(), length(bytes)?.to_le_bytes()].concat();
    Ok([&lengths, &checksum(&lengths)[..], &sealed].concat())
}

fn checksum(lengths: &[u8]) -> [u8; HEADER - 8] {
    *blake3::hash(lengths).as_bytes().first_chunk().expect("a hash is longer")
}

/// The frames of a file that are whole, in their order. What a kill has left of one at the end is none.
///
/// # Errors
/// `InvalidData` where something else stands between them.
pub(super) fn all(file: &File) -> io::Result<Vec<Frame>> {
    let end = file.metadata()?.len();
    let (mut at, mut start, mut frames) = (MAGIC.len() as u64, 0, Vec::new());
    while end >= at + HEADER as u64 {
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, at)?;
        let (lengths, known) = header.split_at(8);
        if checksum(lengths) != known {
            return Err(damaged());
        }
        let number = |at: usize| u32::from_le_bytes(*lengths[at..].first_chunk().expect("four bytes"));
        let frame = Frame { at, sealed: number(0), start, length: number(4) };
        if frame.end().0 > end {
            break;
        }
        (at, start) = frame.end();
        frames.push(frame);
    }
    Ok(frames)
}

/// All that was added to a file.
///
/// # Errors
/// `InvalidData` where it is damaged.
pub(super) fn whole(file: &File, identity: &Identity) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for frame in all(file)? {
        bytes.extend(frame.open(file, identity)?);
    }
    Ok(bytes)
}
