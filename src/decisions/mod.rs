//! decisions.csv: what humans have said of pairs of records, and of records that are no person's.
//!
//! In: a file of `left,right,decision,by,when,why`, records written provider:record_id; `right` is empty where `left` is said to be
//! `not_a_person`. Out: the last decision of each pair and of each such record, as every run obeys them; and a [`Book`] that takes further
//! ones. Always: a decision is on the disk before the next pair is shown; whenever the program is killed, the
//! file holds whole lines, or its last line has no line break and is dropped when the file is opened again; nobody's values stand in it.

mod book;
mod obeyed;
mod read;

pub use book::Book;
pub use obeyed::{Counts, of_job, place};
pub use read::read;

use crate::failure::{Code, Exit};
use serde::Serialize;

/// The codes this room raises (OF037x).
pub static CODES: &[&Code] =
    &[&DECISIONS_UNREADABLE, &DECISION_WRONG, &DECISIONS_HELD, &ROW_NUMBER_DECIDED, &DECISIONS_LOST];

pub(crate) static DECISIONS_UNREADABLE: Code = Code {
    id: "OF0370",
    exit: Exit::JobWrong,
    title: "the decisions cannot be read or written",
    next_step: "Name a file with the columns left, right and decision, as `onefolk review` writes it, or a place where one can be made",
    explanation: "Decisions stand in a CSV file with the header left,right,decision,by,when,why; the last three may be missing. It is \
                  appended to and never rewritten.",
};

static DECISION_WRONG: Code = Code {
    id: "OF0371",
    exit: Exit::JobWrong,
    title: "a line of the decisions is wrong",
    next_step: "Correct the line that the message names: two records as provider:record_id and yes, no or unsure, or one and not_a_person",
    explanation: "Each line names two different records, written provider:record_id with the id that the job gives the provider, and says \
                  whether they are one person: yes, no or unsure. A line whose second record is empty says that the first is \
                  not_a_person, or takes that back with unsure. Where the same stands twice its last line counts.",
};

pub(crate) static DECISIONS_HELD: Code = Code {
    id: "OF0372",
    exit: Exit::Locked,
    title: "somebody else is reviewing with these decisions",
    next_step: "Wait until the other review has ended, or give this one a file of its own with --decisions",
    explanation: "One review at a time may append to a file of decisions. The operating system releases it when the other process ends.",
};

pub(crate) static ROW_NUMBER_DECIDED: Code = Code {
    id: "OF0373",
    exit: Exit::JobWrong,
    title: "a decision would be about the number of a row",
    next_step: "Take such a decision back by a later line on the same records that says unsure; to decide of them, give the extract a record_id column",
    explanation: "A provider with record_id = \"row_number\" has no record_ids: its rows are numbered anew in every extract, and as soon as a \
                  row comes or goes, a number is somebody else's. A decision stands for good, so that it would soon join strangers, or \
                  withhold one. No run obeys such a decision, and `onefolk review` asks of no such pair. Take decisions back before \
                  you map record_id to a column, whose values might be the same numbers.",
};

/// What the gate `decisions_lost` fails with.
pub(crate) static DECISIONS_LOST: Code = Code {
    id: "OF0374",
    exit: Exit::GateFailed,
    title: "decisions that the run before has obeyed are gone",
    next_step: "Put state/decisions.csv below [job] output back from a backup, then run again; nothing was published",
    explanation: "state/decisions.csv has fewer lines than the run before has obeyed: what humans have said would be passed over, and people \
                  whom they have parted would be one again. Usually the file was lost, emptied, or replaced by an older copy. Nothing has to \
                  be taken out of it: a later line on the same records that says unsure takes a decision back. What `onefolk review` has taken \
                  back itself is not missed. Where lines are meant to be gone, or there is no backup, the gate can be waived for one night: \
                  --waive decisions_lost; the next night is held against that one.",
};

/// A record as it is written: provider:record_id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RecordName {
    pub provider: String,
    pub record_id: String,
}

impl RecordName {
    pub fn parse(written: &str) -> Option<RecordName> {
        let (provider, record_id) = written.split_once(':')?;
        let (provider, record_id) = (provider.trim().to_string(), record_id.trim().to_string());
        (!provider.is_empty() && !record_id.is_empty()).then_some(RecordName { provider, record_id })
    }

    /// Provider and record_id.
    pub fn parts(&self) -> (&str, &str) {
        (&self.provider, &self.record_id)
    }
}

impl std::fmt::Display for RecordName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.provider, self.record_id)
    }
}

/// Whether two records are one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Yes,
    No,
    Unsure,
}

impl Answer {
    pub fn word(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Unsure => "unsure",
        }
    }

    pub fn from_word(word: &str) -> Option<Answer> {
        [Answer::Yes, Answer::No, Answer::Unsure].into_iter().find(|answer| word.eq_ignore_ascii_case(answer.word()))
    }
}

/// The word for a record that is no person's: a test row, a department, a pet.
pub const NOT_A_PERSON: &str = "not_a_person";

/// One decision; left is the smaller name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub left: RecordName,
    pub right: RecordName,
    pub answer: Answer,
    /// Where its line stands in the file.
    pub line: u64,
}

/// All that stands in a file of decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// The last decision of each pair, in the order of the records' names.
    pub pairs: Vec<Decided>,
    /// Records that are no person's, in the order of their names.
    pub not_people: Vec<RecordName>,
    /// Where the line that says so of each stands in the file.
    pub not_people_lines: Vec<u64>,
    /// Length of what was read, in bytes: the file only grows, so this says which decisions there were.
    pub bytes: u64,
    /// Lines of what was read, those that later ones replace included.
    pub lines: u64,
    /// BLAKE3 of what was read; empty where there was no file.
    pub blake3: String,
}
