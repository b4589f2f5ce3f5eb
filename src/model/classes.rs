//! Latent classes over all pairs, learnt by expectation maximisation on the histogram of patterns (ACCURACY.md section 5, form d).

use super::UNITS_PER_BIT;
use super::histogram::Histogram;
use super::sample::{Frequencies, normalise};
use crate::comparison::{Comparisons, Group, Pattern};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rounds after which learning stops in any case.
const ROUNDS_MAX: usize = 60;
/// Learning stops when the expected number of matches moves by less than this share.
const STILL: f64 = 1e-3;
/// Patterns a task of the E step; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 4096;
/// Strangers need two groups of fields with this much information to count as alike in both, in bits.
const ALIKE_BITS: f64 = 3.0;
/// Patterns whose log odds against plain strangers are below this need no other class: they are no match (natural log).
const HOPELESS: f64 = -14.0;

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
    pub comparisons: Vec<String>,
    pub levels: Vec<u8>,
    /// Level frequencies of strangers.
    pub u: Frequencies,
    pub classes: Vec<Class>,
}

/// A comparison by place in the list, and a figure for each of its levels.
type Ratios = (usize, Vec<f64>);

/// Logarithms of a model, laid out for scoring.
pub struct Scorer<'a> {
    comparisons: &'a Comparisons,
    /// ln(share), ln of match frequencies and of stranger frequencies.
    match_share: f64,
    matches: Vec<Vec<f64>>,
    strangers: Vec<Vec<f64>>,
    /// For each class but the match: ln(share), and ln(class / strangers) for its free comparisons.
    others: Vec<(f64, Vec<Ratios>)>,
}

impl Model {
    /// The match class's level frequencies of one comparison: the m of Fellegi and Sunter.
    pub fn m(&self, comparison: usize) -> &[f64] {
        &self.classes[0].free[comparison].1
    }

    pub fn scorer<'a>(&self, comparisons: &'a Comparisons) -> Scorer<'a> {
        let ln = |levels: &[f64]| levels.iter().map(|p| p.max(1e-300).ln()).collect::<Vec<f64>>();
        let strangers: Vec<Vec<f64>> = self.u.iter().map(|u| ln(u)).collect();
        let relative = |(index, levels): &(usize, Vec<f64>)| {
            let ratio = ln(levels).iter().zip(&strangers[*index]).map(|(class, stranger)| class - stranger).collect();
            (*index, ratio)
        };
        let others = self.classes[1..]
            .iter()
            .map(|c| (c.share.max(1e-300).ln(), c.free.iter().map(relative).collect()))
            .collect();
        Scorer {
            comparisons,
            match_share: self.classes[0].share.max(1e-300).ln(),
            matches: self.classes[0].free.iter().map(|(_, levels)| ln(levels)).collect(),
            strangers,
            others,
        }
    }
}

impl Scorer<'_> {
    /// Natural log odds of "one person" against everything else. About 15 look-ups and as many exponentials for a pair that has a chance.
    pub fn log_odds(&self, pattern: Pattern) -> f64 {
        let (mut matches, mut strangers) = (self.match_share, 0.0);
        let mut levels = [u8::MAX; 64];
        for (index, comparison) in self.comparisons.list.iter().enumerate() {
            if let Some(level) = comparison.level_in(pattern) {
                levels[index] = level;
                matches += self.matches[index][usize::from(level)];
                strangers += self.strangers[index][usize::from(level)];
            }
        }
        let plain = matches - strangers - self.others[0].0;
        if plain < HOPELESS {
            return plain;
        }
        let mut top = f64::NEG_INFINITY;
        let mut scores = [0.0; 64];
        for (slot, (share, free)) in scores.iter_mut().zip(&self.others) {
            let known = free.iter().filter(|(index, _)| levels[*index] != u8::MAX);
            *slot = share + strangers + known.map(|(index, ratio)| ratio[usize::from(levels[*index])]).sum::<f64>();
            top = top.max(*slot);
        }
        let rest: f64 = scores[..self.others.len().min(64)].iter().map(|score| (score - top).exp()).sum();
        matches - top - rest.ln()
    }

    /// The weight of a pattern in 1/1024 bit.
    pub fn weight(&self, pattern: Pattern) -> i64 {
        (self.log_odds(pattern) / std::f64::consts::LN_2 * UNITS_PER_BIT).round() as i64
    }

    /// What one comparison adds to the match side against plain strangers, in bits: for `explain`.
    pub fn bits(&self, comparison: usize, level: u8) -> f64 {
        (self.matches[comparison][usize::from(level)] - self.strangers[comparison][usize::from(level)])
            / std::f64::consts::LN_2
    }

    /// The prior in bits: how likely any two records are one person.
    pub fn prior_bits(&self) -> f64 {
        (self.match_share - self.others[0].0) / std::f64::consts::LN_2
    }
}

