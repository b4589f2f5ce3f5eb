//! state/history.jsonl: how the last commands that write have ended, published or not, and state/last_run.prom, which says it to whoever watches.
//! For `doctor`, and for whoever looks in the morning. Names, codes and counts only.

use super::{INTERRUPTED, notify};
use crate::disk;
use crate::failure::{Code, Exit, Failure, Result};
use crate::publish::{self, Lock};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Entries kept: the oldest go, so that the file never grows beyond them.
const ENTRIES_MAX: usize = 100;

/// What a night is called in its entry, and one that is to publish nothing.
pub(super) const NIGHT: &str = "run";
pub(super) const DRY_RUN: &str = "dry run";

/// One command that wrote below the output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Such as `run`, `train`, `rollback`.
    pub command: String,
    /// Clock time, UTC, as 2026-11-22T01:02:03Z.
    pub began: String,
    /// Absent while it goes on, and where it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// The code of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The run that it published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// How many warnings it gave; absent where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<usize>,
}

impl Entry {
    /// What is known of the end of a command that has failed.
    fn failed(code: &Code) -> Entry {
        let (ended, exit) = (Some(now()), Some(code.exit.number()));
        Entry { ended, exit, code: Some(code.id.to_string()), ..Entry::default() }
    }
}

/// What a command that is done has to say of itself.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The run that it published.
    pub run_id: Option<String>,
    /// How many warnings it gave.
    pub warnings: usize,
}

/// Does `what` under the lock and keeps how it ends; `says` is asked of what is done.
pub(super) fn kept<T>(
    lock: &Lock,
    command: &str,
    says: impl Fn(&T) -> Done,
    what: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let path = place(lock.output());
    let began = Entry { command: command.to_string(), began: now(), ..Entry::default() };
    change(&path, |entries| {
        entries.push(began);
        true
    });
    notify::ready(command);
    let outcome = what();
    notify::stopping();
    let ending = match &outcome {
        Err(failure) => Entry::failed(failure.code),
        Ok(done) => {
            let Done { run_id, warnings } = says(done);
            let (ended, exit) = (Some(now()), Some(Exit::Done.number()));
            Entry { ended, exit, run_id, warnings: Some(warnings), ..Entry::default() }
        }
    };
    end(&path, ending);
    outcome
}

/// Keeps that a command has failed before it held the lock: what it was told to do is wrong, or another command holds the lock. Where there is no
/// history below `output`, none is begun: a misspelt name makes no folders.
pub(super) fn not_begun(output: &Path, command: &str, failure: &Failure) {
    let path = place(output);
    // What this account wrote there its owner could not read.
    if !path.is_file() || publish::judge_owner(output).is_err() {
        return;
    }
    let is_held = publish::lock_owner(output).is_ok_and(|owner| owner.is_some());
    let entry = Entry { command: command.to_string(), began: now(), ..Entry::failed(failure.code) };
    change(&path, |entries| {
        // Whoever holds the lock is to end the last entry.
        let goes_on = is_held && entries.last().is_some_and(|last| last.ended.is_none());
        entries.insert(entries.len() - usize::from(goes_on), entry);
        true
    });
}

/// Says that the command that holds the lock was stopped by a signal; the process is about to end.
pub(super) fn interrupted(output: &Path) {
    end(&place(output), Entry::failed(&INTERRUPTED));
    notify::stopping();
}

