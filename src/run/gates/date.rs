//! The night's date against that of the run before and the clock: objections begin and end by it, and so does all that grows old.

use super::Gates;
use jiff::civil::Date;

/// So many days a date may be ahead of the clock, which counts in UTC, unnoticed: where the sun rises earlier it is tomorrow already.
const AHEAD_UNTOLD: i32 = 1;
/// So many days it may be ahead of it at all: whoever tries out the coming weeks means to, and a year that was mistyped is further away.
const AHEAD_MAX: i32 = 183;

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

impl Gates<'_> {
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
