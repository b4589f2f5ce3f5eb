//! The packages of all people, out of the columns of their records.

use super::judge::Span;
use super::package::{self, Package, Sent};
use crate::job::{Job, NEED_GONE, PackagePart};
use crate::records::{Column, Dictionary, MISSING, Records, Translated, UNREADABLE};
use crate::standardise::date::days;
use rayon::prelude::*;
use std::cmp::Reverse;

/// Every package of a run.
#[derive(Debug, Default)]
pub struct Packages {
    /// By person, then first day (not known last), need, service and provider.
    pub rows: Vec<Package>,
    /// Services, needs and reasons.
    pub words: Dictionary,
    /// Ends of each person's run in `rows`.
    ends: Vec<u32>,
}

/// What is known of people before their packages are read.
pub struct People<'a> {
    pub count: usize,
    /// The rows of a person, ascending.
    pub rows_of: &'a (dyn Fn(usize) -> &'a [u32] + Sync),
    /// Day of death, if the person has died.
    pub died: &'a (dyn Fn(usize) -> Option<i32> + Sync),
    /// Day on which a row was updated; the smallest number where nobody says.
    pub updated: &'a (dyn Fn(u32) -> i32 + Sync),
}

impl Packages {
    /// Reads them all. A package that one provider sends again (same service, need and first day) is one: as the row that was updated last
    /// says, or else the last row.
    pub fn read(job: &Job, records: &Records, people: &People) -> Packages {
        const PEOPLE_PER_PIECE: usize = 16 << 10;
        let mut words = Dictionary::default();
        let reader = Reader::of(job, records, &mut words);
        let piece = |piece: usize| {
            let (mut rows, mut ends) = (Vec::new(), Vec::new());
            for person in piece * PEOPLE_PER_PIECE..people.count.min((piece + 1) * PEOPLE_PER_PIECE) {
                rows.extend(reader.of_person(person, people, &words));
                ends.push(rows.len() as u32);
            }
            (rows, ends)
        };
        let pieces: Vec<(Vec<Package>, Vec<u32>)> =
            (0..people.count.div_ceil(PEOPLE_PER_PIECE)).into_par_iter().map(piece).collect();
        let (mut rows, mut ends) = (Vec::new(), Vec::new());
        for (of_piece, ends_of_piece) in pieces {
            ends.extend(ends_of_piece.into_iter().map(|end| rows.len() as u32 + end));
            rows.extend(of_piece);
        }
        Packages { rows, words, ends }
    }

    /// The packages of a person, in order.
    pub fn of(&self, person: usize) -> &[Package] {
        let start = if person == 0 { 0 } else { self.ends[person - 1] as usize };
        &self.rows[start..self.ends[person] as usize]
    }

    /// The packages of a person as far as they are judged: where they stand and what they are for is known.
    pub fn spans(&self, person: usize) -> impl Iterator<Item = Span> {
        let span = move |package: &Package| {
            let known = package.state.is_some() && package.need != MISSING;
            let because = (package.because != MISSING).then(|| self.words.get(package.because));
            package.start.filter(|_| known).map(|from| Span {
                need: package.need,
                provider: package.provider,
                from,
                until: package.until,
                need_gone: because.is_some_and(|because| NEED_GONE.contains(&because)),
            })
        };
        self.of(person).iter().filter_map(span)
    }
}

/// One group of package columns, with codes of one dictionary and days instead of texts.
#[derive(Default)]
struct Group<'a> {
    service: Option<Words<'a>>,
    /// The service in small letters, as needs are.
    service_as_need: Option<Words<'a>>,
    need: Option<Words<'a>>,
    because: Option<Words<'a>>,
    start: Option<Days<'a>>,
    end: Option<Days<'a>>,
    planned_until: Option<Days<'a>>,
}

/// Codes of one dictionary.
type Words<'a> = Translated<'a, u32>;
type Days<'a> = Translated<'a, Sent>;

struct Reader<'a> {
    records: &'a Records,
    as_of: i32,
    groups: Vec<Group<'a>>,
    /// By provider: by group, whether a column of its own says what a package is for.
    names_need: Vec<Vec<bool>>,
}

