//! How a date of birth that somebody says agrees with one that is recorded.

use crate::best_record::{NO_DATE, date_of};
use serde::Serialize;

/// How a date agrees, from the closest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BornAlike {
    /// In all that was said.
    Exact,
    /// Day and month stand for each other.
    DayMonthSwapped,
    OneDigit,
    /// Two neighbouring digits of one part stand for each other.
    DigitsSwapped,
    /// Two of day, month and year agree.
    TwoParts,
    Different,
    /// None is recorded, or none was said.
    Unknown,
}

impl BornAlike {
    /// What an agreement is worth where an exact one is worth `exact` bits: log2 of how often the dates of one person are recorded so, by how
    /// often those of two people agree so by chance. Of a hundred dates of one person about one has a wrong digit, half of one day and month
    /// swapped, one in five hundred two digits swapped, one a part that is another; of the 36,500 dates of a century one is a date's swapped
    /// form, some 35 differ in a digit, 4 in two that are swapped, 150 in one part.
    pub(super) fn bits(self, exact: f64) -> f64 {
        match self {
            BornAlike::Exact => exact,
            BornAlike::DayMonthSwapped => (exact - 1.0).min(7.5),
            BornAlike::DigitsSwapped => (exact - 2.0).min(4.2),
            BornAlike::OneDigit => (exact - 2.0).min(3.4),
            BornAlike::TwoParts => (exact - 3.0).min(1.3),
            BornAlike::Different => -6.6,
            BornAlike::Unknown => 0.0,
        }
    }

    /// In words, to stand after "date of birth".
    pub fn words(self) -> &'static str {
        match self {
            BornAlike::Exact => "the same",
            BornAlike::DayMonthSwapped => "day and month swapped",
            BornAlike::OneDigit => "one digit differs",
            BornAlike::DigitsSwapped => "two digits swapped",
            BornAlike::TwoParts => "two parts of three agree",
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
            [_] => BornAlike::OneDigit,
            [a, b] if b == a + 1 && part(a) == part(b) && self.0[a] == recorded.0[b] && self.0[b] == recorded.0[a] => {
                BornAlike::DigitsSwapped
            }
            _ if self.is_whole() && places.iter().all(|&at| part(at) == part(places[0])) => BornAlike::TwoParts,
            _ => BornAlike::Different,
        }
    }
}

/// Year, month or day.
fn part(place: usize) -> u8 {
    match place {
        0..4 => 0,
        4 | 5 => 1,
        _ => 2,
    }
}
