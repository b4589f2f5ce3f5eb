//! Nodes: identities, or the single records of an identity that says too little to be one person by itself.

use super::contexts::Levels;
use super::in_place::{add_each, put_in_order};
use super::judged::{judge, judge_pattern};
use super::links::units32;
use super::merges::LOWEST;
use super::pass::NodeEdge;
use super::scored::{EDGES_AT_ONCE, ScoredPairs};
use super::{Edge, Evidence};
use crate::model::UNITS_PER_BIT;
use crate::records::{MISSING, Numbers, Records};
use rayon::prelude::*;
use std::io;
use std::ops::Range;

/// Rows of one record_id contradict each other when their evidence, the prior left out, is below this many bits.
const CONTRADICTION_BITS: f64 = -12.0;

/// Copies of one bare identity up to which their own pairs are listed.
const COPIES_MAX: usize = 20;
/// Pairs of nodes that one pair of identities may stand for.
const EXPANDED_MAX: usize = 100;
/// Identities that nodes are made of as one piece of work, and such pieces at once.
const IDENTITIES_PER_PIECE: usize = 1 << 16;
const PIECES_AT_ONCE: usize = 16;
/// Pairs of identities whose context is looked up as one piece of work.
const EDGES_PER_CHUNK: usize = 1 << 12;
/// Stands for no pair of nodes.
const NOTHING: NodeEdge = NodeEdge { left: MISSING, right: MISSING, weight: 0, forbidden: false };

/// What is agglomerated.
pub(super) struct Nodes {
    /// Which identities have nodes.
    numbers: Numbers,
    list: List,
}

/// The nodes of ascending identities.
struct List {
    identity: Vec<u32>,
    /// Records the node stands for in averages.
    weight: Vec<u32>,
    /// For nodes of split identities: the record key.
    key: Vec<u32>,
    /// First node of each identity that has any, and the end; a split one has a run of them, one a record key.
    first: Vec<u32>,
    split: Vec<bool>,
    bare: Vec<bool>,
}

impl Nodes {
    /// An identity that several record keys share is one node only where agreeing with its own copy reaches the cut; two
    /// "james taylor" without a date stay two.
    pub fn of(evidence: &Evidence, cut: i64) -> Nodes {
        Nodes::with(evidence, cut, |_| true, |_| true)
    }

    /// The same of the identities that are `wanted`, and of those that a pass over them would look at as well: whose copies are pairs, who share a
    /// record_id with others, who are kept apart. The others have no node: each would stand alone, whatever is joined.
    pub fn among(evidence: &Evidence, cut: i64, wanted: impl Fn(u32) -> bool + Sync) -> Nodes {
        let besides = looked_at_besides(evidence);
        let may_split = |identity: u32| evidence.identities.members(identity).len() > 1;
        let looked_at = |identity: u32| wanted(identity) || besides[identity as usize];
        Nodes::with(evidence, cut, |identity| looked_at(identity) || may_split(identity), looked_at)
    }

    /// The same of the identities that are `wanted`, and of no others.
    pub fn only(evidence: &Evidence, cut: i64, wanted: impl Fn(u32) -> bool + Sync) -> Nodes {
        Nodes::with(evidence, cut, &wanted, &wanted)
    }

    /// Nodes of the identities that are `wanted`, and of those that are split among those that are asked whether they are.
    fn with(
        evidence: &Evidence,
        cut: i64,
        asked: impl Fn(u32) -> bool + Sync,
        wanted: impl Fn(u32) -> bool + Sync,
    ) -> Nodes {
        let count = evidence.identities.len();
        let bareness = Bareness { evidence, cut };
        let numbers =
            Numbers::those(count, |identity| wanted(identity) || asked(identity) && bareness.keys(identity).len() > 1);
        let piece = |&from: &usize| {
            let mut list = List::default();
            for identity in from..(from + IDENTITIES_PER_PIECE).min(count) {
                if numbers.has(identity as u32) {
                    list.add(&bareness, identity as u32);
                }
            }
            list
        };
        let mut list = List::default();
        let pieces: Vec<usize> = (0..count).step_by(IDENTITIES_PER_PIECE).collect();
        for some in pieces.chunks(PIECES_AT_ONCE) {
            let some: Vec<List> = some.par_iter().with_max_len(1).map(piece).collect();
            some.into_iter().for_each(|piece| list.append(piece));
        }
        Nodes { numbers, list }
    }

