//! Values that one person's records use for each other: what clusters have shown, beyond spelling (ACCURACY.md section 9).

use rustc_hash::FxHashMap;

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

#[cfg(test)]
mod tests {
    use super::*;

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
