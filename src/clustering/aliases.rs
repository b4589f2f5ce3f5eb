//! Aliases: names that stand in one cluster in different records and never in the same one (ACCURACY.md section 9). Tom is Thomas wherever
//! several people's records say so.
//!
//! Of names only. Categories were tried: places and occupations that a wrong cluster brings together confirm that cluster, and on
//! historical_dev they cost more precision than they brought recall (docs/measurements.md).

use super::nodes::Nodes;
use super::{Evidence, Sets};
use crate::comparison::name::Names;
use crate::comparison::{Alias, CodeColumn, Comparison, Of};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Clusters that must hold both values.
const CLUSTERS_MIN: u32 = 3;
/// What an alias must be worth, in bits.
const BITS_MIN: f64 = 2.0;
/// Records of a cluster that are looked at, and values of it that are paired.
const RECORDS_MAX: usize = 64;
const VALUES_MAX: usize = 32;
/// Clusters a task.
const CHUNK: usize = 4096;

/// How many clusters hold each value, and each two values in different records.
#[derive(Default)]
struct Counts {
    one: FxHashMap<u32, u32>,
    both: FxHashMap<(u32, u32), u32>,
}

/// What clusters show, by comparison. In the number of clusters linear; a cluster costs the square of its values, which are capped.
pub(super) fn learn(evidence: &Evidence, nodes: &Nodes, clusters: &Sets) -> Vec<(usize, Vec<Alias>)> {
    let clusters: Vec<&[u32]> = clusters.iter().filter(|cluster| cluster.len() > 1).collect();
    let of_comparison = |(at, comparison): (usize, &Comparison)| {
        let Of::Name(names) = &comparison.of else { return None };
        let column = evidence.comparisons.column(comparison, 0);
        let counts = clusters
            .par_chunks(CHUNK)
            .with_max_len(1)
            .map(|chunk| {
                let mut counts = Counts::default();
                chunk.iter().for_each(|cluster| counts.add(&masks((names, column), nodes, cluster)));
                counts
            })
            .reduce(Counts::default, Counts::merge);
        let aliases = counts.aliases(clusters.len() as f64);
        (!aliases.is_empty()).then_some((at, aliases))
    };
    evidence.comparisons.list.iter().enumerate().filter_map(of_comparison).collect()
}

/// The values of a cluster, ascending, each with the records that hold it. `column` has the distinct name of each identity.
fn masks((names, column): (&Names, CodeColumn), nodes: &Nodes, cluster: &[u32]) -> Vec<(u32, u64)> {
    let mut masks: Vec<(u32, u64)> = Vec::new();
    let mut add = |value: u32, record: usize| match masks.iter().position(|(known, _)| *known == value) {
        Some(at) => masks[at].1 |= 1 << record,
        None if masks.len() < VALUES_MAX => masks.push((value, 1 << record)),
        None => {}
    };
    for (record, &node) in cluster.iter().take(RECORDS_MAX).enumerate() {
        names.tokens_of(column.at(nodes.identity(node))).for_each(|token| add(token, record));
    }
    masks.sort_unstable();
    masks
}

impl Counts {
    fn add(&mut self, masks: &[(u32, u64)]) {
        for (at, &(a, held)) in masks.iter().enumerate() {
            *self.one.entry(a).or_default() += 1;
            for &(b, other) in &masks[at + 1..] {
                if held & other == 0 {
                    *self.both.entry((a, b)).or_default() += 1;
                }
            }
        }
    }

    fn merge(mut self, other: Counts) -> Counts {
        other.one.into_iter().for_each(|(value, count)| *self.one.entry(value).or_default() += count);
        other.both.into_iter().for_each(|(values, count)| *self.both.entry(values).or_default() += count);
        self
    }

    /// log2((n − 1) · K / (K_a · K_b)) for n clusters that hold both, of K in all: how much more often than by chance, one left out.
    fn aliases(&self, clusters: f64) -> Vec<Alias> {
        let held = |value: u32| f64::from(self.one[&value]);
        let worth = |(&(a, b), &n): (&(u32, u32), &u32)| {
            let bits = (f64::from(n.saturating_sub(1)) * clusters / (held(a) * held(b))).log2();
            (n >= CLUSTERS_MIN && bits > BITS_MIN).then_some((a, b, bits))
        };
        let mut aliases: Vec<Alias> = self.both.iter().filter_map(worth).collect();
        aliases.sort_unstable_by_key(|&(a, b, _)| (a, b));
        aliases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_person_in_different_records_are_aliases_and_those_of_one_record_are_not() {
        let mut counts = Counts::default();
        // tom 0 and thomas 1 in different records of three clusters; smith 2 stands in every record beside them.
        for _ in 0..3 {
            counts.add(&[(0, 0b01), (1, 0b10), (2, 0b11)]);
        }
        counts.add(&[(0, 0b01), (3, 0b10)]);
        (4..60).for_each(|value| counts.add(&[(value, 0b11)]));
        let aliases = counts.aliases(60.0);
        assert_eq!(aliases.len(), 1, "once is chance: {aliases:?}");
        let (a, b, bits) = aliases[0];
        assert_eq!((a, b), (0, 1));
        assert!((bits - (2.0f64 * 60.0 / (4.0 * 3.0)).log2()).abs() < 1e-12);
    }
}
