//! Why one extract cannot be used; becomes a [`Failure`] once provider and file are known.

use super::codes;
use crate::failure::{Code, Failure};
use std::io;

#[derive(Debug)]
pub(super) struct Problem {
    pub code: &'static Code,
    /// What happened, without any value of a person; may be empty where the code's title says it all.
    pub what: String,
}

pub(super) type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    pub fn new(code: &'static Code, what: impl Into<String>) -> Self {
        Problem { code, what: what.into() }
    }

    pub fn into_failure(self, provider: &str, file: &str) -> Failure {
        Failure::new(self.code, format!("provider {provider}, {file}{self}"))
    }

    /// In words for [`super::FileReport::skipped`].
    pub fn in_words(&self) -> String {
        format!("{}{self}", self.code.title)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.what.is_empty() { Ok(()) } else { write!(f, ": {}", self.what) }
    }
}

impl std::error::Error for Problem {}

/// Problems travel through `std::io::Read` inside an [`io::Error`].
impl From<Problem> for io::Error {
    fn from(problem: Problem) -> Self {
        io::Error::other(problem)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        error.downcast::<Problem>().unwrap_or_else(|error| Problem::new(&codes::UNREADABLE, error.to_string()))
    }
}

/// Runs a part of a library on bytes that may be broken: a panic there is a failure of the file, not of the night.
pub(super) fn fenced<T>(step: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).ok()
}
