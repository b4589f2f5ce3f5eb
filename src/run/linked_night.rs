//! Withholding and linking, as one step that a checkpoint can stand for.

use super::ceiling::Ceiling;
use super::checkpoint::Checkpoints;
use super::imported::{self, ModelFile};
use super::link::{self, Linked, Taught};
use super::link_tables::Begun;
use super::memory;
use super::model::Known;
use super::objected::Objected;
use super::overlap;
use super::progress::{Progress, Stage};
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
    // What the night before left is read through meanwhile: nobody needs it before records are linked.
    let (held, (before, warnings)) = overlap::both(
        job,
        || withhold(job, records, authority, (taken.file, model), Some(ceiling), progress),
        || memory::left(job, taken.known.filter(|_| !taken.full)),
    );
    let Held { withheld, grouped, gone, objectors, objected } = held?;
    accounted(records, &withheld)?;
    let settled = authority.settled(job, records);
    let taught = model.map_or(Taught::Now(&[]), Taught::Before);
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
    Ok((LinkedNight { withheld, gone, objectors, objected, linked, learnt }, warnings))
}

/// What is begun of a run, the stage in which it is, and what somebody should know.
type BegunStage<'l, 'p> = (Option<Begun<'l>>, Stage<'p>, Option<String>);

/// Leaves what was linked, for the next night and for this one where it is killed, and has the run begun meanwhile (`begin`): what is left is mostly
/// written by one thread. Writing links is the stage of what is still to be done once all is left, so that no second is in two stages.
///
/// # Errors
/// Where the run could not be begun; what is left is then left all the same.
pub(super) fn leave_and_begin<'l, 'p>(
    job: &Job,
    (night, known): (&mut LinkedNight, Option<&Known>),
    checkpoints: &mut Checkpoints,
    progress: &'p Progress,
    begin: impl Fn(&Linked) -> Result<Option<Begun<'l>>> + Sync,
) -> Result<BegunStage<'l, 'p>> {
    let leaving = night.linked.leaving.take();
    let night = &*night;
    let leave = || {
        // Before a checkpoint says that linking has ended: whoever goes on from there has it for the next night.
        let told = leaving.and_then(|leaving| {
            let frozen = known.map(|known| known.as_used(job));
            memory::write(job, frozen.as_ref().or(night.learnt.as_ref()), &night.linked, leaving)
        });
        let is_kept = checkpoints.keep_linking(night, progress);
        (told.is_none() && is_kept, (told, progress.stage("Writing links", None)))
    };
    let ((told, stage), begun) = begun_beside(job, leave, || begin(&night.linked));
    Ok((begun?, stage, told))
}

/// Does `begin` beside `leave`, which says whether it could write all that it wanted to. Where it could not, it has made room again, and what has failed
/// beside it is done once more: leaving something stops no night.
fn begun_beside<L: Send, T: Send>(
    job: &Job,
    leave: impl FnOnce() -> (bool, L) + Send,
    begin: impl Fn() -> Result<T> + Sync,
) -> (L, Result<T>) {
    let ((is_left, left), begun) = overlap::both(job, leave, &begin);
    let begun = match begun {
        Err(_) if !is_left && overlap::may_overlap(job) => begin(),
        begun => begun,
    };
    (left, begun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::identity::example;
    use crate::job::Setting;
    use crate::run::THREADS_UNAVAILABLE;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// How often a run is begun that has no room the first time, and whether it is begun in the end.
    fn begun(memory_limit: Option<u64>, is_left: bool) -> (usize, bool) {
        let job = Job { memory_limit, ..example::job(&[("gp", Setting::GeneralPractice, 1)]) };
        let times = AtomicUsize::new(0);
        let begin = || match times.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Failure::new(&THREADS_UNAVAILABLE, "no room")),
            _ => Ok(()),
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
        let ((), begun) = pool.install(|| begun_beside(&job, || (is_left, ()), begin));
        (times.load(Ordering::Relaxed), begun.is_ok())
    }

    #[test]
    fn a_run_that_had_no_room_beside_what_is_left_is_begun_once_more_where_that_has_made_room() {
        assert_eq!(begun(None, false), (2, true));
        assert_eq!(begun(None, true), (1, false), "all that is left stays: there is no more room than before");
        assert_eq!(begun(Some(1 << 40), false), (1, false), "room was made before it was begun");
    }
}
