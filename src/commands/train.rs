//! `onefolk train JOB`.

use super::extracts::Looks;
use super::train_splink;
use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::model::{Change, Form};
use onefolk::run::{self, Show, Trained};
use std::path::PathBuf;

/// Learn a new model on purpose and freeze it: every run uses it until the next training.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk train night/job.toml\n  onefolk train night/job.toml --labels night/out/state/decisions.csv\n  onefolk train night/job.toml --output new.json\n  onefolk train night/job.toml --import settings.json\n\nThe model is written where [model] file in the job says, else to state/model.json below the output.\nA Splink model is used by every run once the job file names it:\n  [model]\n  file = \"settings.json\""
)]
#[command(group = clap::ArgGroup::new("direction").multiple(false))]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// Mix in what humans have said of pairs: CSV as `onefolk review` writes it.
    #[arg(long, value_name = "FILE", group = "direction")]
    labels: Option<PathBuf>,
    /// Write the model here instead, for `onefolk backtest`: no run uses it until [model] file names it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["import", "export"])]
    output: Option<PathBuf>,
    /// Learn nothing, but check a Splink settings file against the job: what is taken over, and what is not and why.
    #[arg(long, value_name = "FILE", group = "direction")]
    import: Option<PathBuf>,
    /// Learn nothing, but write the model of the current run as a Splink settings file, for records as `onefolk export` writes them.
    #[arg(long, value_name = "FILE", group = "direction")]
    export: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_with_headers(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let show = Show::fitting(quiet);
    if let Some(path) = &arguments.import {
        return train_splink::import(&job, path, arguments.json);
    }
    if let Some(path) = &arguments.export {
        return train_splink::export(&job, path, arguments.json, show);
    }
    super::keep_large_pages(&job);
    let trained = run::train(&job, arguments.labels.as_deref(), arguments.output.as_deref(), show)?;
    super::done(match (arguments.json, quiet) {
        (true, _) => super::print_json(&serde_json::json!({
            "file": trained.file.display().to_string(),
            "form": trained.frozen.model.form,
            "learnt_from": trained.frozen.learnt_from,
            "labels_not_used": trained.unused,
            "change": trained.change,
        })),
        (false, true) => Ok(()),
        (false, false) => super::print(&shown(&trained, arguments.output.is_some())),
    });
    Ok(())
}

fn shown(trained: &Trained, elsewhere: bool) -> String {
    let from = &trained.frozen.learnt_from;
    let mut text = format!(
        "Learnt from {} records, {} of them distinct, and {} pairs: {:.0} pairs are expected to be one person.\n",
        from.records, from.identities, from.training_pairs, from.expected_matches
    );
    let (labels, unused) = (from.labels, trained.unused);
    if labels.yes + labels.no + unused.unsure + unused.not_known > 0 {
        text.push_str(&format!(
            "Labels mixed in: {} yes, {} no; not used: {} unsure, {} of records that are not here.\n",
            labels.yes, labels.no, unused.unsure, unused.not_known
        ));
    }
    text.push_str(&match &trained.change {
        None => "There was no model before.\n".to_string(),
        Some(change) if change.same => format!("Nothing has changed against the model of {}.\n", change.before_as_of),
        Some(change) => changed(change),
    });
    let then = match elsewhere {
        true => "no run uses it until [model] file in the job names it",
        false => "every run uses it until the next training",
    };
    text.push_str(&format!("\nWritten to {}; {then}.\n", trained.file.display()));
    text
}

/// Old and new, line by line.
fn changed(change: &Change) -> String {
    let mut table = super::table(&["", "before", "now"]);
    let mut row = |what: String, values: [String; 2]| {
        let [before, now] = values;
        table.add_row([what, before, now]);
    };
    row("kinds of strangers".into(), change.form.map(form));
    row("pairs expected to be one person".into(), change.expected_matches.map(|pairs| format!("{pairs:.0}")));
    row("cut, in bits".into(), change.cut_bits.map(|cut| cut.map_or("–".into(), |cut| format!("{cut:.2}"))));
    for name in &change.gone {
        row(format!("comparison {name}"), ["compared".into(), "–".into()]);
    }
    for name in &change.new {
        row(format!("comparison {name}"), ["–".into(), "compared".into()]);
    }
    for moved in &change.moved {
        row(format!("m of {}, level {}", moved.comparison, moved.level), moved.m.map(|m| format!("{m:.4}")));
    }
    for column in 1..3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    let none = if change.moved.is_empty() { "No m has moved by more than a bit.\n" } else { "" };
    format!("\nAgainst the model of {}:\n{}\n{none}", change.before_as_of, table.trim_fmt())
}

fn form(form: Form) -> String {
    match form {
        Form::Constrained => "by groups of fields",
        Form::Related => "strangers and related ones",
        Form::ByField => "by field",
        Form::Plain | Form::Information => "one",
    }
    .to_string()
}
