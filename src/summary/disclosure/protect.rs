//! Hides more until nothing hidden can be worked out.
//!
//! Of every small count that is hidden, or that a reader could subtract, another population that prints the same must be found, in which it is
//! another number, and not 1 or 2. Where none is found, the search is done again with a price on hiding more, and what it paid for is hidden.

use super::alternative::{Moves, Rules, System};
use super::standing::Standing;
use super::table::{Cell, Kind, Table};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Populations that are looked at for one cell.
const TRIED_MAX: usize = 300;
/// The same where it may cost something: what is found is hidden, so that looking longer is worth it.
const TRIED_AT_A_PRICE_MAX: usize = 3_000;
/// A count that can be told to be less points at somebody.
const AT_LEAST: i64 = 3;

/// The table with all of its small counts protected. Of a population of which nothing can be told apart even so, nothing is shown.
pub(super) fn protected(table: &Table) -> Standing {
    let mut protection =
        Protection { table, system: System::new(table.cells.len(), &table.sums), standing: Standing::primary(table) };
    let small: Vec<usize> = (0..table.cells.len()).filter(|&cell| protection.is_to_be_protected(cell)).collect();
    // Whatever is hidden makes room for others; a total that is rounded anew may take some away, so that all are looked at again.
    loop {
        let given_away: Vec<usize> = small.par_iter().copied().filter(|&cell| !protection.is_safe(cell)).collect();
        let changed = given_away.into_iter().fold(false, |changed, cell| protection.make_safe(cell) | changed);
        if !changed {
            return protection.standing;
        }
    }
}

struct Protection<'t, 'c> {
    table: &'t Table<'c>,
    system: System,
    standing: Standing,
}

impl Protection<'_, '_> {
    fn is_to_be_protected(&self, index: usize) -> bool {
        let Cell { value, kind, .. } = self.table.cells[index];
        self.table.preset().hides(value) && (self.standing.hidden[index] || kind == Kind::Rest)
    }

    /// By how much a count would have to be moved, one way or another.
    fn steps(&self, index: usize) -> Vec<i64> {
        match self.table.cells[index].value as i64 {
            0 => vec![1],
            value if value < AT_LEAST => vec![AT_LEAST - value],
            _ => vec![1, -1],
        }
    }

    fn is_safe(&self, index: usize) -> bool {
        let nothing = |_: usize, _: i64| None;
        let found = |step: i64| self.alternative(index, step, &nothing, TRIED_MAX);
        self.steps(index).into_iter().any(|step| found(step).is_some())
    }

    fn alternative(
        &self,
        index: usize,
        step: i64,
        price: &dyn Fn(usize, i64) -> Option<u64>,
        tried_max: usize,
    ) -> Option<Moves> {
        let preset = self.table.preset();
        let reach = |cell: usize| self.standing.reach(cell, &self.table.cells[cell], preset);
        self.system.alternative(index, step, &Rules { reach: &reach, price, tried_max })
    }

    /// Hides what makes a cell safe at the least price; true where something was hidden or coarsened.
    fn make_safe(&mut self, index: usize) -> bool {
        // What was hidden for others may have done.
        if self.is_safe(index) {
            return false;
        }
        let preset = self.table.preset();
        let price = |cell: usize, step: i64| self.standing.price(cell, &self.table.cells[cell], preset, step);
        let found = |step: i64| self.alternative(index, step, &price, TRIED_AT_A_PRICE_MAX);
        let ways = self.steps(index).into_iter().filter_map(found);
        let cost = |moves: &Moves| moves.iter().map(|&(cell, step)| self.cost(cell, step)).sum::<u64>();
        let Some(moves) = ways.min_by_key(cost) else { return self.hide_around(index) };
        // None where looking longer has found one that costs nothing.
        let mut changed = false;
        for (cell, step) in moves {
            let own = &self.table.cells[cell];
            if !self.standing.reach(cell, own, preset).holds(step) {
                self.standing.give_way(cell, own, preset, step);
                changed = true;
            }
        }
        changed
    }

    fn cost(&self, cell: usize, step: i64) -> u64 {
        let (own, preset) = (&self.table.cells[cell], self.table.preset());
        match self.standing.reach(cell, own, preset).holds(step) {
            true => 0,
            false => self.standing.price(cell, own, preset, step).unwrap_or(0),
        }
    }

    /// The last resort: hides everything in the sums that the cell stands in, then in those that hang together with these, until it is safe;
    /// of a population so small, even how many people there are.
    fn hide_around(&mut self, index: usize) -> bool {
        let (mut reached, mut changed) = (BTreeSet::from([index]), false);
        while !self.is_safe(index) {
            let sums: BTreeSet<usize> = reached.iter().flat_map(|&cell| self.system.sums_of(cell)).collect();
            let next: BTreeSet<usize> = sums.into_iter().flat_map(|sum| self.system.cells_of(sum)).collect();
            changed |= self.hide_all(&next, |kind| matches!(kind, Kind::Part | Kind::Loose));
            if next.len() <= reached.len() {
                return changed | self.hide_all(&next, |kind| matches!(kind, Kind::Whole | Kind::Exact));
            }
            reached = next;
        }
        changed
    }

    fn hide_all(&mut self, cells: &BTreeSet<usize>, of: impl Fn(Kind) -> bool) -> bool {
        let mut changed = false;
        for &cell in cells {
            let own = &self.table.cells[cell];
            if of(own.kind) && !self.standing.hidden[cell] {
                self.standing.hide(cell, own, self.table.preset());
                changed = true;
            }
        }
        changed
    }
}
