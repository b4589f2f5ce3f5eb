//! Providers that send only what has changed (`mode = "changes"`).
//!
//! In: the extracts with changes that are there, and what the provider held before. Out: a job in which the provider sends one extract with
//! all that it holds now, so that nothing after this knows of changes, and the rows that could not be used, for tonight's quarantine.
//! Always: every row that was read is counted as one of a few kinds, or the run fails; an extract whose changes are in already changes
//! nothing; what the provider holds moves on only with a published run.

mod apply;
mod gone;
mod purge;
mod sent;
mod state;

use super::{ACCOUNTS_WRONG, EXTRACT_ALL_QUARANTINED};
use crate::failure::{Failure, Result};
use crate::intake::{self, Batch, FileReport, Intake, Quarantined};
use crate::job::standing::StandingList;
use crate::job::{Changes, Format, Job, Provider, WhenMissing, standing};
use apply::{Applied, Holding};
use gone::Gone;
use rustc_hash::FxHashSet;
use sent::{Sent, SentFile, Waiting};
use serde::Serialize;
use std::path::PathBuf;

pub(super) use purge::purge;
pub(super) use state::{abandon, judge_held, promote, recovered};

/// What became of the rows of one extract with changes; for run.json.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct FileChanges {
    pub file: String,
    pub blake3: String,
    pub rows: u64,
    /// An earlier run, or one before it tonight, has the same bytes: nothing of it is looked at again.
    pub read_before: bool,
    #[serde(flatten)]
    pub counts: Counts,
}

/// Each row of an extract with changes is one of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// Of a record that the provider did not hold.
    pub new: u64,
    /// In the place of what the provider held.
    pub changed: u64,
    /// The very same as before.
    pub unchanged: u64,
    /// Says that a record is gone which was there.
    pub deleted: u64,
    /// The same of one that was not there.
    pub deleted_unknown: u64,
    /// Older, by the field `updated`, than what the provider holds, or than its word that the record is gone.
    pub older: u64,
    /// Could not be read, or has no record_id.
    pub unusable: u64,
}

impl Counts {
    fn all(self) -> u64 {
        let Counts { new, changed, unchanged, deleted, deleted_unknown, older, unusable } = self;
        new + changed + unchanged + deleted + deleted_unknown + older + unusable
    }
}

/// What one provider's changes came to.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ProviderChanges {
    pub provider: String,
    /// Records that it holds now, by record_id.
    pub records: u64,
    pub files: Vec<FileChanges>,
    /// What was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Checksums by which the run before may have read what it held; none where it held nothing, or the list does not tell.
    #[serde(skip)]
    pub held: Vec<String>,
}

/// What all providers' changes came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Changed {
    pub providers: Vec<ProviderChanges>,
    /// Extracts with changes that held rows that could not be used.
    unusable: Vec<Unusable>,
}

/// An extract, counted with its rows that could not be used, and these rows.
type Unusable = (FileReport, Vec<Quarantined>);

impl Changed {
    /// The extracts whose changes have come tonight.
    pub fn read_tonight(&self) -> impl Iterator<Item = &FileChanges> {
        self.providers.iter().flat_map(|provider| &provider.files).filter(|file| !file.read_before)
    }

    /// Puts the rows that could not be used into tonight's quarantine. Their extracts come after all others, and count there with these
    /// rows alone: the others are part of what a provider holds, or say that something of it is gone.
    pub fn quarantine(&mut self, files: &mut Vec<FileReport>, quarantined: &mut Vec<Quarantined>) {
        for (file, rows) in self.unusable.drain(..) {
            let extract = files.len() as u32;
            quarantined.extend(rows.into_iter().map(|row| Quarantined { extract, provider: file.provider, ..row }));
            files.push(file);
        }
    }
}

