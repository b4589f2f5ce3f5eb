//! Names: any way of writing them → lower-case words of a–z, one space between; aliases after `|` ("elizabeth|liz").
//!
//! Titles, notes of clerks and words of unnamed babies go out, real names that look like them stay (Dame, Ne, Count, Two alone).
//! Sources: DOMAIN.md sections 3 (noise words, and which of them are names) and 8.

mod baby;
mod full;
mod show;
mod words;

pub(super) use full::clean_full;
pub use full::{FullName, display_full, split_full};
pub(super) use show::display;

use super::characters::{is_run, repair_encoding};
use super::{Reason, Verdict, reference};
use rustc_hash::FxHashSet;
use std::sync::OnceLock;
use words::Words;

/// Which name a field holds: the rules differ a little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Given,
    Middle,
    Family,
}

/// Bytes a canonical name may have on either side of `|`; longer ones are noise and cut at a word.
const BYTES_MAX: usize = 128;

/// Cleans one name.
pub(super) fn clean(raw: &str, part: Part, out: &mut String) -> Verdict {
    if clean_plain(raw, part, out) {
        return Verdict::KEPT;
    }
    out.clear();
    if !raw.is_ascii() && raw.len() <= BYTES_MAX && repair_encoding(raw).is_none() {
        let mut folded = String::with_capacity(raw.len());
        super::characters::fold(raw, &mut folded);
        if clean_plain(&folded, part, out) {
            return Verdict::KEPT;
        }
        out.clear();
    }
    clean_in_full(raw, part, out)
}

/// The common case: ASCII letters, none of the words that rules look at. `false` where the full way must be gone.
fn clean_plain(raw: &str, part: Part, out: &mut String) -> bool {
    if raw.len() > BYTES_MAX {
        return false;
    }
    for (at, byte) in raw.bytes().enumerate() {
        match byte {
            b'a'..=b'z' => out.push(byte.into()),
            b'A'..=b'Z' => out.push(byte.to_ascii_lowercase().into()),
            b' ' | b'-' if !out.is_empty() && !out.ends_with(' ') => out.push(' '),
            b' ' | b'-' => {}
            // O'Brien: an apostrophe between letters goes out.
            b'\'' if is_letter_at(raw, at.wrapping_sub(1)) && is_letter_at(raw, at + 1) => {}
            _ => return false,
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    // "NULL" and "NA" are what exports write, "Null" and "Na" are names.
    !out.is_empty() && !matches!(raw, "NULL" | "NA") && !out.split(' ').any(|word| is_special(word, part))
}

fn is_letter_at(raw: &str, at: usize) -> bool {
    raw.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic)
}

/// Words at which some rule looks.
fn is_special(word: &str, part: Part) -> bool {
    static GIVEN: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    static FAMILY: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    let list = if part == Part::Family { &FAMILY } else { &GIVEN };
    list.get_or_init(|| words::special_words(part)).contains(word) || word.starts_with("zzz") || is_letter_run(word)
}

/// Every rule, until nothing changes: taking one word out can bring two others together.
fn clean_in_full(raw: &str, part: Part, out: &mut String) -> Verdict {
    let repaired = repair_encoding(raw);
    let text = repaired.as_deref().unwrap_or(raw);
    let mut verdict = pass(text, part, out);
    if repaired.is_some() && verdict.reason.is_none() {
        verdict.reason = Some(Reason::Repaired);
    }
    let (mut again, mut plain) = (String::new(), String::new());
    // Every pass but the last makes the text shorter, so this ends.
    while !out.is_empty() && !clean_plain(out, part, &mut plain) {
        again.clear();
        plain.clear();
        let next = pass(out, part, &mut again);
        verdict.flags.set(next.flags);
        verdict.reason = verdict.reason.or(next.reason);
        verdict.is_null = next.is_null;
        if again.len() >= out.len() {
            break;
        }
        std::mem::swap(out, &mut again);
    }
    verdict
}

fn pass(raw: &str, part: Part, out: &mut String) -> Verdict {
    let trimmed = super::characters::trim(raw);
    if trimmed.is_empty() {
        return Verdict::MISSING;
    }
    if matches!(trimmed, "NULL" | "NA" | "NaN") {
        return Verdict::null(Reason::Placeholder);
    }
    let mut words = Words::read(trimmed);
    words.apply_rules(part);
    words.write(out);
    let is_null = out.is_empty();
    let reason = words.reason.or(is_null.then_some(Reason::Placeholder));
    Verdict { reason, is_null, flags: words.flags }
}

/// Whether a given and a family name (canonical) are those of nobody: Mickey Mouse, A N Other, Test Test.
pub fn is_filler_person(given: &str, family: &str) -> bool {
    let (given, family) = (main_form(given), main_form(family));
    let list = reference::filler_people();
    list.contains(&(given, family)) || (!family.is_empty() && list.contains(&("*", family)))
}

/// Whether [`is_filler_person`] holds of a family name (canonical; empty where there is none) and some given name.
pub fn is_filler_family(family: &str) -> bool {
    static FAMILIES: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    FAMILIES
        .get_or_init(|| reference::filler_people().iter().map(|(_, family)| *family).collect())
        .contains(main_form(family))
}

/// A name without its aliases.
fn main_form(name: &str) -> &str {
    name.split_once('|').map_or(name, |(main, _)| main)
}

/// Whether the given name only repeats the family name (Ali Ali): then it is no evidence of its own.
pub fn given_repeats_family(given: &str, family: &str) -> bool {
    !given.is_empty() && given == family
}

/// One letter over and over, as in XX or ZZZZ: no name.
fn is_letter_run(word: &str) -> bool {
    (is_run(word, 2) && matches!(word.as_bytes()[0], b'x' | b'z')) || is_run(word, 4)
}

#[cfg(test)]
mod tests;
