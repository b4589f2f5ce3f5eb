//! The columns of people.parquet that a rule may name, and what they hold.

use super::{
    CARE_COLUMNS, CareSettings, CarryKind, Combine, END_OF_LIFE_COLUMNS, EndOfLifeSettings, Field, Provider,
    ReferenceFiles, Setting,
};
use crate::expression::{Named, Type};

/// Bands of ages five years wide, 90 and over together.
pub const AGE_BANDS: [&str; 19] = [
    "0-4", "5-9", "10-14", "15-19", "20-24", "25-29", "30-34", "35-39", "40-44", "45-49", "50-54", "55-59", "60-64",
    "65-69", "70-74", "75-79", "80-84", "85-89", "90+",
];

const STATUS: [&str; 4] = ["registered", "known_only", "left", "died"];
const SEX: [&str; 4] = ["male", "female", "indeterminate", "unknown"];

/// The fields of a best record, in the order of people.parquet.
pub const BEST_FIELDS: [Field; 15] = [
    Field::NhsNumber,
    Field::GivenName,
    Field::MiddleName,
    Field::FamilyName,
    Field::PreviousFamilyName,
    Field::DateOfBirth,
    Field::DateOfDeath,
    Field::Sex,
    Field::Ethnicity,
    Field::Address,
    Field::Postcode,
    Field::Uprn,
    Field::Phone,
    Field::Email,
    Field::GpPractice,
];

/// Columns of every people.parquet that are neither field nor fact: no fact or segment set may take their names, nor those that the
/// job's own [reference] gives.
pub(super) const OWN: [&str; 16] = [
    "person_id",
    "status",
    "other_names",
    "other_addresses",
    "records",
    "providers",
    "weakest_probability",
    "in_review",
    "bare",
    "conflicts",
    "first_seen",
    "age",
    "age_band",
    "provider_count",
    "sectors",
    "days_since_contact",
];

/// What a rule about the people of these providers may name.
pub(super) fn people_columns(providers: &[Provider], reference: &ReferenceFiles) -> Vec<Named> {
    let mut columns = vec![words("status", Type::Text, &STATUS)];
    columns.extend(BEST_FIELDS.iter().filter_map(|field| Some((field, field.word()?))).map(
        |(field, word)| match field {
            Field::DateOfBirth | Field::DateOfDeath => any(word, Type::Date),
            Field::Sex => words(word, Type::Text, &SEX),
            _ => any(word, Type::Text),
        },
    ));
    columns.extend([any("other_names", Type::List), any("other_addresses", Type::List), any("records", Type::Number)]);
    let ids: Vec<&str> = providers.iter().map(|provider| provider.id.as_str()).collect();
    columns.push(words("providers", Type::List, &ids));
    columns.extend([
        any("weakest_probability", Type::Number),
        any("in_review", Type::Flag),
        any("bare", Type::Flag),
        any("conflicts", Type::List),
    ]);
    for fact in providers.iter().flat_map(|provider| &provider.carry) {
        if columns.iter().all(|column| column.name != fact.name) {
            columns.push(any(&fact.name, fact_type(fact.kind, fact.combine)));
        }
    }
    let sectors: Vec<&str> = Setting::ALL.iter().map(|setting| setting.word()).collect();
    columns.extend([
        any("age", Type::Number),
        words("age_band", Type::Text, &AGE_BANDS),
        any("provider_count", Type::Number),
        words("sectors", Type::List, &sectors),
        any("days_since_contact", Type::Number),
    ]);
    columns.extend(reference.columns().into_iter().map(|name| match name {
        "imd_decile" => any(name, Type::Number),
        _ => any(name, Type::Text),
    }));
    columns.push(any("first_seen", Type::Date));
    columns
}

/// The columns that come of [end_of_life].
pub(super) fn end_of_life_columns(settings: Option<&EndOfLifeSettings>) -> Vec<Named> {
    let column = |name: &&str| match *name {
        "late_unplanned_admissions" => any(name, Type::Number),
        _ => any(name, Type::Flag),
    };
    settings.into_iter().flat_map(|_| END_OF_LIFE_COLUMNS.iter().map(column)).collect()
}

/// The columns that come of packages, where a provider sends any.
pub(super) fn care_columns(providers: &[Provider], care: &CareSettings) -> Vec<Named> {
    if providers.iter().all(|provider| provider.packages.is_empty()) {
        return Vec::new();
    }
    let rules: Vec<&str> = care.rules.iter().map(|rule| rule.id.as_str()).collect();
    let column = |name: &&str| match *name {
        "packages_current" => any(name, Type::Number),
        "packages_due" | "package_gaps" => words(name, Type::List, &rules),
        _ => any(name, Type::List),
    };
    CARE_COLUMNS.iter().map(column).collect()
}

fn fact_type(kind: CarryKind, combine: Combine) -> Type {
    match (kind, combine) {
        (_, Combine::Count) => Type::Number,
        (CarryKind::List, _) | (_, Combine::Union) => Type::List,
        (CarryKind::Flag, _) => Type::Flag,
        (CarryKind::Date, _) => Type::Date,
        (CarryKind::Number, _) => Type::Number,
        (CarryKind::Category, _) => Type::Text,
    }
}

fn any(name: &str, holds: Type) -> Named {
    words(name, holds, &[])
}

fn words(name: &str, holds: Type, words: &[&str]) -> Named {
    Named { name: name.to_string(), holds, words: words.iter().map(|word| word.to_string()).collect() }
}