/// The kinds of strangers: none alike, alike in one group of fields, alike in two. At most 63.
fn kinds(comparisons: &Comparisons) -> Vec<Vec<Group>> {
    let mut groups: Vec<Group> = comparisons.list.iter().map(|comparison| comparison.group).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut kinds = vec![vec![]];
    kinds.extend(groups.iter().map(|group| vec![*group]));
    if groups.len() >= 4 {
        for (i, a) in groups.iter().enumerate() {
            kinds.extend(groups[i + 1..].iter().map(|b| vec![*a, *b]));
        }
    }
    kinds.truncate(62);
    kinds
}

/// Learns the classes. `start` is P(one person) of each blocked pattern; unblocked pairs are never one person.
pub fn learn(
    comparisons: &Comparisons,
    u: &Frequencies,
    blocked: &Histogram,
    unblocked: &Histogram,
    start: &[f64],
) -> Model {
    let kinds = kinds(comparisons);
    let data = Data::decode(comparisons, blocked, unblocked);
    let names: Vec<String> = std::iter::once("one person".to_string())
        .chain(kinds.iter().map(|kind| kind_name(comparisons, kind)))
        .collect();
    let free: Vec<Vec<usize>> = std::iter::once((0..comparisons.list.len()).collect())
        .chain(kinds.iter().map(|kind| in_groups(comparisons, kind)))
        .collect();
    let mut model = Model {
        comparisons: comparisons.list.iter().map(|comparison| comparison.name.clone()).collect(),
        levels: comparisons.list.iter().map(|comparison| comparison.levels).collect(),
        u: u.clone(),
        classes: Vec::new(),
    };
    let mut sums = data.first_sums(comparisons, u, &kinds, &free, start);
    let mut matches = 0.0;
    for round in 0..ROUNDS_MAX {
        model.classes = sums.classes(&names, &free);
        drop_empty(&mut model.classes, sums.total());
        let kept: Vec<Vec<usize>> =
            model.classes.iter().map(|class| class.free.iter().map(|(index, _)| *index).collect()).collect();
        sums = data.expectation(&model.scorer(comparisons), &kept, &model.levels);
        let now = sums.mass[0];
        if round > 5 && (now - matches).abs() < STILL * matches.max(1.0) {
            break;
        }
        matches = now;
        if kept.len() != free.len() {
            return continue_with(comparisons, data, model, kept, sums);
        }
    }
    model
}

/// Goes on with the classes that were not empty.
fn continue_with(
    comparisons: &Comparisons,
    data: Data,
    mut model: Model,
    free: Vec<Vec<usize>>,
    mut sums: Sums,
) -> Model {
    let names: Vec<String> = model.classes.iter().map(|class| class.name.clone()).collect();
    let mut matches = 0.0;
    for round in 0..ROUNDS_MAX {
        model.classes = sums.classes(&names, &free);
        sums = data.expectation(&model.scorer(comparisons), &free, &model.levels);
        let now = sums.mass[0];
        if round > 5 && (now - matches).abs() < STILL * matches.max(1.0) {
            break;
        }
        matches = now;
    }
    model
}

/// Leaves out kinds of strangers with fewer than five pairs; the match and the plain strangers always stay.
fn drop_empty(classes: &mut Vec<Class>, total: f64) {
    let mut index = 0;
    classes.retain(|class| {
        index += 1;
        index <= 2 || class.share * total > 5.0
    });
}

fn in_groups(comparisons: &Comparisons, kind: &[Group]) -> Vec<usize> {
    let listed = comparisons.list.iter().enumerate();
    listed.filter(|(_, comparison)| kind.contains(&comparison.group)).map(|(index, _)| index).collect()
}

