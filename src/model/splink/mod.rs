//! Splink's model files, in and out.
//!
//! In: the settings JSON that Splink 4 and 5 write, and columns of records as they were sent. Out: an [`Imported`] model with everything
//! that could not be taken over, named one by one; on data ([`Prepared`]) the candidate pairs of its blocking rules, each once, and their
//! match weights. The other way, our own model as settings that Splink can read ([`export`]). Always: on the same data an imported model
//! gives Splink's own match weights, to 1e-6 bits, for the very pairs that Splink compares (`tests/linking/splink.rs`).
//!
//! Splink scores the text that stands in a column, so the values here are those that were *sent*, outer space cut off and empty ones
//! null; not our cleaned ones. A column that a condition uses as a number or a date is read as one where it is used.
//!
//! The way: `sql` and `calls` parse each condition into the small tree of `expression`; `kinds` settles what its columns hold, as far as that matters;
//! `compile` splits the tree into what depends on one record (worked out once a distinct value, `slots`) and what depends on both; `blocks` joins, `score`
//! adds up. `unread` counts the values that cannot be read as what a condition needs.

mod blocks;
mod calls;
mod compile;
mod decimal;
pub mod export;
mod expression;
mod frequencies;
mod functions;
mod import;
mod kinds;
mod ladder;
mod pattern;
mod prepare;
mod records;
mod score;
mod similarity;
mod slots;
mod sql;
mod time;
mod unread;

pub use blocks::{Blocks, Task};
pub use compile::Memory;
pub use import::{Comparison, Frequency, Imported, Level, LinkType, Rule, Unmapped, read, read_text, settings_in};
pub use prepare::{Prepared, Table};
pub use records::Names;
pub use score::{ScoredPair, Scorer, count_pairs, links_of, packed_levels, predict, score_all};
#[doc(hidden)]
pub use similarity::Similarity;
pub use unread::{Unread, unread_values};

use crate::failure::{Code, Exit};

/// The codes this room raises (OF036x).
pub static CODES: &[&Code] = &[&MODEL_UNREADABLE, &NO_SPLINK_MODEL, &NOTHING_MAPPED, &NO_MODEL, &MODEL_OUTDATED];

pub static MODEL_UNREADABLE: Code = Code {
    id: "OF0360",
    exit: Exit::JobWrong,
    title: "the model file could not be read",
    next_step: "Check the path of the model file and that it is a JSON file as its tool wrote it, then run again",
    explanation: "The file that is to be used as a model does not exist, is larger than a model may be (64 MiB) or is not JSON.",
};

pub static NO_SPLINK_MODEL: Code = Code {
    id: "OF0361",
    exit: Exit::JobWrong,
    title: "the file is no Splink model",
    next_step: "Save the model with Splink's `linker.misc.save_model_to_json` and give that file, then run again",
    explanation: "A Splink model is a JSON object with `link_type`, `comparisons` (each with `comparison_levels`) and \
                  `blocking_rules_to_generate_predictions`, as Splink 4 and 5 write it. The message says what is missing or wrong.",
};

pub static NOTHING_MAPPED: Code = Code {
    id: "OF0362",
    exit: Exit::JobWrong,
    title: "nothing of the Splink model can be used here",
    next_step: "Map the columns that the model names in [provider.columns], or change the conditions that the message names, then run again",
    explanation: "No comparison, or no blocking rule, of the Splink model could be taken over: without both, no pair of records can be \
                  scored. Usually the model's column names are those of another table: a column is looked for among the source columns \
                  of [provider.columns] first, then among the canonical fields.",
};

pub static NO_MODEL: Code = Code {
    id: "OF0363",
    exit: Exit::InputUnusable,
    title: "there is no model to export",
    next_step: "Run `onefolk run` with this job first: it learns a model wherever there are fields to compare",
    explanation: "`onefolk train --export` writes the model of the current run, which is in model.json below `current`. No run was \
                  published yet, or it had nothing to compare.",
};

pub static MODEL_OUTDATED: Code = Code {
    id: "OF0364",
    exit: Exit::InputUnusable,
    title: "the job has changed since the current run",
    next_step: "Run `onefolk run` with this job again, then export",
    explanation: "An export reads the extracts again and measures levels with the model of the current run. The fields that are compared \
                  are no longer those of that run.",
};
