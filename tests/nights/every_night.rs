//! What those who run the same job every night rely on: accounts that hold whatever arrives, and people who stay who they are.

use crate::common::{self, Night, Person, Random, account_of, accounts, job, nhs_number, town};
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

/// (provider, identity_id) → person_ids of the run that stands: by what rows say, wherever they stand.
fn by_content(night: &Night) -> BTreeMap<(String, String), BTreeSet<String>> {
    let table = night.table("crosswalk.parquet");
    let [provider, identity, person] = ["provider", "identity_id", "person_id"].map(|name| table.column(name));
    let mut people: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for row in &table.rows {
        people.entry((row[provider].clone(), row[identity].clone())).or_default().insert(row[person].clone());
    }
    people
}

/// Rows of one number in two extracts are not one record: they have nothing in common but their place.
#[test]
fn rows_of_one_number_in_two_extracts_are_not_taken_for_one_record() {
    let night = Night::of(&town(250, 41));
    let gp = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let (header, first) = (gp.lines().next().unwrap(), gp.lines().nth(1).unwrap());
    let fields: Vec<&str> = first.split(',').collect();
    // It says so little that it contradicts nobody, and nobody by as much alone.
    night.write("in/more.csv", format!("{header}\nx,,{},,,{},,,\n", fields[2], fields[5]));
    common::edit(&night.path("job.toml"), "[\"in/gp.csv\"]", "[\"in/gp.csv\", \"in/more.csv\"]");
    common::edit(&night.path("job.toml"), "record_id = \"id\"", "record_id = \"row_number\"");
    night.run().done();
    let table = night.table("crosswalk.parquet");
    let [file, source_row, person] = ["source_file", "source_row", "person_id"].map(|name| table.column(name));
    let of = |name: &str| {
        let row = table.rows.iter().find(|row| row[file] == name && row[source_row] == "1").expect("the row is there");
        row[person].clone()
    };
    assert_ne!(of("in/gp.csv"), of("in/more.csv"));
}

/// What changes.parquet of the run that stands says: person_ids and kinds.
fn changes(night: &Night) -> Vec<(String, String)> {
    let table = night.table("changes.parquet");
    let [person, change] = ["person_id", "change"].map(|name| table.column(name));
    table.rows.iter().map(|row| (row[person].clone(), row[change].clone())).collect()
}

/// Writes a row of somebody unknown at the top of the practice's extract, which moves the number of every other one.
fn a_stranger_comes_first(night: &Night) {
    let stranger = Person {
        given: "Xanthippa".into(),
        family: "Ravensworth".into(),
        nhs_number: common::nhs_number(5000),
        ..town(900, 77)[899].clone()
    };
    let gp = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    night.write("in/gp.csv", gp.replacen('\n', &format!("\n{}\n", stranger.exact_row("new")), 1));
}

