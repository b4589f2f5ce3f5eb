//! DuckDB's DECIMAL: a number with so many places, rounded half away from zero.

/// Digits that a number holds exactly here.
const DIGITS_MAX: u8 = 15;

/// `DECIMAL(digits, places)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// In all; at most [`DIGITS_MAX`], whatever a model says.
    digits: u8,
    /// Behind the point.
    places: u8,
}

impl Decimal {
    /// What a text becomes where it is cast to a whole number.
    pub const WHOLE: Decimal = Decimal { digits: DIGITS_MAX, places: 0 };

    /// By the type as SQL writes it: `DECIMAL(8,3)`. `None` where it has more places than a number holds here.
    pub fn of(data_type: &str) -> Option<Decimal> {
        let inside = data_type.split_once('(').and_then(|(_, after)| after.split_once(')'));
        let Some((inside, _)) = inside else { return Some(Decimal { digits: DIGITS_MAX, places: 3 }) };
        let (digits, places) = inside.split_once(',').unwrap_or((inside, "0"));
        let (digits, places): (u8, u8) = (digits.trim().parse().ok()?, places.trim().parse().ok()?);
        (places <= digits.min(DIGITS_MAX)).then_some(Decimal { digits: digits.min(DIGITS_MAX), places })
    }

    pub fn is_whole(self) -> bool {
        self.places == 0
    }

    /// A DOUBLE as this; `None` where it has too many digits, or is no number.
    pub fn of_number(self, number: f64) -> Option<f64> {
        self.of_units((number * power(self.places)).round())
    }

    /// A text as this, rounded by its own digits: "1.005" is 1.01 with two places, which no DOUBLE is. `None` where it is no number, or has too many digits.
    pub fn of_text(self, text: &str) -> Option<f64> {
        let text = text.trim();
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (-1.0, rest),
            None => (1.0, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: Vec<u8> = whole.bytes().chain(part.bytes()).collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let digit = |at: i64| usize::try_from(at).ok().and_then(|at| digits.get(at)).map_or(0, |digit| digit - b'0');
        let kept = whole.len() as i64 + i64::from(exponent) + i64::from(self.places);
        let mut units = 0.0;
        for at in 0..kept {
            if units >= power(DIGITS_MAX) || (units == 0.0 && at >= digits.len() as i64) {
                break;
            }
            units = units * 10.0 + f64::from(digit(at));
        }
        let up = f64::from(u8::from(digit(kept) >= 5));
        self.of_units(sign * (units + up))
    }

    /// So many of the least that this tells apart.
    fn of_units(self, units: f64) -> Option<f64> {
        (units.abs() < power(self.digits)).then(|| units / power(self.places))
    }
}

/// A power of ten, exact for up to [`DIGITS_MAX`].
fn power(digits: u8) -> f64 {
    10u64.pow(u32::from(digits)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(data_type: &str) -> Decimal {
        Decimal::of(data_type).unwrap_or_else(|| panic!("{data_type}"))
    }

    /// DuckDB 2.0.1: `select cast('TEXT' as TYPE)`; where there is no answer, it is an error there.
    #[test]
    fn texts_are_rounded_by_their_own_digits() {
        for (text, data_type, expected) in [
            ("51.5074", "DECIMAL(8,3)", Some(51.507)),
            ("51.5075", "DECIMAL(8,3)", Some(51.508)),
            ("-51.5075", "DECIMAL(8,3)", Some(-51.508)),
            ("51.50749999", "DECIMAL(8,3)", Some(51.507)),
            ("1.005", "DECIMAL(8,2)", Some(1.01)),
            ("1.0049999999999999999999", "DECIMAL(8,2)", Some(1.0)),
            ("2.5", "DECIMAL(18,0)", Some(3.0)),
            ("1.2345", "DECIMAL", Some(1.235)),
            ("1.5", "NUMERIC(10)", Some(2.0)),
            ("123456789", "DECIMAL(8,3)", None),
            ("99999.9994", "DECIMAL(8,3)", Some(99999.999)),
            ("99999.9995", "DECIMAL(8,3)", None),
            ("1e2", "DECIMAL(8,3)", Some(100.0)),
            ("12.25e-1", "DECIMAL(8,2)", Some(1.23)),
            ("0.0005", "DECIMAL(8,3)", Some(0.001)),
            (".5", "DECIMAL(8,0)", Some(1.0)),
            (" +1.25 ", "DECIMAL(8,1)", Some(1.3)),
            (".", "DECIMAL(8,1)", None),
            ("1e", "DECIMAL(8,1)", None),
            ("abc", "DECIMAL(8,3)", None),
            ("nan", "DECIMAL(8,1)", None),
        ] {
            assert_eq!(decimal(data_type).of_text(text), expected, "{text} as {data_type}");
        }
        // The same with INT.
        for (text, expected) in
            [("2.5", 3.0), ("-2.5", -3.0), ("0.45", 0.0), ("25e-1", 3.0), ("1e3", 1000.0), ("5.", 5.0)]
        {
            assert_eq!(Decimal::WHOLE.of_text(text), Some(expected), "{text}");
        }
        assert_eq!(Decimal::WHOLE.of_text("0e999999999"), Some(0.0));
        assert_eq!(Decimal::WHOLE.of_text("1e999999999"), None);
    }

    /// DuckDB 2.0.1: `select cast(NUMBER::double as TYPE)`.
    #[test]
    fn numbers_are_rounded_as_they_are() {
        for (number, data_type, expected) in [
            (51.5075, "DECIMAL(8,3)", Some(51.508)),
            (51.5085, "DECIMAL(8,3)", Some(51.509)),
            (1.005, "DECIMAL(8,2)", Some(1.0)),
            (2.675, "DECIMAL(8,2)", Some(2.68)),
            (0.125, "DECIMAL(8,2)", Some(0.13)),
            (2.5, "DECIMAL(18,0)", Some(3.0)),
            (1.2345, "DECIMAL", Some(1.235)),
            (1e10, "DECIMAL(8,3)", None),
            (f64::NAN, "DECIMAL(8,1)", None),
        ] {
            assert_eq!(decimal(data_type).of_number(number), expected, "{number} as {data_type}");
        }
        assert_eq!(Decimal::of("DECIMAL(38,20)"), None, "more places than a number holds");
    }
}
