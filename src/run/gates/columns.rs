//! Columns that have become others: filled, understood or written otherwise than in the run before.

use super::before::ColumnBefore;
use super::{Gates, percent, points};
use crate::intake::FileReport;
use crate::job::Field;
use crate::records::{Quality, Records, field_name};

/// Shares of fewer rows than this say nothing.
pub(super) const ROWS_MIN: u64 = 50;

/// How far a column is from what it was.
pub(super) struct Drift {
    /// Of the limit: beyond 1 it is broken.
    pub size: f64,
    pub words: String,
}

impl Gates<'_> {
    pub(super) fn column_changed(&mut self, files: &[FileReport], quality: &[Quality], records: &Records) {
        let maximum = self.job.gates.maximum_column_change;
        let mut drifts = self.codes_drift(records);
        // Of a column that is gone altogether another gate has told.
        for column in quality.iter().filter(|column| !self.has_vanished(column)) {
            let id = &self.job.providers[usize::from(column.provider)].id;
            let rows: u64 = files.iter().filter(|file| file.provider == column.provider).map(|file| file.rows).sum();
            let rows_before = self.before.rows.get(id).copied().unwrap_or(0);
            let Some(before) = self.before.columns.get(&(id.clone(), column.field.clone())) else { continue };
            if rows < ROWS_MIN || rows_before < ROWS_MIN {
                continue;
            }
            let mut drift = drift(column, before, (rows, rows_before), maximum);
            drift.words = format!("{} of provider {id} {}", column.field, drift.words);
            drifts.push(drift);
        }
        let judged = !drifts.is_empty();
        let broken = drifts.iter().filter(|drift| drift.size > 1.0).count();
        let others = if broken > 1 { format!(" and {} more", broken - 1) } else { String::new() };
        let worst = drifts.into_iter().max_by(|a, b| a.size.total_cmp(&b.size));
        let saw = worst.map_or_else(|| "no column to compare".into(), |worst| format!("{}{others}", worst.words));
        let expected = format!("a change of at most {} and the same way of writing", points(maximum));
        self.note("column_changed", judged.then_some(broken == 0), saw, expected);
    }

    fn has_vanished(&self, column: &Quality) -> bool {
        let provider = &self.job.providers[usize::from(column.provider)];
        let named = |field: Field| field_name(field, &self.job.custom_fields) == column.field;
        provider.columns.iter().any(|(field, source)| provider.lacks(source) && named(*field))
    }
}

/// What was found without how sure it is: "dates as day/month/year in 97 %, unambiguous in 61 %" differs every night.
fn way_of_writing(found: &str) -> &str {
    let ends = [", ", ";", " in "].into_iter().filter_map(|end| found.find(end));
    &found[..ends.min().unwrap_or(found.len())]
}

/// The larger of the changes of how often the column is filled and how many of its values are understood.
fn drift(now: &Quality, before: &ColumnBefore, rows: (u64, u64), maximum: f64) -> Drift {
    let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let filled = (share(before.filled, rows.1), share(now.filled, rows.0));
    let valid = (share(before.valid, before.filled), share(now.valid, now.filled));
    let enough = now.filled >= ROWS_MIN && before.filled >= ROWS_MIN;
    let size = |(was, is): (f64, f64)| (is - was).abs() / maximum.max(f64::MIN_POSITIVE);
    let way = |found: &Option<String>| found.as_deref().map(way_of_writing).map(str::to_string);
    if let (Some(was), Some(is), true) = (way(&before.found), way(&now.found), enough)
        && was != is
    {
        // One of them is the format of the values now: none of the limits above says how far that is.
        return Drift { size: f64::MAX, words: format!("is written as {is} after {was}") };
    }
    if enough && size(valid) > size(filled) {
        let words = format!("is understood in {} of its values after {}", percent(valid.1), percent(valid.0));
        return Drift { size: size(valid), words };
    }
    Drift {
        size: size(filled),
        words: format!("is filled in {} of the rows after {}", percent(filled.1), percent(filled.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(filled: u64, valid: u64, found: Option<&str>) -> Quality {
        Quality { filled, valid, found: found.map(str::to_string), ..Quality::default() }
    }

    fn before(filled: u64, valid: u64, found: Option<&str>) -> ColumnBefore {
        ColumnBefore { filled, valid, found: found.map(str::to_string) }
    }

    #[test]
    fn a_column_drifts_by_fill_by_meaning_and_by_format() {
        let broken = |now: Quality, before: ColumnBefore| drift(&now, &before, (1000, 1000), 0.2).size > 1.0;
        assert!(!broken(now(900, 880, None), before(950, 940, None)));
        assert!(broken(now(100, 100, None), before(950, 940, None)), "it is emptied");
        assert!(broken(now(900, 100, None), before(900, 890, None)), "its codes are others");
        assert!(broken(
            now(900, 880, Some("dates as month/day/year")),
            before(900, 890, Some("dates as day/month/year"))
        ));
        let surer =
            ["dates as day/month/year in 97 %, unambiguous in 61 %", "dates as day/month/year, unambiguous in 58 %"];
        assert!(!broken(now(900, 880, Some(surer[0])), before(900, 890, Some(surer[1]))));
        assert!(!broken(now(20, 1, Some("a")), before(20, 20, Some("b"))), "too few to say anything");
    }
}
