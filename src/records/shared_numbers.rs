//! NHS numbers that one feed gives to several people who cannot be the same: local defaults and copied-down values.

use super::{MISSING, Records};
use crate::job::Field;
use rayon::prelude::*;
use std::ops::Range;

/// A number is void in a feed when more people than this, all incompatible with each other, carry it (DESIGN section 5).
const HOLDERS_MAX: usize = 3;

/// Sets void numbers to missing; says in how many rows.
pub fn void(records: &mut Records, ranges: &[Range<usize>]) -> u64 {
    let Some(numbers) = records.clean.get(&Field::NhsNumber) else { return 0 };
    let rows: Vec<usize> =
        ranges.par_iter().flat_map_iter(|range| void_in(records, &numbers.codes, range.clone())).collect();
    let numbers = records.clean.get_mut(&Field::NhsNumber).expect("looked up above");
    rows.iter().for_each(|&row| numbers.codes[row] = MISSING);
    rows.len() as u64
}

fn void_in(records: &Records, numbers: &[u32], rows: Range<usize>) -> Vec<usize> {
    let mut held: Vec<(u32, usize)> =
        rows.filter(|&row| numbers[row] != MISSING).map(|row| (numbers[row], row)).collect();
    held.sort_unstable();
    let groups = held.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > HOLDERS_MAX);
    groups.filter(|group| incompatible_people(records, group) > HOLDERS_MAX).flatten().map(|(_, row)| *row).collect()
}

/// People found by taking each row that is incompatible with everybody taken so far; stops as soon as there are too many.
fn incompatible_people(records: &Records, group: &[(u32, usize)]) -> usize {
    let mut taken: Vec<usize> = Vec::new();
    for &(_, row) in group {
        if taken.iter().all(|&other| incompatible(records, row, other)) {
            taken.push(row);
            if taken.len() > HOLDERS_MAX {
                break;
            }
        }
    }
    taken.len()
}

/// No name token alike and fewer than two parts of the date of birth equal; missing is compatible.
fn incompatible(records: &Records, a: usize, b: usize) -> bool {
    let tokens = |row: usize| {
        let names =
            [Field::GivenName, Field::FamilyName].into_iter().filter_map(move |field| records.value(field, row));
        names.flat_map(|name| name.split([' ', '|'])).filter(|token| token.len() > 1).collect::<Vec<&str>>()
    };
    let (names_a, names_b) = (tokens(a), tokens(b));
    let (Some(born_a), Some(born_b)) = (records.value(Field::DateOfBirth, a), records.value(Field::DateOfBirth, b))
    else {
        return false;
    };
    if names_a.is_empty() || names_b.is_empty() || born_a.len() != 8 || born_b.len() != 8 {
        return false;
    }
    let alike = |x: &str| names_b.iter().any(|y| strsim::jaro_winkler(x, y) >= 0.85);
    let parts = [(0, 4), (4, 6), (6, 8)];
    let same_parts = parts.iter().filter(|(from, to)| born_a.get(*from..*to) == born_b.get(*from..*to)).count();
    !names_a.into_iter().any(alike) && same_parts < 2
}
