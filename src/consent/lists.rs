//! What the lists that a job names say, and the decisions below them.

use super::NUMBERS_REPLACED_IN_A_CIRCLE;
use super::listed::{AllListed, LOCAL, NEVER_LINK, REPLACED};
use super::named::{Key, Named};
use super::opt_outs;
use super::reader::Reader;
use crate::clustering::Settled;
use crate::decisions::{self, Decisions};
use crate::failure::{Failure, Result};
use crate::job::{Field, Job};
use crate::records::Records;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What the lists say.
#[derive(Debug, Default)]
pub struct Authority {
    /// Local objections.
    pub(super) local: Named,
    /// Old number → the one that stands today, chains followed to their end.
    pub replaced: BTreeMap<String, String>,
    pub(super) never: Vec<(Key, Key)>,
    /// Who stands on which list.
    pub(super) listed: AllListed,
    /// What humans have decided, below what authorities say.
    pub decisions: Decisions,
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
    let (authority, wrong) = gather(job, decisions_seen);
    wrong.into_iter().next().map_or(Ok(authority), Err)
}

/// All that a run would stop for in its lists and in the decisions: one failure a file, in the order in which a run reads them.
pub fn wrong(job: &Job) -> Vec<Failure> {
    let (authority, mut wrong) = gather(job, None);
    wrong.extend(opt_outs::gather(job, &authority).1);
    wrong
}

/// What every list says that can be read whole, and why the others cannot.
fn gather(job: &Job, decisions_seen: Option<u64>) -> (Authority, Vec<Failure>) {
    let (mut reader, mut authority, mut wrong) = (Reader::new(job), Authority::default(), Vec::new());
    match decisions::of_job(job, decisions_seen) {
        Ok(decisions) => authority.decisions = decisions,
        Err(failure) => wrong.push(failure),
    }
    for path in &job.nhs_number_replaced {
        let listed = authority.listed.list(job, REPLACED, path);
        wrong.extend(reader.replaced(path, &mut authority.replaced, listed).err());
    }
    match follow(&authority.replaced) {
        Ok(replaced) => authority.replaced = replaced,
        Err(failure) => wrong.push(failure),
    }
    for path in job.local_objections.iter().flat_map(|list| &list.files) {
        let listed = Some(authority.listed.list(job, LOCAL, path));
        wrong.extend(reader.named(path, &authority.replaced, false, &mut authority.local, listed).err());
    }
    for path in &job.never_link {
        let listed = authority.listed.list(job, NEVER_LINK, path);
        wrong.extend(reader.never_link(path, &authority.replaced, &mut authority.never, listed).err());
    }
    (authority, wrong)
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
