//! Packages of care after disclosure control: by need, and by the rules that say who should have one.

use super::disclosure::{Control, Place, Protected, Shown, Table};
use crate::care::{CareCounts, NeedCount};

/// Needs shown one by one at most; further ones are rare.
const NEEDS_MAX: usize = 40;

/// Where the counts of packages stand in the table of all counts.
pub(super) struct CareCells {
    any: NeedCells,
    /// Needs with people enough to be named.
    needs: Vec<(String, NeedCells)>,
    /// In the order of the job.
    rules: Vec<RuleCells>,
}

struct NeedCells {
    current: Place,
    overlap: Place,
    ended: Place,
}

struct RuleCells {
    due: Place,
    gaps: Place,
}

/// The same, as they may be shown.
pub(super) struct CareFigures {
    pub any: NeedFigures,
    pub needs: Vec<NeedFigures>,
    /// Are there needs that are not named, because too few people have a package for them?
    pub others: bool,
    pub rules: Vec<RuleFigures>,
}

pub(super) struct NeedFigures {
    pub need: String,
    /// People with a package on the day of the run.
    pub current: Shown,
    /// People for whom two providers provide.
    pub overlap: Shown,
    /// People whose last package ended without a successor.
    pub ended: Shown,
}

pub(super) struct RuleFigures {
    pub id: String,
    pub name: String,
    pub need: String,
    pub due: Shown,
    pub gaps: Shown,
}

impl CareCells {
    /// `living` are those who are registered or known here.
    pub fn lay_out(control: &Control, counts: &CareCounts, table: &mut Table, living: Place, people: u64) -> CareCells {
        let mut layout = Layout { table, living, people };
        let any = NeedCount { current: counts.current, overlap: counts.overlap, ended: counts.ended };
        let is_small = |need: &str, count: &NeedCount| control.is_small(&name_of(need, "current"), count.current);
        let named = counts.needs.iter().filter(|(need, count)| count.current > 0 && !is_small(need, count));
        let any = layout.need("", &any);
        let mut needs: Vec<(&String, &NeedCount)> = named.collect();
        needs.truncate(NEEDS_MAX);
        CareCells {
            any,
            needs: needs.into_iter().map(|(need, count)| (need.clone(), layout.need(need, count))).collect(),
            rules: counts
                .rules
                .iter()
                .map(|rule| {
                    let due = layout.among_living(&format!("care|rule|{}", rule.id), rule.due);
                    let gaps = layout.table.part(&format!("care|rule|{}|gap", rule.id), rule.gaps);
                    let met = layout.table.rest(&format!("care|rule|{}|met", rule.id), rule.due - rule.gaps);
                    layout.table.sum(due, [gaps, met]);
                    RuleCells { due, gaps }
                })
                .collect(),
        }
    }

    pub fn read(&self, counts: &CareCounts, shown: &Protected) -> CareFigures {
        let figures = |need: &str, cells: &NeedCells| {
            let current = shown.at(cells.current);
            // Whoever has two has one: where nothing is said of the whole, nothing is of the part.
            let overlap = if current.is_hidden() { current } else { shown.at(cells.overlap) };
            NeedFigures { need: need.to_string(), current, overlap, ended: shown.at(cells.ended) }
        };
        let rule = |(cells, rule): (&RuleCells, &crate::care::RuleCount)| {
            let due = shown.at(cells.due);
            let gaps = if due.is_hidden() { due } else { shown.at(cells.gaps) };
            RuleFigures { id: rule.id.clone(), name: rule.name.clone(), need: rule.need.clone(), due, gaps }
        };
        CareFigures {
            any: figures("", &self.any),
            needs: self.needs.iter().map(|(need, cells)| figures(need, cells)).collect(),
            others: counts.needs.len() > self.needs.len(),
            rules: self.rules.iter().zip(&counts.rules).map(rule).collect(),
        }
    }
}

fn name_of(need: &str, what: &str) -> String {
    format!("care|need|{need}|{what}")
}

struct Layout<'l, 'c> {
    table: &'l mut Table<'c>,
    living: Place,
    people: u64,
}

impl Layout<'_, '_> {
    fn need(&mut self, need: &str, count: &NeedCount) -> NeedCells {
        let current = self.among_living(&name_of(need, "current"), count.current);
        let overlap = self.table.part(&name_of(need, "overlap"), count.overlap);
        let by_one = self.table.rest(&name_of(need, "by one"), count.current.saturating_sub(count.overlap));
        self.table.sum(current, [overlap, by_one]);
        NeedCells { current, overlap, ended: self.among_living(&name_of(need, "ended"), count.ended) }
    }

    /// The rest of those who are here could be worked out where a part is printed.
    fn among_living(&mut self, name: &str, count: u64) -> Place {
        let place = self.table.part(name, count);
        let rest = self.table.rest(&format!("{name}|rest"), self.people.saturating_sub(count));
        self.table.sum(self.living, [place, rest]);
        place
    }
}
