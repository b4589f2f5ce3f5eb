//! Which of the identities that were gathered may be in one first cluster: what is new among them concerns nobody else.

use super::links::Edge;
use super::union_find::UnionFind;
use crate::records::Numbers;
use rayon::prelude::*;

/// What may join identities.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    /// Scored pairs, of which those at or above the bar join.
    pub pairs: &'a [Edge],
    pub bar: i64,
    /// Pairs that may be joined before all evidence.
    pub joined: &'a [(u32, u32)],
}

/// Some of those that were gathered.
pub(super) struct Hanging {
    gathered: Numbers,
    /// By the number among all of them.
    hangs: Vec<bool>,
}

impl Hanging {
    /// Those of the `gathered` that may be joined with any of some identities; with `neighbours` also with any that shares a scored pair with one of these.
    pub fn of(gathered: Numbers, by: By, identities: &[u32], neighbours: bool) -> Hanging {
        let union = UnionFind::new(gathered.len());
        let numbers = |(a, b): (u32, u32)| Some((gathered.get(a)?, gathered.get(b)?));
        let strong = by.pairs.par_iter().filter(|edge| i64::from(edge.weight) >= by.bar);
        let together = strong.map(|edge| (edge.left, edge.right)).chain(by.joined.par_iter().copied());
        together.filter_map(numbers).for_each(|(a, b)| union.join(a, b));
        let mut hangs = vec![false; gathered.len()];
        let asked = identities.iter().filter_map(|&identity| gathered.get(identity));
        asked.for_each(|number| hangs[union.find(number) as usize] = true);
        if neighbours {
            let beside = |edge: &Edge| {
                let (left, right) = numbers((edge.left, edge.right))?;
                let (left, right) = (union.find(left), union.find(right));
                (hangs[left as usize] != hangs[right as usize]).then_some([left, right])
            };
            let beside: Vec<[u32; 2]> = by.pairs.par_iter().filter_map(beside).collect();
            beside.into_iter().flatten().for_each(|root| hangs[root as usize] = true);
        }
        let of = |number: u32| hangs[union.find(number) as usize];
        let hangs = (0..gathered.len() as u32).into_par_iter().map(of).collect();
        Hanging { gathered, hangs }
    }

    pub fn has(&self, identity: u32) -> bool {
        self.gathered.get(identity).is_some_and(|number| self.hangs[number as usize])
    }
}
