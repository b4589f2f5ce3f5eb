//! What those who read a run's files rely on: names, columns, types, order, accounts, permissions, the same bytes every time.

use crate::common::{self, Night, Random, account_of, accounts, modes, onefolk, outcome, town};
use std::collections::{BTreeMap, BTreeSet};

const PARQUET: [&str; 8] = [
    "crosswalk.parquet",
    "people.parquet",
    "other_numbers.parquet",
    "links.parquet",
    "review.parquet",
    "quarantine.parquet",
    "withheld.parquet",
    "changes.parquet",
];

fn run_json(night: &Night) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(night.current("run.json")).unwrap()).unwrap()
}

/// name:type of each column.
fn columns(night: &Night, name: &str) -> Vec<String> {
    night.table(name).columns.iter().map(|(name, kind)| format!("{name}:{kind}")).collect()
}

#[test]
fn every_parquet_file_has_the_columns_of_the_design_in_their_order() {
    let night = Night::of(&town(200, 1));
    night.run().done();
    let text = |names: &[&str]| names.iter().map(|name| format!("{name}:Utf8")).collect::<Vec<_>>();
    let mut crosswalk = text(&["provider", "record_id", "source_file", "identity_id", "person_id"]);
    crosswalk.insert(3, "source_row:Int64".into());
    crosswalk.push("updated:Date32".into());
    assert_eq!(columns(&night, "crosswalk.parquet"), crosswalk);
    let mut quarantine = text(&["provider", "source_file", "raw", "code", "reason"]);
    quarantine.insert(2, "source_row:Int64".into());
    assert_eq!(columns(&night, "quarantine.parquet"), quarantine);
    let mut withheld = text(&["provider", "record_id", "source_file", "reason"]);
    withheld.insert(3, "source_row:Int64".into());
    assert_eq!(columns(&night, "withheld.parquet"), withheld);
    let changes = columns(&night, "changes.parquet");
    assert_eq!(changes.len(), 4);
    assert_eq!([&changes[..2], &changes[3..]].concat(), text(&["person_id", "change", "from_run"]));
    assert!(changes[2].starts_with("into:List(") && changes[2].contains("Utf8"), "{}", changes[2]);

    let links = columns(&night, "links.parquet");
    let first: Vec<String> = [
        "identity_id_left:Utf8",
        "identity_id_right:Utf8",
        "weight:Float64",
        "probability:Float64",
        "same_person:Boolean",
    ]
    .map(String::from)
    .into();
    assert_eq!(links[..5], first);
    assert!(
        links.len() > 7 && links[5..].iter().all(|column| column.starts_with("level_") && column.ends_with(":Int32")),
        "{links:?}"
    );
    let (context, levels) = links.split_last().expect("there are columns");
    assert_eq!(context, "level_context:Int32");
    let review = columns(&night, "review.parquet");
    assert_eq!(review[..levels.len()], *levels);
    assert_eq!(review[levels.len()..], ["reason:Utf8".to_string(), context.clone()]);

    let people = columns(&night, "people.parquet");
    assert_eq!(people[..2], text(&["person_id", "status"]));
    let place = |name: &str| {
        people
            .iter()
            .position(|column| column.split(':').next() == Some(name))
            .unwrap_or_else(|| panic!("{name}: {people:?}"))
    };
    for field in ["nhs_number", "given_name", "family_name", "date_of_birth", "sex", "address", "postcode", "phone"] {
        assert_eq!(place(&format!("{field}_from")), place(field) + 1, "{field}");
        assert!(people[place(&format!("{field}_from"))].ends_with(":Utf8"));
    }
    assert_eq!(people[place("date_of_birth")], "date_of_birth:Date32");
    let tail = ["records", "providers", "weakest_probability", "in_review", "bare", "conflicts", "first_seen"];
    assert!(tail.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{people:?}");
    assert_eq!(people[place("records")], "records:Int64");
    assert!(people[place("providers")].contains("List(") && people[place("providers")].contains("Utf8"));
    assert_eq!(people[place("weakest_probability")], "weakest_probability:Float64");
    assert_eq!(people[place("in_review")], "in_review:Boolean");
    assert_eq!(people[place("bare")], "bare:Boolean");
    assert_eq!(people.last().unwrap(), "first_seen:Date32");
}

#[test]
fn a_run_leaves_these_files_and_current_leads_to_them() {
    let night = Night::of(&town(60, 2));
    night.run().done();
    let target = std::fs::read_link(night.output().join("current")).unwrap();
    assert_eq!(target, std::path::Path::new("runs/2026-11-22-01"));
    let mut files: BTreeSet<String> = night.standing().keys().map(|path| path.display().to_string()).collect();
    files.remove("current");
    for name in PARQUET.iter().chain(&["model.json", "run.json", "log.jsonl", "onefolk.prom", "report.html"]).chain(&[
        "transparency.html",
        "transparency.md",
        "find.index",
        "report.xlsx",
    ]) {
        assert!(files.remove(*name), "{name} is missing");
    }
    let is_of_the_summary = |name: &String| {
        name.strip_prefix("summary/").is_some_and(|file| file.ends_with(".csv") || file.ends_with(".vl.json"))
    };
    assert!(!files.is_empty() && files.iter().all(is_of_the_summary), "{files:?}");
    let log = std::fs::read_to_string(night.current("log.jsonl")).unwrap();
    assert!(log.lines().count() >= 5);
    log.lines()
        .for_each(|line| assert!(serde_json::from_str::<serde_json::Value>(line).unwrap()["timestamp"].is_string()));
    let metrics = std::fs::read_to_string(night.current("onefolk.prom")).unwrap();
    assert!(metrics.contains("\nonefolk_people "), "{metrics}");
}

#[test]
fn run_json_has_its_keys_and_hashes_the_files_beside_it() {
    let night = Night::of(&town(60, 2));
    night.run().done();
    let run = run_json(&night);
    let keys: Vec<&str> = run.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "run_id",
        "job",
        "as_of",
        "onefolk",
        "accounts",
        "people",
        "bare_people",
        "changes",
        "decisions",
        "gates",
        "providers_left",
        "warnings",
        "negative_controls",
        "agreement",
        "settings",
        "inputs",
        "provider_changes",
        "standardise",
        "packages",
        "linkage",
        "reused_stages",
        "removed_runs",
        "outputs",
        "seconds",
        "peak_memory_bytes",
        "put_aside_bytes",
        "publishing_seconds",
        "cohorts",
        "segment_sets",
        "audit",
        "lists",
        "lists_by_file",
        "opt_outs",
        "releases",
        "tables",
    ];
    assert_eq!(keys, expected);
    assert_eq!(run["run_id"], "2026-11-22-01");
    assert_eq!(run["people"].as_u64().unwrap() as usize, night.table("people.parquet").rows.len());
    for input in run["inputs"].as_array().unwrap() {
        let bytes = std::fs::read(night.path(input["file"].as_str().unwrap())).unwrap();
        assert_eq!(input["blake3"], blake3::hash(&bytes).to_hex().as_str());
    }
    let outputs = run["outputs"].as_array().unwrap();
    assert!(outputs.len() > PARQUET.len());
    for output in outputs {
        let bytes = std::fs::read(night.current(output["file"].as_str().unwrap())).unwrap();
        assert_eq!(output["bytes"].as_u64().unwrap() as usize, bytes.len(), "{output}");
        assert_eq!(output["blake3"], blake3::hash(&bytes).to_hex().as_str(), "{output}");
    }
}

