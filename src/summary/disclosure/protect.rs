//! Hides more until nothing hidden can be worked out.
//!
//! Of every small count that is hidden, or that a reader could subtract, another population that prints the same must be found (`others`), in
//! which it is another number, and not 1 or 2. Where none is found, the search is done again with a price on hiding more, and what it paid for
//! is hidden. Where there were issues before, the small counts of all of them are proved against all of them (`across`).

use super::WHOLE_POPULATION;
use super::across::Across;
use super::others::{Other, Patience, Side, Target};
use super::standing::Standing;
use super::table::{Kind, Table};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The table with all of its small counts protected, and how many could not be proved against issues before. Of a population of which nothing
/// can be told apart even so, nothing is shown.
pub(super) fn protected(table: &Table) -> (Standing, u64) {
    let across = Across::of(table);
    let everybody = table.names.iter().position(|name| name == WHOLE_POPULATION);
    let mut protection = Protection { table, standing: Standing::primary(table), across, everybody };
    let mut efforts: BTreeMap<Target, Effort> = BTreeMap::new();
    // Whatever is hidden makes room for others; a total that is rounded anew may take some away, so that all are looked at again.
    loop {
        let is_left = |target: &Target| efforts.get(target) != Some(&Effort::None);
        let given_away = protection.given_away(protection.targets().filter(is_left).collect(), Patience::FREE);
        let mut changed = false;
        for target in given_away {
            let effort = efforts.get(&target).copied().unwrap_or(Effort::Cheapest);
            match protection.make_safe(target, effort) {
                Made::Safe { by_hiding } => changed |= by_hiding,
                // Of the table itself it is proved all the same.
                Made::Nothing if target.issue == Target::ITSELF && effort == Effort::Fewest => {
                    changed |= protection.hide_around(target);
                }
                Made::Nothing => {
                    efforts.insert(target, effort.next());
                    changed = true;
                }
            }
        }
        if !changed {
            let unproven = efforts.into_iter().filter(|(_, effort)| *effort == Effort::None).map(|(target, _)| target);
            // What was hidden for others may have done, or looking longer at these few.
            let unproven = protection.given_away(unproven.collect(), Patience::LAST).len() as u64;
            // Where not even the number of all people is shown, nothing is.
            let shown = protection.everybody.is_some_and(|all| !protection.standing.hidden[all]);
            return (protection.standing, if shown { unproven } else { 0 });
        }
    }
}

/// How hard it is looked for what to hide, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// For what loses least.
    Cheapest,
    /// For the least number of cells, whatever they are, among more populations.
    Fewest,
    None,
}

impl Effort {
    fn next(self) -> Effort {
        match self {
            Effort::Cheapest => Effort::Fewest,
            Effort::Fewest | Effort::None => Effort::None,
        }
    }

    fn patience(self) -> Patience {
        match self {
            // What is found is hidden, so that looking longer is worth it.
            Effort::Cheapest | Effort::None => Patience { tried_max: 3_000, ways_max: 12 },
            Effort::Fewest => Patience { tried_max: 6_000, ways_max: 40 },
        }
    }
}

/// What became of a count that could be worked out.
enum Made {
    Safe { by_hiding: bool },
    Nothing,
}

pub(super) struct Protection<'t, 'c> {
    pub table: &'t Table<'c>,
    pub standing: Standing,
    pub across: Across<'t>,
    /// The number of all people, by its place in the table.
    pub everybody: Option<usize>,
}

impl Protection<'_, '_> {
    /// Those of which no other population is found.
    fn given_away(&self, targets: Vec<Target>, patience: Patience) -> Vec<Target> {
        let is_safe = |target: Target| self.alternatives(target, &|_, _, _| None, patience).next().is_some();
        targets.into_par_iter().filter(|&target| !is_safe(target)).collect()
    }

    /// Hides what makes a cell safe at the least price.
    fn make_safe(&mut self, target: Target, effort: Effort) -> Made {
        // What was hidden for others may have done.
        if self.is_safe(target) {
            return Made::Safe { by_hiding: false };
        }
        let Some((side, moved, moves)) = self.at_a_price(target, effort) else { return Made::Nothing };
        // None where looking longer has found one that costs nothing.
        let mut by_hiding = false;
        for (cell, step) in moves {
            if !self.reach(side, cell, &moved).holds(step) {
                self.standing.give_way(cell, &self.table.cells[cell], self.table.preset(), step);
                by_hiding = true;
            }
        }
        Made::Safe { by_hiding }
    }

    /// Another population in which more is hidden.
    fn at_a_price(&self, target: Target, effort: Effort) -> Option<Other> {
        let price = |side: Side, cell: usize, step: i64| self.price(side, cell, step);
        if effort == Effort::Fewest {
            let one_each = |side: Side, cell: usize, step: i64| price(side, cell, step).map(|_| 1);
            return self.alternatives(target, &one_each, effort.patience()).next();
        }
        let cost = |(side, moved, moves): &Other| {
            moves.iter().map(|&(cell, step)| self.cost(*side, cell, step, moved)).sum::<u64>()
        };
        self.alternatives(target, &price, effort.patience()).min_by_key(cost)
    }

    /// The last resort: hides everything in the sums that the cell stands in, then in those that hang together with these, until it is safe;
    /// of a population so small, even how many people there are.
    fn hide_around(&mut self, target: Target) -> bool {
        let (mut reached, mut changed) = (BTreeSet::from([target.cell]), false);
        while !self.is_safe(target) {
            let system = &self.across.tonight;
            let sums: BTreeSet<usize> = reached.iter().flat_map(|&cell| system.sums_of(cell)).collect();
            let next: BTreeSet<usize> = sums.into_iter().flat_map(|sum| system.cells_of(sum)).collect();
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
