//! Seeded chance: one independent stream per block of people, so that the result does not depend on threads.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// A stream of random draws (ChaCha8: the same on every machine and in every version of `rand`).
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Chance(generator)
    }

    /// A number in `0..bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.0.next_u32()) * bound as u64) >> 32) as usize
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// A number in `0.0..1.0`.
    pub fn share(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / (f64::from(u32::MAX) + 1.0)
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A count around `mean` (Poisson by multiplication; meant for small means, cut at 60).
    pub fn count(&mut self, mean: f64) -> usize {
        let (limit, mut product, mut count) = ((-mean.min(40.0)).exp(), self.share(), 0);
        while product > limit && count < 60 {
            product *= self.share();
            count += 1;
        }
        count
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

/// Places of a list drawn by weight.
#[derive(Debug, Clone, Default)]
pub(super) struct Weighted(Vec<f64>);

impl Weighted {
    pub fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        Weighted(
            weights
                .into_iter()
                .map(|weight| {
                    sum += weight;
                    sum
                })
                .collect(),
        )
    }

    /// Frequencies that fall with the place: 1 / (place + shift).
    pub fn zipf(places: usize, shift: f64) -> Self {
        Weighted::new((0..places).map(|place| 1.0 / (place as f64 + 1.0 + shift)))
    }

    pub fn draw(&self, chance: &mut Chance) -> usize {
        let target = chance.share() * self.0.last().copied().unwrap_or(0.0);
        self.0.partition_point(|&sum| sum <= target).min(self.0.len().saturating_sub(1))
    }
}

/// Mixes a number into 64 well-spread bits (SplitMix64's finaliser): attributes of places that every block must agree on.
pub(super) fn spread(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
