//! Who has had what about one person.

use super::members::Held;
use super::{Entry, Event, entries};
use crate::failure::Result;
use crate::identity::{Ledger, PersonId};
use crate::job::Job;
use serde::Serialize;
use std::collections::BTreeSet;

/// The entries that were asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    /// The person asked for and every id that went into theirs; empty where nobody was asked for.
    pub person_ids: Vec<String>,
    /// Oldest first.
    pub entries: Vec<Entry>,
    /// Numbers of those entries that name nobody because they are of everybody's records.
    pub everybody: Vec<u64>,
}

impl Entry {
    /// Does it name nobody because everybody's records of then were shown, or written open for somebody?
    ///
    /// A question that has found nobody shows nobody.
    pub fn is_of_everybody(&self) -> bool {
        let names_some = !self.person_ids.is_empty() || self.what.contains_key("members");
        let found_nobody = self.what.get("command").is_some_and(|command| command == "find");
        matches!(self.event, Event::LookUp | Event::Decryption) && !names_some && !found_nobody
    }
}

/// The entries of the audit, of one person and of one kind where asked for. What is of everybody's records is of each person, too.
///
/// # Errors
/// OF0710 where it cannot be read; OF041x for the ledger.
pub fn about(job: &Job, person: Option<PersonId>, event: Option<Event>) -> Result<About> {
    let person_ids = person.map(|person| ids_of(job, person)).transpose()?.unwrap_or_default();
    let mut held = Held::of(&person_ids);
    let mut found = Vec::new();
    for entry in entries(job)?.filter(|entry| event.is_none_or(|event| entry.event == event)) {
        if person.is_none() || concerns(job, &entry, &person_ids, &mut held)? {
            found.push(entry);
        }
    }
    let everybody = found.iter().filter(|entry| entry.is_of_everybody()).map(|entry| entry.entry).collect();
    Ok(About { entries: found, person_ids: person_ids.into_iter().collect(), everybody })
}

/// Does an entry name one of the people, or a release with a line of one of them, or is it of everybody?
fn concerns(job: &Job, entry: &Entry, person_ids: &BTreeSet<String>, held: &mut Held) -> Result<bool> {
    if entry.is_of_everybody() || entry.person_ids.iter().any(|id| person_ids.contains(id)) {
        return Ok(true);
    }
    match entry.what.get("members").and_then(|members| members.as_str()) {
        Some(members) => held.holds_one(job, members),
        None => Ok(false),
    }
}

/// A person_id and all that went into it over the nights: what was noted under them was about the same records.
fn ids_of(job: &Job, person: PersonId) -> Result<BTreeSet<String>> {
    let ledger = Ledger::open(&job.output, job.id_key_file.as_deref())?;
    let (mut ids, mut open) = (BTreeSet::from([person.to_string()]), vec![person]);
    while let Some(id) = open.pop() {
        let taken = ledger.taken_in(id).into_iter().map(|chapter| chapter.person_id);
        open.extend(taken.filter(|id| ids.insert(id.to_string())));
    }
    Ok(ids)
}
