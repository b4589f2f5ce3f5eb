//! What became of everybody since the run before.

use super::PersonId;
use super::ledger::Forward;
use super::stability::{Comparison, Overlap};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// The id was issued by this run.
    New,
    /// It has records that were not its own in the run before.
    Grown,
    /// Records that it had are in no extract any more.
    Shrunk,
    /// The id went away: all that is left of its records belongs to the person in `into`.
    Merged,
    /// Its records belong to the people in `into` now, itself among them where it kept its id.
    Split,
    /// The id went away, and none of its records is left.
    Retired,
}

impl ChangeKind {
    /// The word of changes.parquet.
    pub fn word(self) -> &'static str {
        match self {
            ChangeKind::New => "new",
            ChangeKind::Grown => "grown",
            ChangeKind::Shrunk => "shrunk",
            ChangeKind::Merged => "merged",
            ChangeKind::Split => "split",
            ChangeKind::Retired => "retired",
        }
    }
}

/// One line of changes.parquet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    pub person_id: PersonId,
    pub kind: ChangeKind,
    /// What replaced it: largest part first; empty unless merged or split.
    pub into: Vec<PersonId>,
    /// The run before; `None` on the first.
    pub from_run: Option<String>,
}

/// Who had which ordinal, before and tonight.
pub(super) struct Sides<'a> {
    /// The ordinals of the run before, sorted, each once.
    pub(super) old: &'a [u32],
    /// The ordinal of each person of tonight.
    pub(super) new: &'a [u32],
    /// Ordinals from here on were issued tonight.
    pub(super) first_new: u32,
    pub(super) comparison: &'a Comparison,
}

/// A change of the person with this ordinal, and the ordinals it went into.
pub(super) type ChangeOf = (u32, ChangeKind, Vec<u32>);

/// The kinds of change by ordinal, and the forwards of the ids that went away or were split.
pub(super) fn changes(sides: &Sides) -> (Vec<ChangeOf>, Vec<Forward>) {
    let mut changes = Vec::new();
    let mut forwards = Vec::new();
    let mut overlaps = sides.comparison.overlaps.as_slice();
    for &old in sides.old {
        let parts;
        (parts, overlaps) = overlaps.split_at(overlaps.iter().take_while(|overlap| overlap.old == old).count());
        let into = largest_first(parts, sides.new);
        let survives = into.contains(&old);
        // Where the id stays with one part the ledger keeps whose the others are: what was done with it before concerns them too.
        if !survives || into.len() > 1 {
            forwards.push((old, into.clone()));
        }
        match into.len() {
            0 => changes.push((old, ChangeKind::Retired, into)),
            1 if !survives => changes.push((old, ChangeKind::Merged, into)),
            1 => {}
            _ => changes.push((old, ChangeKind::Split, into)),
        }
        let lost = sides.comparison.lost.binary_search_by_key(&old, |&(ordinal, _)| ordinal).is_ok();
        if survives && lost {
            changes.push((old, ChangeKind::Shrunk, Vec::new()));
        }
    }
    for (person, &ordinal) in sides.new.iter().enumerate() {
        if ordinal >= sides.first_new {
            changes.push((ordinal, ChangeKind::New, Vec::new()));
        } else if sides.comparison.records[person] > own_records(sides.comparison, ordinal, person as u32) {
            changes.push((ordinal, ChangeKind::Grown, Vec::new()));
        }
    }
    (changes, forwards)
}

/// The ordinals that an old person's parts have tonight: most votes first, then the older ordinal.
fn largest_first(parts: &[Overlap], new: &[u32]) -> Vec<u32> {
    let mut ranked: Vec<(std::cmp::Reverse<u32>, u32)> =
        parts.iter().map(|part| (std::cmp::Reverse(part.votes), new[part.new as usize])).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, ordinal)| ordinal).collect()
}

/// How many of a surviving person's records were its own before.
fn own_records(comparison: &Comparison, ordinal: u32, person: u32) -> u32 {
    let found = comparison.overlaps.binary_search_by_key(&(ordinal, person), |overlap| (overlap.old, overlap.new));
    found.map_or(0, |place| comparison.overlaps[place].records)
}
