//! Pooled link: agglomeration by the evidence of all cross pairs, pooled field by field (`model::Pooling`), best first.

use super::judged::Judged;
use super::merges::Merge;
use crate::model::{Pooling, UNITS_PER_BIT};

/// What stands between two clusters, in 1/1024 bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The evidence of all cross pairs, pooled.
    pub pooled: i64,
    /// What guards take.
    pub taken: i64,
    /// What is taken for contradictions that repeat themselves.
    pub repeated: i64,
    /// Whether a guard forbids one of the pairs.
    pub forbidden: bool,
}

impl Standing {
    /// What is compared with the cut.
    pub fn score(self) -> i64 {
        self.pooled - self.taken - self.repeated
    }
}

/// Clusters of one component while they grow. What stands between any two is additive over their cross pairs, so that a join adds rows.
pub(super) struct Pooled<'a> {
    pooling: &'a Pooling,
    size: usize,
    width: usize,
    /// `width` sums for each pair of clusters; symmetric.
    sums: Vec<f32>,
    /// What guards take from node pairs, in 1/1024 bit.
    taken: Vec<i64>,
    /// How unlikely it is that node pairs contradict each other so in what a person keeps for life, in 1/1024 bit.
    contradictions: Vec<i64>,
    forbidden: Vec<bool>,
    /// Records of each cluster; 0 once it has been joined to another.
    records: Vec<i64>,
    nodes: Vec<i64>,
    /// Best partner of each cluster among those after it, with the score: so that the best pair is found in `size` steps.
    partner: Vec<Option<(i64, usize)>>,
}

