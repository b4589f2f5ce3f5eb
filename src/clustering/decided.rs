//! Nodes that are joined before all evidence: rows of one record_id, and what humans have decided to be one person.
//!
//! A decision is obeyed whatever the score. Where obeying it would bring together what must stay apart (two decisions against each other,
//! a never-link list, two verified numbers) it is refused and told: the decisions that were made before it stand.

use super::guards::Verdict;
use super::judged::judge;
use super::nodes::{Nodes, of_one_record};
use super::{Evidence, ReviewReason, UnionFind};
use rustc_hash::{FxHashMap, FxHashSet};

/// A decision that was not obeyed: the two identities that agree best, smaller first, and why.
pub(super) type Refused = (u32, u32, ReviewReason);

/// What is joined before all else.
#[derive(Default)]
pub(super) struct Together {
    /// Pairs of nodes, smaller first, ascending; those of decisions can be joined in any order.
    pub pairs: Vec<(u32, u32)>,
    /// Those of them that a human decided, ascending.
    pub decided: Vec<(u32, u32)>,
    pub refused: Vec<Refused>,
    /// Rows of one record_id that contradict each other.
    pub reused: u64,
}

impl Together {
    pub fn of(evidence: &Evidence, nodes: &Nodes) -> Together {
        Together::of_rows(evidence, nodes, &of_one_record(evidence))
    }

    /// The same where it is known which rows are of one record_id.
    pub fn of_rows(evidence: &Evidence, nodes: &Nodes, rows: &[(u32, u32)]) -> Together {
        let (same, reused) = nodes.same_record(evidence, rows);
        let asked = asked(evidence, nodes);
        if asked.is_empty() {
            return Together { pairs: same, reused, ..Together::default() };
        }
        let all = UnionFind::new(nodes.len());
        same.iter().chain(&asked).for_each(|&(a, b)| all.join(a, b));
        let touched: FxHashSet<u32> = asked.iter().map(|&(a, _)| all.find(a)).collect();
        let mut growing =
            Growing { evidence, nodes, union: UnionFind::new(nodes.len()), members: FxHashMap::default() };
        let mut together = Together { reused, ..Together::default() };
        for (a, b) in same {
            // What no decision touches is settled while it is joined.
            if !touched.contains(&all.find(a)) || growing.join(a, b).is_none() {
                together.pairs.push((a, b));
            }
        }
        for (a, b) in asked {
            match growing.join(a, b) {
                None => together.decided.push((a, b)),
                Some(why) => {
                    let (left, right) = (nodes.identity(a), nodes.identity(b));
                    together.refused.push((left.min(right), left.max(right), why));
                }
            }
        }
        together.decided.sort_unstable();
        together.decided.dedup();
        together.pairs.extend(&together.decided);
        together.pairs.sort_unstable();
        together.pairs.dedup();
        together
    }
}

/// The nodes of each decision, in the order in which they were made. Where a record has several rows, those that agree best are meant.
fn asked(evidence: &Evidence, nodes: &Nodes) -> Vec<(u32, u32)> {
    let decisions = evidence.guards.one_person();
    let mut of_key: FxHashMap<u32, Vec<u32>> =
        decisions.iter().flat_map(|&(a, b)| [(a, vec![]), (b, vec![])]).collect();
    for record in if of_key.is_empty() { 0..0 } else { 0..evidence.records.len() } {
        if let (Some(known), Some(node)) =
            (of_key.get_mut(&evidence.records.key[record]), nodes.of_record(evidence, record))
        {
            known.push(node);
        }
    }
    of_key.values_mut().for_each(|nodes| {
        nodes.sort_unstable();
        nodes.dedup();
    });
    let best = |(a, b): &(u32, u32)| {
        let pairs = of_key[a].iter().flat_map(|&x| of_key[b].iter().map(move |&y| (x.min(y), x.max(y))));
        // Of equal ones the first counts, whose content hash is smallest.
        pairs.max_by_key(|&(x, y)| (weight(evidence, nodes, x, y), std::cmp::Reverse((x, y))))
    };
    decisions.iter().filter_map(best).filter(|(x, y)| x != y).collect()
}

fn weight(evidence: &Evidence, nodes: &Nodes, a: u32, b: u32) -> i64 {
    let (left, right) = (nodes.identity(a), nodes.identity(b));
    judge(evidence, left.min(right), left.max(right)).weight
}

/// Clusters of nodes, while nothing but records and decisions joins them.
struct Growing<'a> {
    evidence: &'a Evidence<'a>,
    nodes: &'a Nodes,
    union: UnionFind,
    /// Of each root that was joined.
    members: FxHashMap<u32, Vec<u32>>,
}

impl Growing<'_> {
    /// Joins two clusters, or says what forbids it.
    fn join(&mut self, a: u32, b: u32) -> Option<ReviewReason> {
        let (a, b) = (self.union.find(a), self.union.find(b));
        if a == b {
            return None;
        }
        let [left, right] = [a, b].map(|root| self.members.get(&root).cloned().unwrap_or_else(|| vec![root]));
        let pairs = left.iter().flat_map(|&x| right.iter().map(move |&y| (x, y)));
        if let Some(why) = pairs.filter_map(|(x, y)| self.forbidden(x, y)).min() {
            return Some(why);
        }
        self.union.join(a, b);
        self.members.remove(&a);
        self.members.remove(&b);
        self.members.insert(self.union.find(a), [left, right].concat());
        None
    }

    fn forbidden(&self, a: u32, b: u32) -> Option<ReviewReason> {
        let (left, right) = (self.nodes.identity(a), self.nodes.identity(b));
        let (left, right) = (left.min(right), left.max(right));
        let pattern = self.evidence.pattern(left, right);
        reason(self.evidence.guards.judge(self.evidence, left, right, pattern))
    }
}

/// Why a decision cannot be obeyed against this verdict; `None` where it can.
fn reason(verdict: Verdict) -> Option<ReviewReason> {
    match verdict {
        Verdict::NeverLink => Some(ReviewReason::DecisionAgainstNeverLink),
        Verdict::TwoPeople => Some(ReviewReason::DecisionsContradict),
        Verdict::TwoNumbers => Some(ReviewReason::DecisionAgainstNumbers),
        Verdict::Clear | Verdict::Relatives(..) => None,
    }
}
