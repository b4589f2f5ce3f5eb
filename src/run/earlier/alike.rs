//! Kept runs that hold the same. A night on which nothing has changed leaves the tables of the one before it, byte for byte; whoever goes, what is left
//! of both is the same too.

use super::facts::Earlier;
use crate::disk;
use crate::publish::published::PublishedRun;
use crate::publish::{OTHER_NUMBERS, PACKAGES, WISHES};
use rayon::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// All files that who stands is found in, and that `tables` writes anew from; every run has these.
const OF_EVERY_RUN: [&str; 7] = [
    "crosswalk.parquet",
    "links.parquet",
    "people.parquet",
    "quarantine.parquet",
    "review.parquet",
    "withheld.parquet",
    "model.json",
];
/// The others, which some have.
const OF_SOME_RUNS: [&str; 3] = [OTHER_NUMBERS, PACKAGES, WISHES];
/// What is read of a run's settings for that.
const SETTINGS: [&str; 3] = ["false_link_cost", "numbered_rows", "threshold"];

/// What run.json tells of all that the tables of a run are written anew from.
#[derive(PartialEq)]
struct Told {
    /// Bytes and hash of each file.
    files: BTreeMap<&'static str, (u64, String)>,
    /// In their order.
    extracts: Vec<String>,
    settings: [Value; 3],
}

/// The runs, those together that stand next to one another and of which the same tables are left whoever goes. What several are to have is written from
/// the tables of the first of them, so that these are held against their hashes: no damage gets from one run into another.
pub(in crate::run) fn alike(runs: &[PublishedRun]) -> Vec<&[PublishedRun]> {
    let told: Vec<Option<Told>> = runs.par_iter().map(Told::of).collect();
    let (mut groups, mut rest) = (Vec::new(), runs);
    for same in told.chunk_by(|one, other| one.is_some() && one == other) {
        let (group, others) = rest.split_at(same.len());
        rest = others;
        let is_shared = group.len() > 1 && same[0].as_ref().is_some_and(|told| told.is_true_of(&group[0]));
        match is_shared {
            true => groups.push(group),
            false => groups.extend(group.chunks(1)),
        }
    }
    groups
}

impl Told {
    /// `None` where run.json does not tell of all, or a file is not as long as it says: what is in doubt is like nothing else.
    fn of(run: &PublishedRun) -> Option<Told> {
        let Earlier { run: told, files: extracts, .. } = Earlier::read(run).ok()?;
        let mut files = BTreeMap::new();
        for output in told["outputs"].as_array()? {
            let mut names = OF_EVERY_RUN.into_iter().chain(OF_SOME_RUNS);
            if let Some(name) = names.find(|name| output["file"] == **name) {
                files.insert(name, (output["bytes"].as_u64()?, output["blake3"].as_str()?.to_string()));
            }
        }
        let stands = |name: &&'static str| match files.get(*name) {
            Some((bytes, _)) => disk::length(&run.folder.join(name)).is_ok_and(|length| length == *bytes),
            None => OF_SOME_RUNS.contains(name) && !run.has(name),
        };
        let all_stand = OF_EVERY_RUN.iter().chain(&OF_SOME_RUNS).all(stands);
        let settings = SETTINGS.map(|name| told["settings"][name].clone());
        all_stand.then_some(Told { files, extracts, settings })
    }

    /// Whether the files of a run hold what is told.
    fn is_true_of(&self, run: &PublishedRun) -> bool {
        let files: Vec<_> = self.files.iter().collect();
        files.par_iter().with_max_len(1).all(|(name, (_, blake3))| is_whole(&run.folder.join(name), blake3))
    }
}

fn is_whole(path: &Path, blake3: &str) -> bool {
    let mut hasher = blake3::Hasher::new();
    let read = disk::open(path).and_then(|file| hasher.update_reader(file).map(|_| ()));
    read.is_ok() && hasher.finalize().to_hex().as_str() == blake3
}
