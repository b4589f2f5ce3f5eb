//! The sums as a linear system: cells that elimination determines although no single sum does.
//!
//! Works modulo a prime instead of in fractions, so that nothing overflows. A cell that is determined over the fractions is determined
//! modulo the prime, but for primes that divide a minor of the system: of sums with coefficients this small, 2^61 - 1 is none.

use super::table::Sum;
use rustc_hash::FxHashMap;

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

/// One equation: its unknown cells in their order, each with what it is multiplied by, never 0.
type Row = Vec<(usize, u64)>;

/// Of the cells that are not `known`, those that the sums leave only one value.
///
/// The system is sparse, and most of it is a tree: an equation with an unknown that stands in no other says nothing of the rest, and is set
/// aside at no cost. Only what is left is eliminated, shortest equation first.
pub(super) fn determined(known: &dyn Fn(usize) -> bool, sums: &[Sum]) -> Vec<usize> {
    let mut open: Vec<Row> = sums.iter().map(|sum| row(sum, known)).filter(|row| !row.is_empty()).collect();
    let mut aside = set_aside(&mut open);
    aside.extend(eliminated(open));
    let mut finished: FxHashMap<usize, Row> = FxHashMap::default();
    let mut found = Vec::new();
    // Each row holds no pivot of those before it; those after it are taken out of it here.
    for (pivot, row) in aside.into_iter().rev() {
        let row = reduced(row, pivot, &finished);
        if row.len() == 1 {
            found.push(pivot);
        }
        finished.insert(pivot, row);
    }
    found.sort_unstable();
    found
}

/// The unknown part of a sum, whole minus parts.
fn row(sum: &Sum, known: &dyn Fn(usize) -> bool) -> Row {
    let parts = sum.parts.iter().map(|part| (part.cell, part.times));
    let mut row: Row = parts.chain([(sum.whole, PRIME - 1)]).filter(|(cell, _)| !known(*cell)).collect();
    row.sort_unstable();
    row.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = (kept.1 + next.1) % PRIME;
        }
        same
    });
    row.retain(|(_, times)| *times != 0);
    row
}

/// Takes out of `open` every row with a cell that stands in no other open row, again and again; each with that cell, in this order.
fn set_aside(open: &mut Vec<Row>) -> Vec<(usize, Row)> {
    let mut rows_with: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for (at, row) in open.iter().enumerate() {
        row.iter().for_each(|(cell, _)| rows_with.entry(*cell).or_default().push(at));
    }
    let mut alone: Vec<usize> = rows_with.iter().filter(|(_, rows)| rows.len() == 1).map(|(&cell, _)| cell).collect();
    alone.sort_unstable();
    let mut aside = Vec::new();
    while let Some(pivot) = alone.pop() {
        let Some(&at) = rows_with[&pivot].first() else { continue };
        let row = std::mem::take(&mut open[at]);
        for (cell, _) in &row {
            let rows = rows_with.get_mut(cell).expect("every cell of a row is listed");
            rows.retain(|row| *row != at);
            if rows.len() == 1 {
                alone.push(*cell);
            }
        }
        aside.push((pivot, row));
    }
    open.retain(|row| !row.is_empty());
    aside
}

/// Gaussian elimination of what hangs together, downwards only; each row with its pivot, in this order.
fn eliminated(mut open: Vec<Row>) -> Vec<(usize, Row)> {
    let mut done = Vec::new();
    while let Some(at) = (0..open.len()).min_by_key(|&at| (open[at].len(), at)) {
        let row = open.swap_remove(at);
        let Some(&(pivot, _)) = row.first() else { continue };
        for other in &mut open {
            if let Some(times) = times_of(other, pivot) {
                *other = without(other, times, &row, pivot);
            }
        }
        done.push((pivot, row));
    }
    done
}

fn times_of(row: &Row, cell: usize) -> Option<u64> {
    row.binary_search_by_key(&cell, |(cell, _)| *cell).ok().map(|at| row[at].1)
}

/// `row`, in which `pivot` stands `often` times, without it: by what `by` says of it.
fn without(row: &Row, often: u64, by: &Row, pivot: usize) -> Row {
    let factor = times(often, inverse(times_of(by, pivot).expect("a row holds its pivot")));
    let mut left = row.iter().copied().peekable();
    let mut result = Row::with_capacity(row.len() + by.len());
    for &(cell, own) in by {
        while let Some(before) = left.next_if(|(other, _)| *other < cell) {
            result.push(before);
        }
        let standing = left.next_if(|(other, _)| *other == cell).map_or(0, |(_, own)| own);
        result.push((cell, minus(standing, times(factor, own))));
    }
    result.extend(left);
    result.retain(|(_, times)| *times != 0);
    result
}

/// `row` without the pivots of finished rows, of which none holds another's.
fn reduced(row: Row, pivot: usize, finished: &FxHashMap<usize, Row>) -> Row {
    let pivots: Row = row.iter().copied().filter(|(cell, _)| *cell != pivot && finished.contains_key(cell)).collect();
    pivots.into_iter().fold(row, |row, (cell, often)| without(&row, often, &finished[&cell], cell))
}

#[cfg(test)]
mod tests {
    use super::super::table::Part;
    use super::*;
    use proptest::prelude::*;

    fn sum(whole: usize, parts: &[usize]) -> Sum {
        Sum { whole, parts: parts.iter().map(|&cell| Part { cell, times: 1 }).collect() }
    }

    #[test]
    fn a_square_of_hidden_cells_is_open_and_a_triangle_is_not() {
        // a b / c d with its margins: 0..4 hidden, 4..8 known.
        let square = [sum(4, &[0, 1]), sum(5, &[2, 3]), sum(6, &[0, 2]), sum(7, &[1, 3])];
        assert_eq!(determined(&|cell| cell >= 4, &square), [] as [usize; 0]);
        // a + b, b + c and a + c give each away, though each sum holds two hidden cells.
        let triangle = [sum(3, &[0, 1]), sum(4, &[1, 2]), sum(5, &[0, 2])];
        assert_eq!(determined(&|cell| cell >= 3, &triangle), [0, 1, 2]);
    }

    /// The plain way: the whole matrix in reduced row echelon form.
    fn by_the_whole_matrix(cells: usize, known: &dyn Fn(usize) -> bool, sums: &[Sum]) -> Vec<usize> {
        let dense = |sum: &Sum| {
            let mut dense = vec![0; cells];
            row(sum, known).into_iter().for_each(|(cell, times)| dense[cell] = times);
            dense
        };
        let mut rows: Vec<Vec<u64>> = sums.iter().map(dense).collect();
        let mut done = 0;
        for column in 0..cells {
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
        let only = |row: &Vec<u64>| {
            let mut filled = (0..cells).filter(|&at| row[at] != 0);
            filled.next().filter(|_| filled.next().is_none())
        };
        let mut found: Vec<usize> = rows.iter().filter_map(only).collect();
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn the_sparse_way_finds_what_the_whole_matrix_finds(
            sums in prop::collection::vec(
                (0usize..14, prop::collection::vec((0usize..14, 1u64..4), 1..5)), 1..12),
            known in prop::collection::vec(prop::bool::weighted(0.3), 14),
        ) {
            let part = |(cell, times): (usize, u64)| Part { cell, times };
            let sums: Vec<Sum> = sums
                .into_iter()
                .map(|(whole, parts)| Sum { whole, parts: parts.into_iter().map(part).collect() })
                .collect();
            let known = |cell: usize| known[cell];
            prop_assert_eq!(determined(&known, &sums), by_the_whole_matrix(14, &known, &sums));
        }
    }
}
