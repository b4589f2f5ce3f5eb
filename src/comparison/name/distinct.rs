//! Which names are distinct, on all threads: their numbers are those of meeting one identity after the other.
//!
//! An identity is a wait for memory, some 60 ns, divided by the threads.

use super::NameToken;
use crate::records::{Hashed, Identities, MISSING, unite};
use rayon::prelude::*;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// Fields that may form one name: given, middle, family and previous family name.
pub(super) const PARTS_MAX: usize = 4;
/// Tokens of a name beyond this many are not compared.
const TOKENS_MAX: usize = 8;

/// The columns that form one name, and what part each is.
pub(super) struct Part {
    pub codes: Vec<u32>,
    pub values: Vec<Vec<NameToken>>,
}

/// Identities of one list of names: enough that dealing them out is worth it.
const NAMES_A_LIST: usize = 1 << 16;

/// The names of some identities, from `from` on, as the codes of their parts.
struct NameKeys<'p> {
    parts: &'p [Part],
    from: usize,
    hashes: Vec<u64>,
}

impl<'p> NameKeys<'p> {
    fn of(parts: &'p [Part], identities: std::ops::Range<usize>) -> NameKeys<'p> {
        let hash = |identity| FxBuildHasher.hash_one(key_of(parts, identity));
        NameKeys { parts, from: identities.start, hashes: identities.map(hash).collect() }
    }

    fn key(&self, at: u32) -> [u32; PARTS_MAX] {
        key_of(self.parts, self.from + at as usize)
    }
}

impl Hashed for NameKeys<'_> {
    fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    fn is_same(&self, at: u32, other: &Self, there: u32) -> bool {
        self.key(at) == other.key(there)
    }
}

fn key_of(parts: &[Part], identity: usize) -> [u32; PARTS_MAX] {
    let mut key = [MISSING; PARTS_MAX];
    key.iter_mut().zip(parts).for_each(|(slot, part)| *slot = part.codes[identity]);
    key
}

/// The distinct names of all identities, numbered as they first appear.
pub(super) struct Distinct {
    /// The name of each identity, or [`MISSING`] where it has no token.
    pub of_identity: Vec<u32>,
    /// Tokens of name `n`: `entries[starts[n]..starts[n + 1]]`.
    pub starts: Vec<u32>,
    pub entries: Vec<NameToken>,
}

impl Distinct {
    pub fn of(parts: &[Part], identities: usize) -> Distinct {
        let from: Vec<usize> = (0..identities).step_by(NAMES_A_LIST).collect();
        let list = |&from: &usize| NameKeys::of(parts, from..(from + NAMES_A_LIST).min(identities));
        let lists: Vec<NameKeys> = from.par_iter().with_max_len(1).map(list).collect();
        let mut codes = unite(&lists.iter().collect::<Vec<_>>()).concat();
        drop(lists);
        let mut firsts: Vec<u32> = Vec::new();
        for (identity, &code) in codes.iter().enumerate() {
            if code as usize == firsts.len() {
                firsts.push(identity as u32);
            }
        }
        let bags: Vec<(Vec<u8>, Vec<NameToken>)> =
            firsts.par_chunks(NAMES_A_LIST).with_max_len(1).map(|identities| bags_of(identities, parts)).collect();
        let (mut numbers, mut starts, mut entries) = (Vec::with_capacity(firsts.len()), vec![0], Vec::new());
        for (sizes, tokens) in bags {
            for size in sizes {
                numbers.push(if size == 0 { MISSING } else { starts.len() as u32 - 1 });
                if size > 0 {
                    starts.push(starts[starts.len() - 1] + u32::from(size));
                }
            }
            entries.extend(tokens);
        }
        codes.par_iter_mut().for_each(|code| *code = numbers[*code as usize]);
        Distinct { of_identity: codes, starts, entries }
    }

    /// How many records hold each of so many tokens.
    pub fn holders(&self, identities: &Identities, tokens: usize) -> Vec<u64> {
        let mut records = vec![0u64; self.starts.len() - 1];
        for (identity, &name) in self.of_identity.iter().enumerate().filter(|(_, name)| **name != MISSING) {
            records[name as usize] += u64::from(identities.count(identity as u32));
        }
        let mut holders = vec![0u64; tokens];
        for (ends, &records) in self.starts.windows(2).zip(&records) {
            let own = &self.entries[ends[0] as usize..ends[1] as usize];
            own.iter().for_each(|entry| holders[entry.token as usize] += records);
        }
        holders
    }
}

/// The tokens of the names of some identities, one after the other, and how many each has.
fn bags_of(identities: &[u32], parts: &[Part]) -> (Vec<u8>, Vec<NameToken>) {
    let (mut sizes, mut entries) = (Vec::with_capacity(identities.len()), Vec::new());
    for &identity in identities {
        let from = entries.len();
        add_bag(&key_of(parts, identity as usize), parts, &mut entries);
        sizes.push((entries.len() - from) as u8);
    }
    (sizes, entries)
}

/// Adds the distinct tokens of one name: the first [`TOKENS_MAX`] of its parts.
fn add_bag(key: &[u32], parts: &[Part], entries: &mut Vec<NameToken>) {
    let from = entries.len();
    for (code, part) in key.iter().zip(parts) {
        for entry in if *code == MISSING { &[][..] } else { &part.values[*code as usize] } {
            let bag = &entries[from..];
            if bag.len() < TOKENS_MAX && !bag.iter().any(|known| known.token == entry.token) {
                entries.push(*entry);
            }
        }
    }
}
