//! What people rely on who are marked sensitive: no output but the controller's crosswalk tells where they are, nor that they are marked.

mod common;

use common::{NULL, Night, Outcome, Table, onefolk, outcome, town};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::Stdio;

/// Every how manieth is marked, by the practice only.
const MARKED: usize = 6;

/// A careful job, so that pairs wait for a human, with a column of flags; the practice marks some.
fn night(marks: bool) -> Night {
    let night = Night::of(&town(200, 83));
    for (file, flags) in [("in/gp.csv", marks), ("in/acute.csv", false)] {
        let text = std::fs::read_to_string(night.path(file)).expect("it is text");
        let flag = |at: usize| match at {
            0 => "flag",
            _ if flags && at.is_multiple_of(MARKED) => "S",
            _ => "",
        };
        let lines: Vec<String> = text.lines().enumerate().map(|(at, line)| format!("{line},{}", flag(at))).collect();
        night.write(file, lines.join("\n") + "\n");
    }
    let job = night.path("job.toml");
    common::edit(&job, "[job]\n", "[cluster]\nthreshold = 0.9999999999\nreview_from = 0.001\n[job]\n");
    common::edit(&job, "phone = \"phone\"\n", "phone = \"phone\"\nsensitivity = \"flag\"\n");
    night.run().done();
    night
}

fn ask(night: &Night, arguments: &[&str]) -> Outcome {
    let mut command = onefolk();
    command.args(arguments).arg("--job").arg(night.path("job.toml"));
    outcome(command)
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

/// The records that the practice has marked.
fn marked_records(night: &Night) -> BTreeSet<String> {
    let text = std::fs::read_to_string(night.path("in/gp.csv")).expect("it is text");
    let marked = text.lines().filter(|line| line.ends_with(",S"));
    marked.filter_map(|line| line.split(',').next()).map(str::to_string).collect()
}

/// The identities of everybody who is marked.
fn marked_identities(night: &Night) -> BTreeSet<String> {
    let (records, crosswalk) = (marked_records(night), night.table("crosswalk.parquet"));
    let [provider, record, person, identity] =
        ["provider", "record_id", "person_id", "identity_id"].map(|name| crosswalk.column(name));
    let is_marked = |row: &&Vec<String>| row[provider] == "gp" && records.contains(&row[record]);
    let people: BTreeSet<&String> = crosswalk.rows.iter().filter(is_marked).map(|row| &row[person]).collect();
    crosswalk.rows.iter().filter(|row| people.contains(&row[person])).map(|row| row[identity].clone()).collect()
}

fn sides(table: &Table) -> [usize; 2] {
    ["identity_id_left", "identity_id_right"].map(|name| table.column(name))
}

#[test]
fn no_level_of_a_place_is_told_of_whoever_is_marked() {
    let (marks, plain) = (night(true), night(false));
    let identities = marked_identities(&marks);
    for file in ["links.parquet", "review.parquet"] {
        let (table, whole) = (marks.table(file), plain.table(file));
        // Whoever is marked is linked as anyone: nothing but the hidden levels is another, and what the pair weighs without them.
        assert_eq!((&table.columns, table.rows.len()), (&whole.columns, whole.rows.len()));
        let hidden = ["level_place", "level_phone"].map(|name| table.column(name));
        let weight = ["weight", "probability"].map(|name| table.column(name));
        let levels: Vec<usize> =
            (0..table.columns.len()).filter(|&at| table.columns[at].0.starts_with("level_")).collect();
        let (mut masked, mut shown, mut by_levels, mut changed) = (0, 0, BTreeMap::new(), 0);
        for (row, other) in table.rows.iter().zip(&whole.rows) {
            let is_marked = sides(&table).iter().any(|&side| identities.contains(&row[side]));
            for (at, (cell, known)) in row.iter().zip(other).enumerate() {
                match at {
                    _ if is_marked && hidden.contains(&at) => assert_eq!(cell, NULL, "{file}"),
                    _ if is_marked && weight.contains(&at) => changed += u32::from(cell != known),
                    _ => assert_eq!(cell, known, "{file}"),
                }
            }
            if is_marked {
                // A weight tells no more than the levels beside it.
                let seen: Vec<&String> = levels.iter().map(|&at| &row[at]).collect();
                let weighs = weight.map(|at| &row[at]);
                assert_eq!(*by_levels.entry(seen).or_insert(weighs), weighs, "{file}");
            }
            masked += u32::from(is_marked);
            shown += u32::from(!is_marked && hidden.iter().any(|&at| row[at] != NULL));
        }
        assert!(masked > 0 && shown > 0 && changed > 0, "{file}: {masked} masked, {changed} changed, {shown} shown");
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
    for name in ["links.parquet", "review.parquet", "people.parquet"] {
        let bytes = std::fs::read(night.current(name)).expect("it stands");
        assert!(!String::from_utf8_lossy(&bytes).to_lowercase().contains("sensitiv"), "{name}");
    }
}
