//! Similarities of two texts, character by character, exactly as DuckDB computes them.
//!
//! Source of the definitions: DuckDB's documentation of text functions (<https://duckdb.org/docs/stable/sql/functions/text>); the
//! corners (what counts as a boost, empty texts, accents) are as DuckDB 2.0 answers: see `tests/data/splink/functions.csv`.

use crate::comparison::kernels::jaro_ascii;

/// Characters of a text that need no heap.
const SHORT: usize = 64;

/// The functions that compare two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Similarity {
    /// Insertions, deletions and substitutions.
    Levenshtein,
    /// The same, and swaps of neighbours, between which further edits may lie.
    DamerauLevenshtein,
    /// 0..=1.
    Jaro,
    /// 0..=1; above 0.7 raised by a tenth of what is missing for each of up to four equal first characters.
    JaroWinkler,
    /// Characters in both ÷ characters in either, 0..=1; rounded nowhere.
    Jaccard,
}

impl Similarity {
    /// Edits, or a similarity from 0 to 1.
    ///
    /// ASCII texts of at most 64 characters, nearly all there are, are compared without the heap: 20 to 200 ns.
    pub fn of(self, left: &str, right: &str) -> f64 {
        if !left.is_ascii() || !right.is_ascii() {
            let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
            return self.of_slices(&left, &right);
        }
        let (left, right) = (left.as_bytes(), right.as_bytes());
        let short = (1..=SHORT).contains(&left.len()) && (1..=SHORT).contains(&right.len());
        match self {
            Similarity::Levenshtein if short => levenshtein_short(left, right) as f64,
            Similarity::DamerauLevenshtein if short => damerau_levenshtein_short(left, right) as f64,
            Similarity::Jaro if short => jaro_ascii(left, right),
            Similarity::JaroWinkler if short => boosted(jaro_ascii(left, right), left, right),
            Similarity::Jaccard => jaccard_ascii(left, right),
            long => long.of_slices(left, right),
        }
    }

    fn of_slices<T: Copy + Ord + std::hash::Hash>(self, left: &[T], right: &[T]) -> f64 {
        match self {
            Similarity::Levenshtein => levenshtein(left, right) as f64,
            Similarity::DamerauLevenshtein => strsim::generic_damerau_levenshtein(left, right) as f64,
            Similarity::Jaro => jaro(left, right),
            Similarity::JaroWinkler => boosted(jaro(left, right), left, right),
            Similarity::Jaccard => jaccard(left, right),
        }
    }
}

/// One column of the table at a time, as differences of neighbours in the bits of two words (G. Myers, A fast bit-vector algorithm for
/// approximate string matching, 1999; H. Hyyrö's form for the whole distance, 2003).
fn levenshtein_short(left: &[u8], right: &[u8]) -> usize {
    let mut places = [0u64; 128];
    left.iter().enumerate().for_each(|(i, byte)| places[usize::from(*byte)] |= 1 << i);
    let (mut up, mut down, mut distance, last) = (u64::MAX, 0u64, left.len(), 1u64 << (left.len() - 1));
    for byte in right {
        let matches = places[usize::from(*byte)];
        let zero = (((matches & up).wrapping_add(up)) ^ up) | matches | down;
        let (mut right_up, mut right_down) = (down | !(zero | up), up & zero);
        distance += usize::from(right_up & last != 0);
        distance -= usize::from(right_down & last != 0);
        right_up = right_up << 1 | 1;
        right_down <<= 1;
        up = right_down | !(zero | right_up);
        down = right_up & zero;
    }
    distance
}

