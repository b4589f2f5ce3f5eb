//! The night: drives the rooms one after another, keeps the accounts, publishes or leaves everything as it was.
//!
//! In: a checked [`Job`]. Out: a [`Finished`] run, published, or a failure with nothing changed. Always: every row read is in exactly
//! one of crosswalk, quarantine and withheld, or the run fails; what was published before stands until the one rename that replaces it.

mod accounts;
mod agreement;
mod aside;
#[cfg(test)]
mod aside_nights;
mod ceiling;
mod changes;
mod checkpoint;
mod codes;
mod cohort;
mod counted;
mod decided;
mod earlier;
mod encryption;
mod export;
mod export_model;
mod find_index;
mod frequencies;
pub mod gates;
mod history;
pub mod imported;
pub mod impossible;
mod interrupt;
mod issued;
mod keep;
pub mod link;
mod link_tables;
mod linked_night;
pub(crate) mod machine;
mod memory;
mod metrics;
mod model;
mod night;
mod noted;
mod notify;
mod numbered;
mod objected;
mod other_model;
mod overlap;
mod pairs_aside;
pub mod plan;
pub mod progress;
mod publishing;
mod purge;
mod recalling;
mod release;
mod released;
mod report;
mod report_again;
mod rollback;
mod segments;
#[doc(hidden)]
mod story;
mod temporary;
mod train;
#[cfg(test)]
mod trouble;
mod usable;
mod withhold;

pub use accounts::{Accounts, FileAccount};
pub use aside::left_waiting;
pub(crate) use ceiling::{Beside, Ceiling, TOO_LITTLE_MEMORY};
pub use checkpoint::left_unfinished;
pub use codes::{ACCOUNTS_WRONG, EXTRACT_ALL_QUARANTINED, INTERRUPTED, NO_ROWS, THREADS_UNAVAILABLE};
pub use cohort::{CohortAgain, cohort};
pub use encryption::{Converted, ToDecrypt, seal, unseal};
pub use export::{Exported, export, standardised};
pub use export_model::{ExportedModel, export_model};
pub(crate) use find_index::Gone;
pub(crate) use frequencies::{with_frequencies, with_frequencies_of_run};
pub use history::{Entry, history};
pub use issued::lost_issues;
pub use model::model_in_brief;
pub(crate) use numbered::{ledger, numbered_in, numbered_then};
pub use objected::objections_remembered;
pub use other_model::OtherModel;
pub use progress::{Show, StageTime};
pub use purge::Purged;
pub use release::{ReleasedAgain, release};
pub use report_again::{ReportAgain, report};
pub use rollback::{RolledBack, rollback};
pub use temporary::Temporary;
pub use train::{Trained, Unused, train};
pub(crate) use usable::{Usable, prepare_records, read_usable};

use crate::audit;
use crate::failure::{Code, Failure, Result};
use crate::job::Job;
use crate::publish::{self, Lock, next_run_id};
use crate::recall::Recalled;
use changes::Changed;
use gates::Waived;
use model::MODEL_DOES_NOT_FIT;
use night::{Beginning, Night, prepare};
use progress::Progress;
use std::path::{Path, PathBuf};

/// The codes this room raises (OF051x), and those of memory (OF044x).
pub static CODES: &[&Code] = &[
    &ceiling::TOO_LITTLE_MEMORY,
    &aside::ASIDE_FAILED,
    &encryption::NOT_TO_DECRYPT,
    &EXTRACT_ALL_QUARANTINED,
    &keep::KEPT_DAMAGED,
    &objected::OBJECTED_DAMAGED,
    &ACCOUNTS_WRONG,
    &THREADS_UNAVAILABLE,
    &NO_ROWS,
    &INTERRUPTED,
    &earlier::KEPT_APART_TODAY,
    &segments::SEGMENTS_DO_NOT_PART,
    &model::MODEL_UNREADABLE,
    &model::MODEL_DAMAGED,
    &model::MODEL_MISSING,
    &MODEL_DOES_NOT_FIT,
    &model::NOTHING_TO_LEARN,
    &model::MODEL_UNWRITABLE,
    &frequencies::FREQUENCIES_UNUSABLE,
];

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub show: Show,
    /// Do everything but publish.
    pub dry_run: bool,
    /// Go on where an earlier attempt at this night was stopped.
    pub resume: bool,
    /// Gates that may be broken this once.
    pub waived: Waived,
    /// Take nothing from the night before: compare and join everything anew, with the model that is there.
    pub full: bool,
}

