//! `onefolk backtest JOB --model FILE`.

use super::extracts::Looks;
use onefolk::backtest::{self, Options};
use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::run::Show;
use std::path::PathBuf;

/// Link today's records with another model and say whom it would put together and divide, before anybody switches.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk train night/job.toml --output new.json\n  onefolk backtest night/job.toml --model new.json\n  onefolk backtest night/job.toml --model night/out/runs/2026-11-21-01/model.json --json\n  onefolk backtest night/job.toml --model new.json --nights 14\n\nNothing is written. Nights use the model once the job file names it:\n  [model]\n  file = \"new.json\"\n\nExit codes: 0 done, 2 the job or the model file is wrong, 3 there is no current run, or an extract is unusable,\n4 disk, memory or another resource."
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// The model to try: a model.json, or a settings file of Splink.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Link the newest N kept nights once more as well, with the model of the current run and with this one: of each, the rows that stand
    /// today with the same values.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    nights: Option<u16>,
    /// Show names, dates, numbers and addresses of the pairs explained.
    #[arg(long)]
    show_identifiers: bool,
    /// Print JSON: every difference, with the evidence for the larger ones.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_for_a_night(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let options = Options {
        show_identifiers: arguments.show_identifiers,
        progress: Show::fitting(quiet),
        nights: arguments.nights.map(usize::from),
    };
    let tested = backtest::backtest(&job, &arguments.model, options)?;
    if arguments.json {
        return super::print_json(&serde_json::to_value(&tested).expect("figures are plain data"));
    }
    super::print(&tested.to_string())
}
