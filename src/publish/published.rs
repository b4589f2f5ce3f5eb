//! Reading what a run has published.

use super::{NO_CURRENT_RUN, NO_SUCH_RUN, RUN_UNREADABLE, current_run, runs};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::Job;
use arrow::array::{Array, AsArray, ListArray, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use std::path::{Path, PathBuf};

/// A run that stands. The link `current` is followed once, so that all reads see one run.
#[derive(Debug, Clone)]
pub(crate) struct PublishedRun {
    pub run_id: String,
    pub folder: PathBuf,
}

/// Some rows of a published table.
pub(crate) struct Rows<'a> {
    batch: RecordBatch,
    path: &'a Path,
}

/// A column of lists of texts.
pub(crate) struct Lists<'a> {
    lists: &'a ListArray,
    texts: &'a StringArray,
}

impl PublishedRun {
    /// # Errors
    /// OF0530 where nothing was published yet.
    pub fn current(job: &Job) -> Result<PublishedRun> {
        let none = || Failure::new(&NO_CURRENT_RUN, job.output.join("current").display().to_string());
        let run_id = current_run(&job.output).ok_or_else(none)?;
        let folder = job.output.join("runs").join(&run_id);
        if folder.is_dir() { Ok(PublishedRun { run_id, folder }) } else { Err(none()) }
    }

    /// The run that stands, or, where `current` leads to none, the newest kept one of `known`: the runs of the ledger, oldest first.
    pub fn newest(job: &Job, known: &[String]) -> Option<PublishedRun> {
        let kept = |run_id: &String| {
            let folder = runs::run_folder(&job.output, run_id);
            folder.is_dir().then(|| PublishedRun { run_id: run_id.clone(), folder })
        };
        PublishedRun::current(job).ok().or_else(|| known.iter().rev().find_map(kept))
    }

    /// Every run of the output that is kept, oldest first.
    pub fn all_kept(output: &Path) -> Result<Vec<PublishedRun>> {
        let run = |run_id: String| PublishedRun { folder: runs::run_folder(output, &run_id), run_id };
        Ok(runs::list(output)?.into_iter().map(run).collect())
    }

    /// A run that was kept, by its name.
    ///
    /// # Errors
    /// OF0551 where no run of that name stands; the message names those that do.
    pub fn kept(job: &Job, run_id: &str) -> Result<PublishedRun> {
        let mut kept = runs::kept_runs(&job.output)?;
        if !kept.iter().any(|run| run == run_id) {
            kept.reverse();
            let there = if kept.is_empty() { "none is".into() } else { kept.join(", ") };
            return Err(Failure::new(&NO_SUCH_RUN, format!("{run_id:?} is not kept; {there}")));
        }
        Ok(PublishedRun { run_id: run_id.to_string(), folder: runs::run_folder(&job.output, run_id) })
    }

    fn open(&self, file: &str) -> Result<ParquetRecordBatchReaderBuilder<disk::Reader>> {
        let path = self.folder.join(file);
        let opened = disk::open(&path).map_err(|error| Failure::from_io(&error, &path, &RUN_UNREADABLE))?;
        ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|_| damaged(&path))
    }

    /// Hands `visit` all columns of one row of a table; only the pages that hold it are decoded.
    pub fn one(&self, file: &str, row: usize, visit: impl FnOnce(&Rows) -> Result<()>) -> Result<()> {
        let path = self.folder.join(file);
        let selection = RowSelection::from(vec![RowSelector::skip(row), RowSelector::select(1)]);
        let builder = self.open(file)?.with_row_selection(selection);
        let batch = builder.build().map_err(|_| damaged(&path))?.next();
        let batch = batch.and_then(std::result::Result::ok).ok_or_else(|| damaged(&path))?;
        visit(&Rows { batch, path: &path })
    }

    /// The names of a table's columns, in their order.
    pub fn columns(&self, file: &str) -> Result<Vec<String>> {
        Ok(self.open(file)?.schema().fields().iter().map(|field| field.name().clone()).collect())
    }

    /// Is there such a file? Earlier versions wrote fewer.
    pub fn has(&self, file: &str) -> bool {
        self.folder.join(file).is_file()
    }

    /// How many bytes of the decisions the run has seen.
    pub fn decisions_seen(&self) -> Result<u64> {
        Ok(self.told()?["decisions"]["bytes"].as_u64().unwrap_or(0))
    }

    /// What run.json says.
    pub(crate) fn told(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.bytes("run.json")?).map_err(|_| damaged(&self.folder.join("run.json")))
    }

    /// Whether the run itself has learnt its model.
    pub fn learnt(&self) -> Result<bool> {
        Ok(self.told()?["linkage"]["model"]["learnt"] == true)
    }

    /// A whole file.
    pub fn bytes(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.folder.join(file);
        disk::read(&path).map_err(|error| Failure::from_io(&error, &path, &RUN_UNREADABLE))
    }
}

