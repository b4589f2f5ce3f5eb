//! The runs that are kept, and how the last ones ended.

use super::Finding;
use crate::disk;
use crate::failure;
use crate::identity::Ledger;
use crate::job::Job;
use crate::publish::{self, published::PublishedRun};
use crate::run;
use crate::run::gates::{self, Dated};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::path::Path;

/// Runs told of.
const TOLD: usize = 7;

const AS_OF: &str = "as_of";

/// What the current run's run.json says.
#[derive(Default)]
pub(super) struct Last {
    pub peak_memory_bytes: Option<u64>,
    pub bytes: Option<u64>,
    as_of: Option<Date>,
    published: Option<Timestamp>,
    outputs: Vec<(String, u64)>,
}

impl Last {
    /// Empty where nothing was published, or where it cannot be read: [`current`] says so.
    pub fn of(job: &Job) -> Last {
        let Ok(run) = PublishedRun::current(job) else { return Last::default() };
        let said: Value =
            run.bytes("run.json").ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let output = |file: &Value| Some((file["file"].as_str()?.to_string(), file["bytes"].as_u64()?));
        let outputs: Vec<(String, u64)> =
            said["outputs"].as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(output).collect();
        let modified = std::fs::metadata(run.folder.join("run.json")).and_then(|about| about.modified());
        Last {
            peak_memory_bytes: said["peak_memory_bytes"].as_u64(),
            bytes: (!outputs.is_empty()).then(|| outputs.iter().map(|(_, bytes)| bytes).sum()),
            as_of: said["as_of"].as_str().and_then(|date| date.parse().ok()),
            published: modified.ok().and_then(|time| Timestamp::try_from(time).ok()),
            outputs,
        }
    }
}

/// The job's date against the clock and the last run; `ledger` is the date of the ledger's latest, which after a rollback is another one.
pub(super) fn as_of(job: &Job, last: &Last, ledger: Option<Date>) -> Finding {
    let now = Timestamp::now();
    if last.published.is_some_and(|published| now < published) {
        return Finding::fail(AS_OF, "the clock is before the last run", "Set the clock");
    }
    let finding = dated(job.as_of, last.as_of.max(ledger), now.to_zoned_datetime(TimeZone::UTC).date());
    let runs = run::history(&job.output).unwrap_or_default();
    match gates::behind(job.as_of, &runs, now) {
        Some(days) if finding.state == super::State::Ok => Finding::warn(
            AS_OF,
            format!("{}, {days} days before today: it stands still from night to night", job.as_of),
            "Leave [job] as_of out where night follows night: objections that began since are not obeyed",
        ),
        _ => finding,
    }
}

/// What the gate `as_of` would say of the next run.
fn dated(as_of: Date, last: Option<Date>, today: Date) -> Finding {
    const ADVICE: &str =
        "Set the clock, or correct [job] as_of; where that day is meant, `onefolk run JOB --waive as_of`";
    match gates::dated(as_of, last, today) {
        Dated::Well => Finding::ok(AS_OF, as_of.to_string()),
        Dated::Ahead(days) => Finding::warn(
            AS_OF,
            format!("{as_of}, {days} days after today"),
            "Correct [job] as_of, or leave it out: objections that end before it would not be obeyed any more",
        ),
        Dated::Back(last) => Finding::fail(AS_OF, format!("{as_of}; the last run was of {last}"), ADVICE),
        Dated::TooFar(days) => Finding::fail(AS_OF, format!("{as_of}, {days} days after today"), ADVICE),
    }
}

