//! How a date of birth that somebody says agrees with one that is recorded.

use crate::best_record::{NO_DATE, date_of};
use serde::Serialize;

/// How a date agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BornAlike {
    /// In all that was said.
    Exact,
    /// Day and month stand for each other.
    DayMonthSwapped,
    /// Two neighbouring digits of one part stand for each other.
    DigitsSwapped,
    OneDigitOfDay,
    OneDigitOfMonth,
    OneDigitOfYear,
    /// The other two parts agree.
    OtherDay,
    OtherMonth,
    OtherYear,
    Different,
    /// None is recorded, or none was said.
    Unknown,
}

impl BornAlike {
    /// What an agreement is worth where an exact one is worth `exact` bits: log2 of how often the dates of one person are recorded so, by how
    /// often those of two people agree so by chance. Of a thousand dates of one person some five have day and month swapped, two two digits,
    /// four a wrong digit of the day, two of the month and four of the year, and five, three and two another day, month or year; of the 36,500
    /// dates of a century one is a date's swapped form, and 4, 11, 4, 27, 18, 7 and 70 are those others.
    pub(super) fn bits(self, exact: f64) -> f64 {
        match self {
            BornAlike::Exact => exact,
            BornAlike::DayMonthSwapped => (exact - 1.0).min(7.5),
            BornAlike::DigitsSwapped | BornAlike::OneDigitOfMonth => (exact - 2.0).min(4.2),
            BornAlike::OneDigitOfDay => (exact - 2.0).min(3.7),
            BornAlike::OneDigitOfYear => (exact - 2.0).min(2.4),
            BornAlike::OtherDay => (exact - 3.0).min(3.3),
            BornAlike::OtherMonth => (exact - 3.0).min(4.0),
            BornAlike::OtherYear => (exact - 4.0).min(0.1),
            BornAlike::Different => -6.6,
            BornAlike::Unknown => 0.0,
        }
    }

    /// Is there so much in common that the people of a day are looked through for the name?
    pub(super) fn is_near(self) -> bool {
        !matches!(self, BornAlike::Different | BornAlike::Unknown)
    }

    /// In words, to stand after "date of birth".
    pub fn words(self) -> &'static str {
        match self {
            BornAlike::Exact => "the same",
            BornAlike::DayMonthSwapped => "day and month swapped",
            BornAlike::DigitsSwapped => "two digits swapped",
            BornAlike::OneDigitOfDay => "a digit of the day differs",
            BornAlike::OneDigitOfMonth => "a digit of the month differs",
            BornAlike::OneDigitOfYear => "a digit of the year differs",
            BornAlike::OtherDay => "another day of that month",
            BornAlike::OtherMonth => "another month of that year",
            BornAlike::OtherYear => "another year",
            BornAlike::Different => "differs",
            BornAlike::Unknown => "not known",
        }
    }
}

/// A date of birth as it was said: YYYYMMDD, `-` for what is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Born([u8; 8]);

impl Born {
    /// Reads a canonical date or year; `None` where no year is known.
    pub fn read(canonical: &str) -> Option<Born> {
        let mut digits = [b'-'; 8];
        let bytes = canonical.as_bytes();
        if !matches!(bytes.len(), 4 | 8) || !bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') {
            return None;
        }
        digits[..bytes.len()].copy_from_slice(bytes);
        digits.iter().any(|digit| *digit != b'-').then_some(Born(digits))
    }

    /// Of a day since 1970.
    pub fn of_day(day: i32) -> Option<Born> {
        if day == NO_DATE {
            return None;
        }
        let then = date_of(day);
        let (year, month, day) = (then.year().unsigned_abs(), then.month().unsigned_abs(), then.day().unsigned_abs());
        let digit = |number: u16, by: u16| b'0' + (number / by % 10) as u8;
        let (month, day) = (u16::from(month), u16::from(day));
        Some(Born([
            digit(year, 1000),
            digit(year, 100),
            digit(year, 10),
            digit(year, 1),
            digit(month, 10),
            digit(month, 1),
            digit(day, 10),
            digit(day, 1),
        ]))
    }

    pub fn is_whole(self) -> bool {
        !self.0.contains(&b'-')
    }

    /// How this date, as it was said, agrees with a recorded one, which is whole.
    pub fn alike(self, recorded: Born) -> BornAlike {
        let differ = |at: &usize| self.0[*at] != b'-' && self.0[*at] != recorded.0[*at];
        let places: Vec<usize> = (0..8).filter(differ).collect();
        let swapped = [&self.0[..4], &self.0[6..], &self.0[4..6]].concat();
        match places[..] {
            [] => BornAlike::Exact,
            _ if self.is_whole() && swapped == recorded.0 => BornAlike::DayMonthSwapped,
            [at] => [BornAlike::OneDigitOfYear, BornAlike::OneDigitOfMonth, BornAlike::OneDigitOfDay][part(at)],
            [a, b] if b == a + 1 && part(a) == part(b) && self.0[a] == recorded.0[b] && self.0[b] == recorded.0[a] => {
                BornAlike::DigitsSwapped
            }
            _ if self.is_whole() && places.iter().all(|&at| part(at) == part(places[0])) => {
                [BornAlike::OtherYear, BornAlike::OtherMonth, BornAlike::OtherDay][part(places[0])]
            }
            _ => BornAlike::Different,
        }
    }
}

/// Year, month or day: 0, 1, 2.
fn part(place: usize) -> usize {
    match place {
        0..4 => 0,
        4 | 5 => 1,
        _ => 2,
    }
}
