//! NHS numbers and their relatives in Scotland, Northern Ireland and Ireland.
//!
//! Source of every rule: DOMAIN.md section 1 (Wikipedia for the check digit, uk-fci/nhs-number for the ranges, the NHS England
//! Person_ID Handbook for the sentinels).

use super::characters::{has_exponent, is_null_literal, strip_point_zero, trim};
use super::{Flags, Reason, Verdict, reference};

/// The tenth digit that the first nine ask for; `None` where no number can begin so (the sum asks for 10).
///
/// Modulus 11: digits times 10, 9, … 2; eleven less the remainder of the sum; 11 counts as 0.
pub fn check_digit(first_nine: &[u8; 9]) -> Option<u8> {
    let sum: u32 = first_nine.iter().zip((2..=10u32).rev()).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    match 11 - sum % 11 {
        11 => Some(0),
        10 => None,
        digit => Some(digit as u8),
    }
}

/// Whether `number` is ten ASCII digits whose check digit is right. Says nothing on ranges and placeholders.
pub fn is_valid(number: &str) -> bool {
    let bytes = number.as_bytes();
    if bytes.len() != 10 || !bytes.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let mut first_nine = [0; 9];
    first_nine.iter_mut().zip(bytes).for_each(|(digit, byte)| *digit = byte - b'0');
    check_digit(&first_nine) == Some(bytes[9] - b'0')
}

/// Cleans one value: ten digits, or a namespace and ten digits ("chi:", "hcni:", "ihi:").
pub(super) fn clean(raw: &str, out: &mut String) -> Verdict {
    let value = trim(raw);
    if value.is_empty() {
        return Verdict::MISSING;
    }
    if is_null_literal(value) {
        return Verdict::null(Reason::Placeholder);
    }
    if has_exponent(value) {
        return Verdict::null(Reason::Exponent);
    }
    let mut digits = [0u8; 10];
    let count = match read_digits(without_namespace(value), &mut digits) {
        Ok(count) => count,
        Err(reason) => return Verdict::null(reason),
    };
    // Nine digits may have lost a leading zero; of all ranges only the Scottish one begins with one.
    let restored = count == 9;
    if restored {
        digits.rotate_right(1);
        digits[0] = b'0';
    } else if count != 10 {
        return Verdict::null(Reason::Malformed);
    }
    let number = std::str::from_utf8(&digits).expect("digits are ASCII");
    let verdict = judge(number);
    if verdict.is_null || (restored && !verdict.flags.has(Flags::CHI)) {
        return Verdict::null(verdict.reason.unwrap_or(Reason::Malformed));
    }
    out.push_str(namespace(verdict.flags));
    out.push_str(number);
    verdict
}

/// The digits of a number written with spaces, dashes, dots, quotes or a trailing ".0"; how many there are, at most 11.
fn read_digits(value: &str, digits: &mut [u8; 10]) -> Result<usize, Reason> {
    let mut count = 0;
    for c in strip_point_zero(value).chars() {
        match c {
            '0'..='9' if count < 10 => {
                digits[count] = c as u8;
                count += 1;
            }
            '0'..='9' => return Ok(11),
            '\'' | '’' | '`' | '"' | '-' | '‐'..='―' | '.' | '/' => {}
            c if c.is_whitespace() || c == '\u{200B}' || c == '\u{FEFF}' => {}
            // Before 1996: over twenty formats of letters and digits.
            c if c.is_ascii_alphabetic() => return Err(Reason::OldFormat),
            _ => return Err(Reason::Malformed),
        }
    }
    Ok(count)
}

fn without_namespace(value: &str) -> &str {
    ["chi:", "hcni:", "ihi:"].iter().find_map(|prefix| value.strip_prefix(prefix)).unwrap_or(value)
}

fn namespace(flags: Flags) -> &'static str {
    if flags.has(Flags::CHI) {
        "chi:"
    } else if flags.has(Flags::HCNI) {
        "hcni:"
    } else if flags.has(Flags::IHI) {
        "ihi:"
    } else {
        ""
    }
}

/// What ten digits are worth: placeholder, repeat, check digit, then range.
fn judge(number: &str) -> Verdict {
    let bytes = number.as_bytes();
    if reference::nhs_number_placeholders().contains(number) {
        return Verdict::null(Reason::Placeholder);
    }
    if bytes.iter().all(|byte| *byte == bytes[0]) {
        return Verdict::null(Reason::Repeat);
    }
    // n00000000n, such as 9000000009.
    if bytes[0] == bytes[9] && bytes[1..9].iter().all(|byte| *byte == b'0') {
        return Verdict::null(Reason::Placeholder);
    }
    if !is_valid(number) {
        return Verdict::null(Reason::CheckDigit);
    }
    match number.parse::<u64>().expect("ten digits are a number") {
        101_010_000..=3_112_999_999 => chi(bytes),
        3_113_000_000..=3_199_999_999 => Verdict::changed(Reason::Range).with(Flags::UNALLOCATED),
        3_200_000_001..=3_999_999_999 => Verdict::KEPT.with(Flags::HCNI),
        4_000_000_000..=4_999_999_999 | 6_000_000_000..=7_999_999_999 => Verdict::KEPT,
        8_000_000_000..=8_599_999_999 => Verdict::KEPT.with(Flags::IHI),
        9_000_000_000..=9_999_999_999 => Verdict::KEPT.with(Flags::TEST_RANGE),
        _ => Verdict::null(Reason::Range),
    }
}

