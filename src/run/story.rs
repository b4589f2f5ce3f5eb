//! log.jsonl: the events of a run as JSON lines. Stages, counts and warnings only, never a value.

use crate::disk;
use crate::failure::Failure;
use crate::publish::Lock;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// Where the events of a run stand in its folder.
pub(super) const LOG: &str = "log.jsonl";

/// Events are kept until the run is written: some hundred lines.
#[derive(Clone, Default)]
pub struct Story {
    lines: Arc<Mutex<Vec<u8>>>,
}

impl Story {
    pub fn begin() -> Story {
        Story::default()
    }

    /// Runs `what` with its events collected here.
    pub fn tell<T>(&self, what: impl FnOnce() -> T) -> T {
        let subscriber =
            tracing_subscriber::fmt().json().flatten_event(true).with_target(false).with_writer(self.clone()).finish();
        tracing::subscriber::with_default(subscriber, what)
    }

    /// The events so far.
    pub fn so_far(&self) -> Vec<u8> {
        self.lines.lock().map(|lines| lines.clone()).unwrap_or_default()
    }
}

/// The figures of a run that is about to be published, its gates and what it warns of: all from run.json, which names nobody.
pub(super) fn outcome(run: &Value) {
    let sum =
        |value: &Value| -> u64 { value.as_object().into_iter().flatten().filter_map(|(_, rows)| rows.as_u64()).sum() };
    tracing::info!(
        run_id = run["run_id"].as_str(),
        rolled_back_to = run["rolled_back_to"].as_str(),
        rows = run["accounts"]["rows"].as_u64(),
        quarantined = sum(&run["accounts"]["quarantine"]),
        withheld = sum(&run["accounts"]["withheld"]),
        people = run["people"].as_u64(),
        links = run["linkage"]["clustering"]["links"].as_u64(),
        review = run["linkage"]["review"].as_u64(),
        changes = run["changes"].as_u64(),
        peak_memory_bytes = run["peak_memory_bytes"].as_u64(),
        "counts"
    );
    for gate in run["gates"].as_array().into_iter().flatten() {
        let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
        let (saw, expected) = (words(&gate["saw"]), words(&gate["expected"]));
        tracing::info!(gate = gate["name"].as_str(), outcome = gate["outcome"].as_str(), saw, expected, "gate");
    }
    for removed in run["removed_runs"].as_array().into_iter().flatten() {
        tracing::info!(run_id = removed.as_str(), "is removed once this run stands");
    }
    for warning in run["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        tracing::warn!("{warning}");
    }
}

/// Tells what there is to warn of since the run in `folder` was published, and writes its log once more with all that has come since: no hash is of
/// that file. Where there is nothing to tell it stays as it is.
pub(super) fn goes_on(folder: &Path, story: &Story, warnings: &[String]) {
    if warnings.is_empty() {
        return;
    }
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    // In a folder of its own: what a kill leaves of that the next command removes.
    let aside = folder.join(".log.partial");
    let made = aside.join(LOG);
    let written = disk::remove_folder(&aside)
        .and_then(|()| disk::create_folder(&aside))
        .and_then(|()| disk::write_file(&made, &story.so_far()))
        .and_then(|()| disk::rename(&made, &folder.join(LOG)))
        .and_then(|()| disk::remove_folder(&aside));
    if let Err(error) = written {
        tracing::warn!(reason = %error.kind(), "the events of a run could not be written once more");
    }
}

/// Keeps the events of a run that failed as state/failed.jsonl, the one before replaced: nothing else of it is left to look at.
pub(super) fn keep_failed(lock: &Lock, story: &Story, failure: &Failure) {
    story.tell(|| tracing::error!(code = failure.code.id, exit = failure.code.exit.number(), "{failure}"));
    disk::replace(&lock.output().join("state/failed.jsonl"), &story.so_far()).unwrap_or_else(|error| {
        tracing::warn!(reason = %error.kind(), "the events of a failed run could not be kept");
    });
}

/// One event being written.
pub struct Line(Arc<Mutex<Vec<u8>>>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Ok(mut lines) = self.0.lock() {
            lines.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Story {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.lines.clone())
    }
}
