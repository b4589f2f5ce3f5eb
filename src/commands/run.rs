//! `onefolk run JOB`.

use super::extracts::Looks;
use onefolk::failure::Result;
use onefolk::job::{Job, Look, THREADS_MAX};
use onefolk::run::gates::Waived;
use onefolk::run::{self, Finished, Options, Show};
use std::path::PathBuf;

/// Read every extract, link the records of each person and publish the population dataset.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk run night/job.toml\n  onefolk run night/job.toml --quiet --json > last-night.json\n  onefolk run night/job.toml --waive provider_shrunk\n  onefolk run night/job.toml --resume\n\nExit codes: 0 published, 1 a \
                        quality gate failed, 2 the job file is wrong, 3 an extract is unusable,\n4 disk, memory or another resource, 5 another run \
                        holds the lock, 130 interrupted.\nUnless it is 0, nothing was published."
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// Print the accounts as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Do everything but publish.
    #[arg(long)]
    dry_run: bool,
    /// Go on where this night was stopped before: stages that it had finished are not done again, if nothing they rest on has changed.
    #[arg(long)]
    resume: bool,
    /// Take nothing from the night before: compare and join everything anew, with the same model. The result is the same.
    #[arg(long)]
    full: bool,
    /// Let a gate be broken this once, by the name that its failure gives; may be repeated, and is kept in run.json.
    #[arg(long, value_name = "GATE")]
    waive: Vec<String>,
    /// Threads to use instead of the job's, eight a core at most; 0 = all cores.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(..=THREADS_MAX))]
    threads: Option<u16>,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let (mut job, waived) = understood(arguments)?;
    job.threads = arguments.threads.map_or(job.threads, usize::from);
    super::keep_large_pages(&job);
    let Arguments { dry_run, resume, full, .. } = *arguments;
    let options = Options { show: Show::fitting(quiet), dry_run, resume, waived, full };
    let finished = run::run(&job, options)?;
    super::warn(&finished.warnings);
    let printed = if arguments.json {
        super::print_json(&serde_json::to_value(&finished).expect("a finished run is plain data"))
    } else if quiet {
        Ok(())
    } else {
        super::print(&closing_table(&job, &finished))
    };
    // What a dry run comes to is what it prints.
    if dry_run {
        return printed;
    }
    super::done(printed);
    Ok(())
}

/// The job and the gates that may be broken. Where something is wrong with either, the history of the job's output is told, where it is certain which
/// that is.
fn understood(arguments: &Arguments) -> Result<(Job, Waived)> {
    let looks = Looks::default();
    let checked = Job::check(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let output = checked.output_is_sure.then(|| checked.provisional.output.clone());
    let job = checked.into_night(Look::of_stderr());
    let both = job.and_then(|job| Ok((job, Waived::parse(&arguments.waive)?)));
    both.inspect_err(|failure| output.iter().for_each(|output| run::not_begun(output, arguments.dry_run, failure)))
}

/// What a person wants to know in the morning.
fn closing_table(job: &Job, finished: &Finished) -> String {
    let mut table = super::table(&["", ""]);
    let mut row = |what: &str, figure: u64, note: &str| {
        table.add_row([what.to_string(), super::grouped(figure), note.to_string()]);
    };
    row("Rows read", finished.rows, &format!("from {} providers", job.providers.len()));
    row("People found", finished.people, "one line each in people.parquet");
    row("Duplicates removed", finished.duplicates, "further records of people already counted");
    row("Quarantined", finished.quarantined, "rows that could not be used, with the reason");
    row("Withheld", finished.withheld, "rows that may not be used");
    row("For review", finished.review, "pairs that a person should look at");
    row("Changes", finished.changes, "people new, changed or gone since the last run");
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    let end = match &finished.folder {
        Some(folder) => {
            let current = job.output.join("current");
            format!(
                "Published run {} in {:.1} s.\nReport:  {}\nFiles:   {}\n{}{}",
                finished.run_id,
                finished.seconds,
                from_here(&current.join("report.html")),
                from_here(folder),
                model(finished),
                purged(finished)
            )
        }
        None => format!("A dry run of {:.1} s: nothing was published.\n", finished.seconds),
    };
    format!("\n{}\n\n{end}", table.trim_fmt())
}

/// Which model was used; nothing where there was nothing to compare.
fn model(finished: &Finished) -> String {
    let Some(file) = finished.model.as_deref().map(from_here) else { return String::new() };
    match finished.learnt {
        true => format!("Model:   learnt tonight, and kept for the nights to come: {file}\n"),
        false => format!("Model:   {file}, learnt before; only `onefolk train` changes it\n"),
    }
}

/// What kept runs have lost to objections; nothing where they have not.
fn purged(finished: &Finished) -> String {
    let rows: u64 = finished.purged.iter().map(|run| run.rows).sum();
    match finished.purged.len() {
        0 => String::new(),
        1 => format!("Purged:  1 kept run of {rows} rows of people who object; its run.json says so\n"),
        runs => format!("Purged:  {runs} kept runs of {rows} rows of people who object; their run.json says so\n"),
    }
}

/// A path as somebody in the current folder would write it.
fn from_here(path: &std::path::Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}
