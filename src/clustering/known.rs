//! Kept pairs found by their identities: clustering asks for their patterns over and over.

use super::Evidence;
use super::links::Edge;
use crate::comparison::{Batch, Pattern};

/// Pairs by their smaller identity. Looking one up touches two or three cache lines where comparing touches a dozen. 4 bytes an identity: the pairs
/// stand where they stand anyway.
#[derive(Debug)]
pub struct Known<'a> {
    /// Pairs of identity `i`: places `starts[i]..starts[i + 1]`.
    starts: Vec<u32>,
    /// Ascending.
    edges: &'a [Edge],
}

impl<'a> Known<'a> {
    /// `edges` ascend, left < right; those beyond 2^32 are not found.
    pub fn of(identities: usize, edges: &'a [Edge]) -> Known<'a> {
        let edges = &edges[..edges.len().min(u32::MAX as usize)];
        let mut starts = vec![0; identities + 1];
        edges.iter().for_each(|edge| starts[edge.left as usize + 1] += 1);
        (0..identities).for_each(|identity| starts[identity + 1] += starts[identity]);
        Known { starts, edges }
    }

    /// The pattern of a pair, left < right, where it is known.
    pub fn pattern(&self, left: u32, right: u32) -> Option<Pattern> {
        self.of_left(left).iter().find(|edge| edge.right == right).map(|edge| edge.pattern)
    }

    /// Waits for the pairs of each of `lefts` side by side, where looking one up after another would wait for each.
    fn wait_for(&self, lefts: impl Iterator<Item = u32>, runs: &mut Vec<(u32, u32)>) {
        runs.clear();
        runs.extend(lefts.map(|left| (self.starts[left as usize], self.starts[left as usize + 1])));
        let first = |&(from, to): &(u32, u32)| if from < to { self.edges[from as usize].right } else { 0 };
        std::hint::black_box(runs.iter().map(first).fold(0, u32::wrapping_add));
    }

    fn of_left(&self, left: u32) -> &'a [Edge] {
        &self.edges[self.starts[left as usize] as usize..self.starts[left as usize + 1] as usize]
    }
}

/// The known pairs of one identity, walked once while those that it is asked about with ascend, where looking each up would begin anew.
#[derive(Default)]
struct Walk<'a> {
    left: Option<u32>,
    right: u32,
    /// The pairs of `left` from `right` on.
    rest: &'a [Edge],
}

impl<'a> Walk<'a> {
    fn pattern(&mut self, known: &Known<'a>, left: u32, right: u32) -> Option<Pattern> {
        if self.left != Some(left) || right < self.right {
            (self.left, self.rest) = (Some(left), known.of_left(left));
        }
        self.right = right;
        let before = self.rest.iter().take_while(|edge| edge.right < right).count();
        self.rest = &self.rest[before..];
        self.rest.first().filter(|edge| edge.right == right).map(|edge| edge.pattern)
    }
}

/// Patterns of many pairs at once: those that are not known are compared together, so that waiting for memory overlaps.
#[derive(Default)]
pub(super) struct Asked {
    patterns: Vec<Pattern>,
    /// Where the pairs stand that are known of each first identity.
    runs: Vec<(u32, u32)>,
    /// Pairs that are not known, and their places.
    unknown: Vec<(u32, u32)>,
    places: Vec<usize>,
    batch: Batch,
}

impl Asked {
    /// As [`Evidence::pattern`] of each pair, left ≤ right, in their order. Pairs of one left identity are best asked for one after another, right
    /// ascending.
    pub fn patterns(&mut self, evidence: &Evidence, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> &[Pattern] {
        self.patterns.clear();
        self.unknown.clear();
        self.places.clear();
        if let Some(known) = evidence.known {
            let mut before = None;
            let lefts = pairs.clone().map(|(left, _)| left).filter(|&left| before.replace(left) != Some(left));
            known.wait_for(lefts, &mut self.runs);
        }
        let mut walk = Walk::default();
        for (place, (left, right)) in pairs.enumerate() {
            let known = evidence.known.filter(|_| left < right).and_then(|known| walk.pattern(known, left, right));
            if known.is_none() {
                self.unknown.push((left, right));
                self.places.push(place);
            }
            self.patterns.push(known.unwrap_or_default());
        }
        let found = evidence.comparisons.patterns_remembered(&self.unknown, &mut self.batch);
        self.places.iter().zip(found).for_each(|(&place, &pattern)| self.patterns[place] = pattern);
        &self.patterns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_is_found_by_its_pair_alone() {
        let edges = [(0, 2, 7), (0, 3, 8), (2, 3, 9)].map(|(left, right, pattern)| Edge::of(left, right, 0, pattern));
        let known = Known::of(4, &edges);
        let found = [(0, 2), (0, 3), (2, 3), (0, 1), (1, 3), (3, 3)].map(|(left, right)| known.pattern(left, right));
        assert_eq!(found, [Some(7), Some(8), Some(9), None, None, None]);
    }

    proptest! {
        #[test]
        fn whoever_asks_in_any_order_is_told_what_a_look_up_tells(
            pairs in prop::collection::btree_map((0u32..9, 0u32..9), 0u64..99, 0..30),
            asked in prop::collection::vec((0u32..9, 0u32..9), 0..60),
        ) {
            let apart = pairs.iter().filter(|((left, right), _)| left < right);
            let edges: Vec<Edge> = apart.map(|(&(left, right), &pattern)| Edge::of(left, right, 0, pattern)).collect();
            let known = Known::of(9, &edges);
            let mut walk = Walk::default();
            for (left, right) in asked.into_iter().filter(|(left, right)| left < right) {
                prop_assert_eq!(walk.pattern(&known, left, right), known.pattern(left, right));
            }
        }
    }
}
