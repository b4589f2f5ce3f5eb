//! Random pairs: what strangers have in common by chance.
//!
//! Two samples. Plain pairs show how often strangers agree at all; they are blind below about 10⁻⁶. For rare agreements (the same
//! unusual surname, the same telephone) pairs are drawn *along* equal values, in strata of rarity, and weighted back. Pairs that agree in
//! their other fields too are left out of the second sample, since they are mostly one person: what remains is divided by the share
//! of random pairs that would have remained.

use super::histogram::{Counter, Histogram};
use crate::blocking::Blocks;
use crate::comparison::{Batch, Comparison, Comparisons, Pattern};
use crate::records::{Identities, MISSING};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use rayon::prelude::*;

/// Plain random pairs. At 0.5 µs a pair: a sixth of a second on two cores.
const PLAIN: usize = 600_000;
/// Pairs drawn along each column of equal values.
const ALONG: usize = 80_000;
const CHUNK: usize = 20_000;
/// Pairs that are compared at once, so that waiting for memory overlaps.
const BATCH: usize = 512;
/// Pairs whose other fields agree by more than this many bits are taken for one person or one family.
const OTHERS_BITS_MAX: f64 = 6.0;

/// Level frequencies of strangers, one vector a comparison, summing to one.
pub type Frequencies = Vec<Vec<f64>>;

/// The plain sample: all of it for frequencies, and the part that no block holds for the remainder.
pub struct Plain {
    pub all: Histogram,
    pub unblocked: Histogram,
}

/// Draws plain random pairs of different identities.
pub fn plain(comparisons: &Comparisons, blocks: &Blocks, identities: &Identities) -> Plain {
    let by_row = identities.by_row();
    let n = by_row.len() as u32;
    let pairs = PLAIN.min((by_row.len() * by_row.len().saturating_sub(1)).max(1) * 4);
    let (all, unblocked) = (0..pairs.div_ceil(CHUNK))
        .into_par_iter()
        .fold(<(Counter, Counter)>::default, |(mut all, mut unblocked), chunk| {
            let mut random = ChaCha8Rng::seed_from_u64(0x5eed_0000 + chunk as u64);
            let mut draw = || {
                let [a, b] = [0; 2].map(|_| by_row[random.random_range(0..n) as usize]);
                (a.min(b), a.max(b))
            };
            let drawn: Vec<(u32, u32)> = (0..CHUNK.min(pairs - chunk * CHUNK)).map(|_| draw()).collect();
            let counts = |(a, b): &(u32, u32)| a != b && identities.count(*a) > 0 && identities.count(*b) > 0;
            let drawn: Vec<(u32, u32)> = drawn.into_iter().filter(counts).collect();
            let mut batch = Batch::default();
            for drawn in drawn.chunks(BATCH) {
                for (&(a, b), &pattern) in drawn.iter().zip(comparisons.patterns_of(drawn, &mut batch)) {
                    all.add(pattern, 1);
                    if !blocks.share_one(a, b) {
                        unblocked.add(pattern, 1);
                    }
                }
            }
            (all, unblocked)
        })
        .reduce(Default::default, |sum, next| (sum.0.merge(next.0), sum.1.merge(next.1)));
    Plain { all: all.finish(1.0), unblocked: unblocked.finish(1.0) }
}

/// Frequencies of levels in a histogram, smoothed by a fiftieth of a pair a level.
pub fn frequencies(comparisons: &Comparisons, histogram: &Histogram) -> Frequencies {
    let mut counts: Frequencies = comparisons.list.iter().map(|c| vec![0.02; usize::from(c.levels)]).collect();
    for (pattern, pairs) in histogram.patterns.iter().zip(&histogram.pairs) {
        for (comparison, count) in comparisons.list.iter().zip(&mut counts) {
            if let Some(level) = comparison.level_in(*pattern) {
                count[usize::from(level)] += pairs;
            }
        }
    }
    counts.iter_mut().for_each(|levels| normalise(levels));
    counts
}

