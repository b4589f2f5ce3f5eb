//! The run's draft, begun with links.parquet and review.parquet: once these are written nothing needs the pairs any more, 24 bytes each and the most
//! that linking leaves, so that they go before the best records are made.

use super::link::Linked;
use crate::clustering::ReviewReason;
use crate::failure::Result;
use crate::model::Model;
use crate::publish::{Draft, LinkTable, Lock, WrittenFile};

/// A draft, and what is written in it so far.
pub(super) struct Begun<'a> {
    pub draft: Draft<'a>,
    pub written: Vec<WrittenFile>,
}

/// Begins a run's draft with the tables of its links, and lets go of these. `None` where nothing is to be written, without a lock.
///
/// # Errors
/// Where the output cannot be written.
pub(super) fn begin<'a>(lock: Option<&'a Lock>, run_id: &str, linked: &mut Linked) -> Result<Option<Begun<'a>>> {
    let links = std::mem::take(&mut linked.clustering.links);
    let Some(lock) = lock else { return Ok(None) };
    let draft = Draft::create(lock, run_id)?;
    let in_words = |&(at, reason): &(u32, ReviewReason)| (at, reason.word());
    let review: Vec<(u32, &str)> = linked.clustering.review.iter().map(in_words).collect();
    let calibration = linked.model.as_ref().map(Model::calibration).unwrap_or_default();
    let table = LinkTable { links: &links, levels: &linked.levels, calibration: &calibration };
    let written = draft.write_links(table, &review, &linked.identities.hash)?;
    Ok(Some(Begun { draft, written }))
}
