//! Values that one person's records use for each other: what clusters have shown, beyond spelling (ACCURACY.md section 9).

use super::frequencies::{Reader, Writer};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Bits are kept in steps of 1/1024: what a file holds is what is used.
const STEPS_PER_BIT: f64 = 1024.0;

/// What is learnt of two values of one comparison: their codes, the smaller first, and what it is worth when they meet, in bits.
pub type Alias = (u32, u32, f64);

/// The aliases among the values of one comparison.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aliases {
    /// By both codes, the smaller first, in steps of 1/1024 bit.
    steps: FxHashMap<(u32, u32), u16>,
    /// By code, whether the value has an alias: most pairs are dismissed by it, in a nanosecond.
    has: Vec<bool>,
}

impl Aliases {
    /// `values` is how many values there are.
    pub fn of(found: &[Alias], values: usize) -> Aliases {
        let mut aliases = Aliases { steps: FxHashMap::default(), has: vec![false; values] };
        for &(a, b, bits) in found {
            let steps = (bits * STEPS_PER_BIT).round().clamp(0.0, f64::from(u16::MAX)) as u16;
            aliases.steps.insert((a.min(b), a.max(b)), steps);
            aliases.has[a as usize] = true;
            aliases.has[b as usize] = true;
        }
        aliases
    }

    fn has(&self, value: u32) -> bool {
        self.has.get(value as usize).is_some_and(|has| *has)
    }

    /// What two different values are worth to each other, in bits, where they are aliases.
    pub fn bits(&self, a: u32, b: u32) -> Option<f32> {
        if !self.has(a) || !self.has(b) {
            return None;
        }
        self.steps.get(&(a.min(b), a.max(b))).map(|steps| (f64::from(*steps) / STEPS_PER_BIT) as f32)
    }

    /// How many pairs of values there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }
}

/// Aliases as a model froze them: keyed hashes of both values, the smaller first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrozenAliases {
    steps: BTreeMap<(u64, u64), u16>,
}

impl Aliases {
    /// What a model keeps; `hash` gives a value's.
    pub fn freeze(&self, hash: impl Fn(u32) -> u64) -> FrozenAliases {
        let kept = self.steps.iter().map(|(&(a, b), &steps)| {
            let (a, b) = (hash(a), hash(b));
            ((a.min(b), a.max(b)), steps)
        });
        FrozenAliases { steps: kept.collect() }
    }
}

impl FrozenAliases {
    /// The aliases among tonight's values, whose hashes come in the order of their codes.
    pub fn tonight(&self, hashes: impl Iterator<Item = u64>, values: usize) -> Aliases {
        if self.steps.is_empty() {
            return Aliases::default();
        }
        let hashes_of_all = self.steps.keys().flat_map(|&(a, b)| [a, b]);
        let mut code_of: FxHashMap<u64, Option<u32>> = hashes_of_all.map(|hash| (hash, None)).collect();
        for (code, hash) in hashes.enumerate() {
            if let Some(slot) = code_of.get_mut(&hash) {
                *slot = Some(code as u32);
            }
        }
        let both = |(&(a, b), &steps): (&(u64, u64), &u16)| {
            Some((code_of[&a]?, code_of[&b]?, f64::from(steps) / STEPS_PER_BIT))
        };
        Aliases::of(&self.steps.iter().filter_map(both).collect::<Vec<_>>(), values)
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.number(self.steps.len() as u64);
        for (&(a, b), &steps) in &self.steps {
            out.number(a);
            out.number(b);
            out.short(steps);
        }
    }

    pub(super) fn read(from: &mut Reader) -> Option<FrozenAliases> {
        let entries = from.number()?;
        let entry = |_| Some(((from.number()?, from.number()?), from.short()?));
        Some(FrozenAliases { steps: (0..entries).map(entry).collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_aliases_are_found_again_under_other_codes() {
        let frozen = Aliases::of(&[(0, 1, 7.5), (1, 2, 3.0)], 3).freeze(|code| [50, 40, 30][code as usize]);
        // Tonight the second value has code 0, the first code 2, and the third nobody has.
        let tonight = frozen.tonight([40, 77, 50].into_iter(), 3);
        assert_eq!(tonight.bits(0, 2), Some(7.5));
        assert_eq!(tonight.len(), 1);
        let mut out = Writer(Vec::new());
        frozen.write(&mut out);
        assert_eq!(FrozenAliases::read(&mut Reader(&out.0)), Some(frozen));
        (0..out.0.len()).for_each(|length| assert_eq!(FrozenAliases::read(&mut Reader(&out.0[..length])), None));
    }

    #[test]
    fn aliases_hold_both_ways_and_for_nobody_else() {
        let aliases = Aliases::of(&[(4, 1, 7.5)], 6);
        assert_eq!(aliases.bits(1, 4), Some(7.5));
        assert_eq!(aliases.bits(4, 1), Some(7.5));
        assert_eq!(aliases.bits(1, 2), None);
        assert_eq!(aliases.bits(4, 9), None, "a value that came later");
        assert_eq!(aliases.len(), 1);
    }
}
