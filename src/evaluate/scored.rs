//! Every kept pair of records by its weight: what threshold curves, calibration and the model's own estimates are counted from.

use super::interval::{Estimate, wilson};
use super::known::Known;
use super::measures::{harmonic, pairs_within};
use super::scene::Scene;
use crate::model::{Calibration, UNITS_PER_BIT, probability};
use crate::records::MISSING;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Serialize;

/// Up to this many pairs of two identities are looked at one by one; beyond, their records are counted by person.
const ONE_BY_ONE: usize = 256;
/// Step of the threshold curve, in bits.
const STEP_BITS: f64 = 0.5;
/// Edges of the bins of the reliability diagram. Pairs below the first are not kept by linking.
const BINS: [f64; 14] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0];

/// Pairs of records, counted four ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub pairs: u64,
    /// Of one person in truth; 0 where no truth was read.
    pub truly: u64,
    /// Given to one person.
    pub together: u64,
    pub truly_together: u64,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.pairs += other.pairs;
        self.truly += other.truly;
        self.together += other.together;
        self.truly_together += other.truly_together;
    }
}

/// Pairs of records by weight in 1/1024 bit, highest first. A pair counts once, with the highest weight of its rows.
pub(super) struct Scored {
    pub by_weight: Vec<(i64, Counts)>,
    /// What weights mean.
    pub calibration: Calibration,
}

/// One threshold of pairs, no clustering: what linking every pair from here on would be worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Threshold {
    pub probability: f64,
    pub bits: f64,
    pub found: u64,
    pub both: u64,
    pub precision: Estimate,
    pub recall: Estimate,
    pub f1: Option<f64>,
}

/// Pairs that the model gives about the same probability, and how many of them are right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub pairs: u64,
    /// The mean probability of these pairs.
    pub said: Option<f64>,
    pub right: u64,
    pub true_share: Estimate,
}

/// Records of each identity: those of a single identity, and those that have rows of several.
struct Members {
    single: Vec<Vec<u32>>,
    several: Vec<Vec<u32>>,
}

/// A pair of records, and the weight of a pair of their rows.
type OfSeveral = (u32, u32, i64);

impl Scored {
    /// Counts pairs of measured records; `with_truth` where their true person is known.
    pub fn of(scene: &Scene, known: &Known, with_truth: bool) -> Scored {
        let members = Members::of(scene, known, with_truth);
        let scorer = scene.model.scorer(&scene.comparisons);
        let crossing = scene.links().par_chunks(1 << 14).map(|links| {
            let mut tally = Tally::default();
            links.iter().for_each(|edge| tally.cross(known, &members, edge.left, edge.right, i64::from(edge.weight)));
            tally
        });
        // Records with the very same values were never a pair of identities; their weight is that of agreeing with a copy.
        let identities: Vec<u32> = (0..scene.identities.len() as u32).collect();
        let within = identities.par_chunks(1 << 12).map(|identities| {
            let mut tally = Tally::default();
            for &identity in identities.iter().filter(|&&identity| members.records(identity) > 1) {
                let weight = scorer.weight(scene.comparisons.pattern(identity, identity));
                tally.within(known, &members, identity, weight);
            }
            tally
        });
        let parts: Vec<Tally> = crossing.chain(within).collect();
        let mut tally = parts.into_iter().fold(Tally::default(), Tally::merge);
        tally.settle(known);
        let mut by_weight: Vec<(i64, Counts)> = tally.by_weight.into_iter().collect();
        by_weight.sort_unstable_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        Scored { by_weight, calibration: scene.model.calibration() }
    }

    /// The curve over thresholds, lowest first, where `truth` pairs are true in all.
    pub fn curve(&self, truth: u64) -> Vec<Threshold> {
        let step = (STEP_BITS * UNITS_PER_BIT) as i64;
        let mut curve = Vec::new();
        let mut sum = Counts::default();
        let mut next = self.by_weight.iter().peekable();
        let Some((highest, lowest)) = self.by_weight.first().zip(self.by_weight.last()) else { return curve };
        let mut from = highest.0.div_euclid(step) * step;
        while from >= lowest.0.div_euclid(step) * step {
            while let Some((_, counts)) = next.next_if(|(weight, _)| *weight >= from) {
                sum.add(*counts);
            }
            curve.push(self.threshold(from, sum, truth));
            from -= step;
        }
        curve.reverse();
        curve
    }

