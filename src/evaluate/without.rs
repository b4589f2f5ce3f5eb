//! What can be said of errors where nobody knows the truth.

use super::checks::Check;
use super::labels::Labelled;
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
/// Pairs of one person that were not compared, or not kept, are there by the evidence of other records. They count as likely as those of
/// one person that were compared are on average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expected {
    /// Pairs of records given to one person.
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
    /// `linked_pairs` are all pairs of one person among the records that `scored` was counted on.
    pub(super) fn of(scored: &Scored, linked_pairs: u64, people: u64) -> Expected {
        let compared: u64 = scored.by_weight.iter().map(|(_, counts)| counts.together).sum();
        let (right, missed) = scored.expected();
        let right = right / compared.max(1) as f64 * linked_pairs as f64;
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
