//! `onefolk rollback`: an earlier run that is still kept becomes current again, in one rename.
//!
//! In: a kept run, today's lists and today's extracts. Out: a run of its own, the next of today, made of that run's tables. Always: whom a
//! local objection names today, or who is of one person with them, is in none of its tables but withheld.parquet; whoever is flagged as
//! sensitive today shows neither place nor provider; what [[never_link]] keeps apart today is not joined; nobody gets a new person_id,
//! and the ledger gets one more entry; the night after is held against today's lists and decisions. Nothing is linked anew and no model is used.
//! What providers hold that send only changes stays as it is.

use super::earlier::{self, Earlier, Obeyed, Standing, Today};
use super::gates::Waived;
use super::history::Done;
use super::progress::{Progress, Show};
use super::usable::judge_columns;
use super::{aside, changes, find_index, history, interrupt, metrics, noted, numbered, on_threads, report, story};
use crate::audit;
use crate::consent;
use crate::failure::Result;
use crate::identity;
use crate::job::{Job, Provider};
use crate::publish::published::PublishedRun;
use crate::publish::{self, Draft, Lock, next_run_id};
use std::path::PathBuf;

/// What a rollback has done.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RolledBack {
    /// The new run, which is current now.
    pub run_id: String,
    /// The run whose people it has.
    pub rolled_back_to: String,
    /// The run that was current before; absent where nothing was.
    pub instead_of: Option<String>,
    /// `runs/<run_id>` below the output.
    pub folder: PathBuf,
    pub people: u64,
    /// People of that run who may not be published any more.
    pub people_withheld: u64,
    /// People who are flagged as sensitive today, whether or not they were then.
    pub people_masked: u64,
    pub changes: u64,
    pub warnings: Vec<String>,
}

/// Makes the kept run `run_id` current again. Of the gates `column_missing` alone is asked; a warning says where lists or decisions have lost so much
/// that the next night stops.
///
/// # Errors
/// OF0551 where no such run is kept, OF0550 where it joins what must be kept apart today, OF0501 where another run holds the output, OF0508 where
/// an extract lacks a column and that is not waived; and what reading the lists and extracts and publishing may meet. Then what was published
/// before stands.
pub fn rollback(job: &Job, run_id: &str, waived: Waived, show: Show) -> Result<RolledBack> {
    let story = story::Story::begin();
    let progress = Progress::new(show);
    on_threads(job, || story.tell(|| roll_back(job, run_id, waived, &progress, &story)))
}

fn roll_back(job: &Job, to: &str, waived: Waived, progress: &Progress, story: &story::Story) -> Result<RolledBack> {
    // Asked first, so that a misspelt name makes no folders.
    PublishedRun::kept(job, to)?;
    let lock = Lock::acquire(&job.output, &format!("rollback to {to}"))?;
    let interrupt = interrupt::Guard::watch(lock.output());
    let says = |done: &RolledBack| Done { run_id: Some(done.run_id.clone()), warnings: done.warnings.len() };
    history::kept(&lock, "rollback", says, || under_lock(job, to, waived, progress, story, (&lock, &interrupt)))
        .inspect_err(|failure| story::keep_failed(&lock, story, failure))
}

