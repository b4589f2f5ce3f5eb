//! gzip and zstd, known by their first bytes whatever the file is called.

use super::codes;
use super::problem::{Problem, Result};
use super::raw::{Opened, RawReader, Watch, fill};
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Cursor, Read};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// The word in [`super::FileReport::found`].
    pub fn word(self) -> Option<&'static str> {
        match self {
            Compression::None => None,
            Compression::Gzip => Some("gzip"),
            Compression::Zstd => Some("zstd"),
        }
    }
}

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const BUFFER_BYTES: usize = 256 << 10;

/// Unpacked bytes from which on the ratio is judged (1 GiB), and the largest ratio believed.
const BOMB_BYTES_MIN: u64 = 1 << 30;
const BOMB_RATIO_MAX: u64 = 1000;

pub(super) type Bytes<'a> = Box<dyn Read + Send + 'a>;

/// The unpacked bytes of a file.
pub(super) fn unpack<'a>(opened: Opened<'a>) -> Result<(Bytes<'a>, Compression)> {
    let Opened { mut reader, watch } = opened;
    let mut magic = Vec::new();
    fill(&mut reader, &mut magic, ZSTD_MAGIC.len())?;
    let compression = if magic.starts_with(GZIP_MAGIC) {
        Compression::Gzip
    } else if magic == ZSTD_MAGIC {
        Compression::Zstd
    } else {
        Compression::None
    };
    let whole = Cursor::new(magic).chain(reader);
    let bytes: Bytes<'a> = match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => Box::new(Guarded::new(gzip(whole), watch)),
        Compression::Zstd => Box::new(Guarded::new(zstd_frames(whole)?, watch)),
    };
    Ok((bytes, compression))
}

type Whole<'a> = io::Chain<Cursor<Vec<u8>>, RawReader<'a>>;

fn gzip(whole: Whole<'_>) -> impl Read + Send {
    GzipMembers { member: Some(GzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, whole))) }
}

/// Several gzip members in one file are one stream, as `cat a.gz b.gz` makes them. Zeros behind a member are passed over, as `gzip -d` does: tapes and
/// disks pad files to their blocks.
struct GzipMembers<R> {
    /// `None` once the last one has ended.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.member = match self.member.take() {
                Some(ended) => following(ended.into_inner())?,
                None => None,
            };
        }
        Ok(0)
    }
}

/// The gzip member that comes next; `None` where nothing but zeros does. Fails where something else comes: nobody knows what it was meant to be.
fn following<R: BufRead>(mut rest: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        let bytes = match rest.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        match bytes.iter().position(|&byte| byte != 0) {
            None if bytes.is_empty() => return Ok(None),
            None => {
                let zeros = bytes.len();
                rest.consume(zeros);
            }
            Some(zeros) if bytes[zeros] == GZIP_MAGIC[0] => {
                rest.consume(zeros);
                return Ok(Some(GzDecoder::new(rest)));
            }
            Some(_) => {
                return Err(Problem::new(&codes::DAMAGED, "something stands behind the end of its stream").into());
            }
        }
    }
}

fn zstd_frames<'a>(whole: Whole<'a>) -> Result<impl Read + Send + 'a> {
    zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(BUFFER_BYTES, whole))
        .map_err(|error| Problem::new(&codes::DAMAGED, error.kind().to_string()))
}

/// Names what a decoder complains of, and stops a stream that unpacks to an implausible size.
struct Guarded<R> {
    inner: R,
    watch: Watch,
    unpacked: u64,
}

impl<R> Guarded<R> {
    fn new(inner: R, watch: Watch) -> Self {
        Guarded { inner, watch, unpacked: 0 }
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.inner.read(buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => return Err(named(error).into()),
        };
        self.unpacked += count as u64;
        if is_bomb(self.unpacked, self.watch.bytes_read()) {
            return Err(Problem::new(&codes::BOMB, format!("more than {} bytes unpacked", self.unpacked)).into());
        }
        Ok(count)
    }
}

/// Whether so many bytes may not come out of so few.
pub(super) fn is_bomb(unpacked: u64, packed: u64) -> bool {
    unpacked > BOMB_BYTES_MIN && unpacked / packed.max(1) > BOMB_RATIO_MAX
}

/// A [`Problem`] from further down passes through; an end before the end mark is a cut; the rest is damage.
fn named(error: io::Error) -> Problem {
    let kind = error.kind();
    match error.downcast::<Problem>() {
        Ok(problem) => problem,
        Err(_) if kind == io::ErrorKind::UnexpectedEof => Problem::new(&codes::TRUNCATED, "its stream has no end"),
        Err(_) => Problem::new(&codes::DAMAGED, kind.to_string()),
    }
}
