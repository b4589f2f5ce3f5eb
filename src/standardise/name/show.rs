//! A name as people read it: title case, diacritics kept, without titles and notes.

use super::{Part, clean};
use crate::standardise::characters::{fold, repair_encoding, trim};

/// Particles that stay small inside a name.
const SMALL: [&str; 14] = ["van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "bin", "ibn", "ap", "y"];

/// `None` where no name remains.
pub(in crate::standardise) fn display(raw: &str, part: Part) -> Option<String> {
    let mut canonical = String::new();
    if clean(raw, part, &mut canonical).is_null {
        return None;
    }
    let main = canonical.split('|').next().unwrap_or_default();
    let repaired = repair_encoding(raw);
    let text = trim(repaired.as_deref().unwrap_or(raw));
    let keep_case = text.chars().any(char::is_lowercase) && text.chars().any(char::is_uppercase);
    let mut wanted: Vec<&str> = main.split(' ').collect();
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '"' | ',' | '|')) {
        let word = word.trim_matches(|c: char| !c.is_alphabetic());
        if word.is_empty() || !take(word, &mut wanted) {
            continue;
        }
        words.push(if keep_case { word.to_string() } else { title_case(word, words.is_empty()) });
    }
    // What could not be found again as it was sent is shown as it was understood.
    if !wanted.is_empty() {
        words = main.split(' ').enumerate().map(|(index, word)| title_case(word, index == 0)).collect();
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// Takes the canonical words that `word` stands for off the front of `wanted`: whole, hyphenated, or the first part of one ("Mc").
fn take(word: &str, wanted: &mut Vec<&str>) -> bool {
    let mut folded = String::new();
    fold(word, &mut folded);
    folded.retain(|c| c.is_ascii_lowercase() || c == '-' || c == ' ');
    let parts: Vec<&str> = folded.split(['-', ' ']).filter(|part| !part.is_empty()).collect();
    let Some(first) = wanted.first() else { return false };
    if !parts.is_empty() && wanted.len() >= parts.len() && wanted.iter().zip(&parts).all(|(wanted, part)| wanted == part) {
        wanted.drain(..parts.len());
        return true;
    }
    if let [part] = parts[..]
        && matches!(part, "o" | "mc" | "mac")
        && first.starts_with(part)
    {
        wanted[0] = &wanted[0][part.len()..];
        return true;
    }
    false
}

fn title_case(word: &str, is_first: bool) -> String {
    let lower = word.to_lowercase();
    if !is_first && SMALL.contains(&lower.as_str()) {
        return lower;
    }
    let mut shown = String::with_capacity(lower.len());
    let mut capital = true;
    for c in lower.chars() {
        if capital && c.is_alphabetic() {
            shown.extend(c.to_uppercase());
            capital = false;
        } else {
            shown.push(c);
        }
        // Smith-Jones, O'Brien (but not the s of a possessive), McDonald.
        capital = capital || c == '-' || (c == '\'' || c == '’') && shown.chars().count() == 2 || (shown == "Mc" && lower.len() > 4);
    }
    shown
}
