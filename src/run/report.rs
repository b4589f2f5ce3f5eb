//! What a run says of itself: the facts of report.html, run.json and the metrics.

use super::Night;
use super::progress::StageTime;
use crate::best_record::{self, People};
use crate::identity::ChangeKind;
use crate::job::{Field, Job};
use crate::publish::WrittenFile;
use crate::summary::{
    self, Changes, EthnicGroup, Facts, FieldQuality, Linkage, NO_AREA, Provider, Sex, Status, Summary,
    postcode_district,
};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

/// People as the summary counts them.
#[derive(Default)]
struct Columns {
    age: Vec<Option<u8>>,
    sex: Vec<Sex>,
    ethnicity: Vec<EthnicGroup>,
    status: Vec<Status>,
    area: Vec<u32>,
    area_names: Vec<String>,
    provider_ends: Vec<u64>,
    providers: Vec<u16>,
}

/// The report and the tables beside it.
pub(super) fn summary(night: &Night) -> Summary {
    let columns = columns(night.job, &night.people);
    let clustering = &night.linked.clustering;
    let facts = Facts {
        job: &night.job.name,
        as_of: night.job.as_of,
        run_id: &night.run_id,
        providers: providers(night),
        people: summary::People {
            age: &columns.age,
            sex: &columns.sex,
            ethnicity: &columns.ethnicity,
            status: &columns.status,
            area: &columns.area,
            area_names: &columns.area_names,
            provider_ends: &columns.provider_ends,
            providers: &columns.providers,
        },
        linkage: Linkage {
            pairs_compared: clustering.counts.pairs_compared,
            links: clustering.counts.links,
            review: clustering.review.len() as u64,
            estimate: None,
        },
        changes: changes(night),
    };
    summary::build(&facts)
}

fn columns(job: &Job, people: &People) -> Columns {
    let mut columns = Columns::default();
    let today = best_record::days(job.as_of);
    let (born, died) = (people.field(Field::DateOfBirth), people.field(Field::DateOfDeath));
    let (sex, ethnic, postcode) =
        (people.field(Field::Sex), people.field(Field::Ethnicity), people.field(Field::Postcode));
    let mut areas: FxHashMap<String, u32> = FxHashMap::default();
    let mut place: FxHashMap<&str, u16> = FxHashMap::default();
    job.providers.iter().enumerate().for_each(|(at, provider)| {
        place.insert(&provider.id, at as u16);
    });
    for person in 0..people.len() {
        columns
            .age
            .push(born.date(person).map(|born| age_in_years(born, died.date(person).unwrap_or(today).min(today))));
        columns.sex.push(Sex::from_word(sex.text(person)));
        columns.ethnicity.push(EthnicGroup::from_code(ethnic.text(person)));
        columns.status.push(match people.status[person] {
            best_record::Status::Registered => Status::Registered,
            best_record::Status::KnownOnly => Status::KnownOnly,
            best_record::Status::Left => Status::Left,
            best_record::Status::Died => Status::Died,
        });
        let district = postcode.text(person).and_then(postcode_district);
        columns.area.push(match district {
            None => NO_AREA,
            Some(district) => match areas.get(district) {
                Some(&area) => area,
                None => {
                    columns.area_names.push(district.to_string());
                    areas.insert(district.to_string(), columns.area_names.len() as u32 - 1);
                    columns.area_names.len() as u32 - 1
                }
            },
        });
        if !people.sensitive[person] {
            columns.providers.extend(people.providers.of(person).filter_map(|id| place.get(id)));
        }
        columns.provider_ends.push(columns.providers.len() as u64);
    }
    columns
}

/// Whole years between two days since 1970.
fn age_in_years(born: i32, today: i32) -> u8 {
    let date = |days: i32| jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(days));
    let (born, today) = (date(born), date(today));
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    let years = i32::from(today.year()) - i32::from(born.year()) - i32::from(!had_birthday);
    years.clamp(0, 130) as u8
}

fn providers<'a>(night: &'a Night) -> Vec<Provider<'a>> {
    let listed = night.job.providers.iter().enumerate();
    listed
        .map(|(at, provider)| {
            let account = night.accounts.of_provider(at as u16);
            let quality = night.cleaned.quality.iter().filter(|quality| usize::from(quality.provider) == at);
            Provider {
                id: &provider.id,
                name: &provider.name,
                setting: provider.setting,
                records: account.crosswalk,
                withheld_rows: account.withheld(),
                quarantined: night.accounts.quarantine_of(at as u16),
                fields: quality
                    .map(|quality| FieldQuality {
                        field: &quality.field,
                        filled: quality.filled,
                        valid: quality.valid.min(quality.filled),
                    })
                    .collect(),
            }
        })
        .collect()
}

fn changes<'a>(night: &'a Night) -> Option<Changes<'a>> {
    let from_run = night.identified.previous_run.as_deref()?;
    let count = |kind: ChangeKind| night.identified.changes.iter().filter(|change| change.kind == kind).count() as u64;
    Some(Changes {
        from_run,
        new: count(ChangeKind::New),
        grown: count(ChangeKind::Grown),
        shrunk: count(ChangeKind::Shrunk),
        merged: count(ChangeKind::Merged),
        split: count(ChangeKind::Split),
        retired: count(ChangeKind::Retired),
    })
}

