//! The tables of an earlier run as they may stand today.

use super::facts::Earlier;
use super::standing::{IdentityId, Standing};
use super::today::Today;
use crate::best_record;
use crate::consent::WithheldReason;
use crate::failure::Result;
use crate::identity::PersonId;
use crate::job::Job;
use crate::publish::published::{PublishedRun, Rows};
use crate::publish::{
    Draft, Fate, OTHER_NUMBERS, PACKAGES, PACKAGES_HIDDEN, Sieve, WISHES, WISHES_HIDDEN, WithheldRow, WrittenFile,
};
use rustc_hash::FxHashSet;
use std::collections::BTreeMap;

/// What was written, and what the rest of the run needs to know of it.
#[derive(Default)]
pub(in crate::run) struct Rebuilt {
    pub written: Vec<WrittenFile>,
    pub person_ids: Vec<PersonId>,
    pub withheld: Vec<WithheldRow>,
    /// Rows that were withheld anew, by file and reason.
    pub withheld_anew: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// People who are gone.
    pub gone: u64,
    pub bare: u64,
    pub links: u64,
    pub review: u64,
    /// Raw texts in quarantine that were emptied.
    pub texts: u64,
}

impl Rebuilt {
    pub fn rows_withheld_anew(&self) -> u64 {
        self.withheld_anew.values().flat_map(BTreeMap::values).sum()
    }
}

/// A row of the crosswalk that stays: provider, record_id, identity_id, and the place of its person among those who stay.
pub(in crate::run) type Stays<'a> = (&'a str, &'a str, &'a IdentityId, u32);

/// Writes every table but changes.parquet; `stays` is told of every row that stays in the crosswalk.
pub(in crate::run) fn write(
    job: &Job,
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    today: &Today,
    earlier: &Earlier,
    stays: &mut (dyn FnMut(Stays) + Send),
) -> Result<Rebuilt> {
    let mut rebuilt = Rebuilt::default();
    let (crosswalk, pairs) = rayon::join(
        || crosswalk(run, draft, standing, today, &mut rebuilt, stays),
        || all_pairs(run, draft, standing, earlier.cut_bits()),
    );
    let (crosswalk, Pairs { links, review, waiting, counted }) = (crosswalk?, pairs?);
    (rebuilt.links, rebuilt.review) = counted;
    let people = people(job, run, draft, standing, &waiting, &mut rebuilt)?;
    let raw = ["raw".to_string()];
    let quarantine = Sieve { name: "quarantine.parquet", distinct: &["raw"], hidden: &raw, flag: "" };
    let quarantine = draft.copy_table(run, &quarantine, |rows| {
        let raw = rows.text("raw")?;
        let hide: Vec<bool> = (0..rows.len()).map(|row| today.text_objects(raw.value(row))).collect();
        rebuilt.texts += hide.iter().filter(|hide| **hide).count() as u64;
        Ok(Fate { hide, ..all(rows) })
    })?;
    withheld_before(run, &mut rebuilt)?;
    let order = |file: &str| earlier.files.iter().position(|known| known == file).unwrap_or(earlier.files.len());
    rebuilt.withheld.sort_by_cached_key(|row| (order(&row.source_file), row.source_row));
    let withheld = draft.write_withheld(&rebuilt.withheld)?;
    rebuilt.written = vec![crosswalk, people, links, review, quarantine, withheld];
    if run.has(OTHER_NUMBERS) {
        let numbers = Sieve { name: OTHER_NUMBERS, distinct: &["nhs_number"], hidden: &[], flag: "" };
        rebuilt.written.push(draft.copy_table(run, &numbers, |rows| {
            let mut fate = all(rows);
            for (row, keep) in fate.keep.iter_mut().enumerate() {
                *keep = standing.reason(standing.person(run, rows, row)?).is_none();
            }
            Ok(fate)
        })?);
    }
    for (name, hidden) in [(PACKAGES, PACKAGES_HIDDEN), (WISHES, WISHES_HIDDEN)] {
        if run.has(name) {
            rebuilt.written.push(of_people(run, draft, standing, name, hidden)?);
        }
    }
    Ok(rebuilt)
}

