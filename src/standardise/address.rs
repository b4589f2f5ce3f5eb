//! Addresses: several lines of text → lower-case words, abbreviations written out, the postcode taken out.
//!
//! Sources: DOMAIN.md section 8 (communal addresses); abbreviations in data/reference.

use super::characters::{fold, trim};
use super::{Flags, Reason, Verdict, postcode, reference};

pub(super) fn clean(raw: &str, out: &mut String) -> Verdict {
    let value = trim(raw);
    if value.is_empty() {
        return Verdict::MISSING;
    }
    let folded = folded(value);
    // A slice of the folded text a word; long enough for any address.
    let mut words: Vec<&str> = Vec::with_capacity(WORDS_USUAL);
    words.extend(folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).take(WORDS_MAX));
    drop_number_sign(&mut words);
    drop_postcodes(&mut words);
    if let Some(verdict) = judge_filler(&words) {
        return verdict;
    }
    for at in 0..words.len() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(expand(&words, at));
    }
    Verdict::KEPT.with(communal(out))
}

/// No address has so many words.
const WORDS_MAX: usize = 48;
/// Most have no more.
const WORDS_USUAL: usize = 16;

/// Lower-case ASCII without apostrophes, which stand within words.
fn folded(value: &str) -> String {
    let mut folded = String::new();
    if value.is_ascii() {
        // What folding would make spaces is no letter either way.
        folded = value.to_ascii_lowercase();
        if memchr::memchr2(b'\'', b'`', folded.as_bytes()).is_some() {
            folded.retain(|c| !matches!(c, '\'' | '`'));
        }
    } else {
        fold(value, &mut folded);
        folded.retain(|c| c != '\'');
    }
    folded
}

/// "No 5", "no. 5" → "5".
fn drop_number_sign(words: &mut Vec<&str>) {
    let mut at = 0;
    while at + 1 < words.len() {
        if matches!(words[at], "no" | "num" | "number") && words[at + 1].as_bytes()[0].is_ascii_digit() {
            words.remove(at);
        } else {
            at += 1;
        }
    }
}

/// Takes out every postcode and, from the end, the country.
fn drop_postcodes(words: &mut Vec<&str>) {
    loop {
        let before = words.len();
        let mut at = 0;
        while at < words.len() {
            let next = words.get(at + 1).copied().unwrap_or_default();
            if postcode::is_postcode(words[at], "") {
                words.remove(at);
            } else if postcode::is_postcode(words[at], next) && !next.is_empty() {
                words.drain(at..at + 2);
            } else {
                at += 1;
            }
        }
        while words.len() > 1 && matches!(words.last(), Some(&"uk" | &"gb" | &"england")) {
            words.pop();
        }
        if words.ends_with(&["united", "kingdom"]) || words.ends_with(&["great", "britain"]) {
            words.truncate(words.len() - 2);
        }
        drop_number_sign(words);
        if words.len() == before {
            return;
        }
    }
}

/// The word in full. "St" is Saint before a saint, and at the front or after a number where any name follows, else Street; "Dr" likewise is kept or Drive.
fn expand<'a>(words: &[&'a str], at: usize) -> &'a str {
    let word = words[at];
    // The longest entry is "apartment".
    if word.len() > 9 {
        return word;
    }
    let opens = at == 0 || words[at - 1].as_bytes()[0].is_ascii_digit() || is_single_letter(words[at - 1]);
    let name_follows = words.get(at + 1).is_some_and(|next| next.len() > 2 && next.as_bytes()[0].is_ascii_lowercase());
    match word {
        "st" if opens && name_follows => "saint",
        "st" if words.get(at + 1).is_some_and(|next| reference::saints().contains(next)) => "saint",
        "st" => "street",
        "dr" if opens && name_follows => "doctor",
        "dr" => "drive",
        _ => reference::address_abbreviations().get(word).copied().unwrap_or(word),
    }
}

fn is_single_letter(word: &str) -> bool {
    word.len() == 1
}

