//! Latent classes over all pairs, learnt by expectation maximisation on the histogram of patterns (ACCURACY.md section 5).

use super::Calibration;
use super::forms::{Form, Layout};
use super::histogram::Histogram;
use super::sample::{Frequencies, normalise};
use super::scorer::Scorer;
use super::start;
use crate::comparison::{Comparisons, Pattern};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rounds after which learning stops in any case.
const ROUNDS_MAX: usize = 80;
/// Rounds in which strangers settle once it is known what clusters believe.
const ROUNDS_AGAIN: usize = 8;
/// Learning stops when the expected number of matches moves by less than this share.
const STILL: f64 = 1e-3;
/// Patterns a task of the E step; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 4096;

/// One class of pairs. Class 0 is "one person".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Class {
    pub name: String,
    /// Share of all pairs.
    pub share: f64,
    /// Level frequencies of the comparisons that this class learns, by place in the list of comparisons; in the others it is like
    /// any strangers.
    pub free: Vec<(usize, Vec<f64>)>,
}

/// Everything learnt: no person's value stands here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub form: Form,
    pub comparisons: Vec<String>,
    pub levels: Vec<u8>,
    /// Level frequencies of strangers.
    pub u: Frequencies,
    pub classes: Vec<Class>,
    /// The cuts and the context's weights; absent until the pairs have been scored.
    pub decision: Option<super::Decision>,
    /// What was measured of the population besides; absent until the model is frozen.
    pub measured: Option<super::Measured>,
}

impl Model {
    /// What the weight of a pair means by this model.
    pub fn calibration(&self) -> Calibration {
        self.decision.as_ref().and_then(|decision| decision.calibration.clone()).unwrap_or_default()
    }

    /// The match class's level frequencies of one comparison: the m of Fellegi and Sunter.
    pub fn m(&self, comparison: usize) -> &[f64] {
        &self.classes[0].free[comparison].1
    }
}

/// Learns the classes of one form. `start` is P(one person) of each blocked pattern; unblocked pairs are never one person.
pub fn learn(comparisons: &Comparisons, form: Form, u: &Frequencies, data: &Data, start: &[f64]) -> Model {
    let layout = Layout::of(form, comparisons);
    let (names, free, mut sums) = data.first_sums(comparisons, u, form, &layout, start);
    let mut model = Model {
        form,
        comparisons: comparisons.list.iter().map(|comparison| comparison.name.clone()).collect(),
        levels: comparisons.list.iter().map(|comparison| comparison.levels).collect(),
        u: u.clone(),
        classes: Vec::new(),
        decision: None,
        measured: None,
    };
    let mut matches = 0.0;
    for round in 0..ROUNDS_MAX {
        model.classes = sums.classes(&names, &free);
        sums = data.expectation(&model.scorer(comparisons), &free, &model.levels, None);
        let now = sums.mass[0];
        if round > 5 && (now - matches).abs() < STILL * matches.max(1.0) {
            break;
        }
        matches = now;
    }
    model
}

/// A model that learns nothing: in pairs of one person every level is certain, so that a pair weighs its information, less what even odds
/// need. `start` is the false-discovery rate of each blocked pattern.
pub fn information_alone(comparisons: &Comparisons, u: &Frequencies, blocked: &Histogram, start: &[f64]) -> Model {
    let even = start::even_odds(comparisons, u, blocked, start);
    let certain = comparisons.list.iter().enumerate().map(|(at, one)| (at, vec![1.0; usize::from(one.levels)]));
    let class = |name: &str, share, free| Class { name: name.into(), share, free };
    let classes = vec![class("one person", (-even).exp2(), certain.collect()), class("strangers", 1.0, Vec::new())];
    Model {
        form: Form::Information,
        comparisons: comparisons.list.iter().map(|comparison| comparison.name.clone()).collect(),
        levels: comparisons.list.iter().map(|comparison| comparison.levels).collect(),
        u: u.clone(),
        classes,
        decision: None,
        measured: None,
    }
}

/// Patterns of pairs that have a chance, ascending: how many there are, and how many of them clusters take for one person.
#[derive(Debug, Clone, Default)]
pub struct Believed {
    pub patterns: Vec<Pattern>,
    pub pairs: Vec<f64>,
    pub matches: Vec<f64>,
}