/// `current` leads to a whole run.
pub(super) fn current(job: &Job, last: &Last) -> Finding {
    const NAME: &str = "current";
    let Ok(PublishedRun { run_id, folder }) = PublishedRun::current(job) else { return leads_nowhere(job, NAME) };
    let has_half_a_report = publish::report_anew(&folder).is_dir();
    if last.outputs.is_empty() {
        let saw = format!("{}: run.json is missing or damaged", folder.display());
        return Finding::fail(NAME, saw, without_run_json(job, &run_id, &folder));
    }
    let advice = "Run `onefolk run` again, or roll back to a run that is whole";
    let is_of_report = |name: &str| name.starts_with("summary/") || name.starts_with("report.");
    let wrong = |(name, bytes): &&(String, u64)| {
        let is_wrong = disk::length(&folder.join(name)).map_or(true, |length| length != *bytes);
        is_wrong && !(has_half_a_report && is_of_report(name))
    };
    match last.outputs.iter().find(wrong) {
        Some((name, _)) => Finding::fail(NAME, format!("{}: {name} is missing or damaged", folder.display()), advice),
        None if has_half_a_report => half_a_report(&job.output, NAME, &run_id),
        None => Finding::ok(NAME, format!("run {run_id}, {} files", last.outputs.len())),
    }
}

/// What helps where the next night cannot read what it is to be held against, and stops.
fn without_run_json(job: &Job, run_id: &str, folder: &Path) -> String {
    const BACK: &str = "Put it back from a backup";
    let mut others = PublishedRun::all_kept(&job.output).unwrap_or_default();
    others.retain(|kept| kept.run_id != run_id && kept.has("run.json"));
    let known = known_runs(job);
    let is_whole = |run: &&String| others.iter().any(|kept| kept.run_id == **run && kept.told().is_ok());
    // By their names the last one would be that of the latest date, and not the newest.
    match known.iter().rfind(is_whole) {
        Some(other) => format!("{BACK}, or roll back to a run that is whole: `onefolk rollback JOB {other}`"),
        // None is left, or all are damaged.
        None if others.iter().all(|kept| known.contains(&kept.run_id)) => format!(
            "{BACK}; where there is none, remove {}, then `onefolk run JOB --waive run_before`",
            folder.display()
        ),
        None => format!("{BACK}, or see to key and ledger first: they say which kept run to roll back to"),
    }
}

/// `current` leads to no run: there was none yet, or it, or the run that it led to, was removed or is not back from a backup.
fn leads_nowhere(job: &Job, name: &'static str) -> Finding {
    const ANEW: &str = "Run again, which makes `current` anew; or put it and its run back from a backup first";
    if let Err(failure) = publish::judge_current(&job.output) {
        return Finding::failure(name, &failure);
    }
    let known = known_runs(job);
    match (PublishedRun::newest(job, &known), known.last()) {
        (Some(PublishedRun { run_id, .. }), _) => {
            let against = format!("the next night is held against {run_id}, the newest that is kept");
            Finding::fail(name, format!("leads to no run; {against}"), ANEW)
        }
        (None, Some(last)) => {
            let back = format!("Put runs/{last} and `current` back from a backup");
            Finding::fail(
                name,
                format!("leads to no run, and none of those that the ledger knows is kept; the last is {last}"),
                format!("{back}; where there is none, `onefolk run JOB --waive run_before`"),
            )
        }
        (None, None) if publish::kept_runs(&job.output).is_ok_and(|kept| !kept.is_empty()) => Finding::fail(
            name,
            "leads to no run, though some are kept",
            "See to key and ledger first: which of them is the newest stands there",
        ),
        (None, None) => Finding::ok(name, "nothing was published yet"),
    }
}

/// Every run of the ledger, oldest first; none where it cannot be read, which other findings say.
fn known_runs(job: &Job) -> Vec<String> {
    let key = job.id_key_file.as_deref();
    // Opened without a key it would make one.
    if !Ledger::key_is_there(&job.output, key).unwrap_or(false) {
        return Vec::new();
    }
    Ledger::open(&job.output, key).map(|ledger| ledger.runs().to_vec()).unwrap_or_default()
}

/// Some files of a run are of the report that it had, others of the one that is to take its place.
fn half_a_report(output: &Path, name: &'static str, run_id: &str) -> Finding {
    match publish::lock_owner(output).is_ok_and(|owner| owner.is_some()) {
        true => Finding::ok(name, format!("run {run_id}; its report is being made anew")),
        false => Finding::warn(
            name,
            format!("run {run_id}; another report was taking the place of its own when that was stopped"),
            "`onefolk report JOB` goes on with it, and so does the next run",
        ),
    }
}

