//! Scoring every candidate pair once.

use super::in_place::put_in_order;
use super::merges::LOWEST;
use crate::blocking::{Blocks, PairPatterns, Pairs};
use crate::comparison::{Batch, Comparisons, Pattern};
use crate::model::Scorer;
use crate::recall::KnownPairs;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::io;

/// A scored pair of identities, left < right: 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Edge {
    pub left: u32,
    pub right: u32,
    /// Log odds in 1/1024 bit, what its context adds included.
    pub weight: i32,
    /// Level of its context (`context`), where it has one.
    pub context: Option<u8>,
    /// Whether both became one person; `false` until people are made.
    pub same_person: bool,
    pub pattern: Pattern,
}

impl Edge {
    /// A pair that nothing but its own evidence is known of yet; `weight` in 1/1024 bit.
    pub fn of(left: u32, right: u32, weight: i64, pattern: Pattern) -> Edge {
        Edge { left, right, weight: units32(weight), context: None, same_person: false, pattern }
    }
}

/// A weight in 1/1024 bit as pairs keep it. No model says two million bits of a pair.
pub(super) fn units32(weight: i64) -> i32 {
    weight.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// Kept pairs as runs hand them out: none stands twice, and they are put in order only once what they come from is gone.
#[derive(Debug, Default)]
pub struct Kept {
    parts: Vec<Vec<Edge>>,
}

impl Kept {
    /// All of them, ascending.
    pub fn ascending(self) -> Vec<Edge> {
        ascending(self.parts)
    }
}

impl FromIterator<Vec<Edge>> for Kept {
    fn from_iter<I: IntoIterator<Item = Vec<Edge>>>(parts: I) -> Kept {
        Kept { parts: parts.into_iter().collect() }
    }
}

/// Compares all candidate pairs and keeps those that have a chance; also says how many were compared.
///
/// About 0.4 µs a pair: 12 M pairs of 1 M identities take some 2.5 s on two cores. Kept pairs take 24 bytes each.
pub fn score_pairs(
    comparisons: &Comparisons,
    scorer: &Scorer,
    blocks: &Blocks,
    progress: impl Fn(u64) + Sync,
) -> (Kept, u64) {
    let parts: Vec<(Vec<Edge>, u64)> = blocks
        .runs()
        .par_iter()
        .with_max_len(1)
        .map_init(
            || (Weights::new(scorer), Batch::default()),
            |(weights, batch), run| {
                let (mut kept, compared) = scored_in(comparisons, weights, blocks, *run, batch);
                progress(compared);
                kept.shrink_to_fit();
                (kept, compared)
            },
        )
        .collect();
    let compared = parts.iter().map(|(_, compared)| compared).sum();
    (parts.into_iter().map(|(kept, _)| kept).collect(), compared)
}

/// The scored links of one partition of the pairs, ascending, and how many pairs were compared: a function of nothing but the records (as
/// `comparisons` hold them), the model, the rules (as `blocks`), and the partition. The links of all partitions together are those of
/// [`score_pairs`], however [`Blocks`] are split.
pub fn links_of(comparisons: &Comparisons, scorer: &Scorer, blocks: &Blocks, partition: Pairs) -> (Vec<Edge>, u64) {
    let (mut kept, compared) =
        scored_in(comparisons, &mut Weights::new(scorer), blocks, partition, &mut Batch::default());
    kept.sort_unstable();
    (kept, compared)
}

/// The kept pairs of a partition in the order in which they are handed out, and how many were compared.
fn scored_in(
    comparisons: &Comparisons,
    weights: &mut Weights,
    blocks: &Blocks,
    partition: Pairs,
    batch: &mut Batch,
) -> (Vec<Edge>, u64) {
    let (mut kept, mut compared) = (Vec::new(), 0);
    blocks.each_left(
        partition,
        |_| true,
        |left, rights| {
            compared += rights.len() as u64;
            for (&right, &pattern) in rights.iter().zip(comparisons.patterns(left, rights, batch)) {
                if let Some(weight) = weights.of(pattern) {
                    kept.push(Edge::of(left, right, weight, pattern));
                }
            }
        },
    );
    (kept, compared)
}

/// Pairs of which all that is asked is who they are and what they weigh, in whatever shape they are kept.
pub trait WeighedPairs {
    /// Calls `each` with every kept pair, on many threads and in any order; how many there are.
    fn each(&self, each: impl Fn(Edge) + Sync) -> u64;

    /// Those for which `wanted` holds, ascending.
    fn gather(&self, wanted: impl Fn(&Edge) -> bool + Sync) -> Vec<Edge>;
}

impl WeighedPairs for [Edge] {
    fn each(&self, each: impl Fn(Edge) + Sync) -> u64 {
        self.par_iter().for_each(|edge| each(*edge));
        self.len() as u64
    }

    fn gather(&self, wanted: impl Fn(&Edge) -> bool + Sync) -> Vec<Edge> {
        self.iter().filter(|edge| wanted(edge)).copied().collect()
    }
}

/// Pairs that were compared before, each pattern weighed once. Those are kept that one of the scorers gives a chance; weights are the first
/// one's. A pair takes the 6 bytes that it has anyway until it is gathered: then an [`Edge`] of 24.
pub struct Weighed<'a> {
    pairs: &'a PairPatterns,
    weights: FxHashMap<Pattern, Option<i64>>,
}

