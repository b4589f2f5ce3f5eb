//! What one page about a person says.

use super::packages::{self, Packages};
use super::wishes::{self, WishesOfPerson};
use crate::audit::{self, Event, Note};
use crate::best_record;
use crate::consent;
use crate::explain::{self, crosswalk};
use crate::failure::Result;
use crate::job::{CARE_COLUMNS, END_OF_LIFE_COLUMNS, Job};
use crate::look_up::Finder;
use crate::policy;
use crate::publish::OTHER_NUMBERS;
use crate::publish::published::{PublishedRun, damaged};
use crate::run::Gone;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One person, as the current run knows them.
#[derive(Debug, Clone, Serialize)]
pub struct PersonPage {
    pub run_id: String,
    /// The day whose knowledge this is.
    pub as_of: String,
    pub person_id: String,
    /// What every provider of the job last sent, those who know the person first.
    pub feeds: Vec<Feed>,
    /// Fields in which the person's records disagree.
    pub conflicts: Vec<String>,
    /// Pairs with another person's record that wait for a human, by reason.
    pub waiting: Vec<Waiting>,
    pub bond: Bond,
    /// registered, known_only, left or died.
    pub status: String,
    pub best_record: Vec<FieldLine>,
    /// Providers who hold records of the person; none where that may not be told.
    pub providers: Vec<ProviderLine>,
    /// Carried facts that are known, by name.
    pub facts: BTreeMap<String, String>,
    /// Packages of care; absent where no provider of the run sends any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages: Option<Packages>,
    /// Wishes for the end of life; absent where the run has none of anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wishes: Option<WishesOfPerson>,
    pub opt_outs: OptOutsLine,
    pub first_seen: Option<String>,
    pub identifiers_shown: bool,
}

/// What one provider has sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feed {
    pub provider: String,
    pub name: String,
    /// Days since the provider last sent anything; 0 where it is of the run's own day.
    pub days_old: u64,
}

/// Pairs that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// As in review.parquet.
    pub reason: String,
    pub pairs: usize,
}

/// What holds the person's records together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bond {
    pub records: i64,
    /// Of the weakest link; absent for a single record.
    pub weakest_probability: Option<f64>,
    /// The records say too little to be linked.
    pub bare: bool,
}

/// A field of the best record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldLine {
    pub field: String,
    /// Only where identifiers were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The provider whose record it came from; with the record_id where identifiers were asked for.
    pub from: Option<String>,
}

/// One provider who knows the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProviderLine {
    pub provider: String,
    pub name: String,
    pub setting: &'static str,
    pub records: usize,
    /// The last day on which a record of theirs was updated.
    pub last_contact: Option<String>,
}

/// Whether the person has opted out, as today's lists say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OptOutsLine {
    pub type_1: bool,
    pub national: bool,
}

/// The page of the person with this id, as things stand today.
///
/// # Errors
/// OF0542 where it is no person_id, OF0543 where nobody of the current run has it (or may be shown), OF0530 where there is no run; OF035x for
/// today's lists, OF071x where the audit cannot say so.
pub fn page(job: &Job, person_id: &str, show_identifiers: bool) -> Result<PersonPage> {
    let id = explain::parse_person_id(person_id)?;
    let run = PublishedRun::current(job)?;
    let authority = consent::read(job)?;
    let finder = Finder::open(&run)?;
    let row =
        if Gone::since(job, &run, &finder, &authority)?.is_gone(id) { None } else { place_of(&run, id.as_str())? };
    let Some(row) = row else { return Err(crosswalk::gone(&run, id.as_str())) };
    // Who knows a person, their facts and their wishes tell of them without any name.
    let note = Note::new(Event::LookUp).of_run(&run.run_id).about([id.to_string()]).with("command", "person");
    audit::add(job, &[note.with("identifiers", show_identifiers)])?;
    let records = crosswalk::rows_of(&run, |person| person == id.as_str())?;
    let told: Value =
        serde_json::from_slice(&run.bytes("run.json")?).map_err(|_| damaged(&run.folder.join("run.json")))?;
    let mut page = of_row(job, &run, row, show_identifiers)?;
    page.person_id = id.to_string();
    page.as_of = told["as_of"].as_str().unwrap_or_default().to_string();
    if !page.providers.is_empty() {
        fill_providers(job, &mut page.providers, &records);
    }
    page.packages = packages::of(job, &run, row, id.as_str(), show_identifiers)?;
    page.wishes = wishes::of(job, &run, row, id.as_str(), show_identifiers)?;
    page.feeds = feeds(job, &told, &page.providers);
    page.waiting = waiting(&run, &records)?;
    let numbers = numbers_of(&run, row, id.as_str())?;
    let records: Vec<(&str, &str)> =
        records.iter().map(|row| (row.provider.as_str(), row.record_id.as_str())).collect();
    let opted = consent::read_opt_outs(job, &authority)?;
    page.opt_outs =
        OptOutsLine { type_1: opted.type_1_of(&numbers, &records), national: opted.national_of(&numbers, &records) };
    Ok(page)
}

