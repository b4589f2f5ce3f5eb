//! Every code, gathered from the rooms that raise them, for `onefolk explain code`.

use super::{Code, Exit};

pub(super) static DISK_FULL: Code = Code {
    id: "OF0401",
    exit: Exit::Resource,
    title: "the disk is full",
    next_step: "Free space on the output's disk or point [job] output elsewhere, then run again; nothing was published",
    explanation: "A file could not be written because the disk (or a quota) is full. What was published before still stands. \
                  Free some space, lower [job] keep_runs, or point [job] output at a larger disk.",
};

pub(super) static NOT_PERMITTED: Code = Code {
    id: "OF0402",
    exit: Exit::Resource,
    title: "a file may not be read or written",
    next_step: "Give the account that runs onefolk the permission that the message names, then run again",
    explanation: "The operating system refused access to a file or folder. onefolk writes below [job] output and reads the \
                  files that the job names; the account that runs it needs both permissions.",
};

static OWN: &[&Code] = &[&DISK_FULL, &NOT_PERMITTED];

/// The tables of all rooms, in the order of the pipeline.
pub static ALL: &[&[&Code]] = &[OWN, crate::job::CODES, crate::intake::CODES, crate::publish::CODES, crate::run::CODES];

/// The code with this name, in any case.
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().flat_map(|table| table.iter()).find(|code| code.id.eq_ignore_ascii_case(id)).copied()
}
