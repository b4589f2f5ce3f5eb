//! Tonight's table and the issues before it, as one.
//!
//! Whoever has several issues and knows how counts have changed between them has more equations. A proof is therefore another population at
//! every issue at once. Two kinds of it are looked for. *Alike*: the same people are others at every issue, each cell moved by the same number
//! and its shift against it; every count has changed as it truly has, so that nothing that is known of changes tells it from the truth. *Partly*:
//! the same people are others at those issues only at which the count is the same number, since that may be known, perhaps after the number of
//! all people was moved at every issue; every count has grown, shrunk or stayed as it truly has.

use super::SHIFT_MAX;
use super::alternative::{FAR, Reach, System};
use super::issued::Issued;
use super::printing::{Printing, both};
use super::table::{Sum, Table};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// A set of issues, a bit for each; tonight's is the last.
type Issues = u64;

/// Cells of all issues: tonight's, then those that only issues before have.
pub(super) struct Across<'t> {
    pub before: &'t [Issued],
    /// Of each issue before, where its cells stand.
    pub places: Vec<Vec<usize>>,
    /// The sums of all issues.
    pub alike: System,
    /// What issues before leave of each cell where it is moved alike at all of them.
    pub left: Vec<Reach>,
    /// Tonight's cells and sums alone.
    pub tonight: System,
    pub partly: Vec<Partly>,
    /// Of each cell its count at every issue that has it.
    counts: Vec<Vec<Option<i64>>>,
}

/// Some issues, at which people are others, beside the rest, at which they are as they truly are.
pub(super) struct Partly {
    issues: Issues,
    pub system: System,
    has_tonight: bool,
    /// Of each cell, how far it can be moved so that it has grown where it has truly grown, shrunk where it has shrunk, and stayed where it has
    /// stayed.
    way: Vec<Reach>,
    /// How far it can be moved at issues before among these whatever its shift.
    bounds: Vec<Reach>,
    /// How far what is rounded may lie from the count at issues before among these, and at the rest ([`Printing::slack`]).
    within: Vec<(i64, i64)>,
    outside: Vec<(i64, i64)>,
}

