//! `onefolk explain pair`, `person`, `missing` and `change`: the arguments, to stand in `explain::What`.

use super::extracts::Looks;
use onefolk::explain::{self, Options};
use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::run::Show;
use std::path::PathBuf;

/// Why two records are, or are not, one person: in words, and field by field in bits.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  onefolk explain pair gp-brent-01:1001 hospice-01:77 --job night/job.toml\n  onefolk explain pair gp-brent-01:1001 hospice-01:77 --job night/job.toml --svg pair.svg"
)]
pub struct Pair {
    /// One record, as provider:record_id.
    #[arg(value_name = "PROVIDER:RECORD_ID")]
    left: String,
    /// The other record.
    #[arg(value_name = "PROVIDER:RECORD_ID")]
    right: String,
    /// Also draw it as an SVG picture into a new file (mode 0600).
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    about: About,
}

/// Why two records are not one person: which blocking rules parted them, what each field cost, what would have to change.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk explain missing gp-brent-01:1001 hospice-01:77 --job night/job.toml")]
pub struct Missing {
    /// One record, as provider:record_id.
    #[arg(value_name = "PROVIDER:RECORD_ID")]
    left: String,
    /// The other record.
    #[arg(value_name = "PROVIDER:RECORD_ID")]
    right: String,
    #[command(flatten)]
    about: About,
}

/// Why a person's records are together: how they were joined, the weakest bond, what would split them.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk explain person 0FX3M8RQ2T6V9K1Z --job night/job.toml")]
pub struct Person {
    /// The person_id.
    #[arg(value_name = "PERSON_ID")]
    person: String,
    #[command(flatten)]
    about: About,
}

/// What became of a person over the nights: grown, shrunk, merged, split, retired, and who it is today.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk explain change 0FX3M8RQ2T6V9K1Z --job night/job.toml")]
pub struct Change {
    /// The person_id, which may have gone away since.
    #[arg(value_name = "PERSON_ID")]
    person: String,
    /// The job file whose nights are looked at.
    #[arg(long, default_value = "job.toml", value_name = "FILE")]
    job: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What every explanation of records takes.
#[derive(clap::Args)]
pub struct About {
    /// The job file whose current run is explained.
    #[arg(long, default_value = "job.toml", value_name = "FILE")]
    job: PathBuf,
    /// Show names, dates, numbers and addresses.
    #[arg(long)]
    show_identifiers: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn pair(arguments: &Pair, quiet: bool) -> Result<()> {
    let about = &arguments.about;
    let explained = explain::pair(&about.read()?, &arguments.left, &arguments.right, about.options(quiet))?;
    if let Some(path) = &arguments.svg {
        explained.write_svg(path)?;
    }
    about.print(&explained)
}

pub fn missing(arguments: &Missing, quiet: bool) -> Result<()> {
    let about = &arguments.about;
    let explained = explain::missing(&about.read()?, &arguments.left, &arguments.right, about.options(quiet))?;
    about.print(&explained)
}

pub fn person(arguments: &Person, quiet: bool) -> Result<()> {
    let about = &arguments.about;
    let explained = explain::person(&about.read()?, &arguments.person, about.options(quiet))?;
    about.print(&explained)
}

pub fn change(arguments: &Change) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_for_a_night(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    print(&explain::change(&job, &arguments.person)?, arguments.json)
}

fn print(explained: &(impl serde::Serialize + std::fmt::Display), json: bool) -> Result<()> {
    if json {
        super::print_json(&serde_json::to_value(explained).expect("an explanation is plain data"))
    } else {
        super::print(&explained.to_string())
    }
}

impl About {
    fn read(&self) -> Result<Job> {
        let looks = Looks::default();
        Job::read_for_a_night(&self.job, &|provider, path| looks.columns(provider, path))
    }

    fn options(&self, quiet: bool) -> Options {
        Options { show_identifiers: self.show_identifiers, progress: Show::fitting(quiet) }
    }

    fn print(&self, explained: &(impl serde::Serialize + std::fmt::Display)) -> Result<()> {
        print(explained, self.json)
    }
}
