//! What commissioners rely on of the figures of a run: that they are those of people.parquet, and what has changed since the night before.

use crate::common::{self, NULL, Night, Table, edit, outcome, town};
use std::collections::BTreeMap;
use std::path::Path;

/// The rows of a table of `summary/`, each by the names of its columns.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|row| row.expect("the file parses")).collect()
}

fn summary(night: &Night, file: &str) -> Vec<BTreeMap<String, String>> {
    rows(&night.current(&format!("summary/{file}")))
}

/// How many rows of people.parquet meet something.
fn how_many(people: &Table, meets: impl Fn(&dyn Fn(&str) -> String) -> bool) -> u64 {
    people.rows.iter().filter(|row| meets(&|name: &str| row[people.column(name)].clone())).count() as u64
}

/// A printed count is the exact one shifted by at most 2 and rounded to 5; a hidden one says nothing.
#[track_caller]
fn stands_for(shown: &str, exact: u64) {
    if shown == "*" {
        return;
    }
    let count: u64 = shown.parse().expect("a count or a star");
    assert!(count.is_multiple_of(5) && count.abs_diff(exact) <= 4, "{count} is printed for {exact}");
    assert!(exact == 0 || exact > 7, "{exact} is printed as {count}");
}

#[test]
fn every_table_of_people_says_what_people_parquet_holds() {
    let night = Night::of(&town(420, 71));
    night.run().done();
    let people = night.table("people.parquet");
    let living = |of: &dyn Fn(&str) -> String| ["registered", "known_only"].contains(&of("status").as_str());
    let mut printed = 0;
    let mut check = |shown: &str, exact: u64| {
        printed += usize::from(shown != "*" && shown != "0");
        stands_for(shown, exact);
    };
    for row in summary(&night, "people_by_age_sex.csv") {
        let sex = ["Female", "Male"].iter().find(|words| **words == row["sex"]).map(|words| words.to_lowercase());
        let in_band = |age: &str| match row["age_band"].as_str() {
            "Not known" => age == NULL,
            "90 and over" => age.parse().is_ok_and(|age: u64| age >= 90),
            band => {
                let (low, high) = band.split_once('–').expect("a band of five years");
                let (low, high): (u64, u64) = (low.parse().unwrap(), high.parse().unwrap());
                age.parse().is_ok_and(|age| (low..=high).contains(&age))
            }
        };
        let of_sex = |own: &str| match &sex {
            Some(sex) => own == sex,
            None => !["female", "male"].contains(&own),
        };
        check(&row["people"], how_many(&people, |of| living(of) && in_band(&of("age")) && of_sex(&of("sex"))));
    }
    for row in summary(&night, "people_by_area.csv").iter().filter(|row| !row["area"].starts_with("Place")) {
        let there = |of: &dyn Fn(&str) -> String| of("postcode").split(' ').next() == Some(&row["area"]);
        check(&row["people"], how_many(&people, |of| living(of) && there(of)));
    }
    for row in summary(&night, "people_by_group.csv") {
        let providers = |of: &dyn Fn(&str) -> String| of("provider_count");
        let exact = match (row["measure"].as_str(), row["group"].as_str()) {
            ("everybody", _) => people.rows.len() as u64,
            ("status", "Registered") => how_many(&people, |of| of("status") == "registered"),
            ("status", "Known, not registered") => how_many(&people, |of| of("status") == "known_only"),
            ("status", words) => how_many(&people, |of| of("status") == words.to_lowercase()),
            ("known_to", "1 provider") => how_many(&people, |of| providers(of) == "1"),
            ("known_to", "2 providers") => how_many(&people, |of| providers(of) == "2"),
            _ => continue,
        };
        check(&row["count"], exact);
    }
    for row in summary(&night, "providers.csv") {
        let knows = |of: &dyn Fn(&str) -> String| {
            of("providers").trim_matches(['[', ']']).split(", ").any(|id| id == row["provider"])
        };
        check(&row["people"], how_many(&people, knows));
    }
    for row in summary(&night, "linkage_quality.csv").iter().filter(|row| row["by"] == "sex") {
        let of_sex = |own: &str| match row["group"].as_str() {
            "Female" | "Male" => own == row["group"].to_lowercase(),
            _ => !["female", "male"].contains(&own),
        };
        let several = |of: &dyn Fn(&str) -> String| of("weakest_probability") != NULL;
        check(&row["people"], how_many(&people, |of| living(of) && several(of) && of_sex(&of("sex"))));
    }
    assert!(printed > 30, "only {printed} figures are printed");
}

