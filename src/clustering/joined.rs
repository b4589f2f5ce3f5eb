//! People from weights that another model gave: connected components, as Splink clusters, best link first and never against a guard.
//!
//! Here pairs are pairs of records, not of identities: an imported model looks at what was sent, which may differ within an identity.

use super::links::end_to_end;
use super::settled::{KeptApart, KeptBy};
use super::{Clustering, Counts, Edge, Partition, ReviewReason, Settled, UnionFind, pair_cut};
use crate::comparison::Pattern;
use crate::job::{ClusterSettings, Field};
use crate::model::{probability, weight_of};
use crate::records::{Identities, MISSING, Records};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;

/// Pairs below this probability are not kept as links.
pub const KEPT_FROM: f64 = 0.05;

/// A scored pair of records. They are named by their places in an order, left < right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPair {
    pub left: u32,
    pub right: u32,
    /// Log odds in 1/1024 bit.
    pub weight: i64,
    pub pattern: Pattern,
}

/// What is kept of some scored pairs of records: 20 bytes for each that may join people, 24 for each pair of identities.
pub struct RecordPairs {
    strong: Vec<Strong>,
    /// Pairs of identities, each with the best of its records' pairs, ascending.
    links: Vec<Edge>,
}

/// A pair at or above the cut: its weight, both identities, smaller first, and the places of both records. The first stands first: identities
/// are numbered by content hash.
type Strong = (Reverse<i32>, u32, u32, u32, u32);

impl RecordPairs {
    /// Keeps scored pairs; `identity_of` has the identity of the record at each place.
    pub fn of(pairs: impl Iterator<Item = RecordPair> + Clone, identity_of: &[u32], cut: i64) -> RecordPairs {
        let identity = |place: u32| identity_of[place as usize];
        let of_two = |pair: &RecordPair| identity(pair.left) != identity(pair.right);
        // Counted first: lists that grow leave holes of every size behind, and all of them wait for the last.
        let mut strong = Vec::with_capacity(pairs.clone().filter(|pair| pair.weight >= cut).count());
        let mut links = Vec::with_capacity(pairs.clone().filter(of_two).count());
        for pair in pairs {
            let (a, b) = (identity(pair.left), identity(pair.right));
            let edge = Edge::of(a.min(b), a.max(b), pair.weight, pair.pattern);
            if pair.weight >= cut {
                strong.push((Reverse(edge.weight), edge.left, edge.right, pair.left, pair.right));
            }
            if a != b {
                links.push(edge);
            }
        }
        best_of_each(&mut links);
        links.shrink_to_fit();
        RecordPairs { strong, links }
    }
}

/// Sorts pairs of identities and leaves the best of each.
fn best_of_each(links: &mut Vec<Edge>) {
    let pair = |edge: &Edge| u64::from(edge.left) << 32 | u64::from(edge.right);
    links.sort_unstable_by_key(|edge| (pair(edge), Reverse(edge.weight), edge.pattern));
    links.dedup_by_key(|edge| (edge.left, edge.right));
}

/// Identities whose pairs are put together as one piece of work.
const IDENTITIES_PER_PART: u32 = 1 << 14;

/// The pairs of identities of all lists, each with the best, ascending. Never more than two copies of them stand at once.
fn merged(lists: Vec<Vec<Edge>>, identities: u32) -> Vec<Edge> {
    let part = |nth: u32| {
        let (from, to) = (nth * IDENTITIES_PER_PART, (nth + 1) * IDENTITIES_PER_PART);
        let mut links = Vec::new();
        for list in &lists {
            let place = |identity: u32| list.partition_point(|edge| edge.left < identity);
            links.extend_from_slice(&list[place(from)..place(to)]);
        }
        best_of_each(&mut links);
        links.shrink_to_fit();
        links
    };
    let parts: Vec<Vec<Edge>> =
        (0..identities.div_ceil(IDENTITIES_PER_PART)).into_par_iter().with_max_len(1).map(part).collect();
    drop(lists);
    end_to_end(parts)
}

