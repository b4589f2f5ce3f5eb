//! Trouble with the disk, for tests: any change below a folder can fail, or be the last one of a program that is killed there.

use super::Change;
use super::shadow::Shadow;
use rustix::io::Errno;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What goes wrong. Changes are counted from 0; writing is one as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Nothing,
    /// This change fails, and no other.
    Fails(usize),
    /// From this change on there is no room any more.
    Full(usize),
    /// The program ends half-way through this change: nothing after it happens, whatever the program would clear up.
    Killed(usize),
    /// There is room for one run that is being written, and for none beside it.
    RoomForOne,
}

/// Trouble below one folder, as long as this lives.
pub(crate) struct Trial {
    folder: PathBuf,
    state: Mutex<State>,
}

struct State {
    trouble: Trouble,
    changes: usize,
    shadow: Shadow,
}

/// A change may come from any thread: trials are found by its path.
static TRIALS: Mutex<Vec<Arc<Trial>>> = Mutex::new(Vec::new());

/// What becomes of a change.
enum Verdict {
    Done,
    /// It fails, half done where it can be.
    Refused(io::Error),
}

impl Trial {
    /// Begins: what stands below `folder` now is safe.
    pub(crate) fn begin(folder: &Path, trouble: Trouble) -> Trying {
        let state = State { trouble, changes: 0, shadow: Shadow::of(folder) };
        let trial = Arc::new(Trial { folder: folder.to_path_buf(), state: Mutex::new(state) });
        lock(&TRIALS).push(trial.clone());
        Trying(trial)
    }
}

/// Ends the trial when dropped.
pub(crate) struct Trying(Arc<Trial>);

impl Trying {
    /// Changes so far.
    pub(crate) fn changes(&self) -> usize {
        lock(&self.0.state).changes
    }

    /// What the seam has been told of, and what would outlast a power cut.
    pub(crate) fn shadow(&self) -> Shadow {
        lock(&self.0.state).shadow.clone()
    }
}

impl Drop for Trying {
    fn drop(&mut self) {
        lock(&TRIALS).retain(|trial| !Arc::ptr_eq(trial, &self.0));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn of(path: &Path) -> Option<Arc<Trial>> {
    lock(&TRIALS).iter().find(|trial| path.starts_with(&trial.folder)).cloned()
}

impl State {
    /// `needs_room` where it would take more of the disk; `is_beside` where it begins a run beside another one.
    fn judge(&mut self, needs_room: bool, is_beside: bool) -> Verdict {
        let now = self.changes;
        self.changes += 1;
        match self.trouble {
            Trouble::RoomForOne if is_beside => Verdict::Refused(Errno::NOSPC.into()),
            Trouble::Fails(at) if now == at => Verdict::Refused(Errno::IO.into()),
            Trouble::Full(from) if now >= from && needs_room => Verdict::Refused(Errno::NOSPC.into()),
            Trouble::Killed(at) if now >= at => Verdict::Refused(Errno::IO.into()),
            _ => Verdict::Done,
        }
    }

    /// The program is gone since an earlier change.
    fn gone(&self) -> bool {
        matches!(self.trouble, Trouble::Killed(at) if self.changes > at + 1)
    }
}

/// Makes a change, or has trouble with it.
pub(super) fn tried<T>(change: Change, real: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let Some(trial) = of(change.path()) else { return real() };
    let mut state = lock(&trial.state);
    match state.judge(change.needs_room(), change.is_beside()) {
        Verdict::Done => {
            let done = real()?;
            state.shadow.change(change);
            Ok(done)
        }
        Verdict::Refused(error) => {
            if let (Change::RemoveFolder(folder), false) = (change, state.gone()) {
                remove_half(folder, &mut state.shadow);
            }
            Err(error)
        }
    }
}

/// Writes at `offset` or at the end, or only half of it.
pub(super) fn tried_writing(
    path: &Path,
    bytes: &[u8],
    offset: Option<u64>,
    mut real: impl FnMut(&[u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let Some(trial) = of(path) else { return real(bytes) };
    let mut state = lock(&trial.state);
    let (part, answer) = match state.judge(true, false) {
        Verdict::Done => (bytes, Ok(())),
        Verdict::Refused(error) if state.gone() => return Err(error),
        Verdict::Refused(error) => (&bytes[..bytes.len() / 2], Err(error)),
    };
    let written = real(part)?;
    state.shadow.write(path, offset, &part[..written]);
    answer.map(|()| written)
}

/// Is it a run that is being written?
fn is_begun(folder: &Path) -> bool {
    folder.extension().is_some_and(|ending| ending == "partial")
}

/// Every other file of a folder that was to be removed.
fn remove_half(folder: &Path, shadow: &mut Shadow) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten().step_by(2) {
        if std::fs::remove_file(entry.path()).is_ok() {
            shadow.change(Change::RemoveFile(&entry.path()));
        }
    }
}

impl Change<'_> {
    fn path(&self) -> &Path {
        match self {
            Change::CreateFolder(path)
            | Change::CreateFile(path)
            | Change::SetLength(path, _)
            | Change::SyncFile(path)
            | Change::SyncFolder(path)
            | Change::Rename(path, _)
            | Change::RemoveFile(path)
            | Change::RemoveFolder(path)
            | Change::Link(_, path)
            | Change::Copy(path) => path,
        }
    }

    /// Does it begin a run where another one is being written?
    fn is_beside(&self) -> bool {
        let Change::CreateFolder(folder) = *self else { return false };
        let beside = folder.parent().and_then(|parent| std::fs::read_dir(parent).ok());
        is_begun(folder) && beside.into_iter().flatten().flatten().any(|entry| is_begun(&entry.path()))
    }

    fn needs_room(&self) -> bool {
        matches!(
            self,
            Change::CreateFolder(_) | Change::CreateFile(_) | Change::SyncFile(_) | Change::Link(..) | Change::Copy(_)
        )
    }
}
