//! `onefolk bench`: how fast a night is on this machine.

use onefolk::bench::{Benched, Request, StageFigures, bench};
use onefolk::failure::Result;
use onefolk::job::THREADS_MAX;
use onefolk::run::progress::say;
use std::path::PathBuf;

/// Measure a night on this machine: a made-up population is generated in a temporary folder and linked from nothing, several times
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  onefolk bench\n  onefolk bench --people 140000 --rows 1000000 --single-file --runs 5\n  \
                        onefolk bench --single-file --model settings.json --json > bench.json\n\nThe folder is made below TMPDIR and removed \
                        afterwards."
)]
pub struct Arguments {
    /// People in the population
    #[arg(long, default_value_t = 20_000)]
    people: u64,
    /// Rows in all, about [default: eight a person]
    #[arg(long)]
    rows: Option<u64>,
    /// Providers that see them
    #[arg(long, default_value_t = 30, conflicts_with = "single_file")]
    providers: usize,
    /// One clean CSV of seven fields instead of an extract a provider
    #[arg(long)]
    single_file: bool,
    /// Link with this model (ours, or Splink's settings JSON) instead of learning one in each run
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Runs; every figure is a median
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Threads to use, eight a core at most; 0 = all cores
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u16).range(..=THREADS_MAX))]
    threads: u16,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
///
/// # Errors
/// Those of [`bench`].
pub fn run(arguments: Arguments, quiet: bool) -> Result<()> {
    let request = Request {
        people: arguments.people,
        rows: arguments.rows.unwrap_or(arguments.people.saturating_mul(8)),
        providers: arguments.providers,
        single_file: arguments.single_file,
        model: arguments.model,
        runs: usize::from(arguments.runs),
        threads: usize::from(arguments.threads),
    };
    let told = |number: usize, seconds: f64| {
        if !quiet {
            say(&format!("Run {number} of {}: {seconds:.2} s", request.runs));
        }
    };
    // As `onefolk run` does.
    let benched = bench(&request, crate::memory::keep_large_pages, told)?;
    if !quiet {
        super::warn(&benched.warnings);
    }
    match arguments.json {
        true => super::print_json(&serde_json::to_value(&benched).expect("figures are plain data")),
        false => super::print(&shown(&benched)),
    }
}

fn shown(benched: &Benched) -> String {
    let mut table = super::table(&["stage", "seconds", "share", "rows/s", "pairs/s", "bytes/record", "peak MiB"]);
    benched.stages.iter().chain([&benched.whole]).for_each(|stage| {
        table.add_row(row(stage));
    });
    super::right(&mut table, 1..7);
    let model = benched.model.as_ref().map_or("learning the model".into(), |file| format!("with {}", file.display()));
    let before = benched
        .memory_before_bytes
        .map_or(String::new(), |bytes| format!("; {} MiB of them were there before a run began", bytes >> 20));
    let pairs = match benched.model {
        None => " Pairs a second of linking are of learning and linking together.",
        Some(_) => "",
    };
    format!(
        "\n{} rows of {} people, {:.1} MB in {}; {}, {model}. {} identities, {} pairs, {} people found.\n\
         Medians of {}. Peaks and bytes a record are of the process, up to the stage's end{before}.{pairs}\n\n{}\n",
        super::grouped(benched.rows),
        super::grouped(benched.people),
        benched.bytes as f64 / 1e6,
        counted(benched.files, "file"),
        counted(benched.threads, "thread"),
        super::grouped(benched.identities),
        super::grouped(benched.pairs_compared),
        super::grouped(benched.people_found),
        counted(benched.seconds_of_each_run.len(), "run"),
        table.trim_fmt()
    )
}

/// "1 run", "5 runs".
fn counted(figure: usize, what: &str) -> String {
    format!("{figure} {what}{}", if figure == 1 { "" } else { "s" })
}

fn row(stage: &StageFigures) -> [String; 7] {
    let or_none = |figure: Option<f64>| figure.map_or("–".into(), |figure| super::grouped(figure.round() as u64));
    [
        stage.stage.clone(),
        format!("{:.3}", stage.seconds),
        format!("{:.0} %", stage.share * 100.0),
        super::grouped(stage.rows_per_second.round() as u64),
        or_none(stage.pairs_per_second),
        or_none(stage.bytes_per_record),
        or_none(stage.peak_memory_bytes.map(|bytes| bytes as f64 / f64::from(1 << 20))),
    ]
}
