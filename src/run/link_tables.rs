//! The run's draft, begun with links.parquet and review.parquet: once these are written nothing needs the pairs any more, 24 bytes each and the most
//! that linking leaves, so that they go before the best records are made.

use super::link::Linked;
use crate::best_record;
use crate::clustering::ReviewReason;
use crate::comparison::PackedLevel;
use crate::failure::Result;
use crate::model::Model;
use crate::publish::{Draft, LinkTable, Lock, Masked, WrittenFile};
use crate::records::Records;

/// A draft, and what is written in it so far.
pub(super) struct Begun<'a> {
    pub draft: Draft<'a>,
    pub written: Vec<WrittenFile>,
}

/// Begins a run's draft with the tables of its links, and lets go of these. `None` where nothing is to be written, without a lock.
///
/// # Errors
/// Where the output cannot be written.
pub(super) fn begin<'a>(
    lock: Option<&'a Lock>,
    run_id: &str,
    records: &Records,
    linked: &mut Linked,
) -> Result<Option<Begun<'a>>> {
    let links = std::mem::take(&mut linked.clustering.links);
    let Some(lock) = lock else { return Ok(None) };
    let draft = Draft::create(lock, run_id)?;
    let in_words = |&(at, reason): &(u32, ReviewReason)| (at, reason.word());
    let review: Vec<(u32, &str)> = linked.clustering.review.iter().map(in_words).collect();
    let calibration = linked.model.as_ref().map(Model::calibration).unwrap_or_default();
    let masked = masked(records, linked);
    let table = LinkTable { links: &links, levels: &linked.levels, calibration: &calibration, masked: masked.as_ref() };
    let written = draft.write_links(table, &review, &linked.identities.hash)?;
    Ok(Some(Begun { draft, written }))
}

/// What the tables do not tell of whoever is marked sensitive; `None` where nobody is.
fn masked(records: &Records, linked: &Linked) -> Option<Masked> {
    let identities = best_record::sensitive_identities(records, &linked.clustering.partition, &linked.identities)?;
    // Another tool's model names its comparisons as it likes: what is not known to be harmless may tell a place.
    let tells_place = |level: &PackedLevel| match linked.model {
        Some(_) => level.tells_place(),
        None => !HARMLESS.contains(&level.name.as_str()),
    };
    Some(Masked { identities, levels: linked.levels.iter().map(tells_place).collect() })
}

/// Comparisons of another tool's model that tell no place, as the job calls what they compare.
const HARMLESS: [&str; 8] = [
    "nhs_number",
    "given_name",
    "middle_name",
    "family_name",
    "previous_family_name",
    "date_of_birth",
    "sex",
    "date_of_death",
];
