//! `onefolk evaluate JOB [--truth FILE]`.

use super::extracts::Looks;
use onefolk::evaluate::{self, Options};
use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::run::Show;
use std::path::PathBuf;

/// Say how right the current run is, for whom, and what went wrong: against known truth, labelled pairs, or neither.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk evaluate data/demo/job.toml --truth data/demo/truth.csv\n  \
                        onefolk evaluate night/job.toml --labels labels.csv")]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// CSV with the columns provider, record_id, person; any further column groups people to give results for.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// CSV with the columns left, right (as provider:record_id) and label (yes, no, unsure).
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Measure only what was published, without reading the extracts again: for tens of millions of records.
    #[arg(long, requires = "truth", conflicts_with = "labels")]
    crosswalk_only: bool,
    /// Show names, dates, numbers and addresses of the errors explained.
    #[arg(long)]
    show_identifiers: bool,
    /// Print JSON: everything, all errors explained included.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_with_headers(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let options = Options {
        truth: arguments.truth.clone(),
        labels: arguments.labels.clone(),
        crosswalk_only: arguments.crosswalk_only,
        show_identifiers: arguments.show_identifiers,
        progress: Show::fitting(quiet),
    };
    let evaluation = evaluate::evaluate(&job, &options)?;
    if arguments.json {
        return super::print_json(&serde_json::to_value(&evaluation).expect("an evaluation is plain data"));
    }
    super::print(&evaluation.to_string())
}
