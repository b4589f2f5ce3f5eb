//! Gates that stop a night from being published (DESIGN section 9).
//!
//! In: what the night has found, and what the run before had. Out: an outcome for each gate, or a failure that names every gate that
//! is broken. Always: a gate says what it saw against what it expects; one that is waived is told as loudly as one that fails; all gates
//! that can be judged at one point of the night are judged there, so that nobody learns of them one night at a time.

mod before;
mod codes;
mod columns;
mod date;
mod early;
mod ground;
mod kept;
mod late;
mod lists;
mod meaning;
mod objections;
mod side_by_side;
#[cfg(test)]
mod tests;
mod twice;
mod waived;

pub use waived::Waived;

pub(super) use before::{Before, Extracts};
pub(crate) use columns::PROTECTIVE;
pub(crate) use date::{Dated, behind, dated};
pub(super) use objections::{judge_lists, lists_fallen};
pub(super) use side_by_side::RecordIds;

use crate::consent::Held;
use crate::decisions::DECISIONS_LOST;
use crate::failure::{Code, Exit, Failure, Result};
use crate::job::Job;
use crate::run::keep;
use serde::Serialize;
use std::collections::BTreeSet;

/// The codes this room raises (in OF050x to OF055x, beside those of `run`).
pub static CODES: &[&Code] = &[
    &DATE_WRONG,
    &objections::OBJECTIONS_FELL,
    &NO_RUN_BEFORE,
    &TOO_MUCH_QUARANTINED,
    &TOO_MANY_PEOPLE_CHANGED,
    &PROVIDER_MISSING,
    &kept::PROVIDER_LEFT,
    &EXTRACT_TWICE,
    &PROVIDER_SHRUNK,
    &COLUMN_MISSING,
    &COLUMN_CHANGED,
    &COLUMN_OF_OTHER_MEANING,
    &TOO_MANY_MERGED,
    &MORE_IMPOSSIBLE,
    &waived::NO_SUCH_GATE,
];

/// One gate.
#[derive(Debug)]
pub(super) struct Gate {
    /// As `--waive` and run.json name it.
    pub name: &'static str,
    pub code: &'static Code,
}

/// Every gate, in the order in which a night meets them.
pub(super) static GATES: [Gate; 15] = [
    Gate { name: "as_of", code: &DATE_WRONG },
    Gate { name: "objections_fell", code: &objections::OBJECTIONS_FELL },
    Gate { name: "run_before", code: &NO_RUN_BEFORE },
    Gate { name: "decisions_lost", code: &DECISIONS_LOST },
    Gate { name: "column_missing", code: &COLUMN_MISSING },
    Gate { name: "provider_missing", code: &PROVIDER_MISSING },
    Gate { name: "provider_left", code: &kept::PROVIDER_LEFT },
    Gate { name: "extract_twice", code: &EXTRACT_TWICE },
    Gate { name: "quarantined", code: &TOO_MUCH_QUARANTINED },
    Gate { name: "provider_shrunk", code: &PROVIDER_SHRUNK },
    Gate { name: "column_changed", code: &COLUMN_CHANGED },
    Gate { name: "column_meaning", code: &COLUMN_OF_OTHER_MEANING },
    Gate { name: "people_change", code: &TOO_MANY_PEOPLE_CHANGED },
    Gate { name: "merges", code: &TOO_MANY_MERGED },
    Gate { name: "negative_controls", code: &MORE_IMPOSSIBLE },
];

static DATE_WRONG: Code = Code {
    id: "OF0552",
    exit: Exit::GateFailed,
    title: "the date of the night is before that of the last run, or far in the future",
    next_step: "Set the clock, or correct [job] as_of; nothing was published",
    explanation: "The night's date, [job] as_of or else today by the clock (UTC), is before that of the last run, or more than half a year \
                  after today. Ages, windows, objections with `from` or `until` and the age of last good records all go by it: on an earlier \
                  day an objection that begins later does not hold yet, on a later one another is over already, and people would be \
                  published who object. Usually the clock has stopped, or a year was mistyped. Where the last run itself was of the \
                  future, or an earlier day is meant, the gate can be waived for one night: --waive as_of; the next night is held \
                  against that one. A rollback is not held against any date.",
};

