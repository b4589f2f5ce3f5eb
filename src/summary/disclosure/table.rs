//! The cells of all tables that leave together, and the sums that hold between them.

use super::bounds::{Bounds, narrowed};
use super::{Blur, Control, MARGIN_MAX, Preset, Seen, Shown, solve};
use std::collections::BTreeSet;

/// How coarsely a total that need not be exact may be rounded to protect a part, finest first.
const COARSER: [u64; 9] = [5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 100_000];

/// The cells and sums of one issue.
#[derive(Debug)]
pub struct Table<'c> {
    control: &'c Control,
    pub(super) cells: Vec<Cell>,
    pub(super) sums: Vec<Sum>,
}

/// A place in a [`Table`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(usize);

#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub value: u64,
    kind: Kind,
    blur: Blur,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Printed as it is (the whole population), and known to the reader.
    Exact,
    /// Under the preset; may be hidden for another's sake.
    Part,
    /// A total that may be rounded as coarsely as it takes.
    Loose,
    /// Printed nowhere: what other cells add up to, or are parts of.
    Unseen,
}

/// The parts add up to the whole.
#[derive(Debug)]
pub(super) struct Sum {
    pub whole: usize,
    pub parts: Vec<Part>,
}

impl Sum {
    pub fn cells(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.whole).chain(self.parts.iter().map(|part| part.cell))
    }
}

/// A cell that stands so many times in a sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub cell: usize,
    pub times: u64,
}

/// How the cells of a table stand while it is being protected.
pub(super) struct Standing {
    pub hidden: Vec<bool>,
    /// Hidden together with every other part of its sum, so that it can be 0 as well.
    blank: Vec<bool>,
    base: Vec<u64>,
    /// Whether a cell above the small range is hidden: only then can a `*` be more.
    secondary: bool,
}

enum Remedy {
    Hide(usize),
    Blank(Vec<usize>),
    Coarsen(usize, u64),
}

impl Standing {
    fn apply(&mut self, remedy: Remedy) {
        match remedy {
            Remedy::Hide(cell) => {
                self.hidden[cell] = true;
                self.secondary = true;
            }
            Remedy::Blank(cells) => self.blank(&cells),
            Remedy::Coarsen(cell, base) => self.base[cell] = base,
        }
    }

    fn blank(&mut self, cells: &[usize]) {
        for &cell in cells {
            self.hidden[cell] = true;
            self.blank[cell] = true;
        }
    }
}

