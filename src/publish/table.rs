//! One Parquet file: columns encoded in parallel, bytes that depend on nothing but the values.

use super::OUTPUT_UNWRITABLE;
use crate::disk::{self, File};
use crate::failure::{Failure, Result};
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, ListBuilder, StringArray, StringBuilder,
};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Rows of a row group: what is in memory as Arrow arrays at one time.
pub(super) const ROWS_PER_GROUP: usize = 128 << 10;

/// Rows of a group that tell how much room its texts need; more is found when needed.
const ROWS_MEASURED: usize = 64;

/// A file of the run, for run.json.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Relative to the run's folder with `/`.
    pub name: String,
    pub bytes: u64,
    /// Hash of the bytes, in hexadecimal.
    pub blake3: String,
}

/// A column that can make any range of its rows.
pub(crate) struct Column<'a> {
    field: Field,
    /// Nearly every value occurs once: a dictionary would only cost time.
    distinct: bool,
    build: Box<dyn Fn(Range<usize>) -> ArrayRef + Sync + Send + 'a>,
}

impl<'a> Column<'a> {
    fn new(
        name: &str,
        data_type: DataType,
        nullable: bool,
        build: impl Fn(Range<usize>) -> ArrayRef + Sync + Send + 'a,
    ) -> Self {
        Column { field: Field::new(name, data_type, nullable), distinct: false, build: Box::new(build) }
    }

    /// Says that nearly every value occurs once.
    pub fn distinct(mut self) -> Self {
        self.distinct = true;
        self
    }

    pub fn text(name: &str, value: impl Fn(usize) -> Option<&'a str> + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Utf8, true, move |rows| {
            let mut builder = with_room(&rows, |row| value(row).map_or(0, str::len));
            rows.for_each(|row| builder.append_option(value(row)));
            Arc::new(builder.finish())
        })
    }

    pub fn required_text(name: &str, value: impl Fn(usize) -> &'a str + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Utf8, false, move |rows| {
            let mut builder = with_room(&rows, |row| value(row).len());
            rows.for_each(|row| builder.append_value(value(row)));
            Arc::new(builder.finish())
        })
    }

    /// `write` appends a row's text to an empty string, or says that it is null (false).
    pub fn written_text(
        name: &str,
        nullable: bool,
        write: impl Fn(usize, &mut String) -> bool + Sync + Send + 'a,
    ) -> Self {
        Self::new(name, DataType::Utf8, nullable, move |rows| {
            let mut text = String::new();
            let mut written = |row: usize| {
                text.clear();
                write(row, &mut text).then_some(text.len())
            };
            let mut builder = with_room(&rows, |row| written(row).unwrap_or(0));
            for row in rows {
                text.clear();
                builder.append_option(write(row, &mut text).then_some(&text));
            }
            Arc::new(builder.finish())
        })
    }

    /// Texts of `LENGTH` ASCII characters each; `write` puts a row's in the place of zeros.
    pub fn ascii<const LENGTH: usize>(name: &str, write: impl Fn(usize, &mut [u8; LENGTH]) + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Utf8, false, move |rows| {
            let offsets = OffsetBuffer::from_repeated_length(LENGTH, rows.len());
            let mut bytes = vec![0; rows.len() * LENGTH];
            rows.zip(bytes.as_chunks_mut().0).for_each(|(row, text)| write(row, text));
            Arc::new(StringArray::new(offsets, Buffer::from_vec(bytes), None))
        })
    }

    /// `fill` appends a row's entries, or says that the list is null (false).
    pub fn list(name: &str, fill: impl Fn(usize, &mut dyn FnMut(&str)) -> bool + Sync + Send + 'a) -> Self {
        // "element" is the name that the Parquet format gives the entries of a list.
        let element = Arc::new(Field::new("element", DataType::Utf8, false));
        Self::new(name, DataType::List(element.clone()), true, move |rows| {
            let mut builder = ListBuilder::new(StringBuilder::new()).with_field(element.clone());
            for row in rows {
                let values = builder.values();
                let valid = fill(row, &mut |entry| values.append_value(entry));
                builder.append(valid);
            }
            Arc::new(builder.finish())
        })
    }

    pub fn int64(name: &str, value: impl Fn(usize) -> i64 + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Int64, false, move |rows| Arc::new(Int64Array::from_iter_values(rows.map(&value))))
    }

    pub fn optional_int64(name: &str, value: impl Fn(usize) -> Option<i64> + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Int64, true, move |rows| Arc::new(Int64Array::from_iter(rows.map(&value))))
    }

    pub fn int32(name: &str, value: impl Fn(usize) -> Option<i32> + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Int32, true, move |rows| Arc::new(Int32Array::from_iter(rows.map(&value))))
    }

    pub fn float(name: &str, value: impl Fn(usize) -> f64 + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Float64, false, move |rows| {
            Arc::new(Float64Array::from_iter_values(rows.map(&value)))
        })
    }

    pub fn optional_float(name: &str, value: impl Fn(usize) -> Option<f64> + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Float64, true, move |rows| Arc::new(Float64Array::from_iter(rows.map(&value))))
    }

    pub fn flag(name: &str, value: impl Fn(usize) -> bool + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Boolean, false, move |rows| {
            Arc::new(BooleanArray::from_iter(rows.map(|row| Some(value(row)))))
        })
    }

    pub fn optional_flag(name: &str, value: impl Fn(usize) -> Option<bool> + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Boolean, true, move |rows| Arc::new(BooleanArray::from_iter(rows.map(&value))))
    }

    pub fn date(name: &str, value: impl Fn(usize) -> Option<i32> + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Date32, true, move |rows| Arc::new(Date32Array::from_iter(rows.map(&value))))
    }

    pub fn required_date(name: &str, value: impl Fn(usize) -> i32 + Sync + Send + 'a) -> Self {
        Self::new(name, DataType::Date32, false, move |rows| Arc::new(Date32Array::from_iter_values(rows.map(&value))))
    }
}

