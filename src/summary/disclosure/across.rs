//! Tonight's table and the issues before it, as one.
//!
//! Whoever has several issues and knows how counts have changed between them has more equations. A proof is therefore another population at
//! every issue at once. Two kinds of it are looked for. *Alike*: the same people are others at every issue, each cell moved by the same number
//! and its shift against it; every count has changed as it truly has, so that nothing that is known of changes tells it from the truth. *Alone*:
//! only those of one issue are others, perhaps after the number of all people was moved alike; every count has grown, shrunk or stayed as it truly
//! has. A count that has stayed the same is proved in the first way only, since that may be known.

use super::alternative::{FAR, Reach, System};
use super::issued::Issued;
use super::printing::both;
use super::table::{Sum, Table};
use rustc_hash::{FxHashMap, FxHashSet};

pub(super) struct Across<'t> {
    pub before: &'t [Issued],
    /// Tonight's cells, then those that only issues before have; the sums of all.
    pub alike: System,
    /// What issues before leave of each cell of `alike`.
    pub left: Vec<Reach>,
    /// Tonight's cells and sums alone.
    pub tonight: System,
    /// Of each of tonight's cells, what issues before leave of it where only tonight's people are others.
    pub alone: Vec<Alone>,
    pub issues: Vec<Issue>,
}

/// What other issues leave of a cell where only one issue's people are others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alone {
    /// How far it can be moved so that it has grown where it has truly grown, shrunk where it has shrunk, and stayed where it has stayed.
    pub way: Reach,
    /// How far what is rounded may lie from the count where others print what they print ([`Printing::slack`]).
    pub slack: (i64, i64),
    /// Is it the same number at another issue?
    pub is_unchanged: bool,
}

/// An issue before, against tonight.
pub(super) struct Issue {
    /// Of its cells, where they stand in `alike`.
    pub place: Vec<usize>,
    /// And the other way round.
    pub cell_at: FxHashMap<usize, usize>,
    pub system: System,
    /// Of each of its cells, which way tonight's count leaves it; `None` where tonight has none.
    pub way: Vec<Option<Reach>>,
}

impl<'t> Across<'t> {
    pub fn of(table: &'t Table) -> Across<'t> {
        let (before, cells) = (table.before(), table.cells.len());
        let mut known: FxHashMap<&str, usize> = FxHashMap::default();
        for (at, name) in table.names.iter().enumerate() {
            known.entry(name).or_insert(at);
        }
        let mut across = Across {
            before,
            alike: System::new(0, &[]),
            left: vec![Reach::ANY; cells],
            tonight: System::new(cells, &table.sums),
            alone: vec![Alone { way: Reach::ANY, slack: (-FAR, FAR), is_unchanged: false }; cells],
            issues: Vec::new(),
        };
        let mut sums: Vec<Sum> = table.sums.iter().map(|sum| sum.between(|cell| cell)).collect();
        let mut seen: FxHashSet<Sum> = sums.iter().cloned().collect();
        for issued in before {
            let issue = across.held_against(issued, table, &mut known);
            let more = issued.sums.iter().map(|sum| sum.between(|cell| issue.place[cell]));
            sums.extend(more.filter(|sum| seen.insert(sum.clone())));
            across.issues.push(issue);
        }
        across.alike = System::new(across.left.len(), &sums);
        across
    }

    fn held_against(&mut self, issued: &'t Issued, table: &Table, known: &mut FxHashMap<&'t str, usize>) -> Issue {
        let system = System::new(issued.cells.len(), &issued.sums);
        let mut issue = Issue { place: Vec::new(), cell_at: FxHashMap::default(), system, way: Vec::new() };
        for (at, cell) in issued.cells.iter().enumerate() {
            let place = *known.entry(&cell.name).or_insert(self.left.len());
            if place == self.left.len() {
                self.left.push(Reach::ANY);
            }
            self.left[place] = self.left[place].and(cell.alike);
            issue.place.push(place);
            issue.cell_at.insert(place, at);
            let then = cell.printing.value as i64;
            let now = table.cells.get(place).map(|now| now.value as i64);
            issue.way.push(now.map(|now| Reach::towards(now - then)));
            if let Some(now) = now {
                let alone = &mut self.alone[place];
                alone.way = alone.way.and(Reach::towards(then - now));
                alone.slack = both(alone.slack, cell.printing.slack());
                alone.is_unchanged |= then == now;
            }
        }
        issue
    }

    /// How far what is rounded of a cell of an issue before may lie from the count where the other issues before print what they print.
    pub fn slack_beside(&self, issue: usize, cell: usize) -> (i64, i64) {
        let place = self.issues[issue].place[cell];
        let others = (0..self.issues.len()).filter(|other| *other != issue);
        others.fold((-FAR, FAR), |slack, other| match self.issues[other].cell_at.get(&place) {
            Some(&at) => both(slack, self.before[other].cells[at].printing.slack()),
            None => slack,
        })
    }
}
