//! Everything an explanation looks at, as the run had it: the records, their comparisons, the model, the guards.

use super::Options;
use super::codes::{CHANGED_SINCE, IMPORTED_MODEL};
use super::crosswalk::Row;
use super::replayed::{Judging, Replayed};
use crate::best_record;
use crate::clustering::{Evidence, Judged, Replay, Settled, judge, pair_cut};
use crate::comparison::Comparisons;
use crate::failure::{Failure, Result};
use crate::intake;
use crate::job::{Field, Job};
use crate::model::Model;
use crate::publish::published::PublishedRun;
use crate::records::{Identities, MISSING, Records, is_matching};
use crate::run::imported::ModelFile;
use crate::run::progress::Progress;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Scene<'a> {
    pub job: &'a Job,
    pub records: Records,
    pub identities: Identities,
    pub comparisons: Comparisons,
    pub model: Model,
    settled: Settled,
    /// Where each row of `rows` stands among the records.
    places: Vec<usize>,
}

/// A record of a person: its rows and their identities.
pub(super) struct Record {
    /// Index into the rows that the scene was set up for, the first one.
    pub row: usize,
    /// Where its rows stand among the records.
    pub places: Vec<usize>,
    /// Ascending, each once.
    pub identities: Vec<u32>,
}

impl Record {
    pub fn rows(&self) -> usize {
        self.places.len()
    }