impl ProviderChanges {
    /// What somebody should know of it.
    pub fn warning(&self) -> Option<String> {
        let sum = |count: fn(&Counts) -> u64| self.files.iter().map(|file| count(&file.counts)).sum::<u64>();
        let told = [
            (sum(|counts| counts.unusable), "could not be used"),
            (sum(|counts| counts.deleted_unknown), "delete a record that it does not hold"),
            (sum(|counts| counts.older), "are older than what it holds or has deleted"),
        ];
        let told: Vec<String> =
            told.iter().filter(|(rows, _)| *rows > 0).map(|(rows, why)| format!("{rows} {why}")).collect();
        let rows =
            (!told.is_empty()).then(|| format!("rows with changes of provider {}: {}", self.provider, told.join(", ")));
        let waiting = self.waiting.as_ref().map(|waiting| waiting.warning(&self.provider));
        match (rows, waiting) {
            (Some(rows), Some(waiting)) => Some(format!("{rows}; {waiting}")),
            (rows, waiting) => rows.or(waiting),
        }
    }
}

/// Puts what each provider holds after its changes in place of the changes. `run_id` is the run that will have read them.
///
/// # Errors
/// OF02xx where an extract cannot be read and OF0512 where every row of one is unusable, both where it may not wait; OF0529 where what a provider
/// held is damaged, and where the disk does not take it.
pub(super) fn fold(job: &Job, run_id: &str) -> Result<(Job, Changed)> {
    state::recover(job)?;
    fold_each(job, run_id).inspect_err(|_| abandon(job))
}

fn fold_each(job: &Job, run_id: &str) -> Result<(Job, Changed)> {
    let mut folded = job.clone();
    let mut changed = Changed::default();
    for (at, provider) in (0..).zip(&mut folded.providers) {
        let Some(changes) = provider.changes.clone() else { continue };
        if changes.files.is_empty() && provider.when_missing == WhenMissing::Without {
            // The night goes on without its records; what it holds waits until it sends again.
            provider.files.clear();
            continue;
        }
        let changes = Changes { standing: state::held(job, provider)?, ..changes };
        let (now, changes, unusable) = fold_provider(job, provider, &changes, run_id)?;
        *provider = now;
        changed.providers.push(changes);
        let of_provider = |(file, rows)| (FileReport { provider: at, ..file }, rows);
        changed.unusable.extend(unusable.into_iter().map(of_provider));
    }
    Ok((folded, changed))
}

fn fold_provider(
    job: &Job,
    provider: &Provider,
    changes: &Changes,
    run_id: &str,
) -> Result<(Provider, ProviderChanges, Vec<Unusable>)> {
    let held = changes.standing.as_ref();
    let before = held.map_or_else(|| Ok(Vec::new()), |list| rows_held(job, provider, list))?;
    let Sent { files, batches, vanished, waiting } = Sent::of(job, provider, changes)?;
    let mut holding = Holding::of(job, provider, &before, &batches, Gone::of(job, provider, held)?);
    let known = held.map_or(&[][..], |list| &list.applied);
    let Read { told, fresh, unusable, stopped } = Read::all(&files, known, &mut holding)?;
    let waiting = match stopped {
        None => waiting,
        Some((at, failure)) if sent::may_wait(provider, changes) => Some(Waiting::of(job, changes, at, &failure)),
        Some((_, failure)) => return Err(failure),
    };
    let mut now = provider.clone();
    now.vanished.extend(vanished);
    // Where some were not read nobody knows which of them are there still.
    let there = waiting.is_none().then_some(files.as_slice());
    let told = ProviderChanges {
        provider: provider.id.clone(),
        records: holding.records(),
        files: told,
        waiting,
        held: held.map_or_else(Vec::new, known_as),
    };
    if fresh.is_empty() {
        state::stand(job, &mut now, held);
        return Ok((now, told, unusable));
    }
    let Applied { bytes, rows, gone } = holding.finish();
    let list = StandingList {
        run_id: run_id.to_string(),
        as_of: job.as_of.to_string(),
        blake3: blake3::hash(&bytes).to_hex().to_string(),
        rows,
        applied: state::remembered(known, fresh, there),
        gone,
        numbered: false,
        made_of: Vec::new(),
    };
    state::write_next(job, &mut now, list, &bytes)?;
    Ok((now, told, unusable))
}

