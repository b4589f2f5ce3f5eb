//! What a column of dates teaches about how it writes them, and reading one date under it.
//!
//! Eight digits need no learning between year-first and year-last: YYYYMMDD has a month in the third pair, DDMMYYYY a century.

use super::parts::{Cut, Order, Parts, cut, two};
use crate::standardise::characters::{strip_point_zero, trim};
use jiff::civil::Date;

/// How one column writes its dates.
#[derive(Debug, Clone)]
pub struct DateContext {
    pub(super) as_of: Date,
    /// A strptime format that the job gives.
    format: Option<String>,
    /// Day or month first, where the year stands last.
    order: Order,
    /// Whether a two-digit year stands first ("80-11-12").
    short_year_first: bool,
    /// Whether small numbers are days since 1899-12-30 rather than years.
    serials: bool,
    /// Most dates lie before 1890: a historical source, in which default dates are dates.
    pub(super) historic: bool,
    found: Option<String>,
}

/// How a column was found to write its dates when a model was learnt: what is frozen of it, so that no night reads 3 April for 4 March
/// because of what else happens to stand in the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DateFormat {
    pub order: Order,
    pub short_year_first: bool,
    pub serials: bool,
    pub historic: bool,
}

/// Rows of a column by the way in which they write a date.
#[derive(Debug, Default)]
struct Tally {
    day_first: u64,
    month_first: u64,
    either: u64,
    short_year_first: u64,
    short_year_last: u64,
    year_first: u64,
    eight_digits: u64,
    named_month: u64,
    serial: u64,
    year_alone: u64,
    unread: u64,
    historic: u64,
    dated: u64,
}

impl DateContext {
    /// Learns from the distinct values of a column and their counts. `format` is strptime's and goes before all that is found.
    pub fn learn(format: Option<&str>, as_of: Date, distinct: &mut dyn Iterator<Item = (&str, u64)>) -> DateContext {
        let mut tally = Tally::default();
        for (raw, count) in distinct {
            tally.add(trim(raw), count);
        }
        let stated = format.and_then(order_of_format);
        let order = stated.unwrap_or(if tally.month_first > tally.day_first {
            Order::MonthDayYear
        } else {
            Order::DayMonthYear
        });
        DateContext {
            as_of,
            format: format.map(str::to_string),
            order,
            short_year_first: tally.short_year_first > tally.short_year_last,
            serials: tally.serial > tally.year_alone,
            historic: tally.dated > 0 && tally.historic * 2 > tally.dated,
            found: match format {
                Some(format) => Some(format!("dates as {format}, as the job says")),
                None => tally.in_words(order),
            },
        }
    }

    /// The same, but as a model froze it; a format that the job gives still goes first. What was found is told as it was found.
    pub fn frozen(mut self, format: DateFormat) -> DateContext {
        if self.format.as_deref().and_then(order_of_format).is_none() {
            self.order = format.order;
        }
        (self.short_year_first, self.serials, self.historic) =
            (format.short_year_first, format.serials, format.historic);
        self
    }

    /// What a model freezes of it; `None` where the column holds no date.
    pub fn format(&self) -> Option<DateFormat> {
        let DateContext { order, short_year_first, serials, historic, .. } = *self;
        self.found.is_some().then_some(DateFormat { order, short_year_first, serials, historic })
    }

