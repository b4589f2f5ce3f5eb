//! From scored pairs to people.
//!
//! In: blocks, a model, and what may never be one person. Out: a [`Clustering`]: a [`Partition`] of the records, the links, and what a
//! human should look at. Always: every record belongs to exactly one person; no person holds a pair that a guard forbids; ties break by
//! content hash, never by row order.
//!
//! People are not the components of the links. Two passes, each best first: by *average* link, so that one bad record cannot chain two
//! people together, which gives every pair its context; then by *pooled* link, where the evidence of all cross pairs is weighed field by
//! field, so that a damaged record does not outvote good ones. A record that two people claim about as much (*rivals*) goes to neither.

mod again;
mod aliases;
mod around;
mod beside;
mod choose;
mod context;
mod contexts;
mod decided;
mod doubtful;
mod guards;
mod hanging;
mod in_place;
mod joined;
mod judged;
mod known;
mod links;
mod matrix;
mod merges;
mod near;
mod nodes;
mod pass;
mod pooled;
mod replay;
mod rounds;
mod scored;
mod settled;
mod sliced;
mod sparse;
mod steps;
mod union_find;

pub use around::people_around;
pub use choose::{
    CHOICE as CHOICE_IDENTITIES, FirstClusters, SAMPLE as SAMPLE_IDENTITIES, Sample, choose, decide, first_clusters,
    forms_at_once, sample,
};
pub use context::{LEVELS as CONTEXT_LEVELS, words as context_words};
pub use guards::Guards;
pub use joined::{KEPT_FROM, RecordPair, RecordPairs, everyone_alone, join_pairs};
pub use judged::{Guard, Judged, judge, judge_pattern};
pub use known::Known;
pub use links::{
    Edge, Fresh, Kept, Weighed, WeighedPairs, known_pairs, links_of, score_fresh_pairs, score_pairs, weigh_all,
};
pub use merges::Merge;
pub use pooled::Standing;
pub use replay::{Between, Join, Replay};
pub use scored::{ScoredPairs, Waiting};
pub use settled::Settled;
pub use union_find::UnionFind;

use crate::comparison::{Comparisons, Pattern};
use crate::job::ClusterSettings;
use crate::model::{Calibration, Decision, Linkage, Pooling, Scorer, UNITS_PER_BIT, probability, weight_of};
use crate::recall::Joins;
use crate::records::{Identities, MISSING, Records};
use contexts::{Contexts, Levels};
use decided::{Refused, Together};
use links::units32;
use nodes::Nodes;
use pass::{Bond, NodeEdge, Sizes, Way};
use rayon::prelude::*;
use std::io;
use union_find::Sets;

/// Components of the first pass beyond this are cut along their weakest pairs.
const COMPONENT_MAX: usize = 50_000;

/// Who is who: one dense number a record, in the order in which people first appear in the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Person of each record, `0..people`; [`MISSING`] for a record that was kept out of linking.
    pub person: Vec<u32>,
    pub people: u32,
}

/// Why a pair goes to a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum ReviewReason {
    /// A human has decided that they are one person, which a never-link list forbids.
    DecisionAgainstNeverLink,
    /// Humans have decided that they are one person, and that people of theirs are two.
    DecisionsContradict,
    /// A human has decided that they are one person, but two verified NHS numbers stand between them.
    DecisionAgainstNumbers,
    /// The evidence is between `review_from` and the cut, or other records speak against it.
    GreyZone,
    /// Two verified NHS numbers, and otherwise overwhelming agreement.
    PossibleDuplicateRegistration,
    /// Same date of birth and home or family name, but different given names.
    PossibleTwins,
    /// Same name, a generation apart.
    PossibleGenerations,
    /// The same NHS number, but neither name nor date of birth agrees (DOMAIN.md section 1: a number alone is no proof).
    NumberWithoutDemographic,
    /// One person already, with two dates of birth that several records each hold: the pair is that person's weakest.
    TooManyDatesOfBirth,
    /// One person already, with more records than anybody has: the pair is that person's weakest.
    TooManyRecords,
}

