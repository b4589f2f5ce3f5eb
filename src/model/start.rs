//! The start: a false-discovery rate for every pair, from chance alone (ACCURACY.md section 4).

use super::histogram::Histogram;
use super::sample::Frequencies;
use crate::comparison::{Comparisons, Pattern};

/// Width of a bin of information, and the largest information kept apart, in bits.
const STEP: f64 = 0.25;
const TOP: f64 = 160.0;
/// Bins over which counts are smoothed: two bits.
const SMOOTH: usize = 8;

/// Information of a pattern: Σ −log2 u of its levels, in bits.
pub fn information(comparisons: &Comparisons, u: &Frequencies, pattern: Pattern) -> f64 {
    let bits = comparisons
        .list
        .iter()
        .zip(u)
        .filter_map(|(c, u)| c.level_in(pattern).map(|level| -u[usize::from(level)].log2()));
    bits.sum()
}

/// P(one person) of each blocked pattern: one minus the pairs that would have as much information by chance, over those that have.
///
/// `all_pairs` is N(N−1)/2; `plain` gives how often each comparison is missing.
pub fn false_discovery(
    comparisons: &Comparisons,
    u: &Frequencies,
    plain: &Histogram,
    blocked: &Histogram,
    all_pairs: f64,
) -> Vec<f64> {
    let bins = (TOP / STEP) as usize;
    let bin_of = |bits: f64| ((bits / STEP).round() as usize).min(bins - 1);
    let mut chance = vec![0.0; bins];
    chance[0] = 1.0;
    for (comparison, u) in comparisons.list.iter().zip(u) {
        let present = plain.patterns.iter().zip(&plain.pairs).filter(|(p, _)| comparison.level_in(**p).is_some());
        let present = present.map(|(_, pairs)| pairs).sum::<f64>() / plain.total().max(1.0);
        let mut steps: Vec<(usize, f64)> = vec![(0, 1.0 - present)];
        steps.extend(u.iter().map(|p| (bin_of(-p.log2()), present * p)));
        let mut next = vec![0.0; bins];
        for (at, mass) in chance.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
            steps.iter().for_each(|(step, p)| next[(at + step).min(bins - 1)] += mass * p);
        }
        chance = next;
    }
    let place: Vec<usize> = blocked.patterns.iter().map(|p| bin_of(information(comparisons, u, *p))).collect();
    let mut seen = vec![0.0; bins];
    place.iter().zip(&blocked.pairs).for_each(|(bin, pairs)| seen[*bin] += pairs);
    let (seen, chance) = (smoothed(&seen), smoothed(&chance));
    let last = seen.iter().rposition(|pairs| *pairs > 0.0).unwrap_or(0);
    let (mut rate, mut now) = (vec![0.0; bins], 1.0f64);
    for bin in (0..=last).rev() {
        if seen[bin] > 0.0 {
            now = now.min((1.0 - chance[bin] * all_pairs / seen[bin]).clamp(0.0, 1.0));
        }
        rate[bin] = now;
    }
    rate[last..].fill(1.0);
    place.iter().map(|bin| rate[*bin]).collect()
}

/// Information at which a blocked pair is as likely one person as not, in bits: of the patterns that have at least even chances, the least.
pub fn even_odds(comparisons: &Comparisons, u: &Frequencies, blocked: &Histogram, rate: &[f64]) -> f64 {
    let likely = blocked.patterns.iter().zip(rate).filter(|(_, rate)| **rate >= 0.5);
    likely.map(|(pattern, _)| information(comparisons, u, *pattern)).fold(TOP, f64::min)
}

fn smoothed(counts: &[f64]) -> Vec<f64> {
    let half = SMOOTH / 2;
    (0..counts.len())
        .map(|at| counts[at.saturating_sub(half)..(at + SMOOTH - half).min(counts.len())].iter().sum())
        .collect()
}
