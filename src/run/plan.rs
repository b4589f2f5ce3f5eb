//! What a run would do, without doing it: nothing is locked and nothing is written.

mod blocked;
mod packing;
mod seconds;
#[cfg(test)]
mod tests;

use super::ceiling::{self, Need};
use super::imported::ModelFile;
use super::model::{self, Known};
use super::usable::Usable;
use super::{Progress, Show, checkpoint, machine, objected, on_threads, read_usable};
use crate::blocking::RuleCount;
use crate::consent::{self, Authority};
use crate::disk;
use crate::failure::Result;
use crate::intake;
use crate::job::Job;
use crate::publish;
use blocked::Blocked;
use seconds::{Work, seconds};
use serde::Serialize;
use serde_json::Value;

pub use seconds::ESTIMATE;

/// What a run would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub job: String,
    pub providers: usize,
    pub files: Vec<PlannedFile>,
    /// Data rows, counted.
    pub rows: u64,
    pub quarantined: u64,
    /// Rows that can be used. Those that objections withhold are still among them: they are found by linking.
    pub records: u64,
    /// Distinct tuples of matching values: what is compared. Where linking is taken over without those that objections withhold.
    pub identities: u64,
    /// The comparisons, in the order of the fields.
    pub comparisons: Vec<String>,
    pub rules: Vec<RuleCount>,
    /// Identities a block may hold; 0 where the rules of an imported model bound none.
    pub block_cap: usize,
    /// Pairs to compare, each once.
    pub distinct_pairs: u64,
    /// How many of them the night before has compared already.
    pub pairs_known: u64,
    /// Nothing that linking hangs on has changed: the run takes over how the night before has linked, as a whole.
    pub linking_taken_over: bool,
    /// The run takes nothing from the night before, since it is told not to.
    pub full: bool,
    pub threads: usize,
    pub estimated_seconds: f64,
    /// The most memory that a run will have resident.
    pub estimated_bytes: u64,
    /// The same where columns and scored pairs wait on disk while records are linked, as `memory_limit` may ask.
    pub least_bytes: u64,
    /// A `memory_limit` that is enough: what is resident differs from run to run.
    pub enough_bytes: u64,
    /// What the job allows; absent where it names no limit.
    pub memory_limit: Option<u64>,
    pub estimate: &'static str,
    /// What of earlier runs is used again, in words.
    pub reused: String,
    pub previous: Option<Previous>,
    /// What somebody should know before the run says it.
    pub warnings: Vec<String>,
}

/// One extract.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedFile {
    pub provider: String,
    pub file: String,
    pub bytes: u64,
    /// By a look at its first part; absent where the extract could not be read and its provider is optional.
    pub estimated_rows: Option<u64>,
    pub rows: u64,
    /// Why it is left out, in words.
    pub skipped: Option<String>,
}

/// The current run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Previous {
    pub run_id: String,
    /// From its run.json; absent where that cannot be read.
    pub rows: Option<u64>,
    pub people: Option<u64>,
    pub seconds: Option<f64>,
}

/// Plans a run, or one that takes nothing from the night before where it is to be `full`: reads and standardises every extract, and blocks; that is about
/// half of a run's work.
///
/// # Errors
/// As a run's, up to blocking. Gates are not asked: what is in quarantine is told.
pub fn plan(job: &Job, full: bool, show: Show) -> Result<Plan> {
    machine::forget_peak_memory();
    let progress = Progress::new(show);
    on_threads(job, || draw_up(job, full, &progress))
}

