//! The ledger, which knows the rows of a provider that numbers them by what they say.
//!
//! Where the latest run was told such rows by record_id (by an earlier version, or because the job mapped a column then), the ledger holds
//! keys that say nothing any more. What each of its rows said stands in that run's crosswalk: it is read, once, so that nobody whose row is the
//! same gets another person_id. Where that run is not kept, people known by such rows alone are new once.
//!
//! A kept run may have numbered rows that the job has record_ids for since, or the other way round: its record_ids are then no names of today's.

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
pub(super) fn ledger(job: &Job) -> Result<Ledger> {
    ledger_with(job, &BTreeSet::new())
}

/// The same, where it is to know the rows of the providers in `also` by what they say, too.
///
/// # Errors
/// As [`ledger`].
pub(super) fn ledger_with(job: &Job, also: &BTreeSet<String>) -> Result<Ledger> {
    let mut ledger = Ledger::open(&job.output, job.id_key_file.as_deref())?;
    let providers = ledger.still_by_record_id(job, also);
    let Some(latest) = ledger.runs().last().filter(|_| !providers.is_empty()) else { return Ok(ledger) };
    let Ok(run) = PublishedRun::kept(job, latest) else { return Ok(ledger) };
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
pub(crate) fn told_by(run: &PublishedRun) -> Result<Option<BTreeSet<String>>> {
    let told = run.told()?;
    let providers = told["settings"]["numbered_rows"].as_array();
    Ok(providers.map(|all| all.iter().filter_map(Value::as_str).map(str::to_string).collect()))
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
