//! state/tables/: what each kept run would tell, or has told, if its tables were issued, so that later issues can be held against it.
//!
//! In: a run that is about to be made, or was made. Out: the issues that its tables are held against: of every release of tables, the last
//! two before. Always: a run whose tables were issued keeps what was issued, even where its report is made anew; what no later issue can be held
//! against goes; what is lost of an issue is told, and tables that were not held against it do not leave (the policy's
//! `earlier_issues_known`).

use crate::audit::{self, Issue};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::publish::OUTPUT_UNWRITABLE;
use crate::summary::disclosure::Issued;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

/// Against so many last issues of each release tables are held.
const HELD_AGAINST: usize = 2;
/// So many are kept: one more, as the report of a run that was issued can be made anew.
const KEPT: usize = HELD_AGAINST + 1;

fn place(job: &Job, run_id: &str) -> PathBuf {
    job.output.join("state/tables").join(format!("{run_id}.zst"))
}

/// A run_id as runs follow one another: its day, then its number on that day.
fn order(run_id: &str) -> (&str, u64) {
    let (day, number) = run_id.rsplit_once('-').unwrap_or((run_id, ""));
    (day, number.parse().unwrap_or(0))
}

/// Which issues the tables of a run were held against.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Against {
    /// Runs whose tables were issued.
    pub held: Vec<String>,
    /// Those of which nothing is left that they could be held against.
    pub lost: Vec<String>,
}

/// What stands in a file of state/tables.
#[derive(Serialize, Deserialize)]
struct Kept {
    issued: Issued,
    against: Against,
}

impl Against {
    /// For run.json, with how many small counts could not be proved.
    pub fn told(&self, issued: &Issued) -> Value {
        json!({ "held_against": self.held, "lost": self.lost, "small_counts_not_proved": issued.unproven })
    }

    /// What whoever runs it has to know, where something is not as it should be.
    pub fn warnings(&self, issued: &Issued) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.lost.is_empty() {
            warnings.push(format!(
                "what was issued of run {} cannot be read in state/tables: tables cannot be held against it and do not leave",
                self.lost.join(", ")
            ));
        }
        if issued.unproven > 0 {
            warnings.push(format!(
                "{} small counts could be told by whoever has the tables issued before and knows exactly what has changed since",
                issued.unproven
            ));
        }
        warnings
    }
}

/// What the tables of a run are to be held against.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub(super) fn before(job: &Job, run_id: &str) -> Result<(Vec<Issued>, Against)> {
    let issues = audit::all_issues(job)?;
    let earlier = issues.iter().filter(|issue| order(&issue.run_id) < order(run_id));
    let (mut all, mut against) = (Vec::new(), Against::default());
    for run in last(earlier, HELD_AGAINST) {
        match read(job, run) {
            Ok(kept) => {
                all.push(kept.issued);
                against.held.push(run.to_string());
            }
            Err(_) => against.lost.push(run.to_string()),
        }
    }
    Ok((all, against))
}

/// The runs of the last `count` issues of each release.
fn last<'i>(issues: impl DoubleEndedIterator<Item = &'i Issue>, count: usize) -> BTreeSet<&'i str> {
    let mut of_release: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for issue in issues.rev() {
        let runs = of_release.entry(&issue.release).or_default();
        if runs.len() < count {
            runs.insert(&issue.run_id);
        }
    }
    of_release.into_values().flatten().collect()
}

/// What a run has told; an error where it was never kept, is damaged, or cannot be decrypted.
fn read(job: &Job, run_id: &str) -> io::Result<Kept> {
    let bytes = zstd::decode_all(&disk::read(&place(job, run_id))?[..])?;
    serde_json::from_slice(&bytes).map_err(io::Error::from)
}

/// The issues that the tables of a run should have been held against and were not, by the runs whose tables they were; the run itself where
/// what it would tell is not known, so that no later issue could be held against it.
pub(super) fn not_held_against(job: &Job, run_id: &str) -> Vec<String> {
    read(job, run_id).map_or_else(|_| vec![run_id.to_string()], |kept| kept.against.lost)
}

/// The issues that tables made today could not be held against.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub fn lost_issues(job: &Job) -> Result<Vec<String>> {
    let issues = audit::all_issues(job)?;
    let lost = last(issues.iter(), HELD_AGAINST).into_iter().filter(|run| read(job, run).is_err());
    Ok(lost.map(str::to_string).collect())
}

/// Keeps what the tables of a run tell, where they were not issued yet.
///
/// # Errors
/// Those of the disk.
pub(super) fn keep(job: &Job, run_id: &str, issued: &Issued, against: &Against) -> Result<()> {
    let path = place(job, run_id);
    if audit::all_issues(job)?.iter().any(|issue| issue.run_id == run_id) && path.is_file() {
        return Ok(());
    }
    let folder = path.parent().expect("a file stands in a folder");
    let kept = Kept { issued: issued.clone(), against: against.clone() };
    let kept = with_checksum(&serde_json::to_vec(&kept).expect("it is plain data")).and_then(|bytes| {
        disk::create_folder(folder)?;
        disk::replace(&path, &bytes)?;
        disk::sync_folder(folder)
    });
    kept.map_err(|error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE))
}

/// Packed with a checksum, by which damage is noticed.
fn with_checksum(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = zstd::Encoder::new(Vec::new(), 0)?;
    packed.include_checksum(true)?;
    io::Write::write_all(&mut packed, bytes)?;
    packed.finish()
}

/// Removes what no later issue can be held against: of runs that are not kept and were not issued lately. Says what could not be removed.
pub(super) fn tidy(job: &Job) -> Option<String> {
    let failed = |why: String| format!("state/tables could not be tidied: {why}");
    let Ok(kept) = std::fs::read_dir(job.output.join("state/tables")) else { return None };
    let issues = match audit::all_issues(job) {
        Ok(issues) => issues,
        Err(failure) => return Some(failed(failure.to_string())),
    };
    let issued = last(issues.iter(), KEPT);
    for file in kept.flatten() {
        let name = file.file_name();
        let run_id = name.to_str().and_then(|name| name.strip_suffix(".zst")).unwrap_or_default();
        let is_kept = !run_id.is_empty() && job.output.join("runs").join(run_id).is_dir();
        if !is_kept
            && !issued.contains(run_id)
            && let Err(error) = disk::remove_file(&file.path())
        {
            return Some(failed(error.kind().to_string()));
        }
    }
    None
}
