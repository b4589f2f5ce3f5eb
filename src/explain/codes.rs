//! The codes this room raises (OF054x).

use crate::failure::{Code, Exit};

/// The codes this room raises.
pub static CODES: &[&Code] = &[
    &RECORD_MISWRITTEN,
    &RECORD_NOT_IN_RUN,
    &PERSON_ID_WRONG,
    &PERSON_NOT_IN_RUN,
    &CHANGED_SINCE,
    &NOTHING_COMPARED,
    &IMPORTED_MODEL,
    &NEVER_ISSUED,
];

pub(super) static RECORD_MISWRITTEN: Code = Code {
    id: "OF0540",
    exit: Exit::JobWrong,
    title: "a record is not written as it should be",
    next_step: "Write two different records as provider:record_id, such as gp-brent-01:1001, then try again",
    explanation: "A record is named by the id of its provider in the job file, a colon, and its record_id as the extract has it. A pair is \
                  two different records.",
};

pub(super) static RECORD_NOT_IN_RUN: Code = Code {
    id: "OF0541",
    exit: Exit::JobWrong,
    title: "a record is not in the crosswalk of the current run",
    next_step: "Check how the record_id is written; quarantine.parquet and withheld.parquet below `current` hold the rows left out",
    explanation: "Only records in the crosswalk were compared with others. A row that could not be used is in quarantine, one that may not \
                  be used is withheld, and the message says so where it can be told.",
};

pub(super) static PERSON_ID_WRONG: Code = Code {
    id: "OF0542",
    exit: Exit::JobWrong,
    title: "this person_id was never issued",
    next_step: "Copy the person_id anew from people.parquet: at least one of its characters is wrong",
    explanation: "A person_id has sixteen characters: digits and letters without I, L, O and U. The last one is a check character that \
                  finds every single wrong character and every two that were swapped.",
};

pub(super) static PERSON_NOT_IN_RUN: Code = Code {
    id: "OF0543",
    exit: Exit::JobWrong,
    title: "nobody in the current run has this person_id",
    next_step: "See with `onefolk explain change` what became of the person_id, or check that --job names the job it comes from",
    explanation: "The person_id is well formed, but no record of the current run has it: the person may have been merged with another one, \
                  may be gone from all extracts, or belongs to another job.",
};

pub(crate) static CHANGED_SINCE: Code = Code {
    id: "OF0544",
    exit: Exit::InputUnusable,
    title: "the job or its extracts have changed since the current run",
    next_step: "Run `onefolk run` with this job again, then try again",
    explanation: "An explanation reads the extracts again and scores them with the model of the current run. The records asked for, or the \
                  fields that are compared, are no longer those of that run.",
};

pub(crate) static NOTHING_COMPARED: Code = Code {
    id: "OF0545",
    exit: Exit::InputUnusable,
    title: "the current run compared nothing",
    next_step: "Map matching fields such as names, dates of birth or NHS numbers in [provider.columns], then run again",
    explanation: "There was only one record, or no provider maps a field that records can be compared by, so the run has no model and \
                  nothing can be explained.",
};

pub(super) static IMPORTED_MODEL: Code = Code {
    id: "OF0546",
    exit: Exit::InputUnusable,
    title: "the current run was linked with a model of another tool",
    next_step: "Look the levels up in links.parquet, or take [model] file out of the job file and run again to have it explained",
    explanation: "The run scored pairs with Splink's settings file that [model] file names. links.parquet holds the weight and the level \
                  of every comparison as that model sees them; an explanation in words exists for models that onefolk learnt itself.",
};

pub(super) static NEVER_ISSUED: Code = Code {
    id: "OF0547",
    exit: Exit::JobWrong,
    title: "no run of this job has issued this person_id",
    next_step: "Check that --job names the job that the person_id comes from, then try again",
    explanation: "The person_id is well formed, but the ledger below [job] output, which holds every person_id ever issued, does not know \
                  it: it belongs to another job or another output folder.",
};
