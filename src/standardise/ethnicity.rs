//! Ethnicity: any code or description → the first character of Ethnic Category 2001 (A to S, T, Z, 99; 0 for white not further
//! specified). Source: DOMAIN.md section 4 (NHS Data Dictionary, HES ETHRAW before 2001, GDPPR for T).

use super::characters::{fold, is_null_literal, strip_point_zero, trim};
use super::{Reason, Verdict, reference};

/// The census group of a canonical code: white, mixed, asian, black, other or unknown.
pub fn group(code: &str) -> &'static str {
    reference::ethnicity_groups().get(code).copied().unwrap_or("unknown")
}

pub(super) fn clean(raw: &str, out: &mut String) -> Verdict {
    let value = strip_point_zero(trim(raw));
    if value.is_empty() {
        return Verdict::MISSING;
    }
    let code = match value.len() {
        1 | 2 => code(value),
        _ => None,
    };
    match code.or_else(|| description(value)) {
        Some(code) => {
            out.push_str(code);
            Verdict::KEPT
        }
        None if is_null_literal(value) => Verdict::null(Reason::Placeholder),
        None => Verdict::null(Reason::UnknownCode),
    }
}

/// A code: the first character is national, a second one local ("A1", "C*").
fn code(value: &str) -> Option<&'static str> {
    let first = value.as_bytes()[0].to_ascii_uppercase();
    if value == "99" || value.eq_ignore_ascii_case("X") {
        return Some("99");
    }
    if value.len() == 1 && first.is_ascii_digit() {
        // The list before 2001; 9 was "not given".
        return Some(["0", "M", "N", "P", "H", "J", "K", "R", "S", "Z"][usize::from(first - b'0')]);
    }
    let second = value.as_bytes().get(1).copied().unwrap_or(b' ');
    let local = second == b' ' || second == b'*' || second == b'-' || second.is_ascii_alphanumeric();
    let key = [first];
    let key = std::str::from_utf8(&key).ok().filter(|_| local && first.is_ascii_uppercase())?;
    // "NK" and the like are words, not N with a local letter.
    if matches!(value.to_ascii_lowercase().as_str(), "nk" | "na" | "ns" | "un") {
        return None;
    }
    reference::ethnicity_groups().get_key_value(key).map(|(code, _)| *code)
}

/// A description, by its words: the most particular first.
fn description(value: &str) -> Option<&'static str> {
    let mut folded = String::new();
    fold(value, &mut folded);
    let has = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    if folded.len() < 4 {
        return None;
    }
    if has(&["not stated", "refused", "declined", "prefer not", "not given", "not disclosed", "does not wish"]) {
        return Some("Z");
    }
    if has(&["not known", "unknown", "not recorded"]) {
        return Some("99");
    }
    if has(&["traveller", "gypsy", "roma"]) && !has(&["romanian"]) {
        return Some("T");
    }
    let (white, black, asian) = (has(&["white"]), has(&["black", "african", "caribbean"]), has(&["asian"]));
    if has(&["mixed", "multiple"]) || (white && (black || asian)) {
        return Some(match () {
            () if has(&["caribbean"]) && !has(&["african"]) => "D",
            () if has(&["african"]) && !has(&["caribbean"]) => "E",
            () if white && asian => "F",
            () => "G",
        });
    }
    if white {
        return Some(match () {
            () if has(&["other", "european", "polish"]) => "C",
            () if has(&["british", "english", "welsh", "scottish", "northern irish"]) => "A",
            () if has(&["irish"]) => "B",
            () => "0",
        });
    }
    let table: [(&[&str], &'static str); 13] = [
        (&["pakistani"], "J"),
        (&["bangladeshi"], "K"),
        (&["chinese"], "R"),
        (&["caribbean"], "M"),
        (&["west indian"], "M"),
        (&["other black"], "P"),
        (&["african"], "N"),
        (&["black"], "P"),
        (&["other asian"], "L"),
        (&["indian"], "H"),
        (&["asian"], "L"),
        (&["northern irish", "english", "welsh", "scottish"], "A"),
        (&["irish"], "B"),
    ];
    if has(&["african", "caribbean"]) && has(&["african"]) && has(&["caribbean"]) {
        // "Black, African, Caribbean or Black British": the group, not one of its members.
        return Some("P");
    }
    if let Some((_, code)) = table.iter().find(|(words, _)| has(words)) {
        return Some(code);
    }
    if has(&["british"]) {
        return Some("A");
    }
    has(&["other", "arab"]).then_some("S")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(raw: &str) -> String {
        let mut out = String::new();
        clean(raw, &mut out);
        out
    }

    #[test]
    fn codes() {
        for (raw, code) in [
            ("A", "A"),
            ("a1", "A"),
            ("C ", "C"),
            ("CA", "C"),
            ("99", "99"),
            ("X", "99"),
            ("Z", "Z"),
            ("T", "T"),
            ("4", "H"),
            ("0", "0"),
            ("1.0", "M"),
            ("I", ""),
            ("O", ""),
            ("Q", ""),
            ("nk", ""),
            ("", ""),
        ] {
            assert_eq!(cleaned(raw), code, "{raw}");
        }
    }

    #[test]
    fn descriptions() {
        for (raw, code) in [
            ("White - British", "A"),
            ("White: English, Welsh, Scottish, Northern Irish or British", "A"),
            ("White Irish", "B"),
            ("Any other White background", "C"),
            ("White", "0"),
            ("Gypsy or Irish Traveller", "T"),
            ("Mixed - White and Black Caribbean", "D"),
            ("White and Black African", "E"),
            ("White and Asian", "F"),
            ("Any other mixed background", "G"),
            ("Asian or Asian British - Indian", "H"),
            ("Pakistani", "J"),
            ("Bangladeshi or British Bangladeshi", "K"),
            ("Any other Asian background", "L"),
            ("Black or Black British - Caribbean", "M"),
            ("Black African", "N"),
            ("Any other Black background", "P"),
            ("Chinese", "R"),
            ("Any other ethnic group", "S"),
            ("Arab", "S"),
            ("Not stated", "Z"),
            ("Not known", "99"),
            ("purple", ""),
        ] {
            assert_eq!(cleaned(raw), code, "{raw}");
        }
    }

    #[test]
    fn every_code_has_a_group() {
        for code in "A B T 0 D E F G H J K L M N P R S Z 99".split(' ') {
            assert_eq!(cleaned(code), code);
            assert!(["white", "mixed", "asian", "black", "other", "unknown"].contains(&group(code)));
        }
        assert_eq!(group("H"), "asian");
        assert_eq!(group("Z"), "unknown");
    }
}
