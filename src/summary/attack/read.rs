//! One issue, read into a system: what each printed figure says of its count, and how the counts hang together.

use super::people::EVERYBODY;
use super::{DUPLICATES, Published, System, truth_of};
use crate::summary::disclosure::Preset;

/// How coarsely a total of rows may be rounded, as the source says; its figure tells that it was no coarser than this.
const COARSER: [u64; 9] = [5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 100_000];
/// By how much a count is shifted at most before it is rounded.
const SHIFT: u64 = 2;
/// By how much the small range of a cell may reach further.
const MARGIN: u64 = 4;

/// What one issue says, on its way into a system.
pub(super) struct Reader<'r> {
    pub system: &'r mut System,
    /// How the names of its counts begin.
    pub issue: &'r str,
    pub printed: &'r Published,
    /// No count is as large.
    pub most: f64,
}

impl System {
    /// What one issue says. `truth` only tells which marks stand for small counts.
    pub fn read(&mut self, issue: &str, printed: &Published, truth: &Published, preset: Preset) {
        let most = truth.values().flatten().copied().max().unwrap_or(0) as f64 + 300.0;
        // Where not even the number of all people is shown, a mark may stand for nobody.
        let least = if printed[EVERYBODY].is_none() { 0.0 } else { preset.low as f64 };
        for (name, &count) in printed {
            let exact = truth_of(name, printed, truth);
            let (low, high) = match count {
                None if exact == 0 => (0.0, most),
                None if preset.hides(exact) => (least, (preset.high + if preset.rounds() { MARGIN } else { 0 }) as f64),
                None => (least, most),
                Some(0) => (0.0, 0.0),
                Some(count) => behind(count, coarseness(name, count, preset), preset),
            };
            let cell = self.variable(&format!("{issue}{name}"), low, high);
            self.exact.insert(cell, exact);
        }
        let mut reader = Reader { system: self, issue, printed, most };
        let living = reader.people();
        reader.who_knows_whom();
        reader.rows();
        reader.outcomes(living);
    }
}

/// To what a figure is rounded at most.
fn coarseness(name: &str, printed: u64, preset: Preset) -> u64 {
    let is_total_of_rows = name.ends_with("|accounts|Rows read") || name.ends_with("|accounts|Rows linked");
    let coarsest = COARSER.into_iter().rev().find(|base| is_total_of_rows && printed.is_multiple_of(*base));
    coarsest.unwrap_or(1).max(preset.rounded_to)
}

/// From where to where a count may be that is printed so.
fn behind(printed: u64, base: u64, preset: Preset) -> (f64, f64) {
    // What is shifted into the small range is printed as if it stood just above it.
    let (shift, least) = if preset.rounds() { (SHIFT, preset.high + 1) } else { (0, 0) };
    let low = printed.saturating_sub(base / 2 + shift).max(least);
    (low as f64, (printed + (base - 1) / 2 + shift) as f64)
}

impl Reader<'_> {
    /// A count that not every issue has.
    pub fn cell(&self, name: &str) -> Option<usize> {
        self.system.names.get(&format!("{}{name}", self.issue)).copied()
    }

    /// A count that every issue has.
    pub fn the(&self, name: &str) -> usize {
        self.cell(name).unwrap_or_else(|| panic!("every issue has {name}"))
    }

    /// Everything whose name begins so.
    pub fn beginning(&self, with: &str) -> Vec<usize> {
        self.system.beginning(self.issue, with)
    }

    /// The same with the rest of their names.
    pub fn named(&self, with: &str) -> Vec<(String, usize)> {
        let start = format!("{}{with}", self.issue);
        let all = self.system.names.range(start.clone()..).take_while(|(name, _)| name.starts_with(&start));
        all.map(|(name, &cell)| (name[start.len()..].to_string(), cell)).collect()
    }

    /// What a count truly is.
    pub fn exact(&self, cell: usize) -> u64 {
        self.system.exact[&cell]
    }

    pub fn unseen(&mut self) -> usize {
        self.system.unseen(self.most)
    }

    /// What the parts add up to, which is printed nowhere.
    pub fn total(&mut self, parts: &[usize]) -> usize {
        self.system.total(parts, self.most)
    }

    /// whole = parts
    pub fn adds_up(&mut self, whole: usize, parts: &[usize]) {
        self.system.adds_up(whole, parts);
    }

    /// A row of nobody is left out where that may be told.
    pub fn adds_up_or_is_left_out(&mut self, whole: Option<usize>, parts: &[usize]) {
        match whole {
            Some(whole) => self.adds_up(whole, parts),
            None => self.system.equation(parts.iter().map(|&part| (1.0, part))),
        }
    }

    /// Those of a whole who are not in the part of this name.
    pub fn rest(&mut self, name: &str, whole: usize, part: usize) -> usize {
        self.system.rest(&format!("{}rest|{name}", self.issue), (whole, part), self.most)
    }

    /// The part is some of the whole.
    pub fn is_part(&mut self, part: usize, whole: usize) {
        let others = self.unseen();
        self.adds_up(whole, &[part, others]);
    }

    /// Rows beyond the first of everybody.
    pub fn duplicates(&self) -> usize {
        self.the(DUPLICATES)
    }
}
