//! Packages of care of each person, and the columns that come of them.

use super::columns::{column, list};
use super::credibility::Chooser;
use super::days;
use super::people::{Lists, People, Status};
use crate::care::{self, Packages, PersonCare, Span, State};
use crate::expression::Column;
use crate::job::{CareSettings, Field, Job};
use crate::records::Dictionary;
use rayon::prelude::*;

/// What packages say of people: columns with one entry a person.
#[derive(Debug)]
pub struct Care {
    pub packages: Packages,
    /// Packages that are there on `as_of`.
    pub current: Vec<i64>,
    /// What they are for.
    pub needs: Lists,
    /// Needs for which two providers provide on `as_of`; no list at all for a sensitive person.
    pub overlaps: Lists,
    /// Needs whose last package ended without a successor, of people who are counted.
    pub ended: Lists,
    /// Ids of the care rules that say that the person should have a package; of people who are counted.
    pub due: Lists,
    /// Of these, the rules that no package on `as_of` fulfils.
    pub gaps: Lists,
}

impl Care {
    /// A column by its name.
    pub(super) fn column(&self, name: &str) -> Option<Column<'_>> {
        match name {
            "packages_current" => Some(Column::Whole(Box::new(|person| Some(self.current[person])))),
            _ => self.lists().into_iter().find(|(known, _)| *known == name).map(|(_, lists)| list(lists)),
        }
    }

    /// The columns that are lists, in the order of people.parquet.
    pub(crate) fn lists(&self) -> [(&'static str, &Lists); 5] {
        [
            ("package_needs", &self.needs),
            ("package_overlaps", &self.overlaps),
            ("packages_ended", &self.ended),
            ("packages_due", &self.due),
            ("package_gaps", &self.gaps),
        ]
    }

    /// What is counted of a person.
    pub(crate) fn of(&self, person: usize) -> PersonCare<'_> {
        fn texts(lists: &Lists, person: usize) -> Vec<&str> {
            lists.of(person).collect()
        }
        PersonCare {
            current: self.current[person] > 0,
            needs: texts(&self.needs, person),
            overlaps: texts(&self.overlaps, person),
            ended: texts(&self.ended, person),
            due: texts(&self.due, person),
            gaps: texts(&self.gaps, person),
        }
    }
}

/// Reads and judges the packages of all people; `people` are whole but for this and the segments.
pub(super) fn of(chooser: &Chooser, people: &People) -> Option<Care> {
    let job = chooser.job;
    if chooser.records.packages.is_empty() {
        return None;
    }
    let died = people.field(Field::DateOfDeath);
    let packages = Packages::read(
        job,
        chooser.records,
        &care::People {
            count: people.len(),
            rows_of: &|person| chooser.rows.of_person(person),
            died: &|person| died.date(person),
            updated: &|row| chooser.updated(row),
        },
    );
    let judged =
        Judged { job, people, packages: &packages, spans: Spans::of(&packages, people.len()), as_of: days(job.as_of) };
    let (due, gaps) = judged.rules(&job.care);
    let (needs, mut overlaps, ended) = (judged.needs(), judged.overlaps(), judged.ended(&job.care));
    overlaps.clear_where(&people.sensitive);
    let current = (0..people.len()).into_par_iter().map(|person| judged.current(person)).collect();
    Some(Care { current, needs, overlaps, ended, due, gaps, packages })
}

struct Judged<'a> {
    job: &'a Job,
    people: &'a People,
    packages: &'a Packages,
    spans: Spans,
    as_of: i32,
}

/// The packages of all people as far as they are judged, person after person.
struct Spans {
    all: Vec<Span>,
    ends: Vec<usize>,
}

impl Spans {
    fn of(packages: &Packages, people: usize) -> Spans {
        let mut spans = Spans { all: Vec::new(), ends: Vec::with_capacity(people) };
        for person in 0..people {
            spans.all.extend(packages.spans(person));
            spans.ends.push(spans.all.len());
        }
        spans
    }

    fn of_person(&self, person: usize) -> &[Span] {
        let start = if person == 0 { 0 } else { self.ends[person - 1] };
        &self.all[start..self.ends[person]]
    }
}

impl Judged<'_> {
    fn current(&self, person: usize) -> i64 {
        self.packages.of(person).iter().filter(|package| package.state == Some(State::Current)).count() as i64
    }

    /// What each person's spans say, as a list of words of packages.
    fn lists(&self, say: impl Fn(usize, &[Span]) -> Vec<u32> + Sync) -> Lists {
        Lists::gather(self.people.len(), self.packages.words.clone(), |person, list| {
            let spans = self.spans.of_person(person);
            if !spans.is_empty() {
                list.extend(say(person, spans));
                // In the order of the words, not of the data.
                list.sort_unstable_by_key(|&code| self.packages.words.get(code));
                list.dedup();
            }
        })
    }

    fn needs(&self) -> Lists {
        self.lists(|person, spans| {
            let alive = self.people.status[person] != Status::Died;
            spans.iter().filter(|span| alive && span.covers(self.as_of)).map(|span| span.need).collect()
        })
    }

    fn overlaps(&self) -> Lists {
        self.lists(|person, spans| {
            let alive = self.people.status[person] != Status::Died;
            let today = care::overlaps(spans).into_iter().filter(|overlap| alive && overlap.covers(self.as_of));
            today.map(|overlap| overlap.need).collect()
        })
    }

    fn ended(&self, settings: &CareSettings) -> Lists {
        let within = settings.ended_within;
        let span = jiff::Span::new().months(within.months).days(within.days);
        let earliest = days(self.job.as_of.saturating_sub(span));
        self.lists(|person, spans| match self.is_counted(person) {
            true => care::ended(spans, self.as_of, settings.successor_days, earliest),
            false => Vec::new(),
        })
    }

    /// Nobody owes a package to whoever has died or left.
    fn is_counted(&self, person: usize) -> bool {
        matches!(self.people.status[person], Status::Registered | Status::KnownOnly)
    }

    /// The rules of the job that hold for each person, and those that no package fulfils.
    fn rules(&self, settings: &CareSettings) -> (Lists, Lists) {
        let mut ids = Dictionary::default();
        for rule in &settings.rules {
            ids.intern(&rule.id);
        }
        let needs: Vec<String> = settings.rules.iter().map(|rule| rule.need.to_lowercase()).collect();
        let people = self.people;
        let holds: Vec<Vec<bool>> =
            settings.rules.iter().map(|rule| rule.rule.holds(people.len(), |name| column(people, name))).collect();
        let due = |person: usize| (0u32..).zip(&holds).filter(move |(_, holds)| holds[person]).map(|(rule, _)| rule);
        let everybody = |list: &(dyn Fn(usize, &mut Vec<u32>) + Sync)| {
            Lists::gather(people.len(), ids.clone(), |person, codes| {
                if self.is_counted(person) {
                    list(person, codes);
                }
            })
        };
        let all = everybody(&|person, codes| codes.extend(due(person)));
        let gaps = everybody(&|person, codes| {
            let spans = self.spans.of_person(person);
            let there = |need: &str| {
                spans.iter().any(|span| span.covers(self.as_of) && self.packages.words.get(span.need) == need)
            };
            codes.extend(due(person).filter(|&rule| !there(&needs[rule as usize])));
        });
        (all, gaps)
    }
}
