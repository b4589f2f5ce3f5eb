//! What those who run the same job every night rely on: accounts that hold whatever arrives, and people who stay who they are.

mod common;

use common::{Night, Person, Random, account_of, accounts, job, town};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One broken line, without anything that swallows the lines after it.
fn broken(random: &mut Random, person: &Person, nth: usize) -> Vec<u8> {
    match random.below(8) {
        0 => b"short,row".to_vec(),
        1 => format!("{},one,too,many", person.exact_row(&format!("long{nth}"))).into_bytes(),
        2 => person.exact_row("").into_bytes(),
        3 => format!("empty{nth},,,,,,,,").into_bytes(),
        4 => [person.exact_row(&format!("bytes{nth}")).as_bytes(), &[0xff, 0xfe]].concat(),
        5 => format!("filler{nth},,Test,Patient,,,,,").into_bytes(),
        6 => format!("dates{nth},9990000000,{},{},31/02/2999,7,,ZZ99 3VZ,0", person.given, person.family).into_bytes(),
        _ => person.exact_row(&format!("nul{nth}")).replace(&person.given, "\0").into_bytes(),
    }
}

/// An extract of `delimiter`, and how many data rows it has.
fn extract(random: &mut Random, people: &[Person], delimiter: char, line_break: &str) -> (Vec<u8>, u64) {
    let separated = |bytes: Vec<u8>| -> Vec<u8> {
        bytes.into_iter().map(|byte| if byte == b',' { delimiter as u8 } else { byte }).collect()
    };
    let mut bytes = separated(common::HEADER.as_bytes().to_vec());
    bytes.extend(line_break.bytes());
    let mut rows = 0;
    for (nth, person) in people.iter().enumerate() {
        if random.below(3) > 0 {
            bytes.extend(separated(person.row(&format!("r{nth}"), random).into_bytes()));
            bytes.extend(line_break.bytes());
            rows += 1;
        }
        if random.below(6) == 0 {
            bytes.extend(separated(broken(random, person, nth)));
            bytes.extend(line_break.bytes());
            rows += 1;
        }
    }
    (bytes, rows)
}

#[test]
fn accounts_hold_for_any_generated_job() {
    for seed in 0..6 {
        let mut random = Random::new(1000 + seed);
        let population = 20 + random.below(150) as usize;
        let people = town(population, seed);
        let (night, mut expected, mut providers) = (Night::new(), BTreeMap::new(), Vec::new());
        for provider in 0..1 + random.below(4) {
            let (delimiter, line_break) = (*random.pick(&[',', ';', '\t', '|']), *random.pick(&["\n", "\r\n"]));
            let (bytes, rows) = extract(&mut random, &people, delimiter, line_break);
            let file = format!("in/p{provider}.csv");
            night.write(&file, bytes);
            expected.insert(file.clone(), rows);
            providers.push((format!("p{provider}"), file));
        }
        night.write("objections.csv", format!("nhs_number\n{}\n{}\n", people[0].nhs_number, people[5].nhs_number));
        let listed: Vec<(&str, &str, &str)> =
            providers.iter().map(|(id, file)| (id.as_str(), file.as_str(), "")).collect();
        let rest =
            "[gates]\nmaximum_quarantined = \"100 %\"\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n";
        night.write("job.toml", job(&listed, rest));
        night.run().done().names_nobody(&people);
        let run: serde_json::Value =
            serde_json::from_slice(&std::fs::read(night.current("run.json")).unwrap()).unwrap();
        let counted = accounts(&night.output().join("current"));
        for (file, rows) in expected {
            assert_eq!(counted[&file].rows(), rows, "seed {seed}, {file}");
            assert_eq!(account_of(&run, &file), (rows, counted[&file]), "seed {seed}, {file}");
        }
        // People and crosswalk name the same people, and each person as many records as the crosswalk has.
        let mut records: BTreeMap<String, u64> = BTreeMap::new();
        night
            .table("crosswalk.parquet")
            .values("person_id")
            .iter()
            .for_each(|person| *records.entry(person.to_string()).or_default() += 1);
        let table = night.table("people.parquet");
        let said: BTreeMap<String, u64> = table
            .values("person_id")
            .iter()
            .zip(table.values("records"))
            .map(|(person, n)| (person.to_string(), n.parse().unwrap()))
            .collect();
        assert_eq!(said, records, "seed {seed}");
    }
}

#[test]
fn people_stay_who_they_are_when_records_come_and_go() {
    let people = town(250, 41);
    let night = Night::of(&people);
    night.run().done();
    let first = night.person_ids();

    // One more record of somebody known, and somebody new.
    let before = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let stranger = Person {
        given: "Xanthippa".into(),
        family: "Ravensworth".into(),
        nhs_number: common::nhs_number(5000),
        ..town(900, 77)[899].clone()
    };
    let added = format!("{before}{}\n{}\n", people[3].exact_row("more"), stranger.exact_row("new"));
    night.write("in/gp.csv", &added);
    night.run().done();
    let second = night.person_ids();
    for (record, person) in &first {
        assert_eq!(second.get(record), Some(person), "{record:?}");
    }
    let place = |id: &str| second[&("gp".to_string(), id.to_string())].clone();
    assert!(!first.values().any(|known| *known == place("new")));
    let changed = |night: &Night| -> BTreeSet<(String, String)> {
        let table = night.table("changes.parquet");
        table
            .values("person_id")
            .iter()
            .zip(table.values("change"))
            .map(|(id, change)| (id.to_string(), change.to_string()))
            .collect()
    };
    assert!(changed(&night).contains(&(place("new"), "new".into())), "{:?}", changed(&night));
    assert!(changed(&night).contains(&(place("more"), "grown".into())), "{:?}", changed(&night));
    assert_eq!(changed(&night).len(), 2, "{:?}", changed(&night));

    // Gone again: the same people as at first, under the same ids.
    night.write("in/gp.csv", &before);
    night.run().done();
    assert_eq!(night.person_ids(), first);
    let expected: BTreeSet<_> = [(place("new"), "retired".to_string()), (place("more"), "shrunk".to_string())].into();
    assert_eq!(changed(&night), expected);

    // And back: a number once given to somebody is theirs or nobody's.
    night.write("in/gp.csv", &added);
    night.run().done();
    let fourth = night.person_ids();
    for (record, person) in &first {
        assert_eq!(fourth.get(record), Some(person), "{record:?}");
    }
}

