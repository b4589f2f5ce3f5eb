//! Settings JSON → [`Imported`], and a list of what could not be taken over.
//!
//! Source of the format and of every default: Splink 5.0 (<https://moj-analytical-services.github.io/splink/>), its settings schema and
//! what `save_model_to_json` writes.

use super::expression::{Expr, Side};
use super::functions::Function;
use super::sql::{self, Naming, Reason};
use super::{MODEL_UNREADABLE, NO_SPLINK_MODEL, NOTHING_MAPPED};
use crate::disk;
use crate::failure::{Failure, Result};
use serde_json::Value;
use std::path::Path;

/// Bytes of a model file.
const FILE_MAX: u64 = 64 * 1024 * 1024;
/// The least m or u that Splink's weights know.
const PROBABILITY_MIN: f64 = 1e-300;
/// Comparisons of a model, and levels of a comparison.
const COUNT_MAX: usize = 200;

/// Which records meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkType {
    /// All with all.
    DedupeOnly,
    /// Only records of different providers.
    LinkOnly,
    /// All with all; records are ordered by provider first.
    LinkAndDedupe,
}

/// A Splink model that can score.
#[derive(Debug, Clone)]
pub struct Imported {
    pub link_type: LinkType,
    /// log2 odds that two random records match, in bits.
    pub prior: f64,
    /// The columns that conditions read: places in the columns that were available. `Expr::Column` holds places in this list.
    pub columns: Vec<usize>,
    pub comparisons: Vec<Comparison>,
    pub rules: Vec<Rule>,
}

/// One comparison: its levels are tried in order.
#[derive(Debug, Clone)]
pub struct Comparison {
    pub name: String,
    /// The last one has no condition.
    pub levels: Vec<Level>,
}

#[derive(Debug, Clone)]
pub struct Level {
    pub label: String,
    /// `None` is ELSE.
    pub condition: Option<Expr>,
    /// Whether this level says that a value is missing.
    pub is_null: bool,
    /// log2(m / u) in bits; 0 for a null level.
    pub weight: f64,
    pub frequency: Option<Frequency>,
}

/// How the frequency of a value changes a level's weight: `share` × (log2 u − log2 max(frequency left, frequency right, minimum)).
#[derive(Debug, Clone, PartialEq)]
pub struct Frequency {
    /// Place in [`Imported::columns`].
    pub column: usize,
    pub share: f64,
    /// u of the exact match that the adjustment starts from.
    pub u_exact: f64,
    pub minimum: f64,
}

/// One blocking rule: records meet where all of `equal` agree and `filter` holds.
#[derive(Debug, Clone)]
pub struct Rule {
    /// As it stands in the file.
    pub sql: String,
    /// An expression of the left record and one of the right.
    pub equal: Vec<(Expr, Expr)>,
    pub filter: Option<Expr>,
}

/// Something of the file that is left out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Unmapped {
    /// "comparison `city`, level 3 (Exact match on city)".
    pub what: String,
    /// Without a full stop.
    pub reason: String,
    /// What a user can do, as a sentence without a full stop.
    pub remedy: String,
}

/// Reads a model file. `available` are the names under which columns can be found; names are compared without case.
///
/// # Errors
/// [`MODEL_UNREADABLE`], [`NO_SPLINK_MODEL`], or [`NOTHING_MAPPED`] where no comparison or no blocking rule is left.
pub fn read(path: &Path, available: &[String]) -> Result<(Imported, Vec<Unmapped>)> {
    let unreadable = |error: std::io::Error| Failure::from_io(&error, path, &MODEL_UNREADABLE);
    let size = disk::length(path).map_err(unreadable)?;
    if size > FILE_MAX {
        return Err(Failure::new(&MODEL_UNREADABLE, format!("{}: {size} bytes are too many", path.display())));
    }
    let text = disk::read_to_string(path).map_err(unreadable)?;
    read_text(&text, available).map_err(|mut failure| {
        failure.what = format!("{}: {}", path.display(), failure.what);
        failure
    })
}

