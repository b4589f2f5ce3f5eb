//! A block of delimited text → rows of the wanted columns. This is the hot path of intake: one pass to find the fields, one copy of
//! the wanted ones.

use super::batch::QuarantineCode::{BrokenQuote, Ragged, Undecodable};
use super::rows::Piece;
use super::rows::{Room, RowSink, Slot};
use super::scanner::{Dialect, Found, Scanner, fits};

/// How the blocks of one file are read.
#[derive(Debug)]
pub(super) struct DelimitedPlan {
    pub dialect: Dialect,
    /// Columns of the header.
    pub expected: usize,
    pub slots: Vec<Slot>,
}

/// What is wrong with a row whose quote is broken, as far as it can be known ([`scanner`](super::scanner)).
const BROKEN_QUOTE: &str = "a quoted field is never closed, or is longer than 64 KiB or 100 lines";

/// Reads a whole block, cut at the end of a record or of the file. Returns the number of data records in it.
pub(super) fn read_block(bytes: &[u8], plan: &DelimitedPlan, emit: &mut dyn FnMut(Piece)) -> u32 {
    let mut sink = RowSink::new(&plan.slots, Room::for_block(bytes, plan.dialect.line_end, plan.expected), emit);
    let mut scanner = Scanner::new(bytes, plan.dialect, Some(plan.expected), true);
    // The common case is decided once a block.
    let whole = if memchr::memchr(0, bytes).is_none() { std::str::from_utf8(bytes).ok() } else { None };
    let mut unquoted = String::new();
    loop {
        let (start, end) = match scanner.next() {
            Found::Record { start, end } => (start, end),
            Found::BrokenQuote { start, end } => {
                sink.quarantine(&bytes[start..end], BrokenQuote, BROKEN_QUOTE);
                continue;
            }
            Found::End | Found::Unfinished => break,
        };
        let (text, offset) = match whole {
            Some(text) => (text, 0),
            None => match decoded(&bytes[start..end]) {
                Ok(text) => (text, start),
                Err(reason) => {
                    sink.quarantine(&bytes[start..end], Undecodable, reason);
                    continue;
                }
            },
        };
        if !fits(&scanner.fields, plan.expected, bytes) {
            let reason = format!("{} where the header has {}", count(scanner.fields.len(), "field"), plan.expected);
            sink.quarantine(&bytes[start..end], Ragged, reason);
            continue;
        }
        let fields = &scanner.fields;
        sink.deliver(|index, column| {
            let field = fields[index];
            let content = &text[field.start - offset..field.end - offset];
            if field.to_unquote {
                unquoted.clear();
                plan.dialect.unquote(content, &mut unquoted);
                column.push(&unquoted);
            } else {
                column.push(content);
            }
        });
    }
    sink.finish()
}

/// The text of a row, or why there is none.
pub(super) fn decoded(bytes: &[u8]) -> Result<&str, &'static str> {
    if memchr::memchr(0, bytes).is_some() {
        return Err("a NUL byte stands in the row");
    }
    std::str::from_utf8(bytes).map_err(|_| "bytes of the row do not decode in the file's encoding")
}

/// "1 field", "2 fields".
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
