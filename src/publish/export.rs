//! The standardised records as one Parquet file, for a data engineer who links them with something else or looks at what cleaning made.
//!
//! It holds people's identifiers: it is for the controller only, and no run writes it.

use super::table::{self, Column};
use super::{EXPORT_UNWRITABLE, OUTPUT_UNWRITABLE};
use crate::disk;
use crate::failure::{FILE_EXISTS, Failure, Result};
use crate::intake;
use crate::job::{Field, Job};
use crate::records::{Identities, Records};
use std::path::Path;

/// Writes `records` to the new file `path` (0600), in the order of the extracts; gives its bytes.
///
/// Columns: provider, record_id, source_file, source_row, identity_id (as in the outputs of a run), nhs_number_verified; then the
/// standardised value of every mapped field as text (dates YYYYMMDD, `-` for unknown digits; a full name as its parts; aliases of a name
/// after a bar), custom fields as `custom_<name>`.
///
/// # Errors
/// Where the file exists or cannot be written; then nothing of it is left.
pub fn export_records(job: &Job, records: &Records, path: &Path) -> Result<u64> {
    if path.symlink_metadata().is_ok() {
        return Err(Failure::new(&FILE_EXISTS, path.display().to_string()));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Some(name) = path.file_name() else {
        return Err(Failure::new(&EXPORT_UNWRITABLE, format!("{} names no file", path.display())));
    };
    let partial = format!("{}.partial", name.to_string_lossy());
    let aside = folder.join(&partial);
    // What an export that was killed has left.
    let _ = disk::remove_file(&aside);
    let failed = |error: std::io::Error| Failure::from_io(&error, &aside, &EXPORT_UNWRITABLE);
    let written = write(job, records, folder, &partial).and_then(|bytes| {
        disk::sync_file(&aside).map_err(failed)?;
        disk::rename(&aside, path).and_then(|()| disk::sync_folder(folder)).map_err(failed)?;
        Ok(bytes)
    });
    if written.is_err() {
        let _ = disk::remove_file(&aside);
    }
    written
}

fn write(job: &Job, records: &Records, folder: &Path, name: &str) -> Result<u64> {
    let custom = job.custom_names();
    let identities = Identities::of(records, &custom, |_| true);
    let extracts = intake::extracts(job);
    let provider = |row: usize| job.providers[usize::from(records.provider[row])].id.as_str();
    let mut columns = vec![
        Column::required_text("provider", provider),
        Column::required_text("record_id", |row| records.record_id.get(row)).distinct(),
        Column::required_text("source_file", |row| extracts[records.extract[row] as usize].name.as_str()),
        Column::int64("source_row", |row| i64::from(records.source_row[row])),
        super::link_table::identity_column("identity_id", &identities.hash, |row| identities.of_record[row]),
        Column::flag("nhs_number_verified", |row| records.number_verified[row]),
    ];
    let fields = records.clean.iter().filter(|(field, _)| **field != Field::RecordId);
    columns.extend(fields.map(|(&field, column)| {
        let name = match field {
            Field::Custom(index) => format!("custom_{}", custom[usize::from(index)]),
            built_in => built_in.word().unwrap_or_default().to_string(),
        };
        Column::text(&name, move |row| column.get(row))
    }));
    let written = table::write(folder, name, records.len(), &columns).map_err(|failure| {
        // The same in other words: this file is not below [job] output.
        if std::ptr::eq(failure.code, &OUTPUT_UNWRITABLE) {
            return Failure::new(&EXPORT_UNWRITABLE, failure.what);
        }
        failure
    })?;
    Ok(written.bytes)
}
