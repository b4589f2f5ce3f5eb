//! Which pairs wait, and which teaches most.

use crate::decisions::{Answer, Decisions, RecordName};
use crate::explain::{self, Pair};
use crate::failure::Result;
use crate::publish::published::PublishedRun;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// A pair that waits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Waiting {
    pub pair: Pair,
    pub reason: String,
    /// As published: what their other records say included.
    pub probability: f64,
}

/// What review.parquet says of a pair: its probability, its levels, and why it is there.
type Doubt = (f64, Vec<Option<u8>>, String);

/// Every pair of review.parquet that has two records to show, what teaches most first.
pub(super) fn of(run: &PublishedRun) -> Result<Vec<Waiting>> {
    let columns = run.columns("review.parquet")?;
    // The context is no comparison: what is learnt from labels is learnt by pattern.
    let is_level = |name: &&str| name.starts_with("level_") && *name != "level_context";
    let levels: Vec<&str> = columns.iter().map(String::as_str).filter(is_level).collect();
    let mut wanted: Vec<&str> = vec!["identity_id_left", "identity_id_right", "probability", "reason"];
    wanted.extend(&levels);
    let (mut identities, mut rest) = (Vec::new(), Vec::new());
    run.each("review.parquet", &wanted, |rows| {
        let (left, right) = (rows.text("identity_id_left")?, rows.text("identity_id_right")?);
        let (probability, reason) = (rows.numbers("probability")?, rows.text("reason")?);
        let levels: Vec<Vec<Option<u8>>> =
            levels.iter().map(|level| rows.levels(level)).collect::<Option<_>>().unwrap_or_default();
        for row in 0..rows.len() {
            identities.push([left.value(row).to_string(), right.value(row).to_string()]);
            let pattern: Vec<Option<u8>> = levels.iter().map(|level| level[row]).collect();
            rest.push((probability[row], pattern, reason.value(row).to_string()));
        }
        Ok(())
    })?;
    let pairs = explain::pairs(run, &identities)?;
    let shown = pairs.into_iter().zip(rest).filter_map(|(pair, rest)| Some((pair?, rest)));
    Ok(ordered(shown.collect()))
}

/// What teaches most comes first. A label of a pattern that was asked k times before lowers the variance of what is known of the pattern by
/// p·(1 − p)·(1/(k + 1) − 1/(k + 2)), one pseudo-label counted in (as `model::labels` does); ties go by identity_id.
fn ordered(mut all: Vec<(Pair, Doubt)>) -> Vec<Waiting> {
    let variance = |p: f64| p * (1.0 - p);
    all.sort_by(|(a, x), (b, y)| {
        variance(y.0).total_cmp(&variance(x.0)).then_with(|| a.identities.cmp(&b.identities)).then_with(|| a.cmp(b))
    });
    let mut asked: FxHashMap<Vec<Option<u8>>, f64> = FxHashMap::default();
    let mut worth: Vec<(f64, Waiting)> = Vec::with_capacity(all.len());
    for (pair, (probability, pattern, reason)) in all {
        let k = asked.entry(pattern).or_default();
        worth.push((variance(probability) / ((*k + 1.0) * (*k + 2.0)), Waiting { pair, reason, probability }));
        *k += 1.0;
    }
    // Stable: equal worth keeps the order from above.
    worth.sort_by(|a, b| b.0.total_cmp(&a.0));
    worth.into_iter().map(|(_, waiting)| waiting).collect()
}

/// The pairs that nobody has decided yet. A decision that the run could not obey waits until it is answered otherwise.
pub(super) fn left(queue: &[Waiting], decided: &Decisions) -> Vec<Waiting> {
    let known: BTreeMap<(&RecordName, &RecordName), Answer> =
        decided.pairs.iter().map(|one| ((&one.left, &one.right), one.answer)).collect();
    let open = |waiting: &&Waiting| {
        let [a, b] = names(&waiting.pair);
        let nobody = [&a, &b].into_iter().any(|record| decided.not_people.contains(record));
        let answer = known.get(&(&a, &b)).or_else(|| known.get(&(&b, &a)));
        let refused = waiting.reason.starts_with("decision") && answer == Some(&Answer::Yes);
        !nobody && (answer.is_none() || refused)
    };
    queue.iter().filter(open).cloned().collect()
}

/// Those of `open` that may be asked, and how many may not: a decision stands for good, and of the providers in `numbered`, whose rows are or were
/// numbered, the number would be another row's, or the name of another record.
pub(super) fn askable(numbered: &BTreeSet<String>, open: Vec<Waiting>) -> (usize, Vec<Waiting>) {
    let all = open.len();
    let is_numbered = |waiting: &Waiting| {
        let Pair { left, right, .. } = &waiting.pair;
        [left, right].into_iter().any(|(provider, _)| numbered.contains(provider))
    };
    let asked: Vec<Waiting> = open.into_iter().filter(|waiting| !is_numbered(waiting)).collect();
    (all - asked.len(), asked)
}

/// The two records as decisions name them.
pub(super) fn names(pair: &Pair) -> [RecordName; 2] {
    let name = |(provider, id): &(String, String)| RecordName { provider: provider.clone(), record_id: id.clone() };
    [name(&pair.left), name(&pair.right)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::Decided;

    fn waiting(id: &str, probability: f64, level: u8) -> (Pair, Doubt) {
        (Pair::example(("gp", id), ("acute", id)), (probability, vec![Some(level)], "grey_zone".into()))
    }

    #[test]
    fn doubtful_pairs_come_first_and_no_pattern_is_asked_over_and_over() {
        let all = vec![
            waiting("sure", 0.97, 1),
            waiting("first of many", 0.55, 2),
            waiting("second of many", 0.55, 2),
            waiting("third of many", 0.55, 2),
            waiting("another kind", 0.8, 3),
        ];
        let mut turned = all.clone();
        turned.reverse();
        let order = |all| -> Vec<String> { ordered(all).into_iter().map(|one| one.pair.left.1).collect() };
        assert_eq!(order(all.clone())[1], "another kind", "{:?}", order(all.clone()));
        assert_eq!(order(all.clone()), order(turned), "the order of the rows does not matter");
        assert_eq!(order(all.clone()).len(), 5);
        let queue = ordered(all);
        let [a, b] = names(&queue[0].pair);
        let said = |answer| Decided { left: b.clone(), right: a.clone(), answer, line: 2 };
        let mut done = Decisions { pairs: vec![said(Answer::Unsure)], ..Decisions::default() };
        assert_eq!(left(&queue, &done), queue[1..]);
        // What could not be obeyed is asked again until the answer is another one.
        let mut queue = queue;
        queue[0].reason = "decisions_contradict".into();
        done.pairs = vec![said(Answer::Yes)];
        assert_eq!(left(&queue, &done), queue);
        done.pairs = vec![said(Answer::No)];
        assert_eq!(left(&queue, &done), queue[1..]);
        done = Decisions { not_people: vec![b], ..Decisions::default() };
        assert_eq!(left(&queue, &done), queue[1..]);
    }

    #[test]
    fn nothing_is_asked_of_rows_that_are_numbered() {
        let queue = ordered(vec![waiting("1", 0.5, 1), waiting("2", 0.6, 2)]);
        assert_eq!(askable(&BTreeSet::from(["hospice".to_string()]), queue.clone()), (0, queue.clone()));
        assert_eq!(askable(&BTreeSet::from(["acute".to_string()]), queue), (2, Vec::new()));
    }
}
