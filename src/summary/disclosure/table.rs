//! The cells of all tables that leave together, and the sums that hold between them.

use super::issued::Issued;
use super::protect;
use super::{Blur, Control, Preset, Seen, Shown, WHOLE_POPULATION};
use serde::{Deserialize, Serialize};

/// The cells and sums of one issue.
#[derive(Debug)]
pub struct Table<'c> {
    control: &'c Control,
    /// Of each cell, the same at every issue and of no other.
    pub(super) names: Vec<String>,
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Sum {
    pub whole: usize,
    pub parts: Vec<Part>,
}

/// A cell that stands so many times in a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Part {
    pub cell: usize,
    pub times: u64,
}

impl<'c> Table<'c> {
    pub fn new(control: &'c Control) -> Table<'c> {
        Table { control, names: Vec::new(), cells: Vec::new(), sums: Vec::new() }
    }

    pub(super) fn preset(&self) -> Preset {
        self.control.preset
    }

    /// The issues that this one has to be held against.
    pub(super) fn before(&self) -> &[Issued] {
        &self.control.before
    }

    fn push(&mut self, name: &str, value: u64, kind: Kind, blur: Blur) -> Place {
        self.names.push(name.to_string());
        self.cells.push(Cell { value, kind, blur });
        Place(self.cells.len() - 1)
    }

    /// The whole population: hidden for another's sake only where nothing else helps, and known as it is where the preset does not round.
    pub fn whole_population(&mut self, value: u64) -> Place {
        match self.preset().rounds() {
            true => self.push(WHOLE_POPULATION, value, Kind::Whole, self.control.blur(WHOLE_POPULATION)),
            false => self.push(WHOLE_POPULATION, value, Kind::Exact, Blur::NONE),
        }
    }

    /// A count that cannot be anything but 0, such as people known to more providers than there are.
    pub fn nobody(&mut self, name: &str) -> Place {
        self.push(name, 0, Kind::Nobody, Blur::NONE)
    }

    /// A cell under the preset; `name` tells it from every other, and is the same at every issue. What holds others at each issue, such as
    /// all that are not listed one by one, is another cell where it holds others.
    pub fn part(&mut self, name: &str, value: u64) -> Place {
        self.push(name, value, Kind::Part, self.control.blur(name))
    }

    /// A total that is rounded, and more coarsely where a part of it needs that.
    pub fn loose(&mut self, name: &str, value: u64) -> Place {
        self.push(name, value, Kind::Loose, self.control.blur(name))
    }

    /// A count that is printed nowhere but stands between others.
    pub fn unseen(&mut self, name: &str, value: u64) -> Place {
        self.push(name, value, Kind::Unseen, Blur::NONE)
    }

    /// The same, protected like a hidden count: who is left of a whole when a printed part of it is taken away.
    pub fn rest(&mut self, name: &str, value: u64) -> Place {
        self.push(name, value, Kind::Rest, Blur::NONE)
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
        let (standing, unproven) = protect::protected(self);
        let shown = |(index, cell): (usize, &Cell)| match cell.kind {
            _ if standing.hidden[index] => Shown::HIDDEN,
            Kind::Exact | Kind::Unseen | Kind::Rest => Shown(Seen::Count(cell.value)),
            _ if cell.value == 0 => Shown::NONE,
            _ => Shown(Seen::Count(self.preset().printed(cell.value, cell.blur.shift, standing.base[index]))),
        };
        let shown = self.cells.iter().enumerate().map(shown).collect();
        Protected { shown, issued: Issued::of(self, &standing, unproven) }
    }
}

/// The cells of a protected [`Table`].
#[derive(Debug)]
pub struct Protected {
    shown: Vec<Shown>,
    issued: Issued,
}

impl Protected {
    pub fn at(&self, place: Place) -> Shown {
        self.shown[place.0]
    }

    pub fn all(&self, places: &[Place]) -> Vec<Shown> {
        places.iter().map(|&place| self.at(place)).collect()
    }

    /// What later issues are to be held against.
    pub fn issued(&self) -> &Issued {
        &self.issued
    }
}
