//! The context pass: what the other records of two clusters say about a pair (ACCURACY.md section 8).
//!
//! The context of a pair is the average link between the two records' clusters *without this pair*: in one cluster, both records to
//! their mates; across two, all cross pairs but this one. A pair whose records are both alone has none. Its bins are one more comparison,
//! of which only the weights are learnt.

use crate::comparison::Pattern;
use crate::model::{ContextWeights, UNITS_PER_BIT, probability};

/// Edges of the bins of the average, in natural log odds.
const EDGES: [f64; 14] = [-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.5, 5.0, 7.0, 9.0, 12.0];
/// Number of levels.
pub const LEVELS: usize = EDGES.len() + 1;
/// Clusters whose average is at least this are looked at pair by pair, in natural log odds.
const TOUCHING: f64 = -5.5;
/// Pairs that pull a level's weight towards no effect.
const PSEUDO_PAIRS: f64 = 200.0;
/// Expected matches of which at least this share must have a context, or nothing can be learnt from it.
const SHARE_MIN: f64 = 0.2;
const ROUNDS: usize = 5;
/// Width and ends of the bins of weights in [`Seen`], in 1/1024 bit.
const STEP: i64 = 256;
const LOW: i64 = -16 * 1024;
const HIGH: i64 = 48 * 1024;

/// 1/1024 bit of natural log odds.
fn units(natural: f64) -> f64 {
    natural / std::f64::consts::LN_2 * UNITS_PER_BIT
}

/// The level of an average in 1/1024 bit.
pub fn level_of(average: f64) -> u8 {
    EDGES.iter().take_while(|edge| average >= units(**edge)).count() as u8
}

/// What a level says, in words.
pub fn words(level: u8) -> String {
    match usize::from(level) {
        0 => "their other records speak clearly against it".into(),
        at if at < LEVELS - 1 => {
            let bits = |edge: f64| edge / std::f64::consts::LN_2;
            format!("their other records agree by {:.0} to {:.0} bits", bits(EDGES[at - 1]), bits(EDGES[at]))
        }
        _ => "their other records agree fully".into(),
    }
}

/// The cross pairs of two clusters (or the pairs inside one), with the context level of each.
pub(super) struct Cross {
    /// Places in the two lists of nodes, weight as it counts in averages, context level.
    pub pairs: Vec<(u32, u32, i64, Option<u8>)>,
    /// Their patterns.
    pub patterns: Vec<Pattern>,
}

/// Whether two clusters are looked at pair by pair: `excess` is the sum of what their scored pairs weigh above [`super::merges::LOWEST`], over
/// `pairs` record pairs in all.
pub(super) fn are_touching(excess: i64, pairs: i64) -> bool {
    excess as f64 >= (units(TOUCHING) - super::merges::LOWEST as f64) * pairs as f64
}

/// All pairs across clusters `a` and `b`, which differ; `records` are those of a node, `weight` is what a pair counts in averages. `patterns` are of
/// the pairs of the first of `a` with each of `b`, then of the second, and so on.
pub(super) fn across(
    a: &[u32],
    b: &[u32],
    records: impl Fn(u32) -> i64,
    (patterns, weight): (&[Pattern], impl Fn(u32, u32, Pattern) -> i64),
) -> Cross {
    let all = |list: &[u32]| list.iter().map(|&node| records(node)).sum::<i64>();
    let count = all(a) * all(b);
    let mut pairs = Vec::with_capacity(a.len() * b.len());
    let mut sum = 0;
    for (i, &x) in a.iter().enumerate() {
        for (j, &y) in b.iter().enumerate() {
            let weight = weight(x, y, patterns[pairs.len()]);
            sum += weight * records(x) * records(y);
            pairs.push((i as u32, j as u32, weight, None));
        }
    }
    if count > 1 {
        pairs.iter_mut().for_each(|pair| pair.3 = Some(level_of((sum - pair.2) as f64 / (count - 1) as f64)));
    }
    Cross { pairs, patterns: patterns.to_vec() }
}

/// All pairs inside one cluster; copies of one identity are pairs too, each of which weighs what `own` says. `patterns` are of the pairs (0,1), (0,2),
/// …, (1,2), ….
pub(super) fn inside(
    a: &[u32],
    records: impl Fn(u32) -> i64,
    own: impl Fn(u32) -> i64,
    (patterns, weight): (&[Pattern], impl Fn(u32, u32, Pattern) -> i64),
) -> Cross {
    let all: i64 = a.iter().map(|&node| records(node)).sum();
    let mut to_mates: Vec<i64> = a
        .iter()
        .map(|&node| match records(node) {
            1 => 0,
            copies => (copies - 1) * own(node),
        })
        .collect();
    let mut pairs = Vec::with_capacity(patterns.len());
    for i in 0..a.len() {
        for j in i + 1..a.len() {
            let weight = weight(a[i], a[j], patterns[pairs.len()]);
            to_mates[i] += weight * records(a[j]);
            to_mates[j] += weight * records(a[i]);
            pairs.push((i as u32, j as u32, weight, None));
        }
    }
    if all > 2 {
        for pair in &mut pairs {
            let sum = to_mates[pair.0 as usize] + to_mates[pair.1 as usize] - 2 * pair.2;
            pair.3 = Some(level_of(sum as f64 / (2 * (all - 2)) as f64));
        }
    }
    Cross { pairs, patterns: patterns.to_vec() }
}

