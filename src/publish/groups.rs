//! A published table by its row groups: some columns of one or of all, a whole column of one, or all of it byte for byte into another file.
//!
//! Groups are read by several threads at once, of one opened file: the run that it was opened in may be removed or replaced meanwhile.

use super::RUN_UNREADABLE;
use super::ahead;
use super::published::{PublishedRun, Rows, damaged};
use super::table::ROWS_PER_GROUP;
use crate::disk;
use crate::failure::{Failure, Result};
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, RowGroupMetaData};
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::TypePtr;
use rayon::prelude::*;
use std::io::{self, BufReader, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows decoded at a time.
const ROWS: usize = 32 << 10;

/// Groups that have more bytes in the columns that are read are not decoded ahead: raw texts in quarantine are as long as somebody has made them.
const LARGE: i64 = 64 << 20;

/// A table that is opened.
pub(super) struct Groups {
    path: PathBuf,
    file: Shared,
    metadata: ArrowReaderMetadata,
}

/// An opened file that several threads read, each at its own places.
#[derive(Clone)]
struct Shared {
    file: Arc<disk::Reader>,
    length: u64,
}

/// The rest of it from some place on.
struct Rest {
    of: Shared,
    at: u64,
}

/// What was made of the rows of a group, some at a time, and whether that came to its end.
struct Made<T> {
    pieces: Vec<T>,
    ended: Result<()>,
}

/// Some columns of the rows of a group.
pub(super) struct GroupRows<'a> {
    groups: &'a Groups,
    group: usize,
    mask: &'a ProjectionMask,
    /// `None` where they are decoded as somebody goes through them.
    decoded: Option<Made<RecordBatch>>,
}

impl PublishedRun {
    /// A table by its row groups.
    pub(super) fn groups(&self, file: &str) -> Result<Groups> {
        // All that a group is copied with.
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        Groups::open(self.folder.join(file), options.with_encoding_stats_as_mask(false))
    }

    /// The same, to be read from its beginning to its end.
    fn all_groups(&self, file: &str) -> Result<Groups> {
        Groups::open(self.folder.join(file), ArrowReaderOptions::new())
    }

    /// Hands `visit` all columns of a table, some rows at a time and in order.
    pub fn each_whole(&self, file: &str, visit: impl FnMut(&Rows) -> Result<()>) -> Result<()> {
        self.all_groups(file)?.each(&ProjectionMask::all(), visit)
    }

    /// Hands `visit` the named columns of a table, some rows at a time and in order.
    pub fn each(&self, file: &str, columns: &[&str], visit: impl FnMut(&Rows) -> Result<()>) -> Result<()> {
        let groups = self.all_groups(file)?;
        groups.each(&groups.mask(columns), visit)
    }

    /// Hands `take`, in order, what `make` makes of the named columns of some rows at a time. Several threads make it, each of rows of its own.
    pub fn each_made<T: Send>(
        &self,
        file: &str,
        columns: &[&str],
        make: impl Fn(&Rows) -> Result<T> + Sync,
        take: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let groups = self.all_groups(file)?;
        groups.each_made(&groups.mask(columns), &make, take)
    }

    /// All that `look` finds in the named columns of a table, in the order of its rows; it is given the number of the first of some rows, and these.
    /// Several threads look, each through rows of its own.
    pub fn found<T: Send>(
        &self,
        file: &str,
        columns: &[&str],
        look: impl Fn(usize, &Rows) -> Result<Vec<T>> + Sync,
    ) -> Result<Vec<T>> {
        let groups = self.all_groups(file)?;
        let (mask, starts) = (groups.mask(columns), groups.starts()?);
        let in_group = |(group, &start): (usize, &usize)| groups.found(group, start, &mask, &look);
        let found: Vec<Result<Vec<T>>> = starts.par_iter().enumerate().with_max_len(1).map(in_group).collect();
        // Of several failures the first one is told, as by one thread.
        let found: Vec<Vec<T>> = found.into_iter().collect::<Result<_>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Hands `visit` the named columns of the rows with these numbers, which ascend; only pages that hold one of them are decoded.
    pub fn each_of(
        &self,
        file: &str,
        columns: &[&str],
        rows: &[usize],
        visit: impl FnMut(&Rows) -> Result<()>,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let groups = self.groups(file)?;
        let all = usize::try_from(groups.metadata.metadata().file_metadata().num_rows());
        let all = all.ok().filter(|&all| rows.last().is_some_and(|&last| last < all));
        let all = all.ok_or_else(|| damaged(&groups.path))?;
        let selection = RowSelection::from_consecutive_ranges(rows.iter().map(|&row| row..row + 1), all);
        groups.visit(groups.builder(&groups.mask(columns)).with_row_selection(selection), visit)
    }
}

impl Groups {
    fn open(path: PathBuf, options: ArrowReaderOptions) -> Result<Groups> {
        let opened = disk::open(&path).map_err(|error| Failure::from_io(&error, &path, &RUN_UNREADABLE))?;
        let file = Shared { length: Length::len(&opened), file: Arc::new(opened) };
        let metadata = ArrowReaderMetadata::load(&file, options).map_err(|_| damaged(&path))?;
        Ok(Groups { path, file, metadata })
    }

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

