//! All pairs of one component, and average-link agglomeration over them, best first (ACCURACY.md section 7).

use super::merges::Merge;
use crate::model::probability;

/// The pairs of `size` nodes, symmetric, row by row.
pub(super) struct Matrix {
    pub size: usize,
    /// What each pair counts in averages, in 1/1024 bit.
    pub weight: Vec<i64>,
    pub forbidden: Vec<bool>,
}

impl Matrix {
    pub fn new(size: usize) -> Matrix {
        Matrix { size, weight: vec![0; size * size], forbidden: vec![false; size * size] }
    }

    pub fn set(&mut self, a: usize, b: usize, weight: i64, forbidden: bool) {
        for at in [a * self.size + b, b * self.size + a] {
            self.weight[at] = weight;
            self.forbidden[at] = forbidden;
        }
    }
}

/// Clusters while they grow: sums over the record pairs between any two of them.
struct Growing {
    size: usize,
    sum: Vec<i64>,
    expected: Vec<f64>,
    forbidden: Vec<bool>,
    /// Records of each cluster; 0 once it has been joined to another.
    records: Vec<i64>,
    /// Best partner of each cluster among those after it, with the average: so that the best pair is found in `size` steps.
    partner: Vec<Option<(i64, usize)>>,
}

impl Growing {
    fn of(matrix: &Matrix, records: &[i64]) -> Growing {
        let size = matrix.size;
        let times = |at: usize| records[at / size] * records[at % size];
        let mut growing = Growing {
            size,
            sum: (0..size * size).map(|at| matrix.weight[at] * times(at)).collect(),
            expected: (0..size * size).map(|at| probability(matrix.weight[at]) * times(at) as f64).collect(),
            forbidden: matrix.forbidden.clone(),
            records: records.to_vec(),
            partner: vec![None; size],
        };
        (0..size).for_each(|a| growing.look_for_partner(a));
        growing
    }

    fn average(&self, a: usize, b: usize) -> i64 {
        self.sum[a * self.size + b].div_euclid(self.records[a] * self.records[b])
    }

    fn look_for_partner(&mut self, a: usize) {
        let mut best: Option<(i64, usize)> = None;
        for b in a + 1..self.size {
            if self.records[b] > 0 && !self.forbidden[a * self.size + b] {
                let average = self.average(a, b);
                if best.is_none_or(|(highest, _)| average > highest) {
                    best = Some((average, b));
                }
            }
        }
        self.partner[a] = best;
    }

    /// Adds everything that concerns `b` to `a`, a < b.
    fn join(&mut self, a: usize, b: usize) {
        for other in 0..self.size {
            let (from, into) = (b * self.size + other, a * self.size + other);
            self.sum[into] += self.sum[from];
            self.expected[into] += self.expected[from];
            self.forbidden[into] |= self.forbidden[from];
            let mirrored = other * self.size + a;
            self.sum[mirrored] = self.sum[into];
            self.expected[mirrored] = self.expected[into];
            self.forbidden[mirrored] = self.forbidden[into];
        }
        self.records[a] += self.records[b];
        self.records[b] = 0;
        self.partner[b] = None;
        for c in 0..b {
            if self.records[c] == 0 {
                continue;
            }
            if c == a || self.partner[c].is_some_and(|(_, partner)| partner == a || partner == b) {
                self.look_for_partner(c);
            } else if c < a && !self.forbidden[c * self.size + a] {
                // Averages never rise by a join, but a forbidden partner may have left a lower one behind.
                let average = self.average(c, a);
                if self.partner[c].is_none_or(|(known, partner)| average > known || (average == known && a < partner)) {
                    self.partner[c] = Some((average, a));
                }
            }
        }
    }

    /// The best pair; ties go to the first, whose content hash is smallest.
    fn best(&self) -> Option<(i64, usize, usize)> {
        let mut best: Option<(i64, usize, usize)> = None;
        for (a, partner) in self.partner.iter().enumerate().filter(|(a, _)| self.records[*a] > 0) {
            if let Some((average, b)) = *partner
                && best.is_none_or(|(highest, _, _)| average > highest)
            {
                best = Some((average, a, b));
            }
        }
        best
    }
}

/// Joins while the best average is at least `lowest`; `together` are joined before all else, where nothing forbids it. Merges name places
/// in the matrix. k³ steps at worst for k nodes, k² as a rule.
pub(super) fn agglomerate(matrix: &Matrix, records: &[i64], together: &[(usize, usize)], lowest: i64) -> Vec<Merge> {
    let mut growing = Growing::of(matrix, records);
    let mut merges = Vec::new();
    let mut owner: Vec<usize> = (0..matrix.size).collect();
    let mut join = |growing: &mut Growing, owner: &mut [usize], average: i64, a: usize, b: usize| {
        let pairs = (growing.records[a] * growing.records[b]) as u64;
        let expected = growing.expected[a * growing.size + b];
        merges.push(Merge { average, left: a as u32, right: b as u32, pairs, expected });
        growing.join(a, b);
        owner.iter_mut().filter(|owner| **owner == b).for_each(|owner| *owner = a);
    };
    for &(a, b) in together {
        let (a, b) = (owner[a].min(owner[b]), owner[a].max(owner[b]));
        if a != b && !growing.forbidden[a * growing.size + b] {
            join(&mut growing, &mut owner, i64::MAX, a, b);
        }
    }
    while let Some((average, a, b)) = growing.best().filter(|(average, _, _)| *average >= lowest) {
        join(&mut growing, &mut owner, average, a, b);
    }
    merges
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, word for word: average over all cross pairs, best first.
    fn by_definition(matrix: &Matrix, records: &[i64], lowest: i64) -> Vec<(i64, u32, u32)> {
        let mut clusters: Vec<Vec<usize>> = (0..matrix.size).map(|at| vec![at]).collect();
        let mut joined = Vec::new();
        loop {
            let mut best: Option<(i64, usize, usize)> = None;
            for a in 0..clusters.len() {
                for b in a + 1..clusters.len() {
                    let (mut sum, mut pairs, mut forbidden) = (0, 0, false);
                    for &x in &clusters[a] {
                        for &y in &clusters[b] {
                            sum += matrix.weight[x * matrix.size + y] * records[x] * records[y];
                            pairs += records[x] * records[y];
                            forbidden |= matrix.forbidden[x * matrix.size + y];
                        }
                    }
                    let average = i64::div_euclid(sum, pairs);
                    if !forbidden && average >= lowest && best.is_none_or(|(highest, _, _)| average > highest) {
                        best = Some((average, a, b));
                    }
                }
            }
            let Some((average, a, b)) = best else { return joined };
            joined.push((average, clusters[a][0] as u32, clusters[b][0] as u32));
            let gone = clusters.remove(b);
            clusters[a].extend(gone);
        }
    }

    proptest! {
        #[test]
        fn equals_the_definition(
            size in 2usize..9,
            weights in prop::collection::vec(-40i64..40, 36),
            forbidden in prop::collection::vec(0u8..6, 36),
            records in prop::collection::vec(1i64..4, 9),
        ) {
            let mut matrix = Matrix::new(size);
            let mut at = 0;
            for a in 0..size {
                for b in a + 1..size {
                    matrix.set(a, b, weights[at], forbidden[at] == 0);
                    at += 1;
                }
            }
            let merges = agglomerate(&matrix, &records[..size], &[], -20);
            let found: Vec<(i64, u32, u32)> = merges.iter().map(|m| (m.average, m.left, m.right)).collect();
            prop_assert_eq!(found, by_definition(&matrix, &records[..size], -20));
        }
    }
}