impl Believed {
    /// Adds pairs: a pattern, how many, and how many of them are taken for one person.
    pub fn add(&mut self, more: impl Iterator<Item = (Pattern, f64, f64)>) {
        let known = self.patterns.iter().zip(&self.pairs).zip(&self.matches);
        let mut all: Vec<(Pattern, f64, f64)> =
            known.map(|((&pattern, &pairs), &matches)| (pattern, pairs, matches)).collect();
        all.extend(more);
        all.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)));
        *self = Believed::default();
        for chunk in all.chunk_by(|a, b| a.0 == b.0) {
            self.patterns.push(chunk[0].0);
            self.pairs.push(chunk.iter().map(|one| one.1).sum());
            self.matches.push(chunk.iter().map(|one| one.2).sum());
        }
    }
}

/// Learns a model's classes again from what clusters say of each pattern: class 0 is what they believe, the others share the rest. `blocked`
/// and `unblocked` hold the pairs that have no chance.
pub fn relearn(
    comparisons: &Comparisons,
    model: &Model,
    believed: &Believed,
    blocked: &Histogram,
    unblocked: &Histogram,
) -> Model {
    let listed = |pattern: &Pattern| believed.patterns.binary_search(pattern).is_ok();
    let rest = blocked.patterns.iter().zip(&blocked.pairs).filter(|(pattern, _)| !listed(pattern));
    let (mut patterns, mut pairs) = (believed.patterns.clone(), believed.pairs.clone());
    rest.for_each(|(pattern, count)| {
        patterns.push(*pattern);
        pairs.push(*count);
    });
    let data = Data::decode(comparisons, &Histogram { patterns, pairs }, unblocked);
    let belief: Vec<f64> = believed.matches.iter().zip(&believed.pairs).map(|(m, n)| (m / n).clamp(0.0, 1.0)).collect();
    let free: Vec<Vec<usize>> =
        model.classes.iter().map(|class| class.free.iter().map(|(index, _)| *index).collect()).collect();
    let names: Vec<String> = model.classes.iter().map(|class| class.name.clone()).collect();
    let mut model = Model { decision: None, ..model.clone() };
    for _ in 0..ROUNDS_AGAIN {
        let sums = data.expectation(&model.scorer(comparisons), &free, &model.levels, Some(&belief));
        model.classes = sums.classes(&names, &free);
    }
    model
}

/// Patterns decoded into levels (`u8::MAX` = missing), blocked ones first.
pub struct Data {
    patterns: Vec<Pattern>,
    levels: Vec<u8>,
    width: usize,
    pairs: Vec<f64>,
    blocked: usize,
}

/// Sums of responsibilities: of each class, and of each level that a class learns.
struct Sums {
    mass: Vec<f64>,
    levels: Vec<Vec<Vec<f64>>>,
}

impl Sums {
    fn zero(free: &[Vec<usize>], levels: &[u8]) -> Sums {
        let zeros = |class: &Vec<usize>| class.iter().map(|&index| vec![0.0; usize::from(levels[index])]).collect();
        Sums { mass: vec![0.0; free.len()], levels: free.iter().map(zeros).collect() }
    }

    fn add(&mut self, class: usize, free: &[usize], levels: &[u8], weight: f64) {
        self.mass[class] += weight;
        for (slot, &index) in self.levels[class].iter_mut().zip(free) {
            if levels[index] != u8::MAX {
                slot[usize::from(levels[index])] += weight;
            }
        }
    }

    fn merge(mut self, other: Sums) -> Sums {
        self.mass.iter_mut().zip(other.mass).for_each(|(a, b)| *a += b);
        let flat = |levels: Vec<Vec<Vec<f64>>>| levels.into_iter().flatten().flatten().collect::<Vec<f64>>();
        let other = flat(other.levels);
        self.levels.iter_mut().flatten().flatten().zip(other).for_each(|(a, b)| *a += b);
        self
    }

