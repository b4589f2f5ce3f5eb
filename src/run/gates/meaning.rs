//! Columns that no longer say of people what other providers say of the same people.

use super::columns::ROWS_MIN;
use super::{Gates, percent, points, tell_each};
use crate::run::agreement::Agreement;

impl Gates<'_> {
    pub(super) fn column_meaning(&mut self, agreements: &[Agreement]) {
        let maximum = self.job.gates.maximum_column_change;
        let expected = format!("a fall of at most {}", points(maximum));
        let mut falls: Vec<(f64, String)> = Vec::new();
        for now in agreements {
            let id = &self.job.providers[usize::from(now.provider)].id;
            let Some(&(able, agreed)) = self.before.agreement.get(&(id.clone(), now.field.clone())) else { continue };
            if able < ROWS_MIN || now.able < ROWS_MIN {
                continue;
            }
            let (was, is) = (agreed as f64 / able as f64, now.agreed as f64 / now.able as f64);
            let words = format!(
                "{} of provider {id} agreeing with others in {} of the rows after {}",
                now.field,
                percent(is),
                percent(was)
            );
            falls.push((was - is, words));
        }
        let broken: Vec<&String> = falls.iter().filter(|(fall, _)| *fall > maximum).map(|(_, words)| words).collect();
        tell_each("column_meaning", &broken);
        let broken = broken.len();
        let others = if broken > 1 { format!(" and {} more", broken - 1) } else { String::new() };
        match falls.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((_, words)) => self.note("column_meaning", Some(broken == 0), format!("{words}{others}"), expected),
            None => self.note("column_meaning", None, "no column to compare".into(), expected),
        }
    }
}
