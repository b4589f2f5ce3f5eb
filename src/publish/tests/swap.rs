//! The swap: a run is published whole or not at all, whatever goes wrong on the way.

use super::*;

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
    ] {
        let error = parquet::errors::ParquetError::External(Box::new(Error::from(kind)));
        assert_eq!(table::failure(error, Path::new("people.parquet")).code.id, id);
    }
    let output = tempfile::tempdir().unwrap();
    fs::write(output.path().join("runs"), "a file in the way").unwrap();
    assert_eq!(Lock::acquire(output.path(), "run").unwrap_err().code.exit, Exit::Resource);
}
