use super::*;
use crate::blocking::Limits;
use crate::run::{self, Options};
use std::fs;
use std::path::Path;

fn extract(wards: bool) -> String {
    let ward = |n: usize| if wards { format!(",{}", ["north", "south"][n % 2]) } else { String::new() };
    let mut extract = format!("id,given,family,born{}\n", if wards { ",ward" } else { "" });
    for n in 0..120 {
        // Every third row stands twice, under another record_id: one identity.
        let (given, family) =
            (format!("G{}", "abcdefghij".split_at(n % 10).1), format!("F{}", "klmnopqrst".split_at(n / 12).1));
        let row = format!("{given},{family},{}-0{}-1{}{}\n", 1950 + n % 40, n % 9 + 1, n % 10, ward(n));
        extract.push_str(&format!("{n},{row}"));
        if n % 3 == 0 {
            extract.push_str(&format!("{},{row}", 1000 + n));
        }
    }
    extract + if wards { "2000,,,,\n" } else { "2000,,,\n" }
}

const JOB: &str = "[job]\nname = \"planned\"\nas_of = 2026-11-22\n[[provider]]\nid = \"one\"\nname = \"One\"\nsetting = \"acute\"\n\
                   files = [\"one.csv\"]\n[provider.columns]\nrecord_id = \"id\"\ngiven_name = \"given\"\nfamily_name = \"family\"\n\
                   date_of_birth = \"born\"\n";

fn job_of(folder: &Path, extract: &str, job: &str) -> Job {
    fs::write(folder.join("one.csv"), extract).unwrap();
    fs::write(folder.join("job.toml"), job).unwrap();
    Job::read(&folder.join("job.toml")).expect("the job is right")
}

fn job_in(folder: &Path) -> Job {
    job_of(folder, &extract(false), JOB)
}

/// What is planned is what the run then does, by the run's own accounts; planning itself leaves nothing behind.
#[test]
fn the_run_keeps_to_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    let job = job_in(folder.path());
    let planned = plan(&job, false, Show::Nothing).expect("it can be planned");
    assert!(!job.output.exists(), "a plan writes nothing");
    assert_eq!((planned.rows, planned.quarantined, planned.records, planned.identities), (161, 1, 160, 120));
    assert_eq!((planned.files.len(), planned.files[0].rows, planned.files[0].estimated_rows), (1, 161, Some(161)));
    assert_eq!(planned.previous, None);

    let finished = run::run(&job, Options::default()).expect("the run succeeds");
    let told: serde_json::Value =
        serde_json::from_slice(&fs::read(job.output.join("current/run.json")).unwrap()).unwrap();
    assert_eq!(told["linkage"]["identities"], planned.identities);
    assert_eq!(told["linkage"]["clustering"]["pairs_compared"], planned.distinct_pairs);
    assert_eq!(told["linkage"]["blocking"]["rules"], serde_json::to_value(&planned.rules).unwrap());
    assert!(planned.distinct_pairs > 0);

    let again = plan(&job, false, Show::Nothing).expect("it can be planned");
    let previous = again.previous.expect("there was a run");
    assert_eq!((previous.run_id, previous.rows, previous.people), (finished.run_id, Some(161), Some(finished.people)));
    assert!(previous.seconds.is_some_and(|seconds| seconds > 0.0));
    assert_eq!(again.distinct_pairs, planned.distinct_pairs);
    assert_eq!((planned.pairs_known, again.pairs_known), (0, again.distinct_pairs), "nothing has changed since");
    assert!(planned.warnings.is_empty() && again.warnings.is_empty());
}