#[test]
fn people_stay_who_they_are_where_rows_are_only_numbered() {
    const NAMED: &str = "record_id = \"id\"";
    const NUMBERED: &str = "record_id = \"row_number\"";
    let people = town(250, 41);
    let night = Night::of(&people);
    let same = |first: &BTreeMap<(String, String), BTreeSet<String>>| {
        let now = by_content(&night);
        first.iter().for_each(|(row, person)| assert_eq!(now.get(row), Some(person), "{row:?}"));
        now
    };
    // A run stands already that knew the rows by record_ids.
    night.run().done();
    let first = by_content(&night);
    common::edit(&night.path("job.toml"), NAMED, NUMBERED);
    night.run().done();
    assert_eq!((by_content(&night), changes(&night)), (first.clone(), vec![]));

    // A row at the top moves the number of every other one.
    a_stranger_comes_first(&night);
    night.run().done();
    let second = same(&first);
    let told = changes(&night);
    let [(new, kind)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(kind, "new");
    assert!(!first.values().any(|known| known.contains(new)));
    // What works out everything anew finds the same.
    night.run_with(&["--full"]).done();
    assert_eq!((by_content(&night), changes(&night)), (second.clone(), vec![]));

    // A decision would soon be about somebody else.
    let standing = night.standing();
    for (left, right, decision, line) in [("gp:17", "acute:4", "yes", 2), ("gp:3", "", "not_a_person", 4)] {
        decide(&night, left, right, decision);
        let told = night.run().failed(2, "OF0373");
        assert!(told.stderr.contains(&format!("line {line}: it names a row of provider ")), "{}", told.stderr);
        decide(&night, left, right, "unsure");
    }
    assert!(night.standing() == standing);
    night.run().done();
    assert_eq!((by_content(&night), changes(&night)), (second, vec![]));

    // Back to the first run, and to record_ids: the same people still.
    let oldest = runs(&night).remove(0);
    other(&night, "rollback", &[oldest.as_str()]).done();
    assert_eq!((by_content(&night), changes(&night)), (first.clone(), vec![(new.clone(), "retired".into())]));
    common::edit(&night.path("job.toml"), NUMBERED, NAMED);
    night.run().done();
    let last = same(&first);
    assert_eq!(changes(&night).len(), 1, "{:?}", changes(&night));
    night.run().done();
    assert_eq!((by_content(&night), changes(&night)), (last, vec![]));
}

/// A kept run has numbered the rows for which the job has record_ids since.
#[test]
fn a_rollback_to_numbered_rows_gives_nobody_anothers_id() {
    const NAMED: &str = "record_id = \"id\"";
    const NUMBERED: &str = "record_id = \"row_number\"";
    let night = Night::of(&town(250, 41));
    common::edit(&night.path("job.toml"), NAMED, NUMBERED);
    night.run().done();
    let first = by_content(&night);
    let numbered = runs(&night).remove(0);
    assert_eq!(run_json(&night)["settings"]["numbered_rows"].as_array().map(Vec::len), Some(2));
    common::edit(&night.path("job.toml"), NUMBERED, NAMED);
    night.run().done();
    assert_eq!((by_content(&night), changes(&night)), (first.clone(), vec![]));
    assert_eq!(run_json(&night)["settings"]["numbered_rows"], serde_json::json!([]));
    other(&night, "rollback", &[numbered.as_str()]).done();
    assert_eq!((by_content(&night), changes(&night)), (first.clone(), vec![]));

    // The night after it knows everybody again, wherever their rows stand.
    a_stranger_comes_first(&night);
    night.run().done();
    let now = by_content(&night);
    first.iter().for_each(|(row, person)| assert_eq!(now.get(row), Some(person), "{row:?}"));
    let told = changes(&night);
    let [(new, kind)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(kind, "new");

    // A run of an earlier version does not say that it has numbered them.
    common::edit(&night.output().join("runs").join(&numbered).join("run.json"), "numbered_rows", "nothing_of_it");
    other(&night, "rollback", &[numbered.as_str()]).done();
    assert_eq!((by_content(&night), changes(&night)), (first, vec![(new.clone(), "retired".into())]));
}

/// An extract whose first column is the `id` of the number of each row.
fn renumbered(extract: &str, id: impl Fn(usize) -> usize) -> String {
    let anew = |(row, line): (usize, &str)| match line.split_once(',') {
        Some((_, rest)) if row > 0 => format!("{},{rest}\n", id(row)),
        _ => format!("{line}\n"),
    };
    extract.lines().enumerate().map(anew).collect()
}

/// What the audit tells of a record: that nobody knows whose it is.
#[track_caller]
fn nobody_has(night: &Night, record: &str) {
    let mut audit = common::onefolk();
    audit.args(["audit", "show", "--record", record]).arg(night.path("job.toml"));
    let told = common::outcome(audit);
    assert!(told.status == Some(2) && told.stderr.contains("OF0541"), "{}{}", told.stdout, told.stderr);
}

/// A version before knew every row by its record_id, which was the row's number where a provider has none.
#[test]
fn a_record_is_not_the_row_whose_number_it_has_for_its_name() {
    let night = Night::of(&town(250, 41));
    let gp = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let rows = gp.lines().count() - 1;
    // As that version has left it: what it knew for record_ids are the numbers of the rows, and its runs do not say it.
    night.write("in/gp.csv", renumbered(&gp, |row| row));
    night.run().done();
    let first = by_content(&night);
    decide(&night, "gp:3", "gp:99999", "no");
    night.run().done();
    for run in runs(&night) {
        let told = night.output().join("runs").join(run).join("run.json");
        common::edit(&told, "numbered_rows", "nothing_of_it");
    }
    // By now there are record_ids, the same numbers as it happens, but each is another one's.
    night.write("in/gp.csv", renumbered(&gp, |row| rows + 1 - row));
    let job = std::fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", job + "# The practice has record_ids.\n");
    nobody_has(&night, "gp:3");
    let refused = || {
        let told = night.run().failed(2, "OF0373");
        assert!(told.stderr.contains("line 2: it names a row of provider gp by its number"), "{}", told.stderr);
    };
    refused();
    // A night whose `current` is gone is held against the newest run that is kept.
    let current = night.output().join("current");
    let leads_to = std::fs::read_link(&current).unwrap();
    std::fs::remove_file(&current).unwrap();
    refused();
    std::os::unix::fs::symlink(leads_to, &current).unwrap();
    decide(&night, "gp:3", "gp:99999", "unsure");
    night.run().done();
    assert_eq!((by_content(&night), changes(&night)), (first.clone(), vec![]));

    // From here on its records are known by their names, and may be decided of.
    decide(&night, "gp:3", "gp:99999", "no");
    a_stranger_comes_first(&night);
    night.run().done();
    let now = by_content(&night);
    first.iter().for_each(|(row, person)| assert_eq!(now.get(row), Some(person), "{row:?}"));
    let told = changes(&night);
    assert!(matches!(&told[..], [(_, kind)] if kind == "new"), "{told:?}");
}

#[test]
fn an_objection_by_record_id_is_not_one_of_the_row_that_had_its_number() {
    let night = Night::of(&town(250, 41));
    let gp = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    // The column holds numbers as well: those of the rows, from the last one to the first.
    let rows = gp.lines().count() - 1;
    let row_of = |id: usize| rows + 1 - id;
    let text = renumbered(&gp, row_of);
    let lines: Vec<&str> = text.lines().collect();
    night.write("in/gp.csv", &text);
    common::edit(&night.path("job.toml"), "record_id = \"id\"", "record_id = \"row_number\"");
    night.run().done();
    let then = night.person_ids();
    let of = |row: usize| then.get(&("gp".to_string(), row.to_string()));
    let people = night.table("people.parquet");
    let numbers: BTreeMap<&str, &str> =
        people.values("person_id").into_iter().zip(people.values("nhs_number")).collect();
    let objects = |id: &usize| {
        let (Some(theirs), Some(anothers)) = (of(row_of(*id)), of(*id)) else { return false };
        let number = lines[row_of(*id)].split(',').nth(1);
        theirs != anothers && number.is_some() && numbers.get(theirs.as_str()).copied() == number
    };
    let objector = (1..=rows).find(objects).expect("somebody has a number");

    common::edit(&night.path("job.toml"), "record_id = \"row_number\"", "record_id = \"id\"");
    night.write("objections.csv", format!("provider,record_id\ngp,{objector}\n"));
    let text = std::fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", text + "\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n");
    let numbered = night.output().join("runs").join(&runs(&night)[0]);
    // A rollback to it, before any night has looked through it, leaves the same people out.
    let first = runs(&night)[0].clone();
    other(&night, "rollback", &[first.as_str()]).done();
    let (stands, of) = (night.person_ids(), |row: usize| ("gp".to_string(), row.to_string()));
    assert!(stands.contains_key(&of(objector)) && !stands.contains_key(&of(row_of(objector))));
    nobody_has(&night, &format!("gp:{objector}"));
    night.run().done();
    // Whoever objects is gone from the kept run by the NHS number, and whoever had that row number is not.
    let kept = common::table(&numbered.join("crosswalk.parquet"));
    let rows: Vec<(&str, &str)> = kept.values("provider").into_iter().zip(kept.values("record_id")).collect();
    assert!(rows.contains(&("gp", objector.to_string().as_str())));
    assert!(!rows.contains(&("gp", row_of(objector).to_string().as_str())));
    // Nor is it theirs what the audit tells of the record.
    nobody_has(&night, &format!("gp:{objector}"));
}

/// Appends a line to the decisions that every run obeys.
fn decide(night: &Night, left: &str, right: &str, decision: &str) {
    let path = night.output().join("state/decisions.csv");
    let before = std::fs::read_to_string(&path).unwrap_or_else(|_| "left,right,decision,by,when,why\n".into());
    std::fs::write(path, format!("{before}{left},{right},{decision},ann,2026-11-22T09:00:00Z,seen\n")).unwrap();
}

fn run_json(night: &Night) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(night.current("run.json")).unwrap()).unwrap()
}

/// `onefolk explain change ID`.
fn story(night: &Night, person: &str, arguments: &[&str]) -> common::Outcome {
    let mut command = common::onefolk();
    command.args(["explain", "change", person, "--job"]).arg(night.path("job.toml")).args(arguments);
    common::outcome(command)
}