/// The same from the text of a model file.
///
/// # Errors
/// As [`read`].
pub fn read_text(text: &str, available: &[String]) -> Result<(Imported, Vec<Unmapped>)> {
    let json: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| Failure::new(&MODEL_UNREADABLE, format!("line {}: no JSON", error.line())))?;
    let wrong = |what: &str| Failure::new(&NO_SPLINK_MODEL, what.to_string());
    let comparisons = json["comparisons"].as_array().ok_or_else(|| wrong("there is no list of `comparisons`"))?;
    let rules = json["blocking_rules_to_generate_predictions"].as_array();
    let rules = rules.ok_or_else(|| wrong("there is no list of `blocking_rules_to_generate_predictions`"))?;
    if comparisons.len() > COUNT_MAX || rules.len() > COUNT_MAX {
        return Err(wrong("there are more than 200 comparisons or blocking rules"));
    }
    let prior = probability(&json["probability_two_random_records_match"]).unwrap_or(0.0001);
    let mut import = Import { available, columns: Vec::new(), unmapped: Vec::new() };
    import.dialect(&json["sql_dialect"]);
    let imported = Imported {
        link_type: link_type(&json["link_type"]).ok_or_else(|| wrong("`link_type` is missing or not known"))?,
        prior: (prior / (1.0 - prior)).log2(),
        comparisons: comparisons.iter().enumerate().filter_map(|(at, json)| import.comparison(at, json)).collect(),
        rules: rules.iter().enumerate().filter_map(|(at, json)| import.rule(at, json)).collect(),
        columns: import.columns,
    };
    let missing = match (imported.comparisons.is_empty(), imported.rules.is_empty()) {
        (false, false) => return Ok((imported, import.unmapped)),
        (true, _) => "comparison",
        (_, true) => "blocking rule",
    };
    let mut failure = Failure::new(&NOTHING_MAPPED, format!("not one {missing}"));
    failure.rendered = import.unmapped.iter().map(|one| format!("{one}\n")).collect();
    Err(failure)
}

impl std::fmt::Display for Unmapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}. {}.", self.what, self.reason, self.remedy)
    }
}

fn link_type(json: &Value) -> Option<LinkType> {
    Some(match json.as_str()? {
        "dedupe_only" => LinkType::DedupeOnly,
        "link_only" => LinkType::LinkOnly,
        "link_and_dedupe" => LinkType::LinkAndDedupe,
        _ => return None,
    })
}

/// A number above 0 and below 1, or just these.
fn probability(json: &Value) -> Option<f64> {
    json.as_f64().filter(|probability| (0.0..=1.0).contains(probability))
}

