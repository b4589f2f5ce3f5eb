//! Reading all extracts on several threads.
//!
//! There is no queue: each thread takes the next unit of an extract under that extract's lock (reading, unpacking, decoding and
//! cutting are sequential), then parses and consumes it outside. So at most one block a thread is in memory, and several files and
//! several blocks of one file are worked on at once. What a unit is depends on the file's bytes only.

use super::batch::{Batch, FileReport, wanted_columns};
use super::open::{OpenExtract, Sizes, open};
use super::plan::Plan;
use super::problem::{Problem, Result};
use super::raw::Progress;
use super::rows::Piece;
use super::units::{Source, Unit, too_many_rows};
use super::{Extract, Intake, codes, extracts};
use crate::disk;
use crate::failure::{self, Failure};
use crate::job::{Job, Provider, SOURCE_ROW, WhenMissing};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

pub(super) fn read_all<T: Send>(
    job: &Job,
    sizes: Sizes,
    consume: &(impl Fn(Batch) -> T + Sync),
    progress: Progress<'_>,
) -> failure::Result<Intake<T>> {
    let extracts = extracts(job);
    all_are_there(job)?;
    let reading = Reading::new(job, &extracts, sizes, progress);
    let threads = match job.threads_begun() {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let mut results: Vec<Placed<T>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| reading.work(consume))).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let outcomes = reading.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut files = Vec::with_capacity(extracts.len());
    for (outcome, extract) in outcomes.into_iter().zip(&extracts) {
        match outcome {
            Outcome::Read(report) => files.push(report),
            Outcome::Failed(problem) => files.push(skipped(job, extract, problem)?),
            // Only behind an extract that stopped the run, whose failure was returned above.
            Outcome::Waiting => unreachable!("every extract before the first failure was read"),
        }
    }
    results.retain(|result| files[result.extract as usize].skipped.is_none());
    results.sort_unstable_by_key(|result| (result.extract, result.unit, result.piece));
    Ok(Intake { batches: results.into_iter().map(|result| result.value).collect(), files })
}

fn all_are_there(job: &Job) -> failure::Result<()> {
    match job
        .providers
        .iter()
        .find(|provider| provider.files.is_empty() && provider.when_missing != WhenMissing::Without)
    {
        None => Ok(()),
        Some(provider) => Err(Failure::new(
            &codes::NO_EXTRACT,
            format!("provider {}: nothing matches {}", provider.id, provider.globs.join(", ")),
        )),
    }
}

/// The columns that are read of a provider: those of its mapping, and the numbers of rows where they stand in a column.
fn wanted_of(provider: &Provider) -> Vec<String> {
    let mut wanted = wanted_columns(provider);
    wanted.extend(is_numbered(provider).then(|| SOURCE_ROW.to_string()));
    wanted
}

/// An extract that is kept without some of its rows says which ones it has.
fn is_numbered(provider: &Provider) -> bool {
    let held = provider.changes.as_ref().and_then(|changes| changes.standing.as_ref());
    provider.stale.as_ref().is_some_and(|stale| stale.numbered) || held.is_some_and(|held| held.numbered)
}

/// The report of an extract that could not be read, where the job goes on without it.
fn skipped(job: &Job, extract: &Extract, problem: Problem) -> failure::Result<FileReport> {
    let provider = &job.providers[extract.provider as usize];
    if provider.when_missing != WhenMissing::Without {
        return Err(problem.into_failure(&provider.id, &extract.name));
    }
    Ok(FileReport {
        name: extract.name.clone(),
        provider: extract.provider,
        bytes: disk::length(&extract.path).unwrap_or(0),
        skipped: Some(problem.in_words()),
        ..FileReport::default()
    })
}

/// A consumer's result and its place.
struct Placed<T> {
    extract: u32,
    unit: u32,
    piece: u32,
    value: T,
}

enum Outcome {
    Waiting,
    Read(FileReport),
    Failed(Problem),
}

/// What the threads share.
struct Reading<'a> {
    job: &'a Job,
    extracts: &'a [Extract],
    wanted: Vec<Vec<String>>,
    sizes: Sizes,
    progress: Progress<'a>,
    desk: Mutex<Desk<'a>>,
    changed: Condvar,
    outcomes: Mutex<Vec<Outcome>>,
    /// Extracts from here on are not worth reading: this one stops the run.
    stop_at: AtomicUsize,
}

/// Which extracts are open and which wait.
struct Desk<'a> {
    /// Indices still to be opened, largest file last (they are popped).
    waiting: Vec<usize>,
    opening: usize,
    open: Vec<Arc<InWork<'a>>>,
}

/// An extract that is being read.
struct InWork<'a> {
    index: usize,
    plan: Arc<Plan>,
    /// `None` once it is read to its end or given up.
    source: Mutex<Option<Source<'a>>>,
    order: Mutex<Order>,
    advanced: Condvar,
}

