//! `onefolk person ID`.

use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::person;
use std::path::PathBuf;

/// One person's page: best record, who knows them, facts, opt-outs, and first what to know before relying on it.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk person 0FX3M8RQ2T6V9K1Z --job night/job.toml\n  onefolk person 0FX3M8RQ2T6V9K1Z --job night/job.toml --show-identifiers --html person.html"
)]
pub struct Arguments {
    /// The person_id; `onefolk find` tells it.
    #[arg(value_name = "PERSON_ID")]
    person: String,
    /// The job file whose current run is looked at.
    #[arg(long, default_value = "job.toml", value_name = "FILE")]
    job: PathBuf,
    /// Show names, dates, numbers and places. The audit says who was shown either way, and whether these were.
    #[arg(long)]
    show_identifiers: bool,
    /// Also write it as one page of HTML into a new file (mode 0600).
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let job = Job::read(&arguments.job)?;
    let page = person::page(&job, &arguments.person, arguments.show_identifiers)?;
    if let Some(path) = &arguments.html {
        page.write_html(path)?;
    }
    match arguments.json {
        true => super::print_json(&serde_json::to_value(&page).expect("a page is plain data")),
        false => super::print(&page.to_string()),
    }
}
