//! Values that a condition reads as a number or a time, and that are none.
//!
//! DuckDB ends with an error there, or had no such value in a column of numbers or dates to begin with. Here they count as missing, and somebody is told:
//! a column that is written otherwise than a model expects takes whole levels out of use. Each distinct value is read once more, at some 100 ns.

use super::expression::{Expr, Side, Value, evaluate};
use super::functions::Function;
use super::import::Imported;
use crate::records::{Column, MISSING};
use rayon::prelude::*;

/// Values of a column that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Place among the columns that were available to [`super::read`].
    pub column: usize,
    /// What the values should be.
    pub wanted: &'static str,
    /// Records with such a value.
    pub records: u64,
    /// Records with any value.
    pub of: u64,
}

/// A place where the values of one column are read.
struct Reading<'m> {
    /// As of the left record.
    expr: Expr,
    function: &'m Function,
    wanted: &'static str,
    /// Nobody expects all values to be readable: it is a matter of its own only where none is.
    is_lenient: bool,
}

/// What of the values in `columns` a model cannot read, a line a column and what it should hold. `columns` are those that were available to
/// [`super::read`], in its order.
pub fn unread_values(model: &Imported, columns: &[&Column]) -> Vec<Unread> {
    let mut readings = Vec::new();
    let levels = model.comparisons.iter().flat_map(|comparison| &comparison.levels);
    levels.filter_map(|level| level.condition.as_ref()).for_each(|condition| gather(condition, false, &mut readings));
    for rule in &model.rules {
        rule.equal.iter().flat_map(|(left, right)| [left, right]).for_each(|key| gather(key, false, &mut readings));
        rule.filter.iter().for_each(|filter| gather(filter, false, &mut readings));
    }
    let mut found: Vec<Unread> = Vec::new();
    for unread in readings.iter().filter_map(|reading| reading.unread(model, columns)) {
        match found.iter_mut().find(|known| (known.column, known.wanted) == (unread.column, unread.wanted)) {
            Some(known) => known.records = known.records.max(unread.records),
            None => found.push(unread),
        }
    }
    found
}

/// Adds the readings in an expression; where it `is_guarded`, it may stand behind a condition that keeps out what cannot be read.
fn gather<'m>(expr: &'m Expr, is_guarded: bool, readings: &mut Vec<Reading<'m>>) {
    if let Expr::Call(function, _) = expr
        && let Some((wanted, is_tried)) = wanted(expr)
        && is_of_one_column(expr)
    {
        let (expr, is_lenient) = (expr.on(Side::Left), is_guarded || is_tried);
        match readings.iter_mut().find(|known| known.expr == expr) {
            Some(known) => known.is_lenient &= is_lenient,
            None => readings.push(Reading { expr, function, wanted, is_lenient }),
        }
    }
    let is_case = matches!(expr, Expr::Case(..));
    for (at, inner) in expr.inner().into_iter().enumerate() {
        gather(inner, is_guarded || (is_case && at > 0), readings);
    }
}

/// What an expression reads texts as, and whether what cannot be read is null in DuckDB, too; `None` where it reads none.
fn wanted(expr: &Expr) -> Option<(&'static str, bool)> {
    let Expr::Call(function, arguments) = expr else { return None };
    let is_tried = matches!(arguments.first(), Some(Expr::Call(Function::AsSent { tried: true }, _)));
    match function {
        Function::ToNumber | Function::ReadDecimal(_) => Some(("a number", is_tried)),
        Function::ToTime => Some(("a date or time as ISO 8601 has it", is_tried)),
        Function::ParseTime(format) => Some(("a date in the model's format", !format.raises())),
        _ => None,
    }
}

fn is_of_one_column(expr: &Expr) -> bool {
    let columns = expr.columns();
    columns.first().is_some_and(|first| columns.iter().all(|column| column == first))
}