impl ReviewReason {
    pub fn word(self) -> &'static str {
        match self {
            ReviewReason::DecisionAgainstNeverLink => "decision_against_never_link",
            ReviewReason::DecisionsContradict => "decisions_contradict",
            ReviewReason::DecisionAgainstNumbers => "decision_against_numbers",
            ReviewReason::GreyZone => "grey_zone",
            ReviewReason::PossibleDuplicateRegistration => "possible_duplicate_registration",
            ReviewReason::PossibleTwins => "possible_twins",
            ReviewReason::PossibleGenerations => "possible_generations",
            ReviewReason::NumberWithoutDemographic => "number_without_demographic",
            ReviewReason::TooManyDatesOfBirth => "too_many_dates_of_birth",
            ReviewReason::TooManyRecords => "too_many_records",
        }
    }
}

/// What linking found.
#[derive(Debug)]
pub struct Clustering {
    pub partition: Partition,
    /// Scored pairs of identities, ascending.
    pub links: Vec<Edge>,
    /// The pairs among them that need a human, by place in `links`.
    pub review: Vec<(u32, ReviewReason)>,
    /// The lowest average link at which parts of a person were joined, in 1/1024 bit; `None` for people of one identity.
    pub weakest: Vec<Option<i64>>,
    /// Of the record pairs of each person that had to be joined, the share that is right by what joined them; 1 where nothing was joined.
    pub right: Vec<f64>,
    /// People whose only identity says too little to be recognised again.
    pub bare: Vec<bool>,
    /// Decisions of humans that could not be obeyed, one reason each; as far as the two were compared they are in `review` as well.
    pub refused: Vec<ReviewReason>,
    pub counts: Counts,
}

/// Figures for run.json.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    pub pairs_compared: u64,
    pub links: u64,
    pub components: u64,
    pub largest_component: u64,
    /// Components cut before agglomeration because they were too large.
    pub components_cut: u64,
    /// Rows of one record_id whose identifiers contradict each other.
    pub record_id_reused: u64,
}

/// The weight at which a single pair is worth linking, in 1/1024 bit: expected cost of a false link, C·(1 − p), against that of a miss, p.
pub fn pair_cut(settings: &ClusterSettings) -> i64 {
    weight_of(cut_probability(settings))
}

/// The same as a probability, as the job gives it.
pub fn cut_probability(settings: &ClusterSettings) -> f64 {
    settings.threshold.unwrap_or(settings.false_link_cost / (1.0 + settings.false_link_cost))
}

/// Where people are cut, in 1/1024 bit of the pooled link: it is a posterior, so the cut of a single pair is right for it too.
pub fn people_cut(settings: &ClusterSettings) -> i64 {
    pair_cut(settings).max(merges::LOWEST)
}

/// Everything that clustering reads.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    pub records: &'a Records,
    pub identities: &'a Identities,
    pub comparisons: &'a Comparisons,
    pub scorer: &'a Scorer<'a>,
    pub guards: &'a Guards,
    pub settings: &'a ClusterSettings,
    pub pooling: &'a Pooling,
    /// What the night before joined, and what tonight leaves for the next; `None` where nobody asks.
    pub joins: Option<&'a Joins<'a>>,
    /// Pairs that were compared before; `None` where all are compared as they are asked for.
    pub known: Option<&'a Known<'a>>,
}

impl Evidence<'_> {
    /// The pattern of two identities, left ≤ right, compared only where it is not known.
    pub fn pattern(&self, left: u32, right: u32) -> Pattern {
        let known = self.known.filter(|_| left < right).and_then(|known| known.pattern(left, right));
        known.unwrap_or_else(|| self.comparisons.pattern(left, right))
    }
}

/// Bits below the cut down to which single pairs hold a component of the second pass together: pooled evidence may exceed that of any pair.
const POOLED_BELOW_BITS: i64 = 4;