#[test]
fn decisions_are_obeyed_every_night_and_contradictions_told() {
    let people = town(250, 41);
    let night = Night::of(&people);
    // Two records of one practice with the very same values, and one that is nobody.
    let gp = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let twin = people[7].exact_row("copy-1") + "\n" + &people[7].exact_row("copy-2");
    night.write("in/gp.csv", format!("{gp}{twin}\nfridge,,Ward,Fridge,01/01/1980,,,,\n"));
    night.write("never.csv", "gp:0-1,acute:1-2\n");
    common::edit(&night.path("job.toml"), "[job]\n", "[[never_link]]\nfiles = [\"never.csv\"]\n[job]\n");
    night.run().done();
    let first = night.person_ids();
    let of = |people: &BTreeMap<(String, String), String>, record: &str| {
        let (provider, id) = record.split_once(':').unwrap();
        people.get(&(provider.to_string(), id.to_string())).cloned()
    };
    let records: Vec<String> = first.keys().map(|(provider, id)| format!("{provider}:{id}")).collect();
    // Two strangers, two strangers of whom one has a record elsewhere, and somebody with a record in both extracts.
    let elsewhere = |record: &String| {
        let other = |known: &&String| *known != record && of(&first, known) == of(&first, record);
        records.iter().find(other).cloned()
    };
    let linked: Vec<(String, String)> = records
        .iter()
        .filter(|record| record.starts_with("acute:") && !record.ends_with("-2"))
        .filter_map(|record| Some((record.clone(), elsewhere(record).filter(|other| other.starts_with("gp:0-"))?)))
        .collect();
    let (a, b, c) = (&linked[3], &linked[4], &linked[5]);
    assert_eq!(of(&first, "gp:copy-1"), of(&first, "gp:copy-2"), "they have the very same values");

    decide(&night, &a.0, &b.1, "yes");
    decide(&night, &c.1, &c.0, "no");
    decide(&night, "gp:copy-1", "gp:copy-2", "no");
    decide(&night, "gp:fridge", "", "not_a_person");
    decide(&night, "gp:0-1", "acute:1-2", "yes");
    decide(&night, "gp:nobody-has-this", &a.0, "yes");
    for attempt in 0..2 {
        let told = night.run().done();
        told.names_nobody(&people);
        assert!(told.stderr.contains("2 decisions in state/decisions.csv could not be obeyed"), "{}", told.stderr);
        assert!(!told.stderr.contains("0-1") && !told.stderr.contains("nobody-has-this"), "{}", told.stderr);
        let now = night.person_ids();
        assert_eq!(of(&now, &a.0), of(&now, &b.1), "night {attempt}");
        assert_eq!(of(&now, &a.0), of(&now, &a.1), "the others of both come along");
        assert_eq!(of(&now, &b.0), of(&now, &b.1));
        assert_ne!(of(&now, &c.0), of(&now, &c.1));
        assert_ne!(of(&now, "gp:copy-1"), of(&now, "gp:copy-2"));
        assert_eq!(of(&now, "gp:fridge"), None);
        let run = run_json(&night);
        let expected = serde_json::json!({"decision_against_never_link": 1, "record_gone": 1});
        assert_eq!(run["decisions"]["contradictions"], expected);
        assert_eq!(run["decisions"]["one_person"], 3);
        assert_eq!(run["accounts"]["withheld"]["not_a_person"], 1);
        let reasons = night.table("review.parquet");
        let refused =
            reasons.values("reason").iter().filter(|reason| **reason == "decision_against_never_link").count();
        assert_eq!(refused, 1);
        assert!(night.table("withheld.parquet").values("reason").contains(&"not_a_person"));
    }
    // The two people that a human has put together are one under the older id, and the other one's story leads to it.
    let kept = of(&night.person_ids(), &a.0).unwrap();
    let [one, other] = [of(&first, &a.0).unwrap(), of(&first, &b.0).unwrap()];
    let gone = if kept == one { other } else { one };
    let told = story(&night, &gone, &[]).done().stdout;
    assert!(told.contains(&format!("today it is {kept}, with ")), "{told}");
    assert!(told.contains(&format!("{gone} is new\n")) && told.contains(&format!("went into {kept}:")), "{told}");
    let told: serde_json::Value = serde_json::from_str(&story(&night, &kept, &["--json"]).done().stdout).unwrap();
    let lines: Vec<(&str, &str)> = told["story"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["person_id"].as_str().unwrap(), line["change"].as_str().unwrap()))
        .collect();
    assert_eq!(lines, [(kept.as_str(), "new"), (kept.as_str(), "grown"), (gone.as_str(), "merged")]);
    story(&night, "0123456789ABCDEF", &[]).failed(2, "OF0542");
    // A says B and B says C, but somebody has said that A and C are two: the line that came last yields, and a human is to look.
    let (x, y, z) = (&linked[6].0, &linked[7].0, &linked[8].0);
    decide(&night, x, z, "no");
    decide(&night, x, y, "yes");
    decide(&night, y, z, "yes");
    night.run().done();
    let now = night.person_ids();
    assert_eq!(of(&now, x), of(&now, y));
    assert_ne!(of(&now, y), of(&now, z));
    assert_eq!(run_json(&night)["decisions"]["contradictions"]["decisions_contradict"], 1);
    // Taken back, everything is as the evidence says.
    for (left, right) in [(&a.0, b.1.as_str()), (&c.1, c.0.as_str()), (x, y), (y, z), (x, z)] {
        decide(&night, left, right, "unsure");
    }
    decide(&night, "gp:copy-1", "gp:copy-2", "unsure");
    decide(&night, "gp:fridge", "", "unsure");
    night.run().done();
    let last = night.person_ids();
    for (left, right) in [(&a.0, &b.1), (&c.0, &c.1), (x, y), (y, z), (x, z)] {
        let same = |people| of(people, left) == of(people, right);
        assert_eq!(same(&last), same(&first));
    }
    assert!(of(&last, "gp:fridge").is_some());
    // A line that cannot be understood stops the night, and is not repeated.
    decide(&night, "gp:secret-one", "gp:secret-two", "perhaps");
    let told = night.run().failed(2, "OF0371");
    assert!(!told.stderr.contains("secret"), "{}", told.stderr);
}

/// The night is refused by this gate and leaves all as it was; waived, it is published, told, and kept in run.json.
fn refused_then_waived(night: &Night, gates: &[(&str, &str)]) {
    let standing = night.standing();
    let (first, code) = gates[0];
    let told = night.run().failed(1, code);
    assert!(standing == night.standing(), "a night that is refused changes nothing");
    for (name, _) in gates {
        assert!(told.stderr.contains(&format!("gate {name} saw ")), "{name}: {}", told.stderr);
    }
    // One that is not broken may be waived too, but that does not help.
    night.run_with(&["--waive", "quarantined"]).failed(1, code);
    let waive: Vec<&str> = gates.iter().flat_map(|(name, _)| ["--waive", *name]).collect();
    let told = night.run_with(&waive).done();
    assert!(told.stderr.contains(&format!("gate {first} was waived: it saw ")), "{}", told.stderr);
    let run = run_json(night);
    let listed = run["gates"].as_array().unwrap();
    for gate in listed {
        let waived = gates.iter().any(|(name, _)| gate["name"] == *name);
        let expected = if waived { "waived" } else { "passed" };
        let judged = gate["outcome"] != "not_judged";
        assert!(!judged || gate["outcome"] == expected, "{gate}");
        assert!(gate["saw"].as_str().is_some_and(|saw| !saw.is_empty()) && gate["expected"].is_string(), "{gate}");
    }
    assert!(listed.len() >= 6, "{listed:?}");
}

