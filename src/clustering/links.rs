//! Scoring every candidate pair once.

use super::KEPT_FROM;
use crate::blocking::Blocks;
use crate::comparison::{Batch, Comparisons, Pattern};
use crate::model::{Scorer, weight_of};
use rayon::prelude::*;

/// A scored pair of identities, left < right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub left: u32,
    pub right: u32,
    /// Log odds in 1/1024 bit.
    pub weight: i64,
    pub pattern: Pattern,
}

/// The lowest weight of a pair that is kept.
pub(super) fn floor() -> i64 {
    weight_of(KEPT_FROM)
}

/// Scores all candidate pairs and keeps those that have a chance, ascending; also says how many were compared.
///
/// About 0.4 µs a pair: 12 M pairs of 1 M identities take some 2.5 s on two cores. Kept pairs take 32 bytes each.
pub fn score_pairs(
    comparisons: &Comparisons,
    scorer: &Scorer,
    blocks: &Blocks,
    progress: impl Fn(u64) + Sync,
) -> (Vec<Edge>, u64) {
    let floor = floor();
    let parts: Vec<(Vec<Edge>, u64)> = blocks
        .runs()
        .par_iter()
        .map_init(
            || (Weights::new(scorer), Batch::default()),
            |(weights, batch), run| {
                let (mut kept, mut compared) = (Vec::new(), 0);
                let each = |left: u32, rights: &[u32]| {
                    compared += rights.len() as u64;
                    for (&right, &pattern) in rights.iter().zip(comparisons.patterns(left, rights, batch)) {
                        let weight = weights.of(pattern);
                        if weight >= floor {
                            kept.push(Edge { left, right, weight, pattern });
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
    let mut edges: Vec<Edge> = parts.into_iter().flat_map(|(kept, _)| kept).collect();
    edges.par_sort_unstable();
    (edges, compared)
}

/// Patterns whose weights are remembered: 2^13 entries of 16 bytes stay in the second-level cache.
const REMEMBERED_BITS: u32 = 13;

/// Weights of the patterns seen lately. A few thousand patterns make nearly all pairs, and a weight costs some twenty exponentials.
struct Weights<'a> {
    scorer: &'a Scorer<'a>,
    /// A pattern and its weight, at the place that the pattern's hash gives.
    known: Vec<(Pattern, i64)>,
}

impl<'a> Weights<'a> {
    fn new(scorer: &'a Scorer<'a>) -> Self {
        // The pattern of two empty rows is zero: its weight fills the table, so that no entry is ever wrong.
        Weights { scorer, known: vec![(0, scorer.weight(0)); 1 << REMEMBERED_BITS] }
    }

    fn of(&mut self, pattern: Pattern) -> i64 {
        let slot = &mut self.known[(pattern.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - REMEMBERED_BITS)) as usize];
        if slot.0 != pattern {
            *slot = (pattern, self.scorer.weight(pattern));
        }
        slot.1
    }
}