static NO_RUN_BEFORE: Code = Code {
    id: "OF0554",
    exit: Exit::GateFailed,
    title: "there is no run to hold the night against",
    next_step: "Put the run that the message names back below runs/ in [job] output from a backup, then run again; nothing was published",
    explanation: "The ledger knows of earlier runs, and none of them is kept in runs/ below [job] output: somebody has removed them, or state/ \
                  alone was put back from a backup. Every gate that looks back would judge nothing, and half of everybody could be gone \
                  unnoticed. Where `current` alone is gone, or leads to a run that is gone, the newest run that is kept is taken, and a \
                  warning says so. Where none can be put back, see with a dry run how many people there are, then waive the gate for one \
                  night: --waive run_before; person_ids stand, as the ledger has them.",
};

static TOO_MUCH_QUARANTINED: Code = Code {
    id: "OF0510",
    exit: Exit::GateFailed,
    title: "too many rows could not be read",
    next_step: "Look into the extracts that the message names, or raise [gates] maximum_quarantined; nothing was published",
    explanation: "The share of rows in quarantine is above [gates] maximum_quarantined (5 % where the job does not say). Usually an \
                  extract was cut off, its columns moved, or its encoding or delimiter changed. `onefolk check` shows what was found. \
                  For one night the gate can be waived: --waive quarantined.",
};

static TOO_MANY_PEOPLE_CHANGED: Code = Code {
    id: "OF0511",
    exit: Exit::GateFailed,
    title: "too many people came, went or were divided",
    next_step: "Look for an extract that is missing, doubled or numbered anew, or raise [gates] maximum_people_change; nothing was published",
    explanation: "The number of people differs from the run before by more than [gates] maximum_people_change (10 % where the job does \
                  not say), or more of those people than that are gone or divided, however many others have come. Usually an extract \
                  is missing or was sent twice, a column changed its meaning, or a provider has given its records other record_ids, so \
                  that everybody whom it alone knows would get a new person_id. For one night the gate can be waived: \
                  --waive people_change.",
};

static PROVIDER_MISSING: Code = Code {
    id: "OF0517",
    exit: Exit::GateFailed,
    title: "a provider has sent nothing usable for too long",
    next_step: "Ask the provider for its extract, or raise its stale_days; nothing was published",
    explanation: "Where a provider sends nothing that can be read, its last good records stand (when_missing = \"last\"), up to its \
                  stale_days (14 where the job does not say). They are older than that now. For one night the gate can be waived: \
                  --waive provider_missing; then they stand once more. That a provider sends the very same bytes for longer than \
                  stale_days is told in a warning, and stops nothing. A provider that the job has no more is another matter \
                  (OF0555).",
};

static EXTRACT_TWICE: Code = Code {
    id: "OF0549",
    exit: Exit::GateFailed,
    title: "the same extract was sent twice, or an older one lies beside it",
    next_step: "Ask the providers that the message names which of the two is theirs, or remove one; nothing was published",
    explanation: "Two extracts are the same, byte by byte. Of two providers, one has most likely got the other's file: its own rows are missing, and \
                  it would be said to know people whom it does not know. Of one provider, a file is there under two names: every row \
                  would be counted twice, and so would facts that are counts or sums. Extracts without a row are passed over. The \
                  first night, and one that has the same pair as the run before, only warn of it; so does one whose second is a file of \
                  a provider of changes that an earlier run has read. Or an extract of a provider has more than a fifth of its record_ids \
                  (five at least) in common with its others, which had none in common in the run before: yesterday's delivery was \
                  most likely left beside today's, so that who has gone stays, and a delivery that was cut off looks whole. Remove the older \
                  one. Where a provider sends several files that tell different things of the same records, the first night warns of it, \
                  and later ones hold it against that. For one night the gate can be waived: --waive extract_twice.",
};

