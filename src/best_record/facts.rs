//! Carried facts, combined per person by their rules.
//!
//! Facts run over rows (events). A row that the same provider delivers again in another extract (same record_id, value and `updated`)
//! is one event, as when monthly extracts overlap; repeated *within* one extract it is as many events as it has rows there.

use super::credibility::Chooser;
use super::dates::{self, NO_DATE};
use super::people::{FactValues, Lists, PersonFact};
use crate::job::{Carry, CarryKind, Combine};
use crate::records::{Column, Dictionary, Fact, MISSING};
use rayon::prelude::*;
use std::cmp::Reverse;

/// `sensitive` people show no fact that tells a place.
pub(super) fn combine(chooser: &Chooser, sensitive: &[bool]) -> Vec<PersonFact> {
    let combined = chooser.records.facts.iter().map(|fact| {
        let mut combined = combine_one(chooser, fact);
        if fact.rule.place {
            combined.values.clear_where(sensitive);
        }
        combined
    });
    combined.collect()
}

fn combine_one(chooser: &Chooser, fact: &Fact) -> PersonFact {
    let combiner = Combiner::new(chooser, fact);
    let combine = fact.rule.combine;
    let values = match (fact.rule.kind, combine) {
        (kind, Combine::Count) => FactValues::Count(combiner.each(|rows| combiner.count(rows, kind))),
        (CarryKind::List, _) | (_, Combine::Union) => FactValues::List(combiner.lists()),
        (CarryKind::Flag, _) => FactValues::Flag(combiner.each(|rows| combiner.flag(rows))),
        (CarryKind::Date, _) => FactValues::Date(combiner.each(|rows| combiner.date(rows))),
        (CarryKind::Number, _) => FactValues::Number(combiner.each(|rows| combiner.number(rows))),
        (CarryKind::Category, _) => {
            let codes = combiner.each(|rows| combiner.pick(rows).map_or(MISSING, |row| combiner.code(row)));
            FactValues::Category { codes, values: fact.column.values.clone() }
        }
    };
    PersonFact { name: fact.rule.name.clone(), values }
}

struct Combiner<'a> {
    chooser: &'a Chooser<'a>,
    rule: &'a Carry,
    column: &'a Column,
    /// Days of each value; only for dates.
    days: Vec<i32>,
    /// Days within which a fact counts, both inclusive.
    window: Option<(i32, i32)>,
}

impl<'a> Combiner<'a> {
    fn new(chooser: &'a Chooser<'a>, fact: &'a Fact) -> Self {
        let as_of = chooser.job.as_of;
        let window = fact.rule.within.map(|within| {
            let span = jiff::Span::new().months(within.months).days(within.days);
            let start = as_of.saturating_sub(span);
            (dates::days(start), dates::days(as_of))
        });
        let is_date = fact.rule.kind == CarryKind::Date;
        let days = if is_date { fact.column.values.iter().map(dates::parse_days).collect() } else { Vec::new() };
        Combiner { chooser, rule: &fact.rule, column: &fact.column, days, window }
    }

    fn code(&self, row: u32) -> u32 {
        self.column.code(row as usize)
    }

    fn value(&self, row: u32) -> &str {
        self.column.values.get(self.code(row))
    }

    /// When a fact was: a date is dated by itself, any other by its row's `updated`.
    fn dated(&self, row: u32) -> i32 {
        if self.rule.kind == CarryKind::Date { self.days[self.code(row) as usize] } else { self.chooser.updated(row) }
    }

    /// The rows of a person that state the fact within its window.
    fn stated(&self, person: usize, rows: &mut Vec<u32>) {
        rows.clear();
        let states = |row: &u32| self.code(*row) != MISSING;
        let inside = |row: &u32| self.window.is_none_or(|(start, end)| (start..=end).contains(&self.dated(*row)));
        rows.extend(self.chooser.rows.of_person(person).iter().copied().filter(states).filter(inside));
    }

    fn each<T: Send>(&self, combine: impl Fn(&[u32]) -> T + Sync) -> Vec<T> {
        let one = |rows: &mut Vec<u32>, person: usize| {
            self.stated(person, rows);
            combine(rows)
        };
        (0..self.chooser.rows.people()).into_par_iter().map_init(Vec::new, one).collect()
    }

    /// The row that latest, earliest or max choose. Ties: the more trusted provider, then the smaller value.
    fn pick(&self, rows: &[u32]) -> Option<u32> {
        let tie = |row: u32| (self.chooser.trust(row), Reverse(self.value(row)), Reverse(row));
        let rows = rows.iter().copied();
        match self.rule.combine {
            Combine::Earliest => rows.min_by_key(|&row| {
                let dated = self.dated(row);
                // A fact without a date is no proof of being the earliest.
                (dated == NO_DATE, dated, Reverse(tie(row)))
            }),
            Combine::Max => rows.max_by_key(|&row| (self.value(row), tie(row))),
            _ => rows.max_by_key(|&row| (self.dated(row), tie(row))),
        }
    }

