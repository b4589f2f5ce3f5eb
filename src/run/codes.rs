//! The codes of the run itself (OF051x).

use crate::failure::{Code, Exit};

pub static EXTRACT_ALL_QUARANTINED: Code = Code {
    id: "OF0512",
    exit: Exit::InputUnusable,
    title: "no row of an extract could be used",
    next_step: "Correct the extract or its column mapping (`onefolk check` shows both), then run again; nothing was published",
    explanation: "Every single row of an extract went to quarantine. The mapping in [provider.columns] most likely names wrong columns, \
                  or the file is not what it says it is. A provider with when_missing = \"without\" is left out instead; of one with \
                  \"last\" the last good extract stands, and what it holds that sends only changes, where there is one: the run fails \
                  only where there is none, or none of its rows can be used either.",
};

pub static ACCOUNTS_WRONG: Code = Code {
    id: "OF0513",
    exit: Exit::Resource,
    title: "the accounts do not add up",
    next_step: "Report this with the version and the run's log: it is a fault of onefolk; nothing was published",
    explanation: "Every row that was read must be in exactly one of crosswalk, quarantine and withheld, file by file. They did not add \
                  up, so the run was not published.",
};

pub static THREADS_UNAVAILABLE: Code = Code {
    id: "OF0514",
    exit: Exit::Resource,
    title: "the threads could not be started",
    next_step: "Lower [job] threads, or raise the limit of processes of the account that runs onefolk, then run again",
    explanation: "The operating system refused to start as many threads as [job] threads asks for.",
};

pub static NO_ROWS: Code = Code {
    id: "OF0515",
    exit: Exit::InputUnusable,
    title: "there is not one row to link",
    next_step: "See that the extracts hold data rows, then run again; nothing was published",
    explanation: "All extracts together hold no row that could be read. An empty population is never published over a full one.",
};

pub static INTERRUPTED: Code = Code {
    id: "OF0516",
    exit: Exit::Interrupted,
    title: "the run was stopped",
    next_step: "Run the same command again when it suits; what was published before still stands",
    explanation: "Ctrl-C or SIGTERM came before the run was published. What it had begun to write was removed. A signal that comes \
                  during the few renames that publish a run waits for them, and the run ends as usual.",
};
