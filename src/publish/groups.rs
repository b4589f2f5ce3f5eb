//! A published table by its row groups: some columns of one, a whole column of one, or all of it byte for byte into another file.

use super::RUN_UNREADABLE;
use super::published::{PublishedRun, Rows, damaged};
use crate::disk;
use crate::failure::{Failure, Result};
use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy};
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::TypePtr;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

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
        self.read_column(group, at, None)
    }

    fn read_column(&self, group: usize, at: usize, rows: Option<RowSelection>) -> Result<ArrayRef> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), [at]);
        let mut builder = self.builder(&mask)?.with_row_groups(vec![group]);
        if let Some(rows) = rows {
            builder = builder.with_row_selection(rows);
        }
        let reader = builder.build().map_err(|_| damaged(&self.path))?;
        let pieces = reader.map(|batch| batch.map(|batch| batch.column(0).clone()));
        let pieces: Vec<ArrayRef> = pieces.collect::<std::result::Result<_, _>>().map_err(|_| damaged(&self.path))?;
        let pieces: Vec<&dyn Array> = pieces.iter().map(|piece| &**piece).collect();
        concat(&pieces).map_err(|_| damaged(&self.path))
    }

    /// Some rows of one column in a group; only pages that hold one of them are decoded.
    pub fn some_of_column(&self, group: usize, at: usize, rows: Range<usize>) -> Result<ArrayRef> {
        let all = usize::try_from(self.metadata.metadata().row_group(group).num_rows());
        let all = all.ok().filter(|&all| rows.end <= all).ok_or_else(|| damaged(&self.path))?;
        self.read_column(group, at, Some(RowSelection::from_consecutive_ranges(std::iter::once(rows), all)))
    }

    /// A column of a group and where its pages stand, where the file tells of that.
    pub fn pages(&self, group: usize, at: usize) -> Option<(&ColumnChunkMetaData, &OffsetIndexMetaData)> {
        let metadata = self.metadata.metadata();
        let index = metadata.page_index()?.offset_index(group, at)?;
        Some((metadata.row_group(group).columns().get(at)?, index))
    }

    /// Bytes of the file as they stand.
    pub fn bytes(&self, offset: i64, length: i32) -> Result<Bytes> {
        let place = u64::try_from(offset).ok().zip(usize::try_from(length).ok());
        let bytes =
            place.map(|(offset, length)| open(&self.path)?.get_bytes(offset, length).map_err(|_| damaged(&self.path)));
        bytes.unwrap_or_else(|| Err(damaged(&self.path)))
    }

    pub fn path(&self) -> &Path {
        &self.path
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

fn open(path: &Path) -> Result<disk::Reader> {
    disk::open(path).map_err(|error| Failure::from_io(&error, path, &RUN_UNREADABLE))
}
