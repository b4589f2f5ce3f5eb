//! Providers that send only what has changed (`mode = "changes"`).
//!
//! In: the extracts with changes that are there, and what the provider held before. Out: a job in which the provider sends one extract with
//! all that it holds now, so that nothing after this knows of changes, and the rows that could not be used, for tonight's quarantine.
//! Always: every row that was read is counted as one of a few kinds, or the run fails; an extract whose changes are in already changes
//! nothing; what the provider holds moves on only with a published run.

mod apply;
mod purge;
mod state;

use super::{ACCOUNTS_WRONG, EXTRACT_ALL_QUARANTINED};
use crate::failure::{Failure, Result};
use crate::intake::{self, Batch, FileReport, Intake, Quarantined};
use crate::job::standing::StandingList;
use crate::job::{Changes, Format, Job, Provider, WhenMissing, standing};
use apply::{Applied, Holding};
use serde::Serialize;
use std::path::PathBuf;

pub(super) use purge::purge;
pub(super) use state::{abandon, promote};

/// What became of the rows of one extract with changes; for run.json.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct FileChanges {
    pub file: String,
    pub blake3: String,
    pub rows: u64,
    /// An earlier run has read this extract: nothing of it is looked at again.
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
    /// Older, by the field `updated`, than what the provider holds.
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
            (sum(|counts| counts.older), "are older than what it holds"),
        ];
        let told: Vec<String> =
            told.iter().filter(|(rows, _)| *rows > 0).map(|(rows, why)| format!("{rows} {why}")).collect();
        (!told.is_empty()).then(|| format!("rows with changes of provider {}: {}", self.provider, told.join(", ")))
    }
}

/// Puts what each provider holds after its changes in place of the changes. `run_id` is the run that will have read them.
///
/// # Errors
/// OF02xx where an extract cannot be read and nothing may stand in, OF0512 where every row of one is unusable, OF0529 where what a provider
/// held is damaged, and where the disk does not take it.
pub(super) fn fold(job: &Job, run_id: &str) -> Result<(Job, Changed)> {
    let mut folded = job.clone();
    let mut changed = Changed::default();
    state::recover(job)?;
    for (at, provider) in (0..).zip(&mut folded.providers) {
        let Some(changes) = provider.changes.clone() else { continue };
        if changes.files.is_empty() && changes.standing.is_none() {
            // Only where the night may go on without it.
            continue;
        }
        let changes = Changes { standing: standing::read(&standing::folder(&job.output, &provider.id)), ..changes };
        match fold_provider(job, provider, &changes, run_id) {
            Ok((now, changes, unusable)) => {
                *provider = now;
                changed.providers.push(changes);
                let of_provider = |(file, rows)| (FileReport { provider: at, ..file }, rows);
                changed.unusable.extend(unusable.into_iter().map(of_provider));
            }
            // An extract that cannot be read is as good as none: what the provider held stands.
            Err(failure) if may_stand(provider, &changes, &failure) => {
                state::stand(job, provider, changes.standing.as_ref());
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok((folded, changed))
}

fn may_stand(provider: &Provider, changes: &Changes, failure: &Failure) -> bool {
    let of_an_extract = intake::CODES.iter().any(|code| code.id == failure.code.id);
    of_an_extract && provider.when_missing == WhenMissing::Last && changes.standing.is_some()
}

fn fold_provider(
    job: &Job,
    provider: &Provider,
    changes: &Changes,
    run_id: &str,
) -> Result<(Provider, ProviderChanges, Vec<Unusable>)> {
    let before = match &changes.standing {
        Some(list) => {
            let place = standing::folder(&job.output, &provider.id).join(standing::EXTRACT);
            let read = read(job, provider, vec![place], standing::format(), Some(list))?;
            state::verify(provider, list, &read.files)?;
            read.batches
        }
        None => Vec::new(),
    };
    let sent = read(job, provider, changes.files.clone(), changes.format.clone(), None)?;
    let known = changes.standing.as_ref().map_or(&[][..], |list| &list.applied);
    let mut holding = Holding::of(job, provider, &before, &sent.batches);
    let (mut files, mut unusable) = (Vec::new(), Vec::new());
    for (at, file) in sent.files.iter().enumerate().filter(|(_, file)| file.skipped.is_none()) {
        let mut told = FileChanges {
            file: file.name.clone(),
            blake3: file.blake3.clone(),
            rows: file.rows,
            ..FileChanges::default()
        };
        // Two extracts without a row are the same bytes on different days: each says that nothing has changed.
        told.read_before = file.rows > 0 && known.contains(&file.blake3);
        if !told.read_before {
            let (counts, rows) = holding.apply(at as u32);
            told.counts = counts;
            check(&told)?;
            if !rows.is_empty() {
                unusable
                    .push((FileReport { rows: counts.unusable, quarantined: counts.unusable, ..file.clone() }, rows));
            }
        }
        files.push(told);
    }
    let mut now = provider.clone();
    let told = |records| ProviderChanges { provider: provider.id.clone(), records, files: files.clone() };
    if files.iter().all(|file| file.read_before)
        && let Some(list) = &changes.standing
    {
        state::stand(job, &mut now, Some(list));
        return Ok((now, told(holding.records()), unusable));
    }
    let Applied { bytes, rows, records } = holding.finish();
    let read: Vec<String> = files.iter().filter(|file| !file.read_before).map(|file| file.blake3.clone()).collect();
    state::write_next(job, &mut now, (known, read), (&bytes, rows), run_id)?;
    Ok((now, told(records), unusable))
}

/// # Errors
/// Where the rows are not all counted, or none of them can be used.
fn check(file: &FileChanges) -> Result<()> {
    if file.counts.all() != file.rows {
        let counted = file.counts.all();
        return Err(Failure::new(
            &ACCOUNTS_WRONG,
            format!("{}: {} rows were read, but {counted} are accounted for", file.file, file.rows),
        ));
    }
    if file.rows > 0 && file.counts.unusable == file.rows {
        return Err(Failure::new(&EXTRACT_ALL_QUARANTINED, format!("{}: none of its {} rows", file.file, file.rows)));
    }
    Ok(())
}

/// The rows of a provider's extracts, as text; `list` is that of the extract that it holds, where it is this that is read.
fn read(
    job: &Job,
    provider: &Provider,
    files: Vec<PathBuf>,
    format: Format,
    list: Option<&StandingList>,
) -> Result<Intake<Batch>> {
    let changes = provider.changes.clone().map(|changes| Changes { standing: list.cloned(), ..changes });
    let alone = Provider { files, format, changes, stale: None, ..provider.clone() };
    intake::read_all(&Job { providers: vec![alone], ..job.clone() }, |batch| batch, |_| ())
}
