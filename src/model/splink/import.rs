//! Settings JSON → [`Imported`], and a list of what could not be taken over.
//!
//! Source of the format and of every default: Splink 5.0 (<https://moj-analytical-services.github.io/splink/>), its settings schema and
//! what `save_model_to_json` writes.

mod parts;

use super::expression::Expr;
use super::{MODEL_UNREADABLE, NO_SPLINK_MODEL, NOTHING_MAPPED};
use crate::disk;
use crate::failure::{Failure, Result};
use parts::Import;
use serde_json::Value;
use std::path::Path;

/// The key of the blocking rules, which nothing but a model of Splink has.
const RULES: &str = "blocking_rules_to_generate_predictions";
/// Bytes of a model file.
const FILE_MAX: u64 = 64 * 1024 * 1024;
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

/// The settings as they stand in the text of a model file, for whoever hands them on; `None` where it is no model of Splink.
pub fn settings_in(text: &str) -> Option<Value> {
    json(text).ok().filter(|json| json[RULES].is_array())
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| Failure::new(&MODEL_UNREADABLE, format!("line {}: no JSON", error.line())))
}

/// The same from the text of a model file.
///
/// # Errors
/// As [`read`].
pub fn read_text(text: &str, available: &[String]) -> Result<(Imported, Vec<Unmapped>)> {
    let json = json(text)?;
    let wrong = |what: &str| Failure::new(&NO_SPLINK_MODEL, what.to_string());
    let comparisons = json["comparisons"].as_array().ok_or_else(|| wrong("there is no list of `comparisons`"))?;
    let rules = json[RULES].as_array();
    let rules = rules.ok_or_else(|| wrong("there is no list of `blocking_rules_to_generate_predictions`"))?;
    if comparisons.len() > COUNT_MAX || rules.len() > COUNT_MAX {
        return Err(wrong("there are more than 200 comparisons or blocking rules"));
    }
    let prior = number(&json["probability_two_random_records_match"], 0.0001, |prior| prior > 0.0 && prior < 1.0)
        .ok_or_else(|| wrong("`probability_two_random_records_match` is no number above 0 and below 1"))?;
    let kinds = parts::kinds(available, comparisons, rules);
    let mut import = Import { available, columns: Vec::new(), unmapped: Vec::new(), kinds };
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

impl Comparison {
    /// The number of the level at a place, as in Splink's `gamma` columns: how many levels stand below it, null levels left out, so that ELSE is 0.
    pub fn number_of(&self, place: usize) -> usize {
        self.levels[place + 1..].iter().filter(|level| !level.is_null).count()
    }

    /// The level that has a number.
    pub fn numbered(&self, number: usize) -> Option<&Level> {
        self.levels.iter().rev().filter(|level| !level.is_null).nth(number)
    }
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

/// A number of the file, or the `default` where there is none; `None` where something else stands there, or a number that is not `right`.
fn number(json: &Value, default: f64, right: impl Fn(f64) -> bool) -> Option<f64> {
    match json {
        Value::Null => Some(default),
        given => given.as_f64().filter(|number| right(*number)),
    }
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
            "blocking rule 3: whether `city` is a number or a text is told by nothing in the model",
            "blocking rule 4: it takes lists apart (`arrays_to_explode`), which is not known here",
        ];
        assert_eq!(said, expected);
        assert!(unmapped[2].remedy.contains("[provider.columns]"));
        assert!(unmapped[4].remedy.contains("with a cast"));
    }

    #[test]
    fn what_one_condition_tells_of_a_column_holds_in_the_others() {
        let rules = r#"["l.city = r.city and l.city < r.town", "least(l.city, l.town) = least(r.city, r.town)"]"#;
        let names = names(&["city", "town"]);
        let failure = read_text(&model(CITY, rules), &names).expect_err("nothing tells what they hold");
        assert_eq!(failure.rendered.matches("is told by nothing in the model").count(), 2, "{}", failure.rendered);
        let told = CITY.replacen(
            '[',
            r#"[{"output_column_name": "town", "comparison_levels": [
            {"sql_condition": "levenshtein(town_l, town_r) <= 1"}, {"sql_condition": "ELSE"}]},"#,
            1,
        );
        let (imported, unmapped) = read_text(&model(&told, rules), &names).expect("a model");
        assert_eq!((imported.rules.len(), unmapped.len()), (2, 0), "{unmapped:?}");
    }

    #[test]
    fn numbers_that_are_none_are_refused_and_no_default_stands_for_them() {
        let read = |from: &str, to: &str| {
            let text = model(CITY, r#"["l.city = r.city"]"#);
            assert!(text.contains(from), "{from}");
            read_text(&text.replacen(from, to, 1), &names(&["city"]))
        };
        let prior = "\"probability_two_random_records_match\": 0.5,";
        for wrong in ["0", "1", "1.5", "-1", "\"0.01\""] {
            let failure = read(prior, &prior.replace("0.5", wrong)).expect_err(wrong);
            assert_eq!(failure.code.id, "OF0361");
            assert!(failure.what.contains("is no number above 0 and below 1"), "{}", failure.what);
        }
        for none in ["", &prior.replace("0.5", "null")] {
            let (imported, _) = read(prior, none).expect("Splink's default stands for it");
            assert!((imported.prior - (0.0001f64 / 0.9999).log2()).abs() < 1e-12);
        }
        // No comparison is left without this one.
        for wrong in ["1.5", "-0.1", "\"0.8\"", "\"not observed\"", "[0.8]"] {
            let failure = read("\"m_probability\": 0.8", &format!("\"m_probability\": {wrong}")).expect_err(wrong);
            let said = "comparison `city`, level 2 (): its `m_probability` is no number from 0 to 1. Correct it";
            assert!(failure.rendered.contains(said), "{}", failure.rendered);
        }
        let unseen = "\"u_probability\": \"level not observed in training dataset\"";
        let (imported, unmapped) = read("\"u_probability\": 0.1", unseen).expect("Splink's word for it");
        assert!(unmapped.is_empty(), "{unmapped:?}");
        assert!((imported.comparisons[0].levels[1].weight - (0.8f64 / 1e-6).log2()).abs() < 1e-12);
        let column = "\"tf_adjustment_column\"";
        let wrong_ones =
            [r#""tf_adjustment_weight": "0.5""#, r#""tf_adjustment_weight": -1"#, r#""tf_minimum_u_value": 2"#];
        for wrong in wrong_ones {
            let with = format!("{wrong}, {column}");
            let (imported, unmapped) = read(column, &with).expect("the comparison is whole");
            assert_eq!((unmapped.len(), &imported.comparisons[0].levels[1].frequency), (1, &None), "{wrong}");
            assert_eq!(unmapped[0].what, "comparison `city`, level 2, its term frequency adjustment");
        }
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
}