impl<'a> Weighed<'a> {
    pub fn new(pairs: &'a PairPatterns, scorers: &[Scorer]) -> Weighed<'a> {
        let patterns = pairs.patterns();
        let weigh = |&pattern: &Pattern| (pattern, weight_with_chance(scorers, pattern));
        Weighed { pairs, weights: patterns.par_iter().map(weigh).collect() }
    }

    /// Hands out the kept pairs run by run, with what is gathered of each run.
    fn walk<T: Default + Send>(&self, each: impl Fn(&mut T, Edge) + Sync) -> Vec<T> {
        let keep = |gathered: &mut T, (left, right): (u32, u32), pattern: Pattern, weight: Option<i64>| {
            if let Some(weight) = weight {
                each(gathered, Edge::of(left, right, weight, pattern));
            }
        };
        self.pairs.walk(|pattern| self.weights[&pattern], keep)
    }
}

impl WeighedPairs for Weighed<'_> {
    fn each(&self, each: impl Fn(Edge) + Sync) -> u64 {
        let counted = |kept: &mut u64, edge: Edge| {
            *kept += 1;
            each(edge);
        };
        self.walk(counted).into_iter().sum()
    }

    fn gather(&self, wanted: impl Fn(&Edge) -> bool + Sync) -> Vec<Edge> {
        let keep = |kept: &mut Vec<Edge>, edge: Edge| {
            if wanted(&edge) {
                kept.push(edge);
            }
        };
        ascending(self.walk(keep))
    }
}

/// All pairs to which the scorer gives a chance, and how many there were. The others go on the way: while the pairs are gathered there is
/// no room for both, nor for the kept ones twice.
pub fn weigh_all(pairs: PairPatterns, scorer: &Scorer) -> (Kept, u64) {
    let weighed = Weighed::new(&pairs, std::slice::from_ref(scorer));
    let mut edges = Vec::with_capacity(weighed.each(|_| {}) as usize);
    let (weights, all) = (weighed.weights, pairs.pairs());
    let keep = |kept: &mut Vec<Edge>, (left, right): (u32, u32), pattern: Pattern, weight: Option<i64>| {
        kept.extend(weight.map(|weight| Edge::of(left, right, weight, pattern)));
    };
    pairs.walk_away(|pattern| weights[&pattern], keep, |kept| edges.extend(kept));
    (Kept { parts: vec![edges] }, all)
}

fn ascending(mut parts: Vec<Vec<Edge>>) -> Vec<Edge> {
    let mut edges = if parts.len() == 1 { parts.remove(0) } else { end_to_end(parts) };
    // What the night before compared ascends as it stood then: only what is fresh comes behind it.
    put_in_order(&mut edges);
    edges
}

/// As `concat`, but each part goes as soon as it is copied.
pub(super) fn end_to_end<T>(parts: Vec<Vec<T>>) -> Vec<T> {
    let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    parts.into_iter().for_each(|part| all.extend(part));
    all
}

/// The first scorer's weight of a pattern; `None` where no scorer gives it a chance.
fn weight_with_chance(scorers: &[Scorer], pattern: Pattern) -> Option<i64> {
    let first = scorers[0].weight_afresh(pattern);
    let has_chance = first > LOWEST || scorers[1..].iter().any(|scorer| scorer.weight_afresh(pattern) > LOWEST);
    has_chance.then_some(first)
}

