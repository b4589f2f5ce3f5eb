//! Lock, key, ledger, audit, issues and model.

use super::Finding;
use crate::audit;
use crate::disk;
use crate::identity::Ledger;
use crate::job::{Job, Release};
use crate::publish;
use crate::run;
use jiff::civil::Date;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(super) fn lock(output: &Path) -> Finding {
    const NAME: &str = "lock";
    match publish::lock_owner(output) {
        Ok(None) => Finding::ok(NAME, "free"),
        Ok(Some(owner)) => Finding::warn(
            NAME,
            format!("held by {owner}"),
            "Nothing, if that run is meant to go on; otherwise end that process: the lock goes with it",
        ),
        Err(error) => Finding::fail(
            NAME,
            format!("{}: {error}", output.join("state/lock").display()),
            "Give the account that runs onefolk the permission, or use a file system that can lock files",
        ),
    }
}

/// Checkpoints of a night that was cut short, and what it let wait on disk, hold what its extracts hold: they are not to lie about for long.
pub(super) fn unfinished(output: &Path) -> Finding {
    const NAME: &str = "unfinished";
    let stages = run::left_unfinished(output);
    let waits = match run::left_waiting(output) {
        true => "; what it let wait lies in state/spill",
        false => "",
    };
    match publish::lock_owner(output) {
        Ok(Some(_)) => Finding::ok(NAME, "a run is under way"),
        _ if stages.is_empty() && waits.is_empty() => Finding::ok(NAME, "no night was cut short"),
        _ if stages.is_empty() => Finding::warn(
            NAME,
            format!("a night was cut short{waits}"),
            "The next run, training, report, release, cohort or rollback removes it",
        ),
        _ => Finding::warn(
            NAME,
            format!("a night was cut short after {}{waits}", stages.join(" and ")),
            "`onefolk run --resume` goes on from there; a run without it begins anew and removes what is left",
        ),
    }
}

/// Whether the output is encrypted, and all of it.
pub(super) fn encryption(job: &Job) -> Finding {
    const NAME: &str = "encryption";
    if job.encryption_key.is_none() {
        return Finding::ok(NAME, "none of the output; the disk has to be encrypted");
    }
    match disk::survey(&job.output) {
        Ok((0, _)) => Finding::ok(NAME, "the first run will encrypt all that it writes"),
        Ok((all, open)) if open.is_empty() => {
            Finding::ok(NAME, format!("{all} files, all encrypted; keep a copy of the key in a safe place"))
        }
        Ok((all, open)) => Finding::fail(
            NAME,
            format!("{} of {all} files are not encrypted, such as {}", open.len(), open[0].display()),
            "`onefolk keys seal JOB` encrypts them",
        ),
        Err(error) => Finding::fail(NAME, format!("{}: {error}", job.output.display()), "See to its permissions"),
    }
}

pub(super) fn key(job: &Job) -> Finding {
    const NAME: &str = "key";
    let path = job.id_key_file.clone().unwrap_or_else(|| job.output.join("state/person_id.key"));
    match Ledger::key_is_there(&job.output, job.id_key_file.as_deref()) {
        Ok(false) => Finding::ok(NAME, "will be made by the first run"),
        Err(failure) => Finding::failure(NAME, &failure),
        Ok(true) => {
            let mode = std::fs::metadata(&path).map_or(0, |about| about.permissions().mode());
            match mode & 0o077 {
                0 => Finding::ok(NAME, "there, and its owner's alone; keep a copy of it in a safe place"),
                _ => Finding::warn(
                    NAME,
                    format!("{} is open to others", path.display()),
                    format!("Close it: chmod go= {}", path.display()),
                ),
            }
        }
    }
}

/// Reads the whole ledger and checks every seal; with the date of its latest run, where it has one and is whole.
pub(super) fn ledger(job: &Job) -> (Finding, Option<Date>) {
    const NAME: &str = "ledger";
    match Ledger::key_is_there(&job.output, job.id_key_file.as_deref()) {
        // The finding on the key says why.
        Err(_) => return (Finding::warn(NAME, "cannot be checked without its key", "See to the key first"), None),
        Ok(false) => return (Finding::ok(NAME, "will be begun by the first run"), None),
        Ok(true) => {}
    }
    match Ledger::open(&job.output, job.id_key_file.as_deref()) {
        Ok(ledger) => {
            let runs = ledger.runs().len();
            let whole = format!("whole: {} person_ids of {runs} runs, every checksum right", ledger.ever_issued());
            (Finding::ok(NAME, whole), runs.checked_sub(1).map(|run| ledger.as_of(run)))
        }
        Err(failure) => (Finding::failure(NAME, &failure), None),
    }
}

/// Looks through the whole audit, and whether the next night can add to it: to prove it takes the public key only.
pub(super) fn audit(job: &Job) -> Finding {
    const NAME: &str = "audit";
    let verdict = match audit::verify(job, None) {
        Ok(verdict) => verdict,
        Err(failure) => return Finding::failure(NAME, &failure),
    };
    match verdict.or_failure().and_then(|()| audit::ready(job)) {
        Ok(_) if verdict.entries == 0 => Finding::ok(NAME, "will be begun by the first run"),
        Ok(_) => Finding::ok(NAME, format!("whole: {} entries, every signature right", verdict.entries)),
        Err(failure) => Finding::failure(NAME, &failure),
    }
}

/// What was issued, against which tables are held before they leave.
pub(super) fn issues(job: &Job) -> Finding {
    const NAME: &str = "issues";
    let lost = match run::lost_issues(job) {
        Ok(lost) => lost,
        Err(failure) => return Finding::failure(NAME, &failure),
    };
    let of_tables: Vec<&Release> = job.releases.iter().filter(|release| !release.is_person_level()).collect();
    // What every release of tables has agreed to do without stops none of them.
    let stops = |run: &&String| of_tables.iter().any(|release| !release.issues_lost.contains(run));
    let stopping: Vec<&str> = lost.iter().filter(stops).map(String::as_str).collect();
    match (stopping.is_empty(), lost.is_empty()) {
        (true, true) => Finding::ok(NAME, "all that tables are held against is there"),
        (true, false) => Finding::ok(NAME, "what is lost of them no release of tables waits for"),
        (false, _) => Finding::warn(
            NAME,
            format!("what was issued of run {} cannot be read in state/tables: no tables leave", stopping.join(", ")),
            "Put it back from a backup, then `onefolk report JOB` and `onefolk release JOB ID`; or name the run in issues_lost of the release, to \
             which everybody has to agree anew",
        ),
    }
}

pub(super) fn model(job: &Job) -> Finding {
    const NAME: &str = "model";
    match run::model_in_brief(job) {
        Ok(Some(brief)) => Finding::ok(NAME, brief),
        Ok(None) => Finding::ok(NAME, "will be learnt by the first run"),
        Err(failure) => Finding::failure(NAME, &failure),
    }
}
