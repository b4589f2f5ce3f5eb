//! Is everything there that tonight needs, and how did the last nights end?
//!
//! In: a job that was checked, right or wrong ([`Checked`]), or none: then only the machine is looked at. Out: findings, each fine, worth a look, or to
//! be put right before the next run. Always: nothing is locked, made or changed; no person's value is in a finding; what is wrong with the job
//! keeps nothing else from being looked at.

mod extracts;
mod files;
mod job;
mod kept;
mod machine;
mod runs;
mod state;

use crate::failure::{Code, Exit, Failure, Result};
use crate::job::Checked;
use serde::Serialize;

/// The codes this room raises (OF043x).
pub static CODES: &[&Code] = &[&UNWELL];

static UNWELL: Code = Code {
    id: "OF0430",
    exit: Exit::Resource,
    title: "something must be put right",
    next_step: "Do what stands behind each line that begins with fail, then look again",
    explanation: "`onefolk doctor` looks at disk, memory, clock, the job, extracts, permissions, lock, key, ledger, audit, issued tables, kept extracts, objections, model and the last runs. A line that \
                  begins with fail would stop the next run or make it wrong; one that begins with warn is worth a look. Each says \
                  what to do.",
};

/// How a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    /// Worth a look; the next run goes on.
    Warn,
    /// To be put right: the next run would fail or be wrong.
    Fail,
}

impl State {
    /// The word of a line.
    pub fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        }
    }
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Such as `disk`, `ledger`.
    pub name: &'static str,
    pub state: State,
    /// What was seen.
    pub saw: String,
    /// What to do; empty where all is well.
    #[serde(rename = "do")]
    pub advice: String,
}

impl Finding {
    fn ok(name: &'static str, saw: impl Into<String>) -> Finding {
        Finding { name, state: State::Ok, saw: saw.into(), advice: String::new() }
    }

    fn warn(name: &'static str, saw: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { name, state: State::Warn, saw: saw.into(), advice: advice.into() }
    }

    fn fail(name: &'static str, saw: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { name, state: State::Fail, saw: saw.into(), advice: advice.into() }
    }

    /// A failure that the next run would meet as well.
    fn failure(name: &'static str, failure: &Failure) -> Finding {
        Finding::fail(name, failure.to_string(), failure.last_line())
    }
}

/// Looks at the machine and, where there is a job, at all that its next run needs.
pub fn examine(checked: Option<&Checked>) -> Vec<Finding> {
    let Some(checked) = checked else {
        let here = std::env::current_dir().unwrap_or_else(|_| "/".into());
        return vec![machine::processors(), machine::memory(None), machine::disk(&here, None), machine::clock()];
    };
    let job = &checked.provisional;
    let last = runs::Last::of(job);
    let (ledger, last_in_ledger) = state::ledger(job);
    vec![
        machine::processors(),
        machine::memory(last.peak_memory_bytes),
        machine::disk(&job.output, last.bytes),
        machine::clock(),
        job::job(checked),
        extracts::extracts(job),
        runs::as_of(job, &last, last_in_ledger),
        files::permissions(&job.output),
        state::encryption(job),
        state::lock(&job.output),
        state::unfinished(&job.output),
        state::key(job),
        ledger,
        state::model(job),
        state::audit(job),
        state::issues(job),
        kept::extracts(job),
        kept::objections(job),
        runs::current(job, &last),
        runs::kept(job),
        runs::how_they_ended(job),
    ]
}

/// # Errors
/// OF0430 where a finding is to be put right.
pub fn verdict(findings: &[Finding]) -> Result<()> {
    let failed: Vec<&str> =
        findings.iter().filter(|finding| finding.state == State::Fail).map(|finding| finding.name).collect();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(&UNWELL, failed.join(", "))),
    }
}

/// 12345678 → "11.8 MiB".
fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
