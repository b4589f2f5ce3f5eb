//! `onefolk explain pair` and `onefolk explain person`: the arguments, to stand in `explain::What`.

use std::path::PathBuf;

/// Why two records are, or are not, one person: field by field, in bits.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk explain pair gp-brent-01:1001 hospice-01:77 --job night/job.toml")]
pub struct Pair {
    /// One record, as provider:record_id.
    #[arg(value_name = "PROVIDER:RECORD_ID")]
    pub left: String,
    /// The other record.
    #[arg(value_name = "PROVIDER:RECORD_ID")]
    pub right: String,
    #[command(flatten)]
    pub about: About,
}

/// Why a person's records are together: each link, in bits.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk explain person P-4K7D-93MX --job night/job.toml")]
pub struct Person {
    /// The person_id.
    #[arg(value_name = "PERSON_ID")]
    pub person: String,
    #[command(flatten)]
    pub about: About,
}

/// What every explanation of records takes.
#[derive(clap::Args)]
pub struct About {
    /// The job file whose current run is explained.
    #[arg(long, default_value = "job.toml", value_name = "FILE")]
    pub job: PathBuf,
    /// Show names, dates, numbers and addresses.
    #[arg(long)]
    pub show_identifiers: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
