//! The runs below an output, and their names.

use super::{Lock, OUTPUT_UNWRITABLE};
use crate::failure::{Failure, Result};
use jiff::civil::Date;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) const CURRENT: &str = "current";

pub(super) fn run_folder(output: &Path, run_id: &str) -> PathBuf {
    output.join("runs").join(run_id)
}

/// Where a run is while it is being written, or removed.
pub(super) fn partial_folder(output: &Path, run_id: &str) -> PathBuf {
    output.join("runs").join(format!(".{run_id}.partial"))
}

/// Where a kept run that was written anew waits, whole, to take the place of the old one.
pub(super) fn anew_folder(output: &Path, run_id: &str) -> PathBuf {
    output.join("runs").join(format!(".{run_id}.anew"))
}

/// Where a report that was made anew waits in the folder of its run, whole, to take the place of the one that stands there.
pub(crate) fn report_anew(folder: &Path) -> PathBuf {
    folder.join(".report.anew")
}

/// The run that `current` points to, if any.
pub fn current_run(output: &Path) -> Option<String> {
    let target = fs::read_link(output.join(CURRENT)).ok()?;
    target.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// Sees that `current` is a link, or is not there: what else stands there, as where the output was copied, no run can take the place of.
///
/// # Errors
/// OF0420.
pub(crate) fn judge_current(output: &Path) -> Result<()> {
    let current = output.join(CURRENT);
    match current.symlink_metadata() {
        Ok(about) if !about.is_symlink() => {
            let what = format!("{} is no link to a run, as after copying the output: remove it", current.display());
            Err(Failure::new(&OUTPUT_UNWRITABLE, what))
        }
        _ => Ok(()),
    }
}

/// The next run of `as_of`: the date and one more than the highest number ever used for it, `known_runs` (those of the ledger)
/// included, as pruned runs have no folder any more. Never clock time.
pub fn next_run_id(lock: &Lock, as_of: Date, known_runs: &[String]) -> Result<String> {
    let standing = list(lock.output())?;
    let numbers = standing.iter().chain(known_runs).filter_map(|run| parse(run));
    let last = numbers.filter(|(date, _)| *date == as_of).map(|(_, number)| number).max().unwrap_or(0);
    Ok(format!("{as_of}-{:02}", last + 1))
}

/// "2026-11-22-01" in its parts; `None` for any other name.
fn parse(run_id: &str) -> Option<(Date, u32)> {
    let (date, number) = run_id.rsplit_once('-')?;
    let digits = number.len() >= 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((date.parse().ok()?, number.parse().ok().filter(|_| digits)?))
}

/// Every whole run, oldest first (by date, then number). Other names are not ours and are left alone.
pub(super) fn list(output: &Path) -> Result<Vec<String>> {
    let mut runs: Vec<String> = names(output)?.into_iter().filter(|name| parse(name).is_some()).collect();
    runs.sort_by_key(|run| parse(run));
    Ok(runs)
}

/// Every run that is kept, oldest first; none before the first run.
///
/// # Errors
/// Where the folder of runs is there but cannot be read.
pub fn kept_runs(output: &Path) -> Result<Vec<String>> {
    if output.join("runs").is_dir() { list(output) } else { Ok(Vec::new()) }
}

/// Leftovers of runs that were being written or removed: their run_ids.
pub(super) fn list_partial(output: &Path) -> Result<Vec<String>> {
    list_hidden(output, ".partial")
}

/// What is being made within the folder of a kept run, a release, a cohort or a report, or was when that was killed. A run whose folder cannot be
/// listed has none.
pub(super) fn list_asides(output: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for run in list(output)? {
        let entries = fs::read_dir(run_folder(output, &run)).into_iter().flatten().flatten();
        let hidden = |name: &str| name.starts_with('.') && name.ends_with(".partial");
        let asides = entries.filter(|entry| entry.file_name().to_str().is_some_and(hidden));
        found.extend(asides.map(|entry| entry.path()));
    }
    found.sort();
    Ok(found)
}

/// All below an output that is begun and has not got its place yet; what cannot be listed is left out.
pub(crate) fn begun(output: &Path) -> Vec<PathBuf> {
    let partial = list_partial(output).unwrap_or_default().into_iter().map(|run| partial_folder(output, &run));
    partial.chain(list_asides(output).unwrap_or_default()).collect()
}

/// Runs that were written anew and are still to take their place: their run_ids.
pub(super) fn list_anew(output: &Path) -> Result<Vec<String>> {
    list_hidden(output, ".anew")
}

fn list_hidden(output: &Path, ending: &str) -> Result<Vec<String>> {
    let run_of = |name: String| name.strip_prefix('.')?.strip_suffix(ending).map(str::to_string);
    let mut runs: Vec<String> =
        names(output)?.into_iter().filter_map(run_of).filter(|run| parse(run).is_some()).collect();
    runs.sort();
    Ok(runs)
}

fn names(output: &Path) -> Result<Vec<String>> {
    let folder = output.join("runs");
    let failed = |error: std::io::Error| Failure::from_io(&error, &folder, &OUTPUT_UNWRITABLE);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
