//! One best record per person: the most credible value of each field, with where it came from.
//!
//! In: [`Records`], their [`Partition`] into people, and what the linking says of each person. Out: [`People`], columns with one entry
//! per dense person. Always: every value shown stands in a record of that person, and `from` names it; the result does not depend on
//! the number of threads; a sensitive person has neither place nor provider in any column.

mod age;
mod care;
mod columns;
mod conflicts;
mod credibility;
mod dates;
mod derived;
mod end_of_life;
mod facts;
mod history;
mod people;
mod places;
mod readable;
mod rows;
mod segments;
mod status;
#[cfg(test)]
mod tests;

pub use age::{AGE_BANDS, age_band, age_in_years};
pub use care::Care;
pub(crate) use columns::column;
pub(crate) use credibility::is_name;
pub use dates::{NO_DATE, days};
pub(crate) use dates::{date_of, parse_days, updated};
pub use derived::Derived;
pub use end_of_life::EndOfLife;
pub(crate) use end_of_life::first_death;
pub use people::{BestField, FactValues, Lists, NO_ROW, People, PersonFact, Status, Values};
pub(crate) use places::{comparison_may_tell_place, may_tell_place};
pub use segments::{NO_SEGMENT, Segments};

use crate::clustering::Partition;
use crate::job::{Field, Job};
use crate::records::{Identities, MISSING, Records};
use crate::reference::Reference;
use credibility::{Chooser, Column};
use rayon::prelude::*;
use rows::Rows;
use std::sync::Arc;

/// The fields of people.parquet, in its order.
pub use crate::job::BEST_FIELDS as FIELDS;

/// Fields that tell where a person lives or can be found: hidden for a sensitive person.
const PLACE_FIELDS: [Field; 6] =
    [Field::Address, Field::Postcode, Field::Uprn, Field::Phone, Field::Email, Field::GpPractice];

/// Further columns that tell where a person is known.
const HIDDEN_WITH_PLACES: [&str; 8] =
    ["other_addresses", "providers", "provider_count", "sectors", "lsoa", "ward", "icb", "imd_decile"];

/// The columns of people.parquet that are null for a sensitive person.
pub(crate) fn hidden_columns(job: &Job) -> Vec<String> {
    let places = PLACE_FIELDS.iter().filter_map(|field| field.word()).map(str::to_string);
    let sources = FIELDS.iter().filter_map(|field| field.word()).map(|word| format!("{word}_from"));
    let facts = job.providers.iter().flat_map(|provider| &provider.carry).filter(|fact| fact.place);
    let facts = facts.map(|fact| fact.name.clone());
    let mut hidden: Vec<String> =
        places.chain(sources).chain(HIDDEN_WITH_PLACES.map(str::to_string)).chain(facts).collect();
    hidden.extend(["package_overlaps", "wishes_known_to_last"].map(str::to_string));
    if job.care.looks_at(&hidden) {
        hidden.extend(["packages_due", "package_gaps"].map(str::to_string));
    }
    // A segment that rests on a place tells something of it; sets may look at those before them.
    for set in &job.segment_sets {
        if set.looks_at(&hidden) {
            hidden.push(set.id.clone());
        }
    }
    hidden
}

/// What the linking says of each person, one entry per dense person; and what is known of places.
#[derive(Debug, Clone, Default)]
pub struct Linked {
    /// `None` where the job names no reference files.
    pub reference: Option<Arc<Reference>>,
    /// Probability of the weakest link that holds the person together; `None` with a single record.
    pub weakest_probability: Vec<Option<f64>>,
    /// A pair of this person with another one waits for review.
    pub in_review: Vec<bool>,
    /// The person's records say too little to be linked.
    pub bare: Vec<bool>,
    /// `as_of` of the run that first issued the person_id.
    pub first_seen: Vec<jiff::civil::Date>,
}

impl Linked {
    /// Says nothing any more of the marked people: as of anybody with a single record of whom nothing is in doubt.
    fn without(mut self, marked: &[bool]) -> Linked {
        for person in (0..marked.len()).filter(|&person| marked[person]) {
            self.weakest_probability[person] = None;
            self.in_review[person] = false;
            self.bare[person] = false;
        }
        self
    }
}

