//! Dates as days since 1 January 1970, as Parquet's date32 has them.

use crate::job::Field;
use crate::records::{MISSING, Records};
use crate::standardise::date::parse_day;
use jiff::civil::Date;
use rayon::prelude::*;

pub(crate) use crate::standardise::date::date_of;
pub use crate::standardise::date::days;

/// No date.
pub const NO_DATE: i32 = i32::MIN;

/// Nobody born, or dead, before this date is in today's extracts.
const EARLIEST: Date = jiff::civil::date(1890, 1, 1);

/// The day of a date written YYYYMMDD or YYYY-MM-DD, or [`NO_DATE`].
pub(crate) fn parse_days(text: &str) -> i32 {
    parse_day(text).map_or(NO_DATE, days)
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
    parse_day(text).is_some_and(|date| (EARLIEST..=as_of).contains(&date))
}
