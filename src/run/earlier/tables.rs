//! The tables of an earlier run as they may stand today.

use super::facts::Earlier;
use super::standing::{IdentityText, Standing};
use super::today::Today;
use super::told::Told;
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
    /// Links that count and are gone.
    pub links_gone: u64,
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
pub(in crate::run) type Stays<'a> = (&'a str, &'a str, &'a [u8; 16], u32);

/// Writes every table but changes.parquet.
pub(in crate::run) fn write(
    job: &Job,
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    today: &Today,
    earlier: &Earlier,
) -> Result<Rebuilt> {
    let mut rebuilt = Rebuilt::default();
    let (crosswalk, pairs) = rayon::join(
        || crosswalk(run, draft, standing, today, &mut rebuilt),
        || all_pairs(job, run, draft, standing, earlier.cut_bits()),
    );
    let (crosswalk, Pairs { links, review, waiting, counted }) = (crosswalk?, pairs?);
    (rebuilt.links_gone, rebuilt.review) = counted;
    let people = people(job, run, draft, standing, waiting.as_ref(), &mut rebuilt)?;
    let raw = ["raw".to_string()];
    let looks_at = &["raw"];
    let quarantine = Sieve { name: "quarantine.parquet", looks_at, distinct: &["raw"], hidden: &raw, flag: "" };
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
        let looks_at = &["person_id"];
        let numbers = Sieve { name: OTHER_NUMBERS, looks_at, distinct: &["nhs_number"], hidden: &[], flag: "" };
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
    let distinct = &["person_id", "record_id"];
    let sieve = Sieve { name, looks_at: &["person_id"], distinct, hidden: &hidden, flag: "" };
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
) -> Result<WrittenFile> {
    let stay = (0..standing.people()).filter(|&person| standing.reason(person).is_none());
    rebuilt.person_ids = stay.map(|person| standing.person_id(person)).collect();
    rebuilt.gone = u64::from(standing.people()) - rebuilt.person_ids.len() as u64;
    let told = ["provider", "record_id", "source_file", "source_row", "person_id"];
    run.each_of("crosswalk.parquet", &told, standing.gone_rows(), |rows| {
        let (provider, record, file) = (rows.text("provider")?, rows.text("record_id")?, rows.text("source_file")?);
        let source_row = rows.integers("source_row")?;
        for (row, &source_row) in source_row.iter().enumerate() {
            let (provider, record) = (provider.value(row), record.value(row));
            let Some(reason) = standing.reason(standing.person(run, rows, row)?) else { continue };
            let named = reason == WithheldReason::LocalObjectionLinked
                && today.of_record(provider, record).is_some_and(|mark| mark.named);
            let reason = if named { WithheldReason::LocalObjection } else { reason }.word();
            let file = file.value(row).to_string();
            *rebuilt.withheld_anew.entry(file.clone()).or_default().entry(reason).or_default() += 1;
            rebuilt.withheld.push(WithheldRow {
                provider: provider.to_string(),
                record_id: record.to_string(),
                source_file: file,
                source_row,
                reason: reason.to_string(),
            });
        }
        Ok(())
    })?;
    let distinct = &["record_id", "identity_id", "person_id"];
    let sieve = Sieve { name: "crosswalk.parquet", looks_at: &[], distinct, hidden: &[], flag: "" };
    let (mut first, mut gone) = (0, standing.gone_rows().iter().peekable());
    draft.copy_table(run, &sieve, |rows| {
        let keep = (first..first + rows.len()).map(|row| gone.next_if_eq(&&row).is_none()).collect();
        first += rows.len();
        Ok(Fate { keep, ..Fate::default() })
    })
}

/// Tells `stays` of every row of the crosswalk that stays, in order.
pub(in crate::run) fn each_row_that_stays(
    run: &PublishedRun,
    standing: &Standing,
    mut stays: impl FnMut(Stays),
) -> Result<()> {
    // Places among those who stay.
    let mut places = 0..;
    let place = |person| standing.reason(person).is_none().then(|| places.next().unwrap_or(u32::MAX));
    let place: Vec<Option<u32>> = (0..standing.people()).map(place).collect();
    run.each("crosswalk.parquet", &["provider", "record_id", "identity_id", "person_id"], |rows| {
        let (provider, record) = (rows.text("provider")?, rows.text("record_id")?);
        for (row, identity) in rows.content_hashes("identity_id")?.iter().enumerate() {
            if let Some(place) = place[standing.person(run, rows, row)? as usize] {
                stays((provider.value(row), record.value(row), identity, place));
            }
        }
        Ok(())
    })
}

/// The tables of pairs.
struct Pairs {
    links: WrittenFile,
    review: WrittenFile,
    /// Identities of the pairs for review; `None` where all of those stay.
    waiting: Option<FxHashSet<IdentityText>>,
    /// How many links are gone, and how many pairs for review there are.
    counted: (u64, u64),
}