fn kind_name(comparisons: &Comparisons, kind: &[Group]) -> String {
    let names: Vec<&str> =
        in_groups(comparisons, kind).into_iter().map(|index| comparisons.list[index].name.as_str()).collect();
    if names.is_empty() { "strangers".into() } else { format!("strangers alike in {}", names.join(", ")) }
}

/// Patterns decoded into levels (`u8::MAX` = missing), blocked ones first.
struct Data {
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

    fn total(&self) -> f64 {
        self.mass.iter().sum()
    }

    /// The M step, each level smoothed by a fiftieth of a pair.
    fn classes(&self, names: &[String], free: &[Vec<usize>]) -> Vec<Class> {
        let total = self.total().max(1e-9);
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
    fn decode(comparisons: &Comparisons, blocked: &Histogram, unblocked: &Histogram) -> Data {
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

    /// Sums before anything is learnt: matches by the start, strangers by the groups that say most about a pair.
    fn first_sums(
        &self,
        comparisons: &Comparisons,
        u: &Frequencies,
        kinds: &[Vec<Group>],
        free: &[Vec<usize>],
        start: &[f64],
    ) -> Sums {
        let sizes: Vec<u8> = comparisons.list.iter().map(|comparison| comparison.levels).collect();
        let mut sums = Sums::zero(free, &sizes);
        for at in 0..self.patterns.len() {
            let levels = self.levels(at);
            let Some(&start) = start.get(at) else {
                sums.add(1, &free[1], levels, self.pairs[at]);
                continue;
            };
            sums.add(0, &free[0], levels, self.pairs[at] * start);
            let kind = most_alike(comparisons, u, levels, kinds);
            sums.add(1 + kind, &free[1 + kind], levels, self.pairs[at] * (1.0 - start));
        }
        sums
    }

    /// The E step, in fixed chunks whose sums are added in order.
    fn expectation(&self, scorer: &Scorer, free: &[Vec<usize>], sizes: &[u8]) -> Sums {
        let chunks: Vec<Sums> = (0..self.patterns.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut sums = Sums::zero(free, sizes);
                let mut parts = vec![0.0; free.len()];
                for at in chunk * CHUNK..((chunk + 1) * CHUNK).min(self.patterns.len()) {
                    let levels = self.levels(at);
                    scorer.responsibilities(levels, at < self.blocked, &mut parts);
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

impl Scorer<'_> {
    /// P(class | levels) for every class.
    fn responsibilities(&self, levels: &[u8], may_match: bool, out: &mut [f64]) {
        let (mut matches, mut strangers) = (self.match_share, 0.0);
        for (index, &level) in levels.iter().enumerate().filter(|(_, level)| **level != u8::MAX) {
            matches += self.matches[index][usize::from(level)];
            strangers += self.strangers[index][usize::from(level)];
        }
        out[0] = if may_match { matches } else { f64::NEG_INFINITY };
        for (slot, (share, free)) in out[1..].iter_mut().zip(&self.others) {
            let known = free.iter().filter(|(index, _)| levels[*index] != u8::MAX);
            *slot = share + strangers + known.map(|(index, ratio)| ratio[usize::from(levels[*index])]).sum::<f64>();
        }
        let top = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for slot in out.iter_mut() {
            *slot = (*slot - top).exp();
            total += *slot;
        }
        out.iter_mut().for_each(|slot| *slot /= total);
    }
}

/// The kind of strangers that a pattern looks like: the one or two groups with most information.
fn most_alike(comparisons: &Comparisons, u: &Frequencies, levels: &[u8], kinds: &[Vec<Group>]) -> usize {
    let mut by_group: Vec<(Group, f64)> = Vec::new();
    for (index, comparison) in comparisons.list.iter().enumerate().filter(|(index, _)| levels[*index] != u8::MAX) {
        let bits = -u[index][usize::from(levels[index])].log2();
        match by_group.iter_mut().find(|(group, _)| *group == comparison.group) {
            Some((_, sum)) => *sum += bits,
            None => by_group.push((comparison.group, bits)),
        }
    }
    by_group.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut wanted: Vec<Group> =
        by_group.iter().take(2).filter(|(_, bits)| *bits >= ALIKE_BITS).map(|(group, _)| *group).collect();
    wanted.sort_unstable();
    let one = by_group.first().map(|(group, _)| vec![*group]).unwrap_or_default();
    kinds.iter().position(|kind| *kind == wanted).or_else(|| kinds.iter().position(|kind| *kind == one)).unwrap_or(0)
}
