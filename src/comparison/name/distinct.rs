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

/// The distinct name of each identity, or [`MISSING`] where it has no token, and the tokens of each; numbered as they first appear.
pub(super) fn distinct_names(parts: &[Part], identities: usize) -> (Vec<u32>, Vec<Vec<NameToken>>) {
    let from: Vec<usize> = (0..identities).step_by(NAMES_A_LIST).collect();
    let list = |&from: &usize| NameKeys::of(parts, from..(from + NAMES_A_LIST).min(identities));
    let lists: Vec<NameKeys> = from.par_iter().map(list).collect();
    let mut codes = unite(&lists.iter().collect::<Vec<_>>()).concat();
    drop(lists);
    let mut firsts: Vec<u32> = Vec::new();
    for (identity, &code) in codes.iter().enumerate() {
        if code as usize == firsts.len() {
            firsts.push(identity as u32);
        }
    }
    let mut bags: Vec<Vec<NameToken>> =
        firsts.into_par_iter().map(|identity| bag_of(&key_of(parts, identity as usize), parts)).collect();
    let numbers = bags.iter().scan(0, |next, bag| {
        let number = if bag.is_empty() { MISSING } else { *next };
        *next += u32::from(!bag.is_empty());
        Some(number)
    });
    let numbers: Vec<u32> = numbers.collect();
    codes.par_iter_mut().for_each(|code| *code = numbers[*code as usize]);
    bags.retain(|bag| !bag.is_empty());
    (codes, bags)
}

/// How many records hold each token; tokens of name `n` are `entries[starts[n]..starts[n + 1]]`.
pub(super) fn holders_of(
    of_identity: &[u32],
    starts: &[u32],
    entries: &[NameToken],
    identities: &Identities,
    tokens: usize,
) -> Vec<u64> {
    let mut records = vec![0u64; starts.len() - 1];
    for (identity, &name) in of_identity.iter().enumerate().filter(|(_, name)| **name != MISSING) {
        records[name as usize] += u64::from(identities.count(identity as u32));
    }
    let mut holders = vec![0u64; tokens];
    for (ends, &records) in starts.windows(2).zip(&records) {
        let own = &entries[ends[0] as usize..ends[1] as usize];
        own.iter().for_each(|entry| holders[entry.token as usize] += records);
    }
    holders
}

/// The distinct tokens of a name's parts, in the order of the parts.
fn bag_of(key: &[u32], parts: &[Part]) -> Vec<NameToken> {
    let mut bag: Vec<NameToken> = Vec::new();
    for (code, part) in key.iter().zip(parts) {
        for entry in if *code == MISSING { &[][..] } else { &part.values[*code as usize] } {
            if bag.len() < TOKENS_MAX && !bag.iter().any(|known| known.token == entry.token) {
                bag.push(*entry);
            }
        }
    }
    bag
}
