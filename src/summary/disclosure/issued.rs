//! What an issue has told, as far as the next one has to be held against it.

use super::alternative::Reach;
use super::printing::Printing;
use super::standing::Standing;
use super::table::{Kind, Part, Sum, Table};
use serde::{Deserialize, Serialize};

/// The cells of an issue and the sums between them. It holds exact counts: it is for the controller only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Issued {
    pub(super) cells: Vec<IssuedCell>,
    pub(super) sums: Vec<Sum>,
    /// Small counts, of this issue or of one that it was held against, of which no other population was found that prints all of them.
    pub unproven: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IssuedCell {
    /// The same at every issue, and of no other cell.
    pub name: String,
    /// Is it a small count that nobody may work out?
    pub is_small: bool,
    /// How far it can be moved at every issue alike with nothing printed at this one changing: its shift moves against it.
    pub alike: Reach,
    pub printing: Printing,
}

impl Issued {
    pub(super) fn of(table: &Table, standing: &Standing, unproven: u64) -> Issued {
        let preset = table.preset();
        let cell = |(index, cell): (usize, &super::table::Cell)| IssuedCell {
            name: table.names[index].clone(),
            is_small: preset.hides(cell.value) && (standing.hidden[index] || cell.kind == Kind::Rest),
            alike: standing.reach(index, cell, preset),
            printing: standing.printing(index, cell, preset),
        };
        Issued { cells: table.cells.iter().enumerate().map(cell).collect(), sums: table.sums.clone(), unproven }
    }
}

impl Sum {
    /// The same between other cells.
    pub(super) fn between(&self, place: impl Fn(usize) -> usize) -> Sum {
        let part = |part: &Part| Part { cell: place(part.cell), times: part.times };
        let mut parts: Vec<Part> = self.parts.iter().map(part).collect();
        parts.sort_unstable();
        Sum { whole: place(self.whole), parts }
    }
}
