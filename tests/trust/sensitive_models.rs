//! What people rely on who are marked sensitive where another tool's model links: a link of theirs weighs, and says, what it would if nobody had
//! written down where they are.

use crate::common::{NULL, Night};
use crate::marked::{FILES, is_of, levels, marked_identities, marked_records, rolled_back, sides, written};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Columns that are the same or not, with m and u of the same.
const EXACT: [(&str, f64, f64); 4] =
    [("family_name", 0.9, 0.03), ("given_name", 0.9, 0.04), ("date_of_birth", 0.95, 0.001), ("phone", 0.9, 0.002)];
/// m and u of one sex at one postcode, of one sex, and of two.
const SEX: [(f64, f64); 3] = [(0.8, 0.01), (0.15, 0.49), (0.05, 0.5)];

fn level(condition: &str, (m, u): (f64, f64)) -> Value {
    json!({ "sql_condition": condition, "m_probability": m, "u_probability": u })
}

fn missing(column: &str) -> Value {
    json!({ "sql_condition": format!("\"{column}_l\" IS NULL OR \"{column}_r\" IS NULL"), "is_null_level": true })
}

/// Settings of Splink. Another tool names a comparison as it likes: the one that is called sex looks at the home as well.
fn settings() -> String {
    let exact = |(column, m, u): (&str, f64, f64)| {
        let mut same = level(&format!("\"{column}_l\" = \"{column}_r\""), (m, u));
        if column == "family_name" {
            same["tf_adjustment_column"] = json!(column);
        }
        let levels = [missing(column), same, level("ELSE", (1.0 - m, 1.0 - u))];
        json!({ "output_column_name": column, "comparison_levels": levels })
    };
    let conditions = ["\"sex_l\" = \"sex_r\" AND \"postcode_l\" = \"postcode_r\"", "\"sex_l\" = \"sex_r\"", "ELSE"];
    let sex: Vec<Value> = conditions.into_iter().zip(SEX).map(|(condition, worth)| level(condition, worth)).collect();
    let sex: Vec<Value> = [missing("sex")].into_iter().chain(sex).collect();
    let sex = json!({ "output_column_name": "sex", "comparison_levels": sex });
    let comparisons: Vec<Value> = EXACT.into_iter().map(exact).chain([sex]).collect();
    let settings = json!({
        "link_type": "dedupe_only",
        "probability_two_random_records_match": 0.005,
        "blocking_rules_to_generate_predictions": ["l.date_of_birth = r.date_of_birth", "l.family_name = r.family_name"],
        "comparisons": comparisons,
    });
    settings.to_string()
}

/// A night with that model, not run yet.
fn of_splink(marks: bool) -> Night {
    let night = written(marks, "[model]\nfile = \"settings.json\"\n");
    night.write("settings.json", settings());
    night
}

/// By the names of two records that have identities of their own, the row of links.parquet.
fn by_records(night: &Night) -> BTreeMap<Vec<String>, Vec<String>> {
    let (crosswalk, links) = (night.table("crosswalk.parquet"), night.table("links.parquet"));
    let [record, identity] = ["record_id", "identity_id"].map(|name| crosswalk.column(name));
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &crosswalk.rows {
        names.entry(row[identity].as_str()).or_default().push(row[record].as_str());
    }
    let mut found = BTreeMap::new();
    for row in &links.rows {
        let [left, right] = sides(&links).map(|side| &names[row[side].as_str()]);
        if left.len() == 1 && right.len() == 1 {
            let mut pair = vec![left[0].to_string(), right[0].to_string()];
            pair.sort();
            found.insert(pair, row.clone());
        }
    }
    found
}

#[test]
fn a_link_of_whoever_is_marked_is_told_as_if_nobody_had_written_a_place() {
    let (marks, plain, unwritten) = (of_splink(true), of_splink(false), of_splink(true));
    let marked = marked_records(&marks);
    let is_theirs = |record: &str| marked.iter().any(|own| own.split('-').nth(1) == record.split('-').nth(1));
    for file in FILES {
        let text = std::fs::read_to_string(unwritten.path(file)).expect("it is text");
        let blank = |line: &str| {
            let mut cells: Vec<&str> = line.split(',').collect();
            if is_theirs(cells[0]) {
                // Address, postcode and telephone.
                cells[6..9].fill("");
            }
            cells.join(",") + "\n"
        };
        unwritten.write(file, text.lines().map(blank).collect::<String>());
    }
    [&marks, &plain, &unwritten].into_iter().for_each(|night| drop(night.run().done()));
    let identities = marked_identities(&marks);
    let (table, whole) = (marks.table("links.parquet"), plain.table("links.parquet"));
    assert_eq!((&table.columns, table.rows.len()), (&whole.columns, whole.rows.len()));
    let may_differ = ["weight", "probability", "level_phone", "level_sex"].map(|name| table.column(name));
    let [weight, _, phone, sex] = may_differ;
    let (mut changed, mut shown) = (0, 0);
    for (row, other) in table.rows.iter().zip(&whole.rows) {
        let is_marked = is_of(&table, row, &identities);
        for (at, (cell, known)) in row.iter().zip(other).enumerate() {
            assert!(cell == known || (is_marked && may_differ.contains(&at)), "{row:?} {other:?}");
        }
        // 2 is one sex at one postcode.
        assert!(!is_marked || (row[phone] == NULL && row[sex] != "2"), "{row:?}");
        changed += u32::from(row[weight] != other[weight]);
        shown += u32::from(row[phone] != NULL && row[sex] == "2");
    }
    assert!(changed > 0 && shown > 0, "{changed} changed, {shown} shown");
    let (known, mut compared) = (by_records(&unwritten), 0);
    for (pair, row) in by_records(&marks) {
        let held = is_of(&table, &row, &identities) && pair.iter().any(|record| is_theirs(record));
        let Some(other) = known.get(&pair).filter(|_| held) else { continue };
        for at in levels(&table).into_iter().chain([weight]) {
            assert_eq!(row[at], other[at], "{pair:?} {}", table.columns[at].0);
        }
        compared += 1;
    }
    assert!(compared > 0, "no pair stands in both");
}

#[test]
fn a_run_that_is_rolled_back_to_tells_no_place_of_marked_people() {
    let plain = of_splink(false);
    plain.run().done();
    let back = rolled_back(&plain);
    let identities = marked_identities(&back);
    let (table, whole) = (back.table("links.parquet"), plain.table("links.parquet"));
    let [weight, phone, sex] = ["weight", "level_phone", "level_sex"].map(|name| table.column(name));
    let worth = |(m, u): (f64, f64)| (m / u).log2();
    let of_phone = |cell: &str| match cell {
        "1" => worth((0.9, 0.002)),
        "0" => worth((0.1, 0.998)),
        _ => 0.0,
    };
    // The last level is 0.
    let of_sex = |cell: &str| cell.parse::<usize>().map_or(0.0, |level| worth(SEX[2 - level]));
    let number = |cell: &str| cell.parse::<f64>().expect("a number");
    let mut masked = 0;
    assert_eq!(table.rows.len(), whole.rows.len());
    for (row, other) in table.rows.iter().zip(&whole.rows) {
        // The NHS number of whoever is marked marks others too, who were not found to be one person with them.
        if row == other && !is_of(&table, row, &identities) {
            continue;
        }
        assert_eq!([&row[phone], &row[sex]], [NULL, NULL]);
        let told = number(&other[weight]) - of_phone(&other[phone]) - of_sex(&other[sex]);
        assert!((number(&row[weight]) - told).abs() < 0.01, "{row:?} {other:?}");
        masked += 1;
    }
    assert!(masked > 0);
}
