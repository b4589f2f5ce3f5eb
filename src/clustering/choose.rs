//! What is decided for a whole population: the model's form, the cuts, and what the context of a pair weighs.
//!
//! Large populations are decided on a sample of whole components, taken by content hash, so that the cost does not grow with them.

use super::contexts::Contexts;
use super::decided::Together;
use super::links::{Edge, WeighedPairs, units32};
use super::merges::{Expected, LOWEST, best_cut};
use super::nodes::Nodes;
use super::pass::{self, NodeEdge};
use super::steps::Steps;
use super::{Evidence, Population, Sets, UnionFind, pair_cut, people_cut};
use crate::comparison::{Alias, Pattern};
use crate::model::{Believed, Candidate, ContextWeights, Decision, FORMS, Form, probability};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// A freer form must promise this much more expected F1 than the constrained one (ACCURACY.md section 6), and this many pairs more.
const MARGIN: f64 = 0.002;
const MARGIN_PAIRS: f64 = 2.0;
/// Identities on which a large population is decided.
pub const SAMPLE: usize = 200_000;
/// Identities on which a form is chosen where the choice is clear; otherwise all of the sample are asked.
pub const CHOICE: usize = 50_000;

/// No pair weighs so many bits: twenty comparisons of twenty bits have less.
const BITS_MAX: i64 = 1 << 9;
/// Bits above [`LOWEST`] at which what hangs together in a large population mostly falls apart.
const BITS_USUAL: i64 = 8;

/// Kept pairs of enough whole components to decide on: all of them where the population is small.
pub struct Sample {
    /// Ascending.
    edges: Vec<Edge>,
    /// Kept pairs in all for each one here.
    scale: f64,
}

/// Takes a sample of the pairs of so many identities.
pub fn sample(identities: usize, pairs: &(impl WeighedPairs + ?Sized)) -> Sample {
    sample_of(identities, pairs, SAMPLE)
}

/// The same with at most `most` identities that have a pair, and not all of them unless there are no more in all.
fn sample_of(identities: usize, pairs: &(impl WeighedPairs + ?Sized), most: usize) -> Sample {
    if identities <= most {
        return Sample { edges: pairs.gather(|_| true), scale: 1.0 };
    }
    let (component_of, all) = some_components(identities, pairs, most);
    let inside = |edge: &Edge| {
        let (a, b) = (component_of[edge.left as usize], component_of[edge.right as usize]);
        a == b && a != u32::MAX
    };
    let edges = pairs.gather(inside);
    Sample { scale: all as f64 / edges.len().max(1) as f64, edges }
}

