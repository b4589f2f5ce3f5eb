//! People of the synthetic population, as they truly are.

use super::health::Health;
use jiff::ToSpan;
use jiff::civil::{Date, date};

/// The date as of which everything is generated.
pub(super) const AS_OF: Date = date(2026, 11, 22);

/// One person. Everything about them that a provider may come to know, with the dates on which it changed.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Number in the whole population.
    pub index: u64,
    pub female: bool,
    /// Index into the tables' ethnic groups.
    pub group: usize,
    pub born: Date,
    pub died: Option<Date>,
    pub given: String,
    pub middle: String,
    pub family: String,
    /// The family name before `family`, and the day on which it changed.
    pub previous_family: Option<(String, Date)>,
    /// Before this day a baby has no given name yet.
    pub named_from: Date,
    /// The mother's given and family name at birth, for "BABY OF …".
    pub mother: Option<(String, String)>,
    /// 1, 2 … among twins and triplets; 0 for single births.
    pub birth_order: u8,
    pub number: u64,
    /// A number that `number` replaced.
    pub old_number: Option<u64>,
    pub mobile: String,
    pub landline: String,
    pub email: String,
    /// Where they lived, earliest first: from when, and which of the block's addresses. Never empty.
    pub addresses: Vec<(Date, u32)>,
    /// The other people of the household, as places in the block.
    pub household: std::ops::Range<u32>,
    pub health: Health,
}

impl Person {
    /// Whole years on `day`.
    pub fn age_on(&self, day: Date) -> i16 {
        let birthday_passed = (day.month(), day.day()) >= (self.born.month(), self.born.day());
        day.year() - self.born.year() - i16::from(!birthday_passed)
    }

    /// Which of the block's addresses they lived at on `day`.
    pub fn address_on(&self, day: Date) -> u32 {
        self.addresses.iter().rev().find(|(from, _)| *from <= day).unwrap_or(&self.addresses[0]).1
    }

    pub fn family_on(&self, day: Date) -> &str {
        match &self.previous_family {
            Some((family, until)) if day < *until => family,
            _ => &self.family,
        }
    }
}

/// `days` after `day` (before it where negative).
pub(super) fn days_after(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}
