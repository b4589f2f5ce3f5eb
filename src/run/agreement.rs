//! How far each provider's columns agree with what others say of the same people.
//!
//! A column whose codes were swapped is filled as before and understood as before; only its agreement falls. Counts of rows alone: nothing
//! is broken down by what a value is.

use crate::clustering::Partition;
use crate::job::{Field, Job};
use crate::records::{Column, MISSING, Records, field_name};
use rayon::prelude::*;

/// What several providers say of one person in the same words; of others, such as addresses, each has its own.
const FIELDS: [Field; 7] = [
    Field::NhsNumber,
    Field::GivenName,
    Field::FamilyName,
    Field::DateOfBirth,
    Field::Sex,
    Field::Ethnicity,
    Field::Postcode,
];
/// People counted at a time.
const PEOPLE: usize = 4096;

/// One column of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agreement {
    pub provider: u16,
    pub field: String,
    /// Rows with a value whose person has one from another provider as well.
    pub able: u64,
    /// Those of them whose value another provider has too.
    pub agreed: u64,
}

/// Every provider's columns, by field and provider; only those that could agree with anything.
pub(super) fn agreements(job: &Job, records: &Records, partition: &Partition) -> Vec<Agreement> {
    let (ends, rows) = rows_of_people(partition);
    let custom = (0..job.custom_fields.len() as u16).map(Field::Custom);
    let mut agreements = Vec::new();
    for field in FIELDS.into_iter().chain(custom) {
        let Some(column) = records.clean.get(&field) else { continue };
        let name = field_name(field, &job.custom_fields);
        let counts = counts(column, &records.provider, (&ends, &rows), job.providers.len());
        let of_provider = |(provider, &(able, agreed)): (usize, &(u64, u64))| Agreement {
            provider: provider as u16,
            field: name.clone(),
            able,
            agreed,
        };
        agreements.extend(counts.iter().enumerate().filter(|(_, (able, _))| *able > 0).map(of_provider));
    }
    agreements
}

/// Where each person's rows end, and the rows person by person.
fn rows_of_people(partition: &Partition) -> (Vec<usize>, Vec<u32>) {
    let mut ends = vec![0usize; partition.people as usize + 1];
    for &person in partition.person.iter().filter(|person| **person != MISSING) {
        ends[person as usize + 1] += 1;
    }
    for at in 1..ends.len() {
        ends[at] += ends[at - 1];
    }
    let mut next = ends.clone();
    let mut rows = vec![0u32; ends.last().copied().unwrap_or(0)];
    for (row, &person) in partition.person.iter().enumerate().filter(|(_, person)| **person != MISSING) {
        rows[next[person as usize]] = row as u32;
        next[person as usize] += 1;
    }
    (ends, rows)
}

/// Rows that could agree and rows that do, by provider.
fn counts(column: &Column, provider: &[u16], people: (&[usize], &[u32]), providers: usize) -> Vec<(u64, u64)> {
    let (ends, rows) = people;
    let add = |mut one: Vec<(u64, u64)>, other: Vec<(u64, u64)>| {
        one.iter_mut().zip(other).for_each(|(sum, more)| *sum = (sum.0 + more.0, sum.1 + more.1));
        one
    };
    let starts: Vec<usize> = (0..ends.len() - 1).step_by(PEOPLE).collect();
    let of_some = |&start: &usize| {
        let mut counts = vec![(0, 0); providers];
        let mut said: Vec<(u16, u32)> = Vec::new();
        for person in start..(start + PEOPLE).min(ends.len() - 1) {
            said.clear();
            let own = rows[ends[person]..ends[person + 1]].iter().map(|&row| row as usize);
            said.extend(own.map(|row| (provider[row], column.code(row))).filter(|(_, code)| *code != MISSING));
            said.sort_unstable();
            count(&said, &mut counts);
        }
        counts
    };
    starts.par_iter().map(of_some).reduce(|| vec![(0, 0); providers], add)
}

/// `said` is what rows of one person say: provider and code, sorted.
fn count(said: &[(u16, u32)], counts: &mut [(u64, u64)]) {
    let Some((first, last)) = said.first().zip(said.last()) else { return };
    if first.0 == last.0 {
        return;
    }
    for same in said.chunk_by(|a, b| a == b) {
        let (provider, code) = same[0];
        let agrees = said.iter().any(|other| other.0 != provider && other.1 == code);
        let (able, agreed) = &mut counts[usize::from(provider)];
        *able += same.len() as u64;
        *agreed += if agrees { same.len() as u64 } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn a_value_agrees_where_another_provider_has_it_too() {
        let counted = |said: &[(u16, u32)]| {
            let mut counts = vec![(0, 0); 3];
            count(said, &mut counts);
            counts
        };
        assert_eq!(counted(&[(0, 7), (0, 7), (0, 8)]), [(0, 0); 3], "nobody else says anything");
        assert_eq!(counted(&[(0, 7), (0, 7), (0, 8), (2, 7)]), [(3, 2), (0, 0), (1, 1)]);
        assert_eq!(counted(&[(0, 7), (1, 8)]), [(1, 0), (1, 0), (0, 0)]);
        assert_eq!(counted(&[]), [(0, 0); 3]);
    }
}
