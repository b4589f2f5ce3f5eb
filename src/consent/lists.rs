//! Reading the lists that the job names.

use super::named::Named;
use super::{LIST_UNUSABLE, NUMBERS_REPLACED_IN_A_CIRCLE};
use crate::clustering::Settled;
use crate::decisions::{self, Decisions};
use crate::failure::{Failure, Result};
use crate::job::{Field, Job, Source};
use crate::records::Records;
use crate::standardise::Context;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::path::Path;

/// Why a line is not used that names a record of a provider with `record_id = "row_number"`.
const NAMED_BY_ROW: &str = "it names a row by its number, which is another one's in the next extract: name the NHS number, or give the \
                            provider's extract a record_id column";

/// What the lists say.
#[derive(Debug, Default)]
pub struct Authority {
    /// Local objections.
    local: Named,
    /// Old number → the one that stands today, chains followed to their end.
    pub replaced: BTreeMap<String, String>,
    never: Vec<(Key, Key)>,
    /// What humans have decided, below what authorities say.
    pub decisions: Decisions,
}

/// One side of a never-link line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Number(String),
    Record(String, String),
}

/// Reads all lists of a job, and the decisions that its runs obey.
///
/// # Errors
/// OF0350 where a line cannot be understood or names a row by its number, with file and line; OF0351 for a circle of replaced numbers; OF0370, OF0371
/// and OF0373 for decisions.
pub fn read(job: &Job) -> Result<Authority> {
    read_seen(job, None)
}

/// The same, but of the decisions only those that an earlier run has seen: so many bytes of their file.
pub fn read_seen(job: &Job, decisions_seen: Option<u64>) -> Result<Authority> {
    let mut reader = Reader::new(job);
    let decisions = decisions::of_job(job, decisions_seen)?;
    let mut authority = Authority { decisions, ..Authority::default() };
    for path in &job.nhs_number_replaced {
        reader.replaced(path, &mut authority)?;
    }
    authority.replaced = follow(&authority.replaced)?;
    for path in job.local_objections.iter().flat_map(|list| &list.files) {
        reader.named(path, &authority.replaced, false, &mut authority.local)?;
    }
    for path in &job.never_link {
        reader.never_link(path, &mut authority)?;
    }
    Ok(authority)
}

/// Reads lists of a job.
pub(super) struct Reader<'a> {
    job: &'a Job,
    number: Context,
}

impl<'a> Reader<'a> {
    pub fn new(job: &'a Job) -> Reader<'a> {
        let number = Context::learn(Field::NhsNumber, None, &Source::default(), job.as_of, &mut std::iter::empty());
        Reader { job, number }
    }

    fn open(&self, path: &Path, header: bool) -> Result<csv::Reader<std::fs::File>> {
        let file = std::fs::File::open(path).map_err(|error| Failure::from_io(&error, path, &LIST_UNUSABLE))?;
        Ok(csv::ReaderBuilder::new().has_headers(header).flexible(true).trim(csv::Trim::All).from_reader(file))
    }

    fn wrong(&self, path: &Path, line: u64, what: &str) -> Failure {
        let shown = path.strip_prefix(&self.job.folder).unwrap_or(path);
        Failure::new(&LIST_UNUSABLE, format!("{} line {line}: {what}", shown.display()))
    }

    fn number(&mut self, raw: &str) -> Option<String> {
        let mut out = String::new();
        (!self.number.clean(raw, &mut out).is_null).then_some(out)
    }

    /// Every line of a CSV file with its number; a byte-order mark is passed over.
    fn lines(&self, path: &Path, header: bool) -> Result<(csv::StringRecord, Vec<(u64, csv::StringRecord)>)> {
        let mut reader = self.open(path, header)?;
        let broken = |error: &csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            self.wrong(path, line, "this is not readable as CSV in UTF-8")
        };
        let head =
            if header { reader.headers().map_err(|error| broken(&error))?.clone() } else { csv::StringRecord::new() };
        let mut lines = Vec::new();
        for row in reader.records() {
            let row = row.map_err(|error| broken(&error))?;
            if row.iter().any(|cell| !cell.is_empty()) {
                lines.push((row.position().map_or(0, csv::Position::line), row));
            }
        }
        let head = head.iter().map(|name| name.trim_start_matches('\u{feff}').to_ascii_lowercase()).collect();
        Ok((head, lines))
    }

