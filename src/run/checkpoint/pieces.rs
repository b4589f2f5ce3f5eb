//! The file of a checkpoint: pieces of plain data (postcard), each with its length and its checksum (BLAKE3). Whatever was cut off or
//! changed is noticed before it is used.

use crate::disk;
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Entries of a list that make one piece: half a MiB or so, so that a list of a million is made and read on all threads.
const ENTRIES: usize = 1 << 17;

/// Pieces a thread that are made, or read, at once: so many that threads seldom wait for one another, and so few that they take some MiB.
const PIECES_AT_ONCE: usize = 4;

/// A piece longer than this (1 GiB) is none of ours.
const PIECE_BYTES_MAX: u64 = 1 << 30;

/// Writes a new file, which is not synced: what a power cut takes from it its checksums tell. Pieces of a list are written while the next are made.
pub(in crate::run) struct Writer {
    /// `None` where what is put is only to be told.
    out: Option<BufWriter<disk::File>>,
    told: blake3::Hasher,
    /// Made, and not written yet.
    waiting: Vec<Piece>,
}

impl Writer {
    pub fn create(path: &Path) -> io::Result<Writer> {
        let out = BufWriter::with_capacity(1 << 20, disk::create_file(path)?);
        Ok(Writer { out: Some(out), ..Writer::to_nowhere() })
    }

    /// Writes nothing: for whoever only asks what a file of this would be told by.
    pub fn to_nowhere() -> Writer {
        Writer { out: None, told: blake3::Hasher::new(), waiting: Vec::new() }
    }

    /// Only what is put from here on counts for [`Writer::told`].
    pub fn tell_from_here(&mut self) {
        self.told.reset();
    }

    /// A hash of what was put: of the checksums of its pieces.
    pub fn told(&self) -> blake3::Hash {
        self.told.finalize()
    }

    pub fn put(&mut self, value: &(impl Serialize + Sync)) -> io::Result<()> {
        self.after_these(|| Ok(vec![Piece::of(value)?]))
    }

    /// A list of any length; its pieces are made on all threads.
    pub fn put_list<T: Serialize + Sync>(&mut self, list: &[T]) -> io::Result<()> {
        self.put(&(list.len() as u64))?;
        list.chunks(at_once()).try_for_each(|some| self.put_entries(some))
    }

    /// Entries of a list whose length is put.
    fn put_entries<T: Serialize + Sync>(&mut self, some: &[T]) -> io::Result<()> {
        let piece = |entries: &[T]| Piece::with_room(&entries, size_of_val(entries));
        self.after_these(|| some.par_chunks(ENTRIES).with_max_len(1).map(piece).collect())
    }

    /// A list of texts, which need not be in one place.
    pub fn put_texts<'a>(&mut self, count: usize, mut texts: impl Iterator<Item = &'a str>) -> io::Result<()> {
        self.put(&(count as u64))?;
        let mut left = count;
        while left > 0 {
            let some: Vec<&str> = texts.by_ref().take(at_once()).collect();
            assert!(!some.is_empty(), "there are as many texts as was said");
            left -= some.len();
            self.put_entries(&some)?;
        }
        Ok(())
    }

    /// Writes what waits while more is made, which waits then.
    fn after_these(&mut self, make: impl FnOnce() -> io::Result<Vec<Piece>> + Send) -> io::Result<()> {
        let these = std::mem::take(&mut self.waiting);
        let (written, made) = rayon::join(|| write(&mut self.out, &these), make);
        written?;
        self.waiting = made?;
        self.waiting.iter().for_each(|piece| {
            self.told.update(piece.hash.as_bytes());
        });
        Ok(())
    }

    /// Everything is in the operating system's hands.
    pub fn finish(mut self) -> io::Result<()> {
        write(&mut self.out, &self.waiting)?;
        let Some(mut out) = self.out else { return Ok(()) };
        out.flush()?;
        out.get_mut().finish()
    }
}

/// Entries whose pieces are made, or read, at once.
fn at_once() -> usize {
    ENTRIES * PIECES_AT_ONCE * rayon::current_num_threads().max(1)
}

fn write(out: &mut Option<BufWriter<disk::File>>, pieces: &[Piece]) -> io::Result<()> {
    let Some(out) = out else { return Ok(()) };
    pieces.iter().try_for_each(|piece| {
        out.write_all(&(piece.bytes.len() as u64).to_le_bytes())?;
        out.write_all(piece.hash.as_bytes())?;
        out.write_all(&piece.bytes)
    })
}

struct Piece {
    bytes: Vec<u8>,
    hash: blake3::Hash,
}

impl Piece {
    fn of(value: &impl Serialize) -> io::Result<Piece> {
        Piece::with_room(value, 0)
    }