/// Bytes below `folder`, those of `apart` not counted.
fn bytes_below(folder: &Path, apart: Option<&str>) -> u64 {
    let files = common::files_below(folder);
    files
        .iter()
        .filter(|(name, _)| apart.is_none_or(|apart| !name.starts_with(apart)))
        .map(|(_, bytes)| bytes.len() as u64)
        .sum()
}

/// A month of nights as they come: people who arrive and leave, objections, a training, a rollback, a failed gate and a kill.
#[test]
fn after_a_month_nothing_has_grown_without_limit() {
    const KEPT: usize = 4;
    let everybody = town(90, 60);
    let night = Night::new();
    let rest = "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n";
    let text = job(&[("gp", "in/gp.csv", ""), ("acute", "in/acute.csv", "")], rest);
    let text = text.replacen("[job]\n", &format!("[job]\nkeep_runs = {KEPT}\n"), 1);
    let (ledger, state) = (night.output().join("state/ledger"), night.output().join("state"));
    let (mut state_bytes, mut run_bytes, mut ledger_bytes) = (0, 0, 0);
    for day in 1..=30usize {
        let date = format!("2026-10-{day:02}");
        night.write("job.toml", text.replacen("2026-11-22", &date, 1));
        let mut random = Random::new(day as u64);
        let people = &everybody[day..day + 60];
        night.write("in/gp.csv", common::csv(people, &mut random, 0));
        night.write("in/acute.csv", common::csv(people, &mut random, 1));
        let objector = if day % 3 == 0 { people[day].nhs_number.as_str() } else { "" };
        night.write("objections.csv", format!("nhs_number\n{objector}\n"));
        match day {
            9 => {
                let before = night.standing();
                night.write("in/gp.csv", common::csv(&people[..5], &mut random, 0));
                night.write("in/acute.csv", common::csv(&people[..5], &mut random, 1));
                assert_eq!(night.run().status, Some(1));
                assert!(night.standing() == before);
            }
            14 => {
                let mut child = night.start();
                std::thread::sleep(std::time::Duration::from_millis(40));
                let _ = child.kill();
                child.wait().expect("it is ours");
                night.run().done();
            }
            17 => drop(other(&night, "train", &[]).done()),
            20 => {
                let to = runs(&night)[0].clone();
                other(&night, "rollback", &[&to]).done();
            }
            _ => drop(night.run().done()),
        }
        assert!(night.unfinished().is_empty());
        assert_eq!(runs(&night).len(), KEPT.min(day), "night {day}");
        let current = std::fs::read_link(night.output().join("current")).unwrap();
        assert!(night.output().join(current).join("run.json").exists());
        // One assignment, whatever the number of nights.
        let assignments = common::files_below(&ledger).keys().filter(|name| name.ends_with("assignment")).count();
        assert_eq!(assignments, 1);
        let sizes = (bytes_below(&state, Some("ledger")), bytes_below(&night.output().join("runs"), None));
        let now = bytes_below(&ledger, None);
        let issued = now.saturating_sub(std::mem::replace(&mut ledger_bytes, now));
        if day == 8 {
            (state_bytes, run_bytes) = sizes;
        }
        if day > 8 {
            // The history of runs may grow up to its hundred lines, of at most 200 bytes.
            assert!(sizes.0 < state_bytes + state_bytes / 4 + 20_000, "night {day}: {} of {state_bytes}", sizes.0);
            assert!(sizes.1 < run_bytes + run_bytes / 3, "night {day}: {} of {run_bytes}", sizes.1);
            assert!(issued < 8_000, "the ledger grew by {issued} bytes in night {day}");
        }
    }
    let files = common::files_below(&state);
    let own: Vec<&str> =
        files.keys().filter(|name| !name.starts_with("ledger")).filter_map(|name| name.to_str()).collect();
    assert_eq!(own, ["failed.jsonl", "history.jsonl", "last_run.prom", "lock", "model.json", "person_id.key"]);
}

fn other(night: &Night, command: &str, arguments: &[&str]) -> common::Outcome {
    let mut started = common::onefolk();
    started.arg(command).arg(night.path("job.toml")).args(arguments);
    common::outcome(started)
}

/// The runs that are kept, oldest first.
fn runs(night: &Night) -> Vec<String> {
    let entries = std::fs::read_dir(night.output().join("runs")).unwrap();
    let mut runs: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    runs.sort();
    runs
}
