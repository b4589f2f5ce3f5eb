//! The people of an earlier run, and which of them may stand again today.

use super::today::{Mark, Numbers, Today};
use crate::consent::WithheldReason;
use crate::failure::{Code, Exit, Failure, Result};
use crate::identity::PersonId;
use crate::publish::OTHER_NUMBERS;
use crate::publish::published::{PublishedRun, Rows, damaged};
use crate::run::numbered;
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::hash::BuildHasher;

pub(in crate::run) static KEPT_APART_TODAY: Code = Code {
    id: "OF0550",
    exit: Exit::InputUnusable,
    title: "that run joins records that must be kept apart today",
    next_step: "Roll back to another run, or run `onefolk run`, which keeps them apart; nothing was published",
    explanation: "[[never_link]] names two records today that one person of the earlier run has. A rollback publishes the people of that \
                  run without those who may not be published, but it never divides anybody, as nothing is linked anew.",
};

/// The content hash of an identity as it stands in a table, in hexadecimal.
pub(in crate::run) type IdentityText = [u8; 32];

/// A record that something is said of today: its row in the crosswalk, what is said, and its name.
type Said<'a> = (usize, &'a Mark, String);

/// Somebody, why their number lets them not stand, and whether it is of somebody who is flagged.
type ByNumber = (PersonId, Option<WithheldReason>, bool);

/// Everybody in the run, in the order of its people.parquet.
#[derive(Default)]
pub(in crate::run) struct Standing {
    ids: Vec<PersonId>,
    /// Places in `ids`, by the hash of what stands there.
    places: HashTable<u32>,
    /// Why a person may not be published any more, by the first row that says so.
    gone: Vec<Option<WithheldReason>>,
    /// People who are flagged today.
    pub masked: Vec<bool>,
    /// Identities of theirs.
    masked_identities: FxHashSet<IdentityText>,
    /// The rows of the crosswalk that go, in order.
    gone_rows: Vec<usize>,
    /// Identities of which nobody is left.
    gone_identities: FxHashSet<IdentityText>,
    /// Providers whose rows the run says it has numbered.
    numbered: BTreeSet<String>,
}

impl Standing {
    /// Who may stand: read from the run's people and crosswalk.
    ///
    /// # Errors
    /// OF0550 where the run joins what must be kept apart today; OF0535 where a file cannot be read.
    pub fn of(run: &PublishedRun, today: &Today) -> Result<Standing> {
        // A run of an earlier version does not tell: in doubt whoever objects goes.
        let numbered = numbered::told_by(run)?.unwrap_or_default();
        let mut standing = Standing { numbered, ..Standing::default() };
        // Where the run has numbered a provider's rows, its record_ids name nobody there: their people go by the numbers that the rows have today.
        let also = today.numbers_of(&standing.numbered);
        standing.add_people(run, today, &also)?;
        let (places, said) = rayon::join(|| places(&standing.ids), || said(run, today, &standing.numbered));
        standing.places = places;
        if run.has(OTHER_NUMBERS) {
            run.each_whole(OTHER_NUMBERS, |rows| standing.add_numbers(run, rows, (today, &also)))?;
        }
        standing.mark_records(run, said?)?;
        standing.find_gone_identities(run)?;
        standing.find_masked_identities(run)?;
        Ok(standing)
    }

    fn add_people(&mut self, run: &PublishedRun, today: &Today, also: &Numbers) -> Result<()> {
        let judge = |rows: &Rows| by_their_numbers(run, rows, (today, also));
        run.each_made("people.parquet", &["person_id", "nhs_number"], judge, |people: Vec<ByNumber>| {
            for (id, gone, sensitive) in people {
                self.ids.push(id);
                self.gone.push(gone);
                self.masked.push(sensitive);
            }
            Ok(())
        })
    }

    /// Marks the people of the records that something is said of today.
    fn mark_records(&mut self, run: &PublishedRun, said: Vec<Said>) -> Result<()> {
        let marked: Vec<usize> = said.iter().map(|(row, ..)| *row).collect();
        let mut apart: FxHashMap<(u32, u32), [Vec<String>; 2]> = FxHashMap::default();
        let mut said = said.into_iter();
        run.each_of("crosswalk.parquet", &["person_id"], &marked, |rows| {
            for (person, (_, mark, name)) in self.persons(run, rows)?.into_iter().zip(&mut said) {
                self.mark(person, mark.objects, mark.withheld_identity, mark.sensitive);
                for &(line, side) in &mark.apart {
                    apart.entry((line, person)).or_default()[usize::from(side)].push(name.clone());
                }
            }
            Ok(())
        })?;
        self.check_apart(&apart)
    }