/// Combines the records of each person.
///
/// # Panics
/// Where the vectors do not have one entry per record or person.
pub fn combine(job: &Job, records: &Records, partition: &Partition, linked: Linked) -> People {
    let people = partition.people as usize;
    assert_eq!(records.len(), partition.person.len(), "every record belongs to one person");
    assert_eq!(people, linked.first_seen.len(), "every person has been seen");
    let rows = Rows::of(partition);
    let sensitive = sensitive_people(records, &rows);
    combine_rows(job, records, &rows, linked, (sensitive, &[]))
}

/// Combines what is left of each person of `whole` where some of their rows may not be seen.
///
/// Whoever is marked in any row stays marked, since the mark is a union over all of them. What linking says of a person it says of all their
/// rows, so that of whoever has lost some it says nothing.
///
/// # Panics
/// Where the vectors do not have one entry per record or person.
pub fn combine_left(job: &Job, records: &Records, left: &Partition, linked: Linked, whole: &People) -> People {
    assert_eq!(records.len(), left.person.len(), "every record is somebody's or nobody's");
    assert_eq!(whole.len(), left.people as usize, "nobody comes or goes");
    let rows = Rows::of(left);
    let lost: Vec<bool> = rows.sizes().iter().zip(&whole.records).map(|(left, all)| left < all).collect();
    combine_rows(job, records, &rows, linked.without(&lost), (whole.sensitive.clone(), &lost))
}

/// Combines the rows of each person; nobody knows when whoever has `lost` some was first seen.
fn combine_rows(
    job: &Job,
    records: &Records,
    rows: &Rows,
    linked: Linked,
    (sensitive, lost): (Vec<bool>, &[bool]),
) -> People {
    let chooser = Chooser::new(job, records, rows);
    let mut fields = best_fields(&chooser);
    refuse_death_before_birth(&mut fields);

    // Each of these ends on one thread, which puts texts in order or counts.
    let other_places = || {
        let addresses = history::other_addresses(&chooser, &fields);
        (addresses, derived::sectors(job, records, rows), providers_of(job, records, rows))
    };
    let names_and_facts = || {
        let names = history::other_names(&chooser, &fields);
        let facts = facts::combine(&chooser, &sensitive);
        let last_contact = derived::last_contacts(&chooser, &facts);
        (names, facts, last_contact)
    };
    let ((mut other_addresses, sectors, mut providers), (other_names, facts, last_contact)) =
        rayon::join(other_places, names_and_facts);
    let as_of = days(job.as_of);
    let mut derived =
        Derived { as_of, age: derived::ages(&fields, as_of), sectors, last_contact, ..Derived::default() };
    let status = status::status(&chooser, &fields, &derived.last_contact);
    hide_places(&sensitive, &mut fields);
    other_addresses.clear_where(&sensitive);
    providers.clear_where(&sensitive);
    derived.sectors.clear_where(&sensitive);
    // From the postcode that is shown: a sensitive person has none.
    derived.find_places(&fields, linked.reference);
    let mut people = People {
        status,
        fields,
        other_names,
        other_addresses,
        records: rows.sizes(),
        providers,
        weakest_probability: linked.weakest_probability,
        in_review: linked.in_review,
        bare: linked.bare,
        conflicts: conflicts::conflicts(&chooser),
        facts,
        derived,
        care: None,
        end_of_life: None,
        segments: Vec::new(),
        first_seen: first_seen(&linked.first_seen, lost),
        sensitive,
    };
    people.end_of_life = end_of_life::of(&chooser, &people);
    people.care = care::of(&chooser, &people);
    segments::assign(job, &mut people);
    people
}

/// Days since 1970, or [`NO_DATE`] of whoever has `lost` rows.
fn first_seen(seen: &[jiff::civil::Date], lost: &[bool]) -> Vec<i32> {
    let is_lost = |person: usize| lost.get(person).is_some_and(|lost| *lost);
    let day = |(person, &day): (usize, &jiff::civil::Date)| if is_lost(person) { NO_DATE } else { days(day) };
    seen.iter().enumerate().map(day).collect()
}

fn best_fields(chooser: &Chooser) -> Vec<BestField> {
    // The postcode is chosen before the address and the UPRN: they should be of one place.
    let postcode = Column::of(chooser, Field::Postcode).map(|column| (chooser.choose(&column, None), column));
    let best_field = |&field: &Field| {
        let Some(column) = Column::of(chooser, field) else {
            return BestField::empty(field, chooser.rows.people());
        };
        let from = match (&postcode, field) {
            (Some((chosen, _)), Field::Postcode) => chosen.clone(),
            (Some((chosen, postcode)), Field::Address | Field::Uprn) => {
                chooser.choose(&column, Some((chosen, postcode)))
            }
            _ => chooser.choose(&column, None),
        };
        column.best_field(chooser, from)
    };
    FIELDS.par_iter().map(best_field).collect()
}

