//! Between the passes: what the clusters of the first say about every pair.

use super::Population;
use super::context::{self, Cross, Seen, are_touching, level_of};
use super::judged::judge;
use super::links::units32;
use super::merges::LOWEST;
use super::pass::NodeEdge;
use crate::comparison::Pattern;
use crate::model::{Believed, ContextWeights, probability};
use rayon::prelude::*;

/// The clusters of the first pass and the scored pairs between any two of them.
pub(super) struct Contexts<'a> {
    population: &'a Population<'a>,
    /// Members ascending.
    clusters: Vec<Vec<u32>>,
    cluster_of: Vec<u32>,
    /// (smaller cluster, larger cluster, place of the edge), ascending.
    between: Vec<(u32, u32, u32)>,
}

/// Levels of the edges of two clusters, and all cross pairs where the clusters touch.
struct Looked {
    edges: Vec<(u32, Option<u8>)>,
    cross: Option<Cross>,
}

impl<'a> Contexts<'a> {
    pub fn of(population: &'a Population<'a>, clusters: Vec<Vec<u32>>) -> Contexts<'a> {
        let mut cluster_of = vec![0; population.nodes.len()];
        for (number, members) in clusters.iter().enumerate() {
            members.iter().for_each(|&node| cluster_of[node as usize] = number as u32);
        }
        let place = |(at, edge): (usize, &NodeEdge)| {
            let (a, b) = (cluster_of[edge.left as usize], cluster_of[edge.right as usize]);
            (a.min(b), a.max(b), at as u32)
        };
        let mut between: Vec<(u32, u32, u32)> = population.edges.par_iter().enumerate().map(place).collect();
        between.par_sort_unstable();
        Contexts { population, clusters, cluster_of, between }
    }

    /// Looks at every two clusters that share a scored pair.
    fn each<T: Send>(&self, what: impl Fn(u32, u32, Looked) -> T + Sync) -> Vec<T> {
        let look = |chunk: &[(u32, u32, u32)]| {
            let (a, b) = (chunk[0].0, chunk[0].1);
            what(a, b, self.look(a, b, chunk))
        };
        self.between.par_chunk_by(|x, y| (x.0, x.1) == (y.0, y.1)).map(look).collect()
    }

    fn look(&self, a: u32, b: u32, chunk: &[(u32, u32, u32)]) -> Looked {
        let Population { evidence, nodes, edges, .. } = self.population;
        let (left, right) = (&self.clusters[a as usize], &self.clusters[b as usize]);
        let records = |node: u32| nodes.weight(node);
        let weight = |x: u32, y: u32| {
            let (x, y) = (nodes.identity(x), nodes.identity(y));
            let judged = judge(evidence, x.min(y), x.max(y));
            (judged.in_average, judged.pattern)
        };
        let place = |node: u32| {
            let cluster = if self.cluster_of[node as usize] == a { left } else { right };
            cluster.binary_search(&node).expect("a node is in its cluster") as u32
        };
        if a == b {
            let cross = context::inside(left, records, weight);
            let level = |&(_, _, at): &(u32, u32, u32)| {
                let (i, j) = (place(edges[at as usize].left), place(edges[at as usize].right));
                let k = left.len() as u32;
                // Pairs stand in the order (0,1), (0,2), …, (1,2), …
                (at, cross.pairs[(i * (2 * k - i - 1) / 2 + j - i - 1) as usize].3)
            };
            return Looked { edges: chunk.iter().map(level).collect(), cross: Some(cross) };
        }
        let all = |cluster: &[u32]| cluster.iter().map(|&node| records(node)).sum::<i64>();
        let pairs = all(left) * all(right);
        let excess = |edge: &NodeEdge| (i64::from(edge.weight) - LOWEST) * records(edge.left) * records(edge.right);
        let sum: i64 = chunk.iter().map(|&(_, _, at)| excess(&edges[at as usize])).sum();
        if are_touching(sum, pairs) {
            let cross = context::across(left, right, records, weight);
            let level = |&(_, _, at): &(u32, u32, u32)| {
                let edge = &edges[at as usize];
                let turned = self.cluster_of[edge.left as usize] != a;
                let (x, y) = if turned { (edge.right, edge.left) } else { (edge.left, edge.right) };
                (at, cross.pairs[place(x) as usize * right.len() + place(y) as usize].3)
            };
            return Looked { edges: chunk.iter().map(level).collect(), cross: Some(cross) };
        }
        // What nobody scored counts as the lowest: it was not worth scoring.
        let level = |&(_, _, at): &(u32, u32, u32)| {
            let others = (sum - (i64::from(edges[at as usize].weight) - LOWEST)) as f64 / (pairs - 1).max(1) as f64;
            (at, (pairs > 1).then(|| level_of(others + LOWEST as f64)))
        };
        Looked { edges: chunk.iter().map(level).collect(), cross: None }
    }

    /// All that learning needs of the pairs: every pair of clusters that touch, and the scored pairs of the others.
    pub fn seen(&self) -> Seen {
        let Population { nodes, edges, .. } = self.population;
        let count = |a: u32, b: u32, looked: Looked| {
            let mut seen: Vec<(Option<u8>, i64, i64)> = Vec::new();
            match looked.cross {
                Some(cross) => {
                    let (left, right) = (&self.clusters[a as usize], &self.clusters[b as usize]);
                    seen.extend(cross.pairs.iter().map(|&(i, j, weight, level)| {
                        (level, weight, nodes.weight(left[i as usize]) * nodes.weight(right[j as usize]))
                    }));
                }
                None => seen.extend(looked.edges.iter().map(|&(at, level)| {
                    let edge = &edges[at as usize];
                    (level, i64::from(edge.weight), nodes.weight(edge.left) * nodes.weight(edge.right))
                })),
            }
            seen
        };
        let mut all = Seen::default();
        self.each(count).into_iter().flatten().for_each(|(level, weight, pairs)| all.add(level, weight, pairs));
        all
    }

    /// What the pairs look like that have a chance, weighed with their context: those of clusters that touch, and the other scored ones.
    pub fn believed(&self, weights: Option<&ContextWeights>, kept: &[super::Edge]) -> Believed {
        let Population { nodes, edges, .. } = self.population;
        let pattern_of = |edge: &NodeEdge| {
            let (x, y) = (nodes.identity(edge.left), nodes.identity(edge.right));
            let key = (x.min(y), x.max(y));
            let at = kept.binary_search_by_key(&key, |kept| (kept.left, kept.right));
            at.map_or_else(|_| self.population.evidence.comparisons.pattern(key.0, key.1), |at| kept[at].pattern)
        };
        let add = |level: Option<u8>| weights.map_or(0, |weights| weights.weight(level));
        let count = |a: u32, b: u32, looked: Looked| {
            let mut list: Vec<(Pattern, i64, f64)> = Vec::new();
            match looked.cross {
                Some(cross) => {
                    let (left, right) = (&self.clusters[a as usize], &self.clusters[b as usize]);
                    for (&(i, j, weight, level), pattern) in cross.pairs.iter().zip(cross.patterns) {
                        let pairs = nodes.weight(left[i as usize]) * nodes.weight(right[j as usize]);
                        list.push((pattern, pairs, probability(weight + add(level))));
                    }
                }
                None => {
                    for &(at, level) in &looked.edges {
                        let edge = &edges[at as usize];
                        let pairs = nodes.weight(edge.left) * nodes.weight(edge.right);
                        list.push((pattern_of(edge), pairs, probability(i64::from(edge.weight) + add(level))));
                    }
                }
            }
            list
        };
        let mut all: Vec<(Pattern, i64, f64)> = self.each(count).concat();
        // Copies of one identity are pairs too.
        for node in (0..nodes.len() as u32).filter(|&node| nodes.weight(node) > 1) {
            let (identity, records) = (nodes.identity(node), nodes.weight(node).min(8));
            let judged = judge(self.population.evidence, identity, identity);
            all.push((judged.pattern, records * (records - 1) / 2, probability(judged.weight)));
        }
        all.par_sort_by(|a, b| a.0.cmp(&b.0).then(a.2.total_cmp(&b.2)).then(a.1.cmp(&b.1)));
        let mut believed = Believed::default();
        for chunk in all.chunk_by(|a, b| a.0 == b.0) {
            believed.patterns.push(chunk[0].0);
            believed.pairs.push(chunk.iter().map(|(_, pairs, _)| *pairs as f64).sum());
            believed.matches.push(chunk.iter().map(|(_, pairs, p)| *pairs as f64 * p).sum());
        }
        believed
    }

    /// The pairs as they weigh with their context, ascending: the scored ones, and all cross pairs of clusters that touch; and the context
    /// level of every scored one.
    pub fn weighed(&self, weights: &ContextWeights) -> (Vec<NodeEdge>, Vec<Option<u8>>) {
        let Population { edges, .. } = self.population;
        let weighed = |a: u32, b: u32, looked: Looked| {
            let mut found: Vec<NodeEdge> = Vec::new();
            for &(at, level) in &looked.edges {
                let edge = edges[at as usize];
                found.push(NodeEdge { weight: units32(i64::from(edge.weight) + weights.weight(level)), ..edge });
            }
            if let Some(cross) = looked.cross {
                let (left, right) = (&self.clusters[a as usize], &self.clusters[b as usize]);
                for (i, j, weight, level) in cross.pairs {
                    let (x, y) = (left[i as usize], right[j as usize]);
                    let weight = units32(weight + weights.weight(level));
                    found.push(NodeEdge { left: x.min(y), right: x.max(y), weight, forbidden: false });
                }
                // A scored pair stands first, and knows whether it is forbidden.
                found.sort_by_key(|edge| (edge.left, edge.right, !edge.forbidden));
                found.dedup_by_key(|edge| (edge.left, edge.right));
            }
            found.retain(|edge| i64::from(edge.weight) > LOWEST || edge.forbidden);
            (found, looked.edges)
        };
        let (mut all, mut levels) = (Vec::with_capacity(edges.len()), vec![None; edges.len()]);
        for (found, own) in self.each(weighed) {
            all.extend(found);
            own.into_iter().for_each(|(at, level)| levels[at as usize] = level);
        }
        all.par_sort_unstable();
        (all, levels)
    }
}
