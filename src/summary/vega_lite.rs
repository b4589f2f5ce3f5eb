//! `summary/*.vl.json`: each picture of the page as a Vega-Lite 5 specification, which draws it anew from the table beside it.
//!
//! Named like the figure of the page. Hidden counts, `*` in the tables, are left out, as a picture has no place for them.

use super::figures::Figures;
use super::over_time;
use serde_json::{Value, json};

const SCHEMA: &str = "https://vega.github.io/schema/vega-lite/v5.json";
/// What the specification calls the figure as a number.
const SHOWN: &str = "shown";

/// Name and bytes of the specification of each picture that the page has.
pub(super) fn all(figures: &Figures) -> Vec<(String, Vec<u8>)> {
    let pictures = people(figures)
        .into_iter()
        .chain(cohorts(figures))
        .chain(care(figures))
        .chain(providers(figures))
        .chain(trust());
    pictures
        .map(|(name, picture)| (format!("{name}.vl.json"), format!("{:#}\n", picture.specification()).into()))
        .collect()
}

/// A picture of the rows of one table.
struct Picture<'a> {
    title: &'a str,
    /// The file beside it.
    table: &'a str,
    /// Which rows, as a Vega expression; all where empty.
    rows: String,
    /// The column that is drawn, and what its axis is called.
    figure: (&'a str, &'a str),
    mark: Value,
    /// Channels, where [`SHOWN`] stands for the figure.
    encoding: Value,
}

impl Picture<'_> {
    fn specification(&self) -> Value {
        let column = self.figure.0;
        let mut transform = vec![json!({ "filter": format!("datum.{column} && datum.{column} !== '*'") })];
        if !self.rows.is_empty() {
            transform.push(json!({ "filter": self.rows }));
        }
        transform.push(json!({ "calculate": format!("toNumber(datum.{column})"), "as": SHOWN }));
        json!({
            "$schema": SCHEMA,
            "title": self.title,
            "data": { "url": self.table, "format": { "type": "csv", "parse": { column: "string" } } },
            "transform": transform,
            "mark": self.mark,
            "encoding": self.encoding,
        })
    }
}

/// Horizontal bars, one a value of `column`, in the order of the table.
fn bars<'a>(title: &'a str, table: &'a str, rows: String, column: &str, figure: (&'a str, &'a str)) -> Picture<'a> {
    let encoding = json!({
        "y": { "field": column, "type": "nominal", "sort": null, "title": null },
        "x": { "field": SHOWN, "type": "quantitative", "title": figure.1 },
    });
    Picture { title, table, rows, figure, mark: json!("bar"), encoding }
}

/// Squares, stronger in colour with more.
fn squares<'a>(
    title: &'a str,
    table: &'a str,
    rows: String,
    (x, y): (&str, &str),
    figure: (&'a str, &'a str),
) -> Picture<'a> {
    let encoding = json!({
        "x": { "field": x, "type": "nominal", "sort": null, "title": null },
        "y": { "field": y, "type": "nominal", "sort": null, "title": null },
        "color": { "field": SHOWN, "type": "quantitative", "title": figure.1 },
    });
    Picture { title, table, rows, figure, mark: json!("rect"), encoding }
}

fn people<'a>(figures: &'a Figures) -> Vec<(String, Picture<'a>)> {
    let people = ("people", "People");
    let pyramid = json!({
        "column": { "field": "sex", "type": "nominal", "sort": null, "title": null },
        "y": { "field": "age_band", "type": "ordinal", "sort": null, "title": "Age" },
        "x": { "field": SHOWN, "type": "quantitative", "title": "People" },
        "color": { "field": "sex", "type": "nominal", "legend": null },
    });
    let mut pictures = vec![(
        "pyramid".to_string(),
        Picture {
            title: "People by age and sex",
            table: "people_by_age_sex.csv",
            rows: String::new(),
            figure: people,
            mark: json!("bar"),
            encoding: pyramid,
        },
    )];
    if !figures.areas.is_empty() {
        let tiles = bars("People by place", "people_by_area.csv", String::new(), "area", people);
        pictures.push(("tiles".into(), tiles));
    }
    pictures.push(("ethnic-groups".into(), group("People by ethnic group", "ethnic_group")));
    for set in &figures.segment_sets {
        let rows = format!("datum.segment_set === {} && datum.age_band !== 'All'", json!(set.id));
        let title = "People by segment and age";
        let squares = squares(title, "segments.csv", rows, ("age_band", "name"), people);
        pictures.push((format!("segments-{}", set.id.replace('_', "-")), squares));
    }
    pictures
}

