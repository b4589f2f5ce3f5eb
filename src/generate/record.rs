//! What one provider wrote down about one person, before its own codes and formats.

use super::chance::Chance;
use super::damage::Damage;
use super::households::{Block, World};
use super::people::{AS_OF, Person, days_after};
use crate::job::Setting;
use jiff::civil::Date;

/// A date as it was written: it may be missing (year 0) or impossible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub year: i16,
    pub month: u8,
    pub day: u8,
}

impl From<Date> for Written {
    fn from(date: Date) -> Self {
        Written { year: date.year(), month: date.month() as u8, day: date.day() as u8 }
    }
}

/// Canonical values of one record. One is reused for all records of a block: its strings are cleared, not made anew.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// Digits, or a filler; empty where missing.
    pub nhs_number: String,
    /// NHS NUMBER STATUS INDICATOR.
    pub number_status: &'static str,
    pub given: String,
    pub middle: String,
    pub family: String,
    pub previous_family: String,
    pub born: Written,
    pub female: Option<bool>,
    pub ethnicity: Option<char>,
    pub line: String,
    pub town: String,
    pub postcode: String,
    /// 0 where missing.
    pub uprn: u64,
    pub phone: String,
    pub email: String,
    /// Which of the block's addresses the place was taken from.
    pub address: u32,
    pub address_from: Option<Date>,
    pub updated: Option<Date>,
}

/// One provider's look at one person.
pub(super) struct Look<'a> {
    pub world: &'a World,
    pub block: &'a Block,
    pub person: &'a Person,
    pub setting: Setting,
    /// The day of the last contact.
    pub seen: Date,
    /// This provider removes names where the NHS number passes its check (the CDS rule).
    pub nameless: bool,
}

impl Look<'_> {
    /// Fills `record` with what the provider holds, damage included.
    pub fn write(&self, damage: &Damage, record: &mut Record, chance: &mut Chance) {
        self.truth(record);
        damage.apply(self, record, chance);
        if self.nameless && passes_check(&record.nhs_number) {
            for name in [
                &mut record.given,
                &mut record.middle,
                &mut record.family,
                &mut record.previous_family,
                &mut record.line,
            ] {
                name.clear();
            }
        }
    }

    /// What a perfect provider would have written on the day.
    fn truth(&self, record: &mut Record) {
        let person = self.person;
        let number = person.old_number.filter(|_| self.seen < days_after(AS_OF, -900)).unwrap_or(person.number);
        set(&mut record.nhs_number, "");
        std::fmt::Write::write_fmt(&mut record.nhs_number, format_args!("{number}"))
            .expect("a String takes what is written");
        record.number_status = if self.setting == Setting::GeneralPractice { "01" } else { "02" };
        match &person.mother {
            Some((mother, family)) if self.seen < person.named_from => self.unnamed(mother, family, record),
            _ => {
                set(&mut record.given, &person.given);
                set(&mut record.middle, &person.middle);
                set(&mut record.family, person.family_on(self.seen));
            }
        }
        set(&mut record.previous_family, "");
        if let Some((previous, since)) = &person.previous_family
            && *since <= self.seen
            && record.family != *previous
        {
            set(&mut record.previous_family, previous);
        }
        record.born = person.born.into();
        record.female = Some(person.female);
        record.ethnicity = Some(self.world.tables.groups[person.group].code);
        self.live_at(person.address_on(self.seen), record);
        set(&mut record.phone, &person.mobile);
        set(&mut record.email, &person.email);
        record.updated = Some(self.seen);
    }

    /// "BABY OF SARAH", "MALE TWIN 1" and the like, under the mother's family name.
    fn unnamed(&self, mother: &str, family: &str, record: &mut Record) {
        let person = self.person;
        let sex = if person.female { "GIRL" } else { "BOY" };
        let words = match (person.birth_order, person.index % 4) {
            (0, 0) => format!("BABY OF {}", mother.to_uppercase()),
            (0, 1) => format!("BABY {sex}"),
            (0, 2) => "BABY".to_string(),
            (0, _) => format!("B/O {}", mother.to_uppercase()),
            (order, 0..2) => format!("{} TWIN {order}", if person.female { "FEMALE" } else { "MALE" }),
            (order, _) => format!("T{order}"),
        };
        set(&mut record.given, &words);
        set(&mut record.middle, "");
        set(&mut record.family, family);
    }

    /// Writes one of the block's addresses.
    pub fn live_at(&self, address: u32, record: &mut Record) {
        let place = &self.block.addresses[address as usize];
        record.address = address;
        record.address_from =
            self.person.addresses.iter().rev().find(|(_, known)| *known == address).map(|(from, _)| *from);
        set(&mut record.line, &place.line);
        set(&mut record.town, place.town);
        set(&mut record.postcode, &place.postcode);
        record.uprn = place.uprn;
    }
}

/// Replaces the text without making a new string.
pub(super) fn set(target: &mut String, value: &str) {
    target.clear();
    target.push_str(value);
}

/// Whether ten digits pass the modulus 11 check of DOMAIN.md section 1.
pub(super) fn passes_check(number: &str) -> bool {
    let Ok(digits) = number.parse::<u64>() else { return false };
    number.len() == 10 && super::numbers::check_digit((digits / 10) as u32) == Some((digits % 10) as u32)
}
