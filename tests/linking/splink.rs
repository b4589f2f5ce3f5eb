//! Splink's model files: on the same data an imported model compares the same pairs and gives the same weights as Splink did.
//!
//! What Splink said was recorded by `tests/data/splink/record.py`; no Python is needed here.

use crate::common::{self, Night, edit, onefolk, outcome, town};
use onefolk::model::splink::{self, Blocks, Imported, Prepared, Table, Unmapped};
use onefolk::records::{Column, MISSING};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/splink").join(name)
}

/// The recorded people, as columns.
struct People {
    names: Vec<String>,
    columns: Vec<Column>,
    ids: Vec<String>,
    source: Vec<u16>,
}

const SOURCES: [&str; 2] = ["hospital", "practice"];

fn people() -> People {
    let mut reader = csv::Reader::from_path(recorded("people.csv")).expect("the recorded people");
    let names: Vec<String> = reader.headers().expect("a header").iter().map(String::from).collect();
    let mut people =
        People { columns: names.iter().map(|_| Column::default()).collect(), names, ids: vec![], source: vec![] };
    for row in reader.records().map(|row| row.expect("a row")) {
        for ((name, column), value) in people.names.iter().zip(&mut people.columns).zip(&row) {
            column.codes.push(if value.is_empty() { MISSING } else { column.values.intern(value) });
            match name.as_str() {
                "unique_id" => people.ids.push(value.to_string()),
                "source_dataset" => people.source.push(u16::from(value == SOURCES[1])),
                _ => {}
            }
        }
    }
    people
}

impl People {
    /// The records in the order that `by` gives them.
    fn table(&self, records: Vec<u32>) -> Table<'_> {
        Table {
            columns: self.columns.iter().collect(),
            records,
            ids: self.ids.iter().map(String::as_str).collect(),
            source: self.source.clone(),
            sources: SOURCES.to_vec(),
        }
    }

    fn all(&self) -> Vec<u32> {
        (0..self.ids.len() as u32).collect()
    }
}

fn imported(name: &str, people: &People) -> (Imported, Vec<Unmapped>) {
    splink::read(&recorded(&format!("{name}.settings.json")), &people.names).expect("the recorded model")
}

/// Every pair with its rule and weight, by ids.
type Pairs = BTreeMap<(String, String), (u32, f64)>;

fn ours(model: &Imported, people: &People, records: Vec<u32>) -> Pairs {
    let table = people.table(records);
    let prepared = Prepared::new(model, &table);
    let blocks = Blocks::of(&prepared);
    let (pairs, compared) = splink::predict(&prepared, &blocks, f64::NEG_INFINITY, |_| {});
    assert_eq!(pairs.len() as u64, compared);
    let id = |place: u32| people.ids[prepared.order[place as usize] as usize].clone();
    let found: Pairs = pairs.iter().map(|pair| ((id(pair.left), id(pair.right)), (pair.rule, pair.weight))).collect();
    assert_eq!(found.len() as u64, compared, "a pair came twice");
    found
}

fn splinks(name: &str) -> Pairs {
    let mut reader = csv::Reader::from_path(recorded(&format!("{name}.pairs.csv"))).expect("the recorded pairs");
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let (left, right, rule, weight) = (at("unique_id_l"), at("unique_id_r"), at("match_key"), at("match_weight"));
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.map(|row| {
        let number = |at: usize| row[at].parse::<f64>().expect("a number");
        ((row[left].to_string(), row[right].to_string()), (number(rule) as u32, number(weight)))
    })
    .collect()
}

fn same_pairs_and_weights(name: &str, at_least: usize) {
    let people = people();
    let (model, unmapped) = imported(name, &people);
    assert!(unmapped.is_empty(), "{unmapped:?}");
    let (found, said) = (ours(&model, &people, people.all()), splinks(name));
    assert!(said.len() >= at_least, "the recording holds {} pairs only", said.len());
    let only_here: Vec<_> = found.iter().filter(|(pair, _)| !said.contains_key(*pair)).collect();
    let only_there: Vec<_> = said.iter().filter(|(pair, _)| !found.contains_key(*pair)).collect();
    assert!(only_here.is_empty() && only_there.is_empty(), "only here {only_here:?}, only there {only_there:?}");
    let mut furthest: f64 = 0.0;
    for (pair, (rule, weight)) in &said {
        assert_eq!(found[pair].0, *rule, "{pair:?} came by another rule");
        let apart = (found[pair].1 - weight).abs();
        assert!(apart <= 1e-6, "{pair:?}: Splink {weight}, ours {}", found[pair].1);
        furthest = furthest.max(apart);
    }
    println!("{name}: {} pairs, weights at most {furthest:.1e} bits apart", said.len());
}

#[test]
fn a_deduplicating_model_gives_splinks_pairs_and_weights() {
    same_pairs_and_weights("dedupe", 900);
}

