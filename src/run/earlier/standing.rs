//! The people of an earlier run, and which of them may stand again today.

use super::today::Today;
use crate::consent::WithheldReason;
use crate::failure::{Code, Exit, Failure, Result};
use crate::identity::PersonId;
use crate::publish::OTHER_NUMBERS;
use crate::publish::published::{PublishedRun, Rows, damaged};
use arrow::array::Array;
use rustc_hash::{FxHashMap, FxHashSet};

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

/// Everybody in the run, in the order of its people.parquet.
#[derive(Default)]
pub(in crate::run) struct Standing {
    place: FxHashMap<PersonId, u32>,
    ids: Vec<PersonId>,
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
}

impl Standing {
    /// Who may stand: read from the run's people and crosswalk.
    ///
    /// # Errors
    /// OF0550 where the run joins what must be kept apart today; OF0535 where a file cannot be read.
    pub fn of(run: &PublishedRun, today: &Today) -> Result<Standing> {
        let mut standing = Standing::default();
        run.each("people.parquet", &["person_id", "nhs_number"], |rows| standing.add_people(run, rows, today))?;
        if run.has(OTHER_NUMBERS) {
            run.each_whole(OTHER_NUMBERS, |rows| standing.add_numbers(run, rows, today))?;
        }
        standing.look_through_crosswalk(run, today)?;
        standing.find_gone_identities(run)?;
        standing.find_masked_identities(run)?;
        Ok(standing)
    }

    /// Marks the people of the records that something is said of today.
    fn look_through_crosswalk(&mut self, run: &PublishedRun, today: &Today) -> Result<()> {
        // Of nearly all of them nothing is said.
        let (mut first, mut marked, mut said) = (0, Vec::new(), Vec::new());
        run.each("crosswalk.parquet", &["provider", "record_id"], |rows| {
            let (provider, record) = (rows.text("provider")?, rows.text("record_id")?);
            for row in 0..rows.len() {
                if let Some(mark) = today.of_record(provider.value(row), record.value(row)) {
                    marked.push(first + row);
                    said.push((mark, format!("{}:{}", provider.value(row), record.value(row))));
                }
            }
            first += rows.len();
            Ok(())
        })?;
        let mut apart: FxHashMap<(u32, u32), [Vec<String>; 2]> = FxHashMap::default();
        let mut said = said.into_iter();
        run.each_of("crosswalk.parquet", &["person_id"], &marked, |rows| {
            for (row, (mark, name)) in (0..rows.len()).zip(&mut said) {
                let person = self.person(run, rows, row)?;
                self.mark(person, mark.objects, mark.withheld_identity, mark.sensitive);
                for &(line, side) in &mark.apart {
                    apart.entry((line, person)).or_default()[usize::from(side)].push(name.clone());
                }
            }
            Ok(())
        })?;
        self.check_apart(&apart)
    }

    fn add_people(&mut self, run: &PublishedRun, rows: &Rows, today: &Today) -> Result<()> {
        let number = rows.text("nhs_number")?;
        for (row, id) in person_ids(run, rows)?.into_iter().enumerate() {
            self.place.insert(id, self.ids.len() as u32);
            self.ids.push(id);
            let number = number.is_valid(row).then(|| number.value(row));
            let objects = number.is_some_and(|number| today.number_objects(number));
            self.gone.push(objects.then_some(WithheldReason::LocalObjectionLinked));
            self.masked.push(number.is_some_and(|number| today.number_is_sensitive(number)));
        }
        Ok(())
    }

    /// Numbers that people have beside the one of the best record.
    fn add_numbers(&mut self, run: &PublishedRun, rows: &Rows, today: &Today) -> Result<()> {
        let numbers = rows.text("nhs_number")?;
        for row in 0..rows.len() {
            let number = numbers.value(row);
            let person = self.person(run, rows, row)?;
            self.mark(person, today.number_objects(number), false, today.number_is_sensitive(number));
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
        let (mut first, mut gone_rows) = (0, Vec::new());
        run.each("crosswalk.parquet", &["person_id"], |rows| {
            let ids = rows.text("person_id")?;
            gone_rows
                .extend((0..rows.len()).filter(|&row| gone.contains(ids.value(row).as_bytes())).map(|row| first + row));
            first += rows.len();
            Ok(())
        })?;
        self.gone_rows = gone_rows;
        run.each_of("crosswalk.parquet", &["identity_id"], &self.gone_rows, |rows| {
            self.gone_identities.extend(rows.hash_texts("identity_id")?);
            Ok(())
        })?;
        // Few identities have records of two people.
        let (mut first, mut stays) = (0, FxHashSet::default());
        let mut gone_rows = self.gone_rows.iter().peekable();
        run.each("crosswalk.parquet", &["identity_id"], |rows| {
            for (row, identity) in (first..).zip(rows.hash_texts("identity_id")?) {
                if gone_rows.next_if_eq(&&row).is_none() && self.gone_identities.contains(identity) {
                    stays.insert(*identity);
                }
            }
            first += rows.len();
            Ok(())
        })?;
        self.gone_identities.retain(|identity| !stays.contains(identity));
        Ok(())
    }

    /// One record of whoever is flagged is enough for its identity, as in the night.
    fn find_masked_identities(&mut self, run: &PublishedRun) -> Result<()> {
        if !self.somebody_is_masked() {
            return Ok(());
        }
        let masked = self.ids.iter().zip(&self.masked).filter(|(_, masked)| **masked);
        let masked: FxHashSet<&[u8]> = masked.map(|(id, _)| id.as_str().as_bytes()).collect();
        let mut identities = FxHashSet::default();
        run.each("crosswalk.parquet", &["identity_id", "person_id"], |rows| {
            let ids = rows.text("person_id")?;
            let theirs = (0..rows.len()).filter(|&row| masked.contains(ids.value(row).as_bytes()));
            let hashes = rows.hash_texts("identity_id")?;
            identities.extend(theirs.map(|row| hashes[row]));
            Ok(())
        })?;
        self.masked_identities = identities;
        Ok(())
    }

    /// The rows of the crosswalk that go, in order.
    pub fn gone_rows(&self) -> &[usize] {
        &self.gone_rows
    }

    /// Is this one of the people of the run, and may not be published any more?
    pub fn is_gone(&self, id: PersonId) -> bool {
        self.place.get(&id).is_some_and(|&person| self.reason(person).is_some())
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

    /// The place of the person that a row names.
    pub fn person(&self, run: &PublishedRun, rows: &Rows, row: usize) -> Result<u32> {
        let id = PersonId::parse(rows.text("person_id")?.value(row));
        let place = id.and_then(|id| self.place.get(&id)).copied();
        place.ok_or_else(|| damaged(&run.folder.join("crosswalk.parquet")))
    }

    /// Why a person may not be published any more.
    pub fn reason(&self, person: u32) -> Option<WithheldReason> {
        self.gone[person as usize]
    }

    pub fn person_id(&self, person: u32) -> PersonId {
        self.ids[person as usize]
    }

    pub fn people(&self) -> u32 {
        self.ids.len() as u32
    }
}

fn person_ids(run: &PublishedRun, rows: &Rows) -> Result<Vec<PersonId>> {
    let ids = rows.text("person_id")?.iter().map(|id| id.and_then(PersonId::parse)).collect::<Option<_>>();
    ids.ok_or_else(|| damaged(&run.folder.join("people.parquet")))
}
