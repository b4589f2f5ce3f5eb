//! How right linking is, for whom, and what went wrong.
//!
//! In: a job with a current run; a truth file (provider, record_id, person), labels of single pairs, or neither. Out: an [`Evaluation`],
//! which prints as text, as JSON and as a page. What was published is measured from the crosswalk alone; for everything that needs pairs
//! the records are read again and linked with the run's own model (`scene`). Always: a record is a (provider, record_id), and its rows
//! count once; every record of the truth that could not be measured is counted under a reason; nobody's values are shown unless asked
//! for; the same input gives the same figures on any number of threads.

mod blocked;
mod checks;
mod codes;
mod cuts;
mod groups;
mod interval;
mod known;
mod labels;
#[cfg(test)]
mod laws;
mod matched;
mod measures;
mod methods;
mod mistakes;
mod page;
mod published;
mod resample;
mod scene;
mod scored;
mod shown;
#[cfg(test)]
mod tests;
mod traits;
mod truth;
mod without;

pub use blocked::{Blocking, Lacking};
pub use checks::Check;
pub use codes::CODES;
pub use cuts::Cut;
pub use groups::{Group, Grouping, Whole};
pub use interval::{Estimate, wilson};
pub use labels::{Bounds, Labelled, Stratum};
pub use matched::Absent;
pub use measures::{BCubed, Measures, OfProvider, Pairs, People, Unit, measure};
pub use methods::{Linking, Slice};
pub use mistakes::{Kind, Mistake};
pub use published::{ASSUMPTION, Published};
pub use scored::{Bin, Threshold};
pub use traits::age_band;
pub use without::{Expected, WithoutTruth};

use crate::audit::{self, Event, Note};
use crate::baselines::Method;
use crate::failure::Result;
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crate::run::progress::Progress;
use crate::run::{self, Beside, Show};
use known::Known;
use scene::Scene;
use scored::Scored;
use serde::Serialize;
use std::path::PathBuf;

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct Options {
    /// CSV with the columns provider, record_id, person; more columns are groups to give results for.
    pub truth: Option<PathBuf>,
    /// CSV with the columns left, right, label.
    pub labels: Option<PathBuf>,
    /// Published methods to measure beside ours.
    pub methods: Vec<Method>,
    /// Link again with each element of the recipe left out.
    pub ablation: bool,
    /// Measure only what was published: the extracts are not read again.
    pub crosswalk_only: bool,
    /// Show the records of the errors explained, with names, dates, numbers and addresses.
    pub show_identifiers: bool,
    pub progress: Show,
}

impl Default for Options {
    /// Everything that can be said without truth, silently.
    fn default() -> Self {
        Options {
            truth: None,
            labels: None,
            methods: Vec::new(),
            ablation: false,
            crosswalk_only: false,
            show_identifiers: false,
            progress: Show::Nothing,
        }
    }
}

/// The current run, evaluated.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    pub run_id: String,
    pub job: String,
    /// What was published against the truth.
    #[serde(flatten)]
    pub published: Option<Published>,
    /// What pairs and clusters say against the truth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<AgainstTruth>,
    /// What can be said without truth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimates: Option<WithoutTruth>,
}

/// Pairs, clusters, groups and errors against the truth, from the records linked again with the run's model.
#[derive(Debug, Clone, Serialize)]
pub struct AgainstTruth {
    /// Records that stand in both.
    pub records: u64,
    /// The records are linked as they were in the run; otherwise the extracts have changed since.
    pub as_published: bool,
    /// Clustered pairs, with intervals from drawing true people again and again.
    pub whole: Whole,
    /// True pairs, and how many the model expects.
    pub true_pairs: u64,
    pub expected_pairs: f64,
    /// Pairs one by one at every threshold, without clustering; lowest first.
    pub thresholds: Vec<Threshold>,
    pub best_threshold: Option<Threshold>,
    /// Clusters at several cuts, the run's own among them; lowest first.
    pub cuts: Vec<Cut>,
    /// Ours, and the methods asked for.
    pub methods: Vec<Linking>,
    pub calibration: Vec<Bin>,
    pub blocking: Blocking,
    pub groupings: Vec<Grouping>,
    pub mistakes: Vec<Mistake>,
}

