//! A column in other terms: as days, as words of another dictionary.

use super::{Codes, Column, MISSING};

/// What the value of each row stands for, worked out once a distinct value.
pub struct Translated<'a, T> {
    codes: &'a Codes,
    of_code: Vec<T>,
    missing: T,
}

impl<'a, T: Copy> Translated<'a, T> {
    /// `missing` stands for no value.
    pub fn of(column: &'a Column, missing: T, of_value: impl FnMut(&str) -> T) -> Translated<'a, T> {
        Translated { codes: &column.codes, of_code: column.values.iter().map(of_value).collect(), missing }
    }

    pub fn at(&self, row: u32) -> T {
        match self.codes.at(row as usize) {
            MISSING => self.missing,
            code => self.of_code[code as usize],
        }
    }
}
