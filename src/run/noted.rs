//! What the audit is told of runs.

use super::Night;
use super::gates::{Outcome, Verdict};
use super::released::Released;
use crate::audit::{self, Event, Head, Note};
use crate::decisions::Decisions;
use crate::failure::Result;
use crate::job::Job;
use serde_json::{Value, json};

/// Notes that a run which was about to be published when its process was killed was not; gives where the audit ends. `known` are the runs of the
/// ledger, which are published; where `current` leads says less, as it may be gone, or lead to an earlier run on purpose.
///
/// # Errors
/// Where the audit cannot be gone on with: a run that it does not know of is not published.
pub(super) fn settle(job: &Job, known: &[String]) -> Result<Head> {
    let unfinished = audit::last_run(job)?.filter(|run| !known.contains(run));
    let note = |run: String| Note::new(Event::RunWithdrawn).of_run(&run);
    audit::add(job, &unfinished.map(note).into_iter().collect::<Vec<_>>())
}

/// Notes that a run is about to be published: what is published and not noted cannot be.
pub(super) fn about_to_publish(night: &Night, released: &Released, run_json: &[u8]) -> Result<()> {
    let waived = night.gates.iter().filter(|gate| gate.outcome == Verdict::Waived);
    let waived = waived.map(|gate| waived_gate(gate).of_run(&night.run_id));
    let run = Note::new(Event::Run)
        .of_run(&night.run_id)
        .with("job", night.job.name.as_str())
        .with("people", night.people.len())
        .with("withheld_rows", night.withheld.len())
        .with("run_json_blake3", blake3::hash(run_json).to_hex().as_str());
    let run = match obeyed(night.job, &night.authority.decisions)? {
        Some(decisions) => run.with("decisions", decisions),
        None => run,
    };
    // The run's own note is the last, so that the last run is found from the end.
    let releases = released.outcomes.iter().filter_map(|outcome| outcome.note(&night.run_id));
    audit::add(night.job, &waived.chain(releases).chain([run]).collect::<Vec<_>>()).map(|_| ())
}

/// What is told of the decisions that a night obeys: of which file, how many of each kind, and how many of its lines at least have no entry of
/// their own, since `review` has not written them. Nothing where there are none.
fn obeyed(job: &Job, decisions: &Decisions) -> Result<Option<Value>> {
    if decisions.lines == 0 {
        return Ok(None);
    }
    let said = decisions.counts();
    Ok(Some(json!({
        "blake3": decisions.blake3,
        "lines": decisions.lines,
        "one_person": said.one_person,
        "two_people": said.two_people,
        "not_a_person": said.not_a_person,
        "without_entry": decisions.lines.saturating_sub(audit::decisions(job)?),
    })))
}

fn waived_gate(gate: &Outcome) -> Note {
    Note::new(Event::GateWaived)
        .with("gate", gate.name)
        .with("saw", gate.saw.as_str())
        .with("expected", gate.expected.as_str())
}

/// Notes that an earlier run is about to become current again, and what was waived for it.
pub(super) fn about_to_roll_back(job: &Job, run_id: &str, to: &str, gates: &[Outcome], run_json: &[u8]) -> Result<()> {
    let waived = gates.iter().filter(|gate| gate.outcome == Verdict::Waived);
    let waived = waived.map(|gate| waived_gate(gate).of_run(run_id));
    let note = Note::new(Event::Rollback)
        .of_run(run_id)
        .with("rolled_back_to", to)
        .with("run_json_blake3", blake3::hash(run_json).to_hex().as_str());
    audit::add(job, &waived.chain([note]).collect::<Vec<_>>()).map(|_| ())
}

/// Notes that a kept run is about to be written anew without people who object.
pub(super) fn about_to_purge(job: &Job, run_id: &str, by: &str, rows: u64, run_json: &[u8]) -> Result<()> {
    let note = Note::new(Event::Purge)
        .of_run(run_id)
        .with("by", by)
        .with("rows", rows)
        .with("run_json_blake3", blake3::hash(run_json).to_hex().as_str());
    audit::add(job, &[note]).map(|_| ())
}

/// Notes that rows of people who object are about to be taken out of what a provider holds that sends only changes.
pub(super) fn about_to_purge_held(job: &Job, by: &str, provider: &str, rows: u64) -> Result<()> {
    let note = Note::new(Event::Purge).of_run(by).with("by", by).with("provider", provider).with("rows", rows);
    audit::add(job, &[note]).map(|_| ())
}

/// Notes that the report of a kept run is about to be another one, without some people who object today.
pub(super) fn about_to_report(job: &Job, run_id: &str, left_out: u64, run_json: &[u8]) -> Result<()> {
    let note = Note::new(Event::Report)
        .of_run(run_id)
        .with("people_left_out", left_out)
        .with("run_json_blake3", blake3::hash(run_json).to_hex().as_str());
    audit::add(job, &[note]).map(|_| ())
}

/// Notes that publishing has failed. Where even that fails the next run does it.
pub(super) fn withdrawn(job: &Job, run_id: &str) {
    if let Err(failure) = audit::add(job, &[Note::new(Event::RunWithdrawn).of_run(run_id)]) {
        tracing::warn!("{failure}");
    }
}
