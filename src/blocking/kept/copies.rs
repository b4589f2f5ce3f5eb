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
