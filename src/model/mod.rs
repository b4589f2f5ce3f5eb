//! What agreement and disagreement are worth: learnt from the pairs themselves, without labels.
//!
//! In: the patterns of blocked pairs and of random pairs. Out: a [`Model`] that gives the log odds of any pattern. Always: missing is no
//! evidence; the same histogram gives the same model to the last bit, whatever the number of threads; nobody's value stands in it.
//!
//! levels → patterns → classes → log odds (ACCURACY.md): a pair belongs to one of several latent classes. Class 0 is "one person"; the
//! others are strangers, and strangers who are alike in one or two groups of fields (namesakes, households, birthday twins).

mod calibration;
mod change;
mod classes;
mod decision;
mod forms;
mod frozen;
mod histogram;
mod labels;
mod learn;
mod pooling;
mod recipe;
mod sample;
mod scorer;
pub mod splink;
mod start;

pub use calibration::Calibration;
pub use change::{Change, Moved};
pub use classes::{Believed, Class, Model, relearn};
pub use decision::{ContextWeights, Decision};
pub use forms::{FORMS, Form};
pub use frozen::{FORMAT_VERSION, Frozen, Labels, LearntFrom, Measured, six_digits};
pub use histogram::{Counter, Histogram};
pub use labels::{Asked, clamp};
pub use learn::{Candidate, Learnt, histogram_of, learn};
pub use pooling::Pooling;
pub use recipe::{Linkage, Recipe};
pub use scorer::Scorer;

/// Weights are kept as integers of 1/1024 bit, so that sums agree whatever their order (DESIGN section 7).
pub const UNITS_PER_BIT: f64 = 1024.0;

/// The probability that belongs to a weight.
pub fn probability(weight_units: i64) -> f64 {
    1.0 / (1.0 + (-(weight_units as f64) / UNITS_PER_BIT).exp2())
}

/// The weight that belongs to a probability.
pub fn weight_of(probability: f64) -> i64 {
    ((probability / (1.0 - probability)).log2() * UNITS_PER_BIT).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probability_and_weight_are_inverse() {
        for p in [0.01, 0.3, 0.5, 0.8, 0.999] {
            assert!((probability(weight_of(p)) - p).abs() < 1e-3);
        }
    }
}
