//! Sealed files: whatever of one is changed, or cut off, is noticed when it is read.

use super::damaged;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::identity::LEDGER_UNWRITABLE;
use serde::{Deserialize, Serialize};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

const SEAL_BYTES: usize = blake3::OUT_LEN;

/// A file of one line of JSON, a body, and the checksum (BLAKE3) of both.
pub(super) struct SealedFile {
    out: BufWriter<disk::File>,
    hasher: blake3::Hasher,
    /// Hashing small pieces one by one is slow: they are gathered here.
    gathered: Vec<u8>,
}

impl SealedFile {
    const GATHERED_BYTES_MAX: usize = 256 << 10;

    pub(super) fn create(path: &Path, header: &impl Serialize) -> std::io::Result<Self> {
        let out = BufWriter::with_capacity(8 << 10, disk::create_file(path)?);
        let gathered = Vec::with_capacity(Self::GATHERED_BYTES_MAX + 64);
        let mut file = SealedFile { out, hasher: blake3::Hasher::new(), gathered };
        file.write(&serde_json::to_vec(header)?)?;
        file.write(b"\n")?;
        Ok(file)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= Self::GATHERED_BYTES_MAX { self.pass_on() } else { Ok(()) }
    }

    fn pass_on(&mut self) -> std::io::Result<()> {
        self.hasher.update(&self.gathered);
        self.out.write_all(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }

    /// Seals, syncs, and gives the seal.
    pub(super) fn finish(mut self) -> std::io::Result<String> {
        self.pass_on()?;
        let seal = self.hasher.finalize();
        self.out.write_all(seal.as_bytes())?;
        self.out.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        Ok(seal.to_hex().to_string())
    }
}

/// The header, the body and the seal of a sealed file, checked.
pub(super) fn read_sealed<Header: for<'a> Deserialize<'a>>(path: &Path) -> Result<(Header, Vec<u8>, String)> {
    let mut bytes = disk::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => damaged(path, "it is missing"),
        _ => Failure::from_io(&error, path, &LEDGER_UNWRITABLE),
    })?;
    let content = bytes.len().checked_sub(SEAL_BYTES).ok_or_else(|| damaged(path, "it is cut short"))?;
    let seal = blake3::Hasher::new().update_rayon(&bytes[..content]).finalize();
    if seal.as_bytes()[..] != bytes[content..] {
        return Err(damaged(path, "its checksum is wrong"));
    }
    bytes.truncate(content);
    let line = memchr::memchr(b'\n', &bytes).ok_or_else(|| damaged(path, "it has no header"))?;
    let header = serde_json::from_slice(&bytes[..line]).map_err(|_| damaged(path, "its header cannot be read"))?;
    let body = bytes.split_off(line + 1);
    Ok((header, body, seal.to_hex().to_string()))
}
