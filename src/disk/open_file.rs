//! A file of the operating system, as it stands; every change of it goes through the seam of `disk`.

use super::{Change, make, make_named};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// An open file that is written to as it stands: a lock, or what is below an encrypted one.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: std::fs::File,
    /// Where it was opened: by this a trial knows it.
    #[cfg(test)]
    path: std::path::PathBuf,
}

impl OpenFile {
    /// Opens `path` as `options` say; a new file is its owner's only (0600).
    pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<OpenFile> {
        let mut open = || options.mode(0o600).open(path);
        // Opening one that is there changes nothing.
        let file = if path.exists() { open()? } else { make_named(Change::CreateFile(path), &mut open)? };
        Ok(OpenFile {
            file,
            #[cfg(test)]
            path: path.to_path_buf(),
        })
    }

    /// A new, empty file. Fails where it exists: nothing is overwritten.
    pub(super) fn create(path: &Path) -> io::Result<OpenFile> {
        OpenFile::open(path, OpenOptions::new().write(true).create_new(true))
    }

    /// For reading and locking, which change nothing.
    pub(crate) fn plain(&self) -> &std::fs::File {
        &self.file
    }

    /// Writes `bytes` over what stands at `offset`.
    pub(crate) fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.part(bytes, Some(offset), |part| self.file.write_all_at(part, offset).map(|()| part.len())).map(|_| ())
    }

    /// Cuts the file off, or fills it with zeros.
    pub(crate) fn set_length(&self, bytes: u64) -> io::Result<()> {
        make(Change::SetLength(self.path(), bytes), || self.file.set_len(bytes))
    }

    /// What was written so far survives a power cut.
    pub(crate) fn sync_all(&self) -> io::Result<()> {
        make(Change::SyncFile(self.path()), || self.file.sync_all())
    }

    #[cfg(test)]
    fn path(&self) -> &Path {
        &self.path
    }

    #[cfg(not(test))]
    fn path(&self) -> &Path {
        Path::new("")
    }

    /// Writes `bytes` at `offset`, or at the end.
    fn part(
        &self,
        bytes: &[u8],
        offset: Option<u64>,
        real: impl FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        #[cfg(test)]
        return super::trial::tried_writing(&self.path, bytes, offset, real);
        #[cfg(not(test))]
        {
            let (_, mut real) = (offset, real);
            real(bytes)
        }
    }
}

impl Write for OpenFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.part(bytes, None, |part| (&self.file).write(part))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
