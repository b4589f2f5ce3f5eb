//! The cells of all tables that leave together, and the sums that hold between them.

use super::protect;
use super::{Blur, Control, Preset, Seen, Shown, WHOLE_POPULATION};

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
    pub kind: Kind,
    pub blur: Blur,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The whole population, hidden for another's sake only where nothing else helps.
    Whole,
    /// The same where it is printed as it is.
    Exact,
    /// Nobody, as everybody knows without being told.
    Nobody,
    /// Under the preset; may be hidden for another's sake.
    Part,
    /// A total that may be rounded as coarsely as it takes.
    Loose,
    /// Printed nowhere: what other cells add up to, or are parts of.
    Unseen,
    /// The same, but what it is must not be known of it where it is small: those of a whole who are not in a printed part.
    Rest,
}

/// The parts add up to the whole.
#[derive(Debug)]
pub(super) struct Sum {
    pub whole: usize,
    pub parts: Vec<Part>,
}

/// A cell that stands so many times in a sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub cell: usize,
    pub times: u64,
}

impl<'c> Table<'c> {
    pub fn new(control: &'c Control) -> Table<'c> {
        Table { control, cells: Vec::new(), sums: Vec::new() }
    }

    pub(super) fn preset(&self) -> Preset {
        self.control.preset
    }

    fn push(&mut self, value: u64, kind: Kind, blur: Blur) -> Place {
        self.cells.push(Cell { value, kind, blur });
        Place(self.cells.len() - 1)
    }

    /// The whole population: hidden for another's sake only where nothing else helps, and known as it is where the preset does not round.
    pub fn whole_population(&mut self, value: u64) -> Place {
        match self.preset().rounds() {
            true => self.push(value, Kind::Whole, self.control.blur(WHOLE_POPULATION)),
            false => self.push(value, Kind::Exact, Blur::NONE),
        }
    }

    /// A count that cannot be anything but 0, such as people known to more providers than there are.
    pub fn nobody(&mut self) -> Place {
        self.push(0, Kind::Nobody, Blur::NONE)
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
        self.push(value, Kind::Unseen, Blur::NONE)
    }

    /// The same, protected like a hidden count: who is left of a whole when a printed part of it is taken away.
    pub fn rest(&mut self, value: u64) -> Place {
        self.push(value, Kind::Rest, Blur::NONE)
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
        let standing = protect::protected(self);
        let shown = |(index, cell): (usize, &Cell)| match cell.kind {
            _ if standing.hidden[index] => Shown::HIDDEN,
            Kind::Exact | Kind::Unseen | Kind::Rest => Shown(Seen::Count(cell.value)),
            _ if cell.value == 0 => Shown::NONE,
            _ => Shown(Seen::Count(self.preset().printed(cell.value, cell.blur.shift, standing.base[index]))),
        };
        Protected(self.cells.iter().enumerate().map(shown).collect())
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
