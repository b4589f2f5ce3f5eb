//! `onefolk generate`: a synthetic population with known truth.

use onefolk::failure::Result;
use onefolk::generate::{Request, SINGLE_FILE_COLUMNS, generate};
use std::io::Write;
use std::path::PathBuf;

/// Make a synthetic population of England with known truth, seen by many providers
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  onefolk generate --people 10000 --output population\n  onefolk generate --demo --output data/demo\n  \
                        onefolk generate --single-file --people 200000 --rows-per-person 5 --output one-million"
)]
pub struct Arguments {
    /// Where to write; a new or empty folder, or one that was generated before
    #[arg(long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// People in the population
    #[arg(long, default_value_t = 10_000)]
    pub people: u64,
    /// Providers that see them; thirty kinds, then more of the same
    #[arg(long, default_value_t = 30)]
    pub providers: usize,
    /// Rows a person on average
    #[arg(long, default_value_t = 8.0)]
    pub rows_per_person: f64,
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write all records into one clean CSV instead of an extract a provider
    #[arg(long)]
    pub single_file: bool,
    /// Columns of the single file
    #[arg(long, value_delimiter = ',', requires = "single_file", default_values = SINGLE_FILE_COLUMNS)]
    pub columns: Vec<String>,
    /// Write the demonstration that stands in data/demo
    #[arg(long, conflicts_with_all = ["people", "providers", "rows_per_person", "seed", "single_file"])]
    pub demo: bool,
    /// Print the counts as JSON
    #[arg(long)]
    pub json: bool,
}

/// Generates and prints what was made.
///
/// # Errors
/// Those of [`generate`].
pub fn run(args: Arguments) -> Result<()> {
    let request = match args.demo {
        true => Request::demo(args.output),
        false => Request {
            people: args.people,
            providers: args.providers,
            rows_per_person: args.rows_per_person,
            seed: args.seed,
            output: args.output,
            single_file: args.single_file.then_some(args.columns),
        },
    };
    let made = generate(&request, |_| {})?;
    let job = request.output.join("job.toml");
    let providers = match request.providers {
        asked if asked == made.providers => format!("{asked} providers"),
        asked => format!("{} of {asked} providers (the others see nobody)", made.providers),
    };
    let text = if args.json {
        let facts = serde_json::json!({
            "people": made.people, "providers": made.providers, "records": made.records, "rows": made.rows,
            "unusable_rows": made.unusable, "job": job.display().to_string(),
        });
        facts.to_string()
    } else {
        format!(
            "{} people, {providers}: {} records in {} rows, {} of them unusable on purpose.\nNext: onefolk run {}",
            made.people,
            made.records,
            made.rows,
            made.unusable,
            job.display()
        )
    };
    // A reader that has gone away is no failure: everything is written.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(())
}
