//! The run's draft, begun with links.parquet and review.parquet: once these are written nothing needs the pairs any more, 24 bytes each and the most
//! that linking leaves, so that they go before the best records are made.

use super::link::Linked;
use crate::best_record;
use crate::clustering::{Edge, ReviewReason};
use crate::comparison::{Comparisons, PackedLevel, Pattern};
use crate::failure::Result;
use crate::model::Model;
use crate::publish::{Draft, LinkTable, Lock, Masked, WrittenFile};
use crate::records::Records;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// A draft, and what is written in it so far.
pub(super) struct Begun<'a> {
    pub draft: Draft<'a>,
    pub written: Vec<WrittenFile>,
}

/// Begins a run's draft with the tables of its links, which nothing needs any more then. `None` where nothing is to be written, without a lock.
///
/// # Errors
/// Where the output cannot be written.
pub(super) fn begin<'a>(
    lock: Option<&'a Lock>,
    run_id: &str,
    records: &Records,
    linked: &Linked,
) -> Result<Option<Begun<'a>>> {
    let Some(lock) = lock else { return Ok(None) };
    let draft = Draft::create(lock, run_id)?.synced_early();
    let links = &linked.clustering.links;
    let in_words = |&(at, reason): &(u32, ReviewReason)| (at, reason.word());
    let review: Vec<(u32, &str)> = linked.clustering.review.iter().map(in_words).collect();
    let calibration = linked.model.as_ref().map(Model::calibration).unwrap_or_default();
    let masked = masked(records, linked, links);
    let table = LinkTable { links, levels: &linked.levels, calibration: &calibration, masked: masked.as_ref() };
    let written = draft.write_links(table, &review, &linked.identities.hash)?;
    Ok(Some(Begun { draft, written }))
}

/// What the tables do not tell of whoever is marked sensitive; `None` where nobody is, and where another tool's model has linked: then links hold no
/// more than what is told (`imported::told`).
fn masked(records: &Records, linked: &Linked, links: &[Edge]) -> Option<Masked> {
    let model = linked.model.as_ref()?;
    let identities = best_record::sensitive_identities(records, &linked.clustering.partition, &linked.identities)?;
    let may_tell = |level: &PackedLevel| best_record::comparison_may_tell_place(&level.name);
    let levels = linked.levels.iter().map(may_tell).collect();
    let mut masked = Masked { identities, levels, weights: FxHashMap::default() };
    masked.weights = weights_without(model, &linked.levels, &masked, links);
    Some(masked)
}

/// By pattern of a link that is masked, what it weighs without what may tell a place. There are some thousand patterns.
fn weights_without(model: &Model, levels: &[PackedLevel], masked: &Masked, links: &[Edge]) -> FxHashMap<Pattern, i64> {
    let none = Comparisons::none();
    let scorer = model.scorer(&none);
    let weight = |pattern: Pattern| {
        let told = levels.iter().enumerate().filter(|(at, _)| !masked.levels[*at]);
        scorer.weight_of(told.filter_map(|(at, level)| Some((at, level.level_in(pattern)?))))
    };
    let held = links.par_iter().filter(|link| masked.holds(link)).map(|link| link.pattern);
    held.collect::<FxHashSet<Pattern>>().into_iter().map(|pattern| (pattern, weight(pattern))).collect()
}
