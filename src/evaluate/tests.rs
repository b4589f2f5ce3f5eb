//! The measures against a naive recount, and the whole command's work on a small published job.

use super::*;
use crate::run;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every pair looked at, one by one.
fn naive_pairs(units: &[Unit], counts: impl Fn(&Unit, &Unit) -> bool) -> (u64, u64, u64) {
    let (mut found, mut truth, mut both) = (0, 0, 0);
    for (at, a) in units.iter().enumerate() {
        for b in units[at + 1..].iter().filter(|b| counts(a, b)) {
            found += u64::from(a.found == b.found);
            truth += u64::from(a.truth == b.truth);
            both += u64::from(a.found == b.found && a.truth == b.truth);
        }
    }
    (found, truth, both)
}

/// B-cubed by its definition: record by record.
fn naive_b_cubed(units: &[Unit]) -> (f64, f64) {
    let share = |a: &Unit, of: &dyn Fn(&Unit, &Unit) -> bool| {
        let all = units.iter().filter(|b| of(a, b)).count() as f64;
        let right = units.iter().filter(|b| a.found == b.found && a.truth == b.truth).count() as f64;
        right / all
    };
    let n = units.len() as f64;
    let precision: f64 = units.iter().map(|a| share(a, &|a, b| a.found == b.found)).sum();
    let recall: f64 = units.iter().map(|a| share(a, &|a, b| a.truth == b.truth)).sum();
    (precision / n, recall / n)
}

fn naive_exact(units: &[Unit]) -> u64 {
    let groups = |person: &dyn Fn(&Unit) -> u32| {
        let mut groups: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
        units.iter().enumerate().for_each(|(at, unit)| {
            groups.entry(person(unit)).or_default().insert(at);
        });
        groups.into_values().collect::<BTreeSet<_>>()
    };
    groups(&|unit| unit.found).intersection(&groups(&|unit| unit.truth)).count() as u64
}

proptest! {
    #[test]
    fn figures_equal_a_naive_recount(units in prop::collection::vec((0u32..9, 0u32..9, 0u32..4), 1..60)) {
        let units: Vec<Unit> = units.into_iter().map(|(found, truth, provider)| Unit { found, truth, provider }).collect();
        let names: Vec<String> = (0..4).map(|n| format!("p{n}")).collect();
        let measures = measure(units.clone(), &names);
        let told = |pairs: &Pairs| (pairs.found, pairs.truth, pairs.both);
        prop_assert_eq!(told(&measures.pairs), naive_pairs(&units, |_, _| true));
        for of in &measures.providers {
            let own = names.iter().position(|name| *name == of.provider).unwrap() as u32;
            prop_assert_eq!(told(&of.pairs), naive_pairs(&units, |a, b| a.provider == own || b.provider == own));
            prop_assert_eq!(of.records, units.iter().filter(|unit| unit.provider == own).count() as u64);
        }
        let (precision, recall) = naive_b_cubed(&units);
        prop_assert!((measures.b_cubed.precision - precision).abs() < 1e-9);
        prop_assert!((measures.b_cubed.recall - recall).abs() < 1e-9);
        prop_assert_eq!(measures.people.exact, naive_exact(&units));
        prop_assert_eq!(measures.people.truth, units.iter().map(|u| u.truth).collect::<BTreeSet<_>>().len() as u64);
        prop_assert_eq!(measures.people.found, units.iter().map(|u| u.found).collect::<BTreeSet<_>>().len() as u64);
    }
}

const JOB: &str = r#"
[job]
name = "evaluated"
as_of = 2026-11-22
[[provider]]
id = "north"
name = "North"
setting = "general_practice"
files = ["north.csv"]
[provider.columns]
record_id = "id"
given_name = "given"
family_name = "family"
date_of_birth = "born"
[[provider]]
id = "south"
name = "South"
setting = "acute"
files = ["south.csv"]
[provider.columns]
record_id = "id"
given_name = "given"
family_name = "family"
date_of_birth = "born"
[[opt_out]]
kind = "local"
files = ["objections.csv"]
"#;

fn job_in(folder: &Path) -> Job {
    std::fs::write(folder.join("job.toml"), JOB).unwrap();
    // Forty people with nothing in common, the first twenty of them known to both providers; north's n7 sent two rows.
    let name = |n: usize| {
        format!("{}{}", ["Ade", "Bor", "Cyn", "Dov", "Eph"][n % 5], ["lia", "mund", "retta", "wick"][n / 5 % 4])
    };
    let person = |n: usize| {
        format!("{},{}son,{}-{:02}-{:02}", name(n), name(39 - n).repeat(2), 1931 + n, n % 12 + 1, n % 27 + 1)
    };
    let mut north = String::from("id,given,family,born\n");
    (0..40).for_each(|n| north.push_str(&format!("n{n},{}\n", person(n))));
    north.push_str(&format!("n7,{}\n,,,\n", person(7)));
    let mut south = String::from("id,given,family,born\n");
    (0..20).for_each(|n| south.push_str(&format!("s{n},{}\n", person(n))));
    std::fs::write(folder.join("north.csv"), north).unwrap();
    std::fs::write(folder.join("south.csv"), south).unwrap();
    std::fs::write(folder.join("objections.csv"), "provider,record_id\nnorth,n33\n").unwrap();
    Job::read(&folder.join("job.toml")).expect("the job is right")
}

