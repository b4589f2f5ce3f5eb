//! people.parquet.

use super::WrittenFile;
use super::table::{self, Column};
use super::tables::Outputs;
use crate::best_record::{
    AGE_BANDS, BestField, Care, EndOfLife, FactValues, Lists, NO_DATE, NO_ROW, People, PersonFact, Segments, Values,
    age_band,
};
use crate::failure::Result;
use crate::records::MISSING;
use std::path::Path;

pub(super) fn write(folder: &Path, outputs: &Outputs) -> Result<WrittenFile> {
    let people = outputs.people;
    let mut columns = vec![
        Column::required_text("person_id", |person| outputs.person_ids[person].as_str()).distinct(),
        Column::required_text("status", |person| people.status[person].word()),
    ];
    for best in &people.fields {
        columns.extend(field_columns(outputs, best));
    }
    columns.push(lists_column("other_names", &people.other_names));
    columns.push(lists_column("other_addresses", &people.other_addresses));
    columns.push(Column::int64("records", |person| i64::from(people.records[person])));
    columns.push(lists_column("providers", &people.providers));
    columns.push(Column::optional_float("weakest_probability", |person| people.weakest_probability[person]));
    columns.push(Column::flag("in_review", |person| people.in_review[person]));
    columns.push(Column::flag("bare", |person| people.bare[person]));
    columns.push(lists_column("conflicts", &people.conflicts));
    columns.extend(people.facts.iter().map(fact_column));
    columns.extend(derived_columns(people));
    columns.extend(outputs.job.reference.columns().into_iter().map(|name| place_column(people, name)));
    columns.extend(people.care.iter().flat_map(care_columns));
    columns.extend(people.end_of_life.iter().flat_map(end_of_life_columns));
    columns.extend(people.segments.iter().map(|(id, segments)| segment_column(id, segments)));
    columns.push(Column::required_date("first_seen", |person| people.first_seen[person]));
    table::write(folder, "people.parquet", people.len(), &columns)
}

/// What follows from the best record.
fn derived_columns(people: &People) -> Vec<Column<'_>> {
    let derived = &people.derived;
    let hidden = &people.providers.hidden;
    vec![
        Column::int32("age", |person| derived.age[person].map(i32::from)),
        Column::text("age_band", |person| derived.age[person].map(|age| AGE_BANDS[age_band(age)])),
        Column::int32("provider_count", |person| (!hidden[person]).then(|| people.providers.of(person).len() as i32)),
        lists_column("sectors", &derived.sectors),
        Column::int32("days_since_contact", |person| derived.days_since_contact(person)),
    ]
}

/// What packages of care say.
fn care_columns(care: &Care) -> Vec<Column<'_>> {
    let current = Column::int64("packages_current", |person| care.current[person]);
    let lists = care.lists().into_iter().map(|(name, lists)| lists_column(name, lists));
    [current].into_iter().chain(lists).collect()
}

/// What [end_of_life] says.
fn end_of_life_columns(known: &EndOfLife) -> Vec<Column<'_>> {
    let ending = |person: usize| &known.endings[person];
    vec![
        Column::flag("wishes_recorded", move |person| ending(person).recorded),
        Column::optional_flag("wishes_known_to_last", move |person| ending(person).known_to_last),
        Column::optional_flag("died_where_wished", |person| known.where_wished[person]),
        Column::int64("late_unplanned_admissions", move |person| i64::from(ending(person).late_admissions)),
    ]
}

/// A column of [reference].
fn place_column<'a>(people: &'a People, name: &str) -> Column<'a> {
    let derived = &people.derived;
    match derived.area(name).filter(|_| name != "imd_decile") {
        Some(codes) => {
            Column::text(name, |person| derived.area_code(codes, person).map(|code| codes.values().get(code)))
        }
        None => Column::int32(name, |person| derived.imd_decile(person).map(i32::from)),
    }
}

fn segment_column<'a>(id: &str, segments: &'a Segments) -> Column<'a> {
    let word = |person: usize| segments.ids.get(usize::from(segments.of_person[person])).map(String::as_str);
    Column::text(id, word)
}

/// A field, and the record that its value came from as "provider:record_id".
fn field_columns<'a>(outputs: &'a Outputs, best: &'a BestField) -> [Column<'a>; 2] {
    let name = best.field.word().expect("best records have built-in fields only");
    let value = match &best.values {
        Values::Text { codes, values } => code_column(name, codes, values),
        Values::Date(days) => date_column(name, days),
    };
    let from = Column::written_text(&format!("{name}_from"), true, |person, text| {
        let row = best.from[person];
        if row == NO_ROW {
            return false;
        }
        let row = row as usize;
        text.push_str(&outputs.job.providers[outputs.records.provider[row] as usize].id);
        text.push(':');
        text.push_str(outputs.records.record_id.get(row));
        true
    });
    [value, from.distinct()]
}

fn fact_column(fact: &PersonFact) -> Column<'_> {
    let name = fact.name.as_str();
    match &fact.values {
        FactValues::Flag(flags) => Column::optional_flag(name, |person| flags[person]),
        FactValues::Date(days) => date_column(name, days),
        FactValues::Number(numbers) => Column::optional_float(name, |person| numbers[person]),
        FactValues::Category { codes, values } => code_column(name, codes, values),
        FactValues::List(lists) => lists_column(name, lists),
        FactValues::Count(counts) => Column::int64(name, |person| counts[person]),
    }
}

fn code_column<'a>(name: &str, codes: &'a [u32], values: &'a crate::records::Dictionary) -> Column<'a> {
    Column::text(name, |person| (codes[person] != MISSING).then(|| values.get(codes[person])))
}

fn date_column<'a>(name: &str, days: &'a [i32]) -> Column<'a> {
    Column::date(name, |person| (days[person] != NO_DATE).then_some(days[person]))
}

fn lists_column<'a>(name: &str, lists: &'a Lists) -> Column<'a> {
    Column::list(name, |person, append| {
        lists.of(person).for_each(append);
        !lists.hidden[person]
    })
}
