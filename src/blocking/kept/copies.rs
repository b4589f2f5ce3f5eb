//! Blocks with the very same members as earlier ones.

use crate::blocking::number;
use crate::blocking::rules::Found;
use crate::records::Numbers;

/// Which blocks have the same members as which: 8 bytes a block that has copies, and 4 each copy.
#[derive(Debug)]
pub(super) struct Copies {
    /// Blocks that have copies, ascending, and their numbers among these.
    firsts: Vec<u32>,
    numbers: Numbers,
    /// By number, where the copies of one start, and where the last end.
    starts: Vec<u32>,
    copies: Vec<u32>,
}

impl Default for Copies {
    fn default() -> Self {
        Copies { firsts: Vec::new(), numbers: Numbers::of(&[], true), starts: vec![0], copies: Vec::new() }
    }
}

impl Copies {
    pub fn of(blocks: &Found, identities: usize) -> Copies {
        let pairs = number::copies(blocks, identities);
        let mut all = Copies::default();
        for alike in pairs.chunk_by(|a, b| a.0 == b.0) {
            all.firsts.push(alike[0].0);
            all.copies.extend(alike.iter().map(|(_, copy)| *copy));
            all.starts.push(all.copies.len() as u32);
        }
        all.numbers = Numbers::of_some(blocks.len(), all.firsts.iter().copied());
        all
    }

    /// All that are copies of others.
    pub fn all(&self) -> &[u32] {
        &self.copies
    }

    /// The copies of a block, ascending.
    pub fn of_block(&self, block: u32) -> &[u32] {
        self.numbers.get(block).map_or(&[], |number| self.of_number(number as usize))
    }

    /// Blocks that have copies, ascending, each with these.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.firsts.iter().enumerate().map(|(number, first)| (*first, self.of_number(number)))
    }

    fn of_number(&self, number: usize) -> &[u32] {
        &self.copies[self.starts[number] as usize..self.starts[number + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_block_but_the_first_of_its_members_is_a_copy_of_that(
            blocks in prop::collection::vec(prop::collection::btree_set(0u32..6, 0..4), 0..40),
        ) {
            let mut found = Found::default();
            blocks.iter().for_each(|block| found.push(block.iter().copied()));
            let copies = Copies::of(&found, 6);
            let mut all = Vec::new();
            for (block, members) in blocks.iter().enumerate() {
                let others = |from: usize| (from..blocks.len()).filter(|&other| other != block && blocks[other] == *members && members.len() >= 2);
                let is_first = others(0).next().is_none_or(|other| other > block);
                let expected: Vec<u32> = others(block).map(|other| other as u32).filter(|_| is_first).collect();
                prop_assert_eq!(copies.of_block(block as u32), &expected);
                all.extend((!expected.is_empty()).then_some((block as u32, expected)));
            }
            let listed: Vec<(u32, Vec<u32>)> = copies.iter().map(|(first, copies)| (first, copies.to_vec())).collect();
            prop_assert_eq!(copies.all(), listed.iter().flat_map(|(_, copies)| copies.clone()).collect::<Vec<u32>>());
            prop_assert_eq!(listed, all);
        }
    }
}
