//! A file of decisions that is being added to.

use super::read::parse;
use super::{Answer, DECISIONS_HELD, DECISIONS_UNREADABLE, Decisions, NOT_A_PERSON, RecordName};
use crate::disk::{self, Growing};
use crate::failure::{Failure, Result};
use std::fs::TryLockError;
use std::path::{Path, PathBuf};

const HEADER: &[u8] = b"left,right,decision,by,when,why\n";

/// An open file of decisions: nobody else adds to it as long as this lives.
pub struct Book {
    file: Growing,
    path: PathBuf,
    /// Where each line of this session begins, for taking it back.
    lines: Vec<u64>,
    end: u64,
}

impl Book {
    /// Opens `path`, or makes it (0600), and gives what it holds. A last line without its end, which a killed process has left, is cut off.
    ///
    /// # Errors
    /// OF0370 and OF0371 as [`read`](super::read), OF0372 where another review holds it.
    pub fn open(path: &Path) -> Result<(Book, Decisions)> {
        let failed = |error: std::io::Error| Failure::from_io(&error, path, &DECISIONS_UNREADABLE);
        let mut file = Growing::open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(&DECISIONS_HELD, path.display().to_string()));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut bytes = file.read_from(0).map_err(failed)?;
        let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
        // No decision's word begins another's, of one record or of two: a line that reads well is whole but for its end, whoever wrote it.
        let unended = whole < bytes.len() && whole > 0 && parse(&bytes, path).is_ok();
        if !unended {
            bytes.truncate(whole);
            file.cut(whole as u64).map_err(failed)?;
        }
        let mut book = Book { file, path: path.to_path_buf(), lines: Vec::new(), end: bytes.len() as u64 };
        let decided = if bytes.is_empty() { Decisions::default() } else { parse(&bytes, path)? };
        if unended {
            book.append(b"\n")?;
        }
        if bytes.is_empty() {
            book.append(HEADER)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            disk::sync_folder(folder).map_err(failed)?;
        }
        Ok((book, decided))
    }

    /// Adds one decision; it is on the disk when this returns.
    pub fn add(&mut self, pair: (&RecordName, &RecordName), answer: Answer, by: &str, why: &str) -> Result<()> {
        self.add_line([&pair.0.to_string(), &pair.1.to_string(), answer.word()], by, why)
    }

    /// Adds that a record is no person's; it is on the disk when this returns.
    pub fn add_not_a_person(&mut self, record: &RecordName, by: &str, why: &str) -> Result<()> {
        self.add_line([&record.to_string(), "", NOT_A_PERSON], by, why)
    }

    fn add_line(&mut self, [left, right, word]: [&str; 3], by: &str, why: &str) -> Result<()> {
        let when = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut writer = csv::Writer::from_writer(Vec::new());
        // A line break inside a line would let half a line pass for a whole one.
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (by, why) = (one_line(by), one_line(why));
        let fields = [left, right, word, &by, &when, &why];
        writer.write_record(fields).expect("a line in memory can be written");
        let line = writer.into_inner().expect("a line in memory can be written");
        let begin = self.end;
        self.append(&line)?;
        self.lines.push(begin);
        Ok(())
    }

    /// Takes back the last decision of this session; `false` where there is none.
    pub fn take_back(&mut self) -> Result<bool> {
        let Some(begin) = self.lines.pop() else { return Ok(false) };
        let cut = self.file.cut(begin).and_then(|()| self.file.sync_all());
        cut.map_err(|error| Failure::from_io(&error, &self.path, &DECISIONS_UNREADABLE))?;
        self.end = begin;
        Ok(true)
    }

    /// One write a line, so that a kill leaves the line or nothing of it.
    fn append(&mut self, line: &[u8]) -> Result<()> {
        if let Err(error) = self.file.append(line) {
            // On a full disk a part may stand there: the lines before it are whole.
            let _ = self.file.cut(self.end);
            return Err(Failure::from_io(&error, &self.path, &DECISIONS_UNREADABLE));
        }
        self.end += line.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Decided, read};
    use super::*;
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    fn name(written: &str) -> RecordName {
        RecordName::parse(written).expect("it is right")
    }

    #[test]
    fn decisions_are_added_and_taken_back_and_half_a_line_is_dropped() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("decisions.csv");
        let (mut book, decided) = Book::open(&path).expect("it can be made");
        assert!(decided.pairs.is_empty() && !book.take_back().expect("nothing to take back"));
        assert_eq!(std::fs::metadata(&path).expect("it stands").permissions().mode() & 0o777, 0o600);
        let (a, b, c) = (name("gp:1"), name("acute:a,\"b"), name("gp:3"));
        book.add((&a, &b), Answer::Yes, "ann", "").expect("there is room");
        book.add((&a, &c), Answer::No, "ann", "line\nbreak").expect("there is room");
        let both = read(&path).expect("it is right");
        assert_eq!(both.pairs.len(), 2);
        assert!(book.take_back().expect("there is one"));
        assert_eq!(read(&path).expect("it is right").pairs.len(), 1);
        let held = Book::open(&path).map(|_| ()).expect_err("it is held");
        assert_eq!((held.code.id, held.code.exit.number()), ("OF0372", 5));
        drop(book);
        let mut file = OpenOptions::new().append(true).open(&path).expect("it stands");
        file.write_all(b"gp:7,gp:8,ye").expect("there is room");
        drop(file);
        let (mut book, decided) = Book::open(&path).expect("it is mended");
        assert_eq!(decided.pairs, [Decided { left: b.clone(), right: a.clone(), answer: Answer::Yes, line: 2 }]);
        book.add((&a, &c), Answer::Unsure, "", "").expect("there is room");
        assert_eq!(read(&path).expect("it is right").pairs.len(), 2);
        book.add_not_a_person(&c, "ann", "a fridge").expect("there is room");
        assert_eq!(read(&path).expect("it is right").not_people, std::slice::from_ref(&c));
        assert!(book.take_back().expect("there is one"));
        drop(book);
        // A line that somebody wrote by hand, without a line break, stays.
        let mut file = OpenOptions::new().append(true).open(&path).expect("it stands");
        file.write_all(b"gp:7,gp:8,yes").expect("there is room");
        drop(file);
        let (mut book, decided) = Book::open(&path).expect("it is right");
        assert_eq!(decided.pairs.len(), 3);
        book.add((&a, &c), Answer::No, "", "").expect("there is room");
        assert_eq!(read(&path).expect("it is right").pairs.len(), 3);
    }
}