impl<'c> Table<'c> {
    pub fn new(control: &'c Control) -> Table<'c> {
        Table { control, cells: Vec::new(), sums: Vec::new() }
    }

    fn preset(&self) -> Preset {
        self.control.preset
    }

    fn push(&mut self, value: u64, kind: Kind, blur: Blur) -> Place {
        self.cells.push(Cell { value, kind, blur });
        Place(self.cells.len() - 1)
    }

    /// The whole population: shown exactly.
    pub fn exact(&mut self, value: u64) -> Place {
        self.push(value, Kind::Exact, Blur { shift: 0, margin: 0 })
    }

    /// A cell under the preset; `name` tells it from every other, and is the same at every issue.
    pub fn part(&mut self, name: &str, value: u64) -> Place {
        self.push(value, Kind::Part, self.control.blur(name))
    }

    /// A total that is rounded, and more coarsely where a part of it needs that.
    pub fn loose(&mut self, name: &str, value: u64) -> Place {
        self.push(value, Kind::Loose, self.control.blur(name))
    }

    /// A count that is printed nowhere but stands between others.
    pub fn unseen(&mut self, value: u64) -> Place {
        self.push(value, Kind::Unseen, Blur { shift: 0, margin: 0 })
    }

    /// States that `parts` add up to `whole`, which every reader knows.
    pub fn sum(&mut self, whole: Place, parts: impl IntoIterator<Item = Place>) {
        self.weighted_sum(whole, parts.into_iter().map(|part| (1, part)));
    }

    /// The same, each part so many times (at least once).
    pub fn weighted_sum(&mut self, whole: Place, parts: impl IntoIterator<Item = (u64, Place)>) {
        let parts: Vec<Part> = parts.into_iter().map(|(times, place)| Part { cell: place.0, times }).collect();
        debug_assert_eq!(
            self.cells[whole.0].value,
            parts.iter().map(|part| part.times * self.cells[part.cell].value).sum::<u64>()
        );
        self.sums.push(Sum { whole: whole.0, parts });
    }

    /// Every cell as it may be shown, in the order in which they were added.
    pub fn protect(&self) -> Protected {
        let standing = self.protected();
        let shown = |(index, cell): (usize, &Cell)| match cell.kind {
            _ if standing.hidden[index] => Shown::HIDDEN,
            Kind::Exact | Kind::Unseen => Shown(Seen::Count(cell.value)),
            Kind::Part | Kind::Loose => Shown(Seen::Count(self.printed(index, &standing))),
        };
        Protected(self.cells.iter().enumerate().map(shown).collect())
    }

    pub(super) fn protected(&self) -> Standing {
        let mut standing = self.primary();
        loop {
            while !self.improve(&mut standing) {}
            let remedies = self.against_elimination(&standing);
            if remedies.is_empty() {
                return standing;
            }
            remedies.into_iter().for_each(|remedy| standing.apply(remedy));
        }
    }

    fn primary(&self) -> Standing {
        let small = |cell: &Cell| match cell.kind {
            Kind::Unseen => false,
            Kind::Exact => self.preset().hides(cell.value),
            Kind::Part | Kind::Loose => {
                self.preset().hides(cell.value) || cell.value > 0 && cell.value <= self.preset().high + cell.blur.margin
            }
        };
        let mut standing = Standing {
            hidden: self.cells.iter().map(small).collect(),
            blank: vec![false; self.cells.len()],
            base: vec![self.preset().rounded_to; self.cells.len()],
            secondary: false,
        };
        // Seven marks under a hidden whole would all be 1: of a whole that small nothing is told apart, not even the zeros.
        for _ in 0..self.sums.len() {
            let small: Vec<Vec<usize>> =
                self.sums.iter().filter(|sum| standing.hidden[sum.whole]).map(|sum| self.printable(sum)).collect();
            if small.iter().flatten().all(|&part| standing.blank[part]) {
                break;
            }
            small.iter().for_each(|parts| standing.blank(parts));
        }
        standing
    }

    fn printable(&self, sum: &Sum) -> Vec<usize> {
        let printable = |cell: &usize| matches!(self.cells[*cell].kind, Kind::Part | Kind::Loose);
        sum.parts.iter().map(|part| part.cell).filter(printable).collect()
    }

    /// Hides or coarsens one more cell for each sum that gives a hidden cell away. True when none does, or nothing is left that could.
    fn improve(&self, standing: &mut Standing) -> bool {
        let (bounds, marks) = (self.feasible(standing), self.known_from_marks(standing));
        let remedy = |sum: &Sum| {
            let mut told = sum.cells().filter(|&cell| self.is_given_away(cell, standing, &bounds, &marks)).peekable();
            told.peek()?;
            // A sum of marks and zeros has nothing more to hide: what hangs together with it may tell of them.
            self.remedy(sum, standing).or_else(|| told.find_map(|cell| self.nearest_remedy(cell, standing)))
        };
        let remedies: Vec<Remedy> = self.sums.iter().filter_map(remedy).collect();
        let done = remedies.is_empty();
        remedies.into_iter().for_each(|remedy| standing.apply(remedy));
        done
    }

    /// Whether the figures say more of a hidden cell than its mark does: that it cannot be the least of the small range (or what the marks
    /// below it add up to), or cannot be the most.
    fn is_given_away(&self, cell: usize, standing: &Standing, bounds: &[Bounds], marks: &[Bounds]) -> bool {
        let Preset { low, high, .. } = self.preset();
        standing.hidden[cell] && (bounds[cell].low > marks[cell].low.max(low) || bounds[cell].high < high)
    }

    /// One remedy for each hidden cell that all sums together determine.
    fn against_elimination(&self, standing: &Standing) -> Vec<Remedy> {
        let known = |cell: usize| {
            let Cell { value, kind, .. } = self.cells[cell];
            let as_it_is = kind == Kind::Exact || value == 0 || standing.base[cell] == 1;
            !standing.hidden[cell] && kind != Kind::Unseen && as_it_is
        };
        let determined = solve::determined(&known, &self.sums);
        let given_away = determined.into_iter().filter(|&cell| standing.hidden[cell]);
        let remedies: Vec<Option<Remedy>> = given_away.map(|cell| self.nearest_remedy(cell, standing)).collect();
        remedies.into_iter().flatten().collect()
    }

    /// A remedy in a sum that holds `cell`, or else in the nearest sum that hangs together with it by cells that are not printed.
    fn nearest_remedy(&self, cell: usize, standing: &Standing) -> Option<Remedy> {
        let (mut reached, mut asked) = (BTreeSet::from([cell]), BTreeSet::new());
        loop {
            let holds = |sum: &Sum| sum.cells().any(|cell| reached.contains(&cell));
            let near: Vec<usize> =
                (0..self.sums.len()).filter(|at| !asked.contains(at) && holds(&self.sums[*at])).collect();
            if near.is_empty() {
                return None;
            }
            if let Some(remedy) = near.iter().find_map(|&at| self.remedy(&self.sums[at], standing)) {
                return Some(remedy);
            }
            for at in near {
                asked.insert(at);
                let unprinted = self.sums[at].cells();
                reached
                    .extend(unprinted.filter(|&cell| standing.hidden[cell] || self.cells[cell].kind == Kind::Unseen));
            }
        }
    }

    fn remedy(&self, sum: &Sum, standing: &Standing) -> Option<Remedy> {
        // Totals that need not be exact give way first: they lose the least.
        for cell in sum.cells() {
            if self.cells[cell].kind == Kind::Loose
                && !standing.hidden[cell]
                && let Some(&base) = COARSER.iter().find(|&&base| base > standing.base[cell])
                && base <= self.cells[cell].value
            {
                return Some(Remedy::Coarsen(cell, base));
            }
        }
        let printable = self.printable(sum);
        let open = |&cell: &usize| !standing.hidden[cell] && matches!(self.cells[cell].kind, Kind::Part | Kind::Loose);
        let smallest = printable.iter().copied().filter(open).filter(|&cell| self.cells[cell].value > 0);
        let smallest = smallest.min_by_key(|&cell| (self.cells[cell].value, cell));
        if let Some(cell) = smallest.or_else(|| Some(sum.whole).filter(open)) {
            return Some(Remedy::Hide(cell));
        }
        // Only zeros are left: the population is so small that nothing of it can be told apart.
        printable.iter().any(open).then_some(Remedy::Blank(printable))
    }

    fn printed(&self, index: usize, standing: &Standing) -> u64 {
        let cell = self.cells[index];
        if cell.value == 0 { 0 } else { self.preset().printed(cell.value, cell.blur.shift, standing.base[index]) }
    }

    /// What a reader can work out of each cell.
    pub(super) fn feasible(&self, standing: &Standing) -> Vec<Bounds> {
        self.read(&|index, cell, beyond| match cell.kind {
            Kind::Unseen => Bounds { low: 0, high: beyond },
            _ if standing.hidden[index] => self.marked(standing, index, beyond),
            Kind::Exact => Bounds { low: cell.value, high: cell.value },
            _ if cell.value == 0 => Bounds { low: 0, high: 0 },
            Kind::Part | Kind::Loose => {
                let (low, high) = self.preset().behind(self.printed(index, standing), standing.base[index]);
                Bounds { low, high }
            }
        })
    }

    /// The same for a reader who sees which cells are zero, hidden or neither, but no figure.
    fn known_from_marks(&self, standing: &Standing) -> Vec<Bounds> {
        self.read(&|index, cell, beyond| match cell.value {
            _ if cell.kind == Kind::Unseen => Bounds { low: 0, high: beyond },
            _ if standing.hidden[index] => self.marked(standing, index, beyond),
            0 => Bounds { low: 0, high: 0 },
            _ => Bounds { low: self.preset().high + 1, high: beyond },
        })
    }

    fn read(&self, seen: &dyn Fn(usize, &Cell, u64) -> Bounds) -> Vec<Bounds> {
        // More than any cell can be.
        let beyond = self.cells.iter().map(|cell| cell.value).max().unwrap_or(0).saturating_mul(2).max(1_000);
        narrowed(self.cells.iter().enumerate().map(|(index, cell)| seen(index, cell, beyond)).collect(), &self.sums)
    }

    /// What a `*` says by itself.
    fn marked(&self, standing: &Standing, index: usize, beyond: u64) -> Bounds {
        let Preset { low, high, .. } = self.preset();
        let margin = if self.preset().rounds() { MARGIN_MAX } else { 0 };
        let high = if standing.secondary { beyond } else { high + margin };
        Bounds { low: if standing.blank[index] { 0 } else { low }, high }
    }
}

/// The cells of a protected [`Table`].
#[derive(Debug)]
pub struct Protected(Vec<Shown>);

impl Protected {
    pub fn at(&self, place: Place) -> Shown {
        self.0[place.0]
    }

    pub fn all(&self, places: &[Place]) -> Vec<Shown> {
        places.iter().map(|&place| self.at(place)).collect()
    }
}
