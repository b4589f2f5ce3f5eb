//! What people who are in the data rely on: no value of theirs stands where it does not belong. Values that stand nowhere else are planted
//! in every field of every format, and everything that is printed or written is searched for them.

use crate::common::canaries::{
    CANARY, COLUMNS, MARKED, WITHHELD, canaries, command, found, night_of_canaries, searched, silent,
};
use crate::common::{self, NULL, Night, Outcome, Person, town};
use std::path::PathBuf;

/// What `onefolk ARGUMENTS` prints that is to work and to name nobody.
#[track_caller]
fn done(night: &Night, people: &[Person], arguments: &[&str]) -> Outcome {
    let ended = silent(command(night, arguments, ""));
    ended.names_nobody(people);
    assert_eq!(ended.status, Some(0), "{arguments:?}\n{}", ended.stderr);
    ended
}

fn approve_all(night: &Night, people: &[Person]) {
    for release in ["care", "ours", "planning", "tables"] {
        let who = ["--who", "Ann", "--role", "governance_lead", "--key", "lead.key"];
        done(night, people, &[&["approve", "job.toml", release][..], &who].concat());
    }
}

#[test]
fn no_value_of_a_person_stands_where_it_does_not_belong() {
    let people = town(100, 51);
    let night = night_of_canaries(&people);
    let done = |arguments: &[&str]| done(&night, &people, arguments);
    done(&["init", "in", "--output", "drafted.toml"]);
    done(&["check", "job.toml"]);
    done(&["plan", "job.toml"]);
    approve_all(&night, &people);
    done(&["run", "job.toml"]);
    done(&["run", "job.toml", "--json"]);
    let first = done(&["run", "job.toml", "--resume", "--full"]);
    assert!(!first.stderr.contains("refused by"), "{}", first.stderr);
    let ids = night.person_ids();
    let canary = &ids[&("a".to_string(), format!("{CANARY}id-usable1"))];
    done(&["explain", "person", canary, "--job", "job.toml"]);
    done(&["explain", "change", canary, "--job", "job.toml"]);
    done(&["explain", "pair", "a:1-1", "b:2-1", "--job", "job.toml"]);
    done(&["explain", "missing", "a:1-1", "b:2-2", "--job", "job.toml"]);
    done(&["evaluate", "job.toml", "--labels", "lists/labels.csv"]);
    done(&["evaluate", "job.toml", "--truth", "lists/truth.csv", "--json"]);
    done(&["evaluate", "job.toml"]);
    silent(command(&night, &["review", "job.toml", "--by", "ann"], "u\nq\n"));
    done(&["train", "job.toml", "--output", "another.json"]);
    done(&["backtest", "job.toml", "--model", "another.json"]);
    silent(command(&night, &["doctor", "job.toml"], ""));
    done(&["audit", "verify", "job.toml"]);
    done(&["audit", "show", "job.toml", "--person", canary]);
    done(&["policy", "show", "job.toml"]);
    done(&["release", "job.toml", "care"]);
    let earlier = std::fs::read_dir(night.output().join("runs")).unwrap().map(|entry| entry.unwrap().file_name());
    let earlier = earlier.min().expect("there are runs").into_string().expect("our names are text");
    done(&["rollback", "job.toml", &earlier]);
    done(&["export", "job.toml", "--output", "exported.parquet"]);
    let (files, with_canary) = searched(&night.output());
    // Four runs with some thirty files each. That canaries were there at all: in the crosswalk, people, quarantine and withheld of each.
    assert!(files > 90 && with_canary >= 16, "{with_canary} of {files}");
    for name in ["drafted.toml", "another.json", "approvals.csv"] {
        let text = String::from_utf8_lossy(&std::fs::read(night.path(name)).unwrap()).into_owned();
        assert_eq!(found(&text), [] as [&str; 0], "{name}");
    }
    let crosswalk = night.table("crosswalk.parquet");
    // That of f is decided to be no person; a word that is no reason to withhold an identity is one, and one that is no mark is one.
    let withheld = night.table("withheld.parquet");
    let because = |reason: &str| withheld.values("reason").iter().filter(|known| **known == reason).count();
    assert_eq!((because("not_a_person"), because("withheld_identity"), withheld.rows.len()), (1, 7, 8));
    assert!(!ids.contains_key(&("a".to_string(), format!("1-{WITHHELD}"))));
    let everybody = night.table("people.parquet");
    let [id, postcode] = ["person_id", "postcode"].map(|name| everybody.column(name));
    let marked = &ids[&("a".to_string(), format!("1-{MARKED}"))];
    let line = everybody.rows.iter().find(|row| row[id] == *marked).expect("they are there as anybody is");
    assert_eq!(line[postcode], NULL);
    // Whose name stood in one column is known by it.
    let named = format!("{CANARY}fully");
    assert!(everybody.rows.iter().flatten().any(|value| value.to_lowercase().contains(&named)));
    for provider in ["a", "b", "c", "d", "e", "g"] {
        let rows = crosswalk.rows.iter().filter(|row| row[0] == provider && row[1].contains(CANARY));
        assert!(rows.count() >= 1, "no canary of {provider} was read");
    }
    assert!(night.table("quarantine.parquet").rows.len() >= 12);
}

