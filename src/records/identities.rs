//! Identities: the distinct tuples of matching values, each with the records that have it.

use super::{MISSING, Numbers, Records, Stays};
use crate::job::Field;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The matching values of records, each tuple once, in the order of its content hash: so that an identity's number never depends on
/// the order of rows, and comparing numbers breaks ties by content.
#[derive(Debug, Default)]
pub struct Identities {
    /// Identity of each record.
    pub of_record: Vec<u32>,
    /// Content hash, ascending; printed as 32 hex digits it is the identity_id.
    pub hash: Vec<[u8; 16]>,
    /// Distinct record keys of each identity: how often it counts in frequencies and averages.
    weight: Vec<u32>,
    /// Records of each identity: `members[starts[i]..starts[i + 1]]`, ascending.
    starts: Vec<u32>,
    members: Vec<u32>,
}

/// Fields whose values make an identity; custom fields follow.
const MATCHING: [Field; 16] = [
    Field::NhsNumber,
    Field::GivenName,
    Field::MiddleName,
    Field::FamilyName,
    Field::PreviousFamilyName,
    Field::DateOfBirth,
    Field::YearOfBirth,
    Field::DateOfDeath,
    Field::Sex,
    Field::Address,
    Field::Postcode,
    Field::Uprn,
    Field::Phone,
    Field::Email,
    Field::LocalId,
    Field::BirthOrder,
];

/// Whether `field` takes part in matching.
pub fn is_matching(field: Field) -> bool {
    MATCHING.contains(&field) || matches!(field, Field::Custom(_))
}

impl Identities {
    /// Groups the records for which `keep` holds; the others get [`MISSING`] as their identity.
    ///
    /// About 150 ns a record for the hash and a sort of 20-byte keys; linear but for the sort.
    pub fn of(records: &Records, custom_names: &[String], keep: impl Fn(usize) -> bool + Sync) -> Identities {
        Identities::apart(records, custom_names, &FxHashSet::default(), keep, |_| true)
    }

    /// The same, but each record key in `alone` has identities of its own: what must never be linked cannot be told apart by values
    /// where two records have the very same. Records for which `counts` does not hold are grouped, but add nothing to
    /// [`Identities::count`]: no frequency and no lesson comes from them.
    pub fn apart(
        records: &Records,
        custom_names: &[String],
        alone: &FxHashSet<u32>,
        keep: impl Fn(usize) -> bool + Sync,
        counts: impl Fn(usize) -> bool + Sync,
    ) -> Identities {
        let fields: Vec<(String, &super::Column)> = records
            .clean
            .iter()
            .filter(|(field, _)| is_matching(**field))
            .map(|(field, column)| (field_label(*field, custom_names), column))
            .collect();
        let mut keyed: Vec<([u8; 16], u32)> = (0..records.len() as u32)
            .into_par_iter()
            .filter(|&record| keep(record as usize))
            .map_init(Vec::new, |text, record| (content_hash(&fields, records, record as usize, alone, text), record))
            .collect();
        keyed.par_sort_unstable();
        let is_first = |at: &u32| *at == 0 || keyed[*at as usize].0 != keyed[*at as usize - 1].0;
        let mut starts: Vec<u32> = (0..keyed.len() as u32).into_par_iter().filter(is_first).collect();
        let hash = starts.par_iter().map(|&at| keyed[at as usize].0).collect();
        let members = keyed.par_iter().map(|(_, record)| *record).collect();
        starts.push(keyed.len() as u32);
        drop(keyed);
        let mut identities = Identities { hash, starts, members, ..Identities::default() };
        identities.of_record = identities.by_record(records.len());
        identities.weight = (0..identities.len() as u32)
            .into_par_iter()
            .map(|i| identities.distinct_keys(records, i, &counts))
            .collect();
        identities
    }