static PROVIDER_SHRUNK: Code = Code {
    id: "OF0518",
    exit: Exit::GateFailed,
    title: "a provider has sent far fewer rows than the night before",
    next_step: "Ask the provider whether its extract is whole, or raise [gates] maximum_provider_shrink; nothing was published",
    explanation: "A provider's rows are fewer than in the run before by more than [gates] maximum_provider_shrink (20 % where the job \
                  does not say). Of one that had fewer than 50 rows up to half may go, or more where the job says so, and fewer than \
                  five at any rate. Usually an extract was cut off, or one of several files is missing. Publishing it would lose people. \
                  For one night the gate can be waived: --waive provider_shrunk.",
};

static COLUMN_MISSING: Code = Code {
    id: "OF0508",
    exit: Exit::GateFailed,
    title: "a column is gone from an extract",
    next_step: "Ask the provider for the column, take away what it has sent so that its last good extract stands, or correct the column's name in the job where it is only called otherwise; nothing was published",
    explanation: "An extract lacks a column that the job maps, though there is an earlier run of this job. Either the provider has changed \
                  its extract, or the job names a column that was never there (on the first night that is exit code 2). For one night \
                  the gate can be waived: --waive column_missing; then the column is read as empty. Without the column of record_id, \
                  sensitivity or withheld_identity_reason no night goes on, waived or not: whoever the latter two mark would be \
                  published as anybody. Take away what the provider has sent until it is mended: its last good extract stands then, with \
                  its marks (when_missing = \"last\", up to stale_days). Where it is this one that lacks the column, it was kept before \
                  the column was mapped, and the provider has to send its own. Only where a provider marks nobody any more take the \
                  column out of the job.",
};

static COLUMN_OF_OTHER_MEANING: Code = Code {
    id: "OF0509",
    exit: Exit::GateFailed,
    title: "a column no longer says of people what others say of them",
    next_step: "Look at the column that the message names, correct its mapping, or raise [gates] maximum_column_change; nothing was published",
    explanation: "Of people whom several providers know, a provider's column agrees with the others' in far fewer rows than in the run before. \
                  Its values can all be understood, but they have come to mean something else: the codes of male and female were \
                  swapped, two columns changed places, or rows and values were shifted against each other. The limit is [gates] \
                  maximum_column_change (20 percentage points where the job does not say). For one night the gate can be waived: \
                  --waive column_meaning.",
};

static COLUMN_CHANGED: Code = Code {
    id: "OF0519",
    exit: Exit::GateFailed,
    title: "a column has become another one",
    next_step: "Look at the column that the message names, correct its mapping, or raise [gates] maximum_column_change; nothing was published",
    explanation: "A provider's column is filled far less or more often than in the run before, far fewer or more of its values can be \
                  understood, a carried category has values that nobody had in that run, or dates are written in another way. Usually \
                  columns moved, were emptied, or have other codes. The limit is [gates] maximum_column_change (20 percentage points \
                  where the job does not say). Whatever the limit, a column of 50 values or more may not be empty all at once, and \
                  sensitivity and withheld_identity_reason may not mark less than half of the rows that they marked, where these were five \
                  or more: whoever they no longer mark would be published as anybody. For one night the gate can be waived: \
                  --waive column_changed; the next night is held against that one.",
};

static TOO_MANY_MERGED: Code = Code {
    id: "OF0526",
    exit: Exit::GateFailed,
    title: "too many people were put together with others",
    next_step: "See with a dry run what has changed since the run before, or raise [gates] maximum_merged; nothing was published",
    explanation: "More people of the run before than [gates] maximum_merged (2 % where the job does not say) would be put together with \
                  other people. A false merge does more harm than a missed one. Usually a column now holds the same value for many, a \
                  new model was trained, or a new provider has brought what ties records together. For one night the gate can be \
                  waived: --waive merges.",
};

static MORE_IMPOSSIBLE: Code = Code {
    id: "OF0527",
    exit: Exit::GateFailed,
    title: "more people than before have a history that cannot be",
    next_step: "Look with `onefolk evaluate` at what the histories are, or raise [gates] maximum_impossible_rise; nothing was published",
    explanation: "Negative controls: people with two dates of death, two verified NHS numbers, contacts after death and the like cannot \
                  be one person, so their share says how often linking is wrong without any truth to compare with. The share of one of \
                  them has risen since the run before by more than [gates] maximum_impossible_rise (0.5 percentage points where the job \
                  does not say). For one night the gate can be waived: --waive negative_controls.",
};

