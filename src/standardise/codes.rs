//! Small code lists: status of the NHS number, sensitivity, withheld identity, birth order. Source: DOMAIN.md sections 4 and 5.
//!
//! Where a code protects a person, one that is not known is taken as protecting: a mistake then hides too much, not too little.

use super::characters::{is_null_literal, strip_point_zero, trim};
use super::{Reason, Verdict};

/// The value in lower case, without spaces at the ends, quotes or ".0"; `None` where it is empty.
fn lower(raw: &str) -> Option<String> {
    let value = strip_point_zero(trim(raw));
    (!value.is_empty()).then(|| value.to_ascii_lowercase())
}

fn code_or(known: Option<&str>, otherwise: Verdict, out: &mut String) -> Verdict {
    match known {
        Some(code) => {
            out.push_str(code);
            Verdict::KEPT
        }
        None => otherwise,
    }
}

/// NHS NUMBER STATUS INDICATOR, 01 to 08.
pub(super) fn clean_nhs_number_status(raw: &str, out: &mut String) -> Verdict {
    let Some(value) = lower(raw) else { return Verdict::MISSING };
    let known = match value.trim_start_matches('0') {
        "1" | "verified" | "present and verified" | "number present and verified" | "traced" => Some("01"),
        "2" | "not traced" | "present but not traced" | "present not traced" | "number present but not traced" => Some("02"),
        "3" | "trace required" => Some("03"),
        "4" | "no match" | "multiple match" => Some("04"),
        "5" | "conflict" => Some("05"),
        "6" | "in progress" | "trace in progress" => Some("06"),
        "7" | "not present" => Some("07"),
        "8" | "postponed" | "trace postponed" => Some("08"),
        _ => None,
    };
    let reason = if is_null_literal(&value) { Reason::Placeholder } else { Reason::UnknownCode };
    code_or(known, Verdict::null(reason), out)
}

/// S sensitive, B business flag, Y stop noted, I invalid (PDS). Restricted in FHIR's words and unknown codes become S; what says "not
/// sensitive" is missing.
pub(super) fn clean_sensitivity(raw: &str, out: &mut String) -> Verdict {
    let Some(value) = lower(raw) else { return Verdict::MISSING };
    let known = match value.as_str() {
        "s" | "sensitive" | "r" | "restricted" | "v" | "very restricted" | "redacted" | "1" | "true" | "yes" => "S",
        "b" | "business" => "B",
        "y" | "stop noted" => "Y",
        "i" | "invalid" => "I",
        "u" | "unrestricted" | "n" | "no" | "normal" | "not sensitive" | "0" | "00" | "false" => return Verdict::MISSING,
        _ if is_null_literal(&value) => return Verdict::null(Reason::Placeholder),
        _ => {
            out.push('S');
            return Verdict::changed(Reason::UnknownCode);
        }
    };
    out.push_str(known);
    Verdict::KEPT
}

/// WITHHELD IDENTITY REASON: 01, 02, 03, 97, 99; an unknown code counts as 97 (other), for such rows are never linked.
pub(super) fn clean_withheld_identity_reason(raw: &str, out: &mut String) -> Verdict {
    let Some(value) = lower(raw) else { return Verdict::MISSING };
    let known = match value.trim_start_matches('0') {
        "1" => "01",
        "2" => "02",
        "3" => "03",
        "97" => "97",
        "99" => "99",
        "" | "n" | "no" | "false" => return Verdict::MISSING,
        // "unknown" here may be code 99 in words: a reason that is not known is still a reason.
        "not known" | "unknown" => "99",
        _ if is_null_literal(&value) => return Verdict::null(Reason::Placeholder),
        _ => {
            out.push_str("97");
            return Verdict::changed(Reason::UnknownCode);
        }
    };
    out.push_str(known);
    Verdict::KEPT
}

/// Order among the children of one birth, 1 to 7; 8 (not applicable) and 9 (not known) are missing.
pub(super) fn clean_birth_order(raw: &str, out: &mut String) -> Verdict {
    let Some(value) = lower(raw) else { return Verdict::MISSING };
    let bare = value.trim_start_matches("twin").trim_start_matches("triplet").trim().trim_start_matches('0');
    let known = match bare {
        "1" | "first" | "one" | "i" | "a" => Some("1"),
        "2" | "second" | "two" | "ii" | "b" => Some("2"),
        "3" | "third" | "three" | "iii" | "c" => Some("3"),
        "4" => Some("4"),
        "5" => Some("5"),
        "6" => Some("6"),
        "7" => Some("7"),
        _ => None,
    };
    let none = matches!(bare, "" | "8" | "9") || is_null_literal(&value);
    code_or(known, Verdict::null(if none { Reason::Placeholder } else { Reason::UnknownCode }), out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(clean: fn(&str, &mut String) -> Verdict, raw: &str) -> (String, Option<Reason>) {
        let mut out = String::new();
        let verdict = clean(raw, &mut out);
        assert_eq!(out.is_empty(), verdict.is_null, "{raw}");
        (out, verdict.reason)
    }

    #[test]
    fn status_has_two_digits() {
        for (raw, code) in [("1", "01"), ("01", "01"), ("1.0", "01"), ("Verified", "01"), ("08", "08"), ("9", ""), ("", "")] {
            assert_eq!(cleaned(clean_nhs_number_status, raw).0, code, "{raw}");
        }
    }

    #[test]
    fn an_unknown_sensitivity_protects() {
        for (raw, code) in [("S", "S"), ("s", "S"), ("B", "B"), ("Y", "Y"), ("I", "I"), ("R", "S"), ("Q", "S"), ("N", ""), ("0", "")] {
            assert_eq!(cleaned(clean_sensitivity, raw).0, code, "{raw}");
        }
        assert_eq!(cleaned(clean_sensitivity, "Q").1, Some(Reason::UnknownCode));
    }

    #[test]
    fn an_unknown_reason_withholds() {
        for (raw, code) in [("1", "01"), ("03", "03"), ("97", "97"), ("99", "99"), ("X", "97"), ("00", ""), ("", ""), ("n/a", "")] {
            assert_eq!(cleaned(clean_withheld_identity_reason, raw).0, code, "{raw}");
        }
    }

    #[test]
    fn birth_orders() {
        for (raw, code) in [("1", "1"), ("02", "2"), ("Twin 2", "2"), ("first", "1"), ("8", ""), ("9", ""), ("0", ""), ("z", "")] {
            assert_eq!(cleaned(clean_birth_order, raw).0, code, "{raw}");
        }
    }
}
