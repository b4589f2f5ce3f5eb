//! The swap: a run is published whole or not at all, whatever goes wrong on the way.

use super::*;
use std::os::unix::fs::MetadataExt;

#[test]
fn a_second_identical_run_keeps_every_id_and_is_current() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let first = example().publish(&lock, 7);
    let second = example().publish(&lock, 7);
    assert_eq!((first.run_id.as_str(), second.run_id.as_str()), ("2026-11-22-01", "2026-11-22-02"));
    assert_eq!(fs::read_link(output.path().join("current")).unwrap(), Path::new("runs/2026-11-22-02"));
    let [before, after] = [first, second].map(|run| contents(&run.folder));
    assert_eq!(before["crosswalk.parquet"], after["crosswalk.parquet"]);
    assert_eq!(before["people.parquet"], after["people.parquet"]);
    assert_eq!(read(&output.path().join("current/changes.parquet")).num_rows(), 0);
}

#[test]
fn old_runs_are_pruned_and_numbers_are_not_used_again() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    fs::create_dir(output.path().join("runs/notes of mine")).unwrap();
    for _ in 0..3 {
        example().publish(&lock, 2);
    }
    let mut runs = runs::list(output.path()).unwrap();
    assert_eq!(runs, ["2026-11-22-02", "2026-11-22-03"]);
    // An older date ranks first, but the current run always stays.
    let mut earlier = example();
    earlier.job.as_of = jiff::civil::date(2026, 11, 1);
    let published = earlier.publish(&lock, 0);
    assert_eq!(published.run_id, "2026-11-01-01");
    assert_eq!((published.pruned, published.warnings), (vec!["2026-11-22-02".into(), "2026-11-22-03".into()], vec![]));
    runs = runs::list(output.path()).unwrap();
    assert_eq!(runs, ["2026-11-01-01"]);
    assert!(output.path().join("runs/notes of mine").exists());
    assert_eq!(example().publish(&lock, 7).run_id, "2026-11-22-04");
}

#[test]
fn runs_go_in_the_order_in_which_they_were_published_whatever_their_dates() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    // Two nights of a year that was mistyped, and then those of every day.
    let mut mistyped = example();
    mistyped.job.as_of = jiff::civil::date(2062, 11, 22);
    mistyped.publish(&lock, 2);
    mistyped.publish(&lock, 2);
    assert_eq!(example().publish(&lock, 2).pruned, ["2062-11-22-01"]);
    assert_eq!(example().publish(&lock, 2).pruned, ["2062-11-22-02"]);
    assert_eq!(runs::list(output.path()).unwrap(), ["2026-11-22-01", "2026-11-22-02"]);
    // One that the ledger does not know is nobody's run before.
    fs::create_dir(output.path().join("runs/2099-01-01-01")).unwrap();
    assert_eq!(example().publish(&lock, 3).pruned, ["2099-01-01-01"]);
}

/// What must be as it was after a failure, links included.
fn standing(output: &Path) -> (BTreeMap<String, Vec<u8>>, Option<String>) {
    let mut contents = contents(output);
    contents.remove("state/lock");
    (contents, current_run(output))
}

#[test]
fn a_failure_while_writing_leaves_the_old_run() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let example = example();
    example.publish(&lock, 7);
    let before = standing(output.path());

    let (identified, people) = example.judged(output.path(), "2026-11-22-02");
    let draft = Draft::create(&lock, "2026-11-22-02").unwrap();
    draft.create_file("people.parquet/in the way").unwrap();
    let failure = example.write_tables(&draft, &identified, &people).unwrap_err();
    assert_eq!((failure.code.id, failure.code.exit), ("OF0420", Exit::Resource));
    assert!(failure.what.contains("people.parquet"));
    drop(draft);
    assert_eq!(standing(output.path()), before);
}

#[test]
fn a_failure_to_swap_leaves_everything_as_it_was() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    fs::create_dir(output.path().join("current")).unwrap();
    fs::write(output.path().join("current/file"), "of somebody").unwrap();
    let (draft, identified) = example().draft(&lock);
    drop(draft);
    let before = standing(output.path());
    let (draft, _) = example().draft(&lock);
    let failure = draft.commit(&identified.next, &[]).unwrap_err();
    assert_eq!(failure.code.exit, Exit::Resource);
    assert_eq!(standing(output.path()), before);
}