    /// The identity of each of so many records, [`MISSING`] where it is a member of none.
    fn by_record(&self, records: usize) -> Vec<u32> {
        // Records come in no order, from all threads, each once.
        let of_record: Vec<AtomicU32> = (0..records).into_par_iter().map(|_| AtomicU32::new(MISSING)).collect();
        (0..self.len() as u32).into_par_iter().for_each(|identity| {
            self.members(identity).iter().for_each(|&record| of_record[record as usize].store(identity, Relaxed));
        });
        of_record.into_iter().map(AtomicU32::into_inner).collect()
    }

    fn distinct_keys(&self, records: &Records, identity: u32, counts: &impl Fn(usize) -> bool) -> u32 {
        match self.members(identity) {
            [record] => u32::from(counts(*record as usize)),
            members => {
                let counted = members.iter().filter(|&&record| counts(record as usize));
                let mut keys: Vec<u32> = counted.map(|&record| records.key[record as usize]).collect();
                keys.sort_unstable();
                keys.dedup();
                keys.len() as u32
            }
        }
    }

    pub fn len(&self) -> usize {
        self.hash.len()
    }

    pub fn is_empty(&self) -> bool {
        self.hash.is_empty()
    }

    /// Records of `identity`, ascending.
    pub fn members(&self, identity: u32) -> &[u32] {
        let identity = identity as usize;
        &self.members[self.starts[identity] as usize..self.starts[identity + 1] as usize]
    }

    /// The same identities after rows have left the records ([`Records::retain`] with `stays`): what [`Identities::apart`] would make of
    /// the rest, without hashing and sorting it again. All that stays counts: records that counted nowhere have to be among those that leave. Gives
    /// also which identities have rows left.
    pub fn retain(self, records: &Records, stays: &[bool]) -> (Identities, Vec<bool>) {
        let Identities { mut of_record, mut hash, mut weight, mut starts, mut members } = self;
        let rows = Numbers::of(stays, true);
        let (mut left, mut lessened) = (Vec::with_capacity(hash.len()), Vec::new());
        let (mut to, mut from, mut next) = (0, 0, 0);
        for identity in 0..hash.len() {
            let (before, end) = (to, starts[identity + 1]);
            for at in from..end {
                if let Some(row) = rows.get(members[at as usize]) {
                    members[to as usize] = row;
                    to += 1;
                }
            }
            left.push(to > before);
            if to > before {
                lessened.extend((to - before < end - from).then_some(next));
                next += 1;
                starts[next as usize] = to;
            }
            from = end;
        }
        members.truncate(to as usize);
        starts.truncate(next as usize + 1);
        let runs = Stays::of(&left);
        runs.keep(&mut hash);
        runs.keep(&mut weight);
        Stays::of(stays).keep(&mut of_record);
        let numbers = Numbers::of(&left, true);
        let there = of_record.par_iter_mut().filter(|identity| **identity != MISSING);
        there.for_each(|identity| *identity = numbers.get(*identity).unwrap_or(MISSING));
        let mut rest = Identities { of_record, hash, weight, starts, members };
        for identity in lessened {
            rest.weight[identity as usize] = rest.distinct_keys(records, identity, &|_| true);
        }
        (rest, left)
    }

    /// How many records have these values; rows that share a record_id count once, and those that count nowhere not at all.
    pub fn count(&self, identity: u32) -> u32 {
        self.weight[identity as usize]
    }

    /// All that there is to know of them, to be put aside: content hashes, and the lists that [`Identities::of_lists`] takes.
    pub(crate) fn lists(&self) -> (&[[u8; 16]], [&[u32]; 4]) {
        let Identities { of_record, hash, weight, starts, members } = self;
        (hash, [of_record, weight, starts, members])
    }

    /// What was put aside, again.
    pub(crate) fn of_lists(hash: Vec<[u8; 16]>, lists: [Vec<u32>; 4]) -> Identities {
        let [of_record, weight, starts, members] = lists;
        Identities { of_record, hash, weight, starts, members }
    }

