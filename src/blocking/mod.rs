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

pub use pairs::{Blocks, Pairs};

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
/// Identities up to which blocks of [`CAP_MAX`] are affordable; beyond, the size at which a block is split falls with the cube root.
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

/// One block before it has a number.
struct Found {
    key: u64,
    members: Vec<u32>,
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
        let mut blocks: Vec<Found> = rules.into_iter().flat_map(|rule| rule.blocks).collect();
        // Smallest first: a pair belongs to the first block that both share.
        blocks.par_sort_unstable_by(|a, b| (a.members.len(), a.key).cmp(&(b.members.len(), b.key)));
        return Blocks::number(blocks.into_iter().map(|block| block.members), identities.len(), counts, cap);
    }
}

/// The blocks of one rule.
struct Rule {
    count: RuleCount,
    blocks: Vec<Found>,
}

fn all_rules(features: &Features, comparisons: &Comparisons, identities: usize, cap: usize) -> Vec<Rule> {
    let mut keys_used = vec![0u8; identities];
    let rule = |first: Feature| {
        let (blocks, cut) = rule_blocks(features, first, identities as u32, cap, &mut keys_used);
        let pairs = blocks.iter().map(|block| pairs_within(block.members.len())).sum();
        Rule { count: RuleCount { rule: first.word(comparisons), blocks: blocks.len() as u64, pairs, cut }, blocks }
    };
    features.first_keys().into_iter().map(rule).collect()
}

/// The size at which blocks are split: pairs of an identity grow with it, so it falls as the population grows.
fn first_cap(identities: usize) -> usize {
    let share = (SMALL_POPULATION / identities.max(1) as f64).cbrt().min(1.0);
    ((CAP_MAX as f64 * share) as usize).max(CAP_MIN)
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
fn rule_blocks(
    features: &Features,
    first: Feature,
    identities: u32,
    cap: usize,
    keys_used: &mut [u8],
) -> (Vec<Found>, u64) {
    let mut keys: Vec<(u64, u64, u32)> = Vec::new();
    for identity in 0..identities {
        features.each(first, identity, |hash| keys.push((hash, hash, identity)));
    }
    let cap = if matches!(first, Feature::Value(_) | Feature::Uprn) { IDENTIFIER_CAP } else { cap };
    let [second, third] = refinements(features, first);
    let (mut found, mut cut) = (Vec::new(), 0);
    for deeper in [second, third, Vec::new()] {
        // (key, the feature value it was last made from, identity)
        keys.par_sort_unstable();
        keys.dedup_by_key(|(key, _, identity)| (*key, *identity));
        let mut next = Vec::new();
        for group in keys.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() >= 2) {
            if group.len() <= cap || (deeper.is_empty() && group.len() <= CAP_MAX) {
                let members: Vec<u32> =
                    group.iter().map(|(_, _, identity)| *identity).filter(|i| take(keys_used, *i)).collect();
                if members.len() >= 2 {
                    found.push(Found { key: group[0].0, members });
                }
            } else if deeper.is_empty() {
                cut += group.len() as u64;
            } else {
                refine(features, first, group, &deeper, &mut next);
            }
        }
        keys = next;
    }
    (found, cut)
}

fn take(keys_used: &mut [u8], identity: u32) -> bool {
    let used = &mut keys_used[identity as usize];
    *used += u8::from(*used < u8::MAX);
    *used <= KEYS_MAX
}

/// Adds the keys that split one large block.
fn refine(
    features: &Features,
    first: Feature,
    group: &[(u64, u64, u32)],
    by: &[Feature],
    next: &mut Vec<(u64, u64, u32)>,
) {
    for feature in by {
        for &(key, value, identity) in group {
            features.each(*feature, identity, |hash| {
                // A value does not split its own block; two names meet under the smaller hash only.
                let again = hash == value || (*feature == first && hash < value);
                if !again {
                    next.push((mix(key, hash), hash, identity));
                }
            });
        }
    }
}
