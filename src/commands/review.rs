//! `onefolk review JOB`.

use super::extracts::Looks;
use onefolk::explain::Options;
use onefolk::failure::{Failure, OUTPUT_FAILED, Result};
use onefolk::job::Job;
use onefolk::review::{self, Key, Reviewed};
use onefolk::run::Show;
use onefolk::run::progress::say;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

/// Say of pairs that the last run was unsure of whether they are one person.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk review night/job.toml --show-identifiers\n  onefolk train night/job.toml --labels night/out/state/decisions.csv\n\nKeys: y yes, n no, u unsure, 1 or 2 the first or second record is not a person, b back (takes the last answer back), q quit. Y, N and U ask for the reason as well.\nWithout a terminal, lines are read from standard input: a key and, behind it, the reason."
)]
pub struct Arguments {
    /// The job file whose current run is reviewed.
    job: PathBuf,
    /// Where decisions are appended to; state/decisions.csv below the output if not given.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Who decides; the account's name if not given.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Show names, dates, numbers and addresses; without it only what agreed is shown.
    #[arg(long)]
    show_identifiers: bool,
    /// Print what was done as JSON at the end.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_for_a_night(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let decisions = arguments.decisions.clone().unwrap_or_else(|| job.output.join("state/decisions.csv"));
    let by = arguments.by.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_default();
    if !quiet {
        say(warning(arguments.show_identifiers));
    }
    let options = Options { show_identifiers: arguments.show_identifiers, progress: Show::fitting(quiet) };
    let mut out: Box<dyn std::io::Write + Send> =
        if arguments.json { Box::new(std::io::stderr()) } else { Box::new(std::io::stdout()) };
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let reviewed = if terminal {
        review::review(&job, &decisions, &by, options, &mut pressed, &mut *out)?
    } else {
        review::review(&job, &decisions, &by, options, &mut typed, &mut *out)?
    };
    if arguments.json {
        return super::print_json(&serde_json::to_value(reviewed).expect("figures are plain data"));
    }
    super::print(&closing(&reviewed, &decisions))
}

fn warning(show_identifiers: bool) -> &'static str {
    match show_identifiers {
        true => {
            "warning: names, dates, numbers and addresses will be shown: see that nobody reads along, and that no log keeps the screen"
        }
        false => "Values are hidden: only what agreed is shown. --show-identifiers shows them.",
    }
}

fn closing(reviewed: &Reviewed, decisions: &Path) -> String {
    let Reviewed { pairs, before, now, by_row_number } = *reviewed;
    let not_asked = match by_row_number {
        0 => String::new(),
        _ => format!(
            "{by_row_number} pairs are not asked: their rows are known by numbers alone, which are other rows' in the next extract (`onefolk explain code OF0373`).\n"
        ),
    };
    if pairs == before + by_row_number {
        return match before {
            0 => "No pair of the current run waits for a human.\n".into(),
            _ => format!("All {before} pairs of the current run are decided, in {}.\n{not_asked}", decisions.display()),
        };
    }
    let left = pairs - before - now - by_row_number;
    format!(
        "\n{now} pairs decided now, {before} before; {left} are left. Decisions: {}\n{not_asked}The next run obeys them; onefolk train --labels mixes them into the next model.\n",
        decisions.display()
    )
}

/// A line of standard input; its end quits.
fn typed() -> Result<Key> {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) => Ok(Key::Quit),
        Ok(_) => Ok(Key::of_line(&line)),
        Err(error) => Err(unreadable(&error)),
    }
}

/// A key of the terminal; a capital letter asks why.
fn pressed() -> Result<Key> {
    let terminal = console::Term::stderr();
    let key = match terminal.read_key().map_err(|error| unreadable(&error))? {
        console::Key::Char(key) => key,
        console::Key::Backspace => 'b',
        console::Key::Escape => 'q',
        _ => return Ok(Key::NotUnderstood),
    };
    if !matches!(key, 'Y' | 'N' | 'U') {
        return Ok(Key::of_line(&key.to_string()));
    }
    terminal.write_str("Why? ").map_err(|error| unreadable(&error))?;
    let why = terminal.read_line().map_err(|error| unreadable(&error))?;
    Ok(Key::of_line(&format!("{key} {why}")))
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::from_io(error, Path::new("standard input"), &OUTPUT_FAILED)
}
