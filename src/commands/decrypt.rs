//! `onefolk decrypt JOB WHAT [--output NEW]`.

use onefolk::failure::Result;
use onefolk::job::Job;
use onefolk::run::ToDecrypt;
use serde_json::json;
use std::path::PathBuf;

/// Write open what stands encrypted in the output of a job; the audit says so.
///
/// For outputs that [job] encryption_key_file or encryption_key_env encrypts. What was written open is no longer the program's to protect.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  onefolk decrypt night/job.toml night/out/current/report.html --output report.html\n  onefolk decrypt night/job.toml night/out/current/releases/planning --output to-planning"
)]
pub struct Arguments {
    /// The job file.
    job: PathBuf,
    /// A file or folder in runs/ or state/ of the job's output, or below current.
    what: PathBuf,
    /// The new file or folder, its owner's only; one that exists is never overwritten. A file goes to standard output without it.
    #[arg(long, value_name = "NEW")]
    output: Option<PathBuf>,
    /// Print JSON; needs --output.
    #[arg(long, requires = "output")]
    json: bool,
}

pub fn run(arguments: &Arguments, quiet: bool) -> Result<()> {
    let job = Job::read(&arguments.job)?;
    let what = ToDecrypt::at(&job, &arguments.what)?;
    let Some(new) = &arguments.output else {
        return what.write_to(&mut std::io::stdout().lock());
    };
    let written = what.write_below(new)?;
    super::done(match (arguments.json, quiet) {
        (true, _) => super::print_json(&json!({ "output": new.display().to_string(), "files": written.files })),
        (false, true) => Ok(()),
        (false, false) => super::print(&format!("{} decrypted to {}\n", files(written.files), new.display())),
    });
    Ok(())
}

/// 1 → "1 file".
pub(super) fn files(count: u64) -> String {
    match count {
        1 => "1 file".into(),
        _ => format!("{} files", super::grouped(count)),
    }
}
