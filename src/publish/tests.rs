//! The contract of the files, and the swap under every kind of trouble.

use super::*;
use crate::best_record::{self, Linked, People};
use crate::clustering::{Edge, Partition};
use crate::comparison::PackedLevel;
use crate::consent::{Withheld, WithheldReason};
use crate::failure::{Exit, Result};
use crate::identity::example::{self, Row};
use crate::identity::{self, Identified, Ledger};
use crate::intake::{FileReport, QuarantineCode, Quarantined};
use crate::job::{Carry, CarryKind, Combine, Field, Job, Setting, Within};
use crate::records::Records;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A small run, before it is published.
struct Example {
    job: Job,
    files: Vec<FileReport>,
    records: Records,
    partition: Partition,
    identity_of_record: Vec<u32>,
    identity_ids: Vec<[u8; 16]>,
    links: Vec<Edge>,
    levels: Vec<PackedLevel>,
    review: Vec<(u32, &'static str)>,
    calibration: crate::model::Calibration,
    quarantined: Vec<Quarantined>,
    withheld: Vec<Withheld>,
}

fn rules() -> Vec<Carry> {
    let rule = |name: &str, kind, combine| {
        let within = (combine == Combine::Count).then_some(Within { months: 12, days: 0 });
        Carry { name: name.into(), column: name.into(), kind, combine, format: None, within, place: false }
    };
    vec![
        rule("diabetes", CarryKind::Flag, Combine::Any),
        rule("last_contact", CarryKind::Date, Combine::Latest),
        rule("cost", CarryKind::Number, Combine::Sum),
        rule("frailty", CarryKind::Category, Combine::Latest),
        rule("conditions", CarryKind::List, Combine::Union),
        rule("admissions_12m", CarryKind::Date, Combine::Count),
    ]
}

fn example() -> Example {
    let job = example::job(&[("gp-b", Setting::GeneralPractice, 4), ("acute-a", Setting::Acute, 3)]);
    let gp = Row {
        record_id: "G1",
        verified: true,
        values: vec![
            (Field::NhsNumber, "9990000018"),
            (Field::GivenName, "anne"),
            (Field::FamilyName, "o'brien"),
            (Field::DateOfBirth, "19500301"),
        ],
        facts: vec![("diabetes", "true"), ("cost", "2.5"), ("frailty", "mild"), ("conditions", "b;a")],
        ..Row::default()
    };
    let acute = Row {
        provider: 1,
        extract: 1,
        record_id: "A 1",
        values: vec![(Field::GivenName, "ann"), (Field::FamilyName, "o'brien")],
        facts: vec![("admissions_12m", "2026-05-01"), ("last_contact", "2026-05-02")],
        ..Row::default()
    };
    let stranger = Row { record_id: "A 2", values: vec![(Field::GivenName, "bob")], ..acute.clone() };
    let report = |name: &str| FileReport { name: name.into(), ..FileReport::default() };
    let (identity_of_record, identity_ids) = example::identities(3);
    let levels = [("name", 0), ("date_of_birth", 4)];
    let levels = levels.map(|(name, shift)| PackedLevel { name: name.into(), shift, mask: 15 }).to_vec();
    // Names agree by level 3 and 0; one date is missing, the other agrees by level 1.
    let links = vec![
        Edge { same_person: true, ..Edge::of(0, 1, 10_240, 4) },
        Edge { context: Some(7), ..Edge::of(0, 2, -1536, 1 | 2 << 4) },
    ];
    let review = vec![(0, "grey_zone"), (1, "possible_duplicate_registration")];
    let quarantined = Quarantined {
        extract: 1,
        provider: 1,
        source_row: 3,
        raw: "A3|x".into(),
        code: QuarantineCode::Ragged,
        reason: "2 columns instead of 4".into(),
    };
    let reason = WithheldReason::LocalObjection;
    Example {
        job,
        files: vec![report("in/gp.csv"), report("in/acute.csv")],
        records: example::records(&[gp, acute, stranger], &rules()),
        partition: example::partition("aab"),
        identity_of_record,
        identity_ids,
        links,
        levels,
        review,
        calibration: crate::model::Calibration::default(),
        quarantined: vec![quarantined],
        withheld: vec![Withheld { provider: 0, record_id: "G9".into(), extract: 0, source_row: 9, reason }],
    }
}

impl Example {
    /// What identity and best_record make of it.
    fn judged(&self, output: &Path, run_id: &str) -> (Identified, People) {
        let ledger = Ledger::open(output, None).unwrap();
        let identified = identity::assign(
            &ledger,
            &self.job,
            &self.records,
            &self.partition,
            &self.identity_of_record,
            &self.identity_ids,
            run_id,
        );
        let linked = Linked {
            reference: None,
            weakest_probability: vec![Some(0.999), None],
            in_review: vec![true, false],
            bare: vec![false, true],
            first_seen: identified.first_seen.clone(),
        };
        let people = best_record::combine(&self.job, &self.records, &self.partition, linked);
        (identified, people)
    }

