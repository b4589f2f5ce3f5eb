//! `onefolk run JOB`.

use std::path::PathBuf;

/// Read every extract, link the records of each person and publish the population dataset.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk run night/job.toml\n  onefolk run night/job.toml --quiet --json > last-night.json\n\nExit codes: 0 published, 1 a \
                        quality gate failed, 2 the job file is wrong, 3 an extract is unusable,\n4 disk, memory or another resource, 5 another run \
                        holds the lock. Unless it is 0, nothing was published.")]
pub struct Arguments {
    /// The job file.
    pub job: PathBuf,
    /// Print the accounts as JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Do everything but publish.
    #[arg(long)]
    pub dry_run: bool,
    /// Threads to use instead of the job's; 0 = all cores.
    #[arg(long, value_name = "NUMBER")]
    pub threads: Option<usize>,
}
