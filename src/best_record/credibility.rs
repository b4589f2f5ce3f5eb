//! Which of a person's values of one field is the most credible.

use super::dates::{self, NO_DATE};
use super::people::{BestField, NO_ROW, Values};
use super::readable::Reader;
use super::rows::Rows;
use crate::job::{Field, Job};
use crate::records::{self, Codes, Dictionary, MISSING, Records};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// What all fields need.
pub(super) struct Chooser<'a> {
    pub(super) job: &'a Job,
    pub(super) records: &'a Records,
    pub(super) rows: &'a Rows,
    /// By provider.
    trust: Vec<u8>,
    /// When each row was last updated, in days; [`NO_DATE`] where unknown or after `as_of`. Empty where no provider says.
    updated: Vec<i32>,
}

impl<'a> Chooser<'a> {
    pub(super) fn new(job: &'a Job, records: &'a Records, rows: &'a Rows) -> Self {
        let trust = job.providers.iter().map(|provider| provider.trust).collect();
        Chooser { job, records, rows, trust, updated: dates::updated(records, job.as_of) }
    }

    pub(super) fn updated(&self, row: u32) -> i32 {
        self.updated.get(row as usize).copied().unwrap_or(NO_DATE)
    }

    pub(super) fn trust(&self, row: u32) -> u8 {
        self.trust[self.records.provider[row as usize] as usize]
    }

    /// The row of each person's most credible value, or [`NO_ROW`].
    ///
    /// `place` (each person's chosen row of the postcode, and that column) limits the choice to rows of that place where there are
    /// any, so that an address and its postcode belong together.
    pub(super) fn choose(&self, column: &Column, place: Option<(&[u32], &Column)>) -> Vec<u32> {
        let choose = |candidates: &mut Vec<Candidate>, person: usize| {
            candidates.clear();
            candidates.extend(self.rows.of_person(person).iter().filter_map(|&row| {
                let code = column.codes.at(row as usize);
                (code != MISSING && column.standing[code as usize] != Standing::Refused)
                    .then_some(Candidate { code, row })
            }));
            if let Some((chosen, postcode)) = place {
                keep_place(candidates, chosen[person], &postcode.codes);
            }
            match candidates.as_slice() {
                [] => NO_ROW,
                [only] => only.row,
                _ => self.most_credible(column, candidates),
            }
        };
        (0..self.rows.people()).into_par_iter().map_init(Vec::new, choose).collect()
    }

    fn most_credible(&self, column: &Column, candidates: &mut [Candidate]) -> u32 {
        let provider = |row: u32| self.records.provider[row as usize];
        candidates.sort_unstable_by_key(|candidate| (candidate.code, provider(candidate.row), candidate.row));
        let groups = candidates.chunk_by(|a, b| a.code == b.code);
        let ranked = groups.map(|group| {
            let providers = group.chunk_by(|a, b| provider(a.row) == provider(b.row));
            let credibility = Credibility {
                standing: column.standing[group[0].code as usize],
                verified: column.number && group.iter().any(|one| self.records.number_verified[one.row as usize]),
                agreement: providers.map(|same| u32::from(self.trust(same[0].row))).sum(),
                updated: group.iter().map(|one| self.updated(one.row)).max().unwrap_or(NO_DATE),
                trust: group.iter().map(|one| self.trust(one.row)).max().unwrap_or(0),
            };
            (credibility, group)
        });
        // At last the smallest value; texts are far away in memory and only fetched where everything else is equal.
        let content = |group: &[Candidate]| column.values.get(group[0].code);
        let best = ranked.max_by(|a, b| a.0.cmp(&b.0).then_with(|| content(b.1).cmp(content(a.1))));
        let best = best.expect("there are candidates").1;
        let source = best.iter().max_by_key(|one| {
            let verified = column.number && self.records.number_verified[one.row as usize];
            (verified, self.updated(one.row), self.trust(one.row), std::cmp::Reverse(one.row))
        });
        source.expect("a group is never empty").row
    }
}

