//! What somebody at a telephone relies on: a person is found however they are spelt, and one page says what is known, as things stand today.

use crate::common::{self, Night, Person, edit, onefolk, outcome, town};
use crate::opened::{asks_for_nothing, check_in_browser, is_well_formed};

const HEADER: &str = "id,nhs,given,family,born,sex,address,postcode,phone,seen,flag";

/// A practice and a hospital that know the same people; the first of them is flagged as sensitive.
fn night(people: &[Person]) -> Night {
    let night = Night::new();
    for (provider, seen) in [("gp", "2026-11-01"), ("acute", "2026-10-05")] {
        let mut text = format!("{HEADER}\n");
        for (at, person) in people.iter().enumerate() {
            let born = if at == 3 && provider == "acute" { "1901-02-03" } else { &person.born };
            let flag = if at == 0 { "S" } else { "" };
            text.push_str(&format!(
                "{provider}-{at},{},{},{},{born},{},{},{},{},{seen},{flag}\n",
                person.nhs_number,
                person.given,
                person.family,
                person.sex,
                person.address,
                person.postcode,
                person.phone
            ));
        }
        night.write(&format!("in/{provider}.csv"), text);
    }
    let keys = "phone = \"phone\"\nupdated = \"seen\"\nsensitivity = \"flag\"\n";
    let job = common::job(&[("gp", "in/gp.csv", ""), ("acute", "in/acute.csv", "")], "");
    night.write("job.toml", job.replace("phone = \"phone\"\n", keys));
    night.run().done();
    night
}

fn ask(night: &Night, arguments: &[&str]) -> common::Outcome {
    let mut command = onefolk();
    command.args(arguments).arg("--job").arg(night.path("job.toml"));
    outcome(command)
}

fn first_found(night: &Night, name: &str, born: &str) -> String {
    let told = ask(night, &["find", "--name", name, "--born", born, "--json"]).done();
    let answer: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    answer["found"][0]["person_id"].as_str().unwrap_or("nobody").to_string()
}

fn id_of(night: &Night, record: &str) -> String {
    night.person_ids()[&("gp".to_string(), record.to_string())].clone()
}

/// With its last letter but one taken out.
fn mistyped(name: &str) -> String {
    let mut name = name.to_string();
    name.remove(name.len() - 2);
    name
}

#[test]
fn people_are_found_by_what_callers_say() {
    let people = town(60, 41);
    let night = night(&people);
    let mut right = 0;
    for (at, person) in people.iter().enumerate().skip(4).take(12) {
        let (year, rest) = person.born.split_once('-').unwrap();
        let (month, day) = rest.split_once('-').unwrap();
        let asked = format!("{} {}", person.family, mistyped(&person.given));
        right += usize::from(
            first_found(&night, &asked, &format!("{year}-{month}-{day}")) == id_of(&night, &format!("gp-{at}")),
        );
    }
    assert_eq!(right, 12);
    let told = ask(&night, &["find", "--name", &people[5].given, "--born", &people[5].born]).done();
    told.names_nobody(&people);
    let shown =
        ask(&night, &["find", "--name", &people[5].given, "--born", &people[5].born, "--show-identifiers"]).done();
    assert!(shown.stdout.contains(&people[5].born), "{}", shown.stdout);
}

#[test]
fn the_page_begins_with_what_must_be_known_first() {
    let people = town(60, 42);
    let night = night(&people);
    let id = id_of(&night, "gp-3");
    let told = ask(&night, &["person", &id]).done();
    told.names_nobody(&people);
    let before = told.stdout.split("Best record").next().unwrap().to_string();
    for words in ["2026-11-22", "feeds", "date of birth", "review", "2 records"] {
        assert!(before.contains(words), "{words}: {before}");
    }
    assert!(told.stdout.contains("last contact 2026-11-01"), "{}", told.stdout);
    let page = night.path("page.html");
    let shown = ask(&night, &["person", &id, "--show-identifiers", "--html", page.to_str().unwrap()]).done();
    assert!(shown.stdout.contains(&people[3].family));
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains(&people[3].family) && html.contains("default-src 'none'"));
    asks_for_nothing(&html);
    is_well_formed(&html);
    check_in_browser(&page);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&page).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    ask(&night, &["person", &id, "--html", page.to_str().unwrap()]).failed(2, "OF0603");
}

#[test]
fn a_fact_that_names_somebody_is_shown_with_the_other_identifiers_only() {
    let people = town(60, 44);
    let night = night(&people);
    let carry = "sensitivity = \"flag\"\n\n[provider.carry]\ncalled = { column = \"family\", kind = \"category\", combine = \"latest\" }\n\
                 sort = { column = \"sex\", kind = \"category\", combine = \"latest\" }\n";
    edit(&night.path("job.toml"), "sensitivity = \"flag\"\n", carry);
    night.run().done();
    let id = id_of(&night, "gp-7");
    let hidden = ask(&night, &["person", &id, "--json"]).done();
    hidden.names_nobody(&people);
    let facts = |told: &str| -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(told).expect("JSON")["facts"].clone()
    };
    let told = facts(&hidden.stdout);
    assert!(told.get("called").is_none() && told.get("sort").is_some(), "{}", hidden.stdout);
    let shown = ask(&night, &["person", &id, "--json", "--show-identifiers"]).done();
    assert!(facts(&shown.stdout).get("called").is_some(), "{}", shown.stdout);
}

