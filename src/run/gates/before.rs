//! What the run before had, as its run.json says.

use crate::failure::Result;
use crate::job::{CarryKind, Job};
use crate::publish::published::{PublishedRun, damaged};
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

/// The run that stands; empty before the first.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Before {
    /// Rows by provider id.
    pub rows: BTreeMap<String, u64>,
    /// Checksums of the extracts.
    pub extracts: BTreeSet<String>,
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
        let json: Value =
            serde_json::from_slice(&run.bytes("run.json")?).map_err(|_| damaged(&run.folder.join("run.json")))?;
        let mut before = Before::default();
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        for input in json["inputs"].as_array().into_iter().flatten() {
            if !before.extracts.insert(text(&input["blake3"])) {
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
