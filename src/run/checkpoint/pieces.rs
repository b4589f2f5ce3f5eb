//! The file of a checkpoint: pieces of plain data (postcard), each with its length, how many entries of a list it holds, and its checksum (BLAKE3).
//! Whatever was cut off or changed is noticed before it is used.

#[cfg(test)]
mod tests;

use crate::disk;
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Entries of a list that make one piece: half a MiB or so, so that a list of a million is made and read on all threads.
const ENTRIES: usize = 1 << 17;

/// Bytes of texts (16 MiB) at which a piece ends, however few they are, so that pieces of long ones take no room that a night has not.
const TEXT_BYTES: usize = 1 << 24;

/// Pieces a thread that are made, or read, at once: so many that threads seldom wait for one another, and so few that they take some MiB.
const PIECES_AT_ONCE: usize = 4;

/// A piece longer than this (1 GiB) is none of ours, and is not written.
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
        let pieces: Vec<&[T]> = list.chunks(ENTRIES).collect();
        pieces.chunks(pieces_at_once()).try_for_each(|some| self.put_entries(some))
    }

    /// Entries of a list whose length is put, those of a piece together.
    fn put_entries<T: Serialize + Sync>(&mut self, pieces: &[&[T]]) -> io::Result<()> {
        let piece = |entries: &&[T]| Piece::with_room(entries, entries.len(), size_of_val(*entries));
        self.after_these(|| pieces.par_iter().with_max_len(1).map(piece).collect())
    }

    /// A list of texts, which need not be in one place.
    pub fn put_texts<'a>(&mut self, count: usize, mut texts: impl Iterator<Item = &'a str>) -> io::Result<()> {
        self.put(&(count as u64))?;
        let mut left = count;
        while left > 0 {
            let some = (0..pieces_at_once()).map(|_| one_piece(&mut texts));
            let some: Vec<Vec<&str>> = some.take_while(|piece| !piece.is_empty()).collect();
            assert!(!some.is_empty(), "there are as many texts as was said");
            let pieces: Vec<&[&str]> = some.iter().map(Vec::as_slice).collect();
            left -= pieces.iter().map(|piece| piece.len()).sum::<usize>();
            self.put_entries(&pieces)?;
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

/// Pieces that are made, or read, at once.
fn pieces_at_once() -> usize {
    PIECES_AT_ONCE * rayon::current_num_threads().max(1)
}

/// The next texts that make one piece; none where there are no more.
fn one_piece<'a>(texts: &mut impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let (mut piece, mut bytes) = (Vec::new(), 0);
    while piece.len() < ENTRIES
        && bytes < TEXT_BYTES
        && let Some(text) = texts.next()
    {
        bytes += text.len();
        piece.push(text);
    }
    piece
}

fn write(out: &mut Option<BufWriter<disk::File>>, pieces: &[Piece]) -> io::Result<()> {
    let Some(out) = out else { return Ok(()) };
    pieces.iter().try_for_each(|piece| {
        out.write_all(&(piece.bytes.len() as u64).to_le_bytes())?;
        out.write_all(&piece.entries.to_le_bytes())?;
        out.write_all(piece.hash.as_bytes())?;
        out.write_all(&piece.bytes)
    })
}

struct Piece {
    bytes: Vec<u8>,
    /// Of a list; 1 of anything else.
    entries: u32,
    hash: blake3::Hash,
}

impl Piece {
    fn of(value: &impl Serialize) -> io::Result<Piece> {
        Piece::with_room(value, 1, 0)
    }

    /// The same of so many entries of a list, which take about so many bytes.
    fn with_room(value: &impl Serialize, entries: usize, room: usize) -> io::Result<Piece> {
        let bytes = postcard::serialize_with_flavor(value, Bytes(Vec::with_capacity(room)))
            .map_err(|error| io::Error::other(error.to_string()))?;
        if bytes.len() as u64 > PIECE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "what makes one piece has more than 1 GiB"));
        }
        Ok(Piece { hash: blake3::hash(&bytes), entries: entries as u32, bytes })
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
        // Anything else than a list is as a list of one.
        let (bytes, hash) = self.piece(&mut 1)?;
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
        let (mut left, mut pieces) = (count, Vec::new());
        while left > 0 {
            pieces.push(self.piece(&mut left)?);
        }
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
        let mut left = entries;
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

    /// As many pieces as are read at once of a list of which so many entries are `left`.
    fn some_pieces(&mut self, left: &mut u64) -> Got<Vec<RawPiece>> {
        let mut some = Vec::new();
        while *left > 0 && some.len() < pieces_at_once() {
            some.push(self.piece(left)?);
        }
        Ok(some)
    }

    /// Nothing follows.
    pub fn at_end(mut self) -> Got<()> {
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(()),
            _ => Err(Damaged),
        }
    }

    /// The next piece of what has so many entries `left`.
    fn piece(&mut self, left: &mut u64) -> Got<RawPiece> {
        let (mut length, mut entries, mut hash) = ([0; 8], [0; 4], [0; 32]);
        for part in [&mut length[..], &mut entries[..], &mut hash[..]] {
            self.input.read_exact(part).map_err(|_| Damaged)?;
        }
        self.told.update(&hash);
        let (length, entries) = (u64::from_le_bytes(length), u64::from(u32::from_le_bytes(entries)));
        // How many entries there are their own piece says as well; a piece of none would not bring its list to an end.
        if length > PIECE_BYTES_MAX || entries == 0 || entries > *left {
            return Err(Damaged);
        }
        *left -= entries;
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
