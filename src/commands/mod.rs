//! The commands: arguments → library call → print.
//!
//! In: the command line. Out: text on standard output, or a [`Failure`] for `main`. Always: facts go to standard output, progress and
//! failures to standard error; no person's identifiers are printed unless asked for.

mod approve;
mod audit;
mod backtest;
mod bench;
mod check;
mod cohort;
mod completions;
mod decrypt;
mod doctor;
mod evaluate;
mod explain;
mod explain_records;
mod export;
mod extracts;
mod find;
mod generate;
mod init;
mod keys;
mod man;
mod person;
mod plan;
mod policy;
mod release;
mod report;
mod review;
mod rollback;
mod run;
mod train;
mod train_splink;

use clap::{Parser, Subcommand};
use onefolk::failure::{Failure, OUTPUT_FAILED, Result};
use onefolk::job::Job;
use onefolk::run::progress::say;
use std::io::Write;

/// Links the records of one person across many health and care providers, every night, and publishes one population dataset.
#[derive(Parser)]
#[command(name = "onefolk", version, propagate_version = true, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Example:\n  onefolk check night/job.toml\n\nExit codes: 0 done, 1 a quality gate failed, 2 the job file or the command line is \
                        wrong,\n3 the input data is unusable, 4 disk, memory or another resource, 5 another run holds the lock,\n130 interrupted."
)]
pub struct CommandLine {
    /// Print nothing but failures and warnings.
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Plan(plan::Arguments),
    Run(run::Arguments),
    Train(train::Arguments),
    Backtest(backtest::Arguments),
    Review(review::Arguments),
    Cohort(cohort::Arguments),
    Find(find::Arguments),
    Person(person::Arguments),
    Release(release::Arguments),
    Report(report::Arguments),
    Rollback(rollback::Arguments),
    Doctor(doctor::Arguments),
    Audit(audit::Arguments),
    Policy(policy::Arguments),
    Approve(approve::Arguments),
    Keys(keys::Arguments),
    Decrypt(decrypt::Arguments),
    Check(check::Arguments),
    Init(init::Arguments),
    Generate(generate::Arguments),
    Bench(bench::Arguments),
    Evaluate(evaluate::Arguments),
    Explain(explain::Arguments),
    Export(export::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl CommandLine {
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::Plan(arguments) => plan::run(&arguments, self.quiet),
            Command::Run(arguments) => run::run(&arguments, self.quiet),
            Command::Train(arguments) => train::run(&arguments, self.quiet),
            Command::Backtest(arguments) => backtest::run(&arguments, self.quiet),
            Command::Review(arguments) => review::run(&arguments, self.quiet),
            Command::Cohort(arguments) => cohort::run(&arguments, self.quiet),
            Command::Find(arguments) => find::run(&arguments),
            Command::Person(arguments) => person::run(&arguments),
            Command::Release(arguments) => release::run(&arguments, self.quiet),
            Command::Report(arguments) => report::run(&arguments, self.quiet),
            Command::Rollback(arguments) => rollback::run(&arguments, self.quiet),
            Command::Doctor(arguments) => doctor::run(&arguments, self.quiet),
            Command::Policy(arguments) => policy::run(&arguments),
            Command::Approve(arguments) => approve::run(&arguments, self.quiet),
            Command::Audit(arguments) => audit::run(&arguments, self.quiet),
            Command::Keys(arguments) => keys::run(&arguments, self.quiet),
            Command::Decrypt(arguments) => decrypt::run(&arguments, self.quiet),
            Command::Check(arguments) => check::run(&arguments, self.quiet),
            Command::Generate(arguments) => generate::run(arguments),
            Command::Bench(arguments) => bench::run(arguments, self.quiet),
            Command::Init(arguments) => init::run(&arguments),
            Command::Evaluate(arguments) => evaluate::run(&arguments, self.quiet),
            Command::Explain(arguments) => explain::run(&arguments, self.quiet),
            Command::Export(arguments) => export::run(&arguments, self.quiet),
            Command::Completions(arguments) => completions::run(&arguments),
            Command::Man(arguments) => man::run(&arguments),
        }
    }
}

/// Lets what works on the job's extracts keep its large pages whole, where these are large enough and the job names no limit of memory; to be called before
/// it begins.
fn keep_large_pages(job: &Job) {
    if job.memory_limit.is_none() {
        let extracts = job.providers.iter().flat_map(|provider| &provider.files);
        crate::memory::keep_large_pages(extracts.filter_map(|file| Some(file.metadata().ok()?.len())).sum());
    }
}

/// Writes to standard output. A reader that has seen enough (`onefolk … | head`) is no failure.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).or_else(closed_pipe_is_fine)
}

/// Prints a JSON document, indented, with a closing line break.
fn print_json(value: &serde_json::Value) -> Result<()> {
    print(&format!("{value:#}\n"))
}

pub fn closed_pipe_is_fine(error: std::io::Error) -> Result<()> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        // Whatever the reason: that of a full disk would speak of the output of the job.
        _ => Err(Failure::new(&OUTPUT_FAILED, format!("standard output: {error}"))),
    }
}

/// For a command whose work stands whether or not it can say so: where standard output could not be written, that is a warning.
fn done(printed: Result<()>) {
    if let Err(failure) = printed {
        warn([format!("{failure}; all that was asked for is done")]);
    }
}

/// Warnings go to standard error, each on a line of its own.
fn warn(warnings: impl IntoIterator<Item = impl AsRef<str>>) {
    warnings.into_iter().for_each(|warning| say(&format!("warning: {}", warning.as_ref())));
}

/// A table for people: aligned columns, fitted to the terminal, without lines where it is piped.
fn table(header: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(header.to_vec());
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table
}

/// Figures of these columns stand under each other.
fn right(table: &mut comfy_table::Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
}

/// 1234567 → "1,234,567".
fn grouped(figure: u64) -> String {
    let digits = figure.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::CommandLine;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    /// DESIGN section 4: each command has `--help` with an example.
    #[test]
    fn every_command_has_an_example() {
        fn visit(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let example = command.get_after_help().map(|help| help.to_string()).unwrap_or_default();
            assert!(example.contains("Example") && example.contains("onefolk"), "{path} has no example");
            command.get_subcommands().filter(|inner| inner.get_name() != "help").for_each(|inner| visit(inner, &path));
        }
        visit(&CommandLine::command(), "");
    }
}
