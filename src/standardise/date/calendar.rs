//! Days of the calendar, and the numbers that stand for them.

use jiff::civil::Date;

/// Days since 1 January 1970.
pub fn days(date: Date) -> i32 {
    const EPOCH: Date = jiff::civil::date(1970, 1, 1);
    // Days are the default unit of a difference of dates, and every date of jiff fits.
    (date - EPOCH).get_days()
}

/// The date that is so many days after 1 January 1970; the first or last that can be written where it is beyond them.
pub(crate) fn date_of(days: i32) -> Date {
    /// As far as jiff counts.
    const DAYS_MAX: i32 = 7_304_484;
    jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(days.clamp(-DAYS_MAX, DAYS_MAX)))
}

/// A date written YYYYMMDD or YYYY-MM-DD; `None` for anything else and for dates that do not exist.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    let part = |range: std::ops::Range<usize>| -> Option<i16> {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (month, day) = match text.len() {
        8 => (4..6, 6..8),
        10 if text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-' => (5..7, 8..10),
        _ => return None,
    };
    Date::new(part(0..4)?, part(month)? as i8, part(day)? as i8).ok()
}
