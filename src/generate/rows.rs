//! One record as the cells of one provider's extract: its columns, codes, date formats and habits.

use super::care::Care;
use super::health::{CONDITIONS, FRAILTY};
use super::layouts::{Part, What};
use super::people::Person;
use super::places::Address;
use super::providers::{Dates, NumberStyle, Provider, Sexes, Style};
use super::record::{Record, Written};
use jiff::civil::Date;
use std::fmt::Write;

/// Rows of text cells laid end to end.
#[derive(Debug, Default)]
pub(super) struct Rows {
    text: String,
    /// End of every cell in `text`, row after row.
    ends: Vec<u32>,
    columns: usize,
}

impl Rows {
    pub fn new(columns: usize) -> Self {
        Rows { columns, ..Default::default() }
    }

    pub fn len(&self) -> usize {
        self.ends.len() / self.columns.max(1)
    }

    /// Appends a cell that `write` writes.
    pub fn cell(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.ends.push(self.text.len() as u32);
    }

    pub fn get(&self, row: usize, column: usize) -> &str {
        let cell = row * self.columns + column;
        let start = if cell == 0 { 0 } else { self.ends[cell - 1] as usize };
        &self.text[start..self.ends[cell] as usize]
    }

    /// The cells of one row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = &str> {
        (0..self.columns).map(move |column| self.get(row, column))
    }
}

/// What a cell is made from.
pub(super) struct Source<'a> {
    pub record: &'a Record,
    pub person: &'a Person,
    /// Where the person truly lives.
    pub home: &'a Address,
    /// The practice of registration, `V81999` where unknown.
    pub practice: &'a str,
    pub provider: &'a Provider,
    /// The provider is the one of its setting that serves where the person lives.
    pub local: bool,
    pub care: &'a Care,
    pub record_id: &'a str,
    pub seen: Date,
    pub registered_until: Option<Date>,
}

impl Source<'_> {
    /// Writes the cell of one column.
    pub fn write(&self, what: What, out: &mut String) {
        let start = out.len();
        self.value(what, out);
        let style = &self.provider.kind.style;
        if out.len() == start && !matches!(what, What::RecordId | What::Unused(_) | What::WithheldReason) {
            out.push_str(style.nothing);
        } else if style.capitals && is_text(what) {
            let capitals = out[start..].to_uppercase();
            out.truncate(start);
            out.push_str(&capitals);
        }
    }

    fn value(&self, what: What, out: &mut String) {
        let (record, style) = (self.record, &self.provider.kind.style);
        match what {
            What::RecordId => out.push_str(self.record_id),
            What::NhsNumber => number(&record.nhs_number, style.numbers, out),
            What::NumberStatus => out.push_str(record.number_status),
            What::Given => out.push_str(&record.given),
            What::Middle => out.push_str(&record.middle),
            What::Family => out.push_str(&record.family),
            What::PreviousFamily => out.push_str(&record.previous_family),
            What::FullName => join(&[&record.given, &record.middle, &record.family], " ", out),
            What::NameFamilyFirst => join(&[&record.family, &record.given], ", ", out),
            What::Birth => date(record.born, style, out),
            What::BirthYear if record.born.year != 0 => drop(write!(out, "{}", record.born.year)),
            What::Death => {
                day(self.person.died.filter(|died| *died <= self.seen || self.registered_until.is_none()), style, out)
            }
            What::Sex => sex(record.female, style.sexes, out),
            What::Ethnicity => out.extend(record.ethnicity),
            What::AddressLine => out.push_str(&record.line),
            What::AddressTown if !record.line.is_empty() => out.push_str(&record.town),
            What::Address if !record.line.is_empty() => join(&[&record.line, &record.town], ", ", out),
            What::AddressLines if !record.line.is_empty() => join(&[&record.line, &record.town], "\n", out),
            What::Postcode if style.postcode_space => out.push_str(&record.postcode),
            What::Postcode => out.extend(record.postcode.chars().filter(|letter| *letter != ' ')),
            What::Uprn if record.uprn != 0 => drop(write!(out, "{}", record.uprn)),
            What::Phone => phone(record, style, out),
            What::Email => out.push_str(&record.email),
            What::Practice => out.push_str(self.practice),
            What::BirthOrder if self.person.birth_order > 0 => drop(write!(out, "{}", self.person.birth_order)),
            What::Sensitivity if self.person.index % 401 == 17 => out.push('S'),
            What::RegisteredFrom => day(record.address_from, style, out),
            What::RegisteredUntil => day(self.registered_until, style, out),
            What::AddressFrom => day(record.address_from, style, out),
            What::Updated => day(record.updated, style, out),
            What::Unused(text) => out.push_str(text),
            fact => self.fact(fact, out),
        }
    }

    /// Carried facts.
    fn fact(&self, what: What, out: &mut String) {
        let (health, style) = (&self.person.health, &self.provider.kind.style);
        let wishes = health.end_of_life;
        let setting = self.provider.setting();
        let held = self.care.wishes.as_ref().filter(|wishes| wishes.held_by(setting));
        match what {
            What::Condition(place) => out.push(if health.has(place) { 'Y' } else { 'N' }),
            What::Frailty if self.person.age_on(self.seen) >= 65 => out.push_str(FRAILTY[health.frailty as usize]),
            What::Area => out.push_str(&self.home.area_code()),
            What::Authority => out.push_str(self.home.authority),
            What::Decile => drop(write!(out, "{}", self.home.decile)),
            What::LastContact | What::Admission | What::Attendance => day(Some(self.seen), style, out),
            What::Package(place, part) => self.package(place, part, out),
            What::LivesAlone => out.push(if self.care.lives_alone { 'Y' } else { 'N' }),
            What::PreferredPlace => out.push_str(held.map_or("", |wishes| wishes.place_of_death)),
            What::PreferredPlaceOfCare => out.push_str(held.map_or("", |wishes| wishes.place_of_care)),
            What::WishesDecided => day(held.map(|wishes| wishes.decided_on), style, out),
            What::ActualPlace if self.person.died.is_some() => {
                out.push_str(self.care.wishes.as_ref().map_or("", |wishes| wishes.died_at))
            }
            What::Resuscitation => {
                out.push_str(wishes.map_or("", |wishes| if wishes.resuscitation { "N" } else { "Y" }))
            }
            What::EndOfLifeRegister => out.push(if wishes.is_some() { 'Y' } else { 'N' }),
            _ => {}
        }
    }
}