/// Gives units their row numbers in the order of the file.
#[derive(Default)]
struct Order {
    next_unit: u32,
    rows: u32,
    quarantined: u64,
    given_up: bool,
    /// The report without its counts, and the number of units, once the source is at its end.
    ended: Option<(FileReport, u32)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Reading<'a> {
    fn new(job: &'a Job, extracts: &'a [Extract], sizes: Sizes, progress: Progress<'a>) -> Self {
        let size = |index: &usize| disk::length(&extracts[*index].path).unwrap_or(0);
        // Large files first, so that no thread is left alone with one at the end.
        let mut waiting: Vec<usize> = (0..extracts.len()).collect();
        waiting.sort_by_cached_key(|index| (size(index), std::cmp::Reverse(*index)));
        Reading {
            job,
            extracts,
            wanted: job.providers.iter().map(wanted_of).collect(),
            sizes,
            progress,
            desk: Mutex::new(Desk { waiting, opening: 0, open: Vec::new() }),
            changed: Condvar::new(),
            outcomes: Mutex::new(extracts.iter().map(|_| Outcome::Waiting).collect()),
            stop_at: AtomicUsize::new(usize::MAX),
        }
    }

    /// One thread's life.
    fn work<T>(&self, consume: &impl Fn(Batch) -> T) -> Vec<Placed<T>> {
        let mut results = Vec::new();
        let mut unit = Unit::default();
        loop {
            let open = lock(&self.desk).open.clone();
            let free = open.iter().find_map(|file| match file.source.try_lock() {
                Ok(source) => Some((file, source)),
                Err(TryLockError::Poisoned(poisoned)) => Some((file, poisoned.into_inner())),
                Err(TryLockError::WouldBlock) => None,
            });
            if let Some((file, source)) = free {
                self.step(file, source, &mut unit, consume, &mut results);
            } else if !self.open_next() {
                match open.first() {
                    Some(file) => self.step(file, lock(&file.source), &mut unit, consume, &mut results),
                    None if self.wait_for_open() => {}
                    None => return results,
                }
            }
        }
    }

    /// Opens the next waiting extract; false where none waits.
    fn open_next(&self) -> bool {
        let index = {
            let mut desk = lock(&self.desk);
            let Some(index) = desk.waiting.pop() else { return false };
            desk.opening += 1;
            index
        };
        let _done = Opened { reading: self };
        if index > self.stop_at.load(Ordering::Relaxed) {
            return true;
        }
        let extract = &self.extracts[index];
        let provider = &self.job.providers[extract.provider as usize];
        let wanted = &self.wanted[extract.provider as usize];
        match open(&extract.path, provider, Some(wanted), self.sizes, self.progress) {
            Ok(OpenExtract { plan, source, .. }) => lock(&self.desk).open.push(Arc::new(InWork {
                index,
                plan,
                source: Mutex::new(Some(source)),
                order: Mutex::new(Order::default()),
                advanced: Condvar::new(),
            })),
            Err(problem) => self.fail(index, problem),
        }
        true
    }