#[test]
fn a_night_that_looks_wrong_is_refused_unless_its_gate_is_waived() {
    let people = town(300, 43);
    let night = Night::of(&people);
    night.run().done();
    let first = run_json(&night);
    let judged = first["gates"].as_array().unwrap().iter().filter(|gate| gate["outcome"] != "not_judged");
    let judged: Vec<&str> = judged.map(|gate| gate["name"].as_str().unwrap()).collect();
    assert_eq!(judged, ["provider_missing", "quarantined"], "a first night has nothing to be held against");
    night.run().done();
    let whole = std::fs::read_to_string(night.path("in/acute.csv")).unwrap();
    let lines: Vec<&str> = whole.lines().collect();

    // Cut off: fewer rows.
    night.write("in/acute.csv", lines[..lines.len() * 7 / 10].join("\n") + "\n");
    refused_then_waived(&night, &[("provider_shrunk", "OF0518")]);
    night.write("in/acute.csv", &whole);
    night.run().done();

    // A column is emptied.
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let rows = lines[1..].iter().map(|line| {
            let mut cells: Vec<String> = line.split(',').map(str::to_string).collect();
            change(&mut cells);
            cells.join(",")
        });
        format!("{}\n{}\n", lines[0], rows.collect::<Vec<_>>().join("\n"))
    };
    night.write("in/acute.csv", changed(&|cells| cells[7].clear()));
    refused_then_waived(&night, &[("column_changed", "OF0519")]);
    night.write("in/acute.csv", &whole);
    night.run_with(&["--waive", "column_changed"]).done();

    // Its codes are others, and then its dates are written otherwise: each alone.
    night.write("in/acute.csv", changed(&|cells| cells[5] = format!("code{}", cells[5])));
    let told = night.run().failed(1, "OF0519");
    assert!(told.stderr.contains("sex of provider acute is understood in "), "{}", told.stderr);
    let turned = |date: &str| -> String {
        let parts: Vec<&str> = date.split('-').collect();
        if let [year, month, day] = parts[..] { format!("{day}/{month}/{year}") } else { date.to_string() }
    };
    night.write("in/acute.csv", changed(&|cells| cells[4] = turned(&cells[4])));
    let told = night.run().failed(1, "OF0519");
    assert!(told.stderr.contains("date_of_birth of provider acute is written as "), "{}", told.stderr);
    told.names_nobody(&people);
    night.write("in/acute.csv", &whole);

    // Half of everything: two gates of two points of the night, the later of which is met once the first is waived.
    let half = |file: &str| {
        let text = std::fs::read_to_string(night.path(file)).unwrap();
        let kept: Vec<&str> = text.lines().take(text.lines().count() / 2).collect();
        night.write(file, kept.join("\n") + "\n");
        text
    };
    let (gp, acute) = (half("in/gp.csv"), half("in/acute.csv"));
    let told = night.run().failed(1, "OF0518");
    assert!(told.stderr.contains("and 1 more"), "{}", told.stderr);
    night.run_with(&["--waive", "provider_shrunk"]).failed(1, "OF0511");
    night.run_with(&["--waive", "provider_shrunk", "--waive", "people_change", "--dry-run"]).done();
    night.write("in/gp.csv", gp);
    night.write("in/acute.csv", acute);
    night.run().done();

    // Somebody has put strangers together, again and again.
    let ids = night.person_ids();
    let mut strangers: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for ((provider, record), person) in &ids {
        if seen.insert(person) && people[record[2..].parse::<usize>().unwrap()].born.len() == 10 {
            strangers.push(format!("{provider}:{record}"));
        }
    }
    for pair in strangers.chunks_exact(2).take(12) {
        decide(&night, &pair[0], &pair[1], "yes");
    }
    refused_then_waived(&night, &[("merges", "OF0526"), ("negative_controls", "OF0527")]);

    let told = night.run_with(&["--waive", "provider_shrink"]).failed(2, "OF0528");
    assert!(told.stderr.contains("did you mean provider_shrunk?"), "{}", told.stderr);
}

#[test]
fn lists_that_lose_most_of_their_names_stop_the_night() {
    const TABLE: &str = "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n[job]\n";
    let people = town(120, 49);
    let night = Night::of(&people);
    common::edit(&night.path("job.toml"), "[job]\n", TABLE);
    let object = |how_many: usize, until: &str| {
        let lines: String = people[..how_many].iter().map(|one| format!("{},{until}\n", one.nhs_number)).collect();
        night.write("objections.csv", format!("nhs_number,until\n{lines}"));
    };
    let withheld = || night.table("withheld.parquet").rows.len();
    object(6, "");
    night.run().done();
    let (lists, rows) = (run_json(&night)["lists"].clone(), withheld());
    assert_eq!(lists["local"], 6);
    let others = ["type_1", "national", "never_link", "nhs_number_replaced"];
    assert!(others.iter().all(|kind| lists[kind] == 0) && lists.as_object().unwrap().len() == 5, "{lists}");
    assert!(rows >= 6);

    // Its header is all that has come; somebody says that this is meant.
    object(0, "");
    refused_then_waived(&night, &[("objections_fell", "OF0553")]);
    assert_eq!(withheld(), 0);
    object(6, "");
    night.run().done();
    // Its table is out of the job.
    common::edit(&night.path("job.toml"), TABLE, "[job]\n");
    let told = night.run().failed(1, "OF0553");
    assert!(told.stderr.contains("gate objections_fell saw 0 names on the local lists after 6"), "{}", told.stderr);
    told.names_nobody(&people);
    assert_eq!(withheld(), rows);
    common::edit(&night.path("job.toml"), "[job]\n", TABLE);

    // They are over, as the list says.
    object(6, "2026-11-22");
    night.run().done();
    common::edit(&night.path("job.toml"), "as_of = 2026-11-22", "as_of = 2026-11-23");
    night.run().done();
    assert_eq!((withheld(), &run_json(&night)["lists"]["local"]), (0, &serde_json::json!(0)));
}

#[test]
fn one_list_among_several_that_loses_most_of_its_names_stops_the_night() {
    const TABLES: &str = "[[opt_out]]\nkind = \"local\"\nfiles = [\"lists/*.csv\"]\n\
                          [[nhs_number_replaced]]\nfiles = [\"replaced.csv\"]\n[job]\n";
    let people = town(120, 52);
    let night = Night::of(&people);
    common::edit(&night.path("job.toml"), "[job]\n", TABLES);
    let object = |file: &str, who: std::ops::Range<usize>| {
        let lines: String = people[who].iter().map(|one| format!("{}\n", one.nhs_number)).collect();
        night.write(&format!("lists/{file}.csv"), format!("nhs_number\n{lines}"));
    };
    let remove = |file: &str| std::fs::remove_file(night.path(&format!("lists/{file}.csv"))).unwrap();
    let replace = |how_many: u64| {
        let lines = (0..how_many).map(|at| format!("{},{}\n", nhs_number(8000 + 2 * at), nhs_number(8001 + 2 * at)));
        night.write("replaced.csv", lines.collect::<String>());
    };
    replace(6);
    object("brent_2026-11-22", 0..6);
    object("harrow", 6..26);
    object("leeds", 26..29);
    night.run().done();
    let listed = run_json(&night)["lists_by_file"].clone();
    let words = |list: &serde_json::Value| format!("{} {} {}", list["kind"], list["file"], list["names"]);
    let told: Vec<String> = listed.as_array().unwrap().iter().map(|list| words(list).replace('"', "")).collect();
    let expected = ["nhs_number_replaced replaced.csv 6", "local lists/brent_*.csv 6", "local lists/harrow.csv 20"];
    assert_eq!(told[..3], expected);

    // The next delivery of one practice is its header, or does not come.
    remove("brent_2026-11-22");
    object("brent_2026-11-23", 0..0);
    let told = night.run().failed(1, "OF0553");
    assert!(told.stderr.contains("gate objections_fell saw 0 names in lists/brent_*.csv after 6"), "{}", told.stderr);
    told.names_nobody(&people);
    remove("brent_2026-11-23");
    let told = night.run().failed(1, "OF0553");
    let words = "gate objections_fell saw lists/brent_*.csv with 6 names no longer among the local lists";
    assert!(told.stderr.contains(words), "{}", told.stderr);

    // Another has become two, one has another name, and one of few names is empty.
    object("wembley", 0..6);
    remove("harrow");
    object("harrow-1", 6..14);
    object("harrow-2", 14..26);
    object("leeds", 26..26);
    night.run().done();

    // Who objects under a number that has been replaced since would be found no more.
    replace(0);
    let told = night.run().failed(1, "OF0553");
    assert!(told.stderr.contains("saw 0 names on the nhs_number_replaced lists after 6"), "{}", told.stderr);
    object("harrow-2", 14..19);
    refused_then_waived(&night, &[("objections_fell", "OF0553")]);
    // The next one is held against that one.
    night.run().done();
}

