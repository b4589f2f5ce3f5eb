//! Dates as days since 1 January 1970, as Parquet's date32 has them.

use jiff::civil::Date;

/// No date.
pub const NO_DATE: i32 = i32::MIN;

/// Nobody born, or dead, before this date is in today's extracts.
const EARLIEST: Date = jiff::civil::date(1890, 1, 1);

/// Days since 1 January 1970.
pub fn days(date: Date) -> i32 {
    const EPOCH: Date = jiff::civil::date(1970, 1, 1);
    // Days are the default unit of a difference of dates, and every date of jiff fits.
    (date - EPOCH).get_days()
}

/// A date written YYYYMMDD or YYYY-MM-DD; `None` for anything else and for dates that do not exist.
pub(super) fn parse(text: &str) -> Option<Date> {
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

/// The same in days, or [`NO_DATE`].
pub(crate) fn parse_days(text: &str) -> i32 {
    parse(text).map_or(NO_DATE, days)
}

/// Whether a birth or a death can have been on this day.
pub(super) fn plausible(text: &str, as_of: Date) -> bool {
    parse(text).is_some_and(|date| (EARLIEST..=as_of).contains(&date))
}
