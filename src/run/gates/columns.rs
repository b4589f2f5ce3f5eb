//! Columns that have become others: filled, understood or written otherwise than in the run before.

use super::before::ColumnBefore;
use super::{Gates, percent, points, tell_each};
use crate::intake::FileReport;
use crate::job::Field;
use crate::records::{Quality, Records, field_name};

/// Shares of fewer rows than this say nothing.
pub(super) const ROWS_MIN: u64 = 50;

/// Fields that few rows have filled in, and that keep these few from being shown as anybody: a share of all rows says nothing of them.
pub(crate) const PROTECTIVE: [Field; 2] = [Field::Sensitivity, Field::WithheldIdentityReason];
/// Of so many marked rows more than half may not lose their mark at once; fewer, and all of them, come and go with a single family.
const MARKED_MIN: u64 = 5;

/// How far a column is from what it was.
pub(super) struct Drift {
    /// Of the limit: beyond 1 it is broken. Infinite where marks are lost.
    pub size: f64,
    pub words: String,
}

impl Gates<'_> {
    pub(super) fn column_changed(&mut self, files: &[FileReport], quality: &[Quality], records: &Records) {
        let maximum = self.job.gates.maximum_column_change;
        let (mut drifts, mut told) = (self.codes_drift(records), Vec::new());
        // Of a column that is gone altogether another gate has told.
        for column in quality.iter().filter(|column| !self.has_vanished(column)) {
            let id = &self.job.providers[usize::from(column.provider)].id;
            let rows: u64 = files.iter().filter(|file| file.provider == column.provider).map(|file| file.rows).sum();
            let rows_before = self.before.rows.get(id).copied().unwrap_or(0);
            let Some(before) = self.before.columns.get(&(id.clone(), column.field.clone())) else { continue };
            let of_column = |words: &str| format!("{} of provider {id} {words}", column.field);
            match marks(column, before, (rows, rows_before)) {
                Marks::Lost(words) => {
                    drifts.push(Drift { size: f64::INFINITY, words: of_column(&words) });
                    continue;
                }
                Marks::Few(words) => told.push(of_column(&words)),
                Marks::Stand => {}
            }
            if rows < ROWS_MIN || rows_before < ROWS_MIN {
                continue;
            }
            let drift = drift(column, before, (rows, rows_before), maximum);
            drifts.push(Drift { words: of_column(&drift.words), ..drift });
        }
        self.told.append(&mut told);
        drifts.sort_by(|a, b| b.size.total_cmp(&a.size));
        let broken = drifts.iter().filter(|drift| drift.size > 1.0).count();
        tell_each("column_changed", drifts.iter().take(broken).map(|drift| &drift.words));
        // The worst one stands for the others, but whoever waives it has to know of every mark that is lost.
        let named = drifts.iter().take_while(|drift| drift.size.is_infinite()).count().max(1);
        let others = if broken > named { format!(" and {} more", broken - named) } else { String::new() };
        let words: Vec<&str> = drifts.iter().take(named).map(|drift| drift.words.as_str()).collect();
        let judged = !drifts.is_empty();
        let saw = if judged { format!("{}{others}", words.join(" and ")) } else { "no column to compare".into() };
        let expected = format!("a change of at most {} and the same way of writing", points(maximum));
        self.note("column_changed", judged.then_some(broken == 0), saw, expected);
    }

    fn has_vanished(&self, column: &Quality) -> bool {
        let provider = &self.job.providers[usize::from(column.provider)];
        let named = |field: Field| field_name(field, &self.job.custom_fields) == column.field;
        provider.columns.iter().any(|(field, source)| provider.lacks(source) && named(*field))
    }
}

/// What has become of the rows that a column marks.
#[derive(Debug, PartialEq)]
enum Marks {
    /// It marks nobody by what it says, or about as many as before.
    Stand,
    /// A few rows, and none any more: that is told, as a family may have moved away.
    Few(String),
    Lost(String),
}

/// Whether a column of [`PROTECTIVE`] marks far fewer rows, and a far smaller share of them, than before. `rows` are those of the provider now and
/// before. What says that there is nothing to protect is filled, and no mark.
fn marks(now: &Quality, before: &ColumnBefore, rows: (u64, u64)) -> Marks {
    let (is, was) = (now.valid, before.valid);
    let half_is_lost = 2 * is < was && 2 * is * rows.1 < was * rows.0;
    if !half_is_lost || !PROTECTIVE.iter().any(|field| field.word() == Some(now.field.as_str())) {
        return Marks::Stand;
    }
    let words = format!("marks {is} rows after {was}");
    match (is, was) {
        (_, MARKED_MIN..) => Marks::Lost(words),
        (0, _) => Marks::Few(words),
        _ => Marks::Stand,
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
    if before.filled >= ROWS_MIN && now.filled == 0 {
        // However few of the rows that is.
        return Drift {
            size: f64::MAX,
            words: format!("is filled in none of the rows after {} of them", before.filled),
        };
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

    /// Rows that a column marks, and nothing else is known of them.
    fn marked(field: &str, now: u64, before: u64, rows: (u64, u64)) -> Marks {
        let quality = Quality { field: field.into(), filled: rows.0, valid: now, ..Quality::default() };
        marks(&quality, &ColumnBefore { filled: rows.1, valid: before, found: None }, rows)
    }

    #[test]
    fn a_rarely_filled_column_is_not_emptied_unnoticed() {
        let size = |filled: u64, before_filled: u64| {
            drift(&now(filled, filled, None), &before(before_filled, before_filled, None), (10_000, 10_000), 0.2).size
        };
        assert!(size(0, 50) > 1.0 && size(0, 900) > 1.0, "0.5 % and 9 % of the rows");
        assert!(size(0, 49) <= 1.0, "too few to say anything");
        assert!(size(1, 50) <= 1.0);
    }

    #[test]
    fn marks_that_protect_do_not_go_unnoticed() {
        let all = (1000, 1000);
        for field in ["sensitivity", "withheld_identity_reason"] {
            assert_eq!(marked(field, 0, 5, all), Marks::Lost("marks 0 rows after 5".into()), "0.5 % of the rows");
            assert_eq!(marked(field, 19, 40, all), Marks::Lost("marks 19 rows after 40".into()));
            assert_eq!(marked(field, 2, 5, all), Marks::Lost("marks 2 rows after 5".into()));
            // As a family comes and goes.
            for (now, before) in [(20, 40), (3, 5), (1, 4), (1, 3), (40, 4), (0, 0)] {
                assert_eq!(marked(field, now, before, all), Marks::Stand, "{now} after {before}");
            }
            for before in 1..5 {
                assert_eq!(marked(field, 0, before, all), Marks::Few(format!("marks 0 rows after {before}")));
            }
            // A small provider too; one that has sent fewer rows altogether has lost these, and no marks.
            assert_eq!(marked(field, 0, 6, (12, 12)), Marks::Lost("marks 0 rows after 6".into()));
            assert_eq!(marked(field, 4, 10, (400, 1000)), Marks::Stand);
            assert_eq!(marked(field, 0, 10, (0, 1000)), Marks::Stand);
            // Others have come beside those who are marked.
            assert_eq!(marked(field, 10, 10, (9000, 1000)), Marks::Stand);
        }
        assert_eq!(marked("postcode", 0, 40, all), Marks::Stand, "its own limits hold for it");
    }

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
