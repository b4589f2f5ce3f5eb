//! The memory that a job allows (`[job] memory_limit`): where linking begins it is foretold what a night will hold; above the limit the
//! columns of its records wait on disk meanwhile, and its scored pairs while people are made; a night that would not fit even so ends. Columns of [`COLUMNS_LARGE`] wait there on any
//! night: they are written and read in a few seconds, where linking takes minutes.
//!
//! What is held is measured, so that wide rows, long values and the allocator's own needs are in it; what comes is foretold from counts, as
//! `onefolk plan` does. Before anything is read, what reading took on the run that stands, or how many rows there are, says whether it can fit at all
//! (`foretold`). A night that is refused is told what all of it needs (`reading`), so that whoever allows that is not refused again.

mod beside;
mod foretold;
mod need;
mod reading;

use super::aside::Aside;
use super::machine;
use super::pairs_aside::PairsAside;
use crate::blocking::{self, Limits, RuleCount};
use crate::clustering::{Edge, ScoredPairs};
use crate::failure::{Code, Exit, Failure, Result};
use crate::job::Job;
use crate::records::{Records, Stays};
use need::{
    BLOCK_IDENTITY_BYTES, COLUMNS_LARGE, KEPT_IDENTITY_BYTES, KEPT_PAIR_BYTES, LINKED_IDENTITY_BYTES, PAIRS_USUAL,
};
use reading::How;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use beside::Beside;
pub use need::Linking;
pub(super) use need::{CanWait, Held, Need};

pub(crate) static TOO_LITTLE_MEMORY: Code = Code {
    id: "OF0440",
    exit: Exit::Resource,
    title: "the job allows too little memory",
    next_step: "Run `onefolk train` where the message says so, or raise [job] memory_limit to what it names (`onefolk plan` says how much is enough), then \
                do it again (`onefolk run --resume` goes on from what was read); nothing was published",
    explanation: "With [job] memory_limit a run foretells before it links how much memory it will hold. Above the limit the columns of the \
                  records wait on disk while records are linked, and the scored pairs while people are made of them. Records, identities, \
                  blocks, what people are made of and the best records have to fit all the same: where they do not, the run ends before it \
                  links rather than be ended by the system in the middle. With a model of another tool nothing waits on disk: everything has \
                  to fit. Extracts are read again only where they have changed. Reading lets nothing wait: where it took clearly more than is allowed on \
                  the run that stands, as far as tonight's extracts are as large, the run ends before it reads, and so does a first one whose \
                  extracts clearly hold too many rows. What is named is enough for all of the night, about: what was taken and is foretold, and \
                  eight in a hundred more, as what is resident differs from run to run. Blocks are chosen for as many \
                  identities as a model is learnt from: where there are far more by now, `onefolk train` lessens what is needed. `onefolk evaluate` and \
                  `onefolk backtest` keep to the limit as well. They work beside the nights, so that nothing may wait on disk for them: all of it has \
                  to fit, and measuring takes half as much again. `onefolk evaluate --crosswalk-only` links nothing.",
};

/// Columns that wait on disk.
struct Waiting {
    aside: Aside,
    /// In memory, as they were put aside.
    bytes: CanWait,
    /// Of the rows that were put aside, where some have left since.
    stays: Option<Stays>,
}

/// The ceiling of one night.
pub struct Ceiling {
    /// In bytes; `None` where the job names none.
    limit: Option<u64>,
    /// Bytes of columns that wait on disk whatever the job allows.
    large: u64,
    output: PathBuf,
    /// Whether linking never asks where a record stands and what its record_id is: it does of providers that send one record a person.
    places_wait: bool,
    waiting: Mutex<Option<Waiting>>,
    /// Bytes that were held before there were blocks.
    before: AtomicU64,
    put_aside: AtomicU64,
    /// What is done beside the nights, where nothing may wait on disk; `None` for a night and a training.
    beside: Option<Beside>,
    /// For what somebody is told before records are linked.
    how: How,
}

