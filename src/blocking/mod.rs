//! Which identities meet: blocks of identities that share a key.
//!
//! In: [`Identities`] and their [`Features`]. Out: [`Blocks`], which hand out every candidate pair exactly once. Always: a block holds
//! 2..=cap identities; an identity is in at most [`KEYS_MAX`] blocks; what was cut is counted; which pairs meet depends on values only.
//!
//! A rule starts with one feature (an identifier, the date of birth, a name, a place). Only where a block is larger than the cap is it
//! split by a second feature and, if need be, by a third (DESIGN section 7), so that the number of keys stays level as the population
//! grows. Back of an envelope, 1 M identities: about 11 keys each, 16 bytes a key of a rule's first feature (≤ 48 MB), then 4 bytes a
//! key twice: 90 MB.

mod features;
mod groups;
mod kept;
mod keys;
mod number;
mod pair_patterns;
mod pairs;
mod rules;
mod thin;
mod why;

pub use features::{Features, Hashes};
pub use kept::Kept;
pub use pair_patterns::PairPatterns;
pub use pairs::{Blocks, Memberships, Met, Pairs};
pub use why::{Asked, Fate, Named, RuleWhy};

use crate::records::Identities;
use features::Feature;
use keys::Keys;
use rules::Found;

/// Keys an identity may have.
pub const KEYS_MAX: u8 = 24;
/// Pairs an identity may meet on average, in populations of any size.
const PAIRS_PER_IDENTITY: u64 = 12;
/// Small populations may compare this many pairs anyway: it takes about a second.
const PAIRS_FREE: u64 = 1_500_000;
/// Blocks never hold more than this, however small the population.
const CAP_MAX: usize = 60;
/// Down to so many identities the cap falls with the population; further only where there are too many pairs all the same.
const CAP_USUAL: usize = 12;
const CAP_MIN: usize = 8;
/// Blocks that can be split no further are left out above this size at the least.
const CAP_LAST_MIN: usize = 20;
/// Identities up to which blocks of [`CAP_MAX`] are affordable; beyond, the size at which a block is split falls.
const SMALL_POPULATION: f64 = 25_000.0;
/// Identities up to which blocks of [`CAP_USUAL`] are affordable, and up to which blocks of [`CAP_MAX`] are that can be split no further.
const LARGE_POPULATION: f64 = 10_000_000.0;
const LAST_POPULATION: f64 = 4_000_000.0;
/// How often a pair is yielded by several rules, about; only the distinct ones cost a comparison.
const RULES_OVERLAP: f64 = 2.7;
/// So many times their budget pairs within frozen limits may be before somebody should know: a population grows by some percent a year, and no
/// training meets its budget to the pair.
const OUTGROWN_FROM: f64 = 1.25;

/// What one rule yielded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RuleCount {
    pub rule: String,
    pub blocks: u64,
    /// Pairs inside these blocks, before pairs that several rules yield are counted once.
    pub pairs: u64,
    /// Identities in blocks that stayed too large after every refinement, once a block.
    pub cut: u64,
}

/// The size at which blocks are split, beside the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockSize {
    Half,
    Usual,
    Double,
}

impl BlockSize {
    /// A size or a budget of pairs, as this says.
    pub fn of(self, usual: u64) -> u64 {
        match self {
            BlockSize::Half => usual / 2,
            BlockSize::Usual => usual,
            BlockSize::Double => usual * 2,
        }
    }
}

/// What keeps the number of pairs within bounds: chosen for a population when a model is learnt, and frozen with it, so that later nights
/// block as that one did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Identities a block may hold before it is split.
    pub cap: usize,
    /// Identities that a block which can be split no further may hold.
    #[serde(default = "cap_max")]
    pub cap_last: usize,
    /// Whether features that say little alone have rules of their own.
    pub weak_rules: bool,
}

impl Limits {
    /// Whether no training chooses narrower ones, however many pairs there are; `cap_min` is the smallest cap that it may choose.
    fn are_narrowest(self, cap_min: usize) -> bool {
        !self.weak_rules && self.cap <= cap_min && self.cap_last <= CAP_LAST_MIN
    }
}

/// Of a model that was written before this was limited.
fn cap_max() -> usize {
    CAP_MAX
}

