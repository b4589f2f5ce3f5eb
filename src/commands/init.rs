//! `onefolk init`.

use onefolk::failure::Result;

/// Write a job file to start from, or the schema that completes it in an editor.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk init --schema > job.schema.json\n\nAn editor finds the schema by the first line of the job file:\n  #:schema job.schema.json"
)]
pub struct Arguments {
    /// Print the JSON Schema of the job file.
    #[arg(long, required = true)]
    schema: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    debug_assert!(arguments.schema, "clap requires it");
    super::print_json(&onefolk::job::schema())
}
