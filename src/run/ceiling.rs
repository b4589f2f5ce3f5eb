//! The memory that a job allows (`[job] memory_limit`): where linking begins it is foretold what a night will hold; above the limit the
//! columns of its records wait on disk meanwhile, and its scored pairs while people are made; a night that would not fit even so ends. Columns of [`COLUMNS_LARGE`] wait there on any
//! night: they are written and read in a few seconds, where linking takes minutes.
//!
//! What is held is measured, so that wide rows, long values and the allocator's own needs are in it; what comes is foretold from counts, as
//! `onefolk plan` does.

use super::aside::Aside;
use super::machine;
use super::pairs_aside::PairsAside;
use crate::clustering::{Edge, ScoredPairs};
use crate::failure::{Code, Exit, Failure, Result};
use crate::job::Job;
use crate::records::{Records, Stays};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) static TOO_LITTLE_MEMORY: Code = Code {
    id: "OF0440",
    exit: Exit::Resource,
    title: "the job allows too little memory",
    next_step: "Raise [job] memory_limit to what the message names (`onefolk plan` says it too), then `onefolk run --resume`; nothing was published",
    explanation: "With [job] memory_limit a run foretells before it links how much memory it will hold. Above the limit the columns of the \
                  records wait on disk while records are linked, and the scored pairs while people are made of them. Records, identities, \
                  blocks, what people are made of and the best records have to fit all the same: where they do not, the run ends before it \
                  links rather than be ended by the system in the middle. With a model of another tool nothing waits on disk: everything has \
                  to fit. Extracts are read again only where they have changed.",
};

// Fitted to runs of 60,000 to 2.6 million rows (docs/measurements.md).
/// Bytes of blocks while they are made, an identity, and pairs that it usually meets.
const BLOCK_IDENTITY_BYTES: f64 = 130.0;
const PAIRS_USUAL: u64 = 10;
/// Bytes of what is kept of blocks for the night, an identity, while they are made for the pass before it.
const KEPT_IDENTITY_BYTES: f64 = 60.0;
/// Bytes that scoring and making people take on top of blocks, an identity: its nodes, its part of the joins.
const LINKED_IDENTITY_BYTES: f64 = 80.0;
/// The same, a candidate pair of which nearly one in two has a chance: 24 bytes that it is scored in, and what people are made of beside it.
const SCORED_PAIR_BYTES: f64 = 11.5;
const PEOPLE_PAIR_BYTES: f64 = 14.5;
/// The last of these, a pair that has a chance.
const KEPT_PAIR_BYTES: f64 = 28.0;
/// Bytes of learning, a pair looked at: edges of several candidate models, and the clusters of each.
const LEARNING_PAIR_BYTES: f64 = 70.0;
/// Of more pairs than this a sample is clustered while learning.
const LEARNING_PAIRS: u64 = 2_500_000;
/// Bytes of best records and tables, an identity, on top of what stood before blocks.
const PUBLISHED_IDENTITY_BYTES: f64 = 120.0;

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
    /// Bytes that linking adds to what is held once blocks are made; `aside`: while its scored pairs wait on disk.
    fn bytes(self, aside: bool) -> f64 {
        let pair = if aside { SCORED_PAIR_BYTES.max(PEOPLE_PAIR_BYTES) } else { SCORED_PAIR_BYTES + PEOPLE_PAIR_BYTES };
        let linking = self.identities as f64 * LINKED_IDENTITY_BYTES + self.pairs as f64 * pair;
        let learning = if self.learns { self.pairs.min(LEARNING_PAIRS) as f64 * LEARNING_PAIR_BYTES } else { 0.0 };
        linking.max(learning)
    }
}

/// What a night holds on its way to linking, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// Before there are blocks, and with them; the columns of the records in both.
    pub before: u64,
    pub blocked: u64,
    /// Of the records' columns.
    pub columns: u64,
}

/// What a night needs, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    /// With everything in memory but columns that wait on disk whatever the job allows.
    pub whole: u64,
    /// With the columns of the records on disk while they are linked, and the scored pairs while people are made. The columns are there before
    /// and after.
    pub least: u64,
}

impl Need {
    pub fn of(held: Held, linking: Linking) -> Need {
        let identities = linking.identities as f64;
        let published = held.before as f64 + identities * PUBLISHED_IDENTITY_BYTES;
        let most = |columns: u64, aside: bool| {
            let blocking = held.before.saturating_sub(columns) as f64 + identities * BLOCK_IDENTITY_BYTES;
            let linking = held.blocked.saturating_sub(columns) as f64 + linking.bytes(aside);
            blocking.max(linking).max(published) as u64
        };
        let waiting = if held.columns >= COLUMNS_LARGE { held.columns } else { 0 };
        Need { whole: most(waiting, false), least: most(held.columns, true) }
    }
}

/// Columns that wait on disk.
struct Waiting {
    aside: Aside,
    /// In memory, as they were put aside.
    bytes: u64,
    /// Of the rows that were put aside, where some have left since.
    stays: Option<Stays>,
}