    /// In words, for run.json; `None` where the column holds no date.
    pub fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// Reads one trimmed value; `None` where it is no date.
    pub(in crate::standardise) fn read(&self, value: &str) -> Option<Parts> {
        let bytes = value.as_bytes();
        if bytes.len() == 8
            && let Some(parts) = Parts::read_canonical(bytes)
            && self.format.as_deref() != Some("%Y%d%m")
        {
            return Some(parts);
        }
        // 1980-11-12, the commonest form; a time may follow.
        if bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' && self.format.is_none() {
            let ended = bytes.len() == 10 || matches!(bytes[10], b' ' | b'T');
            if let (true, Some(high), Some(low), Some(month), Some(day)) =
                (ended, two(bytes, 0), two(bytes, 2), two(bytes, 5), two(bytes, 8))
            {
                return Parts::in_order((high * 100 + low) as i32, month, day);
            }
        }
        if let Some(format) = &self.format
            && let Some(parts) = self.read_format(format, value)
        {
            return Some(parts);
        }
        let cut = cut(strip_point_zero(value).as_bytes())?;
        match (cut.count, cut.month) {
            (0, _) => None,
            (_, Some(month)) => self.read_named_month(&cut, month),
            (1, None) => self.read_number(cut.numbers[0]),
            (2, None) => self.read_two(&cut),
            (3, None) => self.read_three(&cut),
            // A time without a colon after eight digits is handled by the count of digits; four numbers are no date.
            _ => None,
        }
    }

    /// By the job's own format. Digits are taken as written: 30 February is read.
    fn read_format(&self, format: &str, value: &str) -> Option<Parts> {
        let time = jiff::fmt::strtime::BrokenDownTime::parse(format, value).ok()?;
        let part = |part: Option<i8>| part.map_or(0, |part| part.unsigned_abs().into());
        let mut year = i32::from(time.year()?);
        if format.contains("%y") && year > i32::from(self.as_of.year()) {
            year -= 100;
        }
        Parts::new(year, part(time.month()), part(time.day()))
    }

    /// "12 Nov 1980", "November 12, 1980", "12-NOV-80", "Nov 1980", "1980 Nov 12".
    fn read_named_month(&self, cut: &Cut, month: u32) -> Option<Parts> {
        let (first, second) = (cut.numbers[0], cut.numbers[1]);
        match cut.count {
            1 if first.1 == 4 => Parts::new(first.0 as i32, month, 0),
            // "Nov-80"; "12-Nov" has lost its year.
            1 if first.1 == 2 && cut.before_month == 0 => Parts::new(self.century(first.0), month, 0),
            2 if first.1 == 4 && second.1 <= 2 => Parts::new(first.0 as i32, month, second.0),
            2 if first.1 <= 2 && second.1 == 4 => Parts::new(second.0 as i32, month, first.0),
            2 if first.1 == 2 && first.0 > 31 && second.1 <= 2 => Parts::new(self.century(first.0), month, second.0),
            2 if first.1 <= 2 && second.1 == 2 => Parts::new(self.century(second.0), month, first.0),
            _ => None,
        }
    }

    /// One number: YYYYMMDD, DDMMYYYY, DDMMYY, a spreadsheet's serial day, or a year.
    fn read_number(&self, (value, digits): (u32, usize)) -> Option<Parts> {
        match digits {
            7 | 8 => self.read_eight_digits(value),
            6 => {
                let (a, b, c) = (value / 10_000, value / 100 % 100, value % 100);
                if (1800..=2100).contains(&(value / 100)) && (1..=12).contains(&c) && !(1..=12).contains(&b) {
                    return Parts::new((value / 100) as i32, c, 0);
                }
                self.read_short(a, b, c)
            }
            5 => serial(value),
            4 if (1800..=2100).contains(&value) && !self.serials => Parts::new(value as i32, 0, 0),
            1..=4 if self.serials => serial(value),
            4 => Parts::new(value as i32, 0, 0).filter(|_| (1000..=2100).contains(&value)),
            _ => None,
        }
    }

    /// Eight digits that are not a likely YYYYMMDD (or seven, of which the first was a zero).
    fn read_eight_digits(&self, value: u32) -> Option<Parts> {
        let (a, b, year) = (value / 1_000_000, value / 10_000 % 100, (value % 10_000) as i32);
        let (day, month) = if self.order == Order::MonthDayYear { (b, a) } else { (a, b) };
        let likely = (1800..=2100).contains(&year);
        if likely
            && let Some(parts) =
                Parts::in_order(year, month, day).filter(|parts| parts.month <= 12 && day.max(month) <= 31)
        {
            return Some(parts);
        }
        let (year_first, month_last, day_last) = ((value / 10_000) as i32, value / 100 % 100, value % 100);
        if (1..=12).contains(&month_last) && day_last <= 31 {
            return Parts::new(year_first, month_last, day_last);
        }
        if likely {
            return Parts::new(year, month, day);
        }
        (1800..=2100).contains(&year_first).then(|| Parts::new(year_first, month_last, day_last))?
    }

    fn read_two(&self, cut: &Cut) -> Option<Parts> {
        let [(first, first_digits), (second, second_digits), ..] = cut.numbers;
        match (first_digits, second_digits) {
            (4, 1 | 2) => Parts::new(first as i32, second, 0),
            (1 | 2, 4) => Parts::new(second as i32, first, 0),
            // Eight digits and a time; a serial day and its fraction.
            (8, _) => Parts::read_canonical(format!("{first:08}").as_bytes()).or_else(|| self.read_eight_digits(first)),
            (5, _) => serial(first),
            _ => None,
        }
    }

    fn read_three(&self, cut: &Cut) -> Option<Parts> {
        let [(a, a_digits), (b, b_digits), (c, c_digits), ..] = cut.numbers;
        if b_digits > 2 {
            return None;
        }
        match (a_digits, c_digits) {
            (4, 1 | 2) => Parts::in_order(a as i32, b, c),
            (1 | 2, 4) if self.order == Order::MonthDayYear => Parts::in_order(c as i32, a, b),
            (1 | 2, 4) => Parts::in_order(c as i32, b, a),
            (1 | 2, 1 | 2) => self.read_short(a, b, c),
            _ => None,
        }
    }

    /// Three numbers of two digits.
    fn read_short(&self, a: u32, b: u32, c: u32) -> Option<Parts> {
        let year_first = a > 31 || (self.short_year_first && c <= 31);
        if year_first {
            return Parts::in_order(self.century(a), b, c);
        }
        match self.order {
            Order::MonthDayYear => Parts::in_order(self.century(c), a, b),
            _ => Parts::in_order(self.century(c), b, a),
        }
    }

    /// The latest year with these last two digits that is not after `as_of`.
    fn century(&self, two_digits: u32) -> i32 {
        let now = i32::from(self.as_of.year());
        let year = now - now.rem_euclid(100) + two_digits as i32;
        if year > now { year - 100 } else { year }
    }
}

