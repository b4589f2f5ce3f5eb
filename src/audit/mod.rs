//! state/audit.jsonl: who did what with people's data, in a way that no later hand can change unseen.
//!
//! In: [`Note`]s of whatever ran, released, refused, decided or showed something. Out: lines of JSON, each with the hash of the line before
//! and a signature, and a signed head that says how many there are; [`verify`] finds every line that was changed, removed or put elsewhere;
//! [`about`] tells what was done with one person's data. Always: what may not be done unseen is noted before it is done, and is not done
//! where it cannot be noted; the file is only ever appended to and is whole after a kill; of people it holds person_ids and nothing else.
//!
//! What it protects from: anybody without the audit key. Whoever holds the key can write another history; that is what a copy of the head
//! elsewhere is for (every run.json has one, and [`verify`] compares; [`verify_since`] compares a copy of the head itself).

mod about;
mod book;
mod decided;
mod head;
mod issues;
mod key;
mod line;
mod members;
mod pseudonyms;
#[cfg(test)]
mod tests;
mod verify;

pub use about::{About, PartedFrom, about};
pub use book::{add, last_run, ready};
pub use decided::{decisions, taken_back};
pub use head::Head;
pub use issues::{Issue, all_issues, issues};
pub use line::Entry;
pub use members::{keep_members, remove_unnamed_members};
pub use pseudonyms::pseudonyms;
pub use verify::{Fault, Verdict, verify, verify_since};

use crate::disk;
use crate::failure::{Code, Exit, Failure, Result};
use crate::job::Job;
use line::Line;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The codes this room raises (OF071x).
pub static CODES: &[&Code] = &[&AUDIT_UNUSABLE, &AUDIT_BROKEN, &AUDIT_KEY_MISSING];

pub(crate) static AUDIT_UNUSABLE: Code = Code {
    id: "OF0710",
    exit: Exit::Resource,
    title: "the audit cannot be read or written",
    next_step: "See to state/audit.jsonl and state/audit.head below [job] output, which the message names, then try again",
    explanation: "Runs, releases, decisions and look-ups are noted in state/audit.jsonl before they are done. Where that is not \
                  possible they are not done: nothing was published, released or shown.",
};

pub(crate) static AUDIT_BROKEN: Code = Code {
    id: "OF0711",
    exit: Exit::Resource,
    title: "the audit is not what was written",
    next_step: "Do what the message says of a damaged run; of all else find out who changed state/ below [job] output, keep what is there as evidence, and restore state/ from a backup",
    explanation: "Every line of state/audit.jsonl holds the hash of the line before and is signed, and state/audit.head says, signed, \
                  how many lines there are and what the last one is. `onefolk audit verify` names each place where that does not \
                  hold: a line was changed, removed, put elsewhere or cut off, a list of whose lines a release held (state/releases) is not \
                  the one that its entry names, a kept run is not what its entry says or has none, or the files are not of one backup. A kept \
                  run whose run.json cannot be read can be held against nothing: the message names its folder, and says what to do.",
};

static AUDIT_KEY_MISSING: Code = Code {
    id: "OF0712",
    exit: Exit::Resource,
    title: "the key of the audit is missing or damaged",
    next_step: "Restore state/audit.key from a backup, or name the key with [job] audit_key_file, then try again",
    explanation: "The audit was begun with a key that is not there any more, or that cannot be used. It is not gone on with under a new key, since nobody could \
                  tell that from a forgery. The key is the file that [job] audit_key_file names, or else state/audit.key, which the \
                  first run makes.",
};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A run is about to be published.
    Run,
    /// An earlier run is about to become current again.
    Rollback,
    /// A run that the audit knows of was not published after all: whatever it noted did not happen.
    RunWithdrawn,
    /// A kept run is about to be written anew without people who object.
    Purge,
    /// The report of a kept run is about to be made anew.
    Report,
    GateWaived,
    Release,
    Refusal,
    /// Somebody was looked for or looked at, identifiers of a person were shown, or a file with everybody's was written.
    LookUp,
    Decision,
    DecisionTakenBack,
    /// Somebody has agreed to a release.
    Approval,
    /// The output is about to be encrypted, or decrypted for good.
    Encryption,
    /// Files of an encrypted output are about to be written open for somebody.
    Decryption,
    /// Pseudonyms are about to get a new secret.
    KeyRotated,
}

