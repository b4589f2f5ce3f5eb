//! Adding to the audit.

use super::head::Head;
use super::line::{Entry, Line};
use super::{AUDIT_BROKEN, AUDIT_UNUSABLE, Event, Note, Places, key};
use crate::disk::{self, Growing};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::keys::{PrivateKey, PublicKey};
use crate::publish;
use std::path::Path;

/// Notes what is about to be done; it is on the disk when this returns. Gives where the audit ends then.
///
/// # Errors
/// OF0710 where it cannot be written, OF0711 where its end is not what was written, OF0712 and OF070x for the key, OF0422 where it belongs to
/// another account. Then what was to be noted must not be done.
pub fn add(job: &Job, notes: &[Note]) -> Result<Head> {
    publish::judge_owner(&job.output)?;
    let places = Places::of(job);
    let state = places.log.parent().unwrap_or(Path::new("."));
    disk::create_folder(state).map_err(|error| Failure::from_io(&error, state, &AUDIT_UNUSABLE))?;
    let mut book = Book::open(&places)?;
    book.add(notes)?;
    Ok(book.head)
}

/// Sees that [`add`] could note something, before what is to be noted takes hours: the key is there or will be made, and the end is what was written.
/// Gives where that is. Nothing is made or changed.
///
/// # Errors
/// As [`add`].
pub fn ready(job: &Job) -> Result<Head> {
    let places = Places::of(job);
    let key = key::standing(&places, places.head.symlink_metadata().is_err())?;
    let head = match &key {
        Some(key) => standing_head(&places, key)?,
        None => None,
    };
    // After the head: whoever adds meanwhile writes lines first.
    let bytes = match disk::read(&places.log) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        bytes => bytes.map_err(|error| Failure::from_io(&error, &places.log, &AUDIT_UNUSABLE))?,
    };
    match (key, head) {
        (Some(key), Some(mut head)) => {
            let tail = usize::try_from(head.bytes).ok().and_then(|at| bytes.get(at..));
            follow(&mut head, tail.ok_or_else(ends_early)?, &key.public())?;
            Ok(head)
        }
        _ if bytes.is_empty() => Ok(Head::default()),
        _ => Err(headless()),
    }
}

/// The head as it stands; `None` where there is none.
fn standing_head(places: &Places, key: &PrivateKey) -> Result<Option<Head>> {
    Head::read(&places.head, &key.public())?.map_err(|why| Failure::new(&AUDIT_BROKEN, why))
}

fn headless() -> Failure {
    Failure::new(&AUDIT_BROKEN, "the head is missing")
}

fn ends_early() -> Failure {
    Failure::new(&AUDIT_BROKEN, "lines at the end are missing")
}

/// Moves `head` over the whole lines behind it, which a killed command has left, and says how many bytes of `tail` they are.
fn follow(head: &mut Head, tail: &[u8], key: &PublicKey) -> Result<usize> {
    let whole = memchr::memrchr(b'\n', tail).map_or(0, |at| at + 1);
    for line in tail[..whole].split_inclusive(|&byte| byte == b'\n') {
        let read = Line::read(&line[..line.len() - 1]).filter(|read| read.is_right(key));
        let next = read.filter(|read| read.entry.entry == head.entries + 1 && read.entry.before == head.hash);
        let next = next.ok_or_else(|| Failure::new(&AUDIT_BROKEN, "lines were added that onefolk has not written"))?;
        head.entries += 1;
        head.bytes += line.len() as u64;
        head.hash = next.hash;
    }
    Ok(whole)
}

/// The last run that the audit says was published, and the entry that says so; `None` where the last one was withdrawn.
pub fn last_run(job: &Job) -> Result<Option<String>> {
    let places = Places::of(job);
    let bytes = match disk::read(&places.log) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(|error| Failure::from_io(&error, &places.log, &AUDIT_UNUSABLE))?,
    };
    let entries = bytes.rsplit(|&byte| byte == b'\n').filter_map(Line::read).map(|line| line.entry);
    let mut runs = entries.filter(|entry| matches!(entry.event, Event::Run | Event::Rollback | Event::RunWithdrawn));
    Ok(runs.next().filter(|last| last.event != Event::RunWithdrawn).and_then(|last| last.run_id))
}

struct Book {
    file: Growing,
    key: PrivateKey,
    head: Head,
    path: std::path::PathBuf,
    head_path: std::path::PathBuf,
}

impl Book {
    /// Waits for whoever else is adding, then sees that the end is what was written.
    fn open(places: &Places) -> Result<Book> {
        let failed = |error: std::io::Error| Failure::from_io(&error, &places.log, &AUDIT_UNUSABLE);
        let mut file = Growing::open(&places.log).map_err(failed)?;
        file.lock().map_err(failed)?;
        let length = file.length().map_err(failed)?;
        let begins = length == 0 && places.head.symlink_metadata().is_err();
        let key = key::to_sign(places, begins)?;
        let head = match standing_head(places, &key)? {
            Some(head) => head,
            None if length > 0 => return Err(headless()),
            None => Book::begin(places, &key)?,
        };
        let mut book = Book { file, key, head, path: places.log.clone(), head_path: places.head.clone() };
        book.catch_up(length)?;
        Ok(book)
    }

    /// A head of no entries, before the first line: whatever the instant of a kill, lines without a head are not what onefolk has left.
    fn begin(places: &Places, key: &PrivateKey) -> Result<Head> {
        let head = Head::default();
        head.keep(&places.head, key)?;
        Ok(head)
    }

    /// Takes in what a killed command has written behind the head: whole lines count, the beginning of one is cut off.
    fn catch_up(&mut self, length: u64) -> Result<()> {
        if length < self.head.bytes {
            return Err(ends_early());
        }
        let failed = |error: std::io::Error| Failure::from_io(&error, &self.path, &AUDIT_UNUSABLE);
        let tail = self.file.read_from(self.head.bytes).map_err(failed)?;
        let whole = follow(&mut self.head, &tail, &self.key.public())?;
        if whole < tail.len() {
            self.file.cut(self.head.bytes).map_err(|error| Failure::from_io(&error, &self.path, &AUDIT_UNUSABLE))?;
        }
        Ok(())
    }

    /// All lines in one write, then the head: a kill between the two leaves lines that the next command takes in.
    fn add(&mut self, notes: &[Note]) -> Result<()> {
        if notes.is_empty() {
            return Ok(());
        }
        let (mut text, mut next, by) = (String::new(), self.head.clone(), account());
        for note in notes {
            let (line, hash) = Entry::after(next.entries, &next.hash, &by, note).written(&self.key);
            text.push_str(&line);
            next = Head { entries: next.entries + 1, bytes: next.bytes + line.len() as u64, hash };
        }
        if let Err(error) = self.file.append(text.as_bytes()) {
            // A part may stand there where the disk is full.
            let _ = self.file.cut(self.head.bytes);
            return Err(Failure::from_io(&error, &self.path, &AUDIT_UNUSABLE));
        }
        self.head = next;
        self.head.keep(&self.head_path, &self.key)
    }
}

/// The account that runs onefolk: its number is the operating system's word, its name the environment's.
fn account() -> String {
    let number = rustix::process::getuid().as_raw();
    match std::env::var("USER") {
        Ok(name) if !name.is_empty() => format!("{name} ({number})"),
        _ => number.to_string(),
    }
}
