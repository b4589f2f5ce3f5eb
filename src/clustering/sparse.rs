//! Average link over the scored pairs of a component that is too large for a matrix: pairs that nobody scored count as [`LOWEST`]
//! (ACCURACY.md section 7).

use super::merges::{LOWEST, Merge};
use crate::model::probability;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A scored pair of places in the component.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored {
    pub left: u32,
    pub right: u32,
    pub weight: i64,
    pub forbidden: bool,
}

/// What stands between two clusters.
#[derive(Debug, Clone, Copy, Default)]
struct Between {
    /// Sum over record pairs of the weight above [`LOWEST`].
    excess: i64,
    expected: f64,
    forbidden: bool,
}

struct Part {
    records: i64,
    version: u32,
    /// A verified number that one of its records carries; two different ones never meet.
    number: Option<u32>,
    between: FxHashMap<u32, Between>,
}

/// A candidate join, best first; ties go to the smaller places. Stale where a version has moved on.
type Candidate = (i64, Reverse<u32>, Reverse<u32>, u32, u32);

/// As [`super::matrix::agglomerate`], in m log m steps for m scored pairs; `numbers` are verified numbers by place.
pub(super) fn agglomerate(
    scored: &[Scored],
    records: &[i64],
    numbers: &[Option<u32>],
    together: &[(usize, usize)],
    lowest: i64,
) -> Vec<Merge> {
    let mut parts: Vec<Option<Part>> = records
        .iter()
        .zip(numbers)
        .map(|(&records, &number)| Some(Part { records, version: 0, number, between: FxHashMap::default() }))
        .collect();
    for pair in scored {
        let times = records[pair.left as usize] * records[pair.right as usize];
        let between = Between {
            excess: (pair.weight - LOWEST).max(0) * times,
            expected: probability(pair.weight) * times as f64,
            forbidden: pair.forbidden,
        };
        for (a, b) in [(pair.left, pair.right), (pair.right, pair.left)] {
            parts[a as usize].as_mut().expect("nothing is joined yet").between.insert(b, between);
        }
    }
    let mut owner: Vec<u32> = (0..records.len() as u32).collect();
    let mut merges = Vec::new();
    for &(a, b) in together {
        let (a, b) = (find(&mut owner, a as u32), find(&mut owner, b as u32));
        if a != b && may_join(&parts, a, b) {
            merges.push(join(&mut parts, &mut owner, a.min(b), a.max(b), i64::MAX));
        }
    }
    let mut heap: BinaryHeap<Candidate> = BinaryHeap::new();
    for a in 0..parts.len() as u32 {
        let partners: Vec<u32> = parts[a as usize].iter().flat_map(|part| part.between.keys().copied()).collect();
        partners.into_iter().filter(|b| a < *b).for_each(|b| offer(&parts, &mut heap, a, b, lowest));
    }
    while let Some((average, Reverse(a), Reverse(b), version_a, version_b)) = heap.pop() {
        let current = |at: u32, version| parts[at as usize].as_ref().is_some_and(|part| part.version == version);
        if current(a, version_a) && current(b, version_b) && may_join(&parts, a, b) {
            merges.push(join(&mut parts, &mut owner, a, b, average));
            let kept = find(&mut owner, a);
            let partners: Vec<u32> =
                parts[kept as usize].iter().flat_map(|part| part.between.keys().copied()).collect();
            partners.into_iter().for_each(|other| offer(&parts, &mut heap, kept.min(other), kept.max(other), lowest));
        }
    }
    merges
}

fn find(owner: &mut [u32], mut at: u32) -> u32 {
    while owner[at as usize] != at {
        owner[at as usize] = owner[owner[at as usize] as usize];
        at = owner[at as usize];
    }
    at
}

fn may_join(parts: &[Option<Part>], a: u32, b: u32) -> bool {
    let (Some(left), Some(right)) = (&parts[a as usize], &parts[b as usize]) else { return false };
    let two_numbers = left.number.is_some() && right.number.is_some() && left.number != right.number;
    !two_numbers && !left.between.get(&b).is_some_and(|between| between.forbidden)
}

fn offer(parts: &[Option<Part>], heap: &mut BinaryHeap<Candidate>, a: u32, b: u32, lowest: i64) {
    let (Some(left), Some(right)) = (&parts[a as usize], &parts[b as usize]) else { return };
    let Some(between) = left.between.get(&b).filter(|between| !between.forbidden) else { return };
    let average = between.excess.div_euclid(left.records * right.records) + LOWEST;
    if average >= lowest {
        heap.push((average, Reverse(a), Reverse(b), left.version, right.version));
    }
}

