//! The current run's model as Splink's settings file.

use super::progress::{Progress, Show};
use super::{on_threads, prepare_records};
use crate::blocking::{self, Blocks, Features};
use crate::comparison::Comparisons;
use crate::consent;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::job::{Field, Job};
use crate::model::splink::export::{self, Counts, Template};
use crate::model::splink::{self, Prepared, Scorer, Table, Unmapped};
use crate::model::{Model, probability};
use crate::publish;
use crate::records::{Column, Identities, MISSING, Records};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use rayon::prelude::*;

/// Random pairs that u is measured on, at most, and for each record: beyond that the same values only meet again.
const STRANGERS: usize = 400_000;
const STRANGERS_A_RECORD: usize = 100;
/// Pairs drawn from one seed.
const CHUNK: usize = 2_000;
/// Pairs less likely to be one person than this say nothing about m.
const LIKELY: f64 = 1e-3;

/// A settings file and what it cannot say.
#[derive(Debug)]
pub struct ExportedModel {
    pub settings: serde_json::Value,
    pub left_out: Vec<Unmapped>,
}

/// What a run was linked with, as model.json of the run says.
enum Used {
    Ours(Box<Model>),
    /// Another tool's settings, as they stand.
    Splinks(serde_json::Value),
}

/// Reads the extracts again and measures, with the model of the current run, what a Splink model needs. Where that run was linked with a model of
/// Splink, it is handed on as it was; what the job names by now has no part in either.
///
/// # Errors
/// [`splink::NO_MODEL`] where no run has left a model, [`splink::MODEL_OUTDATED`] where other fields are compared now; and what reading
/// may meet.
pub fn export_model(job: &Job, show: Show) -> Result<ExportedModel> {
    on_threads(job, || {
        let model = match current_model(job)? {
            Used::Ours(model) => *model,
            Used::Splinks(settings) => return Ok(ExportedModel { settings, left_out: Vec::new() }),
        };
        let job = &Job { model_file: None, ..job.clone() };
        let progress = Progress::new(show);
        let authority = consent::read(job)?;
        let records = prepare_records(job, &authority, (Some(&model), true), None, &progress)?;
        measured(job, &records, &model, &progress)
    })
}

fn current_model(job: &Job) -> Result<Used> {
    let none = || Failure::new(&splink::NO_MODEL, job.output.join("current").display().to_string());
    let run_id = publish::current_run(&job.output).ok_or_else(none)?;
    let path = job.output.join("runs").join(run_id).join("model.json");
    let bytes = disk::read(&path).map_err(|error| Failure::from_io(&error, &path, &splink::NO_MODEL))?;
    if let Ok(model) = serde_json::from_slice::<Option<Model>>(&bytes) {
        let model = super::with_frequencies_of_run(job, model.ok_or_else(none)?)?;
        return Ok(Used::Ours(Box::new(model)));
    }
    splink::settings_in(&String::from_utf8_lossy(&bytes)).map(Used::Splinks).ok_or_else(none)
}

fn measured(job: &Job, records: &Records, model: &Model, progress: &Progress) -> Result<ExportedModel> {
    let stage = progress.stage("Comparing", None);
    let names = job.custom_names();
    let identities = Identities::of(records, &names, |_| true);
    let comparisons = Comparisons::choose(job, records, &identities, model.frequencies());
    let model = &model.fitted(&comparisons).map_err(|why| Failure::new(&splink::MODEL_OUTDATED, why))?;
    stage.done(format!("{} distinct identities", identities.len()));
    let stage = progress.stage("Measuring", None);
    let filled = |field: &Field| records.clean[field].codes.iter().any(|code| code != MISSING);
    let templates = export::templates(job, records.clean.keys().copied().filter(filled));
    let prior = model.classes[0].share.clamp(1e-12, 0.5);
    let columns: Vec<String> = templates.iter().map(|template| export::column_of(job, template.field)).collect();
    let text = export::settings(&templates, prior, None).to_string();
    let (imported, unmapped) = splink::read_text(&text, &columns)?;
    assert!(unmapped.is_empty(), "our own conditions can be read: {unmapped:?}");
    let table = table(records, &identities, &templates);
    let prepared = Prepared::new(&imported, &table);
    let place = places(&prepared, &identities);
    let matches = matches(model, &comparisons, records, &identities, &Scorer::new(&prepared), &place);
    let mut strangers = strangers(&identities, &Scorer::new(&prepared), &place);
    let holders: Vec<u32> =
        (0..prepared.len()).map(|at| identities.count(identities.of_record[prepared.order[at] as usize])).collect();
    export::sharpen(&mut strangers, &matches, &prepared, &templates, &holders);
    stage.done(format!("{} comparisons", templates.len()));
    let settings = export::settings(&templates, prior, Some((&matches, &strangers)));
    Ok(ExportedModel { settings, left_out: export::left_out(model.classes.len()) })
}

