//! Decisions in terms of a night's records: what `clustering` is to obey, and which rows are withheld.

use super::read::parse;
use super::{Answer, DECISIONS_UNREADABLE, Decisions, ROW_NUMBER_DECIDED, RecordName};
use crate::clustering::Settled;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::records::Records;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How many decisions of each kind stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub one_person: u64,
    pub two_people: u64,
    pub not_a_person: u64,
    pub unsure: u64,
}

/// Where the decisions that every run obeys stand.
pub fn place(job: &Job) -> PathBuf {
    job.output.join("state/decisions.csv")
}

/// The decisions that every run of a job obeys; none where there is no file. `seen` are the bytes of it that count: all of them where it is
/// `None`, or as many as an earlier run has seen. A last line without its end, which somebody is just writing, does not count unless it
/// reads well.
///
/// # Errors
/// OF0370 and OF0371 as [`read`](super::read): a night that ignores a decision is worse than none. OF0373 where one names a row by its number;
/// what an earlier run has seen it has obeyed, on the rows that it had.
pub fn of_job(job: &Job, seen: Option<u64>) -> Result<Decisions> {
    let path = place(job);
    let mut bytes = match disk::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Decisions::default()),
        Err(error) => return Err(Failure::from_io(&error, &path, &DECISIONS_UNREADABLE)),
    };
    bytes.truncate(seen.and_then(|seen| usize::try_from(seen).ok()).unwrap_or(usize::MAX));
    if bytes.is_empty() {
        return Ok(Decisions::default());
    }
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
    let decisions = match parse(&bytes, &path) {
        Err(_) if whole > 0 && whole < bytes.len() => parse(&bytes[..whole], &path),
        read => read,
    }?;
    if seen.is_none() {
        decisions.name_no_number(&path, |record, _| job.numbers_rows_of(&record.provider))?;
    }
    Ok(decisions)
}

impl Decisions {
    pub fn counts(&self) -> Counts {
        let count = |answer| self.pairs.iter().filter(|one| one.answer == answer).count() as u64;
        Counts {
            one_person: count(Answer::Yes),
            two_people: count(Answer::No),
            not_a_person: self.not_people.len() as u64,
            unsure: count(Answer::Unsure),
        }
    }

    /// Stops where a decision that stands names a record of one of `providers`, whose rows an earlier run had numbered, and was among the first `seen`
    /// bytes of the file, which that run had seen: it is about the row that had this number.
    ///
    /// # Errors
    /// OF0373 where one does, OF0370 and OF0371 as [`of_job`].
    pub(crate) fn name_no_number_of_then(&self, job: &Job, seen: u64, providers: &BTreeSet<String>) -> Result<()> {
        let then = of_job(job, Some(seen))?;
        let lines: FxHashSet<u64> = then.pairs.iter().map(|one| one.line).chain(then.not_people_lines).collect();
        let is_number = |record: &RecordName, line: u64| providers.contains(&record.provider) && lines.contains(&line);
        self.name_no_number(&place(job), is_number)
    }

    /// Stops where a decision that stands, and does not say `unsure`, names the number of a row for a record, as `is_number` says of a record and the
    /// line that it stands in.
    fn name_no_number(&self, path: &Path, is_number: impl Fn(&RecordName, u64) -> bool) -> Result<()> {
        let said = self.pairs.iter().filter(|one| one.answer != Answer::Unsure);
        let of_pairs = said.flat_map(|one| [(&one.left, one.line), (&one.right, one.line)]);
        let of_one = self.not_people.iter().zip(self.not_people_lines.iter().copied());
        let numbered = of_pairs.chain(of_one).filter(|(record, line)| is_number(record, *line));
        let Some((record, line)) = numbered.min_by_key(|(_, line)| *line) else { return Ok(()) };
        let place = path.display();
        let what = format!("{place} line {line}: it names a row of provider {} by its number", record.provider);
        Err(Failure::new(&ROW_NUMBER_DECIDED, what))
    }

    /// Rows of records that are no person's, and how many of the decisions that say so name a record which no extract holds.
    pub fn not_people(&self, job: &Job, records: &Records) -> (Vec<bool>, u64) {
        if self.not_people.is_empty() {
            return (vec![false; records.len()], 0);
        }
        let named: FxHashSet<(&str, &str)> = self.not_people.iter().map(RecordName::parts).collect();
        let mut found: FxHashSet<u32> = FxHashSet::default();
        let marked = |row: usize| {
            let provider = job.providers[usize::from(records.provider[row])].id.as_str();
            let is_named = named.contains(&(provider, records.record_id.get(row)));
            if is_named {
                found.insert(records.key[row]);
            }
            is_named
        };
        let marked = (0..records.len()).map(marked).collect();
        (marked, (named.len() - found.len()) as u64)
    }

    /// Adds what humans have decided of pairs, in the order in which it was said.
    pub fn settle(&self, job: &Job, records: &Records, settled: &mut Settled) {
        let mut said: Vec<_> = self.pairs.iter().filter(|one| one.answer != Answer::Unsure).collect();
        if said.is_empty() {
            return;
        }
        said.sort_by_key(|one| one.line);
        let sides = said.iter().flat_map(|one| [one.left.parts(), one.right.parts()]);
        let mut keys: FxHashMap<(&str, &str), Option<u32>> = sides.map(|name| (name, None)).collect();
        for row in 0..records.len() {
            let provider = job.providers[usize::from(records.provider[row])].id.as_str();
            if let Some(key) = keys.get_mut(&(provider, records.record_id.get(row))) {
                *key = Some(records.key[row]);
            }
        }
        for one in said {
            match (keys[&one.left.parts()], keys[&one.right.parts()]) {
                (Some(a), Some(b)) if one.answer == Answer::Yes => settled.one_person.push((a, b)),
                (Some(a), Some(b)) => settled.two_people.push((a, b)),
                _ => settled.gone += 1,
            }
        }
    }
}
