//! Times as DuckDB reads them: `try_strptime` with a format, and ISO texts.

/// Seconds of a day.
pub const DAY: f64 = 86_400.0;

/// Parts of a time that a format can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    /// Two digits: 69–99 are the last century, as in POSIX.
    ShortYear,
    Month,
    /// January or Jan, in any case.
    MonthName,
    Day,
    Hour,
    Minute,
    Second,
    Literal(char),
}

/// A `strptime` format of which every part is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeFormat {
    parts: Vec<Part>,
    /// Whether DuckDB ends with an error where a text is not in this format, as it does in `strptime`.
    raises: bool,
}

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

impl TimeFormat {
    /// `None` where the format has a part that is not known here.
    pub fn new(format: &str) -> Option<TimeFormat> {
        let mut parts = Vec::new();
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            parts.push(match character {
                '%' => match characters.next()? {
                    'Y' => Part::Year,
                    'y' => Part::ShortYear,
                    'm' => Part::Month,
                    'b' | 'B' => Part::MonthName,
                    'd' => Part::Day,
                    'H' => Part::Hour,
                    'M' => Part::Minute,
                    'S' => Part::Second,
                    '%' => Part::Literal('%'),
                    _ => return None,
                },
                literal => Part::Literal(literal),
            });
        }
        Some(TimeFormat { parts, raises: false })
    }

    /// The same for `strptime`.
    pub fn raising(self) -> TimeFormat {
        TimeFormat { raises: true, ..self }
    }

    pub fn raises(&self) -> bool {
        self.raises
    }

    /// Seconds since 1970, or `None` where the text is not in this format or no such day exists.
    pub fn parse(&self, text: &str) -> Option<f64> {
        let mut rest = text.trim_matches(' ');
        let (mut year, mut month, mut day, mut clock) = (1900, 1, 1, [0; 3]);
        for part in &self.parts {
            match part {
                Part::Year => year = digits(&mut rest, 4)?,
                Part::ShortYear => {
                    let short = digits(&mut rest, 2)?;
                    year = if short >= 69 { 1900 + short } else { 2000 + short };
                }
                Part::Month => month = digits(&mut rest, 2)?,
                Part::MonthName => month = month_name(&mut rest)?,
                Part::Day => day = digits(&mut rest, 2)?,
                Part::Hour => clock[0] = digits(&mut rest, 2)?,
                Part::Minute => clock[1] = digits(&mut rest, 2)?,
                Part::Second => clock[2] = digits(&mut rest, 2)?,
                Part::Literal(character) => rest = rest.strip_prefix(*character)?,
            }
        }
        rest.is_empty().then(|| seconds(year, month, day, clock))?
    }
}

/// How a clock of universal time ends.
const UNIVERSAL: [&str; 8] = ["Z", "UTC", "+00:00", "-00:00", "+0000", "-0000", "+00", "-00"];

/// ISO dates and times: `1980-04-03`, `1980/4/3`, `1980-04-03 10:20:30.5`, with `T` too. A clock of another zone than the universal one is not read: what
/// DuckDB makes of it hangs on the type of the column.
pub fn parse_iso(text: &str) -> Option<f64> {
    let text = text.trim();
    let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "0:0:0"));
    let mut parts = date.split(if date.contains('/') { '/' } else { '-' });
    let (year, month, day) = (plain(parts.next()?, 4)?, plain(parts.next()?, 2)?, plain(parts.next()?, 2)?);
    let clock = clock.trim_start();
    let clock = UNIVERSAL.iter().find_map(|zone| clock.strip_suffix(*zone)).unwrap_or(clock).trim_end();
    let mut times = clock.split(':');
    let (hour, minute, second) = (plain(times.next()?, 2)?, plain(times.next()?, 2)?, times.next().unwrap_or("0"));
    let (second, part) = second.split_once('.').unwrap_or((second, ""));
    let (second, part) = (plain(second, 2)?, micros(part)?);
    if parts.next().is_some() || times.next().is_some() {
        return None;
    }
    match ([hour, minute, second], part) {
        ([24, 0, 0], 0) => Some(seconds(year, month, day, [0; 3])? + DAY),
        (clock, 0) => seconds(year, month, day, clock),
        (clock, part) => Some((seconds(year, month, day, clock)? * 1e6 + f64::from(part)) / 1e6),
    }
}

/// A number of so many digits at most, and nothing else.
fn plain(text: &str, at_most: usize) -> Option<i16> {
    let is_plain = text.len() <= at_most && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok())?
}

/// A part of a second in millionths, more digits cut off.
fn micros(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| format!("{digits:0<6}")[..6].parse().ok())?
}

fn digits(rest: &mut &str, at_most: usize) -> Option<i16> {
    let length = rest.bytes().take(at_most).take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(length);
    *rest = after;
    number.parse().ok()
}

fn month_name(rest: &mut &str) -> Option<i16> {
    let starts = |name: &str| rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let found =
        |length: fn(&str) -> usize| MONTHS.iter().position(|name| starts(&name[..length(name)])).zip(Some(length));
    let (month, length) = found(str::len).or_else(|| found(|_| 3))?;
    *rest = &rest[length(MONTHS[month])..];
    Some(month as i16 + 1)
}

fn seconds(year: i16, month: i16, day: i16, [hour, minute, second]: [i16; 3]) -> Option<f64> {
    let date = jiff::civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let time =
        jiff::civil::Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, 0)
            .ok()?;
    let since =
        date.to_datetime(time).duration_since(jiff::civil::date(1970, 1, 1).to_datetime(jiff::civil::Time::MIN));
    Some(since.as_secs() as f64)
}

