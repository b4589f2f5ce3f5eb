//! One pass over the population: components of the scored pairs, and agglomeration inside each.

use super::judged::{Judged, judge_pattern};
use super::known::Asked;
use super::matrix::{self, Matrix};
use super::merges::{Expected, Merge};
use super::nodes::Nodes;
use super::pooled::Pooled;
use super::sparse::{self, Scored};
use super::steps::Steps;
use super::union_find::{Sets, UnionFind};
use super::{Evidence, again};
use crate::model::{Pooling, UNITS_PER_BIT, probability};
use crate::records::MISSING;
use rayon::prelude::*;

/// Components up to this many nodes are agglomerated over all their pairs, each scored where blocking did not: k²/2 scores of 0.4 µs and,
/// pooled, 300 k² bytes (12 MB). Larger ones rest on the pairs that were scored.
pub(super) const MATRIX_MAX: usize = 200;
/// Components that a thread takes at once: the largest come first, and one of them may take as long as ten thousand of the last.
const COMPONENTS_AT_ONCE: usize = 4;

/// A scored pair of nodes, left < right, and what it counts in averages: 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeEdge {
    pub left: u32,
    pub right: u32,
    pub weight: i32,
    pub forbidden: bool,
}

/// Figures of one pass.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sizes {
    pub components: u64,
    pub largest: u64,
    pub cut: u64,
}

/// Components of the edges at or above `bar` and of `together`, largest first; what stands alone is in none. Where a component is larger than
/// `size_max`, its bar is raised bit by bit, up to `bar_max`, until its parts are small enough.
pub(super) fn components(
    nodes: usize,
    edges: &[NodeEdge],
    together: &[(u32, u32)],
    bar: i64,
    size_max: usize,
    bar_max: i64,
) -> (Vec<Vec<u32>>, Sizes) {
    let union = UnionFind::new(nodes);
    edges.par_iter().filter(|edge| edge.joins(bar)).for_each(|edge| union.join(edge.left, edge.right));
    together.iter().for_each(|&(a, b)| union.join(a, b));
    let mut sizes = Sizes::default();
    let (mut done, mut large) = (Vec::new(), Vec::new());
    for component in union.groups() {
        sizes.components += 1;
        if component.len() > size_max { large.push(component) } else { done.push(component) }
    }
    sizes.cut = large.len() as u64;
    let mut place = vec![MISSING; if large.is_empty() { 0 } else { nodes }];
    large.iter().for_each(|component| component.iter().zip(0..).for_each(|(&node, at)| place[node as usize] = at));
    let parts = |component: &Vec<u32>| parts(component, edges, (together, &place), bar, size_max, bar_max);
    done.extend(large.par_iter().with_max_len(1).flat_map_iter(parts).collect::<Vec<_>>());
    done.par_sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a[0].cmp(&b[0])));
    sizes.largest = done.first().map_or(0, |component| component.len() as u64);
    (done, sizes)
}

/// The parts of a component that is too large; `place` is that of each node in its component.
fn parts(
    component: &[u32],
    edges: &[NodeEdge],
    (together, place): (&[(u32, u32)], &[u32]),
    bar: i64,
    size_max: usize,
    bar_max: i64,
) -> Vec<Vec<u32>> {
    let of_node = |&node: &u32| {
        let from = edges.partition_point(|edge| edge.left < node);
        edges[from..].iter().take_while(move |edge| edge.left == node).filter(|edge| edge.joins(bar))
    };
    let local = |a: u32, b: u32| (place[a as usize], place[b as usize]);
    // Pairs that join at the lowest bar stand in one component, whole.
    let inside: Vec<(u32, u32, i32)> = component
        .iter()
        .flat_map(of_node)
        .map(|edge| {
            let (a, b) = local(edge.left, edge.right);
            (a, b, edge.weight)
        })
        .collect();
    let own = |node: u32| component.binary_search(&node).is_ok();
    let same: Vec<(u32, u32)> = together.iter().filter(|(a, _)| own(*a)).map(|&(a, b)| local(a, b)).collect();
    let joined_at = |bits: i64| {
        let (bar, union) = (bar_at(bar, bits).min(bar_max), UnionFind::new(component.len()));
        inside.iter().filter(|edge| i64::from(edge.2) >= bar).for_each(|&(a, b, _)| union.join(a, b));
        same.iter().for_each(|&(a, b)| union.join(a, b));
        union
    };
    // Beyond the highest weight nothing is joined but what has to be.
    let highest = inside.iter().map(|edge| i64::from(edge.2)).max().map_or(bar, |weight| weight + 1);
    let mut steps = Steps::up_to(bits_to(bar, highest.min(bar_max)));
    while let Some(bits) = steps.next() {
        let small = joined_at(bits).groups().iter().all(|group| group.len() <= size_max);
        steps.tell(bits, small);
    }
    let global = |group: Vec<u32>| group.into_iter().map(|at| component[at as usize]).collect();
    joined_at(steps.enough()).groups().into_iter().map(global).collect()
}

