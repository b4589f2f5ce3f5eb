//! A block of JSON lines → rows: one object a line. Strings are decoded, numbers stay as they are written, null and absent keys are
//! missing, and nested values are their JSON text.

use super::batch::QuarantineCode::{Ragged, Undecodable};
use super::delimited::decoded;
use super::fixed_width::lines;
use super::rows::{Piece, Room, RowSink, Slot};
use serde::de::IgnoredAny;
use std::borrow::Cow;

#[derive(Debug)]
pub(super) struct JsonLinesPlan {
    pub line_end: u8,
    /// Keys found in the sample: what [`Slot::Column`] counts.
    pub keys: Vec<String>,
    pub slots: Vec<Slot>,
}

pub(super) fn read_block(bytes: &[u8], plan: &JsonLinesPlan, emit: &mut dyn FnMut(Piece)) -> u32 {
    let mut sink = RowSink::new(&plan.slots, Room::for_block(bytes, plan.line_end, plan.keys.len() * 2), emit);
    for line in lines(bytes, plan.line_end) {
        let text = match decoded(line) {
            Ok(text) => text,
            Err(reason) => {
                sink.quarantine(line, Undecodable, reason);
                continue;
            }
        };
        match members(text) {
            Err(Wrong::NoObject) => sink.quarantine(line, Ragged, "the line is no JSON object"),
            Err(Wrong::Undecodable) => {
                sink.quarantine(line, Undecodable, "a string has an escape that is no character");
            }
            Ok(members) => sink.deliver(|index, column| {
                let key = plan.keys[index].as_str();
                // Of a repeated key the last one counts, as in every common parser.
                column.push(members.iter().rev().find(|(name, _)| name == key).map_or("", |(_, value)| value));
            }),
        }
    }
    sink.finish()
}

#[derive(Debug)]
pub(super) enum Wrong {
    NoObject,
    Undecodable,
}

type Member<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The keys and values of one object, values as text.
pub(super) fn members(line: &str) -> Result<Vec<Member<'_>>, Wrong> {
    let line = line.trim();
    if !line.starts_with('{') || serde_json::from_str::<IgnoredAny>(line).is_err() {
        return Err(Wrong::NoObject);
    }
    // The line is valid JSON from here on, so that it can be cut by looking at brackets and quotes only: this keeps numbers as
    // they are written, which a parser into numbers does not.
    let bytes = line.as_bytes();
    let mut list = Vec::new();
    let mut at = after_space(bytes, 1);
    while bytes[at] != b'}' {
        let key_end = value_end(bytes, at);
        let key = string(&line[at..key_end])?;
        at = after_space(bytes, key_end);
        at = after_space(bytes, at + 1); // the colon
        let end = value_end(bytes, at);
        let value = match &line[at..end] {
            "null" => Cow::Borrowed(""),
            quoted if quoted.starts_with('"') => string(quoted)?,
            other => Cow::Borrowed(other),
        };
        list.push((key, value));
        at = after_space(bytes, end);
        if bytes[at] == b',' {
            at = after_space(bytes, at + 1);
        }
    }
    Ok(list)
}

fn string(quoted: &str) -> Result<Cow<'_, str>, Wrong> {
    let content = &quoted[1..quoted.len() - 1];
    if memchr::memchr(b'\\', content.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(content));
    }
    let decoded: String = serde_json::from_str(quoted).map_err(|_| Wrong::Undecodable)?;
    // A NUL would be the only character that no other format lets through.
    if decoded.contains('\0') { Err(Wrong::Undecodable) } else { Ok(Cow::Owned(decoded)) }
}

fn after_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The end of the value that begins at `at`, in text known to be valid JSON.
fn value_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut position = at;
    loop {
        match bytes[position] {
            b'"' => {
                position = string_end(bytes, position);
                if depth == 0 {
                    return position;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return position,
            b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return position,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return position + 1;
                }
            }
            _ => {}
        }
        position += 1;
    }
}

fn string_end(bytes: &[u8], opened: usize) -> usize {
    let mut at = opened + 1;
    loop {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
