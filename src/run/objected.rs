//! Who objects, remembered beyond the rows by which it was found out: `state/objected.json`.
//!
//! What is kept of extracts loses the rows of people who object, also those that the list names. What else is theirs was found through
//! these rows; once they are gone, a row of the same person that another provider sends would be used again. So every night leaves behind,
//! for each objection, which records it withheld. While the objection stands and one of the rows that it named is not there, these records
//! and the numbers of the rows that were named are withheld as before. Where all of them are there the night finds out anew. Keyed hashes only.

use crate::consent::Authority;
use crate::disk;
use crate::failure::{Code, Exit, Failure, Result};
use crate::identity::Ledger;
use crate::job::{Field, Job};
use crate::publish::published::content_hash;
use crate::records::Records;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

pub(super) static OBJECTED_DAMAGED: Code = Code {
    id: "OF0539",
    exit: Exit::Resource,
    title: "what is remembered of objections is damaged",
    next_step: "Put state/objected.json back from a backup, then run again; nothing was published",
    explanation: "state/objected.json below [job] output says, in keyed hashes, which records belong to people who object where the rows \
                  that the objection names are kept no more. A night without it could publish such a record. Where there is no backup, \
                  have the providers with mode = \"changes\" send everything once more (remove their folders below state/changes), then \
                  remove the file: the night finds out anew who objects.",
};

/// The part of a keyed hash that is kept, in hexadecimal.
type Digest = [u8; 16];

/// What was withheld, by objection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Objected {
    objections: BTreeMap<String, Rows>,
}

/// Keyed hashes of what one objection has withheld.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Rows {
    /// Records that it names, by number or as records.
    named: BTreeSet<String>,
    /// Records of the same people.
    linked: BTreeSet<String>,
    /// NHS numbers of the records that it names.
    numbers: BTreeSet<String>,
}

/// What the nights before have left, held against tonight's lists.
pub(super) struct Remembered<'a> {
    job: &'a Job,
    authority: &'a Authority,
    before: Objected,
    key: [u8; 32],
}

