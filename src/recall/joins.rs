//! What agglomeration joined, kept under all that it looks at.

use super::Looks;
use super::bytes::{Opened, Sealed, Unusable};
use rayon::prelude::*;
use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const KIND: &[u8; 8] = b"ofjoin\0\x01";
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
    fn to_bytes(self) -> [u8; 26] {
        let mut bytes = [0; 26];
        bytes[..8].copy_from_slice(&self.average.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.pairs.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.expected.to_le_bytes());
        (bytes[24], bytes[25]) = (self.left, self.right);
        bytes
    }

    fn from_bytes(bytes: [u8; 26]) -> Join {
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

/// The joins of a night's components, as they are left for the next.
#[derive(Debug, Default, PartialEq)]
pub struct Joined {
    /// What the joins are a function of, as a hash; ascending.
    keys: Vec<u128>,
    /// Joins of key `k`: places `starts[k]..starts[k + 1]`.
    starts: Vec<u32>,
    joins: Vec<Join>,
}

impl Joined {
    fn of(mut by_key: Vec<(u128, Vec<Join>)>) -> Joined {
        by_key.par_sort_unstable_by_key(|(key, _)| *key);
        by_key.dedup_by_key(|(key, _)| *key);
        let mut starts = Vec::with_capacity(by_key.len() + 1);
        starts.push(0u32);
        for (_, joins) in &by_key {
            // What cannot be numbered any more is worked out again.
            let Ok(end) = u32::try_from(starts[starts.len() - 1] as usize + joins.len()) else { break };
            starts.push(end);
        }
        by_key.truncate(starts.len() - 1);
        let keys = by_key.par_iter().map(|(key, _)| *key).collect();
        let joins = by_key.into_par_iter().flat_map_iter(|(_, joins)| joins).collect();
        Joined { keys, starts, joins }
    }

    fn get(&self, key: u128) -> Option<&[Join]> {
        let at = self.keys.binary_search(&key).ok()?;
        Some(&self.joins[self.starts[at] as usize..self.starts[at + 1] as usize])
    }

    /// Writes the file.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write<W: Write>(&self, out: W, settings: &[u8; 32]) -> io::Result<W> {
        let mut file = Sealed::new(out, KIND, settings);
        file.list(self.keys.iter().map(|key| key.to_le_bytes()))?;
        file.list(self.starts.iter().map(|start| start.to_le_bytes()))?;
        file.list(self.joins.iter().map(|join| join.to_bytes()))?;
        file.finish()
    }

    /// # Errors
    /// Where the file is damaged or of other settings.
    pub fn from_bytes(bytes: &[u8], settings: &[u8; 32]) -> Result<Joined, Unusable> {
        let mut file = Opened::new(bytes, KIND, settings)?;
        let joined = Joined {
            keys: file.list(u128::from_le_bytes)?,
            starts: file.list(u32::from_le_bytes)?,
            joins: file.list(Join::from_bytes)?,
        };
        file.end()?;
        Ok(joined)
    }
}

/// The joins of the night before, and those of tonight while they are found.
#[derive(Debug)]
pub struct Joins<'a> {
    pub looks: Looks<'a>,
    before: &'a Joined,
    tonight: Mutex<Vec<(u128, Vec<Join>)>>,
    recalled: AtomicU64,
    found: AtomicU64,
}

impl<'a> Joins<'a> {
    pub fn new(looks: Looks<'a>, before: &'a Joined) -> Joins<'a> {
        let (recalled, found) = (AtomicU64::new(0), AtomicU64::new(0));
        Joins { looks, before, tonight: Mutex::default(), recalled, found }
    }

    /// The joins that the night before found under `key`.
    pub fn before(&self, key: u128) -> Option<&[Join]> {
        let known = self.before.get(key);
        let count = if known.is_some() { &self.recalled } else { &self.found };
        count.fetch_add(1, Ordering::Relaxed);
        known
    }

    /// Leaves joins for the next night.
    pub fn leave(&self, joins: impl ParallelIterator<Item = (u128, Vec<Join>)>) {
        // A thread that panicked while it held the lock has ended the night.
        if let Ok(mut tonight) = self.tonight.lock() {
            tonight.par_extend(joins);
        }
    }

    /// How many components were known, and how many were not.
    pub fn counts(&self) -> (u64, u64) {
        (self.recalled.load(Ordering::Relaxed), self.found.load(Ordering::Relaxed))
    }

    /// What is left for the next night, and the looks.
    pub fn into_left(self) -> (Joined, Looks<'a>) {
        (Joined::of(self.tonight.into_inner().unwrap_or_default()), self.looks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_are_left_for_the_next_night_under_their_key() {
        let join = |left, right| Join { average: -7, pairs: 3, expected: 0.25, left, right };
        let before = Joined::default();
        let joins = Joins::new(Looks { hashes: &[], bins: Vec::new() }, &before);
        assert_eq!(joins.before(9), None);
        joins.leave(
            [(9, vec![join(0, 1), join(0, 200)]), (4, vec![]), (9, vec![join(0, 1), join(0, 200)])].into_par_iter(),
        );
        assert_eq!(joins.counts(), (0, 1));
        let (left, _) = joins.into_left();
        let bytes = left.write(Vec::new(), &[1; 32]).expect("there is room");
        let read = Joined::from_bytes(&bytes, &[1; 32]).expect("it is whole");
        assert_eq!(read, left);
        assert_eq!(read.get(9), Some(&[join(0, 1), join(0, 200)][..]));
        assert_eq!((read.get(4), read.get(5)), (Some(&[][..]), None));
        assert_eq!(Joined::from_bytes(&bytes[1..], &[1; 32]), Err(Unusable::Damaged));
    }
}
