//! log.jsonl: the events of a run as JSON lines. Stages and counts only, never a value.

use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

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
