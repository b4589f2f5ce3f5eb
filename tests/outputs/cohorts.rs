//! What care teams and commissioners rely on of cohorts: that those are in them who meet the rule, in its order, and nobody else; who came
//! and who went; and that whoever objects is in none.

use crate::common::{self, NULL, Night, Outcome, Person, Random, Table, outcome, town};
use serde_json::Value;
use std::collections::BTreeSet;

const CARRY: &str = "[provider.carry]
frailty = { column = \"frailty\", kind = \"category\", combine = \"latest\" }
admissions = { column = \"admitted\", kind = \"date\", combine = \"count\", within = \"12 months\" }
alone = { column = \"alone\", kind = \"flag\", combine = \"any\" }
";

const COHORTS: &str = "
[[cohort]]
id = \"frail-and-alone\"
name = \"Frail and alone\"
where = 'frailty in [\"moderate\", \"severe\"] && alone'
columns = [\"age\", \"frailty\", \"sectors\", \"admissions\", \"date_of_birth\"]
purpose = \"direct_care\"
order_by = [\"age descending\"]

[[cohort]]
id = \"hospital-only\"
where = '\"acute\" in sectors && !(\"general_practice\" in sectors)'
purpose = \"planning\"

[[cohort]]
id = \"oldest\"
where = \"age >= 18\"
purpose = \"planning\"
order_by = [\"age descending\"]
limit = 10
";

/// A practice and a hospital; every ninth is known to the hospital alone.
fn night(people: &[Person], seed: u64) -> Night {
    let night = Night::new();
    write(&night, people, seed);
    let provider = |id: &str, setting: &str| {
        format!(
            "[[provider]]\nid = \"{id}\"\nsetting = \"{setting}\"\nfiles = [\"in/{id}.csv\"]\n\n{}sensitivity = \"flag\"\n{CARRY}\n",
            common::COLUMNS
        )
    };
    night.write("objections.csv", "nhs_number\n");
    // Which counts are hidden is the key's: with a key of the night's own a test of what is shown would ask chance.
    night.write("id.key", "5".repeat(64));
    night.write(
        "job.toml",
        format!(
            "[job]\nid_key_file = \"id.key\"\nas_of = 2026-11-22\n[gates]\nmaximum_column_change = \"100 %\"\n\
             [[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n{}{}{COHORTS}",
            provider("gp", "general_practice"),
            provider("acute", "acute")
        ),
    );
    night
}

fn write(night: &Night, people: &[Person], seed: u64) {
    let mut random = Random::new(seed);
    let header = format!("{},frailty,admitted,alone,flag\n", common::HEADER);
    let (mut gp, mut acute) = (header.clone(), header);
    for (at, person) in people.iter().enumerate() {
        let frailty = random.pick(&["fit", "mild", "moderate", "severe", ""]);
        let alone = random.pick(&["Y", "N", ""]);
        let row = |id: &str, admitted: &str| {
            let flag = if at == SENSITIVE { "S" } else { "" };
            format!("{},{frailty},{admitted},{alone},{flag}\n", person.exact_row(id))
        };
        if !at.is_multiple_of(9) {
            gp.push_str(&row(&format!("g{at}"), ""));
        }
        for visit in 0..random.below(3) {
            acute.push_str(&row(&format!("a{at}"), &format!("2026-0{}-11", 1 + visit)));
        }
    }
    night.write("in/gp.csv", gp);
    night.write("in/acute.csv", acute);
}

const SENSITIVE: usize = 27;

fn command(night: &Night, arguments: &[&str]) -> Outcome {
    let mut command = common::onefolk();
    command.arg(arguments[0]).arg(night.path("job.toml")).args(&arguments[1..]);
    outcome(command)
}

fn cohort(night: &Night, id: &str) -> Table {
    night.table(&format!("cohorts/{id}.parquet"))
}

fn ids(table: &Table) -> BTreeSet<String> {
    table.values("person_id").into_iter().map(String::from).collect()
}

fn run_json(night: &Night) -> Value {
    serde_json::from_slice(&std::fs::read(night.current("run.json")).expect("it stands")).expect("it is JSON")
}

/// person_ids of people.parquet of whom `meets` is true.
fn who(people: &Table, meets: impl Fn(&dyn Fn(&str) -> String) -> bool) -> BTreeSet<String> {
    let rows = people.rows.iter().filter(|row| meets(&|name: &str| row[people.column(name)].clone()));
    rows.map(|row| row[people.column("person_id")].clone()).collect()
}

#[test]
fn those_are_in_a_cohort_who_meet_its_rule_in_its_order() {
    let night = night(&town(260, 41), 1);
    night.run().done();
    let people = night.table("people.parquet");
    let frail = cohort(&night, "frail-and-alone");
    let columns: Vec<&str> = frail.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(columns, ["person_id", "age", "frailty", "sectors", "admissions", "date_of_birth"]);
    let meets =
        |of: &dyn Fn(&str) -> String| ["moderate", "severe"].contains(&of("frailty").as_str()) && of("alone") == "true";
    assert_eq!(ids(&frail), who(&people, meets));
    assert!(frail.rows.len() > 8, "{}", frail.rows.len());
    let ages: Vec<i64> = frail.values("age").iter().map(|age| age.parse().expect("an age")).collect();
    assert!(ages.is_sorted_by(|one, other| one >= other), "{ages:?}");
    let hospital = |of: &dyn Fn(&str) -> String| of("sectors") == "[acute]";
    assert_eq!(ids(&cohort(&night, "hospital-only")), who(&people, hospital));
    let oldest = cohort(&night, "oldest");
    assert_eq!(oldest.rows.len(), 10);
    let mut all: Vec<i64> = people.values("age").iter().filter_map(|age| age.parse().ok()).collect();
    all.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(oldest.values("age").iter().map(|age| age.parse::<i64>().unwrap()).collect::<Vec<_>>(), all[..10]);
    // What the run and the summary say of them.
    let told = run_json(&night)["cohorts"].clone();
    assert_eq!(told[0]["people"].as_u64().unwrap() as usize, frail.rows.len());
    assert_eq!((told[0]["entered"].clone(), told[0]["left"].clone()), (Value::Null, Value::Null));
    let csv = std::fs::read_to_string(night.current("summary/cohorts.csv")).unwrap();
    let shown = csv.lines().find_map(|line| line.strip_prefix("frail-and-alone,Frail and alone,")).expect("its line");
    let shown: usize = shown.trim_end_matches(",,").parse().expect("a count");
    assert!(shown.abs_diff(frail.rows.len()) <= 4 && shown.is_multiple_of(5), "{csv}");
    assert!(std::fs::read_to_string(night.current("report.html")).unwrap().contains("Frail and alone"));
}

/// Whoever is marked sensitive is in no cohort that rests on who knows them, exactly like one of whom that is unknown.
#[test]
fn a_sensitive_person_is_judged_by_what_is_shown() {
    let people = town(90, 43);
    let night = night(&people, 3);
    night.run().done();
    let table = night.table("people.parquet");
    let number = table.column("nhs_number");
    let row = table.rows.iter().find(|row| row[number] == people[SENSITIVE].nhs_number).expect("they are there");
    assert_eq!([row[table.column("sectors")].as_str(), row[table.column("provider_count")].as_str()], [NULL, NULL]);
    assert!(!ids(&cohort(&night, "hospital-only")).contains(&row[table.column("person_id")]));
}

#[test]
fn who_entered_and_who_left_adds_up_and_whoever_objects_is_gone() {
    let people = town(260, 47);
    let night = night(&people, 5);
    night.run().done();
    let before = ids(&cohort(&night, "frail-and-alone"));
    write(&night, &people, 6);
    night.run().done();
    let after = ids(&cohort(&night, "frail-and-alone"));
    let changes = night.table("cohort_changes.parquet");
    let of = |change: &str| -> BTreeSet<String> {
        let rows = changes.rows.iter().filter(|row| row[0] == "frail-and-alone" && row[2] == change);
        rows.map(|row| row[1].clone()).collect()
    };
    let (entered, left) = (of("entered"), of("left"));
    assert!(!entered.is_empty() && !left.is_empty());
    assert_eq!(entered, after.difference(&before).cloned().collect());
    assert_eq!(left, before.difference(&after).cloned().collect());
    let told = run_json(&night)["cohorts"][0].clone();
    assert_eq!(told["entered"].as_u64().unwrap() as usize, entered.len());
    assert_eq!(told["left"].as_u64().unwrap() as usize, left.len());

    // Today one of them objects: made anew from the run that stands, the cohort is without them.
    let table = night.table("people.parquet");
    let member = after.first().unwrap();
    let row = table.rows.iter().find(|row| row[table.column("person_id")] == *member).unwrap();
    night.write("objections.csv", format!("nhs_number\n{}\n", row[table.column("nhs_number")]));
    command(&night, &["cohort", "none"]).failed(2, "OF0740").names_nobody(&people);
    let done = command(&night, &["cohort", "frail-and-alone", "--json"]).done();
    let done: Value = serde_json::from_str(&done.stdout).expect("it is JSON");
    assert_eq!(done["people"].as_u64().unwrap() as usize, after.len() - 1);
    let now = ids(&cohort(&night, "frail-and-alone"));
    assert_eq!(after.difference(&now).collect::<Vec<_>>(), [member]);

    // An earlier run that stands again has its cohorts without them too, and so have the runs that are only kept.
    command(&night, &["rollback", "2026-11-22-01"]).done();
    assert_eq!(ids(&cohort(&night, "frail-and-alone")), before.iter().filter(|id| *id != member).cloned().collect());
    assert_eq!(run_json(&night)["cohorts"][0]["entered"], Value::Null);
    night.run().done();
    for run in ["2026-11-22-01", "2026-11-22-02"] {
        let folder = night.output().join("runs").join(run);
        assert!(!ids(&common::table(&folder.join("cohorts/frail-and-alone.parquet"))).contains(member));
        let changes = common::table(&folder.join("cohort_changes.parquet"));
        assert!(!changes.values("person_id").contains(&member.as_str()));
    }
}

/// What became of people since is known from the ledger's latest run on, and from no other.
#[test]
fn who_entered_and_who_left_is_told_against_the_latest_run_alone() {
    let night = night(&town(60, 61), 5);
    night.run().done();
    let current = night.output().join("current");
    std::fs::remove_file(&current).unwrap();
    night.run().done();
    let entered = || run_json(&night)["cohorts"][0]["entered"].clone();
    assert_eq!(entered(), 0, "the latest run is kept");
    std::fs::remove_dir_all(night.output().join("runs/2026-11-22-02")).unwrap();
    let stderr = night.run().done().stderr;
    assert!(stderr.contains("the night is held against run 2026-11-22-01, the newest"), "{stderr}");
    assert_eq!(entered(), Value::Null);
    night.run().done();
    assert_eq!(entered(), 0);
}

#[test]
fn cohorts_are_the_same_bytes_on_any_number_of_threads() {
    let night = night(&town(120, 53), 7);
    common::edit(&night.path("job.toml"), "[job]\n", "[job]\nthreads = 1\n");
    night.run().done();
    let one = night.standing();
    common::edit(&night.path("job.toml"), "threads = 1\n", "threads = 4\n");
    std::fs::remove_dir_all(night.output()).expect("it can be removed");
    night.run().done();
    let other = night.standing();
    let cohorts = one.keys().filter(|path| path.starts_with("cohorts") || path.ends_with("cohort_changes.parquet"));
    assert_eq!(cohorts.inspect(|path| assert_eq!(one[*path], other[*path], "{}", path.display())).count(), 4);
}

/// A rule that cannot be is told where it stands, before anything is read.
#[test]
fn a_wrong_rule_is_told_with_its_line() {
    let night = night(&town(20, 59), 9);
    common::edit(&night.path("job.toml"), "&& alone'", "&& allone > 3'");
    let told = night.run().failed(2, "OF0101");
    assert!(told.stderr.contains("people.parquet has no column `allone`"), "{}", told.stderr);
    assert!(told.stderr.contains("Did you mean `alone`?"), "{}", told.stderr);
}
