//! Which fields each record has filled in, and which of these could be used.
//!
//! What is told of the quality of data counts nobody who is withheld, and who that is comes out long after values as they were sent are gone. A
//! record has one of few patterns: 24.8 million rows have some thousands of them, so that this is a column of two bytes a row.

use super::{Column, Dictionary};
use crate::job::Field;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::ops::Range;

/// Rows whose patterns are found as one piece of work: some hundred bytes a row stay within the cache.
const ROWS: usize = 1 << 12;

/// What became of a value: a byte of a pattern.
const EMPTY: u8 = b'-';
const REFUSED: u8 = b'r';
const USABLE: u8 = b'u';

/// A pattern a record: a byte for each of the fields that some provider maps.
#[derive(Debug, Default)]
pub struct Written {
    pub fields: Vec<Field>,
    pub column: Column,
}

/// How many records have a field filled in, and of how many the value could be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filled {
    pub filled: u64,
    pub valid: u64,
}

impl Written {
    /// Holds columns as they were sent against what became of them, which has a code where a value could be used. One pass over the codes of both:
    /// 24.8 million rows of 20 fields are some 2 GB.
    pub fn of(raw: &BTreeMap<Field, Column>, clean: &BTreeMap<Field, Column>, rows: usize) -> Written {
        let fields: Vec<Field> = raw.keys().copied().collect();
        let columns: Vec<(&Column, Option<&Column>)> =
            raw.iter().map(|(field, column)| (column, clean.get(field))).collect();
        let pieces: Vec<(Vec<String>, Vec<u16>)> = (0..rows.div_ceil(ROWS))
            .into_par_iter()
            .map(|at| patterns(&columns, at * ROWS..((at + 1) * ROWS).min(rows)))
            .collect();
        let mut values = Dictionary::default();
        let mut codes: Vec<u32> = Vec::with_capacity(rows);
        for (patterns, own) in pieces {
            let known: Vec<u32> = patterns.iter().map(|pattern| values.intern(pattern)).collect();
            codes.extend(own.into_iter().map(|code| known[usize::from(code)]));
        }
        Written { fields, column: Column::new(codes, values) }
    }

    /// How many of these records have each field filled in.
    pub fn count(&self, records: Range<usize>) -> BTreeMap<Field, Filled> {
        let mut with = vec![0u64; self.column.values.len()];
        self.column.codes.range(records).for_each(|code| with[code as usize] += 1);
        let mut counts: BTreeMap<Field, Filled> = self.fields.iter().map(|&field| (field, Filled::default())).collect();
        for (code, records) in (0..).zip(with).filter(|(_, records)| *records > 0) {
            for (field, state) in self.fields.iter().zip(self.column.values.get(code).bytes()) {
                let counted = counts.entry(*field).or_default();
                counted.filled += if state == EMPTY { 0 } else { records };
                counted.valid += if state == USABLE { records } else { 0 };
            }
        }
        counts
    }
}

/// The distinct patterns of some rows, and the place of each row's among them.
fn patterns(columns: &[(&Column, Option<&Column>)], rows: Range<usize>) -> (Vec<String>, Vec<u16>) {
    let width = columns.len();
    let mut states = vec![EMPTY; rows.len() * width];
    for (nth, (raw, clean)) in columns.iter().enumerate() {
        let of_field = states[nth..].iter_mut().step_by(width);
        for (row, state) in rows.clone().zip(of_field) {
            *state = match (raw.code(row), clean.map(|column| column.code(row))) {
                (super::MISSING, _) => EMPTY,
                (_, None | Some(super::MISSING)) => REFUSED,
                _ => USABLE,
            };
        }
    }
    let (mut known, mut distinct, mut codes) = (FxHashMap::default(), Vec::new(), Vec::with_capacity(rows.len()));
    for nth in 0..rows.len() {
        let pattern = &states[nth * width..(nth + 1) * width];
        let code = *known.entry(pattern).or_insert_with(|| {
            distinct.push(pattern.iter().map(|&state| char::from(state)).collect::<String>());
            (distinct.len() - 1) as u16
        });
        codes.push(code);
    }
    (distinct, codes)
}

#[cfg(test)]
mod tests {
    use super::super::{MISSING, Stays};
    use super::*;
    use proptest::prelude::*;

    fn column(codes: Vec<u32>) -> Column {
        let mut values = Dictionary::default();
        for value in ["a", "b", "c"] {
            values.intern(value);
        }
        Column::new(codes, values)
    }

    proptest! {
        /// Counting patterns says what counting values says, of any rows, and after some of them went.
        #[test]
        fn counts_are_those_of_the_values(
            rows in proptest::collection::vec((0u32..4, any::<bool>(), 0u32..4), 0..200),
            stays in proptest::collection::vec(any::<bool>(), 200),
            cut in 0usize..200,
        ) {
            let sent = |value: u32| if value == 3 { MISSING } else { value };
            let phone: Vec<u32> = rows.iter().map(|row| sent(row.0)).collect();
            // A value that was not sent cannot be used.
            let used: Vec<u32> = rows.iter().map(|row| if row.1 { sent(row.0) } else { MISSING }).collect();
            let name: Vec<u32> = rows.iter().map(|row| sent(row.2)).collect();
            let raw = BTreeMap::from([(Field::Phone, column(phone.clone())), (Field::FullName, column(name.clone()))]);
            let clean = BTreeMap::from([(Field::Phone, column(used.clone()))]);
            let mut written = Written::of(&raw, &clean, rows.len());
            let keep = &stays[..rows.len()];
            written.column.codes.retain(&Stays::of(keep));
            let left: Vec<usize> = (0..rows.len()).filter(|&row| keep[row]).collect();
            let cut = cut.min(left.len());
            for range in [0..cut, cut..left.len()] {
                let of = |codes: &[u32]| left[range.clone()].iter().filter(|&&row| codes[row] != MISSING).count() as u64;
                let counted = written.count(range.clone());
                prop_assert_eq!(counted[&Field::Phone], Filled { filled: of(&phone), valid: of(&used) });
                // Where no column has become of it, nothing could be used.
                prop_assert_eq!(counted[&Field::FullName], Filled { filled: of(&name), valid: 0 });
            }
        }
    }
}
