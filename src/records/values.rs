//! Lists of strings that many threads made: each string is hashed once.

use super::Dictionary;
use super::union::{Hashed, unite};
use crate::intake::TextColumn;
use hashbrown::HashTable;
use rayon::prelude::*;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Strings and their hashes.
#[derive(Debug, Default, Clone)]
pub(super) struct Values {
    text: TextColumn,
    hashes: Vec<u64>,
}

#[inline]
pub(super) fn hash(value: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(value.as_bytes());
    hasher.finish()
}

impl Values {
    /// Gives the place of the new value.
    ///
    /// # Panics
    /// Where a list outgrows 2^32 values or 4 GiB; lists are made of batches and chunks, which are far smaller.
    #[inline]
    pub fn push(&mut self, value: &str) -> u32 {
        self.push_hashed(value, hash(value))
    }

    #[inline]
    fn push_hashed(&mut self, value: &str, hash: u64) -> u32 {
        let at = u32::try_from(self.len()).expect("a list holds less than 2^32 values");
        self.text.push(value);
        self.hashes.push(hash);
        at
    }

    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    #[inline]
    pub fn get(&self, at: usize) -> &str {
        self.text.get(at)
    }

    pub fn text(&self) -> &TextColumn {
        &self.text
    }

    /// Empties the list and keeps its memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.hashes.clear();
    }
}

/// Makes lists of distinct strings, one after the other in the same memory.
#[derive(Debug, Default)]
pub(super) struct Interner {
    pub values: Values,
    table: HashTable<u32>,
}

impl Interner {
    /// Begins a new list.
    pub fn clear(&mut self) {
        self.values.clear();
        self.table.clear();
    }

    /// The place of `value` in the list, where it is put if it is not there.
    #[inline]
    pub fn intern(&mut self, value: &str) -> u32 {
        let hash = hash(value);
        if let Some(&at) = self.table.find(hash, |&at| self.values.get(at as usize) == value) {
            return at;
        }
        let at = self.values.push_hashed(value, hash);
        let hashes = &self.values.hashes;
        self.table.insert_unique(hash, at, |&at| hashes[at as usize]);
        at
    }
}

/// How many distinct values some lists hold. Each list is interned as a batch is, on any thread, and all are united as batches are. For
/// `benches/linking.rs`.
#[doc(hidden)]
pub fn interned_and_united(lists: &[&[&str]]) -> usize {
    let interned = |interner: &mut Interner, list: &&[&str]| {
        interner.clear();
        list.iter().for_each(|value| {
            std::hint::black_box(interner.intern(value));
        });
        interner.values.clone()
    };
    let lists: Vec<Values> = lists.par_iter().with_max_len(1).map_init(Interner::default, interned).collect();
    let lists: Vec<&Values> = lists.iter().collect();
    Dictionary::united(&lists, &unite(&lists)).len()
}

impl Hashed for Values {
    fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    fn is_same(&self, at: u32, other: &Values, there: u32) -> bool {
        self.get(at as usize) == other.get(there as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(strings: &[String]) -> Values {
        let mut values = Values::default();
        strings.iter().for_each(|string| {
            values.push(string);
        });
        values
    }

    fn is_as_interned_in_turn(lists: &[Vec<String>]) {
        let mut reference = Dictionary::default();
        let expected: Vec<Vec<u32>> =
            lists.iter().map(|list| list.iter().map(|string| reference.intern(string)).collect()).collect();
        let lists: Vec<Values> = lists.iter().map(|list| listed(list)).collect();
        let lists: Vec<&Values> = lists.iter().collect();
        let codes = unite(&lists);
        assert_eq!(codes, expected);
        let united = Dictionary::united(&lists, &codes);
        assert!(united.iter().eq(reference.iter()));
        for (code, value) in united.iter().enumerate() {
            assert_eq!(united.find(value), Some(code as u32));
        }
    }

    proptest! {
        #[test]
        fn codes_are_those_of_interning_in_turn(lists in proptest::collection::vec(proptest::collection::vec("[a-c]{0,3}", 0..50), 0..8)) {
            is_as_interned_in_turn(&lists);
        }
    }

    #[test]
    fn many_shards_agree_with_one() {
        let string = |n: usize| format!("{} High Street", n * n % 30_011);
        let lists: Vec<Vec<String>> =
            (0..6).map(|list| (0..20_000).map(|n| string(n + list * 7000)).collect()).collect();
        is_as_interned_in_turn(&lists);
    }

    #[test]
    fn a_dictionary_goes_on_after_a_union() {
        let lists = [listed(&["b".into(), "a".into()]), listed(&["c".into(), "a".into()])];
        let lists: Vec<&Values> = lists.iter().collect();
        let mut united = Dictionary::united(&lists, &unite(&lists));
        assert_eq!(["a", "d", "c"].map(|value| united.intern(value)), [1, 3, 2]);
        assert_eq!(united.find("e"), None);
    }
}
