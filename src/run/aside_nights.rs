//! Nights that do with a small town what a night of ten million rows and more does with its columns on its own: let them wait on disk. They publish
//! what nights publish that keep them.
//!
//! `tests/memory.rs` holds larger nights to a memory limit; whether columns wait there in both passes hangs on what is resident, here it does not.

use super::{Options, run};
use crate::generate::{Request, generate};
use crate::job::Job;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A file beside a job by which all columns of its nights wait.
const MARK: &str = "columns_wait";

/// Whether a test asks that columns wait on disk however small they are.
pub(super) fn all_wait(job: &Job) -> bool {
    job.folder.join(MARK).exists()
}

/// Some 8,000 rows in eight providers, with lists of people who object: more identities than make one run of pairs.
struct Town(TempDir);

/// How a night is run.
#[derive(Clone, Copy)]
struct How {
    waits: bool,
    full: bool,
    threads: usize,
}

/// It keeps its columns, and takes nothing from the night before but the model.
const FULL: How = How { waits: false, full: true, threads: 2 };

/// What a night has published.
struct Published {
    /// The hash of each table and of the model, by name.
    tables: BTreeMap<String, String>,
    /// Rows.
    withheld: u64,
    /// Pairs that were known from the night before.
    recalled: u64,
}

impl Town {
    fn generated() -> Town {
        let town = Town(tempfile::tempdir().expect("a folder for the test"));
        let request = Request {
            people: 1_200,
            providers: 8,
            rows_per_person: 7.0,
            seed: 5,
            output: town.0.path().join("town"),
            single_file: None,
        };
        generate(&request, |_| {}).expect("there is room");
        town
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("town").join(name)
    }

    #[track_caller]
    fn night(&self, how: How) -> Published {
        match how.waits {
            true => fs::write(self.path(MARK), "").expect("it can be written"),
            false => drop(fs::remove_file(self.path(MARK))),
        }
        let job = Job { threads: how.threads, ..Job::read(&self.path("job.toml")).expect("the job is right") };
        let finished = run(&job, Options { full: how.full, ..Options::default() }).expect("the night is published");
        let told = fs::read(self.path("out/current/run.json")).expect("it stands");
        let told: serde_json::Value = serde_json::from_slice(&told).expect("it is JSON");
        assert_eq!(told["put_aside_bytes"].as_u64().expect("told") > 0, how.waits);
        let text = |value: &serde_json::Value| value.as_str().expect("it is text").to_string();
        let written = told["outputs"].as_array().expect("a list").iter();
        let tables = written.map(|output| (text(&output["file"]), text(&output["blake3"])));
        let tables = tables.filter(|(name, _)| name.ends_with(".parquet") || name == "model.json").collect();
        Published { tables, withheld: finished.withheld, recalled: finished.recalled.pairs }
    }

    /// The next three people of whom a practice may pass on nothing object to everything.
    fn more_object(&self, nth: usize) {
        let listed = fs::read_to_string(self.path("lists/type_1.csv")).expect("there are some");
        let more = listed.lines().skip(1 + 3 * nth).take(3).map(|number| format!("{number}\n")).collect::<String>();
        let list = self.path("lists/objections_by_number.csv");
        let before = fs::read_to_string(&list).expect("somebody objects");
        fs::write(list, before + &more).expect("it can be written");
    }
}

/// Tables of two nights are the same, but for what has changed since the night before where that is not to be.
#[track_caller]
fn same(one: &Published, other: &Published, changes: bool) {
    assert!(one.tables.len() > 8 && one.tables.contains_key("model.json"), "{:?}", one.tables.keys());
    assert!(one.tables.keys().eq(other.tables.keys()) && one.withheld == other.withheld);
    let differ = one.tables.iter().filter(|(name, hash)| other.tables[*name] != **hash).map(|(name, _)| name.as_str());
    let differ: Vec<&str> = differ.filter(|name| changes || *name != "changes.parquet").collect();
    assert!(differ.is_empty(), "{differ:?} differ");
}

#[test]
fn nights_whose_columns_wait_publish_what_others_do() {
    let town = Town::generated();
    let learnt = town.night(How { waits: true, full: false, threads: 1 });
    assert!(learnt.withheld > 0, "nobody objects");
    fs::remove_dir_all(town.path("out")).expect("it stands");
    same(&learnt, &town.night(How { full: false, ..FULL }), true);
    // With a model that is known columns wait once, through both passes.
    let whole = town.night(FULL);
    for threads in [1, 4] {
        same(&town.night(How { waits: true, threads, ..FULL }), &whole, true);
    }
    let mut withheld = whole.withheld;
    for (nth, threads) in [1, 4].into_iter().enumerate() {
        town.more_object(nth);
        let changed = town.night(How { waits: true, full: false, threads });
        assert!(changed.withheld > withheld && changed.recalled > 0, "rows leave, and pairs are known");
        withheld = changed.withheld;
        same(&changed, &town.night(FULL), false);
    }
}
