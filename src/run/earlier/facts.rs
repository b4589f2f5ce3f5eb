//! run.json and the report of an earlier run, counted anew from what stands of it.

use super::care;
use super::tables::Rebuilt;
use crate::best_record::NO_SEGMENT;
use crate::clustering;
use crate::cohort::CohortCount;
use crate::failure::Result;
use crate::intake::QuarantineCode;
use crate::job::{ClusterSettings, Job, Setting};
use crate::model::UNITS_PER_BIT;
use crate::publish::published::{PublishedRun, damaged};
use crate::publish::{Draft, WrittenFile};
use crate::run::counted::{self, Counted, Seen};
use crate::run::issued::{self, Against};
use crate::run::{machine, report};
use crate::summary::{self, Changes, Facts, FieldQuality, Linkage, Provider, SegmentSet, Status, Summary};
use arrow::array::{Array, StringArray};
use jiff::civil::Date;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The run.json of an earlier run.
pub(in crate::run) struct Earlier {
    pub run: Value,
    pub as_of: Date,
    /// The extracts, in their order.
    pub files: Vec<String>,
}

impl Earlier {
    /// # Errors
    /// OF0535 where run.json is none.
    pub fn read(run: &PublishedRun) -> Result<Earlier> {
        let bytes = run.bytes("run.json")?;
        let parsed: Option<Value> = serde_json::from_slice(&bytes).ok();
        let read = || {
            let run = parsed?;
            let as_of = run["as_of"].as_str()?.parse().ok()?;
            let name = |file: &Value| file["file"].as_str().map(str::to_string);
            let files = run["accounts"]["files"].as_array()?.iter().map(name).collect::<Option<_>>()?;
            Some(Earlier { run, as_of, files })
        };
        read().ok_or_else(|| damaged(&run.folder.join("run.json")))
    }

    /// What was in the cohorts of that run.
    pub fn cohorts(&self) -> Vec<CohortCount> {
        serde_json::from_value(self.run["cohorts"].clone()).unwrap_or_default()
    }

    /// The weight from which on that run counted a pair as a link, in bits.
    pub fn cut_bits(&self) -> f64 {
        let setting = |key: &str| self.run["settings"][key].as_f64();
        let defaults = ClusterSettings::default();
        let settings = ClusterSettings {
            false_link_cost: setting("false_link_cost").unwrap_or(defaults.false_link_cost),
            threshold: setting("threshold"),
            ..defaults
        };
        clustering::people_cut(&settings) as f64 / UNITS_PER_BIT
    }

    /// run.json of a run of its own that has the people of this one.
    pub fn rolled_back(
        mut self,
        job: &Job,
        run_id: &str,
        rolled_back_to: &str,
        rebuilt: &Rebuilt,
        changes: usize,
    ) -> Value {
        self.recount(rebuilt);
        let run = &mut self.run;
        run["changes"] = json!(changes);
        run["run_id"] = json!(run_id);
        // Those were the seconds of the run that stood.
        run.as_object_mut().map(|run| run.remove("publishing_seconds"));
        // What is kept of whoever left with that run may be there again by now.
        run["providers_left"] = json!([]);
        run["rolled_back_to"] = json!(rolled_back_to);
        run["rolled_back_on"] = json!(job.as_of.to_string());
        run["onefolk"] = json!(env!("CARGO_PKG_VERSION"));
        run["peak_memory_bytes"] = json!(machine::peak_memory_bytes());
        self.run
    }

    /// run.json of the same run after `by`, a run of `on`, has taken out whoever objects; the purges before it stay listed.
    pub fn purged(mut self, by: &str, on: Date, rebuilt: &Rebuilt, changes: usize) -> Value {
        self.recount(rebuilt);
        self.run["changes"] = json!(changes);
        let (rows, people, texts) = (rebuilt.rows_withheld_anew(), rebuilt.gone, rebuilt.texts);
        let mut purges = self.run["purged"].as_array().cloned().unwrap_or_default();
        purges.push(json!({ "by": by, "on": on.to_string(), "rows": rows, "people": people, "texts": texts }));
        self.run["purged"] = json!(purges);
        self.run
    }

    /// run.json as far as a report looks at it, without whoever objects today.
    pub fn recounted(mut self, rebuilt: &Rebuilt) -> Value {
        self.recount(rebuilt);
        self.run
    }

    /// The accounts after more rows were withheld; everything else of linking stays as it was.
    fn recount(&mut self, rebuilt: &Rebuilt) {
        let run = &mut self.run;
        let mut moved: BTreeMap<&str, u64> = BTreeMap::new();
        for file in run["accounts"]["files"].as_array_mut().into_iter().flatten() {
            let Some(anew) = file["file"].as_str().and_then(|name| rebuilt.withheld_anew.get(name)) else { continue };
            for (reason, rows) in anew {
                withhold(file, reason, *rows);
                *moved.entry(reason).or_default() += rows;
            }
        }
        moved.iter().for_each(|(reason, rows)| withhold(&mut run["accounts"], reason, *rows));
        forget_quality(run, &rebuilt.withheld_anew.keys().map(String::as_str).collect());
        run["people"] = json!(rebuilt.person_ids.len());
        run["bare_people"] = json!(rebuilt.bare);
        // Those that stay cannot be counted anew: what is told of whoever is marked is not what they weigh.
        let links = &mut run["linkage"]["clustering"]["links"];
        *links = json!(links.as_u64().unwrap_or(0).saturating_sub(rebuilt.links_gone));
        run["linkage"]["review"] = json!(rebuilt.review);
    }
}