    /// The threshold with the best F1 of all, not only of those on the curve.
    pub fn best(&self, truth: u64) -> Option<Threshold> {
        let mut sum = Counts::default();
        let points = self.by_weight.iter().map(|(weight, counts)| {
            sum.add(*counts);
            (*weight, sum)
        });
        let f1 = |sum: &Counts| 2.0 * sum.truly as f64 / (sum.pairs + truth).max(1) as f64;
        let best = points.reduce(|best, next| if f1(&next.1) > f1(&best.1) { next } else { best });
        best.map(|(weight, sum)| self.threshold(weight, sum, truth))
    }

    fn threshold(&self, weight: i64, sum: Counts, truth: u64) -> Threshold {
        Threshold::of(&self.calibration, weight, sum, truth)
    }

    /// The reliability diagram.
    pub fn calibration(&self) -> Vec<Bin> {
        let mut bins: Vec<(f64, Counts)> = vec![(0.0, Counts::default()); BINS.len() - 1];
        for (weight, counts) in &self.by_weight {
            let p = self.calibration.probability(*weight);
            let Some(at) = (0..bins.len()).rev().find(|&at| p >= BINS[at]) else { continue };
            bins[at].0 += p * counts.pairs as f64;
            bins[at].1.add(*counts);
        }
        let bin = |(at, (said, counts)): (usize, (f64, Counts))| Bin {
            from: BINS[at],
            to: BINS[at + 1],
            pairs: counts.pairs,
            said: (counts.pairs > 0).then(|| said / counts.pairs as f64),
            right: counts.truly,
            true_share: wilson(counts.truly, counts.pairs),
        };
        bins.into_iter().enumerate().map(bin).collect()
    }

    /// Counts of the pairs with a probability in `from..to`.
    pub fn between(&self, from: f64, to: f64) -> Counts {
        let mut sum = Counts::default();
        let inside = |weight: i64| (from..to).contains(&self.calibration.probability(weight).min(1.0 - 1e-15));
        self.by_weight.iter().filter(|(weight, _)| inside(*weight)).for_each(|(_, counts)| sum.add(*counts));
        sum
    }

    /// Expected true pairs among those that were not given to one person.
    pub fn expected_apart(&self) -> f64 {
        let apart = |(weight, counts): &(i64, Counts)| probability(*weight) * (counts.pairs - counts.together) as f64;
        self.by_weight.iter().map(apart).sum()
    }
}

impl Threshold {
    fn of(calibration: &Calibration, weight: i64, sum: Counts, truth: u64) -> Threshold {
        let (precision, recall) = (wilson(sum.truly, sum.pairs), wilson(sum.truly, truth));
        Threshold {
            probability: calibration.probability(weight),
            bits: weight as f64 / UNITS_PER_BIT,
            found: sum.pairs,
            both: sum.truly,
            precision,
            recall,
            f1: precision.value.zip(recall.value).map(|(p, r)| harmonic(p, r)),
        }
    }
}

impl Members {
    fn of(scene: &Scene, known: &Known, with_truth: bool) -> Members {
        let empty = vec![Vec::new(); scene.identities.len()];
        let mut members = Members { single: empty.clone(), several: empty };
        for key in known.measured(with_truth) {
            match known.identities(key) {
                [only] => members.single[*only as usize].push(key),
                several => several.iter().for_each(|&identity| members.several[identity as usize].push(key)),
            }
        }
        members
    }

    fn records(&self, identity: u32) -> usize {
        self.single[identity as usize].len() + self.several[identity as usize].len()
    }
}

/// Sums while they grow.
#[derive(Default)]
struct Tally {
    by_weight: FxHashMap<i64, Counts>,
    of_several: Vec<OfSeveral>,
}