/// Pairs seen, by level (the last for none) and by bin of their weight: all that learning needs, however many there are.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    counts: Vec<u64>,
}

const BINS: usize = ((HIGH - LOW) / STEP) as usize + 1;

impl Default for Seen {
    fn default() -> Self {
        Seen { counts: vec![0; (LEVELS + 1) * BINS] }
    }
}

impl Seen {
    pub fn add(&mut self, level: Option<u8>, weight: i64, pairs: i64) {
        let level = level.map_or(LEVELS, usize::from);
        let bin = ((weight - LOW + STEP / 2).div_euclid(STEP)).clamp(0, BINS as i64 - 1) as usize;
        self.counts[level * BINS + bin] += pairs as u64;
    }

    /// Both counts together.
    pub fn merge(mut self, other: Seen) -> Seen {
        self.counts.iter_mut().zip(other.counts).for_each(|(sum, count)| *sum += count);
        self
    }

    /// Expected matches of a level, and all its pairs, when `add` is added to every weight.
    fn expected(&self, level: usize, add: f64) -> (f64, f64) {
        let row = &self.counts[level * BINS..(level + 1) * BINS];
        let mut sums = (0.0, 0.0);
        for (bin, &count) in row.iter().enumerate().filter(|(_, count)| **count > 0) {
            let weight = (LOW + bin as i64 * STEP) as f64 + add;
            sums.0 += probability(weight.round() as i64) * count as f64;
            sums.1 += count as f64;
        }
        sums
    }

    /// Learns the weights: m from the pairs' probabilities, u from the rest, with pseudo-pairs towards no effect, ascending. `None` where
    /// hardly anyone has a third record.
    pub fn learn(&self) -> Option<ContextWeights> {
        let mut weights = [0.0f64; LEVELS];
        for _ in 0..ROUNDS {
            let levels: Vec<(f64, f64)> = (0..LEVELS).map(|level| self.expected(level, weights[level])).collect();
            let with: f64 = levels.iter().map(|(matches, _)| matches).sum();
            let without = self.expected(LEVELS, 0.0).0;
            if with < SHARE_MIN * (with + without) || with < 1.0 {
                return None;
            }
            let mut u: Vec<f64> = levels.iter().map(|(matches, pairs)| (pairs - matches).max(0.0) + 0.5).collect();
            let all: f64 = u.iter().sum();
            u.iter_mut().for_each(|u| *u /= all);
            let m: Vec<f64> = levels.iter().zip(&u).map(|((matches, _), u)| matches + PSEUDO_PAIRS * u).collect();
            let all: f64 = m.iter().sum();
            let mut highest = f64::NEG_INFINITY;
            for (weight, (m, u)) in weights.iter_mut().zip(m.iter().zip(&u)) {
                highest = highest.max(units((m / all / u).ln()));
                *weight = highest;
            }
        }
        Some(ContextWeights(weights.iter().map(|weight| weight.round() as i64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_ascend_with_the_average() {
        assert_eq!(level_of(units(-7.0)), 0);
        assert_eq!(level_of(units(0.5)), 7);
        assert_eq!(usize::from(level_of(units(30.0))), LEVELS - 1);
    }

    #[test]
    fn agreement_of_others_speaks_for_a_pair_and_disagreement_against() {
        let mut seen = Seen::default();
        for _ in 0..1_000 {
            seen.add(Some(13), 6_000, 1);
            seen.add(Some(13), 0, 1);
            seen.add(Some(1), -6_000, 3);
            seen.add(Some(1), 0, 1);
        }
        let weights = seen.learn().expect("there is enough to learn from");
        assert!(weights.0.is_sorted());
        assert!(weights.weight(Some(13)) > 1_000 && weights.weight(Some(1)) < -1_000, "{weights:?}");
        assert_eq!(weights.weight(None), 0);
    }

    #[test]
    fn where_nobody_has_a_third_record_nothing_is_learnt() {
        let mut seen = Seen::default();
        seen.add(None, 9_000, 1_000);
        seen.add(Some(5), 9_000, 10);
        assert_eq!(seen.learn(), None);
    }
}