/// What a person's page shows of a canary to everybody: the fact that the job carries, and the first day of a package of care.
const ON_A_PAGE: [&str; 2] = ["note", "born"];

#[track_caller]
fn shows_no_more_than(allowed: &[&str], text: &str) {
    let more: Vec<&str> = found(text).into_iter().filter(|field| !allowed.contains(field)).collect();
    assert!(more.is_empty(), "{more:?} in\n{text}");
}

#[test]
fn nobody_is_named_to_whoever_looks_people_up_without_asking_for_names() {
    let people = town(60, 54);
    let night = night_of_canaries(&people);
    let done = |arguments: &[&str]| done(&night, &people, arguments);
    approve_all(&night, &people);
    done(&["run", "job.toml"]);
    let ids = night.person_ids();
    let canary = ids[&("a".to_string(), format!("{CANARY}id-usable1"))].as_str();
    // The year alone is no canary, and nobody else was born in it.
    let asked = done(&["find", "--born", "1911", "--limit", "20", "--json"]);
    assert!(asked.stdout.contains(canary), "{}", asked.stdout);
    done(&["find", "--born", "1911"]);
    done(&["find", "--name", &people[3].family, "--born", &people[3].born]);
    night.write("lists/calls.csv", "name,born\n,1911\n");
    done(&["find", "--queries", "lists/calls.csv"]);
    done(&["find", "--queries", "lists/calls.csv", "--json"]);
    let page = command(&night, &["person", canary, "--html", "page.html"], "").done();
    let (before, packages) = page.stdout.split_once("Packages of care").expect("they have one");
    shows_no_more_than(&["note"], before);
    shows_no_more_than(&ON_A_PAGE, packages);
    shows_no_more_than(&[], &page.stderr);
    shows_no_more_than(&ON_A_PAGE, &std::fs::read_to_string(night.path("page.html")).expect("it is written"));
    let page = command(&night, &["person", canary, "--json"], "").done();
    shows_no_more_than(&ON_A_PAGE, &page.stdout);
    searched(&night.output());
}

#[test]
fn nobody_is_named_by_what_is_made_anew_encrypted_or_opened() {
    let people = town(60, 55);
    let night = night_of_canaries(&people);
    let done = |arguments: &[&str]| done(&night, &people, arguments);
    approve_all(&night, &people);
    done(&["run", "job.toml"]);
    done(&["cohort", "job.toml", "adults"]);
    done(&["cohort", "job.toml", "adults", "--json"]);
    done(&["report", "job.toml"]);
    done(&["report", "job.toml", "--json"]);
    done(&["keys", "rotate", "job.toml"]);
    assert!(night.current("cohorts/adults.parquet").exists());
    let (_, with_canary) = searched(&night.output());
    common::edit(&night.path("job.toml"), "[job]\n", "[job]\nencryption_key_file = \"output.key\"\n");
    done(&["keys", "new", "--encryption", "output.key"]);
    done(&["keys", "seal", "job.toml"]);
    let report = done(&["decrypt", "job.toml", "out/current/report.html"]).stdout;
    assert!(report.to_lowercase().starts_with("<!doctype html>"));
    done(&["decrypt", "job.toml", "out/current", "--output", "opened"]);
    // The crosswalk, people, quarantine and withheld.
    let (_, opened) = searched(&night.path("opened"));
    assert!(opened >= 4 && with_canary >= opened, "{opened} of {with_canary}");
    done(&["keys", "unseal", "job.toml"]);
    assert_eq!(searched(&night.output()).1, with_canary);
}

