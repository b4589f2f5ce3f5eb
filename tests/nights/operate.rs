//! What whoever operates onefolk relies on: one at a time, an earlier run back in one step, and a doctor that says what is wrong.

use crate::common::{self, Night, Outcome, Person, account_of, accounts, nhs_number, onefolk, outcome, town};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
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
    // Whoever watches is told of a night that was refused; who holds the lock comes last, and is to say how it ends.
    let history = fs::read_to_string(night.output().join("state/history.jsonl")).unwrap();
    assert_eq!(history.lines().filter(|line| line.contains("\"exit\":5")).count(), 2, "{history}");
    assert!(history.lines().last().is_some_and(|line| !line.contains("\"ended\"")), "{history}");
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
    let told = |run: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(folder(run).join("run.json")).unwrap()).expect("it is JSON")
    };
    for key in ["linkage", "accounts", "people", "bare_people", "standardise", "inputs"] {
        assert_eq!(told("2026-11-22-01")[key], told("2026-11-22-03")[key], "{key}");
    }
    for (name, bytes) in common::files_below(&folder("2026-11-22-01").join("summary")) {
        let now = fs::read(folder("2026-11-22-03").join("summary").join(&name)).unwrap();
        match name.to_str() {
            // What that run had printed over time goes on with the run that has its people.
            Some("over_time.csv") => assert!(now.starts_with(&bytes) && now.len() > bytes.len()),
            _ => assert!(now == bytes, "{}", name.display()),
        }
    }
    for name in ["crosswalk", "people", "links", "review", "quarantine", "withheld", "other_numbers"] {
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
    // A record of 11 carries another number, and one of the two records has gone by the time somebody objects by that number.
    let other = nhs_number(7100);
    let gone = Person { nhs_number: other.clone(), ..people[11].clone() };
    let gp = fs::read_to_string(night.path("in/gp.csv")).unwrap();
    night.write("in/gp.csv", format!("{gp}{},\n", gone.exact_row("gone")));
    night.run().done();
    let numbers = night.table("other_numbers.parquet");
    assert_eq!(numbers.values("nhs_number"), [other.as_str()]);
    let first = night.person_ids();
    let stranger = Person { nhs_number: nhs_number(7000), family: "Ravensworth".into(), ..town(900, 77)[899].clone() };
    let more: Vec<Person> = people.iter().cloned().chain([stranger]).collect();
    night.write(
        "objections.csv",
        format!(
            "nhs_number,provider,record_id\n{},,\n,gp,7\n{other},,\n{},,\n",
            people[5].nhs_number, people[13].nhs_number
        ),
    );
    write_extracts(&night, &more, &[9]);
    for file in ["in/gp.csv", "in/acute.csv"] {
        // Somebody who objects by number is in no extract any more.
        let text = fs::read_to_string(night.path(file)).unwrap();
        let left = text.lines().filter(|line| !line.starts_with("13,"));
        night.write(file, left.map(|line| format!("{line}\n")).collect::<String>());
    }
    // A night with all of this fails at nothing; the one before it is wanted back.
    night.run().done();
    let second = night.person_ids();
    command(&night, "rollback", &["2026-11-22-01"]).done().names_nobody(&people);

    let id = |record: &str| first[&("gp".to_string(), record.to_string())].clone();
    let mut expected = first.clone();
    let objectors = ["5", "7", "11", "13"].map(id);
    expected.retain(|_, person| !objectors.contains(person));
    assert!(night.person_ids() == expected);
    let withheld = night.table("withheld.parquet");
    let rows: BTreeSet<String> = withheld.rows.iter().map(|row| format!("{} {} {}", row[0], row[1], row[4])).collect();
    let expected_rows = [
        "gp 5 local_objection",
        "acute 5 local_objection",
        "gp 7 local_objection",
        "acute 7 local_objection_linked",
        "gp 11 local_objection_linked",
        "gp gone local_objection_linked",
        "acute 11 local_objection_linked",
        "gp 13 local_objection_linked",
        "acute 13 local_objection_linked",
    ];
    assert_eq!(rows, expected_rows.map(String::from).into());

    let (then, now) = (people_of(&night, "2026-11-22-01"), people_of(&night, "2026-11-22-03"));
    for (person, before) in &then {
        let Some(after) = now.get(person) else {
            assert!(objectors.contains(person));
            continue;
        };
        if *person != id("9") {
            assert_eq!(before, after);
            continue;
        }
        for (column, value) in after {
            let hidden = column.ends_with("_from")
                || ["address", "postcode", "uprn", "phone", "gp_practice", "other_addresses"]
                    .contains(&column.as_str())
                || ["providers", "provider_count", "sectors"].contains(&column.as_str());
            assert_eq!(value, if hidden { common::NULL } else { &before[column] }, "{column}");
        }
        assert_ne!(before["postcode"], common::NULL);
    }
    // No table holds anything of those who object, and the accounts still add up.
    for name in ["people.parquet", "crosswalk.parquet", "links.parquet", "review.parquet", "other_numbers.parquet"] {
        let table = night.table(name);
        assert!(!table.rows.iter().flatten().any(|value| *value == other), "{name}");
        for at in [5, 7, 11, 13] {
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
    assert_eq!((total, run["accounts"]["rows"].as_u64()), (241, Some(241)));
    assert_eq!(run["people"].as_u64().unwrap() as usize, night.table("people.parquet").rows.len());
    let metrics = fs::read_to_string(night.current("onefolk.prom")).unwrap();
    assert!(metrics.contains("onefolk_rolled_back 1\n") && metrics.contains("onefolk_withheld_rows 9\n"), "{metrics}");

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
fn a_night_after_a_rollback_is_held_against_the_lists_and_decisions_of_that_day() {
    let people = town(120, 95);
    let night = operated(&people);
    let object = |how_many: usize| {
        let lines: String = people[..how_many].iter().map(|one| format!("{},,\n", one.nhs_number)).collect();
        night.write("objections.csv", format!("nhs_number,provider,record_id\n{lines}"));
    };
    let decisions = night.output().join("state/decisions.csv");
    let decided = "left,right,decision,by,when,why\ngp:20,acute:21,unsure,,,\ngp:22,acute:23,unsure,,,\n";
    let back = || command(&night, "rollback", &["2026-11-22-01"]).done();
    // Nobody objects yet, and nothing is decided.
    night.run().done();
    object(6);
    fs::write(&decisions, decided).unwrap();
    night.run().done();

    // The rollback has obeyed today's: what is put back from the time of that run is not taken for it.
    let told = back();
    assert!(!told.stderr.contains("will stop the next night"), "{}", told.stderr);
    let run = run_json(&night);
    let (names, lines) = (&run["lists_by_file"][0]["names"], &run["decisions"]["lines"]);
    assert_eq!((&run["lists"]["local"], names, lines), (&6.into(), &6.into(), &2.into()));
    assert_eq!(run["lists_on"], "2026-11-22");
    object(0);
    let told = night.run().failed(1, "OF0553");
    assert!(told.stderr.contains("saw 0 names on the local lists after 6"), "{}", told.stderr);
    object(6);
    fs::remove_file(&decisions).unwrap();
    let told = night.run().failed(1, "OF0374");
    assert!(told.stderr.contains("saw 0 lines in state/decisions.csv after 2"), "{}", told.stderr);

    // Nor does one hide what was lost before it.
    object(0);
    let told = back();
    for (gate, saw) in [("objections_fell", "0 names on the local lists after 6"), ("decisions_lost", "0 of 2 lines")] {
        let words = format!("the gate {gate} will stop the next night: {saw}");
        assert!(told.stderr.contains(&words), "{}", told.stderr);
    }
    let told = night.run().failed(1, "OF0374");
    assert!(told.stderr.contains("gate objections_fell saw 0 names on the local lists after 6"), "{}", told.stderr);
    object(6);
    fs::write(&decisions, decided).unwrap();
    night.run().done().names_nobody(&people);
    assert!(night.table("withheld.parquet").rows.len() >= 12);
}

/// Type 1 and national opt-outs are in no table of a run.
#[test]
fn an_opt_out_list_that_cannot_be_read_keeps_no_rollback_waiting() {
    const TYPE_1: &str = "[[opt_out]]\nkind = \"type_1\"\nfiles = [\"type_1.csv\"]\n[job]\n";
    let people = town(60, 96);
    let night = operated(&people);
    common::edit(&night.path("job.toml"), "[job]\n", TYPE_1);
    let opted: String = people[..6].iter().map(|one| format!("{}\n", one.nhs_number)).collect();
    night.write("type_1.csv", format!("nhs_number\n{opted}"));
    night.run().done();
    night.run().done();
    night.write("type_1.csv", "nhs_number\nnobody\n");
    night.run().failed(3, "OF0350");
    let told = command(&night, "rollback", &["2026-11-22-01"]).done();
    assert!(told.stderr.contains("the next night will stop: a list of objections"), "{}", told.stderr);
    assert!(told.stderr.contains("type_1.csv line 2"), "{}", told.stderr);
    told.names_nobody(&people);
    // Nor is what was on it forgotten.
    assert_eq!(run_json(&night)["lists"]["type_1"], 6);
    night.write("type_1.csv", "nhs_number\n");
    night.run().failed(1, "OF0553");
    night.write("type_1.csv", format!("nhs_number\n{opted}"));
    night.run().done();
}

#[test]
fn a_rollback_that_cannot_be_leaves_everything_as_it_was() {
    let people = town(60, 94);
    let night = operated(&people);
    let nothing = command(&night, "rollback", &["2026-11-22-01"]).failed(2, "OF0551");
    assert!(nothing.stderr.contains("none is"), "{}", nothing.stderr);
    assert!(!night.output().exists(), "a misspelt name makes no folders");
    night.run().done();
    night.run().done();
    let standing = night.standing();
    let unknown = command(&night, "rollback", &["2026-11-21-01"]).failed(2, "OF0551");
    assert!(unknown.stderr.contains("2026-11-22-02, 2026-11-22-01"), "{}", unknown.stderr);
    // What must be kept apart today stands as one person in that run.
    night.write("apart.csv", "gp:3,acute:3\n");
    command(&night, "rollback", &["2026-11-22-01"]).failed(3, "OF0550").names_nobody(&people);
    assert!(night.standing() == standing && night.unfinished().is_empty());
    night.write("apart.csv", format!("{},acute:4\n", people[4].nhs_number));
    command(&night, "rollback", &["2026-11-22-01"]).failed(3, "OF0550").names_nobody(&people);
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

// --- is all well? -----------------------------------------------------------------------------

/// The findings by name: (state, what was seen).
fn examined(night: &Night, exit: i32) -> BTreeMap<String, (String, String)> {
    let examined = command(night, "doctor", &["--json"]);
    assert_eq!(examined.status, Some(exit), "{}\n{}", examined.stdout, examined.stderr);
    if exit == 4 {
        assert!(examined.stderr.trim_end().ends_with("(OF0430)"), "{}", examined.stderr);
    }
    let findings: serde_json::Value = serde_json::from_str(&examined.stdout).expect("only JSON on standard output");
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().expect("it is text").to_string();
    let findings = findings.as_array().expect("it is a list").iter();
    findings
        .map(|finding| {
            assert_eq!(
                finding["state"] == "ok",
                finding["do"] == "",
                "whoever is unwell is told what to do: {finding}"
            );
            (text(finding, "name"), (text(finding, "state"), text(finding, "saw")))
        })
        .collect()
}

fn states(findings: &BTreeMap<String, (String, String)>, state: &str) -> Vec<String> {
    findings.iter().filter(|(_, finding)| finding.0 == state).map(|(name, _)| name.clone()).collect()
}

#[test]
fn a_list_that_would_stop_the_night_is_found_before_it() {
    let people = town(60, 92);
    let night = operated(&people);
    command(&night, "check", &[]).done();
    night.write("objections.csv", "provider,record_id\nnobody,1\n");
    night.write("apart.csv", format!("{}\n", people[0].nhs_number));
    let told = command(&night, "check", &[]);
    assert_eq!(told.status, Some(3), "{}", told.stderr);
    assert!(told.stderr.trim_end().ends_with("(OF0350)"), "{}", told.stderr);
    for part in ["objections.csv line 2: no provider", "apart.csv line 1: two keys", "2 lists cannot be used"] {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }
    told.names_nobody(&people);
    let told = command(&night, "check", &["--json"]);
    let facts: serde_json::Value = serde_json::from_str(&told.stdout).expect("only JSON on standard output");
    assert_eq!((&facts["right"], &facts["lists"][1]["code"]), (&false.into(), &"OF0350".into()));
    let found = examined(&night, 4);
    assert_eq!(states(&found, "fail"), ["job"]);
    assert!(found["job"].1.ends_with("no provider of this job has that id; and 1 more"), "{found:?}");
    night.run().failed(3, "OF0350");
}

#[test]
fn a_doctor_finds_what_is_wrong_and_changes_nothing() {
    let people = town(60, 95);
    let night = Night::of(&people);
    let before = examined(&night, 0);
    assert!(!night.output().exists() && states(&before, "warn").is_empty(), "{before:?}");
    night.run().done();
    let well = examined(&night, 0);
    assert!(states(&well, "warn").is_empty() && well.len() == 21, "{well:?}");
    assert!(well["last runs"].1.contains("published 2026-11-22-01"), "{well:?}");
    let state = |name: &str| night.output().join("state").join(name);
    let everything = common::files_below(&night.output());

    // One thing at a time is damaged, found, and put right again.
    let damage = |name: &str, expected: &[&str]| {
        let bytes = fs::read(state(name)).unwrap();
        fs::write(state(name), &bytes[..bytes.len() / 2]).unwrap();
        let found = examined(&night, 4);
        assert_eq!(states(&found, "fail"), expected, "{name}: {found:?}");
        fs::write(state(name), bytes).unwrap();
    };
    damage("person_id.key", &["key"]);
    damage("ledger/000001/issued", &["ledger"]);
    damage("ledger/000001/assignment", &["ledger"]);
    damage("model.json", &["model"]);
    fs::set_permissions(state("model.json"), fs::Permissions::from_mode(0o640)).unwrap();
    let open = examined(&night, 4);
    assert_eq!(states(&open, "fail"), ["permissions"]);
    assert!(open["permissions"].1.contains("model.json"), "{open:?}");
    fs::set_permissions(state("model.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let table = night.current("people.parquet");
    let bytes = fs::read(&table).unwrap();
    fs::write(&table, &bytes[..9]).unwrap();
    assert_eq!(states(&examined(&night, 4), "fail"), ["current"]);
    fs::write(&table, bytes).unwrap();
    fs::create_dir(state("checkpoints")).unwrap();
    fs::write(state("checkpoints/reading"), b"half a night").unwrap();
    fs::set_permissions(state("checkpoints"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(state("checkpoints/reading"), fs::Permissions::from_mode(0o600)).unwrap();
    let cut_short = examined(&night, 0);
    assert_eq!(states(&cut_short, "warn"), ["unfinished"]);
    assert!(cut_short["unfinished"].1.ends_with("after reading"), "{cut_short:?}");
    fs::remove_dir_all(state("checkpoints")).unwrap();
    fs::create_dir(state("spill")).unwrap();
    fs::set_permissions(state("spill"), fs::Permissions::from_mode(0o700)).unwrap();
    let waits = examined(&night, 0);
    assert_eq!(states(&waits, "warn"), ["unfinished"]);
    assert!(waits["unfinished"].1.contains("state/spill"), "{waits:?}");
    fs::remove_dir(state("spill")).unwrap();
    common::edit(&night.path("job.toml"), "2026-11-22", "2999-01-01");
    assert_eq!(states(&examined(&night, 4), "fail"), ["as_of"]);
    common::edit(&night.path("job.toml"), "2999-01-01", "2026-11-21");
    assert_eq!(states(&examined(&night, 4), "fail"), ["as_of"]);
    common::edit(&night.path("job.toml"), "2026-11-21", "2026-11-22");
    assert!(common::files_below(&night.output()) == everything, "the doctor changed something");

    let mut without = onefolk();
    without.arg("doctor");
    assert!(outcome(without).done().stdout.lines().any(|line| line.starts_with("ok    memory ")));
    let mut wrong = onefolk();
    wrong.arg("doctor").arg(night.path("absent.toml"));
    assert_eq!(outcome(wrong).status, Some(2));
}

/// The run that stands after a rollback is of an earlier day than the last one, which the gate `as_of` holds the next night against.
#[test]
fn a_doctor_says_of_the_date_after_a_rollback_what_the_gate_will() {
    let night = Night::of(&town(60, 97));
    night.run().done();
    common::edit(&night.path("job.toml"), "2026-11-22", "2026-11-23");
    night.run().done();
    command(&night, "rollback", &["2026-11-22-01"]).done();
    assert_eq!(run_json(&night)["as_of"], "2026-11-22");
    assert_eq!(examined(&night, 0)["as_of"].0, "ok");
    common::edit(&night.path("job.toml"), "2026-11-23", "2026-11-22");
    let found = examined(&night, 4);
    assert_eq!(states(&found, "fail"), ["as_of"]);
    assert!(found["as_of"].1.contains("the last run was of 2026-11-23"), "{found:?}");
    night.run().failed(1, "OF0552");
}

#[test]
fn why_last_good_records_stand_is_told_by_the_night_its_run_json_and_the_doctor() {
    let people = town(120, 100);
    let night = Night::of(&people);
    night.run().done();
    assert_eq!(examined(&night, 0)["extracts"].0, "ok");
    let whole = fs::read_to_string(night.path("in/acute.csv")).unwrap();
    night.write("in/acute.csv", "");
    let told = night.run().done();
    let why = "its records of 2026-11-22 stand, 0 days old (OF0202: an extract is empty)";
    assert!(told.stderr.contains(why), "{}", told.stderr);
    let inputs = run_json(&night)["inputs"].clone();
    assert_eq!(inputs[1]["unusable"], serde_json::json!({ "code": "OF0202", "why": "an extract is empty" }));
    assert!(inputs[0]["unusable"].is_null(), "{inputs}");
    let found = examined(&night, 0);
    let saw = "provider acute sent nothing usable to the run that stands (OF0202: an extract is empty)";
    assert_eq!((&*found["extracts"].0, &*found["extracts"].1), ("warn", saw));

    // A gate that fails on the same night does not keep it back.
    let gp = fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let half: Vec<&str> = gp.lines().take(gp.lines().count() / 2).collect();
    night.write("in/gp.csv", half.join("\n") + "\n");
    let told = night.run().failed(1, "OF0518");
    assert!(told.stderr.contains(why), "{}", told.stderr);
    told.names_nobody(&people);
    let events = fs::read_to_string(night.output().join("state/failed.jsonl")).unwrap();
    assert!(events.contains(why), "{events}");
    night.write("in/gp.csv", gp);

    // It is back; the path in the job is another one.
    night.write("in/acute.csv", whole);
    night.run().done();
    assert_eq!(examined(&night, 0)["extracts"].0, "ok");
    common::edit(&night.path("job.toml"), "in/acute.csv", "in/akute.csv");
    let found = examined(&night, 0);
    let saw = "provider acute has sent nothing by now (OF0103: a file that the job names is missing), its records of \
               2026-11-22 would stand";
    assert_eq!((&*found["extracts"].0, &*found["extracts"].1), ("warn", saw));
    let told = night.run().done();
    assert!(told.stderr.contains("0 days old (OF0103: a file that the job names is missing)"), "{}", told.stderr);
}

#[test]
fn a_date_that_stands_still_from_night_to_night_is_told() {
    let night = Night::of(&town(60, 94));
    night.run().done();
    let told = night.run().done();
    assert!(!told.stderr.contains("as_of"), "both were in one sitting: {}", told.stderr);
    assert_eq!(examined(&night, 0)["as_of"].0, "ok");
    // As if they had been days ago.
    let history = night.output().join("state/history.jsonl");
    let earlier = |line: &str| {
        let mut entry: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        entry["began"] = "2026-11-22T02:00:00Z".into();
        format!("{entry}\n")
    };
    let entries: String = fs::read_to_string(&history).unwrap().lines().map(earlier).collect();
    fs::write(&history, entries).unwrap();
    let found = examined(&night, 0);
    assert_eq!(states(&found, "warn"), ["as_of"], "{found:?}");
    let told = night.run().done();
    assert!(told.stderr.contains("warning: as_of is 2026-11-22, ") && told.stderr.contains(" days before today"));
    common::edit(&night.path("job.toml"), "as_of = 2026-11-22\n", "");
    let told = night.run().done();
    assert!(!told.stderr.contains("as_of"), "{}", told.stderr);
}

/// Only root can give away what is its own, and only root could write to what is another account's.
#[test]
fn root_runs_nothing_that_belongs_to_another_account() {
    if !rustix::process::geteuid().is_root() {
        println!("not root: passed over");
        return;
    }
    let night = Night::of(&town(60, 93));
    night.run().done();
    let (standing, state) = (night.standing(), night.output().join("state"));
    std::os::unix::fs::chown(&state, Some(65_534), None).unwrap();
    let files = common::files_below(&night.output());
    night.run().failed(4, "OF0422");
    for (name, arguments) in [("rollback", &["2026-11-22-01"][..]), ("report", &[]), ("train", &[])] {
        command(&night, name, arguments).failed(4, "OF0422");
    }
    let ids = night.person_ids();
    let person = ids.values().next().expect("there are people");
    let mut shown = onefolk();
    shown.args(["person", person, "--show-identifiers", "--job"]).arg(night.path("job.toml"));
    outcome(shown).failed(4, "OF0422");
    assert_eq!(states(&examined(&night, 0), "warn"), ["permissions"]);
    assert!(night.standing() == standing && common::files_below(&night.output()) == files);
    std::os::unix::fs::chown(&state, Some(0), None).unwrap();
    night.run().done();
}

/// Half of what the hospital has sent is gone.
fn halve(night: &Night, whole: &str) {
    let lines: Vec<&str> = whole.lines().collect();
    night.write("in/acute.csv", lines[..lines.len() / 2].join("\n") + "\n");
}

#[test]
fn a_night_after_a_run_that_is_gone_is_held_against_the_newest_that_is_kept() {
    let night = Night::of(&town(120, 98));
    night.run().done();
    night.run().done();
    let whole = fs::read_to_string(night.path("in/acute.csv")).unwrap();
    let (current, runs) = (night.output().join("current"), night.output().join("runs"));
    fs::remove_file(&current).unwrap();
    let found = examined(&night, 4);
    assert_eq!(states(&found, "fail"), ["current"], "{found:?}");
    assert!(found["current"].1.contains("2026-11-22-02"), "{found:?}");
    halve(&night, &whole);
    let told = night.run().failed(1, "OF0518");
    assert!(told.stderr.contains("gate provider_shrunk saw provider acute with "), "{}", told.stderr);
    night.write("in/acute.csv", &whole);
    let told = night.run().done();
    assert!(told.stderr.contains("the night is held against run 2026-11-22-02, the newest"), "{}", told.stderr);
    assert!(night.table("changes.parquet").rows.is_empty());
    let audit = fs::read_to_string(night.output().join("state/audit.jsonl")).unwrap();
    assert!(!audit.contains("run_withdrawn"), "what was published was published: {audit}");
    assert!(states(&examined(&night, 0), "fail").is_empty());

    // The link is there, and the run that it leads to is not.
    fs::remove_dir_all(runs.join("2026-11-22-03")).unwrap();
    assert_eq!(states(&examined(&night, 4), "fail"), ["current"]);
    halve(&night, &whole);
    night.run().failed(1, "OF0518");
    night.write("in/acute.csv", &whole);
    let told = night.run().done();
    assert!(told.stderr.contains("the night is held against run 2026-11-22-02, the newest"), "{}", told.stderr);
    assert_eq!(run_json(&night)["run_id"], "2026-11-22-04");
}

#[test]
fn where_state_alone_is_back_from_a_backup_somebody_has_to_say_that_the_night_is_right() {
    let night = Night::of(&town(120, 98));
    night.run().done();
    let ids = night.person_ids();
    fs::remove_dir_all(night.output().join("runs")).unwrap();
    fs::remove_file(night.output().join("current")).unwrap();
    let found = examined(&night, 4);
    assert_eq!(states(&found, "fail"), ["current"], "{found:?}");
    let told = night.run().failed(1, "OF0554");
    assert!(told.stderr.contains("gate run_before saw none of the runs that the ledger knows"), "{}", told.stderr);
    assert!(night.standing().is_empty());
    night.run_with(&["--waive", "quarantined"]).failed(1, "OF0554");
    let told = night.run_with(&["--waive", "run_before"]).done();
    assert!(told.stderr.contains("gate run_before was waived"), "{}", told.stderr);
    assert_eq!(night.person_ids(), ids);
    night.run().done();
}

#[test]
fn a_run_whose_run_json_is_damaged_is_rolled_back_from_and_then_removed() {
    let night = Night::of(&town(60, 97));
    night.run().done();
    night.run().done();
    let damaged = night.output().join("runs/2026-11-22-02");
    let run_json = fs::read(damaged.join("run.json")).unwrap();
    fs::write(damaged.join("run.json"), &run_json[..run_json.len() / 2]).unwrap();
    let found = examined(&night, 4);
    assert_eq!(states(&found, "fail"), ["audit", "current"], "{found:?}");
    let told = command(&night, "doctor", &[]);
    assert!(told.stdout.contains("`onefolk rollback JOB 2026-11-22-01`"), "{}", told.stdout);
    let told = night.run().failed(4, "OF0535");
    assert!(told.stderr.contains("`onefolk rollback JOB RUN`"), "{}", told.stderr);
    command(&night, "rollback", &["2026-11-22-01"]).done();
    night.run().done();
    let found = examined(&night, 4);
    assert_eq!(states(&found, "fail"), ["audit"], "{found:?}");
    let saw = &found["audit"].1;
    assert!(saw.contains("out/runs/2026-11-22-02: its run.json cannot be read"), "{saw}");
    assert!(saw.contains("or remove the folder"), "{saw}");
    fs::remove_dir_all(&damaged).unwrap();
    assert!(states(&examined(&night, 0), "fail").is_empty());
    night.run().done();
}

#[test]
fn doctor_goes_back_to_the_run_published_last_and_not_to_the_one_of_the_latest_date() {
    let night = Night::of(&town(60, 97));
    night.run().done();
    common::edit(&night.path("job.toml"), "2026-11-22", "2026-11-20");
    night.run_with(&["--waive", "as_of"]).done();
    night.run().done();
    fs::write(night.output().join("runs/2026-11-20-02/run.json"), "{").unwrap();
    let advised = |run: &str| {
        let told = command(&night, "doctor", &[]);
        assert!(told.stdout.contains(&format!("`onefolk rollback JOB {run}`")), "{}", told.stdout);
    };
    advised("2026-11-20-01");
    // One whose run.json is damaged, or gone, is no way back.
    fs::write(night.output().join("runs/2026-11-20-01/run.json"), "{").unwrap();
    advised("2026-11-22-01");
    fs::remove_file(night.output().join("runs/2026-11-20-01/run.json")).unwrap();
    advised("2026-11-22-01");
}

/// As at any hour of the day: what is wrong with the job or with an extract keeps nothing else from being told, or from being done.
#[test]
fn a_job_that_cannot_be_run_is_one_finding_and_the_audit_and_earlier_runs_are_there() {
    let people = town(60, 99);
    let night = operated(&people);
    night.run().done();
    night.run().done();
    let all: Vec<String> = examined(&night, 0).into_keys().collect();
    let wrong = |why: &str| {
        let found = examined(&night, 4);
        assert_eq!(states(&found, "fail"), ["job"], "{found:?}");
        assert!(found["job"].1.contains(why), "{found:?}");
        assert!(found.keys().eq(all.iter()), "{found:?}");
        let mut audit = onefolk();
        audit.args(["audit", "verify"]).arg(night.path("job.toml"));
        outcome(audit)
    };
    // A column has vanished.
    let whole = fs::read_to_string(night.path("in/acute.csv")).unwrap();
    night.write("in/acute.csv", whole.replacen("postcode", "zip", 1));
    wrong("no column \"postcode\" in in/acute.csv").done();
    let standing = night.standing();
    command(&night, "report", &[]).failed(1, "OF0508");
    command(&night, "rollback", &["2026-11-22-01"]).failed(1, "OF0508");
    assert!(night.standing() == standing);
    let waived = |name: &str, arguments: &[&str]| {
        let told = command(&night, name, &[arguments, &["--waive", "column_missing"]].concat()).done();
        assert!(told.stderr.contains("warning: gate column_missing was waived"), "{}", told.stderr);
    };
    waived("report", &[]);
    assert!(night.standing() == standing, "the postcodes of today are in no report");
    waived("rollback", &["2026-11-22-01"]);
    assert_eq!(run_json(&night)["rolled_back_to"], "2026-11-22-01");
    let audit = fs::read_to_string(night.output().join("state/audit.jsonl")).unwrap();
    assert!(audit.lines().any(|line| line.contains("gate_waived") && line.contains("2026-11-22-03")), "{audit}");
    // Without record_ids nobody knows whom a list names, and without flags who is sensitive.
    let back = &["2026-11-22-01", "--waive", "column_missing"];
    night.write("in/acute.csv", whole.replacen("id,", "number,", 1));
    command(&night, "rollback", back).failed(1, "OF0508");
    night.write("in/acute.csv", &whole);
    let flagged = fs::read_to_string(night.path("in/gp.csv")).unwrap();
    night.write("in/gp.csv", flagged.replacen("flag", "mark", 1));
    command(&night, "rollback", back).failed(1, "OF0508");
    night.write("in/gp.csv", flagged);
    // An extract that no night may be without has not come.
    let files = "files = [\"in/acute.csv\"]";
    common::edit(&night.path("job.toml"), files, &format!("{files}\nwhen_missing = \"stop\""));
    fs::remove_file(night.path("in/acute.csv")).unwrap();
    wrong("No file matches \"in/acute.csv\"").done();
    command(&night, "rollback", &["2026-11-22-01"]).failed(3, "OF0103");
    // A list is another thing, and so is a word that nobody knows.
    fs::remove_file(night.path("apart.csv")).unwrap();
    wrong("; and 1 more").failed(3, "OF0103");
    night.write("apart.csv", "");
    night.write("in/acute.csv", &whole);
    common::edit(&night.path("job.toml"), "when_missing", "when_mising");
    wrong("when_mising").failed(2, "OF0101");
}

#[test]
fn a_doctor_says_who_holds_the_lock_and_how_the_last_runs_ended() {
    let people = town(300, 96);
    let night = Night::of(&people);
    night.run().done();
    let mut holder = stopped_run(&night);
    let held = examined(&night, 0);
    assert_eq!(states(&held, "warn"), ["lock"]);
    assert!(held["lock"].1.contains(&format!("process {}", holder.id())), "{held:?}");
    signal(&holder, Signal::KILL);
    holder.wait().expect("it is ours");
    let killed = examined(&night, 0);
    assert!(states(&killed, "warn").contains(&"last runs".to_string()), "{killed:?}");
    assert!(killed["last runs"].1.contains("run has not ended"), "{killed:?}");
    assert_eq!(killed["lock"].0, "ok");

    // A gate fails: what it said is kept, and the metrics of the last run say so.
    let mut random = common::Random::new(1);
    night.write("in/gp.csv", common::csv(&people[..20], &mut random, 0));
    night.write("in/acute.csv", common::csv(&people[..20], &mut random, 1));
    let standing = night.standing();
    assert_eq!(night.run().status, Some(1));
    assert!(night.standing() == standing);
    let failed = examined(&night, 0);
    assert!(failed["last runs"].1.contains("run exit 1, OF05"), "{failed:?}");
    let events = fs::read_to_string(night.output().join("state/failed.jsonl")).unwrap();
    assert!(events.lines().last().unwrap().contains("\"exit\":1"), "{events}");
    // The failure names the worst of them and counts the others.
    for provider in ["gp", "acute"] {
        let words = format!("\"saw\":\"provider {provider} with ");
        let told = |line: &str| line.contains("\"gate\":\"provider_shrunk\"") && line.contains(&words);
        assert!(events.lines().any(told), "{provider}: {events}");
    }
    let metrics = fs::read_to_string(night.output().join("state/last_run.prom")).unwrap();
    assert!(
        metrics.lines().any(|line| line.starts_with("onefolk_last_run_exit_code") && line.ends_with(" 1")),
        "{metrics}"
    );
    for person in &people {
        for value in person.values() {
            assert!(!events.contains(value) && !metrics.contains(value), "{value} was kept");
        }
    }
}

// --- stopped ----------------------------------------------------------------------------------

/// Sends a signal to a process that may stand still, and sees that it ends as one that was stopped.
#[track_caller]
fn stop(child: Child, how: Signal) {
    signal(&child, how);
    signal(&child, Signal::CONT);
    let ended = child.wait_with_output().expect("it is ours");
    let said = String::from_utf8(ended.stderr).expect("it is text");
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.trim_end().ends_with("(OF0516)"), "{said}");
}

#[test]
fn ctrl_c_leaves_nothing_of_what_waits_on_disk_or_was_begun() {
    let night = Night::of(&town(300, 100));
    night.run().done();
    let standing = night.standing();
    let child = stopped_run(&night);
    let spill = night.output().join("state/spill");
    for path in [
        spill.join("columns"),
        spill.join("inputs/gp/gp.csv"),
        night.current(".release.partial/releases/trust/people.csv"),
        night.current(".cohort.partial/cohorts/adults.parquet"),
    ] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "of somebody").unwrap();
    }
    stop(child, Signal::INT);
    assert!(!spill.exists() && night.unfinished().is_empty());
    assert!(night.standing() == standing, "something was left in the run that stands");
}

/// Whatever writes ends in the same way; and what an earlier command was killed over goes.
#[test]
fn a_report_that_is_stopped_leaves_the_one_that_stands() {
    let night = Night::of(&town(300, 101));
    night.run().done();
    let standing = night.standing();
    for folder in ["out/state/spill", "out/current/.cohort.partial"] {
        fs::create_dir_all(night.path(folder)).unwrap();
    }
    let mut started = onefolk();
    started.arg("report").arg(night.path("job.toml")).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = started.spawn().expect("the binary starts");
    let history = night.output().join("state/history.jsonl");
    let goes_on = |line: &str| line.contains("\"report\"") && !line.contains("\"ended\"");
    while !fs::read_to_string(&history).is_ok_and(|text| text.lines().last().is_some_and(goes_on)) {
        assert!(child.try_wait().expect("it is ours").is_none(), "the report ended before it could be stopped");
        std::thread::sleep(Duration::from_millis(1));
    }
    stop(child, Signal::TERM);
    assert!(night.standing() == standing && night.unfinished().is_empty());
    let told = fs::read_to_string(&history).unwrap();
    assert!(told.lines().last().is_some_and(|line| line.contains("\"exit\":130")), "{told}");
    command(&night, "report", &[]).done();
    assert!(night.standing() == standing, "it is the report of the night");
    assert!(!night.output().join("state/spill").exists() && !night.current(".cohort.partial").exists());
}

// --- what others are told ---------------------------------------------------------------------

#[test]
fn events_and_metrics_say_what_run_json_says_and_name_nobody() {
    let people = town(80, 97);
    let night = Night::of(&people);
    night.run().done();
    let run = run_json(&night);
    let text = fs::read_to_string(night.current("log.jsonl")).unwrap();
    let events: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let stages = |message: &str| -> Vec<&str> {
        let told = events.iter().filter(|event| event["message"] == message);
        told.filter_map(|event| event["stage"].as_str()).collect()
    };
    for stage in ["Reading", "Standardising", "Blocking", "Linking", "Best records", "Publishing"] {
        assert!(stages("begins").contains(&stage), "{stage} does not begin: {text}");
    }
    for stage in ["Reading", "Linking"] {
        assert!(
            events.iter().any(|event| event["stage"] == stage && event["seconds"].is_f64()),
            "{stage} does not end"
        );
    }
    // Whichever thread writes them, and whatever is done beside that.
    let checkpoints = stages("begins").into_iter().filter(|stage| *stage == "Checkpoint").count();
    assert_eq!(checkpoints, 2, "{text}");
    let timed: Vec<&str> =
        run["seconds"].as_array().unwrap().iter().filter_map(|time| time["stage"].as_str()).collect();
    let writing = timed.iter().position(|stage| *stage == "Writing links").expect("links are written");
    assert_eq!(timed[writing - 2..writing], ["Linking", "Checkpoint"], "no second is in two stages");
    let counts = events.iter().find(|event| event["message"] == "counts").expect("the figures are told");
    assert_eq!((&counts["rows"], &counts["people"]), (&run["accounts"]["rows"], &run["people"]));
    let metrics = fs::read_to_string(night.current("onefolk.prom")).unwrap();
    let told = |name: &str| -> f64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("no {name}: {metrics}")).parse().expect("it is a number")
    };
    assert_eq!(told("onefolk_rows"), run["accounts"]["rows"].as_f64().unwrap());
    assert_eq!(told("onefolk_people"), run["people"].as_f64().unwrap());
    assert_eq!(told("onefolk_last_success_sequence"), 1.0);
    assert_eq!(told("onefolk_last_success_as_of_seconds"), 1_795_305_600.0);
    assert!(told("onefolk_peak_memory_bytes") > 1e6);
    assert!(metrics.contains("onefolk_stage_seconds{stage=\"Reading\"} "), "{metrics}");
    for person in &people {
        for value in person.values() {
            assert!(!text.contains(value) && !metrics.contains(value), "{value} was told");
        }
    }
}

#[test]
fn a_warning_is_in_the_log_in_run_json_in_the_history_and_in_the_metrics() {
    let people = town(80, 102);
    let night = Night::of(&people);
    night.run().done();
    fs::remove_file(night.path("in/acute.csv")).unwrap();
    let told = night.run().done();
    let warned: Vec<&str> = told.stderr.lines().filter_map(|line| line.strip_prefix("warning: ")).collect();
    let expected = "provider acute has sent nothing usable";
    assert!(warned.iter().any(|warning| warning.starts_with(expected)), "{warned:?}");
    assert_eq!(run_json(&night)["warnings"], serde_json::json!(warned));
    let log = fs::read_to_string(night.current("log.jsonl")).unwrap();
    let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON"));
    let events: Vec<serde_json::Value> = events.filter(|event| event["level"] == "WARN").collect();
    for warning in &warned {
        assert!(events.iter().any(|event| event["message"] == *warning), "{warning}: {log}");
    }
    let metrics = fs::read_to_string(night.current("onefolk.prom")).unwrap();
    let count = warned.len();
    for line in [&*format!("onefolk_warnings {count}"), "onefolk_provider_days_old{provider=\"acute\"} 0"] {
        assert!(metrics.lines().any(|known| known == line), "{line}: {metrics}");
    }
    let history = fs::read_to_string(night.output().join("state/history.jsonl")).unwrap();
    let last = history.lines().last().expect("a night has ended");
    assert!(last.contains(&format!("\"warnings\":{count}")), "{history}");
    assert_eq!(watched(&night, "last_run_warnings"), Some(count.to_string()));
    let ended = examined(&night, 0)["last runs"].1.clone();
    assert!(ended.contains(&format!("run published 2026-11-22-02 with {count} warning")), "{ended}");
    for person in &people {
        for value in person.values() {
            assert!(!log.contains(value) && !metrics.contains(value), "{value} was told");
        }
    }
}

#[test]
fn what_is_to_be_warned_of_once_a_run_stands_is_in_its_log_as_well() {
    let people = town(60, 103);
    let night = operated(&people);
    night.run().done();
    night.run().done();
    // From a kept run that cannot be read nobody can be taken out.
    fs::write(night.output().join("runs/2026-11-22-01/crosswalk.parquet"), b"PAR1").unwrap();
    night.write("objections.csv", "nhs_number,provider,record_id\n,gp,7\n");
    let told = night.run().done();
    told.names_nobody(&people);
    let late = "run 2026-11-22-01 may still hold rows of people who object";
    assert!(told.stderr.contains(late), "{}", told.stderr);
    let log = fs::read_to_string(night.current("log.jsonl")).unwrap();
    let is_late = |line: &str| line.contains("\"level\":\"WARN\"") && line.contains(late);
    assert!(log.lines().any(is_late), "{log}");
    assert!(!run_json(&night)["warnings"].to_string().contains(late), "that was written, and hashed, before");
    assert!(!night.current(".log.partial").exists());
}

/// The value of a metric in state/last_run.prom, whatever its labels.
fn watched(night: &Night, name: &str) -> Option<String> {
    let text = fs::read_to_string(night.output().join("state/last_run.prom")).ok()?;
    let line = text.lines().find(|line| line.starts_with(&format!("onefolk_{name}{{")))?;
    line.rsplit(' ').next().map(str::to_string)
}

#[test]
fn a_night_that_does_not_begin_is_told_to_whoever_watches() {
    let night = Night::of(&town(60, 104));
    night.run_with(&["--waive", "provider_shrunken"]).failed(2, "OF0528");
    assert!(!night.output().exists(), "a misspelt name makes no folders");
    let codes = || ["last_run_exit_code", "last_night_exit_code"].map(|name| watched(&night, name).unwrap_or_default());
    night.run().done();
    assert_eq!(codes(), ["0", "0"]);
    let standing = night.standing();
    night.run_with(&["--waive", "provider_shrunken"]).failed(2, "OF0528");
    assert_eq!(codes(), ["2", "2"]);
    night.run_with(&["--dry-run"]).done();
    assert_eq!(codes(), ["0", "2"], "what published nothing makes no failed night a good one");
    night.run().done();
    common::edit(&night.path("job.toml"), "as_of", "as_off");
    night.run().failed(2, "OF0101");
    assert_eq!(codes(), ["2", "2"]);
    assert!(night.standing() != standing);
    common::edit(&night.path("job.toml"), "as_off", "as_of");
    night.run().done();
    assert_eq!(codes(), ["0", "0"]);

    // Another job of the same folder, which no longer says where its output is: it need not be this one.
    let job = fs::read_to_string(night.path("job.toml")).unwrap();
    for heading in ["[job\noutput", "[jobb]\noutput", "[job]\nouput"] {
        night.write("other.toml", job.replacen("[job]", &format!("{heading} = \"elsewhere\""), 1));
        let mut other = onefolk();
        other.arg("run").arg(night.path("other.toml"));
        outcome(other).failed(2, "OF0101");
        assert_eq!(codes(), ["0", "0"], "{heading}");
    }
    // Nothing in this one looks as if it were to say so.
    common::edit(&night.path("job.toml"), "[job]", "[job");
    night.run().failed(2, "OF0101");
    assert_eq!(codes(), ["2", "2"]);
}

/// Where nothing can be written.
fn full() -> Stdio {
    fs::OpenOptions::new().write(true).open("/dev/full").expect("every Linux has it").into()
}

#[test]
fn nobody_has_to_read_what_a_night_says_for_it_to_be_published() {
    let night = Night::of(&town(60, 105));
    let started = |what: &[&str]| {
        let mut command = onefolk();
        command.arg(what[0]).arg(night.path("job.toml")).args(&what[1..]);
        command
    };
    let runs = || run_json(&night)["run_id"].clone();
    let mut unheard = started(&["run"]);
    unheard.stdout(full()).stderr(full());
    assert_eq!(unheard.status().expect("the binary starts").code(), Some(0));
    assert_eq!(runs(), "2026-11-22-01");
    // The reader has gone away.
    let mut child = started(&["run"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("it is ours").code(), Some(0));
    assert_eq!(runs(), "2026-11-22-02");
    let published: [(&[&str], &str); 2] =
        [(&["run", "--json"], "2026-11-22-03"), (&["rollback", "2026-11-22-01"], "2026-11-22-04")];
    for (arguments, run) in published {
        let mut unseen = started(arguments);
        unseen.stdout(full());
        let told = outcome(unseen).done();
        let warning = told.stderr.lines().last().unwrap_or_default();
        assert!(warning.starts_with("warning: ") && warning.contains("standard output"), "{}", told.stderr);
        assert!(!told.stderr.contains("nothing was published"), "{}", told.stderr);
        assert_eq!(runs(), run);
    }
    // What these come to is what they print.
    for arguments in [&["plan"][..], &["doctor"], &["run", "--dry-run"]] {
        let mut unseen = started(arguments);
        unseen.stdout(full());
        outcome(unseen).failed(4, "OF0403");
    }
}

#[test]
fn a_service_manager_is_told_what_goes_on() {
    let night = Night::of(&town(60, 98));
    let path = night.path("notify");
    let listener = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    let mut run = night.command(&[] as &[&str]);
    run.env("NOTIFY_SOCKET", &path);
    listener.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    // Read as they come: a socket holds but a few.
    let told = std::thread::spawn(move || {
        let (mut told, mut bytes) = (Vec::<String>::new(), [0; 512]);
        while told.last().is_none_or(|last| last != "STOPPING=1")
            && let Ok(length) = listener.recv(&mut bytes)
        {
            told.push(String::from_utf8(bytes[..length].to_vec()).expect("it is text"));
        }
        told
    });
    outcome(run).done();
    let told = told.join().expect("the listener ends");
    assert_eq!(told.first().map(String::as_str), Some("READY=1\nSTATUS=run"), "{told:?}");
    assert!(told.contains(&"STATUS=Linking\nWATCHDOG=1".to_string()), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("STOPPING=1"), "{told:?}");
}
