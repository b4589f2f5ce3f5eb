//! What care teams and commissioners rely on of packages of care: that all of them are there, on one time line a person; that overlaps, gaps
//! and ends are told of whom they are true; that counts agree with the packages; and that nothing tells where a sensitive person is.

use crate::common::{self, NULL, Night, Outcome, Person, Table, outcome, town};
use crate::opened::{asks_for_nothing, check_in_browser, is_well_formed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Columns of the packages in every extract here; the second group only in the council's.
const HEADER: &str = "service,reason,start,end,exit,service2,start2,end2,flag";

const PACKAGES: &str = "
[[provider.package]]
service = \"service\"
need = { column = \"reason\", values = { \"Pers Care\" = \"personal_care\", \"NUR\" = \"nursing\" } }
start = { column = \"start\", format = \"%d/%m/%Y\" }
end = { column = \"end\", format = \"%d/%m/%Y\" }
ended_because = { column = \"exit\", values = { \"Met\" = \"need_met\" } }
";

const SECOND: &str = "
[[provider.package]]
service = \"service2\"
start = \"start2\"
end = \"end2\"
";

const CARE: &str = "
[care]
successor_days = 28
ended_within = \"12 months\"

[[care.rule]]
id = \"everybody\"
name = \"Everybody needs nursing\"
where = 'age >= 0'
need = \"nursing\"

[[cohort]]
id = \"two\"
where = 'size(package_overlaps) > 0'
purpose = \"direct_care\"

[[cohort]]
id = \"none\"
where = 'packages_current == 0 && \"everybody\" in package_gaps'
purpose = \"planning\"
";

/// What the council (`true`) or the community team sends of the person at this place; the council's rows may be several.
fn rows(at: usize, council: bool) -> Vec<&'static str> {
    match (at % 10, council) {
        // Two providers for one need, since May.
        (0, true) => vec!["home care,Pers Care,01/01/2026,,,,,,"],
        (0, false) => vec!["visits,Pers Care,01/05/2026,30/06/2090,,,,,"],
        // Ended in August, nothing since; a second package of another need goes on.
        (1, true) => vec!["home care,Pers Care,01/01/2026,31/08/2026,Hospital,Day Centre,2026-02-01,,"],
        // Ended, and the need went.
        (2, true) => vec!["home care,Pers Care,01/01/2026,31/08/2026,Met,,,,"],
        // Ended, and somebody else has gone on.
        (3, true) => vec!["home care,Pers Care,01/01/2026,31/08/2026,Hospital,,,,"],
        (3, false) => vec!["visits,pers care,02/09/2026,,,,,,", "nurse,NUR,02/09/2026,,,,,,"],
        // Dates that cannot be right, one row each; and an empty one.
        (4, true) => vec![
            "home care,Pers Care,01/05/2026,01/04/2026,,,,,",
            "home care,Pers Care,31/02/2026,,,,,,",
            "home care,Pers Care,,,,,,,",
            "home care,Pers Care,01/01/2031,,,,,,",
        ],
        // Sent twice, by a row that knew of no end and by one that does; planned.
        (5, true) => vec!["home care,Pers Care,01/01/2026,,,,,,", "home care,Pers Care,01/01/2026,30/06/2026,,,,,"],
        (5, false) => vec!["visits,Pers Care,01/12/2026,,,,,,"],
        // A sensitive person with two providers.
        (6, true) => vec!["home care,Pers Care,01/01/2026,,,,,,S"],
        (6, false) => vec!["Rose Villa,Pers Care,01/05/2026,,,,,,"],
        (_, true) => vec![",,,,,,,,"],
        (_, false) => vec![],
    }
}

fn write(night: &Night, people: &[Person]) {
    for council in [true, false] {
        let mut text = format!("{},{HEADER}\n", common::HEADER);
        for (at, person) in people.iter().enumerate() {
            for row in rows(at, council) {
                text.push_str(&format!(
                    "{},{row}\n",
                    person.exact_row(&format!("{}{at}", if council { "c" } else { "n" }))
                ));
            }
        }
        night.write(if council { "in/council.csv" } else { "in/nurses.csv" }, text);
    }
}

fn night(people: &[Person]) -> Night {
    let night = Night::new();
    write(&night, people);
    let provider = |id: &str, setting: &str, more: &str| {
        format!(
            "[[provider]]\nid = \"{id}\"\nname = \"The {id}\"\nsetting = \"{setting}\"\nfiles = [\"in/{id}.csv\"]\n\n{}sensitivity = \"flag\"\n{PACKAGES}{more}\n",
            common::COLUMNS
        )
    };
    night.write("objections.csv", "nhs_number\n");
    night.write(
        "job.toml",
        format!(
            "[job]\nas_of = 2026-11-22\n[gates]\nmaximum_people_change = \"100 %\"\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n{}{}{CARE}",
            provider("council", "social_care", SECOND),
            provider("nurses", "community", "")
        ),
    );
    night
}

fn run_json(night: &Night) -> Value {
    serde_json::from_slice(&std::fs::read(night.current("run.json")).expect("it stands")).expect("it is JSON")
}

/// person_id of the person at each place.
fn ids(night: &Night, people: &[Person]) -> Vec<String> {
    let known = night.person_ids();
    (0..people.len()).map(|at| known[&("council".to_string(), format!("c{at}"))].clone()).collect()
}

/// The cells of the named columns of each row of one person.
fn of<'t>(table: &'t Table, id: &str, columns: &[&str]) -> Vec<Vec<&'t str>> {
    let person = table.column("person_id");
    let places: Vec<usize> = columns.iter().map(|name| table.column(name)).collect();
    let rows = table.rows.iter().filter(|row| row[person] == id);
    rows.map(|row| places.iter().map(|&at| row[at].as_str()).collect()).collect()
}

#[test]
fn every_package_is_on_the_time_line_of_its_person() {
    let people = town(60, 61);
    let night = night(&people);
    let told = night.run().done();
    let (table, ids) = (night.table("packages.parquet"), ids(&night, &people));
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let all = [
        "person_id",
        "provider",
        "record_id",
        "service",
        "need",
        "start",
        "end",
        "planned_until",
        "ended_because",
        "state",
        "problem",
    ];
    assert_eq!(columns, all);
    let shown = ["provider", "service", "need", "start", "end", "state", "problem"];
    assert_eq!(
        of(&table, &ids[0], &shown),
        [
            ["council", "home care", "personal_care", "2026-01-01", NULL, "current", NULL],
            ["nurses", "visits", "personal_care", "2026-05-01", NULL, "current", "end_far_away"],
        ]
    );
    assert_eq!(
        of(&table, &ids[1], &shown),
        [
            ["council", "home care", "personal_care", "2026-01-01", "2026-08-31", "ended", NULL],
            ["council", "Day Centre", "day centre", "2026-02-01", NULL, "current", NULL],
        ]
    );
    assert_eq!(of(&table, &ids[2], &["ended_because", "state"]), [["need_met", "ended"]]);
    let needs = of(&table, &ids[3], &["need", "start"]);
    assert_eq!(needs, [["personal_care", "2026-01-01"], ["nursing", "2026-09-02"], ["personal_care", "2026-09-02"]]);
    let problems: BTreeSet<&str> = of(&table, &ids[4], &["problem"]).into_iter().map(|row| row[0]).collect();
    let expected = ["end_before_start", "no_start", "start_implausible", "start_unreadable"];
    assert_eq!(problems.into_iter().collect::<Vec<_>>(), expected);
    assert!(of(&table, &ids[4], &["state"]).iter().all(|row| row == &[NULL]));
    // The later row of the same package stands.
    assert_eq!(of(&table, &ids[5], &["end", "state"]), [["2026-06-30", "ended"], [NULL, "planned"]]);
    assert!(of(&table, &ids[7], &all).is_empty());
    // What cannot be right is told, and where.
    assert!(told.stderr.contains("packages of care") && told.stderr.contains("council 24 of"), "{}", told.stderr);
    let packages = &run_json(&night)["packages"];
    assert_eq!(packages[0]["problems"]["start_unreadable"], 6);
    assert_eq!((packages[0]["unusable"].as_u64(), packages[1]["unusable"].as_u64()), (Some(24), Some(0)));
    let counted = packages[0]["packages"].as_u64().unwrap() + packages[1]["packages"].as_u64().unwrap();
    assert_eq!(counted as usize, table.rows.len());
}

#[test]
fn overlaps_gaps_and_ends_are_told_of_whom_they_are_true() {
    let people = town(60, 62);
    let night = night(&people);
    night.run().done();
    let (table, ids) = (night.table("people.parquet"), ids(&night, &people));
    let columns = ["packages_current", "package_needs", "package_overlaps", "packages_ended", "package_gaps"];
    let told = |at: usize| of(&table, &ids[at], &columns).remove(0).join(" ");
    assert_eq!(told(0), "2 [personal_care] [personal_care] [] [everybody]");
    assert_eq!(told(1), "1 [day centre] [] [personal_care] [everybody]");
    assert_eq!(told(2), "0 [] [] [] [everybody]");
    assert_eq!(told(3), "2 [nursing, personal_care] [] [] []");
    assert_eq!(told(4), "0 [] [] [] [everybody]");
    assert_eq!(told(5), "0 [] [] [] [everybody]");
    // Of a sensitive person nobody says how many providers there are.
    assert_eq!(told(6), format!("2 [personal_care] {NULL} [] [everybody]"));
    let two: BTreeSet<String> =
        night.table("cohorts/two.parquet").values("person_id").into_iter().map(String::from).collect();
    assert_eq!(two, (0..60).step_by(10).map(|at| ids[at].clone()).collect());
    assert_eq!(night.table("cohorts/none.parquet").rows.len(), 6 * 6);
}

#[test]
fn tables_agree_with_the_packages_and_pictures_are_there() {
    let people = town(400, 63);
    let night = night(&people);
    // Counts as they are, but for small ones.
    common::edit(&night.path("job.toml"), "[gates]", "[policy]\ndisclosure = \"ons_5\"\n[gates]");
    night.run().done();
    let table = night.table("packages.parquet");
    let mut with_package: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in table.rows.iter().filter(|row| row[table.column("state")] == "current") {
        let person = row[table.column("person_id")].as_str();
        with_package.entry(row[table.column("need")].as_str()).or_default().insert(person);
        with_package.entry("").or_default().insert(person);
    }
    let summary = std::fs::read_to_string(night.current("summary/packages.csv")).unwrap();
    let count = |measure: &str, need: &str| {
        let line = summary.lines().find(|line| line.starts_with(&format!("{measure},{need},")));
        line.and_then(|line| line.rsplit(',').next()?.parse::<usize>().ok())
    };
    assert_eq!(with_package.len(), 4);
    for (need, people) in &with_package {
        assert_eq!(count("with_package", need), Some(people.len()), "{need}: {summary}");
    }
    // All but the sensitive ones, of whom it is not told.
    assert_eq!(count("two_providers", "personal_care"), Some(40));
    assert_eq!(count("ended_without_successor", "personal_care"), Some(40));
    assert_eq!(count("should_have", "nursing"), Some(400));
    assert_eq!(count("gap", "nursing"), Some(360));
    let page = std::fs::read_to_string(night.current("report.html")).unwrap();
    for words in ["id=\"care\"", "Everybody needs nursing", "Personal care", "Ended, none since"] {
        assert!(page.contains(words), "{words}");
    }
}

fn person(night: &Night, id: &str, arguments: &[&str]) -> Outcome {
    let mut command = common::onefolk();
    command.args(["person", id, "--job"]).arg(night.path("job.toml")).args(arguments);
    outcome(command)
}

#[test]
fn the_page_of_a_person_shows_one_time_line() {
    let people = town(60, 64);
    let night = night(&people);
    night.run().done();
    let ids = ids(&night, &people);
    let told = person(&night, &ids[0], &[]).done();
    told.names_nobody(&people);
    for words in [
        "Packages of care",
        "personal care: visits; The nurses; current",
        "for personal care from 2026-05-01",
        "Everybody needs nursing",
    ] {
        assert!(told.stdout.contains(words), "{words}: {}", told.stdout);
    }
    let json: Value = serde_json::from_str(&person(&night, &ids[1], &["--json"]).done().stdout).unwrap();
    assert_eq!(json["packages"]["ended_without_successor"], serde_json::json!(["personal_care"]));
    assert_eq!(json["packages"]["packages"][1]["need"], "day centre");
    let page = night.path("page.html");
    person(&night, &ids[1], &["--html", page.to_str().unwrap()]).done();
    let html = std::fs::read_to_string(&page).unwrap();
    assert_eq!(html.matches("<svg").count(), 2);
    assert!(html.contains("Packages of care on one time line") && html.contains("day centre"));
    asks_for_nothing(&html);
    is_well_formed(&html);
    check_in_browser(&page);
    // Of a sensitive person neither provider nor place; who has sent anything at all stands on every page.
    for arguments in [&[][..], &["--show-identifiers"], &["--json"]] {
        let told = person(&night, &ids[6], arguments).done().stdout;
        let told = match serde_json::from_str::<Value>(&told) {
            Ok(page) => page["packages"].to_string(),
            Err(_) => told,
        };
        for hidden in ["ouncil", "urses", "Rose Villa", "c6", "two providers"] {
            assert!(!told.contains(hidden), "{hidden}: {told}");
        }
        assert!(told.contains("personal"), "{told}");
    }
}

#[test]
fn whoever_objects_has_no_package_and_a_rollback_hides_what_must_be_hidden() {
    let people = town(60, 65);
    let night = night(&people);
    night.run().done();
    let before = ids(&night, &people);
    let first = std::fs::read(night.current("packages.parquet")).unwrap();
    night.run_with(&["--full"]).done();
    assert_eq!(std::fs::read(night.current("packages.parquet")).unwrap(), first, "the same input gives the same bytes");
    night.write("objections.csv", format!("nhs_number\n{}\n", people[1].nhs_number));
    common::edit(
        &night.path("in/council.csv"),
        "home care,Pers Care,01/01/2026,,,,,,\n",
        "home care,Pers Care,01/01/2026,,,,,,S\n",
    );
    let mut rollback = common::onefolk();
    rollback.arg("rollback").arg(night.path("job.toml")).arg("2026-11-22-01");
    outcome(rollback).done();
    let table = night.table("packages.parquet");
    assert!(of(&table, &before[1], &["state"]).is_empty());
    let flagged = of(&table, &before[0], &["provider", "record_id", "service", "need", "state"]);
    assert!(flagged.iter().all(|row| row == &[NULL, NULL, NULL, "personal_care", "current"]), "{flagged:?}");
    let people_table = night.table("people.parquet");
    assert_eq!(of(&people_table, &before[0], &["package_overlaps"]), [[NULL]]);
    night.run().done();
    assert!(of(&night.table("packages.parquet"), &before[1], &["state"]).is_empty());
}
