//! Opening an extract: what it is, which columns it has, and where its units of work come from.

use super::codes;
use super::columns::{distinct_names, find_wanted, numbered_names};
use super::compression::{self, Bytes, Compression};
use super::cut::Cutter;
use super::delimited::{self, DelimitedPlan, count};
use super::dialect;
use super::encoding::Transcoder;
use super::fixed_width::{self, FixedWidthPlan};
use super::json_lines::{self, JsonLinesPlan};
use super::parquet;
use super::plan::Plan;
use super::problem::{Problem, Result};
use super::raw::{self, Progress, Watch, fill};
use super::rows::Slot;
use super::scanner::{Found, Scanner};
use super::units::{Body, Described, Source};
use super::xlsx::{self, WorkbookBytes};
use crate::job::{FormatKind, Provider};
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;

/// Sizes that shape the work; they never change what is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Decoded bytes of one unit of work.
    pub block_bytes: usize,
    /// Decoded bytes in which dialect and columns are found.
    pub head_bytes: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes { block_bytes: 4 << 20, head_bytes: 256 << 10 }
    }
}

/// A packed workbook is unpacked into memory up to this size (256 MiB).
const PACKED_WORKBOOK_BYTES_MAX: u64 = 256 << 20;

/// An extract that can be read.
pub(super) struct OpenExtract<'a> {
    pub plan: Arc<Plan>,
    pub columns: Vec<String>,
    pub source: Source<'a>,
}

/// Opens `path` for the columns `wanted` of it, or for all of them where that is `None`.
pub(super) fn open<'a>(
    path: &Path,
    provider: &Provider,
    wanted: Option<&[String]>,
    sizes: Sizes,
    progress: Progress<'a>,
) -> Result<OpenExtract<'a>> {
    let opened = raw::open(path, progress)?;
    let watch = opened.watch.clone();
    let (mut bytes, compression) = compression::unpack(opened)?;
    let mut magic = Vec::new();
    fill(&mut bytes, &mut magic, 8)?;
    if magic.is_empty() {
        return Err(Problem::new(&codes::EMPTY, "nothing is packed in it"));
    }
    let kind = kind_by_magic(&magic, path, provider)?;
    let bytes: Bytes<'a> = Box::new(Cursor::new(magic).chain(bytes));
    let opening = Opening { path, provider, wanted, sizes, watch, compression };
    match kind {
        Some(FormatKind::Parquet) => opening.parquet(bytes),
        Some(FormatKind::Xlsx) => opening.workbook(bytes),
        text => opening.text(text, bytes),
    }
}

/// The job's word, or what the first bytes (or, of broken files, the name) tell. `None` for text of some kind.
fn kind_by_magic(magic: &[u8], path: &Path, provider: &Provider) -> Result<Option<FormatKind>> {
    if let Some(kind) = provider.format.kind {
        return Ok(Some(kind));
    }
    if !provider.format.layout.is_empty() {
        return Ok(Some(FormatKind::FixedWidth));
    }
    let is = |start: &[u8]| magic.starts_with(start);
    if is(b"PAR1") || parquet::named_so(path) {
        return Ok(Some(FormatKind::Parquet));
    }
    if is(b"PK\x03\x04") || xlsx::named_so(path) {
        return Ok(Some(FormatKind::Xlsx));
    }
    if is(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(Problem::new(&codes::NOT_TEXT, "it is an old Office file (.xls) or one with a password"));
    }
    if is(b"%PDF") {
        return Err(Problem::new(&codes::NOT_TEXT, "it is a PDF"));
    }
    Ok(None)
}

struct Opening<'o> {
    path: &'o Path,
    provider: &'o Provider,
    wanted: Option<&'o [String]>,
    sizes: Sizes,
    watch: Watch,
    compression: Compression,
}

