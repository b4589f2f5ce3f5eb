//! The parts of a model file, one by one: comparisons with their levels and frequencies, blocking rules, and what of them is left out.

use super::{COUNT_MAX, Comparison, Frequency, Level, Rule, Unmapped, number};
use crate::model::splink::expression::{Expr, Side};
use crate::model::splink::functions::Function;
use crate::model::splink::kinds::{Columns, Kinds, UNTOLD, settle};
use crate::model::splink::sql::{self, Naming, Reason};
use serde_json::Value;

/// The least m or u that Splink's weights know.
const PROBABILITY_MIN: f64 = 1e-300;

/// What stands for the m or u of a level that no pair of a training reached, and what Splink takes for it.
const NOT_OBSERVED: &str = "level not observed in training dataset";
const PROBABILITY_NOT_OBSERVED: f64 = 1e-6;

/// How the reason ends where a number is wrong.
const NO_PROBABILITY: &str = "is no number from 0 to 1";
const NO_WEIGHT: &str = "is no number from 0 on";

/// A model that is being taken over: the columns that it turned out to need, and what was left out.
pub(super) struct Import<'a> {
    pub(super) available: &'a [String],
    pub(super) columns: Vec<usize>,
    pub(super) unmapped: Vec<Unmapped>,
    /// What its columns hold.
    pub(super) kinds: Kinds,
}

/// A level before its frequency adjustment is known.
struct Draft {
    level: Level,
    u: f64,
    frequency: Option<Value>,
}