#[test]
fn every_row_is_in_exactly_one_place_and_run_json_says_so() {
    let people = town(80, 3);
    let night = Night::of(&people);
    let mut gp = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    // Broken, nobody's, a filler, without a record_id, and one that may not be used.
    gp.push_str("ragged,1,2\nnobody,,,,,,,,\n,9990000018,Aldreda,Yoxall,1950-01-02,female,,,\nfiller,,Test,Patient,1950-01-02,,,,\n");
    gp.push_str(&people[0].exact_row("objector"));
    gp.push('\n');
    night.write("in/gp.csv", gp);
    night.write("objections.csv", "provider,record_id\ngp,objector\n");
    let job = std::fs::read_to_string(night.path("job.toml")).unwrap();
    let rest =
        "\n[gates]\nmaximum_quarantined = \"50 %\"\n[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n";
    night.write("job.toml", job + rest);
    night.run().done();
    let (run, counted) = (run_json(&night), accounts(&night.output().join("current")));
    assert_eq!(counted.len(), 2);
    for (file, account) in counted {
        let lines = std::fs::read_to_string(night.path(&file)).unwrap().lines().count() as u64 - 1;
        assert_eq!(account.rows(), lines, "{file}");
        assert_eq!(account_of(&run, &file), (lines, account), "{file}");
    }
    let table = night.table("quarantine.parquet");
    let codes: BTreeSet<&str> = table.values("code").into_iter().collect();
    assert_eq!(codes, ["filler_person", "no_identifying_value", "no_record_id", "ragged"].into());
    let table = night.table("withheld.parquet");
    let reasons: BTreeSet<&str> = table.values("reason").into_iter().collect();
    assert_eq!(reasons, ["local_objection", "local_objection_linked"].into());
}