#[test]
fn every_look_up_is_in_the_audit_and_says_whether_identifiers_were_shown() {
    let people = town(60, 43);
    let night = night(&people);
    let id = id_of(&night, "gp-7");
    let look_ups = || {
        let mut command = onefolk();
        command
            .args(["audit", "show"])
            .arg(night.path("job.toml"))
            .args(["--person", &id, "--event", "look_up", "--json"]);
        let shown = outcome(command).done().stdout;
        let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        let entries = shown["entries"].as_array().expect("a list").clone();
        let told = |entry: &serde_json::Value| {
            let command = entry["what"]["command"].as_str().expect("a command").to_string();
            (command, entry["what"]["identifiers"].as_bool().expect("yes or no"))
        };
        entries.iter().map(told).collect::<Vec<_>>()
    };
    let entry = |command: &str, identifiers: bool| (command.to_string(), identifiers);
    let name = [people[7].given.as_str(), people[7].family.as_str()].join(" ");
    ask(&night, &["person", &id]).done();
    ask(&night, &["find", "--name", &name, "--born", &people[7].born]).done();
    assert_eq!(look_ups(), [entry("person", false), entry("find", false)]);
    ask(&night, &["person", &id, "--show-identifiers"]).done();
    ask(&night, &["find", "--name", &name, "--born", &people[7].born, "--show-identifiers"]).done();
    assert_eq!(look_ups()[2..], [entry("person", true), entry("find", true)]);
    // Each of many questions has an entry of its own.
    night.write("calls.csv", format!("name,born\n{name},{born}\n{name},{born}\n", born = people[7].born));
    let calls = night.path("calls.csv");
    ask(&night, &["find", "--queries", calls.to_str().unwrap()]).done();
    assert_eq!(look_ups()[4..], [entry("find", false), entry("find", false)]);
}

#[test]
fn nothing_tells_where_a_sensitive_person_is() {
    let people = town(60, 44);
    let night = night(&people);
    let id = id_of(&night, "gp-0");
    for arguments in [vec!["person", &id], vec!["person", &id, "--show-identifiers"], vec!["person", &id, "--json"]] {
        let told = ask(&night, &arguments).done().stdout;
        for hidden in [&people[0].address, &people[0].postcode, "gp-0", "acute-0", "last contact 2026", "ensitiv"] {
            assert!(!told.contains(hidden), "{hidden}: {told}");
        }
    }
    assert_eq!(first_found(&night, &format!("{} {}", people[0].given, people[0].family), &people[0].born), id);
}

#[test]
fn whoever_objects_today_is_nobody() {
    let people = town(60, 45);
    let night = night(&people);
    let id = id_of(&night, "gp-9");
    let name = format!("{} {}", people[9].given, people[9].family);
    assert_eq!(first_found(&night, &name, &people[9].born), id);
    // The list comes after the run; the run still has them.
    night.write("objections.csv", "provider,record_id\nacute,acute-9\n");
    edit(&night.path("job.toml"), "[job]\n", "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n\n[job]\n");
    assert_ne!(first_found(&night, &name, &people[9].born), id);
    ask(&night, &["person", &id]).failed(2, "OF0543");
    // And by a number.
    night.write("objections.csv", format!("nhs_number\n{}\n", people[11].nhs_number));
    assert_eq!(first_found(&night, &name, &people[9].born), id);
    let other = id_of(&night, "gp-11");
    assert_ne!(first_found(&night, &format!("{} {}", people[11].given, people[11].family), &people[11].born), other);
}

#[test]
fn many_questions_come_from_a_file_and_none_is_repeated() {
    let people = town(60, 46);
    let night = night(&people);
    let path = night.path("calls.csv");
    let mut text = "name,born\n".to_string();
    for person in &people[20..24] {
        text.push_str(&format!("{} {},{}\n", person.given, person.family, person.born));
    }
    std::fs::write(&path, &text).unwrap();
    let told = ask(&night, &["find", "--queries", path.to_str().unwrap(), "--json"]).done();
    let ids: Vec<String> = told
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["found"][0]["person_id"].as_str().unwrap().into()
        })
        .collect();
    let expected: Vec<String> = (20..24).map(|at| id_of(&night, &format!("gp-{at}"))).collect();
    assert_eq!(ids, expected);
    std::fs::write(&path, "name,born\n12,Zqxcanary\n").unwrap();
    let failed = ask(&night, &["find", "--queries", path.to_str().unwrap()]).failed(2, "OF0601");
    assert!(failed.stderr.contains("line 2") && !failed.stderr.contains("Zqx"), "{}", failed.stderr);
    ask(&night, &["find", "--name", "7"]).failed(2, "OF0580");
    ask(&night, &["find"]).failed(2, "OF0601");
}
