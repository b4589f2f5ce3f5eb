//! What those rely on who train, freeze and review: the model changes only when somebody wants it to, and no decision is ever lost.

use crate::common::{self, Night, Outcome, Person, edit, onefolk, outcome, town};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn bytes(path: PathBuf) -> Vec<u8> {
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: PathBuf) -> serde_json::Value {
    serde_json::from_slice(&bytes(path)).expect("it is JSON")
}

fn with_job(night: &Night, command: &str, arguments: &[&str]) -> Command {
    let mut started = onefolk();
    started.arg(command).arg(night.path("job.toml")).args(arguments);
    started
}

fn train(night: &Night, arguments: &[&str]) -> Outcome {
    outcome(with_job(night, "train", arguments))
}

/// `onefolk review` with these lines typed.
fn review(night: &Night, arguments: &[&str], typed: &str) -> Outcome {
    let mut command = with_job(night, "review", arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // It may end before it has read everything.
    let _ = child.stdin.take().expect("it is piped").write_all(typed.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    Outcome {
        status: output.status.code(),
        signal: None,
        stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
    }
}

fn learnt(night: &Night) -> bool {
    json(night.current("run.json"))["linkage"]["model"]["learnt"].as_bool().expect("it says so")
}

/// A job that is so careful that many right pairs wait for a human.
fn careful(people: &[Person]) -> Night {
    let night = Night::of(people);
    edit(&night.path("job.toml"), "[job]\n", "[cluster]\nthreshold = 0.9999999999\nreview_from = 0.001\n[job]\n");
    night
}

#[test]
fn what_was_trained_is_what_runs_use() {
    let night = Night::of(&town(250, 51));
    let told = train(&night, &[]).done();
    assert!(told.stdout.contains("There was no model before"), "{}", told.stdout);
    let kept = night.output().join("state/model.json");
    let model = bytes(kept.clone());
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let told = night.run().done();
    assert!(told.stdout.contains("learnt before"), "{}", told.stdout);
    assert!(!learnt(&night));
    assert!(bytes(night.current("model.json")) == model && bytes(kept.clone()) == model);
    // The same extracts give the same model, and it says that nothing is different.
    let told = train(&night, &[]).done();
    assert!(told.stdout.contains("Nothing has changed"), "{}", told.stdout);
    assert!(bytes(kept.clone()) == model);
    // Every figure has six significant digits at most.
    let text = String::from_utf8(model).unwrap();
    let digits = |line: &str| {
        let number = line.trim().trim_end_matches(',').split(['e', ':']).next().unwrap_or_default().to_string();
        number.trim_start_matches(['0', '.']).bytes().filter(u8::is_ascii_digit).count()
    };
    let long: Vec<&str> = text.lines().filter(|line| line.contains("0.") && digits(line) > 6).collect();
    assert!(long.iter().all(|line| line.contains("onefolk")), "{long:?}");
}

#[test]
fn the_first_night_learns_a_model_that_stays_whatever_is_sent_later() {
    let people = town(250, 52);
    let night = Night::of(&people);
    night.run_with(&["--dry-run"]).done();
    let kept = night.output().join("state/model.json");
    assert!(!kept.exists(), "a dry run keeps nothing");
    let told = night.run().done();
    assert!(told.stdout.contains("learnt tonight"), "{}", told.stdout);
    assert!(learnt(&night));
    let model = bytes(kept.clone());
    assert!(bytes(night.current("model.json")) == model);

    let text = std::fs::read_to_string(night.path("in/gp.csv")).unwrap();
    let half: Vec<&str> = text.lines().take(120).collect();
    night.write("in/gp.csv", half.join("\n") + "\n");
    edit(
        &night.path("job.toml"),
        "[job]\n",
        "[gates]\nmaximum_people_change = \"100 %\"\nmaximum_provider_shrink = \"100 %\"\n[job]\n",
    );
    night.run().done();
    assert!(!learnt(&night));
    assert!(bytes(kept.clone()) == model && bytes(night.current("model.json")) == model);

    // As after a power cut between the publishing and the keeping.
    std::fs::remove_file(&kept).unwrap();
    night.run().done();
    assert!(!learnt(&night));
    assert!(bytes(kept.clone()) == model, "the model of the run that stands is taken");

    // On purpose: another model, and what is different.
    let told = train(&night, &["--json"]).done();
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["change"]["same"], false, "{told:#}");
    assert!(bytes(kept) != model);
}

#[test]
fn the_first_night_links_as_the_nights_after_it() {
    let night = careful(&town(300, 53));
    night.run().done();
    let first: Vec<Vec<u8>> =
        ["crosswalk", "links", "review"].map(|name| bytes(night.current(&format!("{name}.parquet")))).into();
    night.run().done();
    for (name, first) in ["crosswalk", "links", "review"].iter().zip(first) {
        assert!(bytes(night.current(&format!("{name}.parquet"))) == first, "{name} differs");
    }
}

#[test]
fn a_model_that_does_not_know_a_field_asks_for_training() {
    let night = Night::of(&town(200, 54));
    night.run().done();
    let model = bytes(night.output().join("state/model.json"));
    let mapped = std::fs::read_to_string(night.path("job.toml")).unwrap();
    // Less is compared: nothing is amiss.
    night.write("job.toml", mapped.replace("phone = \"phone\"\n", ""));
    night.run().done();
    assert!(bytes(night.current("model.json")) == model);
    // More is compared.
    let more = mapped.replace("phone = \"phone\"\n", "phone = \"phone\"\nward = \"address\"\n");
    night.write("job.toml", more + "\n[field.ward]\nkind = \"category\"\n");
    let standing = night.standing();
    let failed = night.run().failed(2, "OF0522");
    assert!(failed.stderr.contains("ward is compared") && failed.stderr.contains("onefolk train"), "{}", failed.stderr);
    assert_eq!(night.standing(), standing);
    let told = train(&night, &[]).done();
    assert!(told.stdout.contains("comparison ward"), "{}", told.stdout);
    night.run().done();
}

#[test]
fn a_named_model_is_never_made_up_and_never_overwritten_by_mistake() {
    let night = Night::of(&town(200, 55));
    edit(&night.path("job.toml"), "[job]\n", "[model]\nfile = \"kept/model.json\"\n[job]\n");
    night.run().failed(2, "OF0521");
    assert!(!night.output().join("current").exists());
    train(&night, &[]).failed(4, "OF0524");
    std::fs::create_dir(night.path("kept")).unwrap();
    train(&night, &[]).done();
    night.run().done();
    assert!(bytes(night.current("model.json")) == bytes(night.path("kept/model.json")));
    assert!(!night.output().join("state/model.json").exists());

    let text = String::from_utf8(bytes(night.path("kept/model.json"))).unwrap();
    for wrong in [text.replace("\"format_version\": 2", "\"format_version\": 3"), text[..text.len() / 2].to_string()] {
        night.write("kept/model.json", &wrong);
        train(&night, &[]).failed(2, "OF0520");
        assert_eq!(std::fs::read_to_string(night.path("kept/model.json")).unwrap(), wrong);
    }
    night.write("kept/model.json", text.replace("\"format_version\": 2", "\"format_version\": 3"));
    night.run().failed(2, "OF0520");
}

#[test]
fn a_new_cost_of_false_links_moves_the_cut_and_is_told() {
    let night = Night::of(&town(200, 56));
    night.run().done();
    edit(&night.path("job.toml"), "[job]\n", "[cluster]\nfalse_link_cost = 1000\n[job]\n");
    let told = night.run().done();
    assert!(told.stderr.contains("the model was learnt for 4.32"), "{}", told.stderr);
    let cut = json(night.current("model.json"))["decision"]["cut"].as_i64().unwrap();
    assert_eq!(cut, (1000f64.log2() * 1024.0).round() as i64);
}

/// One record of each identity.
fn named(night: &Night) -> BTreeMap<String, String> {
    let table = night.table("crosswalk.parquet");
    let [identity, provider, record] = ["identity_id", "provider", "record_id"].map(|name| table.column(name));
    table.rows.iter().map(|row| (row[identity].clone(), format!("{}:{}", row[provider], row[record]))).collect()
}

/// Weight of each pair of identities.
fn weights(night: &Night) -> BTreeMap<(String, String), f64> {
    let table = night.table("links.parquet");
    let [left, right, weight] = ["identity_id_left", "identity_id_right", "weight"].map(|name| table.column(name));
    table.rows.iter().map(|row| ((row[left].clone(), row[right].clone()), row[weight].parse().unwrap())).collect()
}

#[test]
fn labels_move_the_model_where_they_point() {
    let people = town(300, 57);
    let night = Night::of(&people);
    night.run().done();
    let names = named(&night);
    let mut before: Vec<((String, String), f64)> = weights(&night).into_iter().collect();
    before.sort_by(|a, b| a.1.total_cmp(&b.1));
    before.truncate(30);
    let after = |answer: &str| -> f64 {
        let lines: Vec<String> =
            before.iter().map(|((a, b), _)| format!("{},{},{answer},ann,,\n", names[a], names[b])).collect();
        let more = format!("{},gp:nobody,yes,ann,,\n", names[&before[0].0.0]);
        night.write("labels.csv", format!("left,right,decision,by,when,why\n{}{more}", lines.concat()));
        let labels = night.path("labels.csv").display().to_string();
        let told = train(&night, &["--labels", &labels, "--json"]).done();
        let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
        assert_eq!(told["learnt_from"]["labels"][answer], 30, "{told:#}");
        assert_eq!(told["labels_not_used"]["not_known"], 1, "{told:#}");
        night.run().done();
        let now = weights(&night);
        // What fell out of the links altogether had the lowest weight that is kept.
        let least = now.values().copied().fold(f64::INFINITY, f64::min);
        before.iter().map(|(pair, _)| now.get(pair).copied().unwrap_or(least)).sum::<f64>() / before.len() as f64
    };
    let (yes, no) = (after("yes"), after("no"));
    assert!(yes > no + 0.25, "yes {yes}, no {no}");

    night.write("labels.csv", "left,right,decision\ngp:1,acute:2,perhaps\n");
    let labels = night.path("labels.csv").display().to_string();
    let failed = train(&night, &["--labels", &labels]).failed(2, "OF0371");
    assert!(failed.stderr.contains("line 2") && !failed.stderr.contains("perhaps"), "{}", failed.stderr);
}

fn decisions(night: &Night) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(night.output().join("state/decisions.csv")).expect("there are decisions");
    assert!(text.starts_with("left,right,decision,by,when,why\n") && text.ends_with('\n'), "{text}");
    text.lines().skip(1).map(|line| line.split(',').map(str::to_string).collect()).collect()
}

