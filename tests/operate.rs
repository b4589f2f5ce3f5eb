//! What whoever operates onefolk relies on: one at a time, an earlier run back in one step, and a doctor that says what is wrong.

mod common;

use common::{Night, Outcome, Person, account_of, accounts, nhs_number, onefolk, outcome, town};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

/// `onefolk COMMAND job.toml ARGUMENTS`.
fn command(night: &Night, command: &str, arguments: &[&str]) -> Outcome {
    let mut started = onefolk();
    started.arg(command).arg(night.path("job.toml")).args(arguments);
    outcome(started)
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("the process is ours");
}

/// A run that holds the lock and stands still.
fn stopped_run(night: &Night) -> Child {
    let mut child = night.start();
    let lock = night.output().join("state/lock");
    let since = Instant::now();
    let started = format!("process {}", child.id());
    while !fs::read_to_string(&lock).is_ok_and(|owner| owner.contains(&started) && owner.contains("run 2026")) {
        assert!(child.try_wait().expect("it is ours").is_none(), "the run ended before it could be stopped");
        assert!(since.elapsed() < Duration::from_secs(60), "the run never took the lock");
        std::thread::sleep(Duration::from_millis(1));
    }
    signal(&child, Signal::STOP);
    child
}

fn run_json(night: &Night) -> serde_json::Value {
    serde_json::from_slice(&fs::read(night.current("run.json")).expect("a run stands")).expect("it is JSON")
}

// --- one at a time ----------------------------------------------------------------------------

#[test]
fn whatever_writes_waits_for_nobody_and_names_who_holds_the_output() {
    let night = Night::of(&town(300, 90));
    night.run().done();
    let standing = night.standing();
    let mut holder = stopped_run(&night);
    let owner = fs::read_to_string(night.output().join("state/lock")).unwrap();
    for (name, arguments) in
        [("run", &[][..]), ("run", &["--dry-run"]), ("train", &[]), ("rollback", &["2026-11-22-01"])]
    {
        let refused = command(&night, name, arguments).failed(5, "OF0501");
        for part in ["host ", "since ", "run 2026-11-22-02", &format!("process {}", holder.id())] {
            assert!(refused.stderr.contains(part), "{name} does not say {part}: {}", refused.stderr);
        }
        assert!(refused.stderr.contains(owner.trim()), "{}", refused.stderr);
    }
    // What only looks needs no lock.
    for name in ["check", "plan"] {
        command(&night, name, &[]).done();
    }
    assert!(night.standing() == standing);
    // Killed without a word: nothing has to be cleaned by hand.
    signal(&holder, Signal::KILL);
    holder.wait().expect("it is ours");
    night.run().done();
    assert!(night.unfinished().is_empty());
    assert!(night.table("changes.parquet").rows.is_empty());
}

