//! The codes this room raises (OF053x).

use crate::failure::{Code, Exit};

/// The codes this room raises.
pub static CODES: &[&Code] = &[
    &TRUTH_UNREADABLE,
    &TRUTH_HEADER_WRONG,
    &TRUTH_LINE_WRONG,
    &NOTHING_IN_COMMON,
    &LABELS_UNREADABLE,
    &LABEL_LINE_WRONG,
    &NOTHING_LABELLED,
];

pub(super) static TRUTH_UNREADABLE: Code = Code {
    id: "OF0531",
    exit: Exit::InputUnusable,
    title: "the truth file cannot be read",
    next_step: "Check the path that --truth gives and who may read the file, then try again",
    explanation: "The file that --truth names is absent, a folder, or the operating system reported an error while it was read.",
};

pub(super) static TRUTH_HEADER_WRONG: Code = Code {
    id: "OF0532",
    exit: Exit::InputUnusable,
    title: "the header of the truth file is wrong",
    next_step: "Give the file a first line with the columns provider,record_id,person, then try again",
    explanation: "A truth file is CSV with commas, in UTF-8. Its first line names the columns provider, record_id and person, each once \
                  and in any order; other columns (sex, age band and the like) are groups to give results for.",
};

pub(super) static TRUTH_LINE_WRONG: Code = Code {
    id: "OF0533",
    exit: Exit::InputUnusable,
    title: "a line of the truth file is wrong",
    next_step: "Correct the line that the message names, then try again",
    explanation: "Each line of a truth file has as many fields as the header, in UTF-8, and none of provider, record_id and person may be \
                  empty. A figure from half a file would mislead, so one wrong line stops the command.",
};

pub(super) static NOTHING_IN_COMMON: Code = Code {
    id: "OF0534",
    exit: Exit::InputUnusable,
    title: "the truth and the current run have no record in common",
    next_step: "Check that the truth belongs to this job: its provider column holds the provider ids of the job file",
    explanation: "Records are matched by provider id and record_id, letter by letter but for outer space. Not one record of the truth \
                  file stands in the crosswalk of the current run.",
};

pub(super) static LABELS_UNREADABLE: Code = Code {
    id: "OF0536",
    exit: Exit::InputUnusable,
    title: "the file of labels cannot be read",
    next_step: "Check the path that --labels gives and who may read the file, then try again",
    explanation: "The file that --labels names is absent, a folder, or the operating system reported an error while it was read.",
};

pub(super) static LABEL_LINE_WRONG: Code = Code {
    id: "OF0537",
    exit: Exit::InputUnusable,
    title: "a line of the labels is wrong",
    next_step: "Correct the line that the message names, then try again",
    explanation: "A file of labels is CSV with commas, in UTF-8, with the columns left, right and label. left and right name records as \
                  provider:record_id, label is yes, no or unsure. A figure from half a file would mislead, so one wrong line stops the \
                  command.",
};

pub(super) static NOTHING_LABELLED: Code = Code {
    id: "OF0538",
    exit: Exit::InputUnusable,
    title: "no label counts",
    next_step: "Check that the labels belong to this job and that some of them say yes or no",
    explanation: "Not one line of the file of labels says yes or no about two records that both stand in the current run.",
};