/// A table of several rows a person without those who are gone, and without the `hidden` columns of whoever is flagged today.
fn of_people(
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    name: &str,
    hidden: [&str; 3],
) -> Result<WrittenFile> {
    let hidden = hidden.map(str::to_string);
    let sieve = Sieve { name, distinct: &["person_id", "record_id"], hidden: &hidden, flag: "" };
    draft.copy_table(run, &sieve, |rows| {
        let mut fate = Fate::default();
        for row in 0..rows.len() {
            let person = standing.person(run, rows, row)?;
            fate.keep.push(standing.reason(person).is_none());
            fate.hide.push(standing.masked[person as usize]);
        }
        Ok(fate)
    })
}

/// Does the raw text of any row in quarantine hold the NHS number of somebody who objects?
pub(in crate::run) fn texts_object(run: &PublishedRun, today: &Today) -> Result<bool> {
    let mut found = false;
    run.each("quarantine.parquet", &["raw"], |rows| {
        let raw = rows.text("raw")?;
        found |= (0..rows.len()).any(|row| today.text_objects(raw.value(row)));
        Ok(())
    })?;
    Ok(found)
}

fn all(rows: &Rows) -> Fate {
    Fate { keep: vec![true; rows.len()], ..Fate::default() }
}

fn crosswalk(
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    today: &Today,
    rebuilt: &mut Rebuilt,
    stays: &mut (dyn FnMut(Stays) + Send),
) -> Result<WrittenFile> {
    // Places among those who stay.
    let mut place = vec![u32::MAX; standing.people() as usize];
    for person in (0..standing.people()).filter(|&person| standing.reason(person).is_none()) {
        place[person as usize] = rebuilt.person_ids.len() as u32;
        rebuilt.person_ids.push(standing.person_id(person));
    }
    rebuilt.gone = u64::from(standing.people()) - rebuilt.person_ids.len() as u64;
    let distinct = ["record_id", "identity_id", "person_id"];
    let sieve = Sieve { name: "crosswalk.parquet", distinct: &distinct, hidden: &[], flag: "" };
    let mut first = 0;
    draft.copy_table(run, &sieve, |rows| {
        let from = first;
        first += rows.len();
        let (provider, record, file) = (rows.text("provider")?, rows.text("record_id")?, rows.text("source_file")?);
        let source_row = rows.integers("source_row")?;
        let identities = rows.content_hashes("identity_id")?;
        let mut fate = all(rows);
        for (row, identity) in identities.iter().enumerate() {
            let person = standing.person_at(from + row, run, rows, row)?;
            let (provider, record) = (provider.value(row), record.value(row));
            let Some(reason) = standing.reason(person) else {
                stays((provider, record, identity, place[person as usize]));
                continue;
            };
            let named = reason == WithheldReason::LocalObjectionLinked
                && today.of_record(provider, record).is_some_and(|mark| mark.named);
            let reason = if named { WithheldReason::LocalObjection } else { reason }.word();
            fate.keep[row] = false;
            let file = file.value(row).to_string();
            *rebuilt.withheld_anew.entry(file.clone()).or_default().entry(reason).or_default() += 1;
            rebuilt.withheld.push(WithheldRow {
                provider: provider.to_string(),
                record_id: record.to_string(),
                source_file: file,
                source_row: source_row[row],
                reason: reason.to_string(),
            });
        }
        Ok(fate)
    })
}

/// The tables of pairs.
struct Pairs {
    links: WrittenFile,
    review: WrittenFile,
    /// Identities of the pairs for review.
    waiting: FxHashSet<IdentityId>,
    /// How many links there are, and pairs for review.
    counted: (u64, u64),
}

