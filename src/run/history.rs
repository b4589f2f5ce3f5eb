//! state/history.jsonl: how the last commands that held the lock have ended, published or not. For `doctor`, and for whoever looks in the
//! morning. Names, codes and counts only.

use super::{INTERRUPTED, notify};
use crate::disk;
use crate::failure::{Exit, Result};
use crate::publish::Lock;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Entries kept: the oldest go, so that the file never grows beyond them.
const ENTRIES_MAX: usize = 100;

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
}

/// Does `what` under the lock and keeps how it ends; `published` says which run it has published.
pub(super) fn kept<T>(
    lock: &Lock,
    command: &str,
    published: impl Fn(&T) -> Option<String>,
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
    let ending = Entry {
        ended: Some(now()),
        exit: Some(outcome.as_ref().map_or_else(|failure| failure.code.exit, |_| Exit::Done).number()),
        code: outcome.as_ref().err().map(|failure| failure.code.id.to_string()),
        run_id: outcome.as_ref().ok().and_then(published),
        ..Entry::default()
    };
    end(&path, ending);
    outcome
}

/// Says that the command that holds the lock was stopped by a signal; the process is about to end.
pub(super) fn interrupted(output: &Path) {
    let ending = Entry {
        ended: Some(now()),
        exit: Some(INTERRUPTED.exit.number()),
        code: Some(INTERRUPTED.id.to_string()),
        ..Entry::default()
    };
    end(&place(output), ending);
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

/// Writes the file anew, whole or not at all, where `what` says that it has changed something. A history that cannot be kept stops nobody.
fn change(path: &Path, what: impl FnOnce(&mut Vec<Entry>) -> bool) {
    let _alone = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    let output = path.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let mut entries = history(output).unwrap_or_default();
    if !what(&mut entries) {
        return;
    }
    let beyond = entries.len().saturating_sub(ENTRIES_MAX);
    let lines: Vec<String> = entries[beyond..]
        .iter()
        .map(|entry| serde_json::to_string(entry).expect("an entry is plain data") + "\n")
        .collect();
    let metrics = entries.last().map(metrics).unwrap_or_default();
    let written = disk::replace(path, lines.concat().as_bytes())
        .and_then(|()| disk::replace(&path.with_file_name("last_run.prom"), metrics.as_bytes()));
    if let Err(error) = written {
        tracing::warn!(reason = %error.kind(), "the history of runs could not be kept");
    }
}

/// state/last_run.prom: how the last command ended, which no run's own metrics can say of one that published nothing.
fn metrics(entry: &Entry) -> String {
    let seconds = |time: &Option<String>| time.as_ref().and_then(|time| time.parse::<Timestamp>().ok());
    let labels = format!("{{command=\"{}\",code=\"{}\"}}", entry.command, entry.code.as_deref().unwrap_or_default());
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: Option<i64>| {
        if let Some(value) = value {
            text.push_str(&format!(
                "# HELP onefolk_{name} {help}\n# TYPE onefolk_{name} gauge\nonefolk_{name}{labels} {value}\n"
            ));
        }
    };
    let began = seconds(&Some(entry.began.clone())).map(|time| time.as_second());
    gauge("last_run_began_seconds", "When the last command that writes began, seconds since 1970.", began);
    let ended = seconds(&entry.ended).map(|time| time.as_second());
    gauge("last_run_ended_seconds", "When it ended; absent while it goes on, or where it was killed.", ended);
    gauge("last_run_exit_code", "Its exit code; 1 says that a gate failed.", entry.exit.map(i64::from));
    text
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn the_history_says_how_each_command_ended_and_stays_short() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let output = folder.path().join("out");
        let lock = Lock::acquire(&output, "run").expect("nobody holds it");
        kept(&lock, "run", |id: &String| Some(id.clone()), || Ok("2026-11-22-01".to_string())).expect("it is done");
        let failed = kept(&lock, "train", |(): &()| None, || Err(Failure::new(&super::super::NO_ROWS, "none")));
        assert!(failed.is_err());
        let known = history(&output).expect("it can be read");
        let said: Vec<_> = known
            .iter()
            .map(|entry| (entry.command.as_str(), entry.exit, entry.code.as_deref(), entry.run_id.as_deref()))
            .collect();
        assert_eq!(said, [("run", Some(0), None, Some("2026-11-22-01")), ("train", Some(3), Some("OF0515"), None)]);
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
        assert!(kept(&lock, "run", |(): &()| None, stopped).is_err());
        assert_eq!(history(&output).expect("it can be read")[3].exit, Some(130));
        // Where nothing goes on nothing is written.
        let untouched = folder.path().join("other");
        interrupted(&untouched);
        assert!(!untouched.exists());
        for _ in 0..ENTRIES_MAX + 20 {
            kept(&lock, "run", |(): &()| None, || Ok(())).expect("it is done");
        }
        assert_eq!(history(&output).expect("it can be read").len(), ENTRIES_MAX);
    }
}
