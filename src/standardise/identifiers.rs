//! Identifiers other than the NHS number: UPRN, practice, local identifier. Source: DOMAIN.md section 4.

use super::characters::{fold, has_exponent, is_null_literal, is_run, single_spaces, strip_point_zero, trim};
use super::{Flags, Reason, Verdict, reference};

/// Unique Property Reference Number: up to 12 digits without leading noughts (OS AddressBase).
pub(super) fn clean_uprn(raw: &str, out: &mut String) -> Verdict {
    let value = strip_point_zero(trim(raw)).trim_start_matches('\'');
    if value.is_empty() {
        return Verdict::MISSING;
    }
    if is_null_literal(value) {
        return Verdict::null(Reason::Placeholder);
    }
    if has_exponent(value) {
        return Verdict::null(Reason::Exponent);
    }
    if !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Verdict::null(Reason::Malformed);
    }
    let number = value.trim_start_matches('0');
    match number.len() {
        0 => Verdict::null(Reason::Placeholder),
        6.. if is_run(number, 6) => Verdict::null(Reason::Repeat),
        1..=12 => {
            out.push_str(number);
            Verdict::KEPT
        }
        _ => Verdict::null(Reason::Range),
    }
}

/// A practice's code (ODS): a letter and five digits; ALD, GUE, JER and three digits; Scotland five digits, Northern Ireland Z and
/// five digits. A branch surgery (three more digits) counts as its practice.
pub(super) fn clean_gp_practice(raw: &str, out: &mut String) -> Verdict {
    let value = strip_point_zero(trim(raw));
    if value.is_empty() {
        return Verdict::MISSING;
    }
    let mut code: String = value.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '&').map(|c| c.to_ascii_uppercase()).collect();
    if let Some(meaning) = reference::gp_practice_placeholders().get(code.as_str()) {
        let flags = if *meaning == "unregistered" { Flags::UNREGISTERED } else { Flags::NONE };
        return Verdict::null(Reason::Placeholder).with(flags);
    }
    if is_null_literal(value) {
        return Verdict::null(Reason::Placeholder);
    }
    let mut repaired = false;
    if !is_practice(&code) && code.len() == 6 && code.is_char_boundary(1) {
        // The letter O for a nought among the digits.
        let digits = code[1..].replace('O', "0").replace('I', "1");
        code.replace_range(1.., &digits);
        repaired = true;
    }
    if code.len() == 9 && is_practice(&code[..6]) && code[6..].bytes().all(|byte| byte.is_ascii_digit()) {
        code.truncate(6);
        repaired = true;
    }
    if let Some(meaning) = reference::gp_practice_placeholders().get(code.as_str()) {
        let flags = if *meaning == "unregistered" { Flags::UNREGISTERED } else { Flags::NONE };
        return Verdict::null(Reason::Placeholder).with(flags);
    }
    if !is_practice(&code) {
        return Verdict::null(Reason::UnknownCode);
    }
    out.push_str(&code);
    if repaired { Verdict::changed(Reason::Repaired) } else { Verdict::KEPT }
}

fn is_practice(code: &str) -> bool {
    let bytes = code.as_bytes();
    let digits = |from: usize| bytes[from..].iter().all(u8::is_ascii_digit);
    match bytes.len() {
        6 if matches!(&code[..3], "ALD" | "GUE" | "JER") => digits(3),
        6 => matches!(bytes[0], b'A'..=b'H' | b'J'..=b'N' | b'P'..=b'W' | b'Y' | b'Z') && digits(1),
        5 => digits(0) && !is_run(code, 5),
        _ => false,
    }
}

/// A provider's own number: upper case, single spaces; fillers out.
pub(super) fn clean_local_id(raw: &str, out: &mut String) -> Verdict {
    let value = strip_point_zero(trim(raw));
    if value.is_empty() {
        return Verdict::MISSING;
    }
    if has_exponent(value) && value.contains('.') {
        return Verdict::null(Reason::Exponent);
    }
    single_spaces(value, out);
    out.make_ascii_uppercase();
    if is_null_literal(out) || out.bytes().all(|byte| byte == b'0') {
        out.clear();
        return Verdict::null(Reason::Placeholder);
    }
    Verdict::KEPT
}

/// A custom identifier: letters and digits only, upper case, folded to ASCII.
pub(super) fn clean_identifier(raw: &str, out: &mut String) -> Verdict {
    let value = strip_point_zero(trim(raw));
    if value.is_empty() {
        return Verdict::MISSING;
    }
    if is_null_literal(value) {
        return Verdict::null(Reason::Placeholder);
    }
    fold(value, out);
    out.retain(|c| c.is_ascii_alphanumeric());
    out.make_ascii_uppercase();
    if is_null_literal(out) {
        out.clear();
        return Verdict::null(Reason::Placeholder);
    }
    Verdict::KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(clean: fn(&str, &mut String) -> Verdict, raw: &str) -> (String, Verdict) {
        let mut out = String::new();
        let verdict = clean(raw, &mut out);
        assert_eq!(out.is_empty(), verdict.is_null, "{raw}");
        (out, verdict)
    }

    #[test]
    fn property_numbers() {
        for (raw, canonical) in [
            ("100023336956", "100023336956"),
            ("000023336956", "23336956"),
            ("23336956.0", "23336956"),
            ("0", ""),
            ("999999999999", ""),
            ("1000233369561", ""),
            ("1.00023E+11", ""),
            ("abc", ""),
        ] {
            assert_eq!(cleaned(clean_uprn, raw).0, canonical, "{raw}");
        }
    }

    #[test]
    fn practices() {
        for (raw, canonical) in [
            ("E84012", "E84012"),
            (" e84012 ", "E84012"),
            ("E84O12", "E84012"),
            ("E84012001", "E84012"),
            ("GUE001", "GUE001"),
            ("Z00123", "Z00123"),
            ("I84012", ""),
            ("V81999", ""),
            ("&", ""),
            ("G1234567", ""),
            ("unknown", ""),
        ] {
            assert_eq!(cleaned(clean_gp_practice, raw).0, canonical, "{raw}");
        }
        assert!(cleaned(clean_gp_practice, "V81997").1.flags.has(Flags::UNREGISTERED));
    }

    #[test]
    fn local_and_custom_identifiers() {
        assert_eq!(cleaned(clean_local_id, " ab-12  x ").0, "AB-12 X");
        assert_eq!(cleaned(clean_local_id, "000").0, "");
        assert_eq!(cleaned(clean_local_id, "123.0").0, "123");
        assert_eq!(cleaned(clean_identifier, "ab-12 34 x").0, "AB1234X");
    }
}