impl Evaluation {
    /// The evaluation as one page that asks for nothing. Counts by what people are like are exact in it: it is the controller's own.
    pub fn page(&self) -> String {
        page::render(self)
    }
}

/// Evaluates the current run of `job`.
///
/// Published figures are n log n in the records: 24 M take some 2 GB and less than a minute. The rest links the records again, and takes
/// about as long as a run and half as much memory again; with `[job] memory_limit` that has to fit within it, as nothing of it waits on disk.
///
/// # Errors
/// OF053x: no current run, files that cannot be used, nothing in common; OF054x where the job has changed since the run; OF0440 before anything is
/// linked where the job allows too little memory for that; and everything that reading the extracts may meet.
pub fn evaluate(job: &Job, options: &Options) -> Result<Evaluation> {
    let run = PublishedRun::current(job)?;
    let published = options.truth.as_ref().map(|truth| published::published(&run, truth)).transpose()?;
    let mut evaluation =
        Evaluation { run_id: run.run_id.clone(), job: job.name.clone(), published, truth: None, estimates: None };
    if options.show_identifiers {
        let note = Note::new(Event::LookUp).of_run(&run.run_id).with("command", "evaluate");
        audit::add(job, &[note])?;
    }
    if !options.crosswalk_only {
        run::on_threads(job, || with_scene(job, options, &run, &mut evaluation))?;
    }
    Ok(evaluation)
}

fn with_scene(job: &Job, options: &Options, run: &PublishedRun, evaluation: &mut Evaluation) -> Result<()> {
    let progress = Progress::new(options.progress);
    let beside = if options.ablation { Beside::Ablation } else { Beside::Evaluation };
    let scene = Scene::set(job, run, beside, &progress)?;
    let mut known = Known::of(&scene);
    let stage = progress.stage("Evaluating", None);
    if let Some(path) = &options.truth {
        known.read_truth(&scene, path)?;
        evaluation.truth = Some(against_truth(&scene, &known, options, evaluation.published.as_ref()));
    }
    let scored = Scored::of(&scene, &known, false);
    let labelled = options.labels.as_ref().map(|path| labels::labelled(&scene, &known, &scored, path)).transpose()?;
    let expected = Expected::of(&scene, &known, &scored, false);
    evaluation.estimates = Some(WithoutTruth { expected, labelled, checks: checks::checks(&scene) });
    stage.done("done".into());
    Ok(())
}

fn against_truth(scene: &Scene, known: &Known, options: &Options, published: Option<&Published>) -> AgainstTruth {
    let scored = Scored::of(scene, known, true);
    let (groupings, whole) = groups::groupings(scene, known);
    let cuts = cuts::cuts(scene, known);
    let own = cuts.iter().find(|cut| cut.of_the_run).expect("the run's own cut is among them").pairs;
    let told = |pairs: &Pairs| (pairs.found, pairs.truth, pairs.both);
    let expected = Expected::of(scene, known, &scored, true);
    AgainstTruth {
        records: known.measured(true).len() as u64,
        as_published: published.is_some_and(|published| told(&published.measures.pairs) == told(&own)),
        whole,
        true_pairs: own.truth,
        expected_pairs: expected.true_pairs,
        thresholds: scored.curve(own.truth),
        best_threshold: scored.best(own.truth),
        cuts,
        methods: methods::methods(scene, known, options),
        calibration: scored.calibration(),
        blocking: blocked::blocking(scene, known),
        groupings,
        mistakes: mistakes::mistakes(scene, known, options.show_identifiers),
    }
}
