//! Which pairs may hold two values that are used for each other: what is learnt of such values changes no other pattern.
//!
//! Two bit sets of 64 an identity, 16 bytes: of the values that it holds, and of those that they are aliases of; a value's bit is its hash. Where a
//! left one's aliases and a right one's values have no bit in common the pair is left alone, which is one cache line where comparing again
//! touches six. Some pairs are compared for nothing, none is missed.

use super::Alias;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// What each identity holds of values that have aliases.
#[derive(Debug)]
pub struct Meeting {
    held: Vec<u64>,
    aliases: Vec<u64>,
}

/// The bit of a value.
fn bit(value: u32) -> u64 {
    1 << (value.wrapping_mul(0x9e37_79b1) >> 26)
}

impl Meeting {
    pub(super) fn none(identities: usize) -> Meeting {
        Meeting { held: vec![0; identities], aliases: vec![0; identities] }
    }

    /// Adds the aliases of one comparison, of which an identity holds `values`.
    pub(super) fn add<I: Iterator<Item = u32>>(&mut self, aliases: &[Alias], values: impl Fn(u32) -> I + Sync) {
        let mut of_value: FxHashMap<u32, u64> = FxHashMap::default();
        for &(a, b, _) in aliases {
            *of_value.entry(a).or_default() |= bit(b);
            *of_value.entry(b).or_default() |= bit(a);
        }
        let both = self.held.par_iter_mut().zip(&mut self.aliases);
        both.enumerate().for_each(|(identity, (held, aliases))| {
            for value in values(identity as u32) {
                if let Some(of) = of_value.get(&value) {
                    *held |= bit(value);
                    *aliases |= of;
                }
            }
        });
    }

    /// Whether an identity holds a value that has an alias.
    pub fn holds(&self, identity: u32) -> bool {
        self.of(identity).is_some()
    }

    /// What the values of an identity are aliases of; `None` where it holds none that has any.
    pub fn of(&self, identity: u32) -> Option<u64> {
        Some(self.aliases[identity as usize]).filter(|aliases| *aliases != 0)
    }

    /// Whether another identity may hold one of those.
    pub fn may_hold(&self, aliases: u64, identity: u32) -> bool {
        self.held[identity as usize] & aliases != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_pair_with_an_alias_is_missed(
            values in prop::collection::vec(prop::collection::vec(0u32..200, 0..4), 2..20),
            aliases in prop::collection::vec((0u32..200, 0u32..200), 0..30),
        ) {
            let aliases: Vec<Alias> = aliases.into_iter().map(|(a, b)| (a.min(b), a.max(b), 5.0)).collect();
            let mut meeting = Meeting::none(values.len());
            meeting.add(&aliases, |identity| values[identity as usize].iter().copied());
            for (left, x) in values.iter().enumerate() {
                for (right, y) in values.iter().enumerate() {
                    let known = |a: u32, b: u32| aliases.iter().any(|&(c, d, _)| (a.min(b), a.max(b)) == (c, d));
                    let meet = x.iter().any(|&a| y.iter().any(|&b| known(a, b)));
                    let may = meeting.of(left as u32).is_some_and(|of| meeting.may_hold(of, right as u32));
                    prop_assert!(may || !meet);
                }
            }
        }
    }

    #[test]
    fn most_pairs_without_an_alias_are_left_alone() {
        let aliases: Vec<Alias> = (0..20).map(|value| (value, value + 100, 5.0)).collect();
        let mut meeting = Meeting::none(200);
        meeting.add(&aliases, std::iter::once);
        let may = |left: u32, right: u32| meeting.of(left).is_some_and(|of| meeting.may_hold(of, right));
        let all = (0..200).flat_map(|left| (0..200).map(move |right| (left, right)));
        assert!(all.filter(|&(left, right)| may(left, right)).count() < 200);
    }
}
