//! What a training has changed: two models side by side, in the figures that a person would ask for.

use super::{Decision, Form, Frozen, UNITS_PER_BIT};
use serde::Serialize;

/// Levels that fewer of one person's pairs have, before and after, say nothing when they move.
const SEEN_MIN: f64 = 1e-3;
/// A frequency that moved by more than this many bits is told: it doubled, or halved.
const MOVED_BITS: f64 = 1.0;

/// The model before and the one after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// When the model before was learnt.
    pub before_as_of: String,
    pub form: [Form; 2],
    pub expected_matches: [f64; 2],
    /// In bits of the pooled link.
    pub cut_bits: [Option<f64>; 2],
    /// Comparisons that one of the two does not have, or has with other levels.
    pub gone: Vec<String>,
    pub new: Vec<String>,
    /// Levels whose m moved by more than a bit.
    pub moved: Vec<Moved>,
    /// Nothing at all is different but, perhaps, what it was learnt from.
    pub same: bool,
}

/// How often one person's pairs have a level, before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    pub comparison: String,
    pub level: u8,
    pub m: [f64; 2],
    /// log2 of after over before.
    pub bits: f64,
}

impl Change {
    pub fn between(before: &Frozen, after: &Frozen) -> Change {
        let cut = |decision: &Option<Decision>| decision.as_ref().map(|known| known.cut as f64 / UNITS_PER_BIT);
        let (old, new) = (&before.model, &after.model);
        let shape = |frozen: &Frozen| -> Vec<(String, u8)> {
            frozen.model.comparisons.iter().cloned().zip(frozen.model.levels.iter().copied()).collect()
        };
        let (old_shape, new_shape) = (shape(before), shape(after));
        let without = |list: &[(String, u8)], other: &[(String, u8)]| {
            list.iter().filter(|one| !other.contains(one)).map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let mut moved = Vec::new();
        for (to, one) in new_shape.iter().enumerate() {
            if let Some(from) = old_shape.iter().position(|known| known == one) {
                moved.extend(moves(&one.0, old.m(from), new.m(to)));
            }
        }
        Change {
            before_as_of: before.learnt_from.as_of.clone(),
            form: [old.form, new.form],
            expected_matches: [before.learnt_from.expected_matches, after.learnt_from.expected_matches],
            cut_bits: [cut(&old.decision), cut(&new.decision)],
            gone: without(&old_shape, &new_shape),
            new: without(&new_shape, &old_shape),
            moved,
            same: old == new,
        }
    }
}

fn moves(comparison: &str, before: &[f64], after: &[f64]) -> Vec<Moved> {
    let levels = before.iter().zip(after).enumerate();
    let seen = levels.filter(|(_, (before, after))| before.max(**after) >= SEEN_MIN);
    let moved = seen.map(|(level, (&before, &after))| Moved {
        comparison: comparison.to_string(),
        level: level as u8,
        m: [before, after],
        bits: (after.max(1e-9) / before.max(1e-9)).log2(),
    });
    moved.filter(|moved| moved.bits.abs() > MOVED_BITS).collect()
}

#[cfg(test)]
mod tests {
    use super::super::frozen::tests::frozen;
    use super::*;

    #[test]
    fn what_moved_is_told_and_what_did_not_is_not() {
        let before = frozen();
        assert!(Change::between(&before, &before).same);
        assert!(Change::between(&before, &before).moved.is_empty());
        let mut after = before.clone();
        after.model.classes[0].free[0].1 = vec![0.11, 0.07, 0.82];
        after.model.decision.as_mut().expect("it has one").cut = 5120;
        let change = Change::between(&before, &after);
        assert!(!change.same);
        assert_eq!(change.cut_bits, [Some(4.0), Some(5.0)]);
        assert_eq!(change.moved.len(), 1, "{:?}", change.moved);
        assert_eq!((change.moved[0].comparison.as_str(), change.moved[0].level), ("name", 0));
        assert!((change.moved[0].bits - 5.5f64.log2()).abs() < 1e-9);
        after.model.comparisons[1] = "phone".into();
        let change = Change::between(&before, &after);
        assert_eq!((change.gone, change.new), (vec!["sex".to_string()], vec!["phone".to_string()]));
    }
}
