//! Ages in whole years, and the bands that they are counted in.

use super::dates::date_of;

pub use crate::job::AGE_BANDS;

/// Place in [`AGE_BANDS`] of an age in whole years.
pub fn age_band(age: u8) -> usize {
    (usize::from(age) / 5).min(AGE_BANDS.len() - 1)
}

/// Whole years between two days since 1970; 0 before birth, at most 130.
pub fn age_in_years(born: i32, on: i32) -> u8 {
    let (born, on) = (date_of(born), date_of(on));
    let had_birthday = (on.month(), on.day()) >= (born.month(), born.day());
    let years = i32::from(on.year()) - i32::from(born.year()) - i32::from(!had_birthday);
    years.clamp(0, 130) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::best_record::days;
    use jiff::civil::{Date, date};

    #[test]
    fn bands_change_on_birthdays() {
        let band = |born: Date| AGE_BANDS[age_band(age_in_years(days(born), days(date(2026, 11, 22))))];
        assert_eq!(band(date(2021, 11, 22)), "5-9");
        assert_eq!(band(date(2021, 11, 23)), "0-4");
        assert_eq!(band(date(1936, 11, 22)), "90+");
        assert_eq!(band(date(1936, 11, 23)), "85-89");
        assert_eq!(band(date(1890, 1, 1)), "90+");
    }
}
