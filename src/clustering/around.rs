//! Joining only what is around some records: what finds the other rows of people who object, without linking everybody.
//!
//! Who is one person with them is decided as for everybody, context and all; so everything is gathered that this hangs on. *Core* are the
//! identities that a chain of pairs may join to the seeds, each with all its scored pairs; *ring* those of whom a scored pair with the core says
//! that context may join them to it ([`super::beside`]), with their whole first clusters, which are the context of such a pair. Where context would join the
//! ring to the core, the core grows, and what is new in it is looked at with whoever shares a pair with it. In the end people are made of the core alone,
//! since its first clusters are within it. Nobody else has a node: in a large population most of the work would be numbering those who are joined to nobody.
//!
//! In a large population most identities hang together by chains of weak pairs. The second pass cuts what is too large for it along its weakest
//! pairs; so chains are followed from the strongest pair on, and weak ones only until as many hang together as that pass looks at. Back of an
//! envelope, 10,000 seeds: at most 200 identities each with some 25 neighbours of 0.5 µs, 25 CPU seconds; mostly there are ten, and it is one.

use super::beside::Core;
use super::context::level_of;
use super::contexts::Contexts;
use super::decided::Together;
use super::hanging::{By, Hanging};
use super::links::Edge;
use super::merges::LOWEST;
use super::near::Near;
use super::nodes::{Nodes, are_one_record, of_one_record};
use super::pass::{NodeEdge, Way};
use super::rounds::Rounds;
use super::{Evidence, Known, Population, Sets, pair_cut, pass, pooled_bar, unscored};
use crate::blocking::{Memberships, Met};
use crate::comparison::Batch;
use crate::model::{ContextWeights, Decision};
use crate::records::{MISSING, Numbers};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Identities whose chains are followed as one piece of work, at most.
const SEEDS_PER_CHUNK: usize = 1 << 10;

/// How near an identity is to the seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Outside,
    Ring,
    Core,
}

/// Finds the people of the records marked in `seeds`: by record a number of its person, [`MISSING`] where the record is not near any of them. Whoever is
/// one person with a seed has its number and nobody else has; what other numbers join means nothing.
///
/// Joining people is a matter of one component at a time: clustering what is gathered here as `decision` says gives the people of the seeds
/// as clustering everybody would, but for components that are too large for the second pass: those are cut by what stands near the seeds.
pub fn people_around(evidence: &Evidence, blocks: &Memberships, decision: &Decision, seeds: &[bool]) -> Vec<u32> {
    let mut around = Around::new(evidence, blocks, decision);
    let of_record = &evidence.identities.of_record;
    let mut next: Vec<u32> = (0..seeds.len()).filter(|&at| seeds[at]).map(|at| of_record[at]).collect();
    next.retain(|&identity| identity != MISSING);
    while !next.is_empty() {
        let new = around.take_in(&next);
        next = around.beyond(&new);
    }
    around.people()
}

/// What was gathered so far.
struct Around<'a> {
    evidence: &'a Evidence<'a>,
    blocks: &'a Memberships,
    decision: &'a Decision,
    /// Rows of one record_id, as [`of_one_record`] gives them.
    rows: Vec<(u32, u32)>,
    /// Pairs of identities that may be joined before all evidence, each both ways, ascending.
    joined: Vec<(u32, u32)>,
    /// The pairs of those that are not outside stand in `edges`.
    place: Vec<Place>,
    /// Ascending.
    edges: Vec<Edge>,
    rounds: Rounds,
}

/// How far chains are followed, in 1/1024 bit.
#[derive(Clone, Copy)]
struct Bars {
    /// Pairs from this weight on are followed up to [`pass::MATRIX_MAX`] identities.
    near: i64,
    /// From this one on they are followed however many there are.
    far: i64,
}

/// A thread that walks from identity to identity, and what it has found.
#[derive(Default)]
struct Walk {
    met: Met,
    batch: Batch,
    taken: Vec<u32>,
    edges: Vec<Edge>,
    /// To whom chains go on from the identity that was looked at last, and by what weight.
    near: Vec<(u32, i64)>,
}

/// What hangs together with some identities.
#[derive(Default)]
struct Chained {
    /// Ascending.
    identities: Vec<u32>,
    /// Their kept pairs, of those that are taken for more than they were, in any order.
    edges: Vec<Vec<Edge>>,
}

