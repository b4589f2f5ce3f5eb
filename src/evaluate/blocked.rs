//! What blocking missed: true pairs that no block holds, and what their records lack.

use super::interval::{Estimate, wilson};
use super::known::Known;
use super::scene::Scene;
use crate::records::MISSING;
use rayon::prelude::*;
use serde::Serialize;

/// Of a person with more records than this, only the first ones are looked at: pairs grow with the square.
pub(super) const RECORDS_MAX: usize = 400;

/// True pairs by how linking could meet them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blocking {
    /// True pairs looked at.
    pub truth: u64,
    /// In at least one block, or the very same values.
    pub met: u64,
    pub met_share: Estimate,
    pub missed: u64,
    /// Of the missed ones, those that are one person anyhow, through other records.
    pub found_anyhow: u64,
    pub found_anyhow_share: Estimate,
    /// By comparison; first what the missed pairs lack much more often than other true pairs.
    pub lacking: Vec<Lacking>,
    /// People with so many records that only some pairs were looked at.
    pub people_cut: u64,
}

/// How often one comparison had no value on at least one side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lacking {
    pub comparison: String,
    /// Of the missed pairs.
    pub missed: u64,
    pub share_of_missed: Option<f64>,
    /// Of all true pairs, for comparison.
    pub share_of_truth: Option<f64>,
}

/// Records of each true person, both ascending.
pub(super) fn true_people(known: &Known) -> Vec<Vec<u32>> {
    let mut people = vec![Vec::new(); known.true_people];
    known.measured(true).into_iter().for_each(|key| people[known.truth[key as usize] as usize].push(key));
    people
}

#[derive(Clone)]
struct Sums {
    truth: u64,
    missed: u64,
    found_anyhow: u64,
    /// By comparison: among missed pairs, among all.
    lacking: Vec<[u64; 2]>,
    people_cut: u64,
}

impl Sums {
    fn zero(comparisons: usize) -> Sums {
        Sums { truth: 0, missed: 0, found_anyhow: 0, lacking: vec![[0; 2]; comparisons], people_cut: 0 }
    }

    fn add(mut self, other: Sums) -> Sums {
        self.truth += other.truth;
        self.missed += other.missed;
        self.found_anyhow += other.found_anyhow;
        self.people_cut += other.people_cut;
        self.lacking.iter_mut().zip(other.lacking).for_each(|(a, b)| (0..2).for_each(|at| a[at] += b[at]));
        self
    }
}

pub(super) fn blocking(scene: &Scene, known: &Known) -> Blocking {
    let list = &scene.comparisons.list;
    let zero = || Sums::zero(list.len());
    let people = true_people(known);
    let sums = people.par_iter().fold(zero, |sums, keys| look_at(scene, known, keys, sums)).reduce(zero, Sums::add);
    let share = |part: u64, all: u64| (all > 0).then(|| part as f64 / all as f64);
    let mut lacking: Vec<Lacking> = list
        .iter()
        .zip(&sums.lacking)
        .map(|(comparison, [missed, truth])| Lacking {
            comparison: comparison.name.clone(),
            missed: *missed,
            share_of_missed: share(*missed, sums.missed),
            share_of_truth: share(*truth, sums.truth),
        })
        .collect();
    let excess = |one: &Lacking| one.share_of_missed.unwrap_or(0.0) - one.share_of_truth.unwrap_or(0.0);
    lacking.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
    let met = sums.truth - sums.missed;
    Blocking {
        truth: sums.truth,
        met,
        met_share: wilson(met, sums.truth),
        missed: sums.missed,
        found_anyhow: sums.found_anyhow,
        found_anyhow_share: wilson(sums.found_anyhow, sums.missed),
        lacking,
        people_cut: sums.people_cut,
    }
}

/// All pairs of one true person's records.
fn look_at(scene: &Scene, known: &Known, keys: &[u32], mut sums: Sums) -> Sums {
    sums.people_cut += u64::from(keys.len() > RECORDS_MAX);
    let keys = &keys[..keys.len().min(RECORDS_MAX)];
    for (at, &a) in keys.iter().enumerate() {
        for &b in &keys[at + 1..] {
            sums.truth += 1;
            let missed = !met(scene, known, a, b);
            if missed {
                sums.missed += 1;
                let (left, right) = (known.found[a as usize], known.found[b as usize]);
                sums.found_anyhow += u64::from(left != MISSING && left == right);
            }
            let (left, right) = (known.identities(a)[0], known.identities(b)[0]);
            let pattern = scene.comparisons.pattern(left, right);
            for (comparison, counts) in scene.comparisons.list.iter().zip(&mut sums.lacking) {
                if comparison.level_in(pattern).is_none() {
                    counts[0] += u64::from(missed);
                    counts[1] += 1;
                }
            }
        }
    }
    sums
}

/// Whether any rows of two records have the same values or share a block.
pub(super) fn met(scene: &Scene, known: &Known, a: u32, b: u32) -> bool {
    let pairs = known.identities(a).iter().flat_map(|&x| known.identities(b).iter().map(move |&y| (x, y)));
    pairs.into_iter().any(|(x, y)| x == y || scene.in_one_block(x, y))
}
