//! What one issue prints of a cell.

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
}

/// The slack that is in both.
pub(super) fn both(one: (i64, i64), other: (i64, i64)) -> (i64, i64) {
    (one.0.max(other.0), one.1.min(other.1))
}