/// Rows of another place go, if any row of the chosen place is left.
fn keep_place(candidates: &mut Vec<Candidate>, chosen: u32, postcode: &Codes) {
    if chosen == NO_ROW {
        return;
    }
    let here = |candidate: &Candidate| postcode.at(candidate.row as usize) == postcode.at(chosen as usize);
    if candidates.iter().any(here) {
        candidates.retain(here);
    }
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    code: u32,
    row: u32,
}

/// The order of credibility, most important first (DESIGN section 5, issue item 10); after it, the smallest value.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Credibility {
    standing: Standing,
    /// Only NHS numbers are ever verified.
    verified: bool,
    /// Trust of the distinct providers that give this value, added up.
    agreement: u32,
    updated: i32,
    trust: u8,
}

/// What a value can be used for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Cannot be true: never shown.
    Refused,
    /// Says less than any ordinary value: shown only where there is nothing else.
    Weak,
    Ordinary,
}

/// A column of clean values, and what each value is worth.
pub(super) struct Column<'a> {
    field: Field,
    pub(super) codes: Cow<'a, Codes>,
    pub(super) values: Cow<'a, Dictionary>,
    standing: Vec<Standing>,
    number: bool,
}

impl<'a> Column<'a> {
    /// The clean values of `field`; names without their aliases.
    pub(super) fn of(chooser: &Chooser<'a>, field: Field) -> Option<Self> {
        let clean = chooser.records.clean.get(&field)?;
        let has_aliases = is_name(field) && clean.values.iter().any(|value| value.contains(ALIAS));
        let (codes, values) = if has_aliases {
            part_of(clean, |value| value.split(ALIAS).next())
        } else {
            (Cow::Borrowed(&clean.codes), Cow::Borrowed(&clean.values))
        };
        Some(Self::judged(chooser, field, codes, values))
    }

    /// The aliases of a name, parted by [`ALIAS`]; `None` where nobody has any.
    pub(super) fn aliases(chooser: &Chooser<'a>, field: Field) -> Option<Self> {
        let clean = chooser.records.clean.get(&field)?;
        let (codes, values) = part_of(clean, |value| value.split_once(ALIAS).map(|parts| parts.1));
        (!values.is_empty()).then(|| Self::judged(chooser, field, codes, values))
    }

    fn judged(chooser: &Chooser, field: Field, codes: Cow<'a, Codes>, values: Cow<'a, Dictionary>) -> Self {
        let standing = values.iter().map(|value| standing(field, value, chooser.job.as_of)).collect();
        Column { field, codes, values, standing, number: field == Field::NhsNumber }
    }

    /// The code of a chosen row.
    pub(super) fn code(&self, row: u32) -> u32 {
        if row == NO_ROW { MISSING } else { self.codes.at(row as usize) }
    }

    /// Is there a value that could be true, and says as much as any?
    pub(super) fn is_stated(&self, code: u32) -> bool {
        code != MISSING && self.standing[code as usize] == Standing::Ordinary
    }

    /// The values of the chosen rows, as shown.
    pub(super) fn best_field(&self, chooser: &Chooser, from: Vec<u32>) -> BestField {
        let values = match self.field {
            Field::DateOfBirth | Field::DateOfDeath => {
                let days: Vec<i32> = self.values.iter().map(dates::parse_days).collect();
                Values::Date(from.iter().map(|&row| self.code(row)).map(|code| shown_day(&days, code)).collect())
            }
            _ => self.shown_texts(chooser, &from),
        };
        BestField { field: self.field, values, from }
    }

    /// Each distinct value, as it was sent by the chosen record, is made readable once.
    fn shown_texts(&self, chooser: &Chooser, from: &[u32]) -> Values {
        let raw = is_name(self.field).then(|| chooser.records.raw.get(&self.field)).flatten();
        let (keys, of_person) = match raw {
            Some(raw) => distinct_forms(from, self, raw),
            None => distinct_codes(from, self),
        };
        let reader = Reader::of(self.field, chooser.job.as_of);
        let read = |&(code, sent): &(u32, u32)| {
            let sent = raw.filter(|_| sent != MISSING).map(|raw| raw.values.get(sent));
            reader.read(self.values.get(code), sent)
        };
        let texts: Vec<Cow<str>> = keys.par_iter().map(read).collect();
        let mut values = Dictionary::default();
        let shown: Vec<u32> = texts.iter().map(|text| values.intern(text)).collect();
        let codes = of_person.iter().map(|&key| if key == MISSING { MISSING } else { shown[key as usize] }).collect();
        Values::Text { codes, values }
    }
}

