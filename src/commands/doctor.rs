//! `onefolk doctor [JOB]`.

use super::extracts::Looks;
use onefolk::doctor::{self, Finding};
use onefolk::failure::Result;
use onefolk::job::Job;
use std::path::PathBuf;

/// Look whether everything is there that the next run needs, and how the last ones ended.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk doctor night/job.toml\n\nWithout a job only the machine is looked at. Nothing is locked or changed.\n\nExit codes: 0 all is well or only worth a look, 2 the job file or the key of its output cannot be read,\n4 something must be put right first, such as the job."
)]
pub struct Arguments {
    /// The job file.
    job: Option<PathBuf>,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let looks = Looks::default();
    let check = |path: &PathBuf| Job::check(path, &|provider, path| looks.columns(provider, path));
    let checked = arguments.job.as_ref().map(check).transpose()?;
    let findings = doctor::examine(checked.as_ref());
    if arguments.json {
        super::print_json(&serde_json::to_value(&findings).expect("findings are plain data"))?;
    } else if !quiet {
        super::print(&findings.iter().map(line).collect::<String>())?;
    }
    doctor::verdict(&findings)
}

fn line(finding: &Finding) -> String {
    let line = format!("{:<5} {:<14} {}\n", finding.state.word(), finding.name, finding.saw);
    match finding.advice.as_str() {
        "" => line,
        advice => format!("{line}{:21}→ {advice}\n", ""),
    }
}
