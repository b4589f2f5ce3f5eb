//! What cannot be, in the lives that linking has put together: error estimates that need no truth.
//!
//! After the GUILD guidance (Gilbert et al. 2018, step "linkage": report error rates) and Hagger-Johnson et al. 2015, "Data linkage errors
//! in hospital administrative data" (PMC4545352): impossible histories count false links, shared unique identifiers count missed ones.
//! Both are partly faults of the data and not of linking, so they are upper bounds, and best watched from run to run.

use crate::best_record::{NO_DATE, parse_days};
use crate::clustering::Partition;
use crate::job::{CarryKind, Field, Job};
use crate::records::{Column, MISSING, Records};
use rayon::prelude::*;
use serde::Serialize;

/// Late coding and claims follow a death for about this long (DOMAIN.md section 5).
const DAYS_AFTER_DEATH: i32 = 30;
/// A carried date is a contact where a part of its name is one of these.
const CONTACTS: [&str; 11] = [
    "contact",
    "seen",
    "attended",
    "attendance",
    "visit",
    "visited",
    "admission",
    "admitted",
    "discharge",
    "discharged",
    "appointment",
];

/// One check over everybody who could fail it: a negative control of linking.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Control {
    pub name: &'static str,
    /// What a hit is, in words.
    #[serde(skip)]
    pub words: &'static str,
    /// What hits estimate: "false_links" or "missed_links".
    pub points_to: &'static str,
    /// People (for shared numbers: numbers) that could fail.
    pub able: u64,
    pub failed: u64,
}

/// The checks that look at one person's rows: each says whether they could fail, and whether they did.
struct OfPerson {
    name: &'static str,
    words: &'static str,
    judge: fn(&Lives, &[u32]) -> Option<bool>,
}

const OF_PERSON: [OfPerson; 8] = [
    OfPerson {
        name: "two_verified_numbers",
        words: "two different verified NHS numbers",
        judge: |lives, rows| lives.two_numbers(rows),
    },
    OfPerson {
        name: "two_dates_of_death",
        words: "two different dates of death",
        judge: |lives, rows| lives.two_deaths(rows),
    },
    OfPerson {
        name: "active_after_death",
        words: "a contact more than 30 days after the last date of death",
        judge: |lives, rows| lives.active_after_death(rows),
    },
    OfPerson {
        name: "died_before_birth",
        words: "every date of death before every date of birth",
        judge: |lives, rows| lives.died_unborn(rows),
    },
    OfPerson {
        name: "births_far_apart",
        words: "two dates of birth that agree in fewer than two of day, month and year",
        judge: |lives, rows| lives.births_far_apart(rows),
    },
    OfPerson { name: "both_sexes", words: "recorded with both sexes", judge: |lives, rows| lives.both_sexes(rows) },
    OfPerson {
        name: "two_birth_orders",
        words: "two places in the order of one birth: twins taken for one",
        judge: |lives, rows| lives.two_birth_orders(rows),
    },
    OfPerson {
        name: "twice_at_a_provider",
        words: "two records at a provider that sends one record a person",
        judge: |lives, rows| lives.twice_at_a_provider(rows),
    },
];

/// The columns that checks look at.
struct Lives<'a> {
    records: &'a Records,
    strict: Vec<bool>,
    /// Days of each value of the date of death and birth columns.
    deaths: Vec<i32>,
    births: Vec<i32>,
    /// Carried dates of contacts, with the days of each value.
    contacts: Vec<(&'a Column, Vec<i32>)>,
}

/// Runs every check that the mapped fields allow.
pub fn controls(job: &Job, records: &Records, partition: &Partition) -> Vec<Control> {
    let lives = Lives::of(job, records);
    let people = rows_by_person(partition);
    let of_person = OF_PERSON.iter().map(|check| {
        let counted = people.par_chunk_by(|a, b| a.0 == b.0).filter_map(|rows| {
            let rows: Vec<u32> = rows.iter().map(|(_, row)| *row).collect();
            (check.judge)(&lives, &rows)
        });
        let (able, failed) = counted
            .fold(|| (0, 0), |(able, failed), hit| (able + 1, failed + u64::from(hit)))
            .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        Control { name: check.name, words: check.words, points_to: "false_links", able, failed }
    });
    let mut controls: Vec<Control> = of_person.collect();
    controls.push(shared_numbers(records, partition));
    controls.retain(|control| control.able > 0);
    controls
}

/// (person, row), sorted.
fn rows_by_person(partition: &Partition) -> Vec<(u32, u32)> {
    let person = partition.person.iter().enumerate();
    let mut rows: Vec<(u32, u32)> =
        person.filter(|(_, who)| **who != MISSING).map(|(row, who)| (*who, row as u32)).collect();
    rows.par_sort_unstable();
    rows
}