/// The distinct values of the chosen rows as (code, no form), and which of them each person has.
fn distinct_codes(from: &[u32], column: &Column) -> (Vec<(u32, u32)>, Vec<u32>) {
    let mut place_of = vec![MISSING; column.values.len()];
    let mut keys = Vec::new();
    let place = |&row: &u32| {
        let code = column.code(row);
        if code == MISSING {
            return MISSING;
        }
        let place = &mut place_of[code as usize];
        if *place == MISSING {
            *place = keys.len() as u32;
            keys.push((code, MISSING));
        }
        *place
    };
    let of_person = from.iter().map(place).collect();
    (keys, of_person)
}

/// The same with the forms in which the values were sent: (code, code of the form).
fn distinct_forms(from: &[u32], column: &Column, raw: &records::Column) -> (Vec<(u32, u32)>, Vec<u32>) {
    let mut place_of: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut keys = Vec::new();
    let place = |&row: &u32| {
        let code = column.code(row);
        if code == MISSING {
            return MISSING;
        }
        let key = (code, raw.code(row as usize));
        *place_of.entry(key).or_insert_with(|| {
            keys.push(key);
            keys.len() as u32 - 1
        })
    };
    let of_person = from.iter().map(place).collect();
    (keys, of_person)
}

/// The separator of a name and its aliases in a clean value.
pub(super) const ALIAS: char = '|';

/// Whether a field is shown as the chosen record sent it, rather than as it was standardised.
pub(crate) fn is_name(field: Field) -> bool {
    matches!(field, Field::GivenName | Field::MiddleName | Field::FamilyName | Field::PreviousFamilyName)
}

/// A column of one part of each value.
fn part_of<'a>(clean: &records::Column, part: impl Fn(&str) -> Option<&str>) -> (Cow<'a, Codes>, Cow<'a, Dictionary>) {
    let mut values = Dictionary::default();
    let part = |value| part(value).filter(|part| !part.is_empty()).map_or(MISSING, |part| values.intern(part));
    let translated: Vec<u32> = clean.values.iter().map(part).collect();
    let translate = |code: u32| if code == MISSING { MISSING } else { translated[code as usize] };
    (Cow::Owned(clean.codes.translated(values.len(), translate)), Cow::Owned(values))
}

fn shown_day(days: &[i32], code: u32) -> i32 {
    if code == MISSING { NO_DATE } else { days[code as usize] }
}

fn standing(field: Field, value: &str, as_of: jiff::civil::Date) -> Standing {
    let weak_if = |weak| if weak { Standing::Weak } else { Standing::Ordinary };
    match field {
        Field::DateOfBirth | Field::DateOfDeath if !dates::plausible(value, as_of) => Standing::Refused,
        // What systems write where they know no date of birth (DOMAIN section 4).
        Field::DateOfBirth => weak_if(matches!(value, "19000101" | "19010101" | "19700101")),
        Field::Sex => weak_if(value == "unknown"),
        // Z not stated, 99 not known: neither overrides a stated group (DOMAIN section 4).
        Field::Ethnicity => weak_if(matches!(value, "Z" | "99" | "z")),
        // A number of Scotland, Northern Ireland or Ireland is shown, but never instead of an NHS number.
        Field::NhsNumber => weak_if(value.contains(':')),
        // An initial says less than a name.
        Field::GivenName | Field::MiddleName | Field::FamilyName => weak_if(value.chars().count() < 2),
        // ZZ99: no fixed abode, abroad, not known. A British postcode without its last part says less than a whole one.
        Field::Postcode => weak_if(value.starts_with("ZZ99") || is_partial_postcode(value)),
        _ => Standing::Ordinary,
    }
}

/// "NW1" and "NW1 4"; a foreign one is in lower case and never partial.
fn is_partial_postcode(value: &str) -> bool {
    let british = value.starts_with(|first: char| first.is_ascii_uppercase());
    british && value.split_once(' ').is_none_or(|(_, inward)| inward.len() < 3)
}
