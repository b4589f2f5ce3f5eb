//! Between the passes: what the clusters of the first say about every pair.

use super::context::{self, Cross, Seen, are_touching, level_of};
use super::in_place::merge_in;
use super::judged::{judge, judge_pattern};
use super::known::Asked;
use super::links::{end_to_end, units32};
use super::merges::LOWEST;
use super::pass::NodeEdge;
use super::sliced::Sliced;
use super::{Population, Sets, aliases};
use crate::comparison::{Alias, Meeting, Pattern};
use crate::model::{Believed, ContextWeights, probability};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU8, Ordering};

/// The clusters of the first pass and the scored pairs between any two of them.
pub(super) struct Contexts<'a> {
    population: &'a Population<'a>,
    /// Members ascending.
    clusters: Sets,
    cluster_of: Vec<u32>,
}

/// A pair that has a chance.
#[derive(Debug, Clone, Copy)]
struct Believable {
    /// Identities, the smaller first.
    between: (u32, u32),
    pattern: Pattern,
    /// Record pairs.
    pairs: i64,
    /// P(one person).
    chance: f64,
}

/// Copies of one identity that count as pairs.
const COPIES_MAX: i64 = 8;

/// What pairs count in a pattern that they will leave: the pattern has to stay known as one that has a chance.
const NEXT_TO_NOTHING: f64 = 1e-9;

/// Levels of the edges of two clusters, and all cross pairs where the clusters touch.
struct Looked {
    edges: Vec<(u32, Option<u8>)>,
    cross: Option<Cross>,
}

/// Stands for none where levels are kept as bytes; there are fewer levels.
const NO_LEVEL: u8 = u8::MAX;

/// Scored pairs that are looked at as one piece of work, about.
const PART: usize = 1 << 13;

/// Scored pairs that are put into the order of their clusters at once, about: 12 bytes each.
const PAIRS_AT_ONCE: usize = 1 << 23;

/// Whether two scored pairs are of the same two clusters.
fn are_of_two(x: &(u32, u32, u32), y: &(u32, u32, u32)) -> bool {
    (x.0, x.1) == (y.0, y.1)
}

/// Parts of the pairs of about [`PART`] each, whole clusters.
fn parts(mut rest: &[(u32, u32, u32)]) -> Vec<&[(u32, u32, u32)]> {
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let last = PART.min(rest.len()) - 1;
        let more = rest[last..].windows(2).take_while(|pair| are_of_two(&pair[0], &pair[1])).count();
        let (part, after) = rest.split_at(last + more + 1);
        parts.push(part);
        rest = after;
    }
    parts
}

