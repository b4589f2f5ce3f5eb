//! Files and folders that only their owner may read, and that survive a power cut once `sync`ed.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes `folder` and what is missing above it, for the owner only (0700).
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A new, empty file for the owner only (0600). Fails where it exists: nothing is overwritten.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes the names in `folder` (created, renamed, removed) survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a whole new file and syncs it.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write;
    let mut file = create_file(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Replaces a whole file (0600) in one rename; what stood there before stands until then.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let aside = path.with_file_name(name);
    // What a process that was killed has left.
    let _ = std::fs::remove_file(&aside);
    write_file(&aside, bytes)?;
    std::fs::rename(&aside, path)
}

/// Removes a folder and all in it; an absent one is no error.
pub(crate) fn remove_folder(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
