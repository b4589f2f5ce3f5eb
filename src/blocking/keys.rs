//! The keys that identities have left: each is in at most [`KEYS_MAX`] blocks, the first that it comes to.
//!
//! Which these are hangs on the order of blocks, of one identity only: so each thread walks down all blocks for identities of its own. Back of an
//! envelope, 19 M identities in 200 M memberships on two threads: each reads 800 MB in a row and counts 100 M times in 10 MB that are its own, .3 s;
//! one thread alone that counts in 19 MB of them all took ten.

use super::KEYS_MAX;
use super::rules::Found;
use rayon::prelude::*;
use std::ops::Range;

/// How many keys each identity has taken.
#[derive(Debug)]
pub(super) struct Keys {
    /// By part of the identities; behind each part one more, which those of other parts take from.
    taken: Vec<Vec<u8>>,
    identities_per_part: usize,
}

impl Keys {
    /// Nobody has taken any.
    pub fn of(identities: usize) -> Keys {
        Keys::in_parts(identities, rayon::current_num_threads())
    }

    fn in_parts(identities: usize, parts: usize) -> Keys {
        let identities_per_part = identities.div_ceil(parts.max(1)).max(1);
        let part = |_| vec![0; identities_per_part + 1];
        Keys { taken: (0..identities.div_ceil(identities_per_part)).map(part).collect(), identities_per_part }
    }

    /// Takes a key for every membership of the blocks in `lists`, in their order. Gives the memberships that there was none left for: places in the
    /// members of all lists end to end, ascending.
    fn take(&mut self, lists: &[&Found]) -> Vec<u64> {
        let per_part = self.identities_per_part;
        let of_part = |(part, taken): (usize, &mut Vec<u8>)| {
            let (first, mut place, mut without) = ((part * per_part) as u32, 0, Vec::new());
            for list in lists {
                for &identity in &list.members {
                    let at = (identity.wrapping_sub(first) as usize).min(per_part);
                    let has_key = taken[at] < KEYS_MAX;
                    taken[at] += u8::from(has_key);
                    // Together, since each by itself would be guessed wrongly half of the time.
                    if !has_key & (at < per_part) {
                        without.push(place);
                    }
                    place += 1;
                }
            }
            without
        };
        let parts: Vec<Vec<u64>> = self.taken.par_iter_mut().enumerate().with_max_len(1).map(of_part).collect();
        let mut without = parts.concat();
        without.par_sort_unstable();
        without
    }

    /// As [`Keys::take`], by list: the places in its own members.
    pub fn take_by_list(&mut self, lists: &[&Found]) -> Vec<Vec<usize>> {
        let without = self.take(lists);
        let mut from = 0;
        let own = |list: &&Found| {
            let places: Range<u64> = from..from + list.members.len() as u64;
            let (start, end) =
                (without.partition_point(|at| *at < places.start), without.partition_point(|at| *at < places.end));
            from = places.end;
            without[start..end].iter().map(|at| (at - places.start) as usize).collect()
        };
        lists.iter().map(own).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_blocks_get_the_keys_however_many_parts_there_are(
            lists in prop::collection::vec(prop::collection::vec(prop::collection::btree_set(0u32..7, 2..5), 0..60), 1..4),
            parts in 1usize..9,
        ) {
            let found: Vec<Found> = lists
                .iter()
                .map(|blocks| {
                    let mut found = Found::default();
                    blocks.iter().for_each(|block| found.push(block.iter().copied()));
                    found
                })
                .collect();
            let mut keys = Keys::in_parts(7, parts);
            let (mut taken, mut expected) = (vec![0; 7], Vec::new());
            for identity in lists.iter().flatten().flatten() {
                taken[*identity as usize] += 1;
                expected.push(taken[*identity as usize] > KEYS_MAX);
            }
            // Whether they come at once or one list after another.
            let (first, rest) = found.split_at(1);
            let mut places = keys.take(&[&first[0]]);
            let before = first[0].members.len() as u64;
            places.extend(keys.take(&rest.iter().collect::<Vec<_>>()).into_iter().map(|at| at + before));
            let without: Vec<u64> = (0..expected.len() as u64).filter(|at| expected[*at as usize]).collect();
            prop_assert_eq!(&places, &without);
            let all: Vec<&Found> = found.iter().collect();
            let by_list = Keys::in_parts(7, parts).take_by_list(&all);
            let (mut from, mut again) = (0, Vec::new());
            for (list, own) in all.iter().zip(by_list) {
                again.extend(own.into_iter().map(|at| (at + from) as u64));
                from += list.members.len();
            }
            prop_assert_eq!(again, without);
        }
    }
}