    /// Adds whom a list of people names today to `names`. One that is sent `bare` may be NHS numbers without a header.
    pub fn named(
        &mut self,
        path: &Path,
        replaced: &BTreeMap<String, String>,
        bare: bool,
        names: &mut Named,
    ) -> Result<()> {
        let first = if bare { self.lines(path, false)?.1.into_iter().next() } else { None };
        let is_bare = first.is_some_and(|(_, row)| row.get(0).is_some_and(|cell| self.number(cell).is_some()));
        let (head, lines) = match is_bare {
            true => (csv::StringRecord::from(vec!["nhs_number"]), self.lines(path, false)?.1),
            false => self.lines(path, true)?,
        };
        let place = |name: &str| head.iter().position(|known| known == name);
        let (number, provider, record) = (place("nhs_number"), place("provider"), place("record_id"));
        if number.is_none() && (provider.is_none() || record.is_none()) {
            return Err(self.wrong(path, 1, "the header needs nhs_number, or provider and record_id"));
        }
        for (line, row) in lines {
            let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).filter(|cell| !cell.is_empty());
            if !self.holds_today(path, line, cell(place("from")), cell(place("until")))? {
                continue;
            }
            match (cell(number), cell(provider), cell(record)) {
                (Some(raw), _, _) => {
                    let known = self.number(raw).ok_or_else(|| self.wrong(path, line, "this is no NHS number"))?;
                    names.numbers.insert(replaced.get(&known).cloned().unwrap_or(known));
                }
                (None, Some(provider), Some(record)) => {
                    if !self.job.providers.iter().any(|known| known.id == provider) {
                        return Err(self.wrong(path, line, "no provider of this job has that id"));
                    }
                    if self.job.numbers_rows_of(provider) {
                        return Err(self.wrong(path, line, NAMED_BY_ROW));
                    }
                    names.rows.insert((provider.to_string(), record.to_string()));
                }
                _ => return Err(self.wrong(path, line, "the line names nobody")),
            }
        }
        Ok(())
    }

    fn holds_today(&self, path: &Path, line: u64, from: Option<&str>, until: Option<&str>) -> Result<bool> {
        let date = |cell: Option<&str>| -> Result<Option<jiff::civil::Date>> {
            let parse = |text: &str| {
                text.parse().map_err(|_| self.wrong(path, line, "from and until are dates such as 2026-11-22"))
            };
            cell.map(parse).transpose()
        };
        let (from, until) = (date(from)?, date(until)?);
        Ok(from.is_none_or(|from| from <= self.job.as_of) && until.is_none_or(|until| self.job.as_of <= until))
    }

    fn replaced(&mut self, path: &Path, authority: &mut Authority) -> Result<()> {
        for (nth, (line, row)) in self.lines(path, false)?.1.into_iter().enumerate() {
            let (old, new) = (row.get(0).and_then(|raw| self.number(raw)), row.get(1).and_then(|raw| self.number(raw)));
            match (old, new) {
                (Some(old), Some(new)) => {
                    authority.replaced.insert(old, new);
                }
                // A header names its columns instead of numbers.
                (None, None) if nth == 0 => {}
                _ => return Err(self.wrong(path, line, "two NHS numbers are needed: old,new")),
            }
        }
        Ok(())
    }

    fn never_link(&mut self, path: &Path, authority: &mut Authority) -> Result<()> {
        for (nth, (line, row)) in self.lines(path, false)?.1.into_iter().enumerate() {
            let keys: Vec<Key> = row.iter().take(2).filter_map(|cell| self.key(cell, authority)).collect();
            if keys.iter().any(|key| matches!(key, Key::Record(provider, _) if self.job.numbers_rows_of(provider))) {
                return Err(self.wrong(path, line, NAMED_BY_ROW));
            }
            match <[Key; 2]>::try_from(keys) {
                Ok([left, right]) => authority.never.push((left, right)),
                Err(keys) if nth == 0 && keys.is_empty() => {}
                Err(_) => {
                    return Err(self.wrong(
                        path,
                        line,
                        "two keys are needed, each an NHS number or provider:record_id",
                    ));
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, cell: &str, authority: &Authority) -> Option<Key> {
        if let Some((provider, record)) = cell.split_once(':') {
            let known = self.job.providers.iter().any(|known| known.id == provider);
            return known.then(|| Key::Record(provider.to_string(), record.to_string()));
        }
        let number = self.number(cell)?;
        Some(Key::Number(authority.replaced.get(&number).cloned().unwrap_or(number)))
    }
}

/// Follows chains of replaced numbers to their end.
fn follow(replaced: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let mut ends = BTreeMap::new();
    for old in replaced.keys() {
        let (mut at, mut steps) = (old, 0);
        while let Some(next) = replaced.get(at) {
            (at, steps) = (next, steps + 1);
            if steps > replaced.len() {
                return Err(Failure::new(
                    &NUMBERS_REPLACED_IN_A_CIRCLE,
                    "the lists of [[nhs_number_replaced]] contradict themselves",
                ));
            }
        }
        ends.insert(old.clone(), at.clone());
    }
    Ok(ends)
}

impl Authority {
    /// Does a local objection name this NHS number, as it stood when it was cleaned?
    pub(crate) fn names_number(&self, number: &str) -> bool {
        self.local.numbers.contains(self.standing(number))
    }

    /// Does a local objection name this record?
    pub(crate) fn names_record(&self, provider: &str, record_id: &str) -> bool {
        !self.local.rows.is_empty() && self.local.rows.contains(&(provider.to_string(), record_id.to_string()))
    }

    /// The records that local objections name as such, by provider and record_id; in no order.
    pub(crate) fn named_records(&self) -> impl Iterator<Item = (&str, &str)> {
        self.local.rows.iter().map(|(provider, record)| (provider.as_str(), record.as_str()))
    }

    /// Everything by which local objections are told: the numbers, the records, and which numbers stand for others; in no order.
    pub(crate) fn objections(&self) -> impl Iterator<Item = (&str, &str)> {
        let numbers = self.local.numbers.iter().map(|number| ("", number.as_str()));
        let rows = self.local.rows.iter().map(|(provider, record)| (provider.as_str(), record.as_str()));
        let replaced = self.replaced.iter().map(|(old, new)| (old.as_str(), new.as_str()));
        let nobody = self.local.numbers.is_empty() && self.local.rows.is_empty();
        numbers.chain(rows).chain(replaced).filter(move |_| !nobody)
    }

    /// Numbers that were replaced by one that a local objection names.
    pub(crate) fn replaced_objections(&self) -> impl Iterator<Item = &str> {
        let named = self.replaced.iter().filter(|(_, new)| self.local.numbers.contains(*new));
        named.map(|(old, _)| old.as_str())
    }

    /// The number that stands today for `number`.
    pub(crate) fn standing<'a>(&'a self, number: &'a str) -> &'a str {
        self.replaced.get(number).map_or(number, String::as_str)
    }

    /// The never-link list: two keys a line.
    pub(crate) fn apart(&self) -> &[(Key, Key)] {
        &self.never
    }

    /// Rows that a local objection names, by number (replaced ones included) or by record.
    pub fn named(&self, job: &Job, records: &Records) -> Vec<bool> {
        self.local.marks(job, records)
    }

    /// The never-link list and the decisions in terms of these records; keys that no record has say nothing.
    pub fn settled(&self, job: &Job, records: &Records) -> Settled {
        let mut settled = Settled::default();
        self.never_link(job, records, &mut settled);
        self.decisions.settle(job, records, &mut settled);
        settled
    }

    fn never_link(&self, job: &Job, records: &Records, list: &mut Settled) {
        if self.never.is_empty() {
            return;
        }
        let sides = self.never.iter().flat_map(|(left, right)| [left, right]);
        let mut keys: FxHashMap<(&str, &str), Option<u32>> = sides
            .filter_map(|key| match key {
                Key::Record(provider, record) => Some(((provider.as_str(), record.as_str()), None)),
                Key::Number(_) => None,
            })
            .collect();
        for row in if keys.is_empty() { 0..0 } else { 0..records.len() } {
            let provider = job.providers[usize::from(records.provider[row])].id.as_str();
            if let Some(key) = keys.get_mut(&(provider, records.record_id.get(row))) {
                *key = Some(records.key[row]);
            }
        }
        let number = |value: &str| records.clean.get(&Field::NhsNumber).and_then(|column| column.values.find(value));
        let record = |provider: &str, id: &str| keys.get(&(provider, id)).copied().flatten();
        for (left, right) in &self.never {
            match (left, right) {
                (Key::Record(p, r), Key::Record(q, s)) => list.record_keys.extend(record(p, r).zip(record(q, s))),
                (Key::Number(a), Key::Number(b)) => list.numbers.extend(number(a).zip(number(b))),
                (Key::Record(p, r), Key::Number(n)) | (Key::Number(n), Key::Record(p, r)) => {
                    list.key_and_number.extend(record(p, r).zip(number(n)));
                }
            }
        }
    }
}
