//! The laws that an evaluation obeys, on a small generated town.

use super::*;
use crate::generate;

use crate::records::MISSING;
use std::collections::BTreeMap;
use std::path::Path;

/// A town that was generated and linked, and its job.
fn town(folder: &Path, people: u64) -> Job {
    generated(folder, people, None);
    linked(folder)
}

fn generated(folder: &Path, people: u64, single_file: Option<Vec<String>>) {
    let (providers, rows_per_person) = (9, 5.0);
    let output = folder.to_path_buf();
    let request = generate::Request { people, providers, rows_per_person, seed: 11, output, single_file };
    generate::generate(&request, |_| {}).expect("a town");
}

fn linked(folder: &Path) -> Job {
    let job = Job::read(&folder.join("job.toml")).expect("the job is right");
    run::run(&job, run::Options::default()).expect("the run succeeds");
    job
}

/// A town in one file, some of whose records have a second row with what another record says.
fn town_of_several_rows(folder: &Path) -> Job {
    let columns = ["nhs_number", "given_name", "family_name", "date_of_birth", "sex", "postcode"];
    generated(folder, 160, Some(columns.map(str::to_string).to_vec()));
    let path = folder.join("records.csv");
    let mut text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<String> = text.lines().skip(1).map(str::to_string).collect();
    for pair in lines.chunks_exact(2).step_by(9) {
        let (id, (_, rest)) = (pair[0].split(',').next().unwrap(), pair[1].split_once(',').unwrap());
        text.push_str(&format!("{id},{rest}\n"));
    }
    std::fs::write(&path, text).unwrap();
    linked(folder)
}

fn options(folder: &Path) -> Options {
    Options { truth: Some(folder.join("truth.csv")), ..Options::default() }
}

fn told(pairs: &Pairs) -> (u64, u64, u64) {
    (pairs.found, pairs.truth, pairs.both)
}

#[test]
fn the_same_people_are_measured_alike_in_every_part() {
    let folder = tempfile::tempdir().unwrap();
    let job = town(folder.path(), 160);
    let evaluation = evaluate(&job, &options(folder.path())).expect("it can be evaluated");
    let (published, truth) = (evaluation.published.unwrap(), evaluation.truth.unwrap());
    let pairs = &published.measures.pairs;
    assert!(pairs.both > 500 && truth.as_published && truth.records == published.records);
    let own = truth.cuts.iter().find(|cut| cut.of_the_run).unwrap();
    assert_eq!((told(&own.pairs), own.b_cubed), (told(pairs), published.measures.b_cubed));
    assert_eq!(own.people, published.measures.people);
    assert_eq!(truth.whole.precision.value, pairs.precision.value);
    assert_eq!(truth.whole.recall.value, pairs.recall.value);
    // The interval of whole people holds that of pairs.
    assert!(truth.whole.recall.low <= pairs.recall.low && truth.whole.recall.high >= pairs.recall.high);
    // What the truth says of a person holds for all their records, so that every true pair is in one group.
    for name in ["ethnicity", "age_band", "sex", "deprivation"] {
        let grouping = truth.groupings.iter().find(|grouping| grouping.name == name).expect(name);
        assert_eq!((grouping.from, grouping.personal), ("truth", true));
        assert_eq!(grouping.groups.iter().map(|group| group.truth).sum::<u64>(), pairs.truth, "{name}");
        assert_eq!(grouping.groups.iter().map(|group| group.both).sum::<u64>(), pairs.both, "{name}");
        assert_eq!(grouping.groups.iter().map(|group| group.records).sum::<u64>(), truth.records, "{name}");
    }
    for of in &published.measures.providers {
        let group = truth.groupings.iter().find(|grouping| grouping.name == "provider").unwrap();
        let group = group.groups.iter().find(|group| group.name == of.provider).expect("it has records");
        assert_eq!((group.found, group.truth, group.both), told(&of.pairs));
    }
    let best = truth.best_threshold.unwrap();
    assert!(truth.thresholds.iter().all(|point| point.f1 <= best.f1));
    assert!(truth.thresholds.windows(2).all(|pair| pair[0].found >= pair[1].found && pair[0].both >= pair[1].both));
    assert_eq!(truth.blocking.truth, pairs.truth);
    let misses = truth.mistakes.iter().filter(|mistake| mistake.kind == Kind::Miss).count();
    assert_eq!(misses > 0, pairs.both < pairs.truth);
    assert_eq!(truth.mistakes.len() > misses, pairs.both < pairs.found);
    assert!(truth.mistakes.len() <= 50);
}

#[test]
fn every_pair_of_records_counts_once_with_its_highest_weight() {
    let folder = tempfile::tempdir().unwrap();
    let job = town_of_several_rows(folder.path());
    let run = PublishedRun::current(&job).unwrap();
    let scene = Scene::set(&job, &run, Beside::Evaluation, &Progress::new(Show::Nothing)).unwrap();
    let mut known = Known::of(&scene);
    known.read_truth(&scene, &folder.path().join("truth.csv")).unwrap();
    let kept: BTreeMap<(u32, u32), i64> =
        scene.links().iter().map(|edge| ((edge.left, edge.right), i64::from(edge.weight))).collect();
    let scorer = scene.model.scorer(&scene.comparisons);
    let mut expected: BTreeMap<i64, [u64; 3]> = BTreeMap::new();
    let keys = known.measured(true);
    for (at, &a) in keys.iter().enumerate() {
        for &b in &keys[at + 1..] {
            let identities = known.identities(a).iter().flat_map(|&x| known.identities(b).iter().map(move |&y| (x, y)));
            let weight = identities.filter_map(|(x, y)| match x == y {
                true => Some(scorer.weight(scene.comparisons.pattern(x, x))),
                false => kept.get(&(x.min(y), x.max(y))).copied(),
            });
            if let Some(weight) = weight.max() {
                let counts = expected.entry(weight).or_default();
                counts[0] += 1;
                counts[1] += u64::from(known.truth[a as usize] == known.truth[b as usize]);
                counts[2] += u64::from(known.found[a as usize] == known.found[b as usize]);
            }
        }
    }
    assert!(known.truth.iter().any(|truth| *truth != MISSING) && expected.len() > 100);
    assert!(keys.iter().any(|&key| known.identities(key).len() > 1), "some record has rows that differ");
    let scored = Scored::of(&scene, &known, true);
    let found =
        scored.by_weight.iter().map(|(weight, counts)| (*weight, [counts.pairs, counts.truly, counts.together]));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
    assert_eq!(&scene.partition_at(scene.cut()), scene.partition(), "clustered again at the same cut");
}