impl Reading<'_> {
    fn unread(&self, model: &Imported, columns: &[&Column]) -> Option<Unread> {
        let inner = self.expr.inner()[0];
        let (column, _) = inner.columns()[0];
        let column = model.columns[column];
        let Column { codes, values } = columns[column];
        let cannot = |code: u32| {
            let text = inner_value(inner, values.get(code));
            text != Value::Null && self.function.apply(&[text]) == Value::Null
        };
        let cannot: Vec<bool> = (0..values.len() as u32).into_par_iter().map(cannot).collect();
        if !cannot.contains(&true) {
            return None;
        }
        let (mut records, mut of) = (0, 0);
        for code in (0..codes.len()).map(|row| codes.at(row)).filter(|code| *code != MISSING) {
            of += 1;
            records += u64::from(cannot[code as usize]);
        }
        let is_told = if self.is_lenient { records == of } else { records > 0 };
        (is_told && of > 0).then_some(Unread { column, wanted: self.wanted, records, of })
    }
}

fn inner_value(expr: &Expr, text: &str) -> Value {
    evaluate(expr, &|_, _| Some(text))
}

#[cfg(test)]
mod tests {
    use super::super::import::read_text;
    use super::*;

    /// What is told of a column of four records whose model has one such level.
    fn told(condition: &str, values: [&str; 4]) -> Vec<(&'static str, u64, u64)> {
        let settings = serde_json::json!({
            "link_type": "dedupe_only",
            "blocking_rules_to_generate_predictions": ["l.town = r.town"],
            "comparisons": [{ "comparison_levels": [{ "sql_condition": condition }, { "sql_condition": "ELSE" }] }],
        });
        let names = ["other", "town", "x"].map(String::from);
        let (model, unmapped) = read_text(&settings.to_string(), &names).expect("a model");
        assert!(unmapped.is_empty(), "{unmapped:?}");
        let (empty, mut column) = (Column::default(), Column::default());
        for value in values {
            column.codes.push(if value.is_empty() { MISSING } else { column.values.intern(value) });
        }
        let unread = unread_values(&model, &[&empty, &empty, &column]);
        assert!(unread.iter().all(|one| one.column == 2));
        unread.into_iter().map(|one| (one.wanted, one.records, one.of)).collect()
    }

    #[test]
    fn values_that_cannot_be_read_are_counted() {
        let (number, iso) = ("a number", "a date or time as ISO 8601 has it");
        assert!(told("abs(x_l - x_r) <= 2", ["1", "2.5", "", "3"]).is_empty());
        assert_eq!(told("abs(x_l - x_r) <= 2", ["1", "n/a", "", "n/a"]), [(number, 2, 3)]);
        assert_eq!(told("cast(x_l as int) = cast(x_r as int)", ["1", "1980-04-03", "", "x"]), [(number, 2, 3)]);
        assert_eq!(
            told("abs(epoch(x_l) - epoch(x_r)) <= 86400", ["03/04/1980", "19800403", "1980-04-03", ""]),
            [(iso, 2, 3)]
        );
        // A name is no number, and nobody reads it as one.
        assert!(told("levenshtein(x_l, x_r) <= 1", ["ann", "bob", "", "9"]).is_empty());
    }

    #[test]
    fn what_is_null_in_duckdb_as_well_is_told_where_nothing_can_be_read() {
        let parsed = "try_strptime(x_l, '%Y-%m-%d') = try_strptime(x_r, '%Y-%m-%d')";
        let date = "a date in the model's format";
        assert!(told(parsed, ["1980-04-03", "unknown", "", "unknown"]).is_empty());
        assert_eq!(told(parsed, ["03/04/1980", "unknown", "", "unknown"]), [(date, 3, 3)]);
        assert_eq!(told(&parsed.replace("try_", ""), ["1980-04-03", "unknown", "", "unknown"]), [(date, 2, 3)]);
        assert!(told("try_cast(x_l as double) > 1", ["1", "x", "x", "x"]).is_empty());
        let guarded = "case when length(x_l) = 4 then cast(x_l as int) > 1970 else false end";
        assert!(told(guarded, ["1980", "unknown", "", "unknown"]).is_empty());
        assert_eq!(told("cast(x_l as int) > 1970", ["1980", "unknown", "", "unknown"]).len(), 1);
    }
}
