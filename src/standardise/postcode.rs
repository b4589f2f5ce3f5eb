//! Postcodes: any way of writing them → "NW1 4AB"; partial ones "NW1" and "NW1 4"; foreign ones as lower-case text.
//!
//! Sources: DOMAIN.md section 4 (HES HOMEADD for the pseudo postcodes), DESIGN section 5 (a foreign one is kept as a category).

use super::characters::{is_null_literal, is_run, lower_single_spaces, trim};
use super::{Flags, Reason, Verdict, reference};

/// "NW1 4AB" → "NW1". Works on the canonical form, as do the next two; `None` where it is not British.
pub fn outward(canonical: &str) -> Option<&str> {
    let outward = canonical.split(' ').next().filter(|outward| (2..=4).contains(&outward.len()))?;
    let british = outward.as_bytes()[0].is_ascii_uppercase() && canonical.bytes().all(|byte| !byte.is_ascii_lowercase());
    british.then_some(outward)
}

/// "NW1 4AB" → "NW1 4"; `None` where only the outward part is known.
pub fn sector(canonical: &str) -> Option<&str> {
    let end = outward(canonical)?.len() + 2;
    canonical.get(..end)
}

/// "NW1 4AB" → "NW".
pub fn area(canonical: &str) -> Option<&str> {
    let outward = outward(canonical)?;
    let end = outward.bytes().position(|byte| byte.is_ascii_digit()).unwrap_or(outward.len());
    Some(&outward[..end])
}

pub(super) fn clean(raw: &str, out: &mut String) -> Verdict {
    let value = trim(raw);
    if value.is_empty() {
        return Verdict::MISSING;
    }
    let mut compact = [0u8; 8];
    if let Some(length) = squeeze(value, &mut compact)
        && let Some(verdict) = read_compact(&compact[..length], value, out)
    {
        return verdict;
    }
    clean_unusual(value, out)
}

/// Upper-case letters and digits without spaces and punctuation, where these are at most eight.
fn squeeze(value: &str, compact: &mut [u8; 8]) -> Option<usize> {
    let mut length = 0;
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                *compact.get_mut(length)? = byte.to_ascii_uppercase();
                length += 1;
            }
            b' ' | b'.' | b',' | b'-' | b'\'' | b'_' | b'\t' => {}
            // The first byte of a non-breaking space is no letter; other scripts are no postcode.
            0xC2 | 0xA0 => {}
            _ => return None,
        }
    }
    Some(length)
}

/// A British postcode, whole or in part; `None` where it is none.
fn read_compact(compact: &[u8], value: &str, out: &mut String) -> Option<Verdict> {
    // Pseudo postcodes: ZZ99 and what stands for a country or reason.
    if compact.len() >= 4 && matches!(&compact[..4], b"ZZ99") {
        let none = compact == b"ZZ993VZ";
        return Some(Verdict::null(Reason::PseudoPostcode).with(if none { Flags::NO_FIXED_ABODE } else { Flags::NONE }));
    }
    if compact == b"GIR0AA" {
        out.push_str("GIR 0AA");
        return Some(Verdict::KEPT);
    }
    if compact.starts_with(b"BFPO") && compact.len() > 4 && compact[4..].iter().all(u8::is_ascii_digit) {
        out.push_str("BFPO ");
        out.extend(compact[4..].iter().map(|byte| char::from(*byte)));
        return Some(Verdict::KEPT);
    }
    if (5..=7).contains(&compact.len()) {
        let (outward, inward) = compact.split_at(compact.len() - 3);
        if let Some((outward, inward, repaired)) = repair(outward, inward) {
            out.extend(outward.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)));
            out.push(' ');
            out.extend(inward.iter().map(|byte| char::from(*byte)));
            return Some(if repaired { Verdict::changed(Reason::Repaired) } else { Verdict::KEPT });
        }
    }
    read_partial(compact, value, out)
}

