//! By what a row is recognised over nights.
//!
//! A record_id lasts. Where a provider has none, its rows are numbered, and a number is another row's as soon as one comes or goes before
//! it: such a row is recognised by what it says, its content hash. Somebody known by that row alone is somebody new once it says something
//! else.

use super::ledger::Ledger;
use super::stability::{self, Nth};
use super::{LEDGER_DAMAGED, PersonId};
use crate::failure::{Failure, Result};
use crate::job::Job;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};

/// A row of the latest run, which the ledger knows by its record_id and is to know by what it says.
pub(crate) struct RowBefore {
    /// The keys that it has there: the plain one, and the refined one that it has where several people share that.
    known_by: [u64; 2],
    row_key: u64,
    person_id: PersonId,
}

impl Ledger {
    /// Providers whose rows are held against the ledger by what they say: those that number them, and those that did in the latest run.
    pub(crate) fn told_by_content(&self, job: &Job) -> BTreeSet<String> {
        self.by_content.iter().cloned().chain(numbering(job)).collect()
    }

    /// Providers that number their rows, or are among `also`, but whose rows the latest run was told by record_id: by an earlier version, or by
    /// another mapping.
    pub(crate) fn still_by_record_id(&self, job: &Job, also: &BTreeSet<String>) -> BTreeSet<String> {
        let all = numbering(job).chain(also.iter().cloned());
        all.filter(|provider| !self.by_content.contains(provider)).collect()
    }

    /// A row of the latest run, as [`know_by_content`](Ledger::know_by_content) takes it.
    pub(crate) fn row_before(
        &self,
        provider: &str,
        record_id: &str,
        identity_id: &[u8; 16],
        person_id: PersonId,
    ) -> RowBefore {
        let plain_key = self.plain_key(provider, record_id);
        let refined_key = stability::refined_key(self.content_key(plain_key, identity_id));
        RowBefore { known_by: [plain_key, refined_key], row_key: self.row_key(provider, identity_id), person_id }
    }

    /// Knows the rows of `providers` by what they say from here on; `rows` are all that the latest run had of them, in its order. Nothing is
    /// written.
    ///
    /// # Errors
    /// OF0410 where the ledger has never issued one of the ids: it is not the ledger of that run.
    pub(crate) fn know_by_content(&mut self, providers: BTreeSet<String>, rows: &[RowBefore]) -> Result<()> {
        let ordinal_of: FxHashMap<PersonId, u32> =
            self.issued.iter().zip(0..).map(|(entry, ordinal)| (entry.id, ordinal)).collect();
        let ordinals: Option<Vec<u32>> = rows.iter().map(|row| ordinal_of.get(&row.person_id).copied()).collect();
        let ordinals = ordinals
            .ok_or_else(|| Failure::new(&LEDGER_DAMAGED, "it has never issued a person_id of the latest run"))?;
        let known_by: FxHashSet<u64> = rows.iter().flat_map(|row| row.known_by).collect();
        let keys: Vec<u64> = rows.iter().map(|row| row.row_key).collect();
        let entries = stability::assignment_of(&keys, &ordinals, |row, nth| self.nth_key(keys[row], nth));
        self.assignment.retain(|(key, _)| !known_by.contains(key));
        self.assignment.extend(entries);
        self.assignment.par_sort_unstable();
        self.assignment.dedup();
        self.named_since = self.named_from(&providers);
        self.by_content.extend(providers);
        Ok(())
    }

    /// `named_since` where the rows of `providers` are known by what they say from here on, if they never were.
    pub(super) fn named_from(&self, providers: &BTreeSet<String>) -> BTreeMap<String, u32> {
        let (mut since, now) = (self.named_since.clone(), self.runs().len() as u32);
        for provider in providers {
            since.entry(provider.clone()).or_insert(now);
        }
        since
    }

    /// Ids from this ordinal on may have a record of the provider for their first one, and no number of a row.
    pub(super) fn first_named(&self, provider: &str) -> usize {
        let runs_before = self.named_since.get(provider).map_or(0, |&runs| runs as usize);
        self.chapters.get(runs_before).map_or(self.issued.len(), |chapter| chapter.first_issued as usize)
    }

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

    /// The keyed hash of a row that has no record_id; equal rows of a provider have the same.
    pub(super) fn row_key(&self, provider: &str, identity_id: &[u8; 16]) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.record_key);
        hasher.update(provider.as_bytes());
        hasher.update(b"\0\0row without record_id\0");
        hasher.update(identity_id);
        stability::plain_key(low_bits(hasher.finalize()))
    }

    /// The keyed hash of one of several equal rows that are several people's. As nothing tells these apart, it holds only while there are as
    /// many: nobody gets the id of another one unseen because a row has come or gone.
    pub(super) fn nth_key(&self, row_key: u64, place: Nth) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.record_key);
        hasher.update(&row_key.to_le_bytes());
        hasher.update(&place.nth.to_le_bytes());
        hasher.update(&place.of.to_le_bytes());
        low_bits(hasher.finalize())
    }
}

/// The ids of the providers that number their rows.
pub(crate) fn numbering(job: &Job) -> impl Iterator<Item = String> {
    job.providers.iter().filter(|provider| provider.numbers_rows()).map(|provider| provider.id.clone())
}

fn low_bits(hash: blake3::Hash) -> u64 {
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example::{identities, job, partition, plain};
    use crate::identity::{assign, settle, stage};
    use crate::job::Setting;

    #[test]
    fn what_had_the_number_of_a_row_is_not_taken_for_the_record_of_that_name() {
        let output = tempfile::tempdir().unwrap();
        let job = job(&[("gp", Setting::GeneralPractice, 4)]);
        let (_, ids) = identities(4);
        let open = || Ledger::open(output.path(), None).unwrap();
        // Of each row its record_id, and which of the identities it says.
        let night = |ledger: &Ledger, run: &str, rows: &[(&str, u32)], letters: &str| {
            let (names, said): (Vec<&str>, Vec<u32>) = rows.iter().copied().unzip();
            let night = assign(ledger, &job, &plain(&names), &partition(letters), &said, &ids, run);
            stage(output.path(), &night.next).unwrap();
            settle(output.path()).unwrap();
            night.person_ids
        };
        // A version before knew them by the numbers of their rows.
        let first = night(&open(), "2026-11-22-01", &[("1", 0), ("2", 1)], "ab");
        assert_eq!(open().last_of_record("gp", "1"), Some(first[0]));
        // The record of whoever had the second row is "1" by now, and the other way round.
        let mut ledger = open();
        let row = |(at, number): (usize, &str)| ledger.row_before("gp", number, &ids[at], first[at]);
        let before = [(0, "1"), (1, "2")].map(row);
        ledger.know_by_content(BTreeSet::from(["gp".to_string()]), &before).unwrap();
        assert_eq!(ledger.last_of_record("gp", "1"), None);
        let second = night(&ledger, "2026-11-22-02", &[("1", 1), ("2", 0), ("3", 2)], "bac");
        assert_eq!((second[0], second[1]), (first[1], first[0]));
        for record in ["1", "2"] {
            assert_eq!(open().last_of_record("gp", record), None, "{record}: it was a row");
        }
        // From here on its records are known by their names, and so is whose first one they are.
        let third = night(&open(), "2026-11-22-03", &[("1", 1), ("2", 0), ("3", 2), ("4", 3)], "bacd");
        assert_eq!(third[..3], second[..]);
        let ledger = open();
        let of = |record: &str| ledger.last_of_record("gp", record);
        assert_eq!((of("1"), of("2"), of("4")), (None, None, Some(third[3])));
    }
}
