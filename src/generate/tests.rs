//! The laws of the generator, on small populations.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

fn request(folder: &Path, people: u64, single_file: bool) -> Request {
    let columns = SINGLE_FILE_COLUMNS.iter().map(|column| column.to_string()).collect();
    Request {
        people,
        providers: 30,
        rows_per_person: 6.0,
        seed: 7,
        output: folder.join("out"),
        single_file: single_file.then_some(columns),
    }
}

fn made(request: &Request, threads: usize) -> Generated {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| generate(request, |_| {})).expect("a population")
}

/// Every file below `folder` with its bytes.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(bytes(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).expect("a file"));
        }
    }
    files
}

fn world(people: u64, seed: u64) -> World {
    World {
        tables: tables::Tables::load(),
        places: places::Places::load(people),
        numbers: numbers::Numbers::new(people * 2, seed).expect("room"),
        people,
        seed,
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_one_thread_and_on_two() {
    let folder = tempfile::tempdir().expect("a folder");
    for single in [true, false] {
        let request = request(folder.path(), 3_000, single);
        let first = (made(&request, 1), bytes(&request.output));
        let second = (made(&request, 2), bytes(&request.output));
        assert!(first == second, "single file: {single}");
        let other = Request { seed: 8, ..request.clone() };
        made(&other, 2);
        assert!(first.1 != bytes(&request.output), "another seed gives another population");
    }
}

#[test]
fn numbers_are_valid_of_the_test_range_and_nobody_shares_one() {
    let numbers = numbers::Numbers::new(1_000_000, 3).expect("room");
    let mut seen = BTreeSet::new();
    for index in (0..1_000_000).step_by(7) {
        let number = numbers.number(index).to_string();
        assert!(record::passes_check(&number) && number.len() == 10);
        assert!(number.starts_with(if index < 909_000 { "999" } else { "99" }));
        assert!(seen.insert(number));
    }
    assert!(numbers::Numbers::new(100_000_000, 3).is_none(), "the range has an end");
    assert_eq!(numbers::check_digit(943_476_591), Some(9), "DOMAIN.md's worked example");
    assert_eq!(numbers::check_digit(123_456_789), None);
}

#[test]
fn truth_covers_each_usable_row_of_a_single_file_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let request = request(folder.path(), 1_500, true);
    let generated = made(&request, 2);
    let ids = |name: &str, column: usize| -> Vec<String> {
        let mut reader = csv::Reader::from_path(request.output.join(name)).expect("a file");
        reader.records().map(|row| row.expect("a row")[column].to_string()).collect()
    };
    let (mut records, mut truth) = (ids("records.csv", 0), ids("truth.csv", 1));
    records.sort();
    truth.sort();
    assert_eq!(records, truth);
    assert_eq!(records.len() as u64, generated.records);
    records.dedup();
    assert_eq!(records.len() as u64, generated.records, "every record has its own id");
    let rows_per_person = generated.rows as f64 / 1_500.0;
    assert!((5.4..6.6).contains(&rows_per_person), "{rows_per_person} rows a person were asked to be 6");
}

/// Reads plain comma-separated extracts back and holds them against truth.csv and unusable.csv.
#[test]
fn truth_covers_each_usable_row_of_an_extract() {
    let folder = tempfile::tempdir().expect("a folder");
    let request = request(folder.path(), 3_000, false);
    made(&request, 2);
    let truth = std::fs::read_to_string(request.output.join("truth.csv")).expect("truth");
    let unusable = std::fs::read_to_string(request.output.join("unusable.csv")).expect("unusable");
    let broken = |provider: &str, code: &str| -> usize {
        let start = format!("{provider},{code},");
        unusable.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok()).unwrap_or(0)
    };
    for provider in ["urgent-care-telephone", "social-care-ealing"] {
        let known: BTreeSet<&str> =
            truth.lines().filter_map(|line| line.strip_prefix(&format!("{provider},"))?.split(',').next()).collect();
        let path = request.output.join("in").join(provider).join("extract.csv");
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).expect("an extract");
        let columns = reader.headers().expect("a header").len();
        let (mut found, mut strange, mut ragged) = (BTreeSet::new(), 0, 0);
        for row in reader.records() {
            let row = row.expect("text");
            match known.contains(&row[0]) {
                true => drop(found.insert(row[0].to_string())),
                false if row.len() < columns => ragged += 1,
                false => strange += 1,
            }
        }
        assert_eq!(found.len(), known.len(), "{provider}");
        assert_eq!(ragged, broken(provider, "ragged"));
        let others: usize =
            ["no_record_id", "no_identifying_value", "filler_person"].iter().map(|code| broken(provider, code)).sum();
        assert_eq!(strange, others, "{provider}");
    }
}

