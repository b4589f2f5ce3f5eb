//! Distinct strings in one arena, found by hash without a second copy.

use hashbrown::HashTable;
use rayon::prelude::*;
use rustc_hash::FxHasher;
use std::hash::Hasher;

/// Distinct values of a column; a value's code is its place in the order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    bytes: String,
    /// End of each value in `bytes`; u64 because a large town's addresses pass 4 GiB.
    ends: Vec<u64>,
    table: HashTable<u32>,
}

fn hash(value: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(value.as_bytes());
    hasher.finish()
}

impl Dictionary {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// # Panics
    /// Where `code` is not one of this dictionary.
    pub fn get(&self, code: u32) -> &str {
        let index = code as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }

    pub fn find(&self, value: &str) -> Option<u32> {
        self.table.find(hash(value), |&code| self.get(code) == value).copied()
    }

    /// The code of `value`, a new one where it was not seen before.
    pub fn intern(&mut self, value: &str) -> u32 {
        let hash_of_value = hash(value);
        if let Some(&code) = self.table.find(hash_of_value, |&code| self.get(code) == value) {
            return code;
        }
        let code = u32::try_from(self.ends.len()).expect("a dictionary holds less than 2^32 values");
        self.bytes.push_str(value);
        self.ends.push(self.bytes.len() as u64);
        let (bytes, ends) = (&self.bytes, &self.ends);
        self.table.insert_unique(hash_of_value, code, |&code| {
            let index = code as usize;
            let start = if index == 0 { 0 } else { ends[index - 1] as usize };
            hash(&bytes[start..ends[index] as usize])
        });
        code
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index as u32))
    }

    /// The values in the order of their codes, for many threads.
    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = &str> {
        (0..self.len()).into_par_iter().map(|index| self.get(index as u32))
    }

    /// Heap bytes in use.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 8 + self.table.capacity() * 5
    }
}
