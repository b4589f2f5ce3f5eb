//! Dates as days since 1 January 1970, as Parquet's date32 has them.

use crate::job::Field;
use crate::records::{MISSING, Records};
use jiff::civil::Date;
use rayon::prelude::*;

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

/// The date that is so many days after 1 January 1970; the first or last that can be written where it is beyond them.
pub(crate) fn date_of(days: i32) -> Date {
    /// As far as jiff counts.
    const DAYS_MAX: i32 = 7_304_484;
    jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(days.clamp(-DAYS_MAX, DAYS_MAX)))
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

/// When each row was last updated, in days; [`NO_DATE`] where that is unknown or after `as_of`. Empty where no provider says.
pub(crate) fn updated(records: &Records, as_of: Date) -> Vec<i32> {
    let Some(column) = records.clean.get(&Field::Updated) else { return Vec::new() };
    let as_of = days(as_of);
    let known = |text| Some(parse_days(text)).filter(|&day| day <= as_of).unwrap_or(NO_DATE);
    let days: Vec<i32> = column.values.iter().map(known).collect();
    let day = |code: u32| if code == MISSING { NO_DATE } else { days[code as usize] };
    column.codes.par_iter().map(day).collect()
}

/// Whether a birth or a death can have been on this day.
pub(super) fn plausible(text: &str, as_of: Date) -> bool {
    parse(text).is_some_and(|date| (EARLIEST..=as_of).contains(&date))
}