/// Makes the blocks. Sorting dominates: n log n in the number of keys.
///
/// Where the first attempt has more pairs than the budget, blocks are split at a smaller size and all is made again; the first guess
/// is mostly right.
pub fn block(features: Features, identities: &Identities) -> Blocks {
    block_with(features, identities, true, BlockSize::Usual)
}

/// The same; rules of features that say little alone only where `weak` asks for them, and blocks of a size.
pub fn block_with(features: Features, identities: &Identities, weak: bool, size: BlockSize) -> Blocks {
    let budget = size.of(budget_of(identities.len()));
    let cap_min = size.of(CAP_MIN as u64) as usize;
    // Weak rules are the first to go: in a large population the strong ones find every person, and the context pass the rest.
    let weak_rules = weak && identities.len() as u64 * PAIRS_PER_IDENTITY <= PAIRS_FREE;
    let cap = size.of(first_cap(identities.len()) as u64) as usize;
    let mut limits = Limits { cap, cap_last: first_cap_last(identities.len()), weak_rules };
    let (found, counts) = loop {
        let (found, counts) = all_rules(&features, identities.len(), limits, None);
        let fits = yielded(&counts) <= budget as f64 * RULES_OVERLAP;
        if fits || limits.are_narrowest(cap_min) {
            break (found, counts);
        }
        if std::mem::take(&mut limits.weak_rules) {
            continue;
        }
        let usual = size.of(CAP_USUAL as u64) as usize;
        if limits.cap <= usual {
            limits.cap_last = (limits.cap_last / 2).max(CAP_LAST_MIN);
        }
        limits.cap = (limits.cap * 3 / 4).max(if limits.cap > usual { usual } else { cap_min });
    };
    drop(features);
    Blocks::number(found, identities.len(), counts, limits)
}

/// Makes the blocks within the limits of a model that was learnt before.
pub fn block_within(features: Features, identities: &Identities, limits: Limits) -> Blocks {
    let (found, counts) = all_rules(&features, identities.len(), limits, None);
    drop(features);
    Blocks::number(found, identities.len(), counts, limits)
}

/// How many times the pairs that a training would let so many identities have these rules yield within the frozen `limits`; `None` where that is not
/// clearly more, or a training could not lessen it.
pub fn times_outgrown(rules: &[RuleCount], identities: usize, limits: Limits) -> Option<f64> {
    let times = yielded(rules) / (budget_of(identities) as f64 * RULES_OVERLAP);
    (times > OUTGROWN_FROM && !limits.are_narrowest(CAP_MIN)).then_some(times)
}

/// Distinct pairs that so many identities may have when a model is learnt.
pub(crate) fn budget_of(identities: usize) -> u64 {
    (PAIRS_PER_IDENTITY * identities as u64).max(PAIRS_FREE)
}

/// Pairs of all rules, before those that several yield are counted once.
fn yielded(rules: &[RuleCount]) -> f64 {
    rules.iter().map(|rule| rule.pairs).sum::<u64>() as f64
}

/// Who meets whom within the limits of a model that was learnt before, for whoever asks of some identities only: blocks of the same members stand as
/// often as rules yield them, and nothing is put in order.
/// Notes in what is `kept`, where anything is, what is to be known of them when some identities leave; of blocks with the same members only the first
/// lists them then.
pub fn memberships_within(
    features: &Features,
    identities: &Identities,
    limits: Limits,
    mut kept: Option<&mut Kept>,
) -> Memberships {
    let (found, _) = all_rules(features, identities.len(), limits, kept.as_deref_mut());
    match kept {
        Some(kept) => kept.memberships(found, identities.len()),
        None => Memberships::of(found, identities.len()),
    }
}

/// The keys that all rules begin with, made and sorted but not made into blocks; how many there are. For `benches/linking.rs`.
#[doc(hidden)]
pub fn sorted_keys(features: &Features, identities: &Identities) -> usize {
    let of_rule = |first| rules::FirstKeys::of(features, first, identities.len()).sorted();
    features.first_keys().into_iter().map(of_rule).sum()
}

/// The same keys, made and not sorted yet. For `benches/linking.rs`.
#[doc(hidden)]
#[derive(Debug)]
pub struct ReadyKeys(Vec<rules::FirstKeys>);

impl ReadyKeys {
    pub fn of(features: &Features, identities: &Identities) -> ReadyKeys {
        let of_rule = |first| rules::FirstKeys::of(features, first, identities.len());
        ReadyKeys(features.first_keys().into_iter().map(of_rule).collect())
    }

