//! The contract of the files: columns, values, bytes and permissions.

use super::*;

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

/// Of the tables of a run that is begun as a night's is: how many there are, and how many of these are synced once all are written.
fn synced_early(threads: usize) -> (usize, usize) {
    let (example, output) = (example(), tempfile::tempdir().unwrap());
    let lock = Lock::acquire(output.path(), "run").unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let (identified, people) = example.judged(output.path(), "2026-11-22-01");
        let draft = Draft::create(&lock, "2026-11-22-01").unwrap().synced_early();
        let written = example.write_tables(&draft, &identified, &people).unwrap();
        let synced = draft.synced();
        let is_synced = |file: &&WrittenFile| synced.contains(&draft.folder().join(&file.name));
        (written.len(), written.iter().filter(is_synced).count())
    })
}

#[test]
fn tables_are_synced_as_soon_as_they_are_written_where_there_are_threads_for_it() {
    assert_eq!(synced_early(2), (8, 8));
    assert_eq!(synced_early(1), (8, 0), "with one thread all is synced in one order, at the end");
}

#[test]
fn what_hangs_on_people_is_done_once_these_stand() {
    for threads in [1, 2] {
        let (example, output) = (example(), tempfile::tempdir().unwrap());
        let lock = Lock::acquire(output.path(), "run").unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (identified, people) = example.judged(output.path(), "2026-11-22-01");
            let draft = Draft::create(&lock, "2026-11-22-01").unwrap();
            let path = draft.folder().join("people.parquet");
            let length = || fs::metadata(&path).unwrap().len();
            let (written, then) = draft.write_tables_then(&example.outputs(&identified, &people), length).unwrap();
            assert_eq!([&written[0].name, &written[1].name], ["crosswalk.parquet", "people.parquet"]);
            assert_eq!(written[1].bytes, then);
        });
    }
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
