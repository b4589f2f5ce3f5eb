//! The night's date against that of the run before and the clock: objections begin and end by it, and so does all that grows old.

use super::Gates;
use crate::run::{Entry, history};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// So many days a date may be ahead of the clock, which counts in UTC, unnoticed: where the sun rises earlier it is tomorrow already.
const AHEAD_UNTOLD: i32 = 1;
/// So many days it may be ahead of it at all: whoever tries out the coming weeks means to, and a year that was mistyped is further away.
const AHEAD_MAX: i32 = 183;

/// So many days it may be behind the clock unnoticed: where the sun rises later it is yesterday still.
const BEHIND_UNTOLD: i32 = 1;
/// So many hours more may pass between two runs than their dates are apart: nights begin earlier and later, and the next one is still to come.
const LAG_UNTOLD: i64 = 36;

/// How a night's date stands to that of the run before and to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dated {
    Well,
    /// So many days after today: that is told and no more.
    Ahead(i32),
    /// Before that of the run before, which is named: it stops a night.
    Back(Date),
    /// So many days after today, where the run before was not: it stops a night.
    TooFar(i32),
}

/// Judges a date against that of the run before (`last`) and the clock's. One before `last` would end objections that have begun since and make
/// nothing grow old; one of another year would end those that still stand. Where the run before was of the future as well, or there is none, nothing
/// is lost against it.
pub(crate) fn dated(as_of: Date, last: Option<Date>, today: Date) -> Dated {
    let ahead = |date: Date| (date - today).get_days();
    let is_too_far = |date: Date| ahead(date) > AHEAD_MAX;
    match last {
        Some(last) if as_of < last => Dated::Back(last),
        Some(last) if is_too_far(as_of) && !is_too_far(last) => Dated::TooFar(ahead(as_of)),
        _ if ahead(as_of) > AHEAD_UNTOLD => Dated::Ahead(ahead(as_of)),
        _ => Dated::Well,
    }
}

/// By how many days a date is behind the clock, where it falls behind: by a day and a half more than that of an earlier run, as `runs` tell of it, did.
/// That is a date which stands still from night to night. One that is as far behind every night is meant, and whoever goes through days of the past in
/// one sitting means to.
pub(crate) fn behind(as_of: Date, runs: &[Entry], now: Timestamp) -> Option<i32> {
    let days = (now.to_zoned_datetime(TimeZone::UTC).date() - as_of).get_days();
    let fell = |(date, began): (Date, Timestamp)| {
        let passed = (now.as_second() - began.as_second()) / 3600;
        as_of >= date && passed - i64::from((as_of - date).get_days()) * 24 > LAG_UNTOLD
    };
    (days > BEHIND_UNTOLD && runs.iter().filter_map(published).any(fell)).then_some(days)
}

/// The date of a run that was published, and when it began by the clock.
fn published(entry: &Entry) -> Option<(Date, Timestamp)> {
    let run_id = entry.run_id.as_deref().filter(|_| entry.command == history::NIGHT)?;
    Some((run_id.get(..10)?.parse().ok()?, entry.began.parse().ok()?))
}

impl Gates<'_> {
    /// Tells of a date that falls behind the clock; it stops nothing, as a day of the past may be meant.
    pub fn date_behind(&mut self, now: Timestamp) {
        // Where the history cannot be read nobody knows better.
        let runs = history(&self.job.output).unwrap_or_default();
        if let Some(days) = behind(self.job.as_of, &runs, now) {
            let since = "objections that began since are not obeyed; leave it out where night follows night";
            self.told.push(format!("as_of is {}, {days} days before today: {since}", self.job.as_of));
        }
    }

    /// The gate `as_of`; on the first night there is nothing to judge by.
    pub(super) fn date(&mut self, last: Option<Date>, today: Date) {
        let as_of = self.job.as_of;
        let dated = dated(as_of, last, today);
        let saw = match (last, dated) {
            (None, _) => format!("{as_of} on the first night"),
            (Some(_), Dated::TooFar(days)) => format!("{as_of}, {days} days after today"),
            (Some(last), _) => format!("{as_of} after a run of {last}"),
        };
        if let Dated::Ahead(days) = dated {
            let words = format!("as_of is {as_of}, {days} days after today: objections that end before it are over");
            self.told.push(words);
        }
        let holds = last.map(|_| matches!(dated, Dated::Well | Dated::Ahead(_)));
        let expected = format!("no day before that of the last run, and at most {AHEAD_MAX} days after today");
        self.note("as_of", holds, saw, expected);
    }
}
