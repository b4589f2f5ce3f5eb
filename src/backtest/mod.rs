//! `onefolk backtest`: the current population linked with another model, before anybody switches.
//!
//! In: a job, its current run, and the file of another model, ours or Splink's. Out: [`Backtest`]: whom that model would put together and
//! whom it would divide, by people, rows and providers, with the evidence that it sees otherwise. Always: the same records, lists and
//! decisions for both models, so that every difference is the model's; nothing is written but the
//! audit's line where identifiers are shown, and no lock is taken. Where it is asked for, the kept nights are linked with both as well.

mod differences;
mod evidence;
mod nights;
mod shown;
mod shown_nights;
#[cfg(test)]
mod tests;

pub use differences::{Difference, Kind, OfProvider};
pub use evidence::{Closest, FieldSeen};
pub use nights::{Night, Nights, NotReplayed};

use crate::audit::{self, Event, Note};
use crate::consent;
use crate::failure::Result;
use crate::job::Job;
use crate::model::LearntFrom;
use crate::publish::published::PublishedRun;
use crate::records::{Identities, MISSING, Records};
use crate::run::progress::Progress;
use crate::run::{self, Beside, Ceiling, OtherModel, Show};
use differences::Sides;
use evidence::Linkings;
use nights::Replay;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How to look.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Show names, dates, numbers and addresses of the pairs explained.
    pub show_identifiers: bool,
    pub progress: Show,
    /// How many kept nights are linked once more with both models, the current run included; `None` links today's records only.
    pub nights: Option<usize>,
}

/// What another model would make of the current population.
#[derive(Debug, Clone, Serialize)]
pub struct Backtest {
    /// The run that is current.
    pub run_id: String,
    pub model: PathBuf,
    /// What the other model was learnt from; absent for one of Splink's.
    pub learnt_from: Option<LearntFrom>,
    /// Rows that both have.
    pub rows: u64,
    /// Rows that are new, changed or withheld since that run, and rows of it that are gone.
    pub rows_left_out: u64,
    pub people_before: u64,
    pub people_after: u64,
    /// People that would be the same rows.
    pub unchanged: u64,
    /// Largest first; ties by person_id.
    pub differences: Vec<Difference>,
    /// In the order of the job.
    pub providers: Vec<OfProvider>,
    /// What the gate `merges` would see, and what it allows: shares of the people of that run.
    pub share_merged: f64,
    pub maximum_merged: f64,
    /// Present where nights were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nights: Option<Nights>,
}

/// Links the job's records as they are today with the model at `path`, and compares the people with those of the current run.
///
/// # Errors
/// OF0530 where there is no current run, OF0520 and OF0360 where `path` is no model, OF0522 where it does not fit the job, OF0575 where its frequencies
/// are not there, OF0440 before anything is linked where the job allows too little memory for that; and what reading the extracts may meet.
pub fn backtest(job: &Job, path: &Path, options: Options) -> Result<Backtest> {
    run::on_threads(job, || tested(job, path, options))
}

fn tested(job: &Job, path: &Path, options: Options) -> Result<Backtest> {
    let run = PublishedRun::current(job)?;
    if options.show_identifiers {
        let note = Note::new(Event::LookUp).of_run(&run.run_id).with("command", "backtest");
        audit::add(job, &[note])?;
    }
    let progress = Progress::new(options.progress);
    let other = OtherModel::read(job, path)?;
    // What humans have said since that run is no difference between two models.
    let authority = consent::read_seen(job, Some(run.decisions_seen()?))?;
    let ceiling = Ceiling::beside(job, Beside::Backtest);
    let records = run::prepare_records(&other.job, &authority, (other.model(), false), Some(&ceiling), &progress)?;
    let settled = authority.settled(job, &records);
    let names = job.custom_names();
    let identities = Identities::apart(&records, &names, &settled.keys(), |_| true, |_| true);
    let linked = other.link(&records, identities, &settled, &ceiling, &progress)?;
    let stage = progress.stage("Comparing people", None);
    let before = Before::of(job, &run, &records)?;
    let sides = Sides::of(&before.person, &linked.clustering.partition.person);
    let mut differences = sides.differences(&before.ids);
    let linkings = Linkings { job, records: &records, settled: &settled, linked: &linked, sides: &sides };
    evidence::add(&linkings, &run, &mut differences, options)?;
    let merged: u64 = differences.iter().map(Difference::merged_away).sum();
    stage.done(format!("{} groups of people would change", differences.len()));
    // There is room for what nights are linked with.
    drop(linked);
    let nights = options.nights.map(|nights| {
        let kept = newest_kept(job, nights)?;
        let today = OtherModel::of_run(job, &run)?;
        let (models, records, ceiling, progress) = ([&today, &other], &records, &ceiling, &progress);
        Replay { job, records, models, ceiling, progress }.nights(&kept)
    });
    let nights = nights.transpose()?;
    Ok(Backtest {
        run_id: run.run_id,
        model: path.to_path_buf(),
        learnt_from: other.learnt_from(),
        rows: sides.rows() as u64,
        rows_left_out: before.gone + (records.len() - sides.rows()) as u64,
        people_before: sides.people_before(),
        people_after: sides.people_after(),
        unchanged: sides.unchanged(),
        providers: sides.of_providers(job, &records),
        share_merged: merged as f64 / sides.people_before().max(1) as f64,
        maximum_merged: job.gates.maximum_merged,
        differences,
        nights,
    })
}

/// The newest kept nights up to the current run, oldest first.
fn newest_kept(job: &Job, nights: usize) -> Result<Vec<PublishedRun>> {
    let mut kept = PublishedRun::all_kept(&job.output)?;
    kept.drain(..kept.len().saturating_sub(nights));
    Ok(kept)
}

/// The people of the current run, record by record.
struct Before {
    /// Index into `ids`; [`MISSING`] for a record that the run does not have.
    person: Vec<u32>,
    ids: Vec<String>,
    /// Rows of the run that are no record any more.
    gone: u64,
}

impl Before {
    fn of(job: &Job, run: &PublishedRun, records: &Records) -> Result<Before> {
        let extracts = crate::intake::extracts(job);
        let number: BTreeMap<&str, u32> =
            extracts.iter().zip(0..).map(|(extract, at)| (extract.name.as_str(), at)).collect();
        let mut before = Before { person: vec![MISSING; records.len()], ids: Vec::new(), gone: 0 };
        let mut places = rustc_hash::FxHashMap::<String, u32>::default();
        let columns = ["record_id", "source_file", "source_row", "person_id"];
        run.each("crosswalk.parquet", &columns, |rows| {
            let (record_id, file, person) =
                (rows.text("record_id")?, rows.text("source_file")?, rows.text("person_id")?);
            let source_row = rows.integers("source_row")?;
            for (row, source_row) in source_row.iter().enumerate() {
                let known = number.get(file.value(row)).zip(u32::try_from(*source_row).ok());
                let place = known.and_then(|(&extract, row)| records.place(extract, row));
                match place.filter(|&place| records.record_id.get(place) == record_id.value(row)) {
                    None => before.gone += 1,
                    Some(place) => {
                        let id = person.value(row);
                        let next = places.len() as u32;
                        let at = *places.entry(id.to_string()).or_insert(next);
                        if at == next {
                            before.ids.push(id.to_string());
                        }
                        before.person[place] = at;
                    }
                }
            }
            Ok(())
        })?;
        Ok(before)
    }
}