/// What became of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Passed,
    Failed,
    Waived,
    /// There is nothing to hold the night against.
    NotJudged,
}

/// One gate of one night, for run.json; counts and names of providers and fields only.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Outcome {
    pub name: &'static str,
    pub saw: String,
    pub expected: String,
    pub outcome: Verdict,
}

/// The gates of a night as they are judged.
pub(super) struct Gates<'a> {
    pub job: &'a Job,
    pub before: Before,
    /// How many names the lists hold, or held on the day of the run before; `None` where no night is judged.
    pub held: Option<Held>,
    /// The record_ids of each extract that was read, where its provider has sent several.
    pub record_ids: Vec<Option<RecordIds>>,
    /// Providers that the job has no more: what is kept of them goes with the night, where it is published.
    pub left: BTreeSet<String>,
    waived: Waived,
    outcomes: Vec<Outcome>,
    /// What a gate has to say though it holds, or though there is nothing to judge by.
    told: Vec<String>,
}

impl<'a> Gates<'a> {
    pub fn new(job: &'a Job, before: Before, waived: Waived) -> Gates<'a> {
        let left = BTreeSet::new();
        Gates { job, before, held: None, record_ids: Vec::new(), left, waived, outcomes: Vec::new(), told: Vec::new() }
    }

    /// Notes what a gate saw; `holds` is `None` where there is nothing to judge by.
    fn note(&mut self, name: &'static str, holds: Option<bool>, saw: String, expected: String) {
        let outcome = match holds {
            None => Verdict::NotJudged,
            Some(true) => Verdict::Passed,
            Some(false) if self.waived.holds(name) => Verdict::Waived,
            Some(false) => Verdict::Failed,
        };
        if outcome == Verdict::Waived {
            tracing::warn!(gate = name, saw, expected, "a gate was waived");
        }
        self.outcomes.push(Outcome { name, saw, expected, outcome });
    }

    /// # Errors
    /// The first gate that failed so far, and the names of the others; behind them who has sent nothing usable, which may be why.
    fn close(&self) -> Result<()> {
        let failed: Vec<&Outcome> = self.outcomes.iter().filter(|one| one.outcome == Verdict::Failed).collect();
        let Some(first) = failed.first() else { return Ok(()) };
        let told = |one: &&Outcome| format!("gate {} saw {}, expected {}", one.name, one.saw, one.expected);
        let code = GATES.iter().find(|gate| gate.name == first.name).expect("every outcome is of a gate").code;
        let all: Vec<String> = failed.iter().map(told).chain(keep::warnings(self.job)).collect();
        Err(Failure::new(code, all.join("; ")))
    }

    /// What somebody should know: gates that were waived and what they would have said, and what was not to be judged.
    pub fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        let waived = self.outcomes.iter().filter(|one| one.outcome == Verdict::Waived);
        let waived =
            waived.map(|one| format!("gate {} was waived: it saw {}, expected {}", one.name, one.saw, one.expected));
        waived.chain(self.told.iter().cloned())
    }

    /// In the order of [`GATES`].
    pub fn into_outcomes(self) -> Vec<Outcome> {
        let mut outcomes = self.outcomes;
        outcomes.sort_by_key(|one| GATES.iter().position(|gate| gate.name == one.name));
        outcomes
    }
}

/// Tells the log of each thing that goes against a gate: its outcome, and so the failure, names the worst of them and counts the others.
fn tell_each(gate: &str, all: impl IntoIterator<Item = impl AsRef<str>>) {
    all.into_iter().for_each(|saw| tracing::warn!(gate, saw = saw.as_ref(), "goes against a gate"));
}

/// "2.5 %".
fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// "20 points".
fn points(share: f64) -> String {
    format!("{} points", percent(share).trim_end_matches(" %"))
}
