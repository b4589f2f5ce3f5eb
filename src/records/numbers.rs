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
        let bits = |some: &[bool]| some.iter().rev().fold(0, |bits, &mark| bits << 1 | u64::from(mark == stays));
        let mut words: Vec<(u64, u32)> = marks.par_chunks(64).map(|some| (bits(some), 0)).collect();
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
        let (bits, before) = self.words[at as usize / 64];
        let bit = 1 << (at % 64);
        (bits & bit != 0).then(|| before + (bits & (bit - 1)).count_ones())
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
            let others = Numbers::of(&stays, false);
            prop_assert!((0..stays.len() as u32).all(|at| numbers.get(at).is_some() != others.get(at).is_some()));
            let mut number = 0;
            for (at, &stays) in stays.iter().enumerate() {
                prop_assert_eq!(numbers.get(at as u32), stays.then_some(number));
                number += u32::from(stays);
            }
        }
    }
}
