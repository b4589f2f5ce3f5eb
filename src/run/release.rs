//! `onefolk release`: one release made anew from the run that stands, as opt-outs, flags and agreements are today.
//!
//! In: a job with a current run, and the extracts that it read, unchanged. Out: `releases/<id>/` of that run, in place of what stood there; where
//! tables leave, first the report of that run, of which they are the tables.
//! Always: who is linked to whom is the run's; whoever objects today is in nothing; nothing is made by lists that have lost most of their names since the
//! run, as a night would not be; the audit is told before anything gets its place.

use super::gates::{self, Waived};
use super::history::Done;
use super::interrupt::Guard;
use super::progress::{Progress, Show};
use super::{aside, counted, history, issued, on_threads, read_usable, report_again};
use crate::audit;
use crate::best_record;
use crate::clustering::Partition;
use crate::consent::{self, Authority, OptOuts};
use crate::disk;
use crate::explain;
use crate::failure::{Failure, Result};
use crate::identity::PersonId;
use crate::intake;
use crate::job::Job;
use crate::model::Model;
use crate::policy::NO_SUCH_RELEASE;
use crate::publish::published::{PublishedRun, damaged};
use crate::publish::{self, Lock, OUTPUT_UNWRITABLE};
use crate::records::{MISSING, Records};
use crate::reference::{self, Reference};
use crate::release::{self, Fate, Outcome, Source};
use rustc_hash::FxHashMap;
use std::path::Path;
use std::sync::Arc;

/// What became of the release.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ReleasedAgain {
    pub run_id: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Makes the release `id` anew from the current run.
///
/// # Errors
/// OF0722 where the job has no such release, OF0530 where there is no run, OF0544 where an extract has changed since, OF0553 where lists name far
/// fewer people than when the run obeyed them, OF0501 where another run holds the output; those of making a release, and of making a report where
/// tables leave. A refusal is no error but an outcome.
pub fn release(job: &Job, id: &str, show: Show) -> Result<ReleasedAgain> {
    let none = || Failure::new(&NO_SUCH_RELEASE, format!("{} releases are defined", job.releases.len()));
    let wanted = job.releases.iter().find(|release| release.id == id).ok_or_else(none)?;
    let mut alone = job.clone();
    alone.releases = vec![wanted.clone()];
    let run = PublishedRun::current(job)?;
    recount(job, &alone, &run, show)?;
    let lock = Lock::acquire(&job.output, &format!("release {id}"))?;
    let interrupt = Guard::watch(lock.output());
    let again = || {
        publish::recover(&lock)?;
        aside::clear(lock.output())?;
        on_threads(&alone, || under_lock(&alone, &interrupt, &Progress::new(show)))
    };
    let says = |done: &ReleasedAgain| Done { run_id: None, warnings: usize::from(done.outcome.warning().is_some()) };
    history::kept(&lock, "release", says, again)
}

/// Makes the report of the run anew where `alone`, the job with one release, lets tables of it leave: those that stand there count whoever objects
/// since, and were protected as the job said then.
fn recount(job: &Job, alone: &Job, run: &PublishedRun, show: Show) -> Result<()> {
    if release::issues_tables(alone, &issued::not_held_against(job, &run.run_id))? {
        unchanged(job, run)?;
        lists_of_today(job, run)?;
        report_again::report(job, None, Waived::default(), show)?;
    }
    Ok(())
}