    /// The number of the first row of each.
    fn starts(&self) -> Result<Vec<usize>> {
        let mut next = Some(0);
        let start = |group| {
            let start = next?;
            next = self.rows(group).and_then(|rows| rows.checked_add(start));
            next.map(|_| start)
        };
        let starts: Option<_> = (0..self.len()).map(start).collect();
        starts.ok_or_else(|| damaged(&self.path))
    }

    /// How many rows a group has; `None` where the file says nonsense.
    fn rows(&self, group: usize) -> Option<usize> {
        usize::try_from(self.metadata.metadata().row_group(group).num_rows()).ok()
    }

    /// Hands `visit` some columns of all groups, some rows at a time and in order; groups to come are decoded meanwhile.
    fn each(&self, mask: &ProjectionMask, mut visit: impl FnMut(&Rows) -> Result<()>) -> Result<()> {
        if !self.is_decoded_ahead(mask) {
            return self.visit(self.builder(mask), visit);
        }
        self.each_made(mask, &decoded, |batch| visit(&Rows::new(batch, &self.path)))
    }

    fn each_made<T: Send>(
        &self,
        mask: &ProjectionMask,
        make: &(impl Fn(&Rows) -> Result<T> + Sync),
        mut take: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        ahead::in_order(self.len(), |group| self.made(group, mask, make), |_, made: Made<T>| made.each(&mut take))
    }

    /// Hands `visit` each group by its number, with the named columns of it; groups to come are decoded meanwhile.
    pub fn each_group(&self, columns: &[&str], mut visit: impl FnMut(usize, GroupRows) -> Result<()>) -> Result<()> {
        let mask = &self.mask(columns);
        let rows = |group, decoded| GroupRows { groups: self, group, mask, decoded };
        if !self.is_decoded_ahead(mask) {
            return (0..self.len()).try_for_each(|group| visit(group, rows(group, None)));
        }
        let decode = |group| self.made(group, mask, &decoded);
        ahead::in_order(self.len(), decode, |group, decoded| visit(group, rows(group, Some(decoded))))
    }

    /// Whether there is anything to be decoded ahead, and room for it.
    fn is_decoded_ahead(&self, mask: &ProjectionMask) -> bool {
        let groups = self.metadata.metadata().row_groups().iter();
        let read = |group: &RowGroupMetaData| -> i64 {
            let columns = group.columns().iter().enumerate().filter(|(at, _)| mask.leaf_included(*at));
            columns.map(|(_, column)| column.uncompressed_size()).sum()
        };
        self.len() > 1 && rayon::current_num_threads() > 1 && groups.map(read).all(|bytes| bytes <= LARGE)
    }

    fn made<T>(&self, group: usize, mask: &ProjectionMask, make: &impl Fn(&Rows) -> Result<T>) -> Made<T> {
        let mut pieces = Vec::new();
        let ended = self.visit(self.builder(mask).with_row_groups(vec![group]), |rows| {
            pieces.push(make(rows)?);
            Ok(())
        });
        Made { pieces, ended }
    }

