//! Codes as they stand in the rows of all comparisons, seen as columns.

use crate::records::MISSING;

/// One code an identity, which lie a row apart: columns of their own beside the rows would take 50 bytes more of each identity, 0.9 GB of 19 million,
/// to spare blocking, which walks down a column some 60 times, a wait for memory of 64 bytes a code instead of 4.
#[derive(Debug, Clone, Copy)]
pub struct CodeColumn<'a> {
    /// The rows from the first identity's code of this column on.
    rows: &'a [u32],
    /// Codes of one row.
    width: usize,
}

impl<'a> CodeColumn<'a> {
    /// Of no identity.
    pub const NONE: CodeColumn<'static> = CodeColumn { rows: &[], width: 1 };

    pub(super) fn new(rows: &'a [u32], width: usize, column: usize) -> CodeColumn<'a> {
        CodeColumn { rows: rows.get(column..).unwrap_or(&[]), width: width.max(1) }
    }

    /// The code of an identity, or [`MISSING`]; that as well beyond the last identity.
    #[inline]
    pub fn at(self, identity: u32) -> u32 {
        self.rows.get(identity as usize * self.width).copied().unwrap_or(MISSING)
    }

    /// The codes of all identities, in their order.
    pub fn iter(self) -> impl Iterator<Item = u32> + 'a {
        self.rows.iter().step_by(self.width).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_holds_one_code_a_row() {
        let rows = [1, 2, 3, 4, 5, 6];
        let column = CodeColumn::new(&rows, 3, 1);
        assert_eq!(column.iter().collect::<Vec<_>>(), [2, 5]);
        assert_eq!([0, 1, 2].map(|identity| column.at(identity)), [2, 5, MISSING]);
        assert_eq!(CodeColumn::new(&rows, 3, 2).iter().collect::<Vec<_>>(), [3, 6]);
        assert_eq!((CodeColumn::new(&[], 3, 1).at(0), CodeColumn::NONE.iter().count()), (MISSING, 0));
    }
}