fn under_lock(job: &Job, interrupt: &Guard, progress: &Progress) -> Result<ReleasedAgain> {
    let run = PublishedRun::current(job)?;
    unchanged(job, &run)?;
    let (authority, opt_outs) = lists_of_today(job, &run)?;
    let model: Option<Model> = serde_json::from_slice(&run.bytes("model.json")?).ok().flatten();
    let records = read_usable(job, &authority, model.as_ref().and_then(Model::formats), progress)?.records;
    let stage = progress.stage("Releasing", None);
    let standing = People::of(job, &run, &records, &authority)?;
    let people = best_record::combine(job, &records, &standing.partition, standing.linked());
    let opted_out = opt_outs.people(job, &records, &standing.partition);
    let (summary, control) = (tables(&run)?, counted::control(job)?);
    let lost_issues = issued::not_held_against(job, &run.run_id);
    let linked = || standing.linked();
    let source = Source {
        job,
        run_id: &run.run_id,
        control: &control,
        records: &records,
        partition: &standing.partition,
        people: &people,
        person_ids: &standing.person_ids,
        opted_out: &opted_out,
        linked: &linked,
        summary: &summary,
        lost_issues: &lost_issues,
    };
    let aside = run.folder.join(".release.partial");
    let failed = |error: std::io::Error| Failure::from_io(&error, &aside, &OUTPUT_UNWRITABLE);
    disk::remove_folder(&aside).map_err(failed)?;
    let outcome = release::all(&source, &aside)?.pop().expect("the job has one release");
    let notes: Vec<audit::Note> = outcome.note(&run.run_id).into_iter().collect();
    interrupt.hold();
    audit::add(job, &notes)?;
    place(&run, &aside, &outcome).map_err(failed)?;
    stage.done(format!("release {}", outcome.id));
    Ok(ReleasedAgain { run_id: run.run_id, outcome })
}

/// What lists say today, where they have not lost most of what they said to the run.
///
/// # Errors
/// OF0553 where they have; those of reading them.
fn lists_of_today(job: &Job, run: &PublishedRun) -> Result<(Authority, OptOuts)> {
    let authority = consent::read(job)?;
    let opt_outs = consent::read_opt_outs(job, &authority)?;
    gates::judge_lists(&run.told()?, &authority, &opt_outs)?;
    Ok((authority, opt_outs))
}

