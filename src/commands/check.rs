//! `onefolk check JOB`.

use super::extracts::Looks;
use onefolk::consent;
use onefolk::failure::{Failure, Result};
use onefolk::intake::Peek;
use onefolk::job::guess::{self, DayMonth};
use onefolk::job::{Checked, Field, FormatKind, Job, Look, Provider, WhenMissing};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Show all that is wrong with a job, at once; opens every extract and reads a sample, and reads every list and the decisions.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk check night/job.toml\n  onefolk check night/job.toml --json\n\nExit codes: 0 the job can be run, 2 the job \
                        file or a decision is wrong, 3 an extract or a list is missing or cannot be read."
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was found in one extract.
struct Extract {
    provider: String,
    file: String,
    found: String,
    columns: usize,
    hints: Vec<String>,
    /// Why it cannot be read, if so; and whether the run would stop for it.
    failure: Option<(String, String)>,
    stops: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let checked = Job::check(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let job = &checked.provisional;
    let (extracts, lists) = match checked.problems.is_empty() {
        true => (look_into(job, &looks), consent::wrong(job)),
        false => Default::default(),
    };
    if arguments.json {
        super::print_json(&facts(&checked, &extracts, &lists))?;
    } else if checked.problems.is_empty() && !quiet {
        super::print(&shown(job, &extracts, &lists))?;
    }
    if !checked.problems.is_empty() {
        return Err(checked.failure(Look::of_stderr()));
    }
    unusable(job, &looks, &lists)
}

/// The first extract that would stop a run, or else the first list, as the failure that it would be.
fn unusable(job: &Job, looks: &Looks, lists: &[Failure]) -> Result<()> {
    let mut failures = Vec::new();
    for (provider, path) in extracts_of(job).filter(|(provider, _)| provider.when_missing != WhenMissing::Without) {
        looks.with(provider, path, |look| {
            if let Err(failure) = look {
                failures.push((failure.code, failure.what.clone()));
            }
        });
    }
    failures.extend(lists.iter().map(|failure| (failure.code, failure.what.clone())));
    let Some((code, what)) = failures.first() else { return Ok(()) };
    let what = match failures.len() - 1 {
        0 => what.clone(),
        others => format!("{what} (and {others} more)"),
    };
    Err(Failure::new(code, what))
}

fn extracts_of(job: &Job) -> impl Iterator<Item = (&Provider, &PathBuf)> {
    job.providers.iter().flat_map(|provider| provider.files.iter().map(move |path| (provider, path)))
}

fn look_into(job: &Job, looks: &Looks) -> Vec<Extract> {
    let one = |(provider, path): (&Provider, &PathBuf)| {
        let name = path.strip_prefix(&job.folder).unwrap_or(path).display().to_string();
        let mut extract = Extract {
            provider: provider.id.clone(),
            file: name,
            found: String::new(),
            columns: 0,
            hints: Vec::new(),
            failure: None,
            stops: provider.when_missing != WhenMissing::Without,
        };
        looks.with(provider, path, |look| match look {
            Ok(peek) => {
                extract.found = peek.found.clone();
                extract.columns = peek.columns.len();
                extract.hints = hints(provider, peek);
                if let Some(stale) = &provider.stale {
                    extract
                        .hints
                        .push(format!("nothing was sent: the last good extract, of {}, stands in", stale.since));
                }
            }
            Err(failure) => extract.failure = Some((failure.code.id.to_string(), failure.to_string())),
        });
        extract
    };
    extracts_of(job).map(one).collect()
}

/// What deserves a look, without being wrong. Names columns, which the job names too, but never a value.
fn hints(provider: &Provider, peek: &Peek) -> Vec<String> {
    let values = |name: &str| -> Option<Vec<&str>> {
        let at = peek.columns.iter().position(|column| column == name)?;
        Some(
            peek.sample
                .iter()
                .filter_map(|row| row.get(at))
                .map(|value| value.trim())
                .filter(|value| !value.is_empty())
                .collect(),
        )
    };
    let mut hints = Vec::new();
    if peek.quarantined > 0 {
        hints.push(format!("{} among the first would go to quarantine", count(peek.quarantined, "row")));
    }
    if peek.sample.is_empty() {
        hints.push("no row in it".to_string());
        return hints;
    }
    for (field, source) in &provider.columns {
        let name = field.word().unwrap_or("a field of the job's own");
        let [column] = &source.columns[..] else { continue };
        let Some(values) = values(column) else {
            // Only JSON lines may leave a column out; in any other format it would be a problem of the job.
            let stands_for_it = *field == Field::RecordId && provider.numbers_rows();
            if peek.kind == FormatKind::JsonLines && !stands_for_it {
                hints.push(format!("{name}: column {column} occurs in no row of the sample"));
            }
            continue;
        };
        if values.is_empty() {
            hints.push(format!("{name}: column {column} is empty in the sample"));
        } else if *field == Field::NhsNumber && !values.iter().any(|value| guess::looks_like_nhs_number(value)) {
            hints.push(format!("nhs_number: no value of column {column} in the sample has a right check digit"));
        } else if *field == Field::DateOfBirth && source.format.is_none() {
            match guess::day_month(values) {
                DayMonth::Ambiguous => hints.push(format!(
                    "date_of_birth: day and month cannot be told apart in the sample of {column}; give a format"
                )),
                DayMonth::Mixed => {
                    hints.push(format!("date_of_birth: column {column} holds day-first and month-first dates"))
                }
                _ => {}
            }
        }
    }
    hints.extend(unmapped(provider, peek));
    hints
}

/// Columns that look like a field which the provider does not map. Names come from the extract, so this asks for a real header first.
fn unmapped(provider: &Provider, peek: &Peek) -> Vec<String> {
    if provider.format.header == Some(false) || provider.format.kind == Some(FormatKind::FixedWidth) {
        return Vec::new();
    }
    let packages = || provider.packages.iter().flat_map(|package| package.parts.values());
    let sources = || provider.columns.values().chain(packages());
    let named = |column: &str| sources().any(|source| source.columns.iter().any(|name| name == column));
    let candidates = peek
        .columns
        .iter()
        .filter(|column| !named(column) && !provider.carry.iter().any(|fact| fact.column == **column));
    let guessed = candidates.filter_map(|column| Some((column, guess::field_by_name(column)?)));
    guessed
        .filter(|(_, field)| !provider.columns.contains_key(field) && *field != Field::RecordId)
        .filter_map(|(column, field)| Some(format!("column {column} looks like {} and is not mapped", field.word()?)))
        .collect()
}

fn shown(job: &Job, extracts: &[Extract], lists: &[Failure]) -> String {
    let mut table = super::table(&["provider", "extract", "found", "look at"]);
    for extract in extracts {
        let remarks = match &extract.failure {
            Some((code, why)) if extract.stops => format!("cannot be read: {why} ({code})"),
            Some((code, why)) => format!("left out: {why} ({code})"),
            None => extract.hints.join("\n"),
        };
        table.add_row([extract.provider.as_str(), &extract.file, &extract.found, &remarks]);
    }
    let absent: Vec<&str> = job
        .providers
        .iter()
        .filter(|provider| provider.files.is_empty())
        .map(|provider| provider.id.as_str())
        .collect();
    let mut text = format!("{}\n\n", table.trim_fmt());
    if !absent.is_empty() {
        text.push_str(&format!("Without an extract tonight: {}\n", absent.join(", ")));
    }
    for failure in lists {
        text.push_str(&format!("{failure} ({})\n", failure.code.id));
    }
    let stopping = extracts.iter().filter(|extract| extract.stops && extract.failure.is_some()).count();
    let stopping = [(stopping, "extract", "read"), (lists.len(), "list", "used")];
    let stopping = stopping.into_iter().filter(|(number, ..)| *number > 0);
    let stopping = stopping.map(|(number, of, how)| format!("{} cannot be {how}", count(number, of)));
    let verdict = match stopping.collect::<Vec<String>>().join(", ") {
        nothing if nothing.is_empty() => "The job can be run".to_string(),
        stopping => stopping,
    };
    text.push_str(&format!(
        "{verdict}: {}, {}.\n",
        count(job.providers.len(), "provider"),
        count(extracts.len(), "extract")
    ));
    text
}

fn facts(checked: &Checked, extracts: &[Extract], lists: &[Failure]) -> Value {
    let problems: Vec<Value> = checked
        .problems
        .iter()
        .map(|problem| {
            let (line, column) = problem.position(&checked.text);
            json!({
                "line": line,
                "column": column,
                "message": problem.message,
                "help": problem.help,
                "file_missing": problem.file_missing,
            })
        })
        .collect();
    let listed: Vec<Value> = extracts
        .iter()
        .map(|extract| {
            json!({
                "provider": extract.provider,
                "file": extract.file,
                "found": extract.found,
                "columns": extract.columns,
                "hints": extract.hints,
                "failure": extract.failure.as_ref().map(|(code, what)| json!({ "code": code, "what": what })),
            })
        })
        .collect();
    let lists: Vec<Value> =
        lists.iter().map(|failure| json!({ "code": failure.code.id, "what": failure.to_string() })).collect();
    let stops = extracts.iter().any(|extract| extract.stops && extract.failure.is_some());
    let right = checked.problems.is_empty() && !stops && lists.is_empty();
    json!({ "job": display(&checked.path), "right": right, "problems": problems, "extracts": listed, "lists": lists })
}

fn count(number: usize, of: &str) -> String {
    if number == 1 { format!("1 {of}") } else { format!("{number} {of}s") }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}
