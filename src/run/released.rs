//! The releases of a night.

use super::Night;
use super::night::told;
use crate::consent::{self, OptedOut, WithheldReason};
use crate::failure::Result;
use crate::job::Job;
use crate::publish::Draft;
use crate::publish::published::{PublishedRun, damaged};
use crate::release::{self, Outcome, Source};
use crate::transparency::{self, Doubt, Sender, Told, Transparency};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the night has released, and whom it has left out.
#[derive(Default)]
pub(super) struct Released {
    pub outcomes: Vec<Outcome>,
    opted_out: OptedOut,
    type_1_rows: u64,
}

/// transparency.html and transparency.md of a night.
pub(super) fn transparency(night: &Night, released: &Released) -> Result<Transparency> {
    let job = night.job;
    let senders = (0u16..).zip(&job.providers).map(|(at, provider)| Sender {
        name: &provider.name,
        setting: provider.setting,
        records: night.accounts.of_provider(at).crosswalk,
    });
    let count = |marks: &[bool]| marks.iter().filter(|marked| **marked).count() as u64;
    Ok(transparency::build(&Told {
        job: &job.name,
        as_of: job.as_of,
        run_id: &night.run_id,
        senders: senders.collect(),
        people: night.people.len() as u64,
        releases: job.releases.iter().zip(&released.outcomes).collect(),
        local_rows: local_rows(night),
        type_1: count(&released.opted_out.type_1),
        national: count(&released.opted_out.national),
        doubt: doubt(night),
        released_before: before(job)?,
    }))
}

/// What the calibrated probabilities of the weakest links come to.
fn doubt(night: &Night) -> Option<Doubt> {
    let weakest = night.people.weakest_probability.iter().flatten();
    let (people, wrong) =
        weakest.fold((0, 0.0), |(people, wrong), probability| (people + 1, wrong + 1.0 - probability));
    (people > 0).then_some(Doubt { people, wrong })
}

/// Ids of what the run that stands has released; `None` before the first.
fn before(job: &Job) -> Result<Option<BTreeSet<String>>> {
    let Ok(run) = PublishedRun::current(job) else { return Ok(None) };
    let told: Value =
        serde_json::from_slice(&run.bytes("run.json")?).map_err(|_| damaged(&run.folder.join("run.json")))?;
    let releases = told["releases"].as_array().into_iter().flatten();
    let made = releases.filter(|release| release["outcome"] == "released");
    Ok(Some(made.filter_map(|release| release["id"].as_str().map(str::to_string)).collect()))
}

/// Rows withheld because somebody objects.
fn local_rows(night: &Night) -> u64 {
    let objects = |reason| matches!(reason, WithheldReason::LocalObjection | WithheldReason::LocalObjectionLinked);
    night.withheld.iter().filter(|row| objects(row.reason)).count() as u64
}

/// Makes every release of the job in the draft of the night.
pub(super) fn release(night: &Night, summary: &[(String, Vec<u8>)], draft: &Draft) -> Result<Released> {
    let partition = &night.linked.clustering.partition;
    let opted_out = night.opt_outs.people(night.job, &night.records, partition);
    let left = consent::without_type_1(night.job, &night.records, partition, &opted_out.type_1);
    let linked = || told(&night.linked, &night.identified, night.reference.as_ref());
    let source = Source {
        job: night.job,
        run_id: &night.run_id,
        records: &night.records,
        partition,
        people: &night.people,
        person_ids: &night.identified.person_ids,
        opted_out: &opted_out,
        linked: &linked,
        summary,
    };
    let outcomes = release::all(&source, draft.folder())?;
    Ok(Released { outcomes, type_1_rows: left.map_or(0, |(_, rows)| rows), opted_out })
}

impl Released {
    /// How many opt-outs were honoured, by kind, for run.json.
    pub fn opt_outs(&self, night: &Night) -> Value {
        let people = |marks: &[bool]| marks.iter().filter(|marked| **marked).count();
        json!({
            "local_rows": local_rows(night),
            "type_1_people": people(&self.opted_out.type_1),
            "type_1_rows": self.type_1_rows,
            "national_people": people(&self.opted_out.national),
        })
    }
}
