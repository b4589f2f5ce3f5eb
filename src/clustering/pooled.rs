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

/// Odds below which another cluster's claim is no claim.
const CLAIM_MIN: f64 = 0.05;

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
    /// Pairs that wait because others have as good a claim.
    held: Vec<Held>,
    is_held: Vec<bool>,
    /// Whether a record that others claim as well waits; only an ablation leaves it out.
    pub heeds_rivals: bool,
}

/// Two clusters that are not joined while a rival stands.
#[derive(Debug, Clone, Copy)]
struct Held {
    a: usize,
    b: usize,
    rival: usize,
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
            held: Vec::new(),
            is_held: vec![false; size * size],
            heeds_rivals: true,
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

    /// What others' claims take from two clusters whose score is known, in 1/1024 bit, and the place of the strongest rival.
    ///
    /// A record belongs to one person only. If `c` claims `a` as well, and would not be of one person with `a` and `b` together, then the odds
    /// of `a` with `b` are O(ab) / (1 + O(ac)) and not O(ab): with twins, parents and children at one address, a bare record that may be any
    /// of them is none of them for sure.
    fn rivals(&self, a: usize, b: usize) -> (i64, usize) {
        let (mut claims, mut strongest) = (0.0f64, (0.0f64, usize::MAX));
        for c in (0..self.size).filter(|&c| c != a && c != b && self.records[c] > 0) {
            let odds = |x: usize, y: usize| match self.forbidden[x * self.size + y] {
                true => 0.0,
                false => (self.score(x, y) as f64 / UNITS_PER_BIT).exp2(),
            };
            let odds = odds(a, c).max(odds(b, c));
            if odds < CLAIM_MIN {
                continue;
            }
            let claim = odds / (1.0 + self.odds_with_both(a, b, c));
            claims += claim;
            if claim > strongest.0 {
                strongest = (claim, c);
            }
        }
        (((1.0 + claims).log2() * UNITS_PER_BIT).round() as i64, strongest.1)
    }

    /// Odds that `c` is one person with `a` and `b` together.
    fn odds_with_both(&self, a: usize, b: usize, c: usize) -> f64 {
        let (ac, bc) = (a * self.size + c, b * self.size + c);
        if self.forbidden[ac] || self.forbidden[bc] {
            return 0.0;
        }
        let sums: Vec<f32> = self.sums(a, c).iter().zip(self.sums(b, c)).map(|(x, y)| x + y).collect();
        let nodes = self.nodes[a] + self.nodes[b];
        let (larger, pairs) = (nodes.max(self.nodes[c]), nodes * self.nodes[c]);
        let contradictions = self.contradictions[ac] + self.contradictions[bc];
        let taken = (self.taken[ac] + self.taken[bc]) / larger + contradictions / larger - contradictions / pairs;
        (self.pooling.bits(&sums) - taken as f64 / UNITS_PER_BIT).exp2()
    }

    /// Keeps two clusters apart until one of them or the rival has grown.
    fn hold(&mut self, a: usize, b: usize, rival: usize) {
        self.held.push(Held { a, b, rival });
        self.is_held[a * self.size + b] = true;
        self.look_for_partner(a);
    }

    /// Lets pairs be tried again that waited for `a` or `b`, which are one now.
    fn release(&mut self, a: usize, b: usize) {
        if self.held.is_empty() {
            return;
        }
        let concerned = |held: &Held| [held.a, held.b, held.rival].iter().any(|&at| at == a || at == b);
        let (again, rest): (Vec<Held>, Vec<Held>) = std::mem::take(&mut self.held).into_iter().partition(concerned);
        self.held = rest;
        for held in again {
            self.is_held[held.a * self.size + held.b] = false;
            if self.records[held.a] > 0 {
                self.look_for_partner(held.a);
            }
        }
    }

    fn look_for_partner(&mut self, a: usize) {
        let mut best: Option<(i64, usize)> = None;
        for b in a + 1..self.size {
            if self.records[b] > 0 && !self.forbidden[a * self.size + b] && !self.is_held[a * self.size + b] {
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
            } else if c < a && !self.forbidden[c * self.size + a] && !self.is_held[c * self.size + a] {
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
            let (taken, rival) = if self.heeds_rivals { self.rivals(a, b) } else { (0, usize::MAX) };
            let score = score - taken;
            if score < lowest {
                self.hold(a, b, rival);
                continue;
            }
            so_far = so_far.min(score);
            tell(a, b, Some(self.standing(a, b)));
            merges.push(self.merge(a, b, so_far));
            self.release(a, b);
        }
        merges
    }

    fn merge(&mut self, a: usize, b: usize, average: i64) -> Merge {
        let pairs = (self.records[a] * self.records[b]) as u64;
        self.join(a, b);
        Merge { average, left: a as u32, right: b as u32, pairs, expected: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Joins of three nodes whose pairs (01, 02, 12) have so many bits in one field, and the last pair in a second field too; the cut is at
    /// 4 bits.
    fn joins(bits: [f64; 3], second: f64) -> Vec<(u32, u32)> {
        let pooling = Pooling::of_ratios(&[&bits.map(f64::exp2), &[second.exp2()]]);
        let mut pooled = Pooled::new(&pooling, &[1, 1, 1]);
        for (level, (a, b)) in [(0, 1), (0, 2), (1, 2)].into_iter().enumerate() {
            let pattern = level as u64 + 1 + if level == 2 { 1 << 8 } else { 0 };
            let judged = Judged { pattern, weight: 0, guard: None, guard_takes: 0, provider_takes: 0, in_average: 0 };
            pooled.set(a, b, &judged);
        }
        pooled.agglomerate(&[], 4 * 1024).iter().map(|merge| (merge.left, merge.right)).collect()
    }

    #[test]
    fn a_record_that_two_people_claim_alike_is_given_to_neither() {
        assert_eq!(joins([8.0, 7.5, 8.0], -20.0), [], "both claim it, and they are two people");
        assert_eq!(joins([8.0, 2.0, 8.0], -20.0), [(0, 1)], "the second claim is weak");
        assert_eq!(joins([8.0, -3.0, 8.0], -20.0), [(0, 1)], "nobody else claims it");
    }

    #[test]
    fn claims_of_one_person_are_no_rivals() {
        assert_eq!(joins([8.0, 7.5, 6.0], 0.0).len(), 2);
        assert_eq!(joins([8.0, 7.5, 0.0], 0.0).len(), 2, "little in common, but both are close to the third");
    }
}
