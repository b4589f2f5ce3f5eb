//! Nobody stands alone: what could tell who somebody is goes where too few share it.
//!
//! Columns that a neighbour may know (sex, ethnic group, year or band of age, district, places) are compared together. A line whose
//! combination fewer than so many lines have loses its values one column after another, the most telling first, until enough lines like
//! it have lost as many; at worst all of them.

use super::lines::{Cells, Column};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};

/// What goes first; places of the job before all of them.
const MOST_TELLING_FIRST: [&str; 7] =
    ["postcode_district", "ethnicity", "year_of_death", "year_of_birth", "age_band", "status", "sex"];

/// Takes values out of `columns` until every line shares what is left with at least `least` lines; `places` are further columns.
pub(super) fn coarsen(columns: &mut [Column], places: &[String], least: usize) {
    let telling = telling(columns, places);
    let lines = columns.first().map_or(0, |column| column.cells.len());
    let mut open: Vec<usize> = (0..lines).collect();
    for lost in 0..telling.len() {
        let kept = &telling[lost..];
        let key = |line: usize| {
            let mut hasher = FxHasher::default();
            kept.iter().for_each(|&column| columns[column].cells.hash_line(line, &mut hasher));
            hasher.finish()
        };
        let keys: Vec<u64> = open.iter().map(|&line| key(line)).collect();
        let mut share: FxHashMap<u64, usize> = FxHashMap::default();
        keys.iter().for_each(|&key| *share.entry(key).or_default() += 1);
        open = open.into_iter().zip(keys).filter(|(_, key)| share[key] < least).map(|(line, _)| line).collect();
        let loses = &mut columns[telling[lost]].cells;
        open.iter().for_each(|&line| loses.clear(line));
    }
}

/// Places of the columns to compare, the most telling first.
fn telling(columns: &[Column], places: &[String]) -> Vec<usize> {
    let own = places.iter().map(String::as_str);
    let place = |name: &str| columns.iter().position(|column| column.name == name);
    own.chain(MOST_TELLING_FIRST).filter_map(place).collect()
}

impl Cells<'_> {
    pub fn len(&self) -> usize {
        match self {
            Cells::Text(cells) => cells.len(),
            Cells::Made(cells) => cells.len(),
            Cells::Date(cells) | Cells::Whole(cells) => cells.len(),
            Cells::Number(cells) => cells.len(),
            Cells::Flag(cells) => cells.len(),
            Cells::List(cells) => cells.len(),
        }
    }

    fn hash_line(&self, line: usize, hasher: &mut FxHasher) {
        match self {
            Cells::Text(cells) => cells[line].hash(hasher),
            Cells::Made(cells) => cells[line].hash(hasher),
            Cells::Date(cells) | Cells::Whole(cells) => cells[line].hash(hasher),
            Cells::Number(cells) => cells[line].map(f64::to_bits).hash(hasher),
            Cells::Flag(cells) => cells[line].hash(hasher),
            Cells::List(cells) => cells[line].hash(hasher),
        }
    }

    fn clear(&mut self, line: usize) {
        match self {
            Cells::Text(cells) => cells[line] = None,
            Cells::Made(cells) => cells[line] = None,
            Cells::Date(cells) | Cells::Whole(cells) => cells[line] = None,
            Cells::Number(cells) => cells[line] = None,
            Cells::Flag(cells) => cells[line] = None,
            Cells::List(cells) => cells[line] = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn columns<'a>(lines: &[(u8, u8, u8)]) -> Vec<Column<'a>> {
        let whole =
            |of: fn(&(u8, u8, u8)) -> u8| Cells::Whole(lines.iter().map(|line| Some(i32::from(of(line)))).collect());
        vec![
            Column { name: "diabetes".into(), cells: whole(|line| line.0 ^ line.1) },
            Column { name: "sex".into(), cells: whole(|line| line.0) },
            Column { name: "year_of_birth".into(), cells: whole(|line| line.1) },
            Column { name: "ward".into(), cells: whole(|line| line.2) },
        ]
    }

    fn shown(columns: &[Column], line: usize) -> Vec<Option<i32>> {
        let value = |column: &Column| match &column.cells {
            Cells::Whole(cells) => cells[line],
            _ => unreachable!("all columns of the test are whole numbers"),
        };
        columns[1..].iter().map(value).collect()
    }

    proptest! {
        #[test]
        fn nobody_stands_alone_and_nothing_else_changes(
            lines in proptest::collection::vec((0u8..2, 0u8..6, 0u8..4), 0..120),
            least in 1usize..12,
        ) {
            let mut table = columns(&lines);
            coarsen(&mut table, &["ward".to_string()], least);
            let mut share: BTreeMap<Vec<Option<i32>>, usize> = BTreeMap::new();
            (0..lines.len()).for_each(|line| *share.entry(shown(&table, line)).or_default() += 1);
            for (values, lines) in &share {
                prop_assert!(*lines >= least || values.iter().all(Option::is_none), "{values:?} {lines}");
            }
            // What is shown is what was there, and facts that no neighbour knows stay.
            let before = columns(&lines);
            for line in 0..lines.len() {
                for (after, before) in shown(&table, line).iter().zip(shown(&before, line)) {
                    prop_assert!(after.is_none() || *after == before);
                }
            }
            let facts = |table: &[Column]| match &table[0].cells { Cells::Whole(cells) => cells.clone(), _ => Vec::new() };
            prop_assert_eq!(facts(&table), facts(&before));
        }
    }

    #[test]
    fn who_is_common_keeps_everything() {
        let lines = vec![(1, 2, 3); 10];
        let mut table = columns(&lines);
        coarsen(&mut table, &["ward".to_string()], 10);
        assert_eq!(shown(&table, 0), [Some(1), Some(2), Some(3)]);
        coarsen(&mut table, &["ward".to_string()], 11);
        assert_eq!(shown(&table, 0), [None, None, None]);
    }
}
