//! `onefolk report JOB`.

use super::extracts::Looks;
use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::run::gates::Waived;
use onefolk::run::{self, ReportAgain, Show};
use std::path::PathBuf;

/// Make the report and the tables beside it anew from a run that stands, without linking again.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk report night/job.toml\n\nEvery run makes its report. This makes it again after somebody has objected, after cohort names or segments of the job have\nchanged, or with a newer version. Objections and flags are those of today; the tables of the run stay as they are."
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// Another kept run than the current one, such as 2026-11-22-01.
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
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
    let waived = Waived::parse(&arguments.waive)?;
    let done = run::report(&job, arguments.run.as_deref(), waived, Show::fitting(quiet))?;
    super::warn(&done.warnings);
    super::done(match (arguments.json, quiet) {
        (true, _) => super::print_json(&serde_json::to_value(&done).expect("facts are plain data")),
        (false, true) => Ok(()),
        (false, false) => super::print(&told(&done)),
    });
    Ok(())
}

fn told(done: &ReportAgain) -> String {
    let left_out = match done.people_left_out {
        0 => String::new(),
        people => format!("\n{people} people of the run object today and are in no count."),
    };
    format!("{} files of run {}; open {}{left_out}\n", done.files, done.run_id, done.report.display())
}
