//! The shape of people.parquet in memory.

use super::{Care, Derived, EndOfLife, Segments};
use crate::job::Field;
use crate::records::{Dictionary, MISSING};
use rayon::prelude::*;

/// No record.
pub const NO_ROW: u32 = u32::MAX;

/// Everything known of each person: columns with one entry per dense person.
#[derive(Debug)]
pub struct People {
    pub status: Vec<Status>,
    /// In the order of [`super::FIELDS`].
    pub fields: Vec<BestField>,
    pub other_names: Lists,
    pub other_addresses: Lists,
    /// Number of records (rows).
    pub records: Vec<u32>,
    /// Provider ids, sorted; no list at all for a sensitive person.
    pub providers: Lists,
    pub weakest_probability: Vec<Option<f64>>,
    pub in_review: Vec<bool>,
    pub bare: Vec<bool>,
    /// Names of fields in which the person's records disagree.
    pub conflicts: Lists,
    /// In the order of the job.
    pub facts: Vec<PersonFact>,
    pub derived: Derived,
    /// `None` without `[end_of_life]`.
    pub end_of_life: Option<EndOfLife>,
    /// `None` where no provider sends packages of care.
    pub care: Option<Care>,
    /// By the id of the set, in the order of the job.
    pub segments: Vec<(String, Segments)>,
    /// Days since 1970; [`super::NO_DATE`] where rows that it may rest on are not to be seen.
    pub first_seen: Vec<i32>,
    /// Never leaves the program: only what it hides shows.
    pub sensitive: Vec<bool>,
}

impl People {
    pub fn len(&self) -> usize {
        self.status.len()
    }

    pub fn is_empty(&self) -> bool {
        self.status.is_empty()
    }

    /// The column of `field`, which must be one of [`super::FIELDS`].
    pub fn field(&self, field: Field) -> &BestField {
        self.fields.iter().find(|best| best.field == field).expect("a field of the best record")
    }

    /// The fact with this name.
    pub fn fact(&self, name: &str) -> Option<&PersonFact> {
        self.facts.iter().find(|fact| fact.name == name)
    }
}

/// How the area knows a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// A general practice holds a registration on `as_of`.
    Registered,
    /// Known to a provider, never to a general practice.
    KnownOnly,
    /// Every registration with a general practice has ended; or there never was one, and nobody has seen the person for five years.
    Left,
    /// A plausible date of death stands on or before `as_of`.
    Died,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Registered, Status::KnownOnly, Status::Left, Status::Died];

    /// The word of people.parquet.
    pub fn word(self) -> &'static str {
        match self {
            Status::Registered => "registered",
            Status::KnownOnly => "known_only",
            Status::Left => "left",
            Status::Died => "died",
        }
    }
}

/// The best value of one field, and the record it came from.
#[derive(Debug)]
pub struct BestField {
    pub field: Field,
    pub values: Values,
    /// Row of `Records`, or [`NO_ROW`].
    pub from: Vec<u32>,
}

impl BestField {
    /// A field that no provider maps.
    pub(super) fn empty(field: Field, people: usize) -> Self {
        let values = match field {
            Field::DateOfBirth | Field::DateOfDeath => Values::Date(vec![super::NO_DATE; people]),
            _ => Values::Text { codes: vec![MISSING; people], values: Dictionary::default() },
        };
        BestField { field, values, from: vec![NO_ROW; people] }
    }

    /// The text of a person's value; `None` where it is missing or the field is a date.
    pub fn text(&self, person: usize) -> Option<&str> {
        match &self.values {
            Values::Text { codes, values } => (codes[person] != MISSING).then(|| values.get(codes[person])),
            Values::Date(_) => None,
        }
    }

    /// The date of a person in days since 1970; `None` where it is missing or the field is text.
    pub fn date(&self, person: usize) -> Option<i32> {
        match &self.values {
            Values::Date(days) => (days[person] != super::NO_DATE).then_some(days[person]),
            Values::Text { .. } => None,
        }
    }
}

/// One value a person, as shown.
#[derive(Debug)]
pub enum Values {
    Text {
        codes: Vec<u32>,
        values: Dictionary,
    },
    /// Days since 1970, or [`super::NO_DATE`].
    Date(Vec<i32>),
}

