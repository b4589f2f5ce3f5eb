//! Disjoint sets that many threads may join at once.

use rayon::prelude::*;
use std::ops::Index;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

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
        (0..self.parent.len() as u32).for_each(|x| sizes[self.root(x) as usize] += 1);
        sizes
    }

    /// All sets, members ascending, sets by their first member.
    pub(super) fn all_groups(&self) -> Sets {
        // First how many a set has, then where its next member goes.
        let (mut place, mut sets) = (self.set_sizes(), Sets::default());
        let mut end = 0;
        for size in place.iter_mut().filter(|size| **size > 0) {
            sets.starts.push(end);
            end += std::mem::replace(size, end);
        }
        sets.starts.push(end);
        sets.members = vec![0; self.parent.len()];
        for x in 0..self.parent.len() as u32 {
            let at = &mut place[self.root(x) as usize];
            sets.members[*at as usize] = x;
            *at += 1;
        }
        sets
    }

    /// How many sets of two and more there are, and how many members the largest has (0 where there is none).
    pub fn sizes(&self) -> (u64, u64) {
        let sizes = self.set_sizes().into_iter().filter(|size| *size > 1);
        sizes.fold((0, 0), |(sets, largest), size| (sets + 1, largest.max(u64::from(size))))
    }

    /// Sets of two and more, members ascending, sets by their first member.
    pub fn groups(&self) -> Vec<Vec<u32>> {
        let mut sizes = self.set_sizes();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        // From here on a set's size is its place; a set is met first at its root.
        for x in 0..self.parent.len() as u32 {
            let root = self.root(x);
            let size = sizes[root as usize];
            if root == x && size > 1 {
                sizes[root as usize] = groups.len() as u32;
                groups.push(Vec::with_capacity(size as usize));
            } else if root == x {
                sizes[root as usize] = u32::MAX;
            }
            if let Some(group) = groups.get_mut(sizes[root as usize] as usize) {
                group.push(x);
            }
        }
        groups
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