/// A night on another date, with fewer people in one extract.
fn next_night(night: &Night, from: &str, to: &str) {
    edit(&night.path("job.toml"), from, to);
    let extract = std::fs::read_to_string(night.path("in/acute.csv")).expect("it is there");
    let fewer: Vec<&str> = extract.lines().enumerate().filter(|(at, _)| at % 20 != 7).map(|(_, line)| line).collect();
    night.write("in/acute.csv", fewer.join("\n") + "\n");
}

fn page(night: &Night) -> String {
    std::fs::read_to_string(night.current("report.html")).expect("it stands")
}

/// Run → count of the lines of one measure and group.
fn over_time(path: &Path, measure: &str, group: &str) -> BTreeMap<String, String> {
    let own = rows(path).into_iter().filter(|row| row["measure"] == measure && row["group"] == group);
    own.map(|row| (row["run"].clone(), row["count"].clone())).collect()
}

#[test]
fn each_night_carries_on_what_earlier_ones_have_printed() {
    let night = Night::of(&town(300, 73));
    let loose = "[gates]\nmaximum_people_change = \"100 %\"\n[[cohort]]\nid = \"grown\"\nname = \"Grown up\"\nwhere = \"age >= 18\"\npurpose = \"planning\"\n";
    edit(&night.path("job.toml"), "\n[[provider]]\nid = \"gp\"", &format!("\n{loose}\n[[provider]]\nid = \"gp\""));
    night.run().done();
    assert!(page(&night).contains("This is the first run, so that there is nothing to compare with yet."));
    assert!(!page(&night).contains("id=\"cohorts-over-time\""));
    let first = night.table("people.parquet").rows.len();
    next_night(&night, "as_of = 2026-11-22", "as_of = 2026-11-23");
    night.run().done();
    let second = night.table("people.parquet").rows.len();
    assert!(second < first, "{second} of {first}");
    assert!(page(&night).contains("id=\"cohorts-over-time\""));
    let carried = night.current("summary/over_time.csv");
    let everybody = over_time(&carried, "everybody", "All people");
    let [first_printed, second_printed] =
        ["2026-11-22-01", "2026-11-23-01"].map(|run| everybody[run].parse::<usize>().expect("it is shown"));
    assert!(first_printed.abs_diff(first) <= 4 && second_printed.abs_diff(second) <= 4);
    let change = match first_printed - second_printed {
        0 => "as before".to_string(),
        fewer => format!("{fewer} fewer"),
    };
    assert!(
        page(&night).contains(&format!("People: {change}. Changes are since 22 November 2026, run 2026-11-22-01."))
    );
    // What is carried on is what was printed, to the letter.
    let before = night.output().join("runs/2026-11-22-01/summary/cohorts.csv");
    assert_eq!(over_time(&carried, "cohort", "grown")["2026-11-22-01"], rows(&before)[0]["people"]);

    // An earlier run that stands again has the past of that run, and no night that came after it.
    let mut back = common::onefolk();
    back.arg("rollback").arg(night.path("job.toml")).arg("2026-11-22-01");
    outcome(back).done();
    let runs: Vec<String> = over_time(&carried, "everybody", "All people").into_keys().collect();
    assert_eq!(runs, ["2026-11-22-01", "2026-11-23-02"]);
}

/// Where counts are not rounded, two nights beside each other would tell who has come.
#[test]
fn exact_figures_of_two_nights_are_not_put_side_by_side() {
    let night = Night::of(&town(200, 79));
    let policy = "[policy]\ndisclosure = \"tre10\"\n[gates]\nmaximum_people_change = \"100 %\"\n";
    edit(&night.path("job.toml"), "\n[[provider]]\nid = \"gp\"", &format!("\n{policy}\n[[provider]]\nid = \"gp\""));
    night.run().done();
    next_night(&night, "as_of = 2026-11-22", "as_of = 2026-11-23");
    night.run().done();
    let runs: Vec<String> =
        over_time(&night.current("summary/over_time.csv"), "everybody", "All people").into_keys().collect();
    assert_eq!(runs, ["2026-11-23-01"]);
    assert!(page(&night).contains("no run is compared with another"));
}