    fn outputs<'a>(&'a self, identified: &'a Identified, people: &'a People) -> Outputs<'a> {
        Outputs {
            job: &self.job,
            files: &self.files,
            records: &self.records,
            partition: &self.partition,
            identity_of_record: &self.identity_of_record,
            identity_ids: &self.identity_ids,
            person_ids: &identified.person_ids,
            people,
            quarantined: &self.quarantined,
            withheld: &self.withheld,
            changes: &identified.changes,
        }
    }

    /// All tables of a run.
    fn write_tables(&self, draft: &Draft, identified: &Identified, people: &People) -> Result<Vec<WrittenFile>> {
        let table = LinkTable { links: &self.links, levels: &self.levels, calibration: &self.calibration };
        let mut written = draft.write_links(table, &self.review, &self.identity_ids)?;
        written.extend(draft.write_tables(&self.outputs(identified, people))?);
        Ok(written)
    }

    /// A run up to the point where it could be published.
    fn draft<'a>(&self, lock: &'a Lock) -> (Draft<'a>, Identified) {
        recover(lock).unwrap();
        let ledger = Ledger::open(lock.output(), None).unwrap();
        let run_id = next_run_id(lock, self.job.as_of, ledger.runs()).unwrap();
        let (identified, people) = self.judged(lock.output(), &run_id);
        let draft = Draft::create(lock, &run_id).unwrap();
        self.write_tables(&draft, &identified, &people).unwrap();
        draft.write_bytes("summary/people.csv", b"count\n2\n").unwrap();
        (draft, identified)
    }

    fn publish(&self, lock: &Lock, keep_runs: usize) -> Published {
        let (draft, identified) = self.draft(lock);
        let remove = draft.beyond(keep_runs).unwrap();
        draft.commit(&identified.next, &remove).unwrap()
    }
}

fn read(path: &Path) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(|batch| batch.unwrap()).collect();
    arrow::compute::concat_batches(&schema, &batches).unwrap()
}

/// Every column as "name: type", with "?" where it may be null.
fn schema(path: &Path) -> Vec<String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
        let kind = match field.data_type() {
            arrow::datatypes::DataType::List(element) => format!("List<{}>", element.data_type()),
            other => other.to_string(),
        };
        format!("{}: {kind}{}", field.name(), if field.is_nullable() { "?" } else { "" })
    };
    builder.schema().fields().iter().map(column).collect()
}

fn texts<'a>(batch: &'a RecordBatch, column: &str) -> Vec<Option<&'a str>> {
    batch[column].as_string::<i32>().iter().collect()
}

fn list(batch: &RecordBatch, column: &str, row: usize) -> Vec<String> {
    batch[column].as_list::<i32>().value(row).as_string::<i32>().iter().map(|text| text.unwrap().to_string()).collect()
}