impl<'a> Rows<'a> {
    pub(super) fn new(batch: RecordBatch, path: &'a Path) -> Rows<'a> {
        Rows { batch, path }
    }

    pub(super) fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// # Errors
    /// OF0535 where there is no such column of texts.
    pub fn text(&self, column: &str) -> Result<&StringArray> {
        let found = self.batch.column_by_name(column).and_then(|column| column.as_string_opt());
        found.ok_or_else(|| damaged(self.path))
    }

    /// # Errors
    /// OF0535 where there is no such column of numbers.
    pub fn numbers(&self, column: &str) -> Result<&[f64]> {
        let found = self.batch.column_by_name(column).and_then(|column| column.as_primitive_opt::<Float64Type>());
        found.map(|column| &column.values()[..]).ok_or_else(|| damaged(self.path))
    }

    /// # Errors
    /// OF0535 where there is no such column of numbers.
    pub fn optional_numbers(&self, column: &str) -> Result<Vec<Option<f64>>> {
        let found = self.batch.column_by_name(column).and_then(|column| column.as_primitive_opt::<Float64Type>());
        found.map(|column| column.iter().collect()).ok_or_else(|| damaged(self.path))
    }

    /// A column of content hashes, written as 32 hexadecimal characters.
    ///
    /// # Errors
    /// OF0535 where there is no such column.
    pub fn content_hashes(&self, column: &str) -> Result<Vec<[u8; 16]>> {
        let all = self.text(column)?.iter().map(|text| content_hash(text?)).collect::<Option<_>>();
        all.ok_or_else(|| damaged(self.path))
    }

    /// The same as it stands in the table.
    ///
    /// # Errors
    /// OF0535 where there is no such column.
    pub fn hash_texts(&self, column: &str) -> Result<&[[u8; 32]]> {
        let texts = self.text(column)?;
        let offsets = texts.value_offsets();
        if texts.null_count() > 0 || offsets.windows(2).any(|pair| pair[1] - pair[0] != 32) {
            return Err(damaged(self.path));
        }
        Ok(&texts.value_data()[offsets[0] as usize..].as_chunks().0[..texts.len()])
    }

    /// A column of levels, null where there is none; `None` where there is no such column: older runs have fewer.
    pub fn levels(&self, column: &str) -> Option<Vec<Option<u8>>> {
        let found = self.batch.column_by_name(column).and_then(|column| column.as_primitive_opt::<Int32Type>())?;
        Some(found.iter().map(|level| level.and_then(|level| u8::try_from(level).ok())).collect())
    }

    /// # Errors
    /// OF0535 where there is no such column of flags without gaps.
    pub fn flags(&self, column: &str) -> Result<Vec<bool>> {
        let found = self.batch.column_by_name(column).and_then(|column| column.as_boolean_opt());
        found.and_then(|column| column.iter().collect()).ok_or_else(|| damaged(self.path))
    }

    /// A column of days since 1970, null where there is none.
    ///
    /// # Errors
    /// OF0535 where there is no such column of dates.
    pub fn dates(&self, column: &str) -> Result<Vec<Option<i32>>> {
        let found = self.batch.column_by_name(column).and_then(|column| column.as_primitive_opt::<Date32Type>());
        found.map(|column| column.iter().collect()).ok_or_else(|| damaged(self.path))
    }

    /// One value as people read it, dates as in ISO 8601; `None` where it is null or there is no such column.
    pub fn said(&self, column: &str, row: usize) -> Option<String> {
        let column = self.batch.column_by_name(column)?;
        if column.is_null(row) {
            return None;
        }
        let text = ArrayFormatter::try_new(column, &FormatOptions::default()).ok()?;
        Some(text.value(row).to_string())
    }

    /// # Errors
    /// OF0535 where there is no such column of lists of texts.
    pub fn lists(&self, column: &str) -> Result<Lists<'_>> {
        let lists = self.batch.column_by_name(column).and_then(|column| column.as_list_opt::<i32>());
        let found = lists.and_then(|lists| Some(Lists { lists, texts: lists.values().as_string_opt::<i32>()? }));
        found.ok_or_else(|| damaged(self.path))
    }

    /// One row's entries in a column of lists; none where the list is null.
    ///
    /// # Errors
    /// OF0535 where there is no such column of lists of texts.
    pub fn texts(&self, column: &str, row: usize) -> Result<Vec<String>> {
        Ok(self.lists(column)?.of(row).map(str::to_string).collect())
    }

    /// # Errors
    /// OF0535 where there is no such column of whole numbers.
    pub fn integers(&self, column: &str) -> Result<&[i64]> {
        let found = self.batch.column_by_name(column).and_then(|column| column.as_primitive_opt::<Int64Type>());
        found
            .filter(|column| column.null_count() == 0)
            .map(|column| &column.values()[..])
            .ok_or_else(|| damaged(self.path))
    }
}

impl<'a> Lists<'a> {
    /// One row's entries; none where the list is null.
    pub fn of(&self, row: usize) -> impl Iterator<Item = &'a str> + use<'a> {
        let (ends, texts) = (self.lists.value_offsets(), self.texts);
        let entries = ends[row] as usize..ends[row + 1] as usize;
        entries.filter(move |&at| texts.is_valid(at)).map(move |at| texts.value(at))
    }
}

/// A content hash of 32 hexadecimal characters.
pub(crate) fn content_hash(text: &str) -> Option<[u8; 16]> {
    let digit = |letter: u8| char::from(letter).to_digit(16).map(|digit| digit as u8);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let pairs: &[[u8; 2]; 16] = pairs.try_into().ok()?;
    let mut hash = [0; 16];
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}

/// What the library says is not passed on: it may quote what it stumbled over.
pub(crate) fn damaged(path: &Path) -> Failure {
    Failure::new(&RUN_UNREADABLE, format!("{}: it is damaged, or no file of a run", path.display()))
}