fn draw_up(job: &Job, full: bool, progress: &Progress) -> Result<Plan> {
    let stage = progress.stage("Looking", None);
    let estimated: Vec<Option<u64>> = intake::extracts(job)
        .iter()
        .map(|extract| intake::estimate_rows(&job.providers[usize::from(extract.provider)], &extract.path).ok())
        .collect();
    stage.done(format!("about {} rows", estimated.iter().flatten().sum::<u64>()));
    let authority = consent::read(job)?;
    let file = ModelFile::of_job(job)?;
    let known = if file.is_some() { None } else { model::to_use(job)? };
    let formats = known.as_ref().and_then(Known::formats);
    let mut usable = read_usable(job, &authority, formats, progress)?;
    usable.forget_sent(file.as_ref());
    let reading = machine::peak_memory_bytes().unwrap_or(0);
    let standing = standing(job);
    let told = standing.as_ref().map(|(_, told)| told);
    let packing = if somebody_objects(job, &authority, &usable) { packing::bytes(job, &usable.files, told) } else { 0 };
    let may_be_used: Vec<bool> = consent::withheld_identities(&usable.records).iter().map(|marked| !marked).collect();
    let records = may_be_used.iter().filter(|used| **used).count() as u64;
    let models = (known.as_ref(), file.as_ref());
    let (night, mut warnings) = match full {
        true => (None, Vec::new()),
        false => checkpoint::foreseen(job, models, &authority, &mut usable, progress)?,
    };
    if night.is_none() {
        usable.records.retain(&may_be_used);
    }
    let stage = night.is_none().then(|| progress.stage("Blocking", None));
    let (work, blocked) = match (&night, &file, &known) {
        (Some(night), _, known) => {
            (Work::TakingOver, Blocked::taken_over(&night.linked, &usable.records, known.as_ref()))
        }
        (None, Some(file), _) => (Work::Imported, Blocked::imported(job, &usable.records, file)),
        (None, None, Some(known)) => {
            (Work::Linking, Blocked::ours(job, &usable.records, Some(known), &authority, full)?)
        }
        (None, None, None) => (Work::Learning, Blocked::ours(job, &usable.records, None, &authority, full)?),
    };
    let Blocked { identities, distinct_pairs, pairs_known, held, need, .. } = blocked;
    let Need { whole, least } = packing::added(need, work, held, packing);
    let (whole, least) = (whole.max(reading), least.max(reading));
    if let Some(stage) = stage {
        stage.done(format!("{distinct_pairs} pairs of {identities} identities"));
    }
    warnings.extend(blocked.warnings);
    warnings.extend(file.iter().flat_map(|file| &file.unmapped).map(ToString::to_string));
    warnings.extend(file.iter().flat_map(|file| file.unread(&usable.records)));
    warnings.extend(job.threads_warning());
    let threads = rayon::current_num_threads();
    let rows = usable.files.iter().map(|file| file.rows).sum();
    let planned = usable.files.into_iter().zip(estimated).map(|(file, estimated_rows)| PlannedFile {
        provider: job.providers[usize::from(file.provider)].id.clone(),
        file: file.name,
        bytes: file.bytes,
        estimated_rows,
        rows: file.rows,
        skipped: file.skipped,
    });
    Ok(Plan {
        job: job.name.clone(),
        providers: job.providers.len(),
        files: planned.collect(),
        rows,
        quarantined: usable.quarantined.len() as u64,
        records,
        identities,
        comparisons: blocked.comparisons,
        rules: blocked.rules,
        block_cap: blocked.cap,
        distinct_pairs,
        pairs_known,
        linking_taken_over: night.is_some(),
        full,
        threads,
        estimated_seconds: seconds(work, rows, identities, distinct_pairs - pairs_known) / threads as f64,
        estimated_bytes: whole,
        least_bytes: least,
        enough_bytes: ceiling::enough(least),
        memory_limit: job.memory_limit,
        estimate: ESTIMATE,
        reused: reused(work, full, pairs_known, distinct_pairs),
        previous: standing.map(previous),
        warnings,
    })
}

/// Whether rows will go for an objection, as far as lists and the night before say.
fn somebody_objects(job: &Job, authority: &Authority, usable: &Usable) -> bool {
    objected::place(job).exists() || authority.named(job, &usable.records).contains(&true)
}

/// What of earlier runs is used again.
fn reused(work: Work, full: bool, pairs_known: u64, pairs: u64) -> String {
    let reused = match work {
        Work::Learning => return "The person_ids; every extract is read anew, and the model is learnt".to_string(),
        Work::Linking if full => ", and the model".to_string(),
        Work::Linking => {
            format!(", the model, and what the night before found of {pairs_known} of the {pairs} pairs")
        }
        Work::Imported => ", and the model of another tool that the job names".to_string(),
        Work::TakingOver => {
            ", and linking as a whole: nothing that it hangs on has changed since the night before".to_string()
        }
    };
    format!("The person_ids{reused}; every extract is read anew")
}

/// The run that stands, and its run.json.
fn standing(job: &Job) -> Option<(String, Value)> {
    let run_id = publish::current_run(&job.output)?;
    let text = disk::read(&job.output.join("runs").join(&run_id).join("run.json")).unwrap_or_default();
    // A run.json that cannot be read is no reason to have no plan.
    Some((run_id, serde_json::from_slice(&text).unwrap_or_default()))
}

fn previous((run_id, told): (String, Value)) -> Previous {
    let stages = told["seconds"].as_array();
    Previous {
        run_id,
        rows: told["accounts"]["rows"].as_u64(),
        people: told["people"].as_u64(),
        seconds: stages.map(|stages| stages.iter().filter_map(|stage| stage["seconds"].as_f64()).sum()),
    }
}