#[test]
fn the_columns_are_exactly_those_of_the_contract() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let folder = example().publish(&lock, 7).folder;
    let columns = |name: &str| schema(&folder.join(name)).join(", ");
    assert_eq!(
        columns("crosswalk.parquet"),
        "provider: Utf8, record_id: Utf8, source_file: Utf8, source_row: Int64, identity_id: Utf8, person_id: Utf8, \
         updated: Date32?"
    );
    let links = "identity_id_left: Utf8, identity_id_right: Utf8, weight: Float64, probability: Float64, same_person: Boolean, \
                 level_name: Int32?, level_date_of_birth: Int32?";
    assert_eq!(columns("links.parquet"), format!("{links}, level_context: Int32?"));
    assert_eq!(columns("review.parquet"), format!("{links}, reason: Utf8, level_context: Int32?"));
    assert_eq!(
        columns("quarantine.parquet"),
        "provider: Utf8, source_file: Utf8, source_row: Int64, raw: Utf8, code: Utf8, reason: Utf8"
    );
    assert_eq!(
        columns("withheld.parquet"),
        "provider: Utf8, record_id: Utf8, source_file: Utf8, source_row: Int64, reason: Utf8"
    );
    assert_eq!(columns("changes.parquet"), "person_id: Utf8, change: Utf8, into: List<Utf8>?, from_run: Utf8?");
    let mut people = vec!["person_id: Utf8".to_string(), "status: Utf8".into()];
    for field in
        "nhs_number given_name middle_name family_name previous_family_name date_of_birth date_of_death sex ethnicity \
                  address postcode uprn phone email gp_practice"
            .split_whitespace()
    {
        let kind = if field.starts_with("date_of") { "Date32" } else { "Utf8" };
        people.push(format!("{field}: {kind}?"));
        people.push(format!("{field}_from: Utf8?"));
    }
    people.push(
        "other_names: List<Utf8>?, other_addresses: List<Utf8>?, records: Int64, providers: List<Utf8>?, \
         weakest_probability: Float64?, in_review: Boolean, bare: Boolean, conflicts: List<Utf8>?, diabetes: Boolean?, last_contact: Date32?, \
         cost: Float64?, frailty: Utf8?, conditions: List<Utf8>?, admissions_12m: Int64, age: Int32?, \
         age_band: Utf8?, provider_count: Int32?, sectors: List<Utf8>?, days_since_contact: Int32?, first_seen: Date32"
            .into(),
    );
    assert_eq!(columns("people.parquet"), people.join(", "));
}

#[test]
fn what_is_read_back_is_what_was_found() {
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let example = example();
    let (draft, identified) = example.draft(&lock);
    let folder = draft.commit(&identified.next, &[]).unwrap().folder;

    let crosswalk = read(&folder.join("crosswalk.parquet"));
    assert_eq!(texts(&crosswalk, "provider"), [Some("gp-b"), Some("acute-a"), Some("acute-a")]);
    assert_eq!(texts(&crosswalk, "record_id"), [Some("G1"), Some("A 1"), Some("A 2")]);
    assert_eq!(texts(&crosswalk, "source_file")[1], Some("in/acute.csv"));
    assert_eq!(crosswalk["source_row"].as_primitive::<Int64Type>().values(), &[1, 1, 2]);
    let ids: Vec<&str> = texts(&crosswalk, "person_id").into_iter().flatten().collect();
    let expected = [0, 0, 1].map(|person| identified.person_ids[person].as_str());
    assert_eq!(ids, expected);
    let hex: String = example.identity_ids[2].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(texts(&crosswalk, "identity_id")[2], Some(hex.as_str()));

    let people = read(&folder.join("people.parquet"));
    assert_eq!(texts(&people, "status"), [Some("registered"), Some("known_only")]);
    assert_eq!(texts(&people, "given_name"), [Some("Anne"), Some("Bob")]);
    assert_eq!(texts(&people, "given_name_from"), [Some("gp-b:G1"), Some("acute-a:A 2")]);
    assert_eq!(texts(&people, "postcode"), [None, None]);
    let born = best_record::days(jiff::civil::date(1950, 3, 1));
    assert_eq!(people["date_of_birth"].as_primitive::<Date32Type>().iter().collect::<Vec<_>>(), [Some(born), None]);
    assert_eq!(list(&people, "providers", 0), ["acute-a", "gp-b"]);
    assert_eq!(list(&people, "other_names", 0), ["Ann O'Brien"]);
    assert_eq!(list(&people, "conditions", 0), ["a", "b"]);
    assert_eq!(people["admissions_12m"].as_primitive::<Int64Type>().values(), &[1, 1]);
    assert_eq!(people["records"].as_primitive::<Int64Type>().values(), &[2, 1]);
    assert!(people["weakest_probability"].is_null(1));

    let links = read(&folder.join("links.parquet"));
    assert_eq!(links["weight"].as_primitive::<Float64Type>().values(), &[10.0, -1.5]);
    let levels: Vec<Option<i32>> = links["level_date_of_birth"].as_primitive::<Int32Type>().iter().collect();
    assert_eq!(levels, [None, Some(1)]);
    let context: Vec<Option<i32>> = links["level_context"].as_primitive::<Int32Type>().iter().collect();
    assert_eq!(context, [None, Some(7)]);
    let review = read(&folder.join("review.parquet"));
    assert_eq!(texts(&review, "reason"), [Some("grey_zone"), Some("possible_duplicate_registration")]);
    let quarantine = read(&folder.join("quarantine.parquet"));
    assert_eq!((texts(&quarantine, "raw"), texts(&quarantine, "code")), (vec![Some("A3|x")], vec![Some("ragged")]));
    let withheld = read(&folder.join("withheld.parquet"));
    assert_eq!(texts(&withheld, "reason"), [Some("local_objection")]);
    let changes = read(&folder.join("changes.parquet"));
    assert_eq!((texts(&changes, "change"), texts(&changes, "from_run")), (vec![Some("new"); 2], vec![None; 2]));
}