struct Import<'a> {
    available: &'a [String],
    columns: Vec<usize>,
    unmapped: Vec<Unmapped>,
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
        } else {
            "Write it with the functions of Splink's comparison library for DuckDB, or train without it"
        };
        self.unmapped.push(Unmapped { what, reason, remedy: remedy.into() });
    }

    fn dialect(&mut self, json: &Value) {
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
        let Import { available, columns, .. } = self;
        sql::condition(sql, naming, &mut |name| Import::column(available, columns, name))
    }

    /// A comparison is taken over whole or not at all: with a level less, the m and u of the others would not hold.
    fn comparison(&mut self, at: usize, json: &Value) -> Option<Comparison> {
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
                let of = |json: &Value, default: f64| match json {
                    Value::Number(_) => {
                        probability(json).ok_or((place.clone(), "m or u is no probability".to_string()))
                    }
                    _ => Ok(default),
                };
                u = of(&json["u_probability"], u_default)?;
                let m = of(&json["m_probability"], m_default)?;
                weight = (m.max(PROBABILITY_MIN) / u.max(PROBABILITY_MIN)).log2();
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
        let name = json["tf_adjustment_column"].as_str().unwrap_or_default();
        let Import { available, columns, .. } = self;
        let column = Import::column(available, columns, name.trim_matches(['"', '`']))?;
        let share = json["tf_adjustment_weight"].as_f64().unwrap_or(1.0);
        let alone = json["disable_tf_exact_match_detection"].as_bool() == Some(true);
        let u_exact = match alone {
            true => u,
            false => {
                let found = exact.iter().find(|(of, _)| *of == Some(column));
                found.ok_or_else(|| format!("no level is an exact match on `{name}`, from which it would start"))?.1
            }
        };
        let minimum = json["tf_minimum_u_value"].as_f64().unwrap_or(0.0);
        Ok((share != 0.0).then_some(Frequency { column, share, u_exact, minimum }))
    }

    fn rule(&mut self, at: usize, json: &Value) -> Option<Rule> {
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

    fn model(comparisons: &str, rules: &str) -> String {
        format!(
            r#"{{"link_type": "dedupe_only", "probability_two_random_records_match": 0.5,
                 "blocking_rules_to_generate_predictions": {rules}, "comparisons": {comparisons}}}"#
        )
    }

    const CITY: &str = r#"[{"output_column_name": "city", "comparison_levels": [
        {"sql_condition": "\"city_l\" IS NULL OR \"city_r\" IS NULL", "is_null_level": true},
        {"sql_condition": "\"city_l\" = \"city_r\"", "m_probability": 0.8, "u_probability": 0.1, "tf_adjustment_column": "city"},
        {"sql_condition": "ELSE", "m_probability": 0.2, "u_probability": 0.9}]}]"#;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_string()).collect()
    }

    #[test]
    fn what_maps_is_taken_over() {
        let rules = r#"["l.city = r.city", {"blocking_rule": "l.\"City\" = r.street and l.city <> 'x'", "sql_dialect": "duckdb"}]"#;
        let (imported, unmapped) = read_text(&model(CITY, rules), &names(&["street", "CITY"])).expect("a model");
        assert!(unmapped.is_empty(), "{unmapped:?}");
        assert_eq!(imported.prior, 0.0);
        assert_eq!(imported.columns, [1, 0], "places among what was available");
        let levels = &imported.comparisons[0].levels;
        assert_eq!((levels[0].weight, levels[0].is_null), (0.0, true));
        assert!((levels[1].weight - 3.0).abs() < 1e-12);
        let frequency = Frequency { column: 0, share: 1.0, u_exact: 0.1, minimum: 0.0 };
        assert_eq!(levels[1].frequency, Some(frequency));
        assert_eq!(imported.rules[1].equal.len(), 1);
        assert!(imported.rules[1].filter.is_some());
    }

    #[test]
    fn what_does_not_map_is_named_one_by_one() {
        let comparisons = CITY.replacen(
            '[',
            r#"[
            {"output_column_name": "sound", "comparison_levels": [
              {"sql_condition": "soundex(city_l) = soundex(city_r)", "label_for_charts": "sounds alike"},
              {"sql_condition": "ELSE"}]},
            {"output_column_name": "open", "comparison_levels": [{"sql_condition": "city_l = city_r"}]},
            {"output_column_name": "absent", "comparison_levels": [
              {"sql_condition": "colour_l = colour_r"}, {"sql_condition": "ELSE"}]},"#,
            1,
        );
        let rules = r#"["l.city = r.city", "1=1", "l.city < r.city",
            {"blocking_rule": "l.tags = r.tags", "arrays_to_explode": ["tags"]}]"#;
        let (imported, unmapped) = read_text(&model(&comparisons, rules), &names(&["city"])).expect("a model");
        assert_eq!((imported.comparisons.len(), imported.rules.len()), (1, 1));
        let said: Vec<String> = unmapped.iter().map(|one| format!("{}: {}", one.what, one.reason)).collect();
        let expected = [
            "comparison `sound`, level 1 (sounds alike): the function `soundex` is not known here",
            "comparison `open`: its last level is not ELSE, so that some pairs would have no weight",
            "comparison `absent`, level 1 (): no column is called `colour`",
            "blocking rule 2: it asks for no equality, so that it would compare everybody with everybody",
            "blocking rule 3: it asks for no equality, so that it would compare everybody with everybody",
            "blocking rule 4: it takes lists apart (`arrays_to_explode`), which is not known here",
        ];
        assert_eq!(said, expected);
        assert!(unmapped[2].remedy.contains("[provider.columns]"));
    }

    #[test]
    fn files_that_are_no_model_fail_with_a_code() {
        let code = |text: &str| read_text(text, &names(&["city"])).expect_err("it is no model").code.id;
        assert_eq!(code("{"), "OF0360");
        assert_eq!(code("[]"), "OF0361");
        assert_eq!(code(r#"{"comparisons": []}"#), "OF0361");
        assert_eq!(code(&model(CITY, "[]")), "OF0362");
        assert_eq!(code(&model("[]", r#"["l.city = r.city"]"#)), "OF0362");
    }

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