impl Opening<'_> {
    fn slots(&self, columns: &[String]) -> Result<Vec<Slot>> {
        match self.wanted {
            Some(wanted) => find_wanted(columns, wanted, self.provider),
            None => Ok((0..columns.len()).map(Slot::Column).collect()),
        }
    }

    fn finish<'a>(self, plan: Plan, columns: Vec<String>, body: Body<'a>, format: String) -> OpenExtract<'a> {
        let rest = count(columns.len(), "column");
        let described = Described { format, rest };
        let source = Source { body, watch: self.watch, compression: self.compression, described, next_sequence: 0 };
        OpenExtract { plan: Arc::new(plan), columns, source }
    }

    fn parquet<'a>(self, input: Bytes<'a>) -> Result<OpenExtract<'a>> {
        if self.compression != Compression::None {
            let what = "it is packed once more; Parquet is compressed inside";
            return Err(Problem::new(&codes::BROKEN_PARQUET, what));
        }
        let mut plan = parquet::plan(self.path)?;
        plan.slots = self.slots(&plan.columns)?;
        let rows = plan.group_rows();
        let format = format!("Parquet, {}", count(rows.len(), "row group"));
        let columns = plan.columns.clone();
        let body = Body::Groups { rows, next: 0, rows_before: 0, input };
        Ok(self.finish(Plan::Parquet(plan), columns, body, format))
    }

    fn workbook<'a>(self, mut input: Bytes<'a>) -> Result<OpenExtract<'a>> {
        let bytes = match self.compression {
            Compression::None => WorkbookBytes::File(self.path.to_path_buf()),
            Compression::Gzip | Compression::Zstd => {
                let mut unpacked = Vec::new();
                input.by_ref().take(PACKED_WORKBOOK_BYTES_MAX + 1).read_to_end(&mut unpacked).map_err(Problem::from)?;
                if unpacked.len() as u64 > PACKED_WORKBOOK_BYTES_MAX {
                    return Err(Problem::new(&codes::NOT_A_WORKBOOK, "unpacked it is larger than 256 MiB"));
                }
                WorkbookBytes::Memory(unpacked.into())
            }
        };
        let format = &self.provider.format;
        let mut plan = xlsx::plan(bytes, format.sheet.as_deref(), format.header != Some(false), format.skip_rows)?;
        plan.slots = self.slots(&plan.columns)?;
        let described = format!("XLSX, sheet \"{}\" of {}", plan.sheet, plan.sheets);
        let columns = plan.columns.clone();
        Ok(self.finish(Plan::Workbook(plan), columns, Body::Sheet { taken: false, input }, described))
    }

    fn text<'a>(self, kind: Option<FormatKind>, bytes: Bytes<'a>) -> Result<OpenExtract<'a>> {
        let mut input = Transcoder::new(bytes, self.provider.format.encoding.as_deref())?;
        let mut head = Vec::new();
        let ended = fill(&mut input, &mut head, self.sizes.head_bytes)?;
        if head.is_empty() {
            return Err(Problem::new(&codes::EMPTY, "nothing but a byte-order mark"));
        }
        let line_end = dialect::line_end(&head);
        let skipped = after_lines(&head, line_end, self.provider.format.skip_rows);
        let kind = match kind {
            Some(kind) => kind,
            None => kind_of_text(&head[skipped..])?,
        };
        let body = |input, head: Vec<u8>, from: usize, cutter| Body::Text {
            input,
            carry: head[from..].to_vec(),
            cutter,
            ended,
            block_bytes: self.sizes.block_bytes,
        };
        match kind {
            FormatKind::JsonLines => {
                let mut keys = keys_of(&head[skipped..]);
                if keys.is_empty() {
                    // Without any object there is nothing to find the columns in, and nothing to be missing.
                    keys = self.wanted.unwrap_or(&[]).to_vec();
                }
                let slots = self.slots(&keys)?;
                let plan = Plan::JsonLines(JsonLinesPlan { line_end, keys: keys.clone(), slots });
                let body = body(input, head, skipped, Cutter::Lines { line_end });
                Ok(self.finish(plan, keys, body, "JSON lines".to_string()))
            }
            FormatKind::FixedWidth => {
                let layout = self.provider.format.layout.clone();
                let header = usize::from(self.provider.format.header == Some(true));
                let from = after_lines(&head, line_end, self.provider.format.skip_rows + header);
                let columns: Vec<String> = layout.iter().map(|column| column.column.trim().to_string()).collect();
                let slots = self.slots(&columns)?;
                let body = body(input, head, from, Cutter::Lines { line_end });
                let plan = Plan::FixedWidth(FixedWidthPlan { layout, line_end, slots });
                Ok(self.finish(plan, columns, body, "fixed width".to_string()))
            }
            _ => {
                let complete = ended;
                let header = read_header(&head, skipped, complete, self.provider, self.wanted)?;
                let slots = self.slots(&header.columns)?;
                let expected = header.columns.len();
                let cutter = Cutter::Delimited { dialect: header.dialect, expected };
                let body = body(input, head, header.data_at, cutter);
                let plan = DelimitedPlan { dialect: header.dialect, expected, slots };
                let mut format = format!("CSV, {}", dialect::word(header.dialect.delimiter));
                if header.dialect.quote != b'"' {
                    format.push_str(&format!(", quote {}", (header.dialect.quote as char).escape_default()));
                }
                if self.provider.format.header == Some(false) {
                    format.push_str(", no header");
                }
                Ok(self.finish(Plan::Delimited(plan), header.columns, body, format))
            }
        }
    }
}

