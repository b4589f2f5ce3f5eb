//! Year, month and day, each possibly unknown, and the ways of writing them.

use jiff::civil::Date;

/// Written parts of a date; 0 = unknown. The year is always known. Month and day need not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::standardise) struct Parts {
    pub year: i16,
    pub month: u8,
    pub day: u8,
}

/// The order in which day, month and year stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    DayMonthYear,
    MonthDayYear,
    YearMonthDay,
}

impl Parts {
    /// Checks the limits that keep the canonical form readable: see [`super::learn`] on eight digits.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Parts> {
        let likely_year = (1800..=2100).contains(&year);
        let month_and_day_exist = month <= 12 && day <= 31;
        if !(1..=9999).contains(&year) || month > 99 || day > 99 || !(likely_year || month_and_day_exist) {
            return None;
        }
        // 99 is what forms write for an unknown part.
        let day = if day == 99 { 0 } else { day };
        // A month of 18, 19 or 20 would read as a century in DDMMYYYY.
        let month = if month == 99 || (18..=20).contains(&month) { 0 } else { month };
        Some(Parts { year: year as i16, month: month as u8, day: day as u8 })
    }

    /// As [`Parts::new`], with day and month exchanged where only that gives a month.
    pub fn in_order(year: i32, month: u32, day: u32) -> Option<Parts> {
        if month > 12 && (1..=12).contains(&day) && month <= 31 {
            Parts::new(year, day, month)
        } else {
            Parts::new(year, month, day)
        }
    }

    pub fn from_date(date: Date) -> Parts {
        Parts { year: date.year(), month: date.month() as u8, day: date.day() as u8 }
    }

    pub fn is_partial(self) -> bool {
        self.month == 0 || self.day == 0
    }

    /// `None` where a part is unknown or there is no such day.
    pub fn to_date(self) -> Option<Date> {
        Date::new(self.year, i8::try_from(self.month).ok()?, i8::try_from(self.day).ok()?).ok()
    }

    /// Whether the known parts lie after `date`.
    pub fn is_after(self, date: Date) -> bool {
        let limit = Parts::from_date(date);
        if self.year != limit.year || self.month == 0 {
            return self.year > limit.year;
        }
        self.month > limit.month || (self.month == limit.month && self.day > limit.day)
    }

    /// Appends the eight characters.
    pub fn write(self, out: &mut String) {
        let digit = |value: u32| char::from(b'0' + (value % 10) as u8);
        let year = self.year.unsigned_abs() as u32;
        out.extend([digit(year / 1000), digit(year / 100), digit(year / 10), digit(year)]);
        for part in [u32::from(self.month), u32::from(self.day)] {
            match part {
                0 => out.push_str("--"),
                _ => out.extend([digit(part / 10), digit(part)]),
            }
        }
    }

    /// Reads the canonical form. Eight digits are taken only where they are a likely date, so that DDMMYYYY is not mistaken for it:
    /// the third pair of a DDMMYYYY date is 18, 19 or 20, which no month is.
    pub fn read_canonical(bytes: &[u8]) -> Option<Parts> {
        if bytes.len() != 8 {
            return None;
        }
        let year = two(bytes, 0)? * 100 + two(bytes, 2)?;
        let known = |at: usize| two(bytes, at).filter(|part| *part > 0);
        let dashes = |at: usize| bytes[at..at + 2] == *b"--";
        if dashes(4) || dashes(6) {
            let month = if dashes(4) { 0 } else { known(4)? };
            let day = if dashes(6) { 0 } else { known(6)? };
            return Parts::new(year as i32, month, day);
        }
        let (month, day) = (two(bytes, 4)?, two(bytes, 6)?);
        let likely = (1800..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        likely.then_some(Parts { year: year as i16, month: month as u8, day: day as u8 })
    }
}

/// The number that two digits write.
pub(super) fn two(bytes: &[u8], at: usize) -> Option<u32> {
    let (tens, ones) = (bytes.get(at)?, bytes.get(at + 1)?);
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// 1..=12 for the name of a month, English, at least three letters.
pub(super) fn month_of(word: &[u8]) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    if word.len() < 3 {
        return None;
    }
    if word.eq_ignore_ascii_case(b"sept") {
        return Some(9);
    }
    let found = MONTHS
        .iter()
        .position(|month| month.len() >= word.len() && month.as_bytes()[..word.len()].eq_ignore_ascii_case(word))?;
    // "Jan" or "January", not "Janu".
    (word.len() == 3 || MONTHS[found].len() == word.len()).then_some(found as u32 + 1)
}

/// A date cut into its numbers, and the name of a month where it has one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cut {
    /// Value and number of digits of each number.
    pub numbers: [(u32, usize); 4],
    pub count: usize,
    pub month: Option<u32>,
    /// How many numbers stood before the month's name.
    pub before_month: usize,
}

/// Cuts off a time of day and takes the rest apart; `None` where a word is no part of a date.
pub(super) fn cut(bytes: &[u8]) -> Option<Cut> {
    let mut found = Cut::default();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'0'..=b'9' => {
                let mut value: u32 = 0;
                while at < bytes.len() && bytes[at].is_ascii_digit() {
                    if at - start < 8 {
                        value = value * 10 + u32::from(bytes[at] - b'0');
                    }
                    at += 1;
                }
                // HL7 and databases write YYYYMMDDHHMMSS, with or without seconds and fractions.
                if (12..=17).contains(&(at - start)) && found.count == 0 {
                    found.numbers[0] = (value, 8);
                    found.count = 1;
                    return Some(found);
                }
                if found.count == found.numbers.len() || at - start > 8 {
                    return None;
                }
                found.numbers[found.count] = (value, at - start);
                found.count += 1;
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                while at < bytes.len() && bytes[at].is_ascii_alphabetic() {
                    at += 1;
                }
                let word = &bytes[start..at];
                if word.eq_ignore_ascii_case(b"t") && found.count > 0 {
                    return Some(found);
                }
                if found.month.is_none()
                    && let Some(month) = month_of(word)
                {
                    found.month = Some(month);
                    found.before_month = found.count;
                } else if !is_filling(word) {
                    return None;
                }
            }
            b':' => {
                // The number before the first colon is the hour, unless the date would be incomplete without it (SAS writes
                // 12NOV1980:00:00:00).
                let needed = if found.month.is_some() { 2 } else { 3 };
                if found.count > needed || (found.count == 2 && found.numbers[0].1 == 8) {
                    found.count -= 1;
                }
                return (found.count >= needed || found.numbers[0].1 == 8).then_some(found);
            }
            b'/' | b'-' | b'.' | b',' | b' ' | b'\'' | b'_' | b'\\' | b'|' => at += 1,
            _ => return None,
        }
    }
    Some(found)
}

/// Weekdays and the endings of ordinals.
fn is_filling(word: &[u8]) -> bool {
    const FILLING: [&str; 21] = [
        "st",
        "nd",
        "rd",
        "th",
        "of",
        "mon",
        "tue",
        "tues",
        "wed",
        "thu",
        "thur",
        "thurs",
        "fri",
        "sat",
        "sun",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ];
    FILLING.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word)) || word.eq_ignore_ascii_case(b"sunday")
}
