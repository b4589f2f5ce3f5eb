//! What agglomeration joined, kept under all that it looks at.

use super::Looks;
use super::bytes::{self, Opened, Sealed, Unusable};
use rayon::prelude::*;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const KIND: &[u8; 8] = b"ofjoin\0\x02";
/// Nodes of a component whose joins can be kept: a place is one byte.
pub const PLACES_MAX: usize = 1 << 8;

/// One join, by places in its component. The fields are those of `clustering::Merge`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Join {
    /// In 1/1024 bit.
    pub average: i64,
    /// Record pairs.
    pub pairs: u64,
    pub expected: f64,
    pub left: u8,
    pub right: u8,
}

impl Join {
    fn to_bytes(self) -> [u8; JOIN] {
        let mut bytes = [0; JOIN];
        bytes[..8].copy_from_slice(&self.average.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.pairs.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.expected.to_le_bytes());
        (bytes[24], bytes[25]) = (self.left, self.right);
        bytes
    }

    fn from_bytes(bytes: [u8; JOIN]) -> Join {
        let eight = |at: usize| bytes[at..at + 8].try_into().expect("eight bytes");
        Join {
            average: i64::from_le_bytes(eight(0)),
            pairs: u64::from_le_bytes(eight(8)),
            expected: f64::from_le_bytes(eight(16)),
            left: bytes[24],
            right: bytes[25],
        }
    }
}

/// Bytes of a join, in the file and in memory.
const JOIN: usize = 26;

/// What the night before joined: a file that is whole, or none.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Joined(Option<PathBuf>);

impl Joined {
    /// # Errors
    /// Where the file is damaged or of other settings, or cannot be read.
    pub fn at(path: &Path, settings: &[u8; 32]) -> Result<Joined, Unusable> {
        bytes::check(path, KIND, settings)?;
        Ok(Joined(Some(path.to_path_buf())))
    }

    /// # Errors
    /// Where it cannot be read any more.
    pub fn read(&self) -> io::Result<KnownJoins> {
        let Some(path) = &self.0 else { return Ok(KnownJoins::default()) };
        let mut file = Opened::at(path)?;
        Ok(KnownJoins {
            keys: file.list(u128::from_le_bytes)?,
            starts: file.list(u32::from_le_bytes)?,
            joins: file.list(|join| join)?,
        })
    }
}

/// The joins of the night before: 20 bytes a component and 26 a join.
#[derive(Debug, Default)]
pub struct KnownJoins {
    /// What the joins are a function of, as a hash; ascending.
    keys: Vec<u128>,
    /// Joins of key `k`: places `starts[k]..starts[k + 1]`.
    starts: Vec<u32>,
    joins: Vec<[u8; JOIN]>,
}

impl KnownJoins {
    fn get(&self, key: u128) -> Option<impl Iterator<Item = Join>> {
        let at = self.keys.binary_search(&key).ok()?;
        let joins = &self.joins[self.starts[at] as usize..self.starts[at + 1] as usize];
        Some(joins.iter().map(|join| Join::from_bytes(*join)))
    }
}

/// Joins of some components, end to end: no component has a list of its own.
#[derive(Debug, Default)]
struct Part {
    keys: Vec<u128>,
    /// Where the joins of each key end.
    ends: Vec<u32>,
    joins: Vec<[u8; JOIN]>,
}

impl Part {
    fn with(mut self, (key, joins): (u128, impl Iterator<Item = Join>)) -> Part {
        self.joins.extend(joins.map(Join::to_bytes));
        // What cannot be numbered any more is worked out again.
        if let Ok(end) = u32::try_from(self.joins.len()) {
            self.keys.push(key);
            self.ends.push(end);
        }
        self
    }

    fn of(&self, nth: usize) -> &[[u8; JOIN]] {
        let from = if nth == 0 { 0 } else { self.ends[nth - 1] as usize };
        &self.joins[from..self.ends[nth] as usize]
    }
}

/// The joins of tonight's components, as they are left for the next night.
#[derive(Debug, Default)]
pub struct Joining {
    parts: Vec<Part>,
    /// Each key once, ascending: its part, and its place there.
    order: Vec<(u128, u32, u32)>,
}

