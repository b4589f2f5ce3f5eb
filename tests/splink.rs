//! Splink's model files: on the same data an imported model compares the same pairs and gives the same weights as Splink did.
//!
//! What Splink said was recorded by `tests/data/splink/record.py`; no Python is needed here.

use onefolk::model::splink::{self, Blocks, Imported, Prepared, Table, Unmapped};
use onefolk::records::{Column, MISSING};
use std::collections::BTreeMap;
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
