//! Other populations that print the same, by when their people are others: tonight, at some issues, or at all of them.

use super::alternative::{Moves, Reach, Rules, System};
use super::protect::Protection;
use super::table::{Cell, Kind};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// By how much the number of all people is moved at every issue before it is moved at one alone: it is printed, and seldom hidden.
const MOVED_FIRST: [i64; 5] = [0, 1, -1, 2, -2];
/// A count that can be told to be less points at somebody.
const AT_LEAST: i64 = 3;

/// A small count that nobody may work out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// At which issue it is one, tonight's being the last; it is proved against all of them.
    pub issue: usize,
    /// Its place among the cells of all issues.
    pub cell: usize,
}

impl Target {
    /// A count of tonight, against tonight's table alone.
    pub const ITSELF: usize = usize::MAX;
}

/// Who is another in the other population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Tonight's people; no other issue is looked at.
    Itself,
    /// The same people at every issue.
    Alike,
    /// The same people at some issues ([`super::across::Across::partly`]).
    Partly(usize),
}

/// By how much cells were moved at every issue, by their place among those of all issues.
pub(super) type Moved = FxHashMap<usize, i64>;

/// Another population: whose people are others, what was moved at every issue before that, and what was moved.
pub(super) type Other = (Side, Rc<Moved>, Moves);

/// How long it is looked for another population.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Populations that are looked at for one way of proving a count.
    pub tried_max: usize,
    /// Ways to go on from one open sum.
    pub ways_max: usize,
}

impl Patience {
    /// Where nothing may be hidden for it.
    pub const FREE: Patience = Patience { tried_max: 300, ways_max: 12 };
    /// Of the few that are left over at the end.
    pub const LAST: Patience = Patience { tried_max: 30_000, ways_max: 100 };
}

/// What it costs to hide or coarsen a cell so that it can be moved as far; `None` where that cannot be.
pub(super) type SidedPrice<'p> = dyn Fn(Side, usize, i64) -> Option<u64> + 'p;

impl Protection<'_, '_> {
    /// Every small count, of tonight and of issues before; tonight's first against its own table.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        let small = |cell: &usize| {
            let Cell { value, kind, .. } = self.table.cells[*cell];
            self.table.preset().hides(value) && (self.standing.hidden[*cell] || kind == Kind::Rest)
        };
        let tonight: Vec<usize> = (0..self.table.cells.len()).filter(small).collect();
        let all = (!self.across.before.is_empty()).then_some(self.across.before.len());
        let of_tonight = [Target::ITSELF].into_iter().chain(all).flat_map(move |issue| {
            let tonight = tonight.clone();
            tonight.into_iter().map(move |cell| Target { issue, cell })
        });
        let before = self.across.before.iter().enumerate().flat_map(|(issue, issued)| {
            let small = issued.cells.iter().enumerate().filter(|(_, cell)| cell.is_small);
            let places = &self.across.places[issue];
            small.map(move |(cell, _)| Target { issue, cell: places[cell] })
        });
        of_tonight.chain(before)
    }

    /// In which ways a count can be proved.
    fn sides(&self, Target { issue, cell }: Target) -> Vec<Side> {
        match issue {
            Target::ITSELF => vec![Side::Itself],
            _ => [Side::Alike].into_iter().chain(self.across.partly_at(issue, cell).map(Side::Partly)).collect(),
        }
    }

    fn system(&self, side: Side) -> &System {
        match side {
            Side::Itself => &self.across.tonight,
            Side::Alike => &self.across.alike,
            Side::Partly(at) => &self.across.partly[at].system,
        }
    }

    /// How far a cell can be moved in one way, after some were moved at every issue.
    pub fn reach(&self, side: Side, cell: usize, moved: &Moved) -> Reach {
        let (preset, left) = (self.table.preset(), self.across.left[cell]);
        let of_tonight = self.table.cells.get(cell);
        let standing = of_tonight.map(|own| self.standing.reach(cell, own, preset));
        match side {
            Side::Itself => standing.unwrap_or(Reach::NONE),
            Side::Alike => standing.map_or(left, |standing| standing.and(left)),
            Side::Partly(at) => {
                let printing = of_tonight.map(|own| self.standing.printing(cell, own, preset));
                self.across.partly[at].reach(cell, moved.get(&cell).copied().unwrap_or(0), printing)
            }
        }
    }

    /// What it costs to hide or coarsen a cell, which tonight's alone can be.
    pub fn price(&self, side: Side, cell: usize, step: i64) -> Option<u64> {
        let own = self.table.cells.get(cell)?;
        let is_free = match side {
            Side::Itself => true,
            Side::Alike => self.across.left[cell].holds(step),
            Side::Partly(at) => self.across.partly[at].reach(cell, 0, None).holds(step),
        };
        // Where others are there on other nights alone it is only the shift that has to be free tonight.
        let step = if let Side::Partly(at) = side { self.across.partly[at].step_tonight(step) } else { step };
        if is_free { self.standing.price(cell, own, self.table.preset(), step) } else { None }
    }

    /// By how much a count would have to be moved, one way or another.
    fn steps(&self, Target { issue, cell }: Target) -> Vec<i64> {
        let value = match issue {
            Target::ITSELF => self.table.cells[cell].value as i64,
            _ => self.across.count(issue, cell),
        };
        match value {
            0 => vec![1],
            value if value < AT_LEAST => vec![AT_LEAST - value],
            _ => vec![1, -1],
        }
    }

    /// Other populations in which a count is another number, by each way and step; last those for which the number of all people has to be
    /// another at every issue.
    pub fn alternatives<'p>(
        &'p self,
        target: Target,
        price: &'p SidedPrice<'p>,
        patience: Patience,
    ) -> impl Iterator<Item = Other> + 'p {
        let (steps, sides) = (self.steps(target), self.sides(target));
        let is_partly = |side: Side| matches!(side, Side::Partly(_));
        let some_partly = sides.iter().any(|side| is_partly(*side));
        let firsts = MOVED_FIRST.into_iter().filter(move |by| *by == 0 || some_partly);
        firsts.filter_map(|by| Some((by, Rc::new(self.everybody_moved(by)?)))).flat_map(move |(by, moved)| {
            let ways: Vec<(Side, i64)> = sides
                .iter()
                .filter(|side| by == 0 || is_partly(**side))
                .flat_map(|&side| steps.iter().map(move |&step| (side, step)))
                .collect();
            ways.into_iter()
                .filter_map(move |(side, step)| self.other((side, target.cell, step), &moved, price, patience))
        })
    }

    fn other(
        &self,
        (side, cell, step): (Side, usize, i64),
        moved: &Rc<Moved>,
        price: &SidedPrice,
        patience: Patience,
    ) -> Option<Other> {
        let step = step - moved.get(&cell).copied().unwrap_or(0);
        if step == 0 {
            return Some((side, moved.clone(), Vec::new()));
        }
        let reach = |cell: usize| self.reach(side, cell, moved);
        let price = |cell: usize, step: i64| price(side, cell, step);
        let rules = Rules { reach: &reach, price: &price, patience };
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
        let rules = Rules { reach: &reach, price: &|_, _| None, patience: Patience::FREE };
        Some(self.across.alike.alternative(all, by, &rules)?.into_iter().collect())
    }

    pub fn is_safe(&self, target: Target) -> bool {
        self.alternatives(target, &|_, _, _| None, Patience::FREE).next().is_some()
    }

    pub fn cost(&self, side: Side, cell: usize, step: i64, moved: &Moved) -> u64 {
        if self.reach(side, cell, moved).holds(step) { 0 } else { self.price(side, cell, step).unwrap_or(0) }
    }
}
