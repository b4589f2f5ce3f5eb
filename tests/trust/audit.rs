//! What somebody relies on who asks who has seen what: every run, look-up and decision is in the audit, and no later hand changes it unseen.

use crate::common::{self, Night, Outcome, outcome, town};
use serde_json::Value;

fn command(night: &Night, arguments: &[&str]) -> Outcome {
    let mut command = common::onefolk();
    command.args(arguments).arg(night.path("job.toml"));
    outcome(command)
}

/// `onefolk audit show --json` with these arguments.
fn shown(night: &Night, arguments: &[&str]) -> Vec<Value> {
    let told = command(night, &[&["audit", "show", "--json"], arguments].concat()).done();
    let told: Value = serde_json::from_str(&told.stdout).expect("it is JSON");
    told["entries"].as_array().expect("a list of entries").clone()
}

fn events(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["event"].as_str().expect("a word")).collect()
}

fn explain(night: &Night, arguments: &[&str]) {
    let mut command = common::onefolk();
    command.arg("explain").args(arguments).arg("--job").arg(night.path("job.toml"));
    outcome(command).done();
}

#[test]
fn who_has_seen_what_of_a_person_is_one_command() {
    let people = town(120, 61);
    let night = Night::of(&people);
    night.run().done();
    let ids = night.person_ids();
    let ((provider, record), person) = ids.iter().next().expect("there are people");
    let (_, other) = ids.iter().find(|(_, id)| *id != person).expect("there are several");
    // Without identifiers nothing of a person is shown, and nothing is noted.
    explain(&night, &["person", person]);
    explain(&night, &["person", person, "--show-identifiers"]);
    explain(&night, &["person", other, "--show-identifiers"]);
    let all = shown(&night, &[]);
    assert_eq!(events(&all), ["run", "look_up", "look_up"]);
    let by_person = shown(&night, &["--person", person]);
    assert_eq!(by_person, shown(&night, &["--record", &format!("{provider}:{record}")]));
    assert_eq!(events(&by_person), ["look_up"]);
    assert_eq!(
        (&by_person[0]["person_ids"], &by_person[0]["what"]["command"]),
        (&serde_json::json!([person]), &"explain person".into())
    );
    assert_eq!(by_person[0]["run_id"], all[0]["run_id"]);
    // The run's note is of the very run.json that stands, which knows where the audit ended before.
    let run_json = std::fs::read(night.current("run.json")).expect("it stands");
    assert_eq!(all[0]["what"]["run_json_blake3"], blake3::hash(&run_json).to_hex().to_string());
    night.run().done();
    let verdict = command(&night, &["audit", "verify", "--json"]).done();
    let verdict: Value = serde_json::from_str(&verdict.stdout).expect("it is JSON");
    assert_eq!(
        (&verdict["entries"], &verdict["witnesses"], &verdict["faults"]),
        (&4.into(), &2.into(), &Value::Array(vec![]))
    );
    // Nobody's values are in it.
    let log = std::fs::read_to_string(night.output().join("state/audit.jsonl")).expect("it stands");
    for value in people.iter().flat_map(|person| person.values()) {
        assert!(!log.contains(value), "{value} is in the audit");
    }
    assert!(!log.contains(&format!("\"{record}\"")), "a record_id is in the audit");
}

#[test]
fn what_was_done_with_everybodys_records_is_told_to_each() {
    let night = Night::of(&town(120, 61));
    night.run().done();
    let ids = night.person_ids();
    let person = ids.values().next().expect("there are people");
    assert!(shown(&night, &["--person", person]).is_empty());
    let mut export = common::onefolk();
    export.arg("export").arg(night.path("job.toml")).arg("--output").arg(night.path("records.parquet"));
    outcome(export).done();
    assert_eq!(events(&shown(&night, &[])), ["run", "look_up"]);
    let told = command(&night, &["audit", "show", "--json", "--person", person]).done();
    let told: Value = serde_json::from_str(&told.stdout).expect("it is JSON");
    assert_eq!((&told["everybody"], &told["entries"][0]["entry"]), (&serde_json::json!([2]), &2.into()));
    assert_eq!(told["entries"].as_array().map(Vec::len), Some(1));
    let words = command(&night, &["audit", "show", "--person", person]).done().stdout;
    assert!(words.contains("everybody's records") && words.contains("export"), "{words}");
}