pub(super) fn kept(job: &Job) -> Finding {
    const NAME: &str = "kept runs";
    let unfinished = publish::begun(&job.output).len();
    let runs = match publish::kept_runs(&job.output) {
        Ok(runs) => runs,
        Err(failure) => return Finding::failure(NAME, &failure),
    };
    let saw = format!("{} of at most {}", runs.len(), job.keep_runs);
    let held = publish::lock_owner(&job.output).is_ok_and(|owner| owner.is_some());
    match (unfinished, held) {
        (0, _) | (_, true) => Finding::ok(NAME, saw),
        _ => Finding::warn(
            NAME,
            format!("{saw}; what a command had begun that was stopped lies there"),
            "Nothing: the next run clears it away",
        ),
    }
}

/// The last commands that held the lock; the newest decides.
pub(super) fn how_they_ended(job: &Job) -> Finding {
    const NAME: &str = "last runs";
    let entries = match run::history(&job.output) {
        Ok(entries) => entries,
        Err(error) => return Finding::warn(NAME, format!("cannot be read: {error}"), "See to state/history.jsonl"),
    };
    let Some(newest) = entries.last() else { return Finding::ok(NAME, "none yet") };
    let told: Vec<String> = entries.iter().rev().take(TOLD).map(in_words).collect();
    let saw = told.join("; ");
    let held = publish::lock_owner(&job.output).is_ok_and(|owner| owner.is_some());
    match newest.exit {
        Some(0) => Finding::ok(NAME, saw),
        None if held => Finding::ok(NAME, saw),
        None => Finding::warn(NAME, saw, "Run again: the last one was killed, and what was published before stands"),
        Some(_) => {
            let code = newest.code.as_deref().and_then(failure::find);
            Finding::warn(NAME, saw, code.map_or("Run again and look at what it says", |code| code.next_step))
        }
    }
}

fn in_words(entry: &run::Entry) -> String {
    let end = match (entry.exit, &entry.code, &entry.run_id) {
        (None, ..) => "has not ended".to_string(),
        (Some(0), _, Some(run_id)) => format!("published {run_id}"),
        (Some(0), ..) => "done".to_string(),
        (Some(exit), Some(code), _) => format!("exit {exit}, {code}"),
        (Some(exit), ..) => format!("exit {exit}"),
    };
    let warnings = match entry.warnings.unwrap_or(0) {
        0 => String::new(),
        1 => " with 1 warning".to_string(),
        many => format!(" with {many} warnings"),
    };
    format!("{} {} {end}{warnings}", entry.began, entry.command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use jiff::civil::date;

    #[test]
    fn a_date_that_the_gate_refuses_is_to_be_put_right_before_the_next_run() {
        let today = date(2026, 11, 22);
        let state = |as_of: Date, last: Option<Date>| dated(as_of, last, today).state;
        assert_eq!(state(today, Some(date(2026, 11, 21))), State::Ok);
        assert_eq!(state(today, None), State::Ok);
        assert_eq!(state(date(2026, 11, 23), Some(today)), State::Ok, "it is tomorrow elsewhere");
        assert_eq!(state(date(2026, 11, 24), Some(today)), State::Warn);
        assert_eq!(state(date(2027, 5, 24), Some(today)), State::Warn, "183 days");
        assert_eq!(state(date(2027, 5, 25), Some(today)), State::Fail);
        assert_eq!(state(date(2027, 11, 22), Some(date(2027, 11, 21))), State::Warn, "so was the last run");
        assert_eq!(state(date(2027, 11, 22), None), State::Warn, "the first night is held against nothing");
        let back = dated(date(2026, 11, 21), Some(today), today);
        assert_eq!(back.state, State::Fail);
        assert!(back.saw.ends_with("of 2026-11-22") && back.advice.contains("--waive as_of"), "{back:?}");
    }
}