#[test]
fn files_are_their_owners_only() {
    let night = Night::of(&town(40, 4));
    night.run().done();
    let all = modes(&night.output());
    assert!(all.len() > 20);
    for (path, mode, is_folder) in all {
        assert_eq!(mode, if is_folder { 0o700 } else { 0o600 }, "{}: {mode:o}", path.display());
    }
}

/// Every Parquet file's bytes.
fn parquet_bytes(night: &Night) -> BTreeMap<&'static str, Vec<u8>> {
    PARQUET.into_iter().map(|name| (name, std::fs::read(night.current(name)).unwrap())).collect()
}

/// Of so many people that their pairs are compared in several runs. `tests/memory.rs` does the same with later nights of many more.
#[test]
fn one_thread_and_two_give_the_same_bytes() {
    const PROVIDERS: [&str; 4] = ["gp", "acute", "hospice", "pharmacy"];
    let people = town(4_000, 5);
    let on = |threads: &str| {
        let (night, mut random) = (Night::new(), Random::new(11));
        let files = PROVIDERS.map(|id| format!("in/{id}.csv"));
        files.iter().zip(0..).for_each(|(file, nth)| night.write(file, common::csv(&people, &mut random, nth)));
        let sends: Vec<_> = PROVIDERS.iter().zip(&files).map(|(id, file)| (*id, file.as_str(), "")).collect();
        night.write("job.toml", common::job(&sends, ""));
        // person_ids hang on a key; with one of their own two runs would differ.
        night.write("id.key", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
        common::edit(&night.path("job.toml"), "[job]\n", "[job]\nid_key_file = \"id.key\"\n");
        night.run_with(&["--threads", threads]).done();
        let identities = run_json(&night)["linkage"]["identities"].as_u64().expect("they are counted");
        assert!(identities > 8_000, "{identities} identities are compared in one run or two");
        (parquet_bytes(&night), std::fs::read(night.current("model.json")).unwrap())
    };
    let (one, two) = (on("1"), on("2"));
    for (name, bytes) in &one.0 {
        assert!(*bytes == two.0[name], "{name} differs");
    }
    assert!(one.1 == two.1, "model.json differs");
}

/// They would only hinder each other: with 2,000 of them on two cores a night of 1,200 rows came nowhere.
#[test]
fn no_more_threads_are_begun_than_the_cores_bear() {
    let night = Night::of(&town(60, 6));
    night.run_with(&["--threads", "2000"]).failed(2, "OF0601");
    let done = night.run_with(&["--threads", "1024"]).done();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = (cores * 8).min(1024);
    assert_eq!(run_json(&night)["settings"]["threads"], begun);
    let warning = format!("warning: {begun} threads are used, not 1024");
    assert_eq!(done.stderr.contains(&warning), begun < 1024, "{}", done.stderr);
}

/// The people as sets of records.
fn partition(night: &Night) -> BTreeSet<BTreeSet<(String, String)>> {
    let mut people: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for (record, person) in night.person_ids() {
        people.entry(person).or_default().insert(record);
    }
    people.into_values().collect()
}

#[test]
fn the_order_of_rows_changes_nobody() {
    let people = town(400, 6);
    let night = Night::of(&people);
    night.run().done();
    // The model but for what it says of the extracts, whose bytes differ.
    let model = || {
        let bytes = std::fs::read(night.current("model.json")).unwrap();
        let mut model: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        model["learnt_from"].as_object_mut().unwrap().remove("fingerprint").expect("it has one");
        model
    };
    let (as_sent, learnt) = (partition(&night), model());
    for seed in 0..3 {
        for file in ["in/gp.csv", "in/acute.csv"] {
            let text = std::fs::read_to_string(night.path(file)).unwrap();
            let (header, rows) = text.split_once('\n').unwrap();
            let mut rows: Vec<&str> = rows.lines().collect();
            Random::new(seed).shuffle(&mut rows);
            night.write(file, format!("{header}\n{}\n", rows.join("\n")));
        }
        let mut train = common::onefolk();
        train.arg("train").arg(night.path("job.toml"));
        common::outcome(train).done();
        night.run().done();
        assert!(partition(&night) == as_sent, "seed {seed}");
        assert!(model() == learnt, "seed {seed}: the model differs");
        assert!(night.table("changes.parquet").rows.is_empty(), "seed {seed}");
    }
}

#[test]
fn a_second_identical_run_keeps_every_person_id_and_changes_nothing() {
    let night = Night::of(&town(200, 7));
    night.run().done();
    let (ids, first) = (night.person_ids(), parquet_bytes(&night));
    let new = night.table("changes.parquet");
    assert!(new.values("change").iter().all(|change| *change == "new"));
    night.run().done();
    assert_eq!(night.person_ids(), ids);
    assert!(night.table("changes.parquet").rows.is_empty());
    let second = parquet_bytes(&night);
    for name in PARQUET.iter().filter(|name| **name != "changes.parquet") {
        assert!(first[name] == second[name], "{name} differs");
    }
    assert_eq!(std::fs::read_link(night.output().join("current")).unwrap(), std::path::Path::new("runs/2026-11-22-02"));
    // Opaque, of one shape, and none holds a number of its person.
    let lengths: BTreeSet<usize> = ids.values().map(String::len).collect();
    assert_eq!(lengths.len(), 1, "{lengths:?}");
}

#[test]
fn old_runs_are_pruned_and_their_numbers_are_not_given_again() {
    let night = Night::of(&town(30, 8));
    common::edit(&night.path("job.toml"), "[job]\n", "[job]\nkeep_runs = 2\n");
    for nth in 1..=4 {
        night.run().done();
        let runs: BTreeSet<String> = std::fs::read_dir(night.output().join("runs"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let expected: BTreeSet<String> =
            (i32::max(1, nth - 1)..=nth).map(|run| format!("2026-11-22-{run:02}")).collect();
        assert_eq!(runs, expected);
    }
}

#[test]
fn a_dry_run_publishes_nothing() {
    let night = Night::of(&town(30, 9));
    let dry = night.run_with(&["--dry-run"]).done();
    assert!(dry.stdout.contains("nothing was published"), "{}", dry.stdout);
    assert!(night.standing().is_empty() && night.unfinished().is_empty());
    assert!(std::fs::read_dir(night.output().join("runs")).unwrap().next().is_none());
}

#[test]
fn the_closing_table_says_what_json_says() {
    let people = town(50, 10);
    let night = Night::of(&people);
    let shown = night.run().done();
    shown.names_nobody(&people);
    let json = night.run_with(&["--json"]).done();
    let facts: serde_json::Value = serde_json::from_str(&json.stdout).expect("only JSON on standard output");
    let keys: Vec<&str> = facts.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "run_id",
        "folder",
        "rows",
        "people",
        "duplicates",
        "quarantined",
        "withheld",
        "review",
        "changes",
        "identities",
        "pairs_compared",
        "recalled",
        "learnt",
        "model",
        "purged",
        "seconds",
        "reused_stages",
        "stages",
        "warnings",
    ];
    assert_eq!(keys, expected);
    assert_eq!(facts["rows"], facts["people"].as_u64().unwrap() + facts["duplicates"].as_u64().unwrap());
    for (line, key) in [
        ("Rows read", "rows"),
        ("People found", "people"),
        ("Duplicates removed", "duplicates"),
        ("Quarantined", "quarantined"),
    ] {
        let shown =
            shown.stdout.lines().find(|shown| shown.trim_start().starts_with(line)).unwrap_or_else(|| panic!("{line}"));
        let figure = facts[key].to_string();
        assert!(shown.split_whitespace().any(|word| word == figure), "{shown} against {figure}");
    }
    assert!(shown.stdout.contains("report.html"));
}

#[test]
fn quiet_prints_nothing_and_no_escape_codes_reach_a_pipe() {
    let night = Night::of(&town(30, 11));
    let quiet = night.run_with(&["--quiet"]).done();
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let mut plain = night.command(&[] as &[&str]);
    plain.env("NO_COLOR", "1").env("TERM", "xterm-256color").env("CLICOLOR_FORCE", "1");
    let plain = outcome(plain).done();
    assert!(!plain.stdout.contains('\u{1b}') && !plain.stderr.contains('\u{1b}'), "{}{}", plain.stdout, plain.stderr);
    night.write("job.toml", "[jobb]\n");
    let mut wrong = night.command(&[] as &[&str]);
    wrong.env("NO_COLOR", "1");
    let wrong = outcome(wrong).failed(2, "OF0101");
    assert!(!wrong.stderr.contains('\u{1b}'), "{}", wrong.stderr);
}

#[test]
fn completions_and_the_manual_page_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let mut command = onefolk();
        command.args(["completions", shell]);
        let script = outcome(command).done().stdout;
        assert!(script.contains("onefolk") && script.contains("dry-run"), "{shell}");
    }
    let mut command = onefolk();
    command.arg("man");
    let page = outcome(command).done().stdout;
    assert!(page.contains(".TH onefolk") && page.contains("run"), "{page}");
}

#[test]
fn every_code_is_explained() {
    let mut command = onefolk();
    command.args(["explain", "code", "OF0510"]);
    let text = outcome(command).done().stdout;
    assert!(text.contains("OF0510") && text.contains("maximum_quarantined"), "{text}");
    let mut command = onefolk();
    command.args(["explain", "code", "OF9999"]);
    outcome(command).failed(2, "OF0602");
}