impl<'a> Reader<'a> {
    fn of(job: &Job, records: &'a Records, words: &mut Dictionary) -> Reader<'a> {
        let mut groups: Vec<Group> = Vec::new();
        for package in &records.packages {
            groups.resize_with(groups.len().max(usize::from(package.group) + 1), Group::default);
            let group = groups.last_mut().expect("groups come in their order");
            let column = &package.column;
            match package.part {
                PackagePart::Service => {
                    group.service = Some(in_words(column, words));
                    group.service_as_need =
                        Some(Words::of(column, MISSING, |value| words.intern(&value.to_lowercase())));
                }
                PackagePart::Need => group.need = Some(in_words(column, words)),
                PackagePart::EndedBecause => group.because = Some(in_words(column, words)),
                PackagePart::Start => group.start = Some(in_days(column)),
                PackagePart::End => group.end = Some(in_days(column)),
                PackagePart::PlannedUntil => group.planned_until = Some(in_days(column)),
            }
        }
        let names_need = job.providers.iter().map(|provider| {
            let groups = provider.packages.iter();
            groups.map(|package| package.parts.contains_key(&PackagePart::Need)).collect()
        });
        Reader { records, as_of: days(job.as_of), groups, names_need: names_need.collect() }
    }

    fn of_person(&self, person: usize, people: &People, words: &Dictionary) -> Vec<Package> {
        let died = (people.died)(person);
        let mut packages: Vec<Package> = Vec::new();
        for &row in (people.rows_of)(person) {
            let provider = self.records.provider[row as usize];
            let groups = self.names_need[usize::from(provider)].iter().zip(&self.groups);
            for (&names_need, group) in groups {
                packages.extend(self.one(group, names_need, (person as u32, row, provider), died));
            }
        }
        let same = |one: &Package| (one.provider, one.service, one.need, one.start);
        packages.sort_by_key(|one| (same(one), Reverse(((people.updated)(one.row), one.row))));
        // Of whose first day nothing is known nobody can say that it is the same.
        packages.dedup_by(|one, kept| one.start.is_some() && same(one) == same(kept));
        let word = |code: u32| (code != MISSING).then(|| words.get(code));
        let order =
            |one: &Package| (one.start.is_none(), one.start, word(one.need), word(one.service), one.provider, one.row);
        packages.sort_by(|one, other| order(one).cmp(&order(other)));
        packages
    }

    /// The package of one group of columns in one row; none where neither service nor dates are sent.
    fn one(
        &self,
        group: &Group,
        names_need: bool,
        (person, row, provider): (u32, u32, u16),
        died: Option<i32>,
    ) -> Option<Package> {
        let word = |words: &Option<Words>| words.as_ref().map_or(MISSING, |words| words.at(row));
        let day = |days: &Option<Days>| days.as_ref().map_or(Sent::Nothing, |days| days.at(row));
        let (service, start, end) = (word(&group.service), day(&group.start), day(&group.end));
        if service == MISSING && start == Sent::Nothing && end == Sent::Nothing {
            return None;
        }
        let mut package = Package {
            person,
            row,
            provider,
            service,
            need: word(if names_need { &group.need } else { &group.service_as_need }),
            because: word(&group.because),
            start: None,
            end: None,
            planned_until: match day(&group.planned_until) {
                Sent::Day(day) => Some(day),
                Sent::Nothing | Sent::Unreadable => None,
            },
            until: None,
            state: None,
            problem: None,
        };
        package::judge(&mut package, start, end, self.as_of, died);
        Some(package)
    }
}

fn in_words<'a>(column: &'a Column, words: &mut Dictionary) -> Words<'a> {
    Words::of(column, MISSING, |value| words.intern(value))
}

fn in_days(column: &Column) -> Days<'_> {
    Days::of(column, Sent::Nothing, |value| match value {
        UNREADABLE => Sent::Unreadable,
        date => date.parse().map_or(Sent::Unreadable, |date| Sent::Day(days(date))),
    })
}
