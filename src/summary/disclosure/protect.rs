//! Hides more until nothing hidden can be worked out.
//!
//! Of every small count that is hidden, or that a reader could subtract, another population that prints the same must be found, in which it is
//! another number, and not 1 or 2. Where none is found, the search is done again with a price on hiding more, and what it paid for is hidden.
//! Where there were issues before, the small counts of all of them are proved against all of them (`across`).

use super::WHOLE_POPULATION;
use super::across::Across;
use super::alternative::{Moves, Reach, Rules, System};
use super::printing::both;
use super::standing::Standing;
use super::table::{Cell, Kind, Table};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Populations that are looked at for one cell.
const TRIED_MAX: usize = 300;
/// The same where it may cost something: what is found is hidden, so that looking longer is worth it.
const TRIED_AT_A_PRICE_MAX: usize = 3_000;
/// By how much the number of all people is moved at every issue before it is moved at one alone: it is printed, and seldom hidden.
const MOVED_FIRST: [i64; 5] = [0, 1, -1, 2, -2];
/// A count that can be told to be less points at somebody.
const AT_LEAST: i64 = 3;

/// The table with all of its small counts protected, and how many could not be proved against issues before. Of a population of which nothing
/// can be told apart even so, nothing is shown.
pub(super) fn protected(table: &Table) -> (Standing, u64) {
    let across = Across::of(table);
    let everybody = table.names.iter().position(|name| name == WHOLE_POPULATION);
    let mut protection = Protection { table, standing: Standing::primary(table), across, everybody };
    let mut unproven = BTreeSet::new();
    // Whatever is hidden makes room for others; a total that is rounded anew may take some away, so that all are looked at again.
    loop {
        let targets: Vec<Target> = protection.targets().filter(|target| !unproven.contains(target)).collect();
        let given_away: Vec<Target> = targets.into_par_iter().filter(|&target| !protection.is_safe(target)).collect();
        let mut changed = false;
        for target in given_away {
            match protection.make_safe(target) {
                Made::Safe { by_hiding } => changed |= by_hiding,
                // Of the table itself it is proved all the same.
                Made::Nothing if target.issue == Target::ITSELF => changed |= protection.hide_around(target),
                Made::Nothing => changed |= unproven.insert(target),
            }
        }
        if !changed {
            // Where not even the number of all people is shown, nothing is.
            let shown = protection.everybody.is_some_and(|all| !protection.standing.hidden[all]);
            return (protection.standing, if shown { unproven.len() as u64 } else { 0 });
        }
    }
}

/// A small count that nobody may work out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    /// Whose tables it is proved against.
    issue: usize,
    /// Its place in the table, or in the issue before.
    cell: usize,
}

impl Target {
    /// A count of tonight, against tonight's table.
    const ITSELF: usize = usize::MAX;
    /// A count of tonight, against all issues.
    const TONIGHT: usize = usize::MAX - 1;
}

/// Who is another in the other population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Tonight's people; no other issue is looked at.
    Itself,
    /// The same people at every issue.
    Alike,
    /// Tonight's people alone.
    Tonight,
    /// Those of an issue before alone.
    Before(usize),
}

/// What became of a count that could be worked out.
enum Made {
    Safe { by_hiding: bool },
    Nothing,
}

/// By how much cells were moved at every issue, by their place among those of all issues.
type Moved = FxHashMap<usize, i64>;

/// Another population: whose people are others, what was moved at every issue before that, and what was moved.
type Other = (Side, Rc<Moved>, Moves);

/// What it costs to hide or coarsen a cell so that it can be moved as far; `None` where that cannot be.
type SidedPrice<'p> = dyn Fn(Side, usize, i64) -> Option<u64> + 'p;

struct Protection<'t, 'c> {
    table: &'t Table<'c>,
    standing: Standing,
    across: Across<'t>,
    /// The number of all people, by its place in the table.
    everybody: Option<usize>,
}