impl<'a> Pooled<'a> {
    pub fn new(pooling: &'a Pooling, records: &[i64]) -> Pooled<'a> {
        let (size, width) = (records.len(), pooling.width());
        Pooled {
            pooling,
            size,
            width,
            sums: vec![0.0; size * size * width],
            taken: vec![0; size * size],
            contradictions: vec![0; size * size],
            forbidden: vec![false; size * size],
            records: records.to_vec(),
            nodes: vec![1; size],
            partner: vec![None; size],
        }
    }

    /// Says what two nodes have in common, and what guards hold against them.
    pub fn set(&mut self, a: usize, b: usize, judged: &Judged) {
        let times = (self.records[a] * self.records[b]) as f32;
        for at in [a * self.size + b, b * self.size + a] {
            self.pooling.add(judged.pattern, times, &mut self.sums[at * self.width..(at + 1) * self.width]);
            self.taken[at] = judged.guard_takes + judged.provider_takes;
            self.contradictions[at] = self.pooling.contradiction(judged.pattern);
            self.forbidden[at] = judged.forbidden();
        }
    }

    /// What stands between two clusters; its score is the log odds that they are one person.
    ///
    /// What is held against node pairs counts once for each node of the smaller cluster, not once on average: one record may be damaged,
    /// but where several on both sides contradict each other in the same way, they are two people. The first contradiction is in the
    /// pooled evidence already.
    pub fn standing(&self, a: usize, b: usize) -> Standing {
        let at = a * self.size + b;
        let bits = self.pooling.bits(self.sums(a, b));
        let (larger, pairs) = (self.nodes[a].max(self.nodes[b]), self.nodes[a] * self.nodes[b]);
        Standing {
            pooled: (bits * UNITS_PER_BIT).round() as i64,
            taken: self.taken[at] / larger,
            repeated: self.contradictions[at] / larger - self.contradictions[at] / pairs,
            forbidden: self.forbidden[at],
        }
    }

    /// The sums that [`Pooling`] reads, of two clusters.
    pub fn sums(&self, a: usize, b: usize) -> &[f32] {
        let at = a * self.size + b;
        &self.sums[at * self.width..(at + 1) * self.width]
    }

    fn score(&self, a: usize, b: usize) -> i64 {
        self.standing(a, b).score()
    }

    fn look_for_partner(&mut self, a: usize) {
        let mut best: Option<(i64, usize)> = None;
        for b in a + 1..self.size {
            if self.records[b] > 0 && !self.forbidden[a * self.size + b] {
                let score = self.score(a, b);
                if best.is_none_or(|(highest, _)| score > highest) {
                    best = Some((score, b));
                }
            }
        }
        self.partner[a] = best;
    }

    /// Adds everything that concerns `b` to `a`, a < b.
    pub fn join(&mut self, a: usize, b: usize) {
        self.records[a] += self.records[b];
        self.records[b] = 0;
        self.nodes[a] += self.nodes[b];
        self.partner[b] = None;
        for other in (0..self.size).filter(|&other| other != a && other != b) {
            if self.records[other] == 0 {
                continue;
            }
            let (from, into, mirrored) = (b * self.size + other, a * self.size + other, other * self.size + a);
            for at in 0..self.width {
                let sum = self.sums[into * self.width + at] + self.sums[from * self.width + at];
                self.sums[into * self.width + at] = sum;
                self.sums[mirrored * self.width + at] = sum;
            }
            self.taken[into] += self.taken[from];
            self.taken[mirrored] = self.taken[into];
            self.contradictions[into] += self.contradictions[from];
            self.contradictions[mirrored] = self.contradictions[into];
            self.forbidden[into] |= self.forbidden[from];
            self.forbidden[mirrored] = self.forbidden[into];
        }
        for c in (0..b).filter(|&c| self.records[c] > 0).collect::<Vec<_>>() {
            if c == a || self.partner[c].is_some_and(|(_, partner)| partner == a || partner == b) {
                self.look_for_partner(c);
            } else if c < a && !self.forbidden[c * self.size + a] {
                let score = self.score(c, a);
                if self.partner[c].is_none_or(|(known, partner)| score > known || (score == known && a < partner)) {
                    self.partner[c] = Some((score, a));
                }
            }
        }
    }

    /// The best pair; ties go to the first, whose content hash is smallest.
    fn best(&self) -> Option<(i64, usize, usize)> {
        let mut best: Option<(i64, usize, usize)> = None;
        for (a, partner) in self.partner.iter().enumerate() {
            if let Some((score, b)) = *partner
                && best.is_none_or(|(highest, _, _)| score > highest)
            {
                best = Some((score, a, b));
            }
        }
        best
    }

    /// Joins while the best score is at least `lowest`; `together` are joined before all else, where nothing forbids it. A join's average is
    /// the lowest score so far, since pooled scores, unlike averages, may rise by a join.
    pub fn agglomerate(self, together: &[(usize, usize)], lowest: i64) -> Vec<Merge> {
        self.agglomerate_telling(together, lowest, |_, _, _| ())
    }

    /// The same; tells of each join, before it is made, the two places and what stands between them (`None` for `together`).
    pub fn agglomerate_telling(
        mut self,
        together: &[(usize, usize)],
        lowest: i64,
        mut tell: impl FnMut(usize, usize, Option<Standing>),
    ) -> Vec<Merge> {
        let mut merges = Vec::new();
        let mut owner: Vec<usize> = (0..self.size).collect();
        for &(a, b) in together {
            let (a, b) = (owner[a].min(owner[b]), owner[a].max(owner[b]));
            if a != b && !self.forbidden[a * self.size + b] {
                tell(a, b, None);
                merges.push(self.merge(a, b, i64::MAX));
                owner.iter_mut().filter(|owner| **owner == b).for_each(|owner| *owner = a);
            }
        }
        (0..self.size)
            .filter(|&a| self.records[a] > 0)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|a| self.look_for_partner(a));
        let mut so_far = i64::MAX - 1;
        while let Some((score, a, b)) = self.best().filter(|(score, _, _)| *score >= lowest) {
            so_far = so_far.min(score);
            tell(a, b, Some(self.standing(a, b)));
            merges.push(self.merge(a, b, so_far));
        }
        merges
    }

    fn merge(&mut self, a: usize, b: usize, average: i64) -> Merge {
        let pairs = (self.records[a] * self.records[b]) as u64;
        self.join(a, b);
        Merge { average, left: a as u32, right: b as u32, pairs, expected: 0.0 }
    }
}
