//! The night's date against that of the run before and the clock: objections begin and end by it, and so does all that grows old.

use super::Gates;
use jiff::civil::Date;

/// So many days a date may be ahead of the clock, which counts in UTC, unnoticed: where the sun rises earlier it is tomorrow already.
const AHEAD_UNTOLD: i32 = 1;
/// So many days it may be ahead of it at all: whoever tries out the coming weeks means to, and a year that was mistyped is further away.
const AHEAD_MAX: i32 = 183;

impl Gates<'_> {
    /// A date before that of the run before (`last`) would end objections that have begun since and make nothing grow old; one of another year
    /// would end those that still stand. Where the run before was of the future as well, nothing is lost against it: that is told and no more.
    pub(super) fn date(&mut self, last: Option<Date>, today: Date) {
        let as_of = self.job.as_of;
        let ahead = |date: Date| (date - today).get_days();
        let is_too_far = |date: Date| ahead(date) > AHEAD_MAX;
        let (holds, saw) = match last {
            None => (None, format!("{as_of} on the first night")),
            Some(last) if as_of < last => (Some(false), format!("{as_of} after a run of {last}")),
            Some(last) if is_too_far(as_of) && !is_too_far(last) => {
                (Some(false), format!("{as_of}, {} days after today", ahead(as_of)))
            }
            Some(last) => (Some(true), format!("{as_of} after a run of {last}")),
        };
        if ahead(as_of) > AHEAD_UNTOLD && holds != Some(false) {
            let words =
                format!("as_of is {as_of}, {} days after today: objections that end before it are over", ahead(as_of));
            self.told.push(words);
        }
        let expected = format!("no day before that of the last run, and at most {AHEAD_MAX} days after today");
        self.note("as_of", holds, saw, expected);
    }
}
