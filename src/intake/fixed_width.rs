//! A block of fixed-width lines → rows. Columns are counted in characters, and the padding around values belongs to the format.

use super::batch::QuarantineCode::{Ragged, Undecodable};
use super::delimited::decoded;
use super::rows::{Piece, Room, RowSink, Slot};
use crate::job::FixedColumn;

#[derive(Debug)]
pub(super) struct FixedWidthPlan {
    pub layout: Vec<FixedColumn>,
    pub line_end: u8,
    pub slots: Vec<Slot>,
}

pub(super) fn read_block(bytes: &[u8], plan: &FixedWidthPlan, emit: &mut dyn FnMut(Piece)) -> u32 {
    let mut sink = RowSink::new(&plan.slots, Room::for_block(bytes, plan.line_end, plan.layout.len()), emit);
    let shortest = plan.layout.iter().map(|column| column.start.saturating_sub(1) + column.width).min().unwrap_or(0);
    let mut starts: Vec<usize> = Vec::new();
    for line in lines(bytes, plan.line_end) {
        let text = match decoded(line) {
            Ok(text) => text,
            Err(reason) => {
                sink.quarantine(line, Undecodable, reason);
                continue;
            }
        };
        starts.clear();
        if !text.is_ascii() {
            starts.extend(text.char_indices().map(|(position, _)| position));
        }
        let characters = if text.is_ascii() { text.len() } else { starts.len() };
        if characters < shortest {
            let reason = format!("{characters} characters where the first column ends at {shortest}");
            sink.quarantine(line, Ragged, reason);
            continue;
        }
        let position = |character: usize| match text.is_ascii() {
            true => character.min(text.len()),
            false => starts.get(character).copied().unwrap_or(text.len()),
        };
        sink.deliver(|index, column| {
            let FixedColumn { start, width, .. } = plan.layout[index];
            column.push(text[position(start.saturating_sub(1))..position(start.saturating_sub(1) + width)].trim());
        });
    }
    sink.finish()
}

/// The lines of a block that are not blank, without their ends.
pub(super) fn lines(bytes: &[u8], line_end: u8) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        (at < bytes.len()).then(|| {
            let end = memchr::memchr(line_end, &bytes[at..]).map_or(bytes.len(), |length| at + length);
            let line = &bytes[at..end];
            at = end + 1;
            line.strip_suffix(b"\r").unwrap_or(line)
        })
    })
    .filter(|line| !line.is_empty())
}