/// The place of a person in people.parquet.
fn place_of(run: &PublishedRun, person_id: &str) -> Result<Option<usize>> {
    let (mut before, mut found) = (0, None);
    run.each("people.parquet", &["person_id"], |rows| {
        let ids = rows.text("person_id")?;
        found = found.or_else(|| (0..rows.len()).find(|&row| ids.value(row) == person_id).map(|row| before + row));
        before += rows.len();
        Ok(())
    })?;
    Ok(found)
}

/// Every NHS number of a person's records.
fn numbers_of(run: &PublishedRun, row: usize, person_id: &str) -> Result<Vec<String>> {
    let mut numbers = Vec::new();
    run.one("people.parquet", row, |rows| {
        numbers.extend(rows.said("nhs_number", 0));
        Ok(())
    })?;
    if run.has(OTHER_NUMBERS) {
        run.each_whole(OTHER_NUMBERS, |rows| {
            let (person, number) = (rows.text("person_id")?, rows.text("nhs_number")?);
            let own = (0..rows.len()).filter(|&row| person.value(row) == person_id);
            numbers.extend(own.map(|row| number.value(row).to_string()));
            Ok(())
        })?;
    }
    Ok(numbers)
}

/// Columns of people.parquet that stand in a place of their own on the page.
const OWN_PLACE: [&str; 11] = [
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
];

/// What the person's own row says.
fn of_row(job: &Job, run: &PublishedRun, row: usize, show: bool) -> Result<PersonPage> {
    let columns = run.columns("people.parquet")?;
    // What is hidden of whoever is marked sensitive tells where anybody is.
    let places = best_record::hidden_columns(job);
    let mut page = None;
    run.one("people.parquet", row, |rows| {
        let said = |column: &str| rows.said(column, 0);
        let mut best_record = Vec::new();
        let mut facts = BTreeMap::new();
        for column in columns.iter().map(String::as_str) {
            let is_source =
                column.strip_suffix("_from").is_some_and(|field| columns.iter().any(|known| known == field));
            if OWN_PLACE.contains(&column)
                || CARE_COLUMNS.contains(&column)
                || END_OF_LIFE_COLUMNS.contains(&column)
                || is_source
            {
                continue;
            }
            let Some(value) = said(column) else { continue };
            if best_record::FIELDS.iter().any(|field| field.word() == Some(column)) {
                let from = said(&format!("{column}_from"));
                let from = from.map(|from| if show { from } else { provider_of(&from).to_string() });
                best_record.push(FieldLine { field: column.to_string(), value: show.then_some(value), from });
            } else if show || !(places.iter().any(|place| place == column) || policy::holds_identifier(job, column)) {
                facts.insert(column.to_string(), value);
            }
        }
        for (column, field) in [("other_names", "also_named"), ("other_addresses", "also_lived_at")] {
            let others = rows.texts(column, 0)?;
            if !others.is_empty() {
                let value = show.then(|| others.join("; "));
                best_record.push(FieldLine { field: field.to_string(), value, from: None });
            }
        }
        page = Some(PersonPage {
            run_id: run.run_id.clone(),
            as_of: String::new(),
            person_id: String::new(),
            feeds: Vec::new(),
            conflicts: rows.texts("conflicts", 0)?,
            waiting: Vec::new(),
            bond: Bond {
                records: rows.integers("records")?[0],
                weakest_probability: rows.optional_numbers("weakest_probability")?[0],
                bare: rows.flags("bare")?[0],
            },
            status: said("status").unwrap_or_default(),
            best_record,
            providers: rows.texts("providers", 0)?.into_iter().map(|id| known_to(job, id)).collect(),
            facts,
            packages: None,
            wishes: None,
            opt_outs: OptOutsLine { type_1: false, national: false },
            first_seen: said("first_seen"),
            identifiers_shown: show,
        });
        Ok(())
    })?;
    page.ok_or_else(|| damaged(&run.folder.join("people.parquet")))
}

