//! From blocks to a model.

use super::classes::{self, Data, Model};
use super::forms::{FORMS, Form};
use super::histogram::{Counter, Histogram};
use super::{sample, start};
use crate::blocking::Blocks;
use crate::comparison::Comparisons;
use crate::records::Identities;
use rayon::prelude::*;

/// Blocked pairs that training looks at; beyond, every k-th by the hash of the pair, so that its cost does not grow.
const TRAINING_PAIRS: u64 = 3_000_000;
/// An identity counts at most this often in training: a filler that five hundred rows share must not teach what matches look like.
const COUNT_MAX: u64 = 8;

/// A model of one form, and how many true record pairs it expects among the blocked ones.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub model: Model,
    pub expected_matches: f64,
}

/// What learning found.
#[derive(Debug)]
pub struct Learnt {
    /// One model a form, in the order of [`FORMS`].
    pub candidates: Vec<Candidate>,
    /// Blocked pairs that were looked at.
    pub training_pairs: u64,
    pub patterns: usize,
    /// Patterns of blocked pairs, and of the unblocked rest, scaled to all pairs.
    pub blocked: Histogram,
    pub unblocked: Histogram,
}

/// Learns from the blocked pairs and from random ones; `None` where there is nothing to compare.
pub fn learn(comparisons: &Comparisons, blocks: &Blocks, identities: &Identities) -> Option<Learnt> {
    if comparisons.list.is_empty() || identities.records() < 2 {
        return None;
    }
    let plain = sample::plain(comparisons, blocks, identities);
    let rough = sample::frequencies(comparisons, &plain.all);
    let u = sample::sharpen(comparisons, &plain.all, &rough);
    let (blocked, training_pairs) = blocked_histogram(comparisons, blocks, identities);
    let n = identities.records() as f64;
    let all_pairs = n * (n - 1.0) / 2.0;
    let start = start::false_discovery(comparisons, &u, &plain.all, &blocked, all_pairs);
    let scale = (all_pairs - blocked.total()).max(0.0) / plain.unblocked.total().max(1.0);
    let unblocked = Histogram { pairs: plain.unblocked.pairs.iter().map(|p| p * scale).collect(), ..plain.unblocked };
    let data = Data::decode(comparisons, &blocked, &unblocked);
    let candidate = |form: Form| {
        let model = classes::learn(comparisons, form, &u, &data, &start);
        let scorer = model.scorer(comparisons);
        let chance = |pattern: &u64| 1.0 / (1.0 + (-scorer.log_odds(*pattern)).exp());
        let expected_matches = blocked.patterns.iter().zip(&blocked.pairs).map(|(p, pairs)| chance(p) * pairs).sum();
        Candidate { expected_matches, model }
    };
    let candidates = FORMS.into_iter().map(candidate).collect();
    Some(Learnt { candidates, training_pairs, patterns: blocked.patterns.len(), blocked, unblocked })
}

/// The patterns of blocked pairs, scaled up where only a part was looked at; identities that several records share pair with themselves.
fn blocked_histogram(comparisons: &Comparisons, blocks: &Blocks, identities: &Identities) -> (Histogram, u64) {
    let runs = blocks.runs(50_000);
    let count = |identity: u32| u64::from(identities.count(identity)).min(COUNT_MAX);
    // The rules overlap, so this is too high, and fewer pairs are looked at than might be: exactness would cost a walk of its own.
    let one_in = (blocks.pairs_at_most() / 2).div_ceil(TRAINING_PAIRS).max(1);
    let parts: Vec<(Counter, u64, u64)> = runs
        .par_iter()
        .map(|run| {
            let (mut counter, mut looked_at, mut total) = (Counter::default(), 0, 0);
            blocks.each_pair(*run, |left, right| {
                total += 1;
                if one_in == 1 || pair_hash(left, right).is_multiple_of(one_in) {
                    counter.add(comparisons.pattern(left, right), count(left) * count(right));
                    looked_at += 1;
                }
            });
            (counter, looked_at, total)
        })
        .collect();
    let merge =
        |sum: (Counter, u64, u64), part: (Counter, u64, u64)| (sum.0.merge(part.0), sum.1 + part.1, sum.2 + part.2);
    let (counter, looked_at, total) = parts.into_iter().fold((Counter::default(), 0, 0), merge);
    let mut histogram = counter.finish(total as f64 / (looked_at as f64).max(1.0));
    let mut own = Counter::default();
    for identity in 0..identities.len() as u32 {
        let n = count(identity);
        if n > 1 {
            own.add(comparisons.pattern(identity, identity), n * (n - 1) / 2);
        }
    }
    add(&mut histogram, own.finish(1.0));
    (histogram, looked_at)
}

fn pair_hash(left: u32, right: u32) -> u64 {
    let x = (u64::from(left) << 32 | u64::from(right)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32
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