/// The same with one scorer, where the night before has compared some of them: pairs that stand in a block for which `is_known` holds are taken from
/// `known`, and not compared again.
///
/// # Errors
/// Where what the night before left cannot be read any more.
pub fn score_fresh_pairs(
    comparisons: &Comparisons,
    scorer: &Scorer,
    blocks: &Blocks,
    (is_known, known): (&[bool], KnownPairs),
    progress: impl Fn(u64) + Sync,
) -> io::Result<Fresh> {
    let mut kept = known.gather(
        || Weights::new(scorer),
        |weights, (left, right), pattern| {
            // One whose blocks are all new, or gone, is compared with the others, or is none any more.
            let weight =
                weights.of(pattern).filter(|_| blocks.share_one_of(left, right, |block| is_known[block as usize]));
            weight.map(|weight| Edge::of(left, right, weight, pattern))
        },
    )?;
    let parts: Vec<(Fresh, Vec<Edge>)> = blocks
        .runs()
        .par_iter()
        .with_max_len(1)
        .map_init(
            || (Weights::new(scorer), Batch::default()),
            |(weights, batch), run| {
                let (mut fresh, mut kept) = (Fresh::default(), Vec::new());
                blocks.each_left_of_fresh(*run, is_known, |left, met| {
                    fresh.compared += met.known() + met.fresh().len() as u64;
                    fresh.recalled += met.known();
                    for (&right, &pattern) in met.fresh().iter().zip(comparisons.patterns(left, met.fresh(), batch)) {
                        kept.extend(weights.of(pattern).map(|weight| Edge::of(left, right, weight, pattern)));
                    }
                });
                progress(fresh.compared);
                kept.shrink_to_fit();
                (fresh, kept)
            },
        )
        .collect();
    let sum = |sum: (u64, u64), (part, _): &(Fresh, _)| (sum.0 + part.compared, sum.1 + part.recalled);
    let (compared, recalled) = parts.iter().fold((0, 0), sum);
    kept.extend(parts.into_iter().map(|(_, kept)| kept));
    Ok(Fresh { kept: kept.into_iter().collect(), compared, recalled })
}

/// How many candidate pairs [`score_fresh_pairs`] would not compare again.
pub fn known_pairs(blocks: &Blocks, is_known: &[bool]) -> u64 {
    let count = |run: &Pairs| {
        let mut pairs = 0;
        blocks.each_left_of_fresh(*run, is_known, |_, met| pairs += met.known());
        pairs
    };
    blocks.runs().par_iter().with_max_len(1).map(count).sum()
}

/// What scoring found where the night before had found some of it.
#[derive(Debug, Default)]
pub struct Fresh {
    /// The pairs that have a chance.
    pub kept: Kept,
    /// Candidate pairs in all, and how many of them were known.
    pub compared: u64,
    pub recalled: u64,
}

/// Patterns whose weights are remembered: 2^13 entries of 16 bytes stay in the second-level cache.
const REMEMBERED_BITS: u32 = 13;

/// Weights of the patterns seen lately. A few thousand patterns make nearly all pairs, and a weight costs some twenty exponentials.
struct Weights<'a> {
    scorer: &'a Scorer<'a>,
    /// A pattern and its weight, `None` where it has no chance, at the place that the hash of the pattern gives.
    known: Vec<(Pattern, Option<i64>)>,
}

impl<'a> Weights<'a> {
    fn new(scorer: &'a Scorer<'a>) -> Self {
        let mut weights = Weights { scorer, known: Vec::new() };
        // The pattern of two empty rows is zero: its weight fills the table, so that no entry is ever wrong.
        weights.known = vec![(0, weight_with_chance(std::slice::from_ref(scorer), 0)); 1 << REMEMBERED_BITS];
        weights
    }

    fn of(&mut self, pattern: Pattern) -> Option<i64> {
        let at = (pattern.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - REMEMBERED_BITS)) as usize;
        if self.known[at].0 != pattern {
            self.known[at] = (pattern, weight_with_chance(std::slice::from_ref(self.scorer), pattern));
        }
        self.known[at].1
    }
}
