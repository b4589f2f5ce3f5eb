//! `onefolk evaluate JOB [--truth FILE]`.

use super::extracts::Looks;
use onefolk::baselines::Method;
use onefolk::evaluate::{self, Options};
use onefolk::failure::{FILE_EXISTS, Failure, OUTPUT_FAILED, Result};
use onefolk::job::Job;
use onefolk::run::Show;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Say how right the current run is, for whom, and what went wrong: against known truth, labelled pairs, or neither.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk evaluate data/demo/job.toml --truth data/demo/truth.csv --report evaluation.html\n  \
                        onefolk evaluate night/job.toml --labels labels.csv"
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// CSV with the columns provider, record_id, person; any further column groups people to give results for.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// CSV with the columns left, right (as provider:record_id) and label (yes, no, unsure).
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Measure only what was published, without reading the extracts again: for tens of millions of records.
    #[arg(long, requires = "truth", conflicts_with_all = ["labels", "methods", "ablation"])]
    crosswalk_only: bool,
    /// Measure a published method on the same records beside ours; may be given twice.
    #[arg(long = "method", value_name = "METHOD", value_parser = ["mps", "deterministic"], requires = "truth")]
    methods: Vec<String>,
    /// Link again with each element of the recipe left out, to see what it is worth (takes nine runs' time).
    #[arg(long, requires = "truth")]
    ablation: bool,
    /// Write everything as one page too, for the controller only: it counts people by what they are like.
    #[arg(long, value_name = "FILE", conflicts_with = "crosswalk_only")]
    report: Option<PathBuf>,
    /// Show names, dates, numbers and addresses of the errors explained.
    #[arg(long)]
    show_identifiers: bool,
    /// Print JSON: everything, all errors explained included.
    #[arg(long)]
    json: bool,
}

/// Every page of onefolk says so in its head.
const MADE_BY_US: &str = "<meta name=\"generator\" content=\"onefolk\">";

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_for_a_night(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let options = Options {
        truth: arguments.truth.clone(),
        labels: arguments.labels.clone(),
        methods: arguments.methods.iter().filter_map(|word| Method::from_word(word)).collect(),
        ablation: arguments.ablation,
        crosswalk_only: arguments.crosswalk_only,
        show_identifiers: arguments.show_identifiers,
        progress: Show::fitting(quiet),
    };
    let evaluation = evaluate::evaluate(&job, &options)?;
    if let Some(path) = &arguments.report {
        write_page(path, &evaluation.page())?;
    }
    if arguments.json {
        return super::print_json(&serde_json::to_value(&evaluation).expect("an evaluation is plain data"));
    }
    super::print(&evaluation.to_string())
}

/// Writes the page for its owner only. An older evaluation is replaced, anything else is left alone.
fn write_page(path: &Path, page: &str) -> Result<()> {
    let failed = |error: &std::io::Error| Failure::from_io(error, path, &OUTPUT_FAILED);
    match std::fs::read_to_string(path) {
        Ok(text) if text.contains(MADE_BY_US) && text.contains("evaluation of run") => {
            std::fs::remove_file(path).map_err(|error| failed(&error))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        _ => return Err(Failure::new(&FILE_EXISTS, path.display().to_string())),
    }
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(page.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| failed(&error))
}
