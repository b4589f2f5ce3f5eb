//! Files that are synced by a thread of their own as soon as they are written: a disk takes its time while processors work on.

use crate::disk;
use rustc_hash::FxHashSet;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Syncs files that it is told of, up to the first that cannot be. The default one syncs none.
#[derive(Default)]
pub(super) struct Syncing(Mutex<Option<Running>>);

struct Running {
    files: Sender<PathBuf>,
    thread: JoinHandle<Synced>,
}

/// What survives a power cut, or what could not be synced: the system may say so once only.
type Synced = Result<FxHashSet<PathBuf>, (PathBuf, io::Error)>;

impl Syncing {
    pub fn begin() -> Syncing {
        let (files, written) = mpsc::channel();
        let sync = |path: PathBuf| match disk::sync_file(&path) {
            Ok(()) => Ok(path),
            Err(error) => Err((path, error)),
        };
        // Without a thread all is synced by whoever asks what was.
        let thread = thread::Builder::new().spawn(move || written.into_iter().map(sync).collect()).ok();
        Syncing(Mutex::new(thread.map(|thread| Running { files, thread })))
    }

    /// Tells it of a file that is written to its end.
    pub fn add(&self, path: PathBuf) {
        if let Some(running) = self.running().as_ref() {
            // Where one could not be synced nobody takes any more.
            let _ = running.files.send(path);
        }
    }

    /// Waits for all that it was told of; it syncs no more.
    pub fn end(&self) -> Synced {
        let running = self.running().take();
        let Some(Running { files, thread }) = running else { return Ok(FxHashSet::default()) };
        drop(files);
        thread.join().unwrap_or_else(|_| Ok(FxHashSet::default()))
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn it_says_what_it_has_synced_and_what_it_could_not() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b", "c"].map(|name| folder.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "text").unwrap());
        let syncing = Syncing::begin();
        paths.iter().for_each(|path| syncing.add(path.clone()));
        assert_eq!(syncing.end().unwrap(), FxHashSet::from_iter(paths));
        assert_eq!(syncing.end().unwrap(), FxHashSet::default(), "it has ended");

        let syncing = Syncing::begin();
        syncing.add(folder.path().join("absent"));
        let (path, error) = syncing.end().unwrap_err();
        assert_eq!((path, error.kind()), (folder.path().join("absent"), io::ErrorKind::NotFound));

        let none = Syncing::default();
        none.add(folder.path().join("a"));
        assert_eq!(none.end().unwrap(), FxHashSet::default());
    }
}
