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

pub(super) static ENCRYPTION_KEY_UNUSABLE: Code = Code {
    id: "OF0104",
    exit: Exit::JobWrong,
    title: "the key that the output is encrypted with cannot be used",
    next_step: "Put the key file in place for the account that runs onefolk alone (chmod go= FILE), or set the variable that the message names",
    explanation: "[job] encryption_key_file names a file, or encryption_key_env a variable of the environment, that holds one age key \
                  (AGE-SECRET-KEY-1...), as `onefolk keys new --encryption FILE` or age-keygen makes it. It is absent, cannot be read, holds \
                  something else, or the file can be read by others. Without the key nothing in runs/ and state/ of the output can be \
                  read, by nobody: keep a copy of it in a safe place.",
};

pub(crate) static ENCRYPTION_KEY_UNNAMED: Code = Code {
    id: "OF0105",
    exit: Exit::JobWrong,
    title: "the job does not name the key of its output",
    next_step: "Name the key with [job] encryption_key_file or encryption_key_env, then try again",
    explanation: "What stands in runs/ and state/ of the output is encrypted, or is to be, and the job says neither in which file nor in \
                  which variable of the environment the key is. `onefolk keys new --encryption FILE` makes one for an output that is not \
                  encrypted yet; `onefolk keys unseal JOB` decrypts an output for good, with the key that it was encrypted with.",
};

pub(super) static ENCRYPTION_KEY_WRONG: Code = Code {
    id: "OF0106",
    exit: Exit::JobWrong,
    title: "the output is encrypted with another key",
    next_step: "Name the key that the output was encrypted with, or restore state/encryption.age where that is damaged",
    explanation: "state/encryption.age below [job] output can be opened with the key that the output was encrypted with, and with no other. \
                  The key that the job names is another one, or the file is damaged. To change the key, decrypt the output with the old one \
                  (`onefolk keys unseal JOB`), name the new one and encrypt it again (`onefolk keys seal JOB`).",
};

pub(super) static OUTPUT_STANDS_OPEN: Code = Code {
    id: "OF0107",
    exit: Exit::JobWrong,
    title: "the output is not encrypted, though the job names a key",
    next_step: "Encrypt what stands there with `onefolk keys seal JOB`, or take the key out of the job file",
    explanation: "The job names a key with [job] encryption_key_file or encryption_key_env, but what earlier runs have left in runs/ and \
                  state/ of the output stands open. Nothing is encrypted beside what is not: `onefolk keys seal JOB` encrypts all of it, \
                  kept runs and state included, and every command goes on from there.",
};

/// The codes this room raises (OF01xx).
pub static CODES: &[&Code] = &[
    &JOB_WRONG,
    &JOB_UNREADABLE,
    &FILE_MISSING,
    &ENCRYPTION_KEY_UNUSABLE,
    &ENCRYPTION_KEY_UNNAMED,
    &ENCRYPTION_KEY_WRONG,
    &OUTPUT_STANDS_OPEN,
];