    /// The nodes of its rows, ascending.
    pub fn nodes(&self, replay: &Replay) -> Vec<u32> {
        let mut nodes: Vec<u32> = self.places.iter().filter_map(|&place| replay.node(place)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}

/// The nodes of several records, ascending.
pub(super) fn nodes_of(records: &[Record], replay: &Replay) -> Vec<u32> {
    let mut nodes: Vec<u32> = records.iter().flat_map(|record| record.nodes(replay)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

impl<'a> Scene<'a> {
    /// Reads the extracts again and finds `rows` in them.
    ///
    /// # Errors
    /// OF0544 where a row is no longer what the run saw, OF0545 where the run has no model; and everything that reading may meet.
    pub fn set(job: &'a Job, run: &PublishedRun, rows: &[Row], options: Options) -> Result<Scene<'a>> {
        Scene::read(job, run, rows, options, |_, _, _| ())
    }

    /// The same for one question about everybody who has `rows`. Where one of these is marked sensitive, it is as if nobody had written down of any
    /// of them what may tell a place: no value, no pair, no join and no block that is worked out from here on knows of it, so that whatever is
    /// told of them adds up.
    ///
    /// # Errors
    /// As [`Scene::set`].
    pub fn told(job: &'a Job, run: &PublishedRun, rows: &[Row], options: Options) -> Result<Scene<'a>> {
        Scene::read(job, run, rows, options, |records, identities, places| {
            if places.iter().any(|&place| is_marked(records, place)) {
                forget_places(records, identities, places);
            }
        })
    }

    /// `forget` may take values from the records before anything is compared; it is told where the rows stand.
    fn read(
        job: &'a Job,
        run: &PublishedRun,
        rows: &[Row],
        options: Options,
        forget: impl FnOnce(&mut Records, &Identities, &[usize]),
    ) -> Result<Scene<'a>> {
        if ModelFile::of_job(job)?.is_some() {
            return Err(Failure::new(&IMPORTED_MODEL, format!("run {}", run.run_id)));
        }
        let progress = Progress::new(options.progress);
        let Replayed { model, mut records, identities, settled } = Replayed::of(job, run, None, &progress)?;
        let places = places(job, &records, &identities, rows)?;
        forget(&mut records, &identities, &places);
        let stage = progress.stage("Comparing", None);
        let comparisons = Comparisons::choose(job, &records, &identities, model.frequencies());
        stage.done(format!("{} distinct identities", identities.len()));
        let model = model.fitted(&comparisons).map_err(|why| Failure::new(&CHANGED_SINCE, why))?;
        Ok(Scene { job, records, identities, comparisons, model, settled, places })
    }

    /// Calls `what` with everything that judges pairs.
    pub fn with<T>(&self, what: impl FnOnce(&Evidence) -> T) -> T {
        let Scene { job, records, identities, comparisons, model, settled, .. } = self;
        Judging { job, records, identities, comparisons, model, settled }.with(&job.cluster, what)
    }

    /// The cut at which the run stopped joining people, in 1/1024 bit.
    pub fn cut(&self) -> i64 {
        self.model.decision.as_ref().map_or_else(|| pair_cut(&self.job.cluster), |decision| decision.cut)
    }

    /// What a level of context adds to a pair, in 1/1024 bit.
    pub fn context_weight(&self, level: Option<u8>) -> i64 {
        let weights = self.model.decision.as_ref().and_then(|decision| decision.context.as_ref());
        weights.map_or(0, |weights| weights.weight(level))
    }

    /// The record of a row.
    pub fn place(&self, row: usize) -> usize {
        self.places[row]
    }

    /// The rows for which `wanted` holds, gathered into records, in the order of the crosswalk.
    pub fn records_of(&self, wanted: impl Fn(usize) -> bool) -> Vec<Record> {
        let mut order: Vec<u32> = Vec::new();
        let mut by_key: BTreeMap<u32, Record> = BTreeMap::new();
        for row in (0..self.places.len()).filter(|&row| wanted(row)) {
            let place = self.places[row];
            let key = self.records.key[place];
            let record = by_key.entry(key).or_insert_with(|| {
                order.push(key);
                Record { row, places: Vec::new(), identities: Vec::new() }
            });
            record.places.push(place);
            record.identities.push(self.identities.of_record[place]);
        }
        let mut records: Vec<Record> = order.iter().filter_map(|key| by_key.remove(key)).collect();
        for record in &mut records {
            record.identities.sort_unstable();
            record.identities.dedup();
        }
        records
    }

    /// Whether any of the rows is marked sensitive: one source is enough for the whole person.
    pub fn is_sensitive(&self, wanted: impl Fn(usize) -> bool) -> bool {
        (0..self.places.len()).filter(|&row| wanted(row)).any(|row| is_marked(&self.records, self.places[row]))
    }
}

fn is_marked(records: &Records, place: usize) -> bool {
    records.value(Field::Sensitivity, place) == Some("S")
}

/// Takes from the rows at these places, and from all others that have the very same values, what may tell a place.
fn forget_places(records: &mut Records, identities: &Identities, places: &[usize]) {
    let theirs = places.iter().map(|&place| identities.of_record[place]).filter(|identity| *identity != MISSING);
    let theirs: BTreeSet<u32> = theirs.collect();
    for (field, column) in &mut records.clean {
        if is_matching(*field) && best_record::may_tell_place(*field) {
            let rows = theirs.iter().flat_map(|&identity| identities.members(identity));
            rows.for_each(|&row| column.codes.set(row as usize, MISSING));
        }
    }
}

/// The best pair of identities of two records.
pub(super) fn best(evidence: &Evidence, left: &Record, right: &Record) -> (u32, u32, Judged) {
    let pairs = left.identities.iter().flat_map(|&a| right.identities.iter().map(move |&b| (a, b)));
    let judged = pairs.map(|(a, b)| (a, b, judge(evidence, a.min(b), a.max(b))));
    // Ties go to the first, whose content hash is smallest.
    let better =
        |best: (u32, u32, Judged), next: (u32, u32, Judged)| if next.2.weight > best.2.weight { next } else { best };
    judged.reduce(better).expect("every record has an identity")
}

fn places(job: &Job, records: &Records, identities: &Identities, rows: &[Row]) -> Result<Vec<usize>> {
    let extracts = intake::extracts(job);
    let number: BTreeMap<&str, u32> =
        extracts.iter().enumerate().map(|(at, extract)| (extract.name.as_str(), at as u32)).collect();
    let place = |row: &Row| {
        let extract = *number.get(row.source_file.as_str())?;
        let at = records.place(extract, u32::try_from(row.source_row).ok()?)?;
        let same =
            records.record_id.get(at) == row.record_id && identities.id(identities.of_record[at]) == row.identity_id;
        same.then_some(at)
    };
    let changed = || Failure::new(&CHANGED_SINCE, "a row of the records asked for is not what it was");
    rows.iter().map(|row| place(row).ok_or_else(changed)).collect()
}
