//! wishes.parquet: every preferred place and who holds it, for the controller only.

use super::WrittenFile;
use super::table::{self, Column};
use super::tables::Outputs;
use crate::end_of_life::Wishes;
use crate::failure::Result;
use std::path::Path;

/// The file; there is none without `[end_of_life]`.
pub(crate) const WISHES: &str = "wishes.parquet";

/// Columns that tell where a person is known, or where they are: null for whoever is sensitive.
pub(crate) const WISHES_HIDDEN: [&str; 3] = ["provider", "record_id", "place"];

pub(super) fn write(folder: &Path, outputs: &Outputs, wishes: &Wishes) -> Result<WrittenFile> {
    let rows = &wishes.rows;
    let shown = |row: usize| !outputs.people.sensitive[rows[row].person as usize];
    let provider = |row: usize| outputs.job.providers[usize::from(rows[row].provider)].id.as_str();
    let columns = [
        Column::required_text("person_id", |row| outputs.person_ids[rows[row].person as usize].as_str()).distinct(),
        Column::text("provider", |row| shown(row).then(|| provider(row))),
        Column::text("record_id", |row| shown(row).then(|| outputs.records.record_id.get(rows[row].row as usize)))
            .distinct(),
        Column::required_text("wish", |row| rows[row].kind.word()),
        Column::text("place", |row| shown(row).then(|| wishes.places.get(rows[row].place))),
        Column::date("decided_on", |row| rows[row].decided_on),
    ];
    table::write(folder, WISHES, rows.len(), &columns)
}