impl Joining {
    fn of(parts: Vec<Part>) -> Joining {
        let of_part = |(part, Part { keys, .. }): (usize, &Part)| -> Vec<(u128, u32, u32)> {
            keys.iter().zip(0..).map(|(key, nth)| (*key, part as u32, nth)).collect()
        };
        let mut order: Vec<(u128, u32, u32)> = parts.par_iter().enumerate().flat_map_iter(of_part).collect();
        order.par_sort_unstable();
        order.dedup_by_key(|(key, ..)| *key);
        let mut all: usize = 0;
        let numbered = order.iter().take_while(|(_, part, nth)| {
            all += parts[*part as usize].of(*nth as usize).len();
            u32::try_from(all).is_ok()
        });
        let numbered = numbered.count();
        order.truncate(numbered);
        Joining { parts, order }
    }

    fn lists(&self) -> impl Iterator<Item = &[[u8; JOIN]]> {
        self.order.iter().map(|(_, part, nth)| self.parts[*part as usize].of(*nth as usize))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write<W: Write>(&self, out: W, settings: &[u8; 32]) -> io::Result<W> {
        let mut file = Sealed::new(out, KIND);
        let ends = self.lists().scan(0, |end, joins| {
            *end += joins.len() as u32;
            Some(*end)
        });
        file.list(self.order.iter().map(|(key, ..)| key.to_le_bytes()))?;
        file.list_of(self.order.len() + 1, [0].into_iter().chain(ends).map(u32::to_le_bytes))?;
        file.list_of(self.lists().map(<[_]>::len).sum(), self.lists().flatten().copied())?;
        file.finish(settings)
    }
}

/// The joins of the night before, and those of tonight while they are found.
#[derive(Debug)]
pub struct Joins<'a> {
    pub looks: Looks<'a>,
    before: KnownJoins,
    tonight: Mutex<Vec<Part>>,
    recalled: AtomicU64,
    found: AtomicU64,
}

impl<'a> Joins<'a> {
    pub fn new(looks: Looks<'a>, before: KnownJoins) -> Joins<'a> {
        let (recalled, found) = (AtomicU64::new(0), AtomicU64::new(0));
        Joins { looks, before, tonight: Mutex::default(), recalled, found }
    }

    /// The joins that the night before found under `key`.
    pub fn before(&self, key: u128) -> Option<impl Iterator<Item = Join>> {
        let known = self.before.get(key);
        let count = if known.is_some() { &self.recalled } else { &self.found };
        count.fetch_add(1, Ordering::Relaxed);
        known
    }

    /// Leaves joins for the next night.
    pub fn leave<J: Iterator<Item = Join>>(&self, joins: impl ParallelIterator<Item = (u128, J)>) {
        let parts: Vec<Part> = joins.fold(Part::default, Part::with).collect();
        // A thread that panicked while it held the lock has ended the night.
        if let Ok(mut tonight) = self.tonight.lock() {
            tonight.extend(parts);
        }
    }

    /// How many components were known, and how many were not.
    pub fn counts(&self) -> (u64, u64) {
        (self.recalled.load(Ordering::Relaxed), self.found.load(Ordering::Relaxed))
    }

    /// What is left for the next night, and the looks.
    pub fn into_left(self) -> (Joining, Looks<'a>) {
        (Joining::of(self.tonight.into_inner().unwrap_or_default()), self.looks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_are_left_for_the_next_night_under_their_key() {
        let join = |left, right| Join { average: -7, pairs: 3, expected: 0.25, left, right };
        let joins = Joins::new(Looks { hashes: &[], bins: Vec::new() }, KnownJoins::default());
        assert!(joins.before(9).is_none());
        let of_nine = || vec![join(0, 1), join(0, 200)].into_iter();
        joins.leave([(9, of_nine()), (4, vec![].into_iter()), (9, of_nine())].into_par_iter());
        joins.leave([(2, vec![join(5, 6)].into_iter())].into_par_iter());
        assert_eq!(joins.counts(), (0, 1));
        let (left, _) = joins.into_left();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("joined");
        let bytes = left.write(Vec::new(), &[1; 32]).expect("there is room");
        std::fs::write(&path, &bytes).expect("a file");
        let read = Joined::at(&path, &[1; 32]).expect("it is whole").read().expect("it can be read");
        let of = |key| read.get(key).map(Iterator::collect::<Vec<Join>>);
        assert_eq!(of(9), Some(vec![join(0, 1), join(0, 200)]));
        assert_eq!((of(2), of(4), of(5)), (Some(vec![join(5, 6)]), Some(vec![]), None));
        assert!(Joined::default().read().expect("nothing is read").get(9).is_none());
        std::fs::write(&path, &bytes[1..]).expect("a file");
        assert_eq!(Joined::at(&path, &[1; 32]), Err(Unusable::Damaged));
    }
}