/// Joins every pair at or above the cut; `found` is what was kept of all pairs that were `compared`, `order` has the record at each place.
/// `own_weight` is a record's weight against its own copy, in 1/1024 bit.
pub fn join_pairs(
    records: &Records,
    identities: &Identities,
    settled: &Settled,
    settings: &ClusterSettings,
    (found, order, compared): (Vec<RecordPairs>, &[u32], u64),
    own_weight: impl Fn(u32) -> i64 + Sync,
) -> Clustering {
    let cut = pair_cut(settings);
    let mut groups = Groups::of(records, identities, settled);
    let refused = groups.obey(settled);
    let (strong, links): (Vec<Vec<Strong>>, Vec<Vec<Edge>>) =
        found.into_iter().map(|RecordPairs { strong, links }| (strong, links)).unzip();
    let mut strong = end_to_end(strong);
    strong.par_sort_unstable();
    for &(Reverse(weight), _, _, left, right) in &strong {
        groups.join(order[left as usize], order[right as usize], i64::from(weight));
    }
    drop(strong);
    let mut counts = Counts { pairs_compared: compared, ..Counts::default() };
    (counts.components, counts.largest_component) = groups.union.sizes();
    let (partition, weakest) = groups.partition(identities);
    let of_identity = person_of_identity(&partition, identities);
    let mut links = merged(links, identities.len() as u32);
    links.par_iter_mut().for_each(|edge| {
        let person = of_identity[edge.left as usize];
        edge.same_person = person != MISSING && person == of_identity[edge.right as usize];
    });
    counts.links = links.iter().filter(|edge| i64::from(edge.weight) >= cut).count() as u64;
    let review = review(&groups, &links, weight_of(settings.review_from).min(cut));
    let mut bare = vec![true; partition.people as usize];
    let own: Vec<bool> = (0..records.len() as u32)
        .into_par_iter()
        .map(|record| partition.person[record as usize] != MISSING && own_weight(record) >= cut)
        .collect();
    (0..records.len()).filter(|&record| own[record]).for_each(|record| {
        bare[partition.person[record] as usize] = false;
    });
    let review = groups.with_reasons(review, &links, &refused);
    let refused = refused.into_iter().map(|(_, _, why)| why).collect();
    let right = weakest.iter().map(|weight| weight.map_or(1.0, probability)).collect();
    Clustering { partition, links, review, weakest, right, bare, refused, counts }
}

/// Nobody linked with anybody by evidence, where nothing can be compared; rows of one record_id stay together, and decisions are obeyed.
pub fn everyone_alone(records: &Records, identities: &Identities, settled: &Settled) -> Clustering {
    let mut groups = Groups::of(records, identities, settled);
    let refused = groups.obey(settled).into_iter().map(|(_, _, why)| why).collect();
    let (partition, weakest) = groups.partition(identities);
    let bare = vec![true; partition.people as usize];
    let right = vec![1.0; partition.people as usize];
    Clustering {
        partition,
        links: Vec::new(),
        review: Vec::new(),
        weakest,
        right,
        bare,
        refused,
        counts: Counts::default(),
    }
}

/// Records while they are joined.
struct Groups<'a> {
    identities: &'a Identities,
    union: UnionFind,
    /// By root: the lowest weight that joined it; [`i64::MAX`] where none had to.
    weakest: Vec<i64>,
    /// By root: a verified NHS number of it, as a code.
    number: Vec<u32>,
    kept_apart: KeptApart,
    /// By root: its identities that stand in `kept_apart`.
    named: FxHashMap<u32, Vec<u32>>,
    /// By record key: its first record, or [`MISSING`].
    first: Vec<u32>,
}

impl<'a> Groups<'a> {
    /// Every record alone, but rows of one record_id together.
    fn of(records: &Records, identities: &'a Identities, settled: &Settled) -> Groups<'a> {
        let kept_apart = settled.kept_apart(records, identities);
        let kept: FxHashSet<u32> = kept_apart.keys().flat_map(|&(a, b)| [a, b]).collect();
        let numbers = records.clean.get(&Field::NhsNumber);
        let number = |record: usize| match numbers {
            Some(column) if records.number_verified[record] => column.code(record),
            _ => MISSING,
        };
        let mut groups = Groups {
            identities,
            union: UnionFind::new(records.len()),
            weakest: vec![i64::MAX; records.len()],
            number: (0..records.len()).map(number).collect(),
            named: FxHashMap::default(),
            first: vec![MISSING; records.key.iter().max().map_or(0, |&key| key as usize + 1)],
            kept_apart,
        };
        for record in 0..records.len() as u32 {
            let identity = identities.of_record[record as usize];
            if identity == MISSING {
                continue;
            }
            if kept.contains(&identity) {
                groups.named.insert(record, vec![identity]);
            }
            match &mut groups.first[records.key[record as usize] as usize] {
                first if *first == MISSING => *first = record,
                &mut known => groups.merge(known, record, i64::MAX),
            }
        }
        groups
    }

    /// Joins what humans have decided to be one person; gives the records of the decisions that cannot be obeyed, and why.
    fn obey(&mut self, settled: &Settled) -> Vec<(u32, u32, ReviewReason)> {
        let mut refused = Vec::new();
        for (a, b) in &settled.one_person {
            let first = |key: u32| self.first.get(key as usize).copied().filter(|&record| record != MISSING);
            let (Some(a), Some(b)) = (first(*a), first(*b)) else { continue };
            let roots = (self.union.find(a), self.union.find(b));
            let why = match self.kept_apart(roots.0, roots.1) {
                Some(KeptBy::Authority) => Some(ReviewReason::DecisionAgainstNeverLink),
                Some(KeptBy::Decision) => Some(ReviewReason::DecisionsContradict),
                None => self.two_numbers(roots.0, roots.1).then_some(ReviewReason::DecisionAgainstNumbers),
            };
            match why {
                Some(why) => refused.push((a, b, why)),
                None => self.merge(a, b, i64::MAX),
            }
        }
        refused
    }

    fn join(&mut self, left: u32, right: u32, weight: i64) {
        let (a, b) = (self.union.find(left), self.union.find(right));
        if a != b && !self.two_numbers(a, b) && self.kept_apart(a, b).is_none() {
            self.merge(a, b, weight);
        }
    }

    fn two_numbers(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.number[a as usize], self.number[b as usize]);
        a != MISSING && b != MISSING && a != b
    }

