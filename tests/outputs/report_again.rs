//! What is relied on of `onefolk report`: that it gives what the night gave, byte for byte, and leaves out whoever objects since.

use crate::common::{self, Night, Outcome, Person, files_below, outcome, town};
use std::collections::BTreeMap;
use std::path::PathBuf;

const RULES: &str = r#"
[[opt_out]]
kind = "local"
files = ["objections.csv"]

[[segment_set]]
id = "ages"
name = "Ages"
[[segment_set.segment]]
id = "old"
name = "Old"
where = "age >= 65"
[[segment_set.segment]]
id = "others"
name = "Others"
otherwise = true

[[cohort]]
id = "adults"
name = "Adults"
where = "age >= 18"
purpose = "planning"
"#;

fn night(people: &[Person]) -> Night {
    let night = Night::of(people);
    let providers = [("gp", "in/gp.csv", ""), ("acute", "in/acute.csv", "")];
    night.write(
        "job.toml",
        common::job(&providers, RULES).replace("[job]", "[gates]\nmaximum_column_change = \"100 %\"\n\n[job]"),
    );
    night.write("objections.csv", "nhs_number\n");
    night
}

fn report(night: &Night, arguments: &[&str]) -> Outcome {
    let mut command = common::onefolk();
    command.arg("report").arg(night.path("job.toml")).args(arguments);
    outcome(command)
}

/// The page, the workbook and everything of summary/ of the run in this folder.
fn summary(night: &Night, run: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = files_below(&night.path(&format!("out/runs/{run}")));
    files.retain(|path, _| {
        path.starts_with("summary") || path.starts_with("report.html") || path.starts_with("report.xlsx")
    });
    files
}

fn remove_summary(night: &Night, run: &str) {
    let folder = night.path(&format!("out/runs/{run}"));
    std::fs::remove_dir_all(folder.join("summary")).expect("it stands");
    std::fs::remove_file(folder.join("report.html")).expect("it stands");
    std::fs::remove_file(folder.join("report.xlsx")).expect("it stands");
}

#[test]
fn a_report_made_anew_is_the_one_of_the_night() {
    let mut people = town(240, 5);
    let night = night(&people);
    night.run().done();
    // Another night, so that there are changes, and figures to go on from.
    people.truncate(200);
    let again = Night::of(&people);
    std::fs::copy(again.path("in/acute.csv"), night.path("in/acute.csv")).expect("it can be written");
    night.run_with(&["--waive", "provider_shrunk", "--waive", "people_change"]).done();
    for (run, arguments) in [("2026-11-22-02", &[] as &[&str]), ("2026-11-22-01", &["--run", "2026-11-22-01"])] {
        let (made, whole) = (summary(&night, run), files_below(&night.path(&format!("out/runs/{run}"))));
        assert!(made.len() > 20, "{}", made.len());
        remove_summary(&night, run);
        let told = report(&night, arguments).done();
        assert!(told.stdout.contains(run), "{}", told.stdout);
        let anew = summary(&night, run);
        for (path, bytes) in &made {
            assert!(anew.get(path) == Some(bytes), "{run}: {} differs", path.display());
        }
        assert!(files_below(&night.path(&format!("out/runs/{run}"))) == whole, "{run}: something else has changed");
    }
    assert!(night.unfinished().is_empty());
    // What an earlier version has left is no table of this one.
    std::fs::write(night.current("summary/old.csv"), "a,b\n").expect("it can be written");
    report(&night, &["--quiet"]).done();
    assert!(!night.current("summary/old.csv").exists());
}

#[test]
fn whoever_objects_since_is_in_no_count() {
    let people = town(240, 6);
    let night = night(&people);
    night.run().done();
    let rows = |night: &Night| night.table("people.parquet").rows.len();
    let before = (summary(&night, "2026-11-22-01"), rows(&night));
    let objecting: String = people[..60].iter().map(|person| format!("{}\n", person.nhs_number)).collect();
    night.write("objections.csv", format!("nhs_number\n{objecting}"));
    let told = report(&night, &["--json"]).done();
    told.names_nobody(&people);
    let told: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    let left_out = told["people_left_out"].as_u64().expect("a count") as usize;
    assert!((40..=60).contains(&left_out), "{left_out}");
    assert_eq!(rows(&night), before.1, "the tables of what stands are never changed");
    let anew = summary(&night, "2026-11-22-01");
    assert!(anew != before.0);
    // run.json tells of the files that stand there now, and the audit of that.
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(night.current("run.json")).unwrap()).unwrap();
    for output in told["outputs"].as_array().expect("a list") {
        let bytes = std::fs::read(night.current(output["file"].as_str().unwrap())).expect("it stands");
        assert_eq!(output["blake3"], blake3::hash(&bytes).to_hex().as_str(), "{}", output["file"]);
    }
    let audit = std::fs::read_to_string(night.output().join("state/audit.jsonl")).expect("it stands");
    assert!(audit.lines().last().expect("entries").contains("\"event\":\"report\""), "{audit}");
    // A night that has withheld them from the beginning counts as many people.
    let fresh = self::night(&people);
    fresh.write("objections.csv", format!("nhs_number\n{objecting}"));
    fresh.run().done();
    assert_eq!(rows(&fresh), before.1 - left_out);
}

#[test]
fn there_must_be_a_run() {
    let night = night(&town(30, 7));
    report(&night, &[]).failed(3, "OF0530");
    assert!(!night.output().exists(), "nothing is made where there is nothing to report of");
    night.run().done();
    report(&night, &["--run", "2026-11-22-09"]).failed(2, "OF0551");
}
