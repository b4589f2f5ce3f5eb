//! People whom a list names: by NHS number, or by a record of theirs.

use crate::job::{Field, Job};
use crate::records::Records;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

/// The keys of a list.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    /// As they stand today: replaced ones are followed.
    pub numbers: FxHashSet<String>,
    /// Provider and record_id.
    pub rows: FxHashSet<(String, String)>,
}

impl Named {
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
