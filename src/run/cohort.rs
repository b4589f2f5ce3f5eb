//! `onefolk cohort`: one cohort made anew from the run that stands, as opt-outs and flags are today.
//!
//! In: a job with a current run, and the extracts that it read, unchanged. Out: `cohorts/<id>.parquet` of that run, in place of what stood
//! there. Always: who is linked to whom is the run's; whoever objects today is not in it; the rule is the job's of today.

use super::interrupt::Guard;
use super::progress::{Progress, Show};
use super::release::{People, unchanged};
use super::{aside, history, on_threads, read_usable};
use crate::best_record;
use crate::cohort::{self, NO_SUCH_COHORT};
use crate::consent;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::{Cohort, Job};
use crate::model::Model;
use crate::publish::published::PublishedRun;
use crate::publish::{self, Lock, OUTPUT_UNWRITABLE};

/// What was made.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CohortAgain {
    pub run_id: String,
    pub id: String,
    pub name: String,
    pub people: u64,
    /// Within the folder of the run.
    pub file: String,
}

/// Makes the cohort `id` anew from the current run.
///
/// # Errors
/// OF0740 where the job has no such cohort, OF0530 where there is no run, OF0544 where an extract has changed since, OF0501 where another
/// run holds the output.
pub fn cohort(job: &Job, id: &str, show: Show) -> Result<CohortAgain> {
    let there = || job.cohorts.iter().map(|cohort| cohort.id.as_str()).collect::<Vec<_>>().join(", ");
    let none = || Failure::new(&NO_SUCH_COHORT, format!("{id:?} is not one of: {}", there()));
    let wanted = job.cohorts.iter().find(|cohort| cohort.id == id).ok_or_else(none)?;
    PublishedRun::current(job)?;
    let lock = Lock::acquire(&job.output, &format!("cohort {id}"))?;
    let interrupt = Guard::watch(lock.output());
    let again = || {
        publish::recover(&lock)?;
        aside::clear(lock.output())?;
        on_threads(job, || under_lock(job, wanted, &interrupt, &Progress::new(show)))
    };
    history::kept(&lock, "cohort", |_| history::Done::default(), again)
}

fn under_lock(job: &Job, wanted: &Cohort, interrupt: &Guard, progress: &Progress) -> Result<CohortAgain> {
    let run = PublishedRun::current(job)?;
    unchanged(job, &run)?;
    let authority = consent::read(job)?;
    let model: Option<Model> = serde_json::from_slice(&run.bytes("model.json")?).ok().flatten();
    let records = read_usable(job, &authority, model.as_ref().and_then(Model::formats), progress)?.records;
    let stage = progress.stage("Cohort", None);
    let standing = People::of(job, &run, &records, &authority)?;
    let people = best_record::combine(job, &records, &standing.partition, standing.linked());
    let aside = run.folder.join(".cohort.partial");
    let failed = |error: std::io::Error| Failure::from_io(&error, &aside, &OUTPUT_UNWRITABLE);
    disk::remove_folder(&aside).and_then(|()| disk::create_folder(&aside)).map_err(failed)?;
    let count = cohort::rewrite(wanted, &people, &standing.person_ids, &aside)?;
    let file = cohort::file(&wanted.id);
    let (made, place) = (aside.join(&file), run.folder.join(&file));
    let folder = place.parent().expect("a cohort stands in a folder");
    interrupt.hold();
    let placed = disk::sync_file(&made)
        .and_then(|()| disk::create_folder(folder))
        .and_then(|()| disk::rename(&made, &place))
        .and_then(|()| disk::remove_folder(&aside))
        .and_then(|()| disk::sync_folder(folder));
    placed.map_err(failed)?;
    stage.done(format!("{count} people"));
    Ok(CohortAgain { run_id: run.run_id, id: wanted.id.clone(), name: wanted.name.clone(), people: count, file })
}
