//! What number each of many things has once some have gone.

use rayon::prelude::*;

/// The numbers of things among those that stay. 64 of them are 16 bytes.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// Which of 64 stay, and how many stay of all before them.
    words: Vec<(u64, u32)>,
}

impl Numbers {
    /// Of the things whose mark is `stays`.
    pub fn of(marks: &[bool], stays: bool) -> Numbers {
        Numbers::those(marks.len(), |at| marks[at as usize] == stays)
    }

    /// Of some of `count` things. Whoever walks tens of millions of entries looks each up here: a quarter of the memory of a mark each.
    pub fn of_some(count: usize, some: impl Iterator<Item = u32>) -> Numbers {
        let mut marks = vec![false; count];
        some.for_each(|at| marks[at as usize] = true);
        Numbers::of(&marks, true)
    }

    /// Of those of `count` things that stay.
    pub fn those(count: usize, stays: impl Fn(u32) -> bool + Sync) -> Numbers {
        let bits = |from: usize| {
            let some = (from..(from + 64).min(count)).rev();
            some.fold(0, |bits, at| bits << 1 | u64::from(stays(at as u32)))
        };
        let word = |word: usize| (bits(word * 64), 0);
        let mut words: Vec<(u64, u32)> = (0..count.div_ceil(64)).into_par_iter().map(word).collect();
        let mut before = 0;
        for (bits, number) in &mut words {
            *number = before;
            before += bits.count_ones();
        }
        Numbers { words }
    }

    /// The number of one thing; `None` where it does not stay.
    #[inline]
    pub fn get(&self, at: u32) -> Option<u32> {
        let (before, stays) = self.before(at);
        stays.then_some(before)
    }

    /// Whether one thing stays.
    #[inline]
    pub fn has(&self, at: u32) -> bool {
        self.before(at).1
    }

    /// How many things stay that come before one, which is its number where it stays, as is told beside it: where nobody can foretell that, whoever writes
    /// the number first and asks then waits for no wrong guess.
    #[inline]
    pub fn before(&self, at: u32) -> (u32, bool) {
        let (bits, before) = self.words[at as usize / 64];
        let bit = 1 << (at % 64);
        (before + (bits & (bit - 1)).count_ones(), bits & bit != 0)
    }

    /// How many stay.
    pub fn len(&self) -> usize {
        self.words.last().map_or(0, |(bits, before)| (before + bits.count_ones()) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_stays_is_numbered_in_a_row(stays in prop::collection::vec(any::<bool>(), 0..300)) {
            let numbers = Numbers::of(&stays, true);
            prop_assert_eq!(numbers.len(), stays.iter().filter(|stays| **stays).count());
            let others = Numbers::of_some(stays.len(), (0..stays.len() as u32).filter(|at| !stays[*at as usize]));
            prop_assert!((0..stays.len() as u32).all(|at| numbers.get(at).is_some() != others.get(at).is_some()));
            let mut number = 0;
            for (at, &stays) in stays.iter().enumerate() {
                prop_assert_eq!(numbers.before(at as u32), (number, stays));
                prop_assert_eq!(numbers.has(at as u32), stays);
                prop_assert_eq!(numbers.get(at as u32), stays.then_some(number));
                number += u32::from(stays);
            }
        }
    }
}