/// However few people hold a value: a key that no line has is a column that is not there, and the job would be refused.
#[test]
fn the_first_line_of_json_names_every_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let request = request(folder.path(), 60, false);
    made(&request, 2);
    let extract = std::fs::read_to_string(request.output.join("in/community-children/extract.jsonl")).expect("lines");
    let keys = |line: &str| -> BTreeSet<String> {
        serde_json::from_str::<serde_json::Map<_, _>>(line).expect("an object").keys().cloned().collect()
    };
    let first = keys(extract.lines().next().expect("a line"));
    assert!(first.contains("birth_order"), "{first:?}");
    assert!(extract.lines().all(|line| keys(line).is_subset(&first)));
}

/// Who sees nobody has no header to send in some formats, and an empty file is what a failed transfer leaves: such a provider is not in the job.
#[test]
fn no_extract_is_an_empty_file() {
    let folder = tempfile::tempdir().expect("a folder");
    for people in [1, 3] {
        let request = Request { rows_per_person: 1.0, ..request(folder.path(), people, false) };
        let generated = made(&request, 2);
        let job = crate::job::Job::read(&request.output.join("job.toml")).expect("the job is right");
        let intake = crate::intake::read_all(&job, |_| (), |_| {}).expect("every extract can be read");
        let sent = bytes(&request.output.join("in"));
        assert_eq!((intake.files.len(), sent.len()), (generated.providers, generated.providers), "{people} people");
        assert_eq!(intake.files.iter().map(|file| file.rows).sum::<u64>(), generated.rows);
        assert!(people > 1 || generated.providers < request.providers, "one person is not seen everywhere");
    }
}

#[test]
fn a_population_that_nobody_sees_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    // With this seed the one person is registered nowhere.
    let request = Request { providers: 1, rows_per_person: 0.1, seed: 40, ..request(folder.path(), 1, true) };
    let failure = generate(&request, |_| {}).expect_err("nobody is seen");
    assert_eq!(failure.code.id, "OF0901");
    assert!(failure.what.contains("ten people"), "{}", failure.what);
    assert_eq!(std::fs::read_dir(&request.output).expect("the folder").count(), 0, "something stays behind");
}