    /// Who keeps two groups apart, if anybody.
    fn kept_apart(&self, a: u32, b: u32) -> Option<KeptBy> {
        let (a, b) = (self.named.get(&a)?, self.named.get(&b)?);
        let pairs = a.iter().flat_map(|&x| b.iter().map(move |&y| (x.min(y), x.max(y))));
        pairs.filter_map(|pair| self.kept_apart.get(&pair).copied()).min()
    }

    /// The pairs for review with those of refused decisions, as far as the two were compared.
    fn with_reasons(
        &self,
        review: Vec<(u32, ReviewReason)>,
        links: &[Edge],
        refused: &[(u32, u32, ReviewReason)],
    ) -> Vec<(u32, ReviewReason)> {
        let identity = |record: u32| self.identities.of_record[record as usize];
        let of_identities = |&(a, b, why): &(u32, u32, ReviewReason)| {
            let (a, b) = (identity(a), identity(b));
            (a.min(b), a.max(b), why)
        };
        super::with_reasons(review, links, &refused.iter().map(of_identities).collect::<Vec<_>>())
    }

    fn merge(&mut self, a: u32, b: u32, weight: i64) {
        let (a, b) = (self.union.find(a), self.union.find(b));
        self.union.join(a, b);
        let root = self.union.find(a);
        let other = if root == a { b } else { a };
        self.weakest[root as usize] = self.weakest[a as usize].min(self.weakest[b as usize]).min(weight);
        if self.number[root as usize] == MISSING {
            self.number[root as usize] = self.number[other as usize];
        }
        if let Some(named) = self.named.remove(&other) {
            self.named.entry(root).or_default().extend(named);
        }
    }

    /// People numbered in the order of first appearance, and the weakest join of each.
    fn partition(&mut self, identities: &Identities) -> (Partition, Vec<Option<i64>>) {
        let mut number_of = vec![MISSING; identities.of_record.len()];
        let (mut person, mut weakest) = (vec![MISSING; identities.of_record.len()], Vec::new());
        for record in (0..person.len()).filter(|&record| identities.of_record[record] != MISSING) {
            let root = self.union.find(record as u32);
            if number_of[root as usize] == MISSING {
                number_of[root as usize] = weakest.len() as u32;
                let lowest = self.weakest[root as usize];
                weakest.push((lowest < i64::MAX).then_some(lowest));
            }
            person[record] = number_of[root as usize];
        }
        let people = weakest.len() as u32;
        (Partition { person, people }, weakest)
    }
}

/// The person of each identity whose records are all of one person; [`MISSING`] for the others.
fn person_of_identity(partition: &Partition, identities: &Identities) -> Vec<u32> {
    let of = |identity: u32| {
        let members = identities.members(identity);
        let first = partition.person[members[0] as usize];
        let same = members.iter().all(|&record| partition.person[record as usize] == first);
        if same { first } else { MISSING }
    };
    (0..identities.len() as u32).into_par_iter().map(of).collect()
}

