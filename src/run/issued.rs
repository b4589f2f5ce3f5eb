//! state/tables/: what each kept run would tell, or has told, if its tables were issued, so that later issues can be held against it.
//!
//! In: a run that is about to be made, or was made. Out: the issues that its tables are held against: of every release of tables, the last one
//! before. Always: a run whose tables were issued keeps what was issued, even where its report is made anew; what no later issue can be held
//! against goes.

use crate::audit::{self, Issue};
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::publish::OUTPUT_UNWRITABLE;
use crate::summary::disclosure::Issued;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Of each release so many last issues are kept: the last but one as well, as the report of a run that was issued can be made anew.
const KEPT: usize = 2;

fn place(job: &Job, run_id: &str) -> PathBuf {
    job.output.join("state/tables").join(format!("{run_id}.zst"))
}

/// A run_id as runs follow one another: its day, then its number on that day.
fn order(run_id: &str) -> (&str, u64) {
    let (day, number) = run_id.rsplit_once('-').unwrap_or((run_id, ""));
    (day, number.parse().unwrap_or(0))
}

/// What the tables of a run are to be held against.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub(super) fn before(job: &Job, run_id: &str) -> Result<Vec<Issued>> {
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    let earlier = audit::all_issues(job)?.into_iter().filter(|issue| order(&issue.run_id) < order(run_id));
    last.extend(earlier.map(|Issue { release, run_id, .. }| (release, run_id)));
    let runs: BTreeSet<String> = last.into_values().collect();
    Ok(runs.iter().filter_map(|run| read(job, run)).collect())
}

/// What a run has told; nothing where an earlier version of this program has issued its tables.
fn read(job: &Job, run_id: &str) -> Option<Issued> {
    let path = place(job, run_id);
    let bytes = disk::read(&path).and_then(|bytes| zstd::decode_all(&bytes[..]));
    let read = bytes.map_err(|error| error.kind().to_string());
    match read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|_| "it is damaged".into())) {
        Ok(issued) => Some(issued),
        Err(why) => {
            tracing::warn!(
                "tables are not held against those that were issued of run {run_id}: {}: {why}",
                path.display()
            );
            None
        }
    }
}

/// Keeps what the tables of a run tell, where they were not issued yet.
///
/// # Errors
/// Those of the disk.
pub(super) fn keep(job: &Job, run_id: &str, issued: &Issued) -> Result<()> {
    if issued.unproven > 0 {
        tracing::warn!(
            "{} small counts could be told by whoever has the tables issued before and knows exactly what has changed since",
            issued.unproven
        );
    }
    let path = place(job, run_id);
    if audit::all_issues(job)?.iter().any(|issue| issue.run_id == run_id) && path.is_file() {
        return Ok(());
    }
    let folder = path.parent().expect("a file stands in a folder");
    let text = serde_json::to_vec(issued).expect("it is plain data");
    let kept = zstd::encode_all(&text[..], 0).and_then(|bytes| {
        disk::create_folder(folder)?;
        disk::replace(&path, &bytes)?;
        disk::sync_folder(folder)
    });
    kept.map_err(|error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE))
}

/// Removes what no later issue can be held against: of runs that are not kept and were not issued lately. Says what could not be removed.
pub(super) fn tidy(job: &Job) -> Option<String> {
    let failed = |why: String| format!("state/tables could not be tidied: {why}");
    let Ok(kept) = std::fs::read_dir(job.output.join("state/tables")) else { return None };
    let issues = match audit::all_issues(job) {
        Ok(issues) => issues,
        Err(failure) => return Some(failed(failure.to_string())),
    };
    let mut of_release: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for issue in issues.iter().rev() {
        let runs = of_release.entry(&issue.release).or_default();
        if runs.len() < KEPT && !runs.contains(&issue.run_id.as_str()) {
            runs.push(&issue.run_id);
        }
    }
    for file in kept.flatten() {
        let name = file.file_name();
        let run_id = name.to_str().and_then(|name| name.strip_suffix(".zst")).unwrap_or_default();
        let is_kept = !run_id.is_empty() && job.output.join("runs").join(run_id).is_dir();
        if !is_kept
            && !of_release.values().flatten().any(|issued| *issued == run_id)
            && let Err(error) = disk::remove_file(&file.path())
        {
            return Some(failed(error.kind().to_string()));
        }
    }
    None
}