#[test]
fn a_kill_after_any_step_leaves_the_old_run_or_the_new() {
    for steps in 0..=5 {
        let output = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(output.path(), "run").unwrap();
        let mut example = example();
        example.publish(&lock, 7);
        let before = standing(output.path());

        example.partition = example::partition("abb");
        let (draft, identified) = example.draft(&lock);
        if steps >= 1 {
            draft.sync().unwrap();
        }
        if steps >= 2 {
            draft.stage(&identified.next).unwrap();
        }
        if steps >= 3 {
            draft.reveal().unwrap();
        }
        if steps >= 4 {
            draft.swap().unwrap();
        }
        if steps >= 5 {
            identity::settle(output.path()).unwrap();
        }
        draft.kill();
        // A link that was made but not renamed, and an entry half-written, are remains as well.
        std::os::unix::fs::symlink("runs/nowhere", output.path().join(recovery::LINK_PARTIAL)).unwrap();
        fs::create_dir_all(output.path().join("state/ledger/pending.partial")).unwrap();

        let recovered = recover(&lock).unwrap();
        assert_eq!(recover(&lock).unwrap(), Recovered::default(), "recovering twice does no harm");
        assert!(!output.path().join(recovery::LINK_PARTIAL).is_symlink());
        assert!(!output.path().join("state/ledger/pending.partial").exists());
        let published = steps >= 4;
        if published {
            assert_eq!(current_run(output.path()).as_deref(), Some("2026-11-22-02"));
            assert_eq!(recovered.finished.is_some(), steps == 4);
        } else {
            assert_eq!(standing(output.path()), before, "step {steps}");
            assert_eq!(recovered.removed, ["2026-11-22-02"]);
        }
        // The ledger agrees with `current`: the people of what stands are all known.
        let (again, _) = example.judged(output.path(), "2026-11-22-03");
        assert_eq!(again.changes.is_empty(), published, "step {steps}");
        assert_eq!(example.publish(&lock, 7).run_id, if published { "2026-11-22-03" } else { "2026-11-22-02" });
    }
}

#[test]
fn a_kill_while_a_kept_run_is_replaced_leaves_the_old_one_or_the_new() {
    for steps in 0..=4 {
        let output = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(output.path(), "run").unwrap();
        let example = example();
        let first = example.publish(&lock, 7).run_id;
        example.publish(&lock, 7);
        let runs = output.path().join("runs");
        // What stands, and all but the run that is replaced.
        let others = || {
            let (mut files, current) = standing(output.path());
            files.retain(|name, _| !name.starts_with(&format!("runs/{first}/")));
            (files, current)
        };
        let before = others();
        let old = contents(&runs.join(&first));

        let draft = Draft::create(&lock, &first).unwrap();
        draft.write_bytes("run.json", b"{}").unwrap();
        let (partial, anew) = (runs.join(format!(".{first}.partial")), runs.join(format!(".{first}.anew")));
        if steps >= 1 {
            draft.promise().unwrap();
        }
        if steps >= 2 {
            fs::rename(runs.join(&first), &partial).unwrap();
        }
        if steps >= 3 {
            fs::rename(&anew, runs.join(&first)).unwrap();
        }
        if steps >= 4 {
            // The old one is half removed.
            fs::remove_file(partial.join("people.parquet")).unwrap();
        }
        draft.kill();

        let recovered = recover(&lock).unwrap();
        assert_eq!(recovered.replaced.is_empty(), !(1..=2).contains(&steps), "step {steps}");
        assert_eq!(recover(&lock).unwrap(), Recovered::default(), "recovering twice does no harm");
        let stands = contents(&runs.join(&first));
        let new = BTreeMap::from([("run.json".to_string(), b"{}".to_vec())]);
        assert!(if steps == 0 { stands == old } else { stands == new }, "step {steps}: {:?}", stands.keys());
        assert!(!partial.exists() && !anew.exists());
        assert_eq!(others(), before, "what stands is what it was");
    }
}

#[test]
fn a_kill_while_a_report_takes_its_place_leaves_the_old_one_or_the_new() {
    const TOLD: &[u8] = br#"{"outputs": [{"file": "report.html"}, {"file": "summary/people.csv"}]}"#;
    for steps in 0..=4 {
        let output = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(output.path(), "report").unwrap();
        let run = example().publish(&lock, 7);
        let place = |name: &str| run.folder.join(name);
        // What an earlier version has left beside them goes.
        for name in ["report.html", "summary/gone.csv", "run.json"] {
            fs::write(place(name), "old").unwrap();
        }
        let old = contents(&run.folder);
        let draft = Draft::create(&lock, &run.run_id).unwrap();
        let made: [(&str, &[u8]); 3] = [("report.html", b"new"), ("summary/people.csv", b"new"), ("run.json", TOLD)];
        for (name, bytes) in made {
            draft.write_bytes(name, bytes).unwrap();
        }
        let anew = place(".report.anew");
        if steps >= 1 {
            draft.promise_report(&run.folder, &made.map(|(name, _)| name)).unwrap();
        }
        if steps >= 2 {
            fs::rename(anew.join("report.html"), place("report.html")).unwrap();
        }
        if steps >= 3 {
            fs::rename(anew.join("summary/people.csv"), place("summary/people.csv")).unwrap();
            fs::rename(anew.join("run.json"), place("run.json")).unwrap();
        }
        if steps >= 4 {
            // What it waited in is half removed.
            fs::remove_dir(anew.join("summary")).unwrap();
        }
        draft.kill();

        recover(&lock).unwrap();
        assert_eq!(recover(&lock).unwrap(), Recovered::default(), "recovering twice does no harm");
        let mut new = old.clone();
        new.remove("summary/gone.csv");
        new.extend(made.map(|(name, bytes)| (name.to_string(), bytes.to_vec())));
        assert!(contents(&run.folder) == if steps == 0 { old } else { new }, "step {steps}");
        assert!(!anew.exists());
    }
}

