//! How far a bar has to be raised, found with few walks over the pairs.

/// Looks for the least number that is enough, where all greater ones are as well: doubled until one is, then halved between. An answer costs a walk
/// over all pairs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    first: i64,
    too_low: i64,
    enough: i64,
    found: bool,
}

impl Steps {
    /// 0 is too low, and `most` is enough, or the most that may be. For where the answer is mostly small.
    pub fn up_to(most: i64) -> Steps {
        Steps::from(1, most)
    }

    /// The same, and `first` is asked first: about what the answer is expected to be.
    pub fn from(first: i64, most: i64) -> Steps {
        Steps { first, too_low: 0, enough: most, found: false }
    }

    /// What is to be asked next; `None` where it is found.
    pub fn next(&self) -> Option<i64> {
        let Steps { first, too_low, enough, found } = *self;
        let middle = || if found { (too_low + enough) / 2 } else { (too_low * 2).max(first).min(enough - 1) };
        (too_low + 1 < enough).then(middle)
    }

    pub fn tell(&mut self, asked: i64, is_enough: bool) {
        self.found |= is_enough;
        if is_enough { self.enough = self.enough.min(asked) } else { self.too_low = self.too_low.max(asked) }
    }

    pub fn enough(&self) -> i64 {
        self.enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_least_that_is_enough_is_found_with_few_questions(most in 1i64..3_000, least in 1i64..3_000) {
            let (mut steps, mut questions) = (Steps::up_to(most), 0);
            while let Some(asked) = steps.next() {
                steps.tell(asked, asked >= least);
                questions += 1;
            }
            prop_assert_eq!(steps.enough(), least.min(most));
            prop_assert!(questions <= 2 * (i64::BITS - least.min(most).leading_zeros()) + 1);
        }

        #[test]
        fn the_same_is_found_from_wherever_it_is_looked_for(first in 1i64..600, most in 1i64..600, least in 1i64..600) {
            let mut steps = Steps::from(first, most);
            while let Some(asked) = steps.next() {
                prop_assert!((1..most).contains(&asked));
                steps.tell(asked, asked >= least);
            }
            prop_assert_eq!(steps.enough(), least.min(most));
        }
    }
}