#[test]
fn a_linking_model_gives_splinks_pairs_and_weights() {
    same_pairs_and_weights("link", 800);
}

#[test]
fn the_order_of_rows_and_the_number_of_threads_change_nothing() {
    let people = people();
    for name in ["dedupe", "link"] {
        let (model, _) = imported(name, &people);
        let first = ours(&model, &people, people.all());
        let mut backwards = people.all();
        backwards.reverse();
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        assert_eq!(alone.install(|| ours(&model, &people, backwards)), first);
    }
}

const JOB: &str = r#"
[job]
name = "imported"
as_of = 2026-11-22

[[provider]]
id = "town"
name = "A town"
setting = "other"
files = ["people.csv"]

[provider.columns]
record_id = "unique_id"
given_name = "first_name"
family_name = "surname"
date_of_birth = { column = "dob", format = "%Y-%m-%d" }
postcode = "postcode"
email = "email"
city = "city"
height = "height"

[field.city]
kind = "category"
[field.height]
kind = "number"

[model]
file = "settings.json"
[cluster]
threshold = 0.95
"#;

/// The recorded people as the extract of one provider, and a job that links them with the recorded model.
fn night() -> Night {
    let night = Night::new();
    night.write("people.csv", std::fs::read(recorded("people.csv")).expect("the recorded people"));
    night.write("settings.json", std::fs::read(recorded("dedupe.settings.json")).expect("the recorded model"));
    night.write("job.toml", JOB);
    night
}

/// Sets of ids that pairs at or above a weight hold together, those of one record left out.
fn components(pairs: &Pairs, from: f64) -> BTreeSet<BTreeSet<String>> {
    let mut sets: Vec<BTreeSet<String>> = Vec::new();
    for (left, right) in pairs.iter().filter(|(_, (_, weight))| *weight >= from).map(|(pair, _)| pair) {
        let (touched, mut others): (Vec<_>, Vec<_>) =
            sets.into_iter().partition(|set| set.contains(left) || set.contains(right));
        let mut set: BTreeSet<String> = touched.into_iter().flatten().collect();
        set.extend([left.clone(), right.clone()]);
        others.push(set);
        sets = others;
    }
    sets.into_iter().collect()
}

#[test]
fn a_run_with_an_imported_model_finds_the_people_that_splinks_links_connect() {
    let night = night();
    night.run().done();
    assert!(night.table("quarantine.parquet").rows.is_empty(), "a row less would change the term frequencies");
    let mut people: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((_, record), person) in night.person_ids() {
        people.entry(person).or_default().insert(record);
    }
    let found: BTreeSet<BTreeSet<String>> = people.into_values().filter(|records| records.len() > 1).collect();
    let expected = components(&splinks("dedupe"), (0.95f64 / 0.05).log2());
    assert!(expected.len() > 60, "{}", expected.len());
    assert_eq!(found, expected);
    let text = std::fs::read(night.current("model.json")).expect("the model is there");
    assert_eq!(text, std::fs::read(recorded("dedupe.settings.json")).expect("the recorded model"));
}

#[test]
fn links_tell_splinks_weights_and_levels() {
    let night = night();
    night.run().done();
    let identity: BTreeMap<String, BTreeSet<String>> = {
        let table = night.table("crosswalk.parquet");
        let mut of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (identity, record) in table.values("identity_id").into_iter().zip(table.values("record_id")) {
            of.entry(identity.to_string()).or_default().insert(record.to_string());
        }
        of
    };
    let (table, said) = (night.table("links.parquet"), splinks("dedupe"));
    let sides = table.values("identity_id_left").into_iter().zip(table.values("identity_id_right"));
    let mut checked = 0;
    for ((left, right), weight) in sides.zip(table.values("weight")) {
        let alone = |side: &str| identity[side].iter().next().filter(|_| identity[side].len() == 1).cloned();
        let (Some(a), Some(b)) = (alone(left), alone(right)) else { continue };
        let (_, splinks) =
            said.get(&(a.clone(), b.clone())).or_else(|| said.get(&(b, a))).expect("Splink had the pair");
        let weight: f64 = weight.parse().expect("a number");
        assert!((weight - splinks).abs() <= 0.5 / 1024.0 + 1e-6, "{weight} {splinks}");
        checked += 1;
    }
    assert!(checked > 100, "{checked}");
    let levels: BTreeSet<&str> = table.values("level_postcode").into_iter().collect();
    assert!(levels.contains("0") && levels.contains("4"), "ELSE is 0, an exact match the highest: {levels:?}");
}