/// By identity the number of its component, [`u32::MAX`] for those that are in none of the sample; and how many pairs there are in all. At
/// most `most` identities are in the sample.
fn some_components(identities: usize, pairs: &(impl WeighedPairs + ?Sized), most: usize) -> (Vec<u32>, u64) {
    let union = UnionFind::new(identities);
    let all = pairs.each(|edge| {
        if i64::from(edge.weight) > LOWEST {
            union.join(edge.left, edge.right);
        }
    });
    let (large, mut components): (Vec<_>, Vec<_>) =
        union.groups().into_iter().partition(|component| component.len() > pass::MATRIX_MAX);
    components.extend(parts_of(identities, &large, pairs, pass::MATRIX_MAX));
    // Identities stand in the order of their content hash: their numbers are mixed, or a sample would hold all that begins alike.
    components.sort_by_key(|component| u64::from(component[0]).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (mut component_of, mut left) = (vec![u32::MAX; identities], most);
    for (number, component) in components.iter().enumerate() {
        if component.len() <= left {
            left -= component.len();
            component.iter().for_each(|&identity| component_of[identity as usize] = number as u32);
        }
    }
    (component_of, all)
}

/// The parts of components that are too large: each is cut at the lowest whole number of bits above [`LOWEST`] that leaves no part too large,
/// as [`pass::components`] would. The pairs are walked some five times rather than kept once more: at [`LOWEST`] most of a large population
/// hangs together.
fn parts_of(
    identities: usize,
    large: &[Vec<u32>],
    pairs: &(impl WeighedPairs + ?Sized),
    size_max: usize,
) -> Vec<Vec<u32>> {
    if large.is_empty() {
        return Vec::new();
    }
    let mut number = vec![u32::MAX; identities];
    for (component, at) in large.iter().zip(0..) {
        component.iter().for_each(|&identity| number[identity as usize] = at);
    }
    let joined_at = |bits: &[i64]| {
        let union = UnionFind::new(identities);
        pairs.each(|edge| {
            let bar = bits.get(number[edge.left as usize] as usize).map(|bits| pass::bar_at(LOWEST, *bits));
            if bar.is_some_and(|bar| i64::from(edge.weight) >= bar) {
                union.join(edge.left, edge.right);
            }
        });
        union
    };
    let mut steps = vec![Steps::from(BITS_USUAL, BITS_MAX); large.len()];
    while steps.iter().any(|steps| steps.next().is_some()) {
        let asked: Vec<i64> = steps.iter().map(|steps| steps.next().unwrap_or(steps.enough())).collect();
        let sizes = joined_at(&asked).set_sizes();
        let small = |component: &Vec<u32>| component.iter().all(|&at| sizes[at as usize] as usize <= size_max);
        let small: Vec<bool> = large.par_iter().map(small).collect();
        steps.iter_mut().zip(asked.iter().zip(small)).for_each(|(steps, (&asked, small))| steps.tell(asked, small));
    }
    let enough: Vec<i64> = steps.iter().map(Steps::enough).collect();
    joined_at(&enough).groups()
}

impl Sample {
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The nodes that its pairs touch: passes over a sample take nothing for the rest of a large population.
    fn nodes(&self, evidence: &Evidence) -> Nodes {
        let mut touched = vec![false; evidence.identities.len()];
        self.edges
            .iter()
            .flat_map(|edge| [edge.left, edge.right])
            .for_each(|identity| touched[identity as usize] = true);
        Nodes::among(evidence, pair_cut(evidence.settings), |identity| touched[identity as usize])
    }

    fn weighed(&self, evidence: &Evidence) -> Vec<Edge> {
        let weighed = |edge: &Edge| Edge { weight: units32(evidence.scorer.weight(edge.pattern)), ..*edge };
        self.edges.par_iter().map(weighed).filter(|edge| i64::from(edge.weight) > LOWEST).collect()
    }
}

/// The candidate to go on with, by place: whose clusters promise the highest F1 in the eyes of *all* candidates. A model that takes true
/// matches for related strangers, or namesakes for matches, promises itself much and the others little. Without a `jury` each is asked alone.
///
/// A part of the sample is asked first. All candidates are judged on the same pairs, so that what chance does to one it does to all: where the
/// best leads by as much as a freer form must promise more, the whole sample would say the same.
///
/// So many are clustered `at_once` ([`forms_at_once`]): it is the same however many.
pub fn choose(evidence: &[Evidence], candidates: &[Candidate], sample: &Sample, jury: bool, at_once: usize) -> usize {
    let identities = evidence[0].identities.len();
    if identities > CHOICE {
        let part = sample_of(identities, sample.edges.as_slice(), CHOICE);
        let (best, lead) = best_of(&promises(evidence, candidates, &part, jury, at_once));
        if lead >= MARGIN {
            return best;
        }
    }
    best_of(&promises(evidence, candidates, sample, jury, at_once)).0
}

/// How many forms of a model are clustered at once: each holds its own pairs and clusters meanwhile, so that where memory `is_limited` they come one
/// after another.
pub fn forms_at_once(is_limited: bool) -> usize {
    if is_limited { 1 } else { rayon::current_num_threads().min(FORMS.len()) }
}

/// The place of the highest promise, the first of equal ones, and by how much it leads.
fn best_of(promises: &[f64]) -> (usize, f64) {
    let better = |best: usize, next: usize| if promises[next] > promises[best] { next } else { best };
    let best = (0..promises.len()).reduce(better).unwrap_or(0);
    let others = promises.iter().enumerate().filter(|(at, _)| *at != best).map(|(_, promise)| promises[best] - promise);
    (best, others.fold(f64::INFINITY, f64::min))
}

/// What each candidate promises, and the constrained one what it is preferred by on top.
fn promises(evidence: &[Evidence], candidates: &[Candidate], sample: &Sample, jury: bool, at_once: usize) -> Vec<f64> {
    let nodes = sample.nodes(&evidence[0]);
    let together = Together::of(&evidence[0], &nodes).pairs;
    let clustered = |evidence: &Evidence| {
        let edges = nodes.edges(evidence, &sample.weighed(evidence));
        let population = Population { evidence, nodes: &nodes, edges: &edges, together: &together };
        let merges = population.first_pass(LOWEST).merges;
        let (cut, _) = best_cut(&merges, population.inside(&edges));
        pass::clusters(nodes.len(), &merges, cut)
    };
    // Each is worked on by all threads as well; one that waits for the others of a form may begin another form.
    let clusters: Vec<Sets> = match at_once {
        0 | 1 => evidence.iter().map(clustered).collect(),
        _ => evidence.par_iter().with_max_len(1).map(clustered).collect(),
    };
    let all = Jury::of(evidence, &nodes, &sample.edges);
    let mut promises = Vec::new();
    for (at, (candidate, clusters)) in candidates.iter().zip(&clusters).enumerate() {
        let f1 = match jury {
            true => all.promised(clusters),
            false => Jury::of(&evidence[at..=at], &nodes, &sample.edges).promised(clusters),
        };
        tracing::info!(form = ?candidate.model.form, expected_f1 = f1.0, "a candidate model");
        promises.push(f1.0 + if candidate.model.form == Form::Constrained { f1.1 } else { 0.0 });
    }
    promises
}

/// All candidates together: a pair is as likely one person as they say on average.
struct Jury<'a> {
    evidence: &'a [Evidence<'a>],
    nodes: &'a Nodes,
    edges: &'a [Edge],
    /// What they say of the patterns of the edges: a few ten thousand, which millions of pairs share.
    chances: FxHashMap<Pattern, f64>,
    /// What stands inside the nodes that the edges touch, and with it all true pairs that are expected.
    copies: Expected,
}

