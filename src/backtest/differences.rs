//! People of two linkings of the same rows, and where they differ.

use crate::clustering::UnionFind;
use crate::job::Job;
use crate::records::{MISSING, Records};
use serde::Serialize;
use std::collections::BTreeMap;

/// What would become of some people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Several people would be one.
    Merged,
    /// One person would be several.
    Split,
    /// Records would change places among several people.
    Rearranged,
}

/// People who hang together by what one of two linkings has joined, and are not the same in both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub kind: Kind,
    /// person_ids of the run, ascending.
    pub people: Vec<String>,
    /// Rows of each person that there would be, largest first.
    pub parts: Vec<u64>,
    pub rows: u64,
    /// The pair of records across the border that one of the models joins most surely; of the first differences only.
    pub closest: Option<super::Closest>,
    /// Places of its rows among the records.
    #[serde(skip)]
    pub(super) places: Vec<u32>,
}

impl Difference {
    /// Ids that would go away because others take their rows in.
    pub(super) fn merged_away(&self) -> u64 {
        self.people.len().saturating_sub(self.parts.len()) as u64
    }
}

/// One provider's rows of people who would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfProvider {
    pub provider: String,
    pub rows: u64,
    /// Rows of people who would be put together with others.
    pub merged: u64,
    /// Rows of people who would be divided.
    pub split: u64,
    pub rearranged: u64,
}

/// Two linkings of the same rows.
pub(super) struct Sides {
    /// Rows that both have: place among the records, person before, person after.
    rows: Vec<(u32, u32, u32)>,
    /// Before and after.
    people: [u32; 2],
    /// The set of people of both sides that each person before belongs to.
    set_of: Vec<u32>,
    /// People of either side in each set.
    sizes: BTreeMap<u32, (u32, u32)>,
}

impl Sides {
    /// `before` and `after` have one entry a record; [`MISSING`] on either side leaves the record out.
    pub fn of(before: &[u32], after: &[u32]) -> Sides {
        let both = (0u32..).zip(before.iter().zip(after));
        let both: Vec<(u32, u32, u32)> =
            both.filter(|(_, (a, b))| **a != MISSING && **b != MISSING).map(|(at, (a, b))| (at, *a, *b)).collect();
        let mut number: BTreeMap<u32, u32> = BTreeMap::new();
        let mut numbered = |person: u32| {
            let next = number.len() as u32;
            *number.entry(person).or_insert(next)
        };
        let rows: Vec<(u32, u32, u32)> = both.into_iter().map(|(at, a, b)| (at, a, numbered(b))).collect();
        let people_after = number.len() as u32;
        let width = rows.iter().map(|(_, a, _)| a + 1).max().unwrap_or(0);
        let sets = UnionFind::new((width + people_after) as usize);
        rows.iter().for_each(|&(_, a, b)| sets.join(a, width + b));
        let mut seen = vec![false; (width + people_after) as usize];
        let mut sizes: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        let mut people_before = 0;
        for &(_, a, b) in &rows {
            for (node, is_before) in [(a, true), (width + b, false)] {
                if std::mem::replace(&mut seen[node as usize], true) {
                    continue;
                }
                let size = sizes.entry(sets.find(node)).or_default();
                *if is_before { &mut size.0 } else { &mut size.1 } += 1;
                people_before += u32::from(is_before);
            }
        }
        let set_of = (0..width).map(|person| sets.find(person)).collect();
        Sides { rows, people: [people_before, people_after], set_of, sizes }
    }

    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    pub fn people_before(&self) -> u64 {
        self.people[0].into()
    }

    pub fn people_after(&self) -> u64 {
        self.people[1].into()
    }

    /// People of the same rows on both sides.
    pub fn unchanged(&self) -> u64 {
        self.sizes.values().filter(|size| **size == (1, 1)).count() as u64
    }

