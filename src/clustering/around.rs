//! Scoring only the pairs around some records: what finds the other rows of people who object, without linking everybody.

use super::links::Edge;
use super::merges::LOWEST;
use crate::blocking::{Blocks, Met};
use crate::comparison::{Batch, Comparisons};
use crate::model::Scorer;
use crate::records::{Identities, MISSING, Records};

/// Scores the pairs of every identity that a chain of pairs at or above `cut`, of rows that share a record_id, or of records that humans
/// have decided to be `one_person`, joins to a record in `seeds`. Gives the kept ones, ascending, as [`super::score_pairs`] would, and how many pairs were compared.
///
/// Joining people is a matter of one component at a time: clustering these edges gives the seeds' people as clustering all edges would.
pub fn score_around(
    records: &Records,
    identities: &Identities,
    comparisons: &Comparisons,
    scorer: &Scorer,
    blocks: &Blocks,
    (cut, one_person): (i64, &[(u32, u32)]),
    seeds: &[bool],
) -> (Vec<Edge>, u64) {
    let (mut edges, mut compared) = (Vec::new(), 0);
    let (mut met, mut batch) = (Met::default(), Batch::default());
    let mut seen = vec![false; identities.len()];
    let mut keys = vec![false; records.key.iter().max().map_or(0, |&key| key as usize + 1)];
    let mut next: Vec<u32> = Vec::new();
    (0..records.len())
        .filter(|&record| seeds[record])
        .for_each(|record| reach(identities.of_record[record], &mut seen, &mut next));
    while !next.is_empty() {
        while let Some(left) = next.pop() {
            identities.members(left).iter().for_each(|&record| keys[records.key[record as usize] as usize] = true);
            let rights = blocks.neighbours(left, &mut met);
            compared += rights.len() as u64;
            for (&right, &pattern) in rights.iter().zip(comparisons.patterns(left, rights, &mut batch)) {
                let weight = scorer.weight(pattern);
                if weight > LOWEST {
                    edges.push(Edge::of(left.min(right), left.max(right), weight, pattern));
                }
                if weight >= cut {
                    reach(right, &mut seen, &mut next);
                }
            }
        }
        for &(a, b) in one_person {
            let either = keys[a as usize] || keys[b as usize];
            (keys[a as usize], keys[b as usize]) = (either, either);
        }
        let same_record = (0..records.len()).filter(|&record| keys[records.key[record] as usize]);
        same_record.for_each(|record| reach(identities.of_record[record], &mut seen, &mut next));
    }
    edges.sort_unstable();
    edges.dedup();
    (edges, compared)
}

fn reach(identity: u32, seen: &mut [bool], next: &mut Vec<u32>) {
    if identity != MISSING && !std::mem::replace(&mut seen[identity as usize], true) {
        next.push(identity);
    }
}
