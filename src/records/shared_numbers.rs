//! NHS numbers that one feed gives to several people who cannot be the same: local defaults and copied-down values.

use super::{Codes, MISSING, Records};
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
    rows.iter().for_each(|&row| numbers.codes.set(row, MISSING));
    rows.len() as u64
}

fn void_in(records: &Records, numbers: &Codes, rows: Range<usize>) -> Vec<usize> {
    let packed = |row: usize| u64::from(numbers.at(row)) << 32 | row as u64;
    let mut held: Vec<u64> = rows.into_par_iter().filter(|&row| numbers.at(row) != MISSING).map(packed).collect();
    held.par_sort_unstable();
    let rows = |group: &[u64]| group.iter().map(|&packed| (packed & u64::from(u32::MAX)) as usize).collect();
    let groups = held.par_chunk_by(|a, b| a >> 32 == b >> 32).filter(|group| group.len() > HOLDERS_MAX);
    let groups = groups.map(rows).filter(|group: &Vec<usize>| incompatible_people(records, group) > HOLDERS_MAX);
    groups.flatten_iter().collect()
}

/// People found by taking each row that is incompatible with everybody taken so far; stops as soon as there are too many.
fn incompatible_people(records: &Records, group: &[usize]) -> usize {
    let mut taken: Vec<usize> = Vec::new();
    for &row in group {
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
    // The dates first: nearly all rows of one number agree in them, and names are compared letter by letter.
    let born = |row: usize| records.value(Field::DateOfBirth, row).filter(|born| born.len() == 8);
    let (Some(born_a), Some(born_b)) = (born(a), born(b)) else { return false };
    let parts = [(0, 4), (4, 6), (6, 8)];
    if parts.iter().filter(|(from, to)| born_a.get(*from..*to) == born_b.get(*from..*to)).count() >= 2 {
        return false;
    }
    let tokens = |row: usize| {
        let names =
            [Field::GivenName, Field::FamilyName].into_iter().filter_map(move |field| records.value(field, row));
        names.flat_map(|name| name.split([' ', '|'])).filter(|token| token.len() > 1).collect::<Vec<&str>>()
    };
    let (names_a, names_b) = (tokens(a), tokens(b));
    if names_a.is_empty() || names_b.is_empty() {
        return false;
    }
    let alike = |x: &str| names_b.iter().any(|y| x == *y || strsim::jaro_winkler(x, y) >= 0.85);
    !names_a.into_iter().any(alike)
}
