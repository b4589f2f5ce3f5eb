//! Unknown counts, what is known of each, and what holds between them.

use super::Tableau;
use std::collections::BTreeMap;

/// Unknown counts between bounds, and equations between them.
#[derive(Default)]
pub(in crate::summary) struct System {
    pub names: BTreeMap<String, usize>,
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    pub equations: Vec<Vec<(f64, usize)>>,
    /// What a count truly is, where that is known of it: no attacker looks here.
    pub exact: BTreeMap<usize, u64>,
    /// Those of a whole who are not in a part of it, by name: a small one must not be worked out either.
    pub rests: BTreeMap<String, usize>,
}

impl System {
    pub fn variable(&mut self, name: &str, low: f64, high: f64) -> usize {
        let next = self.low.len();
        let at = *self.names.entry(name.to_string()).or_insert(next);
        if at == next {
            self.low.push(low);
            self.high.push(high);
        }
        self.low[at] = self.low[at].max(low);
        self.high[at] = self.high[at].min(high);
        at
    }

    pub fn unseen(&mut self, most: f64) -> usize {
        self.variable(&format!("unseen {}", self.low.len()), 0.0, most)
    }

    /// Everything whose name begins so, of one issue.
    pub fn beginning(&self, issue: &str, with: &str) -> Vec<usize> {
        let start = format!("{issue}{with}");
        self.names.range(start.clone()..).take_while(|(name, _)| name.starts_with(&start)).map(|(_, &at)| at).collect()
    }

    /// The variables, so many times each, make 0.
    pub fn equation(&mut self, variables: impl IntoIterator<Item = (f64, usize)>) {
        self.equations.push(variables.into_iter().collect());
    }

    /// whole = parts
    pub fn adds_up(&mut self, whole: usize, parts: &[usize]) {
        let parts = parts.iter().map(|&part| (1.0, part));
        self.equation(parts.chain([(-1.0, whole)]));
    }

    /// What the parts add up to, which is printed nowhere and at most `most`.
    pub fn total(&mut self, parts: &[usize], most: f64) -> usize {
        let whole = self.unseen(most);
        self.adds_up(whole, parts);
        let exact: Option<u64> = parts.iter().map(|part| self.exact.get(part).copied()).sum();
        if let Some(exact) = exact {
            self.exact.insert(whole, exact);
        }
        whole
    }

    /// Those of a whole who are not in a part of it, at most `most`.
    pub fn rest(&mut self, name: &str, (whole, part): (usize, usize), most: f64) -> usize {
        let rest = self.variable(name, 0.0, most);
        self.adds_up(whole, &[part, rest]);
        let known = self.exact.get(&whole).zip(self.exact.get(&part));
        if let Some(exact) = known.and_then(|(whole, part)| whole.checked_sub(*part)) {
            self.exact.insert(rest, exact);
            self.rests.insert(name.to_string(), rest);
        }
        rest
    }

    /// Can a count that is `exact` be another whole number, and, where `large` asks for it, 3 or more?
    pub fn may_be_another(&self, tableau: &mut Tableau, variable: usize, exact: u64, large: bool) -> bool {
        let (exact, low) = (exact as f64, self.low[variable]);
        let mut at_least = |number: f64| tableau.reaches(variable, -1.0, low - number);
        match exact {
            1.0 | 2.0 if large => at_least(3.0),
            _ => at_least(exact + 1.0) || exact > 0.0 && tableau.reaches(variable, 1.0, exact - 1.0 - low),
        }
    }
}
