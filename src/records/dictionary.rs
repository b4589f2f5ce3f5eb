//! Distinct strings in one arena, found by hash without a second copy.

use super::texts::Texts;
use super::values::{Values, hash};
use hashbrown::HashTable;
use rayon::prelude::*;
use std::sync::{Arc, OnceLock};

/// Distinct values of a column; a value's code is its place in the order of first appearance.
#[derive(Debug, Default)]
pub struct Dictionary {
    texts: Arc<Texts>,
    /// Made when a value is first looked for: most dictionaries of a night are only read by code.
    table: OnceLock<HashTable<u32>>,
}

impl Clone for Dictionary {
    /// Shares the values until either changes; the clone makes its own table where it looks for one.
    fn clone(&self) -> Dictionary {
        Dictionary { texts: Arc::clone(&self.texts), table: OnceLock::new() }
    }
}

impl Dictionary {
    /// The values to which [`super::unite`] gave `codes`, list by list.
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
        let mut texts = Texts::with_capacity(places.len(), length);
        places.into_iter().for_each(|(list, at)| texts.push(lists[list].get(at)));
        Dictionary { texts: Arc::new(texts), table: OnceLock::new() }
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// # Panics
    /// Where `code` is not one of this dictionary.
    #[inline]
    pub fn get(&self, code: u32) -> &str {
        self.texts.get(code as usize)
    }

    pub fn find(&self, value: &str) -> Option<u32> {
        let table = self.table.get_or_init(|| table_of(&self.texts));
        table.find(hash(value), |&code| self.get(code) == value).copied()
    }

    /// The code of `value`, a new one where it was not seen before.
    pub fn intern(&mut self, value: &str) -> u32 {
        if let Some(code) = self.find(value) {
            return code;
        }
        let code = u32::try_from(self.len()).expect("a dictionary holds less than 2^32 values");
        self.push(value);
        let texts = &self.texts;
        let table = self.table.get_mut().expect("it was made to look for the value");
        table.insert_unique(hash(value), code, |&code| hash(texts.get(code as usize)));
        code
    }

    /// Adds a value that is not there yet, to a dictionary in which nothing was looked for yet; its code is the next one.
    pub(crate) fn push_new(&mut self, value: &str) {
        debug_assert!(self.table.get().is_none(), "a table that is made knows every value");
        self.push(value);
    }

    fn push(&mut self, value: &str) {
        Arc::make_mut(&mut self.texts).push(value);
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
        Arc::make_mut(&mut self.texts).shrink_to_fit();
    }

    /// Heap bytes in use; values that are shared count here.
    pub fn heap_bytes(&self) -> usize {
        let table = self.table.get().map_or(0, |table| table.capacity() * 5);
        self.texts.heap_bytes() + table
    }
}

fn table_of(texts: &Texts) -> HashTable<u32> {
    let hash = |&code: &u32| hash(texts.get(code as usize));
    let mut table = HashTable::with_capacity(texts.len());
    (0..texts.len() as u32).for_each(|code| {
        table.insert_unique(hash(&code), code, hash);
    });
    table
}
