//! One at a time: the lock of an output, and files like it that name their owner.

use super::{LOCKED, OF_ANOTHER_ACCOUNT, OUTPUT_UNWRITABLE};
use crate::disk;
use crate::failure::{Code, Failure, Result};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where the lock stands below an output.
const LOCK_FILE: &str = "state/lock";

/// Made and removed at once, to see whose files are that this account makes.
const PROBE: &str = ".probe";

/// The lock of an output: held while this lives. Whatever writes below an output takes it first.
#[derive(Debug)]
pub struct Lock {
    output: PathBuf,
    file: OwnedFile,
}

impl Lock {
    /// Takes the lock of `output`, making its folders where they are missing. `doing` is a command, such as "train": whoever finds the
    /// lock held is told.
    ///
    /// # Errors
    /// OF0501 (exit 5), naming the owner, where another process holds it; OF0422 where the output belongs to another account.
    pub fn acquire(output: &Path, doing: &str) -> Result<Lock> {
        judge_owner(output)?;
        let path = output.join(LOCK_FILE);
        let failed = |error: std::io::Error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE);
        disk::create_lasting_folder(&output.join("state")).map_err(failed)?;
        disk::create_lasting_folder(&output.join("runs")).map_err(failed)?;
        let file = OwnedFile::take(&path, doing, [&LOCKED, &OUTPUT_UNWRITABLE])?;
        Ok(Lock { output: output.to_path_buf(), file })
    }

    /// Says anew what the owner does, such as "run 2026-11-22-03" once the run has a name.
    ///
    /// # Errors
    /// Where the line cannot be written.
    pub fn tell(&self, doing: &str) -> Result<()> {
        self.file.tell(doing)
    }

    /// The output that is locked.
    pub fn output(&self) -> &Path {
        &self.output
    }
}

/// Sees that what this account writes below `output` is its owner's: what root writes the account of the nights cannot read, and the next one fails.
/// An output that is still to be made will be this account's.
///
/// # Errors
/// OF0422.
pub(crate) fn judge_owner(output: &Path) -> Result<()> {
    let state = output.join("state");
    match anothers(output) {
        Some(owner) if !makes_files_of(&state, owner) => {
            let what = format!("{} belongs to another account than the one that runs this", state.display());
            Err(Failure::new(&OF_ANOTHER_ACCOUNT, what))
        }
        _ => Ok(()),
    }
}

/// The owner of the state below `output`, by number, where it is another account than this one.
pub(crate) fn anothers(output: &Path) -> Option<u32> {
    let owner = output.join("state").metadata().ok()?.uid();
    (owner != rustix::process::geteuid().as_raw()).then_some(owner)
}

/// Whether a file that this account makes in `folder` is `owner`'s all the same, as on a share that gives one account all files.
fn makes_files_of(folder: &Path, owner: u32) -> bool {
    let probe = folder.join(PROBE);
    let made = disk::OpenFile::open(&probe, OpenOptions::new().write(true).create_new(true))
        .and_then(|file| file.plain().metadata());
    let _ = disk::remove_file(&probe);
    made.is_ok_and(|about| about.uid() == owner)
}

/// Who holds the lock of `output` now; `None` where nobody does. Nothing is made or changed.
///
/// # Errors
/// Where the lock is there but cannot be tried.
pub fn lock_owner(output: &Path) -> std::io::Result<Option<String>> {
    let path = output.join(LOCK_FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Shared, and gone with `file`: two who look do not take each other for a run.
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(written_owner(&path))),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A file whose first line names the process that holds it. The operating system lets go when that process ends, however it ends, so
/// that the file never has to be removed.
#[derive(Debug)]
pub(crate) struct OwnedFile {
    file: disk::OpenFile,
    path: PathBuf,
    /// Host, process and since when: what stands before what it does.
    owner: String,
}

impl OwnedFile {
    /// Takes `path`, made where it is missing; fails with `held` and who has it, or with `unwritable`.
    pub(crate) fn take(path: &Path, doing: &str, [held, unwritable]: [&'static Code; 2]) -> Result<OwnedFile> {
        let failed = |error: std::io::Error| Failure::from_io(&error, path, unwritable);
        // Not truncated when opened: the owner's line must stay readable while another process tries.
        let mut options = OpenOptions::new();
        let file =
            disk::OpenFile::open(path, options.read(true).write(true).create(true).truncate(false)).map_err(failed)?;
        match file.plain().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(held, format!("{} is held by {}", path.display(), written_owner(path))));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let owned = OwnedFile { file, path: path.to_path_buf(), owner: owner() };
        owned.tell(doing)?;
        Ok(owned)
    }

    fn tell(&self, doing: &str) -> Result<()> {
        let line = format!("{}, {doing}\n", self.owner);
        // Written over the old line before what is left of that is cut off: a reader, who takes the first line only, never finds none.
        let written = self.file.write_all_at(line.as_bytes(), 0).and_then(|()| self.file.set_length(line.len() as u64));
        written.map_err(|error| Failure::from_io(&error, &self.path, &OUTPUT_UNWRITABLE))
    }
}

fn owner() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let since = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    format!("host {host}, process {}, since {since}", std::process::id())
}

fn written_owner(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => line.to_string(),
        _ => "an unknown process".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{chown, symlink};

    /// Root gives its folder away; for anybody else it is one of root's.
    #[test]
    fn what_belongs_to_another_account_is_left_alone() {
        let output = tempfile::tempdir().expect("a folder for the test");
        drop(Lock::acquire(output.path(), "run").expect("it is made by whoever comes first"));
        let state = output.path().join("state");
        if rustix::process::geteuid().is_root() {
            chown(&state, Some(65_534), None).expect("root may");
        } else {
            std::fs::remove_dir_all(&state).expect("it is ours");
            symlink("/usr", &state).expect("there is room");
        }
        let failure = Lock::acquire(output.path(), "run").expect_err("its owner could not read what is written");
        assert_eq!((failure.code.id, failure.code.exit.number()), ("OF0422", 4));
        assert!(failure.what.contains("state belongs to another account"), "{failure}");
        assert!(anothers(output.path()).is_some() && !state.join(PROBE).exists());
        if rustix::process::geteuid().is_root() {
            let owner = std::fs::metadata(&state).expect("it stands").uid();
            assert!(!makes_files_of(&state, owner) && makes_files_of(&state, 0), "root's files are root's");
            chown(&state, Some(0), None).expect("root may");
            Lock::acquire(output.path(), "run").expect("root runs what root owns");
        }
    }
}