impl<'t> Across<'t> {
    pub fn of(table: &'t Table) -> Across<'t> {
        let before = table.before();
        assert!(before.len() < Issues::BITS as usize, "few releases of tables are held against");
        let mut known: FxHashMap<&str, usize> = FxHashMap::default();
        for (at, name) in table.names.iter().enumerate() {
            known.entry(name).or_insert(at);
        }
        let tonight_at = before.len();
        let mut counts: Vec<Vec<Option<i64>>> = vec![vec![None; tonight_at + 1]; table.cells.len()];
        counts.iter_mut().zip(&table.cells).for_each(|(counts, cell)| counts[tonight_at] = Some(cell.value as i64));
        let (mut left, mut places) = (vec![Reach::ANY; table.cells.len()], Vec::new());
        for (issue, issued) in before.iter().enumerate() {
            let mut of_issue = Vec::new();
            for cell in &issued.cells {
                let place = *known.entry(&cell.name).or_insert(left.len());
                if place == left.len() {
                    left.push(Reach::ANY);
                    counts.push(vec![None; tonight_at + 1]);
                }
                left[place] = left[place].and(cell.alike);
                counts[place][issue] = Some(cell.printing.value as i64);
                of_issue.push(place);
            }
            places.push(of_issue);
        }
        let tonight = System::new(table.cells.len(), &table.sums);
        let mut across =
            Across { before, places, alike: System::new(0, &[]), left, tonight, partly: Vec::new(), counts };
        across.alike = across.system(table, across.all());
        let alike = |place: usize| (0..=tonight_at).map(move |issue| (issue, place));
        let sets = (0..across.counts.len()).flat_map(alike).filter_map(|(issue, place)| across.same(issue, place));
        let sets: BTreeSet<Issues> = sets.filter(|issues| *issues != across.all()).collect();
        across.partly = sets.into_iter().map(|issues| across.partly_of(table, issues)).collect();
        across
    }

    fn all(&self) -> Issues {
        (1 << (self.before.len() + 1)) - 1
    }

    /// The issues at which a cell has the count that it has at `issue`; `None` where that has no such cell.
    fn same(&self, issue: usize, place: usize) -> Option<Issues> {
        let own = self.counts[place][issue]?;
        let same = self.counts[place].iter().enumerate().filter(|(_, count)| **count == Some(own));
        Some(same.fold(0, |issues, (at, _)| issues | 1 << at))
    }

    /// What a cell counts at an issue that has it.
    pub fn count(&self, issue: usize, place: usize) -> i64 {
        self.counts[place][issue].expect("the issue has the cell")
    }

    /// Which of [`Across::partly`] has the issues at which a cell has the count that it has at `issue`; `None` where these are all.
    pub fn partly_at(&self, issue: usize, place: usize) -> Option<usize> {
        let issues = self.same(issue, place)?;
        self.partly.iter().position(|some| some.issues == issues)
    }

    /// All cells, and the sums of these issues.
    fn system(&self, table: &Table, issues: Issues) -> System {
        let mut sums: Vec<Sum> = Vec::new();
        let mut seen: FxHashSet<Sum> = FxHashSet::default();
        if issues & 1 << self.before.len() != 0 {
            sums.extend(table.sums.iter().map(|sum| sum.between(|cell| cell)));
            seen.extend(sums.iter().cloned());
        }
        for (at, (issued, places)) in self.before.iter().zip(&self.places).enumerate() {
            if issues & 1 << at != 0 {
                let more = issued.sums.iter().map(|sum| sum.between(|cell| places[cell]));
                sums.extend(more.filter(|sum| seen.insert(sum.clone())));
            }
        }
        System::new(self.left.len(), &sums)
    }

    fn partly_of(&self, table: &Table, issues: Issues) -> Partly {
        let cells = self.left.len();
        let mut some = Partly {
            issues,
            system: self.system(table, issues),
            has_tonight: issues & 1 << self.before.len() != 0,
            way: self.counts.iter().map(|counts| way(counts, issues)).collect(),
            bounds: vec![Reach::ANY; cells],
            within: vec![(-FAR, FAR); cells],
            outside: vec![(-FAR, FAR); cells],
        };
        for (at, (issued, places)) in self.before.iter().zip(&self.places).enumerate() {
            for (cell, &place) in issued.cells.iter().zip(places) {
                let slack = cell.printing.slack();
                if issues & 1 << at != 0 {
                    some.within[place] = both(some.within[place], slack);
                    some.bounds[place] = some.bounds[place].and(cell.printing.bounds);
                } else {
                    some.outside[place] = both(some.outside[place], slack);
                }
            }
        }
        some
    }
}

/// How far a count can be moved at some issues so that it has still grown, shrunk or stayed between each of them and each of the rest.
fn way(counts: &[Option<i64>], issues: Issues) -> Reach {
    let those = |inside: bool| {
        counts
            .iter()
            .enumerate()
            .filter(move |(at, _)| (issues & 1 << at != 0) == inside)
            .filter_map(|(_, count)| *count)
    };
    let towards = |own: i64| those(false).map(move |other| Reach::towards(other - own));
    those(true).flat_map(towards).fold(Reach::ANY, Reach::and)
}

impl Partly {
    /// By how much a cell is another tonight that is moved by `step`.
    pub fn step_tonight(&self, step: i64) -> i64 {
        if self.has_tonight { step } else { 0 }
    }

    /// How far a cell can be moved at these issues after it was moved `by` so much at every issue, where tonight prints it as `tonight`; as far
    /// as the issues before leave it where that is `None`.
    pub fn reach(&self, place: usize, by: i64, tonight: Option<Printing>) -> Reach {
        let (mut bounds, mut within, mut outside) = (self.bounds[place], self.within[place], self.outside[place]);
        if let Some(printing) = tonight {
            if self.has_tonight {
                bounds = bounds.and(printing.bounds);
                within = both(within, printing.slack());
            } else {
                outside = both(outside, printing.slack());
            }
        }
        let reach = Reach { least: bounds.least - by, most: bounds.most - by }.and(self.way[place]);
        if within == (-FAR, FAR) {
            return reach;
        }
        let (lowest, highest) = ((outside.0 - by).max(-SHIFT_MAX), (outside.1 - by).min(SHIFT_MAX));
        // A total that is rounded further may have been moved further than its shift can follow.
        if lowest > highest {
            return Reach::NONE;
        }
        reach.and(Reach { least: within.0 - by - highest, most: within.1 - by - lowest })
    }
}
