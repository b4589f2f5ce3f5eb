//! Lists of strings that many threads made, and their union: each string is hashed once, and equal ones get one code.
//!
//! The hashes of all lists are dealt out to shards; each shard meets its strings in the order of the lists, so that it knows of each where
//! it stood first. Codes follow from these places: they are those of interning the lists one after the other, whatever the number of
//! threads and shards. Back of an envelope: 1 M strings at about 60 ns, most of it waiting for memory, divided by the threads.

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

/// Strings of one shard: so many fit a cache with their table.
const SHARD_STRINGS: usize = 1 << 14;
/// Which bits of a hash choose the shard: neither those that hash tables take for the place nor those they take for the tag.
const SHARD_SHIFT: u32 = 36;
const SHARDS_MAX: usize = 1 << 10;

/// A code for each string of each list: equal strings have equal codes, in the order of first appearance from 0 on.
pub(super) fn unite(lists: &[&Values]) -> Vec<Vec<u32>> {
    let strings: usize = lists.iter().map(|list| list.len()).sum();
    let shards = (strings / SHARD_STRINGS).next_power_of_two().min(SHARDS_MAX);
    let dealt: Vec<Dealt> = lists.par_iter().map(|list| Dealt::of(list, shards)).collect();
    let met: Vec<Met> = (0..shards).into_par_iter().map(|shard| Met::of(lists, &dealt, shard)).collect();
    // Where each string stood first, in the order of its own list.
    let firsts: Vec<Vec<Place>> =
        (0..lists.len()).into_par_iter().map(|list| in_list_order(&dealt[list], &met, list)).collect();
    let is_first = |list: usize, at: usize| firsts[list][at] == (list as u32, at as u32);
    let new: Vec<u32> = (0..lists.len())
        .into_par_iter()
        .map(|list| (0..lists[list].len()).filter(|&at| is_first(list, at)).count() as u32)
        .collect();
    let before = new.iter().scan(0_u32, |sum, new| {
        let before = *sum;
        *sum = sum.checked_add(*new).expect("a dictionary holds less than 2^32 values");
        Some(before)
    });
    let before: Vec<u32> = before.collect();
    let own: Vec<Vec<u32>> = (0..lists.len())
        .into_par_iter()
        .map(|list| {
            let mut next = before[list];
            let mut own_code = |at: usize| {
                let code = next;
                next += u32::from(is_first(list, at));
                code
            };
            (0..lists[list].len()).map(&mut own_code).collect()
        })
        .collect();
    firsts.par_iter().map(|list| list.iter().map(|&(list, at)| own[list as usize][at as usize]).collect()).collect()
}

/// A list, and a place in it.
type Place = (u32, u32);

/// The places of one list by shard, ascending within each.
struct Dealt {
    places: Vec<u32>,
    /// One more than shards.
    starts: Vec<u32>,
}

impl Dealt {
    fn of(list: &Values, shards: usize) -> Dealt {
        let shard = |hash: &u64| (hash >> SHARD_SHIFT) as usize & (shards - 1);
        let mut starts = vec![0; shards + 1];
        list.hashes.iter().for_each(|hash| starts[shard(hash) + 1] += 1);
        (0..shards).for_each(|at| starts[at + 1] += starts[at]);
        let mut next = starts.clone();
        let mut places = vec![0; list.len()];
        for (at, hash) in list.hashes.iter().enumerate() {
            let slot = &mut next[shard(hash)];
            places[*slot as usize] = at as u32;
            *slot += 1;
        }
        Dealt { places, starts }
    }

    fn in_shard(&self, shard: usize) -> &[u32] {
        &self.places[self.starts[shard] as usize..self.starts[shard + 1] as usize]
    }
}

/// Where each string of one shard stood first.
struct Met {
    /// List after list.
    firsts: Vec<Place>,
    /// Where each list begins in `firsts`.
    starts: Vec<usize>,
}

impl Met {
    fn of(lists: &[&Values], dealt: &[Dealt], shard: usize) -> Met {
        let strings = dealt.iter().map(|dealt| dealt.in_shard(shard).len()).sum();
        let mut met = Met { firsts: Vec::with_capacity(strings), starts: Vec::with_capacity(lists.len()) };
        // The hash stands beside the place, so that neither growing nor a string that is not meant reaches for a list.
        let mut table: HashTable<(u64, Place)> = HashTable::with_capacity(strings / 4);
        for (number, (list, dealt)) in lists.iter().zip(dealt).enumerate() {
            met.starts.push(met.firsts.len());
            for &at in dealt.in_shard(shard) {
                let (hash, value) = (list.hashes[at as usize], list.get(at as usize));
                let same = |&(other, (list, at)): &(u64, Place)| {
                    other == hash && lists[list as usize].get(at as usize) == value
                };
                let first = match table.find(hash, same) {
                    Some(&(_, first)) => first,
                    None => {
                        let place = (number as u32, at);
                        table.insert_unique(hash, (hash, place), |&(hash, _)| hash);
                        place
                    }
                };
                met.firsts.push(first);
            }
        }
        met
    }
}

/// What all shards say of one list, put back in its order.
fn in_list_order(dealt: &Dealt, met: &[Met], list: usize) -> Vec<Place> {
    let mut ordered = vec![(0, 0); dealt.places.len()];
    for (shard, met) in met.iter().enumerate() {
        for (&at, &first) in dealt.in_shard(shard).iter().zip(&met.firsts[met.starts[list]..]) {
            ordered[at as usize] = first;
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::super::Dictionary;
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
