//! What readers of an evaluation rely on: the figures of the real binary, and a page that opens anywhere and is its owner's only.

use crate::common::{self, Night, onefolk, outcome};
use crate::opened::{asks_for_nothing, check_in_browser, is_well_formed};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A generated town of 200 people, linked.
fn town() -> Night {
    let night = Night::new();
    let town = night.path("town");
    let people =
        ["generate", "--people", "200", "--providers", "10", "--rows-per-person", "5", "--seed", "5", "--output"];
    let mut generate = onefolk();
    generate.args(people).arg(&town).arg("--quiet");
    outcome(generate).done();
    let mut run = onefolk();
    run.arg("run").arg(town.join("job.toml")).arg("--quiet");
    outcome(run).done();
    night
}

fn evaluate(night: &Night, rest: &[&str]) -> common::Outcome {
    let mut command = onefolk();
    let town = night.path("town");
    command.current_dir(&town).arg("evaluate").arg(town.join("job.toml")).args(rest).arg("--quiet");
    outcome(command)
}

#[test]
fn an_evaluation_says_what_matters_and_its_page_is_its_owners() {
    let night = town();
    let all = ["--truth", "truth.csv", "--method", "mps", "--method", "deterministic", "--report", "evaluation.html"];
    let told = evaluate(&night, &all).done().stdout;
    for words in [
        "precision",
        "The model expects",
        "Beside published methods",
        "Clusters at every cut",
        "Calibration",
        "Blocking brought",
        "For whom it works",
        "By what cannot be",
    ] {
        assert!(told.contains(words), "{words} is not in:\n{told}");
    }
    let path = night.path("town/evaluation.html");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let page = std::fs::read_to_string(&path).unwrap();
    asks_for_nothing(&page);
    is_well_formed(&page);
    assert!(page.contains("For the controller only"));
    check_in_browser(&path);

    // An older evaluation is replaced, anything else is somebody's work.
    evaluate(&night, &all).done();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page, "the same input gives the same page");
    std::fs::write(&path, "mine").unwrap();
    evaluate(&night, &all).failed(2, "OF0603");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn json_has_everything_and_figures_that_agree() {
    let night = town();
    let told = evaluate(&night, &["--truth", "truth.csv", "--method", "mps", "--json"]).done().stdout;
    let value: serde_json::Value = serde_json::from_str(&told).expect("it is JSON");
    let (published, truth) = (&value["measures"]["pairs"], &value["truth"]);
    assert!(published["both"].as_u64().unwrap() > 500);
    let methods = truth["methods"].as_array().unwrap();
    assert_eq!((methods[0]["name"].as_str(), methods[1]["name"].as_str()), (Some("onefolk"), Some("mps")));
    assert_eq!(&methods[0]["pairs"], published);
    assert!(truth["mistakes"].as_array().is_some_and(|mistakes| mistakes.len() <= 50));
    assert!(truth["groupings"].as_array().unwrap().iter().any(|grouping| grouping["name"] == "ethnicity"));
    assert!(value["estimates"]["checks"].as_array().is_some_and(|checks| checks.len() >= 3));
    let crosswalk = evaluate(&night, &["--truth", "truth.csv", "--crosswalk-only", "--json"]).done().stdout;
    let crosswalk: serde_json::Value = serde_json::from_str(&crosswalk).expect("it is JSON");
    assert_eq!(&crosswalk["measures"], &value["measures"]);
    assert!(crosswalk.get("truth").is_none() && crosswalk.get("estimates").is_none());
}

/// The first two columns of a line of truth.csv, as a label names a record.
fn record(line: &str) -> String {
    let mut parts = line.split(',');
    format!("{}:{}", parts.next().unwrap(), parts.next().unwrap())
}

#[test]
fn without_truth_labels_are_weighed() {
    let night = town();
    let told = evaluate(&night, &[]).done().stdout;
    assert!(told.contains("By the model's own probabilities") && !told.contains("in truth"), "{told}");
    let truth = std::fs::read_to_string(night.path("town/truth.csv")).unwrap();
    let lines: Vec<&str> = truth.lines().skip(1).collect();
    let person = |line: &str| line.split(',').nth(2).unwrap().to_string();
    let mut labels = String::from("left,right,label\n");
    for pair in lines.windows(2).filter(|pair| person(pair[0]) == person(pair[1])).take(60) {
        labels.push_str(&format!("{},{},yes\n", record(pair[0]), record(pair[1])));
    }
    labels.push_str(&format!("{},{},unsure\nnobody:1,{},no\n", record(lines[0]), record(lines[9]), record(lines[0])));
    std::fs::write(night.path("town/labels.csv"), labels).unwrap();
    let told = evaluate(&night, &["--labels", "labels.csv", "--json", "--report", "labels.html"]).done().stdout;
    let page = std::fs::read_to_string(night.path("town/labels.html")).unwrap();
    asks_for_nothing(&page);
    is_well_formed(&page);
    check_in_browser(&night.path("town/labels.html"));
    let value: serde_json::Value = serde_json::from_str(&told).expect("it is JSON");
    let labelled = &value["estimates"]["labelled"];
    assert!(labelled["yes"].as_u64() > Some(50) && labelled["no"] == 0 && labelled["unsure"] == 1, "{labelled}");
    assert!(labelled["not_in_run"].as_u64() >= Some(1) && labelled["precision"] == 1.0, "{labelled}");
    evaluate(&night, &["--labels", "absent.csv"]).failed(3, "OF0536");
    assert!(!Path::new(&night.path("town/evaluation.html")).exists());
}
