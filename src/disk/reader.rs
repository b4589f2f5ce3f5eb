//! Reading a file that may stand below an output.

use bytes::Bytes;
use parquet::file::reader::{ChunkReader, Length};
use std::fs;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A file opened for reading.
#[derive(Debug)]
pub(crate) struct Reader {
    file: fs::File,
}

/// Opens a file for reading.
pub(crate) fn open(path: &Path) -> io::Result<Reader> {
    Ok(Reader { file: fs::File::open(path)? })
}

/// What a file holds.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut reader = open(path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(reader.length()?).unwrap_or(0));
    reader.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a file of text holds; `InvalidData` where it is not UTF-8.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// How many bytes a file holds.
pub(crate) fn length(path: &Path) -> io::Result<u64> {
    Ok(fs::metadata(path)?.len())
}

impl Reader {
    /// What the operating system knows of the file.
    pub fn metadata(&self) -> io::Result<fs::Metadata> {
        self.file.metadata()
    }

    /// How many bytes can be read from its beginning to its end.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Fills `buffer` with what stands at `offset`.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Length for Reader {
    fn len(&self) -> u64 {
        self.length().unwrap_or(0)
    }
}

impl ChunkReader for Reader {
    type T = BufReader<fs::File>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        self.file.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.file.get_bytes(start, length)
    }
}
