//! What the run before had, as its run.json says.

use super::lists::ListsBefore;
use super::side_by_side;
use crate::failure::Result;
use crate::job::{CarryKind, Job};
use crate::publish;
use crate::publish::published::{PublishedRun, damaged};
use jiff::civil::Date;
use rustc_hash::FxHashSet;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A carried fact of more distinct values than this has no list of codes.
const CODES_MAX: usize = 1000;

/// A column of a provider, as standardising saw it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::run) struct ColumnBefore {
    pub filled: u64,
    pub valid: u64,
    pub found: Option<String>,
}

/// Checksums of the extracts of the run before, and since when each was there in every run.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Extracts {
    pub(super) since: BTreeMap<String, Date>,
}

impl Extracts {
    pub fn knows(&self, blake3: &str) -> bool {
        self.since.contains_key(blake3)
    }

    /// Since when an extract of these bytes has been there: `tonight` where the run before had none.
    pub fn since(&self, blake3: &str, tonight: Date) -> Date {
        self.since.get(blake3).copied().unwrap_or(tonight)
    }
}

/// Which run a night is held against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::run) enum RunBefore {
    /// There was none yet.
    #[default]
    Never,
    /// The one that `current` leads to.
    Current(String),
    /// The newest one that is kept, as `current` leads to none.
    Kept(String),
    /// There were some, this one last, and none is kept.
    Gone(String),
}

impl RunBefore {
    /// The run, where it is there.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            RunBefore::Current(run) | RunBefore::Kept(run) => Some(run),
            RunBefore::Never | RunBefore::Gone(_) => None,
        }
    }
}

/// How much of the file of decisions the run before has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) struct DecisionsBefore {
    /// `None` where it is of a version that did not tell.
    pub lines: Option<u64>,
    /// Entries that the audit had when it was read; `None` likewise.
    pub audit_entries: Option<u64>,
    pub bytes: u64,
}

/// The run that stands; empty before the first, and where there is none any more.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Before {
    pub run: RunBefore,
    /// After a rollback the lines are those that the file had, or was to have, on that day.
    pub decisions: Option<DecisionsBefore>,
    /// Rows by provider id.
    pub rows: BTreeMap<String, u64>,
    /// Providers of which all was to go with it, as they had left the job.
    pub let_go: BTreeSet<String>,
    /// No run came after it, and it is no rollback: what providers hold that send only changes is what it has read.
    pub is_last: bool,
    /// Its date; after a rollback that of the run whose people it has.
    pub as_of: Option<Date>,
    pub extracts: Extracts,
    /// Those of them that were there more than once.
    pub twice: BTreeSet<String>,
    /// By provider id: the largest share of an extract's record_ids that stood in another of its extracts; none where the run does not tell.
    pub shared: BTreeMap<String, f64>,
    /// By provider id and field.
    pub columns: BTreeMap<(String, String), ColumnBefore>,
    /// How many names lists held, of the day of a rollback where it is one.
    pub lists: ListsBefore,
    /// Negative controls by name: how many could fail, and how many did.
    pub controls: BTreeMap<String, (u64, u64)>,
    /// By provider id and field: rows that others could agree with, and those with which they did.
    pub agreement: BTreeMap<(String, String), (u64, u64)>,
    /// By carried fact: the codes that people had; none where they were too many to be codes.
    pub codes: BTreeMap<String, FxHashSet<String>>,
}

impl Before {
    /// Of the run that stands, or, where `current` leads to none, of the newest kept one of `known`: the runs of the ledger, oldest first.
    ///
    /// # Errors
    /// OF0535 where that run's run.json cannot be read: a night is not held against nothing because a file is damaged.
    pub fn of(job: &Job, known: &[String]) -> Result<Before> {
        let Some(run) = PublishedRun::newest(job, known) else {
            let run = known.last().map_or(RunBefore::Never, |last| RunBefore::Gone(last.clone()));
            return Ok(Before { run, ..Before::default() });
        };
        let wrong = || damaged(&run.folder.join("run.json"));
        let json: Value = serde_json::from_slice(&run.bytes("run.json")?).map_err(|_| wrong())?;
        let date = |value: &Value| value.as_str().and_then(|text| text.parse::<Date>().ok());
        let as_of = date(&json["as_of"]).ok_or_else(wrong)?;
        let is_current = publish::current_run(&job.output).as_ref() == Some(&run.run_id);
        let run_id = run.run_id.clone();
        let standing = if is_current { RunBefore::Current(run_id) } else { RunBefore::Kept(run_id) };
        let mut before = Before { run: standing, as_of: Some(as_of), ..Before::default() };
        before.is_last = known.last() == Some(&run.run_id) && json["rolled_back_to"].is_null();
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let decided = &json["decisions"];
        before.decisions = Some(DecisionsBefore {
            lines: decided["lines"].as_u64(),
            audit_entries: decided["audit_entries"].as_u64(),
            bytes: count(&decided["bytes"]),
        });
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        for input in json["inputs"].as_array().into_iter().flatten() {
            // Versions before did not tell: since that run at least.
            let since = date(&input["since"]).unwrap_or(as_of);
            if before.extracts.since.insert(text(&input["blake3"]), since).is_some() {
                before.twice.insert(text(&input["blake3"]));
            }
            *before.rows.entry(text(&input["provider"])).or_default() += count(&input["rows"]);
        }
        before.shared = side_by_side::shares(&json["inputs"]);
        before.let_go = json["providers_left"].as_array().into_iter().flatten().map(text).collect();
        for field in json["standardise"]["fields"].as_array().into_iter().flatten() {
            let found = field["found"].as_str().map(str::to_string);
            let column = ColumnBefore { filled: count(&field["filled"]), valid: count(&field["valid"]), found };
            before.columns.insert((text(&field["provider"]), text(&field["field"])), column);
        }
        before.lists = ListsBefore::of(&json);
        for control in json["negative_controls"].as_array().into_iter().flatten() {
            let counts = (count(&control["able"]), count(&control["failed"]));
            before.controls.insert(text(&control["name"]), counts);
        }
        for one in json["agreement"].as_array().into_iter().flatten() {
            let counts = (count(&one["able"]), count(&one["agreed"]));
            before.agreement.insert((text(&one["provider"]), text(&one["field"])), counts);
        }
        before.codes = codes(job, &run)?;
        Ok(before)
    }
}

/// The codes of carried categories that the people of a run have.
fn codes(job: &Job, run: &PublishedRun) -> Result<BTreeMap<String, FxHashSet<String>>> {
    let carried = job.providers.iter().flat_map(|provider| &provider.carry);
    let categories = carried.filter(|carry| carry.kind == CarryKind::Category).map(|carry| carry.name.as_str());
    let known: BTreeSet<String> = run.columns("people.parquet")?.into_iter().collect();
    let names: BTreeSet<&str> = categories.filter(|name| known.contains(*name)).collect();
    let mut codes: BTreeMap<String, FxHashSet<String>> = BTreeMap::new();
    if names.is_empty() {
        return Ok(codes);
    }
    let columns: Vec<&str> = names.iter().copied().collect();
    run.each("people.parquet", &columns, |rows| {
        for name in &columns {
            let seen = codes.entry(name.to_string()).or_default();
            for value in rows.text(name)?.iter().flatten() {
                if seen.len() <= CODES_MAX && !seen.contains(value) {
                    seen.insert(value.to_string());
                }
            }
        }
        Ok(())
    })?;
    codes.retain(|_, seen| !seen.is_empty() && seen.len() <= CODES_MAX);
    Ok(codes)
}