#[test]
fn a_review_goes_on_where_it_stopped_and_shows_nobody_unless_asked_to() {
    let people = town(300, 58);
    let night = careful(&people);
    night.run().done();
    let waiting = night.table("review.parquet").rows.len();
    assert!(waiting >= 8, "{waiting} pairs wait");
    let told = review(&night, &["--by", "ann"], "y\nn born the same day\nb\nperhaps\nu\nq\n").done();
    told.names_nobody(&people);
    assert!(told.stdout.contains("grey zone") && told.stdout.contains("2 pairs decided now"), "{}", told.stdout);
    assert!(told.stderr.contains("Values are hidden"), "{}", told.stderr);
    let path = night.output().join("state/decisions.csv");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let first = decisions(&night);
    let answers: Vec<&str> = first.iter().map(|line| line[2].as_str()).collect();
    assert_eq!(answers, ["yes", "unsure"], "what was taken back is gone");
    assert!(first.iter().all(|line| line[3] == "ann" && line[4].ends_with('Z')), "{first:?}");
    let records: BTreeSet<String> =
        night.person_ids().keys().map(|(provider, record)| format!("{provider}:{record}")).collect();
    assert!(first.iter().all(|line| records.contains(&line[0]) && records.contains(&line[1])), "{first:?}");

    // The next session begins with what is left; the end of the lines ends it.
    let told = review(&night, &["--by", "bob", "--show-identifiers"], "n twins\n").done();
    assert!(told.stdout.contains(&format!("Pair 1 of {}", waiting - 2)), "{}", told.stdout);
    assert!(told.stderr.contains("warning"), "{}", told.stderr);
    let shown = people.iter().any(|person| told.stdout.contains(&person.family.to_lowercase()));
    assert!(shown, "{}", told.stdout);
    let second = decisions(&night);
    assert_eq!(second[..2], first[..]);
    assert_eq!((second[2][2].as_str(), second[2][3].as_str(), second[2][5].as_str()), ("no", "bob", "twins"));
    let told = review(&night, &["--json"], &"u\n".repeat(waiting)).done();
    let told: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((told["before"].as_u64(), told["now"].as_u64()), (Some(3), Some(waiting as u64 - 3)));
    let told = review(&night, &[], "").done();
    assert!(told.stdout.contains("are decided"), "{}", told.stdout);
    // They are labels as they stand.
    let labels = path.display().to_string();
    train(&night, &["--labels", &labels]).done();
}

