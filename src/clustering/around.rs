//! Scoring only the pairs around some records: what finds the other rows of people who object, without linking everybody.
//!
//! Who is one person with them is decided as for everybody, context and all; so everything is gathered that this hangs on. *Core* are the
//! identities that a chain of pairs may join to the seeds, each with all its scored pairs; *ring* those that share a scored pair with the core,
//! with their whole first clusters, which are the context of such a pair. Where context would join the ring to the core, the core grows.
//!
//! In a large population most identities hang together by chains of weak pairs. The second pass cuts what is too large for it along its weakest
//! pairs; so chains are followed from the strongest pair on, and weak ones only until as many hang together as that pass looks at. Back of an
//! envelope, 10,000 seeds: at most 200 identities each with some 25 neighbours of 0.5 µs, 25 CPU seconds; mostly there are ten, and it is one.

use super::contexts::Contexts;
use super::decided::Together;
use super::links::Edge;
use super::merges::LOWEST;
use super::nodes::Nodes;
use super::{Evidence, Population, pair_cut, pass, pooled_bar};
use crate::blocking::{Blocks, Met};
use crate::comparison::Batch;
use crate::model::Decision;
use crate::records::MISSING;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Identities whose pairs are scored as one piece of work.
const IDENTITIES_PER_CHUNK: usize = 1 << 10;

/// How near an identity is to the seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Outside,
    Ring,
    Core,
}

/// Scores every pair that decides who is one person with the records marked in `seeds`. Gives the kept ones, ascending, as [`super::score_pairs`]
/// would, and how many identities were compared with one.
///
/// Joining people is a matter of one component at a time: clustering these edges as `decision` says gives the people of the seeds as
/// clustering all edges would, but for components that are too large for the second pass: those are cut by what stands near the seeds.
pub fn score_around(evidence: &Evidence, blocks: &Blocks, decision: &Decision, seeds: &[bool]) -> (Vec<Edge>, u64) {
    let nodes = Nodes::of(evidence, pair_cut(evidence.settings));
    let together = Together::of(evidence, &nodes).pairs;
    let mut around = Around::new(evidence, blocks, decision, &nodes, &together);
    let of_record = &evidence.identities.of_record;
    let mut next: Vec<u32> = (0..seeds.len()).filter(|&at| seeds[at]).map(|at| of_record[at]).collect();
    next.retain(|&identity| identity != MISSING);
    while !next.is_empty() {
        around.take_in(&next);
        next = around.beyond();
    }
    (around.edges, around.compared)
}

/// What was gathered so far.
struct Around<'a> {
    evidence: &'a Evidence<'a>,
    blocks: &'a Blocks,
    decision: &'a Decision,
    nodes: &'a Nodes,
    /// Pairs of nodes that are joined before all evidence, ascending.
    together: &'a [(u32, u32)],
    /// The same as pairs of identities, each both ways, ascending.
    joined: Vec<(u32, u32)>,
    /// The pairs of those that are not outside stand in `edges`.
    place: Vec<Place>,
    /// Ascending.
    edges: Vec<Edge>,
    compared: u64,
}

/// How far chains are followed, in 1/1024 bit.
#[derive(Clone, Copy)]
struct Bars {
    /// Pairs from this weight on are followed up to [`pass::MATRIX_MAX`] identities.
    near: i64,
    /// From this one on they are followed however many there are.
    far: i64,
}

/// What a thread needs that walks from identity to identity.
#[derive(Default)]
struct Walk {
    met: Met,
    batch: Batch,
}

/// The kept pairs of some identities, and how many were compared.
#[derive(Default)]
struct Scored {
    edges: Vec<Edge>,
    compared: u64,
}

