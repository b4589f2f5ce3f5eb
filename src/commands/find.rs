//! `onefolk find --name … --born …`.

use onefolk::failure::{Failure, Result, USAGE};
use onefolk::job::Job;
use onefolk::person::{self, Answer, Asking, Query};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Questions whose entries in the audit are written together: each write waits for the disk.
const NOTED_TOGETHER: usize = 256;

/// Find a person of the current run by a name and a date of birth, however they are spelt.
#[derive(clap::Args)]
#[command(
    group = clap::ArgGroup::new("question").required(true).multiple(true).args(["name", "born", "queries"]),
    after_help = "Examples:\n  onefolk find --name \"jon smyth\" --born 12/3/1950 --job night/job.toml\n  onefolk find --queries calls.csv --json --job night/job.toml\n\nWhat stands on a command line can be seen by others on the same machine while it runs: --queries - reads\nquestions from standard input, as CSV with the columns name, born and postcode."
)]
pub struct Arguments {
    /// Words of the name, in any order.
    #[arg(long, value_name = "NAME", conflicts_with = "queries")]
    name: Option<String>,
    /// The date of birth, as far as it is known: 1950-03-12, 12/3/1950, 1950.
    #[arg(long, value_name = "DATE", conflicts_with = "queries")]
    born: Option<String>,
    /// The postcode, or its first part; tells namesakes apart.
    #[arg(long, value_name = "POSTCODE", conflicts_with = "queries")]
    postcode: Option<String>,
    /// Many questions: a CSV file with a header of name, born and postcode, or some of them; - is standard input.
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// The job file whose current run is looked through.
    #[arg(long, default_value = "job.toml", value_name = "FILE")]
    job: PathBuf,
    /// How many people to tell of at most, for each question.
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    limit: usize,
    /// Show names and dates. The audit says who was found either way, and whether these were shown.
    #[arg(long)]
    show_identifiers: bool,
    /// Print JSON; a line for each question of --queries.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let job = Job::read(&arguments.job)?;
    let Some(file) = &arguments.queries else {
        let [name, born, postcode] =
            [&arguments.name, &arguments.born, &arguments.postcode].map(|said| said.as_deref());
        let query = Query::read(name, born, postcode, job.as_of)?;
        return print(&person::find(&job, &query, arguments.limit, arguments.show_identifiers)?, arguments.json);
    };
    let asking = Asking::of(&job, arguments.show_identifiers)?;
    for (at, some) in queries(file, &job)?.chunks(NOTED_TOGETHER).enumerate() {
        for (number, answer) in (at * NOTED_TOGETHER + 1..).zip(asking.ask_all(some, arguments.limit)?) {
            print_one(number, &answer, arguments.json)?;
        }
    }
    Ok(())
}

/// One answer of many.
fn print_one(number: usize, answer: &Answer, json: bool) -> Result<()> {
    match json {
        true => super::print(&format!("{}\n", serde_json::to_string(answer).expect("an answer is plain data"))),
        false => super::print(&format!("Question {number}\n{answer}\n")),
    }
}

fn print(answer: &Answer, json: bool) -> Result<()> {
    match json {
        true => super::print_json(&serde_json::to_value(answer).expect("an answer is plain data")),
        false => super::print(&answer.to_string()),
    }
}

/// The questions of a file; none of them is ever repeated in a failure.
fn queries(file: &Path, job: &Job) -> Result<Vec<Query>> {
    let wrong = |line: u64, what: &str| Failure::new(&USAGE, format!("{} line {line}: {what}", file.display()));
    let source: Box<dyn Read> = match file.to_str() {
        Some("-") => Box::new(std::io::stdin()),
        _ => Box::new(std::fs::File::open(file).map_err(|error| Failure::from_io(&error, file, &USAGE))?),
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(source);
    let head = reader.headers().map_err(|_| wrong(1, "this is not readable as CSV in UTF-8"))?.clone();
    let place = |name: &str| head.iter().position(|known| known.eq_ignore_ascii_case(name));
    let (name, born, postcode) = (place("name"), place("born"), place("postcode"));
    if name.is_none() && born.is_none() {
        return Err(wrong(1, "the header needs name, born, or both"));
    }
    let mut all = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| {
            wrong(error.position().map_or(1, csv::Position::line), "this is not readable as CSV in UTF-8")
        })?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at));
        let query = Query::read(cell(name), cell(born), cell(postcode), job.as_of);
        all.push(query.map_err(|failure| wrong(line, &failure.what))?);
    }
    Ok(all)
}
