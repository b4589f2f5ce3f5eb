//! Match weights: the prior, each comparison's level, and how common its value is, in bits.

use super::blocks::Blocks;
use super::compile::Memory;
use super::export::Counts;
use super::import::Level;
use super::prepare::Prepared;
use rayon::prelude::*;

/// A scored pair, by the places of its records in the order of ids.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    pub left: u32,
    pub right: u32,
    /// The blocking rule that yielded it first.
    pub rule: u32,
    /// log2 odds.
    pub weight: f64,
}

/// Scores pairs on one thread.
#[derive(Debug)]
pub struct Scorer<'a> {
    prepared: &'a Prepared<'a>,
}

impl<'a> Scorer<'a> {
    pub fn new(prepared: &'a Prepared<'a>) -> Scorer<'a> {
        Scorer { prepared }
    }

    /// The memory that scoring needs, one a thread.
    pub fn memory(&self) -> Memory {
        Memory::of(&self.prepared.kernels)
    }

    /// No pair counted yet, for [`super::export::count`].
    pub fn no_counts(&self) -> Counts {
        Counts::zero(self.prepared.model)
    }

    /// The match weight of two records by place, left < right, in bits.
    pub fn weight(&self, left: u32, right: u32, memory: &mut Memory) -> f64 {
        let mut weight = self.prepared.model.prior;
        for comparison in 0..self.prepared.levels.len() {
            let level = self.level(comparison, left, right, memory);
            weight += self.bits(comparison, level, left, right);
        }
        weight
    }

    /// The level that a comparison reaches: its place in [`super::Comparison::levels`].
    pub fn level(&self, comparison: usize, left: u32, right: u32, memory: &mut Memory) -> usize {
        let pair = self.prepared.pair(left, right);
        let tests = &self.prepared.levels[comparison];
        tests.iter().position(|test| pair.test(test, memory) == Some(true)).unwrap_or(tests.len())
    }

    /// What a level adds, its frequency adjustment included.
    pub fn bits(&self, comparison: usize, level: usize, left: u32, right: u32) -> f64 {
        let level: &Level = &self.prepared.model.comparisons[comparison].levels[level];
        let Some(rule) = &level.frequency else { return level.weight };
        let Some(known) = &self.prepared.frequencies[rule.column] else { return level.weight };
        let code = |place: u32| self.prepared.data.row(place)[known.slot];
        let adjustment = known
            .greater(code(left), code(right))
            .map_or(0.0, |frequency| rule.share * (rule.u_exact.log2() - frequency.max(rule.minimum).log2()));
        level.weight + adjustment
    }
}

/// Scores every candidate pair once and keeps those of at least `threshold` bits, ordered by their places.
pub fn predict(
    prepared: &Prepared,
    blocks: &Blocks,
    threshold: f64,
    progress: impl Fn(u64) + Sync,
) -> (Vec<ScoredPair>, u64) {
    let scorer = Scorer::new(prepared);
    let parts: Vec<(Vec<ScoredPair>, u64)> = blocks
        .tasks()
        .par_iter()
        .map_init(
            || scorer.memory(),
            |memory, task| {
                let (mut kept, mut compared) = (Vec::new(), 0);
                blocks.each_pair(task, memory, |rule, left, right, memory| {
                    compared += 1;
                    let weight = scorer.weight(left, right, memory);
                    if weight >= threshold {
                        kept.push(ScoredPair { left, right, rule, weight });
                    }
                });
                progress(compared);
                (kept, compared)
            },
        )
        .collect();
    let compared = parts.iter().map(|(_, compared)| compared).sum();
    let mut pairs: Vec<ScoredPair> = parts.into_iter().flat_map(|(kept, _)| kept).collect();
    pairs.par_sort_unstable_by_key(|pair| (pair.left, pair.right));
    (pairs, compared)
}
