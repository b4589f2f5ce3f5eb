//! What the run before had, as its run.json says.

use crate::failure::Result;
use crate::job::{CarryKind, Job};
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

/// The run that stands; empty before the first.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Before {
    /// Rows by provider id.
    pub rows: BTreeMap<String, u64>,
    /// Its date; after a rollback that of the run whose people it has.
    pub as_of: Option<Date>,
    pub extracts: Extracts,
    /// Those of them that were there more than once.
    pub twice: BTreeSet<String>,
    /// By provider id and field.
    pub columns: BTreeMap<(String, String), ColumnBefore>,
    /// Negative controls by name: how many could fail, and how many did.
    pub controls: BTreeMap<String, (u64, u64)>,
    /// By provider id and field: rows that others could agree with, and those with which they did.
    pub agreement: BTreeMap<(String, String), (u64, u64)>,
    /// By carried fact: the codes that people had; none where they were too many to be codes.
    pub codes: BTreeMap<String, FxHashSet<String>>,
}

impl Before {
    /// # Errors
    /// OF0535 where the current run's run.json cannot be read: a night is not held against nothing because a file is damaged.
    pub fn of(job: &Job) -> Result<Before> {
        let Ok(run) = PublishedRun::current(job) else { return Ok(Before::default()) };
        let wrong = || damaged(&run.folder.join("run.json"));
        let json: Value = serde_json::from_slice(&run.bytes("run.json")?).map_err(|_| wrong())?;
        let date = |value: &Value| value.as_str().and_then(|text| text.parse::<Date>().ok());
        let as_of = date(&json["as_of"]).ok_or_else(wrong)?;
        let mut before = Before { as_of: Some(as_of), ..Before::default() };
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        for input in json["inputs"].as_array().into_iter().flatten() {
            // Versions before did not tell: since that run at least.
            let since = date(&input["since"]).unwrap_or(as_of);
            if before.extracts.since.insert(text(&input["blake3"]), since).is_some() {
                before.twice.insert(text(&input["blake3"]));
            }
            *before.rows.entry(text(&input["provider"])).or_default() += count(&input["rows"]);
        }
        for field in json["standardise"]["fields"].as_array().into_iter().flatten() {
            let found = field["found"].as_str().map(str::to_string);
            let column = ColumnBefore { filled: count(&field["filled"]), valid: count(&field["valid"]), found };
            before.columns.insert((text(&field["provider"]), text(&field["field"])), column);
        }
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
