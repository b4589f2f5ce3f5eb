//! From people of one night to person_ids that last.
//!
//! In: the [`Partition`](crate::clustering::Partition) of tonight's records, and the [`Ledger`] of every night before.
//! Out: [`Identified`]: a person_id and the date it was first seen per person, what changed since the run before, and the next entry
//! of the ledger, not yet written.
//! Always: a person_id is never issued twice; records are recognised by (provider id, record_id), or by what they say where a provider
//! numbers its rows, of which the ledger holds keyed hashes only; a ledger that does not check out stops the run and is never begun anew;
//! nothing here changes the ledger until `publish` commits the run.

mod assign;
mod changes;
#[cfg(test)]
pub(crate) mod example;
mod follow;
pub(crate) mod key;
mod ledger;
mod person_id;
mod restore;
mod rows;
mod stability;
mod story;
#[cfg(test)]
mod tests;

pub use assign::{Identified, assign};
pub use changes::{Change, ChangeKind};
pub use follow::{Followed, Follower};
pub use ledger::{Ledger, NextEntry};
pub(crate) use ledger::{abandon, pending_run, settle, stage};
pub use person_id::PersonId;
pub(crate) use restore::restore;
pub use restore::{Restored, StandingRow};
pub(crate) use rows::numbering;
pub use story::Chapter;

use crate::failure::{Code, Exit};

/// The codes this room raises (OF041x); `publish::CODES` lists them for `explain code`.
pub static CODES: &[&Code] =
    &[&LEDGER_DAMAGED, &LEDGER_MISSING, &LEDGER_OF_OTHER_KEY, &KEY_UNUSABLE, &LEDGER_UNWRITABLE];

pub static LEDGER_DAMAGED: Code = Code {
    id: "OF0410",
    exit: Exit::Resource,
    title: "the ledger of person_ids is damaged",
    next_step: "Restore the state folder below [job] output from a backup, then run again; nothing was published",
    explanation: "Every person_id ever issued stands in state/ledger below [job] output, one folder a run, each with a checksum that \
                  also covers the folder before it. A checksum, a length or the order is wrong. The run stops, because going on \
                  would give people new person_ids. Restore state/ as a whole from a backup.",
};

pub static LEDGER_MISSING: Code = Code {
    id: "OF0411",
    exit: Exit::Resource,
    title: "the ledger of person_ids does not reach up to the current run",
    next_step: "Restore the state folder below [job] output from a backup, or point [job] output at a new folder to begin anew",
    explanation: "The output holds a current run, but state/ledger does not know it: the ledger, or its latest entry, was removed. \
                  Restore state/ from a backup. To begin anew with new person_ids on purpose, use a new output folder.",
};

pub static LEDGER_OF_OTHER_KEY: Code = Code {
    id: "OF0412",
    exit: Exit::Resource,
    title: "the ledger of person_ids was made with another key",
    next_step: "Name the key of the earlier runs in [job] id_key_file (or restore state/person_id.key), then run again",
    explanation: "Records are recognised over nights by a keyed hash. The key in use is not the one that the ledger was made with, \
                  so nobody would be recognised and everybody would get a new person_id.",
};

pub static KEY_UNUSABLE: Code = Code {
    id: "OF0413",
    exit: Exit::Resource,
    title: "the key of the person_ids cannot be used",
    next_step: "Put 64 hexadecimal characters into the key file that the message names, or restore it from a backup",
    explanation: "person_ids are derived with a secret key of 32 bytes, written as 64 hexadecimal characters, from the file that \
                  [job] id_key_file names or else from state/person_id.key, which the first run makes. The file is absent or holds \
                  something else.",
};

pub static LEDGER_UNWRITABLE: Code = Code {
    id: "OF0414",
    exit: Exit::Resource,
    title: "the ledger of person_ids cannot be read or written",
    next_step: "See to the disk and the permissions of the state folder below [job] output, then run again",
    explanation: "The operating system reported an error on a file below state/ledger. What was published before still stands.",
};
