//! A backtest within the memory that the job allows, and the nights it holds another model against.

use super::*;
use std::fs;

const JOB: &str = r#"
[job]
name = "tested"
as_of = 2026-11-22
[[provider]]
id = "one"
name = "One"
setting = "acute"
files = ["one.csv"]
[provider.columns]
record_id = "id"
given_name = "given"
family_name = "family"
date_of_birth = "born"
"#;

/// A job of people some of whom stand twice, and its first run.
fn linked_in(folder: &Path) -> Job {
    const NAMES: [&str; 7] = ["Asha", "Benedict", "Carys", "Dmitri", "Eleanor", "Farouk", "Gwendolen"];
    let row = |n: usize| {
        let person = n - n % 3 / 2;
        let (given, family) = (NAMES[person % 7], NAMES[person / 7 % 7]);
        format!("{n},{given},{family},{}-03-1{}\n", 1950 + person % 40, person % 10)
    };
    let rows: String = (0..120).map(row).collect();
    fs::write(folder.join("one.csv"), format!("id,given,family,born\n{rows}")).expect("there is room");
    fs::write(folder.join("job.toml"), JOB).expect("there is room");
    let job = Job::read(&folder.join("job.toml")).expect("the job is right");
    run::run(&job, run::Options::default()).expect("the run succeeds");
    job
}

#[test]
fn a_backtest_keeps_to_the_limit_of_its_job() {
    let folder = tempfile::tempdir().expect("a folder");
    let job = linked_in(folder.path());
    let model = job.output.join("current/model.json");
    let options = Options { show_identifiers: false, progress: Show::Nothing, nights: Some(1) };
    let within = |memory_limit: Option<u64>| backtest(&Job { memory_limit, ..job.clone() }, &model, options);
    let failure = within(Some(1 << 20)).expect_err("nothing is linked within a MiB");
    assert_eq!(failure.code.id, "OF0440");
    assert!(failure.what.ends_with("and 1 MiB are allowed"), "{}", failure.what);
    let told = |tested: Backtest| {
        assert_eq!(tested.nights.as_ref().map(|nights| nights.replayed.len()), Some(1));
        serde_json::to_string(&tested).expect("figures are plain data")
    };
    let free = told(within(None).expect("there is no limit"));
    assert_eq!(told(within(Some(1 << 40)).expect("there is room")), free);
    assert!(!job.output.join("state/spill").exists(), "it holds no lock, and leaves nothing where a night works");
}

/// A model of Splink that joins whoever has a given name in common.
const BY_GIVEN_NAME: &str = r#"{
    "link_type": "dedupe_only", "probability_two_random_records_match": 0.5,
    "blocking_rules_to_generate_predictions": ["l.given = r.given"],
    "comparisons": [{"output_column_name": "given", "comparison_levels": [
        {"sql_condition": "given_l = given_r", "m_probability": 0.99, "u_probability": 0.0001},
        {"sql_condition": "ELSE", "m_probability": 0.01, "u_probability": 0.9999}]}]}"#;

#[test]
fn nights_are_linked_with_the_model_of_the_current_run_whatever_the_job_names_since() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = linked_in(folder.path());
    let settings = folder.path().join("settings.json");
    fs::write(&settings, BY_GIVEN_NAME).expect("there is room");
    job.model_file = Some(settings.clone());
    let options = Options { show_identifiers: false, progress: Show::Nothing, nights: Some(1) };
    let tested = backtest(&job, &settings, options).expect("both models can be read");
    let nights = tested.nights.expect("one was asked for");
    let [night] = nights.replayed.as_slice() else { panic!("not one night: {nights:?}") };
    assert!(tested.people_after < tested.people_before, "there are fewer given names than people");
    assert_eq!((night.people_before, night.people_after), (tested.people_before, tested.people_after));
}
