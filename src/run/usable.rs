//! Every extract read and standardised: what the other stages work on.

use super::ceiling::Ceiling;
use super::gates::{Before, Gates, Waived};
use super::imported::ModelFile;
use super::progress::Progress;
use super::withhold::withhold;
use super::{EXTRACT_ALL_QUARANTINED, NO_ROWS, changes, keep, machine};
use crate::best_record;
use crate::consent::{self, Authority};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::intake::{self, FileReport, Quarantined};
use crate::job::{Job, WhenMissing};
use crate::model::Model;
use crate::records::{self, Cleaned, Formats, Records};
use std::path::PathBuf;

/// What reading and standardising leave: every row is a record or in quarantine; nothing is withheld yet.
pub(crate) struct Usable {
    pub files: Vec<FileReport>,
    pub records: Records,
    pub cleaned: Cleaned,
    pub quarantined: Vec<Quarantined>,
    pub replaced_numbers: u64,
}

impl Usable {
    /// Lets go of what was sent beyond what a night reads again: names, which best records show as they were written. An imported model
    /// compares what was sent, all of it.
    pub fn forget_sent(&mut self, model_file: Option<&ModelFile>) {
        if model_file.is_none() {
            self.records.forget_sent(best_record::is_name);
        }
    }
}

/// Reads every extract and standardises it; `formats` are those of the model that the records are for.
///
/// # Errors
/// OF02xx where an extract cannot be read, OF0515 where there is no row at all, OF0529 where what a provider of changes holds is damaged.
pub(crate) fn read_usable(
    job: &Job,
    authority: &Authority,
    formats: Option<&Formats>,
    progress: &Progress,
) -> Result<Usable> {
    changes::judge_held(job)?;
    let (files, mut records, mut quarantined) = read(job, progress)?;
    let stage = progress.stage("Standardising", None);
    let cleaned = records::clean(job, &mut records, formats);
    quarantined.extend(records::quarantine(job, &mut records, &cleaned.filler_rows));
    quarantined.sort_by_key(|row| (row.extract, row.source_row));
    let replaced_numbers = consent::replace_numbers(&mut records, authority);
    stage.done(format!("{} records, {} rows in quarantine", records.len(), quarantined.len()));
    Ok(Usable { files, records, cleaned, quarantined, replaced_numbers })
}

/// Judges, for whoever reads today's extracts beside a night, whether they have the columns that the job maps: who objects or is marked may stand
/// in one that has vanished.
///
/// # Errors
/// OF0508 where one lacks a column and it is not waived, or where it is one that nobody may waive.
pub(super) fn judge_columns(job: &Job, waived: Waived) -> Result<Gates<'_>> {
    // Columns vanish after an earlier run only: that there is one is all that is asked of it, as it may be the one that cannot be read.
    let rows = job.providers.iter().map(|provider| (provider.id.clone(), 0)).collect();
    let before = Before { rows, as_of: Some(job.as_of), ..Before::default() };
    let mut gates = Gates::new(job, before, waived);
    // Only what a night publishes is of its date: here that is held against itself.
    gates.judge_beginning(None, job.as_of)?;
    Ok(gates)
}

/// The records that a run would link, for `explain`: as in a run, but that no gate is asked. `model` is that of the run, and says how
/// providers write; `learnt` that the run itself has learnt it, so that it found without it whom objections concern. With a `ceiling` what the process
/// had resident before does not count.
///
/// # Errors
/// As a night's up to linking; OF0440 where the ceiling is too low.
pub(crate) fn prepare_records(
    job: &Job,
    authority: &Authority,
    (model, learnt): (Option<&Model>, bool),
    ceiling: Option<&Ceiling>,
    progress: &Progress,
) -> Result<Records> {
    if let Some(ceiling) = ceiling {
        machine::forget_peak_memory();
        ceiling.judge_extracts(job)?;
    }
    let formats = model.and_then(Model::formats);
    let mut usable = read_as_nights_do(job, authority, formats, progress)?;
    ceiling.map_or(Ok(()), |ceiling| ceiling.judge_reading(&usable.records))?;
    let model_file = ModelFile::of_job(job)?;
    let _ = withhold(
        job,
        &mut usable.records,
        authority,
        (model_file.as_ref(), model.filter(|_| !learnt)),
        ceiling,
        progress,
    )?;
    Ok(usable.records)
}

/// As in the night: the last good extracts stand where a provider's own cannot be read, or no row of one can be used.
fn read_as_nights_do(
    job: &Job,
    authority: &Authority,
    formats: Option<&Formats>,
    progress: &Progress,
) -> Result<Usable> {
    let mut standing: Option<Job> = None;
    loop {
        let job = standing.as_ref().unwrap_or(job);
        let next = match read_usable(job, authority, formats, progress) {
            Err(failure) => keep::standing_in(job, &failure).ok_or(failure)?,
            Ok(usable) => {
                let unusable = wholly_quarantined(job, &usable.files, &usable.quarantined);
                match unusable.and_then(|failure| keep::standing_in(job, &failure)) {
                    Some(next) => next,
                    None => return Ok(usable),
                }
            }
        };
        standing = Some(next);
    }
}

/// That of an extract every row is in quarantine, where there is one whose provider may not be missing; of several the first.
pub(super) fn wholly_quarantined(job: &Job, files: &[FileReport], quarantined: &[Quarantined]) -> Option<Failure> {
    let mut bad = vec![0u64; files.len()];
    quarantined.iter().for_each(|row| bad[row.extract as usize] += 1);
    let is_unusable = |(file, bad): &(&FileReport, u64)| {
        let provider = &job.providers[usize::from(file.provider)];
        file.rows > 0 && *bad == file.rows && provider.when_missing != WhenMissing::Without
    };
    let (file, bad) = files.iter().zip(bad).find(is_unusable)?;
    let told = format!("{}: all of its {bad} rows are in quarantine", file.name);
    Some(Failure::new(&EXTRACT_ALL_QUARANTINED, told).of_provider(file.provider))
}

fn read(job: &Job, progress: &Progress) -> Result<(Vec<FileReport>, Records, Vec<Quarantined>)> {
    let size = |path: &PathBuf| disk::length(path).unwrap_or(0);
    let bytes = job.providers.iter().flat_map(|provider| &provider.files).map(size).sum();
    let stage = progress.stage("Reading", Some(bytes));
    let intake = intake::read_all(job, |batch| records::intern(job, batch), |bytes| stage.advance(bytes))?;
    let (records, quarantined) = records::merge(job, intake.batches);
    let rows: u64 = intake.files.iter().map(|file| file.rows).sum();
    if rows == 0 {
        let read = match intake.files.len() {
            1 => "1 extract was read".to_string(),
            extracts => format!("{extracts} extracts were read"),
        };
        return Err(Failure::new(&NO_ROWS, read));
    }
    stage.done(format!("{rows} rows of {} extracts", intake.files.len()));
    Ok((intake.files, records, quarantined))
}
