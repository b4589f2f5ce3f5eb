//! A model laid out for scoring patterns.

use super::UNITS_PER_BIT;
use super::classes::Model;
use super::forms::CLASSES_MAX;
use crate::comparison::{Comparisons, Pattern};

/// Patterns whose log odds against plain strangers are below this need no other class: they are no match (natural log).
const HOPELESS: f64 = -14.0;
/// Patterns that one thread remembers the weight of: 2^14 entries of 16 bytes stay in the second-level cache.
const MEMORY_BITS: u32 = 14;

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
    /// Tells this scorer's remembered weights from another's.
    number: u64,
}

/// What one thread remembers of one scorer: pattern + 1 and its weight.
struct Memory {
    owner: u64,
    entries: Box<[(u64, i64)]>,
}

thread_local! {
    static MEMORY: std::cell::RefCell<Memory> =
        std::cell::RefCell::new(Memory { owner: 0, entries: vec![(0, 0); 1 << MEMORY_BITS].into_boxed_slice() });
}

static SCORERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

impl Model {
    pub fn scorer<'a>(&self, comparisons: &'a Comparisons) -> Scorer<'a> {
        let ln = |levels: &[f64]| levels.iter().map(|p| p.max(1e-300).ln()).collect::<Vec<f64>>();
        let strangers: Vec<Vec<f64>> = self.u.iter().map(|u| ln(u)).collect();
        let relative = |(index, levels): &(usize, Vec<f64>)| {
            let ratio = ln(levels).iter().zip(&strangers[*index]).map(|(class, stranger)| class - stranger).collect();
            (*index, ratio)
        };
        let others: Vec<(f64, Vec<Ratios>)> = self.classes[1..]
            .iter()
            .map(|c| (c.share.max(1e-300).ln(), c.free.iter().map(relative).collect()))
            .collect();
        let mut matches: Vec<Vec<f64>> = self.classes[0].free.iter().map(|(_, levels)| ln(levels)).collect();
        disagreements_say_nothing_for(&mut matches, comparisons, &strangers, &others);
        Scorer {
            comparisons,
            match_share: self.classes[0].share.max(1e-300).ln(),
            matches,
            strangers,
            others,
            number: SCORERS.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
        }
    }
}

/// No disagreement speaks for one person. Training that has seen neither a match nor a stranger with a level gives both the same count, of which the
/// matches, who are fewer, have the larger share: as many bits as the prior costs.
fn disagreements_say_nothing_for(
    matches: &mut [Vec<f64>],
    comparisons: &Comparisons,
    strangers: &[Vec<f64>],
    others: &[(f64, Vec<Ratios>)],
) {
    for (index, (levels, comparison)) in matches.iter_mut().zip(&comparisons.list).enumerate() {
        // In the freer forms plain strangers have frequencies of their own.
        let own = others.first().and_then(|(_, free)| free.iter().find(|(of, _)| *of == index));
        for (level, match_of) in
            levels.iter_mut().enumerate().filter(|(level, _)| comparison.is_disagreement(*level as u8))
        {
            let stranger = strangers[index][level] + own.map_or(0.0, |(_, ratios)| ratios[level]);
            *match_of = match_of.min(stranger);
        }
    }
}

/// Natural log odds in 1/1024 bit.
fn in_units(log_odds: f64) -> i64 {
    (log_odds / std::f64::consts::LN_2 * UNITS_PER_BIT).round() as i64
}

impl Scorer<'_> {
    /// Natural log odds of "one person" against everything else. About 15 look-ups and as many exponentials for a pair that has a chance.
    pub fn log_odds(&self, pattern: Pattern) -> f64 {
        let comparisons = self.comparisons.list.iter().enumerate();
        self.log_odds_of(comparisons.filter_map(|(index, comparison)| Some((index, comparison.level_in(pattern)?))))
    }

    /// The same of levels that are known, each with the place of its comparison among all of the model.
    #[inline]
    fn log_odds_of(&self, known: impl Iterator<Item = (usize, u8)>) -> f64 {
        let (mut matches, mut strangers) = (self.match_share, 0.0);
        let mut levels = [u8::MAX; 64];
        for (index, level) in known {
            levels[index] = level;
            matches += self.matches[index][usize::from(level)];
            strangers += self.strangers[index][usize::from(level)];
        }
        let plain = matches - strangers - self.others[0].0;
        if self.others[0].1.is_empty() && plain < HOPELESS {
            return plain;
        }
        let mut top = f64::NEG_INFINITY;
        let mut scores = [0.0; CLASSES_MAX];
        for (slot, (share, free)) in scores.iter_mut().zip(&self.others) {
            let known = free.iter().filter(|(index, _)| levels[*index] != u8::MAX);
            *slot = share + strangers + known.map(|(index, ratio)| ratio[usize::from(levels[*index])]).sum::<f64>();
            top = top.max(*slot);
        }
        let rest: f64 = scores[..self.others.len().min(CLASSES_MAX)].iter().map(|score| (score - top).exp()).sum();
        matches - top - rest.ln()
    }

    /// The weight of a pattern in 1/1024 bit.
    pub fn weight_afresh(&self, pattern: Pattern) -> i64 {
        in_units(self.log_odds(pattern))
    }

    /// The weight of levels that are known, each with the place of its comparison among all of the model: for whoever has no comparisons any more, or
    /// leaves some out.
    pub fn weight_of(&self, known: impl Iterator<Item = (usize, u8)>) -> i64 {
        in_units(self.log_odds_of(known))
    }

    /// The weight of a pattern in 1/1024 bit; remembered, since a few thousand patterns make up nearly all pairs.
    pub fn weight(&self, pattern: Pattern) -> i64 {
        let key = pattern.wrapping_add(1);
        let at = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - MEMORY_BITS)) as usize;
        MEMORY.with_borrow_mut(|memory| {
            if memory.owner != self.number {
                memory.entries.fill((0, 0));
                memory.owner = self.number;
            }
            if memory.entries[at].0 != key {
                memory.entries[at] = (key, self.weight_afresh(pattern));
            }
            memory.entries[at].1
        })
    }

    /// What one comparison adds to the match side against plain strangers (in the freer forms these have frequencies of their own), in
    /// bits: for `explain`. Other classes of strangers can then only take away.
    pub fn bits(&self, comparison: usize, level: u8) -> f64 {
        let level = usize::from(level);
        let own =
            self.others[0].1.iter().find(|(index, _)| *index == comparison).map_or(0.0, |(_, ratio)| ratio[level]);
        (self.matches[comparison][level] - self.strangers[comparison][level] - own) / std::f64::consts::LN_2
    }

    /// The prior in bits: how likely any two records are one person.
    pub fn prior_bits(&self) -> f64 {
        (self.match_share - self.others[0].0) / std::f64::consts::LN_2
    }

    /// P(class | levels) for every class; `u8::MAX` is a missing level.
    pub(super) fn responsibilities(&self, levels: &[u8], may_match: bool, out: &mut [f64]) {
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