impl<'a> Around<'a> {
    fn new(
        evidence: &'a Evidence<'a>,
        blocks: &'a Blocks,
        decision: &'a Decision,
        nodes: &'a Nodes,
        together: &'a [(u32, u32)],
    ) -> Around<'a> {
        let of_nodes = |&(a, b): &(u32, u32)| (nodes.identity(a), nodes.identity(b));
        let mut joined: Vec<(u32, u32)> = together.iter().map(of_nodes).flat_map(|(a, b)| [(a, b), (b, a)]).collect();
        joined.sort_unstable();
        let identities = evidence.identities.len();
        Around {
            evidence,
            blocks,
            decision,
            nodes,
            together,
            joined,
            place: vec![Place::Outside; identities],
            edges: Vec::new(),
            compared: 0,
        }
    }

    /// Makes identities part of the core, and gathers what that brings with it.
    fn take_in(&mut self, identities: &[u32]) {
        let bar = pooled_bar(self.decision.cut);
        let core = self.chains(identities, Bars { near: bar, far: self.decision.cut.max(bar) });
        let beside = self.take(core, Place::Core);
        // Without context nothing hangs on what is beside the core.
        if self.decision.context.is_some() {
            let ring = self.chains(&beside, Bars { near: self.decision.first_cut, far: i64::MAX });
            self.take(ring, Place::Ring);
        }
    }

    /// What hangs together with any of some identities.
    fn chains(&self, from: &[u32], bars: Bars) -> Vec<u32> {
        let chain = |walk: &mut Walk, seed: &u32| self.chain(*seed, bars, walk);
        let mut found: Vec<u32> = from.par_iter().map_init(Walk::default, chain).flatten_iter().collect();
        found.par_sort_unstable();
        found.dedup();
        found
    }

    /// What hangs together with one identity: the strongest pairs are followed first, so that wherever it ends everything is there that
    /// hangs together by stronger ones.
    fn chain(&self, seed: u32, bars: Bars, Walk { met, batch }: &mut Walk) -> Vec<u32> {
        let mut reached = BinaryHeap::from([(i64::MAX, Reverse(seed))]);
        let (mut taken, mut inside) = (Vec::new(), FxHashSet::default());
        while let Some((weight, Reverse(identity))) = reached.pop() {
            if taken.len() >= pass::MATRIX_MAX && weight < bars.far {
                break;
            }
            if !inside.insert(identity) {
                continue;
            }
            taken.push(identity);
            let rights = self.blocks.neighbours(identity, met);
            let weighed = rights.iter().zip(self.evidence.comparisons.patterns(identity, rights, batch));
            let weighed = weighed.map(|(&right, &pattern)| (self.evidence.scorer.weight(pattern), Reverse(right)));
            let joined = self.joined_to(identity).map(|other| (i64::MAX, Reverse(other)));
            let near = weighed.filter(|(weight, _)| *weight >= bars.near).chain(joined);
            reached.extend(near.filter(|(_, Reverse(other))| !inside.contains(other)));
        }
        taken
    }

    /// Identities that are joined to one before all evidence.
    fn joined_to(&self, identity: u32) -> impl Iterator<Item = u32> {
        let from = self.joined.partition_point(|&(known, _)| known < identity);
        self.joined[from..].iter().take_while(move |(known, _)| *known == identity).map(|&(_, other)| other)
    }

    /// Says where identities are, and scores their pairs. Gives those that are nowhere yet and share a scored pair with one of them, ascending.
    fn take(&mut self, mut identities: Vec<u32>, place: Place) -> Vec<u32> {
        identities.retain(|&identity| self.place[identity as usize] < place);
        let parts: Vec<Scored> = identities.par_chunks(IDENTITIES_PER_CHUNK).map(|chunk| self.scored(chunk)).collect();
        identities.iter().for_each(|&identity| self.place[identity as usize] = place);
        let mut beside: Vec<u32> = Vec::new();
        for part in parts {
            let others = part.edges.iter().flat_map(|edge| [edge.left, edge.right]);
            beside.extend(others.filter(|&other| self.place[other as usize] == Place::Outside));
            self.compared += part.compared;
            self.edges.extend(part.edges);
        }
        // A pair of two identities that are taken is scored from both.
        self.edges.par_sort_unstable();
        self.edges.dedup();
        beside.par_sort_unstable();
        beside.dedup();
        beside
    }

    fn scored(&self, identities: &[u32]) -> Scored {
        let (mut met, mut batch, mut scored) = (Met::default(), Batch::default(), Scored::default());
        for &left in identities {
            let rights = self.blocks.neighbours(left, &mut met);
            let is_new = self.place[left as usize] == Place::Outside;
            scored.compared += if is_new { rights.len() as u64 } else { 0 };
            for (&right, &pattern) in rights.iter().zip(self.evidence.comparisons.patterns(left, rights, &mut batch)) {
                let weight = self.evidence.scorer.weight(pattern);
                if weight > LOWEST {
                    scored.edges.push(Edge::of(left.min(right), left.max(right), weight, pattern));
                }
            }
        }
        scored
    }

    /// Identities outside the core that context joins to it.
    fn beyond(&self) -> Vec<u32> {
        let Some(weights) = &self.decision.context else { return Vec::new() };
        let Around { evidence, nodes, .. } = *self;
        let scored = nodes.edges(evidence, &self.edges);
        let place = |node: u32| self.place[nodes.identity(node) as usize];
        let together: Vec<(u32, u32)> =
            self.together.iter().copied().filter(|&(node, _)| place(node) > Place::Outside).collect();
        let population = Population { evidence, nodes, edges: &scored, together: &together };
        let first = population.first_pass(self.decision.first_cut).merges;
        let (groups, _) = pass::clusters(nodes.len(), &first, self.decision.first_cut);
        let found = Contexts::of(&population, groups).found(weights);
        let weighed = found.weigh(scored, weights);
        let bar = pooled_bar(self.decision.cut);
        let other = |&(a, b): &(u32, u32)| match (place(a) == Place::Core, place(b) == Place::Core) {
            (true, false) => Some(nodes.identity(b)),
            (false, true) => Some(nodes.identity(a)),
            _ => None,
        };
        let joining = weighed.iter().filter(|edge| edge.joins(bar)).map(|edge| (edge.left, edge.right));
        joining.filter_map(|pair| other(&pair)).collect()
    }
}
