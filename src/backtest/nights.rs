//! The nights that are kept, linked once more with the model that was used and with another one.
//!
//! Of an earlier night there is what stands today with the same values: its crosswalk names each row and the content hash of what it
//! said. Both models link the very same rows, so that a row that cannot be had makes no difference between them. What a ledger would have
//! made of either, night after night, is followed in memory.

use super::differences::{Difference, Kind, Sides};
use crate::clustering::Settled;
use crate::consent;
use crate::failure::Result;
use crate::identity::{Followed, Follower};
use crate::job::Job;
use crate::publish::RUN_UNREADABLE;
use crate::publish::published::{PublishedRun, Rows};
use crate::records::{Identities, MISSING, Records};
use crate::run::progress::Progress;
use crate::run::{Ceiling, OtherModel, TOO_LITTLE_MEMORY};
use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use serde::Serialize;
use std::hash::BuildHasher;

/// The nights that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Nights {
    /// Oldest first.
    pub replayed: Vec<Night>,
    /// Oldest first.
    pub not_replayed: Vec<NotReplayed>,
}

/// One night, with the model of the current run and with the other one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Night {
    pub run_id: String,
    /// Rows of its crosswalk.
    pub rows: u64,
    /// Those that stand today with the same values. All else here is about these.
    pub rows_had: u64,
    pub people_before: u64,
    pub people_after: u64,
    pub unchanged: u64,
    /// People before whom the other model would have put together, divided, or rearranged.
    pub merged: u64,
    pub split: u64,
    pub rearranged: u64,
    /// What a ledger would have made of the night, had it been linked with the model of the current run from the first of these on; absent
    /// for the first.
    pub ids_before: Option<Followed>,
    /// The same with the other model.
    pub ids_after: Option<Followed>,
    /// Those that no later night shows with the same rows; person_ids are those of the night.
    pub differences: Vec<Difference>,
}

/// A night of which nothing could be linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotReplayed {
    pub run_id: String,
    pub reason: String,
}

/// What all nights have in common.
pub(super) struct Replay<'a> {
    pub job: &'a Job,
    /// Today's.
    pub records: &'a Records,
    /// The model of the current run, and the other one.
    pub models: [&'a OtherModel; 2],
    pub ceiling: &'a Ceiling,
    pub progress: &'a Progress,
}

/// The rows of a night among today's records.
struct Had {
    rows: u64,
    /// One entry a record of today: the person of the night, or [`MISSING`].
    person: Vec<u32>,
    ids: Vec<String>,
}