/// The whole evaluation against a truth, or why there is none.
fn against(job: &Job, truth: &Path) -> Result<Evaluation> {
    evaluate(job, &Options { truth: Some(truth.to_path_buf()), ..Options::default() })
}

fn truth(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("truth.csv");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_published_run_is_measured_and_what_is_absent_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let job = job_in(folder.path());
    let mut text = String::from("\u{feff}person,provider,record_id\n");
    (0..40).for_each(|n| text.push_str(&format!("p{n},north,n{n}\n")));
    (0..20).for_each(|n| text.push_str(&format!("p{n},south,s{n}\n")));
    // Two records that no extract holds, one of them of a person with two others; one record that the truth gives to two people.
    text.push_str("p3,south,lost\nq,elsewhere,1\np30,north,n31\n");
    let path = truth(folder.path(), &text);
    assert_eq!(against(&job, &path).expect_err("nothing was published").code.id, "OF0530");

    run::run(&job, run::Options::default()).expect("the run succeeds");
    let whole = against(&job, &path).expect("it can be measured");
    let evaluation = whole.published.as_ref().expect("a truth was given");
    assert_eq!(evaluation.absent, Absent { withheld: 1, quarantined_or_not_sent: 2 });
    assert_eq!((evaluation.ambiguous, evaluation.torn, evaluation.unknown), (1, 0, 0));
    // 40 north and 20 south records, without the withheld one and the ambiguous one; the second row of n7 does not count.
    assert_eq!(evaluation.records, 58);
    let measures = &evaluation.measures;
    assert_eq!((measures.pairs.truth, measures.people.truth), (20, 38));
    assert_eq!(measures.pairs.precision.value, Some(1.0), "people with nothing in common are not joined");
    assert_eq!(measures.people.found, 58 - measures.pairs.both);
    assert_eq!(evaluation.recall_with_absent.value, Some(measures.pairs.both as f64 / 22.0));
    assert!(!serde_json::to_string(&evaluation).unwrap().contains("n31"));
}

#[test]
fn wrong_truth_files_are_named_by_line_and_never_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let job = job_in(folder.path());
    run::run(&job, run::Options::default()).expect("the run succeeds");
    let cases = [
        ("provider,record_id\nnorth,n1\n", "OF0532", "person"),
        ("provider,record_id,person,person\n", "OF0532", "2 times"),
        ("provider,record_id,person\nnorth,n1,secret\nnorth,n2\n", "OF0533", "line 3"),
        ("provider,record_id,person\nnorth,secret,\n", "OF0533", "line 2"),
        ("provider,record_id,person\nwest,secret,secret\n", "OF0534", "1 records in the truth"),
        ("provider,record_id,person\n", "OF0534", "0 records in the truth"),
        ("", "OF0532", "provider"),
    ];
    for (text, code, words) in cases {
        let failure = against(&job, &truth(folder.path(), text)).expect_err(text);
        assert_eq!(failure.code.id, code, "{text}");
        assert!(failure.what.contains(words) && !failure.report().contains("secret"), "{}", failure.what);
    }
    std::fs::write(folder.path().join("truth.csv"), b"provider,record_id,person\nnorth,\xff,p\n").unwrap();
    assert_eq!(against(&job, &folder.path().join("truth.csv")).expect_err("no UTF-8").code.id, "OF0533");
    assert_eq!(against(&job, &folder.path().join("none.csv")).expect_err("absent").code.id, "OF0531");
}

#[test]
fn an_evaluation_keeps_to_the_limit_of_its_job() {
    let folder = tempfile::tempdir().unwrap();
    let job = job_in(folder.path());
    run::run(&job, run::Options::default()).expect("the run succeeds");
    let within = |limit: u64| evaluate(&Job { memory_limit: Some(limit), ..job.clone() }, &Options::default());
    let failure = within(1 << 20).expect_err("nothing is linked within a MiB");
    assert_eq!(failure.code.id, "OF0440");
    assert!(failure.what.ends_with("and 1 MiB are allowed"), "{}", failure.what);
    let told = |evaluation: &Evaluation| serde_json::to_string(evaluation).unwrap();
    let free = evaluate(&job, &Options::default()).expect("there is no limit");
    assert_eq!(told(&within(1 << 40).expect("there is room")), told(&free));
    assert!(!job.output.join("state/spill").exists(), "it holds no lock, and leaves nothing where a night works");
}

#[test]
fn a_damaged_crosswalk_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let job = job_in(folder.path());
    run::run(&job, run::Options::default()).expect("the run succeeds");
    std::fs::write(job.output.join("current/crosswalk.parquet"), b"PAR1 no more").unwrap();
    let path = truth(folder.path(), "provider,record_id,person\nnorth,n1,p1\n");
    assert_eq!(against(&job, &path).expect_err("it is damaged").code.id, "OF0535");
}