/// "NW1" or "NW1 4" with a known area. Whether the last digit is a sector shows only by the space before it.
fn read_partial(compact: &[u8], value: &str, out: &mut String) -> Option<Verdict> {
    let mut words = value.split_ascii_whitespace();
    let first = words.next()?;
    let second = words.next();
    let outward = match second {
        None => compact,
        Some(sector) if sector.len() == 1 && sector.as_bytes()[0].is_ascii_digit() && first.len() + 1 == compact.len() => {
            &compact[..compact.len() - 1]
        }
        Some(_) => return None,
    };
    if words.next().is_some() || !is_outward(outward) || !has_known_area(outward) {
        return None;
    }
    out.extend(outward.iter().map(|byte| char::from(*byte)));
    if let Some(sector) = second {
        out.push(' ');
        out.push_str(sector);
    }
    Some(Verdict::KEPT.with(Flags::PARTIAL))
}

/// A9, A99, AA9, AA99, A9A, AA9A.
fn is_outward(bytes: &[u8]) -> bool {
    let letter = |at: usize| bytes[at].is_ascii_uppercase();
    let digit = |at: usize| bytes[at].is_ascii_digit();
    // No district is a nought after one letter, and none opens with a nought.
    let district = |at: usize, last: bool| digit(at) && (bytes[at] != b'0' || (at == 2 && last));
    // Royal Mail uses these letters only in the last place of a London district.
    let third = |at: usize| b"ABCDEFGHJKPSTUW".contains(&bytes[at]);
    let fourth = |at: usize| b"ABEHMNPRVWXY".contains(&bytes[at]);
    match bytes.len() {
        2 => letter(0) && district(1, true),
        3 => {
            letter(0)
                && ((letter(1) && district(2, true)) || (district(1, false) && (digit(2) || third(2))))
        }
        4 => letter(0) && letter(1) && district(2, false) && (digit(3) || fourth(3)),
        _ => false,
    }
}

fn has_known_area(outward: &[u8]) -> bool {
    let end = outward.iter().position(u8::is_ascii_digit).unwrap_or(outward.len());
    std::str::from_utf8(&outward[..end]).is_ok_and(|area| reference::postcode_areas().contains(area))
}

fn as_digit(byte: u8) -> u8 {
    match byte {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    }
}

fn as_letter(byte: u8) -> u8 {
    match byte {
        b'0' => b'O',
        b'1' => b'I',
        other => other,
    }
}

/// A postcode with O and 0, I and 1 put right by their place: the outward part (padded with 0 bytes), the inward part, and whether
/// anything changed. As sent where that is a postcode; else a form with a known area before one without.
fn repair(outward: &[u8], inward: &[u8]) -> Option<([u8; 4], [u8; 3], bool)> {
    let inward_repaired = [as_digit(inward[0]), as_letter(inward[1]), as_letter(inward[2])];
    if !inward_repaired[0].is_ascii_digit() || !inward_repaired[1..].iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let padded = |bytes: &[u8]| {
        let mut padded = [0u8; 4];
        padded[..bytes.len()].copy_from_slice(bytes);
        padded
    };
    if is_outward(outward) {
        return Some((padded(outward), inward_repaired, inward_repaired != inward));
    }
    let patterns: &[&str] = match outward.len() {
        2 => &["A9"],
        3 => &["AA9", "A99", "A9A"],
        _ => &["AA99", "AA9A"],
    };
    let mut best: Option<[u8; 4]> = None;
    for pattern in patterns {
        let mut tried = padded(outward);
        for (byte, place) in tried.iter_mut().zip(pattern.bytes()) {
            *byte = if place == b'A' { as_letter(*byte) } else { as_digit(*byte) };
        }
        if is_outward(&tried[..outward.len()]) {
            if has_known_area(&tried[..outward.len()]) {
                return Some((tried, inward_repaired, true));
            }
            best = best.or(Some(tried));
        }
    }
    best.map(|outward| (outward, inward_repaired, true))
}

/// What is no postcode as a whole: a filler, one at the end of an address, a foreign one.
fn clean_unusual(value: &str, out: &mut String) -> Verdict {
    let mut text = String::new();
    lower_single_spaces(value, &mut text);
    if matches!(text.as_str(), "nfa" | "no fixed abode" | "no fixed address" | "homeless") {
        return Verdict::null(Reason::Placeholder).with(Flags::NO_FIXED_ABODE);
    }
    let joined: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    if is_null_literal(&text) || joined.is_empty() || is_run(&joined, 2) {
        return Verdict::null(Reason::Placeholder);
    }
    if let Some(at_end) = last_two_words(&text) {
        let mut compact = [0u8; 8];
        if let Some(length) = squeeze(at_end, &mut compact)
            && (5..=7).contains(&length)
            && let Some((outward, inward, _)) = repair(&compact[..length - 3], &compact[length - 3..length])
            && has_known_area(&outward)
        {
            out.extend(outward.iter().take_while(|byte| **byte != 0).chain(&[b' ']).chain(&inward).map(|byte| char::from(*byte)));
            return Verdict::changed(Reason::Noise);
        }
    }
    out.push_str(&text);
    Verdict::changed(Reason::ForeignPostcode)
}

