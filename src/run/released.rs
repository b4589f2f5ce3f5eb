//! The releases of a night.

use super::Night;
use super::night::told;
use crate::audit::{self, Event};
use crate::best_record;
use crate::consent::{self, OptedOut, WithheldReason};
use crate::failure::Result;
use crate::job::{Field, Job};
use crate::publish::Draft;
use crate::publish::published::{PublishedRun, damaged};
use crate::release::{self, Outcome, Source};
use crate::summary::disclosure::Control;
use crate::summary::{EthnicGroup, Sex, Summary};
use crate::transparency::{self, Before, Doubt, GroupDoubt, Sender, Told, Transparency};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the night has released, and whom it has left out.
#[derive(Default)]
pub(super) struct Released {
    pub outcomes: Vec<Outcome>,
    opted_out: OptedOut,
    type_1_rows: u64,
}

/// transparency.html and transparency.md of a night, beside the tables of its summary.
pub(super) fn transparency(
    night: &Night,
    control: &Control,
    released: &Released,
    summary: &Summary,
) -> Result<Transparency> {
    let job = night.job;
    let senders = (0u16..).zip(&job.providers).map(|(at, provider)| Sender {
        id: &provider.id,
        name: &provider.name,
        setting: provider.setting,
        records: night.accounts.of_provider(at).crosswalk,
    });
    let count = |marks: &[bool]| marks.iter().filter(|marked| **marked).count() as u64;
    Ok(transparency::build(&Told {
        job: &job.name,
        as_of: job.as_of,
        run_id: &night.run_id,
        control,
        senders: senders.collect(),
        people: night.people.len() as u64,
        releases: job.releases.iter().zip(&released.outcomes).collect(),
        policy: &job.policy,
        local_rows: local_rows(night),
        local_people: night.objectors,
        withheld_rows: night.withheld.len() as u64,
        records_hidden: summary.records_hidden.clone(),
        type_1: count(&released.opted_out.type_1),
        national: count(&released.opted_out.national),
        unproven: summary.issued.unproven,
        doubt: doubt(night, |_| true),
        doubt_of_groups: doubt_of_groups(night),
        before: before(job, &night.runs)?,
    }))
}

/// What the calibrated probabilities of the weakest links come to, for some of the people who have any.
fn doubt(night: &Night, of: impl Fn(usize) -> bool) -> Option<Doubt> {
    let weakest = night.people.weakest_probability.iter().enumerate().filter(|(person, _)| of(*person));
    let (people, wrong) = weakest
        .filter_map(|(_, probability)| *probability)
        .fold((0, 0.0), |(people, wrong), probability| (people + 1, wrong + 1.0 - probability));
    (people > 0).then_some(Doubt { people, wrong })
}

/// Groups by age, in words.
const AGE_GROUPS: [&str; 4] =
    ["people under 18", "people aged 18 to 64", "people aged 65 and over", "people whose age is not known"];

/// The place in [`AGE_GROUPS`] of somebody of this age in years.
fn age_group(age: Option<f64>) -> usize {
    match age {
        None => 3,
        Some(age) if age < 18.0 => 0,
        Some(age) if age < 65.0 => 1,
        Some(_) => 2,
    }
}

/// The same by age, sex and ethnic group of the best record.
fn doubt_of_groups(night: &Night) -> Vec<GroupDoubt> {
    let people = &night.people;
    let (born, sex, ethnicity) =
        (people.field(Field::DateOfBirth), people.field(Field::Sex), people.field(Field::Ethnicity));
    let today = best_record::days(night.job.as_of);
    // Whole years, near enough for groups this wide.
    let age = |person: usize| born.date(person).map(|born| f64::from(today - born) / 365.25);
    let mut groups: Vec<(String, Option<Doubt>)> = AGE_GROUPS
        .iter()
        .enumerate()
        .map(|(group, words)| (words.to_string(), doubt(night, |person| age_group(age(person)) == group)))
        .collect();
    for (kind, words) in
        Sex::ALL.into_iter().zip(["women and girls", "men and boys", "people whose sex is indeterminate or not known"])
    {
        groups.push((words.into(), doubt(night, |person| Sex::from_word(sex.text(person)) == kind)));
    }
    for group in EthnicGroup::ALL {
        let words = format!("people recorded as {}", group.words());
        groups.push((words, doubt(night, |person| EthnicGroup::from_code(ethnicity.text(person)) == group)));
    }
    groups.into_iter().filter_map(|(group, doubt)| Some(GroupDoubt { group, doubt: doubt? })).collect()
}

