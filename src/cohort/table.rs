//! `cohorts/<id>.parquet` and `cohort_changes.parquet`.

use super::since::{Before, Since};
use super::{CohortCount, members};
use crate::best_record::{People, column};
use crate::disk;
use crate::expression;
use crate::failure::{Failure, Result};
use crate::identity::PersonId;
use crate::job::{Cohort, Job};
use crate::publish::{self, OUTPUT_UNWRITABLE, WrittenFile};
use std::path::Path;

/// The folder of a run that holds its cohorts.
const FOLDER: &str = "cohorts";

/// Who entered and who left, of all cohorts.
pub(crate) const CHANGES: &str = "cohort_changes.parquet";

/// Writes every cohort of the job below `folder`, which holds a run; nothing where the job has none. Gives what is in them, and
/// cohort_changes.parquet; the tables of cohorts are not listed, as each can be made anew for today.
///
/// # Errors
/// Where a file cannot be written, or one of the run before cannot be read.
pub fn write(
    job: &Job,
    people: &People,
    person_ids: &[PersonId],
    before: &Before,
    folder: &Path,
) -> Result<(Vec<CohortCount>, Vec<WrittenFile>)> {
    let (mut counted, mut changes) = (Vec::new(), Vec::new());
    if job.cohorts.is_empty() {
        return Ok((counted, Vec::new()));
    }
    create(folder)?;
    for cohort in &job.cohorts {
        let chosen = members(cohort, people, person_ids);
        let ids = chosen.iter().map(|&person| person_ids[person as usize]).collect();
        let since = before.compare(cohort, ids)?;
        write_one(folder, cohort, people, person_ids, &chosen)?;
        counted.push(CohortCount {
            id: cohort.id.clone(),
            name: cohort.name.clone(),
            people: chosen.len() as u64,
            entered: since.as_ref().map(|since| since.entered.len() as u64),
            left: since.as_ref().map(|since| since.left.len() as u64),
            definition: cohort.definition_hash(),
        });
        changes.extend(since.map(|since| (cohort.id.as_str(), since)));
    }
    Ok((counted, vec![write_changes(folder, &changes)?]))
}

/// Writes one cohort below `folder`; gives how many people are in it.
///
/// # Errors
/// Where the file cannot be written.
pub fn rewrite(cohort: &Cohort, people: &People, person_ids: &[PersonId], folder: &Path) -> Result<u64> {
    create(folder)?;
    let chosen = members(cohort, people, person_ids);
    write_one(folder, cohort, people, person_ids, &chosen).map(|_| chosen.len() as u64)
}

fn create(folder: &Path) -> Result<()> {
    let folder = folder.join(FOLDER);
    disk::create_folder(&folder).map_err(|error| Failure::from_io(&error, &folder, &OUTPUT_UNWRITABLE))
}

/// person_id and the columns of the cohort, in its order.
fn write_one(
    folder: &Path,
    cohort: &Cohort,
    people: &People,
    person_ids: &[PersonId],
    chosen: &[u32],
) -> Result<WrittenFile> {
    let id = publish::Column::required_text("person_id", |row| person_ids[chosen[row] as usize].as_str()).distinct();
    let shown = cohort.columns.iter().map(|name| shown(name, column(people, name), chosen));
    let columns: Vec<publish::Column> = [id].into_iter().chain(shown).collect();
    publish::write_table(folder, &file(&cohort.id), chosen.len(), &columns)
}

/// The name of a cohort's file within its run.
pub(crate) fn file(id: &str) -> String {
    format!("{FOLDER}/{id}.parquet")
}

fn shown<'a>(name: &str, column: expression::Column<'a>, chosen: &'a [u32]) -> publish::Column<'a> {
    use expression::Column;
    match column {
        Column::Flag(value) => publish::Column::optional_flag(name, move |row| value(chosen[row] as usize)),
        Column::Number(value) => publish::Column::optional_float(name, move |row| value(chosen[row] as usize)),
        Column::Whole(value) => publish::Column::optional_int64(name, move |row| value(chosen[row] as usize)),
        Column::Date(value) => publish::Column::date(name, move |row| value(chosen[row] as usize)),
        Column::Text(code, values) => {
            publish::Column::text(name, move |row| code(chosen[row] as usize).map(|code| values.get(code)))
        }
        Column::List(codes, values) => publish::Column::list(name, move |row, append| {
            let entries = codes(chosen[row] as usize);
            entries.into_iter().flatten().for_each(|&code| append(values.get(code)));
            entries.is_some()
        }),
    }
}

fn write_changes(folder: &Path, changes: &[(&str, Since)]) -> Result<WrittenFile> {
    let rows: Vec<(&str, &PersonId, &str)> = changes
        .iter()
        .flat_map(|(cohort, since)| {
            let entered = since.entered.iter().map(|id| (*cohort, id, "entered"));
            entered.chain(since.left.iter().map(|id| (*cohort, id, "left")))
        })
        .collect();
    let columns = [
        publish::Column::required_text("cohort", |row| rows[row].0),
        publish::Column::required_text("person_id", |row| rows[row].1.as_str()).distinct(),
        publish::Column::required_text("change", |row| rows[row].2),
    ];
    publish::write_table(folder, CHANGES, rows.len(), &columns)
}