    /// Numbers that people have beside the one of the best record.
    fn add_numbers(&mut self, run: &PublishedRun, rows: &Rows, (today, also): (&Today, &Numbers)) -> Result<()> {
        let numbers = rows.text("nhs_number")?;
        for (row, person) in self.persons(run, rows)?.into_iter().enumerate() {
            let number = numbers.value(row);
            let reason = today.reason_of_number(number, also);
            let objects = reason == Some(WithheldReason::LocalObjectionLinked);
            self.mark(person, objects, reason.is_some(), today.number_is_sensitive(number));
        }
        Ok(())
    }

    fn mark(&mut self, person: u32, objects: bool, withheld_identity: bool, sensitive: bool) {
        let gone = &mut self.gone[person as usize];
        if objects {
            *gone = Some(WithheldReason::LocalObjectionLinked);
        } else if withheld_identity && gone.is_none() {
            *gone = Some(WithheldReason::WithheldIdentity);
        }
        self.masked[person as usize] |= sensitive;
    }

    /// Two different records of one person on the two sides of one line.
    fn check_apart(&self, apart: &FxHashMap<(u32, u32), [Vec<String>; 2]>) -> Result<()> {
        let joined = |(key, sides): (&(u32, u32), &[Vec<String>; 2])| {
            let differ = sides[0].iter().any(|left| sides[1].iter().any(|right| left != right));
            differ && self.gone[key.1 as usize].is_none()
        };
        match apart.iter().filter(|entry| joined(*entry)).count() {
            0 => Ok(()),
            people => {
                Err(Failure::new(&KEPT_APART_TODAY, format!("{people} lines of [[never_link]] are broken by it")))
            }
        }
    }

    /// An identity goes where none of its records stays.
    fn find_gone_identities(&mut self, run: &PublishedRun) -> Result<()> {
        if !self.somebody_is_gone() {
            return Ok(());
        }
        let gone = self.ids.iter().zip(&self.gone).filter(|(_, gone)| gone.is_some());
        let gone: FxHashSet<&[u8]> = gone.map(|(id, _)| id.as_str().as_bytes()).collect();
        self.gone_rows = run.found("crosswalk.parquet", &["person_id"], |first, rows| {
            let ids = rows.text("person_id")?;
            let goes = (0..rows.len()).filter(|&row| gone.contains(ids.value(row).as_bytes()));
            Ok(goes.map(|row| first + row).collect())
        })?;
        run.each_of("crosswalk.parquet", &["identity_id"], &self.gone_rows, |rows| {
            self.gone_identities.extend(rows.hash_texts("identity_id")?);
            Ok(())
        })?;
        // Few identities have records of two people.
        let stay = run.found("crosswalk.parquet", &["identity_id"], |first, rows| {
            let identities = (first..).zip(rows.hash_texts("identity_id")?);
            let of_gone = identities.filter(|(_, identity)| self.gone_identities.contains(*identity));
            let stays = of_gone.filter(|(row, _)| self.gone_rows.binary_search(row).is_err());
            Ok(stays.map(|(_, identity)| *identity).collect::<Vec<IdentityText>>())
        })?;
        stay.iter().for_each(|identity| {
            self.gone_identities.remove(identity);
        });
        Ok(())
    }

    /// One record of whoever is flagged is enough for its identity, as in the night.
    fn find_masked_identities(&mut self, run: &PublishedRun) -> Result<()> {
        if !self.somebody_is_masked() {
            return Ok(());
        }
        let masked = self.ids.iter().zip(&self.masked).filter(|(_, masked)| **masked);
        let masked: FxHashSet<&[u8]> = masked.map(|(id, _)| id.as_str().as_bytes()).collect();
        let identities = run.found("crosswalk.parquet", &["identity_id", "person_id"], |_, rows| {
            let ids = rows.text("person_id")?;
            let theirs = (0..rows.len()).filter(|&row| masked.contains(ids.value(row).as_bytes()));
            let hashes = rows.hash_texts("identity_id")?;
            Ok(theirs.map(|row| hashes[row]).collect::<Vec<IdentityText>>())
        })?;
        self.masked_identities = identities.into_iter().collect();
        Ok(())
    }