    /// Identities without a node that stand for several records.
    pub fn copies_beside<'e>(&'e self, evidence: &'e Evidence) -> impl ParallelIterator<Item = u32> + 'e {
        let all = (0..evidence.identities.len() as u32).into_par_iter();
        all.filter(|&identity| self.run(identity).is_empty() && evidence.identities.count(identity) > 1)
    }

    pub fn len(&self) -> usize {
        self.list.identity.len()
    }

    pub fn identity(&self, node: u32) -> u32 {
        self.list.identity[node as usize]
    }

    pub fn weight(&self, node: u32) -> i64 {
        i64::from(self.list.weight[node as usize])
    }

    pub fn is_split(&self, identity: u32) -> bool {
        self.numbers.get(identity).is_some_and(|number| self.list.split[number as usize])
    }

    pub fn is_bare(&self, node: u32) -> bool {
        self.numbers.get(self.identity(node)).is_some_and(|number| self.list.bare[number as usize])
    }

    /// The records of a node.
    pub fn records_of<'e>(&self, evidence: &'e Evidence, node: u32) -> impl Iterator<Item = u32> + 'e {
        let identity = self.identity(node);
        let key = self.is_split(identity).then(|| self.list.key[node as usize]);
        let members = evidence.identities.members(identity).iter().copied();
        members.filter(move |&record| key.is_none_or(|key| evidence.records.key[record as usize] == key))
    }

    /// The node of a record; `None` where it was kept out of linking or its identity has none.
    pub fn of_record(&self, evidence: &Evidence, record: usize) -> Option<u32> {
        let identity = evidence.identities.of_record[record];
        if identity == MISSING {
            return None;
        }
        let (run, keys) = (self.run(identity), &self.list.key);
        if !self.is_split(identity) {
            return (!run.is_empty()).then_some(run.start as u32);
        }
        let place = keys[run.clone()].binary_search(&evidence.records.key[record]);
        Some((run.start + place.expect("a split identity has a node for each of its keys")) as u32)
    }

    /// The nodes of an identity.
    pub fn run(&self, identity: u32) -> Range<usize> {
        self.numbers.get(identity).map_or(0..0, |number| self.list.run(number as usize))
    }

    /// The kept pairs between nodes, ascending, each as it counts in averages. A split identity's copies are pairs too, where it has at
    /// most [`COPIES_MAX`]; two split identities with more pairs than [`EXPANDED_MAX`] say too little to be worth listing.
    pub fn edges(&self, evidence: &Evidence, edges: &[Edge]) -> Vec<NodeEdge> {
        let mut found = Vec::with_capacity(with_contexts(edges.len()));
        edges.chunks(EDGES_AT_ONCE).for_each(|some| self.list(evidence, some, &mut found));
        self.listed(evidence, found)
    }

    /// The same of pairs that may wait elsewhere.
    pub fn edges_of(&self, evidence: &Evidence, pairs: &ScoredPairs) -> io::Result<Vec<NodeEdge>> {
        let mut found = Vec::with_capacity(with_contexts(pairs.len()));
        pairs.each(|some| self.list(evidence, some, &mut found))?;
        Ok(self.listed(evidence, found))
    }

    /// Adds what stands between the nodes of some pairs. A pair with a split end is looked at twice, and few have one: of 1.8 M pairs each takes about
    /// 0.1 µs for its judgement, on any thread, and 16 bytes that are written once.
    fn list(&self, evidence: &Evidence, some: &[Edge], found: &mut Vec<NodeEdge>) {
        let weighed = |edge: &Edge| {
            let judged = judge_pattern(evidence, edge.left, edge.right, edge.pattern);
            (units32(judged.in_average), judged.forbidden())
        };
        let one = |edge: &Edge| {
            let (a, b) = (self.run(edge.left), self.run(edge.right));
            if (a.len(), b.len()) != (1, 1) {
                return None;
            }
            let (weight, forbidden) = weighed(edge);
            let between = NodeEdge { left: a.start as u32, right: b.start as u32, weight, forbidden };
            Some(between).filter(counts)
        };
        let several = |edge: &Edge| {
            let (a, b) = (self.run(edge.left), self.run(edge.right));
            let listed = (2..=EXPANDED_MAX).contains(&(a.len() * b.len()));
            let between = listed.then(|| {
                let (weight, forbidden) = weighed(edge);
                a.flat_map(move |x| {
                    b.clone().map(move |y| NodeEdge { left: x as u32, right: y as u32, weight, forbidden })
                })
            });
            between.into_iter().flatten().filter(counts)
        };
        add_each(found, some, NOTHING, one, several);
    }

    /// What was listed with what needs no scored pair, in order.
    fn listed(&self, evidence: &Evidence, mut found: Vec<NodeEdge>) -> Vec<NodeEdge> {
        let split = (0..self.list.split.len()).filter(|&number| self.list.split[number]);
        for run in split.map(|number| self.list.run(number)).filter(|run| run.len() <= COPIES_MAX) {
            let identity = self.list.identity[run.start];
            let weight = units32(judge(evidence, identity, identity).in_average);
            let pairs = run.clone().flat_map(|x| (x + 1..run.end).map(move |y| (x as u32, y as u32)));
            found.extend(pairs.map(|(left, right)| NodeEdge { left, right, weight, forbidden: false }).filter(counts));
        }
        // Pairs that are kept apart hold in groups too large for a matrix as well, where only listed pairs are looked at.
        for (left, right) in evidence.guards.kept_apart() {
            let runs = self.run(left).flat_map(|x| self.run(right).map(move |y| (x as u32, y as u32)));
            found.extend(runs.filter(|(left, right)| left < right).map(|(left, right)| NodeEdge {
                left,
                right,
                weight: units32(LOWEST),
                forbidden: true,
            }));
        }
        // Pairs ascend as their identities do, but for those of split ones and what came last.
        put_in_order(&mut found);
        found.dedup_by(|later, earlier| {
            let same = (later.left, later.right) == (earlier.left, earlier.right);
            earlier.weight = if same { earlier.weight.max(later.weight) } else { earlier.weight };
            same
        });
        found
    }

    /// The context of the kept pairs, by place: the highest among their nodes. `levels` are those of `scored`, the pairs of nodes.
    pub fn contexts(&self, pairs: &ScoredPairs, scored: &[NodeEdge], levels: &Levels) -> io::Result<Levels> {
        let of_chunk = |chunk: &[Edge]| {
            // Both ascend, and nodes ascend with their identities: only the first of a chunk has to be looked for.
            let before = |scored: &NodeEdge, node: usize| (scored.left as usize) < node;
            let first = self.run(chunk[0].left).start;
            let mut from = scored.partition_point(|scored| before(scored, first));
            let of_edge = |edge: &Edge| {
                let (a, b) = (self.run(edge.left), self.run(edge.right));
                from += scored[from..].iter().take_while(|scored| before(scored, a.start)).count();
                let own = (from..scored.len()).take_while(|&at| before(&scored[at], a.end));
                own.filter(|&at| b.contains(&(scored[at].right as usize))).filter_map(|at| levels.at(at)).max()
            };
            chunk.iter().map(of_edge).collect::<Vec<Option<u8>>>()
        };
        let mut all = Levels::default();
        pairs.each(|some| {
            let found: Vec<Vec<Option<u8>>> = some.par_chunks(EDGES_PER_CHUNK).with_max_len(1).map(of_chunk).collect();
            all.extend(found.into_iter().flatten());
        })?;
        Ok(all)
    }

    /// Nodes that hold rows of one record_id (`rows`, as [`of_one_record`] gives them) and do not contradict each other; and how many do.
    pub fn same_record(&self, evidence: &Evidence, rows: &[(u32, u32)]) -> (Vec<(u32, u32)>, u64) {
        let node = |record: u32| self.of_record(evidence, record as usize);
        let of_rows = |&(first, other): &(u32, u32)| Some((node(first)?, node(other)?));
        let mut pairs: Vec<(u32, u32)> =
            rows.par_iter().filter_map(of_rows).map(|(a, b)| (a.min(b), a.max(b))).collect();
        pairs.par_sort_unstable();
        pairs.dedup();
        let agree = |&(a, b): &(u32, u32)| are_one_record(evidence, self.identity(a), self.identity(b));
        let kept: Vec<(u32, u32)> = pairs.par_iter().copied().filter(agree).collect();
        let reused = (pairs.len() - kept.len()) as u64;
        (kept, reused)
    }
}

