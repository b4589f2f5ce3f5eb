//! What a ledger would have made of nights that somebody else's people were published on: followed in memory, nothing is issued.

use super::assign::people_of;
use super::changes::{self, ChangeKind, Sides};
use super::ledger::Assignment;
use super::stability::{self, NOBODY};
use serde::Serialize;

/// What became of the person_ids on one night.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Followed {
    /// People of the night before.
    pub before: u64,
    pub new: u64,
    pub grown: u64,
    pub shrunk: u64,
    pub merged: u64,
    pub split: u64,
    pub retired: u64,
}

/// A ledger in memory, by the rules of the one on disk (DESIGN section 9); of two ids as old as each other the one issued first is kept.
#[derive(Debug, Default)]
pub struct Follower {
    assignment: Assignment,
    issued: u32,
}

impl Follower {
    /// Goes on to the next night, of which `key`, `person` and `content` tell each row: its record_id's number, its person (dense), and a
    /// hash of what it says. `None` for the first night, which has nothing to be held against.
    pub fn follow(&mut self, key: &[u32], person: &[u32], content: impl Fn(usize) -> u64) -> Option<Followed> {
        assert_eq!(key.len(), person.len(), "every row has a person");
        let keys: Vec<u64> = key.iter().map(|&key| u64::from(key) << 1).collect();
        let people = person.iter().max().map_or(0, |&last| last as usize + 1);
        let mut first_key = vec![u64::MAX; people];
        keys.iter().zip(person).for_each(|(&key, &person)| {
            let first = &mut first_key[person as usize];
            *first = key.min(*first);
        });
        let mut assignment = stability::assignment_of(&keys, person, |row, _| content(row));
        let comparison = stability::compare(&self.assignment, &assignment, people);
        let mut ordinals = stability::keep(&comparison.overlaps, &first_key, |ordinal| ordinal);
        let first_new = self.issued;
        for ordinal in ordinals.iter_mut().filter(|ordinal| **ordinal == NOBODY) {
            *ordinal = self.issued;
            self.issued += 1;
        }
        let old = people_of(&self.assignment);
        let sides = Sides { old: &old, new: &ordinals, first_new, comparison: &comparison };
        let followed =
            Followed::counted(old.len() as u64, changes::changes(&sides).0.into_iter().map(|change| change.1));
        assignment.iter_mut().for_each(|entry| entry.1 = ordinals[entry.1 as usize]);
        assignment.sort_unstable();
        self.assignment = assignment;
        (first_new > 0).then_some(followed)
    }
}

impl Followed {
    fn counted(before: u64, kinds: impl Iterator<Item = ChangeKind>) -> Followed {
        let mut followed = Followed { before, ..Followed::default() };
        for kind in kinds {
            *match kind {
                ChangeKind::New => &mut followed.new,
                ChangeKind::Grown => &mut followed.grown,
                ChangeKind::Shrunk => &mut followed.shrunk,
                ChangeKind::Merged => &mut followed.merged,
                ChangeKind::Split => &mut followed.split,
                ChangeKind::Retired => &mut followed.retired,
            } += 1;
        }
        followed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_followed_over_nights_as_the_ledger_would() {
        let mut follower = Follower::default();
        let mut night = |rows: &[(u32, u32)]| {
            let (key, person): (Vec<u32>, Vec<u32>) = rows.iter().copied().unzip();
            follower.follow(&key, &person, |row| u64::from(key[row]))
        };
        assert_eq!(night(&[(0, 0), (1, 0), (2, 1), (3, 2)]), None, "nobody was there before");
        let nothing = Followed { before: 3, ..Followed::default() };
        assert_eq!(night(&[(3, 0), (1, 1), (0, 1), (2, 2)]), Some(nothing), "people may be numbered otherwise");
        // The first person is divided, the others are put together, and somebody comes.
        let now = night(&[(0, 0), (1, 1), (2, 2), (3, 2), (4, 3)]);
        assert_eq!(now, Some(Followed { split: 1, merged: 1, grown: 1, new: 2, ..nothing }));
        // Taken back: the part that had gone comes home, the merged one is new. Whoever came is gone.
        let now = night(&[(0, 0), (1, 0), (2, 1), (3, 2)]);
        assert_eq!(now, Some(Followed { before: 4, merged: 1, grown: 1, split: 1, new: 1, retired: 1, ..nothing }));
    }
}
