//! Reading the extracts with changes that a provider has sent: all of them, or in their order up to the first that cannot be read.
//!
//! Changes count in their order, so whatever comes after one that cannot be read waits with it. One that an earlier run has read is not missed,
//! and one that has lost a column is read without it, for the gate `column_missing` to judge.

use super::read;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::intake::{self, Batch, FileReport, Intake};
use crate::job::{Changes, Field, Job, Provider, WhenMissing};
use serde::Serialize;
use std::path::Path;

/// What was read of what a provider has sent.
#[derive(Default)]
pub(super) struct Sent {
    pub files: Vec<SentFile>,
    /// Their rows; `Batch::extract` is a place in `files`.
    pub batches: Vec<Batch>,
    /// Columns of the job that an extract lacks which no run has read before.
    pub vanished: Vec<String>,
    /// Extracts that were not read.
    pub waiting: Option<Waiting>,
}

/// One extract.
pub(super) struct SentFile {
    pub report: FileReport,
    /// It cannot be read as the job is now, and need not be: an earlier run has.
    pub passed_over: bool,
}

impl SentFile {
    /// What the extract is remembered by: its checksum. Extracts without a row are the same bytes on different days, and each says that
    /// nothing has changed, so they are told apart by their names.
    pub fn mark(&self) -> String {
        let FileReport { blake3, name, rows, .. } = &self.report;
        if *rows > 0 { blake3.clone() } else { format!("{blake3} {name}") }
    }
}

/// Extracts that wait until somebody has seen to the first of them; for run.json.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::run) struct Waiting {
    /// The first, which cannot be read, or of which no row can be used.
    pub file: String,
    pub code: &'static str,
    pub why: String,
    /// How many there are: the first, and those after it that no run has read.
    pub extracts: usize,
}

impl Waiting {
    /// The extract at `at` waits, and those after it that no run has read.
    pub fn of(job: &Job, changes: &Changes, at: usize, failure: &Failure) -> Waiting {
        let behind = changes.files[at + 1..].iter().filter(|path| is_new(job, changes, path));
        Waiting {
            file: name(job, &changes.files[at]),
            code: failure.code.id,
            why: failure.to_string(),
            extracts: 1 + behind.count(),
        }
    }

    /// What somebody should know of it.
    pub fn warning(&self, provider: &str) -> String {
        let Waiting { file, code, why, extracts } = self;
        let wait = match extracts {
            1 => format!("an extract with changes of provider {provider} waits"),
            _ => format!("{extracts} extracts with changes of provider {provider} wait"),
        };
        format!("{wait}, as {file} cannot be read: {why} ({code})")
    }
}

impl Sent {
    /// Reads what a provider has sent.
    ///
    /// # Errors
    /// OF02xx where an extract cannot be read and the night may not go on without it: with `when_missing = "stop"`, and where the provider
    /// holds nothing yet that could stand.
    pub fn of(job: &Job, provider: &Provider, changes: &Changes) -> Result<Sent> {
        let failure = match read(job, provider, changes.files.clone(), changes.format.clone(), None) {
            Ok(Intake { batches, files }) => {
                let files = files.into_iter().map(|report| SentFile { report, passed_over: false }).collect();
                return Ok(Sent { files, batches, ..Sent::default() });
            }
            Err(failure) => failure,
        };
        // A run may have read it before, or it may lack a column only.
        let worth_a_look = changes.standing.is_some() && !changes.files.is_empty();
        match is_of_an_extract(&failure) && (worth_a_look || may_wait(provider, changes)) {
            true => one_by_one(job, provider, changes),
            false => Err(failure),
        }
    }
}

fn is_of_an_extract(failure: &Failure) -> bool {
    intake::CODES.iter().any(|code| code.id == failure.code.id)
}

/// May the night go on where one of the extracts cannot be read, or no row of it used?
pub(super) fn may_wait(provider: &Provider, changes: &Changes) -> bool {
    match provider.when_missing {
        WhenMissing::Last => changes.standing.is_some(),
        WhenMissing::Stop => false,
        WhenMissing::Without => true,
    }
}

