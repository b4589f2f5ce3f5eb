//! `explain change`: the whole story of a person_id over the nights, and who it is today.
//!
//! The ledger knows when an id was issued, when it went away and into whom, for ever; what happened in between stands in changes.parquet of
//! the runs that are kept.

use super::codes::NEVER_ISSUED;
use super::person::parse_person_id;
use crate::failure::{Failure, Result};
use crate::identity::{Ledger, PersonId};
use crate::job::Job;
use crate::publish::published::PublishedRun;
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of a person_id; prints as text and as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeExplained {
    pub person_id: String,
    /// Oldest first.
    pub story: Vec<StoryLine>,
    /// The people of the current run who are this person today: several where it was split; nobody where no record is left.
    pub today: Vec<Today>,
    /// The current run.
    pub run_id: String,
    pub runs_kept: usize,
    /// Runs that are kept no more: of them only the ledger is known.
    pub runs_gone: usize,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StoryLine {
    /// The date of the run's job, not of the clock.
    pub as_of: String,
    pub run_id: String,
    /// Whose line it is: the person asked for, or one that it went into or that went into it.
    pub person_id: String,
    /// new, grown, shrunk, merged, split or retired, as in changes.parquet.
    pub change: String,
    pub into: Vec<String>,
}

/// Somebody of the current run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Today {
    pub person_id: String,
    pub records: i64,
}

/// Tells the story of a person_id, which may have gone away.
///
/// # Errors
/// OF0542 where it is none, OF0547 where no run has issued it, OF0530 where there is no run; OF041x for the ledger.
pub fn change(job: &Job, person_id: &str) -> Result<ChangeExplained> {
    let person_id = parse_person_id(person_id)?;
    let current = PublishedRun::current(job)?;
    let ledger = Ledger::open(&job.output, job.id_key_file.as_deref())?;
    if ledger.story(person_id).is_empty() {
        return Err(Failure::new(&NEVER_ISSUED, format!("{} runs are in the ledger", ledger.runs().len())));
    }
    let kept = PublishedRun::all_kept(&job.output)?;
    let told = Told::of(&ledger, person_id);
    let mut story = told.lines;
    for run in &kept {
        let Some(at) = ledger.runs().iter().position(|known| *known == run.run_id) else { continue };
        let as_of = ledger.as_of(at).to_string();
        story.extend(lines_of(run, &told.since, at, &as_of)?);
    }
    // The ledger and changes.parquet tell the same of a run that is kept.
    let order = |line: &StoryLine| ledger.runs().iter().position(|known| *known == line.run_id);
    story.sort_by_cached_key(|line| (order(line), rank(&line.change), line.clone()));
    story.dedup();
    let run_gone = ledger.runs().iter().filter(|known| kept.iter().all(|run| run.run_id != **known)).count();
    Ok(ChangeExplained {
        person_id: person_id.to_string(),
        story,
        today: today(&current, &told.since)?,
        run_id: current.run_id,
        runs_kept: kept.len(),
        runs_gone: run_gone,
    })
}

/// In one night somebody is new before anything else, and gone after it.
fn rank(change: &str) -> usize {
    let order = ["new", "grown", "shrunk", "split", "merged", "retired"];
    order.iter().position(|known| *known == change).unwrap_or(order.len())
}

/// What the ledger tells.
struct Told {
    lines: Vec<StoryLine>,
    /// Everybody whose story it is, with the run (by place in the ledger) from which on it is: the id asked for, and what it went into.
    since: BTreeMap<String, usize>,
}

impl Told {
    fn of(ledger: &Ledger, person_id: PersonId) -> Told {
        let mut told = Told { lines: Vec::new(), since: BTreeMap::from([(person_id.to_string(), 0)]) };
        let mut next = vec![(person_id, 0)];
        while let Some((id, since)) = next.pop() {
            for chapter in ledger.story(id).into_iter().chain(ledger.taken_in(id)) {
                let at = ledger.runs().iter().position(|known| *known == chapter.run_id).unwrap_or(0);
                // What an id was before this person went into it is not this person's story.
                if at < since {
                    continue;
                }
                let into = chapter.went_into.clone().unwrap_or_default();
                let change = match (&chapter.went_into, into.len()) {
                    (None, _) => "new",
                    (Some(_), 0) => "retired",
                    (Some(_), 1) => "merged",
                    (Some(_), _) => "split",
                };
                told.lines.push(StoryLine {
                    as_of: chapter.as_of.to_string(),
                    run_id: chapter.run_id,
                    person_id: chapter.person_id.to_string(),
                    change: change.to_string(),
                    into: into.iter().map(ToString::to_string).collect(),
                });
                for heir in into.into_iter().filter(|_| chapter.person_id == id) {
                    let known = told.since.get(&heir.to_string());
                    if known.is_none_or(|known| at < *known) {
                        told.since.insert(heir.to_string(), at);
                        next.push((heir, at));
                    }
                }
            }
        }
        told
    }
}

/// What changes.parquet of a run says of the people whose story it is by then.
fn lines_of(run: &PublishedRun, since: &BTreeMap<String, usize>, at: usize, as_of: &str) -> Result<Vec<StoryLine>> {
    let mut lines = Vec::new();
    run.each("changes.parquet", &["person_id", "change", "into"], |rows| {
        let (person, change) = (rows.text("person_id")?, rows.text("change")?);
        for row in 0..rows.len() {
            if since.get(person.value(row)).is_some_and(|from| *from <= at) {
                lines.push(StoryLine {
                    as_of: as_of.to_string(),
                    run_id: run.run_id.clone(),
                    person_id: person.value(row).to_string(),
                    change: change.value(row).to_string(),
                    into: rows.texts("into", row)?,
                });
            }
        }
        Ok(())
    })?;
    Ok(lines)
}

fn today(current: &PublishedRun, people: &BTreeMap<String, usize>) -> Result<Vec<Today>> {
    let mut today = Vec::new();
    current.each("people.parquet", &["person_id", "records"], |rows| {
        let (person, records) = (rows.text("person_id")?, rows.integers("records")?);
        for row in (0..rows.len()).filter(|&row| people.contains_key(person.value(row))) {
            today.push(Today { person_id: person.value(row).to_string(), records: records[row] });
        }
        Ok(())
    })?;
    Ok(today)
}
