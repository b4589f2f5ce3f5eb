//! From a pair's log odds to the probability that it is one person.
//!
//! The classes take the fields of a pair for independent, so that pairs of relatives add up to too much, and damaged pairs of one person to
//! too little. The people that are made of pairs know better: each was joined by the evidence of all its records, and on labelled data
//! hardly one join in a thousand is wrong. So pairs of about one weight are counted by what became of them:
//!
//! ```text
//! p' = (Σ right over those of one person + ⅓ · Σ p over those apart + a prior of 100 pairs at p) / (all + 100)
//! ```
//!
//! where `right` is how likely the joins of that person are, p what the classes say, and a third is what pairs that stay apart are worth of
//! it (measured: docs/measurements.md). The result is made monotone (pool adjacent violators; Ayer et al. 1955) and read by linear
//! interpolation of log odds.

use super::{UNITS_PER_BIT, probability, weight_of};
use serde::{Deserialize, Serialize};

/// Width of a bin of weights, in 1/1024 bit; weights beyond ± 32 bits are alike.
const STEP: i64 = 1024;
const REACH: i64 = 32;
/// What pairs that stay apart are worth of what the classes say of them.
const APART: f64 = 1.0 / 3.0;
/// Pairs that the classes' own word counts for in each bin.
const PRIOR: f64 = 100.0;

/// What a weight means, as it was found when the model was learnt. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// Weight and calibrated log odds, both ascending, in 1/1024 bit.
    knots: Vec<(i64, i64)>,
}

impl Calibration {
    /// Learns from pairs: each one's weight and, where both are one person, how likely that is right.
    pub fn learn(pairs: impl Iterator<Item = (i64, Option<f64>)>) -> Calibration {
        let bins = 2 * REACH as usize + 1;
        let (mut sum, mut count) = (vec![0.0f64; bins], vec![0.0f64; bins]);
        for (weight, right) in pairs {
            let bin = (weight.div_euclid(STEP).clamp(-REACH, REACH) + REACH) as usize;
            sum[bin] += right.unwrap_or_else(|| APART * probability(weight));
            count[bin] += 1.0;
        }
        if count.iter().sum::<f64>() == 0.0 {
            return Calibration::default();
        }
        let middle = |bin: usize| (bin as i64 - REACH) * STEP + STEP / 2;
        let own = |bin: usize| probability(middle(bin));
        let share = |bin: usize| ((sum[bin] + PRIOR * own(bin)) / (count[bin] + PRIOR), count[bin] + PRIOR);
        let monotone = monotone(&(0..bins).map(share).collect::<Vec<_>>());
        Calibration { knots: monotone.iter().enumerate().map(|(bin, p)| (middle(bin), weight_of(*p))).collect() }
    }

    /// Calibrated log odds of a weight, both in 1/1024 bit; beyond the last knot they grow as the weight does.
    pub fn log_odds(&self, weight: i64) -> i64 {
        let after = self.knots.partition_point(|knot| knot.0 <= weight);
        match (after.checked_sub(1).map(|at| self.knots[at]), self.knots.get(after)) {
            (None, None) => weight,
            (Some(last), None) => last.1 + weight - last.0,
            (None, Some(first)) => first.1 + weight - first.0,
            (Some(low), Some(high)) => low.1 + (high.1 - low.1) * (weight - low.0) / (high.0 - low.0),
        }
    }

    /// The probability that a pair of this weight (1/1024 bit) is one person.
    pub fn probability(&self, weight: i64) -> f64 {
        probability(self.log_odds(weight))
    }

    /// The least weight whose probability is at least `wanted`, in 1/1024 bit.
    pub fn weight_from(&self, wanted: f64) -> i64 {
        let odds = weight_of(wanted);
        let (mut low, mut high) = (-64 * UNITS_PER_BIT as i64, 64 * UNITS_PER_BIT as i64);
        while low < high {
            let middle = (low + high).div_euclid(2);
            if self.log_odds(middle) >= odds { high = middle } else { low = middle + 1 }
        }
        low
    }
}

/// Shares made ascending by pooling neighbours that are not, each with its weight.
fn monotone(shares: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for &(share, weight) in shares {
        pools.push((share, weight, 1));
        while let [.., (a, wa, na), (b, wb, nb)] = pools[..]
            && a > b
        {
            pools.truncate(pools.len() - 2);
            pools.push(((a * wa + b * wb) / (wa + wb), wa + wb, na + nb));
        }
    }
    pools.into_iter().flat_map(|(share, _, bins)| std::iter::repeat_n(share, bins)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_people_show_is_believed_where_there_is_much_of_it() {
        // 10,000 pairs at 6.5 bits (p = .989), of which nine in ten became one person.
        let pairs = (0..10_000).map(|at| (6 * 1024 + 512, (at % 10 > 0).then_some(1.0)));
        let calibration = Calibration::learn(pairs);
        let p = calibration.probability(6 * 1024 + 512);
        assert!((p - (0.9 + 0.1 * 0.989 / 3.0)).abs() < 0.003, "{p}");
        assert_eq!(Calibration::default().probability(3000), probability(3000));
        let few = Calibration::learn([(6 * 1024 + 512, None)].into_iter());
        assert!((few.probability(6 * 1024 + 512) - 0.98).abs() < 0.01, "one pair changes next to nothing");
    }

    proptest! {
        #[test]
        fn more_weight_never_says_less(pairs in prop::collection::vec((-40_000i64..40_000, prop::option::of(0.5f64..1.0)), 1..400), a in -60_000i64..60_000, more in 0i64..30_000, p in 0.01f64..0.99) {
            let calibration = Calibration::learn(pairs.into_iter());
            prop_assert!(calibration.log_odds(a) <= calibration.log_odds(a + more));
            let from = calibration.weight_from(p);
            prop_assert!(calibration.log_odds(from) >= weight_of(p));
            prop_assert!(calibration.log_odds(from - 1) <= weight_of(p));
        }
    }
}