#[test]
fn an_extract_that_is_there_twice_stops_the_night() {
    let people = town(200, 46);
    let night = Night::of(&people);
    let (gp, acute) =
        (std::fs::read(night.path("in/gp.csv")).unwrap(), std::fs::read(night.path("in/acute.csv")).unwrap());
    // The hospital's delivery is the practice's file: the first night cannot know better, and says so.
    night.write("in/acute.csv", &gp);
    let told = night.copy().run().done();
    let rows = gp.iter().filter(|byte| **byte == b'\n').count() - 1;
    let expected = format!(
        "the same extract is there twice: in/gp.csv of provider gp with the same {rows} rows as in/acute.csv of provider acute; its rows count twice"
    );
    assert!(told.stderr.contains(&expected), "{}", told.stderr);
    night.write("in/acute.csv", &acute);
    common::edit(&night.path("job.toml"), "files = [\"in/acute.csv\"]", "files = [\"in/acute*.csv\"]");
    night.run().done();
    let first = night.person_ids();
    // Its own file is there once more, under the name of another day: with one extract more, and this one only.
    night.write("in/acute-2.csv", &acute);
    refused_then_waived(&night, &[("extract_twice", "OF0549")]);
    assert_eq!(night.person_ids(), first, "a waived night counts rows twice, and people once");
    // Two that have nothing to say are no mistake, and neither is one that says a little else.
    night.write("in/acute-2.csv", format!("{}\n", common::HEADER));
    night.write("in/acute-3.csv", format!("{}\n", common::HEADER));
    night.run_with(&["--waive", "provider_shrunk"]).done();
    assert_eq!(
        run_json(&night)["gates"].as_array().unwrap().iter().filter(|gate| gate["outcome"] == "failed").count(),
        0
    );
    // Of those that send only changes, a file is read once, and what they hold is no second one; another's file is another matter.
    for file in ["in/acute-2.csv", "in/acute-3.csv"] {
        std::fs::remove_file(night.path(file)).unwrap();
    }
    let job = std::fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", job.replacen("files = [", "mode = \"changes\"\nfiles = [", 2));
    night.run().done();
    night.write("in/acute-2.csv", &acute);
    night.run().done();
    night.write("in/acute-2.csv", &gp);
    night.run().failed(1, "OF0549");
}

#[test]
fn yesterdays_delivery_that_was_left_beside_todays_stops_the_night() {
    const SAW: &str = " record_ids of in/acute-2.csv of provider acute stand in another of its extracts";
    let people = town(200, 51);
    let night = Night::of(&people);
    common::edit(&night.path("job.toml"), "files = [\"in/acute.csv\"]", "files = [\"in/acute*.csv\"]");
    let whole = std::fs::read_to_string(night.path("in/acute.csv")).unwrap();
    // Today's was cut off; with yesterday's beside it no row is missing.
    let cut = |lines: usize| whole.lines().take(lines).collect::<Vec<_>>().join("\n") + "\n";
    let by_purpose = night.copy();
    night.run().done();
    night.write("in/acute-2.csv", cut(12));
    let told = night.run().failed(1, "OF0549");
    assert!(told.stderr.contains(SAW), "{}", told.stderr);
    told.names_nobody(&people);
    refused_then_waived(&night, &[("extract_twice", "OF0549")]);
    let inputs = run_json(&night)["inputs"].clone();
    assert!(inputs[0]["record_ids"].is_null(), "the practice sends one file: {inputs}");
    assert!(inputs[1]["record_ids"].as_u64().is_some_and(|ids| ids > 5), "{inputs}");
    assert_eq!(inputs[1]["record_ids"], inputs[1]["record_ids_shared"]);
    assert_eq!(inputs[1]["record_ids_shared"], inputs[2]["record_ids_shared"]);
    // Somebody has said that it is meant.
    let told = night.run().done();
    assert!(!told.stderr.contains(SAW), "{}", told.stderr);
    // It is gone again, and there once more.
    std::fs::remove_file(night.path("in/acute-2.csv")).unwrap();
    night.run().done();
    night.write("in/acute-2.csv", cut(40));
    night.run().failed(1, "OF0549");

    // Files of several purposes hold the same records from the first night on: it is told once, and stops nothing.
    by_purpose.write("in/acute-2.csv", cut(12));
    let told = by_purpose.run().done();
    assert!(told.stderr.contains(SAW), "{}", told.stderr);
    for lines in [12, 40] {
        by_purpose.write("in/acute-2.csv", cut(lines));
        let told = by_purpose.run().done();
        assert!(!told.stderr.contains(SAW), "{}", told.stderr);
    }
}