    /// The same of what takes about so many bytes.
    fn with_room(value: &impl Serialize, room: usize) -> io::Result<Piece> {
        let bytes = postcard::serialize_with_flavor(value, Bytes(Vec::with_capacity(room)))
            .map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Piece { hash: blake3::hash(&bytes), bytes })
    }
}

/// Where postcard writes to. Its own such flavor would switch on features of serde for every other user of that.
struct Bytes(Vec<u8>);

impl postcard::ser_flavors::Flavor for Bytes {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

/// Reads what [`Writer`] wrote, in the same order.
pub(in crate::run) struct Reader {
    input: BufReader<disk::Reader>,
    told: blake3::Hasher,
}

/// It is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) struct Damaged;

type Got<T> = Result<T, Damaged>;

/// The bytes of a piece, and its checksum.
type RawPiece = (Vec<u8>, [u8; 32]);

impl Reader {
    pub fn open(path: &Path) -> io::Result<Reader> {
        let input = BufReader::with_capacity(1 << 20, disk::open(path)?);
        Ok(Reader { input, told: blake3::Hasher::new() })
    }

    /// As [`Writer::tell_from_here`].
    pub fn tell_from_here(&mut self) {
        self.told.reset();
    }

    /// As [`Writer::told`] of what was read.
    pub fn told(&self) -> blake3::Hash {
        self.told.finalize()
    }

    pub fn get<T: DeserializeOwned>(&mut self) -> Got<T> {
        let (bytes, hash) = self.piece()?;
        whole(bytes, &hash)
    }

    pub fn get_list<T: DeserializeOwned + Send>(&mut self) -> Got<Vec<T>> {
        let mut list = Vec::new();
        self.get_parts(|count, entries| {
            list.reserve_exact(count.min(u32::MAX as usize).saturating_sub(list.len()));
            list.extend(entries);
        })?;
        Ok(list)
    }

    /// Hands the entries of a list to `take`, in order, some at a time.
    pub fn get_some<T: DeserializeOwned + Send>(&mut self, mut take: impl FnMut(Vec<T>)) -> Got<()> {
        self.get_parts(|_, entries| take(entries))
    }

    /// The same; `take` is told how many entries there are in all.
    fn get_parts<T: DeserializeOwned + Send>(&mut self, mut take: impl FnMut(usize, Vec<T>)) -> Got<()> {
        let count: u64 = self.get()?;
        let all = usize::try_from(count).map_err(|_| Damaged)?;
        let mut seen = 0;
        self.each_piece(count, whole, |entries: Vec<T>| {
            seen += entries.len();
            take(all, entries);
            Ok(())
        })?;
        if seen == all { Ok(()) } else { Err(Damaged) }
    }

    /// Hands each text of a list to `take`, in order; says how many there were.
    pub fn get_texts(&mut self, mut take: impl FnMut(&str)) -> Got<u64> {
        let count: u64 = self.get()?;
        let mut seen = 0;
        self.each_piece(count, unchanged, |bytes| {
            seen += texts(&bytes, &mut take)?;
            Ok(())
        })?;
        if seen == count { Ok(count) } else { Err(Damaged) }
    }

    /// A list as it stands, to be looked at elsewhere while more is read.
    pub fn get_raw(&mut self) -> Got<RawList> {
        let count: u64 = self.get()?;
        let pieces = (0..count.div_ceil(ENTRIES as u64)).map(|_| self.piece()).collect::<Got<_>>()?;
        Ok(RawList { count, pieces })
    }

    /// Reads the pieces of a list of so many entries, makes of each what `make` does, on all threads while the next are read, and hands that to
    /// `take`, in order.
    fn each_piece<T: Send>(
        &mut self,
        entries: u64,
        make: impl Fn(Vec<u8>, &[u8; 32]) -> Got<T> + Sync,
        mut take: impl FnMut(T) -> Got<()>,
    ) -> Got<()> {
        let mut left = entries.div_ceil(ENTRIES as u64);
        let mut raw = self.some_pieces(&mut left)?;
        while !raw.is_empty() {
            let these = std::mem::take(&mut raw);
            let made = || -> Vec<Got<T>> { these.into_par_iter().map(|(bytes, hash)| make(bytes, &hash)).collect() };
            let (next, made) = rayon::join(|| self.some_pieces(&mut left), made);
            raw = next?;
            made.into_iter().try_for_each(|one| take(one?))?;
        }
        Ok(())
    }

    /// As many of the pieces that are `left` as are read at once.
    fn some_pieces(&mut self, left: &mut u64) -> Got<Vec<RawPiece>> {
        let some = (*left).min((at_once() / ENTRIES) as u64);
        *left -= some;
        (0..some).map(|_| self.piece()).collect()
    }

