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
pub(in crate::run) struct Rebuilt {
    pub written: Vec<WrittenFile>,
    pub person_ids: Vec<PersonId>,
    pub withheld_anew: WithheldAnew,
    /// People who are gone.
    pub gone: u64,
    pub bare: u64,
    /// Links that count and are gone.
    pub links_gone: u64,
    pub review: u64,
    /// Raw texts in quarantine that were emptied.
    pub texts: u64,
}

/// How many rows were withheld anew, by file and reason.
type WithheldAnew = BTreeMap<String, BTreeMap<&'static str, u64>>;

impl Rebuilt {
    pub fn rows_withheld_anew(&self) -> u64 {
        self.withheld_anew.values().flat_map(BTreeMap::values).sum()
    }
}

/// A row of the crosswalk that stays: provider, record_id, identity_id, and the place of its person among those who stay.
pub(in crate::run) type Stays<'a> = (&'a str, &'a str, &'a [u8; 16], u32);

/// An earlier run that is written anew, and what its tables are written by.
#[derive(Clone, Copy)]
struct Anew<'a> {
    job: &'a Job,
    run: &'a PublishedRun,
    draft: &'a Draft<'a>,
    standing: &'a Standing,
    today: &'a Today<'a>,
    earlier: &'a Earlier,
}

/// Writes every table but changes.parquet.
pub(in crate::run) fn write(
    job: &Job,
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    today: &Today,
    earlier: &Earlier,
) -> Result<Rebuilt> {
    write_then(job, run, draft, standing, today, earlier, || ()).map(|(rebuilt, ())| rebuilt)
}

/// The same; `then` is done as soon as people.parquet stands, beside the rest. All that this reads of `run` and of `earlier` is named in `alike`.
pub(in crate::run) fn write_then<T: Send>(
    job: &Job,
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
    today: &Today,
    earlier: &Earlier,
    then: impl FnOnce() -> T + Send,
) -> Result<(Rebuilt, T)> {
    let anew = Anew { job, run, draft, standing, today, earlier };
    let (rows, people) = rayon::join(|| anew.rows(), || anew.people_then(then));
    // Of several failures the one is told that whoever writes one table after another meets first.
    let (crosswalk, links, rest) = rows?;
    let (links, (review, people)) = (links?, people?);
    let ((people, then), rest) = (people?, rest?);
    let stay = (0..standing.people()).filter(|&person| standing.reason(person).is_none());
    let person_ids: Vec<PersonId> = stay.map(|person| standing.person_id(person)).collect();
    let mut written = vec![crosswalk.written, people.written, links.written, review.written];
    written.extend(rest.written);
    let rebuilt = Rebuilt {
        written,
        gone: u64::from(standing.people()) - person_ids.len() as u64,
        person_ids,
        withheld_anew: crosswalk.withheld_anew,
        bare: people.bare,
        links_gone: links.counted,
        review: review.counted,
        texts: rest.texts,
    };
    Ok((rebuilt, then))
}

/// crosswalk.parquet, and what goes from it.
struct Crosswalk {
    written: WrittenFile,
    withheld_anew: WithheldAnew,
}

/// links.parquet or review.parquet.
struct Pairs {
    written: WrittenFile,
    /// How many links are gone, or how many pairs for review there are.
    counted: u64,
    /// Identities of the pairs for review; `None` where all of those stay.
    waiting: Option<FxHashSet<IdentityText>>,
}

/// people.parquet.
struct People {
    written: WrittenFile,
    bare: u64,
}

/// Quarantine, withheld rows, and the tables that not every run has.
struct Rest {
    written: Vec<WrittenFile>,
    texts: u64,
}