/// Days since the spreadsheet's zero day. Numbers up to 60 count from one day later: spreadsheets believe in 29 February 1900.
fn serial(days: u32) -> Option<Parts> {
    let shift = i64::from(days) + i64::from((1..60).contains(&days));
    let date = Date::constant(1899, 12, 30).checked_add(jiff::Span::new().days(shift)).ok()?;
    (date.year() <= 2150).then(|| Parts::from_date(date))
}

/// The order that a strptime format states, for values that do not follow it to the letter.
fn order_of_format(format: &str) -> Option<Order> {
    let at = |codes: [&str; 4]| codes.iter().filter_map(|code| format.find(code)).min();
    let day = at(["%d", "%e", "%-d", "%D"])?;
    let month = at(["%m", "%b", "%B", "%-m"])?;
    let year = at(["%Y", "%y", "%Y", "%y"])?;
    Some(if year < day && year < month {
        Order::YearMonthDay
    } else if month < day {
        Order::MonthDayYear
    } else {
        Order::DayMonthYear
    })
}

impl Tally {
    fn add(&mut self, value: &str, count: u64) {
        if value.is_empty() {
            return;
        }
        let Some(cut) = cut(strip_point_zero(value).as_bytes()).filter(|cut| cut.count > 0) else {
            self.unread += count;
            return;
        };
        let [(a, a_digits), (b, b_digits), (c, c_digits), ..] = cut.numbers;
        let year = if cut.month.is_some() {
            self.named_month += count;
            if cut.numbers[cut.count - 1].1 == 4 { cut.numbers[cut.count - 1].0 } else { 0 }
        } else {
            match (cut.count, a_digits, c_digits) {
                (3, 4, _) => {
                    self.year_first += count;
                    a
                }
                (3, 1 | 2, 4) if b_digits <= 2 => {
                    self.add_order(a, b, count);
                    c
                }
                (3, 1 | 2, 1 | 2) if b_digits <= 2 => {
                    self.add_short(a, b, c, count);
                    0
                }
                (1 | 2, 8, _) => self.add_eight_digits(a, count),
                (1, 7, _) => {
                    self.add_order(a / 1_000_000, a / 10_000 % 100, count);
                    a % 10_000
                }
                (1, 6, _) => {
                    self.add_short(a / 10_000, a / 100 % 100, a % 100, count);
                    0
                }
                (1 | 2, 5, _) => {
                    self.serial += count;
                    0
                }
                (1, 4, _) => {
                    self.year_alone += count;
                    a
                }
                (2, 4, _) => a,
                _ => {
                    self.unread += count;
                    0
                }
            }
        };
        if year > 0 {
            self.dated += count;
            self.historic += if year < 1890 { count } else { 0 };
        }
    }