    /// Nothing follows.
    pub fn at_end(mut self) -> Got<()> {
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(()),
            _ => Err(Damaged),
        }
    }

    fn piece(&mut self) -> Got<RawPiece> {
        let (mut length, mut hash) = ([0; 8], [0; 32]);
        self.input.read_exact(&mut length).and_then(|()| self.input.read_exact(&mut hash)).map_err(|_| Damaged)?;
        self.told.update(&hash);
        let length = u64::from_le_bytes(length);
        if length > PIECE_BYTES_MAX {
            return Err(Damaged);
        }
        // A length that is none is found out before its room is written to.
        let mut bytes = Vec::with_capacity(length as usize);
        let read = self.input.by_ref().take(length).read_to_end(&mut bytes).map_err(|_| Damaged)?;
        if read as u64 == length { Ok((bytes, hash)) } else { Err(Damaged) }
    }
}

/// A list that was read and not looked at.
pub(in crate::run) struct RawList {
    count: u64,
    pieces: Vec<RawPiece>,
}

impl RawList {
    /// Its entries.
    pub fn entries<T: DeserializeOwned + Send>(self) -> Got<Vec<T>> {
        let mut all = Vec::with_capacity(self.count.min(u64::from(u32::MAX)) as usize);
        for (bytes, hash) in self.pieces {
            all.extend(whole::<Vec<T>>(bytes, &hash)?);
        }
        if all.len() as u64 == self.count { Ok(all) } else { Err(Damaged) }
    }

    /// Hands each of its texts to `take`, in order; says how many there were.
    pub fn texts(self, mut take: impl FnMut(&str)) -> Got<u64> {
        let mut seen = 0;
        for (bytes, hash) in self.pieces {
            seen += texts(&unchanged(bytes, &hash)?, &mut take)?;
        }
        if seen == self.count { Ok(seen) } else { Err(Damaged) }
    }
}

/// The bytes of a piece where they are what was written.
fn unchanged(bytes: Vec<u8>, hash: &[u8; 32]) -> Got<Vec<u8>> {
    if blake3::hash(&bytes) == *hash { Ok(bytes) } else { Err(Damaged) }
}

/// Hands over the texts of a piece; says how many there were.
fn texts(bytes: &[u8], take: impl FnMut(&str)) -> Got<u64> {
    let some: Vec<&str> = postcard::from_bytes(bytes).map_err(|_| Damaged)?;
    let count = some.len() as u64;
    some.into_iter().for_each(take);
    Ok(count)
}

fn whole<T: DeserializeOwned>(bytes: Vec<u8>, hash: &[u8; 32]) -> Got<T> {
    postcard::from_bytes(&unchanged(bytes, hash)?).map_err(|_| Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written and read again.
    type Sample = (String, Vec<u64>, Vec<String>);

    fn read(path: &Path) -> Got<Sample> {
        let mut reader = Reader::open(path).expect("it is there");
        let (name, numbers) = (reader.get()?, reader.get_list()?);
        let mut texts = Vec::new();
        reader.get_texts(|text| texts.push(text.to_string()))?;
        reader.at_end()?;
        Ok((name, numbers, texts))
    }

    fn sample(numbers: u64) -> Sample {
        ("a name".into(), (0..numbers).map(|at| at * at).collect(), ["", "one", "two"].map(String::from).to_vec())
    }

    fn write(path: &Path, sample: &Sample) {
        let _ = std::fs::remove_file(path);
        let mut writer = Writer::create(path).expect("a file");
        writer.put(&sample.0).expect("room");
        writer.put_list(&sample.1).expect("room");
        writer.put_texts(sample.2.len(), sample.2.iter().map(String::as_str)).expect("room");
        writer.finish().expect("room");
    }

    #[test]
    fn what_is_written_is_read_again_however_long() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("pieces");
        for numbers in [0, 1, 1000, (ENTRIES as u64) - 1, ENTRIES as u64, 3 * ENTRIES as u64 + 7] {
            write(&path, &sample(numbers));
            assert_eq!(read(&path), Ok(sample(numbers)), "{numbers}");
        }
    }

    #[test]
    fn any_byte_that_is_lost_or_changed_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("pieces");
        write(&path, &sample(20));
        let bytes = std::fs::read(&path).expect("it stands");
        for at in 0..bytes.len() {
            std::fs::write(&path, &bytes[..at]).expect("a file");
            assert_eq!(read(&path), Err(Damaged), "cut off at {at}");
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            std::fs::write(&path, &changed).expect("a file");
            assert_eq!(read(&path), Err(Damaged), "byte {at}");
        }
        std::fs::write(&path, [bytes.as_slice(), b"x"].concat()).expect("a file");
        assert_eq!(read(&path), Err(Damaged), "something follows");
    }
}
