//! `onefolk policy show [JOB]`.

use super::extracts::Looks;
use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::policy::{self, Policy, Standing};
use onefolk::run;
use serde_json::json;
use std::path::PathBuf;

/// Show what may be released to whom, for what.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  onefolk policy show night/job.toml")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Show the built-in rules with reason and source; with a job, how each of its releases stands today.
    #[command(after_help = "Example:\n  onefolk policy show\n  onefolk policy show night/job.toml")]
    Show {
        /// The job file.
        job: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let What::Show { job, json } = &arguments.what;
    let looks = Looks::default();
    let read = |path: &PathBuf| Job::read_with_headers(path, &|provider, path| looks.columns(provider, path));
    let standing =
        job.as_ref().map(read).transpose()?.map(|job| policy::standing(&job, &run::lost_issues(&job)?)).transpose()?;
    if *json {
        return super::print_json(&json!({ "policy": policy::built_in(), "releases": standing }));
    }
    super::print(&(rules(policy::built_in()) + &standing.iter().flatten().map(one).collect::<String>()))
}

fn rules(policy: &Policy) -> String {
    let mut text = String::from("Rules\n");
    for rule in &policy.rule {
        text.push_str(&format!("  {}: {}\n    Why: {}\n    From: {}\n", rule.id, rule.says, rule.reason, rule.source));
    }
    text.push_str("\nPurposes, the kinds of columns that each justifies, and what acts on lines about people\n");
    for purpose in &policy.purpose {
        let kinds = if purpose.kinds.is_empty() { "nothing".into() } else { purpose.kinds.join(", ") };
        let acts = [
            (purpose.nhs_number, "NHS numbers"),
            (purpose.type_1, "type 1 opt-outs"),
            (purpose.national, "national opt-outs"),
        ];
        let acts: String = acts.iter().filter(|(acts, _)| *acts).map(|(_, words)| format!("; {words}")).collect();
        text.push_str(&format!("  {}: {kinds}{acts}\n", purpose.id));
    }
    text.push_str("\nKinds of columns; carried facts are of the kind fact\n");
    for kind in &policy.kind {
        text.push_str(&format!("  {}: {}\n", kind.id, kind.columns.join(", ")));
    }
    text
}

fn one(standing: &Standing) -> String {
    let mut text = format!("\nRelease {} for {} ({})\n", standing.id, standing.recipient, standing.purpose);
    text.push_str(&format!("  definition {}\n", standing.definition));
    for approval in &standing.agreed.approvals {
        text.push_str(&format!("  {} agreed as {} on {}\n", approval.who, approval.role, approval.date));
    }
    if standing.refusals.is_empty() {
        text.push_str("  may be made\n");
    }
    for refusal in &standing.refusals {
        text.push_str(&format!("  refused by {}: {}\n", refusal.rule, refusal.why));
    }
    text
}
