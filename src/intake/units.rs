//! Where the units of work of an extract come from: one after another in the order of the file, cut where records end.

use super::codes;
use super::compression::{Bytes, Compression};
use super::cut::Cutter;
use super::encoding::Transcoder;
use super::problem::{Problem, Result};
use super::raw::{Watch, fill};
use std::io::Read;

/// A line longer than this (32 MiB) is no line of an extract.
const RECORD_BYTES_MAX: usize = 32 << 20;

/// The part of an extract that one thread reads at a time.
#[derive(Default)]
pub(super) struct Unit {
    /// Place in the order of the file.
    pub sequence: u32,
    pub bytes: Vec<u8>,
    /// Row group of a Parquet file.
    pub group: usize,
    /// Data records before this unit, where the format tells.
    pub rows_before: Option<u32>,
}

/// Hands out units in the order of the file.
pub(super) struct Source<'a> {
    pub body: Body<'a>,
    pub watch: Watch,
    pub compression: Compression,
    pub described: Described,
    pub next_sequence: u32,
}

pub(super) struct Described {
    /// "CSV, semicolon".
    pub format: String,
    /// "12 columns, no header".
    pub rest: String,
}

pub(super) enum Body<'a> {
    Text {
        input: Transcoder<Bytes<'a>>,
        carry: Vec<u8>,
        cutter: Cutter,
        ended: bool,
        block_bytes: usize,
    },
    /// Rows of each group; `input` is the whole file, for its hash.
    Groups {
        rows: Vec<u64>,
        next: usize,
        rows_before: u64,
        input: Bytes<'a>,
    },
    Sheet {
        taken: bool,
        input: Bytes<'a>,
    },
}

impl Source<'_> {
    /// The next unit into `unit`, whose buffer is used again; false after the last.
    pub fn next(&mut self, unit: &mut Unit) -> Result<bool> {
        unit.sequence = self.next_sequence;
        unit.rows_before = None;
        let more = match &mut self.body {
            Body::Text { input, carry, cutter, ended, block_bytes } => {
                next_block(input, carry, *cutter, ended, *block_bytes, &mut unit.bytes)?
            }
            Body::Groups { rows, next, rows_before, .. } => match rows.get(*next) {
                None => false,
                Some(group_rows) => {
                    unit.group = *next;
                    unit.rows_before = Some(u32::try_from(*rows_before).map_err(|_| too_many_rows())?);
                    *rows_before += group_rows;
                    *next += 1;
                    true
                }
            },
            Body::Sheet { taken, .. } => {
                unit.rows_before = Some(0);
                !std::mem::replace(taken, true)
            }
        };
        self.next_sequence += u32::from(more);
        Ok(more)
    }

    /// The file's hash, once all units are handed out. Reads what is left of the file.
    pub fn finish(&mut self) -> Result<String> {
        let mut buffer = vec![0; 256 << 10];
        let input: &mut dyn Read = match &mut self.body {
            Body::Text { input, .. } => input,
            Body::Groups { input, .. } | Body::Sheet { input, .. } => input,
        };
        while input.read(&mut buffer).map_err(Problem::from)? > 0 {}
        self.watch.finish()
    }

    /// In words; final once everything is read.
    pub fn found(&self) -> String {
        let encoding = match &self.body {
            Body::Text { input, .. } => Some(input.name()),
            Body::Groups { .. } | Body::Sheet { .. } => None,
        };
        let compression = self.compression.word().map(str::to_string);
        let parts = [Some(self.described.format.clone()), encoding, compression, Some(self.described.rest.clone())];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// A WHATWG label; `None` for formats that are not text.
    pub fn encoding(&self) -> Option<&'static str> {
        match &self.body {
            Body::Text { input, .. } => Some(input.label()),
            Body::Groups { .. } | Body::Sheet { .. } => None,
        }
    }

    pub fn compression(&self) -> Compression {
        self.compression
    }

    pub fn watch(&self) -> &Watch {
        &self.watch
    }
}

pub(super) fn too_many_rows() -> Problem {
    Problem::new(&codes::TOO_MANY_ROWS, "")
}

fn next_block(
    input: &mut impl Read,
    carry: &mut Vec<u8>,
    cutter: Cutter,
    ended: &mut bool,
    block_bytes: usize,
    bytes: &mut Vec<u8>,
) -> Result<bool> {
    bytes.clear();
    std::mem::swap(bytes, carry);
    let mut wanted = block_bytes;
    while !*ended {
        *ended = fill(input, bytes, wanted)?;
        if *ended {
            break;
        }
        if let Some(cut) = cutter.last(bytes) {
            carry.extend_from_slice(&bytes[cut..]);
            bytes.truncate(cut);
            return Ok(true);
        }
        wanted = bytes.len() + block_bytes;
        if wanted > RECORD_BYTES_MAX + block_bytes {
            return Err(Problem::new(&codes::NOT_TEXT, "it has a line of more than 32 MiB"));
        }
    }
    Ok(!bytes.is_empty())
}