impl Default for List {
    fn default() -> List {
        List {
            identity: Vec::new(),
            weight: Vec::new(),
            key: Vec::new(),
            first: vec![0],
            split: Vec::new(),
            bare: Vec::new(),
        }
    }
}

impl List {
    /// Adds the nodes of the next identity.
    fn add(&mut self, bareness: &Bareness, identity: u32) {
        let keys = bareness.keys(identity);
        let is_split = keys.len() > 1;
        if is_split {
            keys.into_iter().for_each(|key| self.push(identity, 1, key));
        } else {
            self.push(identity, bareness.evidence.identities.count(identity).max(1), MISSING);
        }
        self.first.push(self.identity.len() as u32);
        self.split.push(is_split);
        self.bare.push(bareness.is_bare(identity));
    }

    fn push(&mut self, identity: u32, weight: u32, key: u32) {
        self.identity.push(identity);
        self.weight.push(weight);
        self.key.push(key);
    }

    /// Adds the nodes of identities that come after all that are here.
    fn append(&mut self, piece: List) {
        let before = self.identity.len() as u32;
        self.first.extend(piece.first[1..].iter().map(|first| before + first));
        self.identity.extend(piece.identity);
        self.weight.extend(piece.weight);
        self.key.extend(piece.key);
        self.split.extend(piece.split);
        self.bare.extend(piece.bare);
    }

