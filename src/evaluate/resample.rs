//! Intervals that know that pairs of one person stand or fall together: whole true people are drawn again and again.
//!
//! Each person counts k times, k from a Poisson distribution with mean 1: the bootstrap for large samples of Chamandy et al. (2012),
//! "Estimating uncertainty for massive data streams". People with the same counts are drawn together, as a sum of n Poisson(1) is
//! Poisson(n): the cost does not grow with the population.

use super::interval::Estimate;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Draws: enough for the second digit of a 95 % interval.
const DRAWS: u64 = 400;
const SEED: u64 = 0x0E7A_1A7E;

/// What one person brings: pairs that are true, that were found rightly, and twice the pairs that were found, since a wrong pair is
/// shared by its two people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Share {
    pub truth: u64,
    pub both: u64,
    pub found_twice: u64,
}

impl Share {
    pub fn add(&mut self, other: Share) {
        self.truth += other.truth;
        self.both += other.both;
        self.found_twice += other.found_twice;
    }

    pub fn is_nothing(&self) -> bool {
        *self == Share::default()
    }
}

/// People by what they bring: to a group, and to the whole.
pub(super) type People = BTreeMap<(Share, Share), u64>;

/// Intervals of one group, and of its distance from the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Intervals {
    pub precision: (f64, f64),
    pub recall: (f64, f64),
    pub f1: (f64, f64),
    pub precision_gap: (f64, f64),
    pub recall_gap: (f64, f64),
}

/// The 95 % intervals of a group of `people`.
pub(super) fn intervals(people: &People) -> Intervals {
    let draws: Vec<[f64; 5]> = (0..DRAWS).into_par_iter().filter_map(|draw| one_draw(people, draw)).collect();
    let of = |which: usize| {
        let mut values: Vec<f64> = draws.iter().map(|draw| draw[which]).filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            values.get(((values.len() as f64 - 1.0) * share).round().max(0.0) as usize).copied().unwrap_or(f64::NAN)
        };
        (at(0.025), at(0.975))
    };
    Intervals { precision: of(0), recall: of(1), f1: of(2), precision_gap: of(3), recall_gap: of(4) }
}

/// Precision, recall and F1 of the group, and the distance of the first two from the whole's.
fn one_draw(people: &People, draw: u64) -> Option<[f64; 5]> {
    let mut chance = ChaCha8Rng::seed_from_u64(SEED ^ draw);
    let (mut group, mut whole) = ([0.0; 3], [0.0; 3]);
    for ((own, all), count) in people {
        let times: f64 = Poisson::new(*count as f64).ok()?.sample(&mut chance);
        for (sums, share) in [(&mut group, own), (&mut whole, all)] {
            sums[0] += times * share.truth as f64;
            sums[1] += times * share.both as f64;
            sums[2] += times * share.found_twice as f64 / 2.0;
        }
    }
    let shares = |[truth, both, found]: [f64; 3]| (both / found, both / truth);
    let ((precision, recall), (all_precision, all_recall)) = (shares(group), shares(whole));
    let f1 = 2.0 * group[1] / (group[0] + group[2]);
    Some([precision, recall, f1, precision - all_precision, recall - all_recall])
}

/// The wider of both kinds of interval on each side: Wilson's takes pairs for independent, resampling knows nothing of errors that did
/// not happen to be seen.
pub(super) fn widened(wilson: Estimate, (low, high): (f64, f64)) -> Estimate {
    Estimate {
        value: wilson.value,
        low: wilson.low.map(|own| if low.is_finite() { own.min(low) } else { own }),
        high: wilson.high.map(|own| if high.is_finite() { own.max(high) } else { own }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For people of one pair each the resampled interval is that of independent draws; for people whose pairs all stand or fall
    /// together it is as wide as their number says, not as the number of pairs says.
    #[test]
    fn intervals_follow_people_and_not_pairs() {
        let share = |truth: u64, both: u64| Share { truth, both, found_twice: 2 * both };
        let people = |right: Share, wrong: Share| -> People { [((right, right), 900), ((wrong, wrong), 100)].into() };
        let width = |people: &People| {
            let (low, high) = intervals(people).recall;
            assert!(low < 0.9 && 0.9 < high, "{low} {high}");
            high - low
        };
        let independent = width(&people(share(1, 1), share(1, 0)));
        let together = width(&people(share(45, 45), share(45, 0)));
        // Normal approximation: 2 · 1.96 · sqrt(.9 · .1 / 1000).
        assert!((independent - 0.0372).abs() < 0.006, "{independent}");
        assert!((together - independent).abs() < 1e-9);
    }
}
