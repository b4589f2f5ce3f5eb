//! What an end-of-life line and commissioners rely on: that wishes are there with whoever holds them, that it is told whether the provider that
//! saw somebody last had them and whether they came true, and that nothing tells where a sensitive person is.

use crate::common::{self, NULL, Night, Outcome, Person, Table, outcome, town};
use crate::opened::{asks_for_nothing, check_in_browser, is_well_formed};
use serde_json::Value;

const CARRY: &str = "
[provider.carry]
palliative = { column = \"palliative\", kind = \"flag\", combine = \"any\" }
wished = { column = \"wished\", kind = \"category\", combine = \"latest\" }
died_at = { column = \"died_at\", kind = \"category\", combine = \"latest\" }
decided = { column = \"decided\", kind = \"date\", combine = \"latest\" }
admitted = { column = \"admitted\", kind = \"date\", combine = \"count\" }
last_contact = { column = \"seen\", kind = \"date\", combine = \"latest\" }
";

const END_OF_LIFE: &str = "
[end_of_life]
on_register = \"palliative\"
preferred_place_of_death = \"wished\"
place_of_death = \"died_at\"
decided_on = \"decided\"
unplanned_admission = \"admitted\"
places = { \"Own Home\" = \"home\" }

[[cohort]]
id = \"not-known\"
where = 'palliative && !wishes_known_to_last'
purpose = \"direct_care\"

[[cohort]]
id = \"not-followed\"
where = '!died_where_wished'
purpose = \"planning\"
";

const HEADER: &str = "palliative,wished,died_at,decided,admitted,seen,died,flag";

/// What the hospice (`true`) or the hospital sends of the person at this place.
fn rows(at: usize, hospice: bool) -> Vec<&'static str> {
    match (at % 10, hospice) {
        // The hospital saw them last and has no wishes.
        (0, true) => vec!["Y,Own Home,,2026-05-01,,2026-09-01,,"],
        (0, false) => vec![",,,,2026-10-01,2026-10-01,,", ",,,,2026-10-01,2026-10-02,,", ",,,,2026-03-01,2026-03-01,,"],
        // Both have them.
        (1, true) => vec!["Y,hospice,,2026-05-01,,2026-09-01,,"],
        (1, false) => vec![",HOSPICE,,,,2026-10-01,,"],
        // Died where they wished; the hospital wrote to the record weeks after.
        (2, true) => vec!["Y,home,Own home,2026-05-01,,2026-08-20,2026-08-30,"],
        (2, false) => vec![",,,,2026-08-01,2026-10-01,,"],
        // Died elsewhere, admitted from somewhere that did not know.
        (3, true) => vec!["Y,home,hospital,2026-05-01,,2026-06-20,2026-08-30,"],
        (3, false) => vec![",,,,2026-08-29,2026-08-30,,"],
        // On the register, no wishes.
        (4, true) => vec!["Y,,,,,2026-06-20,,"],
        // A sensitive person.
        (5, true) => vec!["Y,Rose Villa,,2026-05-01,,2026-09-01,,S"],
        (5, false) => vec![",,,,,2026-10-01,,"],
        (_, true) => vec!["N,,,,,2026-06-20,,"],
        (_, false) => vec![],
    }
}

fn night(people: &[Person]) -> Night {
    let night = Night::new();
    for hospice in [true, false] {
        let mut text = format!("{},{HEADER}\n", common::HEADER);
        for (at, person) in people.iter().enumerate() {
            for row in rows(at, hospice) {
                text.push_str(&format!(
                    "{},{row}\n",
                    person.exact_row(&format!("{}{at}", if hospice { "h" } else { "a" }))
                ));
            }
        }
        night.write(if hospice { "in/hospice.csv" } else { "in/acute.csv" }, text);
    }
    let provider = |id: &str| {
        format!(
            "[[provider]]\nid = \"{id}\"\nname = \"The {id}\"\nsetting = \"{id}\"\nfiles = [\"in/{id}.csv\"]\n\n{}sensitivity = \"flag\"\ndate_of_death = \"died\"\n{CARRY}\n",
            common::COLUMNS
        )
    };
    night.write("objections.csv", "nhs_number\n");
    night.write(
        "job.toml",
        format!(
            "[job]\nas_of = 2026-11-22\n[gates]\nmaximum_people_change = \"100 %\"\n[policy]\ndisclosure = \"ons_5\"\n\
             [[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n{}{}{END_OF_LIFE}",
            provider("hospice"),
            provider("acute")
        ),
    );
    night
}

fn ids(night: &Night, people: &[Person]) -> Vec<String> {
    let known = night.person_ids();
    (0..people.len()).map(|at| known[&("hospice".to_string(), format!("h{at}"))].clone()).collect()
}

fn of<'t>(table: &'t Table, id: &str, columns: &[&str]) -> Vec<Vec<&'t str>> {
    let person = table.column("person_id");
    let places: Vec<usize> = columns.iter().map(|name| table.column(name)).collect();
    let rows = table.rows.iter().filter(|row| row[person] == id);
    rows.map(|row| places.iter().map(|&at| row[at].as_str()).collect()).collect()
}

const COLUMNS: [&str; 4] =
    ["wishes_recorded", "wishes_known_to_last", "died_where_wished", "late_unplanned_admissions"];

#[test]
fn it_is_told_who_knew_of_wishes_and_whether_they_came_true() {
    let people = town(60, 71);
    let night = night(&people);
    night.run().done();
    let (table, ids) = (night.table("people.parquet"), ids(&night, &people));
    let told = |at: usize| of(&table, &ids[at], &COLUMNS).remove(0).join(" ");
    // Two rows of one admission are one; that of March is too long ago.
    assert_eq!(told(0), format!("true false {NULL} 1"));
    assert_eq!(told(1), format!("true true {NULL} 0"));
    assert_eq!(told(2), "true true true 1");
    assert_eq!(told(3), "true false false 1");
    assert_eq!(told(4), format!("false {NULL} {NULL} 0"));
    assert_eq!(told(5), format!("true {NULL} {NULL} 0"));
    let wishes = night.table("wishes.parquet");
    let shown = ["provider", "record_id", "wish", "place", "decided_on"];
    assert_eq!(of(&wishes, &ids[0], &shown), [["hospice", "h0", "preferred_place_of_death", "home", "2026-05-01"]]);
    assert_eq!(of(&wishes, &ids[1], &["provider", "place"]), [["hospice", "hospice"], ["acute", "hospice"]]);
    assert_eq!(of(&wishes, &ids[5], &shown), [[NULL, NULL, "preferred_place_of_death", NULL, "2026-05-01"]]);
    let cohort = |id: &str| night.table(&format!("cohorts/{id}.parquet")).rows.len();
    assert_eq!((cohort("not-known"), cohort("not-followed")), (12, 6));
}

/// Is something true of a person, whose columns it is given?
type Meets<'a> = &'a dyn Fn(&dyn Fn(&str) -> String) -> bool;

#[test]
fn tables_agree_with_the_people() {
    let people = town(200, 72);
    let night = night(&people);
    night.run().done();
    let table = night.table("people.parquet");
    let column = |name: &str| table.column(name);
    let counted = |meets: Meets| table.rows.iter().filter(|row| meets(&|name: &str| row[column(name)].clone())).count();
    let summary = std::fs::read_to_string(night.current("summary/end_of_life.csv")).unwrap();
    let count = |measure: &str, group: &str| -> Option<usize> {
        let line = summary.lines().find(|line| line.starts_with(&format!("{measure},{group},")))?;
        line.rsplit(',').next()?.parse().ok()
    };
    let living = |of: &dyn Fn(&str) -> String| of("status") != "died" && of("palliative") == "true";
    assert_eq!(count("on_register", ""), Some(counted(&living)));
    assert_eq!(count("wishes_recorded", ""), Some(counted(&|of| living(of) && of("wishes_recorded") == "true")));
    assert_eq!(
        count("wishes_known_to_last", ""),
        Some(counted(&|of| living(of) && of("wishes_known_to_last") == "true"))
    );
    assert_eq!(count("died", ""), Some(40));
    for (group, known) in [("wishes_known_to_last", "true"), ("wishes_not_known_to_last", "false")] {
        let died = |of: &dyn Fn(&str) -> String| of("status") == "died" && of("wishes_known_to_last") == known;
        assert_eq!(count("died", group), Some(counted(&died)), "{group}: {summary}");
        assert_eq!(count("admitted", group), Some(counted(&|of| died(of) && of("late_unplanned_admissions") != "0")));
    }
    assert_eq!(count("died_where_wished", ""), Some(counted(&|of| of("died_where_wished") == "true")));
    assert_eq!(count("both_places_known", "home"), Some(40));
    let page = std::fs::read_to_string(night.current("report.html")).unwrap();
    assert!(page.contains("id=\"end-of-life\"") && page.contains("died where they wished"));
}

fn person(night: &Night, id: &str, arguments: &[&str]) -> Outcome {
    let mut command = common::onefolk();
    command.args(["person", id, "--job"]).arg(night.path("job.toml")).args(arguments);
    outcome(command)
}

#[test]
fn the_page_of_a_person_says_what_was_wished_and_who_holds_it() {
    let people = town(60, 73);
    let night = night(&people);
    night.run().done();
    let ids = ids(&night, &people);
    let told = person(&night, &ids[0], &[]).done();
    told.names_nobody(&people);
    for words in ["Wishes for the end of life", "home, from The hospice, decided 2026-05-01", "did not have them"] {
        assert!(told.stdout.contains(words), "{words}: {}", told.stdout);
    }
    let json: Value = serde_json::from_str(&person(&night, &ids[3], &["--json"]).done().stdout).unwrap();
    assert_eq!(json["wishes"]["died_where_wished"], false);
    assert_eq!(json["wishes"]["wishes"][0]["provider"], "hospice");
    let page = night.path("page.html");
    let sensitive = person(&night, &ids[5], &["--show-identifiers", "--html", page.to_str().unwrap()]).done().stdout;
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("Wishes for the end of life"));
    asks_for_nothing(&html);
    is_well_formed(&html);
    check_in_browser(&page);
    let wishes = sensitive.split("Wishes for the end of life").nth(1).expect("it is there");
    assert!(!wishes.contains("hospice") && !wishes.contains("had them"), "{wishes}");
}

#[test]
fn a_rollback_hides_what_must_be_hidden_and_the_same_input_gives_the_same_bytes() {
    let people = town(60, 74);
    let night = night(&people);
    night.run().done();
    let (before, first) = (ids(&night, &people), std::fs::read(night.current("wishes.parquet")).unwrap());
    night.run_with(&["--full"]).done();
    assert_eq!(std::fs::read(night.current("wishes.parquet")).unwrap(), first);
    night.write("objections.csv", format!("nhs_number\n{}\n", people[1].nhs_number));
    common::edit(
        &night.path("in/hospice.csv"),
        "Y,Own Home,,2026-05-01,,2026-09-01,,\n",
        "Y,Own Home,,2026-05-01,,2026-09-01,,S\n",
    );
    let mut rollback = common::onefolk();
    rollback.arg("rollback").arg(night.path("job.toml")).arg("2026-11-22-01");
    outcome(rollback).done();
    let table = night.table("wishes.parquet");
    assert!(of(&table, &before[1], &["wish"]).is_empty());
    assert_eq!(of(&table, &before[0], &["provider", "record_id", "place"]), [[NULL, NULL, NULL]]);
    assert_eq!(of(&night.table("people.parquet"), &before[0], &["wishes_known_to_last"]), [[NULL]]);
    assert!(night.current("summary/end_of_life.csv").is_file());
}
