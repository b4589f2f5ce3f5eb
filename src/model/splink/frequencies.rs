//! How common values are: records with the value ÷ records with any value, as Splink's term frequency tables have it.

use super::slots::Filled;
use crate::records::MISSING;

/// Frequencies of one column's values, by code.
#[derive(Debug, Clone)]
pub struct Frequencies {
    /// The slot of the column.
    pub slot: usize,
    of_code: Vec<f64>,
}

impl Frequencies {
    pub fn of(data: &Filled, slot: usize) -> Frequencies {
        let mut counts = vec![0u32; data.distinct(slot)];
        data.codes(slot).filter(|code| *code != MISSING).for_each(|code| counts[code as usize] += 1);
        let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
        Frequencies { slot, of_code: counts.into_iter().map(|count| f64::from(count) / total.max(1.0)).collect() }
    }

    /// The more frequent of two codes, the other where one is missing; `None` where both are.
    pub fn greater(&self, left: u32, right: u32) -> Option<u32> {
        match (left, right) {
            (MISSING, MISSING) => None,
            (MISSING, code) | (code, MISSING) => Some(code),
            (left, right) if self.of_code[left as usize] >= self.of_code[right as usize] => Some(left),
            (_, right) => Some(right),
        }
    }

    /// What `of` makes of each code's frequency.
    pub fn by_code(&self, of: impl Fn(f64) -> f64) -> Vec<f64> {
        self.of_code.iter().map(|&frequency| of(frequency)).collect()
    }
}
