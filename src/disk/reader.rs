//! Reading a file that may stand below an output, decrypted where it is encrypted.

use super::frames;
use super::sealed;
use super::vault::{self, Vault};
use age::stream::StreamReader;
use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use rustc_hash::FxHashMap;
use std::fs;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A file opened for reading. Positions and lengths are those of what it holds, whether or not it is encrypted.
pub(crate) struct Reader {
    file: fs::File,
    held: Held,
}

/// Where what it holds comes from.
enum Held {
    /// From the file as it stands.
    Open,
    Sealed(Sealed),
    /// A growing file, decrypted whole.
    Grown(Cursor<Bytes>),
}

/// An encrypted file and a position in it; copies share the file.
#[derive(Clone)]
struct Sealed {
    stream: Arc<Mutex<Stream>>,
    length: u64,
    at: u64,
}

/// The library's reader and where it is.
struct Stream {
    reader: StreamReader<BufReader<fs::File>>,
    at: u64,
    /// Pieces that somebody has asked a few bytes of, by their number: an index is asked here and there, and decrypting is by the piece.
    kept: FxHashMap<u64, Vec<u8>>,
}

/// Bytes of a piece, which is decrypted at once.
const PIECE: u64 = 64 << 10;

/// Pieces that are kept (16 MiB).
const KEPT: usize = 256;

/// Opens a file for reading.
///
/// # Errors
/// `InvalidData` where it is encrypted with another key, damaged or cut short.
pub(crate) fn open(path: &Path) -> io::Result<Reader> {
    let file = fs::File::open(path)?;
    let held = match vault::to_read(path) {
        Some(vault) => Held::of(&file, &vault)?,
        None => Held::Open,
    };
    Ok(Reader { file, held })
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
    match vault::to_read(path) {
        Some(_) => open(path)?.length(),
        None => Ok(fs::metadata(path)?.len()),
    }
}

impl Held {
    fn of(file: &fs::File, vault: &Vault) -> io::Result<Held> {
        if Reader::begins_with(file, frames::MAGIC)? {
            return Ok(Held::Grown(Cursor::new(frames::whole(file, &vault.identity)?.into())));
        }
        if !Reader::begins_with(file, sealed::MAGIC)? {
            return Ok(Held::Open);
        }
        let mut reader = sealed::reader(&vault.identity, file.try_clone()?)?;
        // This reads the last piece, which only a whole file has.
        let length = reader.seek(SeekFrom::End(0)).map_err(|_| sealed::damaged())?;
        let stream = Arc::new(Mutex::new(Stream { reader, at: length, kept: FxHashMap::default() }));
        Ok(Held::Sealed(Sealed { stream, length, at: 0 }))
    }
}

impl Reader {
    /// What the operating system knows of the file as it stands.
    pub fn metadata(&self) -> io::Result<fs::Metadata> {
        self.file.metadata()
    }

    /// Is what it holds encrypted on the disk?
    pub fn is_encrypted(&self) -> bool {
        !matches!(self.held, Held::Open)
    }

    /// How many bytes can be read from its beginning to its end.
    pub fn length(&self) -> io::Result<u64> {
        match &self.held {
            Held::Open => Ok(self.file.metadata()?.len()),
            Held::Sealed(sealed) => Ok(sealed.length),
            Held::Grown(bytes) => Ok(bytes.get_ref().len() as u64),
        }
    }

    /// Fills `buffer` with what stands at `offset`.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match &self.held {
            Held::Open => self.file.read_exact_at(buffer, offset),
            Held::Sealed(sealed) if buffer.len() as u64 <= PIECE => sealed.few(buffer, offset),
            Held::Sealed(sealed) => Sealed { at: offset, ..sealed.clone() }.read_exact(buffer),
            Held::Grown(bytes) => {
                let mut bytes = Cursor::new(bytes.get_ref());
                bytes.set_position(offset);
                bytes.read_exact(buffer)
            }
        }
    }

    /// Does a file begin like this, as it stands? What has no positions, such as a pipe, does not.
    pub(super) fn begins_with(file: &fs::File, magic: &[u8]) -> io::Result<bool> {
        let mut begins = [0; 32];
        match file.read_exact_at(&mut begins[..magic.len()], 0) {
            Ok(()) => Ok(&begins[..magic.len()] == magic),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(_) if !file.metadata()?.is_file() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Sealed {
    /// Fills `buffer` out of the pieces that are kept.
    fn few(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let mut filled = 0;
        while filled < buffer.len() {
            let at = offset.saturating_add(filled as u64);
            let piece = stream.piece(at / PIECE, self.length)?;
            let there = piece.get((at % PIECE) as usize..).filter(|there| !there.is_empty());
            let there = there.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            let count = there.len().min(buffer.len() - filled);
            buffer[filled..filled + count].copy_from_slice(&there[..count]);
            filled += count;
        }
        Ok(())
    }
}

impl Stream {
    /// A piece of a file of `length` bytes; none of it behind its end.
    fn piece(&mut self, number: u64, length: u64) -> io::Result<&[u8]> {
        if !self.kept.contains_key(&number) {
            if self.kept.len() >= KEPT {
                self.kept.clear();
            }
            let start = number.saturating_mul(PIECE);
            let mut bytes = vec![0; length.saturating_sub(start).min(PIECE) as usize];
            if !bytes.is_empty() {
                self.reader.seek(SeekFrom::Start(start)).map_err(damage)?;
                // Where it fails nobody knows where it is.
                self.at = u64::MAX;
                self.reader.read_exact(&mut bytes).map_err(damage)?;
                self.at = start + bytes.len() as u64;
            }
            self.kept.insert(number, bytes);
        }
        Ok(&self.kept[&number])
    }
}

impl Read for Sealed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if stream.at != self.at {
            stream.reader.seek(SeekFrom::Start(self.at)).map_err(damage)?;
            stream.at = self.at;
        }
        let count = stream.reader.read(&mut buffer[..wanted]).map_err(damage)?;
        stream.at += count as u64;
        self.at = stream.at;
        Ok(count)
    }
}

/// What the library says of a piece that is not what was written, in our words.
fn damage(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => sealed::damaged(),
        _ => error,
    }
}

impl Seek for Sealed {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.held {
            Held::Open => self.file.read(buffer),
            Held::Sealed(sealed) => sealed.read(buffer),
            Held::Grown(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.held {
            Held::Open => self.file.seek(to),
            Held::Sealed(sealed) => sealed.seek(to),
            Held::Grown(bytes) => bytes.seek(to),
        }
    }
}

impl Length for Reader {
    fn len(&self) -> u64 {
        self.length().unwrap_or(0)
    }
}

impl ChunkReader for Reader {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(match &self.held {
            Held::Open => Box::new(self.file.get_read(start)?),
            Held::Sealed(sealed) => Box::new(BufReader::new(Sealed { at: start, ..sealed.clone() })),
            Held::Grown(bytes) => Box::new(bytes.get_ref().get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        match &self.held {
            Held::Open => self.file.get_bytes(start, length),
            Held::Sealed(_) => {
                // A length that a damaged file makes up is not to take all memory.
                if start.saturating_add(length as u64) > Length::len(self) {
                    return Err(ParquetError::EOF("it ends before what it names".into()));
                }
                let mut bytes = vec![0; length];
                self.read_exact_at(&mut bytes, start)?;
                Ok(bytes.into())
            }
            Held::Grown(bytes) => bytes.get_ref().get_bytes(start, length),
        }
    }
}