#[test]
fn a_column_that_is_gone_or_means_something_else_stops_the_night() {
    let people = town(300, 45);
    let night = Night::of(&people);
    let plain = std::fs::read_to_string(night.path("in/acute.csv")).unwrap();
    let with = |codes: [&str; 2], change: &dyn Fn(&str) -> String| {
        let rows = plain.lines().skip(1).enumerate().map(|(at, line)| format!("{},{}\n", change(line), codes[at % 2]));
        format!("{},frailty\n", plain.lines().next().unwrap()) + &rows.collect::<String>()
    };
    let whole = with(["mild", "severe"], &|line| line.to_string());
    night.write("in/acute.csv", &whole);
    let carry = "[provider.carry]\nfrailty = { column = \"frailty\", kind = \"category\", combine = \"latest\" }\n";
    let job = std::fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", format!("{job}\n{carry}"));
    // On the first night a column that is not there is a mistake in the job.
    night.write("in/acute.csv", whole.replacen("postcode", "zip", 1));
    let told = night.run();
    assert_eq!(told.status, Some(2), "{}", told.stderr);
    night.write("in/acute.csv", &whole);
    night.run().done();

    night.write("in/acute.csv", whole.replacen("postcode", "zip", 1));
    refused_then_waived(&night, &[("column_missing", "OF0508")]);
    let told = night.run().failed(1, "OF0508");
    assert!(told.stderr.contains("provider acute without its column \"postcode\""), "{}", told.stderr);
    let fields = run_json(&night)["standardise"]["fields"].clone();
    let postcode =
        fields.as_array().unwrap().iter().find(|one| one["provider"] == "acute" && one["field"] == "postcode");
    assert_eq!(postcode.unwrap()["filled"], 0, "it is read as empty");
    let person = night.person_ids().into_values().next().unwrap();
    let mut explain = common::onefolk();
    explain.args(["explain", "person", &person, "--job"]).arg(night.path("job.toml"));
    common::outcome(explain).done();
    // Nobody knows whose rows they are without their ids.
    night.write("in/acute.csv", whole.replacen("id,", "number,", 1));
    night.run_with(&["--waive", "column_missing"]).failed(1, "OF0508");
    night.write("in/acute.csv", &whole);
    night.run_with(&["--waive", "column_changed"]).done();

    // Male and female changed places: filled and understood as before.
    let turned = |line: &str| {
        let turn = |cell| {
            if cell == "male" {
                "female"
            } else if cell == "female" {
                "male"
            } else {
                cell
            }
        };
        line.split(',').map(turn).collect::<Vec<_>>().join(",")
    };
    night.write("in/acute.csv", with(["mild", "severe"], &turned));
    let told = night.run().failed(1, "OF0509");
    assert!(
        told.stderr.contains("gate column_meaning saw sex of provider acute agreeing with others in "),
        "{}",
        told.stderr
    );
    told.names_nobody(&people);
    // A carried category has other codes, which nothing else knows.
    night.write("in/acute.csv", with(["1", "3"], &|line| line.to_string()));
    refused_then_waived(&night, &[("column_changed", "OF0519")]);
    let told = run_json(&night)["gates"].to_string();
    assert!(told.contains("frailty of provider acute has codes that nobody had before in 100 % of its rows"), "{told}");
}

#[test]
fn a_night_before_the_last_one_or_in_the_future_is_refused() {
    let night = Night::of(&town(60, 47));
    night.run().done();
    common::edit(&night.path("job.toml"), "as_of = 2026-11-22", "as_of = 2026-11-20");
    refused_then_waived(&night, &[("as_of", "OF0552")]);
    let saw = run_json(&night)["gates"][0]["saw"].clone();
    assert_eq!(saw, "2026-11-20 after a run of 2026-11-22");
    // The next one is held against that one.
    night.run().done();
    common::edit(&night.path("job.toml"), "as_of = 2026-11-20", "as_of = 2099-01-01");
    let told = night.run().failed(1, "OF0552");
    assert!(told.stderr.contains("gate as_of saw 2099-01-01, "), "{}", told.stderr);

    // A rollback asks no gate; what stands after it is of an earlier day, but there has been a night since.
    common::edit(&night.path("job.toml"), "as_of = 2099-01-01", "as_of = 2026-11-24");
    night.run().done();
    other(&night, "rollback", &["2026-11-20-01"]).done();
    assert_eq!(run_json(&night)["as_of"], "2026-11-20");
    common::edit(&night.path("job.toml"), "as_of = 2026-11-24", "as_of = 2026-11-23");
    night.run().failed(1, "OF0552");
    common::edit(&night.path("job.toml"), "as_of = 2026-11-23", "as_of = 2026-11-24");
    night.run().done();
}

#[test]
fn records_that_are_numbered_anew_stop_the_night_though_as_many_people_are_found() {
    let night = Night::of(&town(120, 48));
    night.run().done();
    let people = night.table("people.parquet").rows.len();
    for file in ["in/gp.csv", "in/acute.csv"] {
        let text = std::fs::read_to_string(night.path(file)).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let anew: String = rows.lines().map(|row| format!("new-{row}\n")).collect();
        night.write(file, format!("{header}\n{anew}"));
    }
    let told = night.run().failed(1, "OF0511");
    let saw = format!("{people} people instead of {people} (0 % changed), {people} of them gone and 0 divided (100 %)");
    assert!(told.stderr.contains(&saw), "{}", told.stderr);
    refused_then_waived(&night, &[("people_change", "OF0511")]);
}

#[test]
fn a_mark_that_protects_few_is_not_lost_unnoticed() {
    let people = town(200, 49);
    let night = Night::of(&people);
    let plain = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let with = |flag: &str| {
        let rows = plain.lines().skip(1).enumerate();
        let rows = rows.map(|(at, line)| format!("{line},{}\n", if at % 30 == 7 { flag } else { "N" }));
        format!("{},flag\n{}", common::HEADER, rows.collect::<String>())
    };
    let job = std::fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", job.replacen("phone = \"phone\"\n", "phone = \"phone\"\nsensitivity = \"flag\"\n", 1));
    night.write("in/gp.csv", with("S"));
    night.run().done();
    // Without the column nobody would be known to be marked: for that there is no waiver.
    night.write("in/gp.csv", &plain);
    let told = night.run_with(&["--waive", "column_missing"]).failed(1, "OF0508");
    assert!(told.stderr.contains("its column \"flag\"; without sensitivity "), "{}", told.stderr);
    assert!(told.stderr.contains("take away what provider gp has sent"), "{}", told.stderr);
    std::fs::remove_file(night.path("in/gp.csv")).unwrap();
    night.run().done();
    // As full as before, and it marks nobody any more.
    night.write("in/gp.csv", with("N"));
    let told = night.run().failed(1, "OF0519");
    assert!(told.stderr.contains("sensitivity of provider gp marks 0 rows after 6"), "{}", told.stderr);
    told.names_nobody(&people);
    refused_then_waived(&night, &[("column_changed", "OF0519")]);
}

#[test]
fn decisions_that_were_obeyed_are_not_lost_unnoticed() {
    let night = Night::of(&town(60, 51));
    night.run().done();
    let records: Vec<String> =
        night.person_ids().keys().map(|(provider, record)| format!("{provider}:{record}")).collect();
    decide(&night, &records[0], &records[1], "unsure");
    decide(&night, &records[2], &records[3], "unsure");
    let path = night.output().join("state/decisions.csv");
    let whole = std::fs::read_to_string(&path).unwrap();
    night.run().done();
    let run = run_json(&night);
    assert_eq!(run["decisions"]["lines"], 2);
    assert_eq!(run["decisions"]["audit_entries"], run["audit"]["entries"], "nothing was noted while the night went on");
    // Another program has written it anew, with less in each line.
    let shorter: Vec<String> =
        whole.lines().map(|line| line.split(',').take(3).collect::<Vec<_>>().join(",")).collect();
    std::fs::write(&path, shorter.join("\n") + "\n").unwrap();
    night.run().done();
    std::fs::write(&path, shorter[..2].join("\n") + "\n").unwrap();
    let told = night.run().failed(1, "OF0374");
    let saw = "gate decisions_lost saw 1 line in state/decisions.csv after 2, expected";
    assert!(told.stderr.contains(saw), "{}", told.stderr);
    std::fs::write(&path, "").unwrap();
    night.run().failed(1, "OF0374");
    std::fs::remove_file(&path).unwrap();
    refused_then_waived(&night, &[("decisions_lost", "OF0374")]);
    // The next one is held against that one.
    night.run().done();
}

