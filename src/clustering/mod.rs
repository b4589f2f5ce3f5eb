//! From scored pairs to people.
//!
//! In: blocks, a model, and what may never be one person. Out: a [`Clustering`]: a [`Partition`] of the records, the links, and what a
//! human should look at. Always: every record belongs to exactly one person; no person holds a pair that a guard forbids; ties break by
//! content hash, never by row order.
//!
//! People are not the components of the links: inside a component clusters are merged by their *average* link, best first, so that one
//! bad record cannot chain two people together.

mod agglomerate;
mod around;
mod guards;
mod judged;
mod links;
mod nodes;
mod union_find;

pub use around::score_around;
pub use guards::{Guards, NeverLink};
pub use judged::{Guard, Judged, judge};
pub use links::{Edge, score_pairs};
pub use union_find::UnionFind;

use crate::comparison::Comparisons;
use crate::job::ClusterSettings;
use crate::model::{Scorer, UNITS_PER_BIT, probability, weight_of};
use crate::records::{Identities, MISSING, Records};
use nodes::Nodes;
use rayon::prelude::*;

/// Components larger than this are cut along their weakest links before they are agglomerated.
const COMPONENT_MAX: usize = 160;
/// Pairs below this probability are not kept as links.
const KEPT_FROM: f64 = 0.05;

/// Who is who: one dense number a record, in the order in which people first appear in the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Person of each record, `0..people`; [`MISSING`] for a record that was kept out of linking.
    pub person: Vec<u32>,
    pub people: u32,
}

/// Why a pair goes to a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReviewReason {
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
}

impl ReviewReason {
    pub fn word(self) -> &'static str {
        match self {
            ReviewReason::GreyZone => "grey_zone",
            ReviewReason::PossibleDuplicateRegistration => "possible_duplicate_registration",
            ReviewReason::PossibleTwins => "possible_twins",
            ReviewReason::PossibleGenerations => "possible_generations",
            ReviewReason::NumberWithoutDemographic => "number_without_demographic",
        }
    }
}

/// What linking found.
#[derive(Debug)]
pub struct Clustering {
    pub partition: Partition,
    /// Scored pairs of identities, ascending; `true` where both are one person.
    pub links: Vec<(Edge, bool)>,
    /// The pairs among them that need a human, by place in `links`.
    pub review: Vec<(u32, ReviewReason)>,
    /// The lowest average link at which parts of a person were joined, in 1/1024 bit; `None` for people of one identity.
    pub weakest: Vec<Option<i64>>,
    /// People whose only identity says too little to be recognised again.
    pub bare: Vec<bool>,
    pub counts: Counts,
}

/// Figures for run.json.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
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

/// The lowest weight at which clusters are joined, in 1/1024 bit: expected cost of a false link, C·(1 − p), against that of a miss, p.
pub fn cut_weight(settings: &ClusterSettings) -> i64 {
    let from_cost = settings.false_link_cost / (1.0 + settings.false_link_cost);
    weight_of(settings.threshold.unwrap_or(from_cost))
}

/// Everything that clustering reads.
pub struct Evidence<'a> {
    pub records: &'a Records,
    pub identities: &'a Identities,
    pub comparisons: &'a Comparisons,
    pub scorer: &'a Scorer<'a>,
    pub guards: &'a Guards,
    pub settings: &'a ClusterSettings,
}

/// Joins identities into people. `edges` are the kept pairs of [`score_pairs`].
pub fn cluster(evidence: &Evidence, edges: Vec<Edge>, pairs_compared: u64) -> Clustering {
    let cut = cut_weight(evidence.settings);
    let nodes = Nodes::of(evidence, cut);
    let mut counts = Counts { pairs_compared, ..Counts::default() };
    let (same_record, reused) = nodes.same_record(evidence);
    counts.record_id_reused = reused;
    let strong = nodes.edges(&edges, cut);
    let components = components(nodes.len(), &strong, &same_record, &mut counts);
    let mut clusters: Vec<(Vec<u32>, Option<i64>)> = components
        .par_iter()
        .flat_map_iter(|component| agglomerate::agglomerate(evidence, &nodes, component, &same_record, cut))
        .collect();
    // Every node outside the components stands alone.
    let mut seen = vec![false; nodes.len()];
    clusters.iter().flat_map(|(members, _)| members).for_each(|&node| seen[node as usize] = true);
    clusters.extend((0..nodes.len() as u32).filter(|&node| !seen[node as usize]).map(|node| (vec![node], None)));
    finish(evidence, &nodes, clusters, edges, cut, counts)
}

/// Components of the strong edges, largest first; those beyond the limit are cut along their weakest edges.
fn components(
    nodes: usize,
    strong: &[(u32, u32, i64)],
    same_record: &[(u32, u32)],
    counts: &mut Counts,
) -> Vec<Vec<u32>> {
    let mut union = UnionFind::new(nodes);
    strong.iter().for_each(|&(a, b, _)| union.join(a, b));
    same_record.iter().for_each(|&(a, b)| union.join(a, b));
    let mut done = Vec::new();
    let mut large: Vec<Vec<u32>> = Vec::new();
    for component in union.groups() {
        counts.components += 1;
        counts.largest_component = counts.largest_component.max(component.len() as u64);
        if component.len() > COMPONENT_MAX { large.push(component) } else { done.push(component) }
    }
    counts.components_cut = large.len() as u64;
    for component in large {
        done.extend(cut_component(&component, strong, same_record));
    }
    done.sort_by(|a, b| b.len().cmp(&a.len()).then(a[0].cmp(&b[0])));
    done
}