impl Default for Options {
    /// Silent, and published: what an embedding program wants.
    fn default() -> Self {
        Options { show: Show::Nothing, dry_run: false, resume: false, waived: Waived::default(), full: false }
    }
}

/// What one run did.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Finished {
    pub run_id: String,
    /// `runs/<run_id>` below the output; absent after a dry run.
    pub folder: Option<PathBuf>,
    pub rows: u64,
    pub people: u64,
    /// Records beyond the first of each person.
    pub duplicates: u64,
    pub quarantined: u64,
    pub withheld: u64,
    pub review: u64,
    pub changes: u64,
    /// Distinct tuples of matching values.
    pub identities: u64,
    pub pairs_compared: u64,
    /// What of it was known from the night before.
    pub recalled: Recalled,
    /// This run learnt its model, and the nights to come use it; `false` where the model was learnt before.
    pub learnt: bool,
    /// The file that the model was read from, or was kept in; absent where there was nothing to compare, and after a dry run that learnt.
    pub model: Option<PathBuf>,
    /// Kept runs that held rows of people who object now, and were written anew without them.
    pub purged: Vec<Purged>,
    pub seconds: f64,
    /// Stages that an earlier attempt at this night had finished, and that were not done again.
    pub reused_stages: Vec<&'static str>,
    /// What each stage took, publishing included, in order.
    pub stages: Vec<StageTime>,
    pub warnings: Vec<String>,
}

/// Runs a job: reads, links, publishes.
///
/// ```
/// use onefolk::{job::Job, run};
/// # let folder = std::env::temp_dir().join(format!("onefolk-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// std::fs::write(folder.join("gp.csv"), "id,given,family,born\n1,Ann,Okafor,1980-04-03\n2,Anne,Okafor,1980-04-03\n3,Tom,Reed,1951-11-30\n").unwrap();
/// std::fs::write(folder.join("job.toml"), r#"
/// [job]
/// name = "example"
/// as_of = 2026-11-22
/// [[provider]]
/// id = "gp"
/// name = "A practice"
/// setting = "general_practice"
/// files = ["gp.csv"]
/// [provider.columns]
/// record_id = "id"
/// given_name = "given"
/// family_name = "family"
/// date_of_birth = "born"
/// "#).unwrap();
/// let job = Job::read(&folder.join("job.toml")).expect("the job is right");
/// let finished = run::run(&job, run::Options::default()).expect("the run succeeds");
/// assert_eq!(finished.rows, 3);
/// assert!(finished.people <= 3);
/// assert!(folder.join("out/current/people.parquet").exists());
/// # std::fs::remove_dir_all(&folder).unwrap();
/// ```
///
/// # Errors
/// See the codes of `job` aside: OF02xx for input, OF035x for lists, OF04xx for disk and ledger, OF05xx for the run itself.
pub fn run(job: &Job, options: Options) -> Result<Finished> {
    // What this process has held before is no part of the night.
    machine::forget_peak_memory();
    let story = story::Story::begin();
    let since = std::time::Instant::now();
    let progress = Progress::new(options.show);
    let mut finished = on_threads(job, || story.tell(|| night(job, options, &progress, &story)))?;
    finished.seconds = since.elapsed().as_secs_f64();
    finished.stages = progress.timings();
    Ok(finished)
}