#[test]
fn that_a_delivery_has_stopped_is_told_though_its_last_file_is_still_there() {
    let night = Night::of(&town(60, 50));
    let on = |from: &str, to: &str| {
        common::edit(&night.path("job.toml"), &format!("as_of = {from}"), &format!("as_of = {to}"));
        night.run().done().stderr
    };
    let told = "has sent the very same extract for 15 days, since 2026-10-01";
    assert!(!on("2026-11-22", "2026-10-01").contains("the very same"));
    assert!(!on("2026-10-01", "2026-10-15").contains("the very same"), "last good records might stand as long");
    let both = on("2026-10-15", "2026-10-16");
    assert!(["gp", "acute"].iter().all(|id| both.contains(&format!("provider {id} {told}"))), "{both}");
    // What comes is another file again.
    let text = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    night.write("in/gp.csv", text.lines().take(text.lines().count() - 1).collect::<Vec<_>>().join("\n") + "\n");
    let one = on("2026-10-16", "2026-10-17");
    assert!(one.contains("provider acute has sent the very same extract for 16 days"), "{one}");
    assert!(!one.contains("provider gp has sent"), "{one}");
    let inputs = run_json(&night)["inputs"].clone();
    let since: Vec<&str> = inputs.as_array().unwrap().iter().map(|file| file["since"].as_str().unwrap()).collect();
    assert_eq!(since, ["2026-10-17", "2026-10-01"]);
}

#[test]
fn the_last_good_records_stand_where_a_provider_sends_nothing_usable() {
    let people = town(250, 44);
    let night = Night::of(&people);
    night.write("in/hospice.csv", format!("{}\n{}\n", common::HEADER, people[0].exact_row("h-1")));
    let hospice = "\n[[provider]]\nid = \"hospice\"\nsetting = \"hospice\"\nfiles = [\"in/hospice.csv\"]\nwhen_missing = \"stop\"\n";
    let job = std::fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", format!("{job}{hospice}{}", common::COLUMNS));
    // Records grow old below, and no day of that may be one that has not come.
    common::edit(&night.path("job.toml"), "as_of = 2026-11-22", "as_of = 2026-11-02");
    // There is no last good one yet.
    let acute = std::fs::read(night.path("in/acute.csv")).unwrap();
    std::fs::remove_file(night.path("in/acute.csv")).unwrap();
    night.run().failed(3, "OF0103");
    night.write("in/acute.csv", &acute);
    night.run().done();
    let first = night.person_ids();
    let crosswalk = night.table("crosswalk.parquet").rows;
    for (path, mode, _) in common::modes(&night.output().join("state/inputs")) {
        assert_eq!(mode & 0o077, 0, "{path:?} is its owner's only");
    }
    assert!(!night.output().join("state/inputs/hospice").exists(), "nothing is kept that will never stand in");

    // Absent; cut off to nothing, in place; and not to be read at all: the same people, from the same rows.
    std::fs::remove_file(night.path("in/acute.csv")).unwrap();
    for (nth, bytes) in [None, Some(&b""[..]), Some(&b"\x50\x4b\x03\x04broken"[..])].into_iter().enumerate() {
        if let Some(bytes) = bytes {
            night.write("in/acute.csv", bytes);
        }
        let told = night.run().done();
        let warning = "provider acute has sent nothing usable: its records of 2026-11-02 stand, 0 days old";
        assert!(told.stderr.contains(warning), "{nth}: {}", told.stderr);
        assert_eq!(night.person_ids(), first, "{nth}");
        assert_eq!(night.table("crosswalk.parquet").rows, crosswalk, "{nth}");
        let inputs = run_json(&night)["inputs"].clone();
        let days: Vec<Option<i64>> = inputs.as_array().unwrap().iter().map(|file| file["days_old"].as_i64()).collect();
        assert_eq!(days, [None, Some(0), None], "{nth}");
        let report = std::fs::read_to_string(night.current("report.html")).unwrap();
        assert!(report.contains("sent nothing usable: records of the same day stand"), "{nth}");
        let table = std::fs::read_to_string(night.current("summary/providers.csv")).unwrap();
        let ages = table.lines().skip(1).map(|line| line.split(',').nth(3).unwrap()).collect::<Vec<_>>();
        assert_eq!(ages, ["", "0", ""], "{nth}: {table}");
        // What is explained is what the run has read, whatever stands in the provider's place.
        let [acute, gp] = ["acute", "gp"].map(|id| {
            let known = first.keys().find(|(provider, _)| provider == id).expect("it has records");
            format!("{id}:{}", known.1)
        });
        let mut explain = common::onefolk();
        explain.args(["explain", "pair", &acute, &gp, "--job"]).arg(night.path("job.toml"));
        common::outcome(explain).done();
    }
    // Each was one night, and none of them a failed one.
    let history = std::fs::read_to_string(night.output().join("state/history.jsonl")).unwrap();
    let ends: Vec<&str> = history.lines().filter(|line| line.contains("\"exit\":0")).collect();
    assert_eq!((ends.len(), history.lines().count()), (4, 4), "{history}");
    std::fs::remove_file(night.path("in/acute.csv")).unwrap();
    let person = first.values().next().unwrap();
    let mut explain = common::onefolk();
    explain.args(["explain", "person", person, "--job"]).arg(night.path("job.toml"));
    common::outcome(explain).done();

    // They grow old, until they are too old.
    common::edit(&night.path("job.toml"), "as_of = 2026-11-02", "as_of = 2026-11-16");
    assert!(night.run().done().stderr.contains("14 days old"));
    common::edit(&night.path("job.toml"), "as_of = 2026-11-16", "as_of = 2026-11-17");
    let told = night.run().failed(1, "OF0517");
    assert!(
        told.stderr.contains("the records of provider acute 15 days old, expected at most 14 days"),
        "{}",
        told.stderr
    );
    night.run_with(&["--waive", "provider_missing"]).done();
    assert_eq!(night.person_ids(), first);

    // What is kept is used whole or not at all.
    let kept = common::files_below(&night.output().join("state/inputs/acute"));
    let name = kept.keys().find(|path| path.ends_with("acute.csv")).unwrap().clone();
    let path = night.output().join("state/inputs/acute").join(name);
    std::fs::write(&path, &acute[..acute.len() - 40]).unwrap();
    night.run_with(&["--waive", "provider_missing"]).failed(4, "OF0529");

    // It is back, with another file: that one is kept from now on, and only that.
    let text = String::from_utf8(acute).unwrap();
    night.write("in/acute.csv", text.lines().take(180).collect::<Vec<_>>().join("\n") + "\n");
    let told = night.run().done();
    assert!(!told.stderr.contains("nothing usable"), "{}", told.stderr);
    assert_eq!(common::files_below(&night.output().join("state/inputs/acute")).len(), 2);
    // One that must be there stops the night, as it says.
    std::fs::remove_file(night.path("in/hospice.csv")).unwrap();
    night.run().failed(3, "OF0103");
}

