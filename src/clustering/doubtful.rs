//! People who look wrong as a whole, although every join was good enough: too many records, or two dates of birth that several
//! records each hold. A human is shown
//! their weakest pair, which is where they would come apart.

use super::links::Edge;
use super::nodes::Nodes;
use super::{Evidence, ReviewReason, Sets};
use crate::comparison::date::Dates;
use crate::comparison::{CodeColumn, Of};
use crate::records::MISSING;
use rayon::prelude::*;

/// Different identities of one person beyond which the person is too large: the average person of a partnership has five to ten.
const IDENTITIES_MAX: usize = 60;
/// Records that must hold a date before it counts: one alone may be a slip.
const HOLDERS_MIN: usize = 2;
/// The highest level of dates that have nothing but a decade in common.
const DATES_DIFFER: u8 = 1;
/// Dates of one person that are held against each other.
const DATES_LOOKED_AT: usize = 32;

/// Why each cluster looks wrong, if it does. Clusters are lists of nodes; linear in the nodes but for the few dates of one cluster.
pub(super) fn reasons(evidence: &Evidence, nodes: &Nodes, clusters: &Sets) -> Vec<Option<ReviewReason>> {
    let dates = evidence.comparisons.find("date_of_birth").and_then(|comparison| match &comparison.of {
        Of::Date(dates) => Some((dates, evidence.comparisons.column(comparison, 0))),
        _ => None,
    });
    let of_cluster = |cluster: &[u32]| match () {
        () if cluster.len() < 2 => None,
        () if cluster.len() > IDENTITIES_MAX => Some(ReviewReason::TooManyRecords),
        () if dates
            .is_some_and(|(dates, codes)| has_two_dates(dates, &held_dates(evidence, nodes, codes, cluster))) =>
        {
            Some(ReviewReason::TooManyDatesOfBirth)
        }
        () => None,
    };
    clusters.par_iter().map(of_cluster).collect()
}

/// The dates of birth of a cluster that enough records hold, as codes.
fn held_dates(evidence: &Evidence, nodes: &Nodes, codes: CodeColumn, cluster: &[u32]) -> Vec<u32> {
    let code = |node: u32| codes.at(nodes.identity(node));
    let first = cluster.iter().map(|&node| code(node)).find(|code| *code != MISSING);
    if cluster.iter().all(|&node| code(node) == MISSING || Some(code(node)) == first) {
        return Vec::new();
    }
    let mut held: Vec<(u32, u32)> = Vec::new();
    for &node in cluster.iter().filter(|&&node| code(node) != MISSING) {
        let keys = nodes.records_of(evidence, node).map(|record| evidence.records.key[record as usize]);
        held.extend(keys.map(|key| (code(node), key)));
    }
    held.sort_unstable();
    held.dedup();
    held.chunk_by(|a, b| a.0 == b.0)
        .filter(|holders| holders.len() >= HOLDERS_MIN)
        .map(|holders| holders[0].0)
        .collect()
}

/// Whether two of some dates have nothing but a decade in common.
fn has_two_dates(dates: &Dates, codes: &[u32]) -> bool {
    let unlike = |a: u32, b: u32| dates.level(a, b).is_some_and(|level| level <= DATES_DIFFER);
    let codes = &codes[..codes.len().min(DATES_LOOKED_AT)];
    codes.iter().enumerate().any(|(at, &a)| codes[at + 1..].iter().any(|&b| unlike(a, b)))
}

/// For each person that looks wrong, the pair of theirs that says least for one person, by place in `links`. `reason_of` gives the reason of
/// a person, and `person_of` the person of a pair that became one.
pub(super) fn weakest_pairs(
    links: &[Edge],
    person_of: impl Fn(&Edge) -> Option<u32> + Sync,
    reason_of: impl Fn(u32) -> Option<ReviewReason> + Sync,
) -> Vec<(u32, ReviewReason)> {
    let looks_wrong = |(at, edge): (usize, &Edge)| {
        let person = person_of(edge)?;
        reason_of(person).map(|reason| (person, edge.weight, at as u32, reason))
    };
    let same = links.par_iter().enumerate().filter(|(_, edge)| edge.same_person);
    let mut found: Vec<(u32, i32, u32, ReviewReason)> = same.filter_map(looks_wrong).collect();
    found.sort_unstable();
    found.dedup_by_key(|&mut (person, ..)| person);
    let mut pairs: Vec<(u32, ReviewReason)> = found.into_iter().map(|(_, _, at, reason)| (at, reason)).collect();
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weakest_pair_of_a_person_who_looks_wrong_is_shown() {
        let edge = |left, right, weight, same_person| Edge { same_person, ..Edge::of(left, right, weight, 0) };
        let links = [edge(0, 1, 900, true), edge(0, 2, 300, true), edge(1, 2, 200, false), edge(3, 4, 100, true)];
        let person = |edge: &Edge| Some(u32::from(edge.left >= 3));
        let reason = |person: u32| (person == 0).then_some(ReviewReason::TooManyDatesOfBirth);
        assert_eq!(weakest_pairs(&links, person, reason), [(1, ReviewReason::TooManyDatesOfBirth)]);
    }
}
