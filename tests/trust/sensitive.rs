//! What people rely on who are marked sensitive: no output but the controller's crosswalk tells where they are, nor that they are marked.

use crate::common::{self, NULL, Night, onefolk};
use crate::marked::{
    CAREFUL, FILES, ask, asked, is_of, levels, marked_identities, marked_records, rolled_back, written,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;

fn night(marks: bool) -> Night {
    let night = written(marks, CAREFUL);
    night.run().done();
    night
}

fn review(night: &Night) -> String {
    let mut command = onefolk();
    command.arg("review").arg(night.path("job.toml")).arg("--show-identifiers");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let _ = child.stdin.take().expect("it is piped").write_all("u\n".repeat(400).as_bytes());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

#[test]
fn no_level_of_a_place_is_told_of_whoever_is_marked() {
    let (marks, plain) = (night(true), night(false));
    let identities = marked_identities(&marks);
    for file in ["links.parquet", "review.parquet"] {
        let (table, whole) = (marks.table(file), plain.table(file));
        // Whoever is marked is linked as anyone: nothing but the hidden levels is another, and what the pair weighs without them.
        assert_eq!((&table.columns, table.rows.len()), (&whole.columns, whole.rows.len()));
        let hidden = ["level_place", "level_phone", "level_context"].map(|name| table.column(name));
        let weight = ["weight", "probability"].map(|name| table.column(name));
        let (mut masked, mut shown, mut by_levels, mut changed) = (0, 0, BTreeMap::new(), 0);
        for (row, other) in table.rows.iter().zip(&whole.rows) {
            let is_marked = is_of(&table, row, &identities);
            for (at, (cell, known)) in row.iter().zip(other).enumerate() {
                match at {
                    _ if is_marked && hidden.contains(&at) => assert_eq!(cell, NULL, "{file}"),
                    _ if is_marked && weight.contains(&at) => changed += u32::from(cell != known),
                    _ => assert_eq!(cell, known, "{file}"),
                }
            }
            if is_marked {
                // A weight tells no more than the levels beside it.
                let seen: Vec<&String> = levels(&table).into_iter().map(|at| &row[at]).collect();
                let weighs = weight.map(|at| &row[at]);
                assert_eq!(*by_levels.entry(seen).or_insert(weighs), weighs, "{file}");
            }
            masked += u32::from(is_marked);
            shown += u32::from(!is_marked && hidden.iter().any(|&at| row[at] != NULL));
        }
        assert!(masked > 0 && shown > 0 && changed > 0, "{file}: {masked} masked, {changed} changed, {shown} shown");
    }
}

/// The context of a pair is what their other records say with all of their fields.
#[test]
fn the_context_of_a_pair_is_not_told_of_whoever_is_marked() {
    // With the usual cut, so that people have several records.
    let [marks, plain] = [true, false].map(|marks| written(marks, ""));
    [&marks, &plain].into_iter().for_each(|night| drop(night.run().done()));
    let identities = marked_identities(&marks);
    let (table, whole) = (marks.table("links.parquet"), plain.table("links.parquet"));
    let context = table.column("level_context");
    let mut hidden = 0;
    for (row, other) in table.rows.iter().zip(&whole.rows) {
        let is_marked = is_of(&table, row, &identities);
        assert_eq!(row[context], if is_marked { NULL } else { &other[context] });
        hidden += u32::from(is_marked && other[context] != NULL);
    }
    assert!(hidden > 0, "nobody who is marked has other records");
}

#[test]
fn a_field_of_the_jobs_own_is_hidden_as_a_place_is() {
    let [marks, plain] = [true, false].map(|marks| {
        let night = written(marks, &format!("{CAREFUL}[field.ward]\nkind = \"category\"\n"));
        common::edit(&night.path("job.toml"), "sensitivity = \"flag\"\n", "sensitivity = \"flag\"\nward = \"ward\"\n");
        for file in FILES {
            let text = std::fs::read_to_string(night.path(file)).expect("it is text");
            // The first half of the postcode, between the other columns and the flag.
            let ward = |line: &str| line.split(',').nth(7).and_then(|code| code.split(' ').next()).map(str::to_string);
            let line = |(at, line): (usize, &str)| {
                let (own, flag) = line.rsplit_once(',').expect("a flag");
                let ward = if at == 0 { "ward".to_string() } else { ward(line).unwrap_or_default() };
                format!("{own},{ward},{flag}\n")
            };
            night.write(file, text.lines().enumerate().map(line).collect::<String>());
        }
        night.run().done();
        night
    });
    let identities = marked_identities(&marks);
    let (table, whole) = (marks.table("links.parquet"), plain.table("links.parquet"));
    let (ward, mut hidden) = (table.column("level_ward"), 0);
    assert_eq!(table.rows.len(), whole.rows.len());
    for (row, other) in table.rows.iter().zip(&whole.rows) {
        let is_marked = is_of(&table, row, &identities);
        assert_eq!(row[ward], if is_marked { NULL } else { &other[ward] });
        hidden += u32::from(is_marked && other[ward] != NULL);
    }
    assert!(hidden > 0, "nobody who is marked has a ward");
    let own = format!("gp:{}", marked_records(&marks).first().expect("there are some"));
    let ids = marks.person_ids();
    let stranger = ids.keys().find(|(provider, _)| provider == "acute").expect("there are some");
    let stranger = format!("acute:{}", stranger.1);
    for question in ["pair", "missing"] {
        let told = asked(&marks, &["explain", question, &own, &stranger, "--json", "--show-identifiers"]);
        let pair = if question == "pair" { &told } else { &told["pair"] };
        let lines = pair["fields"].as_array().expect("a list");
        let line = lines.iter().find(|line| line["field"] == "ward").expect("a line, as of anybody");
        assert_eq!((&line["agreement"], &line["values"]), (&json!("no value on one side"), &json!(["–", "–"])));
    }
}

#[test]
fn no_output_tells_that_somebody_is_marked() {
    let night = night(true);
    let ids = night.person_ids();
    let acute: Vec<&String> = ids.keys().filter(|(provider, _)| provider == "acute").map(|(_, id)| id).collect();
    let stranger = format!("acute:{}", acute[0]);
    let mut told = vec![review(&night)];
    for record in marked_records(&night).iter().take(3) {
        let (own, person) = (format!("gp:{record}"), &ids[&("gp".to_string(), record.clone())]);
        for form in ["--show-identifiers", "--json"] {
            for question in [
                vec!["explain", "person", person, form],
                vec!["explain", "pair", &own, &stranger, form],
                vec!["explain", "missing", &own, &stranger, form],
            ] {
                told.push(ask(&night, &question).done().stdout);
            }
        }
    }
    for text in &told {
        assert!(!text.to_lowercase().contains("sensitiv") && !text.contains("not shown"), "{text}");
    }
    for name in ["links.parquet", "review.parquet", "people.parquet", "summary/data_quality.csv", "report.html"] {
        let bytes = std::fs::read(night.current(name)).expect("it stands");
        assert!(!String::from_utf8_lossy(&bytes).to_lowercase().contains("sensitiv"), "{name}");
    }
}

#[test]
fn the_bits_of_a_join_of_whoever_is_marked_are_the_sum_of_what_is_shown() {
    // With the usual cut, so that people are made of records that differ.
    let night = written(true, "");
    night.run().done();
    let (ids, mut joined) = (night.person_ids(), 0);
    for record in marked_records(&night) {
        let person = &ids[&("gp".to_string(), record)];
        let theirs = ids.iter().filter(|(_, id)| *id == person);
        let records: Vec<String> = theirs.map(|((provider, id), _)| format!("{provider}:{id}")).collect();
        let [left, right] = &records[..] else { continue };
        let told = asked(&night, &["explain", "person", person, "--json"]);
        let Some(join) = told["joins"].get(0).filter(|join| join["by"] == "evidence") else { continue };
        let pair = asked(&night, &["explain", "pair", left, right, "--json"]);
        let number = |value: &Value| value.as_f64().expect("a number");
        let fields: f64 = pair["fields"].as_array().expect("a list").iter().map(|line| number(&line["bits"])).sum();
        let shown = number(&pair["prior_bits"]) + fields + number(&pair["correction_bits"]);
        assert!((number(&join["bits"]) - (shown - number(&pair["taken_bits"]))).abs() < 0.05, "{join} {pair}");
        joined += 1;
    }
    assert!(joined > 0, "nobody is made of two records that differ");
}

#[test]
fn a_run_that_is_rolled_back_to_tells_of_marked_people_what_a_night_tells() {
    let (back, marks) = (rolled_back(&night(false)), night(true));
    let identities = marked_identities(&marks);
    for file in ["links.parquet", "review.parquet"] {
        let (table, wanted) = (back.table(file), marks.table(file));
        assert_eq!((&table.columns, table.rows.len()), (&wanted.columns, wanted.rows.len()), "{file}");
        let (place, mut masked) = (table.column("level_place"), 0);
        for (row, told) in table.rows.iter().zip(&wanted.rows) {
            let is_marked = is_of(&table, row, &identities);
            // There the NHS number of whoever is marked marks others too, who were not found to be one person with them.
            assert!(row == told || !is_marked && row[place] == NULL, "{file}: {row:?} {told:?}");
            masked += u32::from(is_marked);
        }
        assert!(masked > 0, "{file}");
    }
}