    fn add_order(&mut self, first: u32, second: u32, count: u64) {
        match (first, second) {
            (13..=31, 1..=12) => self.day_first += count,
            (1..=12, 13..=31) => self.month_first += count,
            (1..=12, 1..=12) => self.either += count,
            _ => {}
        }
    }

    fn add_short(&mut self, a: u32, b: u32, c: u32, count: u64) {
        if a > 31 && c <= 31 {
            self.short_year_first += count;
        } else if c > 31 && a <= 31 {
            self.short_year_last += count;
            self.add_order(a, b, count);
        } else {
            self.either += count;
        }
    }

    /// Returns the year.
    fn add_eight_digits(&mut self, value: u32, count: u64) -> u32 {
        self.eight_digits += count;
        match Parts::read_canonical(format!("{value:08}").as_bytes()) {
            Some(parts) => parts.year.unsigned_abs().into(),
            None => {
                self.add_order(value / 1_000_000, value / 10_000 % 100, count);
                value % 10_000
            }
        }
    }

    /// What was found, with how sure it is.
    fn in_words(&self, order: Order) -> Option<String> {
        let mut forms = [
            (self.day_first + self.month_first + self.either, "day, month, year"),
            (self.year_first, "year-month-day"),
            (self.eight_digits, "eight digits"),
            (self.named_month, "month names"),
            (self.serial, "spreadsheet serial days"),
            (self.year_alone, "years"),
            (self.short_year_first, "two-digit year first"),
        ];
        let total: u64 = forms.iter().map(|(count, _)| count).sum::<u64>() + self.unread;
        forms.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        if forms[0].0 == 0 {
            return None;
        }
        let share = |part: u64, whole: u64| format!("{} %", part * 100 / whole.max(1));
        let main = if forms[0].1 == "day, month, year" || (forms[0].1 == "eight digits" && self.decided() > 0) {
            if order == Order::MonthDayYear { "month/day/year" } else { "day/month/year" }
        } else {
            forms[0].1
        };
        let mut words = format!("dates as {main}");
        if forms[0].0 < total {
            words.push_str(&format!(" in {}", share(forms[0].0, total)));
        }
        words.push_str(&self.ambiguity(order));
        if self.historic * 2 > self.dated && self.dated > 0 {
            words.push_str("; most lie before 1890, so default dates are taken as dates");
        }
        Some(words)
    }

    fn decided(&self) -> u64 {
        self.day_first + self.month_first
    }

    fn ambiguity(&self, order: Order) -> String {
        let (both, decided) = (self.decided() + self.either, self.decided());
        if both == 0 {
            return String::new();
        }
        if decided == 0 {
            return ", ambiguous: no value tells day from month".to_string();
        }
        let against = if order == Order::MonthDayYear { self.day_first } else { self.month_first };
        let mut words = format!(", unambiguous in {} %", decided * 100 / both);
        if against > 0 {
            words.push_str(&format!(", of which {} % the other way round", against * 100 / decided.max(1)));
        }
        words
    }
}
