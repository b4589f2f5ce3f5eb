//! The codes this room raises (OF01xx).

use crate::failure::{Code, Exit};

pub(super) static JOB_WRONG: Code = Code {
    id: "OF0101",
    exit: Exit::JobWrong,
    title: "the job file is wrong",
    next_step: "Correct the job file as shown above and run again",
    explanation: "The job file was read whole and every problem found in it is listed with its file, line and column, and a \
                  suggestion where a known word is near. Nothing was read or written. `onefolk check JOB` repeats the check \
                  at any time; `onefolk init --schema` prints a JSON Schema with which an editor completes the job file.",
};

pub(super) static JOB_UNREADABLE: Code = Code {
    id: "OF0102",
    exit: Exit::JobWrong,
    title: "the job file could not be read",
    next_step: "Check the path of the job file and that it is UTF-8 text, then run again",
    explanation: "The job file does not exist, is a folder, is larger than a job file may be (16 MiB) or is not UTF-8 text. \
                  Give the path of a TOML file as in `onefolk run night/job.toml`.",
};

pub(super) static FILE_MISSING: Code = Code {
    id: "OF0103",
    exit: Exit::InputUnusable,
    title: "a file that the job names is missing",
    next_step: "Put the missing file in place, or write when_missing = \"without\" for a provider that may be absent, then run again",
    explanation: "The job file itself is right, but a path or glob in it matches no file: an extract has not arrived, or an \
                  objections, replaced-numbers, never-link or key file is not there. Once a provider's extract was read, \
                  its last good one stands when it is absent, unless when_missing says otherwise; a provider that may be absent from the \
                  start says when_missing = \"without\"; objections may never be absent.",
};

/// The codes this room raises (OF01xx).
pub static CODES: &[&Code] = &[&JOB_WRONG, &JOB_UNREADABLE, &FILE_MISSING];