impl<'a> Around<'a> {
    fn new(evidence: &'a Evidence<'a>, blocks: &'a Memberships, decision: &'a Decision) -> Around<'a> {
        let rows = of_one_record(evidence);
        let joined = joined_before(evidence, &rows);
        let place = vec![Place::Outside; evidence.identities.len()];
        Around { evidence, blocks, decision, rows, joined, place, edges: Vec::new(), rounds: Rounds::default() }
    }

    /// Makes identities part of the core, and gathers what that brings with it. Gives all that have come into the core, ascending.
    fn take_in(&mut self, identities: &[u32]) -> Vec<u32> {
        let core = self.chains(identities, Place::Core, self.bars());
        let new = self.take(core, Place::Core);
        // Without context nothing hangs on what is beside the core.
        if let Some(weights) = &self.decision.context {
            let beside = self.beside(&new, weights);
            let ring = self.chains(&beside, Place::Ring, Bars { near: self.decision.first_cut, far: i64::MAX });
            self.take(ring, Place::Ring);
        }
        new
    }

    /// How far chains are followed that may join somebody to the core.
    fn bars(&self) -> Bars {
        let bar = pooled_bar(self.decision.cut);
        Bars { near: bar, far: self.decision.cut.max(bar) }
    }

    /// Whether the first clusters of the core are all within it.
    fn is_core_closed(&self) -> bool {
        self.decision.first_cut >= self.bars().near
    }

    /// Who is nowhere yet and may be joined to those that are new in the core once pairs have their context, ascending.
    fn beside(&self, new: &[u32], weights: &ContextWeights) -> Vec<u32> {
        let is_core = |identity: u32| self.place[identity as usize] == Place::Core;
        let is_outside = |identity: u32| self.place[identity as usize] == Place::Outside;
        let outside = |edge: &Edge| match (edge.left, edge.right) {
            (inside, outside) if is_core(inside) && is_outside(outside) => Some((outside, inside)),
            (outside, inside) if is_core(inside) && is_outside(outside) => Some((outside, inside)),
            _ => None,
        };
        if !self.is_core_closed() {
            let mut all: Vec<u32> = self.edges.par_iter().filter_map(outside).map(|(outside, _)| outside).collect();
            all.par_sort_unstable();
            all.dedup();
            return all;
        }
        let hanging = self.hanging(new, false);
        let gathered = self.gathered(|identity| is_core(identity) && hanging.has(identity));
        let known = Known::of(self.evidence.identities.len(), &gathered.edges);
        let evidence = &Evidence { known: Some(&known), ..*self.evidence };
        let scored = gathered.nodes.edges(evidence, &gathered.edges);
        let clusters = self.first_clusters(&gathered.population(evidence, &scored));
        let outside = |edge: &Edge| outside(edge).filter(|&(_, inside)| hanging.has(inside));
        let bars = self.bars();
        let least = bars.near - weights.most_up_to(level_of(bars.far as f64));
        Core::of(gathered.nodes, &clusters).beside(evidence, &self.edges, outside, least)
    }

    /// Which identities were gathered and may be in one first cluster with any of some identities; with `neighbours` also with any that shares
    /// a scored pair with one of these.
    fn hanging(&self, identities: &[u32], neighbours: bool) -> Hanging {
        let is_gathered = |identity: u32| self.place[identity as usize] > Place::Outside;
        let gathered = Numbers::those(self.place.len(), is_gathered);
        let by = By { pairs: &self.edges, bar: self.decision.first_cut, joined: &self.joined };
        Hanging::of(gathered, by, identities, neighbours)
    }

    /// What hangs together with any of some identities. Where a chain was followed to all its ends, none is begun again from within it.
    fn chains(&self, from: &[u32], place: Place, bars: Bars) -> Chained {
        let near = Near::default();
        let flags = || -> Vec<AtomicBool> { (0..self.place.len()).map(|_| AtomicBool::new(false)).collect() };
        let (known, scored) = (flags(), flags());
        // Whoever is taken for more than they were is asked once more who is beside them.
        let is_first = |at: u32| self.place[at as usize] < place && !scored[at as usize].swap(true, Relaxed);
        let is_first = &is_first;
        let chain = |mut walk: Walk, &seed: &u32| {
            if !known[seed as usize].load(Relaxed) {
                let before = walk.taken.len();
                let is_whole = self.chain(seed, (bars, &near), is_first, &mut walk);
                if is_whole {
                    walk.taken[before..].iter().for_each(|&identity| known[identity as usize].store(true, Relaxed));
                }
            }
            walk
        };
        let parts: Vec<Walk> = from.par_iter().with_max_len(SEEDS_PER_CHUNK).fold(Walk::default, chain).collect();
        let mut all = Chained::default();
        for Walk { taken, edges, .. } in parts {
            all.identities.extend(taken);
            all.edges.push(edges);
        }
        all.identities.par_sort_unstable();
        all.identities.dedup();
        all
    }

    /// Adds what hangs together with one identity: the strongest pairs are followed first, so that wherever it ends everything is there that
    /// hangs together by stronger ones. Says whether all is there. The pairs of those for whom `is_first` holds are kept on the way.
    fn chain(&self, seed: u32, (bars, near): (Bars, &Near), is_first: &impl Fn(u32) -> bool, walk: &mut Walk) -> bool {
        let mut reached = BinaryHeap::from([(i64::MAX, Reverse(seed))]);
        let (before, mut inside) = (walk.taken.len(), FxHashSet::default());
        while let Some((weight, Reverse(identity))) = reached.pop() {
            if walk.taken.len() - before >= pass::MATRIX_MAX && weight < bars.far {
                return false;
            }
            if !inside.insert(identity) {
                continue;
            }
            walk.taken.push(identity);
            if !near.take(identity, &mut walk.near) {
                self.look(identity, bars, is_first(identity), walk);
                near.put(identity, &walk.near);
            }
            let others = walk.near.iter().filter(|(other, _)| !inside.contains(other));
            reached.extend(others.map(|&(other, weight)| (weight, Reverse(other))));
            let joined = self.joined_to(identity).filter(|other| !inside.contains(other));
            reached.extend(joined.map(|other| (i64::MAX, Reverse(other))));
        }
        true
    }

    /// Scores the pairs of one identity: to whom chains go on from it is in the walk then, and its pairs where they are to be `kept`.
    fn look(&self, identity: u32, bars: Bars, kept: bool, walk: &mut Walk) {
        walk.near.clear();
        let rights = self.blocks.neighbours(identity, &mut walk.met);
        let patterns = self.evidence.comparisons.patterns(identity, rights, &mut walk.batch);
        for (&right, &pattern) in rights.iter().zip(patterns) {
            let weight = self.evidence.scorer.weight(pattern);
            if kept && weight > LOWEST {
                walk.edges.push(Edge::of(identity.min(right), identity.max(right), weight, pattern));
            }
            if weight >= bars.near {
                walk.near.push((right, weight));
            }
        }
    }

    /// Identities that may be joined to one before all evidence.
    fn joined_to(&self, identity: u32) -> impl Iterator<Item = u32> {
        let from = self.joined.partition_point(|&(known, _)| known < identity);
        self.joined[from..].iter().take_while(move |(known, _)| *known == identity).map(|&(_, other)| other)
    }

    /// Says where identities are, and adds their pairs. Gives those of whom less was known.
    fn take(&mut self, chained: Chained, place: Place) -> Vec<u32> {
        let Chained { mut identities, edges } = chained;
        identities.retain(|&identity| self.place[identity as usize] < place);
        identities.iter().for_each(|&identity| self.place[identity as usize] = place);
        let before = self.edges.len();
        self.edges.extend(edges.into_iter().flatten());
        self.edges[before..].par_sort_unstable();
        // What stood here ascends as well: this only merges both. A pair of two identities that are taken is scored from both.
        self.edges.sort();
        self.edges.dedup();
        identities
    }

    /// What a pass looks at of those that are `wanted`.
    fn gathered(&self, wanted: impl Fn(u32) -> bool + Sync) -> Gathered {
        let mut edges: Vec<Edge> =
            self.edges.par_iter().filter(|edge| wanted(edge.left) && wanted(edge.right)).copied().collect();
        let nodes = Nodes::only(self.evidence, pair_cut(self.evidence.settings), wanted);
        let Together { pairs: together, refused, .. } = Together::of_rows(self.evidence, &nodes, &self.rows);
        if !refused.is_empty() {
            edges.extend(unscored(self.evidence, &refused));
            edges.sort_unstable();
            edges.dedup();
        }
        Gathered { nodes, together, edges }
    }

    fn first_clusters(&self, population: &Population) -> Sets {
        self.rounds.first_clusters(population, self.decision.first_cut)
    }

    /// The pairs of nodes with the context that first clusters give them, ascending.
    fn weighed(&self, evidence: &Evidence, gathered: &Gathered) -> Vec<NodeEdge> {
        let scored = gathered.nodes.edges(evidence, &gathered.edges);
        let Some(weights) = &self.decision.context else { return scored };
        let population = gathered.population(evidence, &scored);
        let clusters = self.first_clusters(&population);
        let found = Contexts::of(&population, clusters).found(weights);
        found.weigh(scored, weights)
    }

    /// Identities outside the core that context joins to those that are new in it.
    fn beyond(&self, new: &[u32]) -> Vec<u32> {
        if self.decision.context.is_none() {
            return Vec::new();
        }
        let hanging = self.hanging(new, true);
        let gathered = self.gathered(|identity| hanging.has(identity));
        let known = Known::of(self.evidence.identities.len(), &gathered.edges);
        let evidence = &Evidence { known: Some(&known), ..*self.evidence };
        let bar = self.bars().near;
        let place = |node: u32| self.place[gathered.nodes.identity(node) as usize];
        let other = |edge: NodeEdge| match (place(edge.left) == Place::Core, place(edge.right) == Place::Core) {
            (true, false) => Some(gathered.nodes.identity(edge.right)),
            (false, true) => Some(gathered.nodes.identity(edge.left)),
            _ => None,
        };
        let weighed = self.weighed(evidence, &gathered);
        weighed.into_iter().filter(|edge| edge.joins(bar)).filter_map(other).collect()
    }

    /// The people of the core, by record.
    fn people(&self) -> Vec<u32> {
        let from = if self.is_core_closed() { Place::Core } else { Place::Ring };
        let gathered = self.gathered(|identity| self.place[identity as usize] >= from);
        let known = Known::of(self.evidence.identities.len(), &gathered.edges);
        let evidence = &Evidence { known: Some(&known), ..*self.evidence };
        let weighed = self.weighed(evidence, &gathered);
        let second =
            gathered.population(evidence, &weighed).second_pass(Way::Pooled(evidence.pooling), self.decision.cut);
        let clusters = pass::clusters(gathered.nodes.len(), &second.merges, LOWEST);
        let mut person = vec![MISSING; evidence.records.len()];
        for (number, members) in clusters.iter().enumerate() {
            let records = members.iter().flat_map(|&node| gathered.nodes.records_of(evidence, node));
            records.for_each(|record| person[record as usize] = number as u32);
        }
        person
    }
}