pub fn normalise(levels: &mut [f64]) {
    let total: f64 = levels.iter().sum();
    if total > 0.0 {
        levels.iter_mut().for_each(|level| *level /= total);
    }
}

/// The chance that two random identities share a value of some rarity, and those values with cumulated chances.
type Stratum = (f64, Vec<(u32, f64)>);

/// One column of values along which pairs are drawn: holders by value, and values in strata of rarity.
struct Postings {
    starts: Vec<u32>,
    holders: Vec<u32>,
    strata: Vec<Stratum>,
}

impl Postings {
    fn of(codes: &[u32]) -> Postings {
        let codes = &by_first_holder(codes);
        let values = codes.iter().filter(|code| **code != MISSING).max().map_or(0, |max| *max as usize + 1);
        let mut starts = vec![0u32; values + 1];
        codes.iter().filter(|code| **code != MISSING).for_each(|code| starts[*code as usize + 1] += 1);
        (0..values).for_each(|value| starts[value + 1] += starts[value]);
        let (mut holders, mut filled) = (vec![0u32; starts[values] as usize], starts.clone());
        for (identity, code) in codes.iter().enumerate().filter(|(_, code)| **code != MISSING) {
            holders[filled[*code as usize] as usize] = identity as u32;
            filled[*code as usize] += 1;
        }
        let pairs = (codes.len() as f64).powi(2);
        let mut strata: Vec<Stratum> = vec![(0.0, Vec::new()); 20];
        for value in 0..values {
            let held = f64::from(starts[value + 1] - starts[value]);
            if held >= 2.0 {
                let stratum = &mut strata[(held.log2() as usize).min(19)];
                stratum.0 += held * (held - 1.0) / pairs;
                stratum.1.push((value as u32, stratum.0));
            }
        }
        strata.retain(|(mass, _)| *mass > 0.0);
        Postings { starts, holders, strata }
    }

    fn draw(&self, stratum: &Stratum, random: &mut ChaCha8Rng) -> (u32, u32) {
        let at = random.random_range(0.0..stratum.0);
        let place = stratum.1.partition_point(|(_, cumulated)| *cumulated <= at).min(stratum.1.len() - 1);
        let value = stratum.1[place].0 as usize;
        let holders = &self.holders[self.starts[value] as usize..self.starts[value + 1] as usize];
        let first = random.random_range(0..holders.len());
        let second = (first + random.random_range(1..holders.len())) % holders.len();
        (holders[first].min(holders[second]), holders[first].max(holders[second]))
    }
}

/// The same values numbered by their first holder. Codes are given in the order of rows, identities stand in the order of their content:
/// only so does the sample not hang on how an extract happens to be sorted.
fn by_first_holder(codes: &[u32]) -> Vec<u32> {
    let values = codes.iter().filter(|code| **code != MISSING).max().map_or(0, |max| *max as usize + 1);
    let (mut numbers, mut next) = (vec![MISSING; values], 0);
    let mut number = |code: &u32| {
        let slot = numbers.get_mut(*code as usize)?;
        if *slot == MISSING {
            *slot = next;
            next += 1;
        }
        Some(*slot)
    };
    codes.iter().map(|code| number(code).unwrap_or(MISSING)).collect()
}

