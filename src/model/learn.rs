//! From blocks to a model.

use super::classes::{self, Data, Model};
use super::forms::Form;
use super::histogram::{Counter, Histogram};
use super::{sample, start};
use crate::blocking::Blocks;
use crate::comparison::{Batch, Comparisons};
use crate::records::Identities;
use rayon::prelude::*;

/// Blocked pairs that training looks at; beyond, those of every k-th identity, so that its cost does not grow.
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
    /// One model a form that was asked for.
    pub candidates: Vec<Candidate>,
    /// Blocked pairs that were looked at.
    pub training_pairs: u64,
    pub patterns: usize,
    /// Patterns of blocked pairs, and of the unblocked rest, scaled to all pairs.
    pub blocked: Histogram,
    pub unblocked: Histogram,
}

/// Learns from the blocked pairs and from random ones; `None` where there is nothing to compare.
pub fn learn(comparisons: &Comparisons, blocks: &Blocks, identities: &Identities, forms: &[Form]) -> Option<Learnt> {
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
        let model = match form {
            Form::Information => classes::information_alone(comparisons, &u, &blocked, &start),
            _ => classes::learn(comparisons, form, &u, &data, &start),
        };
        let scorer = model.scorer(comparisons);
        let chance = |pattern: &u64| 1.0 / (1.0 + (-scorer.log_odds(*pattern)).exp());
        let expected_matches = blocked.patterns.iter().zip(&blocked.pairs).map(|(p, pairs)| chance(p) * pairs).sum();
        Candidate { expected_matches, model }
    };
    let candidates = forms.iter().copied().map(candidate).collect();
    Some(Learnt { candidates, training_pairs, patterns: blocked.patterns.len(), blocked, unblocked })
}

/// The patterns of blocked pairs, scaled up where only a part was looked at; identities that several records share pair with themselves.
fn blocked_histogram(comparisons: &Comparisons, blocks: &Blocks, identities: &Identities) -> (Histogram, u64) {
    let count = |identity: u32| u64::from(identities.count(identity)).min(COUNT_MAX);
    // The rules overlap, so this is too high, and fewer pairs are looked at than might be: exactness would cost a walk of its own.
    let one_in = (blocks.pairs_at_most() / 2).div_ceil(TRAINING_PAIRS).max(1);
    // Sums of whole numbers: the same however the runs are shared out.
    let (counter, looked_at) = blocks
        .runs()
        .into_par_iter()
        .fold(<(Counter, u64)>::default, |(mut counter, mut looked_at), run| {
            let mut batch = Batch::default();
            // Identities are numbered by content hash: every k-th is a random sample that hangs on values only.
            let wanted = |left: u32| u64::from(left).is_multiple_of(one_in);
            blocks.each_left(run, wanted, |left, rights| {
                looked_at += rights.len() as u64;
                for (&right, &pattern) in rights.iter().zip(comparisons.patterns(left, rights, &mut batch)) {
                    counter.add(pattern, count(left) * count(right));
                }
            });
            (counter, looked_at)
        })
        .reduce(Default::default, |sum, part| (sum.0.merge(part.0), sum.1 + part.1));
    let mut histogram = counter.finish(one_in as f64);
    let own = (0..identities.len() as u32)
        .into_par_iter()
        .fold(Counter::default, |mut own, identity| {
            let n = count(identity);
            if n > 1 {
                own.add(comparisons.pattern(identity, identity), n * (n - 1) / 2);
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
