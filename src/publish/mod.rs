//! What a run leaves behind, published whole or not at all.
//!
//! In: everything that a run found ([`Outputs`]) and the texts of the other rooms. Out: `runs/<run_id>/` below the output, and
//! `current` pointing to it. Always: `current` is a whole, synced run at every instant, and the ledger of person_ids agrees with it or
//! [`recover`] makes it agree; the same outputs give the same bytes on any number of threads; files are their owner's only.
//!
//! The order, in which a kill at any instant leaves either the old run or the new one:
//! 1. write and sync `runs/.<run_id>.partial/`;
//! 2. write the ledger's entry as `state/ledger/pending/`;
//! 3. rename the folder to `runs/<run_id>/`;
//! 4. rename a new symbolic link over `current`: the one instant that decides;
//! 5. rename the pending entry into the ledger; 6. prune old runs.
//!
//! [`recover`] looks at `current`: where it names the pending entry's run, step 5 is done again, otherwise 2 and 3 are undone.
//!
//! A kept run that is written anew (`Draft::replace`) waits whole and synced as `runs/.<run_id>.anew/`; then the old one makes room and it
//! takes its name. [`recover`] finishes what a kill has left between the two. `current` never leads to such a run.
//!
//! A report that is made anew (`Draft::replace_report`), of `current` too, waits whole and synced as `.report.anew/` in the folder of its run; then its
//! files take their places one by one, run.json last. [`recover`] finishes that, and removes what else was begun in the folder of a run.

mod ahead;
mod draft;
mod export;
mod groups;
mod link_table;
mod lock;
mod numbers;
mod packages_table;
mod people_table;
pub(crate) mod published;
mod recovery;
mod runs;
mod sieve;
mod splice;
mod syncing;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod wishes_table;

pub use draft::{Draft, Published};
pub use export::export_records;
pub use link_table::{LinkTable, Masked};
pub use lock::{Lock, lock_owner};
pub(crate) use lock::{OwnedFile, anothers, judge_owner};
pub(crate) use numbers::OTHER_NUMBERS;
pub(crate) use packages_table::{PACKAGES, PACKAGES_HIDDEN};
pub use recovery::{Recovered, recover};
pub(crate) use runs::{begun, judge_current, report_anew};
pub use runs::{current_run, kept_runs, next_run_id};
pub(crate) use sieve::{Fate, Sieve};
pub use table::WrittenFile;
pub(crate) use table::{Column, write as write_table};
pub use tables::Outputs;
pub(crate) use tables::WithheldRow;
pub(crate) use wishes_table::{WISHES, WISHES_HIDDEN};

use crate::failure::{Code, Exit};
use crate::identity;

/// The codes this room raises, and those of `identity` (OF041x).
pub static CODES: &[&Code] = &[
    &identity::LEDGER_DAMAGED,
    &identity::LEDGER_MISSING,
    &identity::LEDGER_OF_OTHER_KEY,
    &identity::KEY_UNUSABLE,
    &identity::LEDGER_UNWRITABLE,
    &OUTPUT_UNWRITABLE,
    &EXPORT_UNWRITABLE,
    &OF_ANOTHER_ACCOUNT,
    &LOCKED,
    &NO_CURRENT_RUN,
    &RUN_UNREADABLE,
    &NO_SUCH_RUN,
];

pub(crate) static OUTPUT_UNWRITABLE: Code = Code {
    id: "OF0420",
    exit: Exit::Resource,
    title: "the output could not be written",
    next_step: "See to the file or folder that the message names below [job] output, then run again; nothing was published",
    explanation: "A file or folder below [job] output could not be written, synced or renamed, and the disk is neither full nor is \
                  permission missing: something else may stand in its place, such as a folder named `current` or a file named \
                  `runs`, or the disk may be failing. What was published before still stands.",
};

static EXPORT_UNWRITABLE: Code = Code {
    id: "OF0421",
    exit: Exit::Resource,
    title: "the records could not be exported",
    next_step: "Name a file in a folder that is there and may be written to, then export again",
    explanation: "`onefolk export` writes one new file, first under a name that ends with .partial, then under its own. The message \
                  says which of the two could not be written or renamed.",
};

static OF_ANOTHER_ACCOUNT: Code = Code {
    id: "OF0422",
    exit: Exit::Resource,
    title: "the output belongs to another account",
    next_step: "Run the command as the account that owns the folder which the message names (as root: `runuser -u ACCOUNT -- onefolk ...`)",
    explanation: "All that onefolk writes below [job] output is for its owner only. What another account wrote there, such as root once by \
                  hand, the account of the nights could not read, and every later night would fail. So a command that writes ends \
                  before it begins. Where the output is to be another account's from now on, give that account runs/ and state/ below it \
                  with all that they hold: chown -R.",
};

static LOCKED: Code = Code {
    id: "OF0501",
    exit: Exit::Locked,
    title: "another run holds the output",
    next_step: "Wait until the run that the message names has ended, then run again",
    explanation: "One run at a time may write an output. The lock is state/lock below [job] output; the operating system releases it \
                  when its process ends, however that happens, so it never has to be removed by hand.",
};

static NO_CURRENT_RUN: Code = Code {
    id: "OF0530",
    exit: Exit::InputUnusable,
    title: "there is no current run",
    next_step: "Run `onefolk run` with this job first, then try again",
    explanation: "evaluate and explain look at what was published last: the folder `current` below [job] output. It does not exist, so \
                  this job has not been run yet, or [job] output points elsewhere.",
};

pub(crate) static RUN_UNREADABLE: Code = Code {
    id: "OF0535",
    exit: Exit::Resource,
    title: "a file of the current run cannot be read",
    next_step: "Run `onefolk run` again; if the message stays, go back to a kept run that is whole with `onefolk rollback JOB RUN`, and see to the disk that holds [job] output",
    explanation: "A file below `current`, or of a kept run, is absent, damaged or not what a run writes. Files of a run are never edited by hand; \
                  the next run writes all of its own anew. Where it is run.json of the current run, no night goes on, as there is nothing else to \
                  hold it against: put the file back from a backup, or make a kept run that is whole current again with `onefolk rollback`. \
                  Where no other is kept either, remove the folder of the run, and waive the gate for one night: --waive run_before.",
};

static NO_SUCH_RUN: Code = Code {
    id: "OF0551",
    exit: Exit::JobWrong,
    title: "no such run is kept",
    next_step: "Name one of the runs that the message lists, as they stand below runs/ in [job] output",
    explanation: "`onefolk rollback` makes a run current again, and `onefolk report --run` its report, while it is kept: [job] keep_runs says how many are. Older ones were \
                  removed when newer ones were published, and cannot come back.",
};