/// The weight down to which single pairs may belong to one person, where people are cut at `cut`; both in 1/1024 bit.
pub fn pooled_bar(cut: i64) -> i64 {
    (cut - POOLED_BELOW_BITS * UNITS_PER_BIT as i64).max(merges::LOWEST)
}

/// As [`cluster_scored`], with pairs that are in memory.
///
/// # Panics
/// Never: nothing is read.
pub fn cluster(
    evidence: &Evidence,
    edges: Vec<Edge>,
    decision: &Decision,
    linkage: Linkage,
    pairs_compared: u64,
) -> (Clustering, Calibration) {
    let clustered = cluster_scored(evidence, ScoredPairs::Here(edges), decision, linkage, pairs_compared);
    clustered.expect("pairs in memory are there")
}

/// Clusters the records by the kept pairs of [`score_pairs`], as [`decide`] or an earlier training decided.
///
/// Two passes. The first joins by average link, which no single record can mislead, and gives every pair its context. The second joins by
/// pooled link, whose score is a posterior: its cut follows from what a false link costs. Gives also what the weight of a pair means: as the
/// decision says, or learnt from these very people.
///
/// # Errors
/// Where pairs wait elsewhere and cannot be read.
pub fn cluster_scored(
    evidence: &Evidence,
    mut pairs: ScoredPairs,
    decision: &Decision,
    linkage: Linkage,
    pairs_compared: u64,
) -> io::Result<(Clustering, Calibration)> {
    let nodes = Nodes::of(evidence, pair_cut(evidence.settings));
    let Together { pairs: together, refused, reused, .. } = Together::of(evidence, &nodes);
    pairs.add(unscored(evidence, &refused))?;
    let (second, contexts) = two_passes(evidence, (&nodes, &pairs, &together), decision, linkage)?;
    let clusters = pass::bound_clusters(nodes.len(), &second.merges, merges::LOWEST);
    let sizes = second.sizes;
    drop(second.merges);
    let mut edges = pairs.into_all()?;
    if let (Some(contexts), Some(weights)) = (contexts, &decision.context) {
        edges.par_iter_mut().enumerate().for_each(|(at, edge)| {
            edge.context = contexts.at(at);
            edge.weight = units32(i64::from(edge.weight) + weights.weight(edge.context));
        });
    }
    let mut counts = Counts { pairs_compared, record_id_reused: reused, ..Counts::default() };
    counts.components = sizes.components;
    counts.largest_component = sizes.largest;
    counts.components_cut = sizes.cut;
    Ok(finish(evidence, &nodes, clusters, edges, &refused, counts, decision.calibration.as_ref()))
}

/// What the second pass joins, and the context of each pair where the decision asks for contexts.
fn two_passes(
    evidence: &Evidence,
    (nodes, pairs, together): (&Nodes, &ScoredPairs, &[(u32, u32)]),
    decision: &Decision,
    linkage: Linkage,
) -> io::Result<(Passed, Option<Levels>)> {
    let known = match pairs {
        ScoredPairs::Here(edges) => Some(Known::of(evidence.identities.len(), edges)),
        ScoredPairs::Away(..) => None,
    };
    let evidence = &Evidence { known: known.as_ref(), ..*evidence };
    let scored = nodes.edges_of(evidence, pairs)?;
    let population = Population { evidence, nodes, edges: &scored, together };
    let groups = population.first_clusters(decision.first_cut);
    let found = decision.context.as_ref().map(|weights| (Contexts::of(&population, groups).found(weights), weights));
    let contexts = found.as_ref().map(|(found, _)| nodes.contexts(pairs, &scored, &found.levels)).transpose()?;
    let pooled = |way: Way, scored: Vec<NodeEdge>| {
        let weighed = match found {
            Some((found, weights)) => found.weigh(scored, weights),
            None => scored,
        };
        Population { evidence, nodes, edges: &weighed, together }.second_pass(way, decision.cut)
    };
    let second = match linkage {
        Linkage::Average => population.first_pass(decision.first_cut.max(decision.cut)),
        Linkage::ConnectedComponents => population.chains(decision.cut),
        Linkage::Pooled => pooled(Way::Pooled(evidence.pooling), scored),
        Linkage::PooledWithoutRivals => pooled(Way::PooledWithoutRivals(evidence.pooling), scored),
    };
    Ok((second, contexts))
}

