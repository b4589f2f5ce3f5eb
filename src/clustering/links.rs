//! Scoring every candidate pair once.

use super::merges::LOWEST;
use crate::blocking::Blocks;
use crate::comparison::{Batch, Comparisons, Pattern};
use crate::model::Scorer;
use rayon::prelude::*;

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

/// Compares all candidate pairs and keeps those that one of the scorers gives a chance, ascending; also says how many were compared. Weights are
/// the first scorer's.
///
/// About 0.4 µs a pair: 12 M pairs of 1 M identities take some 2.5 s on two cores. Kept pairs take 24 bytes each.
pub fn score_pairs(
    comparisons: &Comparisons,
    scorers: &[Scorer],
    blocks: &Blocks,
    progress: impl Fn(u64) + Sync,
) -> (Vec<Edge>, u64) {
    let parts: Vec<(Vec<Edge>, u64)> = blocks
        .runs()
        .par_iter()
        .map_init(
            || (Weights::new(scorers), Batch::default()),
            |(weights, batch), run| {
                let (mut kept, mut compared) = (Vec::new(), 0);
                let each = |left: u32, rights: &[u32]| {
                    compared += rights.len() as u64;
                    for (&right, &pattern) in rights.iter().zip(comparisons.patterns(left, rights, batch)) {
                        if let Some(weight) = weights.of(pattern) {
                            kept.push(Edge::of(left, right, weight, pattern));
                        }
                    }
                };
                blocks.each_left(*run, |_| true, each);
                progress(compared);
                (kept, compared)
            },
        )
        .collect();
    let compared = parts.iter().map(|(_, compared)| compared).sum();
    let mut edges: Vec<Edge> = Vec::with_capacity(parts.iter().map(|(kept, _)| kept.len()).sum());
    parts.into_iter().for_each(|(kept, _)| edges.extend(kept));
    edges.par_sort_unstable();
    (edges, compared)
}

/// Patterns whose weights are remembered: 2^13 entries of 16 bytes stay in the second-level cache.
const REMEMBERED_BITS: u32 = 13;

/// Weights of the patterns seen lately. A few thousand patterns make nearly all pairs, and a weight costs some twenty exponentials.
struct Weights<'a> {
    scorers: &'a [Scorer<'a>],
    /// A pattern and the first scorer's weight, `None` where no scorer gives it a chance, at the place that the pattern's hash gives.
    known: Vec<(Pattern, Option<i64>)>,
}

impl<'a> Weights<'a> {
    fn new(scorers: &'a [Scorer<'a>]) -> Self {
        let mut weights = Weights { scorers, known: Vec::new() };
        // The pattern of two empty rows is zero: its weight fills the table, so that no entry is ever wrong.
        weights.known = vec![(0, weights.look_up(0)); 1 << REMEMBERED_BITS];
        weights
    }

    fn look_up(&self, pattern: Pattern) -> Option<i64> {
        let first = self.scorers[0].weight_afresh(pattern);
        let has_chance =
            first > LOWEST || self.scorers[1..].iter().any(|scorer| scorer.weight_afresh(pattern) > LOWEST);
        has_chance.then_some(first)
    }

    fn of(&mut self, pattern: Pattern) -> Option<i64> {
        let at = (pattern.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - REMEMBERED_BITS)) as usize;
        if self.known[at].0 != pattern {
            self.known[at] = (pattern, self.look_up(pattern));
        }
        self.known[at].1
    }
}