/// Both tables of pairs; links count from `cut` on, in bits.
fn all_pairs(run: &PublishedRun, draft: &Draft, standing: &Standing, cut: f64) -> Result<Pairs> {
    let (mut waiting, mut counted) = (FxHashSet::default(), (0, 0));
    let links = pairs(run, draft, standing, "links.parquet", |_, weight| counted.0 += u64::from(weight >= cut))?;
    let review = pairs(run, draft, standing, "review.parquet", |pair, _| {
        counted.1 += 1;
        waiting.extend(pair);
    })?;
    Ok(Pairs { links, review, waiting, counted })
}

/// links.parquet or review.parquet without those who are gone; `left` is told of every pair that is left, and its weight in bits.
fn pairs(
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    name: &str,
    mut left: impl FnMut([IdentityId; 2], f64),
) -> Result<WrittenFile> {
    let distinct = ["identity_id_left", "identity_id_right"];
    draft.copy_table(run, &Sieve { name, distinct: &distinct, hidden: &[], flag: "" }, |rows| {
        let mut fate = all(rows);
        let (one, other) = (rows.content_hashes(distinct[0])?, rows.content_hashes(distinct[1])?);
        let weight = rows.numbers("weight")?;
        for (row, pair) in one.into_iter().zip(other).enumerate() {
            fate.keep[row] = !standing.identity_is_gone(&pair.0) && !standing.identity_is_gone(&pair.1);
            if fate.keep[row] {
                left([pair.0, pair.1], weight[row]);
            }
        }
        Ok(fate)
    })
}

fn people(
    job: &Job,
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    waiting: &FxHashSet<IdentityId>,
    rebuilt: &mut Rebuilt,
) -> Result<WrittenFile> {
    // Who waits for a human may have waited because of somebody who is gone.
    let mut in_review = vec![false; standing.people() as usize];
    if standing.somebody_is_gone() {
        let mut first = 0;
        run.each("crosswalk.parquet", &["identity_id"], |rows| {
            for (row, identity) in rows.content_hashes("identity_id")?.iter().enumerate() {
                let person = standing.person_at(first + row, run, rows, row)?;
                in_review[person as usize] |= waiting.contains(identity);
            }
            first += rows.len();
            Ok(())
        })?;
    }
    let sources: Vec<String> =
        best_record::FIELDS.iter().filter_map(|field| field.word()).map(|word| format!("{word}_from")).collect();
    let distinct: Vec<&str> = ["person_id"].into_iter().chain(sources.iter().map(String::as_str)).collect();
    let hidden = best_record::hidden_columns(job);
    let sieve = Sieve { name: "people.parquet", distinct: &distinct, hidden: &hidden, flag: "in_review" };
    let mut first = 0;
    draft.copy_table(run, &sieve, |rows| {
        let range = first..first + rows.len();
        first += rows.len();
        let mut fate = all(rows);
        fate.keep = range.clone().map(|person| standing.reason(person as u32).is_none()).collect();
        fate.hide = standing.masked[range.clone()].to_vec();
        if standing.somebody_is_gone() {
            fate.flags = in_review[range].to_vec();
        }
        let bare = rows.flags("bare")?;
        rebuilt.bare += bare.iter().zip(&fate.keep).filter(|(bare, keep)| **bare && **keep).count() as u64;
        Ok(fate)
    })
}

fn withheld_before(run: &PublishedRun, rebuilt: &mut Rebuilt) -> Result<()> {
    run.each_whole("withheld.parquet", |rows| {
        let text = |column| rows.text(column);
        let (provider, record) = (text("provider")?, text("record_id")?);
        let (file, reason) = (text("source_file")?, text("reason")?);
        let source_row = rows.integers("source_row")?;
        rebuilt.withheld.extend((0..rows.len()).map(|row| WithheldRow {
            provider: provider.value(row).to_string(),
            record_id: record.value(row).to_string(),
            source_file: file.value(row).to_string(),
            source_row: source_row[row],
            reason: reason.value(row).to_string(),
        }));
        Ok(())
    })
}
