//! One run at a time per output.

use super::{LOCKED, OUTPUT_UNWRITABLE};
use crate::failure::{Failure, Result};
use crate::identity::files;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Held while this lives; the operating system lets go when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    output: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of `output`, making its folders where they are missing.
    ///
    /// Fails with OF0501 (exit 5), naming the owner, where another run holds it.
    pub fn acquire(output: &Path) -> Result<Lock> {
        let path = output.join("state/lock");
        let failed = |error: std::io::Error| Failure::from_io(&error, &path, &OUTPUT_UNWRITABLE);
        files::create_folder(&output.join("state")).map_err(failed)?;
        files::create_folder(&output.join("runs")).map_err(failed)?;
        // Not truncated when opened: the owner's line must stay readable while another process tries.
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&mut file, &path)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(owner().as_bytes()))
            .map_err(failed)?;
        Ok(Lock { output: output.to_path_buf(), _file: file })
    }

    /// The output that is locked.
    pub fn output(&self) -> &Path {
        &self.output
    }
}

fn owner() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let since = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    format!("host {host}, process {}, since {since}\n", std::process::id())
}

fn held(file: &mut File, path: &Path) -> Failure {
    let mut owner = String::new();
    let known = file.read_to_string(&mut owner).is_ok() && !owner.trim().is_empty();
    let owner = if known { owner.trim() } else { "an unknown process" };
    Failure::new(&LOCKED, format!("{} is held by {owner}", path.display()))
}
