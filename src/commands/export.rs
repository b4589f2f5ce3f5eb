//! `onefolk export JOB --output FILE`.

use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::run::{self, Show};
use std::path::PathBuf;

/// Write the standardised records to a Parquet file, as linking sees them.
///
/// The file holds people's identifiers and is for the controller only (mode 0600). Use it to link the same records with something else,
/// or to look at what cleaning made of them. Withheld rows and rows in quarantine are not in it.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk export night/job.toml --output records.parquet")]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// The new file; one that exists is never overwritten.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let job = Job::read(&arguments.job)?;
    let exported = run::export(&job, &arguments.output, Show::fitting(quiet))?;
    let (records, file) = (exported.records, arguments.output.display());
    super::done(match (arguments.json, quiet) {
        (true, _) => super::print_json(&serde_json::to_value(exported).expect("an export is plain data")),
        (false, true) => Ok(()),
        (false, false) => {
            super::print(&format!("{records} records in {file}: people's identifiers, for the controller only\n"))
        }
    });
    Ok(())
}