/// Bars of one measure of people_by_group.csv.
fn group<'a>(title: &'a str, measure: &str) -> Picture<'a> {
    let rows = format!("datum.measure === '{measure}'");
    bars(title, "people_by_group.csv", rows, "group", ("count", "People"))
}

fn cohorts<'a>(figures: &'a Figures) -> Vec<(String, Picture<'a>)> {
    let mut pictures = Vec::new();
    if !figures.cohorts.is_empty() {
        let cohorts = bars("People by cohort", "cohorts.csv", String::new(), "name", ("people", "People"));
        pictures.push(("cohort-people".into(), cohorts));
    }
    if figures.cohorts_over_time().is_some() {
        let encoding = json!({
            "x": { "field": "as_of", "type": "temporal", "title": null },
            "y": { "field": SHOWN, "type": "quantitative", "title": "People" },
            "color": { "field": "name", "type": "nominal", "title": "Cohort" },
            "detail": { "field": "rule", "type": "nominal" },
        });
        let lines = Picture {
            title: "People in each cohort over time",
            table: over_time::FILE,
            rows: "datum.measure === 'cohort'".into(),
            figure: ("count", "People"),
            mark: json!({ "type": "line", "point": true }),
            encoding,
        };
        pictures.push(("cohorts-over-time".into(), lines));
    }
    pictures
}

fn care<'a>(figures: &'a Figures) -> Vec<(String, Picture<'a>)> {
    let packages = |title, rows: &str, column| bars(title, "packages.csv", rows.into(), column, ("people", "People"));
    let mut pictures = Vec::new();
    if let Some(care) = &figures.care {
        let needs =
            packages("People with a package, by need", "datum.measure === 'with_package' && datum.need", "need");
        pictures.push(("care-needs".to_string(), needs));
        if !care.rules.is_empty() {
            let gaps = "People without a package that a rule says they should have";
            pictures.push(("care-gaps".into(), packages(gaps, "datum.measure === 'gap'", "rule")));
        }
    }
    if figures.end_of_life.is_some() {
        let register = "indexof(['on_register', 'wishes_recorded', 'wishes_known_to_last'], datum.measure) >= 0";
        let figure = ("people", "People");
        let register = bars("The end-of-life register", "end_of_life.csv", register.into(), "measure", figure);
        pictures.push(("end-of-life-register".into(), register));
    }
    pictures
}

fn providers<'a>(figures: &'a Figures) -> Vec<(String, Picture<'a>)> {
    let mut pictures = Vec::new();
    if !figures.settings.combinations.is_empty() {
        pictures.push((
            "combinations".to_string(),
            group("People by the combination of settings that know them", "settings"),
        ));
    }
    if !figures.known_to.is_empty() {
        pictures.push(("known-to".into(), group("People by how many providers know them", "known_to")));
    }
    if figures.overlap.is_some() {
        let title = "Share of each provider's people whom another provider knows too";
        let figure = ("percent_of_provider", "Percent");
        let axes = ("other_provider", "provider");
        pictures.push(("matrix".into(), squares(title, "provider_overlap.csv", String::new(), axes, figure)));
    }
    let title = "Usable values in hundredths of records";
    let quality =
        squares(title, "data_quality.csv", String::new(), ("field", "provider"), ("usable_percent", "Percent"));
    pictures.push(("quality-by-provider".into(), quality));
    if figures.quarantine().iter().any(|(_, rows)| *rows > 0) {
        let title = "Rows that could not be used, by reason";
        let mut reasons = bars(title, "quarantine.csv", String::new(), "code", ("rows", "Rows"));
        reasons.encoding["x"]["aggregate"] = json!("sum");
        pictures.push(("quarantine-reasons".into(), reasons));
    }
    pictures
}

fn trust() -> Vec<(String, Picture<'static>)> {
    let figure = ("expected_wrong_per_1000", "Of 1,000 people");
    let title = "People expected to hold a record of somebody else";
    vec![("linkage-by-group".into(), bars(title, "linkage_quality.csv", String::new(), "group", figure))]
}
