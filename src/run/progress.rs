//! What a person sees while the night runs: bars on a terminal, plain lines elsewhere, nothing when quiet.
//!
//! Lines name stages and counts, never a value.

use super::{machine, notify};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Says a line to whoever watches, on standard error. Where nobody can read it, as that is full or closed, the work goes on all the same.
pub fn say(line: &str) {
    // Whole and at once: others may say something, too.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    Bars,
    Lines,
    Nothing,
}

impl Show {
    /// Bars on a terminal, lines elsewhere, nothing where the user asked for quiet.
    pub fn fitting(quiet: bool) -> Show {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Show::Nothing,
            (false, true) => Show::Bars,
            (false, false) => Show::Lines,
        }
    }
}

/// What the parts of one stage took, in seconds, by name.
pub(super) struct Parts {
    since: Instant,
    pub seconds: std::collections::BTreeMap<&'static str, f64>,
}

impl Parts {
    pub fn begin() -> Parts {
        Parts { since: Instant::now(), seconds: std::collections::BTreeMap::new() }
    }

    /// Everything since the part before was this one.
    pub fn done(&mut self, part: &'static str) {
        self.seconds.insert(part, self.since.elapsed().as_secs_f64());
        self.since = Instant::now();
    }
}

/// What one stage took.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StageTime {
    pub stage: String,
    pub seconds: f64,
    /// The most memory that was resident up to the stage's end, in bytes; absent where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// The stages of one run, with what they took.
pub struct Progress {
    show: Show,
    timings: std::sync::Mutex<Vec<StageTime>>,
    began: Instant,
    /// Whole seconds after `began` at which the service manager was last told that work goes on.
    told_alive: AtomicU64,
}

/// One stage while it runs.
pub struct Stage<'a> {
    progress: &'a Progress,
    name: String,
    since: Instant,
    bar: ProgressBar,
}

impl Progress {
    pub fn new(show: Show) -> Progress {
        Progress { show, timings: std::sync::Mutex::default(), began: Instant::now(), told_alive: AtomicU64::new(0) }
    }

    /// Begins a stage; `total` in units of [`Stage::advance`], bytes for reading.
    pub fn stage(&self, name: &str, total: Option<u64>) -> Stage<'_> {
        let bar = match (self.show, total) {
            (Show::Bars, Some(total)) => ProgressBar::new(total).with_style(bytes_style()),
            (Show::Bars, None) => ProgressBar::new_spinner().with_style(spinner_style()),
            _ => ProgressBar::hidden(),
        };
        bar.set_message(name.to_string());
        if self.show == Show::Bars {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        tracing::info!(stage = name, "begins");
        notify::status(name);
        Stage { progress: self, name: name.to_string(), since: Instant::now(), bar }
    }

    /// What each finished stage took, in order; a stage that ran twice stands twice.
    pub fn timings(&self) -> Vec<StageTime> {
        self.timings.lock().map(|timings| timings.clone()).unwrap_or_default()
    }
}

impl Stage<'_> {
    pub fn advance(&self, by: u64) {
        self.bar.inc(by);
        let now = self.progress.began.elapsed().as_secs();
        if self.progress.told_alive.fetch_max(now, Ordering::Relaxed) < now {
            notify::alive();
        }
    }

    /// Ends the stage with a few words about what it did.
    pub fn done(self, words: String) {
        let seconds = self.since.elapsed().as_secs_f64();
        self.bar.finish_and_clear();
        if self.progress.show != Show::Nothing {
            say(&format!("{:<14} {words:<52} {seconds:>7.2} s", self.name));
        }
        tracing::info!(stage = self.name, seconds, "{words}");
        if let Ok(mut timings) = self.progress.timings.lock() {
            timings.push(StageTime {
                stage: self.name.clone(),
                seconds,
                peak_memory_bytes: machine::peak_memory_bytes(),
            });
        }
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn bytes_style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:14} {wide_bar} {bytes}/{total_bytes}  {binary_bytes_per_sec}  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn spinner_style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:14} {spinner} {human_pos} pairs  {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}
