//! Similarities of two texts, character by character, exactly as DuckDB computes them.
//!
//! Source of the definitions: DuckDB's documentation of text functions (<https://duckdb.org/docs/stable/sql/functions/text>); the
//! corners (what counts as a boost, empty texts, accents) are as DuckDB 2.0 answers: see `tests/data/splink/functions.csv`.

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
    pub fn of(self, left: &str, right: &str) -> f64 {
        if left.is_ascii() && right.is_ascii() {
            self.of_slices(left.as_bytes(), right.as_bytes())
        } else {
            let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
            self.of_slices(&left, &right)
        }
    }

    fn of_slices<T: Copy + Ord + std::hash::Hash>(self, left: &[T], right: &[T]) -> f64 {
        match self {
            Similarity::Levenshtein => levenshtein(left, right) as f64,
            Similarity::DamerauLevenshtein => strsim::generic_damerau_levenshtein(left, right) as f64,
            Similarity::Jaro => jaro(left, right),
            Similarity::JaroWinkler => jaro_winkler(left, right),
            Similarity::Jaccard => jaccard(left, right),
        }
    }
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

fn jaro_winkler<T: PartialEq>(left: &[T], right: &[T]) -> f64 {
    let jaro = jaro(left, right);
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