/// Both tables of pairs; links count from `cut` on, in bits.
fn all_pairs(job: &Job, run: &PublishedRun, draft: &Draft, standing: &Standing, cut: f64) -> Result<Pairs> {
    let (mut counted, mut waiting, mut gone) = ((0, 0), FxHashSet::default(), 0);
    let links = pairs(job, (run, draft), standing, "links.parquet", |_, weight, stays| {
        counted.0 += u64::from(!stays && weight >= cut);
    })?;
    let review = pairs(job, (run, draft), standing, "review.parquet", |pair, _, stays| {
        if stays {
            counted.1 += 1;
            waiting.extend(pair);
        } else {
            gone += 1;
        }
    })?;
    Ok(Pairs { links, review, waiting: (gone > 0).then_some(waiting), counted })
}

/// links.parquet or review.parquet without those who are gone, and without what may not be told of whoever is flagged; `each` is told of every pair,
/// its weight in bits as the run has it, and whether it stays.
fn pairs(
    job: &Job,
    (run, draft): (&PublishedRun, &Draft),
    standing: &Standing,
    name: &str,
    mut each: impl FnMut([&IdentityText; 2], f64, bool),
) -> Result<WrittenFile> {
    let told = if standing.somebody_is_masked() { Some(Told::of(job, run, name)?) } else { None };
    let distinct = &["identity_id_left", "identity_id_right"];
    let mut looks_at = vec!["identity_id_left", "identity_id_right", "weight"];
    looks_at.extend(told.iter().flat_map(Told::looks_at));
    let hidden = told.as_ref().map_or(&[][..], |told| told.hidden.as_slice());
    draft.copy_table(run, &Sieve { name, looks_at: &looks_at, distinct, hidden, flag: "" }, |rows| {
        let mut fate = all(rows);
        let (one, other) = (rows.hash_texts(distinct[0])?, rows.hash_texts(distinct[1])?);
        let weight = rows.numbers("weight")?;
        for (row, pair) in one.iter().zip(other).enumerate() {
            fate.keep[row] = !standing.identity_is_gone(pair.0) && !standing.identity_is_gone(pair.1);
            each([pair.0, pair.1], weight[row], fate.keep[row]);
        }
        if let Some(told) = &told {
            let is_masked = |(one, other)| standing.identity_is_masked(one) || standing.identity_is_masked(other);
            fate.hide = one.iter().zip(other).map(is_masked).collect();
            fate.numbers = told.numbers(run, rows, &fate.hide)?;
        }
        Ok(fate)
    })
}

/// Who is of one of the identities that wait for a human; empty where nobody has stopped waiting because somebody else is gone.
fn in_review(run: &PublishedRun, standing: &Standing, waiting: Option<&FxHashSet<IdentityText>>) -> Result<Vec<bool>> {
    let Some(waiting) = waiting else { return Ok(Vec::new()) };
    let (mut first, mut rows_in_review) = (0, Vec::new());
    run.each("crosswalk.parquet", &["identity_id"], |rows| {
        let identities = rows.hash_texts("identity_id")?;
        let waits = (0..rows.len()).filter(|&row| waiting.contains(&identities[row]));
        rows_in_review.extend(waits.map(|row| first + row));
        first += rows.len();
        Ok(())
    })?;
    let mut in_review = vec![false; standing.people() as usize];
    run.each_of("crosswalk.parquet", &["person_id"], &rows_in_review, |rows| {
        for row in 0..rows.len() {
            in_review[standing.person(run, rows, row)? as usize] = true;
        }
        Ok(())
    })?;
    Ok(in_review)
}

fn people(
    job: &Job,
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    waiting: Option<&FxHashSet<IdentityText>>,
    rebuilt: &mut Rebuilt,
) -> Result<WrittenFile> {
    let in_review = in_review(run, standing, waiting)?;
    let sources: Vec<String> =
        best_record::FIELDS.iter().filter_map(|field| field.word()).map(|word| format!("{word}_from")).collect();
    let distinct: Vec<&str> = ["person_id"].into_iter().chain(sources.iter().map(String::as_str)).collect();
    let hidden = best_record::hidden_columns(job);
    let looks_at = &["in_review", "bare"];
    let sieve = Sieve { name: "people.parquet", looks_at, distinct: &distinct, hidden: &hidden, flag: "in_review" };
    let mut first = 0;
    draft.copy_table(run, &sieve, |rows| {
        let range = first..first + rows.len();
        first += rows.len();
        let mut fate = all(rows);
        fate.keep = range.clone().map(|person| standing.reason(person as u32).is_none()).collect();
        fate.hide = standing.masked[range.clone()].to_vec();
        fate.flags = in_review.get(range).unwrap_or_default().to_vec();
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
