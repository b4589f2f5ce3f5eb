//! Parquet extracts: the wanted columns of each row group, any primitive type as text.
//!
//! Where all pages of a text column hold codes of a dictionary, its rows share values, and nobody looks at a value twice.
//! Dates and midnights are ISO dates, other moments ISO with seconds, whole numbers plain, booleans "true" and "false".

use super::batch::BatchColumn;
use super::batch::QuarantineCode::Undecodable;
use super::codes;
use super::problem::{self, Problem, Result};
use super::rows::{Piece, Room, RowSink, Slot};
use super::xlsx::plain_number;
use crate::disk;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::Encoding;
use parquet::file::metadata::ColumnChunkMetaData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows decoded at a time.
const DECODED_ROWS: usize = 8192;

pub(super) struct ParquetPlan {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    pub columns: Vec<String>,
    pub slots: Vec<Slot>,
}

fn broken(what: impl Into<String>) -> Problem {
    Problem::new(&codes::BROKEN_PARQUET, what)
}

/// Runs a part of the third party's code; its panics on broken files are failures of the file.
fn fenced<T, E>(step: impl FnOnce() -> std::result::Result<T, E>) -> Result<T> {
    match problem::fenced(step) {
        Some(Ok(value)) => Ok(value),
        // Its messages may quote what they stumbled over, so they are not passed on.
        Some(Err(_)) | None => Err(broken("its footer or a page of it cannot be read")),
    }
}

pub(super) fn plan(path: &Path) -> Result<ParquetPlan> {
    let file = disk::open(path).map_err(Problem::from)?;
    // The file's own schema, not one that a writer left beside it, names the types.
    let metadata =
        fenced(|| ArrowReaderMetadata::load(&file, ArrowReaderOptions::new().with_skip_arrow_metadata(true)))?;
    let names = metadata.schema().fields().iter().map(|field| field.name().clone());
    let columns = super::columns::distinct_names(names);
    Ok(ParquetPlan { path: path.to_path_buf(), metadata, columns, slots: Vec::new() })
}

impl ParquetPlan {
    /// Rows of each row group.
    pub fn group_rows(&self) -> Vec<u64> {
        let groups = self.metadata.metadata().row_groups();
        groups.iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).collect()
    }

    /// Reads one row group, `limit` rows at most. Returns their number.
    pub fn read_group(&self, group: usize, limit: usize, emit: &mut dyn FnMut(Piece)) -> Result<u32> {
        // A file of its own for each thread: duplicated handles share one position.
        let file = disk::open(&self.path).map_err(Problem::from)?;
        let mut roots: Vec<usize> = self
            .slots
            .iter()
            .filter_map(|slot| match slot {
                Slot::Column(index) => Some(*index),
                Slot::RowNumber | Slot::Absent => None,
            })
            .collect();
        roots.sort_unstable();
        roots.dedup();
        let mask =
            ProjectionMask::roots(self.metadata.metadata().file_metadata().schema_descr(), roots.iter().copied());
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.with_dictionaries(group, &roots))
            .with_projection(mask)
            .with_row_groups(vec![group])
            .with_limit(limit)
            .with_batch_size(DECODED_ROWS);
        let mut reader = fenced(|| builder.build())?;
        let mut sink = RowSink::new(&self.slots, Room::default(), emit);
        while let Some(batch) = fenced(|| reader.next().transpose())? {
            take_rows(&batch, &roots, &mut sink)?;
        }
        Ok(sink.finish())
    }

    /// The metadata for reading `group`, by which text of the columns `roots` stays in codes where it is stored so.
    fn with_dictionaries(&self, group: usize, roots: &[usize]) -> ArrowReaderMetadata {
        let metadata = self.metadata.metadata();
        let descriptor = metadata.file_metadata().schema_descr();
        let chunks = metadata.row_group(group).columns();
        let is_coded = |root: usize| {
            let mut leaves = (0..chunks.len()).filter(|&leaf| descriptor.get_column_root_idx(leaf) == root);
            leaves.next().is_some_and(|leaf| holds_codes(&chunks[leaf])) && leaves.next().is_none()
        };
        let fields = self.metadata.schema().fields().iter().enumerate().map(|(root, field)| {
            let coded = *field.data_type() == DataType::Utf8 && roots.binary_search(&root).is_ok() && is_coded(root);
            let kind = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            if coded { Arc::new(field.as_ref().clone().with_data_type(kind())) } else { field.clone() }
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = ArrowReaderOptions::new().with_schema(schema);
        // What cannot be had in codes is read as text.
        fenced(|| ArrowReaderMetadata::try_new(metadata.clone(), options)).unwrap_or_else(|_| self.metadata.clone())
    }
}

/// Whether all data pages hold codes of the chunk's dictionary.
fn holds_codes(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_some()
        && chunk.page_encoding_stats_mask().is_some_and(|encodings| {
            encodings.is_only(Encoding::RLE_DICTIONARY) || encodings.is_only(Encoding::PLAIN_DICTIONARY)
        })
}

/// `roots` are the extract's columns in the order in which they stand in `batch`.
fn take_rows(batch: &RecordBatch, roots: &[usize], sink: &mut RowSink<'_>) -> Result<()> {
    let mut texts = batch.columns().iter().map(Text::of).collect::<Result<Vec<_>>>()?;
    let mut value = String::new();
    for row in 0..batch.num_rows() {
        if texts.iter().any(|text| text.is_undecodable(row)) {
            sink.quarantine(b"", Undecodable, "binary bytes or a NUL stand in a wanted column");
            continue;
        }
        sink.deliver(|index, column| {
            let place = roots.binary_search(&index).unwrap_or(0);
            texts[place].deliver(row, column, &mut value);
        });
    }
    Ok(())
}

/// One column of a decoded batch, ready to be written as text.
enum Text<'a> {
    Plain(&'a dyn Array, ArrayFormatter<'a>),
    /// A text column whose values are taken as they are, and whether a NUL stands in any.
    Strings(ArrayRef, bool),
    /// The same in codes.
    Coded(Coded),
    /// Bytes without a type: text in the files of several older writers.
    Bytes(ArrayRef),
    Floats(ArrayRef),
}