    /// The record that stands for the identity when its values are read.
    pub fn example(&self, identity: u32) -> usize {
        self.members(identity)[0] as usize
    }

    /// How many records are grouped here, rows that share a record_id and values counted once.
    pub fn records(&self) -> u64 {
        self.weight.iter().map(|&weight| u64::from(weight)).sum()
    }

    /// The identities, each as often as rows have it: drawing from this draws a row at random.
    pub fn by_row(&self) -> Vec<u32> {
        self.members.iter().map(|&record| self.of_record[record as usize]).collect()
    }

    /// The codes of `field` by identity; all [`MISSING`] where it is not mapped.
    pub fn codes(&self, records: &Records, field: Field) -> Vec<u32> {
        let Some(column) = records.clean.get(&field) else { return vec![MISSING; self.len()] };
        (0..self.len() as u32).into_par_iter().map(|identity| column.code(self.example(identity))).collect()
    }

    /// The identity_id of `identity`.
    pub fn id(&self, identity: u32) -> String {
        self.hash[identity as usize].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn field_label(field: Field, custom_names: &[String]) -> String {
    match field {
        Field::Custom(index) => format!("custom {}", custom_names.get(index as usize).map_or("", String::as_str)),
        built_in => built_in.word().unwrap_or_default().to_string(),
    }
}

/// BLAKE3 over the labelled values, cut to 128 bits: for 10^8 identities a collision has a chance below 10^-22. `text` is what is hashed, put
/// together here since a hash of one text costs a half of one that is fed by pieces.
fn content_hash(
    fields: &[(String, &super::Column)],
    records: &Records,
    record: usize,
    alone: &FxHashSet<u32>,
    text: &mut Vec<u8>,
) -> [u8; 16] {
    text.clear();
    for (label, column) in fields {
        if let Some(value) = column.get(record) {
            text.extend_from_slice(label.as_bytes());
            text.extend_from_slice(&(value.len() as u32).to_le_bytes());
            text.extend_from_slice(value.as_bytes());
        }
    }
    text.push(u8::from(records.number_verified[record]));
    if alone.contains(&records.key[record]) {
        text.extend_from_slice(b"apart");
        text.extend_from_slice(&records.provider[record].to_le_bytes());
        text.extend_from_slice(records.record_id.get(record).as_bytes());
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(text).as_bytes()[..16]);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Column;

    #[test]
    fn equal_tuples_are_one_identity_whatever_the_order_of_codes() {
        let column = |values: &[&str]| {
            let mut column = Column::default();
            for value in values {
                let code = if value.is_empty() { MISSING } else { column.values.intern(value) };
                column.codes.push(code);
            }
            column
        };
        let mut records = Records {
            provider: vec![0; 4],
            number_verified: vec![false; 4],
            key: vec![0, 1, 2, 3],
            extract: vec![0; 4],
            source_row: vec![1, 2, 3, 4],
            ..Records::default()
        };
        ["a", "b", "c", "d"].iter().for_each(|id| records.record_id.push(id));
        records.clean.insert(Field::GivenName, column(&["ann", "bob", "ann", "ann"]));
        records.clean.insert(Field::Sex, column(&["female", "", "female", ""]));
        let identities = Identities::of(&records, &[], |_| true);
        assert_eq!(identities.len(), 3);
        assert_eq!(identities.of_record[0], identities.of_record[2]);
        assert_eq!(identities.members(identities.of_record[0]), &[0, 2]);
        assert!(identities.hash.is_sorted());
        let stays = [false, true, true, false];
        records.retain(&stays);
        let ((rest, left), anew) = (identities.retain(&records, &stays), Identities::of(&records, &[], |_| true));
        assert_eq!((&rest.of_record, &rest.hash, &rest.members), (&anew.of_record, &anew.hash, &anew.members));
        assert_eq!((&rest.starts, &rest.weight), (&anew.starts, &anew.weight));
        assert_eq!(left.iter().filter(|left| **left).count(), anew.len());
    }
}
