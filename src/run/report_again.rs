//! `onefolk report`: the report of a run that stands, made anew from its tables, as objections and flags are today.
//!
//! In: a kept run, today's lists and today's extracts, which say who objects and who is flagged. Out: `report.html`, `report.xlsx` and
//! `summary/` of that run, in place of what stood there, as a whole. Always: nothing is linked; whoever objects today is in no count; the same bytes as the
//! night's own where neither the lists, the flags, the job nor this program have changed; the tables and releases of the run stay, and of run.json
//! all but what it says of the files that were made.

use super::earlier::{self, Earlier, Standing, Today};
use super::gates::Waived;
use super::history::Done;
use super::interrupt::Guard;
use super::progress::{Progress, Show};
use super::report::outputs;
use super::usable::judge_columns;
use super::{aside, history, issued, noted, on_threads};
use crate::consent;
use crate::failure::Result;
use crate::identity::Ledger;
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crate::publish::{self, Draft, Lock, WrittenFile};
use crate::summary::OVER_TIME;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What was made.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ReportAgain {
    pub run_id: String,
    /// The page, below the folder of the run.
    pub report: PathBuf,
    /// Files that were made.
    pub files: usize,
    /// People of the run who are in no count any more, as they object today.
    pub people_left_out: u64,
    pub warnings: Vec<String>,
}

/// Makes the report of the kept run `run_id` anew; of the current one where none is named. Of the gates `column_missing` alone is asked.
///
/// # Errors
/// OF0530 where there is no run, OF0551 where that one is not kept, OF0501 where another run holds the output, OF0508 where an extract lacks a
/// column and that is not waived; and what reading the lists and today's extracts may meet. Then what stood there stands.
pub fn report(job: &Job, run_id: Option<&str>, waived: Waived, show: Show) -> Result<ReportAgain> {
    let asked = || run_id.map_or_else(|| PublishedRun::current(job), |run_id| PublishedRun::kept(job, run_id));
    // Asked first, so that a misspelt name makes no folders.
    let run = asked()?;
    let lock = Lock::acquire(&job.output, &format!("report of {}", run.run_id))?;
    let interrupt = Guard::watch(lock.output());
    let again = || {
        publish::recover(&lock)?;
        aside::clear(lock.output())?;
        on_threads(job, || under_lock(job, &asked()?, waived, (&lock, &interrupt), &Progress::new(show)))
    };
    let says = |done: &ReportAgain| Done { run_id: None, warnings: done.warnings.len() };
    history::kept(&lock, "report", says, again)
}

fn under_lock(
    job: &Job,
    run: &PublishedRun,
    waived: Waived,
    (lock, interrupt): (&Lock, &Guard),
    progress: &Progress,
) -> Result<ReportAgain> {
    let warnings = judge_columns(job, waived)?.warnings().collect();
    let authority = consent::read(job)?;
    let today = Today::read(job, &authority, progress)?;
    let stage = progress.stage("Report", None);
    let standing = Standing::of(run, &today)?;
    // Dropped without a commit, it leaves nothing behind.
    let draft = Draft::create(lock, &run.run_id)?;
    let told = Told::of(job, run, &draft, &standing, &today)?;
    let ledger = Ledger::open(&job.output, job.id_key_file.as_deref())?;
    let at = ledger.runs().iter().position(|known| *known == run.run_id);
    let before = at.and_then(|at| at.checked_sub(1)).map(|at| ledger.runs()[at].as_str());
    let changes = earlier::changes_left(run, &standing)?.counts(before);
    let past = figures_before(job, run)?;
    let (summary, against) = earlier::summary(job, told.as_of, (&past, &told.tables), &told.run_json, changes)?;
    issued::keep(job, &run.run_id, &summary.issued, &against)?;
    let people_left_out = (0..standing.people()).filter(|&person| standing.reason(person).is_some()).count() as u64;
    let made: Vec<WrittenFile> =
        summary.files().map(|(name, bytes)| draft.write_bytes(&name, bytes)).collect::<Result<_>>()?;
    let run_json = run_json_of(run, &made, against.told(&summary.issued))?;
    let mut names: Vec<&str> = made.iter().map(|file| file.name.as_str()).collect();
    interrupt.hold();
    if let Some(run_json) = &run_json {
        draft.write_bytes(RUN_JSON, run_json)?;
        names.push(RUN_JSON);
        noted::about_to_report(job, &run.run_id, people_left_out, run_json)?;
    }
    draft.replace_report(&run.folder, &names)?;
    let (files, report) = (made.len(), run.folder.join("report.html"));
    stage.done(format!("{files} files"));
    Ok(ReportAgain { run_id: run.run_id.clone(), report, files, people_left_out, warnings })
}

