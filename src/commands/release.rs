//! `onefolk release JOB ID`.

use super::extracts::Looks;
use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::release::Fate;
use onefolk::run::{self, ReleasedAgain, Show};
use std::path::PathBuf;

/// Make one release anew from the current run, as opt-outs, flags and agreements are today.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk release night/job.toml planning\n\nEvery run makes the releases that nothing refuses; this makes one after somebody has agreed or opted out since. The extracts\nmust be those of the run. A release that is refused today is removed from the run."
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// The id of the release.
    release: String,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_with_headers(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let done = run::release(&job, &arguments.release, Show::fitting(quiet))?;
    super::warn(done.outcome.warning());
    super::done(match (arguments.json, quiet) {
        (true, _) => super::print_json(&serde_json::to_value(&done).expect("facts are plain data")),
        (false, true) => Ok(()),
        (false, false) => super::print(&told(&done)),
    });
    Ok(())
}

fn told(done: &ReleasedAgain) -> String {
    let (id, run) = (&done.outcome.id, &done.run_id);
    match &done.outcome.fate {
        Fate::Released { lines, files, .. } => {
            format!("Released {id} of run {run}: {lines} lines, {} files in releases/{id}.\n", files.len())
        }
        Fate::Refused { .. } => format!("Release {id} of run {run} is refused; nothing of it is there.\n"),
        Fate::NotDue { next } => {
            let next = next.as_deref().unwrap_or("none");
            format!("The tables of {id} were issued already, or are not due; the next day of issue is {next}.\n")
        }
    }
}
