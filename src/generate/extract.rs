//! Extracts on disk: rows of text in each format that occurs.
//!
//! Bytes depend only on the rows: no clock, no thread, no name of a machine stands in them.

use super::layouts::{Part, What};
use super::providers::{Compression, Dates, Encoding, Format, Provider};
use super::rows::Rows;
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as ParquetCompression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// A new file that only its owner may read.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// One provider's extract while it is written.
pub(super) struct Extract<'a> {
    provider: &'a Provider,
    sink: Sink,
    rows: u64,
    line: String,
    bytes: Vec<u8>,
    /// Ragged and undecodable rows and a quote that is never closed, as they were written.
    pub unusable: [(&'static str, u64); 3],
}

enum Sink {
    Text(Text),
    Parquet { writer: ArrowWriter<File>, schema: Arc<Schema> },
    Xlsx { workbook: Box<Workbook>, path: std::path::PathBuf },
}

/// A text file, compressed or not.
enum Text {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Text::Plain(file) => file.write(bytes),
            Text::Gzip(file) => file.write(bytes),
            Text::Zstd(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Text {
    fn create(path: &Path, compression: Compression) -> io::Result<Self> {
        let file = BufWriter::new(create(path)?);
        Ok(match compression {
            Compression::None => Text::Plain(file),
            Compression::Gzip => Text::Gzip(flate2::GzBuilder::new().mtime(0).write(file, flate2::Compression::new(6))),
            Compression::Zstd => Text::Zstd(zstd::Encoder::new(file, 6)?),
        })
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Text::Plain(mut file) => file.flush(),
            Text::Gzip(file) => file.finish()?.flush(),
            Text::Zstd(file) => file.finish()?.flush(),
        }
    }
}

/// Rows between two that are broken on purpose; the first comes early, so that small extracts have one too.
const ROWS_BETWEEN_BROKEN: u64 = 1_500;
const FIRST_BROKEN: u64 = 17;
/// Rows of a worksheet below the format's limit of 1,048,576.
const ROWS_PER_SHEET: u64 = 1_000_000;

/// The name of a provider's file.
pub(super) fn file_name(provider: &Provider) -> String {
    let ending = match provider.kind.format {
        Format::Delimited { compression, .. } => format!("csv{}", suffix(compression)),
        Format::JsonLines { compression } => format!("jsonl{}", suffix(compression)),
        Format::FixedWidth => "txt".to_string(),
        Format::Parquet => "parquet".to_string(),
        Format::Xlsx => "xlsx".to_string(),
    };
    format!("extract.{ending}")
}

fn suffix(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "",
        Compression::Gzip => ".gz",
        Compression::Zstd => ".zst",
    }
}

impl<'a> Extract<'a> {
    /// Opens the file in `folder` and writes what stands before the first row.
    pub fn create(provider: &'a Provider, folder: &Path) -> io::Result<Self> {
        let path = folder.join(file_name(provider));
        let sink = match provider.kind.format {
            Format::Delimited { compression, .. } | Format::JsonLines { compression } => {
                Sink::Text(Text::create(&path, compression)?)
            }
            Format::FixedWidth => Sink::Text(Text::create(&path, Compression::None)?),
            Format::Parquet => parquet(provider, &path)?,
            Format::Xlsx => Sink::Xlsx { workbook: Box::new(workbook()), path },
        };
        let unusable = [("ragged", 0), ("undecodable", 0), ("broken_quote", 0)];
        let mut extract = Extract { provider, sink, rows: 0, line: String::new(), bytes: Vec::new(), unusable };
        extract.header()?;
        Ok(extract)
    }

    fn header(&mut self) -> io::Result<()> {
        let headers: Vec<&str> = self.provider.kind.columns.iter().map(|column| column.header).collect();
        if let Format::Delimited { delimiter, encoding, line_break, .. } = self.provider.kind.format {
            match encoding {
                Encoding::Utf8WithMark => self.bytes.extend([0xEF, 0xBB, 0xBF]),
                Encoding::Utf16WithMark => self.bytes.extend([0xFF, 0xFE]),
                _ => {}
            }
            delimited(headers.into_iter(), delimiter, line_break, &mut self.line);
            encode(&self.line, encoding, &mut self.bytes);
            self.put()?;
        }
        self.sheet()
    }

    /// Writes the rows of one block in their mixed order.
    pub fn write(&mut self, rows: &Rows, order: &[u32]) -> io::Result<()> {
        match &mut self.sink {
            Sink::Text(_) => order.iter().try_for_each(|&row| self.text_row(rows, row as usize)),
            Sink::Parquet { writer, schema } => {
                let columns = (0..self.provider.kind.columns.len()).map(|column| -> ArrayRef {
                    let value = |row: &u32| Some(rows.get(*row as usize, column)).filter(|value| !value.is_empty());
                    Arc::new(order.iter().map(value).collect::<StringArray>())
                });
                let batch = RecordBatch::try_new(schema.clone(), columns.collect()).map_err(io::Error::other)?;
                writer.write(&batch).map_err(io::Error::other)
            }
            Sink::Xlsx { .. } => order.iter().try_for_each(|&row| self.sheet_row(rows, row as usize)),
        }
    }

    fn text_row(&mut self, rows: &Rows, row: usize) -> io::Result<()> {
        self.line.clear();
        self.bytes.clear();
        match self.provider.kind.format {
            Format::Delimited { delimiter, encoding, line_break, .. } => {
                delimited(rows.row(row), delimiter, line_break, &mut self.line);
                encode(&self.line, encoding, &mut self.bytes);
            }
            Format::JsonLines { .. } => json(self.provider, rows.row(row), self.rows == 0, &mut self.line),
            _ => fixed(self.provider, rows.row(row), &mut self.line),
        }
        if self.bytes.is_empty() {
            self.bytes.extend(self.line.as_bytes());
        }
        self.put()?;
        self.rows += 1;
        if self.rows % ROWS_BETWEEN_BROKEN == FIRST_BROKEN { self.broken_row(rows, row) } else { Ok(()) }
    }

    /// A row with too few cells, or one whose bytes are no text. Its number is nobody's.
    fn broken_row(&mut self, rows: &Rows, row: usize) -> io::Result<()> {
        let columns = self.provider.kind.columns;
        let number = format!("Z{}", self.rows);
        let id_column = columns.iter().position(|column| column.what == What::RecordId).unwrap_or(0);
        let cells: Vec<&str> = rows
            .row(row)
            .enumerate()
            .map(|(place, cell)| if place == id_column { number.as_str() } else { cell })
            .collect();
        self.line.clear();
        self.bytes.clear();
        match self.provider.kind.format {
            // With a byte order mark the encoding is beyond doubt, and a byte that is no UTF-8 is damage.
            Format::Delimited { delimiter, encoding: Encoding::Utf8WithMark, line_break, .. } => {
                delimited(cells.into_iter(), delimiter, line_break, &mut self.line);
                let middle = id_column_end(&self.line, &number);
                self.bytes.extend(&self.line.as_bytes()[..middle]);
                self.bytes.extend([0xC3, 0x28, 0xFF]);
                self.bytes.extend(&self.line.as_bytes()[middle..]);
                self.unusable[1].1 += 1;
            }
            Format::Delimited { delimiter, encoding, line_break, .. } => {
                delimited(cells.into_iter().take(columns.len() - 4), delimiter, line_break, &mut self.line);
                encode(&self.line, encoding, &mut self.bytes);
                self.unusable[0].1 += 1;
            }
            _ => return Ok(()),
        }
        self.put()
    }

    /// Begins a worksheet.
    fn sheet(&mut self) -> io::Result<()> {
        let Sink::Xlsx { workbook, .. } = &mut self.sink else { return Ok(()) };
        let sheet = workbook.add_worksheet();
        for (place, column) in self.provider.kind.columns.iter().enumerate() {
            sheet.write_string(0, place as u16, column.header).map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn sheet_row(&mut self, rows: &Rows, row: usize) -> io::Result<()> {
        let serial = self.provider.kind.style.dates == Dates::Serial;
        let columns = self.provider.kind.columns;
        if self.rows > 0 && self.rows.is_multiple_of(ROWS_PER_SHEET) {
            self.sheet()?;
        }
        let Sink::Xlsx { workbook, .. } = &mut self.sink else { return Ok(()) };
        let line = (self.rows % ROWS_PER_SHEET) as u32 + 1;
        let sheets = workbook.worksheets_mut();
        let last = sheets.len() - 1;
        for (place, (cell, column)) in rows.row(row).zip(columns).enumerate() {
            let number = cell.parse::<f64>().ok().filter(|_| serial && is_date(column.what));
            let place = place as u16;
            match number {
                _ if cell.is_empty() => continue,
                Some(number) => sheets[last].write_number(line, place, number),
                None => sheets[last].write_string(line, place, cell),
            }
            .map_err(io::Error::other)?;
        }
        self.rows += 1;
        Ok(())
    }

    fn put(&mut self) -> io::Result<()> {
        let Sink::Text(file) = &mut self.sink else { return Ok(()) };
        file.write_all(&self.bytes)
    }

    /// Whether an empty file would be sent: there is no row, nor a header or footer that says so. Nobody could tell it from a failed transfer.
    pub fn is_empty(&self) -> bool {
        self.rows == 0 && matches!(self.provider.kind.format, Format::JsonLines { .. } | Format::FixedWidth)
    }

    /// Closes the file. An extract with quoted line breaks ends in a quote that is never closed.
    pub fn finish(mut self) -> io::Result<[(&'static str, u64); 3]> {
        let columns = self.provider.kind.columns;
        let breaks = columns.iter().any(|column| column.what == What::AddressLines);
        if breaks && self.rows > 0 && matches!(self.provider.kind.format, Format::Delimited { .. }) {
            self.bytes.clear();
            self.bytes.extend(b"Z0,9990000018,\"Unfinis\n");
            self.put()?;
            self.unusable[2].1 += 1;
        }
        match self.sink {
            Sink::Text(file) => file.finish()?,
            Sink::Parquet { writer, .. } => drop(writer.close().map_err(io::Error::other)?),
            Sink::Xlsx { mut workbook, path } => {
                let bytes = workbook.save_to_buffer().map_err(io::Error::other)?;
                create(&path)?.write_all(&bytes)?;
            }
        }
        Ok(self.unusable)
    }
}

fn id_column_end(line: &str, number: &str) -> usize {
    line.find(number).map_or(0, |start| start + number.len())
}

fn is_date(what: What) -> bool {
    use What::*;
    matches!(
        what,
        Birth
            | Death
            | RegisteredFrom
            | RegisteredUntil
            | AddressFrom
            | Updated
            | LastContact
            | WishesDecided
            | Admission
            | Attendance
            | Package(_, Part::From | Part::Until | Part::PlannedUntil)
    )
}

fn parquet(provider: &Provider, path: &Path) -> io::Result<Sink> {
    let fields: Vec<ArrowField> =
        provider.kind.columns.iter().map(|column| ArrowField::new(column.header, DataType::Utf8, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder()
        .set_compression(ParquetCompression::ZSTD(ZstdLevel::try_new(6).map_err(io::Error::other)?))
        .set_created_by("onefolk generate".to_string())
        .build();
    let writer = ArrowWriter::try_new(create(path)?, schema.clone(), Some(properties)).map_err(io::Error::other)?;
    Ok(Sink::Parquet { writer, schema })
}

/// A workbook whose date of making is fixed, so that its bytes repeat.
fn workbook() -> Workbook {
    let mut workbook = Workbook::new();
    if let Ok(made) = ExcelDateTime::from_ymd(2026, 11, 22) {
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    }
    workbook
}

fn delimited<'a>(cells: impl Iterator<Item = &'a str>, delimiter: u8, line_break: &str, line: &mut String) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            line.push(delimiter as char);
        }
        if cell.contains([delimiter as char, '"', '\n', '\r']) {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    line.push_str(line_break);
}

/// Letters that Windows-1252 lacks are written in their plain form, as such systems do.
fn encode(line: &str, encoding: Encoding, bytes: &mut Vec<u8>) {
    match encoding {
        Encoding::Utf8 | Encoding::Utf8WithMark => bytes.extend(line.as_bytes()),
        Encoding::Utf16WithMark => line.encode_utf16().for_each(|unit| bytes.extend(unit.to_le_bytes())),
        Encoding::Windows1252 => {
            for letter in line.chars() {
                let mut buffer = [0; 4];
                let (encoded, _, unknown) = encoding_rs::WINDOWS_1252.encode(letter.encode_utf8(&mut buffer));
                if unknown {
                    bytes.extend(deunicode::deunicode_char(letter).unwrap_or("?").bytes());
                } else {
                    bytes.extend(encoded.iter());
                }
            }
        }
    }
}

/// One object a line; empty cells are left out, but for those of a `whole` line: a key that no line has would be a column that is not there.
fn json<'a>(provider: &Provider, cells: impl Iterator<Item = &'a str>, whole: bool, line: &mut String) {
    line.push('{');
    let mut first = true;
    for (column, cell) in provider.kind.columns.iter().zip(cells).filter(|(_, cell)| whole || !cell.is_empty()) {
        if !std::mem::take(&mut first) {
            line.push(',');
        }
        line.push_str(&serde_json::Value::from(column.header).to_string());
        line.push(':');
        let cell = Some(cell).filter(|cell| !cell.is_empty());
        line.push_str(&serde_json::Value::from(cell).to_string());
    }
    line.push_str("}\n");
}

/// Cells cut or padded to their widths.
fn fixed<'a>(provider: &Provider, cells: impl Iterator<Item = &'a str>, line: &mut String) {
    for (column, cell) in provider.kind.columns.iter().zip(cells) {
        let plain = deunicode::deunicode(cell);
        let mut letters = 0;
        for letter in plain.chars().take(column.width) {
            line.push(letter);
            letters += 1;
        }
        (letters..column.width).for_each(|_| line.push(' '));
    }
    line.push('\n');
}
