//! Looking records and people up in what the current run has published.

use super::codes::{PERSON_NOT_IN_RUN, RECORD_MISWRITTEN, RECORD_NOT_IN_RUN};
use crate::best_record::date_of;
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::publish::published::PublishedRun;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// A record as somebody names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub provider: &'a str,
    pub record_id: &'a str,
}

/// One row of the crosswalk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub provider: String,
    pub record_id: String,
    pub source_file: String,
    pub source_row: i64,
    pub identity_id: String,
    pub person_id: String,
    /// The day on which its provider last updated it.
    pub updated: Option<Date>,
}

impl Row {
    pub(super) fn is(&self, named: &Named) -> bool {
        self.provider == named.provider && self.record_id == named.record_id
    }
}

/// Reads `provider:record_id`; `which` is "first" or "second". What was written is never repeated: it may hold an identifier.
pub(super) fn parse<'a>(job: &Job, written: &'a str, which: &str) -> Result<Named<'a>> {
    let wrong = |what: String| Failure::new(&RECORD_MISWRITTEN, what);
    let (provider, record_id) = written
        .split_once(':')
        .ok_or_else(|| wrong(format!("the {which} record has no colon between provider and record_id")))?;
    let (provider, record_id) = (provider.trim(), record_id.trim());
    if !job.providers.iter().any(|known| known.id == provider) {
        let known: Vec<&str> = job.providers.iter().map(|provider| provider.id.as_str()).take(6).collect();
        let more = if job.providers.len() > known.len() { ", …" } else { "" };
        return Err(wrong(format!(
            "the {which} record's provider is not in the job, which has {}{more}",
            known.join(", ")
        )));
    }
    Ok(Named { provider, record_id })
}

/// The person of each named record: that of its first row.
pub(super) fn people_of(run: &PublishedRun, named: &[Named]) -> Result<Vec<String>> {
    let mut people: Vec<Option<String>> = vec![None; named.len()];
    run.each("crosswalk.parquet", &["provider", "record_id", "person_id"], |rows| {
        let (provider, id, person) = (rows.text("provider")?, rows.text("record_id")?, rows.text("person_id")?);
        for row in 0..rows.len() {
            for (named, found) in named.iter().zip(&mut people) {
                if found.is_none() && id.value(row) == named.record_id && provider.value(row) == named.provider {
                    *found = Some(person.value(row).to_string());
                }
            }
        }
        Ok(())
    })?;
    let which = ["first", "second"];
    let told = people.into_iter().zip(named).zip(which);
    told.map(|((person, named), which)| person.map_or_else(|| Err(not_in_run(run, named, which)), Ok)).collect()
}