/// Raises the bar by two bits at a time until every part is small enough.
fn cut_component(component: &[u32], strong: &[(u32, u32, i64)], same_record: &[(u32, u32)]) -> Vec<Vec<u32>> {
    let place = |node: u32| component.binary_search(&node).ok().map(|at| at as u32);
    let local = |a: u32, b: u32| Some((place(a)?, place(b)?));
    let edges: Vec<(u32, u32, i64)> =
        strong.iter().filter_map(|&(a, b, w)| local(a, b).map(|(a, b)| (a, b, w))).collect();
    let same: Vec<(u32, u32)> = same_record.iter().filter_map(|&(a, b)| local(a, b)).collect();
    let mut bar = edges.iter().map(|(_, _, weight)| *weight).min().unwrap_or(0);
    let highest = edges.iter().map(|(_, _, weight)| *weight).max().unwrap_or(0);
    loop {
        bar += 2 * UNITS_PER_BIT as i64;
        let mut union = UnionFind::new(component.len());
        edges.iter().filter(|(_, _, weight)| *weight >= bar).for_each(|&(a, b, _)| union.join(a, b));
        if bar <= highest {
            same.iter().for_each(|&(a, b)| union.join(a, b));
        }
        let groups = union.groups();
        if bar > highest || groups.iter().all(|group| group.len() <= COMPONENT_MAX) {
            return groups
                .into_iter()
                .map(|group| group.into_iter().map(|at| component[at as usize]).collect())
                .collect();
        }
    }
}

/// Numbers the people and says for each pair whether it became one person.
fn finish(
    evidence: &Evidence,
    nodes: &Nodes,
    clusters: Vec<(Vec<u32>, Option<i64>)>,
    edges: Vec<Edge>,
    cut: i64,
    mut counts: Counts,
) -> Clustering {
    let mut cluster_of = vec![MISSING; nodes.len()];
    for (number, (members, _)) in clusters.iter().enumerate() {
        members.iter().for_each(|&node| cluster_of[node as usize] = number as u32);
    }
    let mut number_of = vec![MISSING; clusters.len()];
    let (mut person, mut weakest, mut bare) = (vec![MISSING; evidence.records.len()], Vec::new(), Vec::new());
    for (record, slot) in person.iter_mut().enumerate() {
        let Some(node) = nodes.of_record(evidence, record) else { continue };
        let cluster = cluster_of[node as usize] as usize;
        if number_of[cluster] == MISSING {
            number_of[cluster] = weakest.len() as u32;
            weakest.push(clusters[cluster].1);
            bare.push(clusters[cluster].0.iter().all(|&node| nodes.is_bare(node)));
        }
        *slot = number_of[cluster];
    }
    let person_of = |identity: u32| (!nodes.is_split(identity)).then(|| person[evidence.identities.example(identity)]);
    let together = |edge: &Edge| person_of(edge.left).is_some_and(|left| Some(left) == person_of(edge.right));
    let links: Vec<(Edge, bool)> = edges.into_par_iter().map(|edge| (edge, together(&edge))).collect();
    counts.links = links.iter().filter(|(edge, _)| edge.weight >= cut).count() as u64;
    let review = review_pairs(evidence, &links, cut);
    let people = weakest.len() as u32;
    Clustering { partition: Partition { person, people }, links, review, weakest, bare, counts }
}

/// Pairs that stayed apart although they may be one person.
fn review_pairs(evidence: &Evidence, links: &[(Edge, bool)], cut: i64) -> Vec<(u32, ReviewReason)> {
    let from = weight_of(evidence.settings.review_from).min(cut);
    let reason = |(at, (edge, together)): (usize, &(Edge, bool))| {
        if *together || edge.weight < from {
            return None;
        }
        let reason = match evidence.guards.judge(evidence, edge.left, edge.right, edge.pattern) {
            guards::Verdict::NeverLink => return None,
            guards::Verdict::TwoNumbers => ReviewReason::PossibleDuplicateRegistration,
            guards::Verdict::Relatives(reason) => reason,
            guards::Verdict::Clear => ReviewReason::GreyZone,
        };
        Some((at as u32, reason))
    };
    links.par_iter().enumerate().filter_map(reason).collect()
}

/// The probability that a weight in 1/1024 bit stands for.
pub fn as_probability(weight: i64) -> f64 {
    probability(weight)
}

/// Nobody linked with anybody, where nothing can be compared; rows of one record_id stay together.
pub fn everyone_alone(records: &Records, identities: &Identities) -> Clustering {
    let (mut person, mut known) = (vec![MISSING; records.len()], rustc_hash::FxHashMap::default());
    for record in (0..records.len()).filter(|&record| identities.of_record[record] != MISSING) {
        let next = known.len() as u32;
        person[record] = *known.entry(records.key[record]).or_insert(next);
    }
    let people = known.len();
    Clustering {
        partition: Partition { person, people: people as u32 },
        links: Vec::new(),
        review: Vec::new(),
        weakest: vec![None; people],
        bare: vec![true; people],
        counts: Counts::default(),
    }
}