/// The pairs of decisions that were refused, as they are scored: a human is to see them.
fn unscored(evidence: &Evidence, refused: &[Refused]) -> Vec<Edge> {
    let apart = refused.iter().filter(|(left, right, _)| left != right);
    let scored = apart.map(|&(left, right, _)| {
        let pattern = evidence.pattern(left, right);
        Edge::of(left, right, evidence.scorer.weight(pattern), pattern)
    });
    scored.collect()
}

/// The nodes and what joins them: all that a pass looks at.
#[derive(Clone, Copy)]
struct Population<'a> {
    evidence: &'a Evidence<'a>,
    nodes: &'a Nodes,
    /// Ascending.
    edges: &'a [NodeEdge],
    together: &'a [(u32, u32)],
}

/// What one pass joined, component by component.
struct Passed {
    merges: Vec<Vec<Merge>>,
    sizes: Sizes,
}

impl Population<'_> {
    /// What the first pass looks at one by one, down to `lowest`.
    fn first_components(&self, lowest: i64) -> (Vec<Vec<u32>>, Sizes) {
        pass::components(self.nodes.len(), self.edges, self.together, lowest, COMPONENT_MAX, i64::MAX)
    }

    /// Agglomerates by average link, down to `lowest`.
    fn first_pass(&self, lowest: i64) -> Passed {
        let (components, sizes) = self.first_components(lowest);
        self.agglomerate(&components, Way::Average, lowest, sizes)
    }

    /// The clusters of the first pass, cut at `cut`.
    fn first_clusters(&self, cut: i64) -> Sets {
        pass::clusters(self.nodes.len(), &self.first_pass(cut).merges, cut)
    }

    /// Agglomerates by pooled link, down to `cut`; the edges are the pairs with their context.
    fn second_pass(&self, way: Way, cut: i64) -> Passed {
        let bar = pooled_bar(cut);
        let (components, sizes) =
            pass::components(self.nodes.len(), self.edges, self.together, bar, pass::MATRIX_MAX, cut.max(bar));
        self.agglomerate(&components, way, cut, sizes)
    }

    /// Joins along every chain of pairs at or above `cut`.
    fn chains(&self, cut: i64) -> Passed {
        let (components, sizes) = pass::components(self.nodes.len(), self.edges, self.together, cut, usize::MAX, cut);
        let chain = |component: Vec<u32>| {
            let merge = |pair: &[u32]| Merge { average: cut, left: pair[0], right: pair[1], pairs: 1, expected: 0.0 };
            component.windows(2).map(merge).collect()
        };
        Passed { merges: components.into_iter().map(chain).collect(), sizes }
    }

    fn agglomerate(&self, components: &[Vec<u32>], way: Way, lowest: i64, sizes: Sizes) -> Passed {
        let Population { evidence, nodes, edges, together } = *self;
        Passed { merges: pass::agglomerate(evidence, nodes, components, edges, together, way, lowest), sizes }
    }
}

