//! `onefolk evaluate JOB --truth FILE`.

use std::path::PathBuf;

/// Measure the current run against known truth: precision, recall and F1, by pair and by cluster.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk evaluate data/demo/job.toml --truth data/demo/truth.csv")]
pub struct Arguments {
    /// The job file.
    pub job: PathBuf,
    /// CSV with the columns provider, record_id, person.
    #[arg(long, value_name = "FILE")]
    pub truth: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
