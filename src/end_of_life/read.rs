//! The wishes of all people and what came of them, out of the carried facts of their records.

use crate::job::EndOfLifeSettings;
use crate::records::{Column, Dictionary, MISSING, Records, Translated};
use crate::standardise::date::days;
use jiff::civil::Date;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// What a wish is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WishKind {
    PlaceOfCare,
    PlaceOfDeath,
}

impl WishKind {
    pub const ALL: [WishKind; 2] = [WishKind::PlaceOfCare, WishKind::PlaceOfDeath];

    /// The word of wishes.parquet.
    pub fn word(self) -> &'static str {
        match self {
            WishKind::PlaceOfCare => "preferred_place_of_care",
            WishKind::PlaceOfDeath => "preferred_place_of_death",
        }
    }
}

/// One wish, as one record has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Dense number.
    pub person: u32,
    /// Row of the records.
    pub row: u32,
    /// Index into the job's providers.
    pub provider: u16,
    pub kind: WishKind,
    /// Code of [`Wishes::places`].
    pub place: u32,
    /// Day on which it was decided or reviewed, since 1970, where the record says.
    pub decided_on: Option<i32>,
}

/// Every wish of a run.
#[derive(Debug, Default)]
pub struct Wishes {
    /// By person, then kind, the latest decision first (not known last), then provider and row.
    pub rows: Vec<Wish>,
    /// In small letters, as the job translates them.
    pub places: Dictionary,
}

/// What is known of people before their wishes are read.
pub struct People<'a> {
    pub count: usize,
    /// The rows of a person, ascending.
    pub rows_of: &'a (dyn Fn(usize) -> &'a [u32] + Sync),
    /// Day of death, if the person has died.
    pub died: &'a (dyn Fn(usize) -> Option<i32> + Sync),
    /// Day on which a row was updated, if its provider says.
    pub updated: &'a (dyn Fn(u32) -> Option<i32> + Sync),
    /// Name of the carried date that is a contact.
    pub last_contact: &'a str,
}

/// What follows for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ending {
    /// Does any provider hold a preferred place?
    pub recorded: bool,
    /// Did the provider that saw the person last, before `as_of` or death, hold it? `None` where no wish is recorded, or nobody says when they
    /// saw the person.
    pub known_to_last: Option<bool>,
    /// Unplanned admissions in the last days before `as_of` or death; those of one day at one provider are one.
    pub late_admissions: u32,
}

/// What one row says, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub provider: u16,
    /// The last day on which its provider saw the person.
    pub contact: Option<i32>,
    pub has_wish: bool,
    pub admitted: Option<i32>,
}

/// What follows from the rows of one person; `until` is the day of death, or `as_of`.
pub fn judge(rows: &[Seen], until: i32, last_days: i32) -> Ending {
    let recorded = rows.iter().any(|row| row.has_wish);
    // A practice that is told of a death has not seen the person on that day.
    let before = |day: &i32| *day <= until;
    let contacts = || rows.iter().filter_map(|row| Some((row.contact.filter(before)?, row.provider)));
    let known_to_last = contacts().map(|(day, _)| day).max().filter(|_| recorded).map(|last| {
        let holds = |provider: u16| rows.iter().any(|row| row.provider == provider && row.has_wish);
        // Of several who saw the person on the last day, one is enough.
        contacts().any(|(day, provider)| day == last && holds(provider))
    });
    let late = |row: &Seen| row.admitted.filter(|day| *day <= until && until - day < last_days);
    let admissions: BTreeSet<(u16, i32)> = rows.iter().filter_map(|row| Some((row.provider, late(row)?))).collect();
    Ending { recorded, known_to_last, late_admissions: admissions.len() as u32 }
}