/// [`StandingList::checksums`]; none where an earlier version has taken rows out, and did not tell of what.
fn known_as(list: &StandingList) -> Vec<String> {
    if list.numbered && list.made_of.is_empty() { Vec::new() } else { list.checksums().cloned().collect() }
}

/// The rows that the provider held before.
fn rows_held(job: &Job, provider: &Provider, list: &StandingList) -> Result<Vec<Batch>> {
    let place = standing::folder(&job.output, &provider.id).join(standing::EXTRACT);
    let read = read(job, provider, vec![place], standing::format(), Some(list))?;
    state::verify(provider, list, &read.files)?;
    Ok(read.batches)
}

/// What became of the extracts of one provider.
#[derive(Default)]
struct Read {
    told: Vec<FileChanges>,
    /// What those are remembered by that nobody had read before.
    fresh: Vec<String>,
    unusable: Vec<Unusable>,
    /// The place of an extract of which no row can be used: neither it nor what comes after it was applied.
    stopped: Option<(usize, Failure)>,
}

impl Read {
    /// Applies all extracts but those that are `known`, and each only once, up to the first of which no row can be used.
    ///
    /// # Errors
    /// OF0513 where the rows of one are not all counted.
    fn all(files: &[SentFile], known: &[String], holding: &mut Holding) -> Result<Read> {
        let mut known: FxHashSet<String> = known.iter().cloned().collect();
        let mut read = Read::default();
        for (at, file) in files.iter().enumerate() {
            let report = &file.report;
            let mut told = FileChanges {
                file: report.name.clone(),
                blake3: report.blake3.clone(),
                rows: report.rows,
                ..FileChanges::default()
            };
            let mark = file.mark();
            told.read_before = file.passed_over || !known.insert(mark.clone());
            if !told.read_before {
                let (counts, rows) = holding.apply(at as u32);
                told.counts = counts;
                are_counted(&told)?;
                if told.rows > 0 && counts.unusable == told.rows {
                    let none = format!("{}: none of its {} rows", told.file, told.rows);
                    read.stopped = Some((at, Failure::new(&EXTRACT_ALL_QUARANTINED, none)));
                    break;
                }
                if !rows.is_empty() {
                    let bad = counts.unusable;
                    read.unusable.push((FileReport { rows: bad, quarantined: bad, ..report.clone() }, rows));
                }
                read.fresh.push(mark);
            }
            read.told.push(told);
        }
        Ok(read)
    }
}

/// # Errors
/// OF0513 where they are not.
fn are_counted(file: &FileChanges) -> Result<()> {
    let counted = file.counts.all();
    if counted == file.rows {
        return Ok(());
    }
    let told = format!("{}: {} rows were read, but {counted} are accounted for", file.file, file.rows);
    Err(Failure::new(&ACCOUNTS_WRONG, told))
}

/// The rows of a provider's extracts, as text; `list` is that of the extract that it holds, where it is this that is read. One that cannot be read
/// is a failure, whatever the job says of a provider that sends nothing.
fn read(
    job: &Job,
    provider: &Provider,
    files: Vec<PathBuf>,
    format: Format,
    list: Option<&StandingList>,
) -> Result<Intake<Batch>> {
    let changes = provider.changes.clone().map(|changes| Changes { standing: list.cloned(), ..changes });
    let alone = Provider { files, format, changes, stale: None, when_missing: WhenMissing::Stop, ..provider.clone() };
    intake::read_all(&Job { providers: vec![alone], ..job.clone() }, |batch| batch, |_| ())
}
