//! A file that lines are added to, one at a time and by one process at a time.

use super::frames::{self, Frame, MAGIC};
use super::vault::{self, Vault};
use super::{OpenFile, convert, sealed};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open file that grows; encrypted where its output is. Positions and lengths are those of what was added. It is to be locked before
/// anything else is done with it.
pub(crate) struct Growing {
    path: PathBuf,
    file: OpenFile,
    vault: Option<Arc<Vault>>,
}

impl Growing {
    /// Opens `path`, or makes it, for the owner only (0600). One that stands open in an encrypted output is encrypted first.
    pub fn open(path: &Path) -> io::Result<Growing> {
        let vault = vault::of(path);
        if let Some(vault) = &vault {
            vault.mark()?;
            if convert::stands_open(path)? {
                convert::seal_growing(path)?;
            }
        }
        Ok(Growing { path: path.to_path_buf(), file: reopened(path)?, vault })
    }

    /// Waits until nobody else holds it.
    pub fn lock(&mut self) -> io::Result<()> {
        loop {
            self.file.plain().lock()?;
            if is_at(self.file.plain(), &self.path) {
                return Ok(());
            }
            // Whoever held it has put another file in its place.
            self.file = reopened(&self.path)?;
        }
    }

    /// The same without waiting: fails where somebody holds it.
    pub fn try_lock(&mut self) -> Result<(), TryLockError> {
        loop {
            self.file.plain().try_lock()?;
            if is_at(self.file.plain(), &self.path) {
                return Ok(());
            }
            self.file = reopened(&self.path).map_err(TryLockError::Error)?;
        }
    }

    /// How many bytes it holds.
    pub fn length(&self) -> io::Result<u64> {
        match &self.vault {
            None => Ok(self.file.plain().metadata()?.len()),
            Some(_) => Ok(self.frames()?.last().map_or(0, |frame| frame.end().1)),
        }
    }

    /// What it holds from `offset` on.
    pub fn read_from(&self, offset: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let Some(vault) = &self.vault else {
            let mut file = self.file.plain();
            file.seek(SeekFrom::Start(offset))?;
            file.read_to_end(&mut bytes)?;
            return Ok(bytes);
        };
        for frame in self.frames()?.iter().filter(|frame| frame.end().1 > offset) {
            let added = frame.open(self.file.plain(), &vault.identity)?;
            let passed = usize::try_from(offset.saturating_sub(frame.start)).unwrap_or(usize::MAX);
            bytes.extend_from_slice(added.get(passed..).unwrap_or_default());
        }
        Ok(bytes)
    }

    /// Adds `bytes` in one write, so that a kill leaves them or nothing that counts, and makes them survive a power cut.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(vault) = &self.vault else {
            self.file.write_all(bytes)?;
            return self.file.sync_all();
        };
        let (at, start) = self.frames()?.last().map_or((MAGIC.len() as u64, 0), Frame::end);
        let stands = self.file.plain().metadata()?.len();
        let begins = stands < at;
        let frame = frames::sealed(vault, start, bytes)?;
        // What a kill has left of a frame, or of the very beginning.
        let whole = if begins { 0 } else { at };
        if stands > whole {
            self.file.set_length(whole)?;
        }
        let frame = if begins { [&MAGIC[..], &frame].concat() } else { frame };
        self.file.write_all(&frame)?;
        self.file.sync_all()
    }

    /// Takes away what stands behind `length` bytes.
    pub fn cut(&mut self, length: u64) -> io::Result<()> {
        let Some(vault) = self.vault.clone() else { return self.file.set_length(length) };
        let frames = self.frames()?;
        let Some(frame) = frames.iter().find(|frame| frame.end().1 > length) else { return Ok(()) };
        let kept = usize::try_from(length.saturating_sub(frame.start)).unwrap_or(usize::MAX);
        // More than nothing only where somebody has written half a line before the output was encrypted.
        let kept = frame.open(self.file.plain(), &vault.identity)?.get(..kept).unwrap_or_default().to_vec();
        self.file.set_length(frame.at)?;
        if kept.is_empty() { Ok(()) } else { self.append(&kept) }
    }

    /// What was done so far survives a power cut.
    pub fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn frames(&self) -> io::Result<Vec<Frame>> {
        let file = self.file.plain();
        let mut begins = [0; MAGIC.len()];
        let length = file.metadata()?.len().min(MAGIC.len() as u64) as usize;
        file.read_exact_at(&mut begins[..length], 0)?;
        if begins[..length] != MAGIC[..length] {
            return Err(sealed::damaged());
        }
        if length < MAGIC.len() { Ok(Vec::new()) } else { frames::all(file) }
    }
}

fn reopened(path: &Path) -> io::Result<OpenFile> {
    OpenFile::open(path, OpenOptions::new().read(true).append(true).create(true))
}

/// Is it still the file that stands at `path`?
fn is_at(file: &File, path: &Path) -> bool {
    let known = |about: std::fs::Metadata| (about.dev(), about.ino());
    let [here, there] = [file.metadata(), path.metadata()].map(|about| about.ok().map(known));
    here.is_some() && here == there
}
