//! What can be said of errors where nobody knows the truth.

use super::checks::Check;
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

/// The model's own probabilities, added up over the pairs that were compared and kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expected {
    /// Pairs of records given to one person, among those compared.
    pub linked_pairs: u64,
    /// Σ p over all pairs: how many the model takes for true.
    pub true_pairs: f64,
    /// Σ (1 − p) over pairs given to one person.
    pub false_links: f64,
    /// Σ p over the other pairs.
    pub missed_links: f64,
    pub precision: Option<f64>,
    /// Of the pairs that were compared.
    pub recall: Option<f64>,
    pub people: u64,
}

impl Expected {
    pub(super) fn of(scene: &Scene, scored: &Scored) -> Expected {
        let linked_pairs: u64 = scored.by_weight.iter().map(|(_, counts)| counts.together).sum();
        let (right, missed) = scored.expected();
        let share = |all: f64| (all > 0.0).then(|| right / all);
        Expected {
            linked_pairs,
            true_pairs: right + missed,
            false_links: linked_pairs as f64 - right,
            missed_links: missed,
            precision: share(linked_pairs as f64),
            recall: share(right + missed),
            people: u64::from(scene.partition().people),
        }
    }
}