#[test]
fn train_import_says_what_is_taken_over_and_what_is_not() {
    let night = night();
    let import = |arguments: &[&str]| {
        let mut command = onefolk();
        command
            .arg("train")
            .arg(night.path("job.toml"))
            .arg("--import")
            .arg(night.path("settings.json"))
            .args(arguments);
        outcome(command)
    };
    let said = import(&[]).done().stdout;
    assert!(said.contains("Nothing is left out") && said.contains("The job uses this file"), "{said}");
    edit(&night.path("settings.json"), "levenshtein(\\\"dob_l\\\", \\\"dob_r\\\")", "soundex(\\\"dob_l\\\")");
    edit(&night.path("job.toml"), "height = \"height\"\n", "");
    edit(&night.path("job.toml"), "[field.height]\nkind = \"number\"\n", "");
    let said: serde_json::Value = serde_json::from_str(&import(&["--json"]).done().stdout).expect("JSON");
    let what: Vec<&str> =
        said["left_out"].as_array().expect("a list").iter().map(|one| one["what"].as_str().expect("text")).collect();
    assert_eq!(what, ["comparison `dob`, level 3 (Levenshtein distance <= 1)", "blocking rule 4"]);
    assert_eq!(said["comparisons"].as_array().expect("a list").len(), 5);
    let warned = night.run().done().stderr;
    assert!(warned.contains("warning: blocking rule 4: no column is called `height`"), "{warned}");
}

#[test]
fn a_model_that_links_providers_says_so_where_there_is_but_one() {
    let night = night();
    edit(&night.path("settings.json"), "\"dedupe_only\"", "\"link_only\"");
    let said = |command: &str, arguments: &[&str]| {
        let mut told = onefolk();
        told.arg(command).arg(night.path("job.toml")).args(arguments);
        outcome(told).done()
    };
    let warning = "link_type `link_only`: only records of different providers are compared, and the job has one";
    let settings = night.path("settings.json").display().to_string();
    assert!(said("train", &["--import", &settings]).stdout.contains(warning));
    let planned: serde_json::Value = serde_json::from_str(&said("plan", &["--json"]).stdout).expect("JSON");
    assert_eq!((&planned["distinct_pairs"], planned["warnings"].as_array().map(Vec::len)), (&0.into(), Some(1)));
    assert!(night.run().done().stderr.contains(&format!("warning: {warning}")));
    assert!(night.table("links.parquet").rows.is_empty());
}

#[test]
fn values_that_an_imported_model_cannot_read_are_counted_and_never_shown() {
    let night = night();
    edit(&night.path("settings.json"), "l.height is not null", "abs(l.height - r.height) < 300");
    edit(&night.path("people.csv"), ",144,51.58555,", ",1m44,51.58555,");
    let warned = night.run().done().stderr;
    let warning = "1 of 302 values of `height` are not a number: the imported model takes them as missing";
    assert!(warned.contains(&format!("warning: {warning}")) && !warned.contains("1m44"), "{warned}");
    let run = std::fs::read(night.current("run.json")).expect("a run stands");
    let run: serde_json::Value = serde_json::from_slice(&run).expect("JSON");
    let told = run["warnings"].to_string();
    // Dates that `try_strptime` cannot read are null in DuckDB as well.
    assert!(told.contains(warning) && !told.contains("`dob`"), "{told}");
}

#[test]
fn a_plan_counts_the_pairs_of_an_imported_model_and_a_night_keeps_within_its_limit() {
    let night = night();
    let plan = |arguments: &[&str]| {
        let mut command = onefolk();
        command.arg("plan").arg(night.path("job.toml")).args(arguments);
        outcome(command)
    };
    let planned: serde_json::Value = serde_json::from_str(&plan(&["--json"]).done().stdout).expect("JSON");
    assert_eq!(planned["distinct_pairs"], splinks("dedupe").len());
    let rules = planned["rules"].as_array().expect("a list");
    let pairs: u64 = rules.iter().map(|rule| rule["pairs"].as_u64().expect("a number")).sum();
    assert!(rules.len() == 6 && pairs >= planned["distinct_pairs"].as_u64().expect("a number"), "{rules:?}");
    assert_eq!(planned["comparisons"].as_array().expect("a list").len(), 6);
    let said = plan(&[]).done().stdout;
    assert!(said.contains("in blocks of any size") && said.contains("another tool that the job names"), "{said}");
    // What is read has room, what is made of it has not.
    let limit = format!("{} MiB", (planned["estimated_bytes"].as_u64().expect("told") >> 20) - 10);
    edit(&night.path("job.toml"), "[job]\n", &format!("[job]\nmemory_limit = \"{limit}\"\n"));
    assert!(plan(&[]).done().stdout.contains("which is too little: the run ends before it links"));
    let told = night.run().failed(4, "OF0440").stderr;
    assert!(told.contains(&format!("with an imported model, and {limit} are allowed")), "{told}");
    assert!(!night.output().join("current").exists());
    edit(&night.path("job.toml"), &limit, "64 GiB");
    assert!(plan(&[]).done().stdout.contains("It fits into the 65536 MiB"));
    night.run().done();
}

