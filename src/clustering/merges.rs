//! What agglomeration joined, in which order, and where to cut it.

use crate::model::UNITS_PER_BIT;

/// Cuts that are tried, in 1/1024 bit: a quarter of a bit apart.
const CUT_STEP: i64 = 256;
/// The highest cut that is tried, in bits.
const CUT_MAX_BITS: f64 = 24.0;

/// One join of two clusters of a component.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// Average link at the join, in 1/1024 bit; `i64::MAX` for rows of one record_id, which are joined first.
    pub average: i64,
    /// A node of each side.
    pub left: u32,
    pub right: u32,
    /// Record pairs across the two sides.
    pub pairs: u64,
    /// How many of them are one person by their own probabilities.
    pub expected: f64,
}

/// The lowest average that agglomeration goes down to while the cut is open, in 1/1024 bit: −6 natural log odds.
pub const LOWEST: i64 = -8864;

/// What is expected of a partition: record pairs inside its clusters, and how many of those are one person.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Expected {
    pub pairs: f64,
    pub true_pairs: f64,
    /// True pairs in all, inside or not.
    pub all_true: f64,
}

impl Expected {
    /// The pairwise F1 that the probabilities lead to expect.
    pub fn f1(self) -> f64 {
        2.0 * self.true_pairs / (self.pairs + self.all_true).max(1e-9)
    }
}

/// The cut with the highest expected F1 (ACCURACY.md section 6), and what is expected there. `inside` is what stands inside nodes before
/// anything is joined.
pub fn best_cut(merges: &[Vec<Merge>], inside: Expected) -> (i64, Expected) {
    let mut order: Vec<&Merge> = merges.iter().flatten().collect();
    order.sort_by(|a, b| b.average.cmp(&a.average).then((a.left, a.right).cmp(&(b.left, b.right))));
    let (mut next, mut now) = (0, inside);
    let mut best: Option<(i64, Expected)> = None;
    let mut cut = (CUT_MAX_BITS * UNITS_PER_BIT) as i64;
    while cut >= LOWEST {
        while let Some(merge) = order.get(next).filter(|merge| merge.average >= cut) {
            now.pairs += merge.pairs as f64;
            now.true_pairs += merge.expected;
            next += 1;
        }
        if best.is_none_or(|(_, known)| now.f1() > known.f1()) {
            best = Some((cut, now));
        }
        cut -= CUT_STEP;
    }
    best.expect("at least one cut is tried")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_falls_where_expected_f1_is_highest() {
        let merge = |average: i64, pairs: u64, expected: f64| Merge { average, left: 0, right: 1, pairs, expected };
        let merges = [vec![merge(10_000, 10, 9.9), merge(-2_000, 10, 2.0)], vec![merge(4_000, 10, 9.0)]];
        let inside = Expected { pairs: 0.0, true_pairs: 0.0, all_true: 21.0 };
        let (cut, expected) = best_cut(&merges, inside);
        assert!((-2_000..=4_000).contains(&cut), "{cut}");
        assert_eq!(expected.pairs, 20.0);
    }
}
