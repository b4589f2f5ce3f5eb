//! Which identities meet: blocks of identities that share a key.
//!
//! In: [`Identities`] and their [`Comparisons`]. Out: [`Blocks`], which hand out every candidate pair exactly once. Always: a block holds
//! 2..=cap identities; an identity is in at most [`KEYS_MAX`] blocks; what was cut is counted; which pairs meet depends on values only.
//!
//! A rule starts with one feature (an identifier, the date of birth, a name, a place). Only where a block is larger than the cap is it
//! split by a second feature and, if need be, by a third (DESIGN section 7), so that the number of keys stays level as the population
//! grows. Back of an envelope, 1 M identities: about 14 keys each, 12 bytes a key while one rule is sorted (≤ 36 MB), then 4 bytes a
//! key twice: 110 MB.

mod features;
mod pairs;

pub use pairs::{Blocks, Met, Pairs};

use crate::comparison::Comparisons;
use crate::records::{Identities, Records};
use features::{Feature, Features, mix};
use rayon::prelude::*;

/// Keys an identity may have.
pub const KEYS_MAX: u8 = 24;
/// Pairs an identity may meet on average, in populations of any size.
const PAIRS_PER_IDENTITY: u64 = 12;
/// Small populations may compare this many pairs anyway: it takes about a second.
const PAIRS_FREE: u64 = 1_500_000;
/// Blocks never hold more than this, however small the population.
const CAP_MAX: usize = 60;
const CAP_MIN: usize = 12;
/// Identities up to which blocks of [`CAP_MAX`] are affordable; beyond, the size at which a block is split falls.
const SMALL_POPULATION: f64 = 25_000.0;
/// How often a pair is yielded by several rules, about; only the distinct ones cost a comparison.
const RULES_OVERLAP: f64 = 2.7;
/// Blocks of an identifier are split above this size whatever the cap: they hold one person, or a fault.
const IDENTIFIER_CAP: usize = CAP_MAX;

/// What one rule yielded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RuleCount {
    pub rule: String,
    pub blocks: u64,
    /// Pairs inside these blocks, before pairs that several rules yield are counted once.
    pub pairs: u64,
    /// Identities in blocks that stayed too large after every refinement, once a block.
    pub cut: u64,
}

/// Blocks before they have numbers, laid end to end.
#[derive(Default)]
struct Found {
    keys: Vec<u64>,
    /// Start of each block in `members`.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Found {
    fn members(&self, block: usize) -> &[u32] {
        let end = self.starts.get(block + 1).map_or(self.members.len(), |next| *next as usize);
        &self.members[self.starts[block] as usize..end]
    }

    fn pairs(&self) -> u64 {
        (0..self.keys.len()).map(|block| pairs_within(self.members(block).len())).sum()
    }
}

/// A key of one identity; `value` is the end of the feature value that it was last made from. 16 bytes, sorted by key and identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    key: u64,
    identity: u32,
    value: u32,
}

/// Makes the blocks. Sorting dominates: n log n in the number of keys.
///
/// Where the first attempt has more pairs than the budget, blocks are split at a smaller size and all is made again; the first guess
/// is mostly right.
pub fn block(comparisons: &Comparisons, records: &Records, identities: &Identities) -> Blocks {
    let features = Features::gather(comparisons, records, identities);
    let budget = (PAIRS_PER_IDENTITY * identities.len() as u64).max(PAIRS_FREE);
    let mut cap = first_cap(identities.len());
    loop {
        let rules = all_rules(&features, comparisons, identities.len(), cap);
        let pairs: u64 = rules.iter().map(|rule| rule.count.pairs).sum();
        if pairs as f64 > budget as f64 * RULES_OVERLAP && cap > CAP_MIN {
            cap = (cap * 3 / 4).max(CAP_MIN);
            continue;
        }
        let counts = rules.iter().map(|rule| rule.count.clone()).collect();
        let found: Vec<Found> = rules.into_iter().map(|rule| rule.blocks).collect();
        // In the order of the rules, an identifier's blocks first, and of the keys within each: one person's identities stand together.
        let blocks = found.iter().flat_map(|rule| (0..rule.keys.len()).map(|block| rule.members(block)));
        return Blocks::number(blocks, identities.len(), counts, cap);
    }
}

/// The blocks of one rule.
struct Rule {
    count: RuleCount,
    blocks: Found,
}

