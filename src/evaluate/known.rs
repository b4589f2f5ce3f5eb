//! The records of a scene, one entry a (provider, record_id), with what is known of each: its identities, the person it was given to,
//! and, from the truth, whose it is and what that person is like.

use super::measures::pairs_within;
use super::scene::Scene;
use super::truth;
use crate::clustering::Partition;
use crate::failure::Result;
use crate::records::{Dictionary, MISSING};
use rayon::prelude::*;
use std::path::Path;

/// Records by key (`Records::key`); a key that no row has any more has [`MISSING`] everywhere.
pub(super) struct Known {
    /// The person of the record's first row.
    pub found: Vec<u32>,
    /// Index into the names of `people`; [`MISSING`] where the truth is silent or says two things.
    pub truth: Vec<u32>,
    pub true_people: usize,
    pub provider: Vec<u16>,
    /// The record's first row.
    pub row: Vec<u32>,
    /// Identities of the record `of[starts[key]..starts[key + 1]]`, ascending, each once. Nearly always one.
    starts: Vec<u32>,
    of: Vec<u32>,
    /// Columns that the truth file has beyond the three, with a code a record.
    pub columns: Vec<TrueColumn>,
}

/// What the truth file says of people beyond who they are.
pub(super) struct TrueColumn {
    pub name: String,
    pub values: Dictionary,
    pub codes: Vec<u32>,
}

impl Known {
    pub fn of(scene: &Scene) -> Known {
        let records = &scene.records;
        let keys = records.key.iter().max().map_or(0, |last| *last as usize + 1);
        let mut known = Known {
            found: vec![MISSING; keys],
            truth: vec![MISSING; keys],
            true_people: 0,
            provider: vec![0; keys],
            row: vec![MISSING; keys],
            starts: Vec::with_capacity(keys + 1),
            of: Vec::with_capacity(records.len()),
            columns: Vec::new(),
        };
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(records.len());
        for row in (0..records.len()).filter(|&row| scene.identities.of_record[row] != MISSING) {
            let key = records.key[row] as usize;
            pairs.push((key as u32, scene.identities.of_record[row]));
            if known.row[key] == MISSING {
                known.row[key] = row as u32;
                known.provider[key] = records.provider[row];
                known.found[key] = scene.partition().person[row];
            }
        }
        pairs.par_sort_unstable();
        pairs.dedup();
        let mut next = 0;
        for key in 0..keys as u32 {
            known.starts.push(next as u32);
            while next < pairs.len() && pairs[next].0 == key {
                known.of.push(pairs[next].1);
                next += 1;
            }
        }
        known.starts.push(next as u32);
        known
    }

    /// Reads whose each record is.
    ///
    /// # Errors
    /// OF0531 to OF0533.
    pub fn read_truth(&mut self, scene: &Scene, path: &Path) -> Result<()> {
        let keys = Keys::of(scene, self);
        let mut people = Dictionary::default();
        let mut twice = vec![false; self.truth.len()];
        let mut columns: Vec<(Dictionary, Vec<u32>)> = Vec::new();
        let names = truth::read(path, |line| {
            let Some(key) = keys.find(line.provider, line.record_id).map(|key| key as usize) else { return };
            let person = people.intern(line.person);
            twice[key] |= self.truth[key] != MISSING && self.truth[key] != person;
            self.truth[key] = person;
            columns.resize_with(line.rest.len(), || (Dictionary::default(), vec![MISSING; self.truth.len()]));
            for ((values, codes), value) in columns.iter_mut().zip(&line.rest).filter(|(_, value)| !value.is_empty()) {
                codes[key] = values.intern(value);
            }
        })?;
        (0..twice.len()).filter(|&key| twice[key]).for_each(|key| self.truth[key] = MISSING);
        self.true_people = people.len();
        let named = names.into_iter().zip(columns);
        self.columns = named.map(|(name, (values, codes))| TrueColumn { name, values, codes }).collect();
        Ok(())
    }

    /// Records that were linked and, where a truth was read, that it knows.
    pub fn measured(&self, with_truth: bool) -> Vec<u32> {
        let counts = |key: &usize| self.found[*key] != MISSING && (!with_truth || self.truth[*key] != MISSING);
        (0..self.found.len()).filter(counts).map(|key| key as u32).collect()
    }

    /// Pairs of measured records given to one person, and how many of them are right by what joined their people.
    pub fn linked_pairs(&self, scene: &Scene, with_truth: bool) -> (u64, f64) {
        let mut people: Vec<u32> = self.measured(with_truth).iter().map(|key| self.found[*key as usize]).collect();
        people.par_sort_unstable();
        people.chunk_by(|a, b| a == b).fold((0, 0.0), |(pairs, right), records| {
            let own = pairs_within(records.len() as u64);
            (pairs + own, right + own as f64 * scene.share_right(records[0]))
        })
    }

    /// How many measured records a person of `people` has: for the few errors that are shown.
    pub fn measured_of(&self, people: &[u32], who: u32) -> usize {
        let counts = |key: &usize| people[*key] == who && self.found[*key] != MISSING && self.truth[*key] != MISSING;
        (0..people.len()).filter(counts).count()
    }

    pub fn identities(&self, key: u32) -> &[u32] {
        &self.of[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }

    /// The person of each record in another partition of the same rows.
    pub fn found_in(&self, partition: &Partition) -> Vec<u32> {
        let person = |row: &u32| if *row == MISSING { MISSING } else { partition.person[*row as usize] };
        self.row.iter().map(person).collect()
    }
}

/// Finds records by name.
pub(super) struct Keys {
    providers: Dictionary,
    of_provider: Vec<(Dictionary, Vec<u32>)>,
}

impl Keys {
    pub fn of(scene: &Scene, known: &Known) -> Keys {
        let mut keys = Keys { providers: Dictionary::default(), of_provider: Vec::new() };
        scene.job.providers.iter().for_each(|provider| {
            keys.providers.intern(&provider.id);
        });
        keys.of_provider.resize_with(scene.job.providers.len(), Default::default);
        for (key, row) in known.row.iter().enumerate().filter(|(_, row)| **row != MISSING) {
            let (ids, numbers) = &mut keys.of_provider[usize::from(known.provider[key])];
            let code = ids.intern(scene.records.record_id.get(*row as usize)) as usize;
            if code == numbers.len() {
                numbers.push(key as u32);
            }
        }
        keys
    }

    pub fn find(&self, provider: &str, record_id: &str) -> Option<u32> {
        let (ids, numbers) = &self.of_provider[self.providers.find(provider)? as usize];
        ids.find(record_id).map(|code| numbers[code as usize])
    }
}

#[cfg(test)]
impl Known {
    /// Records of whom only the true and the found person are known.
    pub fn for_tests(truth: Vec<u32>, found: Vec<u32>) -> Known {
        let records = truth.len();
        Known {
            true_people: truth.iter().max().map_or(0, |last| *last as usize + 1),
            provider: vec![0; records],
            row: (0..records as u32).collect(),
            starts: (0..=records as u32).collect(),
            of: (0..records as u32).collect(),
            columns: Vec::new(),
            found,
            truth,
        }
    }
}
