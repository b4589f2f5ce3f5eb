//! Ctrl-C and SIGTERM while something is being written: what was begun is removed, what was published stands.

use super::{INTERRUPTED, aside, history, temporary};
use crate::disk;
use crate::failure::Failure;
use crate::publish;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Watches for signals while it lives.
pub struct Guard {
    handle: Option<Handle>,
    /// True while the few renames of publishing are under way: they take milliseconds and must not be torn. The lock is held while a
    /// stopped run is cleared away, so that publishing never begins beside that.
    held: Arc<Mutex<bool>>,
    /// A signal has come while it was held.
    asked: Arc<AtomicBool>,
}

impl Guard {
    /// Begins to watch, for a command that holds the lock of the output and has an entry in its history; where signals cannot be watched it
    /// goes on without, and the next one clears up.
    pub fn watch(output: &Path) -> Guard {
        Guard::begin(output, history::interrupted)
    }

    /// The same for a command that the history does not tell of.
    pub fn watch_untold(output: &Path) -> Guard {
        Guard::begin(output, |_| ())
    }

    /// `tell` says that the command was stopped.
    fn begin(output: &Path, tell: fn(&Path)) -> Guard {
        let (held, asked) = (Arc::new(Mutex::new(false)), Arc::new(AtomicBool::new(false)));
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return Guard { handle: None, held, asked } };
        let handle = signals.handle();
        let (output, holding, asking) = (output.to_path_buf(), held.clone(), asked.clone());
        std::thread::spawn(move || {
            for _ in signals.forever() {
                let held = holding.lock().unwrap_or_else(PoisonError::into_inner);
                asking.store(true, Ordering::Relaxed);
                if !*held {
                    // First: what fails for want of the files that go now is no failure of its own.
                    tell(&output);
                    // Other threads go on until the exit: what is removed here they do not make anew.
                    disk::close();
                    publish::begun(&output).iter().for_each(|folder| temporary::remove(folder));
                    // After what was just written: it may lie in one of them.
                    temporary::clear();
                    temporary::remove(&aside::folder(&output));
                    let failure = Failure::new(&INTERRUPTED, "a signal asked for it");
                    // The lock is held to the end, so that nothing is said after this. Where stderr is closed nobody reads why; the exit
                    // code still says it.
                    let mut stderr = std::io::stderr().lock();
                    let _ = stderr.write_all(failure.report().as_bytes());
                    std::process::exit(failure.code.exit.number().into());
                }
            }
        });
        Guard { handle: Some(handle), held, asked }
    }

    /// From here on signals wait until the run stands.
    pub fn hold(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Has a signal come that waits? What is not needed for the run to stand is left to the next one then.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // While a stopped run is cleared away, whatever fails for want of its files must wait for the exit that follows.
        let _cleared = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &self.handle {
            handle.close();
        }
    }
}