#[test]
fn labels_on_every_pair_give_the_exact_errors() {
    let folder = tempfile::tempdir().unwrap();
    let job = town(folder.path(), 160);
    let run = PublishedRun::current(&job).unwrap();
    let scene = Scene::set(&job, &run, Beside::Evaluation, &Progress::new(Show::Nothing)).unwrap();
    let mut known = Known::of(&scene);
    known.read_truth(&scene, &folder.path().join("truth.csv")).unwrap();
    let name = |key: u32| {
        let provider = &job.providers[usize::from(known.provider[key as usize])].id;
        format!("{provider}:{}", scene.records.record_id.get(known.row[key as usize] as usize))
    };
    let keys = known.measured(true);
    let mut text = String::from("left,right,label\n");
    for (at, &a) in keys.iter().enumerate() {
        for &b in &keys[at + 1..] {
            let same = known.truth[a as usize] == known.truth[b as usize];
            let linked = known.found[a as usize] == known.found[b as usize];
            if same || linked || blocked::met(&scene, &known, a, b) {
                text.push_str(&format!("{},{},{}\n", name(a), name(b), if same { "yes" } else { "no" }));
            }
        }
    }
    let path = folder.path().join("labels.csv");
    std::fs::write(&path, &text).unwrap();
    let scored = Scored::of(&scene, &known, true);
    let labelled = labels::labelled(&scene, &known, &scored, &path).expect("they can be read");
    let mut wrong = 0;
    let mut missed = 0;
    scored.by_weight.iter().for_each(|(weight, counts)| {
        wrong += counts.together - counts.truly_together;
        // Pairs that were not linked and are less likely than that belong to no stratum.
        if scored.calibration.probability(*weight) >= 0.05 {
            missed += counts.truly - counts.truly_together;
        }
    });
    let exactly =
        |bounds: Bounds, count: u64| (bounds.pairs - count as f64).abs() < 1e-6 && bounds.high - bounds.low < 1e-6;
    assert!(exactly(labelled.missed_links, missed), "{missed} {:?}", labelled.missed_links);
    assert!(exactly(labelled.false_links, wrong), "{wrong} {:?}", labelled.false_links);
    assert_eq!((labelled.not_in_run, labelled.unsure, labelled.again), (0, 0, 0));

    for (text, code) in [
        ("left,right\n", "OF0537"),
        ("left,right,label\nsecret,gp:1,yes\n", "OF0537"),
        ("left,right,label\ngp:secret,gp:1,maybe\n", "OF0537"),
        ("left,right,label\ngp:secret,gp:1,yes\n", "OF0538"),
        ("left,right,label\ngp:secret,gp:1\n", "OF0537"),
    ] {
        std::fs::write(&path, text).unwrap();
        let failure = labels::labelled(&scene, &known, &scored, &path).expect_err(text);
        assert_eq!(failure.code.id, code, "{text}");
        assert!(!failure.report().contains("secret"), "{}", failure.report());
    }
    let none = labels::labelled(&scene, &known, &scored, &folder.path().join("none")).expect_err("absent");
    assert_eq!(none.code.id, "OF0536");
}

#[test]
fn values_are_shown_only_where_asked_for_and_threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut job = town(folder.path(), 130);
    let on = |job: &Job, show_identifiers: bool| {
        let options = Options { show_identifiers, ..options(folder.path()) };
        serde_json::to_value(evaluate(job, &options).expect("it can be evaluated")).unwrap()
    };
    job.threads = 1;
    let alone = on(&job, false);
    job.threads = 3;
    assert_eq!(alone, on(&job, false));
    let shown = on(&job, true);
    let mistakes = |value: &serde_json::Value| value["truth"]["mistakes"].as_array().unwrap().clone();
    assert!(
        mistakes(&alone).iter().all(|one| one.get("records").is_none() && one["fields"][0].get("values").is_none())
    );
    let with_values = mistakes(&shown).iter().any(|one| one["fields"][0].get("values").is_some());
    assert_eq!(with_values, !mistakes(&alone).is_empty());
}

#[test]
fn without_truth_there_are_estimates_and_checks() {
    let folder = tempfile::tempdir().unwrap();
    let job = town(folder.path(), 160);
    let evaluation = evaluate(&job, &Options::default()).expect("it can be evaluated");
    assert!(evaluation.published.is_none() && evaluation.truth.is_none());
    let estimates = evaluation.estimates.unwrap();
    assert!(estimates.expected.true_pairs > 500.0 && estimates.expected.precision.unwrap() > 0.9);
    let verified =
        estimates.checks.iter().find(|check| check.name == "two_verified_numbers").expect("numbers are mapped");
    assert_eq!(verified.failed, 0, "a guard keeps them apart");
    assert!(verified.able > 0);
}
