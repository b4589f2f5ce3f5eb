//! What is decided for a whole population once its pairs are scored: the cuts, and what the context of a pair weighs.

use super::Calibration;
use serde::{Deserialize, Serialize};

/// The weights of the levels of context (`clustering::context`), in 1/1024 bit, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextWeights(pub Vec<i64>);

impl ContextWeights {
    /// What a level adds to a pair's weight; nothing where there is no context.
    pub fn weight(&self, level: Option<u8>) -> i64 {
        level.map_or(0, |level| self.0[usize::from(level)])
    }

    /// The most that a level up to this one adds, or none does.
    pub fn most_up_to(&self, level: u8) -> i64 {
        self.0.iter().copied().take(usize::from(level) + 1).max().unwrap_or(0).max(0)
    }
}

/// Chosen once, then frozen with the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The cut of the first pass, whose clusters give the context; in 1/1024 bit of the average link.
    pub first_cut: i64,
    /// `None` where hardly anyone has a third record.
    pub context: Option<ContextWeights>,
    /// The cut that makes people, in 1/1024 bit of the average link.
    pub cut: i64,
    /// What the weight of a pair means; `None` until people were made for the first time.
    #[serde(default)]
    pub calibration: Option<Calibration>,
}
