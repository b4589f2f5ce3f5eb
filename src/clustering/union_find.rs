//! Disjoint sets with path halving and union by size.

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

    /// Sets of two and more, members ascending, sets by their first member.
    pub fn groups(&mut self) -> Vec<Vec<u32>> {
        self.groups_of(2)
    }

    /// All sets, members ascending, sets by their first member.
    pub fn all_groups(&mut self) -> Vec<Vec<u32>> {
        self.groups_of(1)
    }

    /// How many sets of two and more there are, and how many members the largest has (0 where there is none).
    pub fn sizes(&self) -> (u64, u64) {
        let sizes =
            self.parent.iter().enumerate().filter(|(x, parent)| *x == **parent as usize).map(|(x, _)| self.size[x]);
        sizes.filter(|size| *size > 1).fold((0, 0), |(sets, largest), size| (sets + 1, largest.max(u64::from(size))))
    }

    fn groups_of(&mut self, smallest: u32) -> Vec<Vec<u32>> {
        let n = self.parent.len();
        let mut place = vec![u32::MAX; n];
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for x in 0..n as u32 {
            let root = self.find(x) as usize;
            if self.size[root] >= smallest {
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
        }
    }
}
