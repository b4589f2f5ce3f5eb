//! Packages of care after disclosure control: by need, and by the rules that say who should have one.

use super::disclosure::{Control, Place, Protected, Shown, Table};
use crate::care::{CareCounts, NeedCount, RuleCount};

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
        let of_any = NeedCount { current: counts.current, overlap: counts.overlap, ended: counts.ended };
        let is_small = |need: &str, count: &NeedCount| control.is_small(&name_of(need, "current"), count.current);
        let named = counts.needs.iter().filter(|(need, count)| count.current > 0 && !is_small(need, count));
        let any = layout.need("", &of_any);
        let mut needs = Vec::new();
        for (need, count) in named.take(NEEDS_MAX) {
            let cells = layout.need(need, count);
            layout.of_other_needs(need, (&any, &of_any), (&cells, count));
            needs.push((need.clone(), cells));
        }
        let mut rules = Vec::new();
        for rule in &counts.rules {
            let (cells, met) = layout.rule(rule);
            if control.preset().is_exact() {
                let need = rule.need.to_lowercase();
                // A need that few have a package for is not named.
                let own = needs.iter().find(|(known, _)| *known == need).zip(counts.needs.get(&need));
                let with = own.map_or((any.current, of_any.current), |((_, own), count)| (own.current, count.current));
                layout.has_what_is_due(rule, met, with);
            }
            rules.push(cells);
        }
        CareCells { any, needs, rules }
    }

    pub fn read(&self, counts: &CareCounts, shown: &Protected) -> CareFigures {
        let figures = |need: &str, cells: &NeedCells| {
            let current = shown.at(cells.current);
            // Whoever has two has one: where nothing is said of the whole, nothing is of the part.
            let overlap = if current.is_hidden() { current } else { shown.at(cells.overlap) };
            NeedFigures { need: need.to_string(), current, overlap, ended: shown.at(cells.ended) }
        };
        let rule = |(cells, rule): (&RuleCells, &RuleCount)| {
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

    /// Of whom it is so for other needs alone could be worked out where one need and any need are printed.
    fn of_other_needs(&mut self, need: &str, any: (&NeedCells, &NeedCount), own: (&NeedCells, &NeedCount)) {
        let ((any, of_any), (own, of_own)) = (any, own);
        for (what, (whole, all), (part, some)) in [
            ("current", (any.current, of_any.current), (own.current, of_own.current)),
            ("overlap", (any.overlap, of_any.overlap), (own.overlap, of_own.overlap)),
            ("ended", (any.ended, of_any.ended), (own.ended, of_own.ended)),
        ] {
            let name = name_of(need, &format!("{what}, others"));
            let others = match all.saturating_sub(some) {
                // That there is nobody else may be told.
                0 => self.table.unseen(&name, 0),
                others => self.table.rest(&name, others),
            };
            self.table.sum(whole, [part, others]);
        }
    }

    /// Gives also who has what the rule says, which is printed nowhere.
    fn rule(&mut self, rule: &RuleCount) -> (RuleCells, Place) {
        let due = self.among_living(&format!("care|rule|{}", rule.id), rule.due);
        let gaps = self.table.part(&format!("care|rule|{}|gap", rule.id), rule.gaps);
        let met = self.table.rest(&format!("care|rule|{}|met", rule.id), rule.due - rule.gaps);
        self.table.sum(due, [gaps, met]);
        (RuleCells { due, gaps }, met)
    }

    /// Whoever has what the rule says is among those with a package for the need.
    fn has_what_is_due(&mut self, rule: &RuleCount, met: Place, (with, people): (Place, u64)) {
        let others = people.saturating_sub(rule.due - rule.gaps);
        let others = self.table.unseen(&format!("care|rule|{}|not due", rule.id), others);
        self.table.sum(with, [met, others]);
    }

    /// The rest of those who are here could be worked out where a part is printed.
    fn among_living(&mut self, name: &str, count: u64) -> Place {
        let place = self.table.part(name, count);
        let rest = self.table.rest(&format!("{name}|rest"), self.people.saturating_sub(count));
        self.table.sum(self.living, [place, rest]);
        place
    }
}
