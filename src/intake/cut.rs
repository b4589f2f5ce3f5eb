//! Cutting a stream of text into blocks at the ends of records.

use super::scanner::{Dialect, Found, Quoted, Scanner, quoted_field};
use memchr::{memchr, memrchr};

/// Knows where one kind of text may be cut.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cutter {
    /// After any line.
    Lines { line_end: u8 },
    /// After a record: line breaks inside quotes do not count.
    Delimited { dialect: Dialect, expected: usize },
}

impl Cutter {
    /// The last place in `bytes`, which begin with a record, at which they may be cut, if there is one. More input follows them.
    pub fn last(&self, bytes: &[u8]) -> Option<usize> {
        match *self {
            Cutter::Lines { line_end } => memrchr(line_end, bytes).map(|position| position + 1),
            Cutter::Delimited { dialect, expected } => {
                let cut = match cut_at_quotes(bytes, dialect) {
                    Some(cut) => cut,
                    None => cut_at_records(bytes, dialect, expected),
                };
                (cut > 0).then_some(cut)
            }
        }
    }
}

/// Looks at quotes only, several times faster than reading the records. `None` where a quote is or may be broken: then what is a
/// record depends on the number of fields too.
fn cut_at_quotes(bytes: &[u8], dialect: Dialect) -> Option<usize> {
    let Dialect { delimiter, quote, line_end } = dialect;
    let mut cut = 0;
    // Behind the last quoted field; from there to the next one lie plain fields.
    let mut plain = 0;
    let mut at = 0;
    while let Some(found) = next_quote(quote, &bytes[at..]) {
        let position = at + found;
        let opens = position == 0 || bytes[position - 1] == delimiter || bytes[position - 1] == line_end;
        if !opens {
            at = position + 1;
            continue;
        }
        // Between two quoted fields mostly stands one byte, and a search would cost more than a look.
        if position == plain + 1 {
            cut = if bytes[plain] == line_end { position } else { cut };
        } else if let Some(last) = memrchr(line_end, &bytes[plain..position]) {
            cut = plain + last + 1;
        }
        match quoted_field(bytes, position, quote, line_end) {
            Quoted::TooLong => return None,
            Quoted::Open => return Some(cut),
            Quoted::Closed { closing, lines, .. } => {
                match bytes[closing + 1..] {
                    [] => return Some(cut),
                    [next, ..] if next == delimiter || next == line_end => {}
                    [b'\r', next, ..] if next == line_end => {}
                    _ if lines => return None,
                    _ => {}
                }
                plain = closing + 1;
                at = plain;
            }
        }
    }
    if let Some(last) = memrchr(line_end, &bytes[plain..]) {
        cut = plain + last + 1;
    }
    Some(cut)
}

/// The next quote; where every field is quoted it is the byte after next.
fn next_quote(quote: u8, bytes: &[u8]) -> Option<usize> {
    if bytes.get(1) == Some(&quote) && bytes[0] != quote { Some(1) } else { memchr(quote, bytes) }
}

/// The same by reading every record.
fn cut_at_records(bytes: &[u8], dialect: Dialect, expected: usize) -> usize {
    let mut scanner = Scanner::new(bytes, dialect, Some(expected), false);
    let mut cut = 0;
    loop {
        match scanner.next() {
            Found::Record { .. } | Found::BrokenQuote { .. } => {
                if scanner.may_cut_here() {
                    cut = scanner.at;
                }
            }
            Found::Unfinished | Found::End => return cut,
        }
    }
}
