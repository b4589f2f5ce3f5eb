//! Characters: trimming, folding to ASCII, wrong encodings put right.

/// Takes off outer white space (also non-breaking), zero-width marks and double quotes.
pub(super) fn trim(raw: &str) -> &str {
    let bytes = raw.as_bytes();
    let plain = |byte: u8| (b'!'..=b'~').contains(&byte) && byte != b'"';
    if let (Some(&first), Some(&last)) = (bytes.first(), bytes.last())
        && plain(first)
        && plain(last)
    {
        return raw;
    }
    raw.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c) || matches!(c, '"' | '“' | '”'))
}

/// Zero-width characters and marks that text carries without showing them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{AD}')
}

/// A whole number that a spreadsheet wrote as "12.0" → "12".
pub(super) fn strip_point_zero(value: &str) -> &str {
    match value.rsplit_once('.') {
        Some((whole, zeros))
            if !whole.is_empty()
                && whole.bytes().all(|byte| byte.is_ascii_digit())
                && !zeros.is_empty()
                && zeros.bytes().all(|byte| byte == b'0') =>
        {
            whole
        }
        _ => value,
    }
}

/// Whether a spreadsheet wrote a number with an exponent ("9.43477E+09"): its digits are lost.
pub(super) fn has_exponent(value: &str) -> bool {
    let Some((mantissa, exponent)) = value.split_once(['e', 'E']) else { return false };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(exponent) && exponent.len() <= 2 && digits(&mantissa.replacen('.', "", 1))
}

/// Lower-case ASCII: diacritics folded, other scripts transliterated, quotes and dashes of all kinds made plain, every white space
/// and control character a space. `out` is cleared first.
pub(super) fn fold(raw: &str, out: &mut String) {
    out.clear();
    for c in raw.chars() {
        match c {
            '`' => out.push('\''),
            c if c.is_ascii_control() => out.push(' '),
            c if c.is_ascii() => out.push(c.to_ascii_lowercase()),
            '‘' | '’' | '‛' | '´' | '′' | 'ʼ' | 'ʻ' | 'ʹ' | '＇' => out.push('\''),
            '“' | '”' | '„' | '″' | '«' | '»' => out.push('"'),
            '‐'..='―' | '−' | '﹘' | '－' => out.push('-'),
            c if is_invisible(c) => {}
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c => out.extend(
                deunicode::deunicode_char(c)
                    .unwrap_or(" ")
                    .chars()
                    .map(|letter| if letter.is_ascii_control() { ' ' } else { letter.to_ascii_lowercase() }),
            ),
        }
    }
}

/// UTF-8 that was read as Windows-1252 ("Ã©" for "é") put right, where the whole text says so: every character has a Windows-1252
/// byte, and the bytes are UTF-8. Chance text almost never is.
pub(super) fn repair_encoding(raw: &str) -> Option<String> {
    let suspicious = |c: char| ('\u{C2}'..='\u{F4}').contains(&c);
    if raw.is_ascii() || !raw.contains(suspicious) {
        return None;
    }
    let (bytes, _, unmappable) = encoding_rs::WINDOWS_1252.encode(raw);
    if unmappable {
        return None;
    }
    let repaired = String::from_utf8(bytes.into_owned()).ok()?;
    // Twice damaged text exists; three times is not worth the look.
    Some(match repaired.contains(suspicious) {
        true => repair_encoding(&repaired).unwrap_or(repaired),
        false => repaired,
    })
}

/// One space between words, none outside. `out` is cleared first.
pub(super) fn single_spaces(raw: &str, out: &mut String) {
    out.clear();
    for word in raw.split(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c)).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
}

/// Lower case with single spaces. `out` is cleared first.
pub(super) fn lower_single_spaces(raw: &str, out: &mut String) {
    single_spaces(raw, out);
    if out.is_ascii() {
        out.make_ascii_lowercase();
    } else {
        use unicode_normalization::UnicodeNormalization;
        let lower = out.nfkc().collect::<String>().to_lowercase().nfkc().collect::<String>();
        single_spaces(&lower, out);
    }
}

/// How exports write a missing value; not for names, where some are real.
pub(super) fn is_null_literal(value: &str) -> bool {
    if value.bytes().all(|byte| !byte.is_ascii_alphanumeric() && byte.is_ascii()) {
        return true;
    }
    // The longest literal has 15 characters.
    value.len() <= 16 && super::reference::null_literals().contains(value.to_ascii_lowercase().as_str())
}

/// One character over and over, at least `least` times.
pub(super) fn is_run(value: &str, least: usize) -> bool {
    let bytes = value.as_bytes();
    bytes.len() >= least && bytes.iter().all(|byte| *byte == bytes[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_what_cannot_be_seen() {
        assert_eq!(trim("\u{FEFF}\u{A0}\"Smith\" \t"), "Smith");
        assert_eq!(trim("Smith"), "Smith");
    }

    #[test]
    fn folds_diacritics_and_other_scripts() {
        let mut out = String::new();
        for (raw, folded) in [("Zoë", "zoe"), ("Łukasz", "lukasz"), ("Søren", "soren"), ("Groß", "gross"), ("Юрий", "iurii")] {
            fold(raw, &mut out);
            assert_eq!(out, folded);
        }
    }

    #[test]
    fn puts_a_wrong_encoding_right_only_where_certain() {
        assert_eq!(repair_encoding("JosÃ©").as_deref(), Some("José"));
        assert_eq!(repair_encoding("Ã…se").as_deref(), Some("Åse"));
        assert_eq!(repair_encoding("José"), None);
        assert_eq!(repair_encoding("Ãngelo"), None);
    }

    #[test]
    fn knows_spreadsheet_numbers() {
        assert_eq!(strip_point_zero("12.0"), "12");
        assert_eq!(strip_point_zero("12.05"), "12.05");
        assert!(has_exponent("9.43477E+09"));
        assert!(!has_exponent("E84012"));
        assert!(!has_exponent("12"));
    }
}