/// What is wrong with a night, as something that is done to it.
type Damage = (&'static str, fn(&Night));

fn cut(night: &Night, name: &str) {
    let bytes = std::fs::read(night.path(name)).expect("it stands");
    night.write(name, &bytes[..bytes.len() * 2 / 3]);
}

fn append(night: &Night, name: &str, text: &str) {
    let mut bytes = std::fs::read(night.path(name)).expect("it stands");
    bytes.extend(text.as_bytes());
    night.write(name, bytes);
}

const DAMAGES: [Damage; 16] = [
    ("no header", |night| night.write("in/a.csv", canaries(1)[1].join(",").repeat(3))),
    ("nothing but quarantine", |night| {
        night.write("in/a.csv", format!("{}\n{CANARY}id,{CANARY}nhs\n", COLUMNS.join(",")))
    }),
    ("a cut gzip file", |night| cut(night, "in/b.csv.gz")),
    ("a cut zstd file", |night| cut(night, "in/c.csv.zst")),
    ("a cut Parquet file", |night| cut(night, "in/d.parquet")),
    ("no JSON", |night| night.write("in/e.jsonl", format!("[\"{CANARY}id\"]\n{CANARY}given\n"))),
    ("no workbook", |night| night.write("in/g.xlsx", format!("PK{CANARY}id"))),
    ("a cut workbook", |night| cut(night, "in/g.xlsx")),
    ("no text", |night| night.write("in/f.txt", [b"\xff\xfe\x00\xd8", CANARY.as_bytes(), b"id\xff"].concat())),
    ("a name in the objections", |night| append(night, "lists/local.csv", &format!("{CANARY}given,,\n"))),
    ("a name in the national opt-outs", |night| append(night, "lists/national.csv", &format!("{CANARY}family\n"))),
    ("a name in replaced numbers", |night| {
        append(night, "lists/replaced.csv", &format!("{CANARY}nhs,{CANARY}given\n"))
    }),
    ("a name in pairs to keep apart", |night| append(night, "lists/apart.csv", &format!("a:1,{CANARY}family\n"))),
    ("a name in the decisions", |night| append(night, "out/state/decisions.csv", &format!("{CANARY}id,a:1,yes\n"))),
    ("a column for another", |night| common::edit(&night.path("job.toml"), "\"given\"", "\"Given\"")),
    ("a key that is none", |night| night.write("lead.key.pub", format!("{CANARY}id\n"))),
];

#[test]
fn failures_name_nobody_either() {
    let people = town(30, 52);
    for (what, damage) in DAMAGES {
        let night = night_of_canaries(&people);
        damage(&night);
        for arguments in [&["check", "job.toml"][..], &["plan", "job.toml"], &["run", "job.toml"]] {
            let ended = silent(command(&night, arguments, ""));
            ended.names_nobody(&people);
            assert!(!ended.stderr.contains("panicked") && ended.status != Some(101), "{what}: {}", ended.stderr);
            // But for a night that fails, nothing has to.
            let fails = arguments[0] == "run" && what != "a cut workbook";
            assert!(!fails || ended.status != Some(0), "{what} passes: {}", ended.stdout);
        }
        searched(&night.output());
    }
    // A night that is killed leaves what it had read for the next attempt, and says nothing of it.
    let night = night_of_canaries(&people);
    for (file, arguments) in [("lists/truth.csv", "--truth"), ("lists/labels.csv", "--labels")] {
        silent(command(&night, &["run", "job.toml"], "")).done();
        append(&night, file, &format!("{CANARY}given,{CANARY}id\n"));
        silent(command(&night, &["evaluate", "job.toml", arguments, file], ""));
    }
}

#[test]
fn no_core_file_holds_what_the_program_knew() {
    let night = Night::of(&town(40, 53));
    let mut child = night.start();
    let limits = PathBuf::from(format!("/proc/{}/limits", child.id()));
    let mut told = String::new();
    // It is the first thing that it does, but it has to have begun.
    for _ in 0..2000 {
        told = std::fs::read_to_string(&limits).unwrap_or_default();
        let core = told.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
        if core.split_whitespace().nth(4) == Some("0") {
            break;
        }
        told.clear();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(child.wait().expect("it ends").success());
    assert!(!told.is_empty(), "its core may be written");
}
