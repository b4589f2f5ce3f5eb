//! Many pairs compared at once: their rows are gathered first, so that waiting for memory overlaps; then each comparison runs over all of them.

use super::memory::Memory;
use super::{Comparisons, Pattern};

/// What comparing many pairs at once needs: rows side by side, and the patterns.
#[derive(Debug, Default)]
pub struct Batch {
    /// Of the first identities, where these differ from pair to pair.
    lefts: Vec<u32>,
    rows: Vec<u32>,
    patterns: Vec<Pattern>,
    /// Pairs that were not remembered, and their places in `answers`.
    unknown: Vec<(u32, u32)>,
    places: Vec<usize>,
    answers: Vec<Pattern>,
}

impl Batch {
    /// The patterns of pairs, in their order; what `memory` does not know is compared together, and remembered but for copies of one identity.
    pub(super) fn remembered(
        &mut self,
        comparisons: &Comparisons,
        pairs: &[(u32, u32)],
        memory: &Memory,
    ) -> &[Pattern] {
        self.unknown.clear();
        self.places.clear();
        self.answers.clear();
        for (place, &(left, right)) in pairs.iter().enumerate() {
            let known = if left == right { None } else { memory.get(left, right) };
            if known.is_none() {
                self.unknown.push((left, right));
                self.places.push(place);
            }
            self.answers.push(known.unwrap_or_default());
        }
        let unknown = std::mem::take(&mut self.unknown);
        comparisons.patterns_of(&unknown, self);
        for ((&(left, right), &place), &pattern) in unknown.iter().zip(&self.places).zip(&self.patterns) {
            self.answers[place] = pattern;
            if left != right {
                memory.put(left, right, pattern);
            }
        }
        self.unknown = unknown;
        &self.answers
    }
}

impl Comparisons {
    /// The patterns of one identity with each of `rights`, in their order.
    ///
    /// The rows are gathered first, so that waiting for memory overlaps; then each comparison runs over all of them.
    pub fn patterns<'a>(&self, left: u32, rights: &[u32], batch: &'a mut Batch) -> &'a [Pattern] {
        let left = self.row(left);
        batch.rows.clear();
        rights.iter().for_each(|&right| batch.rows.extend_from_slice(self.row(right)));
        batch.patterns.clear();
        batch.patterns.resize(rights.len(), 0);
        for comparison in &self.list {
            for (pattern, right) in batch.patterns.iter_mut().zip(batch.rows.chunks_exact(self.width)) {
                *pattern |= comparison.level(left, right).map_or(0, |level| (u64::from(level) + 1) << comparison.shift);
            }
        }
        &batch.patterns
    }

    /// The patterns of pairs that have nothing to do with each other, in their order; gathered first in the same way.
    pub fn patterns_of<'a>(&self, pairs: &[(u32, u32)], batch: &'a mut Batch) -> &'a [Pattern] {
        batch.lefts.clear();
        batch.rows.clear();
        for &(left, right) in pairs {
            batch.lefts.extend_from_slice(self.row(left));
            batch.rows.extend_from_slice(self.row(right));
        }
        batch.patterns.clear();
        batch.patterns.resize(pairs.len(), 0);
        for comparison in &self.list {
            let rows = batch.lefts.chunks_exact(self.width).zip(batch.rows.chunks_exact(self.width));
            for (pattern, (left, right)) in batch.patterns.iter_mut().zip(rows) {
                *pattern |= comparison.level(left, right).map_or(0, |level| (u64::from(level) + 1) << comparison.shift);
            }
        }
        &batch.patterns
    }
}