/// What a pass looks at.
struct Gathered {
    nodes: Nodes,
    /// Pairs of nodes that are joined before all evidence, ascending.
    together: Vec<(u32, u32)>,
    /// Scored pairs, ascending.
    edges: Vec<Edge>,
}

impl Gathered {
    fn population<'p>(&'p self, evidence: &'p Evidence, edges: &'p [NodeEdge]) -> Population<'p> {
        Population { evidence, nodes: &self.nodes, edges, together: &self.together }
    }
}

/// Pairs of identities that may be joined before all evidence: those that have rows of one record_id (`rows`) and do not contradict each other, and
/// all that decisions name, each both ways, ascending.
fn joined_before(evidence: &Evidence, rows: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let Evidence { records, identities, .. } = evidence;
    let of = |record: u32| identities.of_record[record as usize];
    let mut joined: Vec<(u32, u32)> = rows.par_iter().map(|&(a, b)| (of(a), of(b))).collect();
    joined.par_sort_unstable();
    joined.dedup();
    joined = joined.into_par_iter().filter(|&(a, b)| are_one_record(evidence, a, b)).collect();
    let decisions = evidence.guards.one_person();
    let mut of_key: FxHashMap<u32, Vec<u32>> =
        decisions.iter().flat_map(|&(a, b)| [a, b]).map(|key| (key, vec![])).collect();
    if !of_key.is_empty() {
        for (key, &identity) in records.key.iter().zip(&identities.of_record).filter(|(_, at)| **at != MISSING) {
            of_key.entry(*key).and_modify(|known| known.push(identity));
        }
    }
    for (a, b) in decisions {
        joined.extend(of_key[a].iter().flat_map(|&x| of_key[b].iter().map(move |&y| (x, y))));
    }
    joined.extend(joined.clone().into_iter().map(|(a, b)| (b, a)));
    joined.par_sort_unstable();
    joined.dedup();
    joined
}