impl<'a> Contexts<'a> {
    pub fn of(population: &'a Population<'a>, clusters: Sets) -> Contexts<'a> {
        let cluster_of = clusters.by_member();
        Contexts { population, clusters, cluster_of }
    }

    /// The clusters of the scored pair at a place, the smaller first.
    fn clusters_of(&self, at: usize) -> (u32, u32) {
        let edge = &self.population.edges[at];
        let (a, b) = (self.cluster_of[edge.left as usize], self.cluster_of[edge.right as usize]);
        (a.min(b), a.max(b))
    }

    /// The scored pairs of one slice: (smaller cluster, larger cluster, place of the edge), ascending.
    fn between(&self, sliced: &Sliced, slice: usize) -> Vec<(u32, u32, u32)> {
        let mut between = sliced.each(slice, |at| {
            let (a, b) = self.clusters_of(at);
            (a, b, at as u32)
        });
        between.par_sort_unstable();
        between
    }

    /// Looks at every two clusters that share a scored pair. Gives what `what` has gathered of each part of them, in order: millions of clusters
    /// must not leave a list each. Clusters are taken in slices of their numbers, so that the order of pairs has room.
    fn each<T: Default + Send>(&self, what: impl Fn(&mut T, u32, u32, Looked) + Sync) -> Vec<T> {
        let (edges, clusters) = (self.population.edges.len(), self.clusters.len().max(1));
        let slice_of = |at: usize, slices: usize| self.clusters_of(at).0 as usize * slices / clusters;
        let sliced = Sliced::of(edges, edges.div_ceil(PAIRS_AT_ONCE), slice_of);
        (0..sliced.slices).flat_map(|slice| self.each_of(&self.between(&sliced, slice), &what)).collect()
    }

    fn each_of<T: Default + Send>(
        &self,
        between: &[(u32, u32, u32)],
        what: impl Fn(&mut T, u32, u32, Looked) + Sync,
    ) -> Vec<T> {
        let gather = |part: &[(u32, u32, u32)]| {
            let (mut gathered, mut asked) = (T::default(), Asked::default());
            for chunk in part.chunk_by(are_of_two) {
                let (a, b) = (chunk[0].0, chunk[0].1);
                what(&mut gathered, a, b, self.look(a, b, chunk, &mut asked));
            }
            gathered
        };
        parts(between).into_par_iter().with_max_len(1).map(gather).collect()
    }

    fn look(&self, a: u32, b: u32, chunk: &[(u32, u32, u32)], asked: &mut Asked) -> Looked {
        let Population { evidence, nodes, edges, .. } = self.population;
        let (left, right) = (&self.clusters[a as usize], &self.clusters[b as usize]);
        let records = |node: u32| nodes.weight(node);
        let identities = |x: u32, y: u32| {
            let (x, y) = (nodes.identity(x), nodes.identity(y));
            (x.min(y), x.max(y))
        };
        let weight = |x: u32, y: u32, pattern: Pattern| {
            let (x, y) = identities(x, y);
            judge_pattern(evidence, x, y, pattern).in_average
        };
        let place = |node: u32| {
            let cluster = if self.cluster_of[node as usize] == a { left } else { right };
            cluster.binary_search(&node).expect("a node is in its cluster") as u32
        };
        if a == b {
            let pairs = left.iter().enumerate().flat_map(|(at, &x)| left[at + 1..].iter().map(move |&y| (x, y)));
            let patterns = asked.patterns(evidence, pairs.map(|(x, y)| identities(x, y)));
            let own = |node: u32| {
                let identity = nodes.identity(node);
                judge(evidence, identity, identity).in_average
            };
            let cross = context::inside(left, records, own, (patterns, weight));
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
            let pairs = left.iter().flat_map(|&x| right.iter().map(move |&y| (x, y)));
            let patterns = asked.patterns(evidence, pairs.map(|(x, y)| identities(x, y)));
            let cross = context::across(left, right, records, (patterns, weight));
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
        let count = |seen: &mut Seen, a: u32, b: u32, looked: Looked| match looked.cross {
            Some(cross) => {
                let (left, right) = (&self.clusters[a as usize], &self.clusters[b as usize]);
                for (i, j, weight, level) in cross.pairs {
                    seen.add(level, weight, nodes.weight(left[i as usize]) * nodes.weight(right[j as usize]));
                }
            }
            None => looked.edges.iter().for_each(|&(at, level)| {
                let edge = &edges[at as usize];
                seen.add(level, i64::from(edge.weight), nodes.weight(edge.left) * nodes.weight(edge.right));
            }),
        };
        self.each(count).into_iter().fold(Seen::default(), Seen::merge)
    }

    /// Names that the clusters show to be used for each other.
    pub fn aliases(&self) -> Vec<(usize, Vec<Alias>)> {
        aliases::learn(self.population.evidence, self.population.nodes, &self.clusters)
    }

    /// What the pairs look like that have a chance, weighed with their context: those of clusters that touch, and the other scored ones. Pairs
    /// of which both hold a value with an alias are listed one by one, with their record pairs and P(one person); their patterns stand in the
    /// rest with next to no weight.
    pub fn believed(
        &self,
        weights: Option<&ContextWeights>,
        meeting: &Meeting,
    ) -> (Believed, Vec<(u32, u32, f64, f64)>) {
        let believe = |all: &mut Vec<Believable>, a, b, looked| self.believable(weights, (a, b), looked, all);
        let mut all: Vec<Believable> = end_to_end(self.each(believe));
        // Copies of one identity are pairs too.
        let Population { nodes, evidence, .. } = self.population;
        let copies = |identity: u32, records: i64| {
            let judged = judge(evidence, identity, identity);
            let (pairs, chance) = (records * (records - 1) / 2, probability(judged.weight));
            Believable { between: (identity, identity), pattern: judged.pattern, pairs, chance }
        };
        let own = (0..nodes.len() as u32).into_par_iter().filter(|&node| nodes.weight(node) > 1);
        all.par_extend(own.map(|node| copies(nodes.identity(node), nodes.weight(node).min(COPIES_MAX))));
        let beside = nodes.copies_beside(evidence);
        all.par_extend(
            beside.map(|identity| copies(identity, i64::from(evidence.identities.count(identity)).min(COPIES_MAX))),
        );
        // Whoever ties is equal in everything, and a stable sort would hold all of them twice.
        all.par_sort_unstable_by(|a, b| {
            a.pattern
                .cmp(&b.pattern)
                .then(a.chance.total_cmp(&b.chance))
                .then((a.pairs, a.between).cmp(&(b.pairs, b.between)))
        });
        let is_apart = |one: &Believable| {
            one.between.0 != one.between.1 && meeting.holds(one.between.0) && meeting.holds(one.between.1)
        };
        let (mut believed, mut beside) = (Believed::default(), Vec::new());
        for chunk in all.chunk_by(|a, b| a.pattern == b.pattern) {
            let counts = |one: &Believable| if is_apart(one) { NEXT_TO_NOTHING } else { one.pairs as f64 };
            believed.patterns.push(chunk[0].pattern);
            believed.pairs.push(chunk.iter().map(counts).sum());
            believed.matches.push(chunk.iter().map(|one| counts(one) * one.chance).sum());
            let listed = chunk.iter().filter(|one| is_apart(one));
            beside.extend(listed.map(|one| (one.between.0, one.between.1, one.pairs as f64, one.chance)));
        }
        (believed, beside)
    }

    /// Adds the pairs of two clusters that have a chance.
    fn believable(
        &self,
        weights: Option<&ContextWeights>,
        (a, b): (u32, u32),
        looked: Looked,
        found: &mut Vec<Believable>,
    ) {
        let Population { nodes, edges, evidence, .. } = self.population;
        let add = |level: Option<u8>| weights.map_or(0, |weights| weights.weight(level));
        let pair = |x: u32, y: u32, pattern: Option<Pattern>, chance: f64| {
            let (i, j) = (nodes.identity(x), nodes.identity(y));
            let between = (i.min(j), i.max(j));
            let pattern = pattern.unwrap_or_else(|| evidence.pattern(between.0, between.1));
            Believable { between, pattern, pairs: nodes.weight(x) * nodes.weight(y), chance }
        };
        match looked.cross {
            Some(cross) => {
                let (left, right) = (&self.clusters[a as usize], &self.clusters[b as usize]);
                let all = cross.pairs.iter().zip(cross.patterns);
                found.extend(all.map(|(&(i, j, weight, level), pattern)| {
                    pair(left[i as usize], right[j as usize], Some(pattern), probability(weight + add(level)))
                }));
            }
            None => {
                let all = looked.edges.iter().map(|&(at, level)| (&edges[at as usize], level));
                found.extend(all.map(|(edge, level)| {
                    pair(edge.left, edge.right, None, probability(i64::from(edge.weight) + add(level)))
                }));
            }
        }
    }

    /// Looks at every scored pair, and at the other cross pairs of clusters that touch.
    pub fn found(&self, weights: &ContextWeights) -> Found {
        let edges = self.population.edges;
        // Places come cluster by cluster, from many threads: each writes its own ones, once.
        let levels: Vec<AtomicU8> = edges.iter().map(|_| AtomicU8::new(NO_LEVEL)).collect();
        let look = |beside: &mut Vec<NodeEdge>, a: u32, b: u32, looked: Looked| {
            for &(at, level) in &looked.edges {
                levels[at as usize].store(level.unwrap_or(NO_LEVEL), Ordering::Relaxed);
            }
            let Some(cross) = looked.cross else { return };
            let (left, right) = (&self.clusters[a as usize], &self.clusters[b as usize]);
            for (i, j, weight, level) in cross.pairs {
                let (x, y) = (left[i as usize], right[j as usize]);
                let (left, right) = (x.min(y), x.max(y));
                // Scored pairs ascend as their places do.
                let place = |&(at, _): &(u32, Option<u8>)| (edges[at as usize].left, edges[at as usize].right);
                let weight = units32(weight + weights.weight(level));
                if i64::from(weight) > LOWEST && looked.edges.binary_search_by_key(&(left, right), place).is_err() {
                    beside.push(NodeEdge { left, right, weight, forbidden: false });
                }
            }
        };
        let beside = end_to_end(self.each(look));
        Found { levels: Levels(levels.into_iter().map(AtomicU8::into_inner).collect()), beside }
    }
}

