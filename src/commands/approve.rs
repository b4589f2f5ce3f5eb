//! `onefolk approve JOB RELEASE`.

use super::extracts::Looks;
use onefolk::failure::{Failure, Result, USAGE};
use onefolk::job::Job;
use onefolk::policy::{self, Approval};
use std::path::PathBuf;

/// Agree to a release as it is defined now, countersigned with the governance lead's key.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk approve night/job.toml planning --who \"Ann Reed\" --role lay_partner --key lead.key\n  onefolk approve night/job.toml planning --who \"Ann Reed\" --role lay_partner --own-key ann.key\n\nThe agreement is of this very definition: whoever changes a letter of it needs a new one. `onefolk policy show JOB` shows\nthe definition's hash, what is missing and what the rules say."
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// The id of the release.
    release: String,
    /// Who agrees: the name of an [[approver]].
    #[arg(long, value_name = "NAME")]
    who: String,
    /// As what: the role of that [[approver]].
    #[arg(long)]
    role: String,
    /// The governance lead's private key. Without it the agreement waits for the lead's signature.
    #[arg(long, value_name = "FILE", required_unless_present = "own_key")]
    key: Option<PathBuf>,
    /// The approver's own private key, where the job names its public half: they sign before the lead does.
    #[arg(long, value_name = "FILE")]
    own_key: Option<PathBuf>,
    /// The day of the agreement; the job's as_of if not given.
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// Print the approval as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let job = Job::read_with_headers(&arguments.job, &|provider, path| looks.columns(provider, path))?;
    let wrong = |_| Failure::new(&USAGE, "--date takes a date such as 2026-11-22");
    let date = arguments.date.as_ref().map_or(Ok(job.as_of), |text| text.parse().map_err(wrong))?;
    let names = [arguments.who.as_str(), arguments.role.as_str()];
    let hands = policy::Hands { lead: arguments.key.as_deref(), own: arguments.own_key.as_deref() };
    let approval = policy::approve(&job, &arguments.release, names, date, hands)?;
    super::done(match (arguments.json, quiet) {
        (true, _) => super::print_json(&serde_json::to_value(&approval).expect("an approval is plain data")),
        (false, true) => Ok(()),
        (false, false) => super::print(&told(&approval)),
    });
    Ok(())
}

fn told(approval: &Approval) -> String {
    format!(
        "{} agrees as {} to release {} with the definition {}.{}\n",
        approval.who,
        approval.role,
        approval.release,
        approval.definition,
        if approval.signature.is_empty() { " It counts once the governance lead has countersigned it." } else { "" }
    )
}
