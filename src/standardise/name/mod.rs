//! Names: any way of writing them → lower-case words of a–z, one space between; aliases after `|` ("elizabeth|liz").
//!
//! Titles, notes of clerks and words of unnamed babies go out, real names that look like them stay (Dame, Ne, Count, Two alone).
//! Sources: DOMAIN.md sections 3 (noise words, and which of them are names) and 8.

mod baby;
mod full;
mod show;
mod words;

pub use full::{FullName, split_full};
pub(super) use full::clean_full;
pub(super) use show::display;

use super::characters::{is_run, repair_encoding};
use super::{Reason, Verdict, reference};
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
    clean_in_full(raw, part, out)
}

/// The common case: ASCII letters, none of the words that rules look at. `false` where the full way must be gone.
fn clean_plain(raw: &str, part: Part, out: &mut String) -> bool {
    if raw.len() > BYTES_MAX {
        return false;
    }
    for byte in raw.bytes() {
        match byte {
            b'a'..=b'z' => out.push(byte.into()),
            b'A'..=b'Z' => out.push(byte.to_ascii_lowercase().into()),
            b' ' | b'-' if !out.is_empty() && !out.ends_with(' ') => out.push(' '),
            b' ' | b'-' => {}
            _ => return false,
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    // "NULL" and "NA" are what exports write, "Null" and "Na" are names.
    !out.is_empty() && !matches!(raw, "NULL" | "NA") && !out.split(' ').any(|word| is_special(word, part))
}

/// Words at which some rule looks.
fn is_special(word: &str, part: Part) -> bool {
    reference::titles().contains_key(word)
        || reference::name_suffixes().contains_key(word)
        || words::is_marker_word(word)
        || (word.len() > 1 && part != Part::Family && reference::baby_words().contains_key(word))
        || (part != Part::Family && baby::short_form(word).is_some())
        || words::is_joined_prefix(word, part)
        || words::is_filler_word(word)
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
        (again.clear(), plain.clear());
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
    let main = |name: &str| name.split_once('|').map_or(name.len(), |(main, _)| main.len());
    let (given, family) = (&given[..main(given)], &family[..main(family)]);
    let list = reference::filler_people();
    list.contains(&(given, family)) || (!family.is_empty() && list.contains(&("*", family)))
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
