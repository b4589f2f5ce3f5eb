//! What a rollback has found of today's lists and decisions: the night after is held against that, and not against what the run knew that it goes back
//! to.
//!
//! In: today's lists and decisions, and the run that stood until now. Out: what run.json tells of them. Always: a rollback makes no loss unseen:
//! where a list or the decisions have lost what the run that stood knew of, or nobody knows whether a list has, what that run told is told on, and the
//! night after still stops.

use crate::audit;
use crate::consent::{self, Authority, Held};
use crate::failure::Result;
use crate::job::Job;
use crate::run::gates;
use serde_json::{Value, json};

/// What the night after is held against.
pub(in crate::run) struct Obeyed {
    lists: Value,
    lists_by_file: Value,
    /// The day on which lists held so many names.
    lists_on: Value,
    /// Lines that the file of decisions has, or is to have.
    lines: u64,
    /// Entries that the audit had before it was read.
    audit_entries: u64,
    pub warnings: Vec<String>,
}

impl Obeyed {
    /// `stood` is the run.json of the run that stood until now; the audit had `audit_entries` before `authority` was read.
    ///
    /// # Errors
    /// OF0710 where decisions are gone and the audit, which knows how many were taken back, cannot be read.
    pub fn of(job: &Job, (authority, audit_entries): (&Authority, u64), stood: &Value) -> Result<Obeyed> {
        let mut warnings = Vec::new();
        let [lists, lists_by_file, lists_on] = match held(job, authority, stood) {
            Ok(held) => [json!(held), json!(held.by_file), json!(job.as_of.to_string())],
            Err(why) => {
                warnings.push(why);
                let on = if stood["lists_on"].is_null() { &stood["as_of"] } else { &stood["lists_on"] };
                [stood["lists"].clone(), stood["lists_by_file"].clone(), on.clone()]
            }
        };
        let (found, due) = (authority.decisions.lines, lines_due(job, authority.decisions.lines, stood)?);
        if found < due {
            let told = format!("{found} of {due} lines are left in state/decisions.csv");
            warnings.push(format!("the gate decisions_lost will stop the next night: {told}"));
        }
        Ok(Obeyed { lists, lists_by_file, lists_on, lines: found.max(due), audit_entries, warnings })
    }

    /// Tells it in the run.json of the rollback.
    pub fn tell(&self, run_json: &mut Value) {
        run_json["lists"] = self.lists.clone();
        run_json["lists_by_file"] = self.lists_by_file.clone();
        run_json["lists_on"] = self.lists_on.clone();
        run_json["decisions"]["lines"] = json!(self.lines);
        run_json["decisions"]["audit_entries"] = json!(self.audit_entries);
    }
}

/// What lists hold today; or why the next night will stop, in words, where one cannot be read or has lost most of what it held. Those of type 1 and
/// national opt-outs are in no table of a run: such a one is no reason to keep people waiting for the run that is right.
fn held(job: &Job, authority: &Authority, stood: &Value) -> std::result::Result<Held, String> {
    let opt_outs = consent::read_opt_outs(job, authority);
    let opt_outs = opt_outs.map_err(|failure| format!("the next night will stop: {failure}"))?;
    match gates::lists_fallen(stood, authority, &opt_outs) {
        None => Ok(Held::of(authority, &opt_outs, None)),
        Some(fallen) => Err(format!("the gate objections_fell will stop the next night: {fallen}")),
    }
}

/// How many lines the file of decisions has to have, as the run that stood has obeyed so many, and `review` has taken some of them back since; 0
/// where it has as many anyway, or that run did not tell.
fn lines_due(job: &Job, found: u64, stood: &Value) -> Result<u64> {
    let (obeyed, run) = (stood["decisions"]["lines"].as_u64().unwrap_or(0), stood["run_id"].as_str());
    match run.filter(|_| found < obeyed) {
        Some(run) => {
            let read_at = stood["decisions"]["audit_entries"].as_u64();
            Ok(obeyed.saturating_sub(audit::taken_back(job, run, read_at)?))
        }
        None => Ok(0),
    }
}
