//! `onefolk explain code CODE`, and the way to `explain pair`, `person`, `missing` and `change`.

use super::explain_records;
use onefolk::failure::{self, Code, Failure, Result, UNKNOWN_CODE};
use serde_json::{Value, json};

/// Say why: two records are one person or two, a person's records are together, a person has changed, a run has failed.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk explain pair gp-brent-01:1001 hospice-01:77 --job night/job.toml\n  onefolk explain code OF0101"
)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Pair(explain_records::Pair),
    Person(explain_records::Person),
    Missing(explain_records::Missing),
    Change(explain_records::Change),
    /// What a code in the last line of an error means.
    #[command(
        after_help = "Example:\n  onefolk explain code OF0101\n  onefolk explain code            (lists every code)"
    )]
    Code {
        /// Such as OF0101; all codes where absent.
        code: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    match &arguments.what {
        What::Pair(pair) => explain_records::pair(pair, quiet),
        What::Person(person) => explain_records::person(person, quiet),
        What::Missing(missing) => explain_records::missing(missing, quiet),
        What::Change(change) => explain_records::change(change),
        What::Code { code, json } => explain_code(code.as_deref(), *json),
    }
}

fn explain_code(code: Option<&str>, json: bool) -> Result<()> {
    match code {
        Some(id) => {
            let code = failure::find(id.trim()).ok_or_else(|| Failure::new(&UNKNOWN_CODE, id.trim().to_string()))?;
            if json { super::print_json(&facts(code)) } else { super::print(&paragraph(code)) }
        }
        None => {
            let mut codes: Vec<&Code> = failure::ALL.iter().flat_map(|table| table.iter().copied()).collect();
            codes.sort_by_key(|code| code.id);
            if json {
                return super::print_json(&codes.into_iter().map(facts).collect());
            }
            let mut table = super::table(&["code", "exit", "meaning"]);
            for code in codes {
                table.add_row([code.id.to_string(), code.exit.number().to_string(), code.title.to_string()]);
            }
            super::print(&format!("{}\n", table.trim_fmt()))
        }
    }
}

fn paragraph(code: &Code) -> String {
    format!(
        "{}: {}\n\n{}\n\nNext: {}.\nExit code: {}.\n",
        code.id,
        code.title,
        code.explanation,
        code.next_step,
        code.exit.number()
    )
}

fn facts(code: &Code) -> Value {
    json!({
        "code": code.id,
        "title": code.title,
        "exit": code.exit.number(),
        "next_step": code.next_step,
        "explanation": code.explanation,
    })
}
