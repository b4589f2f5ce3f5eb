//! Dates: any way of writing them → eight characters, YYYYMMDD, with `-` for unknown parts ("1980----", "198004--").
//!
//! Written digits are kept even where there is no such day (30 February): damage is compared digit by digit. What is wrong with a
//! date is said in flags. Sources: DOMAIN.md section 4 (defaults), DESIGN section 5 (impossible dates).

mod calendar;
mod learn;
mod parts;

pub use calendar::days;
pub(crate) use calendar::{date_of, parse_day};
pub use learn::{DateContext, DateFormat};
pub use parts::Order;
pub(super) use parts::Parts;

use super::characters::{is_null_literal, trim};
use super::{Flags, Reason, Verdict, reference};
use jiff::civil::Date;

/// Cleans one value under what its column taught.
pub(crate) fn clean(raw: &str, context: &DateContext, out: &mut String) -> Verdict {
    let value = trim(raw);
    if value.is_empty() {
        return Verdict::MISSING;
    }
    let Some(parts) = context.read(value) else {
        let reason = if is_null_literal(value) || is_zero(value) { Reason::Placeholder } else { Reason::NotADate };
        return Verdict::null(reason);
    };
    parts.write(out);
    judge(parts, context, out)
}

/// The year of a value that is a year or a date.
pub(super) fn clean_year(raw: &str, context: &DateContext, out: &mut String) -> Verdict {
    let value = super::characters::strip_point_zero(trim(raw));
    let year_alone = value.len() == 4 && value.bytes().all(|byte| byte.is_ascii_digit());
    let verdict = match value.parse::<i16>() {
        Ok(year) if year_alone && year > 0 => {
            Parts { year, month: 0, day: 0 }.write(out);
            judge(Parts { year, month: 0, day: 0 }, context, out)
        }
        _ => clean(raw, context, out),
    };
    out.truncate(4);
    Verdict { flags: if verdict.flags.has(Flags::FUTURE) { Flags::FUTURE } else { Flags::NONE }, ..verdict }
}

/// "00000000", "00/00/0000": a zero date stands for none.
fn is_zero(value: &str) -> bool {
    value.bytes().any(|byte| byte == b'0')
        && value.bytes().all(|byte| !byte.is_ascii_alphabetic() && !(b'1'..=b'9').contains(&byte))
}

/// The flags of a date that was read; a default date that can only mean "missing" becomes null.
fn judge(parts: Parts, context: &DateContext, out: &mut String) -> Verdict {
    let mut verdict = Verdict::KEPT;
    if !context.historic {
        match reference::date_defaults().get(out.as_str()).copied() {
            Some("null") => {
                out.clear();
                return Verdict::null(Reason::Placeholder).with(Flags::DEFAULT_DATE);
            }
            Some(_) => verdict.flags.set(Flags::DEFAULT_DATE),
            None => {}
        }
    }
    if parts.is_partial() {
        verdict.flags.set(Flags::PARTIAL);
    } else if parts.to_date().is_none() {
        verdict.flags.set(Flags::IMPOSSIBLE);
    }
    if parts.is_after(context.as_of) {
        verdict.flags.set(Flags::FUTURE);
    }
    if parts.year < 1890 {
        verdict.flags.set(Flags::BEFORE_1890);
    }
    if parts.month == 1 && parts.day == 1 {
        verdict.flags.set(Flags::FIRST_OF_JANUARY);
    }
    if matches!(parts.day, 1 | 15) {
        verdict.flags.set(Flags::DEFAULT_DAY);
    }
    verdict
}

/// A canonical date as a calendar date; `None` where a part is unknown or there is no such day.
pub fn to_calendar(canonical: &str) -> Option<Date> {
    Parts::read_canonical(canonical.as_bytes())?.to_date()
}

#[cfg(test)]
mod tests;