fn judge_filler(words: &[&str]) -> Option<Verdict> {
    match words {
        []
        | ["unknown"]
        | ["not", "known"]
        | ["n", "a"]
        | ["na"]
        | ["nk"]
        | ["n", "k"]
        | ["null"]
        | ["none"]
        | ["not", "given"]
        | ["not", "recorded"]
        | ["not", "stated"]
        | ["address", "unknown"]
        | ["unknown", "address"]
        | ["address", "not", "known"]
        | ["no", "address"]
        | ["withheld"]
        | ["address", "withheld"]
        | ["refused"]
        | ["test"]
        | ["x"]
        | ["xx"]
        | ["xxx"] => Some(Verdict::null(Reason::Placeholder)),
        ["nfa", ..]
        | ["no", "fixed", "abode", ..]
        | ["no", "fixed", "address", ..]
        | ["homeless"]
        | ["of", "no", "fixed", "abode"] => Some(Verdict::null(Reason::Placeholder).with(Flags::NO_FIXED_ABODE)),
        _ => None,
    }
}

/// Whether many unrelated people share the (cleaned) address, and why: a road that is named after a hospital is none.
fn communal(address: &str) -> Flags {
    let first_words = reference::communal_first_words();
    if !address.split(' ').any(|word| first_words.contains(word)) {
        return Flags::NONE;
    }
    let words: Vec<&str> = address.split(' ').collect();
    for (phrase, kind) in reference::communal_words() {
        let found = words.windows(phrase.len()).enumerate().any(|(at, window)| {
            let next = words.get(at + phrase.len()).copied().unwrap_or_default();
            window == phrase.as_slice()
                && !matches!(next, "road" | "street" | "lane" | "avenue" | "close" | "drive" | "way" | "hill")
        });
        if found {
            return match *kind {
                "care_home" => Flags::CARE_HOME,
                "prison" => Flags::PRISON,
                "hostel" => Flags::HOSTEL,
                "hospital" => Flags::HOSPITAL,
                "student_hall" => Flags::STUDENT_HALL,
                _ => Flags::BARRACKS,
            };
        }
    }
    Flags::NONE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(raw: &str) -> (String, Verdict) {
        let mut out = String::new();
        let verdict = clean(raw, &mut out);
        (out, verdict)
    }

    #[test]
    fn lines_become_words() {
        for (raw, canonical) in [
            ("12 High St., London", "12 high street london"),
            ("12 St. John's Rd", "12 saint johns road"),
            ("St Mary's Court", "saint marys court"),
            ("5 Mill Ln, St Albans", "5 mill lane saint albans"),
            ("Apt 3B, 12-14 Mill Ln", "flat 3b 12 14 mill lane"),
            ("Apartment 3, Unit 4", "flat 3 flat 4"),
            ("No. 5 The Cres", "5 the crescent"),
            ("5 Acacia Ave, London NW1 4AB", "5 acacia avenue london"),
            ("5 Acacia Ave, NW14AB, London, UK", "5 acacia avenue london"),
            ("5 Acacia Dr", "5 acacia drive"),
            ("Rosé Cottage", "rose cottage"),
        ] {
            let (out, verdict) = cleaned(raw);
            assert_eq!(out, canonical, "{raw}");
            assert!(!verdict.is_null);
        }
    }

    #[test]
    fn shared_addresses_are_flagged() {
        for (raw, flag) in [
            ("Oak Tree Care Home, Mill Lane", Flags::CARE_HOME),
            ("HMP Anywhere", Flags::PRISON),
            ("The Hostel, 3 Mill Lane", Flags::HOSTEL),
            ("General Hospital", Flags::HOSPITAL),
            ("Room 4, Halls of Residence", Flags::STUDENT_HALL),
            ("3 Mill Lane", Flags::NONE),
            ("3 Hospital Road", Flags::NONE),
            ("3 University Rd", Flags::NONE),
        ] {
            assert_eq!(cleaned(raw).1.flags, flag, "{raw}");
        }
    }

    #[test]
    fn fillers_are_null() {
        for raw in ["Unknown", "N/A", "...", "NFA", "No fixed abode", "NW1 4AB"] {
            let (out, verdict) = cleaned(raw);
            assert!(out.is_empty() && verdict.is_null, "{raw}");
        }
        assert!(cleaned("NFA").1.flags.has(Flags::NO_FIXED_ABODE));
    }
}
