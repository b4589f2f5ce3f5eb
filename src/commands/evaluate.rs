//! `onefolk evaluate JOB --truth FILE`.

use onefolk::evaluate::{self, Estimate, Evaluation, Pairs};
use onefolk::failure::Result;
use onefolk::job::Job;
use std::path::PathBuf;

/// Measure the current run against known truth: precision, recall and F1, by pair, record and person.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk evaluate data/demo/job.toml --truth data/demo/truth.csv")]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// CSV with the columns provider, record_id, person.
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let job = Job::read(&arguments.job)?;
    let evaluation = evaluate::evaluate(&job, &arguments.truth)?;
    if arguments.json {
        return super::print_json(&serde_json::to_value(&evaluation).expect("an evaluation is plain data"));
    }
    super::print(&shown(&evaluation))
}

fn shown(evaluation: &Evaluation) -> String {
    format!(
        "Run {} against the truth, on {} records that both know\n\n{}\n\n{}\n\n{}{}\n",
        evaluation.run_id,
        evaluation.records,
        whole(evaluation),
        by_provider(evaluation),
        left_out(evaluation),
        evaluation.intervals
    )
}

fn whole(evaluation: &Evaluation) -> String {
    let measures = &evaluation.measures;
    let mut table = super::table(&["", "precision", "recall", "F1"]);
    table.add_row(of_pairs("pairs of records", &measures.pairs));
    let b = &measures.b_cubed;
    table.add_row([
        "records (B-cubed)".to_string(),
        share(Some(b.precision)),
        share(Some(b.recall)),
        share(Some(b.f1)),
    ]);
    let people = &measures.people;
    format!(
        "{}\n\n{} people found, {} in truth; {} of them found with exactly their records ({})",
        table.trim_fmt(),
        people.found,
        people.truth,
        people.exact,
        estimate(&people.exact_share)
    )
}

fn by_provider(evaluation: &Evaluation) -> String {
    let mut table = super::table(&["provider, with everybody", "records", "precision", "recall", "F1"]);
    for of in &evaluation.measures.providers {
        let [name, precision, recall, f1] = of_pairs(&of.provider, &of.pairs);
        table.add_row([name, of.records.to_string(), precision, recall, f1]);
    }
    table.trim_fmt()
}

fn of_pairs(name: &str, pairs: &Pairs) -> [String; 4] {
    [name.to_string(), estimate(&pairs.precision), estimate(&pairs.recall), share(pairs.f1)]
}

/// What the figures above do not cover; nothing where they cover all.
fn left_out(evaluation: &Evaluation) -> String {
    let absent = &evaluation.absent;
    let mut lines = Vec::new();
    let mut line = |records: u64, words: &str| {
        if records > 0 {
            lines.push(format!("{records} records {words}\n"));
        }
    };
    line(absent.withheld, "of the truth are withheld: not measured");
    line(absent.quarantined_or_not_sent, "of the truth are in quarantine or in no extract: not measured");
    line(evaluation.ambiguous, "belong to more than one person in the truth: not measured");
    line(evaluation.torn, "have rows with more than one person in the run: the first row's person counts");
    line(evaluation.unknown, "of the run are not in the truth: not measured");
    if absent.withheld + absent.quarantined_or_not_sent > 0 {
        lines.push(format!(
            "With absent records counted as missed, recall is {}\n",
            estimate(&evaluation.recall_with_absent)
        ));
    }
    if lines.is_empty() { String::new() } else { format!("{}\n", lines.concat()) }
}

fn share(value: Option<f64>) -> String {
    value.map_or("–".into(), |value| format!("{value:.4}"))
}

/// "0.9981 (0.9979–0.9983)".
fn estimate(of: &Estimate) -> String {
    match (of.low, of.high) {
        (Some(low), Some(high)) => format!("{} ({low:.4}–{high:.4})", share(of.value)),
        _ => "–".into(),
    }
}
