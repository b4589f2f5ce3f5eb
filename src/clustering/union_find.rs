//! Disjoint sets that many threads may join at once.

use rayon::prelude::*;
use std::ops::Index;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Parts that sets are counted and listed in, each by one thread, from so many numbers on.
const PARTS: usize = 8;
const PARTS_FROM: usize = 1 << 16;
/// The place of a set that is not listed.
const NOWHERE: u32 = u32::MAX;

/// Sets of the numbers `0..n`, without a lock: 4 bytes a number.
///
/// A root's parent is itself, and a root is only ever put under a smaller one (by compare-and-swap), so a set's root is its least member
/// whatever the order in which threads join. Any other number's parent changes only to an ancestor (path halving), so that a late write of
/// one thread undoes nothing. The numbers that are joined are identities, in the order of a hash: linking by number is then as shallow as
/// linking at random, log n steps (Goel, Khanna, Larkin and Tarjan 2014).
#[derive(Debug)]
pub struct UnionFind {
    parent: Vec<AtomicU32>,
}

impl UnionFind {
    pub fn new(n: usize) -> Self {
        UnionFind { parent: (0..n as u32).map(AtomicU32::new).collect() }
    }

    /// The least member of the set of `x`, as far as it is joined by now.
    pub fn find(&self, mut x: u32) -> u32 {
        loop {
            let parent = self.parent[x as usize].load(Relaxed);
            if parent == x {
                return x;
            }
            let above = self.parent[parent as usize].load(Relaxed);
            if above != parent {
                self.parent[x as usize].store(above, Relaxed);
            }
            x = above;
        }
    }

    pub fn join(&self, a: u32, b: u32) {
        loop {
            let (a, b) = (self.find(a), self.find(b));
            let (low, high) = (a.min(b), a.max(b));
            // Another thread may have put the greater root under something else meanwhile.
            if low == high || self.parent[high as usize].compare_exchange(high, low, Relaxed, Relaxed).is_ok() {
                return;
            }
        }
    }

    /// Puts every number right under its root, on all threads: whoever walks all numbers afterwards waits for no parent's parent.
    fn flatten(&self) {
        (0..self.parent.len() as u32)
            .into_par_iter()
            .for_each(|x| self.parent[x as usize].store(self.find(x), Relaxed));
    }

    /// The root of a number since [`UnionFind::flatten`].
    fn root(&self, x: u32) -> u32 {
        self.parent[x as usize].load(Relaxed)
    }

    /// Members of each set, by its root, which is one of them; 0 for what is no root.
    pub(super) fn set_sizes(&self) -> Vec<u32> {
        self.flatten();
        let mut sizes = vec![0; self.parent.len()];
        let part = |(nth, sizes): (usize, &mut [u32])| {
            self.each_rooted_in(nth, |root, _| sizes[root] += 1);
        };
        sizes.par_chunks_mut(self.roots_per_part()).with_max_len(1).enumerate().for_each(part);
        sizes
    }

    /// All sets, members ascending, sets by their first member.
    pub(super) fn all_groups(&self) -> Sets {
        self.sets(1)
    }

    /// Sets of so many members at least; one root of each part after the other gets its place, and each part's members stand together.
    fn sets(&self, least: u32) -> Sets {
        let (mut place, mut sets) = (self.set_sizes(), Sets::default());
        let (mut ends, mut end) = (vec![0u32], 0);
        for part in place.chunks_mut(self.roots_per_part()) {
            for size in part {
                if *size >= least {
                    sets.starts.push(end);
                    end += std::mem::replace(size, end);
                } else {
                    *size = NOWHERE;
                }
            }
            ends.push(end);
        }
        sets.starts.push(end);
        sets.members = vec![0; end as usize];
        let (mut parts, mut rest) = (Vec::new(), sets.members.as_mut_slice());
        for (place, ends) in place.chunks_mut(self.roots_per_part()).zip(ends.windows(2)) {
            let (own, after) = rest.split_at_mut((ends[1] - ends[0]) as usize);
            parts.push((place, ends[0], own));
            rest = after;
        }
        parts.into_par_iter().enumerate().with_max_len(1).for_each(|(nth, (place, from, own))| {
            self.each_rooted_in(nth, |root, x| {
                if place[root] != NOWHERE {
                    own[(place[root] - from) as usize] = x;
                    place[root] += 1;
                }
            });
        });
        sets
    }

    /// How many numbers make a part. All numbers are read for each part and most looks stay in a part's own memory, so that parts cost little and need
    /// no lock: 8 × 19 M reads of 4 bytes in a row, .1 s.
    fn roots_per_part(&self) -> usize {
        let parts = if self.parent.len() < PARTS_FROM { 1 } else { PARTS };
        self.parent.len().div_ceil(parts).max(1)
    }