/// The ceiling of one night.
pub struct Ceiling {
    /// In bytes; `None` where the job names none.
    limit: Option<u64>,
    output: PathBuf,
    /// Whether linking never asks where a record stands and what its record_id is: it does of providers that send one record a person.
    places_wait: bool,
    waiting: Mutex<Option<Waiting>>,
    /// Bytes that were held before there were blocks.
    before: AtomicU64,
    put_aside: AtomicU64,
}

impl Ceiling {
    pub(super) fn of(job: &Job) -> Ceiling {
        let places_wait = !job.providers.iter().any(|provider| provider.one_record_per_person);
        Ceiling {
            limit: job.memory_limit,
            output: job.output.clone(),
            places_wait,
            waiting: Mutex::new(None),
            before: AtomicU64::new(0),
            put_aside: AtomicU64::new(0),
        }
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

    /// Whether what blocking finds of so many identities can be kept from one pass for the next, once there is room for blocks.
    pub(super) fn has_room_to_keep_blocks(&self, identities: usize) -> bool {
        let bytes = (identities as f64 * (BLOCK_IDENTITY_BYTES + KEPT_IDENTITY_BYTES)) as u64;
        self.limit.is_none_or(|limit| machine::memory_bytes().is_some_and(|held| held + bytes <= limit))
    }

    /// Puts the columns of the records aside where they are large, or where blocks of so many identities would leave no room for what comes
    /// after them; bytes of blocks that are `there` already do not stand before them.
    ///
    /// # Errors
    /// OF0441 where it cannot be done.
    pub(super) fn make_room_for_blocks(&self, records: &mut Records, identities: usize, there: u64) -> Result<()> {
        let (here, waiting) = (records.column_bytes(), self.waiting().as_ref().map(|waiting| waiting.bytes));
        let columns = waiting.unwrap_or(here);
        // Where the system does not tell, columns are most of what is held.
        let before =
            machine::memory_bytes().map_or(columns, |held| held.saturating_sub(there) + (columns - here.min(columns)));
        self.before.store(before, Ordering::Relaxed);
        if waiting.is_some() {
            return self.put(records);
        }
        let identities = identities as u64;
        let blocked = before + (identities as f64 * BLOCK_IDENTITY_BYTES / 2.0) as u64;
        let linking = Linking { identities, pairs: identities * PAIRS_USUAL, learns: false };
        let above = |limit| Need::of(Held { before, blocked, columns }, linking).whole > limit;
        if columns >= COLUMNS_LARGE || self.limit.is_some_and(above) { self.put(records) } else { Ok(()) }
    }

    /// Puts the columns of the records aside where linking needs their room and they do not wait there already; what it needs is asked only
    /// where the job names a limit.
    ///
    /// # Errors
    /// OF0440 where that is not enough, OF0441 where it cannot be done.
    pub(super) fn make_room(&self, records: &mut Records, linking: impl FnOnce() -> Linking) -> Result<()> {
        let Some(limit) = self.limit else { return Ok(()) };
        let waiting = self.waiting().as_ref().map(|waiting| waiting.bytes);
        let (columns, before) =
            (waiting.unwrap_or_else(|| records.column_bytes()), self.before.load(Ordering::Relaxed));
        let blocked = machine::memory_bytes().map_or(before, |held| held + waiting.unwrap_or(0));
        let is_above = is_above(limit, Held { before, blocked, columns }, linking())?;
        if is_above && waiting.is_none() { self.put(records) } else { Ok(()) }
    }

    /// Asks for so many bytes more to link so many records, of which nothing can wait on disk; the bytes are asked only where the job names a limit.
    ///
    /// # Errors
    /// OF0440 where there are not that many.
    pub(super) fn allows(&self, records: usize, more: impl FnOnce() -> u64) -> Result<()> {
        let Some((limit, held)) = self.limit.zip(machine::memory_bytes()) else { return Ok(()) };
        let need = held + more();
        if need <= limit {
            Ok(())
        } else {
            Err(too_little(need, limit, &format!("{records} records with an imported model")))
        }
    }

    /// Lets the scored pairs of so many identities wait on disk where people cannot be made beside them.
    ///
    /// # Errors
    /// OF0441 where it cannot be done.
    pub(super) fn pairs(&self, edges: Vec<Edge>, identities: usize) -> Result<ScoredPairs> {
        let fits = |limit| machine::memory_bytes().is_some_and(|held| held + people(identities, edges.len()) <= limit);
        if self.limit.is_none_or(fits) {
            return Ok(ScoredPairs::Here(edges));
        }
        let aside = PairsAside::put(&self.output, edges)?;
        tracing::info!(bytes = aside.bytes(), "scored pairs wait on disk while people are made");
        self.put_aside.fetch_add(aside.bytes(), Ordering::Relaxed);
        Ok(ScoredPairs::Away(Box::new(aside), Vec::new()))
    }

    /// Gives the records the columns again that wait on disk.
    ///
    /// # Errors
    /// OF0441 where they are not what was written.
    pub(super) fn bring_back(&self, records: &mut Records) -> Result<()> {
        let waiting = self.waiting().take();
        waiting.map_or(Ok(()), |waiting| waiting.aside.bring_back(records, waiting.stays.as_ref()))
    }

    /// Gives them only what is asked between two passes: NHS numbers, and where records stand. The rest waits on.
    ///
    /// # Errors
    /// OF0441 where they are not what was written.
    pub(super) fn bring_back_first(&self, records: &mut Records) -> Result<()> {
        self.waiting().as_ref().map_or(Ok(()), |waiting| waiting.aside.bring_back_first(records))
    }

    /// Rows have left the records since their columns were put aside ([`Records::retain`] with `keep`), once between two passes: they leave what waits
    /// as well.
    pub(super) fn rows_left(&self, keep: &[bool]) {
        if let Some(waiting) = self.waiting().as_mut() {
            waiting.stays = Some(Stays::of(keep));
        }
    }

    /// Puts columns aside, or lets go of those again that wait there already.
    fn put(&self, records: &mut Records) -> Result<()> {
        if let Some(waiting) = self.waiting().as_ref() {
            waiting.aside.let_go_again(records, self.places_wait);
            return Ok(());
        }
        let columns = records.column_bytes();
        let aside = Aside::put(&self.output, records, self.places_wait)?;
        tracing::info!(bytes = aside.bytes(), "columns wait on disk while records are linked");
        self.put_aside.fetch_add(aside.bytes(), Ordering::Relaxed);
        *self.waiting() = Some(Waiting { aside, bytes: columns, stays: None });
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that have waited on disk.
    pub(super) fn put_aside_bytes(&self) -> u64 {
        self.put_aside.load(Ordering::Relaxed)
    }
}

/// Bytes that making people of so many identities and pairs that have a chance takes beside them.
fn people(identities: usize, pairs: usize) -> u64 {
    (identities as f64 * LINKED_IDENTITY_BYTES + pairs as f64 * KEPT_PAIR_BYTES) as u64
}

/// Whether not everything fits into memory.
///
/// # Errors
/// OF0440 where it does not even with all on disk that can wait there.
fn is_above(limit: u64, held: Held, linking: Linking) -> Result<bool> {
    let need = Need::of(held, linking);
    if need.least > limit {
        return Err(too_little(need.least, limit, &format!("{} identities", linking.identities)));
    }
    Ok(need.whole > limit)
}

fn too_little(need: u64, limit: u64, linked: &str) -> Failure {
    let (need, limit) = (shown(need), shown(limit));
    Failure::new(&TOO_LITTLE_MEMORY, format!("{need} are needed to link {linked}, and {limit} are allowed"))
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
        let linking = |identities, pairs, learns| Linking { identities, pairs, learns }.bytes(false);
        let base = linking(800_000, 5_000_000, false);
        assert!(linking(1_600_000, 5_000_000, false) > base && linking(800_000, 10_000_000, false) > base);
        assert!(linking(20_000, 1_000_000, true) > linking(20_000, 1_000_000, false));
    }

    #[test]
    fn scored_pairs_wait_where_people_have_no_room_beside_them() {
        let output = tempfile::tempdir().expect("a folder");
        let edges: Vec<Edge> = (0..900).map(|at| Edge::of(at, at + 1, 7, 9)).collect();
        let within = |limit: Option<u64>| Ceiling {
            limit,
            output: output.path().to_path_buf(),
            places_wait: true,
            waiting: Mutex::new(None),
            before: AtomicU64::new(0),
            put_aside: AtomicU64::new(0),
        };
        for limit in [None, Some(1 << 50)] {
            let ceiling = within(limit);
            assert!(matches!(ceiling.pairs(edges.clone(), 900), Ok(ScoredPairs::Here(here)) if here == edges));
            assert_eq!(ceiling.put_aside_bytes(), 0);
        }
        let ceiling = within(Some(1));
        let away = ceiling.pairs(edges.clone(), 900).expect("there is room on disk");
        assert!(matches!(away, ScoredPairs::Away(..)) && ceiling.put_aside_bytes() > 900);
        assert_eq!(away.len(), 900);
    }

    #[test]
    fn what_waits_on_disk_makes_room_but_for_what_is_held_before_and_after() {
        let linking = Linking { identities: 1_000, pairs: 100_000, learns: false };
        let held = |columns| Held { before: 5_000_000, blocked: 6_000_000, columns };
        let (whole, aside) = (6_000_000 + linking.bytes(false) as u64, linking.bytes(true) as u64);
        assert!(whole > 6_000_000 + aside, "scored pairs wait as well");
        assert_eq!(Need::of(held(100_000), linking), Need { whole, least: 5_900_000 + aside });
        assert_eq!(Need::of(held(4_000_000), linking), Need { whole, least: 5_120_000 });
        let large = Held { before: 5 << 30, blocked: 7 << 30, columns: COLUMNS_LARGE };
        assert_eq!(
            Need::of(large, linking).whole,
            (6 << 30) + linking.bytes(false) as u64,
            "large columns wait anyway"
        );
    }
}
