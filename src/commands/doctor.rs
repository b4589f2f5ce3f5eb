//! `onefolk doctor [JOB]`.

use super::extracts::Looks;
use onefolk::doctor::{self, Finding};
use onefolk::failure::Result;
use onefolk::job::Job;
use std::path::PathBuf;

/// Look whether everything is there that the next run needs, and how the last ones ended.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  onefolk doctor night/job.toml\n\nWithout a job only the machine is looked at. Nothing is locked or changed.\n\nExit codes: 0 all is well or only worth a look, 2 the job file is wrong, 4 something must be put right first."
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
    let read = |path: &PathBuf| Job::read_with_headers(path, &|provider, path| looks.columns(provider, path));
    let job = arguments.job.as_ref().map(read).transpose()?;
    let findings = doctor::examine(job.as_ref());
    if arguments.json {
        super::print_json(&serde_json::to_value(&findings).expect("findings are plain data"))?;
    } else if !quiet {
        super::print(&findings.iter().map(line).collect::<String>())?;
    }
    doctor::verdict(&findings)
}

fn line(finding: &Finding) -> String {
    let line = format!("{:<5} {:<12} {}\n", finding.state.word(), finding.name, finding.saw);
    match finding.advice.as_str() {
        "" => line,
        advice => format!("{line}{:19}→ {advice}\n", ""),
    }
}
