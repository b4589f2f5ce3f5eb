//! Which delimiter, quote and line end a text has, found from its first part.
//!
//! Each delimiter is tried on the sample: the right one makes most records equally wide, agrees with the header, and (strongest of
//! all) makes the columns that the job maps appear. Where none does well, `csv-nose` is asked too and judged in the same way.

use super::columns::distinct_names;
use super::problem::fenced;
use super::scanner::{Dialect, Found, Quoted, Scanner, quoted_field};
use crate::job::Format;

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const QUOTES: [u8; 2] = [b'"', b'\''];
/// Records looked at for each delimiter.
const RECORDS_MAX: usize = 1000;
/// Below this share of equally wide records a second opinion is asked for (percent).
const SURE_PERCENT: usize = 80;

/// The dialect of `sample`, which begins with the header (or the first record) and is `complete` where it is the whole text.
/// What the job's format says is taken as it is; `wanted` are the columns it maps, where there is a header.
pub(super) fn find(sample: &[u8], complete: bool, format: &Format, wanted: &[String]) -> Dialect {
    let line_end = line_end(sample);
    let quotes = |delimiter: u8| format.quote.unwrap_or_else(|| find_quote(sample, delimiter, line_end));
    let dialect = |delimiter: u8| Dialect { delimiter, quote: quotes(delimiter), line_end };
    if let Some(delimiter) = format.delimiter {
        return dialect(delimiter);
    }
    let (mut best, mut best_score) = (dialect(b','), Score::default());
    for delimiter in DELIMITERS {
        let candidate = dialect(delimiter);
        let score = score(sample, complete, candidate, wanted);
        if score > best_score {
            (best, best_score) = (candidate, score);
        }
    }
    if best_score.equal_percent >= SURE_PERCENT && best_score.columns > 1 {
        return best;
    }
    match second_opinion(sample) {
        Some(delimiter) if score(sample, complete, dialect(delimiter), wanted) > best_score => dialect(delimiter),
        _ => best,
    }
}

pub(super) fn line_end(sample: &[u8]) -> u8 {
    if memchr::memchr(b'\n', sample).is_none() && memchr::memchr(b'\r', sample).is_some() { b'\r' } else { b'\n' }
}

/// How well a delimiter explains the sample; the first part in which two differ decides.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    wanted_found: usize,
    header_agrees: bool,
    /// Records as wide as most, in percent.
    equal_percent: usize,
    columns: usize,
}

fn score(sample: &[u8], complete: bool, dialect: Dialect, wanted: &[String]) -> Score {
    let mut scanner = Scanner::new(sample, dialect, None, complete);
    let mut widths: Vec<usize> = Vec::new();
    let mut wanted_found = 0;
    while widths.len() < RECORDS_MAX {
        match scanner.next() {
            Found::Record { .. } => {
                if widths.is_empty() && !wanted.is_empty() {
                    wanted_found = count_wanted(sample, &scanner, dialect, wanted);
                }
                widths.push(scanner.fields.len());
            }
            Found::BrokenQuote { .. } => widths.push(0),
            Found::Unfinished | Found::End => break,
        }
    }
    let Some(&header) = widths.first() else { return Score::default() };
    let mut sorted = widths.clone();
    sorted.sort_unstable();
    let groups = sorted.chunk_by(|left, right| left == right);
    let Some(most) = groups.max_by_key(|group| (group.len(), group[0])) else { return Score::default() };
    let columns = most[0];
    if columns < 2 {
        // One column has no delimiter: that all records have one says nothing for any of them.
        return Score { wanted_found, ..Score::default() };
    }
    let equal_percent = most.len() * 100 / widths.len();
    Score { wanted_found, header_agrees: header == columns, equal_percent, columns }
}

fn count_wanted(sample: &[u8], scanner: &Scanner<'_>, dialect: Dialect, wanted: &[String]) -> usize {
    let header = distinct_names(field_texts(sample, scanner, dialect));
    let folded: Vec<String> = header.iter().map(|name| name.to_lowercase()).collect();
    wanted.iter().filter(|name| folded.contains(&name.trim().to_lowercase())).count()
}

/// The fields of the record just read, as text.
pub(super) fn field_texts(bytes: &[u8], scanner: &Scanner<'_>, dialect: Dialect) -> Vec<String> {
    let text = |start: usize, end: usize| String::from_utf8_lossy(&bytes[start..end]).into_owned();
    let unquoted = |content: &str| {
        let mut out = String::new();
        dialect.unquote(content, &mut out);
        out
    };
    let one = |field: &super::scanner::FieldSpan| match field.to_unquote {
        true => unquoted(&text(field.start, field.end)),
        false => text(field.start, field.end),
    };
    scanner.fields.iter().map(one).collect()
}

/// A single quote only where double quotes open no field, and single quotes open several and always close them: names such as
/// 'Brien and numbers marked as text by an apostrophe open what they never close.
fn find_quote(sample: &[u8], delimiter: u8, line_end: u8) -> u8 {
    let [double, single] = QUOTES;
    let (opened_double, _) = quoted_fields(sample, delimiter, double, line_end);
    let (opened, closed) = quoted_fields(sample, delimiter, single, line_end);
    if opened_double == 0 && opened >= 2 && opened == closed { single } else { double }
}

/// Fields that begin with the quote, and those of them that end with it.
fn quoted_fields(sample: &[u8], delimiter: u8, quote: u8, line_end: u8) -> (usize, usize) {
    let (mut opened, mut closed, mut at) = (0, 0, 0);
    while let Some(found) = memchr::memchr(quote, &sample[at..]) {
        let position = at + found;
        at = position + 1;
        let opens = position == 0 || sample[position - 1] == delimiter || sample[position - 1] == line_end;
        if !opens {
            continue;
        }
        match quoted_field(sample, position, quote, line_end) {
            Quoted::Closed { closing, .. } => {
                opened += 1;
                let behind = sample.get(closing + 1).copied();
                closed += usize::from(behind.is_none_or(|next| next == delimiter || next == line_end || next == b'\r'));
                at = closing + 1;
            }
            Quoted::TooLong => opened += 1,
            // The sample ends inside: it says nothing.
            Quoted::Open => {}
        }
    }
    (opened, closed)
}

/// What `csv-nose` finds, unless it is a character that stands in ordinary values.
fn second_opinion(sample: &[u8]) -> Option<u8> {
    let mut sniffer = csv_nose::Sniffer::new();
    sniffer.sample_size(csv_nose::SampleSize::Records(200));
    let found = fenced(|| sniffer.sniff_bytes(sample))?.ok()?;
    let delimiter = found.dialect.delimiter;
    let ordinary = delimiter.is_ascii_alphanumeric() || b" .-'\"/:_()@&\r\n".contains(&delimiter);
    (delimiter.is_ascii() && !ordinary).then_some(delimiter)
}

/// The word for a delimiter in [`super::FileReport::found`].
pub(super) fn word(delimiter: u8) -> String {
    match delimiter {
        b',' => "comma".to_string(),
        b';' => "semicolon".to_string(),
        b'\t' => "tab".to_string(),
        b'|' => "pipe".to_string(),
        other if other.is_ascii_graphic() => format!("delimiter {}", other as char),
        other => format!("delimiter 0x{other:02x}"),
    }
}
