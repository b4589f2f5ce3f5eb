//! The Parquet files of a run, with exactly the columns of DESIGN section 6.

use super::WrittenFile;
use super::link_table::identity_column;
use super::numbers;
use super::packages_table;
use super::people_table;
use super::table::{self, Column};
use super::wishes_table;
use crate::best_record::{self, NO_DATE, People};
use crate::clustering::Partition;
use crate::consent::Withheld;
use crate::failure::Result;
use crate::identity::{Change, PersonId};
use crate::intake::{FileReport, Quarantined};
use crate::job::Job;
use crate::records::Records;
use rayon::prelude::*;
use std::path::Path;

/// Everything that goes into the Parquet files but those of links.
pub struct Outputs<'a> {
    pub job: &'a Job,
    /// By extract; only the names are used.
    pub files: &'a [FileReport],
    pub records: &'a Records,
    pub partition: &'a Partition,
    /// Index into `identity_ids`, one a record.
    pub identity_of_record: &'a [u32],
    /// Content hashes, printed as 32 hexadecimal characters.
    pub identity_ids: &'a [[u8; 16]],
    /// By dense person.
    pub person_ids: &'a [PersonId],
    pub people: &'a People,
    pub quarantined: &'a [Quarantined],
    pub withheld: &'a [Withheld],
    pub changes: &'a [Change],
}

/// Writes all of them in parallel, and does `then` as soon as people.parquet stands. `whole` is told of each as soon as it is written. Of several failures
/// that of the crosswalk is the one told, then that of people.parquet, then the first of the rest.
pub(super) fn write_all<T: Send>(
    folder: &Path,
    outputs: &Outputs,
    whole: &(impl Fn(&WrittenFile) + Sync),
    then: impl FnOnce() -> T + Send,
) -> Result<(Vec<WrittenFile>, T)> {
    let people = || people_table::write(folder, outputs).inspect(whole).map(|people| (people, then()));
    let writers: [&(dyn Fn() -> Result<WrittenFile> + Sync); 5] = [
        &|| write_crosswalk(folder, outputs),
        &|| numbers::write(folder, outputs),
        &|| write_quarantine(folder, outputs),
        &|| write_withheld(folder, outputs),
        &|| write_changes(folder, outputs.changes),
    ];
    let of_some_jobs = || {
        let packages = outputs.people.care.as_ref().map(|care| packages_table::write(folder, outputs, care));
        let known = outputs.people.end_of_life.as_ref();
        let wishes = known.map(|known| wishes_table::write(folder, outputs, &known.wishes));
        packages.into_iter().chain(wishes).map(|written| written.inspect(whole)).collect::<Vec<_>>()
    };
    let of_all_jobs = || -> Vec<Result<WrittenFile>> {
        writers.par_iter().with_max_len(1).map(|write| write().inspect(whole)).collect()
    };
    let (people, (others, further)) = rayon::join(people, || rayon::join(of_all_jobs, of_some_jobs));
    let mut others = others.into_iter().chain(further);
    let crosswalk = others.next().transpose()?;
    let (people, then) = people?;
    let others = others.collect::<Result<Vec<WrittenFile>>>()?;
    Ok((crosswalk.into_iter().chain([people]).chain(others).collect(), then))
}

fn write_crosswalk(folder: &Path, outputs: &Outputs) -> Result<WrittenFile> {
    let (records, person) = (outputs.records, &outputs.partition.person);
    let updated = best_record::updated(records, outputs.job.as_of);
    let updated = |row: usize| updated.get(row).copied().filter(|&day| day != NO_DATE);
    let columns = [
        provider_column(outputs, |row| records.provider[row]),
        Column::required_text("record_id", |row| records.record_id.get(row)).distinct(),
        file_column(outputs, |row| records.extract[row]),
        Column::int64("source_row", |row| i64::from(records.source_row[row])),
        identity_column("identity_id", outputs.identity_ids, |row| outputs.identity_of_record[row]),
        Column::required_text("person_id", |row| outputs.person_ids[person[row] as usize].as_str()).distinct(),
        Column::date("updated", updated),
    ];
    table::write(folder, "crosswalk.parquet", records.len(), &columns)
}

fn write_quarantine(folder: &Path, outputs: &Outputs) -> Result<WrittenFile> {
    let rows = outputs.quarantined;
    let columns = [
        provider_column(outputs, |row| rows[row].provider),
        file_column(outputs, |row| rows[row].extract),
        Column::int64("source_row", |row| i64::from(rows[row].source_row)),
        Column::required_text("raw", |row| rows[row].raw.as_str()).distinct(),
        Column::required_text("code", |row| rows[row].code.word()),
        Column::required_text("reason", |row| rows[row].reason.as_str()),
    ];
    table::write(folder, "quarantine.parquet", rows.len(), &columns)
}

fn write_withheld(folder: &Path, outputs: &Outputs) -> Result<WrittenFile> {
    let rows = outputs.withheld;
    let columns = [
        provider_column(outputs, |row| rows[row].provider),
        Column::required_text("record_id", |row| rows[row].record_id.as_str()).distinct(),
        file_column(outputs, |row| rows[row].extract),
        Column::int64("source_row", |row| i64::from(rows[row].source_row)),
        Column::required_text("reason", |row| rows[row].reason.word()),
    ];
    table::write(folder, "withheld.parquet", rows.len(), &columns)
}

/// A row of withheld.parquet, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WithheldRow {
    pub provider: String,
    pub record_id: String,
    pub source_file: String,
    pub source_row: i64,
    pub reason: String,
}

pub(super) fn write_withheld_rows(folder: &Path, rows: &[WithheldRow]) -> Result<WrittenFile> {
    let columns = [
        Column::required_text("provider", |row| rows[row].provider.as_str()),
        Column::required_text("record_id", |row| rows[row].record_id.as_str()).distinct(),
        Column::required_text("source_file", |row| rows[row].source_file.as_str()),
        Column::int64("source_row", |row| rows[row].source_row),
        Column::required_text("reason", |row| rows[row].reason.as_str()),
    ];
    table::write(folder, "withheld.parquet", rows.len(), &columns)
}

pub(super) fn write_changes(folder: &Path, changes: &[Change]) -> Result<WrittenFile> {
    let columns = [
        Column::required_text("person_id", |row| changes[row].person_id.as_str()).distinct(),
        Column::required_text("change", |row| changes[row].kind.word()),
        Column::list("into", |row, append| {
            changes[row].into.iter().for_each(|id| append(id.as_str()));
            true
        }),
        Column::text("from_run", |row| changes[row].from_run.as_deref()),
    ];
    table::write(folder, "changes.parquet", changes.len(), &columns)
}

fn provider_column<'a>(outputs: &'a Outputs, provider: impl Fn(usize) -> u16 + Sync + Send + 'a) -> Column<'a> {
    Column::required_text("provider", move |row| outputs.job.providers[provider(row) as usize].id.as_str())
}

fn file_column<'a>(outputs: &'a Outputs, extract: impl Fn(usize) -> u32 + Sync + Send + 'a) -> Column<'a> {
    Column::required_text("source_file", move |row| outputs.files[extract(row) as usize].name.as_str())
}