/// A list of texts a person.
#[derive(Debug, Default)]
pub struct Lists {
    /// Person p's codes are `codes[ends[p - 1]..ends[p]]`.
    pub ends: Vec<u32>,
    pub codes: Vec<u32>,
    pub values: Dictionary,
    /// People whose list is null, not empty.
    pub hidden: Vec<bool>,
}

impl Lists {
    /// Lets `fill` append each person's codes to an empty list, in parallel.
    pub(super) fn gather(people: usize, values: Dictionary, fill: impl Fn(usize, &mut Vec<u32>) + Sync) -> Self {
        const PEOPLE_PER_PIECE: usize = 16 << 10;
        let pieces: Vec<(Vec<u32>, Vec<u32>)> = (0..people.div_ceil(PEOPLE_PER_PIECE))
            .into_par_iter()
            .with_max_len(1)
            .map(|piece| {
                let (mut sizes, mut codes, mut list) = (Vec::new(), Vec::new(), Vec::new());
                for person in piece * PEOPLE_PER_PIECE..people.min((piece + 1) * PEOPLE_PER_PIECE) {
                    list.clear();
                    fill(person, &mut list);
                    sizes.push(list.len() as u32);
                    codes.extend_from_slice(&list);
                }
                (sizes, codes)
            })
            .collect();
        let mut lists = Lists { values, hidden: vec![false; people], ..Lists::default() };
        let mut end = 0u32;
        for (sizes, codes) in pieces {
            lists.codes.extend_from_slice(&codes);
            lists.ends.extend(sizes.iter().map(|size| {
                end += size;
                end
            }));
        }
        lists
    }

    pub fn of(&self, person: usize) -> impl ExactSizeIterator<Item = &str> {
        self.codes_of(person).iter().map(|&code| self.values.get(code))
    }

    /// The codes of a person's entries in `values`.
    pub fn codes_of(&self, person: usize) -> &[u32] {
        let start = if person == 0 { 0 } else { self.ends[person - 1] as usize };
        &self.codes[start..self.ends[person] as usize]
    }

    /// Removes the lists of `people`, entries and all.
    pub(super) fn clear_where(&mut self, people: &[bool]) {
        if !people.contains(&true) {
            return;
        }
        let (mut kept, mut start) = (Vec::with_capacity(self.codes.len()), 0);
        for (person, &cleared) in people.iter().enumerate() {
            let end = self.ends[person] as usize;
            if !cleared {
                kept.extend_from_slice(&self.codes[start..end]);
            }
            self.hidden[person] |= cleared;
            start = end;
            self.ends[person] = kept.len() as u32;
        }
        self.codes = kept;
    }
}

/// A carried fact, combined per person.
#[derive(Debug)]
pub struct PersonFact {
    pub name: String,
    pub values: FactValues,
}

/// One value a person, by the kind of the fact.
#[derive(Debug)]
pub enum FactValues {
    Flag(Vec<Option<bool>>),
    /// Days since 1970, or [`super::NO_DATE`].
    Date(Vec<i32>),
    Number(Vec<Option<f64>>),
    Category {
        codes: Vec<u32>,
        values: Dictionary,
    },
    List(Lists),
    /// Never null: nothing known is 0.
    Count(Vec<i64>),
}

impl FactValues {
    /// Removes the values of the marked people, as if nothing were known.
    pub(super) fn clear_where(&mut self, people: &[bool]) {
        let marked = || (0..people.len()).filter(|&person| people[person]);
        match self {
            FactValues::Flag(flags) => marked().for_each(|person| flags[person] = None),
            FactValues::Date(days) => marked().for_each(|person| days[person] = super::NO_DATE),
            FactValues::Number(numbers) => marked().for_each(|person| numbers[person] = None),
            FactValues::Category { codes, .. } => marked().for_each(|person| codes[person] = MISSING),
            FactValues::List(lists) => lists.clear_where(people),
            FactValues::Count(counts) => marked().for_each(|person| counts[person] = 0),
        }
    }
}
