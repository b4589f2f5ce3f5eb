//! What authorities and humans have settled before any evidence is looked at, in terms of these records.

use crate::job::Field;
use crate::records::{Identities, MISSING, Records};
use rustc_hash::{FxHashMap, FxHashSet};

/// Pairs that are settled, as record keys and NHS number codes.
#[derive(Debug, Default)]
pub struct Settled {
    /// Never to be linked, by an authority.
    pub record_keys: Vec<(u32, u32)>,
    pub numbers: Vec<(u32, u32)>,
    /// One side a record key, the other an NHS number.
    pub key_and_number: Vec<(u32, u32)>,
    /// Two people, by decision of a human.
    pub two_people: Vec<(u32, u32)>,
    /// One person, by decision of a human, in the order in which it was said.
    pub one_person: Vec<(u32, u32)>,
    /// Decisions that name a record which no extract holds, or which is withheld.
    pub gone: u64,
}

/// Who keeps a pair of identities apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeptBy {
    Authority,
    Decision,
}

/// Pairs of identities that are kept apart, smaller first.
pub(super) type KeptApart = FxHashMap<(u32, u32), KeptBy>;

impl Settled {
    /// Record keys that are to be kept from somebody. They need identities of their own, or two records with the same values would be one
    /// node.
    pub fn keys(&self) -> FxHashSet<u32> {
        let pairs = self.record_keys.iter().chain(&self.two_people).flat_map(|&(left, right)| [left, right]);
        pairs.chain(self.key_and_number.iter().map(|&(key, _)| key)).collect()
    }

    fn keeps_nobody_apart(&self) -> bool {
        let Settled { record_keys, numbers, key_and_number, two_people, .. } = self;
        [record_keys, numbers, key_and_number, two_people].into_iter().all(Vec::is_empty)
    }

    /// Translates record keys and numbers into identities; every identity that holds one side is kept from every one that holds the other.
    /// What an authority says stands before what a human says.
    pub(super) fn kept_apart(&self, records: &Records, identities: &Identities) -> KeptApart {
        let mut pairs = KeptApart::default();
        if self.keeps_nobody_apart() {
            return pairs;
        }
        let wanted_keys = self.keys();
        let in_pairs = self.numbers.iter().flat_map(|&(left, right)| [left, right]);
        let wanted_numbers: FxHashSet<u32> =
            in_pairs.chain(self.key_and_number.iter().map(|&(_, number)| number)).collect();
        let mut by_key: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        let mut by_number: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        let numbers = records.clean.get(&Field::NhsNumber);
        for record in (0..records.len()).filter(|&record| identities.of_record[record] != MISSING) {
            let identity = identities.of_record[record];
            if wanted_keys.contains(&records.key[record]) {
                by_key.entry(records.key[record]).or_default().push(identity);
            }
            if let Some(code) = numbers.map(|column| column.code(record)).filter(|code| wanted_numbers.contains(code)) {
                by_number.entry(code).or_default().push(identity);
            }
        }
        let mut keep = |left: Option<&Vec<u32>>, right: Option<&Vec<u32>>, by: KeptBy| {
            for &a in left.into_iter().flatten() {
                for &b in right.into_iter().flatten() {
                    let known = pairs.entry((a.min(b), a.max(b))).or_insert(by);
                    *known = by.min(*known);
                }
            }
        };
        self.record_keys.iter().for_each(|(a, b)| keep(by_key.get(a), by_key.get(b), KeptBy::Authority));
        self.numbers.iter().for_each(|(a, b)| keep(by_number.get(a), by_number.get(b), KeptBy::Authority));
        self.key_and_number.iter().for_each(|(a, b)| keep(by_key.get(a), by_number.get(b), KeptBy::Authority));
        self.two_people.iter().for_each(|(a, b)| keep(by_key.get(a), by_key.get(b), KeptBy::Decision));
        pairs
    }
}