/// The run whose over_time.csv tells what was printed before: its own, or where that is lost, the one before it that is kept.
fn figures_before(job: &Job, run: &PublishedRun) -> Result<PublishedRun> {
    let mut kept = PublishedRun::all_kept(&job.output)?;
    let own = kept.iter().position(|kept| kept.run_id == run.run_id);
    kept.truncate(own.map_or(0, |own| own + 1));
    let has = |run: &PublishedRun| run.has(&format!("summary/{OVER_TIME}"));
    Ok(kept.into_iter().rfind(has).unwrap_or_else(|| run.clone()))
}

/// What the report is counted from.
struct Told {
    tables: PublishedRun,
    run_json: Value,
    as_of: jiff::civil::Date,
}

impl Told {
    /// The run itself where everybody in it may stand as they are, else a copy without whom objects and without places of whom is flagged.
    fn of(job: &Job, run: &PublishedRun, draft: &Draft, standing: &Standing, today: &Today) -> Result<Told> {
        let earlier = Earlier::read(run)?;
        let as_of = earlier.as_of;
        if !standing.somebody_is_gone() && !standing.masked.contains(&true) {
            return Ok(Told { tables: run.clone(), run_json: earlier.run, as_of });
        }
        let rebuilt = earlier::write(job, run, draft, standing, today, &earlier)?;
        let mut cohorts = earlier::write_cohorts(job, run, draft, standing, &earlier)?;
        earlier::write_cohort_changes(run, draft, standing, &mut cohorts, &earlier)?;
        let mut run_json = earlier.recounted(&rebuilt);
        run_json["cohorts"] = json!(cohorts);
        Ok(Told { tables: draft.so_far(), run_json, as_of })
    }
}

const RUN_JSON: &str = "run.json";

/// The run's run.json with the files that were made in place of those that stood there, and what its tables were held against; `None` where it
/// is the same.
fn run_json_of(run: &PublishedRun, made: &[WrittenFile], tables: Value) -> Result<Option<Vec<u8>>> {
    let mut told = run.told()?;
    let name = |output: &Value| output["file"].as_str().unwrap_or_default().to_string();
    let listed = told["outputs"].as_array().cloned().unwrap_or_default();
    let anew = outputs(made);
    let anew = anew.as_array().map_or(&[][..], Vec::as_slice);
    let now = |output: &Value| anew.iter().find(|made| name(made) == name(output));
    // In the order in which they stood; what is new comes last, and what is made no more is gone.
    let is_report = |output: &Value| PARTS.iter().any(|part| name(output).starts_with(part));
    let kept = listed.iter().filter(|output| !is_report(output) || now(output).is_some());
    let kept: Vec<Value> = kept.map(|output| now(output).unwrap_or(output).clone()).collect();
    let new = anew.iter().filter(|made| !listed.iter().any(|output| name(output) == name(made)));
    let now_there: Vec<Value> = kept.into_iter().chain(new.cloned()).collect();
    if now_there == listed && told["tables"] == tables {
        return Ok(None);
    }
    told["tables"] = tables;
    told["outputs"] = Value::Array(now_there);
    Ok(Some(format!("{told:#}\n").into_bytes()))
}

/// How the names of the files begin that a report is made of.
const PARTS: [&str; 3] = ["summary/", "report.html", "report.xlsx"];