/// One record an identity, standardised.
fn table<'a>(records: &'a Records, identities: &Identities, templates: &[Template]) -> Table<'a> {
    let columns: Vec<&Column> = templates.iter().map(|template| &records.clean[&template.field]).collect();
    Table {
        columns,
        records: (0..identities.len() as u32).map(|identity| identities.example(identity) as u32).collect(),
        ids: (0..records.len()).map(|record| records.record_id.get(record)).collect(),
        source: vec![0; records.len()],
        sources: vec!["records"],
    }
}

/// The place of each identity's record in the order of ids.
fn places(prepared: &Prepared, identities: &Identities) -> Vec<u32> {
    let mut place = vec![0; identities.len()];
    for (at, &record) in prepared.order.iter().enumerate() {
        place[identities.of_record[record as usize] as usize] = at as u32;
    }
    place
}

fn blocks_of(model: &Model, comparisons: &Comparisons, records: &Records, identities: &Identities) -> Blocks {
    let features = Features::gather(comparisons, records);
    match model.limits() {
        Some(limits) => blocking::block_within(features, identities, limits),
        None => blocking::block(features, identities),
    }
}

/// Levels of the pairs that our model blocks, each by its probability of being one person and by how many records it stands for.
fn matches(
    model: &Model,
    comparisons: &Comparisons,
    records: &Records,
    identities: &Identities,
    scorer: &Scorer,
    place: &[u32],
) -> Counts {
    let (blocks, own) = (blocks_of(model, comparisons, records, identities), model.scorer(comparisons));
    let likely =
        |left: u32, right: u32| Some(probability(own.weight(comparisons.pattern(left, right)))).filter(|p| *p > LIKELY);
    let parts: Vec<Counts> = blocks
        .runs()
        .par_iter()
        .map_init(
            || scorer.memory(),
            |memory, run| {
                let mut counts = scorer.no_counts();
                blocks.each_left(
                    *run,
                    |_| true,
                    |left, rights| {
                        for &right in rights {
                            let Some(p) = likely(left, right) else { continue };
                            let pairs = f64::from(identities.count(left)) * f64::from(identities.count(right));
                            let pair = (place[left as usize], place[right as usize]);
                            export::count(&mut counts, scorer, pair, p * pairs, memory);
                        }
                    },
                );
                counts
            },
        )
        .collect();
    let mut all = parts.into_iter().fold(scorer.no_counts(), Counts::merge);
    let mut memory = scorer.memory();
    for identity in (0..identities.len() as u32).filter(|&identity| identities.count(identity) > 1) {
        let n = f64::from(identities.count(identity));
        if let Some(p) = likely(identity, identity) {
            let at = place[identity as usize];
            export::count(&mut all, scorer, (at, at), p * n * (n - 1.0) / 2.0, &mut memory);
        }
    }
    all
}

/// Levels of random pairs of records.
fn strangers(identities: &Identities, scorer: &Scorer, place: &[u32]) -> Counts {
    let by_row = identities.by_row();
    let pairs = STRANGERS.min(by_row.len() * STRANGERS_A_RECORD);
    let parts: Vec<Counts> = (0..pairs.div_ceil(CHUNK))
        .into_par_iter()
        .map_init(
            || scorer.memory(),
            |memory, chunk| {
                let mut random = ChaCha8Rng::seed_from_u64(0x5911_0000 + chunk as u64);
                let mut counts = scorer.no_counts();
                for _ in 0..CHUNK {
                    let mut draw = || by_row[random.random_range(0..by_row.len())];
                    let (a, b) = (draw(), draw());
                    if a != b {
                        export::count(&mut counts, scorer, (place[a as usize], place[b as usize]), 1.0, memory);
                    }
                }
                counts
            },
        )
        .collect();
    parts.into_iter().fold(scorer.no_counts(), Counts::merge)
}
