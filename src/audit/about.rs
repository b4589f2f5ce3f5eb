//! Who has had what about one person.

use super::members::Held;
use super::{Entry, Event, entries};
use crate::failure::Result;
use crate::identity::{Chapter, Ledger, PersonId};
use crate::job::Job;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The entries that were asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    /// The person asked for and every id that went into theirs; empty where nobody was asked for.
    pub person_ids: Vec<String>,
    /// Ids that records of theirs were under until a run parted them, and that go on as somebody else's.
    pub parted_from: Vec<PartedFrom>,
    /// Oldest first.
    pub entries: Vec<Entry>,
    /// Numbers of those entries that name nobody because they are of everybody's records.
    pub everybody: Vec<u64>,
}

/// An id that records of the person were under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartedFrom {
    pub person_id: String,
    /// The run from which on it is somebody else's, and that run's date.
    pub run_id: String,
    pub as_of: String,
    /// Numbers of the entries that name it from before that run and are not about the person under another id.
    pub entries: Vec<u64>,
    /// Number of the run's own entry. `None` where the audit does not have it: then nothing is known to be from before.
    #[serde(skip)]
    noted: Option<u64>,
}

impl PartedFrom {
    /// Is the entry from when the id was theirs? What a run releases is noted before the run is.
    fn is_before(&self, entry: &Entry) -> bool {
        entry.run_id.as_ref() != Some(&self.run_id) && self.noted.is_some_and(|noted| entry.entry < noted)
    }
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
    let all: Vec<Entry> = entries(job)?.collect();
    let mut asked = person.map(|person| Asked::of(job, person, &all)).transpose()?;
    let ids = asked.as_ref().map(Asked::ids).unwrap_or_default();
    let mut held = Held::of(&ids);
    let mut found = Vec::new();
    for entry in all.into_iter().filter(|entry| event.is_none_or(|event| entry.event == event)) {
        let concerned = match &mut asked {
            Some(asked) if !entry.is_of_everybody() => asked.concerns(&entry, &whose(job, &entry, &mut held)?),
            _ => true,
        };
        if concerned {
            found.push(entry);
        }
    }
    let everybody = found.iter().filter(|entry| entry.is_of_everybody()).map(|entry| entry.entry).collect();
    let (own, parted_from) = asked.map(|asked| (asked.own, asked.parted_from)).unwrap_or_default();
    Ok(About { person_ids: own.into_iter().collect(), parted_from, entries: found, everybody })
}

/// Who is named by an entry, or had a line in the release that it is of, as far as they were asked for.
fn whose(job: &Job, entry: &Entry, held: &mut Held) -> Result<BTreeSet<String>> {
    let mut ids: BTreeSet<String> = entry.person_ids.iter().cloned().collect();
    if let Some(members) = entry.what.get("members").and_then(|members| members.as_str()) {
        ids.extend(held.in_set(job, members)?.iter().cloned());
    }
    Ok(ids)
}

/// Under which ids a person's records have been.
struct Asked {
    own: BTreeSet<String>,
    parted_from: Vec<PartedFrom>,
}

impl Asked {
    fn of(job: &Job, person: PersonId, entries: &[Entry]) -> Result<Asked> {
        let ledger = Ledger::open(&job.output, job.id_key_file.as_deref())?;
        // Of several notes of one run the last is of the one that stands: those before were withdrawn.
        let is_run = |entry: &&Entry| matches!(entry.event, Event::Run | Event::Rollback);
        let noted: BTreeMap<&str, u64> =
            entries.iter().filter(is_run).filter_map(|entry| Some((entry.run_id.as_deref()?, entry.entry))).collect();
        let mut asked = Asked { own: BTreeSet::new(), parted_from: Vec::new() };
        for (id, until) in ids_of(&ledger, person) {
            let Some(at) = until else {
                asked.own.insert(id.to_string());
                continue;
            };
            let run_id = ledger.runs()[at].clone();
            asked.parted_from.push(PartedFrom {
                person_id: id.to_string(),
                noted: noted.get(run_id.as_str()).copied(),
                as_of: ledger.as_of(at).to_string(),
                run_id,
                entries: Vec::new(),
            });
        }
        Ok(asked)
    }

    fn ids(&self) -> BTreeSet<String> {
        let parted_from = self.parted_from.iter().map(|parted| &parted.person_id);
        self.own.iter().chain(parted_from).cloned().collect()
    }

    /// Is an entry about one of these ids, as long as it was the person's? Remembers by which.
    fn concerns(&mut self, entry: &Entry, ids: &BTreeSet<String>) -> bool {
        if !self.own.is_disjoint(ids) {
            return true;
        }
        let mut concerns = false;
        for parted in &mut self.parted_from {
            if ids.contains(&parted.person_id) && parted.is_before(entry) {
                parted.entries.push(entry.entry);
                concerns = true;
            }
        }
        concerns
    }
}

/// A person_id and all that went into it over the nights, what was noted under them being about the same records; and the ids that records of
/// theirs were under before they were parted from these, each with the run of the ledger that did so.
fn ids_of(ledger: &Ledger, person: PersonId) -> BTreeMap<PersonId, Option<usize>> {
    let place = |chapter: &Chapter| ledger.runs().iter().position(|run| *run == chapter.run_id);
    let is_later = |one: Option<usize>, other: Option<usize>| match (one, other) {
        (Some(one), Some(other)) => one > other,
        (one, other) => one.is_none() && other.is_some(),
    };
    let (mut ids, mut open) = (BTreeMap::from([(person, None)]), vec![person]);
    while let Some(id) = open.pop() {
        let until: Option<usize> = ids[&id];
        let taken_in = ledger.taken_in(id).into_iter().map(|chapter| (chapter, false));
        let parted_from = ledger.parted_from(id).into_iter().map(|chapter| (chapter, true));
        for (chapter, goes_on) in taken_in.chain(parted_from) {
            // What an id took in after they were parted from it was never theirs.
            let Some(at) = place(&chapter).filter(|at| until.is_none_or(|until| *at < until)) else { continue };
            let theirs = if goes_on { Some(at) } else { until };
            if ids.get(&chapter.person_id).is_none_or(|known| is_later(theirs, *known)) {
                ids.insert(chapter.person_id, theirs);
                open.push(chapter.person_id);
            }
        }
    }
    ids
}
