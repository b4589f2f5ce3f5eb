//! Gives every person of tonight a person_id.

use super::changes::{self, Change};
use super::key;
use super::ledger::{Assignment, Issued, Ledger, NextEntry};
use super::person_id::PersonId;
use super::rows::numbering;
use super::stability::{self, NOBODY};
use crate::clustering::Partition;
use crate::job::Job;
use crate::records::Records;
use jiff::civil::Date;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// Tonight's people by their lasting ids. The first two vectors have one entry per dense person.
pub struct Identified {
    pub person_ids: Vec<PersonId>,
    /// `as_of` of the run that first issued the id.
    pub first_seen: Vec<Date>,
    /// Sorted by person_id; empty where nothing changed since the run before.
    pub changes: Vec<Change>,
    /// The run that the changes are against; `None` on the first.
    pub previous_run: Option<String>,
    /// For [`publish`](crate::publish) to commit together with the run.
    pub next: NextEntry,
}

/// Gives each person the id that it had in the run before, or a new one.
///
/// `identity_of_record` and `identity_ids` (content hashes) tell rows apart that share a reused record_id, and are what the rows of a provider
/// without record_ids are recognised by. Nothing is written.
pub fn assign(
    ledger: &Ledger,
    job: &Job,
    records: &Records,
    partition: &Partition,
    identity_of_record: &[u32],
    identity_ids: &[[u8; 16]],
    run_id: &str,
) -> Identified {
    assert_eq!(records.len(), partition.person.len(), "every record belongs to one person");
    assert_eq!(records.len(), identity_of_record.len(), "every record has one identity");
    let by_content = ledger.told_by_content(job);
    let all = Rows { ledger, job, records, identity_of_record, identity_ids, by_content: Vec::new() };
    let rows = all.told(&by_content);
    let keys = rows.keys();
    let people = partition.people as usize;
    let first_row = first_rows(&keys, &partition.person, people);
    let first_key: Vec<u64> = first_row.iter().map(|&row| keys[row as usize]).collect();

    let mut assignment = rows.assignment(&keys, &partition.person);
    let comparison = stability::compare(&ledger.assignment, &assignment, people);
    let age = |ordinal: u32| (ledger.issued[ordinal as usize].first_seen, ledger.issued[ordinal as usize].id);
    let mut ordinals = stability::keep(&comparison.overlaps, &first_key, age);

    let first_new = ledger.issued.len() as u32;
    let newcomers: Vec<u32> = (0..people as u32).filter(|&person| ordinals[person as usize] == NOBODY).collect();
    let issued = issue(&rows, &newcomers, &first_row, &first_key);
    for (&person, ordinal) in newcomers.iter().zip(first_new..) {
        ordinals[person as usize] = ordinal;
    }

    let entry_of = |ordinal: u32| match ordinal.checked_sub(first_new) {
        Some(place) => &issued[place as usize],
        None => &ledger.issued[ordinal as usize],
    };
    let person_ids = ordinals.iter().map(|&ordinal| entry_of(ordinal).id).collect();
    let first_seen = ordinals.iter().map(|&ordinal| entry_of(ordinal).first_seen).collect();

    let old = people_of(&ledger.assignment);
    let sides = changes::Sides { old: &old, new: &ordinals, first_new, comparison: &comparison };
    let (kinds, forwards) = changes::changes(&sides);
    let from_run = ledger.runs().last().cloned();
    let mut changes: Vec<Change> = kinds
        .into_iter()
        .map(|(ordinal, kind, into)| Change {
            person_id: entry_of(ordinal).id,
            kind,
            into: into.into_iter().map(|ordinal| entry_of(ordinal).id).collect(),
            from_run: from_run.clone(),
        })
        .collect();
    changes.par_sort_unstable();

    let numbering: BTreeSet<String> = numbering(job).collect();
    if numbering != by_content {
        // Of a provider that has record_ids from tonight on, the ledger knows these from tonight on.
        let rows = rows.told(&numbering);
        assignment = rows.assignment(&rows.keys(), &partition.person);
    }
    assignment.par_iter_mut().for_each(|entry| entry.1 = ordinals[entry.1 as usize]);
    assignment.par_sort_unstable();
    let header = ledger.next_header(run_id, job.as_of);
    let named_since = ledger.named_from(&numbering);
    let next = NextEntry { header, issued, forwards, assignment, by_content: numbering, named_since };
    Identified { person_ids, first_seen, changes, previous_run: from_run, next }
}