#[test]
fn a_review_asks_nothing_of_rows_that_are_only_numbered() {
    let night = careful(&town(200, 58));
    edit(&night.path("job.toml"), "record_id = \"id\"", "record_id = \"row_number\"");
    night.run().done();
    assert!(!night.table("review.parquet").rows.is_empty());
    review(&night, &["--by", "ann"], "y\n").failed(2, "OF0373");
    assert_eq!(decisions(&night), Vec::<Vec<String>>::new());
    // Nor does it stand in the way of the next night.
    night.run().done();
}

#[test]
fn nothing_tells_where_sensitive_people_are() {
    let people = town(200, 59);
    let night = careful(&people);
    for file in ["in/gp.csv", "in/acute.csv"] {
        let text = std::fs::read_to_string(night.path(file)).unwrap();
        let lines: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(at, line)| format!("{line},{}", if at == 0 { "flag" } else { "S" }))
            .collect();
        night.write(file, lines.join("\n") + "\n");
    }
    edit(&night.path("job.toml"), "phone = \"phone\"\n", "phone = \"phone\"\nsensitivity = \"flag\"\n");
    edit(&night.path("job.toml"), "name = \"gp\"", "name = \"Whitewater Surgery\"");
    night.run().done();
    let told = review(&night, &["--show-identifiers"], &"u\n".repeat(8)).done();
    assert!(!told.stdout.contains("ensitiv") && !told.stdout.contains("not shown"), "{}", told.stdout);
    assert!(!told.stdout.contains("Whitewater"), "{}", told.stdout);
    let shown = told.stdout.to_lowercase();
    for person in &people {
        let street = person.address.to_lowercase();
        assert!(!shown.contains(&street) && !shown.contains(&person.postcode.to_lowercase()), "{}", told.stdout);
        assert!(!shown.contains(&person.phone.replace(' ', "")[1..]), "{}", told.stdout);
    }
}