    /// What a row's people would become; `None` where they stay as they are.
    fn kind(&self, before: u32) -> Option<Kind> {
        match self.sizes[&self.set_of[before as usize]] {
            (1, 1) => None,
            (_, 1) => Some(Kind::Merged),
            (1, _) => Some(Kind::Split),
            _ => Some(Kind::Rearranged),
        }
    }

    /// Every set of people that differs; `ids` are the person_ids of the people before.
    pub fn differences(&self, ids: &[String]) -> Vec<Difference> {
        let mut sets: BTreeMap<u32, Vec<(u32, u32, u32)>> = BTreeMap::new();
        for &row in self.rows.iter().filter(|row| self.kind(row.1).is_some()) {
            sets.entry(self.set_of[row.1 as usize]).or_default().push(row);
        }
        let difference = |rows: Vec<(u32, u32, u32)>| {
            let kind = self.kind(rows[0].1)?;
            let mut before: Vec<u32> = rows.iter().map(|row| row.1).collect();
            before.sort_unstable();
            before.dedup();
            let mut people: Vec<String> = before.iter().map(|&person| ids[person as usize].clone()).collect();
            people.sort_unstable();
            let mut after: BTreeMap<u32, u64> = BTreeMap::new();
            rows.iter().for_each(|row| *after.entry(row.2).or_default() += 1);
            let mut parts: Vec<u64> = after.into_values().collect();
            parts.sort_unstable_by(|a, b| b.cmp(a));
            let places = rows.iter().map(|row| row.0).collect();
            Some(Difference { kind, people, parts, rows: rows.len() as u64, closest: None, places })
        };
        let mut differences: Vec<Difference> = sets.into_values().filter_map(difference).collect();
        differences.sort_by(|a, b| (b.rows, &a.people).cmp(&(a.rows, &b.people)));
        differences
    }

    /// The people before and after of the rows at these places, which ascend.
    pub fn people_at(&self, places: &[u32]) -> Vec<(u32, u32, u32)> {
        let at = |place: &u32| self.rows.binary_search_by_key(place, |row| row.0).ok();
        places.iter().filter_map(at).map(|at| self.rows[at]).collect()
    }

    pub fn of_providers(&self, job: &Job, records: &Records) -> Vec<OfProvider> {
        let none = |provider: &crate::job::Provider| OfProvider {
            provider: provider.id.clone(),
            rows: 0,
            merged: 0,
            split: 0,
            rearranged: 0,
        };
        let mut all: Vec<OfProvider> = job.providers.iter().map(none).collect();
        for &(place, before, _) in &self.rows {
            let one = &mut all[usize::from(records.provider[place as usize])];
            one.rows += 1;
            match self.kind(before) {
                None => {}
                Some(Kind::Merged) => one.merged += 1,
                Some(Kind::Split) => one.split += 1,
                Some(Kind::Rearranged) => one.rearranged += 1,
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_merged_split_or_rearranged() {
        let before = [0, 0, 1, 2, 2, 3, 4, 4, 5, MISSING, 6];
        let after = [9, 9, 9, 8, 7, 6, 5, 4, 4, 3, MISSING];
        let sides = Sides::of(&before, &after);
        assert_eq!((sides.rows(), sides.people_before(), sides.people_after(), sides.unchanged()), (9, 6, 6, 1));
        let ids: Vec<String> = "ABCDEFG".chars().map(String::from).collect();
        let seen: Vec<(Kind, String, Vec<u64>)> =
            sides.differences(&ids).into_iter().map(|one| (one.kind, one.people.concat(), one.parts)).collect();
        let expected = [
            (Kind::Merged, "AB".to_string(), vec![3]),
            (Kind::Rearranged, "EF".to_string(), vec![2, 1]),
            (Kind::Split, "C".to_string(), vec![1, 1]),
        ];
        assert_eq!(seen, expected);
        assert_eq!(sides.people_at(&[2, 9]), [(2, 1, 0)]);
    }
}