/// Verified NHS numbers that two people hold: one of them has records that belong to the other.
fn shared_numbers(records: &Records, partition: &Partition) -> Control {
    let mut held: Vec<(u32, u32)> = Vec::new();
    if let Some(column) = records.clean.get(&Field::NhsNumber) {
        let person = &partition.person;
        let counts =
            |row: &usize| column.code(*row) != MISSING && records.number_verified[*row] && person[*row] != MISSING;
        held.extend((0..records.len()).filter(counts).map(|row| (column.code(row), person[row])));
    }
    held.par_sort_unstable();
    held.dedup();
    let (mut able, mut failed) = (0, 0);
    for holders in held.chunk_by(|a, b| a.0 == b.0) {
        able += 1;
        failed += u64::from(holders.len() > 1);
    }
    Control {
        name: "number_of_two_people",
        words: "verified NHS numbers that two people hold",
        points_to: "missed_links",
        able,
        failed,
    }
}

impl<'a> Lives<'a> {
    fn of(job: &Job, records: &'a Records) -> Lives<'a> {
        let days = |column: Option<&Column>| -> Vec<i32> {
            column.map_or(Vec::new(), |column| column.values.iter().map(parse_days).collect())
        };
        let is_contact = |name: &str| name.split('_').any(|part| CONTACTS.contains(&part));
        let dated =
            records.facts.iter().filter(|fact| fact.rule.kind == CarryKind::Date && is_contact(&fact.rule.name));
        Lives {
            records,
            strict: job.providers.iter().map(|provider| provider.one_record_per_person).collect(),
            deaths: days(records.clean.get(&Field::DateOfDeath)),
            births: days(records.clean.get(&Field::DateOfBirth)),
            contacts: dated.map(|fact| (&fact.column, days(Some(&fact.column)))).collect(),
        }
    }

    /// The distinct codes of a field in some rows.
    fn codes(&self, field: Field, rows: &[u32], counts: impl Fn(usize) -> bool) -> Vec<u32> {
        let Some(column) = self.records.clean.get(&field) else { return Vec::new() };
        let rows = rows.iter().map(|&row| row as usize).filter(|&row| counts(row));
        let mut codes: Vec<u32> = rows.map(|row| column.code(row)).filter(|code| *code != MISSING).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// Whether a field that two rows have differs: `None` where no two rows could.
    fn differs(&self, field: Field, rows: &[u32], counts: impl Fn(usize) -> bool + Copy) -> Option<bool> {
        let column = self.records.clean.get(&field)?;
        let filled = rows.iter().filter(|&&row| column.code(row as usize) != MISSING && counts(row as usize)).count();
        (filled > 1).then(|| self.codes(field, rows, counts).len() > 1)
    }

    fn two_numbers(&self, rows: &[u32]) -> Option<bool> {
        self.differs(Field::NhsNumber, rows, |row| self.records.number_verified[row])
    }

    fn two_deaths(&self, rows: &[u32]) -> Option<bool> {
        self.differs(Field::DateOfDeath, rows, |_| true)
    }

    fn both_sexes(&self, rows: &[u32]) -> Option<bool> {
        let column = self.records.clean.get(&Field::Sex)?;
        let told = |row: usize| matches!(column.get(row), Some("male" | "female"));
        self.differs(Field::Sex, rows, told)
    }

    fn two_birth_orders(&self, rows: &[u32]) -> Option<bool> {
        self.differs(Field::BirthOrder, rows, |_| true)
    }

    /// Days of a date field, those that are whole dates.
    fn days(&self, field: Field, days: &[i32], rows: &[u32]) -> Vec<i32> {
        let codes = self.codes(field, rows, |_| true);
        codes.into_iter().map(|code| days[code as usize]).filter(|day| *day != NO_DATE).collect()
    }

    fn active_after_death(&self, rows: &[u32]) -> Option<bool> {
        let died = self.days(Field::DateOfDeath, &self.deaths, rows).into_iter().max()?;
        let dated = self.contacts.iter().flat_map(|(column, days)| {
            let codes = rows.iter().map(|&row| column.code(row as usize)).filter(|code| *code != MISSING);
            codes.map(|code| days[code as usize]).filter(|day| *day != NO_DATE)
        });
        let last = dated.max()?;
        Some(last > died + DAYS_AFTER_DEATH)
    }

    fn died_unborn(&self, rows: &[u32]) -> Option<bool> {
        let died = self.days(Field::DateOfDeath, &self.deaths, rows).into_iter().max()?;
        let born = self.days(Field::DateOfBirth, &self.births, rows).into_iter().min()?;
        Some(died < born)
    }

    fn births_far_apart(&self, rows: &[u32]) -> Option<bool> {
        let column = self.records.clean.get(&Field::DateOfBirth)?;
        let filled = rows.iter().filter(|&&row| column.code(row as usize) != MISSING).count();
        let dates: Vec<&str> =
            self.codes(Field::DateOfBirth, rows, |_| true).into_iter().map(|code| column.values.get(code)).collect();
        let apart = |a: &&str, b: &&str| parts_alike(a, b).is_some_and(|alike| alike < 2);
        let mut pairs = dates.iter().enumerate().flat_map(|(at, a)| dates[at + 1..].iter().map(move |b| (a, b)));
        (filled > 1).then(|| pairs.any(|(a, b)| apart(a, b)))
    }

    fn twice_at_a_provider(&self, rows: &[u32]) -> Option<bool> {
        let of = |row: &u32| (self.records.provider[*row as usize], self.records.key[*row as usize]);
        let mut held: Vec<(u16, u32)> =
            rows.iter().map(of).filter(|(provider, _)| self.strict[usize::from(*provider)]).collect();
        held.sort_unstable();
        held.dedup();
        (!held.is_empty()).then(|| held.windows(2).any(|pair| pair[0].0 == pair[1].0))
    }
}

/// How many of year, month and day two dates share, day and month also the other way round; `None` where a part is unknown.
fn parts_alike(a: &str, b: &str) -> Option<usize> {
    let parts = |text: &str| {
        let whole = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        whole.then(|| [text[..4].to_string(), text[4..6].to_string(), text[6..].to_string()])
    };
    let ([year, month, day], [other_year, other_month, other_day]) = (parts(a)?, parts(b)?);
    let straight = usize::from(month == other_month) + usize::from(day == other_day);
    let swapped = usize::from(month == other_day) + usize::from(day == other_month);
    Some(usize::from(year == other_year) + straight.max(swapped))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[&str]) -> Column {
        let mut column = Column::default();
        for value in values {
            column.codes.push(if value.is_empty() { MISSING } else { column.values.intern(value) });
        }
        column
    }

    /// Rows 0 and 1 are two lives put together, 2 and 3 are one life, 4 says nothing.
    #[test]
    fn two_lives_in_one_person_are_found() {
        let mut records = Records { provider: vec![0; 5], key: vec![0, 1, 2, 2, 3], ..Records::default() };
        records.number_verified = vec![true, true, true, false, false];
        for (field, values) in [
            (Field::NhsNumber, ["9990000018", "9990000026", "9990000034", "9990000042", ""]),
            (Field::DateOfBirth, ["19800403", "19521117", "19800403", "19800304", ""]),
            (Field::DateOfDeath, ["20200101", "20210101", "20200101", "", ""]),
            (Field::Sex, ["male", "female", "male", "unknown", ""]),
            (Field::BirthOrder, ["1", "2", "1", "1", ""]),
        ] {
            records.clean.insert(field, column(&values));
        }
        let contact = column(&["20210215", "", "20200120", "20191230", ""]);
        let days = |column: &Column| column.values.iter().map(parse_days).collect::<Vec<i32>>();
        let lives = Lives {
            records: &records,
            strict: vec![true],
            deaths: days(&records.clean[&Field::DateOfDeath]),
            births: days(&records.clean[&Field::DateOfBirth]),
            contacts: vec![(&contact, days(&contact))],
        };
        for check in &OF_PERSON {
            let [two, one, nothing] = [&[0, 1][..], &[2, 3], &[4]].map(|rows| (check.judge)(&lives, rows));
            let expected = if check.name == "died_before_birth" { Some(false) } else { Some(true) };
            assert_eq!(two, expected, "{}", check.name);
            assert_ne!(one, Some(true), "{}", check.name);
            assert_ne!(nothing, Some(true), "{}", check.name);
        }
        // Somebody who died before the other was born.
        records.clean.insert(Field::DateOfDeath, column(&["19500101", "", "", "", ""]));
        let deaths = days(&records.clean[&Field::DateOfDeath]);
        let births = days(&records.clean[&Field::DateOfBirth]);
        let lives = Lives { records: &records, strict: vec![false], deaths, births, contacts: Vec::new() };
        assert_eq!(lives.died_unborn(&[0, 1]), Some(true));
        assert_eq!(lives.twice_at_a_provider(&[0, 1]), None);
    }

    #[test]
    fn parts_of_dates_are_counted_in_either_order() {
        assert_eq!(parts_alike("19800403", "19800304"), Some(3));
        assert_eq!(parts_alike("19800403", "19810403"), Some(2));
        assert_eq!(parts_alike("19800403", "19520403"), Some(2));
        assert_eq!(parts_alike("19800403", "19521117"), Some(0));
        assert_eq!(parts_alike("1980----", "19800403"), None);
    }
}