    fn flag(&self, rows: &[u32]) -> Option<bool> {
        match self.rule.combine {
            _ if rows.is_empty() => None,
            Combine::Any | Combine::Max => Some(rows.iter().any(|&row| self.value(row) == "true")),
            Combine::All => Some(rows.iter().all(|&row| self.value(row) == "true")),
            _ => self.pick(rows).map(|row| self.value(row) == "true"),
        }
    }

    fn date(&self, rows: &[u32]) -> i32 {
        let known = rows.iter().map(|&row| self.dated(row)).filter(|&day| day != NO_DATE);
        match self.rule.combine {
            Combine::Earliest => known.min(),
            _ => known.max(),
        }
        .unwrap_or(NO_DATE)
    }

    fn number(&self, rows: &[u32]) -> Option<f64> {
        let number = |row: u32| self.value(row).parse::<f64>().ok().filter(|number| number.is_finite());
        match self.rule.combine {
            Combine::Sum => {
                let mut total = None;
                // Rows come in a fixed order: a sum of fractions depends on it.
                for row in self.events(rows) {
                    if let Some(number) = number(row) {
                        *total.get_or_insert(0.0) += number;
                    }
                }
                total
            }
            Combine::Max => rows.iter().filter_map(|&row| number(row)).max_by(f64::total_cmp),
            _ => self.pick(rows).and_then(number),
        }
    }

    fn count(&self, rows: &[u32], kind: CarryKind) -> i64 {
        let counts = |row: &u32| kind != CarryKind::Flag || self.value(*row) == "true";
        self.events(rows).into_iter().filter(counts).count() as i64
    }

    /// The rows that are events of their own: without those that another extract of the provider delivers again.
    fn events(&self, rows: &[u32]) -> Vec<u32> {
        let records = self.chooser.records;
        let provider = |row: u32| records.provider[row as usize];
        let extract = |row: u32| records.extract[row as usize];
        let delivered_twice =
            |pair: &[u32]| provider(pair[0]) == provider(pair[1]) && extract(pair[0]) != extract(pair[1]);
        // Rows ascend by (provider, extract): overlapping extracts of one provider stand side by side.
        if !rows.windows(2).any(delivered_twice) {
            return rows.to_vec();
        }
        let event =
            |row: u32| (provider(row), records.record_id.get(row as usize), self.code(row), self.chooser.updated(row));
        let mut sorted = rows.to_vec();
        sorted.sort_unstable_by(|&a, &b| (event(a), extract(a), a).cmp(&(event(b), extract(b), b)));
        let mut events = Vec::with_capacity(rows.len());
        for same in sorted.chunk_by(|&a, &b| event(a) == event(b)) {
            // Of all extracts that have the event, the one that has it most often; the first of those.
            let by_extract = same.chunk_by(|&a, &b| extract(a) == extract(b));
            let fullest = by_extract.max_by_key(|rows| (rows.len(), Reverse(rows[0])));
            events.extend_from_slice(fullest.expect("a chunk is never empty"));
        }
        events.sort_unstable();
        events
    }

    /// The distinct entries of each person's lists (union), or of the chosen one, sorted.
    fn lists(&self) -> Lists {
        // A category that is united is one entry, whatever it holds.
        let is_list = self.rule.kind == CarryKind::List;
        let list_entries = |value| entries_of(value, is_list);
        let mut entries: Vec<&str> = self.column.values.iter().flat_map(list_entries).collect();
        entries.par_sort_unstable();
        entries.dedup();
        let mut values = Dictionary::default();
        let codes_of_value: Vec<Vec<u32>> = {
            entries.iter().for_each(|entry| {
                values.intern(entry);
            });
            let code = |entry: &str| values.find(entry).expect("every entry was interned");
            self.column.values.iter().map(|value| list_entries(value).map(code).collect()).collect()
        };
        let lists = Lists::gather(self.chooser.rows.people(), Dictionary::default(), |person, list| {
            let mut rows = Vec::new();
            self.stated(person, &mut rows);
            if self.rule.combine != Combine::Union {
                rows = self.pick(&rows).into_iter().collect();
            }
            rows.iter().for_each(|&row| list.extend(&codes_of_value[self.code(row) as usize]));
            list.sort_unstable();
            list.dedup();
        });
        Lists { values, ..lists }
    }
}

/// The entries of a clean list, which `standardise` parts by `;`.
fn entries_of(value: &str, is_list: bool) -> impl Iterator<Item = &str> {
    let separator = move |character| is_list && character == ';';
    value.split(separator).map(str::trim).filter(|entry| !entry.is_empty())
}
