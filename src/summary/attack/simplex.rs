//! The simplex method: the least and the most that one unknown can be where all equations hold.

use super::System;

/// The simplex method on `0 <= y <= high - low`, with a slack for every upper bound.
pub(in crate::summary) struct Tableau {
    rows: Vec<Vec<f64>>,
    basis: Vec<usize>,
    columns: usize,
    /// Columns from here on stand for nothing and must be 0.
    artificial: usize,
    /// Variable → column, for those that can be more than one number.
    place: Vec<usize>,
}

const TINY: f64 = 1e-7;

impl Tableau {
    pub fn of(system: &System) -> Tableau {
        let open: Vec<usize> = (0..system.low.len()).filter(|&at| system.high[at] - system.low[at] > TINY).collect();
        let mut place = vec![usize::MAX; system.low.len()];
        open.iter().enumerate().for_each(|(at, &variable)| place[variable] = at);
        let (variables, equations) = (open.len(), system.equations.len());
        let (artificial, columns) = (2 * variables, 2 * variables + equations);
        let mut rows = Vec::new();
        let mut basis = Vec::new();
        for (at, equation) in system.equations.iter().enumerate() {
            let mut row = vec![0.0; columns + 1];
            for &(times, variable) in equation.iter().filter(|(_, variable)| place[*variable] != usize::MAX) {
                row[place[variable]] += times;
            }
            row[columns] = -equation.iter().map(|&(times, variable)| times * system.low[variable]).sum::<f64>();
            if row[columns] < 0.0 {
                row.iter_mut().for_each(|value| *value = -*value);
            }
            row[artificial + at] = 1.0;
            rows.push(row);
            basis.push(artificial + at);
        }
        for (at, &variable) in open.iter().enumerate() {
            let mut row = vec![0.0; columns + 1];
            (row[at], row[variables + at]) = (1.0, 1.0);
            row[columns] = system.high[variable] - system.low[variable];
            rows.push(row);
            basis.push(variables + at);
        }
        let contradicted = (0..place.len()).find(|&at| system.high[at] < system.low[at] - TINY);
        assert_eq!(contradicted, None, "the truth contradicts the tables");
        let mut tableau = Tableau { rows, basis, columns, artificial, place };
        let cost: Vec<f64> = (0..columns).map(|column| f64::from(u8::from(column >= artificial))).collect();
        let infeasible = tableau.minimise(&cost, columns, f64::NEG_INFINITY);
        assert!(infeasible.abs() < 1e-4, "the truth must be possible: {infeasible}");
        tableau.drop_artificial();
        tableau
    }

    /// Takes away what stands for nothing. Where it is left in the basis at 0 it could become more than that later, and an equation would not
    /// hold any more, so that the attack would take for possible what is not.
    fn drop_artificial(&mut self) {
        let last = self.columns;
        let mut nothing = vec![0.0; self.columns + 1];
        let mut at = 0;
        while at < self.rows.len() {
            if self.basis[at] < self.artificial {
                at += 1;
                continue;
            }
            let row = &mut self.rows[at];
            row[last] = 0.0;
            let size = |column: &usize| row[*column].abs();
            let largest = (0..self.artificial).max_by(|one, other| size(one).total_cmp(&size(other)));
            match largest.filter(|column| size(column) > TINY) {
                Some(entering) => {
                    self.pivot(at, entering, &mut nothing);
                    at += 1;
                }
                // The equation says nothing that others do not say.
                None => {
                    self.rows.swap_remove(at);
                    self.basis.swap_remove(at);
                }
            }
        }
        for row in &mut self.rows {
            let value = row[last];
            row.truncate(self.artificial);
            row.push(value);
        }
        self.columns = self.artificial;
    }

    /// Can `sign` times a variable, counted from its lower bound, be as little as `wanted`?
    pub fn reaches(&mut self, variable: usize, sign: f64, wanted: f64) -> bool {
        let mut cost = vec![0.0; self.columns];
        if self.place[variable] == usize::MAX {
            return wanted >= -TINY;
        }
        cost[self.place[variable]] = sign;
        self.minimise(&cost, self.artificial, wanted) <= wanted + 1e-4
    }

    /// The least cost, or the first one found that is not above `enough`.
    fn minimise(&mut self, cost: &[f64], usable: usize, enough: f64) -> f64 {
        let last = self.columns;
        let mut reduced: Vec<f64> = cost.to_vec();
        reduced.push(0.0);
        for (row, &basic) in self.rows.iter().zip(&self.basis) {
            let factor = cost[basic];
            if factor != 0.0 {
                reduced.iter_mut().zip(row).for_each(|(value, of_row)| *value -= factor * of_row);
            }
        }
        for step in 0..20_000 {
            if -reduced[last] <= enough {
                return -reduced[last];
            }
            // The steepest first; after many steps the first (Bland's rule), which never runs in a circle.
            let falling = (0..usable).filter(|&column| reduced[column] < -TINY);
            let entering = match step < 2_000 {
                true => falling.min_by(|&one, &other| reduced[one].total_cmp(&reduced[other])),
                false => falling.into_iter().next(),
            };
            let Some(entering) = entering else { return -reduced[last] };
            let leaving = (0..self.rows.len()).filter(|&row| self.rows[row][entering] > TINY).min_by(|&one, &other| {
                let ratio = |row: usize| self.rows[row][last] / self.rows[row][entering];
                ratio(one).total_cmp(&ratio(other)).then(self.basis[one].cmp(&self.basis[other]))
            });
            let leaving = leaving.expect("every variable is bounded");
            self.pivot(leaving, entering, &mut reduced);
        }
        panic!("the simplex method did not end")
    }

    fn pivot(&mut self, leaving: usize, entering: usize, reduced: &mut [f64]) {
        let scale = self.rows[leaving][entering];
        self.rows[leaving].iter_mut().for_each(|value| *value /= scale);
        // Most of a row is 0.
        let pivot = self.rows[leaving].iter().copied().enumerate().filter(|(_, value)| *value != 0.0);
        let pivot: Vec<(usize, f64)> = pivot.collect();
        let others = self.rows.iter_mut().enumerate().filter(|(row, _)| *row != leaving).map(|(_, row)| &mut row[..]);
        for row in others.chain([reduced]).filter(|row| row[entering] != 0.0) {
            let factor = row[entering];
            pivot.iter().for_each(|&(column, value)| row[column] -= factor * value);
        }
        self.basis[leaving] = entering;
    }
}