/// Joins two parts under the place that has more neighbours.
fn join(parts: &mut [Option<Part>], owner: &mut [u32], a: u32, b: u32, average: i64) -> Merge {
    let neighbours = |at: u32| parts[at as usize].as_ref().map_or(0, |part| part.between.len());
    let (stays, goes) = if neighbours(a) >= neighbours(b) { (a, b) } else { (b, a) };
    let gone = parts[goes as usize].take().expect("a part that is joined is there");
    let mut kept = parts[stays as usize].take().expect("a part that is joined is there");
    let pairs = (kept.records * gone.records) as u64;
    let expected = kept.between.remove(&goes).map_or(0.0, |between| between.expected);
    for (other, between) in gone.between {
        if other == stays {
            continue;
        }
        let sum = kept.between.entry(other).or_default();
        sum.excess += between.excess;
        sum.expected += between.expected;
        sum.forbidden |= between.forbidden;
        if let Some(part) = parts[other as usize].as_mut() {
            part.between.remove(&goes);
            part.between.insert(stays, *sum);
        }
    }
    kept.records += gone.records;
    kept.version += 1;
    kept.number = kept.number.or(gone.number);
    parts[stays as usize] = Some(kept);
    owner[goes as usize] = stays;
    Merge { average, left: a, right: b, pairs, expected }
}

#[cfg(test)]
mod tests {
    use super::super::matrix::{self, Matrix};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Where every pair is scored, both ways join the same nodes at the same averages.
        #[test]
        fn equals_the_matrix_where_all_is_scored(
            size in 2usize..9,
            weights in prop::collection::hash_set(-8_000i64..8_000, 36),
            forbidden in prop::collection::vec(0u8..6, 36),
        ) {
            let weights: Vec<i64> = weights.into_iter().collect();
            let (mut matrix, mut scored, mut at) = (Matrix::new(size), Vec::new(), 0);
            for a in 0..size {
                for b in a + 1..size {
                    matrix.set(a, b, weights[at], forbidden[at] == 0);
                    scored.push(Scored { left: a as u32, right: b as u32, weight: weights[at], forbidden: forbidden[at] == 0 });
                    at += 1;
                }
            }
            let records = vec![1; size];
            let clusters = |merges: &[Merge]| {
                let mut owner: Vec<u32> = (0..size as u32).collect();
                for merge in merges {
                    let (from, into) = (owner[merge.right as usize], owner[merge.left as usize]);
                    owner.iter_mut().filter(|owner| **owner == from).for_each(|owner| *owner = into);
                }
                let first = |x: u32| owner.iter().position(|owner| *owner == x);
                owner.iter().map(|owner| first(*owner)).collect::<Vec<_>>()
            };
            let dense = matrix::agglomerate(&matrix, &records, &[], 0);
            let sparse = agglomerate(&scored, &records, &vec![None; size], &[], 0);
            prop_assert_eq!(clusters(&dense), clusters(&sparse));
        }
    }

    #[test]
    fn two_verified_numbers_never_meet_though_nobody_scored_them() {
        let scored = [(0, 1), (1, 2)].map(|(left, right)| Scored { left, right, weight: 30_000, forbidden: false });
        let merges = agglomerate(&scored, &[1, 1, 1], &[Some(7), None, Some(8)], &[], -2_000);
        assert_eq!(merges.len(), 1);
    }

    #[test]
    fn a_pair_that_is_kept_apart_never_meets_through_others() {
        let mut scored = vec![(0, 1, 30_000, false), (1, 2, 29_000, false)];
        assert_eq!(joins(&scored), 2);
        // As `Nodes::edges` lists what must be kept apart, though nobody scored it.
        scored.push((0, 2, LOWEST, true));
        assert_eq!(joins(&scored), 1);
    }

    fn joins(pairs: &[(u32, u32, i64, bool)]) -> usize {
        let scored: Vec<Scored> =
            pairs.iter().map(|&(left, right, weight, forbidden)| Scored { left, right, weight, forbidden }).collect();
        agglomerate(&scored, &[1, 1, 1], &[None; 3], &[], LOWEST).len()
    }
}