/// Every regular file below `folder`, by its relative name.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(top: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                continue;
            } else if path.is_dir() {
                walk(top, &path, found);
            } else {
                found.insert(path.strip_prefix(top).unwrap().display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

/// Several row groups, so that threads have something to get wrong.
fn large() -> Example {
    let mut example = example();
    let rows = 150_000;
    let ids: Vec<String> = (0..rows).map(|row| format!("R{row}")).collect();
    let names = ["anne", "bob", "cyd", "dee"];
    let row = |(number, id)| Row {
        record_id: id,
        provider: (number % 2) as u16,
        extract: (number % 2) as u32,
        values: vec![(Field::GivenName, names[number % 4]), (Field::Postcode, names[(number / 7) % 3])],
        facts: vec![("conditions", "b;a")],
        ..Row::default()
    };
    let rows: Vec<Row> = ids.iter().map(String::as_str).enumerate().map(row).collect();
    example.records = example::records(&rows, &rules());
    let person: Vec<u32> = (0..rows.len() as u32).map(|row| row / 3).collect();
    example.partition = Partition { people: rows.len() as u32 / 3, person };
    (example.identity_of_record, example.identity_ids) = example::identities(rows.len());
    example
}

#[test]
fn the_same_run_gives_the_same_bytes_on_any_number_of_threads() {
    let example = large();
    let key = tempfile::NamedTempFile::new().unwrap();
    fs::write(key.path(), "ab".repeat(32)).unwrap();
    let bytes = |threads: usize| {
        let output = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(output.path(), "run").unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let ledger = Ledger::open(output.path(), Some(key.path())).unwrap();
            let (partition, records) = (&example.partition, &example.records);
            let (of_record, ids) = (&example.identity_of_record, &example.identity_ids);
            let identified =
                identity::assign(&ledger, &example.job, records, partition, of_record, ids, "2026-11-22-01");
            let count = partition.people as usize;
            let linked = Linked {
                reference: None,
                weakest_probability: vec![Some(0.5); count],
                in_review: vec![false; count],
                bare: vec![false; count],
                first_seen: identified.first_seen.clone(),
            };
            let people = best_record::combine(&example.job, records, partition, linked);
            let draft = Draft::create(&lock, "2026-11-22-01").unwrap();
            let written = example.write_tables(&draft, &identified, &people).unwrap();
            draft.commit(&identified.next, &[]).unwrap();
            let contents = contents(&output.path().join("runs/2026-11-22-01"));
            for file in &written {
                let bytes = &contents[&file.name];
                assert_eq!(file.bytes, bytes.len() as u64);
                assert_eq!(file.blake3, blake3::hash(bytes).to_hex().to_string());
            }
            (contents, fs::read(output.path().join("state/ledger/000001/issued")).unwrap())
        })
    };
    let one = bytes(1);
    assert_eq!(one.0.len(), 8);
    assert!(one == bytes(2), "one thread and two differ");
    assert!(one == bytes(2), "two runs differ");
}

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
fn files_are_their_owners_only() {
    fn check(folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                continue;
            }
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
            if path.is_dir() {
                check(&path);
            }
        }
    }
    let output = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(output.path(), "run").unwrap();
    example().publish(&lock, 7);
    check(output.path());
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
