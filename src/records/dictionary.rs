//! Distinct strings in one arena, found by hash without a second copy.

use super::values::{Values, hash};
use hashbrown::HashTable;
use rayon::prelude::*;
use std::sync::OnceLock;

/// Distinct values of a column; a value's code is its place in the order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    bytes: String,
    /// End of each value in `bytes`; u64 because a large town's addresses pass 4 GiB.
    ends: Vec<u64>,
    /// Made when a value is first looked for: most dictionaries of a night are only read by code.
    table: OnceLock<HashTable<u32>>,
}

impl Dictionary {
    /// The values to which [`super::values::unite`] gave `codes`, list by list.
    pub(super) fn united(lists: &[&Values], codes: &[Vec<u32>]) -> Dictionary {
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (list, codes) in codes.iter().enumerate() {
            for (at, &code) in codes.iter().enumerate() {
                // Codes are given in the order of first appearance: the next one is that of a new value.
                if code as usize == places.len() {
                    places.push((list, at));
                }
            }
        }
        let length = places.iter().map(|&(list, at)| lists[list].get(at).len()).sum();
        let mut dictionary = Dictionary {
            bytes: String::with_capacity(length),
            ends: Vec::with_capacity(places.len()),
            table: OnceLock::new(),
        };
        places.into_iter().for_each(|(list, at)| dictionary.push(lists[list].get(at)));
        dictionary
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// # Panics
    /// Where `code` is not one of this dictionary.
    #[inline]
    pub fn get(&self, code: u32) -> &str {
        value(&self.bytes, &self.ends, code)
    }

    pub fn find(&self, value: &str) -> Option<u32> {
        let table = self.table.get_or_init(|| table_of(&self.bytes, &self.ends));
        table.find(hash(value), |&code| self.get(code) == value).copied()
    }

    /// The code of `value`, a new one where it was not seen before.
    pub fn intern(&mut self, value: &str) -> u32 {
        if let Some(code) = self.find(value) {
            return code;
        }
        let code = u32::try_from(self.ends.len()).expect("a dictionary holds less than 2^32 values");
        self.push(value);
        let (bytes, ends) = (&self.bytes, &self.ends);
        let table = self.table.get_mut().expect("it was made to look for the value");
        table.insert_unique(hash(value), code, |&code| hash(self::value(bytes, ends, code)));
        code
    }

    /// Adds a value that is not there yet, to a dictionary in which nothing was looked for yet; its code is the next one.
    pub(crate) fn push_new(&mut self, value: &str) {
        debug_assert!(self.table.get().is_none(), "a table that is made knows every value");
        self.push(value);
    }

    fn push(&mut self, value: &str) {
        self.bytes.push_str(value);
        self.ends.push(self.bytes.len() as u64);
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index as u32))
    }

    /// The values in the order of their codes, for many threads.
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = &str> {
        (0..self.len()).into_par_iter().map(|index| self.get(index as u32))
    }

    /// Gives back memory that was kept for more values.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Heap bytes in use.
    pub fn heap_bytes(&self) -> usize {
        let table = self.table.get().map_or(0, |table| table.capacity() * 5);
        self.bytes.capacity() + self.ends.capacity() * 8 + table
    }
}

#[inline]
fn value<'a>(bytes: &'a str, ends: &[u64], code: u32) -> &'a str {
    let index = code as usize;
    let start = if index == 0 { 0 } else { ends[index - 1] as usize };
    &bytes[start..ends[index] as usize]
}

fn table_of(bytes: &str, ends: &[u64]) -> HashTable<u32> {
    let hash = |&code: &u32| hash(value(bytes, ends, code));
    let mut table = HashTable::with_capacity(ends.len());
    (0..ends.len() as u32).for_each(|code| {
        table.insert_unique(hash(&code), code, hash);
    });
    table
}
