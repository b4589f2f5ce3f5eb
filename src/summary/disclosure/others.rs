//! Other populations that print the same, by who is another in them: those of tonight, those of an issue before, or the same at all of them.

use super::alternative::{Moves, Reach, Rules, System};
use super::printing::both;
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
    /// Whose tables it is proved against.
    pub issue: usize,
    /// Its place in the table, or in the issue before.
    pub cell: usize,
}

impl Target {
    /// A count of tonight, against tonight's table.
    pub const ITSELF: usize = usize::MAX;
    /// A count of tonight, against all issues.
    pub const TONIGHT: usize = usize::MAX - 1;
}

/// Who is another in the other population.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Tonight's people; no other issue is looked at.
    Itself,
    /// The same people at every issue.
    Alike,
    /// Tonight's people alone.
    Tonight,
    /// Those of an issue before alone.
    Before(usize),
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
    const FREE: Patience = Patience { tried_max: 300, ways_max: 12 };
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
    pub fn reach(&self, side: Side, cell: usize, moved: &Moved) -> Reach {
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
    pub fn price(&self, side: Side, cell: usize, step: i64) -> Option<u64> {
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
    pub fn alternatives<'p>(
        &'p self,
        target: Target,
        price: &'p SidedPrice<'p>,
        patience: Patience,
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
            ways.into_iter().filter_map(move |way| self.other(way, &moved, price, patience))
        })
    }

    fn other(
        &self,
        (side, cell, step): (Side, usize, i64),
        moved: &Rc<Moved>,
        price: &SidedPrice,
        patience: Patience,
    ) -> Option<Other> {
        let place = if let Side::Before(issue) = side { self.across.issues[issue].place[cell] } else { cell };
        let step = step - moved.get(&place).copied().unwrap_or(0);
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
