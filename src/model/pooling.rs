//! Evidence for two clusters, pooled over their cross pairs field by field.
//!
//! Records of one person are damaged one by one: the one has the wrong date, the other the wrong name. An average over pairs counts every
//! damage against every record; but for two clusters to be one person it is enough that, field by field, good records agree. So the
//! likelihood ratio of a field is pooled first, as the power mean (exponent one half) over all cross pairs in which both sides know it, and
//! the fields are multiplied then. The exponent stands between an average of logarithms (0: one damaged record counts in full) and one of
//! ratios (1: one misplaced record ties two people together). docs/measurements.md has what each brings.

use super::UNITS_PER_BIT;
use super::classes::Model;
use crate::comparison::{Comparisons, Pattern};

/// Square roots of likelihood ratios against plain strangers, by class and field, laid out for summing over pairs.
pub struct Pooling {
    /// Shift and mask of each comparison in a pattern.
    places: Vec<(u32, u64)>,
    /// For each class and each field that it learns: the comparison, and where the roots of its levels begin in `roots`.
    slots: Vec<(usize, usize)>,
    roots: Vec<f32>,
    /// Share of each class, and its slots.
    classes: Vec<(f64, std::ops::Range<usize>)>,
    /// For each comparison, what each of its levels says against one person if it repeats itself, in 1/1024 bit.
    contradictions: Vec<Vec<i64>>,
}

/// A contradiction that repeats itself never counts for more than this many bits a record.
const CONTRADICTION_BITS_MAX: f64 = 6.0;

impl Pooling {
    pub fn of(model: &Model, comparisons: &Comparisons) -> Pooling {
        let mut pooling = Pooling {
            places: comparisons.list.iter().map(|comparison| comparison.place()).collect(),
            slots: Vec::new(),
            roots: Vec::new(),
            classes: Vec::new(),
            contradictions: contradictions(model, comparisons),
        };
        for class in &model.classes {
            let from = pooling.slots.len();
            for (index, levels) in &class.free {
                pooling.slots.push((*index, pooling.roots.len()));
                let root = |(p, u): (&f64, &f64)| (p.max(1e-300) / u.max(1e-300)).sqrt().clamp(1e-9, 1e9) as f32;
                pooling.roots.extend(levels.iter().zip(&model.u[*index]).map(root));
            }
            pooling.classes.push((class.share.max(1e-300), from..pooling.slots.len()));
        }
        pooling
    }

    /// Figures that stand between two clusters.
    pub fn width(&self) -> usize {
        self.places.len() + self.slots.len()
    }

    /// Adds `times` pairs with this pattern.
    pub fn add(&self, pattern: Pattern, times: f32, sums: &mut [f32]) {
        let (counts, roots) = sums.split_at_mut(self.places.len());
        let mut levels = [0usize; 64];
        for (at, &(shift, mask)) in self.places.iter().enumerate() {
            levels[at] = ((pattern >> shift) & mask) as usize;
            if levels[at] > 0 {
                counts[at] += times;
            }
        }
        for (sum, &(comparison, from)) in roots.iter_mut().zip(&self.slots) {
            if levels[comparison] > 0 {
                *sum += times * self.roots[from + levels[comparison] - 1];
            }
        }
    }

    /// How unlikely it is, by what is known of errors, that one more record of a person contradicts the others as this pair does, in 1/1024 bit.
    pub fn contradiction(&self, pattern: Pattern) -> i64 {
        let levels = self.places.iter().zip(&self.contradictions);
        levels.map(|(&(shift, mask), bits)| bits[((pattern >> shift) & mask) as usize]).sum()
    }

    /// What each comparison says against plain strangers, in bits, by place in the list: for `explain`. `None` where no pair knows it.
    pub fn bits_by_field(&self, sums: &[f32]) -> Vec<Option<f64>> {
        let (counts, roots) = sums.split_at(self.places.len());
        let mut bits = vec![None; self.places.len()];
        let signs = [(0, 2.0), (1, -2.0)].into_iter().filter(|(class, _)| *class < self.classes.len());
        for (class, sign) in signs {
            for at in self.classes[class].1.clone() {
                let comparison = self.slots[at].0;
                if counts[comparison] > 0.0 {
                    let pooled = sign * (f64::from(roots[at]) / f64::from(counts[comparison])).log2();
                    bits[comparison] = Some(bits[comparison].unwrap_or(0.0) + pooled);
                }
            }
        }
        bits
    }

    /// Log odds in bits that two clusters are one person. One division a field and one product a class and field: about 60 ns.
    pub fn bits(&self, sums: &[f32]) -> f64 {
        let (counts, roots) = sums.split_at(self.places.len());
        let mut likelihood = self.classes.iter().map(|(share, slots)| {
            let mut product = 1.0f64;
            for at in slots.clone() {
                let count = counts[self.slots[at].0];
                if count > 0.0 {
                    product *= f64::from(roots[at]) / f64::from(count);
                }
            }
            share * product * product
        });
        let matches = likelihood.next().expect("class 0 is one person");
        (matches.max(1e-280) / likelihood.sum::<f64>().max(1e-280)).log2()
    }
}

#[cfg(test)]
impl Pooling {
    /// One comparison, whose levels are so many times as frequent in one person's pairs as in strangers'; even odds before it.
    pub fn of_ratios(ratios: &[f64]) -> Pooling {
        let roots = ratios.iter().map(|ratio| ratio.sqrt() as f32).chain(ratios.iter().map(|_| 1.0));
        Pooling {
            places: vec![(0, 0xff)],
            slots: vec![(0, 0), (0, ratios.len())],
            roots: roots.collect(),
            classes: vec![(0.5, 0..1), (0.5, 1..2)],
            contradictions: vec![vec![0; ratios.len() + 1]],
        }
    }
}

/// By comparison and by stored level (0 is missing): −log2 of the share of one person's pairs that contradict each other in that field.
fn contradictions(model: &Model, comparisons: &Comparisons) -> Vec<Vec<i64>> {
    let of = |(at, comparison): (usize, &crate::comparison::Comparison)| {
        let levels = 0..comparison.levels;
        let share: f64 = levels
            .clone()
            .filter(|level| comparison.contradicts(*level))
            .map(|level| model.m(at)[usize::from(level)])
            .sum();
        let bits = (-share.max(1e-9).log2()).clamp(0.0, CONTRADICTION_BITS_MAX);
        let units = (bits * UNITS_PER_BIT).round() as i64;
        std::iter::once(0).chain(levels.map(|level| if comparison.contradicts(level) { units } else { 0 })).collect()
    };
    comparisons.list.iter().enumerate().map(of).collect()
}