/// Where the text begins after so many lines.
fn after_lines(text: &[u8], line_end: u8, lines: usize) -> usize {
    let mut at = 0;
    for _ in 0..lines {
        at = memchr::memchr(line_end, &text[at..]).map_or(text.len(), |length| at + length + 1);
    }
    at
}

/// JSON lines where one of the first lines is an object; CSV otherwise.
fn kind_of_text(head: &[u8]) -> Result<FormatKind> {
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    let lines = || fixed_width::lines(head, b'\n').take(20);
    let is_object = |line: &[u8]| {
        std::str::from_utf8(line).is_ok_and(|line| json_lines::members(line).is_ok_and(|all| !all.is_empty()))
    };
    if lines().any(is_object) && first.is_some_and(|&byte| byte == b'{' || byte != b'[') {
        return Ok(FormatKind::JsonLines);
    }
    let after_bracket = head.iter().filter(|byte| !byte.is_ascii_whitespace()).nth(1);
    if first == Some(&b'[') && after_bracket == Some(&b'{') {
        return Err(Problem::new(&codes::NOT_TEXT, "it is one JSON array, not one JSON object a line"));
    }
    Ok(FormatKind::Csv)
}

/// The keys of the sample's objects in the order of first appearance.
fn keys_of(head: &[u8]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for line in fixed_width::lines(head, dialect::line_end(head)) {
        let members = std::str::from_utf8(line).ok().and_then(|line| json_lines::members(line).ok());
        for (key, _) in members.unwrap_or_default() {
            if !keys.iter().any(|known| *known == key) {
                keys.push(key.into_owned());
            }
        }
    }
    keys
}

struct Header {
    dialect: super::scanner::Dialect,
    columns: Vec<String>,
    /// Where the first data record begins.
    data_at: usize,
}

fn read_header(
    head: &[u8],
    from: usize,
    complete: bool,
    provider: &Provider,
    wanted: Option<&[String]>,
) -> Result<Header> {
    let format = &provider.format;
    let has_header = format.header != Some(false);
    let text = &head[from..];
    let dialect = dialect::find(text, complete, format, wanted.filter(|_| has_header).unwrap_or(&[]));
    let mut scanner = Scanner::new(text, dialect, None, complete);
    let unreadable = |what: &str| Err(Problem::new(&codes::BAD_HEADER, what));
    let (start, end) = match scanner.next() {
        Found::Record { start, end } => (start, end),
        Found::BrokenQuote { .. } => {
            return unreadable("a quoted field in its first line is never closed, or longer than 64 KiB or 100 lines");
        }
        Found::Unfinished => return unreadable("its first line is longer than 256 KiB"),
        Found::End => return unreadable("it has no line with anything on it"),
    };
    if let Err(reason) = delimited::decoded(&text[start..end])
        && has_header
    {
        return unreadable(&format!("in its first line, {}", reason.replace("the row", "it")));
    }
    let texts = dialect::field_texts(text, &scanner, dialect);
    match has_header {
        true => Ok(Header { dialect, columns: distinct_names(texts), data_at: from + scanner.at }),
        false => Ok(Header { dialect, columns: numbered_names(usual_width(text, dialect, complete)), data_at: from }),
    }
}

/// Without a header the columns are as many as most of the first records have.
fn usual_width(text: &[u8], dialect: super::scanner::Dialect, complete: bool) -> usize {
    let mut scanner = Scanner::new(text, dialect, None, complete);
    let mut tally = std::collections::BTreeMap::new();
    for _ in 0..1000 {
        match scanner.next() {
            Found::Record { .. } => *tally.entry(scanner.fields.len()).or_insert(0_usize) += 1,
            Found::BrokenQuote { .. } => {}
            Found::Unfinished | Found::End => break,
        }
    }
    tally.into_iter().max_by_key(|&(width, records)| (records, width)).map_or(1, |(width, _)| width)
}
