//! Disjoint sets with path halving and union by size.

use rayon::prelude::*;
use std::ops::Index;

/// Sets of the numbers `0..n`.
#[derive(Debug, Clone)]
pub struct UnionFind {
    parent: Vec<u32>,
    size: Vec<u32>,
}

impl UnionFind {
    pub fn new(n: usize) -> Self {
        UnionFind { parent: (0..n as u32).collect(), size: vec![1; n] }
    }

    pub fn find(&mut self, mut x: u32) -> u32 {
        while self.parent[x as usize] != x {
            self.parent[x as usize] = self.parent[self.parent[x as usize] as usize];
            x = self.parent[x as usize];
        }
        x
    }

    pub fn join(&mut self, a: u32, b: u32) {
        let (mut a, mut b) = (self.find(a), self.find(b));
        if a == b {
            return;
        }
        if (self.size[a as usize], b) < (self.size[b as usize], a) {
            (a, b) = (b, a);
        }
        self.parent[b as usize] = a;
        self.size[a as usize] += self.size[b as usize];
    }

    /// All sets, members ascending, sets by their first member.
    pub(super) fn all_groups(&mut self) -> Sets {
        let n = self.parent.len() as u32;
        let (mut place, mut sets) = (vec![u32::MAX; n as usize], Sets::default());
        let mut end = 0;
        for x in 0..n {
            let root = self.find(x) as usize;
            if place[root] == u32::MAX {
                place[root] = end;
                sets.starts.push(end);
                end += self.size[root];
            }
        }
        sets.starts.push(end);
        sets.members = vec![0; n as usize];
        for x in 0..n {
            let at = &mut place[self.find(x) as usize];
            sets.members[*at as usize] = x;
            *at += 1;
        }
        sets
    }

    /// How many sets of two and more there are, and how many members the largest has (0 where there is none).
    pub fn sizes(&self) -> (u64, u64) {
        let sizes =
            self.parent.iter().enumerate().filter(|(x, parent)| *x == **parent as usize).map(|(x, _)| self.size[x]);
        sizes.filter(|size| *size > 1).fold((0, 0), |(sets, largest), size| (sets + 1, largest.max(u64::from(size))))
    }

    /// Sets of two and more, members ascending, sets by their first member.
    pub fn groups(&mut self) -> Vec<Vec<u32>> {
        let n = self.parent.len();
        let mut place = vec![u32::MAX; n];
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for x in 0..n as u32 {
            let root = self.find(x) as usize;
            if self.size[root] > 1 {
                if place[root] == u32::MAX {
                    place[root] = groups.len() as u32;
                    groups.push(Vec::with_capacity(self.size[root] as usize));
                }
                groups[place[root] as usize].push(x);
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
            let mut union = UnionFind::new(30);
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
    }
}
