//! `onefolk rollback JOB RUN`.

use super::extracts::Looks;
use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::run::gates::Waived;
use onefolk::run::{self, RolledBack, Show};
use std::path::PathBuf;

/// Make an earlier run current again, without those who may not be published today.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk rollback night/job.toml 2026-11-21-01\n\nThe runs that can be named stand below runs/ in the output. The earlier run is published as a run of its own, the next\nof today: whom a local objection names today is withheld, whoever is flagged as sensitive today shows no place. Every\nperson keeps their person_id. The model is not rolled back: the next run uses the model that is there. What\nproviders hold that send only changes is not rolled back either; a warning names them.\n\nExit codes: 0 published, 1 an extract lacks a column, 2 no such run is kept, 3 a list or an extract cannot be used,\n4 disk, memory or another resource, 5 another run holds the lock. Unless it is 0, what was published before stands."
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// The run to make current again, such as 2026-11-21-01.
    run: String,
    /// Let a gate be broken this once. Of the gates of a night only column_missing is asked: then a column that is gone from an extract
    /// is read as empty, and who objects by it is not known.
    #[arg(long, value_name = "GATE")]
    waive: Vec<String>,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_for_a_night(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let done = run::rollback(&job, &arguments.run, Waived::parse(&arguments.waive)?, Show::fitting(quiet))?;
    super::warn(&done.warnings);
    super::done(match (arguments.json, quiet) {
        (true, _) => super::print_json(&serde_json::to_value(&done).expect("figures are plain data")),
        (false, true) => Ok(()),
        (false, false) => super::print(&closing(&done)),
    });
    Ok(())
}

fn closing(done: &RolledBack) -> String {
    let instead = done.instead_of.as_ref().map_or(String::new(), |run| format!(" instead of run {run}"));
    format!(
        "Published run {} with the people of run {}{instead}.\n{} people; {} more may not be published today, and {} are shown without their place.\n",
        done.run_id, done.rolled_back_to, done.people, done.people_withheld, done.people_masked
    )
}
