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
    /// What an agreement is worth where an exact one is worth `exact` bits and this one is rarer by `taken`: never less than a date that is
    /// another one altogether, as one in a hundred is.
    pub(super) fn bits(self, exact: f64, taken: f64) -> f64 {
        match self {
            BornAlike::Unknown => 0.0,
            BornAlike::Different => DIFFERENT,
            _ => (exact - taken).max(DIFFERENT),
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

/// What it says against somebody that their date is another one altogether, in bits.
const DIFFERENT: f64 = -6.6;

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

    /// How this date, as it was said, agrees with a recorded one, which is whole, and by how many bits it is rarer that this one is said for
    /// the recorded one than the recorded one itself.
    ///
    /// Of a thousand dates of one person some five have day and month swapped, two two digits, four a wrong digit of the day, two of the month
    /// and four of the year, and five, three and two another day, month or year. Half of the wrong digits, days and months are the next
    /// one; the others are any of those that a day, month or year could be.
    pub fn alike(self, recorded: Born) -> (BornAlike, f64) {
        let how = self.how(recorded);
        let next = |at: std::ops::Range<usize>| {
            let number = |digits: &[u8]| digits.iter().fold(0i32, |sum, digit| sum * 10 + i32::from(*digit) - 48);
            let (said, has) = (number(&self.0[at.clone()]), number(&recorded.0[at]));
            matches!((said - has).abs(), 1 | 10)
        };
        let either = |next: bool, one: f64, other: f64| if next { one } else { other };
        let taken = match how {
            BornAlike::Exact | BornAlike::Different | BornAlike::Unknown => 0.0,
            BornAlike::DayMonthSwapped => 7.6,
            BornAlike::DigitsSwapped => 10.5,
            BornAlike::OneDigitOfDay => either(next(6..8), 11.0, 12.0),
            BornAlike::OneDigitOfMonth => either(next(4..6), 11.0, 12.0),
            BornAlike::OneDigitOfYear => either(next(0..4), 11.0, 13.0),
            BornAlike::OtherDay => either(next(6..8), 10.0, 13.3),
            BornAlike::OtherMonth => either(next(4..6), 10.0, 12.6),
            BornAlike::OtherYear => either(next(0..4), 12.0, 15.4),
        };
        (how, taken)
    }

    fn how(self, recorded: Born) -> BornAlike {
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