/// The table with the last row in which each character was seen (R. Lowrance and R. Wagner, An extension of the string-to-string
/// correction problem, 1975), after what both ends have in common is cut off.
fn damerau_levenshtein_short(left: &[u8], right: &[u8]) -> usize {
    let prefix = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let (left, right) = (&left[prefix..], &right[prefix..]);
    let suffix = left.iter().rev().zip(right.iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (&left[..left.len() - suffix], &right[..right.len() - suffix]);
    if left.is_empty() || right.is_empty() {
        return left.len() + right.len();
    }
    let mut table = [[0u8; SHORT + 1]; SHORT + 1];
    (0..=left.len()).for_each(|i| table[i][0] = i as u8);
    (0..=right.len()).for_each(|j| table[0][j] = j as u8);
    let mut row_of = [0u8; 128];
    for (i, a) in left.iter().enumerate() {
        let mut column_of = 0;
        for (j, b) in right.iter().enumerate() {
            let (row, column) = (usize::from(row_of[usize::from(*b)]), column_of);
            let mut best = (table[i][j] + u8::from(a != b)).min(table[i][j + 1] + 1).min(table[i + 1][j] + 1);
            if row > 0 && column > 0 {
                best = best.min(table[row - 1][column - 1] + (i - row + j - column + 1) as u8);
            }
            if a == b {
                column_of = j + 1;
            }
            table[i + 1][j + 1] = best;
        }
        row_of[usize::from(*a)] = i as u8 + 1;
    }
    usize::from(table[left.len()][right.len()])
}

fn jaccard_ascii(left: &[u8], right: &[u8]) -> f64 {
    let set = |bytes: &[u8]| bytes.iter().fold(0u128, |set, byte| set | 1 << byte);
    let (left, right) = (set(left), set(right));
    let either = (left | right).count_ones();
    if either == 0 { 0.0 } else { f64::from((left & right).count_ones()) / f64::from(either) }
}

/// Two rows of the usual table, after what both ends have in common is cut off.
fn levenshtein<T: PartialEq>(left: &[T], right: &[T]) -> usize {
    let prefix = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let (left, right) = (&left[prefix..], &right[prefix..]);
    let suffix = left.iter().rev().zip(right.iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (&left[..left.len() - suffix], &right[..right.len() - suffix]);
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

/// Characters match when equal and at most half of the longer text apart; matches out of order count half.
fn jaro<T: PartialEq>(left: &[T], right: &[T]) -> f64 {
    if left.is_empty() || right.is_empty() {
        return 0.0;
    }
    let range = (left.len().max(right.len()) / 2).saturating_sub(1);
    let mut taken = vec![false; right.len()];
    let mut matched: Vec<usize> = Vec::with_capacity(left.len());
    for (i, a) in left.iter().enumerate() {
        let from = i.saturating_sub(range).min(right.len());
        let to = (i + range + 1).min(right.len());
        if let Some(j) = (from..to).find(|&j| !taken[j] && right[j] == *a) {
            taken[j] = true;
            matched.push(i);
        }
    }
    if matched.is_empty() {
        return 0.0;
    }
    let in_order = (0..right.len()).filter(|&j| taken[j]);
    let moved = matched.iter().zip(in_order).filter(|(i, j)| left[**i] != right[*j]).count();
    let matches = matched.len() as f64;
    (matches / left.len() as f64 + matches / right.len() as f64 + (matches - (moved / 2) as f64) / matches) / 3.0
}

fn boosted<T: PartialEq>(jaro: f64, left: &[T], right: &[T]) -> f64 {
    if jaro <= 0.7 {
        return jaro;
    }
    let prefix = left.iter().zip(right).take(4).take_while(|(a, b)| a == b).count() as f64;
    jaro + prefix * 0.1 * (1.0 - jaro)
}

fn jaccard<T: Copy + Ord>(left: &[T], right: &[T]) -> f64 {
    let set = |characters: &[T]| {
        let mut set = characters.to_vec();
        set.sort_unstable();
        set.dedup();
        set
    };
    let (left, right) = (set(left), set(right));
    let both = left.iter().filter(|character| right.binary_search(character).is_ok()).count();
    let either = left.len() + right.len() - both;
    if either == 0 { 0.0 } else { both as f64 / either as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What DuckDB answered, function by function (written by tests/data/splink/record.py).
    #[test]
    fn every_function_says_what_duckdb_said() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/splink/functions.csv");
        let mut reader = csv::Reader::from_path(path).expect("the recorded answers are there");
        let mut checked = 0;
        for row in reader.records() {
            let row = row.expect("a row");
            let function = match &row[0] {
                "levenshtein" => Similarity::Levenshtein,
                "damerau_levenshtein" => Similarity::DamerauLevenshtein,
                "jaro_similarity" => Similarity::Jaro,
                "jaro_winkler_similarity" => Similarity::JaroWinkler,
                "jaccard" => Similarity::Jaccard,
                _ => continue,
            };
            let said: f64 = row[3].parse().expect("a number");
            let ours = function.of(&row[1], &row[2]);
            assert!((ours - said).abs() < 1e-12, "{} of {} and {}: {said}, ours {ours}", &row[0], &row[1], &row[2]);
            checked += 1;
        }
        assert!(checked > 1000, "{checked}");
    }

    proptest! {
        #[test]
        fn distances_equal_the_reference(a in "[abé]{0,9}", b in "[abé]{0,9}") {
            prop_assert_eq!(Similarity::Levenshtein.of(&a, &b), strsim::levenshtein(&a, &b) as f64);
            prop_assert_eq!(Similarity::DamerauLevenshtein.of(&a, &b), strsim::damerau_levenshtein(&a, &b) as f64);
            if !a.is_empty() && !b.is_empty() {
                prop_assert!((Similarity::Jaro.of(&a, &b) - strsim::jaro(&a, &b)).abs() < 1e-12);
            }
        }

        #[test]
        fn short_ascii_texts_need_no_heap_and_say_the_same(a in "[a-d]{0,70}", b in "[a-d]{0,70}", c in "[ -~]{0,64}") {
            for (x, y) in [(&a, &b), (&a, &c), (&c, &a), (&c, &c)] {
                for function in [
                    Similarity::Levenshtein,
                    Similarity::DamerauLevenshtein,
                    Similarity::Jaro,
                    Similarity::JaroWinkler,
                    Similarity::Jaccard,
                ] {
                    let (fast, plain) = (function.of(x, y), function.of_slices(x.as_bytes(), y.as_bytes()));
                    prop_assert!((fast - plain).abs() < 1e-12, "{:?} {} {}: {} {}", function, x, y, fast, plain);
                }
            }
        }

        #[test]
        fn similarities_are_symmetric_and_bounded(a in "\\PC{1,20}", b in "\\PC{1,20}") {
            for function in [Similarity::JaroWinkler, Similarity::Jaccard] {
                let (there, back) = (function.of(&a, &b), function.of(&b, &a));
                prop_assert!((0.0..=1.0 + 1e-12).contains(&there), "{}", there);
                if function == Similarity::Jaccard {
                    prop_assert_eq!(there, back);
                }
            }
        }
    }
}
