//! Numbers: any way of writing them → plain decimal without exponent, grouping or needless noughts. Exact: digits are moved, never
//! computed, except where an exponent asks for it.

use super::characters::{has_exponent, is_null_literal, trim};
use super::{Reason, Verdict};

/// Digits a number may have; longer ones are no measure of a person.
const DIGITS_MAX: usize = 30;

pub(super) fn clean(raw: &str, out: &mut String) -> Verdict {
    let value = trim(raw);
    if value.is_empty() {
        return Verdict::MISSING;
    }
    if is_null_literal(value) {
        return Verdict::null(Reason::Placeholder);
    }
    let value = value.trim_start_matches(['£', '$', '€']).trim_end_matches('%').trim();
    if has_exponent(value.trim_start_matches(['-', '+'])) {
        // Such numbers were rounded when they were written: 15 digits hold what is left of them.
        return match value.parse::<f64>() {
            Ok(number) if number.abs() < 1e15 => plain(&format!("{number:.6}"), out),
            _ => Verdict::null(Reason::NotANumber),
        };
    }
    plain(value, out)
}

/// An optional sign, digits with or without grouping, an optional fraction.
fn plain(value: &str, out: &mut String) -> Verdict {
    let (negative, digits) = match value.as_bytes() {
        [b'-', ..] => (true, &value[1..]),
        [b'+', ..] => (false, &value[1..]),
        _ => (false, value),
    };
    let (whole, fraction) = split_fraction(digits);
    let whole: String = whole.chars().filter(|c| !matches!(c, ',' | ' ' | '\'' | '\u{A0}' | '\u{202F}')).collect();
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(&whole) || !all_digits(fraction) || whole.len() + fraction.len() == 0 || whole.len() + fraction.len() > DIGITS_MAX {
        return Verdict::null(Reason::NotANumber);
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if negative && whole.len() + fraction.len() > 0 {
        out.push('-');
    }
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    Verdict::KEPT
}

/// Parts a number at its decimal point. A single comma that is not followed by three digits is one ("12,5").
fn split_fraction(digits: &str) -> (&str, &str) {
    if let Some((whole, fraction)) = digits.split_once('.') {
        return (whole, fraction);
    }
    match digits.split_once(',') {
        Some((whole, fraction)) if fraction.len() != 3 && !fraction.contains(',') => (whole, fraction),
        _ => (digits, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_decimals() {
        for (raw, canonical) in [
            ("12", "12"),
            ("012.50", "12.5"),
            ("1,234.5", "1234.5"),
            ("1,234", "1234"),
            ("12,5", "12.5"),
            ("-0", "0"),
            ("-1.0", "-1"),
            (".5", "0.5"),
            ("£12.00", "12"),
            ("0.24", "0.24"),
            ("1.5E+03", "1500"),
            ("2e-3", "0.002"),
            ("abc", ""),
            ("1.2.3", ""),
            ("n/a", ""),
            ("", ""),
        ] {
            let mut out = String::new();
            let verdict = clean(raw, &mut out);
            assert_eq!(out, canonical, "{raw}");
            assert_eq!(verdict.is_null, canonical.is_empty());
        }
    }
}
