//! What is told of the links of whoever is marked sensitive: what their records would have scored if nobody had written down what may tell a place.
//!
//! Another tool's model names its comparisons as it likes, and one of them may look at several columns, so that nothing can be taken from a weight
//! afterwards: the pairs are scored again, by the same model, on the same records without those columns. People have been made by then.

use super::{ModelFile, units};
use crate::best_record;
use crate::clustering::{Clustering, Edge};
use crate::job::Job;
use crate::model::splink::{Comparison, Memory, Prepared, Scorer};
use crate::records::{Column, Dictionary, Identities, MISSING, Records};
use rayon::prelude::*;

/// Rows of an identity that are looked at: they were sent with about the same words.
const ROWS_MAX: usize = 8;

/// Gives these links the weight and the levels that may be told.
pub(super) fn without_places(
    job: &Job,
    records: &Records,
    identities: &Identities,
    file: &ModelFile,
    clustering: &mut Clustering,
) {
    let ModelFile { imported, names, .. } = file;
    let may_tell = |comparison: &Comparison| names.reads(imported, comparison, best_record::may_tell_place);
    if !imported.comparisons.iter().any(may_tell) {
        return;
    }
    let marked = best_record::sensitive_identities(records, &clustering.partition, identities);
    let Some(marked) = marked else { return };
    let empty = Column::new(vec![MISSING; records.len()], Dictionary::default());
    let table = names.table(job, records, &empty, |record| identities.of_record[record] != MISSING);
    let table = names.without(table, &empty, best_record::may_tell_place);
    let prepared = Prepared::new(imported, &table);
    drop(table);
    let mut place = vec![MISSING; records.len()];
    prepared.order.iter().zip(0..).for_each(|(&record, at)| place[record as usize] = at);
    let scoring = Scoring { scorer: Scorer::new(&prepared), identities, place };
    let theirs = clustering.links.par_iter_mut();
    let theirs = theirs.filter(|link| marked[link.left as usize] || marked[link.right as usize]);
    theirs.for_each_init(|| scoring.scorer.memory(), |memory, link| scoring.score(link, memory));
}

struct Scoring<'a> {
    scorer: Scorer<'a>,
    identities: &'a Identities,
    /// Where each record stands in the order of the model.
    place: Vec<u32>,
}

impl Scoring<'_> {
    /// The best of the pairs of two identities' records, as for any link.
    fn score(&self, link: &mut Edge, memory: &mut Memory) {
        let rows = |identity: u32| self.identities.members(identity).iter().take(ROWS_MAX);
        let mut best: Option<(f64, u64)> = None;
        for left in rows(link.left).map(|&row| self.place[row as usize]) {
            for right in rows(link.right).map(|&row| self.place[row as usize]) {
                let scored = self.scorer.weight_and_levels(left.min(right), left.max(right), memory);
                if best.is_none_or(|(highest, _)| scored.0 > highest) {
                    best = Some(scored);
                }
            }
        }
        if let Some((weight, pattern)) = best {
            let told = Edge::of(link.left, link.right, units(weight), pattern);
            (link.weight, link.pattern) = (told.weight, told.pattern);
        }
    }
}