/// run.json: accounts, settings, hashes, versions, timings, quality figures.
pub(super) fn run_json(night: &Night, written: &[WrittenFile], timings: &[StageTime]) -> Value {
    let (job, linked) = (night.job, &night.linked);
    let totals = night.accounts.totals();
    json!({
        "run_id": night.run_id,
        "job": job.name,
        "as_of": job.as_of.to_string(),
        "onefolk": env!("CARGO_PKG_VERSION"),
        "accounts": {
            "rows": totals.rows,
            "crosswalk": totals.crosswalk,
            "quarantine": totals.quarantine,
            "withheld": totals.withheld,
            "files": night.accounts.files,
        },
        "people": linked.clustering.partition.people,
        "bare_people": linked.clustering.bare.iter().filter(|bare| **bare).count(),
        "changes": night.identified.changes.len(),
        "settings": settings(job),
        "inputs": inputs(night),
        "standardise": standardised(night),
        "linkage": {
            "identities": linked.identities.len(),
            "blocking": { "rules": linked.rules, "cap": linked.block_cap },
            "training_pairs": linked.training_pairs,
            "patterns": linked.patterns,
            "expected_matches": linked.expected_matches,
            "clustering": linked.clustering.counts,
            "review": linked.clustering.review.len(),
            "model": model_in_brief(night),
        },
        "outputs": written.iter().map(|file| json!({ "file": file.name, "bytes": file.bytes, "blake3": file.blake3 })).collect::<Vec<_>>(),
        "seconds": timings,
    })
}

fn settings(job: &Job) -> Value {
    json!({
        "false_link_cost": job.cluster.false_link_cost,
        "threshold": job.cluster.threshold,
        "review_from": job.cluster.review_from,
        "maximum_quarantined": job.gates.maximum_quarantined,
        "maximum_people_change": job.gates.maximum_people_change,
        "keep_runs": job.keep_runs,
        "threads": rayon::current_num_threads(),
        "job_file_blake3": std::fs::read(&job.path).ok().map(|bytes| blake3::hash(&bytes).to_hex().to_string()),
    })
}

fn inputs(night: &Night) -> Value {
    let files = night.files.iter().map(|file| {
        json!({
            "file": file.name,
            "provider": night.job.providers[usize::from(file.provider)].id,
            "bytes": file.bytes,
            "blake3": file.blake3,
            "rows": file.rows,
            "found": file.found,
            "skipped": file.skipped,
        })
    });
    files.collect()
}

fn standardised(night: &Night) -> Value {
    let quality = night.cleaned.quality.iter().map(|quality| {
        json!({
            "provider": night.job.providers[usize::from(quality.provider)].id,
            "field": quality.field,
            "filled": quality.filled,
            "valid": quality.valid,
            "found": quality.found,
            "reasons": quality.reasons,
        })
    });
    json!({
        "test_numbers": night.cleaned.test_numbers,
        "void_numbers": night.cleaned.void_numbers,
        "replaced_numbers": night.replaced_numbers,
        "fields": quality.collect::<Vec<_>>(),
    })
}

fn model_in_brief(night: &Night) -> Value {
    if let Some(file) = &night.model_file {
        let comparisons: Vec<&str> = file.comparisons().map(|(name, _)| name).collect();
        return json!({ "learnt": false, "from": "splink", "comparisons": comparisons, "left_out": file.unmapped });
    }
    let Some(model) = &night.linked.model else { return Value::Null };
    let classes = model.classes.iter().map(|class| json!({ "class": class.name, "share": class.share }));
    let learnt_from = night.frozen.as_ref().map(|frozen| &frozen.learnt_from);
    json!({
        "learnt": night.known.is_none(),
        "learnt_from": learnt_from,
        "comparisons": model.comparisons,
        "classes": classes.collect::<Vec<_>>(),
    })
}

/// Metrics for a textfile collector: totals only.
pub(super) fn metrics(night: &Night) -> String {
    let totals = night.accounts.totals();
    let gauges: [(&str, &str, u64); 7] = [
        ("rows", "Rows read from all extracts.", totals.rows),
        ("people", "People found.", u64::from(night.linked.clustering.partition.people)),
        ("crosswalk_rows", "Rows in the crosswalk.", totals.crosswalk),
        ("quarantined_rows", "Rows in quarantine.", totals.quarantined()),
        ("withheld_rows", "Rows withheld.", totals.withheld()),
        ("review_pairs", "Pairs that wait for a human.", night.linked.clustering.review.len() as u64),
        ("pairs_compared", "Pairs of identities compared.", night.linked.clustering.counts.pairs_compared),
    ];
    let mut text = String::new();
    for (name, help, value) in gauges {
        text.push_str(&format!("# HELP onefolk_{name} {help}\n# TYPE onefolk_{name} gauge\nonefolk_{name} {value}\n"));
    }
    text
}