/// Numbers the people and says for each pair whether it became one person; and what the weight of a pair means, learnt from that where it
/// is not `known`.
fn finish(
    evidence: &Evidence,
    nodes: &Nodes,
    clusters: (Sets, Vec<Bond>),
    mut links: Vec<Edge>,
    refused: &[Refused],
    mut counts: Counts,
    known: Option<&Calibration>,
) -> (Clustering, Calibration) {
    let (clusters, bonds) = clusters;
    let cluster_of = clusters.by_member();
    let mut number_of = vec![MISSING; clusters.len()];
    let mut person = vec![MISSING; evidence.records.len()];
    let (mut weakest, mut right, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    // Which cluster a record is in takes three or four waits for memory, and is asked on all threads; numbering them is one.
    person.par_iter_mut().enumerate().for_each(|(record, slot)| {
        *slot = nodes.of_record(evidence, record).map_or(MISSING, |node| cluster_of[node as usize]);
    });
    for slot in person.iter_mut().filter(|cluster| **cluster != MISSING) {
        let cluster = *slot as usize;
        if number_of[cluster] == MISSING {
            number_of[cluster] = weakest.len() as u32;
            weakest.push(bonds[cluster].weakest);
            right.push(if bonds[cluster].pairs > 0.0 { bonds[cluster].right / bonds[cluster].pairs } else { 1.0 });
            bare.push(clusters[cluster].iter().all(|&node| nodes.is_bare(node)));
        }
        *slot = number_of[cluster];
    }
    let person_of = |identity: u32| (!nodes.is_split(identity)).then(|| person[evidence.identities.example(identity)]);
    let together = |edge: &Edge| person_of(edge.left).is_some_and(|left| Some(left) == person_of(edge.right));
    links.par_iter_mut().for_each(|edge| edge.same_person = together(edge));
    let cut = pair_cut(evidence.settings);
    counts.links = links.par_iter().filter(|edge| i64::from(edge.weight) >= cut).count() as u64;
    let calibration = known.cloned().unwrap_or_else(|| {
        let right = |edge: &Edge| person_of(edge.left).map(|person| right[person as usize]);
        Calibration::learn(
            links.iter().map(|edge| (i64::from(edge.weight), if edge.same_person { right(edge) } else { None })),
        )
    });
    let from = calibration.weight_from(evidence.settings.review_from).min(cut);
    let mut review = review_pairs(evidence, &links, from);
    let mut reasons = vec![None; weakest.len()];
    for (why, &number) in doubtful::reasons(evidence, nodes, &clusters).into_iter().zip(&number_of) {
        if number != MISSING {
            reasons[number as usize] = why;
        }
    }
    review.extend(doubtful::weakest_pairs(&links, |edge| person_of(edge.left), |person| reasons[person as usize]));
    let review = with_reasons(review, &links, refused);
    let people = weakest.len() as u32;
    let refused = refused.iter().map(|&(_, _, why)| why).collect();
    let partition = Partition { person, people };
    (Clustering { partition, links, review, weakest, right, bare, refused, counts }, calibration)
}

/// Pairs from `from` on (1/1024 bit) that stayed apart although they may be one person.
fn review_pairs(evidence: &Evidence, links: &[Edge], from: i64) -> Vec<(u32, ReviewReason)> {
    let reason = |(at, edge): (usize, &Edge)| {
        if edge.same_person || i64::from(edge.weight) < from {
            return None;
        }
        let reason = match evidence.guards.judge(evidence, edge.left, edge.right, edge.pattern) {
            guards::Verdict::NeverLink | guards::Verdict::TwoPeople => return None,
            guards::Verdict::TwoNumbers => ReviewReason::PossibleDuplicateRegistration,
            guards::Verdict::Relatives(reason, _) => reason,
            guards::Verdict::Clear => ReviewReason::GreyZone,
        };
        Some((at as u32, reason))
    };
    links.par_iter().enumerate().filter_map(reason).collect()
}

/// The pairs for review with those of refused decisions, by place in `links`; why a decision was refused stands before other reasons.
fn with_reasons(mut review: Vec<(u32, ReviewReason)>, links: &[Edge], refused: &[Refused]) -> Vec<(u32, ReviewReason)> {
    let place = |&(left, right, why): &Refused| {
        let found = links.binary_search_by_key(&(left, right), |edge| (edge.left, edge.right));
        found.ok().map(|at| (at as u32, why))
    };
    review.extend(refused.iter().filter_map(place));
    review.sort_unstable();
    review.dedup_by_key(|&mut (at, _)| at);
    review
}

/// The probability that a weight in 1/1024 bit stands for.
pub fn as_probability(weight: i64) -> f64 {
    probability(weight)
}
