//! The cohorts of an earlier run without those who may not be published any more.

use super::facts::Earlier;
use super::standing::Standing;
use crate::best_record;
use crate::cohort::{self, CohortCount};
use crate::failure::Result;
use crate::identity::PersonId;
use crate::job::Job;
use crate::publish::published::{PublishedRun, Rows, damaged};
use crate::publish::{Draft, Fate, Sieve, WrittenFile};

/// Copies the table of every cohort that the run had; gives what is in them now.
///
/// Whoever is flagged as sensitive today leaves a cohort whose rule looks at their place, or whose rule is not known any more.
pub(in crate::run) fn write_cohorts(
    job: &Job,
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    earlier: &Earlier,
) -> Result<Vec<CohortCount>> {
    let hidden = best_record::hidden_columns(job);
    let mut counted = earlier.cohorts();
    counted.retain(|cohort| run.has(&cohort::file(&cohort.id)));
    for counted in &mut counted {
        let same =
            |cohort: &&crate::job::Cohort| cohort.id == counted.id && cohort.definition_hash() == counted.definition;
        let rests_on_place = job.cohorts.iter().find(same).is_none_or(|cohort| cohort.looks_at(&hidden));
        let name = cohort::file(&counted.id);
        let looks_at = &["person_id"];
        let sieve = Sieve { name: &name, looks_at, distinct: &["person_id"], hidden: &hidden, flag: "" };
        let mut left = 0;
        draft.copy_table(run, &sieve, |rows| {
            let mut fate = Fate::default();
            for person in standing.persons(run, rows)? {
                let masked = standing.masked[person as usize];
                fate.keep.push(standing.reason(person).is_none() && !(masked && rests_on_place));
                fate.hide.push(masked);
            }
            left += fate.keep.iter().filter(|keep| **keep).count() as u64;
            Ok(fate)
        })?;
        counted.people = left;
        (counted.entered, counted.left) = (None, None);
    }
    Ok(counted)
}

/// Copies cohort_changes.parquet of a run that keeps its name, and counts who is left in it.
pub(in crate::run) fn write_cohort_changes(
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    counted: &mut [CohortCount],
    earlier: &Earlier,
) -> Result<Option<WrittenFile>> {
    if !run.has(cohort::CHANGES) {
        return Ok(None);
    }
    for (counted, before) in counted.iter_mut().zip(earlier.cohorts()) {
        (counted.entered, counted.left) = (before.entered.map(|_| 0), before.left.map(|_| 0));
    }
    let looks_at = &["person_id", "cohort", "change"];
    let sieve = Sieve { name: cohort::CHANGES, looks_at, distinct: &["person_id"], hidden: &[], flag: "" };
    let written = draft.copy_table(run, &sieve, |rows| {
        let keep = stays(run, rows, standing)?;
        let (cohorts, changes) = (rows.text("cohort")?, rows.text("change")?);
        for row in (0..rows.len()).filter(|&row| keep[row]) {
            let counted = counted.iter_mut().find(|counted| counted.id == cohorts.value(row));
            let count = counted.and_then(|counted| match changes.value(row) {
                "entered" => counted.entered.as_mut(),
                _ => counted.left.as_mut(),
            });
            count.into_iter().for_each(|count| *count += 1);
        }
        Ok(Fate { keep, ..Fate::default() })
    })?;
    Ok(Some(written))
}

/// Ids that went away before the run stay, as nobody is behind them any more.
fn stays(run: &PublishedRun, rows: &Rows, standing: &Standing) -> Result<Vec<bool>> {
    let wrong = || damaged(&run.folder.join(cohort::CHANGES));
    let ids = rows.text("person_id")?.iter();
    ids.map(|id| id.and_then(PersonId::parse).map(|id| !standing.is_gone(id)).ok_or_else(wrong)).collect()
}
