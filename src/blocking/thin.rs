//! Taking blocks, and identities out of blocks, where they stand: nothing is copied but over what goes.
//!
//! Back of an envelope, 200 M memberships of 19 M identities on two threads: 800 MB read and written once in a row, and as many times a look at 5 MB of
//! [`Numbers`](crate::records::Numbers), which stay in the cache: about a second.

use super::rules::Found;
use rayon::prelude::*;

/// Blocks that are walked as one piece of work.
const BLOCKS_AT_ONCE: usize = 1 << 15;

/// Some blocks, one after another.
struct Piece<'a> {
    /// Where each starts in the members of all, and where the last ends.
    starts: &'a [u32],
    /// Theirs alone.
    members: &'a mut [u32],
    gone: &'a mut [bool],
}

impl Piece<'_> {
    /// Lays what stays end to end, at the beginning of the piece. Gives where each block ends there.
    fn thin(self, number: &impl Fn(u32) -> Option<u32>) -> Vec<u32> {
        let (mut ends, mut to) = (Vec::with_capacity(self.gone.len()), 0);
        for (block, gone) in self.starts.windows(2).zip(self.gone).filter(|(_, gone)| !**gone) {
            let before = to;
            for from in (block[0] - self.starts[0]) as usize..(block[1] - self.starts[0]) as usize {
                if let Some(number) = number(self.members[from]) {
                    self.members[to] = number;
                    to += 1;
                }
            }
            *gone = to - before < 2;
            match *gone {
                true => to = before,
                false => ends.push(to as u32),
            }
        }
        ends
    }
}

impl Found {
    /// Takes out the blocks that are marked in `gone`, and of the others the members that have no `number`, which must ascend as members do. A block of
    /// which less than two members are left goes as well, and is marked then. The room of what went stays.
    pub fn thin(&mut self, gone: &mut [bool], number: impl Fn(u32) -> Option<u32> + Sync) {
        let mut rest = self.members.as_mut_slice();
        let mut pieces = Vec::with_capacity(gone.len().div_ceil(BLOCKS_AT_ONCE));
        let mut from = Vec::with_capacity(pieces.capacity());
        for (nth, gone) in gone.chunks_mut(BLOCKS_AT_ONCE).enumerate() {
            let starts = &self.starts[nth * BLOCKS_AT_ONCE..=nth * BLOCKS_AT_ONCE + gone.len()];
            let members;
            (members, rest) = rest.split_at_mut((starts[gone.len()] - starts[0]) as usize);
            from.push(starts[0] as usize);
            pieces.push(Piece { starts, members, gone });
        }
        let ends: Vec<Vec<u32>> = pieces.into_par_iter().with_max_len(1).map(|piece| piece.thin(&number)).collect();
        self.starts.truncate(1);
        let mut to = 0;
        for (ends, from) in ends.iter().zip(from) {
            let len = ends.last().map_or(0, |end| *end as usize);
            self.members.copy_within(from..from + len, to);
            self.starts.extend(ends.iter().map(|end| to as u32 + end));
            to += len;
        }
        self.members.truncate(to);
    }

    /// Gives back the room that is not needed.
    pub fn shrink_to_fit(&mut self) {
        self.starts.shrink_to_fit();
        self.members.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Numbers;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_of_two_and_more_of_those_who_stay_are_left(
            blocks in prop::collection::vec((prop::collection::btree_set(0u32..99, 1..5), any::<bool>()), 0..60),
            again in 1usize..2_000,
            stays in prop::collection::vec(any::<bool>(), 99),
        ) {
            // More than are walked at once, as often as not.
            let blocks: Vec<_> = blocks.iter().cycle().take(blocks.len() * again).collect();
            let numbers = Numbers::of(&stays, true);
            let (mut found, mut expected) = (Found::default(), Found::default());
            let mut left = Vec::new();
            for (block, gone) in &blocks {
                found.push(block.iter().copied());
                let members: Vec<u32> = block.iter().filter_map(|&identity| numbers.get(identity)).collect();
                left.push(!gone && members.len() >= 2);
                if left[left.len() - 1] {
                    expected.push(members.into_iter());
                }
            }
            let mut gone: Vec<bool> = blocks.iter().map(|(_, gone)| *gone).collect();
            found.thin(&mut gone, |identity| numbers.get(identity));
            prop_assert_eq!(found, expected);
            prop_assert_eq!(gone, left.into_iter().map(|left| !left).collect::<Vec<_>>());
        }
    }
}