/// The entries, oldest first; none where there was no run yet. Lines that cannot be read are passed over: nothing rests on them.
///
/// # Errors
/// Where the file is there but cannot be read.
pub fn history(output: &Path) -> std::io::Result<Vec<Entry>> {
    match disk::read_to_string(&place(output)) {
        Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn place(output: &Path) -> PathBuf {
    output.join("state/history.jsonl")
}

/// Where a signal comes before the command has an entry, the last one is another's; and whatever fails because the command was stopped, stopped it was.
fn end(path: &Path, ending: Entry) {
    change(path, |entries| {
        let Some(last) = entries.last_mut().filter(|last| last.ended.is_none()) else { return false };
        *last = Entry { command: last.command.clone(), began: last.began.clone(), ..ending };
        true
    });
}

/// Held while the file is written anew: a signal comes at any time.
static CHANGING: Mutex<()> = Mutex::new(());

/// How often, and how long after the last time, a change asks whether that of another process is done, which takes milliseconds.
const ASKED: (u32, Duration) = (50, Duration::from_millis(20));

/// The folder of the state, locked as long as it is held: who is refused the lock of the output writes down just that beside whoever holds it. Where
/// it cannot be locked, or another process stands still with it, the change is made all the same.
fn no_other_process(state: &Path) -> Option<File> {
    let folder = File::open(state).ok()?;
    for _ in 0..ASKED.0 {
        match folder.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(ASKED.1),
            Ok(()) | Err(TryLockError::Error(_)) => break,
        }
    }
    Some(folder)
}

/// Writes the file anew, whole or not at all, where `what` says that it has changed something, and the metrics beside it. A history that cannot be
/// kept stops nobody.
fn change(path: &Path, what: impl FnOnce(&mut Vec<Entry>) -> bool) {
    let _alone = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    let state = path.parent().unwrap_or(Path::new("."));
    let _locked = no_other_process(state);
    let mut entries = history(state.parent().unwrap_or(Path::new("."))).unwrap_or_default();
    if !what(&mut entries) {
        return;
    }
    entries.drain(..entries.len().saturating_sub(ENTRIES_MAX));
    let lines: Vec<String> =
        entries.iter().map(|entry| serde_json::to_string(entry).expect("an entry is plain data") + "\n").collect();
    let watched = path.with_file_name("last_run.prom");
    let written = disk::replace(path, lines.concat().as_bytes())
        .and_then(|()| disk::replace(&watched, metrics(&entries).as_bytes()));
    if let Err(error) = written {
        tracing::warn!(reason = %error.kind(), "the history of runs could not be kept");
        // What an earlier command has left there would say that all is well.
        let _ = disk::remove_file(&watched);
    }
}

/// state/last_run.prom: how the last command ended, and how the last night did, whatever came after it; no run's own metrics can say that of one that
/// published nothing.
fn metrics(entries: &[Entry]) -> String {
    let seconds = |time: &str| time.parse::<Timestamp>().ok().map(|time| time.as_second());
    let mut text = String::new();
    let mut gauge = |entry: &Entry, name: &str, help: &str, value: Option<i64>| {
        if let Some(value) = value {
            let (command, code) = (&entry.command, entry.code.as_deref().unwrap_or_default());
            text.push_str(&format!("# HELP onefolk_{name} {help}\n# TYPE onefolk_{name} gauge\n"));
            text.push_str(&format!("onefolk_{name}{{command=\"{command}\",code=\"{code}\"}} {value}\n"));
        }
    };
    let ended = |entry: &Entry| entry.ended.as_deref().and_then(seconds);
    if let Some(last) = entries.last() {
        let began = seconds(&last.began);
        gauge(last, "last_run_began_seconds", "When the last command that writes began, seconds since 1970.", began);
        let help = "When it ended; absent while it goes on, or where it was killed.";
        gauge(last, "last_run_ended_seconds", help, ended(last));
        gauge(last, "last_run_exit_code", "Its exit code; 1 says that a gate failed.", last.exit.map(i64::from));
        let warnings = last.warnings.and_then(|warnings| i64::try_from(warnings).ok());
        gauge(last, "last_run_warnings", "How many warnings it gave; absent where it failed.", warnings);
    }
    if let Some(night) = entries.iter().rev().find(|entry| entry.command == NIGHT) {
        let help = "When the last run that is to publish ended; absent while it goes on, or where it was killed.";
        gauge(night, "last_night_ended_seconds", help, ended(night));
        gauge(night, "last_night_exit_code", "Its exit code, whatever came after it.", night.exit.map(i64::from));
    }
    text
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_says_how_each_command_ended_and_stays_short() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let output = folder.path().join("out");
        let lock = Lock::acquire(&output, "run").expect("nobody holds it");
        let published = |id: &String| Done { run_id: Some(id.clone()), warnings: 2 };
        kept(&lock, "run", published, || Ok("2026-11-22-01".to_string())).expect("it is done");
        let failed = kept(&lock, "train", nothing, || Err(Failure::new(&super::super::NO_ROWS, "none")));
        assert!(failed.is_err());
        let known = history(&output).expect("it can be read");
        let said: Vec<_> = known
            .iter()
            .map(|entry| (entry.command.as_str(), entry.exit, entry.code.as_deref(), entry.run_id.as_deref()))
            .collect();
        assert_eq!(said, [("run", Some(0), None, Some("2026-11-22-01")), ("train", Some(3), Some("OF0515"), None)]);
        assert_eq!([known[0].warnings, known[1].warnings], [Some(2), None]);
        // A signal comes in the middle: the entry that goes on is ended, and no other.
        change(&place(&output), |entries| {
            entries.push(Entry { command: "run".into(), ..Entry::default() });
            true
        });
        interrupted(&output);
        assert_eq!(history(&output).expect("it can be read")[2].exit, Some(130));
        // What fails because of it does not say otherwise.
        let stopped = || {
            interrupted(&output);
            Err(Failure::new(&super::super::NO_ROWS, "its files are gone"))
        };
        assert!(kept(&lock, "run", nothing, stopped).is_err());
        assert_eq!(history(&output).expect("it can be read")[3].exit, Some(130));
        // Where nothing goes on nothing is written.
        let untouched = folder.path().join("other");
        interrupted(&untouched);
        assert!(!untouched.exists());
        for _ in 0..ENTRIES_MAX + 20 {
            kept(&lock, "run", nothing, || Ok(())).expect("it is done");
        }
        assert_eq!(history(&output).expect("it can be read").len(), ENTRIES_MAX);
    }

    fn nothing((): &()) -> Done {
        Done::default()
    }

    /// The value of a metric in state/last_run.prom, whatever its labels.
    fn told(output: &Path, name: &str) -> Option<String> {
        let text = std::fs::read_to_string(output.join("state/last_run.prom")).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(&format!("onefolk_{name}{{")))?;
        line.rsplit(' ').next().map(str::to_string)
    }

    #[test]
    fn how_the_last_night_ended_is_told_whatever_came_after_it() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let output = folder.path().join("out");
        let failure = || Failure::new(&super::super::NO_ROWS, "none");
        not_begun(&output, NIGHT, &failure());
        assert!(!output.exists(), "a misspelt name makes no folders");
        let lock = Lock::acquire(&output, NIGHT).expect("nobody holds it");
        let codes = || [told(&output, "last_run_exit_code"), told(&output, "last_night_exit_code")];
        let both = |last: &str, night: &str| [Some(last.to_string()), Some(night.to_string())];
        assert!(kept(&lock, NIGHT, nothing, || Err(failure())).is_err());
        assert_eq!(codes(), both("3", "3"));
        for command in [DRY_RUN, "report"] {
            kept(&lock, command, nothing, || Ok(())).expect("it is done");
            assert_eq!(codes(), both("0", "3"), "{command}");
        }
        let goes_on = || {
            assert_eq!(codes(), [None::<String>, None]);
            // Another one is refused the lock meanwhile.
            not_begun(&output, NIGHT, &failure());
            assert_eq!(codes(), [None::<String>, None], "the one that goes on comes last");
            Ok(())
        };
        kept(&lock, NIGHT, nothing, goes_on).expect("it is done");
        assert_eq!(codes(), both("0", "0"));
        let exits: Vec<Option<u8>> = history(&output).expect("it can be read").iter().map(|entry| entry.exit).collect();
        assert_eq!(exits, [3u8, 0, 0, 3, 0].map(Some));
        drop(lock);
        // The job is wrong, and nobody holds the lock.
        not_begun(&output, NIGHT, &failure());
        assert_eq!(codes(), both("3", "3"));
    }

    #[test]
    fn metrics_that_cannot_be_written_anew_are_there_no_more() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let lock = Lock::acquire(folder.path(), NIGHT).expect("nobody holds it");
        kept(&lock, NIGHT, nothing, || Ok(())).expect("it is done");
        assert!(told(folder.path(), "last_night_exit_code").is_some());
        // A folder in its place cannot be replaced by a file.
        let place = place(folder.path());
        std::fs::remove_file(&place).and_then(|()| std::fs::create_dir(&place)).expect("it is ours");
        kept(&lock, NIGHT, nothing, || Ok(())).expect("a history that cannot be kept stops nobody");
        assert!(!folder.path().join("state/last_run.prom").exists());
    }
}