#[test]
fn the_last_good_records_stand_where_no_row_of_an_extract_can_be_used() {
    let people = town(60, 48);
    let night = Night::of(&people);
    let broken = format!("{}\n1,2\n", common::HEADER);
    let first_night = night.copy();
    first_night.write("in/acute.csv", &broken);
    first_night.run().failed(3, "OF0512");
    night.run().done();
    let first = night.person_ids();
    night.write("in/acute.csv", &broken);
    let told = night.run().done();
    let warning = "has sent nothing usable: its records of 2026-11-22 stand, 0 days old";
    assert!(told.stderr.contains(&format!("provider acute {warning} (OF0512")), "{}", told.stderr);
    assert_eq!(night.person_ids(), first);
    // Another cannot be read the same night.
    night.write("in/gp.csv", "");
    let told = night.run().done();
    for (provider, code) in [("acute", "OF0512"), ("gp", "OF0202")] {
        assert!(told.stderr.contains(&format!("provider {provider} {warning} ({code}")), "{}", told.stderr);
    }
    assert_eq!(night.person_ids(), first);
    // What is explained is what the run has read.
    let [acute, gp] = ["acute", "gp"].map(|id| {
        let known = first.keys().find(|(provider, _)| provider == id).expect("it has records");
        format!("{id}:{}", known.1)
    });
    let mut explain = common::onefolk();
    explain.args(["explain", "pair", &acute, &gp, "--job"]).arg(night.path("job.toml"));
    common::outcome(explain).done();
}

#[test]
fn no_decision_weakens_an_objection() {
    let people = town(200, 45);
    let night = Night::of(&people);
    night.run().done();
    let ids = night.person_ids();
    let mut of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    ids.iter()
        .for_each(|((provider, record), person)| of.entry(person).or_default().push(format!("{provider}:{record}")));
    // Ids hang on a key that is made by chance: people are taken in the order of their records, among those whose bond is beyond doubt.
    let people = night.table("people.parquet");
    let [id, weakest] = ["person_id", "weakest_probability"].map(|name| people.column(name));
    let sure = |row: &&Vec<String>| row[weakest].parse().is_ok_and(|probability: f64| probability > 0.9999);
    let mut sure: Vec<&Vec<String>> = people.rows.iter().filter(sure).map(|row| &of[row[id].as_str()]).collect();
    sure.sort();
    // Somebody who objects by one record and has another, and a stranger whom a human has found to be the same person.
    let mut twos = sure.into_iter().filter(|records| records.len() == 2);
    let (objects, stranger) = (twos.next().unwrap(), twos.next().unwrap());
    let (provider, record) = objects[0].split_once(':').unwrap();
    night.write("objections.csv", format!("provider,record_id\n{provider},{record}\n"));
    let opt_out = "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n[job]\n";
    common::edit(&night.path("job.toml"), "[job]\n", opt_out);
    decide(&night, &objects[1], &stranger[0], "yes");
    // Saying that the row which objects is nobody does not let the rest of the person back in.
    decide(&night, &objects[0], "", "not_a_person");
    night.run().done();
    let withheld = night.table("withheld.parquet");
    let [provider, record, reason] = ["provider", "record_id", "reason"].map(|name| withheld.column(name));
    let reason_of = |wanted: &String| {
        let row = withheld.rows.iter().find(|row| format!("{}:{}", row[provider], row[record]) == *wanted);
        row.map(|row| row[reason].clone())
    };
    assert_eq!(reason_of(&objects[0]).as_deref(), Some("local_objection"));
    for other in [&objects[1], &stranger[0], &stranger[1]] {
        assert_eq!(reason_of(other).as_deref(), Some("local_objection_linked"), "{other}");
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

/// What a hospice tells on a day that holds the twenty people in the middle of those of that day, everybody on the first one: whoever comes and
/// whoever goes.
fn told_by_the_hospice(everybody: &[Person], day: usize) -> String {
    let row = |mark: &str, at: usize| format!("{mark},{}\n", everybody[at].exact_row(&format!("h{at}")));
    let rows: String = match day {
        1 => (21..41).map(|at| row("", at)).collect(),
        _ => row("D", day + 19) + &row("", day + 39),
    };
    format!("op,{}\n{rows}", common::HEADER)
}

/// A month of nights as they come: people who arrive and leave, a hospice that tells only changes, a hospital that sends nothing once, objections, a
/// training, a rollback, a failed gate and a kill.
#[test]
fn after_a_month_nothing_has_grown_without_limit() {
    const KEPT: usize = 4;
    let everybody = town(90, 60);
    let night = Night::new();
    // A fifth of the rows is missing by chance every night, and record_ids go by places: where one provider sends nothing, ids part company.
    let rest = "[gates]\nmaximum_people_change = \"100 %\"\nmaximum_merged = \"100 %\"\n\
                [[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n";
    let changes = "mode = \"changes\"\ndeleted = { column = \"op\", values = [\"D\"] }";
    let listed = [("gp", "in/gp.csv", ""), ("acute", "in/acute.csv", ""), ("hospice", "in/hospice-*.csv", changes)];
    let text = job(&listed, rest);
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
        // What the hospice has told lies there for some days, read or not.
        night.write(&format!("in/hospice-{day:02}.csv"), told_by_the_hospice(&everybody, day));
        let _ = std::fs::remove_file(night.path(&format!("in/hospice-{:02}.csv", day.saturating_sub(4))));
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
            22 => {
                std::fs::remove_file(night.path("in/acute.csv")).unwrap();
                let told = night.run().done().stderr;
                assert!(told.contains("acute has sent nothing usable: its records of 2026-10-21 stand"), "{told}");
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
    let is_frequencies = |name: &Path| name.to_string_lossy().starts_with("model.frequencies-");
    let apart = |name: &&std::path::PathBuf| {
        !["ledger", "inputs", "tables"].iter().any(|folder| name.starts_with(folder)) && !is_frequencies(name)
    };
    let tables = files.keys().filter(|name| name.starts_with("tables")).count();
    assert_eq!(tables, KEPT, "what the tables of each kept run tell");
    assert!(
        (1..=2).contains(&files.keys().filter(|name| is_frequencies(name)).count()),
        "of the models that kept runs have"
    );
    let own: Vec<&str> = files.keys().filter(apart).filter_map(|name| name.to_str()).collect();
    let kept = files.keys().filter(|name| name.starts_with("inputs")).count();
    assert_eq!(kept, 4, "of each provider its last good extract, and what is known of it");
    assert_eq!(
        own,
        [
            "audit.head",
            "audit.jsonl",
            "audit.key",
            "audit.key.pub",
            "changes/hospice/standing.csv",
            "changes/hospice/standing.json",
            "failed.jsonl",
            "history.jsonl",
            "last_run.prom",
            "linking/compared",
            "linking/joined",
            "linking/night",
            "lock",
            "model.json",
            "objected.json",
            "person_id.key",
            "purged.json"
        ]
    );
    // Twenty records, and no more than their objections have taken of them.
    let held = std::fs::read_to_string(state.join("changes/hospice/standing.csv")).unwrap();
    assert!((17..=21).contains(&held.lines().count()), "{} lines", held.lines().count());
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
