//! The ledger, which knows the rows of a provider that numbers them by what they say.
//!
//! Where the latest run was told such rows by record_id (by an earlier version, or because the job mapped a column then), the ledger holds
//! keys that say nothing any more. What each of its rows said stands in that run's crosswalk: it is read, once, so that nobody whose row is the
//! same gets another person_id. Where that run is not kept, people known by such rows alone are new once.

use crate::failure::Result;
use crate::identity::{Ledger, PersonId};
use crate::job::Job;
use crate::publish::published::{PublishedRun, damaged};

/// The ledger of a job's output. Nothing is written but a key where there is none yet.
///
/// # Errors
/// OF041x for the ledger, OF0535 where the crosswalk of the latest run cannot be read though it is kept.
pub(super) fn ledger(job: &Job) -> Result<Ledger> {
    let mut ledger = Ledger::open(&job.output, job.id_key_file.as_deref())?;
    let providers = ledger.still_by_record_id(job);
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
