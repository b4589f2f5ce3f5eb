//! What the benchmarks work on: a made-up town of 20,000 people and some 140,000 records of seven fields, ready to be linked.

#![allow(dead_code, reason = "each benchmark uses its own part of this")]
use onefolk::bench::SINGLE_FILE_COLUMNS;
use onefolk::blocking::{self, Blocks, Features};
use onefolk::comparison::{Comparison, Comparisons};
use onefolk::generate::{Request, generate};
use onefolk::job::Job;
use onefolk::model::{self, FORMS, Model};
use onefolk::records::{self, Identities, Records};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The town, taken apart as far as a night does before it links.
pub struct Town {
    pub records: Records,
    pub identities: Identities,
    pub comparisons: Comparisons,
    pub blocks: Blocks,
    pub model: Model,
    /// Candidate pairs of identities as blocking hands them out, at most half a million.
    pub pairs: Vec<(u32, u32)>,
}

/// A made-up town of so many people in one file of seven fields: the folder of its job.
pub fn generated(folder: &Path, people: u64) -> PathBuf {
    let request = Request {
        people,
        providers: 30,
        rows_per_person: 7.0,
        seed: 1,
        output: folder.join("town"),
        single_file: Some(SINGLE_FILE_COLUMNS.map(String::from).to_vec()),
    };
    generate(&request, |_| {}).expect("room in the temporary folder");
    request.output
}

/// The same town for every benchmark of a program.
pub fn town() -> &'static Town {
    static TOWN: OnceLock<Town> = OnceLock::new();
    TOWN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let job = Job::read(&generated(folder.path(), 20_000).join("job.toml")).expect("a job that was generated");
        let intake =
            onefolk::intake::read_all(&job, |batch| records::intern(&job, batch), |_| {}).expect("clean files");
        let (mut records, _) = records::merge(&job, intake.batches);
        records::clean(&job, &mut records, None);
        let identities = Identities::of(&records, &[], |_| true);
        let comparisons = Comparisons::choose(&job, &records, &identities, None);
        let blocks = blocking::block(Features::gather(&comparisons, &records), &identities);
        let learnt =
            model::learn(&comparisons, &blocks, None, &identities, &FORMS[..1]).expect("something to learn from");
        let model = learnt.candidates.into_iter().next().expect("a form was asked for").model;
        let mut pairs = Vec::new();
        for run in blocks.runs().into_iter().take_while(|_| pairs.len() < 500_000).collect::<Vec<_>>() {
            blocks.each_left(run, |_| true, |left, rights| pairs.extend(rights.iter().map(|&right| (left, right))));
        }
        pairs.truncate(500_000);
        Town { records, identities, comparisons, blocks, model, pairs }
    })
}

impl Town {
    /// The comparison with this name.
    pub fn comparison(&self, name: &str) -> &Comparison {
        self.comparisons.find(name).expect("a comparison of the seven fields")
    }

    /// Its columns of codes.
    pub fn columns(&self, name: &str) -> Vec<Vec<u32>> {
        self.comparisons.equality_columns(self.comparison(name))
    }
}
