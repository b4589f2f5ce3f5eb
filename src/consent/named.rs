//! People whom a list names: by NHS number, or by a record of theirs.

use crate::job::{Field, Job};
use crate::records::Records;
use jiff::civil::Date;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

/// Whom a line names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Number(String),
    /// Provider and record_id.
    Record(String, String),
}

/// The days on which a line holds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub from: Option<Date>,
    pub until: Option<Date>,
}

impl Days {
    pub fn hold_on(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && !self.are_over(day)
    }

    /// Was the last of them before `day`?
    pub fn are_over(self, day: Date) -> bool {
        self.until.is_some_and(|until| until < day)
    }
}

/// The keys of a list.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    /// As they stand today: replaced ones are followed.
    pub numbers: FxHashSet<String>,
    /// Provider and record_id.
    pub rows: FxHashSet<(String, String)>,
    /// Those of lines that do not hold today: over, or not begun.
    on_other_days: Vec<(Key, Days)>,
}

impl Named {
    /// Adds whom a line names that holds on these days.
    pub fn add(&mut self, name: Key, days: Days, today: Date) {
        if !days.hold_on(today) {
            self.on_other_days.push((name, days));
            return;
        }
        match name {
            Key::Number(number) => self.numbers.insert(number),
            Key::Record(provider, record) => self.rows.insert((provider, record)),
        };
    }

    /// How many names hold today, or did on the day `then`.
    pub fn count(&self, then: Option<Date>) -> u64 {
        let holds_today = |name: &Key| match name {
            Key::Number(number) => self.numbers.contains(number),
            Key::Record(provider, record) => self.rows.contains(&(provider.clone(), record.clone())),
        };
        let held_then = |days: &Days| then.is_some_and(|then| days.hold_on(then));
        let others = self.on_other_days.iter().filter(|(name, days)| held_then(days) && !holds_today(name));
        let others: FxHashSet<&Key> = others.map(|(name, _)| name).collect();
        (self.numbers.len() + self.rows.len() + others.len()) as u64
    }

    /// Does the list name one of a person's numbers or records?
    pub fn names(&self, numbers: &[String], records: &[(&str, &str)]) -> bool {
        let row = |&(provider, record): &(&str, &str)| self.rows.contains(&(provider.to_string(), record.to_string()));
        numbers.iter().any(|number| self.numbers.contains(number.as_str()))
            || (!self.rows.is_empty() && records.iter().any(row))
    }

    /// Rows that the list names, by their number or as records.
    pub fn marks(&self, job: &Job, records: &Records) -> Vec<bool> {
        if self.numbers.is_empty() && self.rows.is_empty() {
            return vec![false; records.len()];
        }
        let numbers = records.clean.get(&Field::NhsNumber);
        let codes: FxHashSet<u32> =
            numbers.map_or_else(FxHashSet::default, |c| self.numbers.iter().filter_map(|n| c.values.find(n)).collect());
        let rows: FxHashSet<(&str, &str)> = self.rows.iter().map(|(p, r)| (p.as_str(), r.as_str())).collect();
        let named = |row: usize| {
            let number = numbers.is_some_and(|column| codes.contains(&column.code(row)));
            let provider = &job.providers[usize::from(records.provider[row])].id;
            number || (!rows.is_empty() && rows.contains(&(provider.as_str(), records.record_id.get(row))))
        };
        (0..records.len()).into_par_iter().map(named).collect()
    }
}
