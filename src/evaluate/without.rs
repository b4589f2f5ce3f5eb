//! What can be said of errors where nobody knows the truth.

use super::checks::Check;
use super::known::Known;
use super::labels::Labelled;
use super::scene::Scene;
use super::scored::Scored;
use serde::Serialize;

/// Three views of the errors, none of which needs the truth.
#[derive(Debug, Clone, Serialize)]
pub struct WithoutTruth {
    pub expected: Expected,
    /// Where labels were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labelled: Option<Labelled>,
    pub checks: Vec<Check>,
}

/// The model's own probabilities, added up.
///
/// Pairs of one person count as likely as the joins that brought them together, which the evidence of all records on both sides made; the
/// other pairs that were compared count by what they have in common themselves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expected {
    /// Pairs of records given to one person.
    pub linked_pairs: u64,
    /// How many pairs the model takes for true, linked or not.
    pub true_pairs: f64,
    /// Pairs given to one person that are expected to be wrong.
    pub false_links: f64,
    /// Σ p over the other pairs.
    pub missed_links: f64,
    pub precision: Option<f64>,
    /// Of the pairs that were compared.
    pub recall: Option<f64>,
    pub people: u64,
}

impl Expected {
    /// `with_truth` as `scored` was counted.
    pub(super) fn of(scene: &Scene, known: &Known, scored: &Scored, with_truth: bool) -> Expected {
        let missed = scored.expected_apart();
        let (linked_pairs, right) = known.linked_pairs(scene, with_truth);
        let people = u64::from(scene.partition().people);
        let share = |all: f64| (all > 0.0).then(|| right / all);
        Expected {
            linked_pairs,
            true_pairs: right + missed,
            false_links: linked_pairs as f64 - right,
            missed_links: missed,
            precision: share(linked_pairs as f64),
            recall: share(right + missed),
            people,
        }
    }
}
