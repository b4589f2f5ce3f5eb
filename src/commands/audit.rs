//! `onefolk audit verify|show JOB`.

use onefolk::audit::{self, About, Entry, Event, Verdict};
use onefolk::failure::{Failure, Result, USAGE};
use onefolk::job::Job;
use onefolk::{explain, keys};
use std::path::{Path, PathBuf};

/// Check and read the audit: who did what with people's data.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk audit verify night/job.toml\n  onefolk audit show night/job.toml --person 0FX3M8RQ2T6V9K1Z"
)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Find every entry that was changed, removed or put elsewhere.
    #[command(
        after_help = "Examples:\n  onefolk audit verify night/job.toml\n  onefolk audit verify night/job.toml --key kept/audit.key.pub --head kept/audit.head\n\nEvery kept run says where the audit ended when it was made, and is compared too, and so are the lists of whose lines releases held\n(state/releases), which the entries name by their hash.\n\nExit codes: 0 it is what was written, 4 it is not, or cannot be read."
    )]
    Verify {
        /// The job file.
        job: PathBuf,
        /// The public key that must have signed it, kept elsewhere; the one in state/ if not given.
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// A copy of state/audit.head that was kept elsewhere: the audit must go on from it.
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what was done: everything, or all that concerned one person.
    #[command(
        after_help = "Example:\n  onefolk audit show night/job.toml --record gp-brent-01:1001\n\nWith --person or --record it answers who has had what about that person, also under person_ids that went into theirs, under one that\ntheirs was part of until a night parted them, as long as it was, and of everybody's records."
    )]
    Show {
        /// The job file.
        job: PathBuf,
        /// A person_id.
        #[arg(long, value_name = "PERSON_ID", conflicts_with = "record")]
        person: Option<String>,
        /// A record as provider:record_id; whose it is in the current run, or was last as far as that is known, is asked for.
        #[arg(long, value_name = "PROVIDER:RECORD_ID")]
        record: Option<String>,
        /// Only entries of this kind, such as run, release, refusal, look_up or decision.
        #[arg(long, value_name = "KIND")]
        event: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    match &arguments.what {
        What::Verify { job, key, head, json } => {
            verify(&Job::read_without_extracts(job)?, key.as_deref(), head.as_deref(), *json, quiet)
        }
        What::Show { job, person, record, event, json } => {
            let job = Job::read_without_extracts(job)?;
            let person = match (person, record) {
                (Some(person), _) => Some(explain::parse_person_id(person)?),
                (None, Some(record)) => Some(explain::person_of_record(&job, record)?),
                (None, None) => None,
            };
            let event = event.as_deref().map(event_of).transpose()?;
            show(&audit::about(&job, person, event)?, *json)
        }
    }
}

fn event_of(word: &str) -> Result<Event> {
    let known = || Event::ALL.map(Event::word).join(", ");
    Event::from_word(word).ok_or_else(|| Failure::new(&USAGE, format!("--event takes one of {}", known())))
}

fn verify(job: &Job, key: Option<&Path>, head: Option<&Path>, json: bool, quiet: bool) -> Result<()> {
    let verdict = audit::verify_since(job, key.map(keys::read_public).transpose()?, head)?;
    if json {
        super::print_json(&serde_json::to_value(&verdict).expect("a verdict is plain data"))?;
    } else if !quiet {
        super::print(&told(&verdict))?;
    }
    verdict.or_failure()
}

fn told(verdict: &Verdict) -> String {
    let mut text: String =
        verdict.faults.iter().map(|fault| format!("line {}: {}\n", fault.line, fault.what)).collect();
    if verdict.more > 0 {
        text.push_str(&format!("and {} more\n", verdict.more));
    }
    if verdict.entries == 0 {
        return text + "The audit has no entry.\n" + &runs(verdict);
    }
    let dates = |time: &Option<String>| time.as_deref().unwrap_or("?").to_string();
    text.push_str(&format!(
        "{} entries from {} to {}, key {}, last hash {}\n{} kept runs know the same audit.\n",
        verdict.entries,
        dates(&verdict.first),
        dates(&verdict.last),
        verdict.key,
        verdict.head.hash,
        verdict.witnesses
    ));
    text.push_str(&runs(verdict));
    text.push_str(&lists(verdict));
    if verdict.faults.is_empty() {
        text.push_str("It is what was written.\n");
    }
    text
}

/// What can be said of kept runs that could not be compared, and of a head that was kept elsewhere.
fn runs(verdict: &Verdict) -> String {
    let mut text = String::new();
    if let Some(entries) = verdict.earlier_head {
        text.push_str(&format!("It was compared with a head of {entries} entries that was kept elsewhere.\n"));
    }
    if verdict.unnoted > 0 {
        text.push_str(&format!(
            "{} kept runs were made by a version that noted too little: they cannot be compared.\n",
            verdict.unnoted
        ));
    }
    if verdict.unfinished > 0 {
        text.push_str(&format!(
            "{} kept runs are as they were before the last entry that notes them: writing them anew was killed or has failed, or somebody has put them back.\n",
            verdict.unfinished
        ));
    }
    text
}

/// What can be said of state/releases.
fn lists(verdict: &Verdict) -> String {
    let mut text = format!("{} lists of whose lines releases held are what was kept.\n", verdict.lists);
    if verdict.unlisted > 0 {
        text.push_str(&format!(
            "{} releases were made by a version that kept no list: whose lines they held cannot be checked.\n",
            verdict.unlisted
        ));
    }
    if verdict.unnamed > 0 {
        text.push_str(&format!(
            "{} files in state/releases are named by no entry: a night that was killed leaves such, and the next one removes them.\n",
            verdict.unnamed
        ));
    }
    text
}

fn show(about: &About, json: bool) -> Result<()> {
    if json {
        return super::print_json(&serde_json::to_value(about).expect("entries are plain data"));
    }
    if about.entries.is_empty() {
        return super::print("Nothing is noted.\n");
    }
    let mut table = super::table(&["entry", "when", "who", "what", "run", "more"]);
    for entry in &about.entries {
        table.add_row([
            entry.entry.to_string(),
            entry.at.clone(),
            entry.by.clone(),
            entry.event.word().to_string(),
            entry.run_id.clone().unwrap_or_default(),
            more(entry, about),
        ]);
    }
    super::print(&format!("{}\n", table.trim_fmt()))
}

/// The further facts in one cell.
fn more(entry: &Entry, about: &About) -> String {
    let everybody = entry.is_of_everybody().then(|| "everybody's records".to_string());
    let parted = about.parted_from.iter().filter(|parted| parted.entries.contains(&entry.entry));
    let parted = parted.map(|parted| {
        format!("about {}, the record that this one was part of until the night of {}", parted.person_id, parted.as_of)
    });
    let people = (!entry.person_ids.is_empty()).then(|| format!("people {}", entry.person_ids.join(" ")));
    let facts = entry.what.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name} {text}"),
        None => format!("{name} {value}"),
    });
    everybody.into_iter().chain(parted).chain(people).chain(facts).collect::<Vec<_>>().join(", ")
}
