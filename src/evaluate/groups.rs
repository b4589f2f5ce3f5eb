//! For whom linkage works better and worse: precision and recall by group, with the gap to the whole.
//!
//! A group is judged on the pairs of which at least one record is the group's. Where the truth file says what the true person is like, a
//! record's group is that of its person; otherwise it is what the record itself says.

use super::interval::{Estimate, wilson};
use super::known::Known;
use super::measures::{Pairs, pairs_within};
use super::resample::{self, People, Share};
use super::scene::Scene;
use super::traits::{self, Trait};
use crate::records::MISSING;
use serde::Serialize;

/// A column of the truth file with more values than this is no grouping.
const GROUPS_MAX: usize = 60;
/// A gap of this much, for certain, is one to act on.
const FAR_BELOW: f64 = 0.01;

/// One way of grouping.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grouping {
    pub name: String,
    /// Where the groups come from: "truth" or "records".
    pub from: &'static str,
    /// Tells something about people: counts of it are the controller's only.
    pub personal: bool,
    pub groups: Vec<Group>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    pub name: String,
    pub records: u64,
    pub found: u64,
    pub truth: u64,
    pub both: u64,
    pub precision: Estimate,
    pub recall: Estimate,
    /// The group's figure less the whole's: negative where the group fares worse.
    pub precision_gap: Estimate,
    pub recall_gap: Estimate,
    /// The whole interval of precision or of recall lies more than one point below the whole.
    pub far_below: bool,
}

/// All groupings, and the whole with its intervals by person.
pub(super) fn groupings(scene: &Scene, known: &Known) -> (Vec<Grouping>, Whole) {
    let units = known.measured(true);
    let everybody = Split::of(known, &known.found, &units, &vec![0; known.found.len()]);
    let whole = Whole::of(&everybody);
    let mut traits: Vec<Trait> = known
        .columns
        .iter()
        .filter(|column| (2..=GROUPS_MAX).contains(&column.values.len()))
        .map(|column| Trait::from_truth(&column.name, &column.values, &column.codes))
        .collect();
    let told: Vec<String> = traits.iter().map(|one| one.name.clone()).collect();
    traits.extend(traits::of_records(scene, known).into_iter().filter(|one| !told.contains(&one.name)));
    let mut groupings: Vec<Grouping> = Vec::new();
    for one in &traits {
        let groups = groups(known, &units, one, &everybody, &whole);
        match groupings.iter_mut().find(|grouping| grouping.name == one.name) {
            // Slices overlap, so that each is a trait of its own; they are shown together.
            Some(grouping) => grouping.groups.extend(groups),
            None => groupings.push(Grouping { name: one.name.clone(), from: one.from, personal: one.personal, groups }),
        }
    }
    (groupings, whole)
}

/// The measures of everybody, with intervals by person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Whole {
    pub precision: Estimate,
    pub recall: Estimate,
    pub f1: Estimate,
}