impl<'a> Jury<'a> {
    fn of(evidence: &'a [Evidence<'a>], nodes: &'a Nodes, edges: &'a [Edge]) -> Jury<'a> {
        let mut patterns: Vec<Pattern> = edges.par_iter().map(|edge| edge.pattern).collect();
        patterns.par_sort_unstable();
        patterns.dedup();
        let chances = patterns.par_iter().map(|&pattern| (pattern, average(evidence, pattern))).collect();
        let mut jury = Jury { evidence, nodes, edges, chances, copies: Expected::default() };
        let copies = jury.copies();
        jury.copies = Expected { all_true: jury.all_true() + copies.true_pairs, ..copies };
        jury
    }

    /// The F1 that is expected of clusters, and how much more a freer form must promise.
    fn promised(&self, clusters: &Sets) -> (f64, f64) {
        let Expected { pairs, true_pairs, all_true } = self.copies;
        let inside = self.inside(clusters);
        let expected = Expected { pairs: pairs + inside.0, true_pairs: true_pairs + inside.1, all_true };
        (expected.f1(), MARGIN + MARGIN_PAIRS / all_true.max(1.0))
    }

    fn chance(&self, pattern: Pattern) -> f64 {
        self.chances.get(&pattern).copied().unwrap_or_else(|| average(self.evidence, pattern))
    }

    fn copies(&self) -> Expected {
        let Evidence { identities, comparisons, .. } = self.evidence[0];
        let chance = |identity| self.chance(comparisons.pattern(identity, identity));
        pass::copies(self.nodes, identities.len(), self.edges.iter().map(|edge| (edge.left, edge.right)), chance)
    }

    /// True record pairs that are expected among the edges.
    fn all_true(&self) -> f64 {
        let identities = self.evidence[0].identities;
        let records = |edge: &Edge| f64::from(identities.count(edge.left)) * f64::from(identities.count(edge.right));
        let each: Vec<f64> = self.edges.par_iter().map(|edge| self.chance(edge.pattern) * records(edge)).collect();
        each.iter().sum()
    }

    /// Record pairs inside clusters of nodes, and how many of them are true.
    fn inside(&self, clusters: &Sets) -> (f64, f64) {
        let one = |cluster: &[u32]| {
            let mut sums = (0.0, 0.0);
            for (at, &a) in cluster.iter().enumerate() {
                for &b in &cluster[at + 1..] {
                    let records = (self.nodes.weight(a) * self.nodes.weight(b)) as f64;
                    sums.0 += records;
                    sums.1 += records * self.chance(self.pattern(self.nodes.identity(a), self.nodes.identity(b)));
                }
            }
            sums
        };
        let each: Vec<(f64, f64)> = clusters.par_iter().map(one).collect();
        each.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    fn pattern(&self, a: u32, b: u32) -> Pattern {
        self.evidence[0].pattern(a.min(b), a.max(b))
    }
}

/// What all candidates say of a pattern on average. They take turns, so that none of them would remember its weights.
fn average(evidence: &[Evidence], pattern: Pattern) -> f64 {
    let sum: f64 = evidence.iter().map(|one| probability(one.scorer.weight_afresh(pattern))).sum();
    sum / evidence.len() as f64
}

