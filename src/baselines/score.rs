//! How the Master Person Service compares values: partial dates, and scores from 0 to 100.
//!
//! Source: NHS England, "The Person_ID Handbook", technical details of the data linkage algorithm. The figures in the tests are the
//! handbook's.

use super::requests::{Born, Gender};
use crate::comparison::kernels::jaro_winkler;
use std::borrow::Cow;

/// Whether two dates of birth agree in part: at least two of day, month and year, where swapped day and month, the swapped digits of a
/// day (12 and 21) and the swapped last digits of a year (1945 and 1954) are allowed.
pub(super) fn is_partial_match(a: Born, b: Born) -> bool {
    let swapped = a.day == b.month && a.month == b.day && a.day != 0 && a.month != 0;
    let day = a.day != 0 && (a.day == b.day || a.day == b.day / 10 + b.day % 10 * 10);
    let month = a.month != 0 && a.month == b.month;
    let last_two = |year: u16| year - year % 100 + year % 10 * 10 + year / 10 % 10;
    let year = a.year != 0 && (a.year == b.year || a.year == last_two(b.year));
    let day_and_month = if swapped { 2 } else { u8::from(day) + u8::from(month) };
    day_and_month + u8::from(year) >= 2
}

/// The score of two dates of birth.
pub(super) fn date(a: Born, b: Born) -> f64 {
    let (year, month, day) = (a.year == b.year, a.month == b.month, a.day == b.day);
    match (year, month, day) {
        (true, true, true) => 100.0,
        (true, true, false) | (true, false, true) | (false, true, true) => 66.0,
        (true, false, false) if a.month == b.day && a.day == b.month => 66.0,
        (true, false, false) => 33.0,
        _ => 0.0,
    }
}

/// The score of two genders, neither missing.
pub(super) fn gender(a: Gender, b: Gender) -> f64 {
    match (a, b) {
        _ if a == b => 100.0,
        (Gender::Male, Gender::Female) | (Gender::Female, Gender::Male) => 0.0,
        _ => 50.0,
    }
}

/// The score of a request's postcode against one that is known: the request's may stand for the beginning only.
pub(super) fn postcode(request: &str, known: &str) -> f64 {
    if known.starts_with(request) { request.len() as f64 / known.len() as f64 * 100.0 } else { 0.0 }
}

/// The score of two names: Jaro–Winkler, letters outside ASCII read as `@`.
pub(super) fn name(a: &str, b: &str) -> f64 {
    jaro_winkler(&in_ascii(a), &in_ascii(b)) * 100.0
}

fn in_ascii(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.chars().map(|letter| if letter.is_ascii() { letter } else { '@' }).collect())
}

/// Whether two names match for the cross-check: the first letter of the given names and the first three of the family names.
pub(super) fn is_name_match(given: (&str, &str), family: (&str, &str)) -> bool {
    given.0.chars().next() == given.1.chars().next() && family.0.chars().take(3).eq(family.1.chars().take(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn born(year: u16, month: u8, day: u8) -> Born {
        Born { year, month, day, valid: true }
    }

    #[test]
    fn partial_dates() {
        let known = born(1945, 3, 12);
        for (other, agrees) in [
            (born(1945, 3, 12), true),
            (born(1945, 3, 30), true),
            (born(1945, 7, 12), true),
            (born(1980, 3, 12), true),
            (born(1945, 12, 3), true),
            (born(1945, 7, 21), true),
            (born(1954, 3, 30), true),
            (born(1980, 12, 3), true),
            (born(1945, 7, 30), false),
            (born(1980, 3, 30), false),
            (born(1980, 7, 12), false),
            (Born { year: 1945, ..Born::default() }, false),
        ] {
            assert_eq!(is_partial_match(known, other), agrees, "{other:?}");
            assert_eq!(is_partial_match(other, known), agrees, "{other:?} the other way round");
        }
        assert!(!is_partial_match(Born::default(), Born::default()), "unknown parts do not agree");
    }

    #[test]
    fn dates() {
        let known = born(1945, 3, 12);
        for (other, score) in [
            (born(1945, 3, 12), 100.0),
            (born(1980, 3, 12), 66.0),
            (born(1945, 3, 30), 66.0),
            (born(1945, 7, 12), 66.0),
            (born(1945, 12, 3), 66.0),
            (born(1945, 7, 30), 33.0),
            (born(1980, 3, 30), 0.0),
            (born(1980, 12, 3), 0.0),
        ] {
            assert_eq!(date(known, other), score, "{other:?}");
        }
    }

    #[test]
    fn genders() {
        use Gender::{Female, Male, NotKnown, NotSpecified};
        assert_eq!([gender(Male, Male), gender(NotKnown, NotKnown)], [100.0; 2]);
        assert_eq!([gender(Male, Female), gender(Female, Male)], [0.0; 2]);
        assert_eq!([gender(Male, NotKnown), gender(NotSpecified, Female), gender(NotKnown, NotSpecified)], [50.0; 3]);
    }

    #[test]
    fn postcodes() {
        assert_eq!(postcode("LS1 4AP", "LS1 4AP"), 100.0);
        assert_eq!(postcode("LS1", "LS1 4AP").round(), 43.0);
        assert_eq!(postcode("LS2", "LS1 4AP"), 0.0);
        assert_eq!(postcode("LS1 4AP", "LS1"), 0.0, "the request is what may be short");
    }

    #[test]
    fn names_score_as_in_the_handbook() {
        for (a, b, score) in [
            ("JON", "JAMES", 51.0),
            ("SMITH-JONES", "SMITH", 89.0),
            ("JOHN", "JON", 93.0),
            ("ZÖE", "ZOE", 80.0),
            ("Ó BRIAIN", "O BRIAIN", 92.0),
            ("ADAMS", "DAN", 52.0),
        ] {
            assert_eq!(name(a, b).round(), score, "{a} {b}");
        }
        let mean = (300.0 + name("JON", "JAMES") + name("SMITH-JONES", "SMITH")) / 5.0;
        assert_eq!(mean.round(), 88.0);
    }

    #[test]
    fn names_match_by_their_first_letters() {
        assert!(is_name_match(("JON", "JAMES"), ("SMITH", "SMIDT")));
        assert!(is_name_match(("JON", "JAMES"), ("NG", "NG")));
        assert!(!is_name_match(("JON", "ANN"), ("SMITH", "SMITH")));
        assert!(!is_name_match(("JON", "JON"), ("SMITH", "SNOW")));
        assert!(!is_name_match(("JON", "JON"), ("NG", "NGO")));
    }
}
