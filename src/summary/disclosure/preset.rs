//! The presets of DOMAIN section 5.

use super::SHIFT_MAX;
use crate::job::Disclosure;

/// Which counts are small, and how the others are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Counts from here, 0 or 1, to `high` are hidden.
    pub low: u64,
    pub high: u64,
    /// Shown counts are multiples of this; 1 leaves them as they are.
    pub rounded_to: u64,
}

impl Preset {
    /// The preset of this name.
    ///
    /// `hes`: NHS England's rule for secondary care statistics since 2018. `hes_legacy`: the rule before. `tre10`: the threshold of trusted
    /// research environments (UK LLC, ONS Secure Research Service). `mhsds`: mental health services. `cld`: adult social care. `ons_5`: the
    /// threshold of the Office for National Statistics.
    pub fn of(disclosure: Disclosure) -> Preset {
        let preset = |low, high, rounded_to| Preset { low, high, rounded_to };
        match disclosure {
            Disclosure::Hes => preset(1, 7, 5),
            Disclosure::HesLegacy => preset(1, 5, 1),
            Disclosure::Tre10 => preset(0, 9, 1),
            Disclosure::Mhsds => preset(0, 4, 5),
            Disclosure::Cld => preset(1, 4, 5),
            Disclosure::Ons5 => preset(1, 4, 1),
        }
    }

    pub fn hides(self, exact: u64) -> bool {
        (self.low..=self.high).contains(&exact)
    }

    /// Are shown counts blurred?
    pub fn rounds(self) -> bool {
        self.rounded_to > 1
    }

    /// For what is published every night: this preset where it rounds, else one that hides what it hides and what `hes` hides, and rounds as
    /// `hes` does.
    pub(super) fn rounding(self) -> Preset {
        let hes = Preset::of(Disclosure::Hes);
        if self.rounds() {
            return self;
        }
        Preset { low: self.low.min(hes.low), high: self.high.max(hes.high), rounded_to: hes.rounded_to }
    }

    /// Are small counts hidden and all others told as they are? Then every difference is exact, and hiding alone protects.
    pub(in crate::summary) fn is_exact(self) -> bool {
        !self.rounds() && self.high > 0
    }

    /// Tells presets apart whose printed counts may not be compared: "1-7/5" hides 1 to 7 and rounds to 5.
    pub(in crate::summary) fn name(self) -> String {
        format!("{}-{}/{}", self.low, self.high, self.rounded_to)
    }

    /// A count above the small range as it is printed: shifted, kept above the small range, and rounded to the nearest multiple of `base`, a
    /// half upwards.
    pub(super) fn printed(self, exact: u64, shift: i64, base: u64) -> u64 {
        let shifted = exact.saturating_add_signed(shift).max(self.high + 1);
        (shifted + base / 2) / base * base
    }

    /// The counts that a printed figure can stand for, whatever the shift: both ends are possible.
    pub(super) fn behind(self, printed: u64, base: u64) -> (u64, u64) {
        let shift = if self.rounds() { SHIFT_MAX as u64 } else { 0 };
        let low = printed.saturating_sub(base / 2 + shift).max(self.high + 1);
        // What is shifted below the small range's end is printed as if it stood just above it.
        (low, printed + base.div_ceil(2) - 1 + shift)
    }

    /// The rule in words, for a column of counts.
    pub fn says(self) -> String {
        let small = format!("{} to {} as *", self.low, self.high);
        let zero = if self.low == 0 { String::new() } else { "0 shown; ".into() };
        match self.rounds() {
            true => format!(
                "{zero}{small}, in some cells up to {}; larger counts to the nearest {} after a shift of at most {SHIFT_MAX}; another cell also as * where it would give one back",
                self.high + super::MARGIN_MAX,
                self.rounded_to
            ),
            false => {
                format!("{zero}{small}; larger counts as they are; another cell also as * where it would give one back")
            }
        }
    }
}