    /// The M step, each level smoothed by a fiftieth of a pair.
    fn classes(&self, names: &[String], free: &[Vec<usize>]) -> Vec<Class> {
        let total = self.mass.iter().sum::<f64>().max(1e-9);
        (0..self.mass.len())
            .map(|class| {
                let learnt = free[class].iter().zip(&self.levels[class]).map(|(&index, counts)| {
                    let mut levels: Vec<f64> = counts.iter().map(|count| count + 0.02).collect();
                    normalise(&mut levels);
                    (index, levels)
                });
                Class { name: names[class].clone(), share: self.mass[class] / total, free: learnt.collect() }
            })
            .collect()
    }
}

impl Data {
    pub fn decode(comparisons: &Comparisons, blocked: &Histogram, unblocked: &Histogram) -> Data {
        let patterns: Vec<Pattern> = blocked.patterns.iter().chain(&unblocked.patterns).copied().collect();
        let level = |pattern: Pattern| comparisons.list.iter().map(move |c| c.level_in(pattern).unwrap_or(u8::MAX));
        Data {
            levels: patterns.iter().flat_map(|pattern| level(*pattern)).collect(),
            width: comparisons.list.len(),
            pairs: blocked.pairs.iter().chain(&unblocked.pairs).copied().collect(),
            blocked: blocked.patterns.len(),
            patterns,
        }
    }

    fn levels(&self, at: usize) -> &[u8] {
        &self.levels[at * self.width..(at + 1) * self.width]
    }

    /// Sums before anything is learnt, with the classes that hold enough pairs: one person and plain strangers stay in any case; pairs of
    /// a kind that is left out start as plain strangers.
    fn first_sums(
        &self,
        comparisons: &Comparisons,
        u: &Frequencies,
        form: Form,
        layout: &Layout,
        start: &[f64],
    ) -> (Vec<String>, Vec<Vec<usize>>, Sums) {
        let class_of = |at: usize| match at < self.blocked {
            true => layout.start_class(comparisons, u, self.levels(at)),
            false => 1,
        };
        let classes: Vec<usize> = (0..self.patterns.len()).into_par_iter().map(class_of).collect();
        let chance = |at: usize| start.get(at).copied().unwrap_or(0.0);
        let mut mass = vec![0.0; layout.free.len()];
        classes.iter().enumerate().for_each(|(at, class)| mass[*class] += self.pairs[at] * (1.0 - chance(at)));
        let kept: Vec<usize> = (0..mass.len()).filter(|class| *class < 2 || mass[*class] > form.pairs_min()).collect();
        let free: Vec<Vec<usize>> = kept.iter().map(|class| layout.free[*class].clone()).collect();
        let sizes: Vec<u8> = comparisons.list.iter().map(|comparison| comparison.levels).collect();
        let mut sums = Sums::zero(&free, &sizes);
        for (at, class) in classes.iter().enumerate() {
            let class = kept.binary_search(class).unwrap_or(1);
            sums.add(0, &free[0], self.levels(at), self.pairs[at] * chance(at));
            sums.add(class, &free[class], self.levels(at), self.pairs[at] * (1.0 - chance(at)));
        }
        (kept.iter().map(|class| layout.names[*class].clone()).collect(), free, sums)
    }

    /// The E step, in fixed chunks whose sums are added in order. `belief` is P(one person) of the first patterns where that is known; of the
    /// others it is then zero.
    fn expectation(&self, scorer: &Scorer, free: &[Vec<usize>], sizes: &[u8], belief: Option<&[f64]>) -> Sums {
        let chunks: Vec<Sums> = (0..self.patterns.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut sums = Sums::zero(free, sizes);
                let mut parts = vec![0.0; free.len()];
                for at in chunk * CHUNK..((chunk + 1) * CHUNK).min(self.patterns.len()) {
                    let levels = self.levels(at);
                    scorer.responsibilities(levels, at < self.blocked && belief.is_none(), &mut parts);
                    if let Some(belief) = belief.and_then(|belief| belief.get(at)) {
                        parts.iter_mut().for_each(|part| *part *= 1.0 - belief);
                        parts[0] = *belief;
                    }
                    for (class, part) in parts.iter().enumerate().filter(|(_, part)| **part > 1e-12) {
                        sums.add(class, &free[class], levels, part * self.pairs[at]);
                    }
                }
                sums
            })
            .collect();
        chunks.into_iter().fold(Sums::zero(free, sizes), Sums::merge)
    }
}
