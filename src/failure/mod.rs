//! What goes wrong, said once and the same way everywhere.
//!
//! In: a [`Code`] from a room's own table, and a sentence without any person's values.
//! Out: a [`Failure`] that `main` prints and turns into the exit code.
//! Always: no identifier of a person stands in a failure; the last line says what to do next.

mod codes;

pub use codes::{ALL, find};

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
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub fn new(code: &'static Code, what: impl Into<String>) -> Self {
        Failure { code, what: what.into(), rendered: String::new() }
    }

    /// The one sentence that closes stderr: what to do next, and the code to look up.
    pub fn last_line(&self) -> String {
        format!("{} ({})", self.code.next_step, self.code.id)
    }

    /// An input or output error on `path`. Full disks and missing permissions become resource failures;
    /// `otherwise` is used for everything else.
    pub fn from_io(error: &std::io::Error, path: &std::path::Path, otherwise: &'static Code) -> Self {
        use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let code = match error.kind() {
            StorageFull | QuotaExceeded => &codes::DISK_FULL,
            PermissionDenied | ReadOnlyFilesystem => &codes::NOT_PERMITTED,
            _ => otherwise,
        };
        Failure::new(code, format!("{}: {error}", path.display()))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.title, self.what)
    }
}

impl std::error::Error for Failure {}
