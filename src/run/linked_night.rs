//! Withholding and linking, as one step that a checkpoint can stand for.

use super::ceiling::Ceiling;
use super::checkpoint::Checkpoints;
use super::imported::{self, ModelFile};
use super::link::{self, Linked, Taught};
use super::memory;
use super::model::Known;
use super::objected::Objected;
use super::overlap;
use super::progress::Progress;
use super::withhold::{Held, withhold};
use crate::comparison::Comparisons;
use crate::consent::{Authority, Withheld};
use crate::failure::Result;
use crate::job::Job;
use crate::model::{Frozen, Labels};
use crate::recall::Left;
use crate::records::{Formats, Records};

/// What withholding and linking leave.
pub(super) struct LinkedNight {
    pub withheld: Vec<Withheld>,
    /// Decisions that a row is no person's, which name a record that no extract holds.
    pub gone: u64,
    /// How many people local objections are of.
    pub objectors: u64,
    /// Who objects, for the nights to come.
    pub objected: Objected,
    /// Without what was compared: the levels of the pairs are enough to write the links.
    pub linked: Linked,
    /// The model that this night has learnt; `None` where one was there before, or there was nothing to compare.
    pub learnt: Option<Frozen>,
}

/// Where the model of a night comes from.
#[derive(Clone, Copy)]
pub(super) struct Taken<'a> {
    /// The job's own model file, where it names one of another tool.
    pub file: Option<&'a ModelFile>,
    /// The model that was learnt before.
    pub known: Option<&'a Known>,
    /// Nothing is taken from the night before.
    pub full: bool,
}

/// Takes out what may not be used and links the rest, or takes both from a checkpoint, or from the night before where that was the same.
/// `accounted` is asked in between, before what costs most. Gives also what somebody should know of what the night before has left.
pub(super) fn link_night(
    job: &Job,
    (records, formats): (&mut Records, &Formats),
    authority: &Authority,
    taken: Taken,
    (checkpoints, ceiling): (&mut Checkpoints, &Ceiling),
    progress: &Progress,
    accounted: impl FnOnce(&mut Records, &[Withheld]) -> Result<()>,
) -> Result<(LinkedNight, Vec<String>)> {
    if let Some(night) = checkpoints.linking(records, progress) {
        accounted(records, &night.withheld)?;
        return Ok((night, Vec::new()));
    }
    checkpoints.tell_linking(authority);
    if !taken.full
        && let Some(night) = checkpoints.linked_before(records, progress)
    {
        accounted(records, &night.withheld)?;
        return Ok((night, Vec::new()));
    }
    let model = taken.known.map(|known| &known.frozen.model);
    let Held { withheld, grouped, gone, objectors, objected } =
        withhold(job, records, authority, (taken.file, model), Some(ceiling), progress)?;
    accounted(records, &withheld)?;
    let settled = authority.settled(job, records);
    let taught = model.map_or(Taught::Now(&[]), Taught::Before);
    let (before, mut warnings) = memory::left(job, taken.known.filter(|_| !taken.full));
    let before = Left { tonight: checkpoints.are_written().then(|| memory::tonight(job)), ..before };
    let mut linked = match taken.file {
        Some(file) => imported::link(job, records, &settled, file, Some(ceiling), progress)?,
        None => link::link(job, (&mut *records, Some(ceiling)), &settled, taught, grouped, Some(before), progress)?,
    };
    let learnt = match taken.known {
        Some(_) => None,
        None => super::model::freeze(job, &linked, formats, Labels::default())?,
    };
    linked.comparisons = Comparisons::none();
    let leaving = linked.leaving.take();
    let night = LinkedNight { withheld, gone, objectors, objected, linked, learnt };
    let leave = || {
        let leaving = leaving?;
        let frozen = taken.known.map(|known| known.as_used(job));
        memory::write(job, frozen.as_ref().or(night.learnt.as_ref()), &night.linked, leaving)
    };
    // Both are mostly written by one thread.
    let (left, ()) = overlap::both(job, leave, || checkpoints.keep_linking(&night, progress));
    warnings.extend(left);
    Ok((night, warnings))
}