impl Protection<'_, '_> {
    /// Every small count, of tonight and of issues before; tonight's first against its own table.
    fn targets(&self) -> impl Iterator<Item = Target> {
        let small = |cell: &usize| {
            let Cell { value, kind, .. } = self.table.cells[*cell];
            self.table.preset().hides(value) && (self.standing.hidden[*cell] || kind == Kind::Rest)
        };
        let tonight: Vec<usize> = (0..self.table.cells.len()).filter(small).collect();
        let against: &[usize] = match self.across.before.is_empty() {
            true => &[Target::ITSELF],
            false => &[Target::ITSELF, Target::TONIGHT],
        };
        let of_tonight = against.iter().flat_map(move |&issue| {
            let tonight = tonight.clone();
            tonight.into_iter().map(move |cell| Target { issue, cell })
        });
        let before = self.across.before.iter().enumerate().flat_map(|(issue, issued)| {
            let small = issued.cells.iter().enumerate().filter(|(_, cell)| cell.is_small);
            small.map(move |(cell, _)| Target { issue, cell })
        });
        of_tonight.chain(before)
    }

    /// In which ways a count can be proved, each with where it stands in the system of that way.
    fn sides(&self, Target { issue, cell }: Target) -> Vec<(Side, usize)> {
        let across = &self.across;
        match issue {
            Target::ITSELF => vec![(Side::Itself, cell)],
            Target::TONIGHT if across.alone[cell].is_unchanged => vec![(Side::Alike, cell)],
            Target::TONIGHT => vec![(Side::Alike, cell), (Side::Tonight, cell)],
            _ => {
                let held = &across.issues[issue];
                let alike = (Side::Alike, held.place[cell]);
                let is_unchanged = held.way[cell] == Some(Reach::NONE);
                if is_unchanged { vec![alike] } else { vec![alike, (Side::Before(issue), cell)] }
            }
        }
    }

    fn system(&self, side: Side) -> &System {
        match side {
            Side::Itself | Side::Tonight => &self.across.tonight,
            Side::Alike => &self.across.alike,
            Side::Before(issue) => &self.across.issues[issue].system,
        }
    }

    /// How far a cell of the system of a way can be moved, after some were moved at every issue.
    fn reach(&self, side: Side, cell: usize, moved: &Moved) -> Reach {
        let (preset, across) = (self.table.preset(), &self.across);
        let of_tonight = self.table.cells.get(cell);
        let standing = |own: &Cell| self.standing.reach(cell, own, preset);
        let by = |place: usize| moved.get(&place).copied().unwrap_or(0);
        match side {
            Side::Itself => standing(&self.table.cells[cell]),
            Side::Alike => of_tonight.map_or(across.left[cell], |own| standing(own).and(across.left[cell])),
            Side::Tonight => {
                let (own, alone) = (&self.table.cells[cell], across.alone[cell]);
                self.standing.printing(cell, own, preset).reach(by(cell), alone.slack).and(alone.way)
            }
            Side::Before(issue) => {
                let (held, then) = (&across.issues[issue], &across.before[issue].cells[cell].printing);
                let (place, beside) = (held.place[cell], across.slack_beside(issue, cell));
                let now = self.table.cells.get(place).map(|own| self.standing.printing(place, own, preset).slack());
                let elsewhere = now.map_or(beside, |now| both(now, beside));
                then.reach(by(place), elsewhere).and(held.way[cell].unwrap_or(Reach::ANY))
            }
        }
    }

    /// What it costs to hide or coarsen a cell, which tonight's alone can be.
    fn price(&self, side: Side, cell: usize, step: i64) -> Option<u64> {
        let own = self.table.cells.get(cell)?;
        let is_free = match side {
            Side::Itself => true,
            Side::Alike => self.across.left[cell].holds(step),
            Side::Tonight => self.across.alone[cell].way.holds(step),
            Side::Before(_) => false,
        };
        if is_free { self.standing.price(cell, own, self.table.preset(), step) } else { None }
    }

