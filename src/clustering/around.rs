//! Scoring only the pairs around some records: what finds the other rows of people who object, without linking everybody.
//!
//! Who is one person with them is decided as for everybody, context and all; so everything is gathered that this hangs on. *Core* are the
//! identities that a chain of pairs may join to the seeds, each with all its scored pairs; *ring* those that share a scored pair with the core,
//! with their whole first clusters, which are the context of such a pair. Where context would join the ring to the core, the core grows.

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
/// clustering all edges would.
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
    around.edges.sort_unstable();
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
    place: Vec<Place>,
    /// Identities whose pairs stand in `edges`.
    expanded: Vec<bool>,
    edges: Vec<Edge>,
    compared: u64,
    reached: Vec<u32>,
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
            expanded: vec![false; identities],
            edges: Vec::new(),
            compared: 0,
            reached: Vec::new(),
        }
    }

    /// Makes identities part of the core, and gathers what that brings with it.
    fn take_in(&mut self, identities: &[u32]) {
        identities.iter().for_each(|&identity| self.reach(identity, Place::Core));
        let (mut met, mut batch) = (Met::default(), Batch::default());
        while let Some(identity) = self.reached.pop() {
            self.expand(identity, &mut met, &mut batch);
        }
    }

    fn reach(&mut self, identity: u32, place: Place) {
        if self.place[identity as usize] < place {
            self.place[identity as usize] = place;
            self.reached.push(identity);
        }
    }

    /// Compares an identity with all that it meets.
    fn expand(&mut self, left: u32, met: &mut Met, batch: &mut Batch) {
        let is_new = !std::mem::replace(&mut self.expanded[left as usize], true);
        let (bar, first_cut) = (pooled_bar(self.decision.cut), self.decision.first_cut);
        let place = self.place[left as usize];
        let rights = self.blocks.neighbours(left, met);
        self.compared += if is_new { rights.len() as u64 } else { 0 };
        for (&right, &pattern) in rights.iter().zip(self.evidence.comparisons.patterns(left, rights, batch)) {
            let weight = self.evidence.scorer.weight(pattern);
            if weight > LOWEST && is_new && !self.expanded[right as usize] {
                self.edges.push(Edge::of(left.min(right), left.max(right), weight, pattern));
            }
            match place {
                Place::Core if weight >= bar => self.reach(right, Place::Core),
                Place::Core if weight > LOWEST => self.reach(right, Place::Ring),
                _ if weight >= first_cut => self.reach(right, Place::Ring),
                _ => {}
            }
        }
        let from = self.joined.partition_point(|&(known, _)| known < left);
        let to = self.joined.partition_point(|&(known, _)| known <= left);
        (from..to).for_each(|at| self.reach(self.joined[at].1, place));
    }

    /// Identities outside the core that context joins to it.
    fn beyond(&self) -> Vec<u32> {
        let Some(weights) = &self.decision.context else { return Vec::new() };
        let Around { evidence, nodes, .. } = *self;
        let mut edges = self.edges.clone();
        edges.sort_unstable();
        let scored = nodes.edges(evidence, &edges);
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