/// Sharpens `plain` frequencies at the rare end.
pub fn sharpen(comparisons: &Comparisons, plain_pairs: &Histogram, plain: &Frequencies) -> Frequencies {
    let information: Vec<Vec<f64>> = plain.iter().map(|levels| levels.iter().map(|p| -p.log2()).collect()).collect();
    let others_agree = |pattern, except: usize| {
        let bits = comparisons.list.iter().enumerate().filter(|(index, _)| *index != except);
        let bits =
            bits.filter_map(|(index, c)| c.level_in(pattern).map(|level| information[index][usize::from(level)]));
        bits.sum::<f64>() > OTHERS_BITS_MAX
    };
    comparisons
        .list
        .iter()
        .enumerate()
        .map(|(index, comparison)| {
            let columns = comparisons.equality_columns(comparison);
            // Levels of plain pairs that share none of the columns' values stand as they are; they are the many.
            let kept: f64 = plain_pairs.pairs.iter().sum();
            let strangers: f64 = plain_pairs
                .patterns
                .iter()
                .zip(&plain_pairs.pairs)
                .filter(|(pattern, _)| !others_agree(**pattern, index))
                .map(|(_, pairs)| pairs)
                .sum();
            let share_kept = (strangers / kept.max(1.0)).max(0.05);
            let mut chance = vec![0.0; usize::from(comparison.levels)];
            let postings: Vec<Postings> = columns.par_iter().map(|codes| Postings::of(codes)).collect();
            for (nth, column) in postings.iter().enumerate() {
                let per_stratum = ALONG / column.strata.len().max(1) / columns.len();
                let along = |(s, stratum): (usize, &Stratum)| {
                    let mut random = ChaCha8Rng::seed_from_u64(((index * 8 + nth) * 64 + s) as u64);
                    let drawn: Vec<(u32, u32)> = (0..per_stratum).map(|_| column.draw(stratum, &mut random)).collect();
                    let counts = |pattern| !others_agree(pattern, index);
                    // A pair that shares several columns' values is drawn along each: it counts by its share.
                    let weight = |shared: usize| stratum.0 / per_stratum as f64 / shared.max(1) as f64 / share_kept;
                    levels_of(comparisons, (comparison, &columns), &drawn, counts, weight)
                };
                let parts: Vec<Vec<f64>> = column.strata.par_iter().enumerate().with_max_len(1).map(along).collect();
                parts.iter().for_each(|levels| chance.iter_mut().zip(levels).for_each(|(sum, level)| *sum += level));
            }
            combine(&plain[index], &chance, comparison_share(comparison, plain_pairs))
        })
        .collect()
}

/// The levels that pairs have in one comparison, as far as their patterns count, each by the weight that follows from how many of the columns'
/// values it shares.
fn levels_of(
    comparisons: &Comparisons,
    (comparison, columns): (&Comparison, &[Vec<u32>]),
    pairs: &[(u32, u32)],
    counts: impl Fn(Pattern) -> bool,
    weight: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let (mut levels, mut batch) = (vec![0.0; usize::from(comparison.levels)], Batch::default());
    for pairs in pairs.chunks(BATCH) {
        for (&(a, b), &pattern) in pairs.iter().zip(comparisons.patterns_of(pairs, &mut batch)) {
            if let Some(level) = comparison.level_in(pattern).filter(|_| counts(pattern)) {
                let is_shared =
                    |codes: &&Vec<u32>| codes[a as usize] == codes[b as usize] && codes[a as usize] != MISSING;
                levels[usize::from(level)] += weight(columns.iter().filter(is_shared).count());
            }
        }
    }
    levels
}

/// The share of plain pairs in which a comparison is not missing.
fn comparison_share(comparison: &crate::comparison::Comparison, plain_pairs: &Histogram) -> f64 {
    let present = plain_pairs
        .patterns
        .iter()
        .zip(&plain_pairs.pairs)
        .filter(|(pattern, _)| comparison.level_in(**pattern).is_some());
    (present.map(|(_, pairs)| pairs).sum::<f64>() / plain_pairs.total().max(1.0)).max(1e-9)
}

/// Levels that plain sampling sees at least a few hundred times stand; rarer ones take the sharper figure where there is one.
fn combine(plain: &[f64], chance: &[f64], share_present: f64) -> Vec<f64> {
    const SEEN_WELL: f64 = 300.0 / PLAIN as f64;
    let mut levels: Vec<f64> = plain
        .iter()
        .zip(chance)
        .map(|(&plain, &chance)| match chance / share_present {
            sharp if sharp > 0.0 && plain < SEEN_WELL => sharp.min(plain.max(1.0 / PLAIN as f64)),
            _ => plain,
        })
        .collect();
    normalise(&mut levels);
    levels
}