fn all_rules(features: &Features, comparisons: &Comparisons, identities: usize, cap: usize) -> Vec<Rule> {
    let mut keys_used = vec![0u8; identities];
    let rule = |first: Feature| {
        let (blocks, cut) = rule_blocks(features, first, identities as u32, cap, &mut keys_used);
        let count =
            RuleCount { rule: first.word(comparisons), blocks: blocks.keys.len() as u64, pairs: blocks.pairs(), cut };
        Rule { count, blocks }
    };
    features.first_keys().into_iter().map(rule).collect()
}

/// The size at which blocks are split: pairs of an identity grow with it, so it falls as the population grows. A block must have room for
/// the records of one person and a few namesakes.
fn first_cap(identities: usize) -> usize {
    ((CAP_MAX as f64 * SMALL_POPULATION / identities.max(1) as f64) as usize).clamp(CAP_MIN, CAP_MAX)
}

fn pairs_within(size: usize) -> u64 {
    (size * (size - 1) / 2) as u64
}

/// Which features split a block of `first` that is too large, one list a depth.
fn refinements(features: &Features, first: Feature) -> [Vec<Feature>; 2] {
    use Feature::{Address, Date, MonthDay, Outward, Postcode, Prefixes, Tokens, Uprn, Value, Year};
    let second = match first {
        Date => vec![Tokens, Prefixes, Outward],
        Tokens => vec![Tokens, Year, MonthDay, Outward],
        Postcode => vec![Tokens, Year, MonthDay],
        Address | Uprn => vec![Tokens, Year, MonthDay],
        Value(_) => vec![Date, Tokens],
        _ => vec![],
    };
    let mut third = vec![Postcode, Outward, Date, Tokens];
    third.extend(features.categories());
    let mut second = second;
    if matches!(first, Tokens | Date) {
        second.extend(features.categories());
    }
    [second, third]
}

/// The blocks of one rule, those still too large at the last refinement left out and counted.
fn rule_blocks(features: &Features, first: Feature, identities: u32, cap: usize, keys_used: &mut [u8]) -> (Found, u64) {
    let cap = if matches!(first, Feature::Value(_) | Feature::Uprn) { IDENTIFIER_CAP } else { cap };
    let mut keys: Vec<Key> = Vec::new();
    for identity in 0..identities {
        features.each(first, identity, |hash| keys.push(Key { key: hash, identity, value: hash as u32 }));
    }
    let [second, third] = refinements(features, first);
    let (mut found, mut cut) = (Found::default(), 0);
    for deeper in [second, third, Vec::new()] {
        keys.par_sort_unstable();
        keys.dedup_by_key(|key| (key.key, key.identity));
        let mut large: Vec<&[Key]> = Vec::new();
        for group in keys.chunk_by(|a, b| a.key == b.key).filter(|group| group.len() >= 2) {
            if group.len() <= cap || (deeper.is_empty() && group.len() <= CAP_MAX) {
                keep(group, keys_used, &mut found);
            } else if deeper.is_empty() {
                cut += group.len() as u64;
            } else {
                large.push(group);
            }
        }
        let split = |group: &&[Key]| refine(features, first, group, &deeper);
        let next: Vec<Vec<Key>> = large.par_iter().map(split).collect();
        keys = next.concat();
    }
    (found, cut)
}

/// Keeps one block, without the identities that have all their keys already.
fn keep(group: &[Key], keys_used: &mut [u8], found: &mut Found) {
    let start = found.members.len();
    for key in group {
        let used = &mut keys_used[key.identity as usize];
        if *used < KEYS_MAX {
            *used += 1;
            found.members.push(key.identity);
        }
    }
    if found.members.len() - start >= 2 {
        found.keys.push(group[0].key);
        found.starts.push(start as u32);
    } else {
        found.members.truncate(start);
    }
}

/// The keys that split one large block.
fn refine(features: &Features, first: Feature, group: &[Key], by: &[Feature]) -> Vec<Key> {
    let mut next = Vec::with_capacity(group.len() * by.len());
    for feature in by {
        for &Key { key, identity, value } in group {
            features.each(*feature, identity, |hash| {
                // A value does not split its own block; two names meet under the smaller hash only.
                let again = hash as u32 == value || (*feature == first && (hash as u32) < value);
                if !again {
                    next.push(Key { key: mix(key, hash), identity, value: hash as u32 });
                }
            });
        }
    }
    next
}