impl Replay<'_> {
    /// Links the nights of `runs`, oldest first.
    ///
    /// # Errors
    /// OF0522 where a model does not know what is compared, and where lists or decisions cannot be read. A run that cannot be read is
    /// named, and passed over; so is one that the job allows too little memory for, and all after it, which no ledger could follow.
    pub fn nights(&self, runs: &[PublishedRun]) -> Result<Nights> {
        let mut nights = Nights::default();
        let mut followers = [Follower::default(), Follower::default()];
        let mut too_little: Option<String> = None;
        for run in runs {
            let not = |reason: String| NotReplayed { run_id: run.run_id.clone(), reason };
            if let Some(why) = &too_little {
                nights.not_replayed.push(not(why.clone()));
                continue;
            }
            match self.night(run, &mut followers) {
                Ok(Some(night)) => nights.replayed.push(night),
                Ok(None) => nights.not_replayed.push(not("none of its rows stands today with the same values".into())),
                Err(failure) if failure.code.id == RUN_UNREADABLE.id => nights.not_replayed.push(not(failure.what)),
                Err(failure) if failure.code.id == TOO_LITTLE_MEMORY.id => {
                    nights.not_replayed.push(not(failure.what.clone()));
                    too_little = Some(failure.what);
                }
                Err(failure) => return Err(failure),
            }
        }
        let mut later: FxHashSet<Vec<u32>> = FxHashSet::default();
        for night in nights.replayed.iter_mut().rev() {
            night.differences.retain(|difference| later.insert(difference.places.clone()));
        }
        Ok(nights)
    }

    /// One night; `None` where no row of it can be had.
    fn night(&self, run: &PublishedRun, followers: &mut [Follower; 2]) -> Result<Option<Night>> {
        // What humans have said since, no model can be blamed for.
        let settled = consent::read_seen(self.job, Some(run.decisions_seen()?))?.settled(self.job, self.records);
        let had = self.had(run, &self.identities(&settled, |_| true))?;
        let rows_had = had.person.iter().filter(|person| **person != MISSING).count() as u64;
        if rows_had == 0 {
            return Ok(None);
        }
        let mut sides: Vec<Vec<u32>> = Vec::with_capacity(2);
        let mut ids: Vec<Option<Followed>> = Vec::with_capacity(2);
        for (model, follower) in self.models.into_iter().zip(followers) {
            let identities = self.identities(&settled, |row| had.person[row] != MISSING);
            let person = self.linked(model, identities, &settled, follower, &mut ids)?;
            sides.push(person);
        }
        let [before, after] = &sides[..] else { unreachable!("there are two models") };
        let sides = Sides::of(before, after);
        let differences = sides.differences(&names_of(before, &had));
        let people = |kind: Kind| {
            differences.iter().filter(|one| one.kind == kind).map(|one| one.people.len() as u64).sum::<u64>()
        };
        Ok(Some(Night {
            run_id: run.run_id.clone(),
            rows: had.rows,
            rows_had,
            people_before: sides.people_before(),
            people_after: sides.people_after(),
            unchanged: sides.unchanged(),
            merged: people(Kind::Merged),
            split: people(Kind::Split),
            rearranged: people(Kind::Rearranged),
            ids_before: ids[0],
            ids_after: ids[1],
            differences,
        }))
    }

    /// The person of each record by one of the models, and what its ledger makes of it.
    fn linked(
        &self,
        model: &OtherModel,
        identities: Identities,
        settled: &Settled,
        follower: &mut Follower,
        ids: &mut Vec<Option<Followed>>,
    ) -> Result<Vec<u32>> {
        let linked = model.link(self.records, identities, settled, self.ceiling, self.progress)?;
        let person = linked.clustering.partition.person;
        let rows: Vec<usize> = (0..person.len()).filter(|&row| person[row] != MISSING).collect();
        let keys: Vec<u32> = rows.iter().map(|&row| self.records.key[row]).collect();
        let people: Vec<u32> = rows.iter().map(|&row| person[row]).collect();
        let content = |at: usize| {
            let identity = linked.identities.of_record[rows[at]] as usize;
            FxBuildHasher.hash_one((keys[at], linked.identities.hash[identity]))
        };
        ids.push(follower.follow(&keys, &people, content));
        Ok(person)
    }

    fn identities(&self, settled: &Settled, keep: impl Fn(usize) -> bool + Sync) -> Identities {
        let names = self.job.custom_names();
        Identities::apart(self.records, &names, &settled.keys(), keep, |_| true)
    }

    /// Finds the rows of a run among today's records: by provider, record_id and the hash of what they say, each once.
    fn had(&self, run: &PublishedRun, identities: &Identities) -> Result<Had> {
        let numbers = self.job.providers.iter().zip(0u16..).map(|(provider, at)| (provider.id.as_str(), at));
        let number: FxHashMap<&str, u16> = numbers.collect();
        let key =
            |provider: u16, record_id: &str, identity: &[u8]| FxBuildHasher.hash_one((provider, record_id, identity));
        let identity = |row: usize| &identities.hash[identities.of_record[row] as usize];
        let mut today: Vec<(u64, u32)> = (0..self.records.len())
            .into_par_iter()
            .map(|row| (key(self.records.provider[row], self.records.record_id.get(row), identity(row)), row as u32))
            .collect();
        today.par_sort_unstable();
        let mut had = Had { rows: 0, person: vec![MISSING; self.records.len()], ids: Vec::new() };
        let mut places: FxHashMap<String, u32> = FxHashMap::default();
        run.each("crosswalk.parquet", &["provider", "record_id", "identity_id", "person_id"], |rows: &Rows| {
            let (provider, record_id) = (rows.text("provider")?, rows.text("record_id")?);
            let (said, person) = (rows.content_hashes("identity_id")?, rows.text("person_id")?);
            had.rows += rows.len() as u64;
            for (row, said) in said.iter().enumerate() {
                let Some(&provider) = number.get(provider.value(row)) else { continue };
                let wanted = key(provider, record_id.value(row), said);
                let from = today.partition_point(|entry| entry.0 < wanted);
                let same = |place: usize| {
                    self.records.provider[place] == provider
                        && self.records.record_id.get(place) == record_id.value(row)
                        && identity(place) == said
                };
                let alike = today[from..].iter().take_while(|entry| entry.0 == wanted);
                let mut free = alike.map(|entry| entry.1 as usize).filter(|&place| had.person[place] == MISSING);
                let Some(place) = free.find(|&place| same(place)) else { continue };
                let id = person.value(row);
                had.person[place] = *places.entry(id.to_string()).or_insert_with(|| {
                    had.ids.push(id.to_string());
                    had.ids.len() as u32 - 1
                });
            }
            Ok(())
        })?;
        Ok(had)
    }
}

/// The person_id that the first row of each person before had on the night itself.
fn names_of(before: &[u32], had: &Had) -> Vec<String> {
    let people = before.iter().filter(|person| **person != MISSING).max().map_or(0, |&last| last as usize + 1);
    let mut names = vec![String::new(); people];
    for (&person, &named) in before.iter().zip(&had.person).filter(|(person, _)| **person != MISSING) {
        let name = &mut names[person as usize];
        if name.is_empty() {
            name.clone_from(&had.ids[named as usize]);
        }
    }
    names
}
