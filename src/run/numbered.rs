//! The ledger, which knows the rows of a provider that numbers them by what they say.
//!
//! Where the latest run was told such rows by record_id (by an earlier version, or because the job mapped a column then), the ledger holds
//! keys that say nothing any more. What each of its rows said stands in that run's crosswalk: it is read, once, so that nobody whose row is the
//! same gets another person_id. Where that run is not kept, people known by such rows alone are new once.
//!
//! A kept run may have numbered rows that the job has record_ids for since, or the other way round: its record_ids are then no names of today's.
//! Where the latest run has, and is of a version that took the numbers for record_ids, its rows are known by what they say as well, so that nobody's
//! record is taken for the row that had its name for a number.

use super::report;
use crate::decisions::Decisions;
use crate::failure::Result;
use crate::identity::{Ledger, PersonId};
use crate::job::Job;
use crate::publish::published::{PublishedRun, damaged};
use serde_json::Value;
use std::collections::BTreeSet;

/// The ledger of a job's output. Nothing is written but a key where there is none yet.
///
/// # Errors
/// OF041x for the ledger, OF0535 where the crosswalk of the latest run cannot be read though it is kept.
pub(crate) fn ledger(job: &Job) -> Result<Ledger> {
    ledger_with(job, &BTreeSet::new())
}

/// The same, where it is to know the rows of the providers in `also` by what they say, too.
///
/// # Errors
/// As [`ledger`].
pub(super) fn ledger_with(job: &Job, also: &BTreeSet<String>) -> Result<Ledger> {
    let mut ledger = Ledger::open(&job.output, job.id_key_file.as_deref())?;
    let latest = ledger.runs().last().and_then(|latest| PublishedRun::kept(job, latest).ok());
    let Some(run) = latest else { return Ok(ledger) };
    // Whether its run.json can be read is asked elsewhere: a way back from a run that is damaged stays open.
    let told = run.told().ok();
    let numbered = told.map_or_else(|| Ok(BTreeSet::new()), |told| numbered_by(job, &run, &told))?;
    let providers = ledger.still_by_record_id(job, &(also | &numbered));
    if providers.is_empty() {
        return Ok(ledger);
    }
    let mut known = Vec::new();
    run.each("crosswalk.parquet", &["provider", "record_id", "identity_id", "person_id"], |rows| {
        let (provider, record, person) = (rows.text("provider")?, rows.text("record_id")?, rows.text("person_id")?);
        for (row, identity) in rows.content_hashes("identity_id")?.iter().enumerate() {
            if providers.contains(provider.value(row)) {
                let person = PersonId::parse(person.value(row));
                let person = person.ok_or_else(|| damaged(&run.folder.join("crosswalk.parquet")))?;
                known.push(ledger.row_before(provider.value(row), record.value(row), identity, person));
            }
        }
        Ok(())
    })?;
    ledger.know_by_content(providers, &known)?;
    Ok(ledger)
}

/// Stops a night that would obey as decisions on records what a run of an earlier version has obeyed on the numbers of rows. That is the run that the
/// night is held against; `known` are the runs of the ledger, oldest first.
///
/// # Errors
/// OF0373 where there is such a decision, OF0535 where that run cannot be read.
pub(super) fn judge_decisions(job: &Job, known: &[String], decisions: &Decisions) -> Result<()> {
    let Some(run) = PublishedRun::newest(job, known) else { return Ok(()) };
    if decisions.pairs.is_empty() && decisions.not_people.is_empty() {
        return Ok(());
    }
    let told = run.told()?;
    // A later version obeys none on the number of a row.
    if told_in(&told).is_some() {
        return Ok(());
    }
    let numbered = numbered_by(job, &run, &told)?;
    if numbered.is_empty() { Ok(()) } else { decisions.name_no_number_of_then(job, run.decisions_seen()?, &numbered) }
}

/// Providers whose rows a kept run has numbered, as far as today's record_ids might be taken for these numbers: as the run itself says, or, where
/// it is of an earlier version and of another job file than today's, by its record_ids.
///
/// # Errors
/// OF0535 where the run cannot be read.
pub(crate) fn numbered_then(job: &Job, run: &PublishedRun) -> Result<BTreeSet<String>> {
    numbered_by(job, run, &run.told()?)
}

/// The same; `told` is its run.json.
fn numbered_by(job: &Job, run: &PublishedRun, told: &Value) -> Result<BTreeSet<String>> {
    let is_same = || report::job_file_blake3(job).is_some_and(|hash| told["settings"]["job_file_blake3"] == hash);
    match told_in(told) {
        Some(providers) => Ok(providers),
        // Whoever has record_ids by that file had them then.
        None if is_same() => Ok(BTreeSet::new()),
        None => by_their_record_ids(run),
    }
}

/// Providers whose rows a kept run has numbered. A run of an earlier version does not say: there it is those all of whose rows have their
/// number for a record_id.
///
/// # Errors
/// OF0535 where the run cannot be read.
pub(crate) fn numbered_in(run: &PublishedRun) -> Result<BTreeSet<String>> {
    match told_by(run)? {
        Some(providers) => Ok(providers),
        None => by_their_record_ids(run),
    }
}

/// The same, as the run itself says; `None` where it is of an earlier version.
///
/// # Errors
/// OF0535 where its run.json cannot be read.
pub(super) fn told_by(run: &PublishedRun) -> Result<Option<BTreeSet<String>>> {
    Ok(told_in(&run.told()?))
}

fn told_in(run_json: &Value) -> Option<BTreeSet<String>> {
    let providers = run_json["settings"]["numbered_rows"].as_array()?;
    Some(providers.iter().filter_map(Value::as_str).map(str::to_string).collect())
}

fn by_their_record_ids(run: &PublishedRun) -> Result<BTreeSet<String>> {
    let (mut numbered, mut named) = (BTreeSet::<String>::new(), BTreeSet::<String>::new());
    run.each("crosswalk.parquet", &["provider", "record_id", "source_row"], |rows| {
        let (provider, record) = (rows.text("provider")?, rows.text("record_id")?);
        for (row, number) in rows.integers("source_row")?.iter().enumerate() {
            let providers = if record.value(row) == number.to_string() { &mut numbered } else { &mut named };
            if !providers.contains(provider.value(row)) {
                providers.insert(provider.value(row).to_string());
            }
        }
        Ok(())
    })?;
    Ok(&numbered - &named)
}
