//! Encryption of a whole output: begun for one that stands open, ended for good, and files of it written open for somebody.
//!
//! In: a job that names the key of its output. Out: the same files, encrypted or not. Always: the audit says so before it is done; a kill
//! leaves every file whole, of one kind or the other, and the same command does the rest.

use super::interrupt::Guard;
use crate::audit::{self, Event, Note};
use crate::disk;
use crate::failure::{Code, Exit, FILE_EXISTS, Failure, OUTPUT_FAILED, Result, USAGE};
use crate::job::{ENCRYPTION_KEY_UNNAMED, Job};
use crate::publish::{Lock, OUTPUT_UNWRITABLE};
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) static NOT_TO_DECRYPT: Code = Code {
    id: "OF0442",
    exit: Exit::JobWrong,
    title: "this is nothing that can be decrypted",
    next_step: "Name a file or folder in runs/ or state/ of the job's output, such as out/current/report.html, then try again",
    explanation: "`onefolk decrypt` writes open what stands encrypted in runs/ and state/ of a job's output. What was named stands \
                  elsewhere, is damaged, or is encrypted to the recipient of a release (.age), whose key alone opens it.",
};

/// How many files became encrypted, or open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Converted {
    pub files: u64,
}

/// Encrypts what stands open in `runs/` and `state/` of the output with the key that the job names ([`Job::read_to_encrypt`]).
///
/// # Errors
/// OF0105 where the job names no key, OF0501 where another run holds the output, and where a file cannot be read or written.
pub fn seal(job: &Job) -> Result<Converted> {
    convert(job, "keys seal", disk::seal_all)
}

/// Decrypts everything in `runs/` and `state/` of the output, for good. The job is to name no key afterwards.
///
/// # Errors
/// As [`seal`].
pub fn unseal(job: &Job) -> Result<Converted> {
    convert(job, "keys unseal", disk::open_all)
}

fn convert(job: &Job, command: &str, all: fn(&Path) -> std::io::Result<u64>) -> Result<Converted> {
    needs_key(job)?;
    let lock = Lock::acquire(&job.output, command)?;
    let _interrupt = Guard::watch_untold(lock.output());
    audit::add(job, &[Note::new(Event::Encryption).with("command", command)])?;
    let failed = |error: std::io::Error| Failure::from_io(&error, &job.output, &OUTPUT_UNWRITABLE);
    all(&job.output).map(|files| Converted { files }).map_err(failed)
}

fn needs_key(job: &Job) -> Result<()> {
    match job.encryption_key {
        Some(_) => Ok(()),
        None => Err(Failure::new(&ENCRYPTION_KEY_UNNAMED, job.path.display().to_string())),
    }
}

/// Something of an encrypted output that is to be written open.
#[derive(Debug)]
pub struct ToDecrypt {
    /// Files, each with its place below what was named; that of a single file is empty.
    files: Vec<(PathBuf, PathBuf)>,
    is_folder: bool,
}

impl ToDecrypt {
    /// Looks what stands at `path`; the audit says that it is to be decrypted.
    ///
    /// # Errors
    /// OF0105 where the job names no key, OF0442 where it is nothing of the output, OF071x where the audit cannot say so.
    pub fn at(job: &Job, path: &Path) -> Result<ToDecrypt> {
        needs_key(job)?;
        let wrong = |error: std::io::Error| Failure::from_io(&error, path, &NOT_TO_DECRYPT);
        let whole = std::fs::canonicalize(path).map_err(wrong)?;
        let output = std::fs::canonicalize(&job.output).map_err(wrong)?;
        let elsewhere = || Failure::new(&NOT_TO_DECRYPT, format!("{} is not in the job's output", path.display()));
        let below = whole.strip_prefix(&output).map_err(|_| elsewhere())?;
        let parts: Vec<&str> = below.components().filter_map(|part| part.as_os_str().to_str()).collect();
        let (Some(&first), is_folder) = (parts.first(), whole.is_dir()) else { return Err(elsewhere()) };
        let mut files = Vec::new();
        match is_folder {
            true => list(&whole, Path::new(""), &mut files).map_err(wrong)?,
            false => files.push((whole.clone(), PathBuf::new())),
        }
        if !(is_folder || disk::open(&whole).map_err(wrong)?.is_encrypted()) {
            return Err(Failure::new(&NOT_TO_DECRYPT, format!("{} is not encrypted with this key", path.display())));
        }
        let note = Note::new(Event::Decryption).with("what", below.display().to_string()).with("files", files.len());
        let note = if first == "runs" && parts.len() > 1 { note.of_run(parts[1]) } else { note };
        audit::add(job, &[note])?;
        Ok(ToDecrypt { files, is_folder })
    }

    /// Writes a single file open to `out`.
    ///
    /// # Errors
    /// OF0601 for a folder, OF0442 where it is damaged, and what `out` fails with.
    pub fn write_to(&self, out: &mut dyn Write) -> Result<()> {
        if self.is_folder {
            return Err(Failure::new(&USAGE, "a folder needs --output with the name of a new one"));
        }
        copy(&self.files[0].0, out, Path::new("standard output"))
    }

    /// Writes everything open to a new file or folder, its owner's only; says how many files that were. Where it fails nothing is left.
    ///
    /// # Errors
    /// OF0603 where it exists, OF0403 where it cannot be written, OF0442 where a file is damaged.
    pub fn write_below(&self, to: &Path) -> Result<Converted> {
        if to.symlink_metadata().is_ok() {
            return Err(Failure::new(&FILE_EXISTS, to.display().to_string()));
        }
        let written = self.files.iter().try_for_each(|(from, below)| {
            let place = if self.is_folder { to.join(below) } else { to.to_path_buf() };
            let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let failed = |error: std::io::Error| Failure::of_new_file(&error, &place);
            disk::create_folder(folder).map_err(failed)?;
            let mut file = disk::create_open_file(&place).map_err(failed)?;
            copy(from, &mut file, &place)?;
            file.sync_all().map_err(failed)
        });
        if written.is_err() {
            let _ = if self.is_folder { disk::remove_folder(to) } else { disk::remove_file(to) };
        }
        written.map(|()| Converted { files: self.files.len() as u64 })
    }
}

/// What is open already, or encrypted to somebody else, is copied as it stands.
fn copy(from: &Path, to: &mut dyn Write, place: &Path) -> Result<()> {
    let damaged = |error: std::io::Error| Failure::from_io(&error, from, &NOT_TO_DECRYPT);
    let mut reader = disk::open(from).map_err(damaged)?;
    let mut piece = vec![0; 256 << 10];
    loop {
        let count = std::io::Read::read(&mut reader, &mut piece).map_err(damaged)?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&piece[..count]).map_err(|error| Failure::from_io(&error, place, &OUTPUT_FAILED))?;
    }
}

fn list(folder: &Path, below: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, below) = (entry.path(), below.join(entry.file_name()));
        match entry.file_type()? {
            kind if kind.is_dir() => list(&path, &below, files)?,
            // What a killed `keys seal` or `keys unseal` was writing is no file yet.
            kind if kind.is_file() && !disk::is_aside(&path) => files.push((path, below)),
            _ => {}
        }
    }
    Ok(())
}