fn one_by_one(job: &Job, provider: &Provider, changes: &Changes) -> Result<Sent> {
    let mut sent = Sent::default();
    for (at, path) in changes.files.iter().enumerate() {
        match one(job, provider, changes, path, &mut sent.vanished) {
            Ok((file, batches)) => {
                sent.batches.extend(batches.into_iter().map(|batch| Batch { extract: at as u32, ..batch }));
                sent.files.push(file);
            }
            Err(failure) if is_of_an_extract(&failure) && may_wait(provider, changes) => {
                sent.waiting = Some(Waiting::of(job, changes, at, &failure));
                break;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(sent)
}

/// Reads one extract, without the columns that it or one before it lacks.
fn one(
    job: &Job,
    provider: &Provider,
    changes: &Changes,
    path: &Path,
    vanished: &mut Vec<String>,
) -> Result<(SentFile, Vec<Batch>)> {
    let without = |columns: &[String]| -> Result<(SentFile, Vec<Batch>)> {
        let vanished = [provider.vanished.as_slice(), columns].concat();
        let provider = Provider { vanished, ..provider.clone() };
        let Intake { batches, files } = read(job, &provider, vec![path.to_path_buf()], changes.format.clone(), None)?;
        let report = files.into_iter().next().unwrap_or_default();
        Ok((SentFile { report, passed_over: false }, batches))
    };
    let failure = match without(vanished.as_slice()) {
        Ok(read) => return Ok(read),
        Err(failure) => failure,
    };
    if let Some(report) = read_before(job, changes, path) {
        return Ok((SentFile { report, passed_over: true }, Vec::new()));
    }
    let mut lost = lost_columns(provider, changes, path);
    lost.retain(|column| !vanished.contains(column));
    if lost.is_empty() {
        return Err(failure);
    }
    let lost_all = [vanished.as_slice(), lost.as_slice()].concat();
    let names = provider.columns.get(&Field::RecordId).map_or(&[][..], |source| &source.columns);
    if names.iter().any(|column| lost_all.contains(column)) {
        // Nobody knows whose rows these are: there is nothing to be read, and the gate stops the night.
        *vanished = lost_all;
        return Err(failure);
    }
    let read = without(&lost_all)?;
    *vanished = lost_all;
    Ok(read)
}

/// The columns of the job that an extract lacks; none where it has none of them, as its first line is no header then, or cannot be opened.
fn lost_columns(provider: &Provider, changes: &Changes, path: &Path) -> Vec<String> {
    let as_sent = Provider { format: changes.format.clone(), ..provider.clone() };
    let Ok(look) = intake::peek(&as_sent, path) else { return Vec::new() };
    let columns: Vec<String> = look.columns.iter().map(|column| column.to_lowercase()).collect();
    let has = |name: &String| columns.contains(&name.trim().to_lowercase());
    let (there, mut lost): (Vec<String>, Vec<String>) = intake::wanted_columns(provider).into_iter().partition(has);
    lost.retain(|column| !provider.vanished.contains(column));
    if there.is_empty() { Vec::new() } else { lost }
}

/// The report of an extract, without its rows, that an earlier run has read byte for byte.
fn read_before(job: &Job, changes: &Changes, path: &Path) -> Option<FileReport> {
    let list = changes.standing.as_ref()?;
    let blake3 = checksum(path)?;
    let known = list.applied.iter().any(|known| known.starts_with(&blake3));
    known.then(|| FileReport { name: name(job, path), blake3, ..FileReport::default() })
}

/// Whether no run has read an extract before, as far as is known without reading its rows; one that cannot be opened is new.
fn is_new(job: &Job, changes: &Changes, path: &Path) -> bool {
    let applied = changes.standing.as_ref().map_or(&[][..], |list| &list.applied);
    // Of one without a row its name counts as well, as in `SentFile::mark`.
    let marks = checksum(path).map(|blake3| [format!("{blake3} {}", name(job, path)), blake3]);
    marks.is_none_or(|marks| marks.iter().all(|mark| !applied.contains(mark)))
}

fn checksum(path: &Path) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(disk::open(path).ok()?).ok()?;
    Some(hasher.finalize().to_hex().to_string())
}

/// What outputs call an extract.
fn name(job: &Job, path: &Path) -> String {
    path.strip_prefix(&job.folder).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
