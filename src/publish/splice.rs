//! A column of a row group without some of its rows, of which only the pages that lose any are encoded anew.
//!
//! That works for a column without dictionary and levels, whose pages each stand for themselves, and as long as nothing that goes is the
//! least or the greatest value, which the statistics tell. Such are the columns in which nearly every value occurs once: the large ones.

use super::groups::Groups;
use super::published::damaged;
use super::table::encode_array;
use crate::failure::Result;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::filter;
use arrow::datatypes::{Field, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::basic::{CompressionCodec, PageType};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::page_index::offset_index::{OffsetIndexMetaData, PageLocation};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

/// What stands before the first page of a file.
const MAGIC_BYTES: usize = 4;

/// A column of a row group, encoded.
pub(super) struct Spliced {
    bytes: Bytes,
    close: ColumnCloseResult,
}

/// The pages of a column while they are put together; sizes are with the pages' headers.
#[derive(Default)]
struct Pages {
    bytes: Vec<u8>,
    locations: Vec<PageLocation>,
    rows: i64,
    uncompressed: i64,
    /// Bytes of each page's values.
    value_bytes: Vec<i64>,
}

impl Spliced {
    /// The column at `at` of a group, which is that of `field`, without the rows that `keep` does not; `None` where it has to be encoded as a whole.
    pub fn of(
        (groups, group, at): (&Groups, usize, usize),
        field: &Field,
        keep: &BooleanArray,
        properties: &WriterPropertiesPtr,
    ) -> Result<Option<Spliced>> {
        let Some((column, index)) = groups.pages(group, at).filter(|(column, _)| stands_for_itself(column)) else {
            return Ok(None);
        };
        let wrong = || damaged(groups.path());
        let mut pages = Pages::default();
        for (nth, location) in index.page_locations().iter().enumerate() {
            let Some(rows) = rows_of(index.page_locations(), nth, keep.len()) else { return Err(wrong()) };
            let kept = keep.slice(rows.start, rows.len());
            let values = index.unencoded_byte_array_data_bytes().and_then(|bytes| bytes.get(nth)).copied();
            if kept.false_count() == 0 {
                let bytes = groups.bytes(location.offset, location.compressed_page_size)?;
                let (Some(uncompressed), Some(values)) = (uncompressed(&bytes), values) else { return Ok(None) };
                pages.add(&bytes, kept.len(), uncompressed, values);
                continue;
            }
            let all = groups.some_of_column(group, at, rows)?;
            if tells_of_what_goes(column, &all, &kept) {
                return Ok(None);
            }
            let left = filter(&all, &kept).map_err(|_| wrong())?;
            if !left.is_empty() && !pages.add_encoded(groups, at, field, &left, properties).map_err(|_| wrong())? {
                return Ok(None);
            }
        }
        pages.close(column).map(Some).map_err(|_| wrong())
    }

    pub fn append_to<W: Write + Send>(
        self,
        into: &mut SerializedRowGroupWriter<W>,
    ) -> std::result::Result<(), ParquetError> {
        into.append_column(&self.bytes, self.close)
    }
}

/// Whether pages of the column can be taken out and put in.
fn stands_for_itself(column: &ColumnChunkMetaData) -> bool {
    let description = column.column_descr();
    column.dictionary_page_offset().is_none()
        && description.max_def_level() == 0
        && description.max_rep_level() == 0
        && column.compression_codec() == CompressionCodec::ZSTD
        && column.page_encoding_stats().is_some()
        && column.statistics().is_some_and(|told| told.min_is_exact() && told.max_is_exact())
}

/// The rows of a page in its group.
fn rows_of(locations: &[PageLocation], nth: usize, all: usize) -> Option<Range<usize>> {
    let start = |location: &PageLocation| usize::try_from(location.first_row_index).ok();
    let rows = start(&locations[nth])?..locations.get(nth + 1).map_or(Some(all), start)?;
    (rows.start <= rows.end && rows.end <= all).then_some(rows)
}

/// Whether what goes may stand in the statistics, which stay as they are.
fn tells_of_what_goes(column: &ColumnChunkMetaData, all: &ArrayRef, kept: &BooleanArray) -> bool {
    let told = column.statistics().map(|told| [told.min_bytes_opt(), told.max_bytes_opt()]);
    let (Some([Some(least), Some(greatest)]), Some(texts)) = (told, all.as_string_opt::<i32>()) else { return true };
    let goes = (0..texts.len()).filter(|&row| !kept.value(row));
    goes.map(|row| texts.value(row).as_bytes()).any(|text| text == least || text == greatest)
}

/// The bytes of a page before it was compressed, its header included, by the header's first three fields: kind, uncompressed size, size.
fn uncompressed(page: &[u8]) -> Option<i64> {
    let mut rest = page;
    let mut fields = [0; 3];
    for field in &mut fields {
        // The next field, of 32 bits, in the format's compact encoding.
        let (0x15, after) = rest.split_first()? else { return None };
        rest = after;
        let (mut zigzag, mut shift) = (0u64, 0);
        loop {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            zigzag |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        *field = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
    }
    let [_, uncompressed, compressed] = fields;
    let header = i64::try_from(page.len()).ok()?.checked_sub(compressed).filter(|header| *header > 0)?;
    Some(header + uncompressed)
}

impl Pages {
    fn add(&mut self, page: &[u8], rows: usize, uncompressed: i64, value_bytes: i64) {
        let (offset, compressed_page_size) = (self.bytes.len() as i64, page.len() as i32);
        self.locations.push(PageLocation { offset, compressed_page_size, first_row_index: self.rows });
        self.bytes.extend_from_slice(page);
        self.rows += rows as i64;
        self.uncompressed += uncompressed;
        self.value_bytes.push(value_bytes);
    }

    /// Encodes what is left of one page as one page; whether it is one.
    fn add_encoded(
        &mut self,
        groups: &Groups,
        at: usize,
        field: &Field,
        left: &ArrayRef,
        properties: &WriterPropertiesPtr,
    ) -> std::result::Result<bool, ParquetError> {
        let root =
            Type::group_type_builder("schema").with_fields(vec![groups.root().get_fields()[at].clone()]).build()?;
        let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(root), properties.clone())?;
        let factory = ArrowRowGroupWriterFactory::new(&writer, Arc::new(Schema::new(vec![field.clone()])));
        let Some(column) = factory.create_column_writers(0)?.pop() else { return Ok(false) };
        let chunk = encode_array(field, left, column)?;
        let close = chunk.close();
        let (compressed, uncompressed) = (close.metadata.compressed_size(), close.metadata.uncompressed_size());
        let value_bytes = close.metadata.unencoded_byte_array_data_bytes();
        let pages = close.offset_index.as_ref().map_or(0, |index| index.page_locations().len());
        let mut alone = writer.next_row_group()?;
        chunk.append_to_row_group(&mut alone)?;
        alone.close()?;
        let file = writer.into_inner()?;
        let page = usize::try_from(compressed).ok().and_then(|bytes| file.get(MAGIC_BYTES..MAGIC_BYTES + bytes));
        let (1, Some(page), Some(value_bytes)) = (pages, page, value_bytes) else { return Ok(false) };
        self.add(page, left.len(), uncompressed, value_bytes);
        Ok(true)
    }

    /// All of them as the column that `column` was before.
    fn close(self, column: &ColumnChunkMetaData) -> std::result::Result<Spliced, ParquetError> {
        let mut encodings = column.page_encoding_stats().cloned().unwrap_or_default();
        let data = encodings.iter_mut().find(|pages| pages.page_type == PageType::DATA_PAGE);
        data.into_iter().for_each(|pages| pages.count = self.locations.len() as i32);
        let mut metadata = ColumnChunkMetaData::builder(column.column_descr_ptr())
            .set_compression_codec(column.compression_codec())
            .set_encodings_mask(*column.encodings_mask())
            .set_page_encoding_stats(encodings)
            .set_num_values(self.rows)
            .set_data_page_offset(0)
            .set_total_compressed_size(self.bytes.len() as i64)
            .set_total_uncompressed_size(self.uncompressed)
            .set_unencoded_byte_array_data_bytes(Some(self.value_bytes.iter().sum()));
        if let Some(told) = column.statistics() {
            metadata = metadata.set_statistics(told.clone());
        }
        let close = ColumnCloseResult {
            bytes_written: self.bytes.len() as u64,
            rows_written: self.rows.unsigned_abs(),
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(OffsetIndexMetaData {
                page_locations: self.locations,
                unencoded_byte_array_data_bytes: Some(self.value_bytes),
            }),
        };
        Ok(Spliced { bytes: self.bytes.into(), close })
    }
}