#[test]
fn the_demo_has_thirty_providers_every_format_and_every_kind_of_unusable_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let request = Request::demo(folder.path().join("demo"));
    let generated = made(&request, 2);
    assert!((27_000..33_000).contains(&generated.rows), "{} rows", generated.rows);
    let files = bytes(&request.output);
    let size: usize = files.values().map(Vec::len).sum();
    assert!(size <= 5_000_000, "{size} bytes");
    let job = std::fs::read_to_string(request.output.join("job.toml")).expect("a job");
    assert_eq!(job.matches("[[provider]]").count(), 30);
    let settings: BTreeSet<&str> = job.lines().filter(|line| line.starts_with("setting = ")).collect();
    assert!(settings.len() >= 9);
    let unusable = std::fs::read_to_string(request.output.join("unusable.csv")).expect("unusable");
    for code in crate::intake::QuarantineCode::ALL {
        assert!(unusable.contains(&format!(",{},", code.word())), "{}", code.word());
    }
    for ending in ["csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "parquet", "xlsx", "txt"] {
        assert!(files.keys().any(|path| path.to_string_lossy().ends_with(&format!(".{ending}"))), "{ending}");
    }
    let start = |name: &str| &files[&request.output.join("in").join(name)][..3];
    assert_eq!(start("gp-ealing-01/extract.csv"), [0xEF, 0xBB, 0xBF]);
    assert_eq!(start("gp-hounslow-01/extract.csv")[..2], [0xFF, 0xFE]);
    for list in ["nhs_number_replaced.csv", "never_link.csv", "objections_by_number.csv", "objections_by_record.csv"] {
        assert!(files.contains_key(&request.output.join("lists").join(list)), "{list}");
    }
    toml::from_str::<toml::Table>(&job).expect("job.toml is TOML");
}

#[test]
fn the_population_has_its_hard_cases_in_sane_shares() {
    let world = world(20_480, 5);
    let people: Vec<people::Person> = (0..world.blocks()).flat_map(|block| world.block(block).people).collect();
    let share = |test: &dyn Fn(&people::Person) -> bool| {
        people.iter().filter(|person| test(person)).count() as f64 / people.len() as f64
    };
    let sane = [
        ("twins", share(&|person| person.birth_order > 0), 0.005, 0.03),
        ("not yet named", share(&|person| person.named_from > people::AS_OF), 0.0005, 0.01),
        ("dead", share(&|person| person.died.is_some()), 0.005, 0.05),
        ("children", share(&|person| person.age_on(people::AS_OF) < 18), 0.15, 0.35),
        ("65 and over", share(&|person| person.age_on(people::AS_OF) >= 65), 0.12, 0.35),
        ("women", share(&|person| person.female), 0.46, 0.56),
        ("movers", share(&|person| person.addresses.len() > 1), 0.4, 0.9),
        ("changed family name", share(&|person| person.previous_family.is_some()), 0.08, 0.3),
        ("two numbers", share(&|person| person.old_number.is_some()), 0.003, 0.01),
    ];
    for (what, share, low, high) in sane {
        assert!((low..high).contains(&share), "{what}: {share}");
    }
}

#[test]
fn fathers_and_sons_share_names_and_twins_never_do() {
    let world = world(20_480, 9);
    let (mut namesakes, mut twins) = (0, 0);
    for number in 0..world.blocks() {
        let block = world.block(number);
        for person in &block.people {
            let household = &block.people[person.household.start as usize..person.household.end as usize];
            let same_name = |other: &&people::Person| {
                other.given == person.given && other.family == person.family && other.index != person.index
            };
            namesakes +=
                household.iter().filter(same_name).filter(|other| other.born.year() - person.born.year() > 15).count();
            if person.birth_order > 0 {
                twins += 1;
                assert!(
                    !household.iter().filter(same_name).any(|other| other.born == person.born),
                    "twins of one name"
                );
            }
        }
    }
    assert!(namesakes > 30, "{namesakes} parents with a child of their name");
    assert!(twins > 100);
}

#[test]
fn a_folder_with_other_things_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let request = request(folder.path(), 100, true);
    make_folder(&request.output).expect("a folder");
    std::fs::write(request.output.join("thesis.txt"), "mine").expect("a file");
    let failure = generate(&request, |_| {}).expect_err("not our folder");
    assert_eq!(failure.code.id, "OF0903");
    assert!(request.output.join("thesis.txt").exists());
    let failure = generate(&Request { people: 0, ..request }, |_| {}).expect_err("nobody");
    assert_eq!(failure.code.id, "OF0901");
}

#[test]
fn damage_tables_name_every_kind_and_every_group() {
    let tables = tables::Tables::load();
    let damage = damage::Damage::load(&tables);
    damage.assert_complete(&tables);
}
