//! The codes of a column, as narrow as its dictionary allows.
//!
//! Half of a record's columns are flags, sexes and categories of a dozen values, and no extract knows more than some forty thousand dates of
//! birth: a byte or two a row are enough where four would be kept. Back of an envelope, 24 million rows of 50 columns: 4.8 GB at four bytes,
//! about 2 GB as they are. Reading one code costs a branch that is the same for a whole column.

use super::{MISSING, Stays};
use rayon::prelude::*;
use std::ops::Range;

/// One code a row; [`MISSING`] is the greatest number of each width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codes {
    Byte(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

use Codes::{Byte, Four, Two};

/// Calls the same for whichever width there is.
macro_rules! each_width {
    ($codes:expr, $list:ident => $what:expr) => {
        match $codes {
            Byte($list) => $what,
            Two($list) => $what,
            Four($list) => $what,
        }
    };
}

impl Default for Codes {
    fn default() -> Codes {
        Byte(Vec::new())
    }
}

impl Codes {
    /// `codes` of a dictionary of so many `values`.
    pub fn new(codes: Vec<u32>, values: usize) -> Codes {
        if values <= usize::from(u8::MAX) {
            Byte(codes.par_iter().map(|&code| code as u8).collect())
        } else if values <= usize::from(u16::MAX) {
            Two(codes.par_iter().map(|&code| code as u16).collect())
        } else {
            Four(codes)
        }
    }

    /// The same of few codes, on this thread alone; those that are given stay where they are.
    pub fn of_few(codes: &[u32], values: usize) -> Codes {
        if values <= usize::from(u8::MAX) {
            Byte(codes.iter().map(|&code| code as u8).collect())
        } else if values <= usize::from(u16::MAX) {
            Two(codes.iter().map(|&code| code as u16).collect())
        } else {
            Four(codes.to_vec())
        }
    }

    pub fn len(&self) -> usize {
        each_width!(self, list => list.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code of `row`, or [`MISSING`].
    #[inline]
    pub fn at(&self, row: usize) -> u32 {
        match self {
            Byte(list) => wide(list[row], u8::MAX),
            Two(list) => wide(list[row], u16::MAX),
            Four(list) => list[row],
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        self.range(0..self.len())
    }

    /// The codes of some rows.
    pub fn range(&self, rows: Range<usize>) -> impl Iterator<Item = u32> + Clone + '_ {
        rows.map(|row| self.at(row))
    }

    pub fn par_iter(&self) -> impl IndexedParallelIterator<Item = u32> + '_ {
        (0..self.len()).into_par_iter().map(|row| self.at(row))
    }

    /// Adds a row.
    pub fn push(&mut self, code: u32) {
        self.make_room_for(code);
        match self {
            Byte(list) => list.push(code as u8),
            Two(list) => list.push(code as u16),
            Four(list) => list.push(code),
        }
    }

    /// Gives `row` another code.
    pub fn set(&mut self, row: usize, code: u32) {
        self.make_room_for(code);
        match self {
            Byte(list) => list[row] = code as u8,
            Two(list) => list[row] = code as u16,
            Four(list) => list[row] = code,
        }
    }

    /// The same with every code replaced by what `change` gives for it, of a dictionary of so many `values`.
    pub fn translated(&self, values: usize, change: impl Fn(u32) -> u32 + Sync + Send) -> Codes {
        Codes::new(self.par_iter().map(change).collect(), values)
    }

    /// Keeps the rows that stay.
    pub(crate) fn retain(&mut self, stays: &Stays) {
        each_width!(self, list => stays.keep(list));
    }

    /// Heap bytes.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Byte(list) => list.capacity(),
            Two(list) => list.capacity() * 2,
            Four(list) => list.capacity() * 4,
        }
    }

    /// Widens the codes where one more would not fit.
    fn make_room_for(&mut self, code: u32) {
        let most = match self {
            Byte(_) => u32::from(u8::MAX),
            Two(_) => u32::from(u16::MAX),
            Four(_) => MISSING,
        };
        if code != MISSING && code >= most {
            let wide: Vec<u32> = self.iter().collect();
            *self = if code < u32::from(u16::MAX) { Codes::new(wide, usize::from(u16::MAX)) } else { Four(wide) };
        }
    }
}

/// A narrow code as others know it.
#[inline]
fn wide<T: Into<u32> + PartialEq>(code: T, missing: T) -> u32 {
    if code == missing { MISSING } else { code.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_of_any_width_are_those_that_were_given(
            given in prop::collection::vec(prop_oneof![Just(MISSING), 0u32..300, 65_000u32..66_000, 0u32..9], 0..60),
            at in 0usize..60,
            another in prop_oneof![Just(MISSING), 0u32..300, 65_000u32..66_000],
            keep in prop::collection::vec(any::<bool>(), 60),
        ) {
            let values = given.iter().filter(|code| **code != MISSING).max().map_or(0, |most| *most as usize + 1);
            let mut codes = Codes::new(given.clone(), values);
            prop_assert_eq!(&Codes::of_few(&given, values), &codes);
            let mut pushed = Codes::default();
            given.iter().for_each(|&code| pushed.push(code));
            prop_assert_eq!(codes.iter().collect::<Vec<_>>(), given.clone());
            prop_assert_eq!(&pushed.iter().collect::<Vec<_>>(), &given);
            prop_assert_eq!(codes.par_iter().collect::<Vec<_>>(), given.clone());
            let mut now = given;
            if let Some(slot) = now.get_mut(at) {
                *slot = another;
                codes.set(at, another);
            }
            prop_assert_eq!(codes.iter().collect::<Vec<_>>(), now.clone());
            codes.retain(&Stays::of(&keep[..now.len()]));
            let kept: Vec<u32> = now.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(code, _)| *code).collect();
            prop_assert_eq!(codes.iter().collect::<Vec<_>>(), kept);
        }
    }

    #[test]
    fn a_column_takes_what_its_dictionary_asks_for() {
        let bytes = |values: usize| Codes::new(vec![MISSING; 8], values).heap_bytes() / 8;
        assert_eq!([0, 255, 256, 65_535, 65_536].map(bytes), [1, 1, 2, 2, 4]);
    }
}