/// The provider of "provider:record_id".
fn provider_of(record: &str) -> &str {
    record.split_once(':').map_or(record, |(provider, _)| provider)
}

fn known_to(job: &Job, id: String) -> ProviderLine {
    let known = job.providers.iter().find(|provider| provider.id == id);
    ProviderLine {
        name: known.map_or_else(|| id.clone(), |provider| provider.name.clone()),
        setting: known.map_or("other", |provider| provider.setting.word()),
        provider: id,
        records: 0,
        last_contact: None,
    }
}

fn fill_providers(job: &Job, providers: &mut Vec<ProviderLine>, records: &[crosswalk::Row]) {
    for record in records {
        let at = providers.iter().position(|line| line.provider == record.provider).unwrap_or_else(|| {
            providers.push(known_to(job, record.provider.clone()));
            providers.len() - 1
        });
        let line = &mut providers[at];
        line.records += 1;
        // ISO dates stand in the order of time.
        line.last_contact = line.last_contact.take().max(record.updated.map(|day| day.to_string()));
    }
    providers.sort_by(|a, b| b.last_contact.cmp(&a.last_contact).then_with(|| a.provider.cmp(&b.provider)));
}

/// The age of each feed, as the run found it: those of the person's own providers first, then the oldest.
fn feeds(job: &Job, told: &Value, own: &[ProviderLine]) -> Vec<Feed> {
    let mut oldest: BTreeMap<&str, u64> = BTreeMap::new();
    for input in told["inputs"].as_array().into_iter().flatten() {
        let Some(provider) = input["provider"].as_str() else { continue };
        let days = oldest.entry(provider).or_default();
        *days = (*days).max(input["days_old"].as_u64().unwrap_or(0));
    }
    let name = |id: &str| job.providers.iter().find(|known| known.id == id).map_or(id, |known| &known.name).to_string();
    let mut feeds: Vec<Feed> =
        oldest.into_iter().map(|(id, days_old)| Feed { provider: id.to_string(), name: name(id), days_old }).collect();
    let is_own = |feed: &Feed| own.iter().any(|line| line.provider == feed.provider);
    feeds.sort_by_key(|feed| (!is_own(feed), std::cmp::Reverse(feed.days_old), feed.provider.clone()));
    feeds
}

fn waiting(run: &PublishedRun, records: &[crosswalk::Row]) -> Result<Vec<Waiting>> {
    let own: BTreeSet<&str> = records.iter().map(|row| row.identity_id.as_str()).collect();
    let mut by_reason: BTreeMap<String, usize> = BTreeMap::new();
    run.each("review.parquet", &["identity_id_left", "identity_id_right", "reason"], |rows| {
        let (left, right) = (rows.text("identity_id_left")?, rows.text("identity_id_right")?);
        let reason = rows.text("reason")?;
        for row in (0..rows.len()).filter(|&row| own.contains(left.value(row)) || own.contains(right.value(row))) {
            *by_reason.entry(reason.value(row).to_string()).or_default() += 1;
        }
        Ok(())
    })?;
    Ok(by_reason.into_iter().map(|(reason, pairs)| Waiting { reason, pairs }).collect())
}
