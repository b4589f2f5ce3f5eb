//! Ctrl-C and SIGTERM while a run is being written: what was begun is removed, what was published stands.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit status of a program that Ctrl-C ended, by convention of shells.
const INTERRUPTED: i32 = 130;

/// Watches for signals while it lives.
pub struct Guard {
    handle: Option<Handle>,
    /// Set while the few renames of publishing are under way: they take milliseconds and must not be torn.
    held: Arc<AtomicBool>,
}

impl Guard {
    /// Begins to watch; where signals cannot be watched the run goes on without, and the next one clears up.
    pub fn watch(output: &Path) -> Guard {
        let held = Arc::new(AtomicBool::new(false));
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return Guard { handle: None, held } };
        let handle = signals.handle();
        let (runs, holding) = (output.join("runs"), held.clone());
        std::thread::spawn(move || {
            for _ in signals.forever() {
                if !holding.load(Ordering::SeqCst) {
                    remove_drafts(&runs);
                    eprintln!(
                        "Run the same command again when it suits; the run was stopped and nothing was published"
                    );
                    std::process::exit(INTERRUPTED);
                }
            }
        });
        Guard { handle: Some(handle), held }
    }

    /// From here on signals wait until the run stands.
    pub fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.close();
        }
    }
}

/// Removes what this run has begun to write; the lock is still held, so nobody else's draft can be there.
fn remove_drafts(runs: &Path) {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let draft = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "partial");
    for path in entries.map(|entry| entry.path()).filter(draft) {
        // What stays is removed by the next run.
        let _ = std::fs::remove_dir_all(path);
    }
}