#[test]
fn decisions_are_noted_before_they_stand() {
    let night = Night::of(&town(300, 58));
    // So careful that many right pairs wait for a human.
    common::edit(
        &night.path("job.toml"),
        "[job]\n",
        "[cluster]\nthreshold = 0.9999999999\nreview_from = 0.001\n[job]\n",
    );
    night.run().done();
    let waiting = night.table("review.parquet").rows.len();
    assert!(waiting >= 2, "{waiting} pairs wait");
    let mut review = common::onefolk();
    review.args(["review", "--by", "ann"]).arg(night.path("job.toml")).stdin(std::process::Stdio::piped());
    let mut child = review.stdout(std::process::Stdio::null()).spawn().expect("it starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("it is piped"), b"n\nb\ny\nq\n").expect("it reads");
    assert!(child.wait().expect("it ends").success());
    let told = shown(&night, &["--event", "decision"]);
    assert_eq!(told.iter().map(|entry| entry["what"]["answer"].as_str().unwrap()).collect::<Vec<_>>(), ["no", "yes"]);
    assert_eq!(told[0]["person_ids"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown(&night, &["--event", "decision_taken_back"]).len(), 1);
    night.run().done();
    let obeyed = obeyed(&night);
    assert_eq!((&obeyed["lines"], &obeyed["one_person"], &obeyed["without_entry"]), (&1.into(), &1.into(), &0.into()));
}

/// What the last run has told the audit of the decisions that it obeyed.
fn obeyed(night: &Night) -> Value {
    shown(night, &["--event", "run"]).last().expect("it is noted")["what"]["decisions"].clone()
}

#[test]
fn decisions_that_somebody_has_written_by_hand_are_told_of_in_the_entry_of_the_run_that_obeys_them() {
    let night = Night::of(&town(120, 67));
    night.run().done();
    assert_eq!(obeyed(&night), Value::Null);
    let ids = night.person_ids();
    let (first, person) = ids.iter().next().expect("there are people");
    let (second, _) = ids.iter().find(|(_, id)| *id != person).expect("there are several");
    let written = format!("left,right,decision\n{}:{},{}:{},no\n", first.0, first.1, second.0, second.1);
    night.write("out/state/decisions.csv", &written);
    night.run().done();
    let told = obeyed(&night);
    assert_eq!((&told["two_people"], &told["lines"], &told["without_entry"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(told["blake3"], blake3::hash(written.as_bytes()).to_hex().to_string());
    assert!(!told.to_string().contains(&format!("{}:{}", first.0, first.1)), "{told}");
}

/// `onefolk audit show --record`.
fn had(night: &Night, (provider, record): &(String, String)) -> Outcome {
    command(night, &["audit", "show", "--json", "--record", &format!("{provider}:{record}")])
}

#[test]
fn whoever_has_just_objected_can_still_ask_who_has_had_what_about_them() {
    let night = Night::of(&town(60, 68));
    night.run().done();
    let ids = night.person_ids();
    let person = ids.values().find(|id| ids.values().filter(|other| other == id).count() == 2).expect("most have two");
    let records: Vec<&(String, String)> =
        ids.iter().filter(|(_, id)| *id == person).map(|(record, _)| record).collect();
    explain(&night, &["person", person, "--show-identifiers"]);
    let list: String = records.iter().map(|(provider, record)| format!("{provider},{record}\n")).collect();
    night.write("objections.csv", format!("provider,record_id\n{list}"));
    common::edit(
        &night.path("job.toml"),
        "[job]\n",
        "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n\n[job]\n",
    );
    night.run().done();
    assert!(!night.person_ids().values().any(|id| id == person), "they are withheld");
    // No run has them any more. The ledger knows a person by one record, and of the other one it says how to ask.
    let (known, unknown): (Vec<Outcome>, Vec<Outcome>) =
        records.iter().map(|record| had(&night, record)).partition(|told| told.status == Some(0));
    assert_eq!((known.len(), unknown.len()), (1, 1));
    let told: Value = serde_json::from_str(&known[0].stdout).expect("it is JSON");
    assert_eq!(told["person_ids"], serde_json::json!([person]));
    assert_eq!(told["entries"][0]["event"], "look_up");
    assert!(unknown[0].stderr.contains("--person") && unknown[0].stderr.contains("OF0541"), "{}", unknown[0].stderr);
    assert_eq!(events(&shown(&night, &["--person", person])), ["look_up"]);
}

#[test]
fn of_a_record_that_is_gone_from_the_extracts_a_kept_run_tells_whose_it_was() {
    let night = Night::of(&town(120, 69));
    night.run().done();
    let ids = night.person_ids();
    let text = std::fs::read_to_string(night.path("in/acute.csv")).expect("it is text");
    let mut lines: Vec<&str> = text.lines().collect();
    let gone = lines.pop().and_then(|line| line.split(',').next()).expect("a record_id");
    night.write("in/acute.csv", lines.join("\n") + "\n");
    night.run().done();
    let record = ("acute".to_string(), gone.to_string());
    assert!(!night.person_ids().contains_key(&record));
    let told: Value = serde_json::from_str(&had(&night, &record).done().stdout).expect("it is JSON");
    assert_eq!(told["person_ids"], serde_json::json!([ids[&record]]));
}

#[test]
fn a_gate_that_was_waived_for_a_night_is_noted_with_what_it_saw() {
    let night = Night::of(&town(300, 43));
    night.run().done();
    let whole = std::fs::read_to_string(night.path("in/acute.csv")).expect("it is text");
    let lines: Vec<&str> = whole.lines().collect();
    night.write("in/acute.csv", lines[..lines.len() * 7 / 10].join("\n") + "\n");
    // A night that is refused has done nothing, nor has one that was only tried.
    night.run().failed(1, "OF0518");
    night.run_with(&["--waive", "provider_shrunk", "--dry-run"]).done();
    assert_eq!(events(&shown(&night, &[])), ["run"]);
    night.run_with(&["--waive", "provider_shrunk"]).done();
    let all = shown(&night, &[]);
    assert_eq!(events(&all), ["run", "gate_waived", "run"]);
    // As run.json has it, and of that run.
    let run = std::fs::read(night.current("run.json")).expect("it stands");
    let run: Value = serde_json::from_slice(&run).expect("it is JSON");
    let gates = run["gates"].as_array().expect("a list of gates");
    let gate = gates.iter().find(|gate| gate["name"] == "provider_shrunk").expect("it was judged");
    assert_eq!(gate["outcome"], "waived");
    let noted = &all[1];
    assert_eq!(noted["run_id"], run["run_id"]);
    assert_eq!(noted["what"]["gate"], gate["name"]);
    assert_eq!((&noted["what"]["saw"], &noted["what"]["expected"]), (&gate["saw"], &gate["expected"]));
    // It holds for that night alone, and a gate that is not broken is not waived by being named.
    night.write("in/acute.csv", &whole);
    night.run_with(&["--waive", "quarantined"]).done();
    assert_eq!(shown(&night, &["--event", "gate_waived"]), std::slice::from_ref(noted));
    command(&night, &["audit", "verify"]).done();
}

#[test]
fn a_changed_audit_stops_the_night() {
    let night = Night::of(&town(60, 63));
    night.run().done();
    let path = night.output().join("state/audit.jsonl");
    let whole = std::fs::read_to_string(&path).expect("it stands");
    // A run that was never published is written into it by somebody without the key.
    std::fs::write(&path, whole.replace("\"event\":\"run\"", "\"event\":\"refusal\"")).expect("there is room");
    let verdict = command(&night, &["audit", "verify"]);
    assert_eq!(verdict.status, Some(4), "{}", verdict.stdout);
    assert!(verdict.stdout.contains("line 1") && verdict.stderr.ends_with("(OF0711)\n"), "{}", verdict.stderr);
    let doctor = command(&night, &["doctor"]);
    assert!(doctor.stdout.contains("audit") && doctor.stderr.ends_with("(OF0430)\n"), "{}", doctor.stdout);
    // With its end cut off, nothing is published on top of it.
    let standing = night.standing();
    std::fs::write(&path, "").expect("there is room");
    night.run().failed(4, "OF0711");
    assert_eq!(night.standing(), standing);
    std::fs::write(&path, &whole).expect("there is room");
    night.run().done();
    // An audit made anew with its head does not pass for the old one: the runs know better.
    for name in ["audit.jsonl", "audit.head", "audit.key", "audit.key.pub"] {
        std::fs::remove_file(night.output().join("state").join(name)).expect("it stands");
    }
    night.run().done();
    let verdict = command(&night, &["audit", "verify"]);
    assert_eq!(verdict.status, Some(4), "{}", verdict.stdout);
    assert!(verdict.stdout.contains("knew another audit"), "{}", verdict.stdout);
}

#[test]
fn an_audit_that_cannot_be_added_to_stops_the_night_before_an_extract_is_read() {
    let night = Night::of(&town(60, 66));
    // The first night begins it.
    night.run().done();
    let standing = night.standing();
    let state = night.output().join("state");
    let stopped = |code: &str| {
        night.run().failed(4, code);
        assert!(!state.join("checkpoints").exists(), "an extract was read");
        night.run_with(&["--dry-run"]).failed(4, code);
        let doctor = command(&night, &["doctor"]);
        let told = |line: &str| line.starts_with("fail  audit ");
        assert!(doctor.status == Some(4) && doctor.stdout.lines().any(told), "{}", doctor.stdout);
        assert_eq!(night.standing(), standing);
    };
    for (name, code) in [("audit.key", "OF0712"), ("audit.jsonl", "OF0711"), ("audit.head", "OF0711")] {
        std::fs::rename(state.join(name), night.path("aside")).expect("it stands");
        stopped(code);
        std::fs::rename(night.path("aside"), state.join(name)).expect("it stands");
        let whole = std::fs::read(state.join(name)).expect("it stands");
        std::fs::write(state.join(name), &whole[..whole.len() / 2]).expect("there is room");
        stopped(code);
        std::fs::write(state.join(name), whole).expect("there is room");
    }
    night.run().done();
}

#[test]
fn an_audit_that_was_put_back_is_found_by_a_head_that_was_kept_elsewhere() {
    let night = Night::of(&town(60, 64));
    night.run().done();
    let ids = night.person_ids();
    let person = ids.values().next().expect("there are people");
    let places = ["audit.jsonl", "audit.head"].map(|name| night.output().join("state").join(name));
    let before = places.each_ref().map(|path| std::fs::read(path).expect("it stands"));
    explain(&night, &["person", person, "--show-identifiers"]);
    let kept = night.path("kept.head");
    std::fs::copy(&places[1], &kept).expect("there is room");
    let kept = kept.to_str().expect("our names are text");
    let verdict = command(&night, &["audit", "verify", "--head", kept]).done();
    assert!(verdict.stdout.contains("a head of 2 entries"), "{}", verdict.stdout);
    for (path, bytes) in places.iter().zip(&before) {
        std::fs::write(path, bytes).expect("there is room");
    }
    // Nothing in the output itself can tell.
    command(&night, &["audit", "verify"]).done();
    let verdict = command(&night, &["audit", "verify", "--head", kept]);
    assert_eq!(verdict.status, Some(4), "{}", verdict.stdout);
    assert!(verdict.stdout.contains("kept elsewhere") && verdict.stderr.ends_with("(OF0711)\n"), "{}", verdict.stderr);
}

#[test]
fn a_run_that_the_audit_was_made_to_forget_is_found() {
    let night = Night::of(&town(60, 65));
    night.run().done();
    let places = ["audit.jsonl", "audit.head"].map(|name| night.output().join("state").join(name));
    let before = places.each_ref().map(|path| std::fs::read(path).expect("it stands"));
    night.run().done();
    for (path, bytes) in places.iter().zip(&before) {
        std::fs::write(path, bytes).expect("there is room");
    }
    // Not even where what the run knows of the audit is taken out of it.
    let run_json = night.current("run.json");
    let told = std::fs::read(&run_json).expect("it stands");
    let mut told: Value = serde_json::from_slice(&told).expect("it is JSON");
    told.as_object_mut().expect("an object").remove("audit");
    std::fs::write(&run_json, told.to_string()).expect("there is room");
    let verdict = command(&night, &["audit", "verify"]);
    assert_eq!(verdict.status, Some(4), "{}", verdict.stdout);
    assert!(verdict.stdout.contains("noted by no entry"), "{}", verdict.stdout);
}

#[test]
fn keys_are_made_shown_and_checked() {
    let night = Night::new();
    let keys = |arguments: &[&str]| {
        let mut command = common::onefolk();
        command.current_dir(night.path("")).arg("keys").args(arguments);
        outcome(command)
    };
    let made = keys(&["new", "lead.key"]).done();
    let secret = std::fs::read_to_string(night.path("lead.key")).expect("it stands");
    let secret = secret.trim().rsplit(' ').next().expect("a key");
    assert!(secret.len() == 64 && !made.stdout.contains(secret));
    let told = keys(&["show", "lead.key"]).done().stdout;
    assert!(!told.contains(secret) && made.stdout.ends_with(&told));
    assert_eq!(told, keys(&["show", "lead.key.pub"]).done().stdout);
    keys(&["check", "lead.key"]).done();
    keys(&["new", "other.key"]).done();
    keys(&["check", "lead.key", "other.key.pub"]).failed(2, "OF0702");
    keys(&["new", "lead.key"]).failed(2, "OF0603");
    keys(&["show", "none"]).failed(2, "OF0700");
}
