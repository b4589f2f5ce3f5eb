//! packages.parquet: every package of care, for the controller only.

use super::WrittenFile;
use super::table::{self, Column};
use super::tables::Outputs;
use crate::best_record::Care;
use crate::care::Package;
use crate::failure::Result;
use crate::records::MISSING;
use std::path::Path;

/// The file; there is none where no provider sends packages.
pub(crate) const PACKAGES: &str = "packages.parquet";

/// Columns that tell where a person is known, null for whoever is sensitive: a service may be the name of a place.
pub(crate) const PACKAGES_HIDDEN: [&str; 3] = ["provider", "record_id", "service"];

pub(super) fn write(folder: &Path, outputs: &Outputs, care: &Care) -> Result<WrittenFile> {
    let (rows, words) = (&care.packages.rows, &care.packages.words);
    let shown = |row: usize| !outputs.people.sensitive[rows[row].person as usize];
    let word = |code: u32| (code != MISSING).then(|| words.get(code));
    let provider = |row: usize| outputs.job.providers[usize::from(rows[row].provider)].id.as_str();
    let day = |name: &str, day: fn(&Package) -> Option<i32>| Column::date(name, move |row| day(&rows[row]));
    let columns = [
        Column::required_text("person_id", |row| outputs.person_ids[rows[row].person as usize].as_str()).distinct(),
        Column::text("provider", |row| shown(row).then(|| provider(row))),
        Column::text("record_id", |row| shown(row).then(|| outputs.records.record_id.get(rows[row].row as usize)))
            .distinct(),
        Column::text("service", |row| word(rows[row].service).filter(|_| shown(row))),
        Column::text("need", |row| word(rows[row].need)),
        day("start", |package| package.start),
        day("end", |package| package.end),
        day("planned_until", |package| package.planned_until),
        Column::text("ended_because", |row| word(rows[row].because)),
        Column::text("state", |row| rows[row].state.map(|state| state.word())),
        Column::text("problem", |row| rows[row].problem.map(|problem| problem.word())),
    ];
    table::write(folder, PACKAGES, rows.len(), &columns)
}