    /// Waits while another thread opens an extract; false where nothing more will come.
    fn wait_for_open(&self) -> bool {
        let mut desk = lock(&self.desk);
        while desk.open.is_empty() && desk.waiting.is_empty() && desk.opening > 0 {
            desk = self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        !desk.open.is_empty() || !desk.waiting.is_empty()
    }

    fn fail(&self, index: usize, problem: Problem) {
        let provider = &self.job.providers[self.extracts[index].provider as usize];
        if provider.when_missing != WhenMissing::Without {
            self.stop_at.fetch_min(index, Ordering::Relaxed);
        }
        let mut outcomes = lock(&self.outcomes);
        // Of two problems of one file the one met first by the reader stands; a later one is its consequence.
        if !matches!(outcomes[index], Outcome::Failed(_)) {
            outcomes[index] = Outcome::Failed(problem);
        }
    }

    /// Takes one unit of `file`, whose lock is held, and carries it to its end.
    fn step<T>(
        &self,
        file: &InWork<'a>,
        mut guard: MutexGuard<'_, Option<Source<'a>>>,
        unit: &mut Unit,
        consume: &impl Fn(Batch) -> T,
        results: &mut Vec<Placed<T>>,
    ) {
        let Some(source) = guard.as_mut() else { return self.close(file) };
        if file.index > self.stop_at.load(Ordering::Relaxed) || lock(&file.order).given_up {
            *guard = None;
            return self.close(file);
        }
        match source.next(unit) {
            Ok(true) => {
                drop(guard);
                let patience = GiveUpOnPanic { file };
                let done = self.read_unit(file, unit, consume, results);
                std::mem::forget(patience);
                if let Err(problem) = done {
                    self.fail(file.index, problem);
                    file.give_up();
                }
            }
            Ok(false) => {
                let ended = self.report(file.index, source);
                let units = unit.sequence;
                *guard = None;
                drop(guard);
                match ended {
                    Ok(report) => lock(&file.order).ended = Some((report, units)),
                    Err(problem) => {
                        self.fail(file.index, problem);
                        file.give_up();
                    }
                }
                self.close(file);
                self.settle(file);
            }
            Err(problem) => {
                *guard = None;
                drop(guard);
                self.fail(file.index, problem);
                file.give_up();
                self.close(file);
            }
        }
    }

    /// Everything about a file but its counts.
    fn report(&self, index: usize, source: &mut Source<'_>) -> Result<FileReport> {
        let blake3 = source.finish()?;
        let extract = &self.extracts[index];
        Ok(FileReport {
            name: extract.name.clone(),
            provider: extract.provider,
            bytes: source.watch().size(),
            blake3,
            found: source.found(),
            ..FileReport::default()
        })
    }

    fn read_unit<T>(
        &self,
        file: &InWork<'a>,
        unit: &Unit,
        consume: &impl Fn(Batch) -> T,
        results: &mut Vec<Placed<T>>,
    ) -> Result<()> {
        let extract = file.index as u32;
        let provider = self.extracts[file.index].provider;
        let slots = file.plan.slots();
        let numbered = is_numbered(&self.job.providers[usize::from(provider)]);
        let (mut number, mut unnumbered) = (0, false);
        let mut deliver = |piece: Piece, rows_before: u32| {
            let mut batch = piece.into_batch(extract, provider, slots, rows_before);
            unnumbered |= numbered && !batch.take_numbers();
            let value = consume(batch);
            results.push(Placed { extract, unit: unit.sequence, piece: number, value });
            number += 1;
        };
        let mut quarantined = 0;
        if let Some(rows_before) = unit.rows_before {
            let mut too_many = false;
            let mut rows = 0_u32;
            let count = file.plan.read(unit, usize::MAX, &mut |piece| {
                quarantined += piece.quarantined() as u64;
                rows = rows.saturating_add(piece.len() as u32);
                too_many |= rows_before.checked_add(rows).is_none_or(|last| last == u32::MAX);
                if !too_many {
                    deliver(piece, rows_before);
                }
            })?;
            if too_many {
                return Err(too_many_rows());
            }
            file.take_turn(unit.sequence, count, quarantined)?;
        } else {
            let mut pieces = Vec::new();
            let count = file.plan.read(unit, usize::MAX, &mut |piece| pieces.push(piece))?;
            quarantined = pieces.iter().map(|piece| piece.quarantined() as u64).sum();
            if let Some(rows_before) = file.take_turn(unit.sequence, count, quarantined)? {
                pieces.into_iter().for_each(|piece| deliver(piece, rows_before));
            }
        }
        if unnumbered {
            return Err(Problem::new(&codes::DAMAGED, "the numbers of its rows cannot be read"));
        }
        self.settle(file);
        Ok(())
    }

    /// Takes a file off the desk: it has no more units.
    fn close(&self, file: &InWork<'a>) {
        lock(&self.desk).open.retain(|open| open.index != file.index);
        self.changed.notify_all();
    }

    /// Writes the file's report once its source has ended and all its units are counted.
    fn settle(&self, file: &InWork<'a>) {
        let order = lock(&file.order);
        let Some((report, units)) = &order.ended else { return };
        if order.given_up || order.next_unit != *units {
            return;
        }
        let report = FileReport { rows: u64::from(order.rows), quarantined: order.quarantined, ..report.clone() };
        let mut outcomes = lock(&self.outcomes);
        if !matches!(outcomes[file.index], Outcome::Failed(_)) {
            outcomes[file.index] = Outcome::Read(report);
        }
    }
}

impl InWork<'_> {
    /// Waits until all units before this one are counted, and counts this one. The data records before it, or `None` where the file
    /// was given up meanwhile. Whoever holds an earlier unit is parsing it and waits for nobody but still earlier ones.
    fn take_turn(&self, unit: u32, rows: u32, quarantined: u64) -> Result<Option<u32>> {
        let mut order = lock(&self.order);
        while order.next_unit != unit && !order.given_up {
            order = self.advanced.wait(order).unwrap_or_else(PoisonError::into_inner);
        }
        if order.given_up {
            return Ok(None);
        }
        let rows_before = order.rows;
        // Numbers begin with 1, and the largest number of 32 bits stays free for readers of the outputs.
        order.rows = rows_before.checked_add(rows).filter(|&rows| rows < u32::MAX).ok_or_else(too_many_rows)?;
        order.quarantined += quarantined;
        order.next_unit += 1;
        self.advanced.notify_all();
        Ok(Some(rows_before))
    }

    fn give_up(&self) {
        lock(&self.order).given_up = true;
        self.advanced.notify_all();
    }
}

/// Ends the opening of an extract, however it went.
struct Opened<'r, 'a> {
    reading: &'r Reading<'a>,
}

impl Drop for Opened<'_, '_> {
    fn drop(&mut self) {
        lock(&self.reading.desk).opening -= 1;
        self.reading.changed.notify_all();
    }
}

/// A panic in one thread must not leave the others waiting for its unit.
struct GiveUpOnPanic<'f, 'a> {
    file: &'f InWork<'a>,
}

impl Drop for GiveUpOnPanic<'_, '_> {
    fn drop(&mut self) {
        self.file.give_up();
    }
}