#[test]
fn a_file_that_is_no_model_stops_the_run_before_anything_is_read() {
    let night = night();
    night.write("settings.json", "{\"comparisons\": 1}");
    night.run().failed(2, "OF0361");
    assert!(night.standing().is_empty());
}

/// `onefolk train JOB --export FILE`.
fn export(night: &Night, file: &str) -> common::Outcome {
    let mut command = onefolk();
    command.arg("train").arg(night.path("job.toml")).arg("--export").arg(night.path(file)).arg("--json");
    outcome(command)
}

#[test]
fn our_model_goes_out_as_settings_that_come_back_in_whole() {
    let night = Night::of(&town(300, 5));
    export(&night, "early.json").failed(3, "OF0363");
    night.run().done();
    let said: serde_json::Value = serde_json::from_str(&export(&night, "out.json").done().stdout).expect("JSON");
    assert!(said["left_out"].as_array().expect("a list").len() >= 3, "{said}");
    let text = std::fs::read_to_string(night.path("out.json")).expect("the settings");
    let settings: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let names: Vec<String> = settings["comparisons"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["output_column_name"].as_str().expect("a name").into())
        .collect();
    for expected in ["nhs_number", "given_name", "family_name", "date_of_birth", "sex", "postcode", "phone"] {
        assert!(names.iter().any(|name| name == expected), "{expected} is not among {names:?}");
    }
    let (model, unmapped) = splink::read_text(&text, &names).expect("it can be read again");
    assert!(unmapped.is_empty(), "{unmapped:?}");
    assert_eq!(model.comparisons.len(), names.len());
    assert!(model.prior < -5.0, "few random pairs are one person: {}", model.prior);
    for comparison in settings["comparisons"].as_array().expect("a list") {
        let levels = &comparison["comparison_levels"].as_array().expect("levels")[1..];
        for probability in ["m_probability", "u_probability"] {
            let sum: f64 = levels.iter().map(|level| level[probability].as_f64().expect("a probability")).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{comparison}");
        }
    }
    let exact = |name: &str| {
        let at = names.iter().position(|known| known == name).expect("a comparison");
        model.comparisons[at].levels[1].weight
    };
    assert!(exact("nhs_number") > exact("family_name") && exact("family_name") > exact("sex") && exact("sex") > 0.3);
    export(&night, "out.json").failed(2, "OF0603");
}

#[test]
fn what_goes_out_is_the_model_of_the_current_run_whatever_the_job_names_by_now() {
    let read = |night: &Night, name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(night.path(name)).expect("the settings")).expect("JSON")
    };
    // Linked with a model of ours; the job names one of Splink since.
    let ours = Night::of(&town(60, 7));
    ours.run().done();
    export(&ours, "before.json").done();
    ours.write("settings.json", std::fs::read(recorded("dedupe.settings.json")).expect("the recorded model"));
    let job = std::fs::read_to_string(ours.path("job.toml")).expect("the job");
    ours.write("job.toml", format!("{job}\n[model]\nfile = \"settings.json\"\n"));
    export(&ours, "after.json").done();
    assert_eq!(read(&ours, "after.json"), read(&ours, "before.json"));
    // Linked with one of Splink, whose file says something else since.
    let theirs = night();
    let settings = read(&theirs, "settings.json");
    theirs.run().done();
    theirs.write("settings.json", "{}");
    export(&theirs, "out.json").done();
    assert_eq!(read(&theirs, "out.json"), settings);
}

#[test]
fn an_exported_model_is_the_same_bytes_on_any_number_of_threads() {
    let night = Night::of(&town(60, 6));
    night.run().done();
    export(&night, "all.json").done();
    edit(&night.path("job.toml"), "name = \"test\"", "name = \"test\"\nthreads = 1");
    export(&night, "one.json").done();
    let read = |name: &str| std::fs::read(night.path(name)).expect("the settings");
    assert_eq!(read("all.json"), read("one.json"));
}

#[test]
fn an_objection_covers_every_record_that_the_imported_model_links() {
    let night = night();
    let expected = components(&splinks("dedupe"), (0.95f64 / 0.05).log2());
    let family = expected.iter().find(|set| set.len() >= 3).expect("somebody with three records");
    let named = family.iter().next().expect("a record");
    night.write("objections.csv", format!("provider,record_id\ntown,{named}\n"));
    let objections = "[[opt_out]]\nkind = \"local\"\nfiles = [\"objections.csv\"]\n[model]";
    edit(&night.path("job.toml"), "[model]", objections);
    night.run().done();
    let table = night.table("withheld.parquet");
    let withheld: BTreeSet<String> = table.values("record_id").into_iter().map(String::from).collect();
    assert_eq!(&withheld, family);
}