#[test]
fn runs_are_kept_as_many_as_the_job_says_and_run_json_says_which_are_gone() {
    let night = Night::of(&town(30, 91));
    common::edit(&night.path("job.toml"), "[job]\n", "[job]\nkeep_runs = 2\n");
    for _ in 0..3 {
        night.run().done();
    }
    assert_eq!(run_json(&night)["removed_runs"], serde_json::json!(["2026-11-22-01"]));
    // Made current again, the older one counts as a run of its own.
    command(&night, "rollback", &["2026-11-22-02"]).done();
    assert_eq!(run_json(&night)["removed_runs"], serde_json::json!(["2026-11-22-02"]));
    let kept: BTreeSet<String> = fs::read_dir(night.output().join("runs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(kept, BTreeSet::from(["2026-11-22-03".to_string(), "2026-11-22-04".to_string()]));
    common::edit(&night.path("job.toml"), "keep_runs = 2", "keep_runs = 0");
    let wrong = night.run();
    assert_eq!(wrong.status, Some(2), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("keep_runs"), "{}", wrong.stderr);
}

// --- back to an earlier run -------------------------------------------------------------------

const LISTS: &str =
    "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n[[never_link]]\nfiles = [\"apart.csv\"]\n";

/// A practice and a hospital that know the same people; the practice says who is sensitive.
fn write_extracts(night: &Night, people: &[Person], sensitive: &[usize]) {
    let mut texts = [format!("{},flag\n", common::HEADER), format!("{}\n", common::HEADER)];
    for (at, person) in people.iter().enumerate() {
        let flag = if sensitive.contains(&at) { "S" } else { "" };
        texts[0].push_str(&format!("{},{flag}\n", person.exact_row(&format!("{at}"))));
        texts[1].push_str(&format!("{}\n", person.exact_row(&format!("{at}"))));
    }
    night.write("in/gp.csv", &texts[0]);
    night.write("in/acute.csv", &texts[1]);
}

fn operated(people: &[Person]) -> Night {
    let night = Night::new();
    write_extracts(&night, people, &[]);
    night.write("objections.csv", "nhs_number,provider,record_id\n");
    night.write("apart.csv", "");
    let job = common::job(&[("gp", "in/gp.csv", ""), ("acute", "in/acute.csv", "")], LISTS);
    // The first provider's mapping only.
    night.write("job.toml", job.replacen("phone = \"phone\"\n", "phone = \"phone\"\nsensitivity = \"flag\"\n", 1));
    night
}

/// person_id → the row of people.parquet by column.
fn people_of(night: &Night, run: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let table = common::table(&night.output().join("runs").join(run).join("people.parquet"));
    let names: Vec<String> = table.columns.iter().map(|(name, _)| name.clone()).collect();
    let rows = table.rows.into_iter().map(|row| names.iter().cloned().zip(row).collect::<BTreeMap<_, _>>());
    rows.map(|row| (row["person_id"].clone(), row)).collect()
}

#[test]
fn a_rollback_without_anything_new_gives_the_same_tables() {
    let people = town(120, 92);
    let night = operated(&people);
    night.run().done();
    write_extracts(&night, &people[..100], &[]);
    common::edit(&night.path("job.toml"), "[job]\n", "[gates]\nmaximum_people_change = \"100 %\"\n[job]\n");
    night.run().done();
    assert!(night.person_ids().len() < 240);
    let done = command(&night, "rollback", &["2026-11-22-01", "--json"]).done();
    let facts: serde_json::Value = serde_json::from_str(&done.stdout).expect("only JSON on standard output");
    assert_eq!((&facts["run_id"], &facts["instead_of"]), (&"2026-11-22-03".into(), &"2026-11-22-02".into()));
    assert_eq!(facts["people_withheld"], 0);
    let folder = |run: &str| night.output().join("runs").join(run);
    for name in ["crosswalk", "people", "links", "review", "quarantine", "withheld"] {
        let [then, now] =
            ["2026-11-22-01", "2026-11-22-03"].map(|run| common::table(&folder(run).join(format!("{name}.parquet"))));
        assert_eq!(then.columns, now.columns, "{name}");
        assert!(then.rows == now.rows, "{name} differs");
    }
    assert_eq!(
        fs::read(folder("2026-11-22-01").join("model.json")).unwrap(),
        fs::read(night.current("model.json")).unwrap()
    );
    assert_eq!(fs::read_link(night.output().join("current")).unwrap(), std::path::Path::new("runs/2026-11-22-03"));
    // Who came back is new to whoever compares two runs; nobody got another number.
    let changes = night.table("changes.parquet");
    assert_eq!(changes.rows.len(), 20, "{:?}", changes.rows);
    assert!(changes.values("change").iter().all(|change| *change == "new"), "{:?}", changes.rows);
    assert!(changes.values("from_run").iter().all(|run| *run == "2026-11-22-02"));
    for (path, mode, _) in common::modes(&night.output()) {
        assert_eq!(mode & 0o077, 0, "{} is open to others", path.display());
    }
}

#[test]
fn a_rollback_obeys_the_lists_and_flags_of_today() {
    let people = town(120, 93);
    let night = operated(&people);
    night.run().done();
    let first = night.person_ids();
    let stranger = Person { nhs_number: nhs_number(7000), family: "Ravensworth".into(), ..town(900, 77)[899].clone() };
    let more: Vec<Person> = people.iter().cloned().chain([stranger]).collect();
    night.write("objections.csv", format!("nhs_number,provider,record_id\n{},,\n,gp,7\n", people[5].nhs_number));
    write_extracts(&night, &more, &[9]);
    // A night with all of this fails at nothing; the one before it is wanted back.
    night.run().done();
    let second = night.person_ids();
    command(&night, "rollback", &["2026-11-22-01"]).done().names_nobody(&people);

    let id = |record: &str| first[&("gp".to_string(), record.to_string())].clone();
    let mut expected = first.clone();
    expected.retain(|_, person| *person != id("5") && *person != id("7"));
    assert_eq!(night.person_ids(), expected);
    let withheld = night.table("withheld.parquet");
    let rows: BTreeSet<String> = withheld.rows.iter().map(|row| format!("{} {} {}", row[0], row[1], row[4])).collect();
    let expected_rows =
        ["gp 5 local_objection", "acute 5 local_objection", "gp 7 local_objection", "acute 7 local_objection_linked"];
    assert_eq!(rows, expected_rows.map(String::from).into());

    let (then, now) = (people_of(&night, "2026-11-22-01"), people_of(&night, "2026-11-22-03"));
    for (person, before) in &then {
        let Some(after) = now.get(person) else {
            assert!(*person == id("5") || *person == id("7"));
            continue;
        };
        if *person != id("9") {
            assert_eq!(before, after);
            continue;
        }
        for (column, value) in after {
            let hidden = column.ends_with("_from")
                || ["address", "postcode", "uprn", "phone", "gp_practice", "providers", "other_addresses"]
                    .contains(&column.as_str());
            assert_eq!(value, if hidden { common::NULL } else { &before[column] }, "{column}");
        }
        assert_ne!(before["postcode"], common::NULL);
    }
    // No table holds anything of those who object, and the accounts still add up.
    for name in ["people.parquet", "crosswalk.parquet", "links.parquet", "review.parquet"] {
        let table = night.table(name);
        for at in [5, 7] {
            assert!(!table.rows.iter().flatten().any(|value| *value == people[at].nhs_number), "{name}");
        }
    }
    let run = run_json(&night);
    assert_eq!((&run["rolled_back_to"], &run["run_id"]), (&"2026-11-22-01".into(), &"2026-11-22-03".into()));
    let counted = accounts(&night.output().join("current"));
    for (file, account) in &counted {
        assert_eq!(account_of(&run, file), (account.rows(), *account), "{file}");
    }
    let total: u64 = counted.values().map(|account| account.rows()).sum();
    assert_eq!((total, run["accounts"]["rows"].as_u64()), (240, Some(240)));
    assert_eq!(run["people"].as_u64().unwrap() as usize, night.table("people.parquet").rows.len());
    let metrics = fs::read_to_string(night.current("onefolk.prom")).unwrap();
    assert!(metrics.contains("onefolk_rolled_back 1\n") && metrics.contains("onefolk_withheld_rows 4\n"), "{metrics}");

    // The night after goes on from there: everybody keeps their number, and no number is given twice.
    night.write("objections.csv", "nhs_number,provider,record_id\n");
    night.run().done();
    let fourth = night.person_ids();
    for (record, person) in &expected {
        assert_eq!(fourth.get(record), Some(person), "{record:?}");
    }
    let stranger = ("gp".to_string(), "120".to_string());
    assert!(!first.values().any(|known| *known == fourth[&stranger]), "{}", second[&stranger]);
}

#[test]
fn a_rollback_that_cannot_be_leaves_everything_as_it_was() {
    let people = town(60, 94);
    let night = operated(&people);
    let nothing = command(&night, "rollback", &["2026-11-22-01"]).failed(2, "OF0536");
    assert!(nothing.stderr.contains("none is"), "{}", nothing.stderr);
    assert!(!night.output().exists(), "a misspelt name makes no folders");
    night.run().done();
    night.run().done();
    let standing = night.standing();
    let unknown = command(&night, "rollback", &["2026-11-21-01"]).failed(2, "OF0536");
    assert!(unknown.stderr.contains("2026-11-22-02, 2026-11-22-01"), "{}", unknown.stderr);
    // What must be kept apart today stands as one person in that run.
    night.write("apart.csv", "gp:3,acute:3\n");
    command(&night, "rollback", &["2026-11-22-01"]).failed(3, "OF0517").names_nobody(&people);
    assert!(night.standing() == standing && night.unfinished().is_empty());
    night.write("apart.csv", format!("{},acute:4\n", people[4].nhs_number));
    command(&night, "rollback", &["2026-11-22-01"]).failed(3, "OF0517").names_nobody(&people);
    // A list that cannot be read is no empty list.
    night.write("apart.csv", "");
    night.write("objections.csv", "who\nnobody\n");
    command(&night, "rollback", &["2026-11-22-01"]).failed(3, "OF0350");
    night.write("objections.csv", "nhs_number,provider,record_id\n");
    let model = night.output().join("runs/2026-11-22-01/crosswalk.parquet");
    fs::write(&model, b"PAR1").unwrap();
    command(&night, "rollback", &["2026-11-22-01"]).failed(4, "OF0535");
    assert!(night.standing() == standing && night.unfinished().is_empty());
}
