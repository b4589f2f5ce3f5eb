//! Who beside a core of identities may be joined to it once pairs have their context, so that their own first clusters have to be known.
//!
//! What context makes of a pair hangs on the average over all pairs of two clusters. Where these do not touch, only scored pairs count in it, none of which
//! is strong: whoever was joined to the core by a strong one is part of it. So whoever is outside matters only where a pair with the core reaches the bar
//! with the most that such an average adds, which is mostly nothing, or where their cluster may touch one of the core, so that pairs count that nobody
//! scored. Of that cluster each member brings what its own scored pairs with the core's cluster weigh: were each of them too little for itself alone, so
//! would be their sum for all.
//!
//! Back of an envelope, 100,000 identities with 25 scored pairs each: 2.5 M pairs are judged at 0.1 µs and sorted. What is spared is the whole first
//! clusters of whoever shares a surname and a street with them, ten times as many.

use super::context::are_touching;
use super::judged::judge_pattern;
use super::links::Edge;
use super::merges::LOWEST;
use super::nodes::Nodes;
use super::{Evidence, Sets};
use rayon::prelude::*;

/// A scored pair of somebody in the core with somebody outside.
struct Crossing {
    outside: u32,
    inside: u32,
    /// What it counts in averages, in 1/1024 bit.
    weight: i64,
}

/// The core: its nodes, and its clusters as the first pass makes them.
pub(super) struct Core {
    nodes: Nodes,
    cluster_of: Vec<u32>,
    /// Records of each cluster.
    records: Vec<i64>,
}

impl Core {
    pub fn of(nodes: Nodes, clusters: &Sets) -> Core {
        let records = clusters.iter().map(|members| members.iter().map(|&node| nodes.weight(node)).sum()).collect();
        Core { nodes, cluster_of: clusters.by_member(), records }
    }

    /// Those outside that matter, ascending. `edges` are the scored pairs of everybody in the core; `outside` gives the one of a pair that is outside and
    /// the one that is in the core, where it is such a pair. A pair that weighs `least` or more may be joined.
    pub fn beside(
        &self,
        evidence: &Evidence,
        edges: &[Edge],
        outside: impl Fn(&Edge) -> Option<(u32, u32)> + Sync,
        least: i64,
    ) -> Vec<u32> {
        let crossing = |edge: &Edge| {
            let (outside, inside) = outside(edge)?;
            let weight = judge_pattern(evidence, edge.left, edge.right, edge.pattern).in_average;
            Some(Crossing { outside, inside, weight })
        };
        let crossing: Vec<Crossing> = edges.par_iter().filter_map(crossing).collect();
        let strong = crossing.par_iter().filter(|pair| pair.weight >= least).map(|pair| pair.outside);
        let mut matter = self.touching(&crossing);
        matter.par_extend(strong);
        matter.par_sort_unstable();
        matter.dedup();
        matter
    }

    /// Those whose own pairs with a cluster of the core are enough for touching it.
    fn touching(&self, crossing: &[Crossing]) -> Vec<u32> {
        let brings = |pair: &Crossing| {
            let (outside, excess) = (pair.outside, pair.weight - LOWEST);
            let nodes = self.nodes.run(pair.inside);
            let of_node = move |node: usize| (outside, self.cluster_of[node], excess * self.nodes.weight(node as u32));
            nodes.map(of_node)
        };
        let mut brought: Vec<(u32, u32, i64)> = crossing.par_iter().flat_map_iter(brings).collect();
        brought.par_sort_unstable();
        let are_alike = |a: &(u32, u32, i64), b: &(u32, u32, i64)| (a.0, a.1) == (b.0, b.1);
        let touches = |own: &[(u32, u32, i64)]| {
            let sum = own.iter().map(|(.., excess)| excess).sum();
            are_touching(sum, self.records[own[0].1 as usize]).then_some(own[0].0)
        };
        brought.chunk_by(are_alike).filter_map(touches).collect()
    }
}