impl Event {
    pub const ALL: [Event; 15] = [
        Event::Run,
        Event::Rollback,
        Event::RunWithdrawn,
        Event::Purge,
        Event::Report,
        Event::GateWaived,
        Event::Release,
        Event::Refusal,
        Event::LookUp,
        Event::Decision,
        Event::DecisionTakenBack,
        Event::Approval,
        Event::Encryption,
        Event::Decryption,
        Event::KeyRotated,
    ];

    /// As it stands in the file.
    pub fn word(self) -> &'static str {
        match self {
            Event::Run => "run",
            Event::Rollback => "rollback",
            Event::RunWithdrawn => "run_withdrawn",
            Event::Purge => "purge",
            Event::Report => "report",
            Event::GateWaived => "gate_waived",
            Event::Release => "release",
            Event::Refusal => "refusal",
            Event::LookUp => "look_up",
            Event::Decision => "decision",
            Event::DecisionTakenBack => "decision_taken_back",
            Event::Approval => "approval",
            Event::Encryption => "encryption",
            Event::Decryption => "decryption",
            Event::KeyRotated => "key_rotated",
        }
    }

    pub fn from_word(word: &str) -> Option<Event> {
        Event::ALL.into_iter().find(|event| event.word() == word)
    }
}

/// Something to be noted.
#[derive(Debug, Clone)]
pub struct Note {
    pub event: Event,
    /// The run that it belongs to.
    pub run_id: Option<String>,
    /// Whose data it concerns; nobody by name where it concerns many.
    pub person_ids: Vec<String>,
    /// Further facts: names of ours, counts and hashes, never a value of a person.
    pub what: Map<String, Value>,
}

impl Note {
    pub fn new(event: Event) -> Note {
        Note { event, run_id: None, person_ids: Vec::new(), what: Map::new() }
    }

    pub fn of_run(mut self, run_id: &str) -> Note {
        self.run_id = Some(run_id.to_string());
        self
    }

    /// The people whose data it concerns, each once.
    pub fn about(mut self, person_ids: impl IntoIterator<Item = String>) -> Note {
        self.person_ids.extend(person_ids);
        self.person_ids.sort_unstable();
        self.person_ids.dedup();
        self
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Note {
        self.what.insert(name.to_string(), value.into());
        self
    }
}

/// The files of a job's audit.
struct Places {
    log: PathBuf,
    head: PathBuf,
    /// Where the private key stands, and whether the job says so.
    key: PathBuf,
    key_is_named: bool,
    /// Where its public key is kept for whoever checks.
    public: PathBuf,
}

impl Places {
    fn of(job: &Job) -> Places {
        let state = job.output.join("state");
        Places {
            log: state.join("audit.jsonl"),
            head: state.join("audit.head"),
            key: job.audit_key_file.clone().unwrap_or_else(|| state.join("audit.key")),
            key_is_named: job.audit_key_file.is_some(),
            public: state.join("audit.key.pub"),
        }
    }
}

/// Every entry that can be read, oldest first; none where the audit was never begun. Whether they are what was written [`verify`] tells.
fn entries(job: &Job) -> Result<impl Iterator<Item = Entry>> {
    let log = Places::of(job).log;
    let bytes = match disk::read(&log) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        bytes => bytes.map_err(|error| Failure::from_io(&error, &log, &AUDIT_UNUSABLE))?,
    };
    let entries: Vec<Entry> =
        bytes.split(|&byte| byte == b'\n').filter_map(Line::read).map(|line| line.entry).collect();
    Ok(entries.into_iter())
}
