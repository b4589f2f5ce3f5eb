//! The memory that a job allows (`[job] memory_limit`): where linking begins it is foretold what a night will hold; above the limit the
//! columns of its records wait on disk meanwhile, and a night that would not fit even so ends. Columns of [`COLUMNS_LARGE`] wait there on any
//! night: they are written and read in a few seconds, where linking takes minutes.
//!
//! What is held is measured, so that wide rows, long values and the allocator's own needs are in it; what comes is foretold from counts, as
//! `onefolk plan` does.

use super::aside::Aside;
use super::machine;
use crate::failure::{Code, Exit, Failure, Result};
use crate::job::Job;
use crate::records::Records;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) static TOO_LITTLE_MEMORY: Code = Code {
    id: "OF0440",
    exit: Exit::Resource,
    title: "the job allows too little memory",
    next_step: "Raise [job] memory_limit to what the message names (`onefolk plan` says it too), then `onefolk run --resume`; nothing was published",
    explanation: "With [job] memory_limit a run foretells before it links how much memory it will hold. Above the limit the columns of the \
                  records wait on disk while records are linked. Records, identities and blocks have to fit all the same: where they do \
                  not, the run ends before it links rather than be ended by the system in the middle. Extracts are read again only where \
                  they have changed.",
};

// Fitted to runs of 30,000 to 2.6 million rows (docs/measurements.md).
/// Bytes that scoring, clustering and publishing take on top of blocks, an identity: its person, its best record, its links.
const LINKED_IDENTITY_BYTES: f64 = 40.0;
/// The same, a pair: edges, the agglomeration's work on them, and what is left for the next night.
const LINKED_PAIR_BYTES: f64 = 14.0;
/// Bytes of learning, a pair looked at: edges of several candidate models, and the clusters of each.
const LEARNING_PAIR_BYTES: f64 = 70.0;
/// Of more pairs than this a sample is clustered while learning.
const LEARNING_PAIRS: u64 = 2_500_000;

/// Columns of so many bytes wait on disk whatever the job allows: those of some ten million rows.
const COLUMNS_LARGE: u64 = 1 << 30;

/// What is about to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linking {
    pub identities: u64,
    /// Distinct pairs that are compared and joined.
    pub pairs: u64,
    /// Whether a model is learnt on the way.
    pub learns: bool,
}

impl Linking {
    /// Bytes that linking and what comes after it add to what is held once blocks are made.
    pub fn bytes(self) -> u64 {
        let linking = self.identities as f64 * LINKED_IDENTITY_BYTES + self.pairs as f64 * LINKED_PAIR_BYTES;
        let learning = if self.learns { self.pairs.min(LEARNING_PAIRS) as f64 * LEARNING_PAIR_BYTES } else { 0.0 };
        linking.max(learning) as u64
    }
}

/// What a night needs, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    /// With everything in memory.
    pub whole: u64,
    /// With the columns of the records on disk while they are linked. They are there before and after.
    pub least: u64,
}

impl Need {
    /// `held` bytes are resident once blocks are made, `columns` of them are of the records' columns.
    pub fn of(held: u64, columns: u64, linking: Linking) -> Need {
        let whole = held + linking.bytes();
        Need { whole, least: held.max(whole.saturating_sub(columns)) }
    }
}

/// The ceiling of one night.
pub struct Ceiling {
    /// In bytes; `None` where the job names none.
    limit: Option<u64>,
    output: PathBuf,
    /// Whether linking never asks where a record stands and what its record_id is: it does of providers that send one record a person.
    places_wait: bool,
    put_aside: AtomicU64,
}

impl Ceiling {
    pub(super) fn of(job: &Job) -> Ceiling {
        let places_wait = !job.providers.iter().any(|provider| provider.one_record_per_person);
        Ceiling { limit: job.memory_limit, output: job.output.clone(), places_wait, put_aside: AtomicU64::new(0) }
    }

    /// Ends a night that has taken more than it may before there is anything to put aside.
    ///
    /// # Errors
    /// OF0440.
    pub(super) fn judge_reading(&self) -> Result<()> {
        let Some(limit) = self.limit else { return Ok(()) };
        let taken = machine::peak_memory_bytes().unwrap_or(0);
        let what = || format!("reading the extracts took {}, and {} are allowed", shown(taken), shown(limit));
        if taken > limit { Err(Failure::new(&TOO_LITTLE_MEMORY, what())) } else { Ok(()) }
    }

    /// Puts columns of [`COLUMNS_LARGE`] aside.
    ///
    /// # Errors
    /// OF0441 where it cannot be done.
    pub(super) fn put_large_aside(&self, records: &mut Records) -> Result<Option<Aside>> {
        if records.column_bytes() < COLUMNS_LARGE { Ok(None) } else { self.put(records).map(Some) }
    }

    /// Puts the columns of the records `aside` where linking needs their room and they do not wait there already; what it needs is asked only
    /// where the job names a limit.
    ///
    /// # Errors
    /// OF0440 where that is not enough, OF0441 where it cannot be done.
    pub(super) fn make_room(
        &self,
        records: &mut Records,
        aside: &mut Option<Aside>,
        linking: impl FnOnce() -> Linking,
    ) -> Result<()> {
        let Some(limit) = self.limit else { return Ok(()) };
        let columns = if aside.is_some() { 0 } else { records.column_bytes() };
        if is_above(limit, columns, linking())? && aside.is_none() {
            *aside = Some(self.put(records)?);
        }
        Ok(())
    }

    fn put(&self, records: &mut Records) -> Result<Aside> {
        let aside = Aside::put(&self.output, records, self.places_wait)?;
        tracing::info!(bytes = aside.bytes(), "columns wait on disk while records are linked");
        self.put_aside.fetch_add(aside.bytes(), Ordering::Relaxed);
        Ok(aside)
    }

    /// Bytes that have waited on disk.
    pub(super) fn put_aside_bytes(&self) -> u64 {
        self.put_aside.load(Ordering::Relaxed)
    }
}

/// Whether the columns have to wait on disk.
///
/// # Errors
/// OF0440 where that is not enough.
fn is_above(limit: u64, columns: u64, linking: Linking) -> Result<bool> {
    // Where the system does not tell, columns are most of what is held.
    let need = Need::of(machine::memory_bytes().unwrap_or(columns), columns, linking);
    if need.least > limit {
        let (least, limit) = (shown(need.least), shown(limit));
        let what = format!("{least} are needed to link {} identities, and {limit} are allowed", linking.identities);
        return Err(Failure::new(&TOO_LITTLE_MEMORY, what));
    }
    Ok(need.whole > limit)
}

/// Bytes as a job file writes them, rounded up.
fn shown(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_foretold_grows_with_each_of_its_causes() {
        let linking = |identities, pairs, learns| Linking { identities, pairs, learns }.bytes();
        let base = linking(800_000, 5_000_000, false);
        assert!(linking(1_600_000, 5_000_000, false) > base && linking(800_000, 10_000_000, false) > base);
        assert!(linking(20_000, 1_000_000, true) > linking(20_000, 1_000_000, false));
    }

    #[test]
    fn columns_on_disk_make_room_but_for_what_is_held_before_and_after() {
        let linking = Linking { identities: 1_000, pairs: 10_000, learns: false };
        let more = linking.bytes();
        assert_eq!(Need::of(5_000_000, 100_000, linking), Need { whole: 5_000_000 + more, least: 4_900_000 + more });
        assert_eq!(Need::of(5_000_000, 4_000_000, linking), Need { whole: 5_000_000 + more, least: 5_000_000 });
    }
}