/// Levels of context of many pairs, by place: a byte each.
#[derive(Debug, Default)]
pub(super) struct Levels(Vec<u8>);

impl Levels {
    /// The level of the pair at a place; `None` where it has none.
    pub fn at(&self, place: usize) -> Option<u8> {
        Some(self.0[place]).filter(|level| *level != NO_LEVEL)
    }
}

impl Extend<Option<u8>> for Levels {
    fn extend<I: IntoIterator<Item = Option<u8>>>(&mut self, levels: I) {
        self.0.extend(levels.into_iter().map(|level| level.unwrap_or(NO_LEVEL)));
    }
}

/// What contexts say of all pairs.
pub(super) struct Found {
    /// The level of every scored pair, by its place.
    pub levels: Levels,
    /// The other cross pairs of clusters that touch, as they weigh with their context.
    beside: Vec<NodeEdge>,
}

impl Found {
    /// All of these pairs as they weigh with their context, ascending; `scored` are those that the levels are of, ascending, and become the answer: a
    /// large population has no room for both.
    pub fn weigh(self, mut scored: Vec<NodeEdge>, weights: &ContextWeights) -> Vec<NodeEdge> {
        scored.par_iter_mut().enumerate().for_each(|(at, edge)| {
            edge.weight = units32(i64::from(edge.weight) + weights.weight(self.levels.at(at)));
        });
        scored.retain(|edge| i64::from(edge.weight) > LOWEST || edge.forbidden);
        merge_in(&mut scored, self.beside);
        scored
    }
}
