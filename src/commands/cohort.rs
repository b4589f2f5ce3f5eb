//! `onefolk cohort JOB ID`.

use super::extracts::Looks;
use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::run::{self, Show};
use std::path::PathBuf;

/// Make one cohort anew from the current run, as opt-outs, flags and the rule are today.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk cohort night/job.toml rising-risk\n\nEvery run makes all of them; this makes one after somebody has objected or the rule has changed since. The extracts must be\nthose of the run. The table is the controller's own: a cohort is handed out by a release only."
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// The id of the cohort.
    cohort: String,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_with_headers(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let done = run::cohort(&job, &arguments.cohort, Show::fitting(quiet))?;
    let told = || format!("{}: {} people of run {}, in {}.\n", done.name, done.people, done.run_id, done.file);
    super::done(match (arguments.json, quiet) {
        (true, _) => super::print_json(&serde_json::to_value(&done).expect("facts are plain data")),
        (false, true) => Ok(()),
        (false, false) => super::print(&told()),
    });
    Ok(())
}
