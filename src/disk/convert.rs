//! An output that stood open becomes encrypted, and the other way: file by file, each by a rename. A kill leaves some of either kind; both
//! are read, and the next attempt, in either direction, does the rest and removes what the killed one was writing.

use super::frames::{self, MAGIC};
use super::vault::{self, FOLDERS};
use super::{File, OpenFile, Reader, open, remove_file, rename, sealed, sync_folder};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Files that lines are added to, below an output.
const GROWING: [&str; 2] = ["state/audit.jsonl", "state/decisions.csv"];

/// Bytes of a frame that is made of what stood open.
const FRAME_BYTES: usize = 16 << 20;

/// How the names of files end that are about to take another's place.
const ASIDE: &str = ".converting.partial";

/// Encrypts what stands open in `runs/` and `state/` of an output whose key is known; says how many files that were. The output's lock has to
/// be held.
pub(crate) fn seal_all(output: &Path) -> io::Result<u64> {
    if let Some(vault) = vault::of(&output.join(GROWING[0])) {
        vault.mark()?;
    }
    let mut count = 0;
    each_file(output, &mut |path| {
        if is_aside(path) {
            return remove_file(path);
        }
        if stands_open(path)? {
            match GROWING.iter().any(|name| output.join(name) == path) {
                true => seal_growing(path)?,
                false => put(path, |aside| {
                    let mut file = File::create(aside)?;
                    io::copy(&mut fs::File::open(path)?, &mut file)?;
                    file.sync_all()
                })?,
            }
            count += 1;
        }
        Ok(())
    })?;
    Ok(count)
}

/// Decrypts everything in `runs/` and `state/` of an output whose key is known, and then removes what says that it is encrypted. The
/// output's lock has to be held.
pub(crate) fn open_all(output: &Path) -> io::Result<u64> {
    let mut count = 0;
    each_file(output, &mut |path| {
        if is_aside(path) {
            return remove_file(path);
        }
        if is_sealed(&fs::File::open(path)?)? {
            let _held = held(path)?;
            put(path, |aside| {
                let mut file = File::create_open(aside)?;
                io::copy(&mut open(path)?, &mut file)?;
                file.sync_all()
            })?;
            count += 1;
        }
        Ok(())
    })?;
    vault::unmark(output)?;
    Ok(count)
}

/// How many files in `runs/` and `state/` there are that have to be encrypted in an encrypted output, and those of them that are not.
pub(crate) fn survey(output: &Path) -> io::Result<(u64, Vec<PathBuf>)> {
    let (mut all, mut standing_open) = (0, Vec::new());
    each_file(output, &mut |path| {
        all += 1;
        if stands_open(path)? {
            standing_open.push(path.to_path_buf());
        }
        Ok(())
    })?;
    Ok((all, standing_open))
}

/// Encrypts a growing file where it stands.
pub(super) fn seal_growing(path: &Path) -> io::Result<()> {
    let Some(vault) = vault::of(path) else { return Ok(()) };
    let _held = held(path)?;
    let text = fs::read(path)?;
    // An encrypted one whose beginning is damaged is not to be wrapped once more.
    if std::str::from_utf8(&text).is_err() {
        return Err(sealed::damaged());
    }
    put(path, |aside| {
        let mut file = OpenFile::create(aside)?;
        file.write_all(MAGIC)?;
        for (nth, piece) in text.chunks(FRAME_BYTES).enumerate() {
            file.write_all(&frames::sealed(&vault, (nth * FRAME_BYTES) as u64, piece)?)?;
        }
        file.sync_all()
    })
}

/// Nobody adds to it meanwhile.
fn held(path: &Path) -> io::Result<fs::File> {
    let file = fs::File::open(path)?;
    file.try_lock().map_err(|error| match error {
        fs::TryLockError::WouldBlock => io::Error::new(io::ErrorKind::WouldBlock, "another command is using it"),
        fs::TryLockError::Error(error) => error,
    })?;
    Ok(file)
}

/// Puts what `write` writes in the place of a file; when that was changed last stays.
fn put(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ASIDE);
    let aside = path.with_file_name(name);
    remove_file(&aside)?;
    let modified = fs::metadata(path)?.modified()?;
    let written = write(&aside).and_then(|()| {
        fs::File::options().write(true).open(&aside)?.set_modified(modified)?;
        rename(&aside, path)?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    });
    written.inspect_err(|_| {
        // Where it stays the next attempt removes it.
        let _ = remove_file(&aside);
    })
}

/// Does a file hold something that is not encrypted?
pub(super) fn stands_open(path: &Path) -> io::Result<bool> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    let length = file.metadata()?.len();
    // What a kill or a power cut has left of the beginning of an encrypted one tells nothing.
    let begun = |magic: &[u8]| Reader::begins_with(&file, &magic[..magic.len().min(length as usize)]);
    Ok(length > 0 && !begun(sealed::MAGIC)? && !begun(MAGIC)?)
}

fn is_sealed(file: &fs::File) -> io::Result<bool> {
    Ok(Reader::begins_with(file, sealed::MAGIC)? || Reader::begins_with(file, MAGIC)?)
}

/// Visits the files that are encrypted in an encrypted output, and what a killed attempt has left of others.
fn each_file(output: &Path, visit: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let folders = FOLDERS.iter().map(|folder| output.join(folder)).filter(|folder| folder.is_dir());
    folders.into_iter().try_for_each(|folder| each_below(output, &folder, visit))
}

fn each_below(output: &Path, folder: &Path, visit: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            each_below(output, &path, visit)?;
        } else if kind.is_file() && vault::holds(output, &path) {
            visit(&path)?;
        }
    }
    Ok(())
}

/// Was it about to take the place of another when its attempt was killed?
pub(crate) fn is_aside(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with(ASIDE))
}