/// The cut of the first pass, its clusters with what they say of every pair, and what that weighs.
fn first<T>(evidence: &Evidence, sample: &Sample, then: impl FnOnce(i64, Option<ContextWeights>, &Contexts) -> T) -> T {
    let nodes = sample.nodes(evidence);
    let together = Together::of(evidence, &nodes).pairs;
    let edges = nodes.edges(evidence, &sample.weighed(evidence));
    let population = Population { evidence, nodes: &nodes, edges: &edges, together: &together };
    let merges = population.first_pass(LOWEST).merges;
    // The first clusters are there to give context: they are cut where they are most often right, whatever a false link costs.
    let (cut, _) = best_cut(&merges, population.inside(&edges));
    let contexts = Contexts::of(&population, pass::clusters(nodes.len(), &merges, cut));
    let weights = contexts.seen().learn();
    then(cut, weights, &contexts)
}

/// What the clusters of a model's first pass say, scaled to the whole population.
#[derive(Debug, Default)]
pub struct FirstClusters {
    /// Of every pattern that has a chance, but for the pairs beside.
    pub believed: Believed,
    /// Pairs of identities that may meet aliases: their patterns are known only once those are learnt. Record pairs, and P(one person).
    pub beside: Vec<(u32, u32, f64, f64)>,
    /// Names that are used for each other, by comparison.
    pub aliases: Vec<(usize, Vec<Alias>)>,
}

/// What the clusters of a model say of every pattern that has a chance, and of names that are used for each other where `aliases` asks.
pub fn first_clusters(evidence: &Evidence, sample: &Sample, aliases: bool) -> FirstClusters {
    let mut clusters = first(evidence, sample, |_, weights, contexts| {
        let aliases = if aliases { contexts.aliases() } else { Vec::new() };
        let (believed, beside) = contexts.believed(weights.as_ref(), &evidence.comparisons.meeting(&aliases));
        FirstClusters { believed, beside, aliases }
    });
    let believed = &mut clusters.believed;
    believed.pairs.iter_mut().chain(&mut believed.matches).for_each(|count| *count *= sample.scale);
    clusters.beside.iter_mut().for_each(|beside| beside.2 *= sample.scale);
    clusters
}

/// Chooses the first cut and learns what contexts weigh. The cut of people needs no choosing: pooled link scores are posteriors.
pub fn decide(evidence: &Evidence, sample: &Sample) -> Decision {
    let cut = people_cut(evidence.settings);
    first(evidence, sample, |first_cut, context, _| Decision { first_cut, context, cut, calibration: None })
}

impl Population<'_> {
    /// What is expected inside the nodes that the edges touch, and in all.
    fn inside(&self, edges: &[NodeEdge]) -> Expected {
        let Population { evidence, nodes, .. } = self;
        let own = |identity| probability(evidence.scorer.weight(evidence.comparisons.pattern(identity, identity)));
        let pairs = edges.iter().map(|edge| (nodes.identity(edge.left), nodes.identity(edge.right)));
        let mut expected = pass::copies(nodes, evidence.identities.len(), pairs, own);
        for edge in edges.iter().filter(|edge| !edge.forbidden) {
            expected.all_true +=
                probability(i64::from(edge.weight)) * (nodes.weight(edge.left) * nodes.weight(edge.right)) as f64;
        }
        expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_are_clustered_one_after_another_where_memory_is_limited() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| [true, false].map(forms_at_once))
        };
        assert_eq!([1, 2, 9].map(on), [[1, 1], [1, 2], [1, FORMS.len()]]);
    }

    proptest! {
        #[test]
        fn pairs_that_are_walked_give_the_parts_of_pairs_that_are_kept(
            pairs in prop::collection::btree_map((0u32..40, 0u32..40), -9_000i32..60_000, 0..120),
            size_max in 2usize..8,
        ) {
            let pairs = pairs.into_iter().filter(|((left, right), weight)| left < right && i64::from(*weight) > LOWEST);
            let edges: Vec<Edge> =
                pairs.map(|((left, right), weight)| Edge::of(left, right, i64::from(weight), 0)).collect();
            let kept: Vec<NodeEdge> = edges
                .iter()
                .map(|edge| NodeEdge { left: edge.left, right: edge.right, weight: edge.weight, forbidden: false })
                .collect();
            let (mut expected, _) = pass::components(40, &kept, &[], LOWEST, size_max, i64::from(i32::MAX));
            let union = UnionFind::new(40);
            edges.iter().for_each(|edge| union.join(edge.left, edge.right));
            let (large, mut found): (Vec<_>, Vec<_>) =
                union.groups().into_iter().partition(|component| component.len() > size_max);
            found.extend(parts_of(40, &large, edges.as_slice(), size_max));
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
