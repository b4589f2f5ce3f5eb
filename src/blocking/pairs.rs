//! Candidate pairs, each exactly once, without a set of pairs.

use super::number::{self, Own};
use super::rules::Found;
use super::{Limits, RuleCount};
use rayon::prelude::*;

/// Identities whose pairs are handed out as one piece of work.
const IDENTITIES_PER_RUN: usize = 4_000;

/// Numbered blocks and, for each identity, which of them it is in. At most 24 × 8 + 4 bytes an identity.
#[derive(Debug)]
pub struct Memberships {
    pub(super) found: Found,
    pub(super) own: Own,
}

impl Memberships {
    pub(super) fn of(found: Found, identities: usize) -> Memberships {
        Memberships::of_those(found, identities, |_| true)
    }

    /// Nobody is listed in a block that does not count.
    pub(super) fn of_those(found: Found, identities: usize, counts: impl Fn(u32) -> bool + Sync) -> Memberships {
        let own = Own::of(&found, identities, counts);
        Memberships { found, own }
    }

    fn members(&self, block: u32) -> &[u32] {
        self.found.members(block as usize)
    }

    /// The identities that share a block with `identity`, each once.
    pub fn neighbours<'a>(&self, identity: u32, met: &'a mut Met) -> &'a [u32] {
        self.meet(identity, |other| other != identity, met);
        &met.rights
    }

    fn meet(&self, identity: u32, wanted: impl Fn(u32) -> bool, met: &mut Met) {
        let blocks = self.own.blocks_of(identity);
        met.clear(blocks.iter().map(|&block| self.members(block).len()).sum());
        for &block in blocks {
            self.members(block).iter().filter(|&&other| wanted(other)).for_each(|&other| met.add(other));
        }
    }
}

/// Blocks that hand out pairs.
#[derive(Debug)]
pub struct Blocks {
    memberships: Memberships,
    /// Identities that are in a block, in the order of their first blocks: one person's, which share most of their blocks, come together
    /// and find these in the cache.
    order: Vec<u32>,
    pub counts: Vec<RuleCount>,
    pub limits: Limits,
}

/// A run of identities in the order of their first blocks, with their pairs: the unit in which pairs are handed out, and what a distributed
/// engine gives to one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairs {
    from: usize,
    to: usize,
}

impl Blocks {
    /// Numbers blocks in the order given. Of blocks with the very same members, of which several rules make a third of all, the first stays: the others
    /// yield no pair that it does not.
    pub(super) fn number(mut found: Found, identities: usize, counts: Vec<RuleCount>, limits: Limits) -> Blocks {
        let mut is_copy = vec![false; found.len()];
        number::copies(&found, identities).into_iter().for_each(|(_, copy)| is_copy[copy as usize] = true);
        found.thin(&mut is_copy, Some);
        found.shrink_to_fit();
        drop(is_copy);
        Blocks::of(Memberships::of(found, identities), counts, limits)
    }

    /// Blocks of which no two have the same members.
    pub(super) fn of(memberships: Memberships, counts: Vec<RuleCount>, limits: Limits) -> Blocks {
        let order = memberships.own.order();
        Blocks { memberships, order, counts, limits }
    }

    /// Heap bytes.
    pub fn heap_bytes(&self) -> u64 {
        let Memberships { found, own } = &self.memberships;
        (found.starts.capacity() + found.members.capacity() + self.order.capacity()) as u64 * 4 + own.heap_bytes()
    }

    /// Who is in a block with whom.
    pub fn memberships(&self) -> &Memberships {
        &self.memberships
    }

    /// The same, where nobody asks for pairs any more.
    pub fn into_memberships(self) -> Memberships {
        self.memberships
    }