/// What `date_diff` counts: boundaries crossed, not spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    Day,
    Month,
    Year,
}

impl Boundary {
    pub fn from_word(word: &str) -> Option<Boundary> {
        Some(match word.to_ascii_lowercase().trim_end_matches('s') {
            "day" => Boundary::Day,
            "month" => Boundary::Month,
            "year" => Boundary::Year,
            _ => return None,
        })
    }

    /// From the first to the second time, both in seconds since 1970.
    pub fn between(self, from: f64, to: f64) -> Option<f64> {
        let days = |time: f64| (time / DAY).floor();
        if self == Boundary::Day {
            return Some(days(to) - days(from));
        }
        let months = |time: f64| {
            let span = jiff::Span::new().try_days(days(time) as i64).ok()?;
            let date = jiff::civil::date(1970, 1, 1).checked_add(span).ok()?;
            Some((i32::from(date.year()), i32::from(date.month())))
        };
        let ((from_year, from_month), (to_year, to_month)) = (months(from)?, months(to)?);
        let years = to_year - from_year;
        Some(f64::from(if self == Boundary::Year { years } else { years * 12 + to_month - from_month }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_duckdb_reads_them() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/splink/functions.csv");
        let mut reader = csv::Reader::from_path(path).expect("the recorded answers are there");
        let format = TimeFormat::new("%Y-%m-%d").expect("a known format");
        let mut checked = 0;
        for row in reader.records().map(|row| row.expect("a row")).filter(|row| &row[0] == "date") {
            assert_eq!(format.parse(&row[1]), row[3].parse().ok(), "{:?}", &row[1]);
            checked += 1;
        }
        assert!(checked >= 10);
    }

    #[test]
    fn other_formats() {
        let parse = |format: &str, text: &str| TimeFormat::new(format).expect("known").parse(text);
        assert_eq!(parse("%d/%m/%y", "02/01/69"), parse("%Y-%m-%d", "1969-01-02"));
        assert_eq!(parse("%d/%m/%y", "02/01/68"), parse("%Y-%m-%d", "2068-01-02"));
        assert_eq!(parse("%d %b %Y", "2 Jan 1980"), parse("%Y-%m-%d", "1980-01-02"));
        assert_eq!(parse("%d %B %Y", "2 JANUARY 1980"), parse("%Y-%m-%d", "1980-01-02"));
        assert_eq!(parse("%d %b %Y", "2 janx 1980"), None);
        assert_eq!(parse("%Y-%m-%dT%H:%M:%SZ", "1980-01-02T03:04:05Z"), Some(315_630_245.0));
        assert_eq!(parse("%Y-%m-%d %H:%M:%S", "1980-01-02 24:00:00"), None);
        assert_eq!(TimeFormat::new("%x"), None);
        assert_eq!(parse_iso("1980-01-02 03:04:05"), Some(315_630_245.0));
        assert_eq!(parse_iso("1980-01-02"), Some(315_619_200.0));
        assert_eq!(parse_iso("1980-01"), None);
    }

    /// DuckDB 2.0.1: `select epoch(cast('TEXT' as timestamp))`; where there is no answer, it is an error there.
    #[test]
    fn iso_times_are_read_as_duckdb_casts_them() {
        for (text, expected) in [
            ("1980-04-03 00:00:00.000", Some(323_568_000.0)),
            ("1980-04-03 10:20:30.5", Some(323_605_230.5)),
            ("1980-04-03 10:20:30.1234567", Some(323_605_230.123_456)),
            ("1980-04-03 10:20:30.", Some(323_605_230.0)),
            ("1980-04-03T10:20:30Z", Some(323_605_230.0)),
            ("1980-04-03 10:20:30.000+00:00", Some(323_605_230.0)),
            ("1980-04-03 10:20:30+00", Some(323_605_230.0)),
            ("1980-04-03 10:20:30 UTC", Some(323_605_230.0)),
            ("1980-04-03  10:20:30", Some(323_605_230.0)),
            ("1980-04-03 10:20", Some(323_605_200.0)),
            ("1980-04-03 1:2:3", Some(323_571_723.0)),
            ("1980-04-03 24:00:00", Some(323_654_400.0)),
            ("1980/04/03", Some(323_568_000.0)),
            ("1980-4-3", Some(323_568_000.0)),
            ("80-04-03", Some(-59_634_576_000.0)),
            ("1980-04/03", None),
            ("1980-+4-03", None),
            ("1980-004-03", None),
            ("1980-02-30", None),
            ("1980-04-03x", None),
            ("1980-04-03z", None),
            ("1980-04-03+01", None),
            ("19800403", None),
            ("1980-04-03 10", None),
            ("1980-04-03 10:20.5", None),
            ("1980-04-03 10:20:60", None),
            ("1980-04-03 10:20:30z", None),
            ("1980-04-03 10:20:30+1", None),
        ] {
            assert_eq!(parse_iso(text), expected, "{text}");
        }
        // A TIMESTAMP ignores the zone, a TIMESTAMP WITH TIME ZONE does not: this is refused.
        assert_eq!(parse_iso("1980-04-03 10:20:30+01:00"), None);
    }

    #[test]
    fn boundaries_are_counted_not_spans() {
        let at = |text: &str| parse_iso(text).expect("a date");
        assert_eq!(Boundary::Year.between(at("1980-12-31"), at("1981-01-01")), Some(1.0));
        assert_eq!(Boundary::Month.between(at("1980-12-31"), at("1981-01-01")), Some(1.0));
        assert_eq!(Boundary::Day.between(at("1981-01-01"), at("1980-12-30")), Some(-2.0));
    }
}