impl Anew<'_> {
    /// What hangs on the rows that go: the crosswalk, what is withheld, and beside these all that hangs on nothing else here.
    fn rows(self) -> Result<(Crosswalk, Result<Pairs>, Result<Rest>)> {
        let (withheld, withheld_anew) = self.rows_that_go()?;
        let crosswalk = Crosswalk { written: self.crosswalk()?, withheld_anew };
        let links = self.links();
        Ok((crosswalk, links, self.rest(withheld)))
    }

    /// Pairs for review, people, who may wait for it no more, and what is done `then`.
    fn people_then<T>(self, then: impl FnOnce() -> T) -> Result<(Pairs, Result<(People, T)>)> {
        let review = self.review()?;
        let people = self.people(review.waiting.as_ref());
        Ok((review, people.map(|people| (people, then()))))
    }

    fn rest(self, mut withheld: Vec<WithheldRow>) -> Result<Rest> {
        let Anew { run, draft, standing, earlier, .. } = self;
        let (quarantine, texts) = self.quarantine()?;
        add_withheld_before(run, &mut withheld)?;
        let order = |file: &str| earlier.files.iter().position(|known| known == file).unwrap_or(earlier.files.len());
        withheld.sort_by_cached_key(|row| (order(&row.source_file), row.source_row));
        let mut written = vec![quarantine, draft.write_withheld(&withheld)?];
        if run.has(OTHER_NUMBERS) {
            let looks_at = &["person_id"];
            let numbers = Sieve { name: OTHER_NUMBERS, looks_at, distinct: &["nhs_number"], hidden: &[], flag: "" };
            written.push(draft.copy_table(run, &numbers, |rows| {
                let stays = |person| standing.reason(person).is_none();
                Ok(Fate { keep: standing.persons(run, rows)?.into_iter().map(stays).collect(), ..Fate::default() })
            })?);
        }
        for (name, hidden) in [(PACKAGES, PACKAGES_HIDDEN), (WISHES, WISHES_HIDDEN)] {
            if run.has(name) {
                written.push(of_people(run, draft, standing, name, hidden)?);
            }
        }
        Ok(Rest { written, texts })
    }

    /// quarantine.parquet, and how many raw texts in it were emptied.
    fn quarantine(self) -> Result<(WrittenFile, u64)> {
        let Anew { run, draft, today, .. } = self;
        let (raw, mut texts) = (["raw".to_string()], 0);
        let looks_at = &["raw"];
        let quarantine = Sieve { name: "quarantine.parquet", looks_at, distinct: &["raw"], hidden: &raw, flag: "" };
        let written = draft.copy_table(run, &quarantine, |rows| {
            let raw = rows.text("raw")?;
            let hide: Vec<bool> = (0..rows.len()).map(|row| today.text_objects(raw.value(row))).collect();
            texts += hide.iter().filter(|hide| **hide).count() as u64;
            Ok(Fate { hide, ..all(rows) })
        })?;
        Ok((written, texts))
    }
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
        for person in standing.persons(run, rows)? {
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

impl Anew<'_> {
    /// The rows that go, as withheld ones.
    fn rows_that_go(self) -> Result<(Vec<WithheldRow>, WithheldAnew)> {
        let Anew { run, standing, today, .. } = self;
        let (mut withheld, mut counted) = (Vec::new(), WithheldAnew::new());
        let told = ["provider", "record_id", "source_file", "source_row", "person_id"];
        run.each_of("crosswalk.parquet", &told, standing.gone_rows(), |rows| {
            let (provider, record, file) = (rows.text("provider")?, rows.text("record_id")?, rows.text("source_file")?);
            let persons = standing.persons(run, rows)?;
            for ((row, &source_row), person) in rows.integers("source_row")?.iter().enumerate().zip(persons) {
                let (provider, record) = (provider.value(row), record.value(row));
                let Some(reason) = standing.reason(person) else { continue };
                let named = reason == WithheldReason::LocalObjectionLinked
                    && standing.said_of(today, provider, record).is_some_and(|mark| mark.named);
                let reason = if named { WithheldReason::LocalObjection } else { reason }.word();
                let file = file.value(row).to_string();
                *counted.entry(file.clone()).or_default().entry(reason).or_default() += 1;
                withheld.push(WithheldRow {
                    provider: provider.to_string(),
                    record_id: record.to_string(),
                    source_file: file,
                    source_row,
                    reason: reason.to_string(),
                });
            }
            Ok(())
        })?;
        Ok((withheld, counted))
    }

    fn crosswalk(self) -> Result<WrittenFile> {
        let Anew { run, draft, standing, .. } = self;
        let distinct = &["record_id", "identity_id", "person_id"];
        let sieve = Sieve { name: "crosswalk.parquet", looks_at: &[], distinct, hidden: &[], flag: "" };
        let (mut first, mut gone) = (0, standing.gone_rows().iter().peekable());
        draft.copy_table(run, &sieve, |rows| {
            let keep = (first..first + rows.len()).map(|row| gone.next_if_eq(&&row).is_none()).collect();
            first += rows.len();
            Ok(Fate { keep, ..Fate::default() })
        })
    }
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
        let (identities, persons) = (rows.content_hashes("identity_id")?, standing.persons(run, rows)?);
        for ((row, identity), person) in identities.iter().enumerate().zip(persons) {
            if let Some(place) = place[person as usize] {
                stays((provider.value(row), record.value(row), identity, place));
            }
        }
        Ok(())
    })
}

