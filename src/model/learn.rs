//! From blocks to a model.

use super::classes::{self, Data, Model};
use super::forms::Form;
use super::histogram::{Counter, Histogram};
use super::{sample, start};
use crate::blocking::{Blocks, PairPatterns, Pairs};
use crate::comparison::{Batch, Comparison, Comparisons, Of, Pattern, date};
use crate::records::Identities;
use rayon::prelude::*;

/// Blocked pairs that training looks at; beyond, those of every k-th identity, so that its cost does not grow.
const TRAINING_PAIRS: u64 = 3_000_000;
/// An identity counts at most this often in training: a filler that five hundred rows share must not teach what matches look like.
const COUNT_MAX: u64 = 8;

/// Matches of a freer form may be born far apart this much more often than those of the constrained form. In small populations in which people share
/// homes, a freer form can take "one home" for "one person", and three forms of the four then agree on it. Of 130 models of made-up jobs matches of
/// sound ones were born far apart in at most .014 of pairs, of the others in .214 to .740 (docs/measurements.md, "Households").
const FAR_BIRTHS_MORE: f64 = 0.10;

/// A model of one form, and how many true record pairs it expects among the blocked ones.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub model: Model,
    pub expected_matches: f64,
}

/// What learning found.
#[derive(Debug)]
pub struct Learnt {
    /// One model a form that was asked for.
    pub candidates: Vec<Candidate>,
    /// Blocked pairs that were looked at.
    pub training_pairs: u64,
    pub patterns: usize,
    /// Patterns of blocked pairs, and of the unblocked rest, scaled to all pairs.
    pub blocked: Histogram,
    pub unblocked: Histogram,
}

/// Learns from the blocked pairs and from random ones; `None` where there is nothing to compare. `compared` are the pairs of all blocks where
/// they were compared before; otherwise only those are that training looks at.
pub fn learn(
    comparisons: &Comparisons,
    blocks: &Blocks,
    compared: Option<&PairPatterns>,
    identities: &Identities,
    forms: &[Form],
) -> Option<Learnt> {
    if comparisons.list.is_empty() || identities.records() < 2 {
        return None;
    }
    let plain = sample::plain(comparisons, blocks, identities);
    let rough = sample::frequencies(comparisons, &plain.all);
    let u = sample::sharpen(comparisons, &plain.all, &rough);
    let (blocked, training_pairs) = blocked_histogram(comparisons, blocks, compared, identities);
    let n = identities.records() as f64;
    let all_pairs = n * (n - 1.0) / 2.0;
    let start = start::false_discovery(comparisons, &u, &plain.all, &blocked, all_pairs);
    let scale = (all_pairs - blocked.total()).max(0.0) / plain.unblocked.total().max(1.0);
    let unblocked = Histogram { pairs: plain.unblocked.pairs.iter().map(|p| p * scale).collect(), ..plain.unblocked };
    let data = Data::decode(comparisons, &blocked, &unblocked);
    let candidate = |form: Form| {
        let model = match form {
            Form::Information => classes::information_alone(comparisons, &u, &blocked, &start),
            _ => classes::learn(comparisons, form, &u, &data, &start),
        };
        let scorer = model.scorer(comparisons);
        let chance = |pattern: &u64| 1.0 / (1.0 + (-scorer.log_odds(*pattern)).exp());
        let expected_matches = blocked.patterns.iter().zip(&blocked.pairs).map(|(p, pairs)| chance(p) * pairs).sum();
        Candidate { expected_matches, model }
    };
    let mut candidates = forms.iter().copied().map(candidate).collect();
    drop_households(&mut candidates, comparisons);
    Some(Learnt { candidates, training_pairs, patterns: blocked.patterns.len(), blocked, unblocked })
}

/// Drops freer forms whose matches are people of one home, where they are at least half of all: see [`FAR_BIRTHS_MORE`].
fn drop_households(candidates: &mut Vec<Candidate>, comparisons: &Comparisons) {
    let is_birth = |one: &Comparison| matches!(one.of, Of::Date(_)) && one.name == "date_of_birth";
    let Some(birth) = comparisons.list.iter().position(is_birth) else { return };
    let far = |candidate: &Candidate| -> f64 {
        let of_matches = candidate.model.classes[0].free.iter().filter(|(index, _)| *index == birth);
        let levels = of_matches.flat_map(|(_, levels)| (0..).zip(levels));
        levels.filter(|(level, _)| date::is_far(*level)).map(|(_, share)| share).sum()
    };
    let Some(constrained) = candidates.iter().find(|one| one.model.form == Form::Constrained).map(far) else { return };
    let is_sound = |candidate: &Candidate| far(candidate) <= constrained + FAR_BIRTHS_MORE;
    let unsound = candidates.iter().filter(|candidate| !is_sound(candidate)).count();
    // One among several is outvoted by the others, and its voice is worth something all the same.
    if 2 * unsound >= candidates.len() {
        tracing::info!(forms = unsound, "matches of so many forms are people of one home: they are dropped");
        candidates.retain(is_sound);
    }
}