/// A Scottish number opens with a birth date, DDMMYY.
fn chi(bytes: &[u8]) -> Verdict {
    let two = |at: usize| (bytes[at] - b'0') * 10 + bytes[at + 1] - b'0';
    let dated = (1..=31).contains(&two(0)) && (1..=12).contains(&two(2));
    if dated { Verdict::KEPT.with(Flags::CHI) } else { Verdict::null(Reason::Range) }
}

/// Whether the birth date (canonical, YYYYMMDD) and sex of a row agree with what its Scottish number says of itself; `true` where the
/// number is none or the row says nothing.
pub fn chi_agrees(number: &str, date_of_birth: Option<&str>, sex: Option<&str>) -> bool {
    let Some(digits) = number.strip_prefix("chi:").filter(|digits| digits.len() == 10 && digits.is_ascii()) else {
        return true;
    };
    let date_agrees = date_of_birth.is_none_or(|date| {
        !(date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()))
            || (digits[0..2] == date[6..8] && digits[2..4] == date[4..6] && digits[4..6] == date[2..4])
    });
    let female = (digits.as_bytes()[8] - b'0').is_multiple_of(2);
    let sex_agrees = match sex {
        Some("female") => female,
        Some("male") => !female,
        _ => true,
    };
    date_agrees && sex_agrees
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(raw: &str) -> (String, Verdict) {
        let mut out = String::new();
        let verdict = clean(raw, &mut out);
        (out, verdict)
    }

    /// A valid number with these first nine digits.
    fn number(first_nine: &str) -> String {
        let mut digits = [0; 9];
        digits.iter_mut().zip(first_nine.bytes()).for_each(|(digit, byte)| *digit = byte - b'0');
        format!("{first_nine}{}", check_digit(&digits).expect("first nine digits that have a check digit"))
    }

    #[test]
    fn the_check_digit_is_that_of_the_worked_example() {
        assert!(is_valid("9434765919"));
        assert!(!is_valid("9434765918"));
        assert_eq!(check_digit(&[1, 2, 3, 4, 5, 6, 7, 8, 9]), None);
        assert!(!is_valid("943476591"));
        assert!(!is_valid("94347659１９"));
    }

    #[test]
    fn every_way_of_writing_a_number_gives_its_digits() {
        let plain = number("999123456");
        let (a, b, c) = (&plain[0..3], &plain[3..6], &plain[6..]);
        for raw in [
            plain.clone(),
            format!("{a} {b} {c}"),
            format!("{a}-{b}-{c}"),
            format!("{a}\u{A0}{b}\u{A0}{c}"),
            format!("{plain}.0"),
            format!("'{plain}"),
            format!("\"{plain}\""),
            format!(" {plain}\t"),
        ] {
            let (out, verdict) = cleaned(&raw);
            assert_eq!(out, plain, "{raw:?}");
            assert!(verdict.flags.has(Flags::TEST_RANGE));
        }
    }

    #[test]
    fn fillers_become_null_for_their_reason() {
        for (raw, reason) in [
            ("0000000000", Reason::Placeholder),
            ("9999999999", Reason::Placeholder),
            ("1111111111", Reason::Repeat),
            ("8888888888", Reason::Repeat),
            ("1234567890", Reason::CheckDigit),
            ("4567899876", Reason::CheckDigit),
            ("0123456789", Reason::Placeholder),
            ("9876543210", Reason::Placeholder),
            ("2333455667", Reason::Placeholder),
            ("9000000009", Reason::Placeholder),
            ("9434765919", Reason::Placeholder),
            ("9.43477E+09", Reason::Exponent),
            ("ABCDE123", Reason::OldFormat),
            ("12345", Reason::Malformed),
            ("94347659191", Reason::Malformed),
            ("n/k", Reason::Placeholder),
        ] {
            let (out, verdict) = cleaned(raw);
            assert!(out.is_empty() && verdict.is_null, "{raw}");
            assert_eq!(verdict.reason, Some(reason), "{raw}");
        }
        assert_eq!(cleaned(" "), (String::new(), Verdict::MISSING));
    }

    #[test]
    fn ranges_have_namespaces() {
        for (first_nine, prefix, flag) in [
            ("010203001", "chi:", Flags::CHI),
            ("320000001", "hcni:", Flags::HCNI),
            ("800000001", "ihi:", Flags::IHI),
            ("450557710", "", Flags::NONE),
            ("701234567", "", Flags::NONE),
        ] {
            let plain = number(first_nine);
            let (out, verdict) = cleaned(&plain);
            assert_eq!(out, format!("{prefix}{plain}"));
            assert_eq!(verdict.flags, flag);
            assert_eq!(cleaned(&out).0, out);
        }
        for first_nine in ["500000001", "860000001", "001234567"] {
            assert_eq!(cleaned(&number(first_nine)).1.reason, Some(Reason::Range));
        }
        assert!(cleaned(&number("311300001")).1.flags.has(Flags::UNALLOCATED));
    }

    #[test]
    fn nine_digits_are_a_scottish_number_or_nothing() {
        let plain = number("010203001");
        assert_eq!(cleaned(&plain[1..]).0, format!("chi:{plain}"));
        assert!(cleaned("450557710").1.is_null);
    }

    #[test]
    fn a_scottish_number_tells_date_and_sex() {
        let chi = format!("chi:{}", number("010203001"));
        let female = (chi.as_bytes()[12] - b'0').is_multiple_of(2);
        let (right, wrong) = if female { ("female", "male") } else { ("male", "female") };
        assert!(chi_agrees(&chi, Some("20030201"), Some(right)));
        assert!(!chi_agrees(&chi, Some("20030201"), Some(wrong)));
        assert!(!chi_agrees(&chi, Some("20030202"), None));
        assert!(chi_agrees("4505577104", Some("20030202"), Some(wrong)));
    }
}
