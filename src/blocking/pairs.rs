//! Candidate pairs, each exactly once, without a set of pairs.

use super::RuleCount;
use rayon::prelude::*;

/// Numbered blocks and, for each identity, the ascending numbers of its blocks.
#[derive(Debug)]
pub struct Blocks {
    starts: Vec<u64>,
    members: Vec<u32>,
    own_starts: Vec<u64>,
    own: Vec<u32>,
    pub counts: Vec<RuleCount>,
    /// Identities a block may hold, chosen for this population.
    pub cap: usize,
}

/// A run of consecutive blocks: the unit in which pairs are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairs {
    from: u32,
    to: u32,
}

impl Blocks {
    /// Numbers blocks in the order given; members ascend within each.
    pub(super) fn number<'a>(
        blocks: impl Iterator<Item = &'a [u32]>,
        identities: usize,
        counts: Vec<RuleCount>,
        cap: usize,
    ) -> Blocks {
        let (mut starts, mut members) = (vec![0u64], Vec::new());
        for block in blocks {
            members.extend_from_slice(block);
            starts.push(members.len() as u64);
        }
        let mut own_starts = vec![0u64; identities + 1];
        members.iter().for_each(|&identity| own_starts[identity as usize + 1] += 1);
        (0..identities).for_each(|i| own_starts[i + 1] += own_starts[i]);
        let (mut own, mut filled) = (vec![0u32; members.len()], own_starts.clone());
        for block in 0..starts.len() - 1 {
            for &identity in &members[starts[block] as usize..starts[block + 1] as usize] {
                own[filled[identity as usize] as usize] = block as u32;
                filled[identity as usize] += 1;
            }
        }
        Blocks { starts, members, own_starts, own, counts, cap }
    }

    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn members(&self, block: u32) -> &[u32] {
        &self.members[self.starts[block as usize] as usize..self.starts[block as usize + 1] as usize]
    }

    fn blocks_of(&self, identity: u32) -> &[u32] {
        &self.own[self.own_starts[identity as usize] as usize..self.own_starts[identity as usize + 1] as usize]
    }

    /// Splits the blocks into runs of about `pairs` pairs each, the same for any number of threads.
    pub fn runs(&self, pairs: u64) -> Vec<Pairs> {
        let (mut runs, mut from, mut held) = (Vec::new(), 0, 0u64);
        for block in 0..self.len() as u32 {
            held += super::pairs_within(self.members(block).len());
            if held >= pairs {
                runs.push(Pairs { from, to: block + 1 });
                (from, held) = (block + 1, 0);
            }
        }
        if (from as usize) < self.len() {
            runs.push(Pairs { from, to: self.len() as u32 });
        }
        runs
    }

    /// Hands out the pairs of one run, left < right. A pair is emitted in the first block that both share, which is the smallest:
    /// two ascending lists of about ten numbers are walked until they meet (about 15 ns).
    pub fn each_pair(&self, run: Pairs, mut emit: impl FnMut(u32, u32)) {
        for block in run.from..run.to {
            let members = self.members(block);
            for (at, &left) in members.iter().enumerate() {
                for &right in &members[at + 1..] {
                    if self.first_shared(left, right) == Some(block) {
                        emit(left, right);
                    }
                }
            }
        }
    }

    /// The first block that holds both identities.
    pub fn first_shared(&self, left: u32, right: u32) -> Option<u32> {
        let (mut a, mut b) = (self.blocks_of(left).iter(), self.blocks_of(right).iter());
        let (mut x, mut y) = (a.next()?, b.next()?);
        loop {
            match x.cmp(y) {
                std::cmp::Ordering::Equal => return Some(*x),
                std::cmp::Ordering::Less => x = a.next()?,
                std::cmp::Ordering::Greater => y = b.next()?,
            }
        }
    }

    /// Pairs of all blocks, those that several rules yield counted each time.
    pub fn pairs_at_most(&self) -> u64 {
        self.counts.iter().map(|rule| rule.pairs).sum()
    }

    /// Number of distinct pairs: one walk over all of them.
    pub fn distinct_pairs(&self) -> u64 {
        let count = |run: &Pairs| {
            let mut pairs = 0u64;
            self.each_pair(*run, |_, _| pairs += 1);
            pairs
        };
        self.runs(100_000).par_iter().map(count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn every_pair_of_every_block_comes_exactly_once(
            blocks in prop::collection::vec(prop::collection::btree_set(0u32..40, 2..8), 0..30),
            size in 1u64..50,
        ) {
            let mut sorted = blocks.clone();
            sorted.sort_by_key(BTreeSet::len);
            let flat: Vec<Vec<u32>> = sorted.iter().map(|b| b.iter().copied().collect()).collect();
            let numbered = Blocks::number(flat.iter().map(Vec::as_slice), 40, Vec::new(), 8);
            let mut seen = Vec::new();
            for run in numbered.runs(size) {
                numbered.each_pair(run, |left, right| seen.push((left, right)));
            }
            let distinct: BTreeSet<_> = seen.iter().copied().collect();
            prop_assert_eq!(seen.len(), distinct.len());
            let mut expected = BTreeSet::new();
            for block in &blocks {
                for a in block {
                    expected.extend(block.iter().filter(|b| a < *b).map(|b| (*a, *b)));
                }
            }
            prop_assert_eq!(distinct, expected);
        }
    }
}