/// Text in codes of a dictionary.
struct Coded {
    array: ArrayRef,
    /// Whether a NUL stands in any value.
    has_nul: bool,
    /// Where the column of the batch that is being made has each value of the dictionary, if it has it; the missing value is the last.
    places: Vec<Option<u32>>,
}

impl Coded {
    fn of(array: &ArrayRef) -> Self {
        let values = array.as_dictionary::<Int32Type>().values().as_string::<i32>();
        Coded { array: array.clone(), has_nul: has_nul(values.value_data()), places: vec![None; values.len() + 1] }
    }

    /// `None` where the row has no value.
    fn value(&self, row: usize) -> Option<&str> {
        let array = self.array.as_dictionary::<Int32Type>();
        array.key(row).map(|key| array.values().as_string::<i32>().value(key))
    }

    fn deliver(&mut self, row: usize, column: &mut BatchColumn) {
        if column.is_empty() {
            // Another batch has begun.
            self.places.fill(None);
        }
        let key = self.array.as_dictionary::<Int32Type>().key(row).unwrap_or(self.places.len() - 1);
        let place = match self.places[key] {
            Some(place) => place,
            None => column.add(self.value(row).unwrap_or("")),
        };
        self.places[key] = Some(place);
        column.push_place(place);
    }
}

impl<'a> Text<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Utf8 => Text::Strings(array.clone(), has_nul(array.as_string::<i32>().value_data())),
            DataType::Dictionary(keys, values) if (&**keys, &**values) == (&DataType::Int32, &DataType::Utf8) => {
                Text::Coded(Coded::of(array))
            }
            DataType::Binary => Text::Bytes(array.clone()),
            DataType::Float32 | DataType::Float64 => Text::Floats(array.clone()),
            _ => {
                let formatter = fenced(|| ArrayFormatter::try_new(array.as_ref(), &OPTIONS))?;
                Text::Plain(array.as_ref(), formatter)
            }
        })
    }

    fn is_undecodable(&self, row: usize) -> bool {
        match self {
            Text::Strings(array, with_nul) => {
                *with_nul && array.is_valid(row) && has_nul(array.as_string::<i32>().value(row).as_bytes())
            }
            Text::Coded(coded) => coded.has_nul && coded.value(row).is_some_and(|value| has_nul(value.as_bytes())),
            Text::Bytes(array) => {
                array.is_valid(row) && super::delimited::decoded(array.as_binary::<i32>().value(row)).is_err()
            }
            Text::Plain(..) | Text::Floats(_) => false,
        }
    }

    /// Adds the value of `row` to `column`; `out` is memory to write it in.
    fn deliver(&mut self, row: usize, column: &mut BatchColumn, out: &mut String) {
        match self {
            Text::Strings(array, _) if array.is_valid(row) => column.push(array.as_string::<i32>().value(row)),
            Text::Coded(coded) => coded.deliver(row, column),
            _ => {
                out.clear();
                self.write(row, out);
                column.push(out);
            }
        }
    }

    fn write(&self, row: usize, out: &mut String) {
        use std::fmt::Write;
        match self {
            Text::Bytes(array) if array.is_valid(row) => {
                out.push_str(std::str::from_utf8(array.as_binary::<i32>().value(row)).unwrap_or(""));
            }
            Text::Floats(array) if array.is_valid(row) => match array.data_type() {
                DataType::Float32 => {
                    // By way of its own shortest decimals: 0.1 as f32 is no 0.1 as f64.
                    let _ = write!(out, "{}", array.as_primitive::<Float32Type>().value(row));
                }
                _ => out.push_str(&plain_number(array.as_primitive::<Float64Type>().value(row))),
            },
            Text::Plain(array, formatter) if array.is_valid(row) => {
                // A value outside the calendar cannot be written; it is a missing one.
                if write!(out, "{}", formatter.value(row)).is_err() {
                    out.clear();
                }
                if let Some(date) = out.strip_suffix("T00:00:00") {
                    out.truncate(date.len());
                }
            }
            _ => {}
        }
    }
}

fn has_nul(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes).is_some()
}

const OPTIONS: FormatOptions<'static> = FormatOptions::new()
    .with_display_error(false)
    .with_timestamp_format(Some("%Y-%m-%dT%H:%M:%S"))
    .with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S"))
    .with_datetime_format(Some("%Y-%m-%dT%H:%M:%S"));

/// Whether `path` is called a Parquet file.
pub(super) fn named_so(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}
