//! What goes wrong, said once and the same way everywhere.
//!
//! In: a [`Code`] from a room's own table, and a sentence without any person's values.
//! Out: a [`Failure`] that `main` prints and turns into the exit code.
//! Always: no identifier of a person stands in a failure; the last line says what to do next.

mod codes;
mod panics;

use std::fmt::Write;

pub use codes::{ALL, FILE_EXISTS, INTERNAL, MEMORY_EXHAUSTED, NO_EXTRACTS, OUTPUT_FAILED, UNKNOWN_CODE, USAGE, find};
pub use panics::caught;

/// How the program ends (DESIGN section 4). The numbers are relied on by schedulers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    GateFailed = 1,
    JobWrong = 2,
    InputUnusable = 3,
    Resource = 4,
    Locked = 5,
    /// Ctrl-C or SIGTERM: the number that shells give to a program that Ctrl-C ended.
    Interrupted = 130,
}

impl Exit {
    /// The number for the operating system.
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// One kind of failure: a stable name, how the program ends, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `OF` and four digits; relied on by runbooks, never reused.
    pub id: &'static str,
    pub exit: Exit,
    /// A noun phrase: "the job file could not be read".
    pub title: &'static str,
    /// One sentence in the imperative: what to do next.
    pub next_step: &'static str,
    /// A paragraph for `onefolk explain code`.
    pub explanation: &'static str,
}

/// A failure that ends the command.
#[derive(Debug)]
pub struct Failure {
    pub code: &'static Code,
    /// What happened, with file, line or provider, but never a person's value.
    pub what: String,
    /// Rendered problems of a job file, already laid out for a terminal (may be empty).
    pub rendered: String,
    /// The provider by its place in the job, where no row of an extract of its can be used: its last good ones may stand in.
    pub provider: Option<u16>,
}

pub type Result<T> = std::result::Result<T, Failure>;

/// How zstd ends what it says where it gets no memory (`ZSTD_getErrorString`); the kind of that error says nothing.
const ZSTD_OUT_OF_MEMORY: &str = "not enough memory";

impl Failure {
    pub fn new(code: &'static Code, what: impl Into<String>) -> Self {
        Failure { code, what: what.into(), rendered: String::new(), provider: None }
    }

    /// The same, of an extract of this provider.
    pub fn of_provider(self, provider: u16) -> Self {
        Failure { provider: Some(provider), ..self }
    }

    /// The one sentence that closes stderr: what to do next, and the code to look up.
    pub fn last_line(&self) -> String {
        format!("{} ({})", self.code.next_step, self.code.id)
    }

    /// All that stands on stderr: rendered problems, what happened, and the last line.
    pub fn report(&self) -> String {
        let mut report = self.rendered.clone();
        if !report.is_empty() && !report.ends_with('\n') {
            report.push('\n');
        }
        report.push_str(&format!("error: {self}\n{}\n", self.last_line()));
        report
    }

    /// From writing a file that must be new.
    pub fn of_new_file(error: &std::io::Error, path: &std::path::Path) -> Failure {
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => Failure::new(&FILE_EXISTS, path.display().to_string()),
            _ => Failure::from_io(error, path, &OUTPUT_FAILED),
        }
    }

    /// An input or output error on `path`. Full disks and missing permissions become resource failures;
    /// `otherwise` is used for everything else.
    pub fn from_io(error: &std::io::Error, path: &std::path::Path, otherwise: &'static Code) -> Self {
        use std::io::ErrorKind::{OutOfMemory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let code = match error.kind() {
            StorageFull | QuotaExceeded => &codes::DISK_FULL,
            PermissionDenied | ReadOnlyFilesystem => &codes::NOT_PERMITTED,
            // Whatever was to be read or written: the system had none for it.
            OutOfMemory => &codes::MEMORY_EXHAUSTED,
            _ if error.to_string().ends_with(ZSTD_OUT_OF_MEMORY) => &codes::MEMORY_EXHAUSTED,
            _ => otherwise,
        };
        Failure::new(code, format!("{}: {error}", path.display()))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.code.title)?;
        // A file's name may hold a line break or the codes that move a terminal's cursor: nobody writes our last line for us.
        self.what.chars().try_for_each(|character| match character.is_control() {
            true => write!(f, "{}", character.escape_default()),
            false => f.write_char(character),
        })
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_to_do_and_the_code() {
        let mut failure = Failure::new(&USAGE, "there is no command `rum`");
        failure.rendered = "x first problem".into();
        let report = failure.report();
        let lines: Vec<&str> = report.lines().collect();
        assert_eq!(lines[0], "x first problem");
        assert_eq!(lines[1], "error: the command line is wrong: there is no command `rum`");
        assert!(lines[2].starts_with("Run `onefolk --help`") && lines[2].ends_with("(OF0601)"), "{}", lines[2]);
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_hostile_file_name_writes_no_line_of_its_own() {
        let report = Failure::new(&USAGE, "in/\n\u{1b}[2Jnothing is wrong (OF0000)").report();
        assert!(report.contains("in/\\n\\u{1b}[2Jnothing") && !report.contains('\u{1b}'), "{report}");
        assert_eq!(report.lines().count(), 2);
    }

    #[test]
    fn full_disks_are_resources_whoever_meets_them() {
        let path = std::path::Path::new("out/x");
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Failure::from_io(&full, path, &USAGE).code.id, "OF0401");
        let absent = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert_eq!(Failure::from_io(&absent, path, &USAGE).code.id, "OF0601");
    }
}