impl Tally {
    fn cross(&mut self, known: &Known, members: &Members, left: u32, right: u32, weight: i64) {
        let (left, right) = (left as usize, right as usize);
        let (a, b) = (&members.single[left], &members.single[right]);
        if !a.is_empty() && !b.is_empty() {
            self.by_weight.entry(weight).or_default().add(cross(known, a, b));
        }
        let (more_a, more_b) = (&members.several[left], &members.several[right]);
        let mut expand = |from: &[u32], to: &[u32]| {
            let pairs = from.iter().flat_map(|&a| to.iter().map(move |&b| (a.min(b), a.max(b), weight)));
            self.of_several.extend(pairs.filter(|(a, b, _)| a != b));
        };
        expand(more_a, b);
        expand(a, more_b);
        expand(more_a, more_b);
    }

    fn within(&mut self, known: &Known, members: &Members, identity: u32, weight: i64) {
        let (own, several) = (&members.single[identity as usize], &members.several[identity as usize]);
        if own.len() > 1 {
            self.by_weight.entry(weight).or_default().add(within(known, own));
        }
        for (at, &a) in several.iter().enumerate() {
            let others = own.iter().chain(&several[at + 1..]);
            self.of_several.extend(others.map(|&b| (a.min(b), a.max(b), weight)));
        }
    }

    fn merge(mut self, other: Tally) -> Tally {
        other.by_weight.into_iter().for_each(|(weight, counts)| self.by_weight.entry(weight).or_default().add(counts));
        self.of_several.extend(other.of_several);
        self
    }

    /// Counts each pair of records with rows of several identities once, with its highest weight.
    fn settle(&mut self, known: &Known) {
        self.of_several.par_sort_unstable_by_key(|&(a, b, weight)| (a, b, std::cmp::Reverse(weight)));
        self.of_several.dedup_by_key(|&mut (a, b, _)| (a, b));
        for (a, b, weight) in std::mem::take(&mut self.of_several) {
            self.by_weight.entry(weight).or_default().add(cross(known, &[a], &[b]));
        }
    }
}

fn same(of: &[u32], a: u32, b: u32) -> bool {
    of[a as usize] != MISSING && of[a as usize] == of[b as usize]
}

fn one(known: &Known, a: u32, b: u32) -> Counts {
    let (truly, together) = (same(&known.truth, a, b), same(&known.found, a, b));
    Counts {
        pairs: 1,
        truly: u64::from(truly),
        together: u64::from(together),
        truly_together: u64::from(truly && together),
    }
}

/// All pairs of one record of `left` and one of `right`.
fn cross(known: &Known, left: &[u32], right: &[u32]) -> Counts {
    let mut sum = Counts::default();
    if left.len() * right.len() <= ONE_BY_ONE {
        left.iter().for_each(|&a| right.iter().for_each(|&b| sum.add(one(known, a, b))));
        return sum;
    }
    let meet = |person: &dyn Fn(u32) -> (u32, u32)| {
        let (a, b) = (held(left, person), held(right, person));
        a.iter().filter_map(|(who, count)| b.get(who).map(|other| count * other)).sum()
    };
    sum.pairs = (left.len() * right.len()) as u64;
    (sum.truly, sum.together, sum.truly_together) =
        (meet(&|key| truth_of(known, key)), meet(&|key| found_of(known, key)), meet(&|key| both_of(known, key)));
    sum
}

/// All pairs of two records of `list`.
fn within(known: &Known, list: &[u32]) -> Counts {
    let meet = |person: &dyn Fn(u32) -> (u32, u32)| held(list, person).values().map(|count| pairs_within(*count)).sum();
    Counts {
        pairs: pairs_within(list.len() as u64),
        truly: meet(&|key| truth_of(known, key)),
        together: meet(&|key| found_of(known, key)),
        truly_together: meet(&|key| both_of(known, key)),
    }
}

/// How many records of `list` each person has; records of nobody are left out.
fn held(list: &[u32], person: &dyn Fn(u32) -> (u32, u32)) -> FxHashMap<(u32, u32), u64> {
    let mut held = FxHashMap::default();
    for who in list.iter().map(|&key| person(key)).filter(|(a, b)| *a != MISSING && *b != MISSING) {
        *held.entry(who).or_insert(0) += 1;
    }
    held
}

fn truth_of(known: &Known, key: u32) -> (u32, u32) {
    (known.truth[key as usize], 0)
}

fn found_of(known: &Known, key: u32) -> (u32, u32) {
    (known.found[key as usize], 0)
}

fn both_of(known: &Known, key: u32) -> (u32, u32) {
    (known.truth[key as usize], known.found[key as usize])
}