/// All rows of the people that are wanted, by person_id, in the order of the crosswalk.
pub(crate) fn rows_of(run: &PublishedRun, wanted: impl Fn(&str) -> bool) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    let columns = ["provider", "record_id", "source_file", "source_row", "identity_id", "person_id", "updated"];
    run.each("crosswalk.parquet", &columns, |rows| {
        let person = rows.text("person_id")?;
        let (provider, id, file) = (rows.text("provider")?, rows.text("record_id")?, rows.text("source_file")?);
        let (source_row, identity) = (rows.integers("source_row")?, rows.text("identity_id")?);
        // Runs of earlier versions do not say.
        let updated = rows.dates("updated").unwrap_or_default();
        for row in (0..rows.len()).filter(|&row| wanted(person.value(row))) {
            found.push(Row {
                provider: provider.value(row).to_string(),
                record_id: id.value(row).to_string(),
                source_file: file.value(row).to_string(),
                source_row: source_row[row],
                identity_id: identity.value(row).to_string(),
                person_id: person.value(row).to_string(),
                updated: updated.get(row).copied().flatten().map(date_of),
            });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Why a record is not in the crosswalk, as far as can be told.
fn not_in_run(run: &PublishedRun, named: &Named, which: &str) -> Failure {
    let why = match left_out(run, named) {
        Ok(why) => why,
        Err(failure) => return failure,
    };
    Failure::new(&RECORD_NOT_IN_RUN, format!("the {which} record {why}"))
}

fn left_out(run: &PublishedRun, named: &Named) -> Result<String> {
    let mut why = None;
    run.each("withheld.parquet", &["provider", "record_id", "reason"], |rows| {
        let (provider, id, reason) = (rows.text("provider")?, rows.text("record_id")?, rows.text("reason")?);
        let mut all = 0..rows.len();
        if let Some(row) = all.find(|&row| provider.value(row) == named.provider && id.value(row) == named.record_id) {
            why = Some(format!("is withheld ({})", reason.value(row)));
        }
        Ok(())
    })?;
    if let Some(why) = why {
        return Ok(why);
    }
    // A row in quarantine may have no record_id that could be relied on: its raw text is looked through.
    run.each("quarantine.parquet", &["provider", "source_file", "source_row", "raw", "code"], |rows| {
        let (provider, raw, code) = (rows.text("provider")?, rows.text("raw")?, rows.text("code")?);
        let (file, source_row) = (rows.text("source_file")?, rows.integers("source_row")?);
        let mut all = 0..rows.len();
        let holds = |row: &usize| provider.value(*row) == named.provider && holds(raw.value(*row), named.record_id);
        if let (None, Some(row)) = (&why, all.find(holds)) {
            let place = format!("{} row {}", file.value(row), source_row[row]);
            why = Some(format!("is probably in quarantine: {place} ({})", code.value(row)));
        }
        Ok(())
    })?;
    Ok(why.unwrap_or_else(|| {
        "is neither withheld nor, as far as can be told, in quarantine: no extract of the run holds it".into()
    }))
}

/// Whether a raw row holds `id` as a whole word.
fn holds(raw: &str, id: &str) -> bool {
    let edge = |character: Option<char>| character.is_none_or(|character| !character.is_alphanumeric());
    !id.is_empty()
        && raw
            .match_indices(id)
            .any(|(at, _)| edge(raw[..at].chars().next_back()) && edge(raw[at + id.len()..].chars().next()))
}

/// What became of a person_id that no record has.
pub(crate) fn gone(run: &PublishedRun, person_id: &str) -> Failure {
    let mut told = None;
    let read = run.each("changes.parquet", &["person_id", "change", "into"], |rows| {
        let (person, change) = (rows.text("person_id")?, rows.text("change")?);
        if let Some(row) = (0..rows.len()).find(|&row| person.value(row) == person_id) {
            let into = rows.texts("into", row)?;
            let into = if into.is_empty() { String::new() } else { format!(" into {}", into.join(", ")) };
            told = Some(format!("it was {}{into} in run {}", change.value(row), run.run_id));
        }
        Ok(())
    });
    match read {
        Ok(()) => {
            Failure::new(&PERSON_NOT_IN_RUN, told.unwrap_or_else(|| format!("run {} does not mention it", run.run_id)))
        }
        Err(failure) => failure,
    }
}

/// A pair of identities in links.parquet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    pub left: String,
    pub right: String,
    /// In bits, what its context adds included.
    pub weight: f64,
    /// Level of its context; absent too where an older run knew none.
    pub context: Option<u8>,
}

impl Link {
    pub fn is(&self, a: &str, b: &str) -> bool {
        (self.left == a && self.right == b) || (self.left == b && self.right == a)
    }
}

/// What links.parquet says of two sets of identity_ids.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Between the two sets: blocking brought these pairs together, and they had a chance.
    pub between: Vec<Link>,
    /// Weight of the strongest between one of either set and anybody else, in bits.
    pub strongest_elsewhere: Option<f64>,
}

/// The links that the run kept of two sets of identity_ids, which may be one.
pub(super) fn links_of(run: &PublishedRun, a: &BTreeSet<String>, b: &BTreeSet<String>) -> Result<Links> {
    let mut found = Links::default();
    let columns = ["identity_id_left", "identity_id_right", "weight", "level_context"];
    run.each("links.parquet", &columns, |rows| {
        let (left, right) = (rows.text("identity_id_left")?, rows.text("identity_id_right")?);
        let (weight, context) = (rows.numbers("weight")?, rows.levels("level_context"));
        for (row, &weight) in weight.iter().enumerate() {
            let (x, y) = (left.value(row), right.value(row));
            let (x_in, y_in) = ([a.contains(x), b.contains(x)], [a.contains(y), b.contains(y)]);
            if (x_in[0] && y_in[1]) || (x_in[1] && y_in[0]) {
                let context = context.as_ref().and_then(|levels| levels[row]);
                found.between.push(Link { left: x.to_string(), right: y.to_string(), weight, context });
            } else if x_in.contains(&true) != y_in.contains(&true) {
                let strongest = &mut found.strongest_elsewhere;
                *strongest = Some(strongest.map_or(weight, |known| known.max(weight)));
            }
        }
        Ok(())
    })?;
    Ok(found)
}