/// Pairs from `from` on that stayed apart, by place in `links`, but for those that an authority keeps apart.
fn review(groups: &Groups, links: &[Edge], from: i64) -> Vec<(u32, ReviewReason)> {
    let number = |identity: u32| groups.number[groups.identities.example(identity)];
    let reason = |(at, edge): (usize, &Edge)| {
        if edge.same_person || i64::from(edge.weight) < from || groups.kept_apart.contains_key(&(edge.left, edge.right))
        {
            return None;
        }
        let (a, b) = (number(edge.left), number(edge.right));
        let two = a != MISSING && b != MISSING && a != b;
        let reason = if two { ReviewReason::PossibleDuplicateRegistration } else { ReviewReason::GreyZone };
        Some((at as u32, reason))
    };
    links.par_iter().enumerate().filter_map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Column;

    /// Records with these names and verified NHS numbers ("" for none), each with a record_id of its own.
    fn records(values: &[(&str, &str)]) -> Records {
        let column = |pick: &dyn Fn(&(&str, &str)) -> String| {
            let mut column = Column::default();
            for value in values.iter().map(pick) {
                column.codes.push(if value.is_empty() { MISSING } else { column.values.intern(&value) });
            }
            column
        };
        let mut records = Records {
            provider: vec![0; values.len()],
            key: (0..values.len() as u32).collect(),
            number_verified: vec![true; values.len()],
            ..Records::default()
        };
        records.clean.insert(Field::GivenName, column(&|(name, _)| (*name).to_string()));
        records.clean.insert(Field::NhsNumber, column(&|(_, number)| (*number).to_string()));
        records
    }

    fn joined(records: &Records, settled: &Settled, pairs: &[(u32, u32, i64)]) -> Clustering {
        let identities = Identities::of(records, &[], |_| true);
        let pair = |&(left, right, bits): &(u32, u32, i64)| RecordPair { left, right, weight: bits * 1024, pattern: 0 };
        let (order, settings) = ((0..records.len() as u32).collect::<Vec<u32>>(), ClusterSettings::default());
        // One list a pair: what is kept of each is put together.
        let of = |one: &(u32, u32, i64)| {
            RecordPairs::of([pair(one)].into_iter(), &identities.of_record, pair_cut(&settings))
        };
        let found: Vec<RecordPairs> = pairs.iter().map(of).collect();
        join_pairs(records, &identities, settled, &settings, (found, &order, pairs.len() as u64), |_| 10 * 1024)
    }

    #[test]
    fn links_join_and_the_weakest_is_told() {
        let records = records(&[("ann", ""), ("anne", ""), ("anna", ""), ("bob", "")]);
        let clustering = joined(&records, &Settled::default(), &[(0, 1, 9), (1, 2, 6), (2, 3, 3)]);
        assert_eq!(clustering.partition.person, [0, 0, 0, 1]);
        assert_eq!(clustering.weakest, [Some(6 * 1024), None]);
        assert_eq!(clustering.counts.links, 2);
        assert_eq!(clustering.review.len(), 1, "3 bits are a grey zone");
        assert_eq!(clustering.review[0].1, ReviewReason::GreyZone);
    }

    #[test]
    fn two_verified_numbers_never_meet_in_one_person() {
        let records = records(&[("ann", "9990000018"), ("anne", ""), ("anna", "9990000026")]);
        let clustering = joined(&records, &Settled::default(), &[(0, 1, 9), (1, 2, 20), (0, 2, 30)]);
        assert_eq!(clustering.partition.person, [0, 1, 1], "the better link wins the middle record");
        let reasons: Vec<ReviewReason> = clustering.review.iter().map(|(_, reason)| *reason).collect();
        assert!(reasons.contains(&ReviewReason::PossibleDuplicateRegistration), "{reasons:?}");
    }

    #[test]
    fn what_an_authority_keeps_apart_stays_apart_through_others_too() {
        let records = records(&[("ann", ""), ("anne", ""), ("anna", "")]);
        let never = Settled { record_keys: vec![(0, 2)], ..Settled::default() };
        let clustering = joined(&records, &never, &[(0, 1, 9), (1, 2, 8), (0, 2, 30)]);
        assert_eq!(clustering.partition.person, [0, 0, 1]);
        let shown = clustering.review.iter().map(|(at, _)| clustering.links[*at as usize]);
        let identities = Identities::of(&records, &[], |_| true);
        let kept = [identities.of_record[0], identities.of_record[2]];
        assert!(shown.into_iter().all(|edge| [edge.left, edge.right] != [kept[0].min(kept[1]), kept[0].max(kept[1])]));
    }

    #[test]
    fn rows_of_one_record_id_are_one_person() {
        let mut records = records(&[("ann", ""), ("zoe", "")]);
        records.key = vec![7, 7];
        let clustering = joined(&records, &Settled::default(), &[]);
        assert_eq!(clustering.partition.people, 1);
    }
}