impl Source<'_> {
    /// A provider that is not the person's own knows of no package.
    fn package(&self, place: usize, part: Part, out: &mut String) {
        let style = &self.provider.kind.style;
        let Some(package) = self.care.at(self.provider.setting(), place).filter(|_| self.local) else { return };
        match part {
            Part::Service => out.push_str(package.service),
            Part::Need => out.push_str(package.need),
            Part::Because => out.push_str(package.because),
            Part::From => day(Some(package.from), style, out),
            Part::Until => day(package.until, style, out),
            Part::PlannedUntil => day(package.planned_until, style, out),
        }
    }
}

/// The name of a condition's fact.
pub(super) fn condition_name(place: usize) -> &'static str {
    CONDITIONS[place].0
}

fn is_text(what: What) -> bool {
    use What::*;
    matches!(
        what,
        Given | Middle | Family | FullName | NameFamilyFirst | Address | AddressLine | AddressLines | AddressTown
    )
}

fn join(parts: &[&str], between: &str, out: &mut String) {
    let mut first = true;
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !std::mem::take(&mut first) {
            out.push_str(between);
        }
        out.push_str(part);
    }
}

fn number(digits: &str, style: NumberStyle, out: &mut String) {
    match style {
        _ if digits.len() != 10 => out.push_str(digits),
        NumberStyle::Plain => out.push_str(digits),
        NumberStyle::Spaced => join(&[&digits[..3], &digits[3..6], &digits[6..]], " ", out),
        NumberStyle::Decimal => join(&[digits, "0"], ".", out),
    }
}

/// Half of the landlines and mobiles are written with a space or a country code.
fn phone(record: &Record, style: &Style, out: &mut String) {
    let digits = record.phone.as_str();
    match digits.len() {
        11 if style.capitals => join(&[&digits[..5], &digits[5..]], " ", out),
        11 if style.sexes == Sexes::Words => join(&["+44", &digits[1..]], "", out),
        _ => out.push_str(digits),
    }
}

fn sex(female: Option<bool>, style: Sexes, out: &mut String) {
    let [woman, man, unknown] = match style {
        Sexes::Digits => ["2", "1", "X"],
        Sexes::OldDigits => ["2", "1", "0"],
        Sexes::Letters => ["F", "M", "U"],
        Sexes::Words => ["Female", "Male", "Unknown"],
        Sexes::Decimals => ["2.0", "1.0", ""],
        Sexes::Own => ["FEM", "MAL", "UNK"],
    };
    out.push_str(match female {
        Some(true) => woman,
        Some(false) => man,
        None => unknown,
    });
}

fn day(day: Option<Date>, style: &Style, out: &mut String) {
    if let Some(day) = day {
        date(day.into(), style, out);
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn date(written: Written, style: &Style, out: &mut String) {
    let Written { year, month, day } = written;
    if year == 0 {
        return;
    }
    let done = match style.dates {
        Dates::Iso => write!(out, "{year:04}-{month:02}-{day:02}"),
        Dates::DayFirst => write!(out, "{day:02}/{month:02}/{year:04}"),
        Dates::Dotted => write!(out, "{day:02}.{month:02}.{year:04}"),
        Dates::MonthNames => write!(out, "{day:02}-{}-{year:04}", MONTHS[month.clamp(1, 12) as usize - 1]),
        Dates::Compact => write!(out, "{year:04}{month:02}{day:02}"),
        Dates::Serial => write!(out, "{}", serial(written)),
    };
    done.expect("a String takes what is written");
}

/// Days since 30 December 1899; an impossible day of a month counts on into the next one, as spreadsheets do.
fn serial(written: Written) -> i32 {
    let first = jiff::civil::date(written.year, written.month.clamp(1, 12) as i8, 1);
    (first - jiff::civil::date(1899, 12, 30)).get_days() + i32::from(written.day) - 1
}
