//! An earlier run's people made current again: nobody gets a new person_id, and the ledger says what became of everybody.

use super::assign::people_of;
use super::changes::{self, Change};
use super::ledger::{Ledger, NextEntry};
use super::stability::{self, Nth};
use super::{LEDGER_DAMAGED, PersonId};
use crate::failure::{Failure, Result};
use crate::job::Job;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// One row of a crosswalk that is to stand again, by keyed hashes only.
#[derive(Debug, Clone, Copy)]
pub struct StandingRow {
    plain_key: u64,
    /// By what the row is told from others that share the plain key; nothing tells it from those where it has no record_id.
    content_key: Option<u64>,
    /// Index into the person_ids.
    person: u32,
}

/// The ledger's view of an earlier run that is made current again.
pub struct Restored {
    /// Against the run that was current, sorted by person_id.
    pub changes: Vec<Change>,
    /// The run that the changes are against.
    pub previous_run: Option<String>,
    pub next: NextEntry,
}

impl Ledger {
    /// A row of a crosswalk, `person` being its place among the person_ids that [`restore`] is given. It has no `record_id` where the rows of its
    /// provider are told by content.
    pub(crate) fn standing_row(
        &self,
        provider: &str,
        record_id: Option<&str>,
        identity_id: &[u8; 16],
        person: u32,
    ) -> StandingRow {
        let Some(record_id) = record_id else {
            return StandingRow { plain_key: self.row_key(provider, identity_id), content_key: None, person };
        };
        let plain_key = self.plain_key(provider, record_id);
        StandingRow { plain_key, content_key: Some(self.content_key(plain_key, identity_id)), person }
    }

    fn refined(&self, row: &StandingRow, place: Nth) -> u64 {
        row.content_key.unwrap_or_else(|| self.nth_key(row.plain_key, place))
    }
}

/// The next entry of the ledger, in which each of `rows` belongs to the person_id that it names. Every person has a row. Those of the providers
/// in `by_content` have no record_id.
///
/// # Errors
/// OF0410 where the ledger has never issued one of the ids: it is not the ledger of that run.
pub(crate) fn restore(
    ledger: &Ledger,
    job: &Job,
    person_ids: &[PersonId],
    rows: &[StandingRow],
    by_content: BTreeSet<String>,
    run_id: &str,
) -> Result<Restored> {
    let ordinal_of: FxHashMap<PersonId, u32> =
        ledger.issued.iter().zip(0..).map(|(entry, ordinal)| (entry.id, ordinal)).collect();
    let ordinals: Vec<u32> =
        person_ids.iter().map(|id| ordinal_of.get(id).copied()).collect::<Option<_>>().ok_or_else(|| {
            Failure::new(&LEDGER_DAMAGED, "it has never issued a person_id of the run that is to stand again")
        })?;
    let keys: Vec<u64> = rows.iter().map(|row| row.plain_key).collect();
    let person: Vec<u32> = rows.iter().map(|row| row.person).collect();
    let mut assignment = stability::assignment_of(&keys, &person, |row, place| ledger.refined(&rows[row], place));
    let comparison = stability::compare(&ledger.assignment, &assignment, person_ids.len());
    let before = people_of(&ledger.assignment);
    // An id that was not current is new to those who compare two runs, though the ledger issues none.
    let first_new = ledger.issued.len() as u32;
    let sides = changes::Sides { old: &before, new: &ordinals, first_new, comparison: &comparison };
    let (kinds, forwards) = changes::changes(&sides);
    let id_of = |ordinal: u32| ledger.issued[ordinal as usize].id;
    let previous_run = ledger.runs().last().cloned();
    let mut changes: Vec<Change> = kinds
        .into_iter()
        .map(|(ordinal, kind, into)| {
            let kind = match kind {
                changes::ChangeKind::Grown if before.binary_search(&ordinal).is_err() => changes::ChangeKind::New,
                kind => kind,
            };
            Change {
                person_id: id_of(ordinal),
                kind,
                into: into.into_iter().map(id_of).collect(),
                from_run: previous_run.clone(),
            }
        })
        .collect();
    changes.par_sort_unstable();
    assignment.par_iter_mut().for_each(|entry| entry.1 = ordinals[entry.1 as usize]);
    assignment.par_sort_unstable();
    let header = ledger.next_header(run_id, job.as_of);
    let named_since = ledger.named_from(&by_content);
    let next = NextEntry { header, issued: Vec::new(), forwards, assignment, by_content, named_since };
    Ok(Restored { changes, previous_run, next })
}