/// `bar` raised by whole bits, and the bits by which it has to be raised to reach another; both bars in 1/1024 bit.
pub(super) fn bar_at(bar: i64, bits: i64) -> i64 {
    bar + bits * UNITS_PER_BIT as i64
}

fn bits_to(bar: i64, other: i64) -> i64 {
    ((other - bar).max(0) as u64).div_ceil(UNITS_PER_BIT as u64).max(1) as i64
}

impl NodeEdge {
    /// Whether the pair holds a component together.
    pub fn joins(&self, bar: i64) -> bool {
        i64::from(self.weight) >= bar && !self.forbidden
    }
}

/// How a pass links.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    /// The average over all cross pairs, each judged alone.
    Average,
    /// The evidence of all cross pairs pooled by field.
    Pooled(&'a Pooling),
    /// The same without regard to rivals.
    PooledWithoutRivals(&'a Pooling),
}

impl Way<'_> {
    /// One letter for each.
    pub fn word(self) -> u8 {
        match self {
            Way::Average => b'a',
            Way::Pooled(_) => b'p',
            Way::PooledWithoutRivals(_) => b'w',
        }
    }
}

/// The joins of every component, in the order of the components; merges name nodes.
pub(super) fn agglomerate(
    evidence: &Evidence,
    nodes: &Nodes,
    components: &[Vec<u32>],
    edges: &[NodeEdge],
    together: &[(u32, u32)],
    way: Way,
    lowest: i64,
) -> Vec<Vec<Merge>> {
    let one = |asked: &mut Asked, component: &Vec<u32>| {
        let same = places_together(component, together);
        let key = again::key(evidence, nodes, component, &same, way, lowest);
        let merges = again::before(evidence, key)
            .unwrap_or_else(|| join(evidence, nodes, (component, edges), &same, way, lowest, asked));
        (key, merges)
    };
    let joined: Vec<(Option<u128>, Vec<Merge>)> =
        components.par_iter().with_max_len(COMPONENTS_AT_ONCE).map_init(Asked::default, one).collect();
    again::leave(evidence, &joined);
    let global = |(component, (_, merges)): (&Vec<u32>, (Option<u128>, Vec<Merge>))| {
        let node = |place: u32| component[place as usize];
        merges.into_iter().map(|merge| Merge { left: node(merge.left), right: node(merge.right), ..merge }).collect()
    };
    components.par_iter().zip(joined).map(global).collect()
}

/// The joins of one component; merges name places in it. `same` are pairs of places that are joined before all else.
fn join(
    evidence: &Evidence,
    nodes: &Nodes,
    (component, edges): (&[u32], &[NodeEdge]),
    same: &[(usize, usize)],
    way: Way,
    lowest: i64,
    asked: &mut Asked,
) -> Vec<Merge> {
    let records: Vec<i64> = component.iter().map(|&node| nodes.weight(node)).collect();
    match way {
        _ if component.len() > MATRIX_MAX => {
            let number = |node: &u32| evidence.guards.verified_number(evidence, nodes.identity(*node));
            let numbers: Vec<Option<u32>> = component.iter().map(number).collect();
            sparse::agglomerate(&scored_inside(component, edges), &records, &numbers, same, lowest)
        }
        Way::Average => {
            let mut matrix = Matrix::new(component.len());
            judge_all(evidence, nodes, component, asked, |a, b, judged| {
                matrix.set(a, b, judged.in_average, judged.forbidden());
            });
            matrix::agglomerate(&matrix, &records, same, lowest)
        }
        Way::Pooled(pooling) | Way::PooledWithoutRivals(pooling) => {
            let mut pooled = Pooled::new(pooling, &records);
            pooled.heeds_rivals = matches!(way, Way::Pooled(_));
            judge_all(evidence, nodes, component, asked, |a, b, judged| {
                pooled.set(a, b, &judged);
            });
            pooled.agglomerate(same, lowest)
        }
    }
}

/// Judges every pair of a component, given as places in it.
pub(super) fn judge_all(
    evidence: &Evidence,
    nodes: &Nodes,
    component: &[u32],
    asked: &mut Asked,
    mut with: impl FnMut(usize, usize, Judged),
) {
    let identities: Vec<u32> = component.iter().map(|&node| nodes.identity(node)).collect();
    let places = || (0..identities.len()).flat_map(|a| (a + 1..identities.len()).map(move |b| (a, b)));
    let identities = |(a, b): (usize, usize)| (identities[a].min(identities[b]), identities[a].max(identities[b]));
    let patterns = asked.patterns(evidence, places().map(identities));
    for ((a, b), &pattern) in places().zip(patterns) {
        let (left, right) = identities((a, b));
        with(a, b, judge_pattern(evidence, left, right, pattern));
    }
}

