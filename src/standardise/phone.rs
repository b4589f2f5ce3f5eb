//! Telephone numbers: any way of writing them → E.164 ("+447700900123"); numbers without a country are British.
//!
//! Sources: DOMAIN.md section 8 (practice defaults such as 07000 000000); ITU E.164 for lengths; Ofcom numbering for mobiles.

use super::characters::{has_exponent, is_null_literal, is_run, strip_point_zero, trim};
use super::{Flags, Reason, Verdict, reference};

pub(super) fn clean(raw: &str, out: &mut String) -> Verdict {
    let value = strip_point_zero(trim(raw));
    if value.is_empty() {
        return Verdict::MISSING;
    }
    if is_null_literal(value) {
        return Verdict::null(Reason::Placeholder);
    }
    if has_exponent(value) {
        return Verdict::null(Reason::Exponent);
    }
    let mut digits = String::with_capacity(16);
    let international = first_number(value, &mut digits);
    if digits.len() >= 6 && is_run(&digits, 6) {
        return Verdict::null(Reason::Placeholder);
    }
    match (international, national(&digits, international)) {
        (_, Some(national)) => judge_british(national, out),
        (true, None) if (8..=15).contains(&digits.len()) && !digits.starts_with("44") && !digits.starts_with('0') => {
            out.push('+');
            out.push_str(&digits);
            Verdict::KEPT
        }
        _ => Verdict::null(Reason::Malformed),
    }
}

/// The digits of the first number in a text, and whether it has a country code ("+" or "00"). An extension, a second number and words
/// after the number are left out, as is the "(0)" of "+44 (0)20".
fn first_number(value: &str, digits: &mut String) -> bool {
    let mut international = false;
    let mut chars = value.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '+' if digits.is_empty() => international = true,
            '(' if international && value[at..].starts_with("(0)") => {
                chars.next();
                chars.next();
            }
            '0'..='9' => digits.push(c),
            '/' | ',' | ';' | '|' | '+' if digits.len() >= 9 => break,
            // "ext 12", "(mum)", "x12"; words before the number ("Tel") go by.
            c if c.is_alphabetic() && digits.len() >= 6 => break,
            _ => {}
        }
    }
    if let Some(rest) = digits.strip_prefix("00").filter(|rest| rest.len() > 7 && !rest.starts_with('0')) {
        *digits = rest.to_string();
        international = true;
    }
    international
}

/// The national significant number (without 0 and 44) of a British number, nine or ten digits.
fn national(digits: &str, international: bool) -> Option<&str> {
    let rest = if let Some(rest) = digits.strip_prefix("44").filter(|rest| international || matches!(rest.len(), 9..=11)) {
        rest.strip_prefix('0').unwrap_or(rest)
    } else if international {
        return None;
    } else if let Some(rest) = digits.strip_prefix('0') {
        rest
    } else {
        // A spreadsheet took the leading nought.
        Some(digits).filter(|digits| digits.len() == 10)?
    };
    let first = *rest.as_bytes().first()?;
    let length_fits = rest.len() == 10 || (rest.len() == 9 && matches!(first, b'1' | b'5' | b'8'));
    (length_fits && matches!(first, b'1'..=b'3' | b'5' | b'7'..=b'9')).then_some(rest)
}

fn judge_british(national: &str, out: &mut String) -> Verdict {
    // 07000 000000, 01111 111111: a run after the first digit, or as a whole.
    if reference::phone_placeholders().contains(national) || is_run(&national[1..], 8) || is_run(national, 9) {
        return Verdict::null(Reason::Placeholder);
    }
    out.push_str("+44");
    out.push_str(national);
    let bytes = national.as_bytes();
    let mobile = bytes[0] == b'7' && matches!(bytes[1], b'1'..=b'5' | b'7'..=b'9') || national.starts_with("7624");
    Verdict::KEPT.with(if mobile { Flags::MOBILE } else { Flags::NONE })
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
            ("07700 900123", "+447700900123"),
            ("+44 7700 900123", "+447700900123"),
            ("+44 (0)7700 900123", "+447700900123"),
            ("0044 7700 900123", "+447700900123"),
            ("447700900123", "+447700900123"),
            ("7700900123", "+447700900123"),
            ("7700900123.0", "+447700900123"),
            ("07700-900-123 (mum)", "+447700900123"),
            ("Tel: 020 7946 0123 ext 45", "+442079460123"),
            ("07700900123 / 02079460123", "+447700900123"),
            ("01632 960123", "+441632960123"),
            ("+33 1 99 00 12 34", "+33199001234"),
        ] {
            let (out, verdict) = cleaned(raw);
            assert_eq!(out, canonical, "{raw}");
            assert_eq!(verdict.flags.has(Flags::MOBILE), out.starts_with("+447"));
            assert_eq!(cleaned(&out).0, out);
        }
    }

    #[test]
    fn fillers_and_scraps_are_null() {
        for (raw, reason) in [
            ("07000000000", Reason::Placeholder),
            ("07000 000000", Reason::Placeholder),
            ("00000000000", Reason::Placeholder),
            ("01234567890", Reason::Placeholder),
            ("09999999999", Reason::Placeholder),
            ("none", Reason::Placeholder),
            ("960123", Reason::Malformed),
            ("7.7009E+09", Reason::Exponent),
            ("ex-directory", Reason::Malformed),
        ] {
            let (out, verdict) = cleaned(raw);
            assert!(out.is_empty() && verdict.is_null, "{raw}");
            assert_eq!(verdict.reason, Some(reason), "{raw}");
        }
    }
}