impl Wishes {
    /// Reads all wishes, and judges each person.
    pub fn read(
        settings: &EndOfLifeSettings,
        as_of: Date,
        records: &Records,
        people: &People,
    ) -> (Wishes, Vec<Ending>) {
        const PEOPLE_PER_PIECE: usize = 16 << 10;
        let mut places = Dictionary::default();
        let reader = Reader::of(settings, as_of, records, people, &mut places);
        let piece = |piece: usize| {
            let (mut rows, mut endings) = (Vec::new(), Vec::new());
            for person in piece * PEOPLE_PER_PIECE..people.count.min((piece + 1) * PEOPLE_PER_PIECE) {
                rows.extend(reader.wishes_of(person));
                endings.push(reader.ending_of(person));
            }
            (rows, endings)
        };
        let pieces: Vec<(Vec<Wish>, Vec<Ending>)> =
            (0..people.count.div_ceil(PEOPLE_PER_PIECE)).into_par_iter().map(piece).collect();
        let (rows, endings): (Vec<Vec<Wish>>, Vec<Vec<Ending>>) = pieces.into_iter().unzip();
        (Wishes { rows: rows.concat(), places }, endings.concat())
    }
}

struct Reader<'a, 'p> {
    settings: &'a EndOfLifeSettings,
    as_of: i32,
    records: &'a Records,
    people: &'a People<'p>,
    /// By kind, the fact as codes of places.
    wishes: [Option<Translated<'a, u32>>; 2],
    decided_on: Option<Days<'a>>,
    last_contact: Option<Days<'a>>,
    admitted: Option<Days<'a>>,
}

/// A carried date, row by row.
type Days<'a> = Translated<'a, Option<i32>>;

impl<'a, 'p> Reader<'a, 'p> {
    fn of(
        settings: &'a EndOfLifeSettings,
        as_of: Date,
        records: &'a Records,
        people: &'a People<'p>,
        places: &mut Dictionary,
    ) -> Reader<'a, 'p> {
        let fact = |name: &str| records.facts.iter().find(|fact| fact.rule.name == name).map(|fact| &fact.column);
        let mut wish = |name: Option<&String>| {
            let column = fact(name?)?;
            Some(Translated::of(column, MISSING, |value| places.intern(&settings.place(value))))
        };
        let wishes = [wish(settings.preferred_place_of_care.as_ref()), wish(Some(&settings.preferred_place_of_death))];
        let dates = |name: &str| fact(name).map(days_of);
        Reader {
            settings,
            as_of: days(as_of),
            records,
            people,
            wishes,
            decided_on: settings.decided_on.as_deref().and_then(dates),
            last_contact: dates(people.last_contact),
            admitted: settings.unplanned_admission.as_deref().and_then(dates),
        }
    }

    fn provider(&self, row: u32) -> u16 {
        self.records.provider[row as usize]
    }

    fn place(&self, kind: WishKind, row: u32) -> Option<u32> {
        let place = self.wishes[kind as usize].as_ref()?.at(row);
        (place != MISSING).then_some(place)
    }

    fn wishes_of(&self, person: usize) -> Vec<Wish> {
        let rows = (self.people.rows_of)(person);
        let wish = |kind: WishKind, row: u32| {
            let decided_on = self.decided_on.as_ref().and_then(|days| days.at(row));
            let provider = self.provider(row);
            self.place(kind, row).map(|place| Wish { person: person as u32, row, provider, kind, place, decided_on })
        };
        let kinds = WishKind::ALL.into_iter();
        let mut found: Vec<Wish> = kinds.flat_map(|kind| rows.iter().filter_map(move |&row| wish(kind, row))).collect();
        found.sort_by_key(|wish| (wish.kind, std::cmp::Reverse(wish.decided_on), wish.provider, wish.row));
        found
    }

    fn ending_of(&self, person: usize) -> Ending {
        let until = (self.people.died)(person).unwrap_or(self.as_of).min(self.as_of);
        let day = |days: &Option<Days>, row: u32| days.as_ref().and_then(|days| days.at(row));
        let seen = |&row: &u32| {
            let admitted = day(&self.admitted, row);
            let contacts = [(self.people.updated)(row), day(&self.last_contact, row), admitted];
            Seen {
                provider: self.provider(row),
                contact: contacts.into_iter().flatten().filter(|day| *day <= until).max(),
                has_wish: WishKind::ALL.into_iter().any(|kind| self.place(kind, row).is_some()),
                admitted,
            }
        };
        let rows: Vec<Seen> = (self.people.rows_of)(person).iter().map(seen).collect();
        judge(&rows, until, self.settings.last_days)
    }
}

/// The days of a carried date, whose values are ISO dates.
fn days_of(column: &Column) -> Days<'_> {
    Days::of(column, None, |value| value.parse().ok().map(days))
}