fn night(job: &Job, options: Options, progress: &Progress, story: &story::Story) -> Result<Finished> {
    let lock = Lock::acquire(&job.output, "run");
    let lock = lock.inspect_err(|failure| not_begun(&job.output, options.dry_run, failure))?;
    let interrupt = interrupt::Guard::watch(&job.output);
    let says = |finished: &Finished| history::Done {
        run_id: finished.folder.is_some().then(|| finished.run_id.clone()),
        warnings: finished.warnings.len(),
    };
    let attempt = |job: &Job| under_lock(job, options, progress, story, &lock, &interrupt);
    // An extract that cannot be read, or of which no row can be used, is as good as none: where there is a last good one, it stands, in the same night.
    let whole_night = || -> Result<Finished> {
        let mut standing: Option<Job> = None;
        loop {
            let job = standing.as_ref().unwrap_or(job);
            let next = match attempt(job) {
                // Those of one provider more, each time.
                Err(failure) => keep::standing_in(job, &failure).ok_or(failure)?,
                done => return done,
            };
            standing = Some(next);
        }
    };
    history::kept(&lock, called(options.dry_run), says, whole_night)
        .inspect_err(|failure| story::keep_failed(&lock, story, failure))
}

/// What a run is called in the history.
fn called(dry_run: bool) -> &'static str {
    if dry_run { history::DRY_RUN } else { history::NIGHT }
}

/// Keeps in the history of an output that a run has failed before it began, and in the metrics beside it: whoever watches these would take the
/// night before for tonight's. Nothing is kept where there is no history yet.
pub fn not_begun(output: &Path, dry_run: bool, failure: &Failure) {
    history::not_begun(output, called(dry_run), failure);
}

fn under_lock(
    job: &Job,
    options: Options,
    progress: &Progress,
    story: &story::Story,
    lock: &Lock,
    interrupt: &interrupt::Guard,
) -> Result<Finished> {
    // What publishing will need, before anything is read.
    publish::judge_current(&job.output)?;
    audit::ready(job)?;
    let recovered = publish::recover(lock)?;
    if recovered.finished.is_some() || !recovered.removed.is_empty() {
        tracing::info!(removed = recovered.removed.len(), "remains of an interrupted run were put in order");
    }
    aside::clear(&job.output)?;
    let ledger = numbered::ledger(job)?;
    let run_id = next_run_id(lock, job.as_of, ledger.runs())?;
    lock.tell(&format!("run {run_id}"))?;
    let (holding, changed) = changes::fold(job, &run_id)?;
    let finished = Beginning::of(&holding, run_id, ledger, options)
        .and_then(|beginning| with_changes(beginning, changed, options, (lock, interrupt), progress, story));
    if finished.as_ref().map_or(true, |finished| finished.folder.is_none()) {
        changes::abandon(job);
    }
    // What cannot be removed now the next run removes.
    let _ = aside::clear(&job.output);
    finished
}

/// The night of a job whose providers all send what they hold.
fn with_changes(
    beginning: Beginning,
    changed: Changed,
    options: Options,
    (lock, interrupt): (&Lock, &interrupt::Guard),
    progress: &Progress,
    story: &story::Story,
) -> Result<Finished> {
    let job = beginning.job;
    let mut night = prepare(job, beginning, changed, Some(lock).filter(|_| !options.dry_run), progress)?;
    let mut finished = night.finished();
    finished.warnings.extend(job.threads_warning());
    let keeping = std::mem::take(&mut night.keeping);
    if let Some(begun) = night.begun.take() {
        let told = publishing::publish(&night, &mut finished, (begun, keeping), interrupt, progress, story)?;
        // Last, as it may take a while, and whoever stops the program waits for little of it.
        let (purged, warnings) = purge::After::of(night).purge(job, (lock, interrupt), progress);
        finished.purged = purged;
        finished.warnings.extend(warnings);
        if let Some(folder) = &finished.folder {
            story::goes_on(folder, story, &finished.warnings[told..]);
        }
    }
    Ok(finished)
}

/// Runs `what` on as many threads as the job asks for, and the machine bears.
pub(crate) fn on_threads<T: Send>(job: &Job, what: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads_begun()).build();
    pool.map_err(|error| Failure::new(&THREADS_UNAVAILABLE, error.to_string()))?.install(what)
}
