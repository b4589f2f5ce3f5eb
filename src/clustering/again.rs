//! Joins that the night before found already.
//!
//! What agglomeration makes of a component that is looked at over all its pairs is a function of the looks of its nodes, how many records
//! each stands for, which of them hold rows of one record_id or are decided to be one person, who is kept apart, and which rows are of one
//! provider; and of the model and the settings, which the files of `recall` are kept under. All of it goes into a key.

use super::nodes::Nodes;
use super::pass::{MATRIX_MAX, Way};
use super::settled::KeptBy;
use super::{Evidence, Merge};
use crate::recall::{Join, Look, PLACES_MAX};
use rayon::prelude::*;

/// Components of fewer nodes are joined faster than their key is made and looked up.
pub(super) const NODES_MIN: usize = 4;

const _: () = assert!(MATRIX_MAX <= PLACES_MAX, "a place in a component of a matrix fits into a byte");

/// The key of a component; `None` where its joins are not kept. `same` are pairs of places that are joined before all else.
pub(super) fn key(
    evidence: &Evidence,
    nodes: &Nodes,
    component: &[u32],
    same: &[(usize, usize)],
    way: Way,
    lowest: i64,
) -> Option<u128> {
    let joins = evidence.joins.filter(|_| (NODES_MIN..=MATRIX_MAX).contains(&component.len()))?;
    // Each of these is a wait for memory: asked for side by side, before any is hashed, they overlap.
    let identities: Vec<u32> = component.iter().map(|&node| nodes.identity(node)).collect();
    let looks: Vec<Look> = identities.iter().map(|&identity| joins.looks.of(identity)).collect();
    let weights: Vec<i64> = component.iter().map(|&node| nodes.weight(node)).collect();
    let first_provider = |&identity: &u32| evidence.guards.providers(evidence, identity).next().map_or(0, u32::from);
    std::hint::black_box(identities.iter().map(first_provider).sum::<u32>());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[way.word()]).update(&lowest.to_le_bytes());
    for ((&identity, look), weight) in identities.iter().zip(looks).zip(weights) {
        hasher.update(&look.to_le_bytes());
        hasher.update(&weight.to_le_bytes());
        let strict = evidence.guards.strict_records(evidence, identity);
        let providers = evidence.guards.providers(evidence, identity);
        hasher.update(&(providers.len() as u64).to_le_bytes());
        for provider in providers {
            hasher.update(&provider.to_le_bytes());
        }
        hasher.update(&(strict.len() as u64).to_le_bytes());
        for (provider, record_id) in strict {
            hasher.update(&provider.to_le_bytes()).update(&(record_id.len() as u64).to_le_bytes());
            hasher.update(record_id.as_bytes());
        }
    }
    for &(a, b) in same {
        hasher.update(&[b's', a as u8, b as u8]);
    }
    for (a, b, by) in kept_apart(evidence, nodes, component) {
        hasher.update(&[if by == KeptBy::Authority { b'a' } else { b'd' }, a as u8, b as u8]);
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Some(u128::from_le_bytes(key))
}

/// Pairs of places whose identities are kept apart, and by whom.
fn kept_apart(evidence: &Evidence, nodes: &Nodes, component: &[u32]) -> Vec<(usize, usize, KeptBy)> {
    if !evidence.guards.keep_anybody_apart() {
        return Vec::new();
    }
    let identity = |at: usize| nodes.identity(component[at]);
    let named: Vec<usize> = (0..component.len()).filter(|&at| evidence.guards.is_apart(identity(at))).collect();
    let pairs = named.iter().enumerate().flat_map(|(nth, &a)| named[nth + 1..].iter().map(move |&b| (a, b)));
    pairs.filter_map(|(a, b)| Some((a, b, evidence.guards.kept_by(identity(a), identity(b))?))).collect()
}

/// The joins of a component under its key, as they were left: merges name places.
pub(super) fn before(evidence: &Evidence, key: Option<u128>) -> Option<Vec<Merge>> {
    let joins = evidence.joins?.before(key?)?;
    let merge = |join: Join| Merge {
        average: join.average,
        left: u32::from(join.left),
        right: u32::from(join.right),
        pairs: join.pairs,
        expected: join.expected,
    };
    Some(joins.map(merge).collect())
}

/// Leaves the joins of components for the next night; merges name places.
pub(super) fn leave(evidence: &Evidence, found: &[(Option<u128>, Vec<Merge>)]) {
    let Some(joins) = evidence.joins else { return };
    let join = |merge: &Merge| Join {
        average: merge.average,
        pairs: merge.pairs,
        expected: merge.expected,
        left: merge.left as u8,
        right: merge.right as u8,
    };
    joins.leave(found.par_iter().filter_map(|(key, merges)| Some(((*key)?, merges.iter().map(join)))));
}
