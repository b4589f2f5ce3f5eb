//! Strings one after another.

/// Strings whose ends are counted from the same place.
const GROUP: usize = 256;

/// Strings in one arena: their bytes and about 4 bytes each. A large town's addresses pass 4 GiB, those of a group never do.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    bytes: String,
    /// Where each group begins in `bytes`.
    groups: Vec<u64>,
    /// End of each string, counted from the beginning of its group.
    ends: Vec<u32>,
}

impl Texts {
    pub fn with_capacity(texts: usize, bytes: usize) -> Texts {
        let groups = Vec::with_capacity(texts.div_ceil(GROUP));
        Texts { bytes: String::with_capacity(bytes), groups, ends: Vec::with_capacity(texts) }
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// # Panics
    /// Where there is no string `at`.
    #[inline]
    pub fn get(&self, at: usize) -> &str {
        let group = self.groups[at / GROUP] as usize;
        let start = if at.is_multiple_of(GROUP) { 0 } else { self.ends[at - 1] as usize };
        &self.bytes[group + start..group + self.ends[at] as usize]
    }

    /// # Panics
    /// Where 256 strings have more than 4 GiB: `intake` reads no such values.
    pub fn push(&mut self, text: &str) {
        if self.ends.len().is_multiple_of(GROUP) {
            self.groups.push(self.bytes.len() as u64);
        }
        self.bytes.push_str(text);
        let group = self.groups[self.ends.len() / GROUP] as usize;
        self.ends.push(u32::try_from(self.bytes.len() - group).expect("a group of values has less than 4 GiB"));
    }

    pub fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
        self.groups.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Heap bytes.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.groups.capacity() * 8 + self.ends.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strings_are_those_that_were_pushed(given in prop::collection::vec("[a-zé]{0,3}", 0..700)) {
            let mut texts = Texts::default();
            given.iter().for_each(|text| texts.push(text));
            prop_assert_eq!(texts.len(), given.len());
            prop_assert!((0..given.len()).all(|at| texts.get(at) == given[at]));
        }
    }
}
