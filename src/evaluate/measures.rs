//! The measures themselves: a partition that was found against the true one.

use super::interval::{Estimate, wilson};
use rayon::prelude::*;
use serde::Serialize;

/// One record: the person it was given to, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    pub found: u32,
    pub truth: u32,
    /// Index into the names of the providers.
    pub provider: u32,
}

/// Every measure of one evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measures {
    pub pairs: Pairs,
    pub b_cubed: BCubed,
    pub people: People,
    /// Pairs of which at least one record is the provider's, in the order of the names.
    pub providers: Vec<OfProvider>,
}

/// Pairs of records.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pairs {
    /// Of one person in the run.
    pub found: u64,
    /// Of one person in truth.
    pub truth: u64,
    /// Of one person in both.
    pub both: u64,
    pub precision: Estimate,
    pub recall: Estimate,
    pub f1: Option<f64>,
}

/// By record (Bagga and Baldwin, 1998): the mean over records of how pure, and how complete, its person is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BCubed {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

/// By person.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct People {
    pub found: u64,
    pub truth: u64,
    /// True people found with exactly their records.
    pub exact: u64,
    pub exact_share: Estimate,
}

/// One provider's pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfProvider {
    pub provider: String,
    pub records: u64,
    pub pairs: Pairs,
}

/// Numbers of pairs: in all, and of each provider with everybody.
struct Tally {
    all: u64,
    of_provider: Vec<u64>,
}

/// Measures `units`, each record once. Three sorts, n log n.
pub fn measure(mut units: Vec<Unit>, providers: &[String]) -> Measures {
    let truth = tally(&mut units, providers.len(), |unit| (unit.truth, 0));
    let true_sizes = sizes(&units, |unit| unit.truth);
    let found = tally(&mut units, providers.len(), |unit| (unit.found, 0));
    let found_sizes = sizes(&units, |unit| unit.found);
    let both = tally(&mut units, providers.len(), |unit| (unit.truth, unit.found));
    let mut records = vec![0u64; providers.len()];
    units.iter().for_each(|unit| records[unit.provider as usize] += 1);
    let of_provider = providers.iter().enumerate().filter(|(at, _)| records[*at] > 0).map(|(at, name)| OfProvider {
        provider: name.clone(),
        records: records[at],
        pairs: Pairs::of(found.of_provider[at], truth.of_provider[at], both.of_provider[at]),
    });
    Measures {
        pairs: Pairs::of(found.all, truth.all, both.all),
        b_cubed: b_cubed(&units, &true_sizes, &found_sizes),
        people: people(&units, &true_sizes, &found_sizes),
        providers: of_provider.collect(),
    }
}

impl Pairs {
    pub(super) fn of(found: u64, truth: u64, both: u64) -> Pairs {
        let (precision, recall) = (wilson(both, found), wilson(both, truth));
        let f1 = precision.value.zip(recall.value).map(|(p, r)| harmonic(p, r));
        Pairs { found, truth, both, precision, recall, f1 }
    }
}

pub(super) fn harmonic(precision: f64, recall: f64) -> f64 {
    if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
}

pub(super) fn pairs_within(size: u64) -> u64 {
    size * size.saturating_sub(1) / 2
}

/// Sorts by group and provider, and counts the pairs inside the groups.
fn tally(units: &mut [Unit], providers: usize, group: impl Fn(&Unit) -> (u32, u32) + Sync) -> Tally {
    units.par_sort_unstable_by_key(|unit| (group(unit), unit.provider));
    let mut tally = Tally { all: 0, of_provider: vec![0; providers] };
    for members in units.chunk_by(|a, b| group(a) == group(b)) {
        let all = members.len() as u64;
        tally.all += pairs_within(all);
        for own in members.chunk_by(|a, b| a.provider == b.provider) {
            // All pairs of the group but those among the others.
            tally.of_provider[own[0].provider as usize] += pairs_within(all) - pairs_within(all - own.len() as u64);
        }
    }
    tally
}

/// Records of each person, by number of the person.
fn sizes(units: &[Unit], person: impl Fn(&Unit) -> u32) -> Vec<u32> {
    let people = units.iter().map(&person).max().map_or(0, |last| last as usize + 1);
    let mut sizes = vec![0; people];
    units.iter().for_each(|unit| sizes[person(unit) as usize] += 1);
    sizes
}

/// Groups of records that are one person in both; `units` are sorted by truth, then found.
fn cells(units: &[Unit]) -> impl Iterator<Item = (u32, u32, f64)> {
    let chunks = units.chunk_by(|a, b| (a.truth, a.found) == (b.truth, b.found));
    chunks.map(|cell| (cell[0].truth, cell[0].found, cell.len() as f64))
}

fn b_cubed(units: &[Unit], true_sizes: &[u32], found_sizes: &[u32]) -> BCubed {
    let (mut precision, mut recall) = (0.0, 0.0);
    for (truth, found, size) in cells(units) {
        precision += size * size / f64::from(found_sizes[found as usize]);
        recall += size * size / f64::from(true_sizes[truth as usize]);
    }
    let records = units.len().max(1) as f64;
    let (precision, recall) = (precision / records, recall / records);
    BCubed { precision, recall, f1: harmonic(precision, recall) }
}

fn people(units: &[Unit], true_sizes: &[u32], found_sizes: &[u32]) -> People {
    let count = |sizes: &[u32]| sizes.iter().filter(|size| **size > 0).count() as u64;
    let whole = |(truth, found, size): &(u32, u32, f64)| {
        f64::from(true_sizes[*truth as usize]) == *size && f64::from(found_sizes[*found as usize]) == *size
    };
    let exact = cells(units).filter(whole).count() as u64;
    let truth = count(true_sizes);
    People { found: count(found_sizes), truth, exact, exact_share: wilson(exact, truth) }
}
