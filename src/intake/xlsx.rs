//! XLSX workbooks, by `calamine`: one sheet, cell after cell.
//!
//! Numbers are written without exponent and whole ones without decimals, so that an identifier stays one; cells formatted as dates
//! are ISO dates; a date typed as a plain number stays that number (a serial), for `standardise` to recognise. A blank row is no record.

use super::batch::QuarantineCode::Ragged;
use super::codes;
use super::columns::{distinct_names, numbered_names};
use super::delimited::count;
use super::problem::{Problem, Result, fenced};
use super::rows::{Piece, Room, RowSink, Slot};
use crate::disk;
use calamine::{DataRef, ExcelDateTime, Reader, Xlsx, XlsxCellReader};
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Where the workbook's bytes are: in the file, or unpacked from it.
#[derive(Debug, Clone)]
pub(super) enum WorkbookBytes {
    File(PathBuf),
    Memory(std::sync::Arc<[u8]>),
}

#[derive(Debug)]
pub(super) struct WorkbookPlan {
    pub bytes: WorkbookBytes,
    pub sheet: String,
    pub sheets: usize,
    /// The sheet's row (from 0) at which data begin.
    pub first_row: u32,
    pub columns: Vec<String>,
    pub slots: Vec<Slot>,
    /// Rows that the sheet declares, with header; a hint only.
    pub rows_declared: u32,
}

trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

type Workbook = Xlsx<Box<dyn ReadSeek>>;

fn open_bytes(bytes: &WorkbookBytes) -> Result<Workbook> {
    let mut input: Box<dyn ReadSeek> = match bytes {
        WorkbookBytes::File(path) => Box::new(BufReader::new(disk::open(path).map_err(Problem::from)?)),
        WorkbookBytes::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
    };
    refuse_bomb(&mut input)?;
    fenced(|| Xlsx::new(input)).and_then(|opened| opened.ok()).ok_or_else(not_a_workbook)
}

fn not_a_workbook() -> Problem {
    Problem::new(&codes::NOT_A_WORKBOOK, "it cannot be opened as one")
}

/// Finds the sheet and its header.
pub(super) fn plan(bytes: WorkbookBytes, sheet: Option<&str>, header: bool, skip_rows: usize) -> Result<WorkbookPlan> {
    let mut workbook = open_bytes(&bytes)?;
    let names = workbook.sheet_names().to_vec();
    let sheet = match sheet {
        Some(wanted) => names.iter().find(|name| name.trim() == wanted.trim()).cloned(),
        None => names.first().cloned(),
    };
    let Some(sheet) = sheet else {
        let what = format!("the workbook has {}, none with the name asked for", count(names.len(), "sheet"));
        return Err(Problem::new(&codes::NO_SUCH_SHEET, what));
    };
    let mut first: Option<(u32, Vec<String>)> = None;
    let mut rows_declared = 0;
    let skipped = u32::try_from(skip_rows).unwrap_or(u32::MAX);
    each_row(&mut workbook, &sheet, skipped, &mut |declared, row, cells| {
        rows_declared = declared;
        first = Some((row, cells.to_vec()));
        false
    })?;
    let Some((row, cells)) = first else {
        return Err(Problem::new(&codes::BAD_HEADER, "the sheet has no row with values"));
    };
    let columns = if header { distinct_names(cells) } else { numbered_names(cells.len()) };
    let first_row = if header { row + 1 } else { row };
    Ok(WorkbookPlan { bytes, sheet, sheets: names.len(), first_row, columns, slots: Vec::new(), rows_declared })
}

/// Reads all data rows of the sheet, `limit` at most. Returns their number.
pub(super) fn read_sheet(plan: &WorkbookPlan, limit: usize, emit: &mut dyn FnMut(Piece)) -> Result<u32> {
    let mut workbook = open_bytes(&plan.bytes)?;
    let mut sink = RowSink::new(&plan.slots, Room::default(), emit);
    let mut taken = 0;
    if limit == 0 {
        return Ok(0);
    }
    each_row(&mut workbook, &plan.sheet, plan.first_row, &mut |_, _, cells| {
        let width = cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1);
        if width > plan.columns.len() {
            let reason = format!("{} where the header has {}", count(width, "cell"), plan.columns.len());
            sink.quarantine(cells.join("\t").as_bytes(), Ragged, reason);
        } else {
            sink.deliver(|index, column| column.push(cells.get(index).map_or("", String::as_str)));
        }
        taken += 1;
        taken < limit
    })?;
    Ok(sink.finish())
}

