//! The second pass once more, for the records of one person or of two: how they were joined, and what stands between them.
//!
//! In: [`Evidence`] and some nodes. Out: joins in their order. Always: what stands between two clusters is what stood there in the run, and
//! ties break by the same order of nodes. The joins of one person come out in the order of the run, but for those that a rival delayed:
//! agglomeration takes the best pair first, and a join of others changes nothing between two clusters of this person, but the claims of
//! others, who are not here, may have made a pair wait.

use super::decided::Together;
use super::known::Asked;
use super::nodes::Nodes;
use super::pass::{MATRIX_MAX, judge_all, places_together};
use super::pooled::{Pooled, Standing};
use super::{Evidence, pair_cut};
use rustc_hash::FxHashMap;

/// The nodes of a whole population, and which of them are joined before all evidence: about 0.4 µs an identity.
pub struct Replay<'a> {
    evidence: &'a Evidence<'a>,
    nodes: Nodes,
    together: Vec<(u32, u32)>,
    /// Those of `together` that a human has decided.
    decided: Vec<(u32, u32)>,
}

/// One join of two clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Nodes of each side, ascending.
    pub left: Vec<u32>,
    pub right: Vec<u32>,
    /// What stood between them; `None` for rows of one record_id and for decisions, which are joined first.
    pub standing: Option<Standing>,
    /// A human has decided that they are one person.
    pub decided: bool,
}

/// What stands between two sets of nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Between {
    pub standing: Standing,
    /// What each comparison says against plain strangers when pooled, in bits.
    pub fields: Vec<Option<f64>>,
}

impl<'a> Replay<'a> {
    pub fn of(evidence: &'a Evidence<'a>) -> Replay<'a> {
        let nodes = Nodes::of(evidence, pair_cut(evidence.settings));
        let Together { pairs: together, decided, .. } = Together::of(evidence, &nodes);
        Replay { evidence, nodes, together, decided }
    }

    /// The node of a record; `None` where it was kept out of linking.
    pub fn node(&self, record: usize) -> Option<u32> {
        self.nodes.of_record(self.evidence, record)
    }

    pub fn identity(&self, node: u32) -> u32 {
        self.nodes.identity(node)
    }

    /// The joins among `nodes` (ascending) down to `cut`, in their order; `None` where there are more than a matrix holds.
    pub fn joins(&self, nodes: &[u32], cut: i64) -> Option<Vec<Join>> {
        let pooled = self.pooled(nodes)?;
        let mut members: FxHashMap<usize, Vec<u32>> = (0..nodes.len()).map(|at| (at, vec![nodes[at]])).collect();
        let mut joins = Vec::new();
        let tell = |a: usize, b: usize, standing: Option<Standing>| {
            let left = members.remove(&a).expect("a cluster that is joined is there");
            let right = members.remove(&b).expect("a cluster that is joined is there");
            let mut all = [&left[..], &right[..]].concat();
            all.sort_unstable();
            members.insert(a.min(b), all);
            let across = |&(x, y): &(u32, u32)| {
                let (in_left, in_right) = (|node| left.contains(&node), |node| right.contains(&node));
                (in_left(x) && in_right(y)) || (in_left(y) && in_right(x))
            };
            let decided = standing.is_none() && self.decided.iter().any(across);
            joins.push(Join { left, right, standing, decided });
        };
        pooled.agglomerate_telling(&places_together(nodes, &self.together), cut, tell);
        Some(joins)
    }

    /// What stands between two sets of nodes, each taken as one cluster. `None` where there are more than a matrix holds, or both share one.
    pub fn between(&self, left: &[u32], right: &[u32]) -> Option<Between> {
        let mut nodes = [left, right].concat();
        nodes.sort_unstable();
        let shared = nodes.windows(2).any(|pair| pair[0] == pair[1]);
        if shared || left.is_empty() || right.is_empty() {
            return None;
        }
        let mut pooled = self.pooled(&nodes)?;
        let [a, b] = [left, right].map(|side| {
            let place = |node: &u32| nodes.binary_search(node).expect("both sides are in the list");
            let mut places: Vec<usize> = side.iter().map(place).collect();
            places.sort_unstable();
            places
        });
        for places in [&a, &b] {
            places[1..].iter().for_each(|&other| pooled.join(places[0], other));
        }
        let standing = pooled.standing(a[0], b[0]);
        Some(Between { standing, fields: self.evidence.pooling.bits_by_field(pooled.sums(a[0], b[0])) })
    }

    fn pooled(&self, nodes: &[u32]) -> Option<Pooled<'a>> {
        if nodes.len() > MATRIX_MAX {
            return None;
        }
        let records: Vec<i64> = nodes.iter().map(|&node| self.nodes.weight(node)).collect();
        let mut pooled = Pooled::new(self.evidence.pooling, &records);
        judge_all(self.evidence, &self.nodes, nodes, &mut Asked::default(), |a, b, judged| pooled.set(a, b, &judged));
        Some(pooled)
    }
}
