//! Requests: what a baseline sees of each record, and the order in which records are asked about.

use super::soundex::{Soundex, soundex};
use crate::job::{Field, Job, Setting};
use crate::records::{Column, Dictionary, Identities, MISSING, Records};
use crate::standardise::{date, variants};
use rayon::prelude::*;
use std::cmp::Reverse;

/// Characters that the Master Person Service deletes from names (DOMAIN: input cleaning; the page's "Number" is taken for `#`).
const DELETED: &str = "!$%&()[]{}=:;~@|<>.?/_\\£#";

/// One record as a request. Codes are those of the records' clean columns, those of names of [`Names`]; [`MISSING`] where absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    /// An NHS number of England, Wales or the Isle of Man.
    pub number: u32,
    pub born: Born,
    pub gender: Gender,
    pub given: u32,
    pub other: u32,
    pub family: u32,
    pub previous_family: u32,
    pub postcode: u32,
    /// Whether `postcode` is a whole British one.
    pub whole_postcode: bool,
    pub address: u32,
    pub practice: u32,
    pub died: u32,
    /// An identifier within the record's provider.
    pub local_id: u32,
}

/// A date of birth, part by part; 0 where a part is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Born {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    /// Whether there is such a day.
    pub valid: bool,
}

impl Born {
    /// Reads a canonical date, "YYYYMMDD" with `-` for unknown digits, or a canonical year.
    pub fn read(canonical: &str) -> Born {
        let part = |from: usize, to: usize| canonical.get(from..to).and_then(|part| part.parse().ok()).unwrap_or(0);
        Born {
            year: part(0, 4),
            month: part(4, 6) as u8,
            day: part(6, 8) as u8,
            valid: canonical.len() == 8 && date::to_calendar(canonical).is_some(),
        }
    }

    /// Exactly the same day.
    pub fn is(self, other: Born) -> bool {
        self.valid && self == other
    }
}

/// PDS's sex codes; `None` where the request says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Gender {
    None,
    NotKnown,
    Male,
    Female,
    NotSpecified,
}

impl Gender {
    fn read(canonical: Option<&str>) -> Gender {
        match canonical {
            Some("male") => Gender::Male,
            Some("female") => Gender::Female,
            Some("indeterminate") => Gender::NotSpecified,
            Some(_) => Gender::NotKnown,
            None => Gender::None,
        }
    }
}

/// The distinct names of all requests, with their Soundex codes.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub text: Dictionary,
    soundex: Vec<Soundex>,
    /// Of the full form ("BILL" → William), spaces and hyphens removed.
    full_form: Vec<Soundex>,
}

impl Names {
    fn intern(&mut self, name: &str) -> u32 {
        let code = self.text.intern(name);
        if code as usize == self.soundex.len() {
            self.soundex.push(soundex(name));
            let joined: String = name.chars().filter(|c| *c != ' ' && *c != '-').collect();
            self.full_form.push(soundex(variants::full_form(&joined.to_lowercase())));
        }
        code
    }

    /// The Soundex code of a name as it stands; 0 for none.
    pub fn soundex(&self, code: u32) -> Soundex {
        if code == MISSING { 0 } else { self.soundex[code as usize] }
    }

    /// The Soundex code of the full form of a given name; 0 for none.
    pub fn full_form(&self, code: u32) -> Soundex {
        if code == MISSING { 0 } else { self.full_form[code as usize] }
    }
}

/// All requests of a job.
pub(super) struct Requests<'a> {
    pub records: &'a Records,
    /// One a record, in the order of the records.
    pub list: Vec<Request>,
    pub names: Names,
}

