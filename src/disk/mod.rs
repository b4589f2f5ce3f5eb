//! The one way in which what onefolk leaves behind comes to be changed: state, runs and checkpoints.
//!
//! In: a path below an output, and what is to become of it. Out: the operating system's answer. Always: files are their owner's only
//! (0600, folders 0700); what is replaced is replaced in one rename; where the output's key is known (`unlock`), what stands in its `runs/`
//! and `state/` is encrypted, and whoever reads it here does not notice. Since every change goes through here, tests can fail any of them, end
//! the program at any of them, and take back what a power cut would (`trial`); outside of tests nothing of that is compiled.

mod convert;
mod file;
mod frames;
mod growing;
mod open_file;
mod reader;
mod sealed;
#[cfg(test)]
mod shadow;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;
mod vault;

pub(crate) use convert::{is_aside, open_all, seal_all, survey};
pub(crate) use file::File;
pub(crate) use growing::Growing;
pub(crate) use open_file::OpenFile;
pub(crate) use reader::{Reader, length, open, read, read_to_string};
pub(crate) use vault::{forget, is_encrypted, is_key_of, unlock};

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

/// One change of what stands on the disk.
#[cfg_attr(not(test), expect(dead_code, reason = "only tests look into it"))]
#[derive(Clone, Copy)]
pub(crate) enum Change<'a> {
    CreateFolder(&'a Path),
    CreateFile(&'a Path),
    SetLength(&'a Path, u64),
    /// What was written to a file survives a power cut from here on.
    SyncFile(&'a Path),
    /// The names in a folder do.
    SyncFolder(&'a Path),
    Rename(&'a Path, &'a Path),
    RemoveFile(&'a Path),
    RemoveFolder(&'a Path),
    Link(&'a Path, &'a Path),
    Copy(&'a Path),
}

/// Held by whoever gives something a name, for that long; and for good by whoever ends the program.
static NAMES: RwLock<()> = RwLock::new(());

/// From here on nothing gets a name any more: what is removed now stays away, although other threads still work. Whoever tries waits for
/// the end of the program, which has to follow.
pub(crate) fn close() {
    std::mem::forget(NAMES.write().unwrap_or_else(PoisonError::into_inner));
}

/// Gives something a name, unless the program is ending.
pub(crate) fn named<T>(real: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let _open = NAMES.read().unwrap_or_else(PoisonError::into_inner);
    real()
}

/// Makes a change that gives something a name.
fn make_named<T>(change: Change, real: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    make(change, || named(real))
}

/// Makes a change.
fn make<T>(change: Change, real: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    #[cfg(test)]
    return trial::tried(change, real);
    #[cfg(not(test))]
    {
        let _ = change;
        real()
    }
}

/// Makes `folder` and what is missing above it, for the owner only (0700).
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    make_named(Change::CreateFolder(folder), || DirBuilder::new().recursive(true).mode(0o700).create(folder))
}

/// Makes `folder` and what is missing above it, and makes their names survive a power cut.
pub(crate) fn create_lasting_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| !path.exists()).collect();
    create_folder(folder)?;
    // The first one stands in a folder that was there; a relative path's is the current one.
    let mut parents = missing.iter().filter_map(|path| path.parent());
    parents.try_for_each(|parent| sync_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }))
}

/// A new, empty file for the owner only (0600). Fails where it exists: nothing is overwritten.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// The same, never encrypted: for what is to be handed to somebody as it stands.
pub(crate) fn create_open_file(path: &Path) -> io::Result<File> {
    File::create_open(path)
}

/// Makes what was written to the file `path` survive a power cut.
pub(crate) fn sync_file(path: &Path) -> io::Result<()> {
    make(Change::SyncFile(path), || fs::File::open(path)?.sync_all())
}

/// Makes the names in `folder` (created, renamed, removed) survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    make(Change::SyncFolder(folder), || fs::File::open(folder)?.sync_all())
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
    replace_by(path, |aside| write_file(aside, bytes))
}

/// The same, but that a power cut may take from it: for what a length or a checksum is asked of before it is used.
pub(crate) fn replace_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write;
    replace_by(path, |aside| {
        let mut file = create_file(aside)?;
        file.write_all(bytes)?;
        file.finish()
    })
}

fn replace_by(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let aside = path.with_file_name(name);
    // What a process that was killed has left.
    remove_file(&aside)?;
    write(&aside).and_then(|()| rename(&aside, path)).inspect_err(|_| {
        // Where it stays it is removed the next time.
        let _ = remove_file(&aside);
    })
}

/// Gives a file, link or folder another name, which replaces what stood there, in one instant.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    make_named(Change::Rename(from, to), || fs::rename(from, to))
}

/// Makes a symbolic link at `path` that leads to `target`.
pub(crate) fn link(target: &Path, path: &Path) -> io::Result<()> {
    make_named(Change::Link(target, path), || std::os::unix::fs::symlink(target, path))
}

/// Copies a file to `to` (0600) and says how many bytes it holds; nothing is synced.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    if vault::of(to).is_some() {
        remove_file(to)?;
        let mut copy = create_file(to)?;
        let bytes = io::copy(&mut open(from)?, &mut copy)?;
        return copy.finish().map(|()| bytes);
    }
    make(Change::Copy(to), || {
        // Whoever ends the program waits for the name only: the bytes may be many.
        let mut options = fs::OpenOptions::new();
        let mut copy = named(|| options.write(true).create(true).truncate(true).mode(0o600).open(to))?;
        copy.set_permissions(fs::Permissions::from_mode(0o600))?;
        io::copy(&mut fs::File::open(from)?, &mut copy)
    })
}

/// Removes a file or link; an absent one is no error.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    if path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    make(Change::RemoveFile(path), || fs::remove_file(path))
}

/// Removes a folder and all in it; an absent one is no error.
pub(crate) fn remove_folder(folder: &Path) -> io::Result<()> {
    if folder.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    make(Change::RemoveFolder(folder), || fs::remove_dir_all(folder))
}