/// What the run that stands has said, the newest kept one of `known` where `current` leads to none; `None` before the first.
fn before(job: &Job, known: &[String]) -> Result<Option<Before>> {
    let Some(run) = PublishedRun::newest(job, known) else { return Ok(None) };
    let told: Value =
        serde_json::from_slice(&run.bytes("run.json")?).map_err(|_| damaged(&run.folder.join("run.json")))?;
    let last = last_of_each(job, &run.run_id, &told)?;
    let with = |outcome: &str| {
        let made = last.iter().filter(|(_, last)| last.outcome == outcome);
        made.map(|(id, _)| id.clone()).collect()
    };
    let inputs = told["inputs"].as_array().into_iter().flatten();
    let senders = inputs.filter_map(|input| input["provider"].as_str().map(str::to_string)).collect();
    let definitions = last.iter().filter_map(|(id, last)| Some((id.clone(), last.definition.clone()?))).collect();
    Ok(Some(Before { released: with("released"), refused: with("refused"), senders, definitions }))
}

/// What became of a release last.
struct Last {
    outcome: String,
    definition: Option<String>,
}

/// What became last of each release of a run, by id: what its run.json says, or the audit of one that was made anew since.
fn last_of_each(job: &Job, run_id: &str, told: &Value) -> Result<BTreeMap<String, Last>> {
    let mut last = BTreeMap::new();
    for release in told["releases"].as_array().into_iter().flatten() {
        let word = |name: &str| release[name].as_str().map(str::to_string);
        if let (Some(id), Some(outcome)) = (word("id"), word("outcome")) {
            last.insert(id, Last { outcome, definition: word("definition") });
        }
    }
    last.extend(noted_of(job, run_id)?);
    Ok(last)
}

/// The last of each release of a run of which the audit was told; nothing of a run of the same name that was withdrawn.
fn noted_of(job: &Job, run_id: &str) -> Result<BTreeMap<String, Last>> {
    let mut noted = BTreeMap::new();
    let entries = audit::about(job, None, None)?.entries;
    for entry in entries.iter().filter(|entry| entry.run_id.as_deref() == Some(run_id)) {
        let outcome = match entry.event {
            Event::Release => "released",
            Event::Refusal => "refused",
            Event::RunWithdrawn => {
                noted.clear();
                continue;
            }
            _ => continue,
        };
        let word = |name: &str| entry.what.get(name).and_then(Value::as_str).map(str::to_string);
        if let Some(id) = word("release") {
            noted.insert(id, Last { outcome: outcome.to_string(), definition: word("definition") });
        }
    }
    Ok(noted)
}

/// Rows withheld because somebody objects.
fn local_rows(night: &Night) -> u64 {
    let objects = |reason| matches!(reason, WithheldReason::LocalObjection | WithheldReason::LocalObjectionLinked);
    night.withheld.iter().filter(|row| objects(row.reason)).count() as u64
}

/// Makes every release of the job in the draft of the night; its tables were not held against `lost_issues`.
pub(super) fn release(
    night: &Night,
    control: &Control,
    (summary, lost_issues): (&[(String, Vec<u8>)], &[String]),
    draft: &Draft,
) -> Result<Released> {
    let partition = &night.linked.clustering.partition;
    let opted_out = night.opt_outs.people(night.job, &night.records, partition);
    let left = consent::without_type_1(night.job, &night.records, partition, &opted_out.type_1);
    let linked = || told(&night.linked, &night.in_review, &night.identified, night.reference.as_ref());
    let source = Source {
        job: night.job,
        run_id: &night.run_id,
        control,
        records: &night.records,
        partition,
        people: &night.people,
        person_ids: &night.identified.person_ids,
        opted_out: &opted_out,
        linked: &linked,
        summary,
        lost_issues,
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
            "local_people": night.objectors,
            "type_1_people": people(&self.opted_out.type_1),
            "type_1_rows": self.type_1_rows,
            "national_people": people(&self.opted_out.national),
        })
    }
}
