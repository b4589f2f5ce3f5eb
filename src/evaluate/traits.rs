//! What records are grouped by: what they say of the person, who sent them, and what they lack.

use super::known::Known;
use super::scene::Scene;
use crate::job::{Field, Job};
use crate::records::{Column, Dictionary, MISSING, Records};
use crate::standardise::ethnicity;

/// A fact or custom field with more values than this is no grouping.
const VALUES_MAX: usize = 40;
const NOT_KNOWN: &str = "not known";

/// One way of grouping records.
pub(super) struct Trait {
    pub name: String,
    pub from: &'static str,
    /// Tells something about a person: counts of it are the controller's only.
    pub personal: bool,
    pub names: Vec<String>,
    /// By record key; every record has a group.
    pub codes: Vec<u32>,
    /// Only this group is of interest.
    only: Option<u32>,
}

/// The bands that results are given in: few, so that each holds enough people to say something.
pub fn age_band(years: i32) -> &'static str {
    match years {
        ..5 => "0–4",
        5..18 => "5–17",
        18..35 => "18–34",
        35..50 => "35–49",
        50..65 => "50–64",
        65..80 => "65–79",
        80.. => "80 and over",
    }
}

impl Trait {
    pub fn from_truth(name: &str, values: &Dictionary, codes: &[u32]) -> Trait {
        let mut names: Vec<String> = values.iter().map(str::to_string).collect();
        names.push(NOT_KNOWN.into());
        let unknown = names.len() as u32 - 1;
        let codes = codes.iter().map(|&code| if code == MISSING { unknown } else { code }).collect();
        Trait { name: name.to_string(), from: "truth", personal: true, names, codes, only: None }.sorted()
    }

    pub fn hidden(&self, group: u32) -> bool {
        self.only.is_some_and(|only| only != group)
    }

    /// Groups in the order of their names, numbers by size.
    fn sorted(mut self) -> Trait {
        let key = |name: &String| {
            let number = name.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<u32>().ok());
            (name == NOT_KNOWN, number, name.clone())
        };
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by_key(|&at| key(&self.names[at]));
        let mut place = vec![0u32; order.len()];
        order.iter().enumerate().for_each(|(new, &old)| place[old] = new as u32);
        self.codes.iter_mut().for_each(|code| *code = place[*code as usize]);
        self.names = order.iter().map(|&at| self.names[at].clone()).collect();
        self
    }

    fn by_value(name: &str, known: &Known, value: impl Fn(usize) -> Option<String>) -> Trait {
        let personal = !["setting", "provider"].contains(&name);
        let mut values = Dictionary::default();
        let mut code = |row: &u32| match (*row != MISSING).then(|| value(*row as usize)).flatten() {
            Some(value) => values.intern(&value),
            None => values.intern(NOT_KNOWN),
        };
        let codes = known.row.iter().map(&mut code).collect();
        let names = values.iter().map(str::to_string).collect();
        Trait { name: name.to_string(), from: "records", personal, names, codes, only: None }.sorted()
    }

    /// The records for which `holds`, against nobody.
    fn slice(name: &str, known: &Known, holds: impl Fn(usize) -> bool) -> Trait {
        let code = |row: &u32| u32::from(*row != MISSING && holds(*row as usize));
        Trait {
            name: "slice".into(),
            from: "records",
            personal: false,
            names: vec!["others".into(), name.to_string()],
            codes: known.row.iter().map(code).collect(),
            only: Some(1),
        }
    }
}

/// Every grouping that the records themselves allow.
pub(super) fn of_records(scene: &Scene, known: &Known) -> Vec<Trait> {
    let (job, records) = (scene.job, &scene.records);
    let mut traits = Vec::new();
    let has = |field: Field| records.clean.contains_key(&field);
    if has(Field::Sex) {
        let told = |row| records.value(Field::Sex, row).filter(|sex| *sex != "unknown").map(str::to_string);
        traits.push(Trait::by_value("sex", known, told));
    }
    if has(Field::DateOfBirth) || has(Field::YearOfBirth) {
        traits.push(Trait::by_value("age_band", known, |row| band_of(job, records, row)));
    }
    if has(Field::Ethnicity) {
        let group = |row| records.value(Field::Ethnicity, row).map(|code| ethnicity::group(code).to_string());
        traits.push(Trait::by_value("ethnicity", known, group));
    }
    for (name, words) in [("deprivation", &["deprivation", "imd"][..]), ("name_origin", &["name_origin"][..])] {
        if let Some(column) = column_named(job, records, words) {
            traits.push(Trait::by_value(name, known, |row| column.get(row).map(str::to_string)));
        }
    }
    let provider = |row: usize| &job.providers[usize::from(records.provider[row])];
    traits.push(Trait::by_value("setting", known, |row| Some(provider(row).setting.word().to_string())));
    traits.push(Trait::by_value("provider", known, |row| Some(provider(row).id.clone())));
    traits.extend(slices(records, known));
    traits
}

/// Rows that lack what linking leans on; group 1 of each is the slice.
pub(super) fn slices(records: &Records, known: &Known) -> Vec<Trait> {
    let lacks = |field: Field, row: usize| records.value(field, row).is_none();
    let nameless = |row: usize| [Field::GivenName, Field::FamilyName].into_iter().all(|field| lacks(field, row));
    let mapped = |field: Field| records.clean.contains_key(&field);
    let mut slices = Vec::new();
    if mapped(Field::NhsNumber) {
        let bare_number = |row: usize| !lacks(Field::NhsNumber, row) && nameless(row);
        slices.push(Trait::slice("a valid number and no name", known, bare_number));
        slices.push(Trait::slice("no number", known, |row| lacks(Field::NhsNumber, row)));
    }
    if mapped(Field::DateOfBirth) {
        slices.push(Trait::slice("no date of birth", known, |row| lacks(Field::DateOfBirth, row)));
    }
    if mapped(Field::Postcode) {
        slices.push(Trait::slice("no postcode", known, |row| lacks(Field::Postcode, row)));
    }
    slices
}

fn band_of(job: &Job, records: &Records, row: usize) -> Option<String> {
    let text = records.value(Field::DateOfBirth, row).or_else(|| records.value(Field::YearOfBirth, row))?;
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<i32>().ok());
    let year = number(0..4)?;
    let birthday = (number(4..6).unwrap_or(1), number(6..8).unwrap_or(1));
    let today = (i32::from(job.as_of.month()), i32::from(job.as_of.day()));
    let years = i32::from(job.as_of.year()) - year - i32::from(today < birthday);
    (years >= 0).then(|| age_band(years).to_string())
}

/// A carried fact or custom field whose name holds one of `words`.
fn column_named<'a>(job: &Job, records: &'a Records, words: &[&str]) -> Option<&'a Column> {
    let named = |name: &str| words.iter().any(|word| name.split('_').any(|part| part == *word) || name == *word);
    let fact = records.facts.iter().find(|fact| named(&fact.rule.name)).map(|fact| &fact.column);
    let custom = || {
        let at = job.custom_fields.iter().position(|field| named(&field.name))?;
        records.clean.get(&Field::Custom(at as u16))
    };
    fact.or_else(custom).filter(|column| (2..=VALUES_MAX).contains(&column.values.len()))
}
