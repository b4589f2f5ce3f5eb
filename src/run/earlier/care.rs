//! Packages of care and the end of life of an earlier run, counted anew from its people.

use crate::best_record;
use crate::care::{CareCounts, PersonCare};
use crate::end_of_life::{EndOfLifeCounts, PersonEnding};
use crate::failure::Result;
use crate::job::{CARE_COLUMNS, END_OF_LIFE_COLUMNS, Job};
use crate::publish::published::PublishedRun;
use jiff::civil::Date;

/// Packages of care, where the run has columns of them.
pub(super) fn packages(job: &Job, draft: &PublishedRun) -> Result<Option<CareCounts>> {
    let columns = draft.columns("people.parquet")?;
    if !CARE_COLUMNS.iter().all(|column| columns.iter().any(|known| known == column)) {
        return Ok(None);
    }
    let mut counted = CareCounts::of_rules(&job.care.rules);
    let wanted: Vec<&str> = ["status"].into_iter().chain(CARE_COLUMNS).collect();
    draft.each("people.parquet", &wanted, |rows| {
        let (status, current) = (rows.text("status")?, rows.integers("packages_current")?);
        let [needs, overlaps, ended, due, gaps] =
            ["package_needs", "package_overlaps", "packages_ended", "packages_due", "package_gaps"]
                .map(|column| rows.lists(column));
        let (needs, overlaps, ended, due, gaps) = (needs?, overlaps?, ended?, due?, gaps?);
        for row in (0..rows.len()).filter(|&row| ["registered", "known_only"].contains(&status.value(row))) {
            counted.add(&PersonCare {
                current: current[row] > 0,
                needs: needs.of(row).collect(),
                overlaps: overlaps.of(row).collect(),
                ended: ended.of(row).collect(),
                due: due.of(row).collect(),
                gaps: gaps.of(row).collect(),
            });
        }
        Ok(())
    })?;
    Ok(Some(counted))
}

/// The end of life, where the run has columns of it.
pub(super) fn end_of_life(job: &Job, as_of: Date, draft: &PublishedRun) -> Result<Option<EndOfLifeCounts>> {
    let Some(settings) = &job.end_of_life else { return Ok(None) };
    let columns = draft.columns("people.parquet")?;
    let facts =
        [Some(&settings.on_register), Some(&settings.preferred_place_of_death), settings.place_of_death.as_ref()];
    let facts: Vec<&str> = facts.into_iter().flatten().map(String::as_str).collect();
    let wanted: Vec<&str> = ["status", "date_of_death"].into_iter().chain(facts).chain(END_OF_LIFE_COLUMNS).collect();
    if !wanted.iter().all(|column| columns.iter().any(|known| known == column)) {
        return Ok(None);
    }
    let first = best_record::first_death(as_of, settings);
    let mut counted = EndOfLifeCounts::default();
    draft.each("people.parquet", &wanted, |rows| {
        let (status, died) = (rows.text("status")?, rows.dates("date_of_death")?);
        let (recorded, late) = (rows.flags("wishes_recorded")?, rows.integers("late_unplanned_admissions")?);
        let place = |name: Option<&String>, row: usize| Some(settings.place(&rows.said(name?, row)?));
        for row in 0..rows.len() {
            let flag = |column: &str| rows.said(column, row).map(|flag| flag == "true");
            let preferred = place(Some(&settings.preferred_place_of_death), row);
            let actual = place(settings.place_of_death.as_ref(), row);
            counted.add(&PersonEnding {
                here: ["registered", "known_only"].contains(&status.value(row)),
                died_lately: died[row].is_some_and(|day| day >= first),
                on_register: flag(&settings.on_register) == Some(true),
                recorded: recorded[row],
                known_to_last: flag("wishes_known_to_last"),
                late_admissions: late[row],
                preferred_place_of_death: preferred.as_deref(),
                place_of_death: actual.as_deref(),
            });
        }
        Ok(())
    })?;
    Ok(Some(counted))
}
