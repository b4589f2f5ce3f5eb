//! Why two records are, or are not, one person; why a person's records are together; what became of a person over the nights.
//!
//! In: a job with a current run. The extracts are read again, since a run keeps no copy of them, and scored with the run's own model.
//! Out: a [`PairExplained`], a [`PersonExplained`], a [`MissingExplained`] or a [`ChangeExplained`], which print as text and as JSON. Always: the bits of the
//! fields, of related strangers and of other records add up to the weight in links.parquet; nobody's values are shown unless asked for; of a
//! person who is marked sensitive everything is worked out as if nobody had written down what may tell a place or a provider, and nothing says so; a difference of sex is a difference between records, never a change.

mod change;
pub(crate) mod codes;
mod conflicts;
pub(crate) mod crosswalk;
pub(crate) mod fields;
mod missing;
pub(crate) mod outcome;
mod pair;
mod person;
mod replayed;
mod scene;
mod shown;
mod shown_change;
mod shown_missing;
mod shown_person;
mod side_by_side;
#[cfg(test)]
mod tests;
mod waterfall;

pub use change::{ChangeExplained, StoryLine, Today, change};
pub use codes::CODES;
pub use fields::FieldLine;
pub use missing::{Change, MissingExplained, RuleLine, missing};
pub use outcome::Outcome;
pub use pair::{Context, PairExplained, pair};
pub use person::{
    Bond, Conflict, JoinLine, PersonExplained, RecordLine, Split, parse_person_id, person, person_of_record,
};
pub(crate) use replayed::{Judging, Replayed};
pub use side_by_side::SideBySide;
pub(crate) use side_by_side::{Pair, look_at, pairs};

use crate::audit::{self, Event, Note};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::run::Show;

/// How to explain.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Show names, dates, numbers and addresses.
    pub show_identifiers: bool,
    pub progress: Show,
}

/// Notes in the audit that identifiers of these people are about to be shown, where they are.
///
/// # Errors
/// Where it cannot be noted: then nothing may be shown.
pub(crate) fn note_look_up(
    job: &Job,
    run_id: &str,
    command: &str,
    people: impl IntoIterator<Item = String>,
    options: Options,
) -> Result<()> {
    if options.show_identifiers {
        let note = Note::new(Event::LookUp).of_run(run_id).about(people).with("command", command);
        audit::add(job, &[note])?;
    }
    Ok(())
}

/// The failure where an extract is not what the run read.
pub(crate) fn changed_since(extract: &str) -> Failure {
    Failure::new(&codes::CHANGED_SINCE, format!("{extract} is not what the run read"))
}

/// 1/1024 bit to bits.
fn bits(weight: i64) -> f64 {
    weight as f64 / crate::model::UNITS_PER_BIT
}

/// "1 record", "3 records".
fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
