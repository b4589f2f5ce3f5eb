//! What follows from a person's best record and records: age, the sectors that know them, and when anybody last saw them.

use super::credibility::Chooser;
use super::dates::{self, NO_DATE};
use super::people::{BestField, FactValues, Lists, PersonFact};
use super::{age_in_years, rows::Rows};
use crate::job::{Field, Job, Setting};
use crate::records::{Dictionary, MISSING, Records};
use crate::reference::{Codes, Reference};
use rayon::prelude::*;
use std::sync::Arc;

/// The carried date that is a contact, beside `updated`.
pub(super) const LAST_CONTACT: &str = "last_contact";

/// Columns with one entry a person.
#[derive(Debug, Default)]
pub struct Derived {
    /// `as_of` of the job, in days since 1970.
    pub as_of: i32,
    /// Whole years at `as_of`, or at death for whoever has died.
    pub age: Vec<Option<u8>>,
    /// Settings of the providers that know the person, in the order of [`Setting::ALL`]; no list at all for a sensitive person.
    pub sectors: Lists,
    /// The latest day, in days since 1970 and not after `as_of`, on which a provider has updated a record of the person or carried it as
    /// `last_contact`; [`NO_DATE`] where none says.
    pub last_contact: Vec<i32>,
    /// Each person's place in `reference`, or [`MISSING`]; empty where the job names no reference files.
    pub(super) place: Vec<u32>,
    pub(super) reference: Option<Arc<Reference>>,
}

impl Derived {
    /// Days from the last contact to `as_of`.
    pub fn days_since_contact(&self, person: usize) -> Option<i32> {
        let day = self.last_contact[person];
        (day != NO_DATE).then(|| self.as_of - day)
    }

    /// Looks each person's postcode up.
    pub(super) fn find_places(&mut self, fields: &[BestField], reference: Option<Arc<Reference>>) {
        let Some(reference) = reference else { return };
        let postcode = fields.iter().find(|best| best.field == Field::Postcode).expect("a field of the best record");
        let place = |person| postcode.text(person).and_then(|text| reference.place(text)).unwrap_or(MISSING);
        self.place = (0..postcode.from.len()).into_par_iter().map(place).collect();
        self.reference = Some(reference);
    }

    /// The column of places with this name; `None` where the job's files have none.
    pub(crate) fn area(&self, name: &str) -> Option<&Codes> {
        let reference = self.reference.as_deref()?;
        match name {
            "lsoa" => reference.lsoa.as_ref(),
            "ward" => reference.ward.as_ref(),
            _ => reference.icb.as_ref(),
        }
    }

    /// The code of a person's place in such a column.
    pub(crate) fn area_code(&self, codes: &Codes, person: usize) -> Option<u32> {
        let place = self.place[person];
        (place != MISSING).then(|| codes.of(place)).filter(|code| *code != MISSING)
    }

    /// Decile of deprivation of the small area where the person lives, 1 the most deprived.
    pub fn imd_decile(&self, person: usize) -> Option<u8> {
        let place = *self.place.get(person)?;
        self.reference.as_deref().filter(|_| place != MISSING)?.decile_of(place)
    }
}

/// Ages from dates of birth and death, both of the best record.
pub(super) fn ages(fields: &[BestField], as_of: i32) -> Vec<Option<u8>> {
    let field = |field| fields.iter().find(|best| best.field == field).expect("a field of the best record");
    let (born, died) = (field(Field::DateOfBirth), field(Field::DateOfDeath));
    let age = |person: usize| {
        let until = died.date(person).unwrap_or(as_of).min(as_of);
        born.date(person).map(|born| age_in_years(born, until))
    };
    (0..born.from.len()).map(age).collect()
}

/// The latest contact of each person.
pub(super) fn last_contacts(chooser: &Chooser, facts: &[PersonFact]) -> Vec<i32> {
    let as_of = dates::days(chooser.job.as_of);
    let carried = facts.iter().find(|fact| fact.name == LAST_CONTACT).map(|fact| &fact.values);
    let latest = |person: usize| {
        let updated = chooser.rows.of_person(person).iter().map(|&row| chooser.updated(row));
        let carried = match carried {
            Some(FactValues::Date(days)) => days[person],
            _ => NO_DATE,
        };
        updated.chain([carried]).filter(|&day| day <= as_of).max().unwrap_or(NO_DATE)
    };
    (0..chooser.rows.people()).map(latest).collect()
}

/// The settings that know each person.
pub(super) fn sectors(job: &Job, records: &Records, rows: &Rows) -> Lists {
    let mut values = Dictionary::default();
    for setting in Setting::ALL {
        values.intern(setting.word());
    }
    let setting: Vec<u32> = job.providers.iter().map(|provider| provider.setting as u32).collect();
    Lists::gather(rows.people(), values, |person, list| {
        list.extend(rows.of_person(person).iter().map(|&row| setting[records.provider[row as usize] as usize]));
        list.sort_unstable();
        list.dedup();
    })
}
