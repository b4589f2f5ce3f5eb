//! The sums as a linear system: cells that elimination determines although no single sum does.
//!
//! Works modulo a prime instead of in fractions, so that nothing overflows. A cell that is determined over the fractions is determined
//! modulo the prime, but for primes that divide a minor of the system: of sums with coefficients this small, 2^61 - 1 is none.

use super::table::Sum;

const PRIME: u64 = (1 << 61) - 1;

fn times(one: u64, other: u64) -> u64 {
    (u128::from(one) * u128::from(other) % u128::from(PRIME)) as u64
}

fn minus(one: u64, other: u64) -> u64 {
    (one + PRIME - other) % PRIME
}

/// One divided by `value`, by Fermat's little theorem.
fn inverse(value: u64) -> u64 {
    let (mut result, mut power, mut exponent) = (1, value, PRIME - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, power);
        }
        power = times(power, power);
        exponent >>= 1;
    }
    result
}

/// Of the cells that are not `known`, those that the sums leave only one value. Cost: sums² × cells.
pub(super) fn determined(cells: usize, known: &dyn Fn(usize) -> bool, sums: &[Sum]) -> Vec<usize> {
    let mut summed = vec![false; cells];
    sums.iter().flat_map(Sum::cells).for_each(|cell| summed[cell] = true);
    let unknown: Vec<usize> = (0..cells).filter(|&cell| summed[cell] && !known(cell)).collect();
    let mut column = vec![usize::MAX; cells];
    unknown.iter().enumerate().for_each(|(at, &cell)| column[cell] = at);
    let row = |sum: &Sum| {
        let mut row = vec![0; unknown.len()];
        let mut add = |cell: usize, coefficient: u64| {
            if column[cell] != usize::MAX {
                row[column[cell]] = (row[column[cell]] + coefficient) % PRIME;
            }
        };
        add(sum.whole, PRIME - 1);
        sum.parts.iter().for_each(|part| add(part.cell, part.times));
        row
    };
    let rows = reduced(sums.iter().map(row).collect(), unknown.len());
    let only = |row: &Vec<u64>| {
        let mut filled = (0..row.len()).filter(|&at| row[at] != 0);
        filled.next().filter(|_| filled.next().is_none()).map(|at| unknown[at])
    };
    rows.iter().filter_map(only).collect()
}

/// Reduced row echelon form.
fn reduced(mut rows: Vec<Vec<u64>>, columns: usize) -> Vec<Vec<u64>> {
    let mut done = 0;
    for column in 0..columns {
        let Some(found) = (done..rows.len()).find(|&row| rows[row][column] != 0) else { continue };
        rows.swap(done, found);
        let scale = inverse(rows[done][column]);
        rows[done].iter_mut().for_each(|value| *value = times(*value, scale));
        let pivot = rows[done].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(at, row)| *at != done && row[column] != 0) {
            let factor = row[column];
            row.iter_mut().zip(&pivot).for_each(|(value, pivot)| *value = minus(*value, times(factor, *pivot)));
        }
        done += 1;
    }
    rows.truncate(done);
    rows
}

#[cfg(test)]
mod tests {
    use super::super::table::Part;
    use super::*;

    #[test]
    fn a_square_of_hidden_cells_is_open_and_a_triangle_is_not() {
        let part = |cell| Part { cell, times: 1 };
        let sum = |whole, parts: [usize; 2]| Sum { whole, parts: parts.map(part).to_vec() };
        // a b / c d with its margins: 0..4 hidden, 4..8 known.
        let square = [sum(4, [0, 1]), sum(5, [2, 3]), sum(6, [0, 2]), sum(7, [1, 3])];
        assert_eq!(determined(8, &|cell| cell >= 4, &square), [] as [usize; 0]);
        // a + b, b + c and a + c give each away, though each sum holds two hidden cells.
        let triangle = [sum(3, [0, 1]), sum(4, [1, 2]), sum(5, [0, 2])];
        assert_eq!(determined(6, &|cell| cell >= 3, &triangle), [0, 1, 2]);
    }
}
