//! A published table by its row groups: some columns of one, a whole column of one, or all of it byte for byte into another file.

use super::RUN_UNREADABLE;
use super::published::{PublishedRun, Rows, damaged};
use crate::disk;
use crate::failure::{Failure, Result};
use arrow::array::ArrayRef;
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::TypePtr;
use std::io::Write;
use std::path::PathBuf;

/// Rows decoded at a time.
pub(super) const ROWS: usize = 32 << 10;

/// A table that is opened; each read of it opens its file anew, so that several threads can.
pub(super) struct Groups {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

impl PublishedRun {
    /// A table by its row groups.
    pub(super) fn groups(&self, file: &str) -> Result<Groups> {
        let path = self.folder.join(file);
        let opened = open(&path)?;
        // All that a group is copied with.
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let options = options.with_encoding_stats_as_mask(false);
        let metadata = ArrowReaderMetadata::load(&opened, options).map_err(|_| damaged(&path))?;
        Ok(Groups { path, metadata })
    }

    /// Hands `visit` the named columns of the rows with these numbers, which ascend; only pages that hold one of them are decoded.
    pub fn each_of(
        &self,
        file: &str,
        columns: &[&str],
        rows: &[usize],
        mut visit: impl FnMut(&Rows) -> Result<()>,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let groups = self.groups(file)?;
        let all = usize::try_from(groups.metadata.metadata().file_metadata().num_rows());
        let all = all.ok().filter(|&all| rows.last().is_some_and(|&last| last < all));
        let all = all.ok_or_else(|| damaged(&groups.path))?;
        let selection = RowSelection::from_consecutive_ranges(rows.iter().map(|&row| row..row + 1), all);
        let reader = groups.builder(&groups.mask(columns))?.with_row_selection(selection).build();
        groups.visit_all(reader.map_err(|_| damaged(&groups.path))?, &mut visit)
    }
}

impl Groups {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// The schema as it stands in the file.
    pub fn root(&self) -> TypePtr {
        self.metadata.parquet_schema().root_schema_ptr()
    }

    /// Hands `visit` the named columns of a group, some rows at a time and in order.
    pub fn each(&self, group: usize, columns: &[&str], mut visit: impl FnMut(&Rows) -> Result<()>) -> Result<()> {
        let reader = self.builder(&self.mask(columns))?.with_row_groups(vec![group]).build();
        self.visit_all(reader.map_err(|_| damaged(&self.path))?, &mut visit)
    }

    /// All of one column in a group.
    pub fn column(&self, group: usize, at: usize) -> Result<ArrayRef> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), [at]);
        let reader = self.builder(&mask)?.with_row_groups(vec![group]).build().map_err(|_| damaged(&self.path))?;
        let pieces = reader.map(|batch| batch.map(|batch| batch.column(0).clone()));
        let pieces: Vec<ArrayRef> = pieces.collect::<std::result::Result<_, _>>().map_err(|_| damaged(&self.path))?;
        let pieces: Vec<&dyn arrow::array::Array> = pieces.iter().map(|piece| &**piece).collect();
        concat(&pieces).map_err(|_| damaged(&self.path))
    }

    /// Copies a group as it stands, not decoded.
    pub fn copy<W: Write + Send>(
        &self,
        group: usize,
        into: &mut SerializedRowGroupWriter<W>,
    ) -> std::result::Result<(), ParquetError> {
        let file = disk::open(&self.path)?;
        let metadata = self.metadata.metadata();
        let rows = metadata.row_group(group).num_rows();
        for (at, column) in metadata.row_group(group).columns().iter().enumerate() {
            let indexes = metadata.page_index();
            let close = ColumnCloseResult {
                bytes_written: column.compressed_size().unsigned_abs(),
                rows_written: rows.unsigned_abs(),
                metadata: column.clone(),
                // No run has any.
                bloom_filter: None,
                column_index: indexes.and_then(|indexes| indexes.column_index(group, at)).cloned(),
                offset_index: indexes.and_then(|indexes| indexes.offset_index(group, at)).cloned(),
            };
            into.append_column(&file, close)?;
        }
        Ok(())
    }

    fn mask(&self, columns: &[&str]) -> ProjectionMask {
        let fields = self.schema().fields().iter().enumerate();
        let places = fields.filter(|(_, field)| columns.contains(&field.name().as_str())).map(|(at, _)| at);
        ProjectionMask::roots(self.metadata.parquet_schema(), places)
    }

    fn builder(&self, mask: &ProjectionMask) -> Result<ParquetRecordBatchReaderBuilder<disk::Reader>> {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open(&self.path)?, self.metadata.clone());
        Ok(builder.with_projection(mask.clone()).with_batch_size(ROWS))
    }

    fn visit_all(&self, reader: ParquetRecordBatchReader, visit: &mut dyn FnMut(&Rows) -> Result<()>) -> Result<()> {
        for batch in reader {
            visit(&Rows::new(batch.map_err(|_| damaged(&self.path))?, &self.path))?;
        }
        Ok(())
    }
}

fn open(path: &std::path::Path) -> Result<disk::Reader> {
    disk::open(path).map_err(|error| Failure::from_io(&error, path, &RUN_UNREADABLE))
}