/// The scored pairs of a large component, as places in it. Edges ascend by their left node.
fn scored_inside(component: &[u32], edges: &[NodeEdge]) -> Vec<Scored> {
    let mut scored = Vec::new();
    for (at, &node) in component.iter().enumerate() {
        let from = edges.partition_point(|edge| edge.left < node);
        for edge in edges[from..].iter().take_while(|edge| edge.left == node) {
            if let Ok(other) = component.binary_search(&edge.right) {
                let (left, right) = (at as u32, other as u32);
                scored.push(Scored { left, right, weight: i64::from(edge.weight), forbidden: edge.forbidden });
            }
        }
    }
    scored
}

/// Pairs of places in the component that hold rows of one record_id. Both lists ascend.
pub(super) fn places_together(component: &[u32], together: &[(u32, u32)]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, &node) in component.iter().enumerate() {
        let from = together.partition_point(|&(a, _)| a < node);
        for &(_, other) in together[from..].iter().take_while(|&&(a, _)| a == node) {
            found.extend(component.binary_search(&other).ok().map(|place| (at, place)));
        }
    }
    found
}

/// What stands inside the nodes of the identities that `pairs` name: pairs of records with the very same values; `chance` is that of an
/// identity with its copy.
pub(super) fn copies(
    nodes: &Nodes,
    identities: usize,
    pairs: impl Iterator<Item = (u32, u32)>,
    chance: impl Fn(u32) -> f64,
) -> Expected {
    let mut touched = vec![false; identities];
    pairs.for_each(|(left, right)| {
        touched[left as usize] = true;
        touched[right as usize] = true;
    });
    let mut expected = Expected::default();
    for node in 0..nodes.len() as u32 {
        let (records, identity) = (nodes.weight(node) as f64, nodes.identity(node));
        if records > 1.0 && touched[identity as usize] {
            let pairs = records * (records - 1.0) / 2.0;
            expected.pairs += pairs;
            expected.true_pairs += pairs * chance(identity);
        }
    }
    expected.all_true = expected.true_pairs;
    expected
}

/// What joined a cluster.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bond {
    /// The lowest average; `None` where nothing had to be joined but rows of one record_id.
    pub weakest: Option<i64>,
    /// Record pairs that joins brought together, and how many of them are right by the averages.
    pub pairs: f64,
    pub right: f64,
}

impl<'m> FromIterator<&'m Merge> for Bond {
    fn from_iter<I: IntoIterator<Item = &'m Merge>>(merges: I) -> Bond {
        let mut bond = Bond::default();
        for merge in merges {
            bond.pairs += merge.pairs as f64;
            bond.right += merge.pairs as f64 * probability(merge.average);
            if merge.average < i64::MAX {
                bond.weakest = Some(bond.weakest.map_or(merge.average, |known| known.min(merge.average)));
            }
        }
        bond
    }
}

/// The joins of a component that are made where people are cut at `cut`.
fn made(merges: &[Merge], cut: i64) -> impl Iterator<Item = &Merge> {
    merges.iter().filter(move |merge| merge.average >= cut)
}

fn joined(nodes: usize, merges: &[Vec<Merge>], cut: i64) -> UnionFind {
    let union = UnionFind::new(nodes);
    merges.par_iter().for_each(|merges| made(merges, cut).for_each(|merge| union.join(merge.left, merge.right)));
    union
}

/// Clusters after all joins at or above `cut`, members ascending.
pub(super) fn clusters(nodes: usize, merges: &[Vec<Merge>], cut: i64) -> Sets {
    joined(nodes, merges, cut).all_groups()
}

/// The same, and what joined them.
pub(super) fn bound_clusters(nodes: usize, merges: &[Vec<Merge>], cut: i64) -> (Sets, Vec<Bond>) {
    let union = joined(nodes, merges, cut);
    // A cluster's joins are all in one component: they are added up in their order, whichever thread does it.
    let of_component = |merges: &Vec<Merge>| {
        let mut by_root: Vec<(u32, &Merge)> = made(merges, cut).map(|merge| (union.find(merge.left), merge)).collect();
        by_root.sort_by_key(|(root, _)| *root);
        let bonds =
            by_root.chunk_by(|a, b| a.0 == b.0).map(|own| (own[0].0, own.iter().map(|(_, merge)| *merge).collect()));
        bonds.collect::<Vec<(u32, Bond)>>()
    };
    let mut bonds: Vec<(u32, Bond)> = merges.par_iter().flat_map_iter(of_component).collect();
    bonds.par_sort_unstable_by_key(|(root, _)| *root);
    let groups = union.all_groups();
    // A root is the first member of its set, so that both ascend.
    let mut bonds = bonds.into_iter().peekable();
    let own = |group: &[u32]| bonds.next_if(|(root, _)| *root == group[0]).map_or_else(Bond::default, |(_, bond)| bond);
    let bonds = groups.iter().map(own).collect();
    (groups, bonds)
}