    pub fn len(&self) -> usize {
        self.memberships.found.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The identities of each block, ascending.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len() as u32).map(|block| self.members(block))
    }

    fn members(&self, block: u32) -> &[u32] {
        self.memberships.members(block)
    }

    fn blocks_of(&self, identity: u32) -> &[u32] {
        self.memberships.own.blocks_of(identity)
    }

    /// Splits the work into runs of about as many identities each, the same for any number of threads.
    pub fn runs(&self) -> Vec<Pairs> {
        self.runs_of(IDENTITIES_PER_RUN)
    }

    /// Splits the pairs into partitions, from the place of each of `cuts` on; places in the order that runs have, taken modulo their number.
    /// Every pair is in exactly one, wherever the cuts are.
    pub fn partitions(&self, cuts: &[usize]) -> Vec<Pairs> {
        let all = self.order.len();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (all + 1)).chain([0, all]).collect();
        places.sort_unstable();
        places.windows(2).map(|pair| Pairs { from: pair[0], to: pair[1] }).collect()
    }

    fn runs_of(&self, identities: usize) -> Vec<Pairs> {
        let all = self.order.len();
        (0..all).step_by(identities).map(|from| Pairs { from, to: (from + identities).min(all) }).collect()
    }

    /// Hands out the pairs of one run: an identity for which `wanted` holds, and all greater ones that it shares a block with.
    ///
    /// A pair that several blocks yield is found by a small table of those seen: about 5 ns a yield.
    pub fn each_left(&self, run: Pairs, wanted: impl Fn(u32) -> bool, mut emit: impl FnMut(u32, &[u32])) {
        let mut met = Met::default();
        for &left in self.order[run.from..run.to].iter().filter(|&&left| wanted(left)) {
            self.memberships.meet(left, |other| other > left, &mut met);
            if !met.rights.is_empty() {
                emit(left, &met.rights);
            }
        }
    }

    /// By block, the sum of its members' `looks`: two blocks of the same members have the same.
    pub fn sums(&self, looks: &[u128]) -> Vec<u128> {
        let look = |identity: u32| looks[identity as usize];
        let sum =
            |block: u32| self.members(block).iter().fold(0u128, |sum, &identity| sum.wrapping_add(look(identity)));
        (0..self.len() as u32).into_par_iter().map(sum).collect()
    }

    /// As [`Blocks::each_left`], but of the greater identities those that are met only in blocks for which `is_known` does not hold are
    /// [`Met::fresh`]; the others are counted as [`Met::known`].
    pub fn each_left_of_fresh(&self, run: Pairs, is_known: &[bool], mut emit: impl FnMut(u32, &Met)) {
        let mut met = Met::default();
        for &left in &self.order[run.from..run.to] {
            let blocks = self.blocks_of(left);
            met.clear(blocks.iter().map(|&block| self.members(block).len()).sum());
            let greater = |block: &u32| self.members(*block).iter().filter(|&&other| other > left);
            let those = |wanted: bool| blocks.iter().filter(move |block| is_known[**block as usize] == wanted);
            those(true).flat_map(greater).for_each(|&other| met.add(other));
            met.known = met.rights.len() as u64;
            met.rights.clear();
            those(false).flat_map(greater).for_each(|&other| met.add(other));
            if met.known > 0 || !met.rights.is_empty() {
                emit(left, &met);
            }
        }
    }

    /// Whether some block holds both identities.
    pub fn share_one(&self, left: u32, right: u32) -> bool {
        self.share_one_of(left, right, |_| true)
    }

    /// Whether some block for which `counts` holds has both identities: two ascending lists of about ten numbers are walked until they meet.
    pub fn share_one_of(&self, left: u32, right: u32, counts: impl Fn(u32) -> bool) -> bool {
        let (mut a, mut b) = (self.blocks_of(left), self.blocks_of(right));
        while let (Some(x), Some(y)) = (a.first(), b.first()) {
            match x.cmp(y) {
                std::cmp::Ordering::Equal if counts(*x) => return true,
                std::cmp::Ordering::Equal => (a, b) = (&a[1..], &b[1..]),
                std::cmp::Ordering::Less => a = &a[1..],
                std::cmp::Ordering::Greater => b = &b[1..],
            }
        }
        false
    }

    /// Pairs of all blocks, those that several rules yield counted each time.
    pub fn pairs_at_most(&self) -> u64 {
        self.counts.iter().map(|rule| rule.pairs).sum()
    }

    /// Number of distinct pairs: one walk over all of them.
    pub fn distinct_pairs(&self) -> u64 {
        let count = |run: &Pairs| {
            let mut pairs = 0;
            self.each_left(*run, |_| true, |_, rights| pairs += rights.len() as u64);
            pairs
        };
        self.runs().par_iter().with_max_len(1).map(count).sum()
    }
}

