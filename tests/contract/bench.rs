//! `onefolk bench`: its figures are those of its runs, and nothing of it stays behind.

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;

fn bench(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("onefolk").expect("the binary");
    command.env("TMPDIR", temporary).arg("bench").args(arguments);
    command
}

fn figures(temporary: &Path, arguments: &[&str]) -> Value {
    let outcome = bench(temporary, arguments).arg("--json").assert().success();
    serde_json::from_slice(&outcome.get_output().stdout).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn stages_add_up_and_the_folder_is_gone() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let found =
        figures(temporary.path(), &["--people", "300", "--rows", "2000", "--providers", "4", "--runs", "1", "--quiet"]);
    let stages = found["stages"].as_array().expect("stages");
    let names: Vec<&str> = stages.iter().filter_map(|stage| stage["stage"].as_str()).collect();
    for expected in ["Reading", "Standardising", "Blocking", "Learning", "Linking", "Best records", "Publishing"] {
        assert!(names.contains(&expected), "{expected} is not among {names:?}");
    }
    // Of one run the medians are its own seconds, and every second is in exactly one stage.
    let sum: f64 = stages.iter().map(|stage| number(&stage["seconds"])).sum();
    let whole = number(&found["whole"]["seconds"]);
    assert!((sum - whole).abs() < 1e-6, "{sum} of {whole}");
    assert_eq!(found["seconds_of_each_run"].as_array().map(Vec::len), Some(1));
    let rows = number(&found["rows"]);
    assert!((1_500.0..2_500.0).contains(&rows), "{rows}");
    assert!((number(&found["whole"]["rows_per_second"]) - rows / whole).abs() < 1e-3);
    assert!(number(&found["pairs_compared"]) > 0.0 && number(&found["people_found"]) >= 200.0);
    if cfg!(target_os = "linux") {
        assert!(number(&found["whole"]["peak_memory_bytes"]) > 1e6);
    }
    assert_eq!(std::fs::read_dir(temporary.path()).expect("the folder").count(), 0, "something stayed behind");
}

#[test]
fn the_settings_file_of_the_peers_is_taken_over_whole() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/settings.json");
    let model = settings.to_str().expect("a path in UTF-8");
    let found = figures(temporary.path(), &["--people", "300", "--single-file", "--runs", "2", "--model", model]);
    assert_eq!(found["warnings"], serde_json::json!([]), "something of the model was left out");
    assert_eq!(found["seconds_of_each_run"].as_array().map(Vec::len), Some(2));
    assert!(found["stages"].as_array().is_some_and(|stages| stages.iter().all(|stage| stage["stage"] != "Learning")));
    assert!(number(&found["pairs_compared"]) > 300.0);
}

/// A provider that sees nobody would send an empty file where its format has no header, and the night would end there.
#[test]
fn one_person_is_a_population() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let found = figures(temporary.path(), &["--people", "1", "--rows", "1", "--runs", "1", "--quiet"]);
    assert!(found["files"].as_u64().is_some_and(|files| (1..30).contains(&files)), "{found}");
    assert_eq!(found["people_found"], 1);
}

#[test]
fn sizes_and_models_that_make_no_sense_are_refused() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    for (arguments, code) in [
        (&["--people", "0"][..], "OF0901"),
        (&["--people", "10", "--rows", "100000"], "OF0901"),
        (&["--runs", "0"], "OF0601"),
        (&["--threads", "2000"], "OF0601"),
        (&["--people", "10", "--model", "no-such-model.json"], "OF0601"),
    ] {
        let outcome = bench(temporary.path(), arguments).assert().code(2);
        let stderr = String::from_utf8_lossy(&outcome.get_output().stderr).into_owned();
        assert!(stderr.trim_end().ends_with(&format!("({code})")), "{stderr}");
    }
    assert_eq!(std::fs::read_dir(temporary.path()).expect("the folder").count(), 0, "something stayed behind");
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("onefolk"))
        .env("TMPDIR", temporary.path())
        .args(["bench", "--people", "3000", "--runs", "1000", "--quiet"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    let entries = || std::fs::read_dir(temporary.path()).expect("the folder").flatten();
    // Signals are watched for before anything is put into the folder.
    let at_work = || entries().any(|entry| entry.path().join("population").exists());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !at_work() && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(entries().count(), 1, "it never made its folder");
    let number = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(number, rustix::process::Signal::INT).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(entries().count(), 0, "something stayed behind");
}