#[test]
fn what_was_answered_before_a_kill_is_kept() {
    let night = careful(&town(200, 60));
    night.run().done();
    let mut command = with_job(&night, "review", &["--by", "ann"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let mut keys = child.stdin.take().expect("it is piped");
    keys.write_all(b"y\nn\n").expect("it reads");
    let path = night.output().join("state/decisions.csv");
    let lines = || std::fs::read_to_string(&path).unwrap_or_default().lines().count();
    let since = std::time::Instant::now();
    while lines() < 3 && since.elapsed().as_secs() < 120 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // While one review is under way there is no second one.
    review(&night, &[], "y\n").failed(5, "OF0372");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let kept = decisions(&night);
    assert_eq!(kept.len(), 2, "{kept:?}");
    // As if the kill had come in the middle of a line.
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"gp:1,acu").unwrap();
    review(&night, &["--by", "bob"], "u\n").done();
    let after = decisions(&night);
    assert_eq!((after.len(), &after[..2]), (3, &kept[..]));
}

// --- another model, before anybody switches ---------------------------------------------------

#[test]
fn a_backtest_says_whom_another_model_would_merge_and_split_and_changes_nothing() {
    let people = town(250, 58);
    let night = Night::of(&people);
    let backtest = |arguments: &[&str]| outcome(with_job(&night, "backtest", arguments));
    backtest(&["--model", "none.json"]).failed(3, "OF0530");
    night.run().done();
    let own = night.output().join("state/model.json").display().to_string();
    let everything = common::files_below(&night.output());
    backtest(&["--model", "none.json"]).failed(2, "OF0520");
    backtest(&["--model", night.path("in/gp.csv").to_str().unwrap()]).failed(2, "OF0360");
    let read = |told: Outcome| -> serde_json::Value { serde_json::from_str(&told.done().stdout).expect("only JSON") };

    // The very model that the run was linked with: everybody stays.
    let same = read(backtest(&["--model", &own, "--json"]));
    let all = night.table("people.parquet").rows.len();
    for key in ["people_before", "people_after", "unchanged"] {
        assert_eq!(same[key], all, "{key}");
    }
    assert_eq!((same["differences"].as_array().map(Vec::len), &same["rows_left_out"]), (Some(0), &0.into()));

    let path = common::misled_model(&night, "misled.json").display().to_string();
    let told = backtest(&["--model", &path]).done();
    told.names_nobody(&people);
    assert!(told.stdout.contains("nothing is changed") && told.stdout.contains("\nDivided"), "{}", told.stdout);
    assert!(told.stdout.contains("The gate merges would pass"), "{}", told.stdout);
    let split = read(backtest(&["--model", &path, "--json"]));
    let differences = split["differences"].as_array().expect("a list");
    assert!(differences.len() > 100, "{}", differences.len());
    let known: BTreeSet<String> = night.person_ids().into_values().collect();
    let mut gone = 0;
    for one in differences {
        let parts: Vec<u64> = one["parts"].as_array().unwrap().iter().map(|rows| rows.as_u64().unwrap()).collect();
        assert_eq!(one["rows"].as_u64(), Some(parts.iter().sum()), "{one}");
        let ids = one["people"].as_array().unwrap();
        assert!(ids.iter().all(|id| known.contains(id.as_str().unwrap())), "{one}");
        gone += parts.len() - ids.len();
        let closest = &one["closest"];
        assert!(closest["bits_before"].as_f64() > closest["bits_after"].as_f64(), "{one}");
        let fields = closest["fields"].as_array().unwrap();
        assert!(fields.iter().any(|field| field["bits_before"].as_f64() > field["bits_after"].as_f64()), "{one}");
        assert!(closest.get("records").is_none() && fields[0].get("values").is_none(), "nobody asked for identifiers");
    }
    assert_eq!(split["people_after"].as_u64(), Some((all + gone) as u64));
    let rows: u64 = split["providers"].as_array().unwrap().iter().map(|one| one["split"].as_u64().unwrap()).sum();
    assert_eq!(rows, differences.iter().map(|one| one["rows"].as_u64().unwrap()).sum::<u64>());
    let shown = backtest(&["--model", &path, "--show-identifiers"]).done();
    assert!(shown.stdout.contains("  Records: "), "{}", shown.stdout);
    let mut now = common::files_below(&night.output());
    // Who was shown identifiers is noted, and nothing else.
    for noted in ["state/audit.jsonl", "state/audit.head"].map(Path::new) {
        assert!(now.remove(noted) != everything.get(noted).cloned(), "{}", noted.display());
    }
    let others = everything
        .into_iter()
        .filter(|(name, _)| !name.starts_with("state/audit.jsonl") && !name.starts_with("state/audit.head"));
    assert!(now == others.collect(), "a backtest writes nothing");

    // Whoever is linked with the misled one learns by a backtest what the other would put together.
    let job = std::fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", format!("{job}\n[model]\nfile = \"misled.json\"\n"));
    let state = night.output().join("state");
    let frequencies = std::fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let name = frequencies.into_iter().find(|name| name.starts_with("model.frequencies-")).expect("it is kept");
    std::fs::copy(state.join(&name), night.path(&name.replace("model.", "misled."))).unwrap();
    night.run_with(&["--waive", "people_change"]).done();
    let told = backtest(&["--model", &own]).done();
    assert!(told.stdout.contains("\nPut together: ") && told.stdout.contains("would fail"), "{}", told.stdout);
}

#[test]
fn a_model_that_is_written_elsewhere_is_used_by_no_run_until_the_job_names_it() {
    let night = Night::of(&town(200, 59));
    night.run().done();
    let own = bytes(night.output().join("state/model.json"));
    let new = night.path("new.json").display().to_string();
    let told = train(&night, &["--output", &new]).done();
    assert!(told.stdout.contains("no run uses it until [model] file in the job names it"), "{}", told.stdout);
    assert!(bytes(night.output().join("state/model.json")) == own);
    let told = outcome(with_job(&night, "backtest", &["--model", &new])).done();
    assert!(told.stdout.contains("new.json, learnt from "), "{}", told.stdout);
    // What is no model is not written over.
    night.write("notes.json", "{}");
    train(&night, &["--output", night.path("notes.json").to_str().unwrap()]).failed(2, "OF0520");
    let job = std::fs::read_to_string(night.path("job.toml")).unwrap();
    night.write("job.toml", format!("{job}\n[model]\nfile = \"new.json\"\n"));
    night.run().done();
    assert!(bytes(night.current("model.json")) == bytes(night.path("new.json")));
}
