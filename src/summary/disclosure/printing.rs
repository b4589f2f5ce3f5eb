//! What one issue prints of a cell, and how far it can be another number there while another issue prints what it prints.

use super::SHIFT_MAX;
use super::alternative::{FAR, Reach};
use serde::{Deserialize, Serialize};

/// How a cell is printed at one issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Printing {
    pub value: u64,
    /// How far it can be moved whatever its shift.
    pub bounds: Reach,
    /// From where to where the shifted count may be, where it is rounded; `None` where no rounded number is printed.
    pub shifted: Option<(i64, i64)>,
}

impl Printing {
    /// How far what is rounded may lie from the true count, its shift included.
    pub fn slack(&self) -> (i64, i64) {
        let value = self.value as i64;
        self.shifted.map_or((-FAR, FAR), |(low, high)| (low - value, high - value))
    }

    /// How far the cell can be moved at this issue alone after it was moved `by` so much at every issue; `elsewhere` is the slack that other
    /// issues leave, which print it with the same shift.
    pub fn reach(&self, by: i64, elsewhere: (i64, i64)) -> Reach {
        let bounds = Reach { least: self.bounds.least - by, most: self.bounds.most - by };
        let Some((low, high)) = self.shifted else { return bounds };
        let (lowest, highest) = ((elsewhere.0 - by).max(-SHIFT_MAX), (elsewhere.1 - by).min(SHIFT_MAX));
        // A total that is rounded further may have been moved further than its shift can follow.
        if lowest > highest {
            return Reach::NONE;
        }
        let value = self.value as i64 + by;
        bounds.and(Reach { least: low - highest - value, most: high - lowest - value })
    }
}

/// The slack that is in both.
pub(super) fn both(one: (i64, i64), other: (i64, i64)) -> (i64, i64) {
    (one.0.max(other.0), one.1.min(other.1))
}
