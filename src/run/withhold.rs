//! Taking out what may not be used, before anything is linked for others to see.

use super::ceiling::Ceiling;
use super::earlier::Today;
use super::imported::{self, ModelFile};
use super::link::{self, Grouped};
use super::objected::{Objected, Remembered};
use super::progress::{Progress, Show};
use crate::consent::{self, Authority, Withheld, WithheldReason};
use crate::failure::Result;
use crate::intake::Quarantined;
use crate::job::{Field, Job};
use crate::model::Model;
use crate::records::{MISSING, Records};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// What was taken out of the records.
pub(super) struct Held {
    pub withheld: Vec<Withheld>,
    /// What was found of the rest on the way.
    pub grouped: Option<Grouped>,
    /// Decisions that a row is no person's, which name a record that no extract holds.
    pub gone: u64,
    /// How many people the objections are of.
    pub objectors: u64,
    /// Who objects, for the nights to come.
    pub objected: Objected,
}

/// By what those who object are known tonight, for what was published before they did.
#[derive(Debug, Default)]
pub(super) struct Objecting {
    /// Provider and record_id of every row that was withheld for an objection, but not where that is the row's number; and whether the
    /// objection names the row itself.
    pub records: FxHashMap<(String, String), bool>,
    /// NHS numbers of the rows that an objection names.
    pub numbers: FxHashSet<String>,
}

impl Objecting {
    /// By the rows that the lists name, before anything is withheld.
    pub fn named(job: &Job, records: &Records, authority: &Authority) -> Objecting {
        let named = authority.named(job, records);
        let rows = (0..records.len()).filter(|&row| named[row]);
        // What is only linked may carry somebody else's number.
        let numbers = rows.filter_map(|row| records.value(Field::NhsNumber, row)).map(str::to_string).collect();
        Objecting { records: FxHashMap::default(), numbers }
    }

    /// And by the rows that were withheld for it.
    pub fn withheld(mut self, job: &Job, withheld: &[Withheld]) -> Objecting {
        let objects = |row: &&Withheld| {
            matches!(row.reason, WithheldReason::LocalObjection | WithheldReason::LocalObjectionLinked)
        };
        for row in withheld.iter().filter(objects) {
            let provider = &job.providers[usize::from(row.provider)];
            if !provider.numbers_rows() {
                let named = self.records.entry((provider.id.clone(), row.record_id.clone())).or_default();
                *named |= row.reason == WithheldReason::LocalObjection;
            }
        }
        self
    }
}

/// Takes out what may not be used: withheld identities, rows that are no person's, rows that objections name, and the other rows of the
/// same people, those known from nights before included.
///
/// The people behind the objections are found by linking what is around them, with the model of the night or, where it is yet to be learnt,
/// with one that was learnt without them; that pass is thrown away. A row that an objection names is withheld for that, whatever humans
/// have decided of it: the rest of the person hangs on it.
pub(super) fn withhold(
    job: &Job,
    records: &mut Records,
    authority: &Authority,
    (model_file, known): (Option<&ModelFile>, Option<&Model>),
    ceiling: Option<&Ceiling>,
    progress: &Progress,
) -> Result<Held> {
    let mut withheld = Vec::new();
    let marked = consent::withheld_identities(records);
    consent::withhold(records, &marked, WithheldReason::WithheldIdentity, &mut withheld);
    let remembered = Remembered::read(job, authority)?;
    let (mut nobody, gone) = authority.decisions.not_people(job, records);
    let (named, known_to) = known_to_object(job, records, authority, &remembered);
    nobody.iter_mut().zip(&known_to).for_each(|(nobody, known_to)| *nobody &= !known_to);
    let of_the_rest = |marks: Vec<bool>| -> Vec<bool> {
        marks.into_iter().zip(&nobody).filter(|(_, nobody)| !**nobody).map(|(mark, _)| mark).collect()
    };
    let (named, known_to) = (of_the_rest(named), of_the_rest(known_to));
    consent::withhold(records, &nobody, WithheldReason::NotAPerson, &mut withheld);
    if !known_to.contains(&true) {
        let objected = remembered.after(records, &named, std::iter::empty());
        return Ok(Held { withheld, grouped: None, gone, objectors: 0, objected });
    }
    let settled = authority.settled(job, records);
    let silent = Progress::new(Show::Nothing);
    let stage = progress.stage("Objections", None);
    let (person, grouped) = match model_file {
        Some(file) => {
            let everybody = imported::link(job, records, &settled, file, ceiling, &silent)?;
            (everybody.clustering.partition.person, everybody.identities.into())
        }
        None => {
            let around = link::around(job, (&mut *records, ceiling), &settled, &known_to, known)?;
            (around.person, around.grouped)
        }
    };
    let needs_no_values = grouped.needs_no_values();
    ceiling.map_or(Ok(()), |ceiling| match needs_no_values {
        true => ceiling.bring_back_first(records),
        // Blocks are gone: there is room for the columns that have waited.
        false => ceiling.bring_back(records),
    })?;
    let objecting: FxHashSet<u32> = (0..records.len()).filter(|&row| known_to[row]).map(|row| person[row]).collect();
    let objects: Vec<bool> = person.iter().map(|person| *person != MISSING && objecting.contains(person)).collect();
    let linked: Vec<bool> = (0..records.len()).map(|row| objects[row] && !named[row]).collect();
    let mut theirs: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let all = (0..records.len()).filter(|&row| objects[row]);
    all.for_each(|row| theirs.entry(person[row]).or_default().push(row));
    let objected = remembered.after(records, &named, theirs.values().map(Vec::as_slice));
    let marks =
        [(named.as_slice(), WithheldReason::LocalObjection), (linked.as_slice(), WithheldReason::LocalObjectionLinked)];
    let stays = consent::withhold_all(records, &marks, &mut withheld);
    ceiling.into_iter().for_each(|ceiling| ceiling.rows_left(&stays));
    // Who must be kept apart may hang on somebody who is gone now; then the night begins with the records alone.
    let as_before = authority.settled(job, records).keys() == settled.keys();
    let grouped = as_before.then(|| grouped.retain(records, &stays));
    if grouped.is_none() {
        ceiling.map_or(Ok(()), |ceiling| ceiling.bring_back(records))?;
    }
    stage.done(format!("{} rows withheld", stays.iter().filter(|stays| !**stays).count()));
    Ok(Held { withheld, grouped, gone, objectors: theirs.len() as u64, objected })
}

/// Rows that an objection names, and with them those that are known from nights before.
fn known_to_object(
    job: &Job,
    records: &Records,
    authority: &Authority,
    remembered: &Remembered,
) -> (Vec<bool>, Vec<bool>) {
    let named = authority.named(job, records);
    let mut all = remembered.marks(records, &named);
    all.iter_mut().zip(&named).for_each(|(known, named)| *known |= named);
    (named, all)
}

/// Empties the raw text of rows in quarantine that hold the NHS number of somebody who objects: they can be neither read nor withheld.
pub(super) fn empty_texts(quarantined: &mut [Quarantined], authority: &Authority, objecting: &Objecting) {
    let today = Today::objecting(authority, objecting);
    quarantined.iter_mut().filter(|row| today.text_objects(&row.raw)).for_each(|row| row.raw.clear());
}
