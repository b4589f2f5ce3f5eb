//! The people of a cohort, as far as a release may hold them.

use super::Source;
use super::key::Keys;
use super::lines::{self, Chosen};
use crate::best_record::People;
use crate::clustering::Partition;
use crate::cohort;
use crate::job::{Cohort, Release};

/// Chooses whose lines a release of `cohort` holds. `seen` is what its purpose may see of everybody: who meets the rule only by what they
/// opted out with does not meet it here. A limit is filled with people who may be in the release, so that nobody who may not takes a place.
pub(super) fn choose(
    source: &Source,
    seen: (&Partition, &People),
    release: &Release,
    keys: &Keys,
    cohort: &Cohort,
) -> Chosen {
    let (_, people) = seen;
    let whole = Cohort { limit: None, ..cohort.clone() };
    let meeting = cohort::members(&whole, people, source.person_ids);
    let mut among = vec![false; people.len()];
    meeting.iter().for_each(|&person| among[person as usize] = true);
    let mut chosen = lines::choose(source, seen, release, keys, Some(&among));
    if let Some(limit) = cohort.limit {
        let mut may = vec![false; people.len()];
        chosen.people.iter().for_each(|&person| may[person as usize] = true);
        let mut first = vec![false; people.len()];
        let within = meeting.into_iter().filter(|&person| may[person as usize]).take(limit);
        within.for_each(|person| first[person as usize] = true);
        chosen.people.retain(|&person| first[person as usize]);
    }
    chosen
}