/// Nothing is told any more of how well the providers of these files fill in their fields: what the rows that went had filled in is known of a
/// night, and not of a run that stands.
fn forget_quality(run: &mut Value, files: &BTreeSet<&str>) {
    let providers: BTreeSet<String> = inputs(run)
        .filter(|input| input.file.is_some_and(|file| files.contains(file)))
        .map(|input| input.provider.to_string())
        .collect();
    for field in run["standardise"]["fields"].as_array_mut().into_iter().flatten() {
        if field["provider"].as_str().is_some_and(|provider| providers.contains(provider)) {
            field["left"] = Value::Null;
        }
    }
}

/// An extract of a run, whole or of changes.
struct Input<'a> {
    provider: &'a str,
    file: Option<&'a str>,
}

fn inputs(run: &Value) -> impl Iterator<Item = Input<'_>> {
    let list = |place: &str| run.pointer(place).and_then(Value::as_array).into_iter().flatten();
    let whole = list("/inputs").filter_map(|input| Some((input["provider"].as_str()?, input)));
    let changes = list("/provider_changes").filter_map(|entry| Some((entry["provider"].as_str()?, entry)));
    let changes = changes.flat_map(|(provider, entry)| {
        entry["files"].as_array().into_iter().flatten().map(move |input| (provider, input))
    });
    whole.chain(changes).map(|(provider, input)| Input { provider, file: input["file"].as_str() })
}

/// Moves rows of an account from the crosswalk to the withheld ones.
fn withhold(account: &mut Value, reason: &str, rows: u64) {
    account["crosswalk"] = json!(account["crosswalk"].as_u64().unwrap_or(0).saturating_sub(rows));
    account["withheld"][reason] = json!(account["withheld"][reason].as_u64().unwrap_or(0) + rows);
}

/// Writes the report and the tables beside it, counted from what stands in `draft`, a copy of `kept` as it may stand today, and tells `run`, its
/// run.json, what they were held against.
pub(in crate::run) fn write_summary(
    job: &Job,
    as_of: Date,
    (kept, draft): (&PublishedRun, &Draft),
    run: &mut Value,
    changes: Option<Changes>,
) -> Result<Vec<WrittenFile>> {
    let (summary, against) = summary(job, as_of, (kept, &draft.so_far()), run, changes)?;
    issued::keep(job, draft.run_id(), &summary.issued, &against)?;
    run["tables"] = against.told(&summary.issued);
    summary.files().map(|(name, bytes)| draft.write_bytes(&name, bytes)).collect()
}

/// The report and the tables beside it, counted from `tables`: those of `kept` as they may stand today. `run` is its run.json, counted anew.
pub(in crate::run) fn summary(
    job: &Job,
    as_of: Date,
    (kept, tables): (&PublishedRun, &PublishedRun),
    run: &Value,
    changes: Option<Changes>,
) -> Result<(Summary, Against)> {
    let (control, against) = counted::control_of(job, &tables.run_id)?;
    let providers = providers(job, run);
    // Each goes over the people by itself.
    let (counted, (segments, (packages, end_of_life))) = rayon::join(
        || counted(as_of, tables, &providers),
        || {
            let of_jobs = || (care::packages(job, tables), care::end_of_life(job, as_of, tables));
            rayon::join(|| segments(job, tables), of_jobs)
        },
    );
    let (counted, segments) = (counted?, segments?);
    let figure = |place: &str| run.pointer(place).and_then(Value::as_u64).unwrap_or(0);
    let cohorts: Vec<CohortCount> = serde_json::from_value(run["cohorts"].clone()).unwrap_or_default();
    let facts = Facts {
        job: &job.name,
        as_of,
        run_id: &tables.run_id,
        control: &control,
        people: counted.people(),
        linkage: Linkage {
            pairs_compared: figure("/linkage/clustering/pairs_compared"),
            links: figure("/linkage/clustering/links"),
            review: figure("/linkage/review"),
            estimate: None,
        },
        changes,
        segment_sets: segments.iter().map(|(set, of_person)| segment_set(set, of_person)).collect(),
        cohorts: &cohorts,
        past: report::past(Some(kept), &tables.run_id)?,
        care: packages?,
        end_of_life: end_of_life?,
        providers,
    };
    Ok((summary::build(&facts), against))
}