fn under_lock(
    job: &Job,
    to: &str,
    waived: Waived,
    progress: &Progress,
    story: &story::Story,
    (lock, interrupt): (&Lock, &interrupt::Guard),
) -> Result<RolledBack> {
    publish::recover(lock)?;
    // Before this run gets its id: a run that was killed may have had the same, and has left what it had read.
    let job = &changes::recovered(job)?;
    aside::clear(lock.output())?;
    let gates = judge_columns(job, waived)?;
    let mut told: Vec<String> = gates.warnings().collect();
    let kept = PublishedRun::kept(job, to)?;
    let earlier = Earlier::read(&kept)?;
    told.extend(not_taken_back(job, &earlier));
    // The kept run's rows may have been numbered though the job has record_ids for them by now.
    let numbered_then = numbered::numbered_in(&kept)?;
    let ledger = numbered::ledger_with(job, &numbered_then)?;
    let run_id = next_run_id(lock, job.as_of, ledger.runs())?;
    let instead_of = publish::current_run(&job.output);
    let audit_entries = audit::ready(job)?.entries;
    let authority = consent::read(job)?;
    let stood = PublishedRun::newest(job, ledger.runs()).and_then(|run| run.told().ok());
    let obeyed = Obeyed::of(job, (&authority, audit_entries), stood.as_ref().unwrap_or(&earlier.run))?;
    told.extend(obeyed.warnings.iter().cloned());
    let today = Today::read(job, &authority, progress)?;
    let stage = progress.stage("Who may stand", None);
    let standing = Standing::of(&kept, &today)?;
    stage.done(format!("{} people of run {to}", standing.people()));
    let stage = progress.stage("Publishing", None);
    let draft = Draft::create(lock, &run_id)?;
    let rebuilt = earlier::write(job, &kept, &draft, &standing, &today, &earlier)?;
    let mut rows = Vec::new();
    let mut by_content = ledger.told_by_content(job);
    by_content.extend(numbered_then);
    earlier::each_row_that_stays(&kept, &standing, |(provider, record, identity, at)| {
        let record = (!by_content.contains(provider)).then_some(record);
        rows.push(ledger.standing_row(provider, record, identity, at));
    })?;
    let cohorts = earlier::write_cohorts(job, &kept, &draft, &standing, &earlier)?;
    let restored = identity::restore(&ledger, job, &rebuilt.person_ids, &rows, by_content, &run_id)?;
    let mut written = rebuilt.written.clone();
    written.push(draft.write_changes(&restored.changes)?);
    written.push(find_index::write(job, &draft, &authority)?);
    let as_of = earlier.as_of;
    let mut run_json = earlier.rolled_back(job, &run_id, to, &rebuilt, restored.changes.len());
    obeyed.tell(&mut run_json);
    run_json["cohorts"] = serde_json::json!(cohorts);
    let changes = report::changes(restored.previous_run.as_deref(), &restored.changes);
    written.extend(earlier::write_summary(job, as_of, (&kept, &draft), &mut run_json, changes)?);
    written.push(draft.write_bytes("model.json", &kept.bytes("model.json")?)?);
    let remove = draft.beyond(job.keep_runs, ledger.runs())?;
    run_json["removed_runs"] = serde_json::json!(remove);
    run_json["seconds"] = serde_json::json!(progress.timings());
    // Those of its own, and not of the run that it goes back to.
    run_json["warnings"] = serde_json::json!(told);
    written.push(draft.write_bytes("onefolk.prom", metrics::of(&run_json).as_bytes())?);
    run_json["outputs"] = report::outputs(&written);
    run_json["audit"] = serde_json::json!(noted::settle(job, ledger.runs())?);
    story::outcome(&run_json);
    let run_json = format!("{run_json:#}\n").into_bytes();
    draft.write_bytes("run.json", &run_json)?;
    draft.write_bytes(story::LOG, &story.so_far())?;
    interrupt.hold();
    noted::about_to_roll_back(job, &run_id, to, &gates.into_outcomes(), &run_json)?;
    let committed = draft.commit(&restored.next, &remove);
    let published = committed.inspect_err(|_| noted::withdrawn(job, &run_id))?;
    stage.done(format!("{} people", rebuilt.person_ids.len()));
    story::goes_on(&published.folder, story, &published.warnings);
    let masked = (0..standing.people()).filter(|&at| standing.masked[at as usize] && standing.reason(at).is_none());
    Ok(RolledBack {
        run_id,
        rolled_back_to: to.to_string(),
        instead_of,
        folder: published.folder,
        people: rebuilt.person_ids.len() as u64,
        people_withheld: rebuilt.gone,
        people_masked: masked.count() as u64,
        changes: restored.changes.len() as u64,
        warnings: told.into_iter().chain(published.warnings).collect(),
    })
}

/// Whoever sends only changes and by now holds something else than `earlier` has read: the next night begins with that.
fn not_taken_back(job: &Job, earlier: &Earlier) -> Vec<String> {
    let inputs = earlier.run["inputs"].as_array().map_or(&[][..], Vec::as_slice);
    let has_read = |blake3: &String| inputs.iter().any(|input| input["blake3"] == *blake3);
    let holds_another = |provider: &&Provider| {
        let list = provider.changes.as_ref().and_then(|changes| changes.standing.as_ref());
        // That rows of people who object were taken out since brings nobody back.
        list.is_some_and(|list| !list.checksums().any(has_read))
    };
    let told = |provider: &Provider| {
        let why = "as it sends only changes: the next night begins with it as it is now";
        format!("what provider {} holds is not rolled back, {why}", provider.id)
    };
    job.providers.iter().filter(holds_another).map(told).collect()
}
