//! Gives every person of tonight a person_id.

use super::changes::{self, Change};
use super::ledger::{Issued, Ledger, NextEntry};
use super::person_id::PersonId;
use super::stability::{self, NOBODY};
use crate::clustering::Partition;
use crate::job::Job;
use crate::records::Records;
use jiff::civil::Date;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

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
/// `identity_of_record` and `identity_ids` (content hashes) tell rows apart that share a reused record_id. Nothing is written.
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
    let keys = record_keys(ledger, job, records);
    let people = partition.people as usize;
    let first_row = first_rows(&keys, &partition.person, people);
    let first_key: Vec<u64> = first_row.iter().map(|&row| keys[row as usize]).collect();

    let mut assignment = stability::assignment_of(&keys, &partition.person, |row| {
        ledger.content_key(keys[row], &identity_ids[identity_of_record[row] as usize])
    });
    let comparison = stability::compare(&ledger.assignment, &assignment, people);
    let age = |ordinal: u32| (ledger.issued[ordinal as usize].first_seen, ledger.issued[ordinal as usize].id);
    let mut ordinals = stability::keep(&comparison.overlaps, &first_key, age);

    let first_new = ledger.issued.len() as u32;
    let newcomers: Vec<u32> = (0..people as u32).filter(|&person| ordinals[person as usize] == NOBODY).collect();
    let issued = issue(ledger, job, records, &newcomers, &first_row, &first_key);
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

    assignment.par_iter_mut().for_each(|entry| entry.1 = ordinals[entry.1 as usize]);
    assignment.par_sort_unstable();
    let next = NextEntry { header: ledger.next_header(run_id, job.as_of), issued, forwards, assignment };
    Identified { person_ids, first_seen, changes, previous_run: from_run, next }
}

/// The keyed hash by which each record is recognised.
fn record_keys(ledger: &Ledger, job: &Job, records: &Records) -> Vec<u64> {
    let key_of = |row: usize| {
        let provider = &job.providers[records.provider[row] as usize].id;
        ledger.plain_key(provider, records.record_id.get(row))
    };
    (0..records.len()).into_par_iter().map(key_of).collect()
}

impl Ledger {
    /// The keyed hash of a record.
    pub(super) fn plain_key(&self, provider: &str, record_id: &str) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.record_key);
        hasher.update(provider.as_bytes());
        hasher.update(b"\0");
        hasher.update(record_id.as_bytes());
        stability::plain_key(low_bits(hasher.finalize()))
    }

    /// The keyed hash of what a row of a reused record_id says, `identity_id` being its content hash.
    pub(super) fn content_key(&self, plain_key: u64, identity_id: &[u8; 16]) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.record_key);
        hasher.update(&plain_key.to_le_bytes());
        hasher.update(identity_id);
        low_bits(hasher.finalize())
    }
}

fn low_bits(hash: blake3::Hash) -> u64 {
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes"))
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
fn issue(
    ledger: &Ledger,
    job: &Job,
    records: &Records,
    newcomers: &[u32],
    first_row: &[u32],
    first_key: &[u64],
) -> Vec<Issued> {
    if newcomers.is_empty() {
        return Vec::new();
    }
    let derive = |person: u32, attempt: u32| {
        let row = first_row[person as usize] as usize;
        let provider = &job.providers[records.provider[row] as usize].id;
        ledger.deriver.derive(provider, records.record_id.get(row), attempt)
    };
    // Attempts already spent on a first record are skipped at once: a record_id reused by thousands must not cost their square.
    let mut next_attempt: FxHashMap<u64, u32> = FxHashMap::default();
    for entry in &ledger.issued {
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

    let mut known: FxHashSet<PersonId> = ledger.issued.iter().map(|entry| entry.id).collect();
    let mut issued = Vec::with_capacity(newcomers.len());
    for ((person, mut attempt), mut id) in attempts.into_iter().zip(candidates) {
        while !known.insert(id) {
            attempt = attempt_of(person);
            id = derive(person, attempt);
        }
        let first_record = first_key[person as usize];
        issued.push(Issued { id, first_seen: job.as_of, first_record, attempt });
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