/// A builder with room for the texts of `rows`, about; `length` is that of one.
fn with_room(rows: &Range<usize>, length: impl FnMut(usize) -> usize) -> StringBuilder {
    let measured = rows.len().clamp(1, ROWS_MEASURED);
    let bytes: usize = rows.clone().take(measured).map(length).sum();
    StringBuilder::with_capacity(rows.len(), (bytes + measured) * rows.len() / measured)
}

/// Writes `rows` rows of `columns` to a new file `name` in `folder`.
pub(crate) fn write(folder: &Path, name: &str, rows: usize, columns: &[Column]) -> Result<WrittenFile> {
    let path = folder.join(name);
    let file = disk::create_file(&path).map_err(|error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE))?;
    let written = encode(file, rows, columns).map_err(|error| failure(error, &path))?;
    written.finish(name).map_err(|error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE))
}

fn encode(file: File, rows: usize, columns: &[Column]) -> std::result::Result<Written, ParquetError> {
    let schema = Arc::new(Schema::new(columns.iter().map(|column| column.field.clone()).collect::<Vec<_>>()));
    let descriptor = ArrowSchemaConverter::new().convert(&schema)?;
    let written = Written::new(file);
    let mut writer = SerializedFileWriter::new(written, descriptor.root_schema_ptr(), Arc::new(properties(columns)))?;
    let factory = ArrowRowGroupWriterFactory::new(&writer, schema);
    // A group is hashed and written while the next one is encoded.
    let mut waiting: Option<Vec<ArrowColumnChunk>> = None;
    for group in 0..rows.div_ceil(ROWS_PER_GROUP) {
        let range = group * ROWS_PER_GROUP..rows.min((group + 1) * ROWS_PER_GROUP);
        let writers = factory.create_column_writers(group)?;
        let (written, encoded) = rayon::join(
            || waiting.take().map_or(Ok(()), |chunks| append(&mut writer, chunks)),
            || encode_group(columns, writers, &range),
        );
        written?;
        waiting = Some(encoded?);
    }
    waiting.map_or(Ok(()), |chunks| append(&mut writer, chunks))?;
    writer.into_inner()
}

/// The columns of one row group.
fn encode_group(
    columns: &[Column],
    writers: Vec<ArrowColumnWriter>,
    rows: &Range<usize>,
) -> std::result::Result<Vec<ArrowColumnChunk>, ParquetError> {
    let encode = |(column, writer): (&Column, ArrowColumnWriter)| encode_column(column, writer, rows.clone());
    columns.par_iter().zip(writers).with_max_len(1).map(encode).collect()
}

/// Writes one row group.
fn append(
    writer: &mut SerializedFileWriter<Written>,
    chunks: Vec<ArrowColumnChunk>,
) -> std::result::Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for chunk in chunks {
        chunk.append_to_row_group(&mut group)?;
    }
    group.close()?;
    Ok(())
}

fn encode_column(
    column: &Column,
    writer: ArrowColumnWriter,
    rows: Range<usize>,
) -> std::result::Result<ArrowColumnChunk, ParquetError> {
    encode_array(&column.field, &(column.build)(rows), writer)
}

/// One column of a row group. Every column of a run has one leaf.
pub(super) fn encode_array(
    field: &Field,
    array: &ArrayRef,
    mut writer: ArrowColumnWriter,
) -> std::result::Result<ArrowColumnChunk, ParquetError> {
    for leaf in compute_leaves(field, array)? {
        writer.write(&leaf)?;
    }
    writer.close()
}

/// Nothing of the clock, the machine or the number of threads.
pub(super) fn base_properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_created_by(concat!("onefolk ", env!("CARGO_PKG_VERSION")).to_string())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
}

fn properties(columns: &[Column]) -> WriterProperties {
    let mut properties = base_properties();
    for column in columns.iter().filter(|column| column.distinct) {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(column.field.name().as_str()), false);
    }
    properties.build()
}

pub(super) fn failure(error: ParquetError, path: &Path) -> Failure {
    if let ParquetError::External(source) = &error
        && let Some(error) = source.downcast_ref::<std::io::Error>()
    {
        return Failure::from_io(error, path, &OUTPUT_UNWRITABLE);
    }
    Failure::new(&OUTPUT_UNWRITABLE, format!("{}: {error}", path.display()))
}

/// Hashes and counts what goes to the file.
pub(super) struct Written {
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Written {
    pub(super) fn new(file: File) -> Written {
        Written { file: BufWriter::with_capacity(1 << 20, file), hasher: blake3::Hasher::new(), bytes: 0 }
    }

    /// Everything is in the operating system's hands, and counted.
    pub(super) fn finish(mut self, name: &str) -> std::io::Result<WrittenFile> {
        self.file.flush()?;
        self.file.get_mut().finish()?;
        let blake3 = self.hasher.finalize().to_hex().to_string();
        Ok(WrittenFile { name: name.to_string(), bytes: self.bytes, blake3 })
    }
}

impl Write for Written {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let length = self.file.write(buffer)?;
        self.hasher.update(&buffer[..length]);
        self.bytes += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