/// A release of other extracts than the run's would not be of that run.
pub(super) fn unchanged(job: &Job, run: &PublishedRun) -> Result<()> {
    let told: serde_json::Value =
        serde_json::from_slice(&run.bytes("run.json")?).map_err(|_| damaged(&run.folder.join("run.json")))?;
    let known: FxHashMap<&str, &str> = told["inputs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|input| Some((input["file"].as_str()?, input["blake3"].as_str()?)))
        .collect();
    for extract in intake::extracts(job) {
        let hash = disk::open(&extract.path).and_then(|file| {
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(file)?;
            Ok(hasher.finalize().to_hex().to_string())
        });
        let same = hash.is_ok_and(|hash| known.get(extract.name.as_str()) == Some(&hash.as_str()));
        if !same {
            return Err(explain::changed_since(&extract.name));
        }
    }
    Ok(())
}

/// The people of the run, as its crosswalk has them.
pub(super) struct People {
    pub(super) partition: Partition,
    pub(super) person_ids: Vec<PersonId>,
    weakest_probability: Vec<Option<f64>>,
    in_review: Vec<bool>,
    bare: Vec<bool>,
    first_seen: Vec<jiff::civil::Date>,
    reference: Option<Arc<Reference>>,
}

impl People {
    pub(super) fn of(job: &Job, run: &PublishedRun, records: &Records, authority: &Authority) -> Result<People> {
        let mut people = People {
            partition: Partition { person: vec![MISSING; records.len()], people: 0 },
            person_ids: Vec::new(),
            weakest_probability: Vec::new(),
            in_review: Vec::new(),
            bare: Vec::new(),
            first_seen: Vec::new(),
            reference: reference::read(job, records)?.map(Arc::new),
        };
        people.read(run)?;
        people.place(job, run, records)?;
        people.leave_out(&authority.named(job, records));
        Ok(people)
    }

    fn read(&mut self, run: &PublishedRun) -> Result<()> {
        let columns = ["person_id", "weakest_probability", "in_review", "bare", "first_seen"];
        let wrong = || damaged(&run.folder.join("people.parquet"));
        run.each("people.parquet", &columns, |rows| {
            for id in rows.text("person_id")? {
                self.person_ids.push(id.and_then(PersonId::parse).ok_or_else(wrong)?);
            }
            self.weakest_probability.extend(rows.optional_numbers("weakest_probability")?);
            self.in_review.extend(rows.flags("in_review")?);
            self.bare.extend(rows.flags("bare")?);
            for day in rows.dates("first_seen")? {
                self.first_seen.push(best_record::date_of(day.ok_or_else(wrong)?));
            }
            Ok(())
        })?;
        self.partition.people = self.person_ids.len() as u32;
        Ok(())
    }

    /// Gives every record the person that the crosswalk says.
    fn place(&mut self, job: &Job, run: &PublishedRun, records: &Records) -> Result<()> {
        let person: FxHashMap<&str, u32> = self.person_ids.iter().map(PersonId::as_str).zip(0..).collect();
        let extract: FxHashMap<String, u32> =
            intake::extracts(job).into_iter().zip(0..).map(|(extract, at)| (extract.name, at)).collect();
        let of_row: FxHashMap<(u32, u32), usize> =
            (0..records.len()).map(|row| ((records.extract[row], records.source_row[row]), row)).collect();
        let placed = &mut self.partition.person;
        run.each("crosswalk.parquet", &["source_file", "source_row", "person_id"], |rows| {
            let (file, id, source_row) =
                (rows.text("source_file")?, rows.text("person_id")?, rows.integers("source_row")?);
            for (row, &number) in source_row.iter().enumerate() {
                let key = extract.get(file.value(row)).zip(u32::try_from(number).ok());
                let at = key.and_then(|(&extract, number)| of_row.get(&(extract, number)));
                if let (Some(&at), Some(&person)) = (at, person.get(id.value(row))) {
                    placed[at] = person;
                }
            }
            Ok(())
        })
    }

    /// Nothing is left of whoever objects today: not the rows that are named, nor any other of the same person.
    fn leave_out(&mut self, named: &[bool]) {
        let mut objects = vec![false; self.person_ids.len()];
        let person = &mut self.partition.person;
        person.iter().zip(named).filter(|(person, named)| **named && **person != MISSING).for_each(|(&person, _)| {
            objects[person as usize] = true;
        });
        person.iter_mut().filter(|person| **person != MISSING && objects[**person as usize]).for_each(|person| {
            *person = MISSING;
        });
    }

    pub(super) fn linked(&self) -> best_record::Linked {
        best_record::Linked {
            reference: self.reference.clone(),
            weakest_probability: self.weakest_probability.clone(),
            in_review: self.in_review.clone(),
            bare: self.bare.clone(),
            first_seen: self.first_seen.clone(),
        }
    }
}

/// The tables of the run's summary.
fn tables(run: &PublishedRun) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = run.folder.join("summary");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .map_err(|_| damaged(&folder))?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    names.retain(|name| name.ends_with(".csv"));
    names.sort_unstable();
    names.into_iter().map(|name| Ok((name.clone(), run.bytes(&format!("summary/{name}"))?))).collect()
}

/// Puts what was made where it belongs; what is refused today goes from there.
fn place(run: &PublishedRun, aside: &Path, outcome: &Outcome) -> std::io::Result<()> {
    if matches!(outcome.fate, Fate::NotDue { .. }) {
        return disk::remove_folder(aside);
    }
    let releases = run.folder.join("releases");
    let folder = releases.join(&outcome.id);
    disk::create_folder(&releases)?;
    disk::remove_folder(&folder)?;
    if matches!(outcome.fate, Fate::Released { .. }) {
        let made = aside.join("releases").join(&outcome.id);
        for entry in std::fs::read_dir(&made)? {
            disk::sync_file(&entry?.path())?;
        }
        disk::rename(&made, &folder)?;
    }
    disk::remove_folder(aside)?;
    disk::sync_folder(&releases)
}