/// The patterns of one partition's blocked pairs: how many record pairs have each, of every `one_in`-th identity; and how many pairs were looked
/// at. A function of nothing but its arguments; the counts of all partitions together are those of the whole, however it is split.
pub fn histogram_of(
    comparisons: &Comparisons,
    blocks: &Blocks,
    identities: &Identities,
    partition: Pairs,
    one_in: u64,
) -> (Counter, u64) {
    let (mut part, mut batch) = (<(Counter, u64)>::default(), Batch::default());
    blocks.each_left(
        partition,
        |left| is_sampled(left, one_in),
        |left, rights| {
            let patterns = comparisons.patterns(left, rights, &mut batch);
            part.1 += rights.len() as u64;
            for (&right, &pattern) in rights.iter().zip(patterns) {
                part.0.add(pattern, counted(identities, left) * counted(identities, right));
            }
        },
    );
    part
}

/// Identities are numbered by content hash: every k-th is a random sample that hangs on values only.
fn is_sampled(identity: u32, one_in: u64) -> bool {
    u64::from(identity).is_multiple_of(one_in)
}

/// How often an identity counts in training.
fn counted(identities: &Identities, identity: u32) -> u64 {
    u64::from(identities.count(identity)).min(COUNT_MAX)
}

/// The patterns of blocked pairs, scaled up where only a part was looked at; identities that several records share pair with themselves.
fn blocked_histogram(
    comparisons: &Comparisons,
    blocks: &Blocks,
    compared: Option<&PairPatterns>,
    identities: &Identities,
) -> (Histogram, u64) {
    // The rules overlap, so this is too high, and fewer pairs are looked at than might be: exactness would cost a walk of its own.
    let one_in = (blocks.pairs_at_most() / 2).div_ceil(TRAINING_PAIRS).max(1);
    let count_known = |part: &mut (Counter, u64), (left, right): (u32, u32), pattern: Pattern, ()| {
        if is_sampled(left, one_in) {
            part.0.add(pattern, counted(identities, left) * counted(identities, right));
            part.1 += 1;
        }
    };
    let parts: Vec<(Counter, u64)> = match compared {
        Some(compared) => compared.walk(|_| (), count_known),
        None => {
            let runs = blocks.runs().into_par_iter().with_max_len(1);
            runs.map(|run| histogram_of(comparisons, blocks, identities, run, one_in)).collect()
        }
    };
    // Sums of whole numbers: the same however the runs are shared out.
    let (counter, looked_at) =
        parts.into_par_iter().reduce(Default::default, |sum, part| (sum.0.merge(part.0), sum.1 + part.1));
    let mut histogram = counter.finish(one_in as f64);
    let own = (0..identities.len() as u32)
        .into_par_iter()
        .fold(Counter::default, |mut own, identity| {
            let n = counted(identities, identity);
            if n > 1 {
                own.add(comparisons.pattern_afresh(identity, identity), n * (n - 1) / 2);
            }
            own
        })
        .reduce(Counter::default, Counter::merge);
    add(&mut histogram, own.finish(1.0));
    (histogram, looked_at)
}

fn add(histogram: &mut Histogram, other: Histogram) {
    let mut entries: Vec<(u64, f64)> =
        histogram.patterns.iter().copied().zip(histogram.pairs.iter().copied()).collect();
    entries.extend(other.patterns.into_iter().zip(other.pairs));
    entries.sort_by_key(|(pattern, _)| *pattern);
    *histogram = Histogram::default();
    for (pattern, pairs) in entries {
        if histogram.patterns.last() == Some(&pattern) {
            *histogram.pairs.last_mut().expect("as long as patterns") += pairs;
        } else {
            histogram.patterns.push(pattern);
            histogram.pairs.push(pairs);
        }
    }
}
