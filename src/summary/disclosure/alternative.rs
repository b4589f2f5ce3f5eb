//! Another population that prints the same: some counts moved up, others down, so that every sum still holds.
//!
//! Whoever knows all printed figures, all sums and all rules, but not the key, cannot tell the true population from such another one. So one
//! of them in which a hidden count is another number is the proof that nobody can work it out.

use super::others::Patience;
use super::table::Sum;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Further than any count has to be moved.
pub(super) const FAR: i64 = 1 << 40;

/// How far a count can be moved from the truth without a printed figure changing: `least <= 0 <= most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reach {
    pub least: i64,
    pub most: i64,
}

impl Reach {
    pub const NONE: Reach = Reach { least: 0, most: 0 };
    pub const ANY: Reach = Reach { least: -FAR, most: FAR };

    /// Not beyond a count that is so much away: up to it from below, down to it from above, and not away from it where it is the same.
    pub fn towards(away: i64) -> Reach {
        Reach { least: if away > 0 { -FAR } else { away }, most: if away < 0 { FAR } else { away } }
    }

    pub fn and(self, other: Reach) -> Reach {
        Reach { least: self.least.max(other.least), most: self.most.min(other.most) }
    }

    pub fn holds(self, offset: i64) -> bool {
        (self.least..=self.most).contains(&offset)
    }
}

/// Cells, each with how far it is moved from the truth.
pub(super) type Moves = Vec<(usize, i64)>;

/// Which cells stand in which sums.
pub(super) struct System {
    /// Of each sum its cells with what they are multiplied by, the whole with -1: together they make 0.
    cells_of: Vec<Vec<(usize, i64)>>,
    /// Of each cell the sums that it stands in, with what it is multiplied by there.
    sums_of: Vec<Vec<(usize, i64)>>,
}

/// What a search may do.
pub(super) struct Rules<'r> {
    pub reach: &'r dyn Fn(usize) -> Reach,
    /// What it costs to hide or coarsen a cell so that it can be moved as far; `None` where that cannot be.
    pub price: &'r dyn Fn(usize, i64) -> Option<u64>,
    pub patience: Patience,
}

/// A population on the way: some sums do not hold yet.
#[derive(Debug, Clone)]
struct Draft {
    moves: Moves,
    /// Sums that do not hold, with what their cells now make.
    open: Vec<(usize, i64)>,
    price: u64,
}

impl System {
    pub fn new(cells: usize, sums: &[Sum]) -> System {
        let mut sums_of = vec![Vec::new(); cells];
        let mut cells_of = Vec::with_capacity(sums.len());
        for (at, sum) in sums.iter().enumerate() {
            let parts = sum.parts.iter().map(|part| (part.cell, part.times as i64));
            let cells: Vec<(usize, i64)> = parts.chain([(sum.whole, -1)]).collect();
            cells.iter().for_each(|&(cell, times)| sums_of[cell].push((at, times)));
            cells_of.push(cells);
        }
        System { cells_of, sums_of }
    }

    /// The sums that `cell` stands in.
    pub fn sums_of(&self, cell: usize) -> impl Iterator<Item = usize> {
        self.sums_of[cell].iter().map(|(sum, _)| *sum)
    }

    /// The cells of one sum.
    pub fn cells_of(&self, sum: usize) -> impl Iterator<Item = usize> {
        self.cells_of[sum].iter().map(|(cell, _)| *cell)
    }

    /// A population in which `cell` is moved by `step`: the one nearest at hand, by what it costs, the sums left open and the cells moved.
    /// `None` where none was found among as many as patience lasts for, which does not say that there is none.
    pub fn alternative(&self, cell: usize, step: i64, rules: &Rules) -> Option<Moves> {
        if !(rules.reach)(cell).holds(step) {
            return None;
        }
        let first = self.moved(&Draft { moves: Vec::new(), open: Vec::new(), price: 0 }, cell, step, 0);
        let mut drafts = vec![first];
        let mut queue = BinaryHeap::from([Reverse((0, 0))]);
        for _ in 0..rules.patience.tried_max {
            let Reverse((_, at)) = queue.pop()?;
            let draft = std::mem::replace(&mut drafts[at], Draft { moves: Vec::new(), open: Vec::new(), price: 0 });
            if draft.open.is_empty() {
                return Some(draft.moves);
            }
            for (cell, step, price) in self.ways(&draft, rules) {
                let next = self.moved(&draft, cell, step, price);
                queue.push(Reverse((next.cost(), drafts.len())));
                drafts.push(next);
            }
        }
        None
    }

    /// What could be moved, by how much and for what price, towards making one open sum hold: the shortest, which leaves least choice.
    fn ways(&self, draft: &Draft, rules: &Rules) -> Vec<(usize, i64, u64)> {
        let shortest = draft.open.iter().min_by_key(|(sum, _)| self.cells_of[*sum].len());
        let &(sum, off_by) = shortest.expect("a draft that is asked for ways has an open sum");
        let mut ways = Vec::new();
        for &(cell, times) in &self.cells_of[sum] {
            let wanted = -off_by / times;
            if wanted == 0 || draft.moves.iter().any(|(moved, _)| *moved == cell) {
                continue;
            }
            let reach = (rules.reach)(cell);
            let free = wanted.clamp(reach.least, reach.most);
            if free != 0 {
                ways.push((self.still_open(draft, cell, free), cell, free, 0));
            }
            if free != wanted
                && let Some(price) = (rules.price)(cell, wanted)
            {
                ways.push((price + self.still_open(draft, cell, wanted), cell, wanted, price));
            }
        }
        ways.sort_unstable();
        ways.truncate(rules.patience.ways_max);
        ways.into_iter().map(|(_, cell, step, price)| (cell, step, price)).collect()
    }

    /// How many more sums are open than must be once `cell` is moved: those that it stands in and that it does not mend.
    fn still_open(&self, draft: &Draft, cell: usize, step: i64) -> u64 {
        let off_by = |sum: usize| draft.open.iter().find(|(open, _)| *open == sum).map_or(0, |(_, off_by)| *off_by);
        self.sums_of[cell].iter().filter(|(sum, times)| off_by(*sum) + times * step != 0).count() as u64
    }

    fn moved(&self, draft: &Draft, cell: usize, step: i64, price: u64) -> Draft {
        let mut next = draft.clone();
        next.moves.push((cell, step));
        next.price += price;
        for &(sum, times) in &self.sums_of[cell] {
            match next.open.iter_mut().find(|(open, _)| *open == sum) {
                Some((_, off_by)) => *off_by += times * step,
                None => next.open.push((sum, times * step)),
            }
        }
        next.open.retain(|(_, off_by)| *off_by != 0);
        next
    }
}

impl Draft {
    fn cost(&self) -> u64 {
        self.price + 3 * self.open.len() as u64 + self.moves.len() as u64
    }
}
