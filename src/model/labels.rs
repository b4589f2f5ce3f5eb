//! Labels from clerical review, mixed into what clusters believe before a model is learnt again.
//!
//! Humans see doubtful pairs, not a random sample: a label stands for the pairs that it was taken from. Patterns are cut into strata by
//! what the model believes of them. In a stratum of N pairs with l labels each label has the sampling weight w = N / l (the inverse of
//! its chance of being asked; Horvitz and Thompson 1952). For a pattern with n pairs, belief b, l labels and y of them "yes":
//!
//! ```text
//! L = min(n, w·l)                 pairs of the pattern that its labels speak for
//! θ = (y + b) / (l + 1)           their share of one person: one pseudo-label stands for what was believed before
//! r = ((n − L)·b + L·θ) / n       the responsibility of "one person", held fast while the classes are learnt again
//! ```
//!
//! So labels can move a pattern, at most, all the way to what they say, one label never outvotes the model alone, and a pattern that nobody
//! labelled keeps its belief.

use super::classes::Believed;
use super::histogram::Histogram;
use crate::comparison::Pattern;
use std::collections::BTreeMap;

/// Edges of the strata of belief.
const STRATA: [f64; 7] = [0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999];
/// Labels that what was believed before counts for.
const PSEUDO_LABELS: f64 = 1.0;

/// The labels of one pattern.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Asked {
    pub yes: f64,
    pub all: f64,
}

/// Puts labels into `believed`. `blocked` has the pairs of patterns that were given no chance, and `chance` what the model believes of those.
pub fn clamp(
    believed: &mut Believed,
    labels: &BTreeMap<Pattern, Asked>,
    blocked: &Histogram,
    chance: impl Fn(Pattern) -> f64,
) {
    for (&pattern, asked) in labels {
        if let Err(at) = believed.patterns.binary_search(&pattern) {
            let pairs = blocked.patterns.binary_search(&pattern).map_or(0.0, |at| blocked.pairs[at]).max(asked.all);
            believed.patterns.insert(at, pattern);
            believed.pairs.insert(at, pairs);
            believed.matches.insert(at, pairs * chance(pattern));
        }
    }
    let belief = |believed: &Believed, at: usize| (believed.matches[at] / believed.pairs[at]).clamp(0.0, 1.0);
    let stratum = |belief: f64| STRATA.iter().filter(|edge| belief >= **edge).count();
    let (mut pairs, mut asked) = ([0.0; STRATA.len() + 1], [0.0; STRATA.len() + 1]);
    for at in 0..believed.patterns.len() {
        let stratum = stratum(belief(believed, at));
        pairs[stratum] += believed.pairs[at];
        asked[stratum] += labels.get(&believed.patterns[at]).map_or(0.0, |labels| labels.all);
    }
    for (pattern, labels) in labels {
        let at = believed.patterns.binary_search(pattern).expect("it was put in");
        let (n, b) = (believed.pairs[at], belief(believed, at));
        let weight = (pairs[stratum(b)] / asked[stratum(b)]).max(1.0);
        let spoken_for = (weight * labels.all).min(n);
        let share = (labels.yes + PSEUDO_LABELS * b) / (labels.all + PSEUDO_LABELS);
        believed.matches[at] = (n - spoken_for) * b + spoken_for * share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn believed() -> Believed {
        Believed { patterns: vec![3, 7, 9], pairs: vec![100.0, 50.0, 10.0], matches: vec![60.0, 30.0, 9.95] }
    }

    fn asked(list: &[(Pattern, f64, f64)]) -> BTreeMap<Pattern, Asked> {
        list.iter().map(|&(pattern, yes, all)| (pattern, Asked { yes, all })).collect()
    }

    #[test]
    fn labels_move_their_pattern_towards_what_they_say_and_no_other() {
        let blocked = Histogram { patterns: vec![5], pairs: vec![40.0] };
        for (yes, up) in [(4.0, true), (0.0, false)] {
            let mut now = believed();
            clamp(&mut now, &asked(&[(3, yes, 4.0)]), &blocked, |_| 0.01);
            assert_eq!(now.matches[0] > 60.0, up, "{:?}", now.matches);
            assert_eq!(now.matches[1..], believed().matches[1..]);
        }
    }

    #[test]
    fn a_label_counts_for_its_stratum_but_for_no_more_pairs_than_its_pattern_has() {
        // The stratum of beliefs .5 to .8 has 150 pairs; three labels count for 50 each.
        let mut now = believed();
        clamp(&mut now, &asked(&[(3, 1.0, 1.0), (7, 0.0, 2.0)]), &Histogram::default(), |_| 0.0);
        assert!((now.matches[0] - (50.0 * 0.6 + 50.0 * 0.8)).abs() < 1e-9, "{:?}", now.matches);
        assert!((now.matches[1] - 50.0 * 0.2).abs() < 1e-9, "{:?}", now.matches);
    }

    #[test]
    fn a_pattern_without_a_chance_comes_in_with_all_its_pairs() {
        let blocked = Histogram { patterns: vec![5], pairs: vec![40.0] };
        let mut now = believed();
        clamp(&mut now, &asked(&[(5, 1.0, 1.0)]), &blocked, |_| 0.01);
        assert_eq!((now.patterns.clone(), now.pairs[1]), (vec![3, 5, 7, 9], 40.0));
        assert!((now.matches[1] - 40.0 * 0.505).abs() < 1e-9, "{:?}", now.matches);
    }
}
