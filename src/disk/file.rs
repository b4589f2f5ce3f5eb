//! A file that is being written below an output.

use super::{OpenFile, sealed, vault};
use age::stream::StreamWriter;
use std::io::{self, Write};
use std::path::Path;

/// A new file; what is written to it goes through the seam of `disk`, encrypted where its output is. [`finish`](File::finish) or
/// [`sync_all`](File::sync_all) ends it: one that was not ended is cut short.
pub(crate) struct File(Form);

enum Form {
    /// As it stands, or ended.
    Open(OpenFile),
    Sealed(Box<StreamWriter<OpenFile>>),
    /// Its end could not be written.
    Lost,
}

impl File {
    /// A new, empty file for the owner only (0600). Fails where it exists.
    pub(super) fn create(path: &Path) -> io::Result<File> {
        let Some(vault) = vault::of(path) else { return File::create_open(path) };
        vault.mark()?;
        Ok(File(Form::Sealed(Box::new(sealed::writer(&vault, OpenFile::create(path)?)?))))
    }

    /// The same, never encrypted.
    pub(super) fn create_open(path: &Path) -> io::Result<File> {
        Ok(File(Form::Open(OpenFile::create(path)?)))
    }

    /// Nothing follows; everything is in the operating system's hands.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.0, Form::Lost) {
            Form::Open(file) => self.0 = Form::Open(file),
            Form::Sealed(writer) => self.0 = Form::Open(writer.finish()?),
            Form::Lost => return Err(lost()),
        }
        Ok(())
    }

    /// Ends it, and makes it survive a power cut.
    pub(crate) fn sync_all(&mut self) -> io::Result<()> {
        self.finish()?;
        match &self.0 {
            Form::Open(file) => file.sync_all(),
            Form::Sealed(_) | Form::Lost => Err(lost()),
        }
    }
}

fn lost() -> io::Error {
    io::Error::other("its end could not be written")
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Form::Open(file) => file.write(bytes),
            Form::Sealed(writer) => writer.write(bytes),
            Form::Lost => Err(lost()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