impl Import<'_> {
    fn leave_out(&mut self, what: String, reason: Reason) {
        let remedy = if reason.starts_with("no column") {
            "Map that column in [provider.columns], with a [field.NAME] of its own where no canonical field fits, or rename it in the file"
        } else if [NO_PROBABILITY, NO_WEIGHT].iter().any(|wrong| reason.ends_with(wrong)) {
            "Correct it in the file, or train the model anew and save it with Splink"
        } else if reason.ends_with(UNTOLD) {
            "Say it with a cast: `cast(NAME as double)` or `cast(NAME as varchar)`"
        } else {
            "Write it with the functions of Splink's comparison library for DuckDB, or train without it"
        };
        self.unmapped.push(Unmapped { what, reason, remedy: remedy.into() });
    }

    pub(super) fn dialect(&mut self, json: &Value) {
        if let Some(dialect) = json.as_str().filter(|dialect| *dialect != "duckdb") {
            self.unmapped.push(Unmapped {
                what: format!("sql_dialect `{dialect}`"),
                reason: "conditions are read as DuckDB means them".into(),
                remedy: "See that its functions mean the same there, or train with DuckDB".into(),
            });
        }
    }

    fn column(available: &[String], columns: &mut Vec<usize>, name: &str) -> std::result::Result<usize, Reason> {
        let found = available.iter().position(|known| known == name);
        let found = found.or_else(|| available.iter().position(|known| known.eq_ignore_ascii_case(name)));
        let at = found.ok_or_else(|| format!("no column is called `{name}`"))?;
        Ok(columns.iter().position(|known| *known == at).unwrap_or_else(|| {
            columns.push(at);
            columns.len() - 1
        }))
    }

    fn condition(&mut self, sql: &str, naming: Naming) -> std::result::Result<Expr, Reason> {
        let Import { available, columns, kinds, .. } = self;
        let open = sql::condition(sql, naming, &mut |name| Import::column(available, columns, name))?;
        settle(open, &Columns { names: available, kinds, places: columns })
    }

    /// A comparison is taken over whole or not at all: with a level less, the m and u of the others would not hold.
    pub(super) fn comparison(&mut self, at: usize, json: &Value) -> Option<Comparison> {
        let name = json["output_column_name"].as_str().map_or_else(|| format!("comparison_{}", at + 1), str::to_string);
        let what = format!("comparison `{name}`");
        let known = self.columns.len();
        match self.levels(json) {
            Ok(drafts) => Some(Comparison { levels: self.with_frequencies(&what, drafts), name }),
            Err((place, reason)) => {
                self.columns.truncate(known);
                self.leave_out(format!("{what}{place}"), reason);
                None
            }
        }
    }

    fn levels(&mut self, json: &Value) -> std::result::Result<Vec<Draft>, (String, Reason)> {
        let whole = |reason: &str| (String::new(), reason.to_string());
        let levels =
            json["comparison_levels"].as_array().ok_or_else(|| whole("it has no list of `comparison_levels`"))?;
        if levels.len() > COUNT_MAX {
            return Err(whole("it has more than 200 levels"));
        }
        let is_null = |level: &Value| level["is_null_level"].as_bool() == Some(true);
        let count = levels.iter().filter(|level| !is_null(level)).count();
        let (mut drafts, mut value) = (Vec::new(), count);
        for (at, json) in levels.iter().enumerate() {
            let label = json["label_for_charts"].as_str().unwrap_or_default().to_string();
            let place = format!(", level {} ({label})", at + 1);
            let sql =
                json["sql_condition"].as_str().ok_or_else(|| (place.clone(), "it has no `sql_condition`".into()))?;
            let condition = match sql.trim().eq_ignore_ascii_case("else") {
                true => None,
                false => Some(self.condition(sql, Naming::Suffix).map_err(|reason| (place.clone(), reason))?),
            };
            let (mut weight, mut u) = (0.0, 1.0);
            if !is_null(json) {
                value -= 1;
                let (m_default, u_default) = defaults(value, count);
                let here = |reason| (place.clone(), reason);
                u = trained(json, "u_probability", u_default).map_err(here)?;
                let m = trained(json, "m_probability", m_default).map_err(here)?;
                weight = (m / u).log2();
            }
            let is_last = condition.is_none();
            let has_frequency = json["tf_adjustment_column"].is_string() && !is_null(json) && !is_last;
            let level = Level { label, condition, is_null: is_null(json), weight, frequency: None };
            drafts.push(Draft { level, u, frequency: has_frequency.then(|| json.clone()) });
            if is_last {
                return Ok(drafts);
            }
        }
        Err(whole("its last level is not ELSE, so that some pairs would have no weight"))
    }

    fn with_frequencies(&mut self, what: &str, drafts: Vec<Draft>) -> Vec<Level> {
        let exact: Vec<(Option<usize>, f64)> =
            drafts.iter().map(|draft| (draft.level.condition.as_ref().and_then(Expr::exact_match), draft.u)).collect();
        let mut levels = Vec::with_capacity(drafts.len());
        for (at, draft) in drafts.into_iter().enumerate() {
            let mut level = draft.level;
            match draft.frequency.map(|json| self.frequency(&json, draft.u, &exact)) {
                Some(Ok(frequency)) => level.frequency = frequency,
                Some(Err(reason)) => {
                    self.leave_out(format!("{what}, level {}, its term frequency adjustment", at + 1), reason);
                }
                None => {}
            }
            levels.push(level);
        }
        levels
    }

    fn frequency(
        &mut self,
        json: &Value,
        u: f64,
        exact: &[(Option<usize>, f64)],
    ) -> std::result::Result<Option<Frequency>, Reason> {
        let share = number(&json["tf_adjustment_weight"], 1.0, |share| share >= 0.0)
            .ok_or_else(|| format!("its `tf_adjustment_weight` {NO_WEIGHT}"))?;
        let minimum = number(&json["tf_minimum_u_value"], 0.0, is_probability)
            .ok_or_else(|| format!("its `tf_minimum_u_value` {NO_PROBABILITY}"))?;
        let name = json["tf_adjustment_column"].as_str().unwrap_or_default();
        let Import { available, columns, .. } = self;
        let column = Import::column(available, columns, name.trim_matches(['"', '`']))?;
        let alone = json["disable_tf_exact_match_detection"].as_bool() == Some(true);
        let u_exact = match alone {
            true => u,
            false => {
                let found = exact.iter().find(|(of, _)| *of == Some(column));
                found.ok_or_else(|| format!("no level is an exact match on `{name}`, from which it would start"))?.1
            }
        };
        Ok((share != 0.0).then_some(Frequency { column, share, u_exact, minimum }))
    }

    pub(super) fn rule(&mut self, at: usize, json: &Value) -> Option<Rule> {
        let sql = json.as_str().or_else(|| json["blocking_rule"].as_str()).unwrap_or_default().to_string();
        let known = self.columns.len();
        let explodes = json["arrays_to_explode"].as_array().is_some_and(|arrays| !arrays.is_empty());
        let parsed = match explodes {
            true => Err("it takes lists apart (`arrays_to_explode`), which is not known here".to_string()),
            false => self.condition(&sql, Naming::Prefix),
        };
        let rule = parsed.and_then(|condition| {
            let (equal, filter) = split(condition);
            match equal.is_empty() {
                true => Err("it asks for no equality, so that it would compare everybody with everybody".to_string()),
                false => Ok(Rule { sql, equal, filter }),
            }
        });
        rule.map_err(|reason| {
            self.columns.truncate(known);
            self.leave_out(format!("blocking rule {}", at + 1), reason);
        })
        .ok()
    }
}