/// Gives every row from `first_row` on that has a value to `take` (rows declared, row, cells) until it answers false.
fn each_row(
    workbook: &mut Workbook,
    sheet: &str,
    first_row: u32,
    take: &mut dyn FnMut(u32, u32, &[String]) -> bool,
) -> Result<()> {
    let opened = fenced(|| workbook.worksheet_cells_reader(sheet));
    let mut reader = opened.and_then(|opened| opened.ok()).ok_or_else(not_a_workbook)?;
    let dimensions = reader.dimensions();
    let declared = dimensions.end.0.saturating_add(1);
    let mut row = first_row;
    let mut cells: Vec<String> = Vec::new();
    while let Some(((cell_row, cell_column), value)) = next_cell(&mut reader)? {
        if cell_row < first_row || value.is_empty() {
            continue;
        }
        if cell_row != row {
            if has_value(&cells) && !take(declared, row, &cells) {
                return Ok(());
            }
            cells.clear();
            row = cell_row;
        }
        let column = cell_column as usize;
        if column >= SHEET_COLUMNS_MAX {
            return Err(not_a_workbook());
        }
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = value;
    }
    if has_value(&cells) {
        take(declared, row, &cells);
    }
    Ok(())
}

/// The place and text of the next cell. Only the third party's part is fenced in: a panic of the consumer must not be taken for a
/// broken workbook.
fn next_cell(reader: &mut XlsxCellReader<'_, Box<dyn ReadSeek>>) -> Result<Option<((u32, u32), String)>> {
    match fenced(|| reader.next_cell()) {
        Some(Ok(cell)) => Ok(cell.map(|cell| (cell.get_position(), text(cell.get_value())))),
        Some(Err(_)) | None => Err(Problem::new(&codes::NOT_A_WORKBOOK, "a sheet of it cannot be read")),
    }
}

/// The format's own limit.
const SHEET_COLUMNS_MAX: usize = 16_384;

fn has_value(cells: &[String]) -> bool {
    cells.iter().any(|cell| !cell.trim().is_empty())
}

fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => plain_number(*number),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_string(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(moment) => iso(moment),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.strip_suffix("T00:00:00").unwrap_or(text).to_string()
        }
        // A formula that failed has no value.
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// Without exponent, and without decimals where there are none.
pub(super) fn plain_number(number: f64) -> String {
    if number == 0.0 { "0".to_string() } else { format!("{number}") }
}

fn iso(moment: &ExcelDateTime) -> String {
    if moment.is_duration() {
        let seconds = (moment.as_f64() * 86_400.0).round() as i64;
        return format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => date,
        _ => format!("{date}T{hour:02}:{minute:02}:{second:02}"),
    }
}

/// Adds up what the ZIP directory declares: a workbook is read into memory in part.
fn refuse_bomb(input: &mut dyn ReadSeek) -> Result<()> {
    let size = input.seek(SeekFrom::End(0)).map_err(Problem::from)?;
    // The end record is 22 bytes and a comment of at most 64 KiB.
    let tail_length = size.min(22 + 65_535);
    input.seek(SeekFrom::Start(size - tail_length)).map_err(Problem::from)?;
    let mut tail = Vec::new();
    input.read_to_end(&mut tail).map_err(Problem::from)?;
    let Some(end_record) = memchr::memmem::rfind(&tail, b"PK\x05\x06") else { return Err(not_a_workbook()) };
    let field = |at: usize| -> Option<u64> {
        let bytes = tail.get(end_record + at..end_record + at + 4)?;
        Some(u64::from(u32::from_le_bytes(bytes.try_into().ok()?)))
    };
    let (Some(length), Some(offset)) = (field(12), field(16)) else { return Err(not_a_workbook()) };
    input.seek(SeekFrom::Start(offset.min(size))).map_err(Problem::from)?;
    let mut directory = Vec::new();
    input.take(length).read_to_end(&mut directory).map_err(Problem::from)?;
    input.seek(SeekFrom::Start(0)).map_err(Problem::from)?;
    let mut unpacked = 0;
    let mut at = 0;
    while let Some(entry) = directory.get(at..at + 46).filter(|entry| entry.starts_with(b"PK\x01\x02")) {
        unpacked += u64::from(u32::from_le_bytes([entry[24], entry[25], entry[26], entry[27]]));
        let variable = |low: usize| usize::from(u16::from_le_bytes([entry[low], entry[low + 1]]));
        at += 46 + variable(28) + variable(30) + variable(32);
    }
    // Where the directory is another one than its end says, it is not known what unpacks to how much.
    if at == 0 || at != directory.len() {
        return Err(not_a_workbook());
    }
    if super::compression::is_bomb(unpacked, size) {
        return Err(Problem::new(&codes::BOMB, format!("{unpacked} bytes unpacked")));
    }
    Ok(())
}

/// Whether `path` is called a workbook.
pub(super) fn named_so(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx"))
}