#[test]
fn what_was_begun_in_the_folder_of_a_run_is_removed() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let runs = [example().publish(&lock, 7), example().publish(&lock, 7)];
    let before = standing(output.path());
    for (run, name) in runs.iter().zip([".release.partial/releases/trust", ".cohort.partial/cohorts"]) {
        fs::create_dir_all(run.folder.join(name)).unwrap();
        fs::write(run.folder.join(name).join("people"), "of somebody").unwrap();
    }
    assert_eq!(runs::begun(output.path()).len(), 2);
    recover(&lock).unwrap();
    assert!(runs::begun(output.path()).is_empty());
    assert_eq!(standing(output.path()), before);
    assert!(!runs.iter().any(|run| run.folder.join(".release.partial").exists()));
}

#[test]
fn one_run_at_a_time() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let failure = Lock::acquire(output.path(), "run").unwrap_err();
    assert_eq!((failure.code.id, failure.code.exit), ("OF0501", Exit::Locked));
    assert!(failure.what.contains(&format!("process {}", std::process::id())));
    drop(lock);
    assert!(Lock::acquire(output.path(), "run").is_ok());
}

#[test]
fn a_full_disk_and_a_missing_permission_have_their_own_codes() {
    use std::io::{Error, ErrorKind};
    for (kind, id) in [
        (ErrorKind::StorageFull, "OF0401"),
        (ErrorKind::PermissionDenied, "OF0402"),
        (ErrorKind::NotADirectory, "OF0420"),
        (ErrorKind::OutOfMemory, "OF0405"),
    ] {
        let error = parquet::errors::ParquetError::External(Box::new(Error::from(kind)));
        assert_eq!(table::failure(error, Path::new("people.parquet")).code.id, id);
    }
    // As zstd says it.
    let error = Error::other("Allocation error : not enough memory");
    let error = table::failure(parquet::errors::ParquetError::External(Box::new(error)), Path::new("people.parquet"));
    assert_eq!(error.code.id, "OF0405");
    let output = tempfile::tempdir().unwrap();
    fs::write(output.path().join("runs"), "a file in the way").unwrap();
    assert_eq!(Lock::acquire(output.path(), "run").unwrap_err().code.exit, Exit::Resource);
}

#[test]
fn drafts_of_kept_runs_beside_one_another_touch_nothing_of_each_other() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let [first, second, third, _current] = [(); 4].map(|()| example().publish(&lock, 7).run_id);
    let runs = output.path().join("runs");
    let old = contents(&runs.join(&first));
    let begun = |run_id: &str| {
        let draft = Draft::create_beside(&lock, run_id).unwrap();
        draft.write_with("find.index", |out| out.write_all(b"index")).unwrap();
        draft.write_bytes("run.json", b"{}").unwrap();
        draft
    };
    let [given_up, promised, replaced] = [&first, &second, &third].map(|run_id| begun(run_id));
    promised.promise().unwrap();
    drop((given_up, promised));
    replaced.replace().unwrap();

    let new = BTreeMap::from([("find.index".to_string(), b"index".to_vec()), ("run.json".to_string(), b"{}".to_vec())]);
    assert!(contents(&runs.join(&first)) == old, "it was given up");
    assert!([second, third].iter().all(|run_id| contents(&runs.join(run_id)) == new), "it was promised or replaced");
    assert_eq!(recover(&lock).unwrap(), Recovered::default(), "nothing is left of them");
}

#[test]
fn what_a_draft_takes_over_is_the_same_bytes_or_fails() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let [first, second, _current] = [(); 3].map(|()| example().publish(&lock, 7).run_id);
    let from = published::PublishedRun { folder: output.path().join("runs").join(&first), run_id: first };
    let files = ["people.parquet", "links.parquet"].map(|name| {
        let (bytes, name) = (fs::read(from.folder.join(name)).unwrap(), name.to_string());
        WrittenFile { name, bytes: bytes.len() as u64, blake3: blake3::hash(&bytes).to_hex().to_string() }
    });
    let draft = Draft::create_beside(&lock, &second).unwrap();
    draft.take_over(&from, &files).unwrap();
    for file in &files {
        let [held, taken] = [from.folder.as_path(), draft.folder()].map(|folder| folder.join(&file.name));
        assert!(fs::read(&held).unwrap() == fs::read(&taken).unwrap());
        assert_ne!(fs::metadata(held).unwrap().ino(), fs::metadata(taken).unwrap().ino(), "each is a file of its own");
    }
    drop(draft);
    fs::write(from.folder.join("links.parquet"), "something else").unwrap();
    let draft = Draft::create_beside(&lock, &second).unwrap();
    assert_eq!(draft.take_over(&from, &files).unwrap_err().code.id, RUN_UNREADABLE.id);
}