    /// Sorts a copy of them; how many there are.
    pub fn sorted(&self) -> usize {
        self.0.iter().map(rules::FirstKeys::sorted).sum()
    }
}

/// Blocks that an identity of a large population is in, and a few more.
const MEMBERSHIPS_USUAL: usize = 12;

/// The blocks of all rules, in their order: an identifier's first, so that one person's identities stand together.
fn all_rules(
    features: &Features,
    identities: usize,
    limits: Limits,
    mut kept: Option<&mut Kept>,
) -> (Found, Vec<RuleCount>) {
    // Room that is not written to takes no memory; growing into it would copy all that is there, again and again.
    let mut found = Found::with_room_for(0, MEMBERSHIPS_USUAL * identities);
    let mut keys = Keys::of(identities);
    let mut rules = features.first_keys();
    if limits.weak_rules {
        rules.extend(features.weak_keys());
    }
    let (groups, mut counts) = (kept.is_some(), Vec::with_capacity(rules.len()));
    let find = |first: &Feature| rules::find(features, *first, limits, identities, groups);
    let mut parts = rules.first().map(find);
    // Adding blocks to all of them is one thread's work: meanwhile the others find the blocks of the next rule.
    for (nth, &first) in rules.iter().enumerate() {
        let these = parts.take().unwrap_or_default();
        let before = found.len();
        let (cut, next) = rayon::join(
            || rules::add(first, these, &mut keys, &mut found, kept.as_deref_mut()),
            || rules.get(nth + 1).map(find),
        );
        parts = next;
        counts.push(count(features, first, found.sizes(before..found.len()), cut));
    }
    (found, counts)
}

/// What a rule yielded: blocks of these sizes.
fn count(features: &Features, first: Feature, sizes: impl Iterator<Item = usize>, cut: u64) -> RuleCount {
    let (blocks, pairs) = sizes.fold((0, 0), |(blocks, pairs), size| (blocks + 1, pairs + pairs_within(size)));
    RuleCount { rule: first.word(features.comparisons()), blocks, pairs, cut }
}

/// The size at which blocks are split: pairs of an identity grow with it, so it falls as the population grows. A block must have room for
/// the records of one person and a few namesakes; in a very large population only for the records of one person.
fn first_cap(identities: usize) -> usize {
    let at_most = |size: usize, population: f64| (size as f64 * population / identities.max(1) as f64) as usize;
    at_most(CAP_MAX, SMALL_POPULATION).clamp(CAP_USUAL, CAP_MAX).min(at_most(CAP_USUAL, LARGE_POPULATION).max(CAP_MIN))
}

/// The first guess at [`Limits::cap_last`]: in a large population those who share even three features are mostly namesakes.
fn first_cap_last(identities: usize) -> usize {
    let size = CAP_MAX as f64 * LAST_POPULATION / identities.max(1) as f64;
    (size as usize).clamp(CAP_LAST_MIN, CAP_MAX)
}

fn pairs_within(size: usize) -> u64 {
    (size * size.saturating_sub(1) / 2) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_outgrown_where_a_training_would_clearly_narrow_them() {
        let rules = |pairs| ["a", "b"].map(|rule| RuleCount { rule: rule.into(), blocks: 9, pairs, cut: 0 });
        let of_a_pilot = Limits { cap: 60, cap_last: 60, weak_rules: true };
        // 1.5 million distinct pairs are free: 4.05 million of all rules.
        assert_eq!(times_outgrown(&rules(2_025_000), 60_000, of_a_pilot), None);
        assert_eq!(times_outgrown(&rules(2_400_000), 60_000, of_a_pilot), None, "a town grows by some percent a year");
        let times = times_outgrown(&rules(4_050_000), 60_000, of_a_pilot);
        assert!(times.is_some_and(|times| (times - 2.0).abs() < 1e-9), "{times:?}");
        assert_eq!(times_outgrown(&rules(4_050_000), 19_000_000, of_a_pilot), None, "a larger one has more");
        let narrowest = Limits { cap: CAP_MIN, cap_last: CAP_LAST_MIN, weak_rules: false };
        assert_eq!(times_outgrown(&rules(4_050_000), 60_000, narrowest), None, "no training has fewer");
        assert!(times_outgrown(&rules(4_050_000), 60_000, Limits { weak_rules: true, ..narrowest }).is_some());
        assert_eq!(times_outgrown(&[], 0, of_a_pilot), None);
    }
}