/// The last two words of several.
fn last_two_words(text: &str) -> Option<&str> {
    let (before, _) = text.rsplit_once(' ')?;
    let start = before.rfind(' ')? + 1;
    Some(&text[start..])
}

/// Whether two words of an address, lower case, are a postcode of a known area exactly as they stand; `second` may be empty.
pub(super) fn is_postcode(first: &str, second: &str) -> bool {
    let length = first.len() + second.len();
    if !(5..=7).contains(&length) || !(second.is_empty() || second.len() == 3) {
        return false;
    }
    let mut compact = [0u8; 8];
    first.bytes().chain(second.bytes()).zip(&mut compact).for_each(|(byte, place)| *place = byte.to_ascii_uppercase());
    let (outward, inward) = compact[..length].split_at(length - 3);
    inward[0].is_ascii_digit()
        && inward[1..].iter().all(u8::is_ascii_uppercase)
        && is_outward(outward)
        && (has_known_area(outward) || outward == b"ZZ99")
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
    fn every_way_of_writing_one() {
        for (raw, canonical) in [
            ("NW1 4AB", "NW1 4AB"),
            ("nw14ab", "NW1 4AB"),
            ("NW1  4AB", "NW1 4AB"),
            ("NW1 4AB.", "NW1 4AB"),
            ("NW1\u{A0}4AB", "NW1 4AB"),
            ("N  1 4AB", "N1 4AB"),
            ("EC1A 1BB", "EC1A 1BB"),
            ("W1A 0AX", "W1A 0AX"),
            ("M1 1AE", "M1 1AE"),
            ("BS0 1AA", "BS0 1AA"),
            ("GIR0AA", "GIR 0AA"),
            ("BFPO 57", "BFPO 57"),
            ("London NW1 4AB", "NW1 4AB"),
            ("NW1", "NW1"),
            ("NW1 4", "NW1 4"),
            ("75008 Paris", "75008 paris"),
            ("D02 X285", "d02 x285"),
        ] {
            let (out, verdict) = cleaned(raw);
            assert_eq!(out, canonical, "{raw}");
            assert!(!verdict.is_null);
            assert_eq!(cleaned(&out).0, out);
        }
    }

    #[test]
    fn letters_and_digits_are_put_right_by_their_place() {
        for (raw, canonical) in [
            ("NW1 4AB", "NW1 4AB"),
            ("0X1 2AB", "OX1 2AB"),
            ("S01 2AB", "SO1 2AB"),
            ("NWI 4AB", "NW1 4AB"),
            ("S1O 2AB", "S10 2AB"),
            ("NW1O OAB", "NW10 0AB"),
            ("W1O 4AB", "W10 4AB"),
        ] {
            assert_eq!(cleaned(raw).0, canonical, "{raw}");
        }
        assert_eq!(cleaned("0X1 2AB").1.reason, Some(Reason::Repaired));
    }

    #[test]
    fn pseudo_postcodes_and_fillers_are_null() {
        let (out, verdict) = cleaned("ZZ99 3VZ");
        assert!(out.is_empty() && verdict.flags.has(Flags::NO_FIXED_ABODE));
        assert_eq!(verdict.reason, Some(Reason::PseudoPostcode));
        assert!(!cleaned("ZZ993WZ").1.flags.has(Flags::NO_FIXED_ABODE));
        for raw in ["unknown", "-", "XX", "00000", "N/A", "NFA"] {
            assert!(cleaned(raw).1.is_null, "{raw}");
        }
    }

    #[test]
    fn parts() {
        assert_eq!((outward("NW1 4AB"), sector("NW1 4AB"), area("NW1 4AB")), (Some("NW1"), Some("NW1 4"), Some("NW")));
        assert_eq!((outward("NW1"), sector("NW1")), (Some("NW1"), None));
        assert_eq!(outward("75008 paris"), None);
        assert_eq!(outward("d02 x285"), None);
    }
}