    /// By how much a count would have to be moved, one way or another.
    fn steps(&self, Target { issue, cell }: Target) -> Vec<i64> {
        let value = match issue {
            Target::ITSELF | Target::TONIGHT => self.table.cells[cell].value,
            _ => self.across.before[issue].cells[cell].printing.value,
        };
        match value as i64 {
            0 => vec![1],
            value if value < AT_LEAST => vec![AT_LEAST - value],
            _ => vec![1, -1],
        }
    }

    /// Other populations in which a count is another number, by each way and step; last those for which the number of all people has to be
    /// another at every issue.
    fn alternatives<'p>(
        &'p self,
        target: Target,
        price: &'p SidedPrice<'p>,
        tried_max: usize,
    ) -> impl Iterator<Item = Other> + 'p {
        let (steps, sides) = (self.steps(target), self.sides(target));
        let is_alone = |side: Side| matches!(side, Side::Tonight | Side::Before(_));
        let firsts = MOVED_FIRST.into_iter().filter({
            let some_alone = sides.iter().any(|(side, _)| is_alone(*side));
            move |by| *by == 0 || some_alone
        });
        firsts.filter_map(|by| Some((by, Rc::new(self.everybody_moved(by)?)))).flat_map(move |(by, moved)| {
            let ways: Vec<(Side, usize, i64)> = sides
                .iter()
                .filter(|(side, _)| by == 0 || is_alone(*side))
                .flat_map(|&(side, cell)| steps.iter().map(move |&step| (side, cell, step)))
                .collect();
            ways.into_iter().filter_map(move |way| self.other(way, &moved, price, tried_max))
        })
    }

    fn other(
        &self,
        (side, cell, step): (Side, usize, i64),
        moved: &Rc<Moved>,
        price: &SidedPrice,
        tried_max: usize,
    ) -> Option<Other> {
        let place = if let Side::Before(issue) = side { self.across.issues[issue].place[cell] } else { cell };
        let step = step - moved.get(&place).copied().unwrap_or(0);
        if step == 0 {
            return Some((side, moved.clone(), Vec::new()));
        }
        let reach = |cell: usize| self.reach(side, cell, moved);
        let price = |cell: usize, step: i64| price(side, cell, step);
        let rules = Rules { reach: &reach, price: &price, tried_max };
        Some((side, moved.clone(), self.system(side).alternative(cell, step, &rules)?))
    }

    /// The same people at every issue, so many more or fewer in all.
    fn everybody_moved(&self, by: i64) -> Option<Moved> {
        let nothing = Moved::default();
        if by == 0 {
            return Some(nothing);
        }
        let all = self.everybody?;
        let reach = |cell: usize| self.reach(Side::Alike, cell, &nothing);
        let rules = Rules { reach: &reach, price: &|_, _| None, tried_max: TRIED_MAX };
        Some(self.across.alike.alternative(all, by, &rules)?.into_iter().collect())
    }

    fn is_safe(&self, target: Target) -> bool {
        self.alternatives(target, &|_, _, _| None, TRIED_MAX).next().is_some()
    }

    /// Hides what makes a cell safe at the least price.
    fn make_safe(&mut self, target: Target) -> Made {
        // What was hidden for others may have done.
        if self.is_safe(target) {
            return Made::Safe { by_hiding: false };
        }
        let price = |side: Side, cell: usize, step: i64| self.price(side, cell, step);
        let ways = self.alternatives(target, &price, TRIED_AT_A_PRICE_MAX);
        let cost = |(side, moved, moves): &Other| {
            moves.iter().map(|&(cell, step)| self.cost(*side, cell, step, moved)).sum::<u64>()
        };
        let Some((side, moved, moves)) = ways.min_by_key(cost) else { return Made::Nothing };
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

    fn cost(&self, side: Side, cell: usize, step: i64, moved: &Moved) -> u64 {
        if self.reach(side, cell, moved).holds(step) { 0 } else { self.price(side, cell, step).unwrap_or(0) }
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
