//! `onefolk generate FOLDER`.

use std::path::PathBuf;

/// Write a synthetic population with known truth: extracts, the job.toml that fits and truth.csv.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk generate /tmp/town --people 100000 --providers 30 --seed 7")]
pub struct Arguments {
    /// Where to write; made where absent, refused where it holds files.
    pub folder: PathBuf,
    /// People in the population.
    #[arg(long, default_value_t = 10_000, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub people: u64,
    /// Providers that see part of it.
    #[arg(long, default_value_t = 30, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub providers: u16,
    /// Average number of rows of one person over all providers.
    #[arg(long, default_value_t = 3.0, value_name = "NUMBER")]
    pub rows_per_person: f64,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub seed: u64,
}
