//! How the cells of a table stand while it is being protected: which are hidden, and how coarsely the others are rounded.

use super::alternative::{FAR, Reach};
use super::printing::Printing;
use super::table::{Cell, Kind, Table};
use super::{Blur, Preset, SHIFT_MAX};

/// How coarsely a total that need not be exact may be rounded to protect a part, finest first.
const COARSER: [u64; 9] = [5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 100_000];

/// What it costs to hide a cell: this much, and more for a large count. What a search pays for a longer way round is measured by the same.
const HIDING: u64 = 8;
/// A zero that cannot be told from a small count costs most: nothing can be more certain, and nothing hides less.
const BLANKING: u64 = 60;

pub(super) struct Standing {
    pub hidden: Vec<bool>,
    /// Of zeros that are hidden although the preset shows zeros.
    pub blank: Vec<bool>,
    pub base: Vec<u64>,
}

impl Standing {
    /// What the preset hides of itself.
    pub fn primary(table: &Table) -> Standing {
        let preset = table.preset();
        let small = |cell: &Cell| match cell.kind {
            Kind::Unseen | Kind::Rest | Kind::Nobody => false,
            _ => preset.hides(cell.value) || cell.value > 0 && cell.value <= preset.high + cell.blur.margin,
        };
        Standing {
            hidden: table.cells.iter().map(small).collect(),
            blank: vec![false; table.cells.len()],
            base: vec![preset.rounded_to; table.cells.len()],
        }
    }

    /// How far a cell can be moved with nothing printed changing, at this issue and at every other one that prints it: its count and its
    /// shift move against each other, so that what is rounded stays the same.
    pub fn reach(&self, index: usize, cell: &Cell, preset: Preset) -> Reach {
        let (value, small_to) = (cell.value as i64, (preset.high + cell.blur.margin) as i64);
        match cell.kind {
            Kind::Unseen | Kind::Rest => Reach { least: -value, most: FAR },
            _ if self.hidden[index] => {
                let least = if self.blank[index] { 0 } else { preset.low as i64 };
                Reach { least: least - value, most: if value <= small_to { small_to - value } else { FAR } }
            }
            Kind::Exact | Kind::Nobody => Reach::NONE,
            _ if value == 0 => Reach::NONE,
            _ => self.reach_of_printed(index, cell, preset),
        }
    }

    /// How the cell is printed at this issue.
    pub fn printing(&self, index: usize, cell: &Cell, preset: Preset) -> Printing {
        let is_rounded = !self.hidden[index] && matches!(cell.kind, Kind::Whole | Kind::Part | Kind::Loose);
        if !is_rounded || cell.value == 0 {
            return Printing { value: cell.value, bounds: self.reach(index, cell, preset), shifted: None };
        }
        let (base, shown_from) = (self.base[index], (preset.high + cell.blur.margin + 1) as i64);
        let printed = preset.printed(cell.value, cell.blur.shift, base) as i64;
        let (low, high) = (printed - (base / 2) as i64, printed + (base - base / 2) as i64 - 1);
        // What is shifted below the smallest count that is shown is printed as that.
        let low = if low <= preset.high as i64 + 1 { -FAR } else { low };
        let bounds = Reach { least: shown_from - cell.value as i64, most: FAR };
        Printing { value: cell.value, bounds, shifted: Some((low, high)) }
    }

    fn reach_of_printed(&self, index: usize, cell: &Cell, preset: Preset) -> Reach {
        let (value, base, Blur { shift, margin }) = (cell.value as i64, self.base[index], cell.blur);
        let shown_from = (preset.high + margin + 1) as i64 - value;
        let (least, most) = match base == preset.rounded_to {
            true if preset.rounds() => (shift - SHIFT_MAX, shift + SHIFT_MAX),
            true => (0, 0),
            false => {
                let (low, high) = preset.behind(preset.printed(cell.value, shift, base), base);
                (low as i64 - value, high as i64 - value)
            }
        };
        Reach { least: least.max(shown_from), most }
    }

    /// What it costs to let a cell be moved by `step`; `None` where hiding it would not do, or may not be.
    pub fn price(&self, index: usize, cell: &Cell, preset: Preset, step: i64) -> Option<u64> {
        if self.hidden[index] || !matches!(cell.kind, Kind::Part | Kind::Loose) {
            return None;
        }
        if self.coarser(index, cell, preset, step).is_some() {
            return Some(1);
        }
        match cell.value {
            0 => (step > 0 && step <= preset.high as i64).then_some(BLANKING),
            value => (value as i64 + step >= preset.low as i64).then(|| HIDING + 2 * u64::from(value.ilog2())),
        }
    }

    /// The finest rounding of a loose total at which it can be moved by `step`.
    fn coarser(&self, index: usize, cell: &Cell, preset: Preset, step: i64) -> Option<u64> {
        let fits = |base: u64| {
            let (low, high) = preset.behind(preset.printed(cell.value, cell.blur.shift, base), base);
            (low..=high).contains(&cell.value.saturating_add_signed(step))
        };
        let coarser = COARSER.into_iter().filter(|&base| base > self.base[index] && base <= cell.value);
        coarser.filter(|_| cell.kind == Kind::Loose).find(|&base| fits(base))
    }

    /// Makes room for a cell to be moved by `step`.
    pub fn give_way(&mut self, index: usize, cell: &Cell, preset: Preset, step: i64) {
        match self.coarser(index, cell, preset, step) {
            Some(base) => self.base[index] = base,
            None => self.hide(index, cell, preset),
        }
    }

    pub fn hide(&mut self, index: usize, cell: &Cell, preset: Preset) {
        self.blank[index] = cell.value == 0 && !preset.hides(0);
        self.hidden[index] = true;
    }
}
