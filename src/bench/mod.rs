//! How fast a night is on this machine: a made-up population is generated and linked, again and again.
//!
//! In: a [`Request`]: how many people and rows, how often. Out: [`Benched`], medians by stage. Always: every run begins from nothing (it
//! reads the extracts, learns its model or takes the imported one, and publishes every output); everything is written below one
//! temporary folder, which is gone afterwards; what is timed is [`run::run`] itself and nothing is timed twice.

mod stages;

pub use stages::{Benched, StageFigures};

use crate::failure::{Failure, OUTPUT_FAILED, Result, USAGE};
use crate::generate::{self, Generated, generate};
use crate::job::Job;
use crate::run::{self, Finished, Options, Temporary, machine};
use std::path::{Path, PathBuf};

/// The columns of the single file: those that published figures are measured with.
pub const SINGLE_FILE_COLUMNS: [&str; 7] =
    ["nhs_number", "given_name", "family_name", "date_of_birth", "sex", "postcode", "address"];

/// What to measure.
#[derive(Debug, Clone)]
pub struct Request {
    pub people: u64,
    /// Rows in all, about.
    pub rows: u64,
    /// Providers that see them, where it is not a single file.
    pub providers: usize,
    /// One clean CSV with [`SINGLE_FILE_COLUMNS`] instead of an extract a provider.
    pub single_file: bool,
    /// Link with this model (ours, or Splink's settings) instead of learning one.
    pub model: Option<PathBuf>,
    /// How often; figures are medians.
    pub runs: usize,
    /// 0 = all cores.
    pub threads: usize,
}

/// One run, and what it took.
struct Run {
    finished: Finished,
    /// What was resident before the run began: what generating and earlier runs have left to the allocator, in bytes.
    memory_before_bytes: Option<u64>,
    /// The most memory that was resident during the run, in bytes.
    peak_memory_bytes: Option<u64>,
}

/// Generates a population, links it `request.runs` times and says what that took. `begins` is told how many bytes of extracts there are before the first
/// run, `progress` of each run's seconds.
///
/// # Errors
/// OF0601 where there is no such model; those of [`generate()`] (OF0901 where the sizes make no sense), of reading a job and of a run; OF0401, OF0402 and OF0403 where the
/// temporary folder cannot be written.
pub fn bench(request: &Request, begins: impl FnOnce(u64), mut progress: impl FnMut(usize, f64)) -> Result<Benched> {
    // A job may name a model that its first night is to make; here that would be somebody's slip of the pen.
    if let Some(file) = request.model.as_ref().filter(|file| !file.is_file()) {
        return Err(Failure::new(&USAGE, format!("--model: there is no file {}", file.display())));
    }
    let unwritable = |error: std::io::Error| Failure::from_io(&error, &std::env::temp_dir(), &OUTPUT_FAILED);
    let temporary = Temporary::new("onefolk-bench-").map_err(unwritable)?;
    let population = temporary.path().join("population");
    let made = generate(&population_of(request, population.clone()), |_| {})?;
    let job = job_of(request, &population)?;
    let files: Vec<&PathBuf> = job.providers.iter().flat_map(|provider| &provider.files).collect();
    let bytes: u64 = files.iter().map(|file| std::fs::metadata(file).map_or(0, |meta| meta.len())).sum();
    begins(bytes);
    let mut runs = Vec::with_capacity(request.runs);
    for number in 1..=request.runs.max(1) {
        let run = one_run(&job)?;
        progress(number, run.finished.seconds);
        runs.push(run);
    }
    Ok(benched(request, &job, (files.len(), bytes), &made, &runs))
}

fn population_of(request: &Request, output: PathBuf) -> generate::Request {
    generate::Request {
        people: request.people,
        providers: request.providers,
        rows_per_person: request.rows as f64 / request.people.max(1) as f64,
        seed: 1,
        output,
        single_file: request.single_file.then(|| SINGLE_FILE_COLUMNS.map(String::from).to_vec()),
    }
}

fn job_of(request: &Request, population: &Path) -> Result<Job> {
    let mut job = Job::read(&population.join("job.toml"))?;
    job.threads = request.threads;
    job.model_file.clone_from(&request.model);
    Ok(job)
}

/// One night from nothing: what the one before has published is removed first.
fn one_run(job: &Job) -> Result<Run> {
    match std::fs::remove_dir_all(&job.output) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::from_io(&error, &job.output, &OUTPUT_FAILED));
        }
        _ => {}
    }
    let counts_anew = machine::forget_peak_memory();
    let memory_before_bytes = machine::memory_bytes();
    let finished = run::run(job, Options::default())?;
    // Where it cannot be counted anew, the peak may be that of generating.
    let peak_memory_bytes = machine::peak_memory_bytes().filter(|_| counts_anew);
    Ok(Run { finished, memory_before_bytes, peak_memory_bytes })
}

fn benched(request: &Request, job: &Job, (files, bytes): (usize, u64), made: &Generated, runs: &[Run]) -> Benched {
    let last = &runs[runs.len() - 1].finished;
    let taken: Vec<stages::Taken> = runs.iter().map(stages::Taken::of).collect();
    Benched {
        onefolk: env!("CARGO_PKG_VERSION"),
        people: made.people,
        rows: last.rows,
        files,
        bytes,
        threads: match job.threads_begun() {
            0 => rayon::current_num_threads(),
            threads => threads,
        },
        model: request.model.clone(),
        identities: last.identities,
        pairs_compared: last.pairs_compared,
        people_found: last.people,
        memory_before_bytes: stages::memory_before(runs),
        seconds_of_each_run: runs.iter().map(|run| run.finished.seconds).collect(),
        whole: stages::whole(&taken, last),
        stages: stages::each(&taken, last),
        warnings: last.warnings.clone(),
    }
}
