//! Wishes of each person, and the columns that come of them.

use super::credibility::Chooser;
use super::days;
use super::derived::LAST_CONTACT;
use super::people::{FactValues, People};
use super::{NO_DATE, Status};
use crate::end_of_life::{self, Ending, PersonEnding, Wishes};
use crate::expression::Column;
use crate::job::{EndOfLifeSettings, Field};
use crate::records::MISSING;

/// What is known of the end of life: columns with one entry a person.
#[derive(Debug)]
pub struct EndOfLife {
    pub wishes: Wishes,
    /// Of a sensitive person it is not told which provider knew.
    pub endings: Vec<Ending>,
    /// Did whoever has died die where they wished? `None` where either is not known.
    pub where_wished: Vec<Option<bool>>,
    /// Places as the job translates them, of the facts of each person.
    preferred: Places,
    actual: Places,
    on_register: Vec<bool>,
    died_lately: Vec<bool>,
}

impl EndOfLife {
    /// A column by its name.
    pub(super) fn column(&self, name: &str) -> Option<Column<'_>> {
        Some(match name {
            "wishes_recorded" => Column::Flag(Box::new(|person| Some(self.endings[person].recorded))),
            "wishes_known_to_last" => Column::Flag(Box::new(|person| self.endings[person].known_to_last)),
            "died_where_wished" => Column::Flag(Box::new(|person| self.where_wished[person])),
            "late_unplanned_admissions" => {
                Column::Whole(Box::new(|person| Some(i64::from(self.endings[person].late_admissions))))
            }
            _ => return None,
        })
    }

    /// What is counted of a person.
    pub(crate) fn of(&self, person: usize, here: bool) -> PersonEnding<'_> {
        let ending = self.endings[person];
        PersonEnding {
            here,
            died_lately: self.died_lately[person],
            on_register: self.on_register[person],
            recorded: ending.recorded,
            known_to_last: ending.known_to_last,
            late_admissions: i64::from(ending.late_admissions),
            preferred_place_of_death: self.preferred.of(person),
            place_of_death: self.actual.of(person),
        }
    }
}

/// The first day of the deaths that are counted, since 1970.
pub(crate) fn first_death(as_of: jiff::civil::Date, settings: &EndOfLifeSettings) -> i32 {
    let span = jiff::Span::new().months(settings.died_within.months).days(settings.died_within.days);
    days(as_of.saturating_sub(span))
}

/// Reads and judges the wishes of all people; `people` are whole but for this, packages and segments.
pub(super) fn of(chooser: &Chooser, people: &People) -> Option<EndOfLife> {
    let job = chooser.job;
    let settings = job.end_of_life.as_ref()?;
    let died = people.field(Field::DateOfDeath);
    let (wishes, mut endings) = Wishes::read(
        settings,
        job.as_of,
        chooser.records,
        &end_of_life::People {
            count: people.len(),
            rows_of: &|person| chooser.rows.of_person(person),
            died: &|person| died.date(person),
            updated: &|row| Some(chooser.updated(row)).filter(|&day| day != NO_DATE),
            last_contact: LAST_CONTACT,
        },
    );
    let sensitive = people.sensitive.iter().zip(&mut endings).filter(|(sensitive, _)| **sensitive);
    sensitive.for_each(|(_, ending)| ending.known_to_last = None);
    let place = |name: Option<&String>| Places::of_fact(people, name, settings);
    let preferred = place(Some(&settings.preferred_place_of_death));
    let actual = place(settings.place_of_death.as_ref());
    let where_wished = (0..people.len()).map(|person| {
        let both = preferred.of(person).zip(actual.of(person));
        both.filter(|_| people.status[person] == Status::Died).map(|(wished, there)| wished == there)
    });
    let first = first_death(job.as_of, settings);
    Some(EndOfLife {
        where_wished: where_wished.collect(),
        died_lately: (0..people.len()).map(|person| died.date(person).is_some_and(|day| day >= first)).collect(),
        on_register: (0..people.len()).map(|person| on_register(people, settings, person)).collect(),
        wishes,
        endings,
        preferred,
        actual,
    })
}

/// A carried place, as the job translates it.
#[derive(Debug, Default)]
struct Places {
    codes: Vec<u32>,
    words: Vec<String>,
}

impl Places {
    fn of_fact(people: &People, name: Option<&String>, settings: &EndOfLifeSettings) -> Places {
        match name.and_then(|name| people.fact(name)).map(|fact| &fact.values) {
            Some(FactValues::Category { codes, values }) => {
                Places { codes: codes.clone(), words: values.iter().map(|value| settings.place(value)).collect() }
            }
            _ => Places::default(),
        }
    }

    fn of(&self, person: usize) -> Option<&str> {
        let code = *self.codes.get(person)?;
        (code != MISSING).then(|| self.words[code as usize].as_str())
    }
}

fn on_register(people: &People, settings: &EndOfLifeSettings, person: usize) -> bool {
    match people.fact(&settings.on_register).map(|fact| &fact.values) {
        Some(FactValues::Flag(flags)) => flags[person] == Some(true),
        _ => false,
    }
}
