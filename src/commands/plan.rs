//! `onefolk plan JOB`.

use std::path::PathBuf;

/// Show what a run would do: rows, pairs per blocking rule, memory and time estimate.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk plan night/job.toml")]
pub struct Arguments {
    /// The job file.
    pub job: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
