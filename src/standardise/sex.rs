//! Sex: any code → male, female, indeterminate or unknown. Source: DOMAIN.md section 4; the codes are in data/reference.

use super::characters::{strip_point_zero, trim};
use super::{Reason, Verdict, reference};

pub(super) fn clean(raw: &str, out: &mut String) -> Verdict {
    let value = strip_point_zero(trim(raw));
    if value.is_empty() {
        return Verdict::MISSING;
    }
    // "01" is 1, "00" is 0.
    let value = if value.len() > 1 { value.trim_start_matches('0') } else { value };
    let value = if value.is_empty() { "0" } else { value };
    match reference::sex_codes().get(value.to_ascii_lowercase().as_str()) {
        Some(canonical) => {
            out.push_str(canonical);
            Verdict::KEPT
        }
        None if super::characters::is_null_literal(value) => Verdict::null(Reason::Placeholder),
        None => Verdict::null(Reason::UnknownCode),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_of_every_feed() {
        for (raw, canonical) in [
            ("1", "male"),
            ("01", "male"),
            ("1.0", "male"),
            ("M", "male"),
            ("Male", "male"),
            ("2", "female"),
            (" f ", "female"),
            ("9", "indeterminate"),
            ("I", "indeterminate"),
            ("Not specified", "indeterminate"),
            ("0", "unknown"),
            ("00", "unknown"),
            ("X", "unknown"),
            ("U", "unknown"),
            ("", ""),
            ("7", ""),
        ] {
            let mut out = String::new();
            let verdict = clean(raw, &mut out);
            assert_eq!(out, canonical, "{raw}");
            assert_eq!(verdict.is_null, canonical.is_empty());
        }
        assert_eq!(clean("7", &mut String::new()).reason, Some(Reason::UnknownCode));
    }
}