impl<'a> Remembered<'a> {
    /// Only objections that still stand count; one that was withdrawn is forgotten.
    ///
    /// # Errors
    /// OF0539 where the file is damaged, OF0413 where the key of the hashes is absent although there must be one.
    pub fn read(job: &'a Job, authority: &'a Authority) -> Result<Remembered<'a>> {
        let mut before = Objected::read(job)?;
        let key = match before.objections.is_empty() && authority.objections().next().is_none() {
            true => [0; 32],
            false => Ledger::value_key(&job.output, job.id_key_file.as_deref())?,
        };
        let mut remembered = Remembered { job, authority, before: Objected::default(), key };
        let standing = remembered.standing();
        before.objections.retain(|objection, rows| {
            let mut known = rows.numbers.iter().chain(&rows.named).chain(&rows.linked).chain([objection]);
            known.any(|hash| standing.contains(hash))
        });
        remembered.before = before;
        Ok(remembered)
    }

    /// What the lists name tonight, by every hash under which it may have been remembered. Somebody who is listed anew in another way, by a
    /// record of theirs instead of their number or the reverse, objects as before; so does whoever has got another number since.
    fn standing(&self) -> BTreeSet<String> {
        let numbers = self.authority.objections().filter(|(one, _)| one.is_empty()).map(|(_, number)| number);
        let numbers = numbers.chain(self.authority.replaced_objections()).map(|number| ("", number));
        let all = self.authority.objections().chain(numbers);
        all.flat_map(|(one, other)| {
            let kind = if one.is_empty() { "number" } else { "record" };
            [self.hash("objection", one, other), self.hash(kind, one, other)]
        })
        .collect()
    }

    /// Rows that are known to be of somebody who objects, where a row that the objection named is not among `records`; `named` are the rows
    /// that tonight's lists name.
    pub fn marks(&self, records: &Records, named: &[bool]) -> Vec<bool> {
        let there: BTreeSet<String> =
            (0..records.len()).filter(|&row| named[row]).map(|row| self.record(records, row)).collect();
        let wanting: Vec<&Rows> =
            self.before.objections.values().filter(|rows| !rows.named.is_subset(&there)).collect();
        if wanting.is_empty() {
            return vec![false; records.len()];
        }
        let all = digests(wanting.iter().flat_map(|rows| rows.named.iter().chain(&rows.linked)));
        let numbers = digests(wanting.iter().flat_map(|rows| &rows.numbers));
        let column = records.clean.get(&Field::NhsNumber);
        let theirs: Vec<bool> = column.map_or(Vec::new(), |column| {
            let codes = (0..column.values.len() as u32).into_par_iter();
            codes.map(|code| numbers.contains(&self.digest("number", "", column.values.get(code)))).collect()
        });
        let number = |row: usize| column.and_then(|column| theirs.get(column.code(row) as usize)).copied();
        let of_theirs = |row: usize| {
            number(row).unwrap_or(false) || (!named[row] && all.contains(&self.record_digest(records, row)))
        };
        (0..records.len()).into_par_iter().map(of_theirs).collect()
    }

    /// What the next night has to know: `people` are the rows of each person who objects, tonight.
    pub fn after<'r>(&self, records: &Records, named: &[bool], people: impl Iterator<Item = &'r [usize]>) -> Objected {
        let mut tonight: BTreeMap<String, Rows> = BTreeMap::new();
        let known = self.by_record();
        for rows in people {
            let mut objections: BTreeSet<String> = BTreeSet::new();
            let mut one = Rows::default();
            for &row in rows {
                let record = self.record(records, row);
                // By what was remembered it still hangs on the objection of that time.
                let then = known.get(record.as_str()).into_iter().flatten();
                objections.extend(then.map(|objection| objection.to_string()));
                if named[row] {
                    objections.extend(self.objections_to(records, row));
                    let number = records.value(Field::NhsNumber, row);
                    one.numbers.extend(number.map(|number| self.hash("number", "", number)));
                    one.named.insert(record);
                } else {
                    one.linked.insert(record);
                }
            }
            objections.into_iter().for_each(|objection| tonight.entry(objection).or_default().take(&one));
        }
        for (objection, before) in &self.before.objections {
            let now = tonight.entry(objection.clone()).or_default();
            if !before.named.is_subset(&now.named) {
                now.take(before);
            }
        }
        Objected { objections: tonight }
    }

    /// The objections of nights before, by the records that they withheld.
    fn by_record(&self) -> FxHashMap<&str, Vec<&str>> {
        let mut known: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
        for (objection, rows) in &self.before.objections {
            for record in rows.named.iter().chain(&rows.linked) {
                known.entry(record).or_default().push(objection);
            }
        }
        known
    }

    /// The objections that name a row.
    fn objections_to(&self, records: &Records, row: usize) -> Vec<String> {
        let number = records.value(Field::NhsNumber, row).filter(|number| self.authority.names_number(number));
        let number = number.map(|number| self.hash("objection", "", number));
        let (provider, record) = (self.provider(records, row), records.record_id.get(row));
        let by_record = self.authority.names_record(provider, record);
        number.into_iter().chain(by_record.then(|| self.hash("objection", provider, record))).collect()
    }

    fn provider(&self, records: &Records, row: usize) -> &str {
        &self.job.providers[usize::from(records.provider[row])].id
    }

    fn record(&self, records: &Records, row: usize) -> String {
        in_words(self.record_digest(records, row))
    }

    fn hash(&self, kind: &str, one: &str, other: &str) -> String {
        in_words(self.digest(kind, one, other))
    }

    /// Tells a record; where it has only the number of its row, which says nothing tomorrow, by all its values.
    fn record_digest(&self, records: &Records, row: usize) -> Digest {
        if !self.job.providers[usize::from(records.provider[row])].numbers_rows() {
            return self.digest("record", self.provider(records, row), records.record_id.get(row));
        }
        let mut values = String::new();
        for column in records.clean.values() {
            values.push_str(column.get(row).unwrap_or_default());
            values.push('\n');
        }
        self.digest("values", self.provider(records, row), &values)
    }

    fn digest(&self, kind: &str, one: &str, other: &str) -> Digest {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in [kind, one, other] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        *hasher.finalize().as_bytes().first_chunk().expect("a hash is longer")
    }
}

/// A hash as it is kept.
fn in_words(digest: Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes that are kept, to be looked up by many: what is none is nobody's.
fn digests<'k>(kept: impl Iterator<Item = &'k String>) -> FxHashSet<Digest> {
    kept.filter_map(|hash| content_hash(hash)).collect()
}

impl Rows {
    fn take(&mut self, other: &Rows) {
        self.named.extend(other.named.iter().cloned());
        self.linked.extend(other.linked.iter().cloned());
        self.numbers.extend(other.numbers.iter().cloned());
    }
}

/// How many objections are remembered, for whoever looks whether a night can read them.
///
/// # Errors
/// OF0539 where the file is damaged.
pub fn objections_remembered(job: &Job) -> Result<usize> {
    Objected::read(job).map(|objected| objected.objections.len())
}

impl Objected {
    fn read(job: &Job) -> Result<Objected> {
        let damaged = |why: String| Failure::new(&OBJECTED_DAMAGED, why);
        match disk::read(&place(job)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Objected::default()),
            Err(error) => Err(damaged(error.kind().to_string())),
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| damaged("it is no JSON of the right shape".into())),
        }
    }

    /// Keeps it for the nights to come.
    pub fn write(&self, job: &Job) -> io::Result<()> {
        let place = place(job);
        match self.objections.is_empty() {
            true => disk::remove_file(&place),
            false => disk::replace(&place, &serde_json::to_vec(self)?),
        }?;
        // Rows go by it that nothing else tells of.
        disk::sync_folder(&job.output.join("state"))
    }
}

/// Where it is kept.
pub(super) fn place(job: &Job) -> PathBuf {
    job.output.join("state/objected.json")
}