impl<'a> Requests<'a> {
    pub fn gather(records: &'a Records) -> Requests<'a> {
        let mut names = Names::default();
        let [given, other, family, previous] =
            [Field::GivenName, Field::MiddleName, Field::FamilyName, Field::PreviousFamilyName]
                .map(|field| name_codes(records, field, &mut names));
        let numbers = translated(records, Field::NhsNumber, |number| !number.contains(':'));
        let british = flags(records, Field::Postcode, |postcode| !postcode.bytes().any(|b| b.is_ascii_lowercase()));
        let whole = flags(records, Field::Postcode, is_whole);
        let born: Vec<Born> = per_value(records, Field::DateOfBirth, Born::read);
        let years: Vec<Born> = per_value(records, Field::YearOfBirth, Born::read);
        let code =
            |field: Field, record: usize| records.clean.get(&field).map_or(MISSING, |column| column.code(record));
        let request = |record: usize| {
            let (date, year) = (code(Field::DateOfBirth, record), code(Field::YearOfBirth, record));
            let postcode = code(Field::Postcode, record);
            Request {
                number: numbers[record],
                born: match (date, year) {
                    (MISSING, MISSING) => Born::default(),
                    (MISSING, year) => years[year as usize],
                    (date, _) => born[date as usize],
                },
                gender: Gender::read(records.value(Field::Sex, record)),
                given: given[record],
                other: other[record],
                family: family[record],
                previous_family: previous[record],
                postcode: if postcode != MISSING && british[postcode as usize] { postcode } else { MISSING },
                whole_postcode: postcode != MISSING && whole[postcode as usize],
                address: code(Field::Address, record),
                practice: code(Field::GpPractice, record),
                died: code(Field::DateOfDeath, record),
                local_id: code(Field::LocalId, record),
            }
        };
        let list = (0..records.len()).map(request).collect();
        Requests { records, list, names }
    }

    /// The text of a code of `field`.
    pub fn text(&self, field: Field, code: u32) -> &str {
        self.records.clean[&field].values.get(code)
    }
}

/// The order in which records are asked about: by `rank`, lowest first; general practice, then the most trusted providers; then by
/// content, so that the order of rows and files changes nothing.
pub(super) fn order(job: &Job, records: &Records, rank: impl Fn(usize) -> u8 + Sync) -> Vec<u32> {
    let names = job.custom_names();
    let identities = Identities::of(records, &names, |_| true);
    let key = |&record: &u32| {
        let record = record as usize;
        let provider = &job.providers[usize::from(records.provider[record])];
        let elsewhere = provider.setting != Setting::GeneralPractice;
        (rank(record), elsewhere, Reverse(provider.trust), identities.of_record[record], provider.id.as_str())
    };
    let id = |record: u32| (records.record_id.get(record as usize), records.source_row[record as usize]);
    let mut order: Vec<u32> = (0..records.len() as u32).collect();
    order.par_sort_unstable_by(|a, b| key(a).cmp(&key(b)).then_with(|| id(*a).cmp(&id(*b))));
    order
}

/// Names as they were sent, cleaned as the service cleans them; the parts of a full name where a provider sends no other.
fn name_codes(records: &Records, field: Field, names: &mut Names) -> Vec<u32> {
    let mut codes = vec![MISSING; records.len()];
    let mut fill = |column: Option<&Column>| {
        let Some(column) = column else { return };
        let mut cleaned = String::new();
        let translate: Vec<u32> = column
            .values
            .iter()
            .map(|value| {
                clean_name(value, &mut cleaned);
                if cleaned.is_empty() { MISSING } else { names.intern(&cleaned) }
            })
            .collect();
        let open =
            codes.iter_mut().zip(column.codes.iter()).filter(|(slot, code)| **slot == MISSING && *code != MISSING);
        open.for_each(|(slot, code)| *slot = translate[code as usize]);
    };
    fill(records.raw.get(&field));
    if records.raw.contains_key(&Field::FullName) {
        // The service knows no full name: here the standardised parts stand for what a provider would have sent.
        fill(records.clean.get(&field));
    }
    codes
}

/// Upper case, without the deleted characters and outer space. Aliases after a bar (only in standardised names) are left off.
fn clean_name(sent: &str, out: &mut String) {
    out.clear();
    let main = sent.split('|').next().unwrap_or_default();
    out.extend(main.chars().filter(|c| !DELETED.contains(*c)).flat_map(char::to_uppercase));
    let trimmed = out.trim();
    if trimmed.len() < out.len() {
        *out = trimmed.to_string();
    }
}

/// A postcode down to the last letter.
fn is_whole(canonical: &str) -> bool {
    let inward = canonical.split_once(' ').map(|(_, inward)| inward.as_bytes());
    inward.is_some_and(|inward| {
        inward.len() == 3 && inward[0].is_ascii_digit() && inward[1..].iter().all(u8::is_ascii_uppercase)
    })
}

fn per_value<T>(records: &Records, field: Field, read: impl Fn(&str) -> T) -> Vec<T> {
    records.clean.get(&field).map_or(Vec::new(), |column| column.values.iter().map(read).collect())
}

fn flags(records: &Records, field: Field, holds: impl Fn(&str) -> bool) -> Vec<bool> {
    per_value(records, field, holds)
}

/// The codes of `field` by record, only those of values for which `keep` holds.
fn translated(records: &Records, field: Field, keep: impl Fn(&str) -> bool) -> Vec<u32> {
    let Some(column) = records.clean.get(&field) else { return vec![MISSING; records.len()] };
    let kept = flags(records, field, keep);
    let code = |code: u32| if code != MISSING && kept[code as usize] { code } else { MISSING };
    column.codes.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_as_the_service_does() {
        for (sent, cleaned) in [
            ("  O'Brien (deceased) ", "O'BRIEN DECEASED"),
            ("Smith-Jones", "SMITH-JONES"),
            ("zoë", "ZOË"),
            ("?", ""),
            ("elizabeth|liz", "ELIZABETH"),
        ] {
            let mut out = String::new();
            clean_name(sent, &mut out);
            assert_eq!(out, cleaned, "{sent}");
        }
    }

    #[test]
    fn dates_and_postcodes() {
        assert_eq!(Born::read("19800403"), Born { year: 1980, month: 4, day: 3, valid: true });
        assert_eq!(Born::read("19800230"), Born { year: 1980, month: 2, day: 30, valid: false });
        assert_eq!(Born::read("1980----"), Born { year: 1980, month: 0, day: 0, valid: false });
        assert_eq!(Born::read("1980"), Born { year: 1980, month: 0, day: 0, valid: false });
        assert!(!Born::default().is(Born::default()), "two unknown dates are not the same day");
        assert!(is_whole("NW1 4AB") && !is_whole("NW1") && !is_whole("NW1 4") && !is_whole("75008 paris"));
    }

    #[test]
    fn pet_forms_share_the_code_of_their_full_form() {
        let mut names = Names::default();
        let [bill, william, mary_ann] = ["BILL", "WILLIAM", "MARY-ANN"].map(|name| names.intern(name));
        assert_eq!(names.full_form(bill), names.full_form(william));
        assert_ne!(names.soundex(bill), names.soundex(william));
        assert_eq!(names.soundex(mary_ann), soundex("MARYANN"));
        assert_eq!((names.soundex(MISSING), names.full_form(MISSING)), (0, 0));
    }
}