impl Ceiling {
    pub(super) fn of(job: &Job) -> Ceiling {
        let places_wait = !job.providers.iter().any(|provider| provider.one_record_per_person);
        #[cfg(not(test))]
        let large = COLUMNS_LARGE;
        #[cfg(test)]
        let large = if super::aside_nights::all_wait(job) { 0 } else { COLUMNS_LARGE };
        Ceiling {
            limit: job.memory_limit,
            large,
            output: job.output.clone(),
            places_wait,
            waiting: Mutex::new(None),
            before: AtomicU64::new(0),
            put_aside: AtomicU64::new(0),
            beside: None,
            how: job.memory_limit.map_or(How::Learning, |_| How::of(job)),
        }
    }

    /// The ceiling of a training, which learns whatever model is there.
    pub(super) fn of_training(job: &Job) -> Ceiling {
        Ceiling { how: How::Learning, ..Ceiling::of(job) }
    }

    /// What of the records can wait on disk, as far as it is in memory.
    pub(super) fn can_wait(&self, records: &Records) -> CanWait {
        let numbers = (records.extract.len() + records.source_row.len()) * size_of::<u32>();
        let places = numbers + records.record_id.heap_bytes();
        CanWait { columns: records.column_bytes(), places: if self.places_wait { places as u64 } else { 0 } }
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
    /// OF0441 where it cannot be done, OF0440 where nothing may wait and there is no room.
    pub(super) fn make_room_for_blocks(&self, records: &mut Records, identities: usize, there: u64) -> Result<()> {
        if self.beside.is_some() {
            return self.judge_blocks(records, identities, there);
        }
        let (here, waiting) = (self.can_wait(records), self.waiting().as_ref().map(|waiting| waiting.bytes));
        let can_wait = waiting.unwrap_or(here);
        let away = can_wait.all().saturating_sub(here.all());
        // Where the system does not tell, what can wait is most of what is held.
        let before = machine::memory_bytes().map_or(can_wait.all(), |held| held.saturating_sub(there) + away);
        self.before.store(before, Ordering::Relaxed);
        if waiting.is_some() {
            return self.put(records);
        }
        let identities = identities as u64;
        let blocked = before + (identities as f64 * BLOCK_IDENTITY_BYTES / 2.0) as u64;
        let linking = Linking { identities, pairs: identities * PAIRS_USUAL, forms: 0 };
        let above = |limit| Need::of(Held { before, blocked, can_wait }, linking).whole > limit;
        if can_wait.columns >= self.large || self.limit.is_some_and(above) { self.put(records) } else { Ok(()) }
    }

    /// Puts the columns of the records aside where linking needs their room and they do not wait there already; what it needs is asked only
    /// where the job names a limit.
    ///
    /// # Errors
    /// OF0440 where that is not enough, OF0441 where it cannot be done.
    pub(super) fn make_room(&self, records: &mut Records, linking: impl FnOnce() -> Linking) -> Result<()> {
        let Some(limit) = self.limit else { return Ok(()) };
        if self.beside.is_some() {
            return self.judge_linking(linking);
        }
        let waiting = self.waiting().as_ref().map(|waiting| waiting.bytes);
        let can_wait = waiting.unwrap_or_else(|| self.can_wait(records));
        let before = self.before.load(Ordering::Relaxed);
        let blocked = machine::memory_bytes().map_or(before, |held| held + waiting.map_or(0, CanWait::all));
        let is_above = is_above(limit, Held { before, blocked, can_wait }, linking())?;
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
        if self.beside.is_some() || self.limit.is_none_or(fits) {
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
        let bytes = self.can_wait(records);
        let aside = Aside::put(&self.output, records, self.places_wait)?;
        tracing::info!(bytes = aside.bytes(), "columns wait on disk while records are linked");
        self.put_aside.fetch_add(aside.bytes(), Ordering::Relaxed);
        *self.waiting() = Some(Waiting { aside, bytes, stays: None });
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
    let Linking { identities, pairs, forms } = linking;
    let need = Need::of(held, linking);
    if need.least > limit {
        // Around some records no pair is compared yet: the night that comes after it is to fit as well.
        let night = if pairs == 0 { Linking::usual(identities, forms) } else { linking };
        let all = need.least.max(Need::of(held, night).least);
        return Err(too_little(all, limit, &format!("{identities} identities")));
    }
    Ok(need.whole > limit)
}

fn too_little(need: u64, limit: u64, linked: &str) -> Failure {
    let (need, limit) = (shown(enough(need)), shown(limit));
    Failure::new(&TOO_LITTLE_MEMORY, format!("about {need} are needed to link {linked}, and {limit} are allowed"))
}

/// A limit within which a night fits of which so many bytes are foretold: what is resident when it judges itself differs from run to run.
pub(super) fn enough(need: u64) -> u64 {
    need + need / 100 * 8
}

/// What a night that blocks within frozen `limits` has failed with, and what to do about it where it wants memory since they were chosen for far fewer
/// identities.
pub(super) fn told_to_train(failure: Failure, rules: &[RuleCount], identities: usize, limits: Limits) -> Failure {
    let times = blocking::times_outgrown(rules, identities, limits);
    let Some(times) = times.filter(|_| failure.code.id == TOO_LITTLE_MEMORY.id) else { return failure };
    let so = format!("blocks hold {times:.1} times the pairs that they would hold if they were chosen tonight");
    Failure { what: format!("{}; {so}: run `onefolk train`", failure.what), ..failure }
}

/// Bytes as a job file writes them, rounded up.
fn shown(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scored_pairs_wait_where_people_have_no_room_beside_them() {
        let output = tempfile::tempdir().expect("a folder");
        let edges: Vec<Edge> = (0..900).map(|at| Edge::of(at, at + 1, 7, 9)).collect();
        let within = |limit: Option<u64>| Ceiling {
            limit,
            large: COLUMNS_LARGE,
            output: output.path().to_path_buf(),
            places_wait: true,
            waiting: Mutex::new(None),
            before: AtomicU64::new(0),
            put_aside: AtomicU64::new(0),
            beside: None,
            how: How::Learning,
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
    fn a_pass_around_some_records_names_what_the_night_after_it_needs() {
        let held = Held { before: 60 << 20, blocked: 70 << 20, can_wait: CanWait::default() };
        let told = |pairs| {
            let linking = Linking { identities: 60_000, pairs, forms: 1 };
            is_above(1 << 20, held, linking).expect_err("a MiB is too little").what
        };
        assert_eq!(told(0), told(1_500_000));
        assert!(told(0).starts_with("about ") && told(0).ends_with(", and 1 MiB are allowed"), "{}", told(0));
        assert!(is_above(90 << 20, held, Linking { identities: 60_000, pairs: 0, forms: 1 }).is_ok());
    }

    #[test]
    fn a_night_that_blocks_for_a_smaller_town_is_told_to_train() {
        let rules = [RuleCount { rule: "name".into(), blocks: 9, pairs: 8_100_000, cut: 0 }];
        let limits = Limits { cap: 60, cap_last: 60, weak_rules: true };
        let failed = |identities: u64| {
            let linking = Linking { identities, pairs: 3_000_000, forms: 0 };
            let held = Held { before: 0, blocked: 0, can_wait: CanWait::default() };
            let failure = is_above(1 << 20, held, linking).expect_err("a MiB is too little");
            told_to_train(failure, &rules, identities as usize, limits).what
        };
        let told = failed(60_000);
        assert!(told.contains("1 MiB are allowed; blocks hold 2.0 times the pairs"), "{told}");
        assert!(told.ends_with("run `onefolk train`"), "{told}");
        assert!(failed(2_000_000).ends_with("1 MiB are allowed"), "so many may meet as many");
        let other = told_to_train(Failure::new(&crate::run::MODEL_DOES_NOT_FIT, "x"), &rules, 60_000, limits);
        assert_eq!(other.what, "x");
    }
}
