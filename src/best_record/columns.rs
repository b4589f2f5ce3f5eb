//! The columns of people.parquet, as rules read them.

use super::segments::NO_SEGMENT;
use super::{AGE_BANDS, FactValues, Lists, NO_DATE, People, Status, age_band};
use crate::expression::{Column, Values};
use crate::job::Field;
use crate::records::{Dictionary, MISSING};

impl Values for Dictionary {
    fn len(&self) -> usize {
        Dictionary::len(self)
    }

    fn get(&self, code: u32) -> &str {
        Dictionary::get(self, code)
    }
}

/// Words that a column is limited to.
struct Words(&'static [&'static str]);

impl Values for Words {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, code: u32) -> &str {
        self.0[code as usize]
    }
}

static STATUS: Words = Words(&["registered", "known_only", "left", "died"]);
static BANDS: Words = Words(&AGE_BANDS);

/// A column by its name.
///
/// # Panics
/// Where there is none of this name: the check of the job lets no other through.
pub(crate) fn column<'a>(people: &'a People, name: &str) -> Column<'a> {
    let derived = &people.derived;
    match name {
        "status" => Column::Text(Box::new(|person| Some(place_of(people.status[person]))), &STATUS),
        "other_names" => list(&people.other_names),
        "other_addresses" => list(&people.other_addresses),
        "records" => Column::Whole(Box::new(|person| Some(i64::from(people.records[person])))),
        "providers" => list(&people.providers),
        "weakest_probability" => Column::Number(Box::new(|person| people.weakest_probability[person])),
        "in_review" => Column::Flag(Box::new(|person| Some(people.in_review[person]))),
        "bare" => Column::Flag(Box::new(|person| Some(people.bare[person]))),
        "conflicts" => list(&people.conflicts),
        "first_seen" => Column::Date(Box::new(|person| Some(people.first_seen[person]).filter(|day| *day != NO_DATE))),
        "age" => Column::Whole(Box::new(|person| derived.age[person].map(i64::from))),
        "age_band" => Column::Text(Box::new(|person| derived.age[person].map(|age| age_band(age) as u32)), &BANDS),
        "provider_count" => Column::Whole(Box::new(|person| {
            (!people.providers.hidden[person]).then(|| people.providers.codes_of(person).len() as i64)
        })),
        "sectors" => list(&derived.sectors),
        "days_since_contact" => Column::Whole(Box::new(|person| derived.days_since_contact(person).map(i64::from))),
        "lsoa" | "ward" | "icb" => area(people, name),
        "imd_decile" => Column::Whole(Box::new(|person| people.derived.imd_decile(person).map(i64::from))),
        _ => segment(people, name)
            .or_else(|| people.care.as_ref()?.column(name))
            .or_else(|| people.end_of_life.as_ref()?.column(name))
            .or_else(|| field(people, name))
            .or_else(|| fact(people, name))
            .expect("the check has found the column"),
    }
}

/// A column that comes of the postcode.
fn area<'a>(people: &'a People, name: &str) -> Column<'a> {
    let derived = &people.derived;
    let codes = derived.area(name).expect("the check has found the column");
    Column::Text(Box::new(|person| derived.area_code(codes, person)), codes.values())
}

fn segment<'a>(people: &'a People, name: &str) -> Option<Column<'a>> {
    let (_, segments) = people.segments.iter().find(|(id, _)| id == name)?;
    let code = |person: usize| Some(segments.of_person[person]).filter(|at| *at != NO_SEGMENT).map(u32::from);
    Some(Column::Text(Box::new(code), segments))
}

fn place_of(status: Status) -> u32 {
    Status::ALL.iter().position(|known| *known == status).expect("every status is listed") as u32
}

fn field<'a>(people: &'a People, name: &str) -> Option<Column<'a>> {
    use super::Values as Best;
    let field = Field::BUILT_IN.iter().find(|field| field.word() == Some(name))?;
    let best = people.fields.iter().find(|best| best.field == *field)?;
    Some(match &best.values {
        Best::Text { codes, values } => text(codes, values),
        Best::Date(_) => Column::Date(Box::new(|person| best.date(person))),
    })
}

fn fact<'a>(people: &'a People, name: &str) -> Option<Column<'a>> {
    Some(match &people.fact(name)?.values {
        FactValues::Flag(flags) => Column::Flag(Box::new(|person| flags[person])),
        FactValues::Date(days) => Column::Date(Box::new(|person| Some(days[person]).filter(|day| *day != NO_DATE))),
        FactValues::Number(numbers) => Column::Number(Box::new(|person| numbers[person])),
        FactValues::Category { codes, values } => text(codes, values),
        FactValues::List(lists) => list(lists),
        FactValues::Count(counts) => Column::Whole(Box::new(|person| Some(counts[person]))),
    })
}

fn text<'a>(codes: &'a [u32], values: &'a Dictionary) -> Column<'a> {
    Column::Text(Box::new(|person| Some(codes[person]).filter(|code| *code != MISSING)), values)
}

pub(super) fn list(lists: &Lists) -> Column<'_> {
    Column::List(Box::new(|person| (!lists.hidden[person]).then(|| lists.codes_of(person))), &lists.values)
}