/// Tonight's rows, and by what they are recognised.
struct Rows<'a> {
    ledger: &'a Ledger,
    job: &'a Job,
    records: &'a Records,
    identity_of_record: &'a [u32],
    identity_ids: &'a [[u8; 16]],
    /// By provider: are its rows recognised by what they say, and not by record_id?
    by_content: Vec<bool>,
}

impl<'a> Rows<'a> {
    /// The same rows, of which those of `providers` are recognised by what they say.
    fn told(self, providers: &BTreeSet<String>) -> Rows<'a> {
        let by_content = self.job.providers.iter().map(|provider| providers.contains(&provider.id)).collect();
        Rows { by_content, ..self }
    }

    fn provider(&self, row: usize) -> &str {
        &self.job.providers[usize::from(self.records.provider[row])].id
    }

    fn is_by_content(&self, row: usize) -> bool {
        self.by_content[usize::from(self.records.provider[row])]
    }

    fn content(&self, row: usize) -> &[u8; 16] {
        &self.identity_ids[self.identity_of_record[row] as usize]
    }

    /// The keyed hash by which each row is recognised.
    fn keys(&self) -> Vec<u64> {
        let key_of = |row: usize| match self.is_by_content(row) {
            true => self.ledger.row_key(self.provider(row), self.content(row)),
            false => self.ledger.plain_key(self.provider(row), self.records.record_id.get(row)),
        };
        (0..self.records.len()).into_par_iter().map(key_of).collect()
    }

    fn assignment(&self, keys: &[u64], person: &[u32]) -> Assignment {
        stability::assignment_of(keys, person, |row, place| match self.is_by_content(row) {
            true => self.ledger.nth_key(keys[row], place),
            false => self.ledger.content_key(keys[row], self.content(row)),
        })
    }

    /// The id that is derived from a row.
    fn derive(&self, row: usize, attempt: u32) -> PersonId {
        let of_name = |name: &str| self.ledger.deriver.derive(self.provider(row), name, attempt);
        match self.is_by_content(row) {
            true => of_name(&format!("row without record_id {}", key::hex(self.content(row)))),
            false => of_name(self.records.record_id.get(row)),
        }
    }
}

/// A person's first record is the one with the smallest key, so that neither the order of files nor that of rows matters.
fn first_rows(keys: &[u64], person: &[u32], people: usize) -> Vec<u32> {
    let mut first = vec![u32::MAX; people];
    for (row, &person) in person.iter().enumerate() {
        let known = &mut first[person as usize];
        if *known == u32::MAX || keys[row] < keys[*known as usize] {
            *known = row as u32;
        }
    }
    assert!(!first.contains(&u32::MAX), "every person has a record");
    first
}

/// New ids for `newcomers`: hash(key, first record, attempt), the attempt raised until the id was never issued.
fn issue(rows: &Rows, newcomers: &[u32], first_row: &[u32], first_key: &[u64]) -> Vec<Issued> {
    if newcomers.is_empty() {
        return Vec::new();
    }
    let derive = |person: u32, attempt: u32| rows.derive(first_row[person as usize] as usize, attempt);
    // Attempts already spent on a first record are skipped at once: a record_id reused by thousands must not cost their square.
    let mut next_attempt: FxHashMap<u64, u32> = FxHashMap::default();
    for entry in &rows.ledger.issued {
        let next = next_attempt.entry(entry.first_record).or_default();
        *next = (*next).max(entry.attempt + 1);
    }
    let mut attempt_of = |person: u32| {
        let next = next_attempt.entry(first_key[person as usize]).or_default();
        *next += 1;
        *next - 1
    };
    let attempts: Vec<(u32, u32)> = newcomers.iter().map(|&person| (person, attempt_of(person))).collect();
    let candidates: Vec<PersonId> = attempts.par_iter().map(|&(person, attempt)| derive(person, attempt)).collect();

    let mut known: FxHashSet<PersonId> = rows.ledger.issued.iter().map(|entry| entry.id).collect();
    let mut issued = Vec::with_capacity(newcomers.len());
    for ((person, mut attempt), mut id) in attempts.into_iter().zip(candidates) {
        while !known.insert(id) {
            attempt = attempt_of(person);
            id = derive(person, attempt);
        }
        let first_record = first_key[person as usize];
        issued.push(Issued { id, first_seen: rows.job.as_of, first_record, attempt });
    }
    issued
}

/// The ordinals of an assignment, sorted, each once.
pub(super) fn people_of(assignment: &[(u64, u32)]) -> Vec<u32> {
    let mut people: Vec<u32> = assignment.iter().map(|&(_, ordinal)| ordinal).collect();
    people.par_sort_unstable();
    people.dedup();
    people
}
