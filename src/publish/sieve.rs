//! A table of an earlier run, written anew without the rows and values that may not be published today.

use super::published::{PublishedRun, Rows};
use super::table::{self, ROWS_PER_GROUP, Written, base_properties};
use super::{Draft, WrittenFile};
use crate::failure::{Failure, Result};
use crate::publish::OUTPUT_UNWRITABLE;
use crate::publish::published::damaged;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::compute::kernels::zip::zip;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::schema::types::ColumnPath;
use std::sync::Arc;

/// What becomes of some rows of a table, one entry a row.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    pub keep: Vec<bool>,
    /// Rows whose columns of `Sieve::hidden` become null, or empty where there is no null; empty for none.
    pub hide: Vec<bool>,
    /// The values of a column of flags; empty where they stay as they are.
    pub flags: Vec<bool>,
}

/// How a table is copied.
pub(crate) struct Sieve<'a> {
    /// The file, such as `people.parquet`.
    pub name: &'a str,
    /// Columns in which nearly every value occurs once.
    pub distinct: &'a [&'a str],
    pub hidden: &'a [String],
    /// The column that `Fate::flags` replaces.
    pub flag: &'a str,
}

impl Draft<'_> {
    /// Copies a table of `from` into this draft; `fate` is asked some rows at a time and in order.
    pub(crate) fn copy_table(
        &self,
        from: &PublishedRun,
        sieve: &Sieve,
        mut fate: impl FnMut(&Rows) -> Result<Fate>,
    ) -> Result<WrittenFile> {
        let path = self.path(sieve.name);
        let failed = |error| table::failure(error, &path);
        let written = Written::new(self.create_file(sieve.name)?);
        let mut properties = base_properties().set_max_row_group_row_count(Some(ROWS_PER_GROUP));
        for column in sieve.distinct {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(*column), false);
        }
        let options = ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
        let schema = from.schema(sieve.name)?;
        let mut writer = ArrowWriter::try_new_with_options(written, schema, options).map_err(failed)?;
        from.each_whole(sieve.name, |rows| {
            let fate = fate(rows)?;
            let batch = sifted(rows.batch(), sieve, fate).ok_or_else(|| damaged(&from.folder.join(sieve.name)))?;
            writer.write(&batch).map_err(failed)
        })?;
        let written = writer.into_inner().map_err(failed)?;
        written.finish(sieve.name).map_err(|error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE))
    }
}

/// `None` where the columns are not what a run writes.
fn sifted(batch: &RecordBatch, sieve: &Sieve, fate: Fate) -> Option<RecordBatch> {
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    if fate.hide.contains(&true) {
        let hide = BooleanArray::from(fate.hide);
        for (column, field) in columns.iter_mut().zip(batch.schema().fields()) {
            if sieve.hidden.contains(field.name()) {
                *column = match field.is_nullable() {
                    true => arrow::compute::nullif(column, &hide).ok()?,
                    false => zip(&hide, &StringArray::new_scalar(""), &column.as_ref()).ok()?,
                };
            }
        }
    }
    if !fate.flags.is_empty() {
        columns[batch.schema().index_of(sieve.flag).ok()?] = Arc::new(BooleanArray::from(fate.flags));
    }
    let whole = RecordBatch::try_new(batch.schema(), columns).ok()?;
    arrow::compute::filter_record_batch(&whole, &BooleanArray::from(fate.keep)).ok()
}