/// The identities that one identity meets, each once: a list, and an open-addressed table that says which are in it.
#[derive(Debug, Default)]
pub struct Met {
    rights: Vec<u32>,
    /// How many stand in the table only.
    known: u64,
    slots: Vec<u32>,
    /// What a hash is shifted by to give a place in `slots`.
    shift: u32,
}

/// No identity has this number: it marks a free slot.
const FREE: u32 = u32::MAX;

impl Met {
    /// Makes room for up to `most` identities; at least half of the slots stay free.
    fn clear(&mut self, most: usize) {
        let size = (2 * most).next_power_of_two().max(16);
        self.rights.clear();
        self.known = 0;
        self.slots.clear();
        self.slots.resize(size, FREE);
        self.shift = u32::BITS - size.trailing_zeros();
    }

    /// How many were met in a known block.
    pub fn known(&self) -> u64 {
        self.known
    }

    /// Those that were met in no known block.
    pub fn fresh(&self) -> &[u32] {
        &self.rights
    }

    fn add(&mut self, identity: u32) {
        let mask = self.slots.len() - 1;
        let mut at = (identity.wrapping_mul(0x9e37_79b1) >> self.shift) as usize;
        while self.slots[at] != FREE {
            if self.slots[at] == identity {
                return;
            }
            at = (at + 1) & mask;
        }
        self.slots[at] = identity;
        self.rights.push(identity);
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
            size in 1usize..50,
            known in prop::collection::vec(any::<bool>(), 30),
        ) {
            let mut sorted = blocks.clone();
            sorted.sort_by_key(BTreeSet::len);
            let flat: Vec<Vec<u32>> = sorted.iter().map(|b| b.iter().copied().collect()).collect();
            let mut found = Found::default();
            flat.iter().for_each(|block| found.push(block.iter().copied()));
            let numbered = Blocks::number(found, 40, Vec::new(), Limits { cap: 8, cap_last: 60, weak_rules: false });
            let mut seen = Vec::new();
            for run in numbered.runs_of(size) {
                numbered.each_left(run, |_| true, |left, rights| seen.extend(rights.iter().map(|right| (left, *right))));
            }
            let distinct: BTreeSet<_> = seen.iter().copied().collect();
            prop_assert_eq!(seen.len(), distinct.len());
            let mut expected = BTreeSet::new();
            for block in &blocks {
                for a in block {
                    expected.extend(block.iter().filter(|b| a < *b).map(|b| (*a, *b)));
                }
            }
            let is_known: Vec<bool> = (0..numbered.len()).map(|at| known.get(at).copied().unwrap_or(false)).collect();
            let inside = |a: u32, b: u32, wanted: bool| {
                numbered.iter().zip(&is_known).any(|(block, known)| *known == wanted && block.contains(&a) && block.contains(&b))
            };
            let mut again = 0;
            for run in numbered.runs_of(size) {
                numbered.each_left_of_fresh(run, &is_known, |left, met| {
                    again += met.known() as usize + met.fresh().len();
                    for right in 0..40 {
                        let (old, new) = (inside(left, right, true), inside(left, right, false));
                        assert!(right == left || numbered.share_one_of(left, right, |block| is_known[block as usize]) == old);
                        assert_eq!(met.fresh().contains(&right), right > left && new && !old);
                    }
                });
            }
            prop_assert_eq!(again, seen.len());
            let mut met = Met::default();
            for a in 0..40 {
                for b in 0..40 {
                    let together = expected.contains(&(a.min(b), a.max(b)));
                    prop_assert_eq!(numbered.memberships().neighbours(a, &mut met).contains(&b), together);
                    prop_assert!(a == b || numbered.share_one(a, b) == together);
                }
            }
            prop_assert_eq!(distinct, expected);
            let kept: BTreeSet<&[u32]> = numbered.iter().collect();
            prop_assert_eq!(kept.len(), numbered.len(), "no block stands twice");
            prop_assert_eq!(kept, flat.iter().map(Vec::as_slice).collect());
        }
    }
}