/// Nobody dies before being born: of the two, the date of birth is confirmed by more contacts.
fn refuse_death_before_birth(fields: &mut [BestField]) {
    let place = |field| FIELDS.iter().position(|known| *known == field).expect("a field of the best record");
    let born = match &fields[place(Field::DateOfBirth)].values {
        Values::Date(days) => days.clone(),
        Values::Text { .. } => return,
    };
    let death = &mut fields[place(Field::DateOfDeath)];
    if let Values::Date(died) = &mut death.values {
        for (person, died) in died.iter_mut().enumerate() {
            if *died != NO_DATE && *died < born[person] {
                *died = NO_DATE;
                death.from[person] = NO_ROW;
            }
        }
    }
}

/// One record that is flagged makes the person sensitive (DOMAIN: the flag is a union over the person's records).
fn sensitive_people(records: &Records, rows: &Rows) -> Vec<bool> {
    let mut sensitive = vec![false; rows.people()];
    if let Some(is_flagged) = flagged(records) {
        for (person, sensitive) in sensitive.iter_mut().enumerate() {
            *sensitive = rows.of_person(person).iter().any(|&row| is_flagged(row as usize));
        }
    }
    sensitive
}

/// Whether a row is flagged; `None` where none can be.
fn flagged(records: &Records) -> Option<impl Fn(usize) -> bool + Sync + '_> {
    let column = records.clean.get(&Field::Sensitivity)?;
    let flag: Vec<bool> = column.values.iter().map(|value| value.eq_ignore_ascii_case("s")).collect();
    let is_flagged = move |row: usize| {
        let code = column.code(row);
        code != MISSING && flag[code as usize]
    };
    column.values.iter().any(|value| value.eq_ignore_ascii_case("s")).then_some(is_flagged)
}

/// Of each identity, whether one of its rows, or another of their person's, is flagged; `None` where none can be.
pub(crate) fn sensitive_identities(
    records: &Records,
    partition: &Partition,
    identities: &Identities,
) -> Option<Vec<bool>> {
    let is_flagged = flagged(records)?;
    let marked: Vec<usize> = (0..records.len()).into_par_iter().filter(|&row| is_flagged(row)).collect();
    let mut people = vec![false; partition.people as usize];
    let known = marked.iter().map(|&row| partition.person[row]).filter(|person| *person != MISSING);
    known.for_each(|person| people[person as usize] = true);
    let is_theirs = |row: &usize| {
        let person = partition.person[*row];
        person != MISSING && people[person as usize]
    };
    let theirs: Vec<usize> = (0..records.len()).into_par_iter().filter(is_theirs).collect();
    let mut hidden = vec![false; identities.len()];
    // A row that was kept out of linking has no person, and perhaps an identity.
    let of_rows = marked.iter().chain(&theirs).map(|&row| identities.of_record[row]);
    of_rows.filter(|identity| *identity != MISSING).for_each(|identity| hidden[identity as usize] = true);
    Some(hidden)
}

/// Removes a sensitive person's place, and every provider: a provider is a place too.
fn hide_places(sensitive: &[bool], fields: &mut [BestField]) {
    for best in fields {
        let place = PLACE_FIELDS.contains(&best.field);
        for person in (0..sensitive.len()).filter(|&person| sensitive[person]) {
            best.from[person] = NO_ROW;
            match &mut best.values {
                Values::Text { codes, .. } if place => codes[person] = MISSING,
                Values::Date(days) if place => days[person] = NO_DATE,
                _ => {}
            }
        }
    }
}

/// The providers that know each person, sorted by their ids.
fn providers_of(job: &Job, records: &Records, rows: &Rows) -> Lists {
    let mut order: Vec<usize> = (0..job.providers.len()).collect();
    order.sort_by(|&a, &b| job.providers[a].id.cmp(&job.providers[b].id));
    let mut values = crate::records::Dictionary::default();
    let mut rank = vec![0u32; job.providers.len()];
    for provider in order {
        rank[provider] = values.intern(&job.providers[provider].id);
    }
    Lists::gather(rows.people(), values, |person, list| {
        list.extend(rows.of_person(person).iter().map(|&row| rank[records.provider[row as usize] as usize]));
        list.sort_unstable();
        list.dedup();
    })
}