    /// Hands over every number whose root is in a part, ascending, with the root's place in that part. After [`UnionFind::flatten`].
    fn each_rooted_in(&self, part: usize, mut with: impl FnMut(usize, u32)) {
        let first = part * self.roots_per_part();
        let roots = self.roots_per_part();
        for x in 0..self.parent.len() as u32 {
            let root = (self.root(x) as usize).wrapping_sub(first);
            if root < roots {
                with(root, x);
            }
        }
    }

    /// How many sets of two and more there are, and how many members the largest has (0 where there is none).
    pub fn sizes(&self) -> (u64, u64) {
        let sizes = self.set_sizes().into_iter().filter(|size| *size > 1);
        sizes.fold((0, 0), |(sets, largest), size| (sets + 1, largest.max(u64::from(size))))
    }

    /// Sets of two and more, members ascending, sets by their first member.
    pub fn groups(&self) -> Vec<Vec<u32>> {
        self.sets(2).par_iter().map(<[u32]>::to_vec).collect()
    }
}

/// Sets one after another, 4 bytes a member and as many a set: most of millions have one member, which must not cost an allocation each.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Sets {
    /// Where each begins in `members`, and the end.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Sets {
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len()).map(|set| &self[set])
    }

    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = &[u32]> {
        (0..self.len()).into_par_iter().map(|set| &self[set])
    }

    /// By member, which set it is in; all of them stand in one.
    pub fn by_member(&self) -> Vec<u32> {
        let mut set_of = vec![0; self.members.len()];
        for (set, members) in (0..).zip(self.iter()) {
            members.iter().for_each(|&member| set_of[member as usize] = set);
        }
        set_of
    }
}

impl Index<usize> for Sets {
    type Output = [u32];

    fn index(&self, set: usize) -> &[u32] {
        &self.members[self.starts[set] as usize..self.starts[set + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_that_are_counted_in_parts_make_the_same_sets() {
        let numbers = PARTS_FROM as u32 + 77;
        let union = UnionFind::new(numbers as usize);
        assert!(union.roots_per_part() < numbers as usize, "there are parts");
        // Every third number stands alone; of the others those of one remainder are one set, from all parts.
        let is_joined = |x: &u32| !x.is_multiple_of(3);
        (0..numbers).filter(is_joined).for_each(|x| union.join(x, x % 1000 + u32::from((x % 1000).is_multiple_of(3))));
        let all = union.all_groups();
        assert_eq!(all.iter().map(<[u32]>::len).sum::<usize>(), numbers as usize);
        assert!(all.iter().all(|set| set.is_sorted() && set.iter().all(|&x| union.find(x) == set[0])));
        assert!(all.iter().map(|set| set[0]).is_sorted());
        let several: Vec<Vec<u32>> = all.iter().filter(|set| set.len() > 1).map(<[u32]>::to_vec).collect();
        assert_eq!(union.groups(), several);
        assert!(several.len() > 100 && several.iter().any(|set| set.len() > 50), "sets of many parts");
    }

    proptest! {
        #[test]
        fn equals_a_reference_by_repeated_relabelling(edges in prop::collection::vec((0u32..30, 0u32..30), 0..60)) {
            let union = UnionFind::new(30);
            let mut label: Vec<u32> = (0..30).collect();
            for &(a, b) in &edges {
                union.join(a, b);
                let (from, to) = (label[a as usize], label[b as usize]);
                label.iter_mut().filter(|l| **l == from).for_each(|l| *l = to);
            }
            for a in 0..30u32 {
                for b in 0..30u32 {
                    prop_assert_eq!(union.find(a) == union.find(b), label[a as usize] == label[b as usize]);
                }
            }
            prop_assert!(union.groups().iter().all(|group| group.len() >= 2 && group.is_sorted()));
            let all = union.all_groups();
            let of_label = |first: u32| (0..30).filter(|x| label[*x as usize] == label[first as usize]).collect();
            let firsts = (0..30u32).filter(|x| label[..*x as usize].iter().all(|l| *l != label[*x as usize]));
            let expected: Vec<Vec<u32>> = firsts.map(of_label).collect();
            prop_assert_eq!(all.iter().map(<[u32]>::to_vec).collect::<Vec<_>>(), expected);
            prop_assert_eq!(all.par_iter().map(<[u32]>::len).sum::<usize>(), 30);
        }

        #[test]
        fn threads_that_join_at_once_make_the_same_sets(edges in prop::collection::vec((0u32..500, 0u32..500), 0..2_000)) {
            let (alone, at_once) = (UnionFind::new(500), UnionFind::new(500));
            edges.iter().for_each(|&(a, b)| alone.join(a, b));
            let halves = edges.split_at(edges.len() / 2);
            std::thread::scope(|scope| {
                for half in [halves.0, halves.1] {
                    scope.spawn(|| half.iter().for_each(|&(a, b)| at_once.join(a, b)));
                }
            });
            prop_assert_eq!(alone.all_groups(), at_once.all_groups());
            prop_assert_eq!(alone.groups(), at_once.groups());
            prop_assert_eq!(alone.sizes(), at_once.sizes());
        }
    }
}