/// What is below an output, with the bytes of each file.
fn standing(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.is_dir() && !entry.is_symlink() {
            true => found.extend(standing(&entry)),
            false if entry.is_symlink() => {}
            false => found.push((entry.clone(), fs::read(&entry).unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn a_plan_knows_a_night_that_takes_linking_over_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let job = job_in(folder.path());
    let night = || run::run(&job, Options::default()).expect("the run succeeds");
    let links = |finished: &run::Finished| finished.stages.iter().any(|stage| stage.stage == "Blocking");
    night();
    // The night that learnt has left what pairs are, and linked without the model that there is now.
    let planned = plan(&job, false, Show::Nothing).expect("it can be planned");
    assert!(!planned.linking_taken_over && links(&night()));

    let before = standing(&job.output);
    let taken = plan(&job, false, Show::Nothing).expect("it can be planned");
    assert!(standing(&job.output) == before, "a plan writes nothing");
    assert!(taken.linking_taken_over && taken.reused.contains("linking as a whole"), "{}", taken.reused);
    assert_eq!((taken.records, taken.identities), (planned.records, planned.identities));
    assert_eq!((taken.distinct_pairs, taken.pairs_known), (planned.distinct_pairs, planned.distinct_pairs));
    assert_eq!((taken.rules, taken.block_cap), (planned.rules, planned.block_cap));
    assert_eq!(taken.comparisons, planned.comparisons);
    assert!(taken.estimated_seconds < planned.estimated_seconds);
    assert!(!links(&night()), "the run does as was planned");

    // One that is told to links all the same, and takes no pair from the night before.
    let full = plan(&job, true, Show::Nothing).expect("it can be planned");
    assert!(full.full && !full.linking_taken_over && !taken.full);
    assert_eq!((full.pairs_known, full.distinct_pairs), (0, planned.distinct_pairs));
    assert_eq!(full.reused, "The person_ids, and the model; every extract is read anew");
    assert!(full.estimated_seconds > taken.estimated_seconds);
    assert!(links(&run::run(&job, Options { full: true, ..Options::default() }).expect("the run succeeds")));

    // One row more, and it links.
    let changed = job_of(folder.path(), &(extract(false) + "3000,Ann,Okafor,1980-04-03\n"), JOB);
    assert!(!plan(&changed, false, Show::Nothing).expect("it can be planned").linking_taken_over);
    assert!(links(&run::run(&changed, Options::default()).expect("the run succeeds")));
}

#[test]
fn a_plan_refuses_a_model_that_the_run_would_refuse() {
    let folder = tempfile::tempdir().unwrap();
    run::run(&job_in(folder.path()), Options::default()).expect("the run succeeds");
    let with_wards = |lists: &str| {
        let job = format!("{JOB}ward = \"ward\"\n[field.ward]\nkind = \"category\"\n{lists}");
        job_of(folder.path(), &extract(true), &job)
    };
    let failure = plan(&with_wards(""), false, Show::Nothing).expect_err("the model does not know wards");
    assert_eq!(failure.code.id, "OF0522");
    assert!(failure.what.contains("ward is compared"), "{}", failure.what);
    // Those who object may be all who have one.
    fs::write(folder.path().join("objections.csv"), "provider,record_id\none,3\n").unwrap();
    let listed = with_wards("[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n");
    let warnings = plan(&listed, false, Show::Nothing).expect("it can be planned").warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("OF0522 unless"), "{warnings:?}");
}

#[test]
fn a_model_of_a_smaller_town_asks_for_training() {
    let folder = tempfile::tempdir().unwrap();
    let job = job_in(folder.path());
    run::run(&job, Options::default()).expect("the run succeeds");
    let known = model::to_use(&job).expect("it can be read").expect("it was learnt");
    let told = |pairs: u64, identities: usize| {
        let rules = [RuleCount { rule: "name".into(), blocks: 1, pairs, cut: 0 }];
        model::outgrown(&known, &rules, identities, Limits { cap: 60, cap_last: 60, weak_rules: true })
    };
    assert_eq!(told(4_000_000, 100_000), None);
    let told = told(16_200_000, 100_000).expect("far more than a training would have");
    assert!(told.contains("chosen for 120 identities, and there are 100000"), "{told}");
    assert!(told.contains("4.0 times the pairs") && told.ends_with("run `onefolk train`"), "{told}");
}