/// What all conditions of a model tell of the columns that are available, be they taken over or not.
pub(super) fn kinds(available: &[String], comparisons: &[Value], rules: &[Value]) -> Kinds {
    let (mut kinds, mut columns) = (Kinds::new(available.len()), Vec::new());
    let mut note = |sql: Option<&str>, naming: Naming| {
        let mut find = |name: &str| Import::column(available, &mut columns, name);
        let read = sql.and_then(|sql| sql::condition(sql, naming, &mut find).ok());
        if let Some(condition) = &read {
            kinds.note(condition, &columns);
        }
    };
    for levels in comparisons.iter().filter_map(|comparison| comparison["comparison_levels"].as_array()) {
        levels.iter().take(COUNT_MAX).for_each(|level| note(level["sql_condition"].as_str(), Naming::Suffix));
    }
    rules.iter().for_each(|rule| note(rule.as_str().or_else(|| rule["blocking_rule"].as_str()), Naming::Prefix));
    kinds
}

/// The equalities between one record and the other that must all hold, and the rest of the condition.
fn split(condition: Expr) -> (Vec<(Expr, Expr)>, Option<Expr>) {
    let (mut equal, mut rest, mut open) = (Vec::new(), Vec::new(), vec![condition]);
    while let Some(part) = open.pop() {
        match part {
            Expr::Call(Function::And, parts) => open.extend(parts.into_iter().rev()),
            Expr::Call(Function::Equal, sides) => match (sides[0].side(), sides[1].side()) {
                (Some(Side::Left), Some(Side::Right)) => equal.push((sides[0].clone(), sides[1].clone())),
                (Some(Side::Right), Some(Side::Left)) => equal.push((sides[1].clone(), sides[0].clone())),
                _ => rest.push(Expr::Call(Function::Equal, sides)),
            },
            other => rest.push(other),
        }
    }
    (equal, (!rest.is_empty()).then(|| Expr::call(Function::And, rest)))
}

fn is_probability(number: f64) -> bool {
    (0.0..=1.0).contains(&number)
}

/// The m or u of a level, which is not below what Splink's weights know.
fn trained(level: &Value, key: &str, default: f64) -> std::result::Result<f64, Reason> {
    let found = match level[key].as_str() {
        Some(NOT_OBSERVED) => Some(PROBABILITY_NOT_OBSERVED),
        _ => number(&level[key], default, is_probability),
    };
    found.map(|found| found.max(PROBABILITY_MIN)).ok_or_else(|| format!("its `{key}` {NO_PROBABILITY}"))
}

/// Splink's m and u for a level that was never trained, by its value (0 is ELSE) among `count` levels that are not null: 95 % of
/// matches on the top level, and weights from −5 to 3 bits below it, 10 on it.
fn defaults(value: usize, count: usize) -> (f64, f64) {
    let top = value + 1 == count;
    let m = if top { 0.95 } else { 0.05 / (count.max(2) - 1) as f64 };
    let weight = match (top, count) {
        (true, _) => 10.0,
        (false, 0..=2) => -5.0,
        (false, _) => -5.0 + value as f64 * 8.0 / (count - 2) as f64,
    };
    (m, m / weight.exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splink 5.0: `_default_m_values(4)`, `_default_u_values(4)`.
    #[test]
    fn untrained_levels_have_splinks_defaults() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        let (m, u) = defaults(3, 4);
        assert!(close(m, 0.95) && close(u, 0.95 / 1024.0));
        let (m, u) = defaults(0, 4);
        assert!(close(m, 0.05 / 3.0) && close(u, m * 32.0));
        assert!(close(defaults(2, 4).1, 0.05 / 3.0 / 8.0));
        assert!(close(defaults(0, 2).1, 0.05 * 32.0));
    }
}
