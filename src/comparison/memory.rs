//! Patterns that were asked for lately, of pairs that no block holds: clustering compares all pairs of a component, one model after another.
//!
//! A table of fixed size in which a newer pair takes an older one's place, so that it may forget but is never wrong. It is cut into shards with
//! a lock each, which threads hardly ever find taken: a look takes some 30 ns, comparing again some 400.

use super::Pattern;
use std::sync::Mutex;

/// Entries for each identity, about; 16 bytes each.
const ENTRIES_PER_IDENTITY: usize = 4;
/// 32 MiB.
const ENTRIES_MAX: usize = 1 << 21;
const SHARDS: usize = 1 << 10;
/// No pair: an identity is never this number.
const NO_PAIR: u64 = u64::MAX;

/// What is remembered.
#[derive(Debug)]
pub(super) struct Memory {
    /// A pair and its pattern at the place that the pair's hash gives; a shard is filled when it is first needed.
    shards: Vec<Mutex<Vec<(u64, Pattern)>>>,
    entries_per_shard: usize,
}

impl Memory {
    pub fn new(identities: usize) -> Memory {
        let entries = (identities * ENTRIES_PER_IDENTITY).next_power_of_two().clamp(SHARDS, ENTRIES_MAX);
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Memory { shards, entries_per_shard: entries / SHARDS }
    }

    /// The pattern of a pair; `compare` is asked where it is not known.
    pub fn pattern(&self, left: u32, right: u32, compare: impl FnOnce() -> Pattern) -> Pattern {
        self.get(left, right).unwrap_or_else(|| {
            let pattern = compare();
            self.put(left, right, pattern);
            pattern
        })
    }

    /// The pattern of a pair where it is known.
    pub fn get(&self, left: u32, right: u32) -> Option<Pattern> {
        let (pair, shard, at) = self.place(left, right);
        // Nobody panics while a shard is locked; if somebody did, comparing anew would be right as well.
        let known = self.shards[shard].lock().ok()?;
        known.get(at).filter(|(of, _)| *of == pair).map(|(_, pattern)| *pattern)
    }

    /// Remembers the pattern of a pair.
    pub fn put(&self, left: u32, right: u32, pattern: Pattern) {
        let (pair, shard, at) = self.place(left, right);
        if let Ok(mut known) = self.shards[shard].lock() {
            if known.is_empty() {
                known.resize(self.entries_per_shard, (NO_PAIR, 0));
            }
            known[at] = (pair, pattern);
        }
    }

    /// A pair as one number, its shard, and its place in it.
    fn place(&self, left: u32, right: u32) -> (u64, usize, usize) {
        let pair = u64::from(left) << 32 | u64::from(right);
        let hash = pair.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        (pair, hash as usize % SHARDS, hash as usize / SHARDS % self.entries_per_shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_was_asked_before_a_pair_has_its_own_pattern(
            pairs in prop::collection::vec((0u32..60, 0u32..60), 0..400),
        ) {
            // The smallest table there is forgets most of them.
            let memory = Memory::new(1);
            let compare = |left: u32, right: u32| u64::from(left) * 1_000 + u64::from(right);
            for (left, right) in pairs {
                prop_assert_eq!(memory.pattern(left, right, || compare(left, right)), compare(left, right));
            }
        }
    }

    #[test]
    fn what_is_asked_again_is_not_compared_again() {
        let memory = Memory::new(1_000);
        assert_eq!(memory.pattern(3, 7, || 42), 42);
        assert_eq!(memory.pattern(3, 7, || unreachable!("it is known")), 42);
    }
}
