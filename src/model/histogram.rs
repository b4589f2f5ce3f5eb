//! How many pairs have each pattern.

use crate::comparison::Pattern;
use rustc_hash::FxHashMap;

/// Patterns with the number of record pairs that have them, ascending by pattern.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    pub patterns: Vec<Pattern>,
    pub pairs: Vec<f64>,
}

/// Counts while pairs stream by; exact integers, so that merging is the same in any order.
#[derive(Debug, Default)]
pub struct Counter {
    counts: FxHashMap<Pattern, u64>,
}

impl Counter {
    /// Adds so many pairs of a pattern.
    pub fn add(&mut self, pattern: Pattern, pairs: u64) {
        if pairs > 0 {
            *self.counts.entry(pattern).or_default() += pairs;
        }
    }

    /// Both counts together.
    pub fn merge(mut self, other: Counter) -> Counter {
        if self.counts.len() < other.counts.len() {
            return other.merge(self);
        }
        other.counts.into_iter().for_each(|(pattern, pairs)| self.add(pattern, pairs));
        self
    }

    /// The histogram, every count multiplied by `scale`.
    pub fn finish(self, scale: f64) -> Histogram {
        let mut entries: Vec<(Pattern, u64)> = self.counts.into_iter().collect();
        entries.sort_unstable();
        Histogram {
            patterns: entries.iter().map(|(pattern, _)| *pattern).collect(),
            pairs: entries.iter().map(|(_, pairs)| *pairs as f64 * scale).collect(),
        }
    }
}

impl Histogram {
    pub fn total(&self) -> f64 {
        self.pairs.iter().sum()
    }
}