    /// The rows of the crosswalk that go, in order.
    pub fn gone_rows(&self) -> &[usize] {
        &self.gone_rows
    }

    /// Is this one of the people of the run, and may not be published any more?
    pub fn is_gone(&self, id: PersonId) -> bool {
        self.place(id).is_some_and(|person| self.reason(person).is_some())
    }

    pub fn somebody_is_gone(&self) -> bool {
        self.gone.iter().any(Option::is_some)
    }

    pub fn somebody_is_masked(&self) -> bool {
        self.masked.contains(&true)
    }

    /// Whether it is of somebody who is flagged today.
    pub fn identity_is_masked(&self, identity: &IdentityText) -> bool {
        self.masked_identities.contains(identity)
    }

    pub fn identity_is_gone(&self, identity: &IdentityText) -> bool {
        self.gone_identities.contains(identity)
    }

    /// The places of the people that some rows name, one a row.
    pub fn persons(&self, run: &PublishedRun, rows: &Rows) -> Result<Vec<u32>> {
        let ids = rows.text("person_id")?;
        let place = |row| PersonId::parse(ids.value(row)).and_then(|id| self.place(id));
        let persons: Option<_> = (0..rows.len()).map(place).collect();
        persons.ok_or_else(|| damaged(&run.folder.join("crosswalk.parquet")))
    }

    fn place(&self, id: PersonId) -> Option<u32> {
        self.places.find(hash(&id), |&place| self.ids[place as usize] == id).copied()
    }

    /// Why a person may not be published any more.
    pub fn reason(&self, person: u32) -> Option<WithheldReason> {
        self.gone[person as usize]
    }

    /// What today says of a row of the run by its record_id, where that names a record.
    pub fn said_of<'a>(&self, today: &'a Today, provider: &str, record_id: &str) -> Option<&'a Mark> {
        today.of_record(provider, record_id).filter(|_| !self.numbered.contains(provider))
    }

    pub fn person_id(&self, person: u32) -> PersonId {
        self.ids[person as usize]
    }

    pub fn people(&self) -> u32 {
        self.ids.len() as u32
    }
}

fn by_their_numbers(run: &PublishedRun, rows: &Rows, (today, also): (&Today, &Numbers)) -> Result<Vec<ByNumber>> {
    let (ids, numbers) = (rows.text("person_id")?, rows.text("nhs_number")?);
    let person = |(id, number): (Option<&str>, Option<&str>)| {
        let gone = number.and_then(|number| today.reason_of_number(number, also));
        let sensitive = number.is_some_and(|number| today.number_is_sensitive(number));
        Some((PersonId::parse(id?)?, gone, sensitive))
    };
    let people: Option<_> = ids.iter().zip(numbers).map(person).collect();
    people.ok_or_else(|| damaged(&run.folder.join("people.parquet")))
}

/// A table of ids, without a copy of them.
fn places(ids: &[PersonId]) -> HashTable<u32> {
    let mut places = HashTable::with_capacity(ids.len());
    for (place, id) in (0..).zip(ids) {
        places.insert_unique(hash(id), place, |&place: &u32| hash(&ids[place as usize]));
    }
    places
}

fn hash(id: &PersonId) -> u64 {
    FxBuildHasher.hash_one(id)
}

/// The records of the crosswalk that something is said of today: of nearly all of them nothing is. Where the run has numbered a provider's rows,
/// what stands there for a record_id is no name of a record, and says nothing.
fn said<'a>(run: &PublishedRun, today: &'a Today, numbered: &BTreeSet<String>) -> Result<Vec<Said<'a>>> {
    let marks_of = |provider: &str| today.of_provider(provider).filter(|_| !numbered.contains(provider));
    run.found("crosswalk.parquet", &["provider", "record_id"], |first, rows| {
        let (providers, records) = (rows.text("provider")?, rows.text("record_id")?);
        // Rows of a provider stand together.
        let (mut found, mut known) = (Vec::new(), ("", marks_of("")));
        for row in 0..rows.len() {
            let (provider, record) = (providers.value(row), records.value(row));
            if known.0 != provider {
                known = (provider, marks_of(provider));
            }
            let mark = known.1.and_then(|marks| marks.get(record));
            found.extend(mark.map(|mark| (first + row, mark, format!("{provider}:{record}"))));
        }
        Ok(found)
    })
}