impl Whole {
    fn of(split: &Split) -> Whole {
        let mut people = People::new();
        split.shares.iter().for_each(|(_, _, share)| *people.entry((*share, *share)).or_insert(0) += 1);
        let sum = split.total(0);
        let (found, drawn) = (sum.found_twice / 2, resample::intervals(&people));
        let f1 = 2.0 * sum.both as f64 / (sum.truth + found).max(1) as f64;
        Whole {
            precision: resample::widened(wilson(sum.both, found), drawn.precision),
            recall: resample::widened(wilson(sum.both, sum.truth), drawn.recall),
            f1: Estimate { value: Some(f1), low: finite(drawn.f1.0), high: finite(drawn.f1.1) },
        }
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn groups(known: &Known, units: &[u32], of: &Trait, everybody: &Split, whole: &Whole) -> Vec<Group> {
    let split = Split::of(known, &known.found, units, &of.codes);
    let mut records = vec![0u64; of.names.len()];
    units.iter().for_each(|&key| records[of.codes[key as usize] as usize] += 1);
    let shown = (0..of.names.len() as u32).filter(|&group| records[group as usize] > 0 && !of.hidden(group));
    shown
        .map(|group| one_group(&of.names[group as usize], records[group as usize], group, &split, everybody, whole))
        .collect()
}

fn one_group(name: &str, records: u64, group: u32, split: &Split, everybody: &Split, whole: &Whole) -> Group {
    let drawn = resample::intervals(&split.people(group, everybody));
    let sum = split.total(group);
    let found = sum.found_twice / 2;
    let (precision, recall) = (wilson(sum.both, found), wilson(sum.both, sum.truth));
    let gap = |own: Estimate, all: Estimate, drawn: (f64, f64)| {
        let less = |side: Option<f64>| side.zip(all.value).map(|(own, all)| own - all);
        resample::widened(Estimate { value: less(own.value), low: less(own.low), high: less(own.high) }, drawn)
    };
    let precision_gap = gap(precision, whole.precision, drawn.precision_gap);
    let recall_gap = gap(recall, whole.recall, drawn.recall_gap);
    let below = |gap: Estimate| gap.high.is_some_and(|high| high < -FAR_BELOW);
    Group {
        name: name.to_string(),
        records,
        found,
        truth: sum.truth,
        both: sum.both,
        precision: resample::widened(precision, drawn.precision),
        recall: resample::widened(recall, drawn.recall),
        precision_gap,
        recall_gap,
        far_below: below(precision_gap) || below(recall_gap),
    }
}

/// Pairs of one group under another partition of the same records: `found` is the person of each record.
pub(super) fn pairs_of(known: &Known, found: &[u32], units: &[u32], of: &Trait, group: u32) -> Pairs {
    let sum = Split::of(known, found, units, &of.codes).total(group);
    Pairs::of(sum.found_twice / 2, sum.truth, sum.both)
}

/// What each true person brings to each group: (group, person, share), sorted, each once.
struct Split {
    shares: Vec<(u32, u32, Share)>,
}

impl Split {
    /// n log n in the records: three sorts.
    fn of(known: &Known, found: &[u32], units: &[u32], group: &[u32]) -> Split {
        let of = |key: &u32| (known.truth[*key as usize], found[*key as usize], group[*key as usize]);
        let mut rows: Vec<(u32, u32, u32)> = units.iter().map(of).filter(|(truth, _, _)| *truth != MISSING).collect();
        rows.sort_unstable();
        let people = FoundPeople::of(&rows);
        let mut shares = Vec::new();
        for person in rows.chunk_by(|a, b| a.0 == b.0) {
            add_person(person, &people, &mut shares);
        }
        shares.sort_unstable_by_key(|(group, person, _)| (*group, *person));
        let mut merged: Vec<(u32, u32, Share)> = Vec::with_capacity(shares.len());
        for (group, person, share) in shares {
            match merged.last_mut() {
                Some(last) if (last.0, last.1) == (group, person) => last.2.add(share),
                _ => merged.push((group, person, share)),
            }
        }
        Split { shares: merged }
    }

    fn of_group(&self, group: u32) -> &[(u32, u32, Share)] {
        let from = self.shares.partition_point(|share| share.0 < group);
        let to = self.shares.partition_point(|share| share.0 <= group);
        &self.shares[from..to]
    }

    fn total(&self, group: u32) -> Share {
        let mut sum = Share::default();
        self.of_group(group).iter().for_each(|(_, _, share)| sum.add(*share));
        sum
    }

    /// Everybody by what they bring to `group` and to the whole.
    fn people(&self, group: u32, everybody: &Split) -> People {
        let mut own = self.of_group(group).iter().peekable();
        let mut people = People::new();
        for (_, person, all) in &everybody.shares {
            let share = own.next_if(|(_, who, _)| who == person).map_or(Share::default(), |(_, _, share)| *share);
            if !(share.is_nothing() && all.is_nothing()) {
                *people.entry((share, *all)).or_insert(0) += 1;
            }
        }
        people
    }
}

/// Sizes of the people found, whole and by group.
struct FoundPeople {
    size: Vec<u64>,
    /// (found person, group, records), sorted.
    of_group: Vec<(u32, u32, u64)>,
}

impl FoundPeople {
    fn of(rows: &[(u32, u32, u32)]) -> FoundPeople {
        let mut pairs: Vec<(u32, u32)> = rows.iter().map(|(_, found, group)| (*found, *group)).collect();
        pairs.sort_unstable();
        let mut size = vec![0; pairs.last().map_or(0, |last| last.0 as usize + 1)];
        let mut of_group = Vec::new();
        for same in pairs.chunk_by(|a, b| a == b) {
            size[same[0].0 as usize] += same.len() as u64;
            of_group.push((same[0].0, same[0].1, same.len() as u64));
        }
        FoundPeople { size, of_group }
    }

    fn groups(&self, found: u32) -> &[(u32, u32, u64)] {
        let from = self.of_group.partition_point(|one| one.0 < found);
        let to = self.of_group.partition_point(|one| one.0 <= found);
        &self.of_group[from..to]
    }
}

/// Pairs of `size` records of which at least one is among `own`.
fn touching(size: u64, own: u64) -> u64 {
    pairs_within(size) - pairs_within(size - own)
}

/// Adds what one true person's rows, sorted by found person and group, bring to each group.
fn add_person(rows: &[(u32, u32, u32)], found: &FoundPeople, shares: &mut Vec<(u32, u32, Share)>) {
    let truth = rows[0].0;
    let mut own_groups: Vec<u32> = rows.iter().map(|row| row.2).collect();
    own_groups.sort_unstable();
    for same in own_groups.chunk_by(|a, b| a == b) {
        let pairs = touching(rows.len() as u64, same.len() as u64);
        shares.push((same[0], truth, Share { truth: pairs, ..Share::default() }));
    }
    for cell in rows.chunk_by(|a, b| a.1 == b.1) {
        let own = |group: u32| cell.iter().filter(|row| row.2 == group).count() as u64;
        let (size, all) = (cell.len() as u64, found.size[cell[0].1 as usize]);
        for &(_, group, held) in found.groups(cell[0].1) {
            let mine = own(group);
            let both = touching(size, mine);
            // Wrong pairs of this person's records with the others in the same found person, at least one of them the group's.
            let wrong = size * (all - size) - (size - mine) * ((all - held) - (size - mine));
            shares.push((group, truth, Share { truth: 0, both, found_twice: 2 * both + wrong }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Shares add up to the pairs that a naive count finds, group by group.
        #[test]
        fn shares_add_up(units in prop::collection::vec((0u32..7, 0u32..7, 0u32..3), 1..50)) {
            let known = Known::for_tests(
                units.iter().map(|unit| unit.0).collect(),
                units.iter().map(|unit| unit.1).collect(),
            );
            let keys: Vec<u32> = (0..units.len() as u32).collect();
            let codes: Vec<u32> = units.iter().map(|unit| unit.2).collect();
            let split = Split::of(&known, &known.found, &keys, &codes);
            for group in 0..3 {
                let (mut found, mut truth, mut both) = (0, 0, 0);
                for (at, a) in units.iter().enumerate() {
                    for b in units[at + 1..].iter().filter(|b| a.2 == group || b.2 == group) {
                        truth += u64::from(a.0 == b.0);
                        found += u64::from(a.1 == b.1);
                        both += u64::from(a.0 == b.0 && a.1 == b.1);
                    }
                }
                let sum = split.total(group);
                prop_assert_eq!((sum.truth, sum.both, sum.found_twice), (truth, both, 2 * found));
            }
        }
    }
}