impl Anew<'_> {
    /// links.parquet; links count from the run's own cut on.
    fn links(self) -> Result<Pairs> {
        let (cut, mut gone) = (self.earlier.cut_bits(), 0);
        let written = self.pairs("links.parquet", |_, weight, stays| gone += u64::from(!stays && weight >= cut))?;
        Ok(Pairs { written, counted: gone, waiting: None })
    }

    fn review(self) -> Result<Pairs> {
        let (mut stay, mut gone, mut waiting) = (0, 0, FxHashSet::default());
        let written = self.pairs("review.parquet", |pair, _, stays| {
            if stays {
                stay += 1;
                waiting.extend(pair);
            } else {
                gone += 1;
            }
        })?;
        Ok(Pairs { written, counted: stay, waiting: (gone > 0).then_some(waiting) })
    }

    /// links.parquet or review.parquet without those who are gone, and without what may not be told of whoever is flagged; `each` is told of every
    /// pair, its weight in bits as the run has it, and whether it stays.
    fn pairs(self, name: &str, mut each: impl FnMut([&IdentityText; 2], f64, bool)) -> Result<WrittenFile> {
        let Anew { job, run, draft, standing, .. } = self;
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
    fn in_review(self, waiting: Option<&FxHashSet<IdentityText>>) -> Result<Vec<bool>> {
        let Anew { run, standing, .. } = self;
        let Some(waiting) = waiting else { return Ok(Vec::new()) };
        let rows_in_review = run.found("crosswalk.parquet", &["identity_id"], |first, rows| {
            let identities = (first..).zip(rows.hash_texts("identity_id")?);
            let waits = identities.filter(|(_, identity)| waiting.contains(*identity));
            Ok(waits.map(|(row, _)| row).collect::<Vec<usize>>())
        })?;
        let mut in_review = vec![false; standing.people() as usize];
        run.each_of("crosswalk.parquet", &["person_id"], &rows_in_review, |rows| {
            for person in standing.persons(run, rows)? {
                in_review[person as usize] = true;
            }
            Ok(())
        })?;
        Ok(in_review)
    }

    fn people(self, waiting: Option<&FxHashSet<IdentityText>>) -> Result<People> {
        let Anew { job, run, draft, standing, .. } = self;
        let in_review = self.in_review(waiting)?;
        let sources: Vec<String> =
            best_record::FIELDS.iter().filter_map(|field| field.word()).map(|word| format!("{word}_from")).collect();
        let distinct: Vec<&str> = ["person_id"].into_iter().chain(sources.iter().map(String::as_str)).collect();
        let hidden = best_record::hidden_columns(job);
        let looks_at = &["in_review", "bare"];
        let sieve = Sieve { name: "people.parquet", looks_at, distinct: &distinct, hidden: &hidden, flag: "in_review" };
        let (mut first, mut count) = (0, 0);
        let written = draft.copy_table(run, &sieve, |rows| {
            let range = first..first + rows.len();
            first += rows.len();
            let mut fate = all(rows);
            fate.keep = range.clone().map(|person| standing.reason(person as u32).is_none()).collect();
            fate.hide = standing.masked[range.clone()].to_vec();
            fate.flags = in_review.get(range).unwrap_or_default().to_vec();
            let bare = rows.flags("bare")?;
            count += bare.iter().zip(&fate.keep).filter(|(bare, keep)| **bare && **keep).count() as u64;
            Ok(fate)
        })?;
        Ok(People { written, bare: count })
    }
}

fn add_withheld_before(run: &PublishedRun, withheld: &mut Vec<WithheldRow>) -> Result<()> {
    run.each_whole("withheld.parquet", |rows| {
        let text = |column| rows.text(column);
        let (provider, record) = (text("provider")?, text("record_id")?);
        let (file, reason) = (text("source_file")?, text("reason")?);
        let source_row = rows.integers("source_row")?;
        withheld.extend((0..rows.len()).map(|row| WithheldRow {
            provider: provider.value(row).to_string(),
            record_id: record.value(row).to_string(),
            source_file: file.value(row).to_string(),
            source_row: source_row[row],
            reason: reason.value(row).to_string(),
        }));
        Ok(())
    })
}
