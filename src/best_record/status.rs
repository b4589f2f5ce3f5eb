//! How the area knows each person.

use super::credibility::Chooser;
use super::dates::{self, NO_DATE};
use super::people::{BestField, Status};
use crate::job::{Field, Setting};
use crate::records::Translated;

/// Whoever is registered nowhere, and was seen by nobody for this long, counts as having left.
const UNSEEN_YEARS: i64 = 5;

/// Died, registered, left or known only; the first that holds, in this order. `last_contact` in days, [`NO_DATE`] where nobody says.
pub(super) fn status(chooser: &Chooser, fields: &[BestField], last_contact: &[i32]) -> Vec<Status> {
    let death = fields.iter().find(|best| best.field == Field::DateOfDeath).expect("a field of the best record");
    let practice: Vec<bool> =
        chooser.job.providers.iter().map(|provider| provider.setting == Setting::GeneralPractice).collect();
    let from = Days::of(chooser, Field::RegisteredFrom);
    let until = Days::of(chooser, Field::RegisteredUntil);
    let as_of = dates::days(chooser.job.as_of);
    let unseen = dates::days(chooser.job.as_of.saturating_sub(jiff::Span::new().years(UNSEEN_YEARS)));
    let status_of = |person: usize| {
        if death.date(person).is_some() {
            return Status::Died;
        }
        let of_practice = |row: &&u32| practice[chooser.records.provider[**row as usize] as usize];
        let mut registrations = chooser.rows.of_person(person).iter().filter(of_practice).peekable();
        if registrations.peek().is_none() {
            let seen = last_contact[person];
            return if seen != NO_DATE && seen < unseen { Status::Left } else { Status::KnownOnly };
        }
        // A date that says nothing (missing, or no date at all) limits nothing.
        let holds = |&row: &u32| {
            let (begun, ends) = (from.day(row), until.day(row));
            (begun == NO_DATE || begun <= as_of) && (ends == NO_DATE || ends > as_of)
        };
        if registrations.any(holds) { Status::Registered } else { Status::Left }
    };
    (0..chooser.rows.people()).map(status_of).collect()
}

/// A column of dates in days; nothing where nobody has any.
struct Days<'a>(Option<Translated<'a, i32>>);

impl<'a> Days<'a> {
    fn of(chooser: &Chooser<'a>, field: Field) -> Self {
        let column = chooser.records.clean.get(&field);
        Days(column.map(|column| Translated::of(column, NO_DATE, dates::parse_days)))
    }

    fn day(&self, row: u32) -> i32 {
        self.0.as_ref().map_or(NO_DATE, |days| days.at(row))
    }
}
