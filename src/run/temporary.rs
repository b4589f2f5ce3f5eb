//! A folder that is gone when the program ends, be it by Ctrl-C.

use super::interrupt::Guard;
use crate::disk;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Folders to remove before a signal ends the program: destructors do not run then.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A new folder below the system's temporary one (`TMPDIR`), removed when dropped or when a signal ends the program.
pub struct Temporary {
    folder: TempDir,
    _guard: Guard,
}

impl Temporary {
    /// # Errors
    /// Where the system's temporary folder takes no new one.
    pub fn new(prefix: &str) -> std::io::Result<Temporary> {
        let folder = disk::named(|| {
            let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
            FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).push(folder.path().to_path_buf());
            Ok(folder)
        })?;
        let guard = Guard::watch_untold(folder.path());
        Ok(Temporary { folder, _guard: guard })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).retain(|folder| folder != self.folder.path());
    }
}

/// Removes all of them, at the end of a program that a signal ends.
pub(super) fn clear() {
    // Held to the end, so that a second thread does not end the program halfway.
    let folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    folders.iter().for_each(|folder| remove(folder));
}

/// Removes a folder that whoever was stopped was writing into. An absent one is gone already, and what stays is removed by the next run.
pub(super) fn remove(folder: &Path) {
    for _ in 0..20 {
        if disk::remove_folder(folder).is_ok() || !folder.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_gone_afterwards_with_all_that_is_in_it() {
        let temporary = Temporary::new("onefolk-test-").expect("room for a folder");
        let path = temporary.path().to_path_buf();
        std::fs::create_dir(path.join("in")).expect("a folder");
        std::fs::write(path.join("in/file"), "x").expect("a file");
        drop(temporary);
        assert!(!path.exists());
        assert!(!FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).contains(&path));
    }
}