    /// What `look` finds in a group, the first row of which has the number `start`.
    fn found<T>(
        &self,
        group: usize,
        start: usize,
        mask: &ProjectionMask,
        look: &impl Fn(usize, &Rows) -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        let (mut first, mut found) = (start, Vec::new());
        self.visit(self.builder(mask).with_row_groups(vec![group]), |rows| {
            found.extend(look(first, rows)?);
            first += rows.len();
            Ok(())
        })?;
        // The numbers of the rows behind it hang on that.
        if self.rows(group) == Some(first - start) { Ok(found) } else { Err(damaged(&self.path)) }
    }

    /// All of one column in a group.
    pub fn column(&self, group: usize, at: usize) -> Result<ArrayRef> {
        self.read_column(group, at, None)
    }

    fn read_column(&self, group: usize, at: usize, rows: Option<RowSelection>) -> Result<ArrayRef> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), [at]);
        let builder = self.builder(&mask).with_row_groups(vec![group]);
        let builder = match rows {
            Some(rows) => builder.with_row_selection(rows),
            // In one piece, as it is wanted.
            None => builder.with_batch_size(ROWS_PER_GROUP),
        };
        let reader = builder.build().map_err(|_| damaged(&self.path))?;
        let pieces = reader.map(|batch| batch.map(|batch| batch.column(0).clone()));
        let pieces: Vec<ArrayRef> = pieces.collect::<std::result::Result<_, _>>().map_err(|_| damaged(&self.path))?;
        let pieces: Vec<&dyn Array> = pieces.iter().map(|piece| &**piece).collect();
        concat(&pieces).map_err(|_| damaged(&self.path))
    }

    /// Some rows of one column in a group; only pages that hold one of them are decoded.
    pub fn some_of_column(&self, group: usize, at: usize, rows: Range<usize>) -> Result<ArrayRef> {
        let all = self.rows(group).filter(|&all| rows.end <= all).ok_or_else(|| damaged(&self.path))?;
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
        let bytes = place.and_then(|(offset, length)| self.file.get_bytes(offset, length).ok());
        bytes.ok_or_else(|| damaged(&self.path))
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
            into.append_column(&self.file, close)?;
        }
        Ok(())
    }

    fn mask(&self, columns: &[&str]) -> ProjectionMask {
        let fields = self.schema().fields().iter().enumerate();
        let places = fields.filter(|(_, field)| columns.contains(&field.name().as_str())).map(|(at, _)| at);
        ProjectionMask::roots(self.metadata.parquet_schema(), places)
    }

    fn builder(&self, mask: &ProjectionMask) -> ParquetRecordBatchReaderBuilder<Shared> {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone());
        builder.with_projection(mask.clone()).with_batch_size(ROWS)
    }

    /// Hands `visit` what `builder` reads.
    fn visit(
        &self,
        builder: ParquetRecordBatchReaderBuilder<Shared>,
        mut visit: impl FnMut(&Rows) -> Result<()>,
    ) -> Result<()> {
        for batch in builder.build().map_err(|_| damaged(&self.path))? {
            visit(&Rows::new(batch.map_err(|_| damaged(&self.path))?, &self.path))?;
        }
        Ok(())
    }
}

/// Rows for somebody to look at later.
fn decoded(rows: &Rows) -> Result<RecordBatch> {
    Ok(rows.batch().clone())
}

impl GroupRows<'_> {
    /// Hands them to `visit`, some at a time and in order.
    pub fn each(self, mut visit: impl FnMut(&Rows) -> Result<()>) -> Result<()> {
        let groups = self.groups;
        match self.decoded {
            Some(decoded) => decoded.each(|batch| visit(&Rows::new(batch, &groups.path))),
            None => groups.visit(groups.builder(self.mask).with_row_groups(vec![self.group]), visit),
        }
    }
}

impl<T> Made<T> {
    /// Hands `take` what was made; fails where that did not come to its end.
    fn each(self, take: impl FnMut(T) -> Result<()>) -> Result<()> {
        self.pieces.into_iter().try_for_each(take)?;
        self.ended
    }
}

impl Length for Shared {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Shared {
    type T = BufReader<Rest>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(Rest { of: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        // A length that a damaged file makes up is not to take all memory.
        if start.saturating_add(length as u64) > self.length {
            return Err(ParquetError::EOF("it ends before what it names".into()));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        Ok(bytes.into())
    }
}

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.of.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        self.of.file.read_exact_at(&mut buffer[..count], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
