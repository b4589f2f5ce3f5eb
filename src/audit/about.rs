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
}

/// The entries of the audit, of one person and of one kind where asked for.
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
    Ok(About { entries: found, person_ids: person_ids.into_iter().collect() })
}

/// Does an entry name one of the people, or a release with a line of one of them?
fn concerns(job: &Job, entry: &Entry, person_ids: &BTreeSet<String>, held: &mut Held) -> Result<bool> {
    if entry.person_ids.iter().any(|id| person_ids.contains(id)) {
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