    /// The nodes of the identity with a number among those that have any.
    fn run(&self, number: usize) -> Range<usize> {
        self.first[number] as usize..self.first[number + 1] as usize
    }
}

/// Tells which identities say too little to be one person by themselves: agreeing with their own copies does not reach `cut`.
struct Bareness<'a> {
    evidence: &'a Evidence<'a>,
    cut: i64,
}

impl Bareness<'_> {
    fn is_bare(&self, identity: u32) -> bool {
        self.evidence.scorer.weight(self.evidence.comparisons.pattern(identity, identity)) < self.cut
    }

    /// The record keys that a bare identity is split into; fewer than two of one that is not split.
    fn keys(&self, identity: u32) -> Vec<u32> {
        let Evidence { records, identities, .. } = self.evidence;
        let members = identities.members(identity);
        if members.len() > 1 && self.is_bare(identity) { keys_of(records, members) } else { Vec::new() }
    }
}

/// Rows of one record_id that have different identities: the first of them, beside each of the others.
pub(super) fn of_one_record(evidence: &Evidence) -> Vec<(u32, u32)> {
    let Evidence { records, identities, .. } = evidence;
    let mut first = vec![MISSING; records.key.iter().max().map_or(0, |&key| key as usize + 1)];
    let mut rows = Vec::new();
    for (record, (&key, &identity)) in records.key.iter().zip(&identities.of_record).enumerate() {
        let first = &mut first[key as usize];
        if identity == MISSING {
            continue;
        } else if *first == MISSING {
            *first = record as u32;
        } else if identities.of_record[*first as usize] != identity {
            rows.push((*first, record as u32));
        }
    }
    rows
}

/// Whether two identities that have rows of one record_id may be the same person.
pub(super) fn are_one_record(evidence: &Evidence, left: u32, right: u32) -> bool {
    let floor = ((CONTRADICTION_BITS + evidence.scorer.prior_bits()) * UNITS_PER_BIT) as i64;
    let pattern = evidence.pattern(left.min(right), left.max(right));
    !evidence.guards.judge(evidence, left, right, pattern).forbids() && evidence.scorer.weight(pattern) >= floor
}

/// Whether a pair of nodes says more than one that nobody scored.
fn counts(edge: &NodeEdge) -> bool {
    i64::from(edge.weight) > LOWEST
}

/// Contexts add some pairs of nodes: without room for them all would be copied.
fn with_contexts(pairs: usize) -> usize {
    pairs + pairs / 8
}

/// By identity, whether a record_id of its is that of others as well, or it is kept apart from somebody.
fn looked_at_besides(evidence: &Evidence) -> Vec<bool> {
    let Evidence { records, identities, .. } = evidence;
    let mut besides = vec![false; identities.len()];
    let mut first = vec![MISSING; records.key.iter().max().map_or(0, |&key| key as usize + 1)];
    for (&key, &identity) in records.key.iter().zip(&identities.of_record).filter(|(_, identity)| **identity != MISSING)
    {
        let known = &mut first[key as usize];
        if *known == MISSING {
            *known = identity;
        } else if *known != identity {
            besides[*known as usize] = true;
            besides[identity as usize] = true;
        }
    }
    for (left, right) in evidence.guards.kept_apart() {
        besides[left as usize] = true;
        besides[right as usize] = true;
    }
    besides
}

fn keys_of(records: &Records, members: &[u32]) -> Vec<u32> {
    let mut keys: Vec<u32> = members.iter().map(|&record| records.key[record as usize]).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
