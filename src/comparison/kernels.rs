//! String similarity on short values.
//!
//! ASCII values of at most 64 bytes (nearly all names and numbers) are compared with bit masks and no allocation; everything else
//! goes to `strsim`, whose results the fast path reproduces (property tests below).

/// Jaro–Winkler similarity, 0..=1, prefix weight 0.1 on at most four letters, as `strsim` defines it (boost only above 0.7, as the
/// national Person_ID handbook's figures imply).
pub fn jaro_winkler(left: &str, right: &str) -> f64 {
    if !short_ascii(left) || !short_ascii(right) {
        return strsim::jaro_winkler(left, right);
    }
    let (a, b) = (left.as_bytes(), right.as_bytes());
    let jaro = jaro_ascii(a, b);
    if jaro <= 0.7 {
        return jaro;
    }
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count() as f64;
    (jaro + prefix * 0.1 * (1.0 - jaro)).min(1.0)
}

fn short_ascii(value: &str) -> bool {
    value.len() <= 64 && value.is_ascii()
}

/// Jaro similarity of two byte strings of at most 64 bytes: matched positions are kept as bits.
pub(crate) fn jaro_ascii(a: &[u8], b: &[u8]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let range = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut matched_a, mut matched_b) = (0u64, 0u64);
    for (i, x) in a.iter().enumerate() {
        let from = i.saturating_sub(range);
        let to = (i + range + 1).min(b.len());
        for (j, y) in b.iter().enumerate().take(to).skip(from) {
            if x == y && matched_b & (1 << j) == 0 {
                matched_a |= 1 << i;
                matched_b |= 1 << j;
                break;
            }
        }
    }
    let matches = matched_a.count_ones();
    if matches == 0 {
        return 0.0;
    }
    let (mut rest_a, mut rest_b, mut moved) = (matched_a, matched_b, 0u32);
    while rest_a != 0 {
        moved += u32::from(a[rest_a.trailing_zeros() as usize] != b[rest_b.trailing_zeros() as usize]);
        rest_a &= rest_a - 1;
        rest_b &= rest_b - 1;
    }
    let m = f64::from(matches);
    (m / a.len() as f64 + m / b.len() as f64 + (m - f64::from(moved / 2)) / m) / 3.0
}

/// Whether one insertion, deletion, substitution or swap of neighbours turns one value into the other (optimal string alignment
/// distance at most one). Equal values are within one edit.
pub fn within_one_edit(left: &str, right: &str) -> bool {
    if !left.is_ascii() || !right.is_ascii() {
        return strsim::osa_distance(left, right) <= 1;
    }
    let (a, b) = if left.len() <= right.len() {
        (left.as_bytes(), right.as_bytes())
    } else {
        (right.as_bytes(), left.as_bytes())
    };
    if b.len() - a.len() > 1 {
        return false;
    }
    let (a, b) = where_they_differ(a, b);
    match (a.len(), b.len()) {
        (0, 0 | 1) | (1, 1) => true,
        (2, 2) => a[0] == b[1] && a[1] == b[0],
        _ => false,
    }
}

/// Two values without what they begin and end with alike: no edit is needed there.
fn where_they_differ<'t>(a: &'t [u8], b: &'t [u8]) -> (&'t [u8], &'t [u8]) {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (&a[..a.len() - suffix], &b[..b.len() - suffix])
}

/// Whether at most two edits separate two values.
///
/// Of the usual table only the five diagonals are worked out on which two edits can lie (E. Ukkonen, Algorithms for approximate string matching,
/// 1985), and no row after the first in which all are beyond: telephone numbers and e-mail addresses are mostly told apart in four rows.
pub fn within_two_edits(left: &str, right: &str) -> bool {
    if !left.is_ascii() || !right.is_ascii() {
        return left.len().abs_diff(right.len()) <= 8 && strsim::osa_distance(left, right) <= 2;
    }
    if left.len().abs_diff(right.len()) > 2 {
        return false;
    }
    let (a, b) = where_they_differ(left.as_bytes(), right.as_bytes());
    // A row has a place for each diagonal, `b` two behind to two ahead of `a`, and one beyond at either end.
    const BEYOND: u8 = 3;
    let (mut before, mut last) = ([BEYOND; 7], [BEYOND, BEYOND, BEYOND, 0, 1, 2, BEYOND]);
    for i in 0..a.len() {
        let mut row = [BEYOND; 7];
        for place in 1..=5 {
            // In `b`, one more than where it is read; 0 is before its beginning.
            let Some(j) = (i + place).checked_sub(2).filter(|j| *j <= b.len()) else { continue };
            let mut edits = (last[place + 1] + 1).min(row[place - 1] + 1);
            if j > 0 {
                edits = edits.min(last[place] + u8::from(a[i] != b[j - 1]));
            }
            if j > 1 && i > 0 && a[i] == b[j - 2] && a[i - 1] == b[j - 1] {
                edits = edits.min(before[place] + 1);
            }
            row[place] = edits.min(BEYOND);
        }
        (before, last) = (last, row);
        if before.iter().chain(&last).all(|edits| *edits == BEYOND) {
            return false;
        }
    }
    last.get(b.len() + 3 - a.len()).is_some_and(|edits| *edits < BEYOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn jaro_winkler_equals_the_reference(a in "[a-e]{0,12}", b in "[a-e]{0,12}", c in "\\PC{0,70}", d in "\\PC{0,70}") {
            for (x, y) in [(&a, &b), (&c, &d), (&a, &d), (&a, &a)] {
                prop_assert!((jaro_winkler(x, y) - strsim::jaro_winkler(x, y)).abs() < 1e-12);
            }
        }

        #[test]
        fn few_edits_equal_the_reference(
            a in "[ab]{0,6}", b in "[ab]{0,6}", c in "[aé]{0,5}", d in "[aé]{0,5}", e in "[a-c]{0,9}", f in "[a-c]{0,9}",
        ) {
            for (x, y) in [(&a, &b), (&c, &d), (&a, &d), (&e, &f), (&e, &a)] {
                prop_assert_eq!(within_one_edit(x, y), strsim::osa_distance(x, y) <= 1);
                prop_assert_eq!(within_two_edits(x, y), strsim::osa_distance(x, y) <= 2);
            }
        }
    }
}