fn counted(as_of: Date, draft: &PublishedRun, providers: &[Provider]) -> Result<Counted> {
    let mut counted = Counted::on(as_of);
    let places: FxHashMap<&str, u16> = providers.iter().map(|provider| provider.id).zip(0..).collect();
    let columns = [
        "status",
        "date_of_birth",
        "date_of_death",
        "sex",
        "ethnicity",
        "postcode",
        "weakest_probability",
        "providers",
    ];
    draft.each("people.parquet", &columns, |rows| {
        let status = rows.text("status")?;
        let (born, died) = (rows.dates("date_of_birth")?, rows.dates("date_of_death")?);
        let (sex, ethnicity, postcode) = (rows.text("sex")?, rows.text("ethnicity")?, rows.text("postcode")?);
        let weakest = rows.optional_numbers("weakest_probability")?;
        let known = rows.lists("providers")?;
        for row in 0..rows.len() {
            let seen = Seen {
                born: born[row],
                died: died[row],
                sex: value(sex, row),
                ethnicity: value(ethnicity, row),
                postcode: value(postcode, row),
                status: match status.value(row) {
                    "registered" => Status::Registered,
                    "left" => Status::Left,
                    "died" => Status::Died,
                    _ => Status::KnownOnly,
                },
                weakest: weakest[row],
            };
            counted.add(&seen, known.of(row).filter_map(|id| places.get(id).copied()));
        }
        Ok(())
    })?;
    Ok(counted)
}

/// The sets of the job that the run has a column of, and the place of each person's segment.
fn segments<'a>(job: &'a Job, draft: &PublishedRun) -> Result<Vec<(&'a crate::job::SegmentSet, Vec<u8>)>> {
    let columns = draft.columns("people.parquet")?;
    let mut found = Vec::new();
    for set in job.segment_sets.iter().filter(|set| columns.contains(&set.id)) {
        let mut of_person = Vec::new();
        draft.each("people.parquet", &[&set.id], |rows| {
            let ids = rows.text(&set.id)?;
            let place = |id: Option<&str>| set.segments.iter().position(|segment| Some(segment.id.as_str()) == id);
            of_person.extend(ids.iter().map(|id| place(id).map_or(NO_SEGMENT, |at| at as u8)));
            Ok(())
        })?;
        found.push((set, of_person));
    }
    Ok(found)
}

/// A set as the summary takes it.
pub(in crate::run) fn segment_set<'a>(set: &'a crate::job::SegmentSet, of_person: &'a [u8]) -> SegmentSet<'a> {
    SegmentSet {
        id: &set.id,
        name: &set.name,
        source: set.preset.as_deref(),
        absent: &set.absent,
        segments: set.segments.iter().map(|segment| (segment.id.as_str(), segment.name.as_str())).collect(),
        of_person,
    }
}

fn value(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// The providers of that run, in its order; names and settings are those of today's job.
fn providers<'a>(job: &'a Job, run: &'a Value) -> Vec<Provider<'a>> {
    let list = |place: &str| run.pointer(place).and_then(Value::as_array).into_iter().flatten();
    let mut providers: Vec<Provider> = Vec::new();
    let known = |id: &str| job.providers.iter().find(|provider| provider.id == id);
    let ids = list("/inputs").chain(list("/standardise/fields")).filter_map(|entry| entry["provider"].as_str());
    for id in ids {
        if providers.iter().all(|provider| provider.id != id) {
            providers.push(Provider {
                id,
                name: known(id).map_or(id, |provider| &provider.name),
                setting: known(id).map_or(Setting::Other, |provider| provider.setting),
                days_old: list("/inputs")
                    .find(|input| input["provider"] == *id)
                    .and_then(|input| input["days_old"].as_i64()),
                records: 0,
                withheld_rows: 0,
                quarantined: Vec::new(),
                fields: Vec::new(),
            });
        }
    }
    for provider in &mut providers {
        let own = |entry: &&Value| entry["provider"].as_str() == Some(provider.id);
        for input in inputs(run).filter(|input| input.provider == provider.id) {
            for account in list("/accounts/files").filter(|account| account["file"].as_str() == input.file) {
                provider.records += account["crosswalk"].as_u64().unwrap_or(0);
                provider.withheld_rows += sum(&account["withheld"]);
                for code in QuarantineCode::ALL {
                    let rows = account["quarantine"][code.word()].as_u64().unwrap_or(0);
                    add(&mut provider.quarantined, code, rows);
                }
            }
        }
        let quality = |entry: &'a Value| -> Option<FieldQuality<'a>> {
            // Runs of before have no other figures than those of all rows.
            let figures = entry.get("left").unwrap_or(entry);
            let (filled, valid) = (figures["filled"].as_u64()?, figures["valid"].as_u64()?);
            Some(FieldQuality { field: entry["field"].as_str()?, filled, valid: valid.min(filled) })
        };
        provider.fields = list("/standardise/fields").filter(own).filter_map(quality).collect();
    }
    providers
}

fn sum(parts: &Value) -> u64 {
    parts.as_object().into_iter().flatten().filter_map(|(_, rows)| rows.as_u64()).sum()
}

fn add(quarantined: &mut Vec<(QuarantineCode, u64)>, code: QuarantineCode, rows: u64) {
    match quarantined.iter_mut().find(|(known, _)| *known == code) {
        Some((_, known)) => *known += rows,
        None if rows > 0 => quarantined.push((code, rows)),
        None => {}
    }
}
