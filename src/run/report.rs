//! What a run says of itself: the facts of report.html, run.json and the metrics.

use super::Night;
use super::agreement::Agreement;
use super::counted::{Counted, Seen};
use super::earlier;
use super::machine;
use super::progress::StageTime;
use crate::best_record::{self, People};
use crate::care::{CareCounts, ProviderPackages};
use crate::cohort;
use crate::end_of_life::EndOfLifeCounts;
use crate::failure::Result;
use crate::identity::{Change, ChangeKind, numbering};
use crate::job::{Field, Job};
use crate::publish::WrittenFile;
use crate::publish::published::PublishedRun;
use crate::summary::disclosure::Control;
use crate::summary::{self, Changes, Facts, FieldQuality, Linkage, Past, Provider, SegmentSet, Status, Summary};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

/// The report and the tables beside it.
pub(super) fn summary(night: &Night, control: &Control, cohorts: &[cohort::CohortCount], past: Past) -> Summary {
    let counted = counted(night.job, &night.people);
    let clustering = &night.linked.clustering;
    let facts = Facts {
        job: &night.job.name,
        as_of: night.job.as_of,
        run_id: &night.run_id,
        control,
        providers: providers(night),
        people: counted.people(),
        linkage: Linkage {
            pairs_compared: clustering.counts.pairs_compared,
            links: clustering.counts.links,
            review: clustering.review.len() as u64,
            estimate: None,
        },
        changes: changes(night.identified.previous_run.as_deref(), &night.identified.changes),
        segment_sets: segment_sets(night),
        cohorts,
        past,
        care: care(night),
        end_of_life: end_of_life(night),
    };
    summary::build(&facts)
}

/// What the run that stands, and those before it, have printed; nothing before the first.
pub(super) fn past(run: Option<&PublishedRun>, tonight: &str) -> Result<Past> {
    let file = format!("summary/{}", summary::OVER_TIME);
    match run.filter(|run| run.has(&file)) {
        Some(run) => Ok(Past::read(&run.bytes(&file)?, tonight)),
        None => Ok(Past::default()),
    }
}

/// Packages of care of those who are registered or known here.
fn care(night: &Night) -> Option<CareCounts> {
    use best_record::Status::{KnownOnly, Registered};
    let (care, people) = (night.people.care.as_ref()?, &night.people);
    let mut counted = CareCounts::of_rules(&night.job.care.rules);
    let here = (0..people.len()).filter(|&person| matches!(people.status[person], Registered | KnownOnly));
    here.for_each(|person| counted.add(&care.of(person)));
    Some(counted)
}

fn end_of_life(night: &Night) -> Option<EndOfLifeCounts> {
    use best_record::Status::{KnownOnly, Registered};
    let (known, people) = (night.people.end_of_life.as_ref()?, &night.people);
    let mut counted = EndOfLifeCounts::default();
    for person in 0..people.len() {
        counted.add(&known.of(person, matches!(people.status[person], Registered | KnownOnly)));
    }
    Some(counted)
}

fn segment_sets<'a>(night: &'a Night) -> Vec<SegmentSet<'a>> {
    let sets = night.job.segment_sets.iter().zip(&night.people.segments);
    sets.map(|(set, (_, segments))| earlier::segment_set(set, &segments.of_person)).collect()
}

fn counted(job: &Job, people: &People) -> Counted {
    let (born, died) = (people.field(Field::DateOfBirth), people.field(Field::DateOfDeath));
    let (sex, ethnicity, postcode) =
        (people.field(Field::Sex), people.field(Field::Ethnicity), people.field(Field::Postcode));
    let place: FxHashMap<&str, u16> =
        job.providers.iter().zip(0..).map(|(provider, at)| (provider.id.as_str(), at)).collect();
    let mut counted = Counted::on(job.as_of);
    for person in 0..people.len() {
        let seen = Seen {
            born: born.date(person),
            died: died.date(person),
            sex: sex.text(person),
            ethnicity: ethnicity.text(person),
            postcode: postcode.text(person),
            status: match people.status[person] {
                best_record::Status::Registered => Status::Registered,
                best_record::Status::KnownOnly => Status::KnownOnly,
                best_record::Status::Left => Status::Left,
                best_record::Status::Died => Status::Died,
            },
            weakest: people.weakest_probability[person],
        };
        let known = (!people.sensitive[person]).then(|| people.providers.of(person));
        counted.add(&seen, known.into_iter().flatten().filter_map(|id| place.get(id).copied()));
    }
    counted
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
                days_old: provider.days_old(night.job.as_of),
                records: account.crosswalk,
                withheld_rows: account.withheld(),
                quarantined: night.accounts.quarantine_of(at as u16),
                fields: quality
                    .filter_map(|quality| quality.left.map(|left| (quality.field.as_str(), left)))
                    .map(|(field, left)| FieldQuality { field, filled: left.filled, valid: left.valid })
                    .collect(),
            }
        })
        .collect()
}

/// Changes by kind; `None` on the first run.
pub(super) fn changes<'a>(from_run: Option<&'a str>, changes: &[Change]) -> Option<Changes<'a>> {
    let count = |kind: ChangeKind| changes.iter().filter(|change| change.kind == kind).count() as u64;
    from_run.map(|from_run| Changes::counted(from_run, count))
}

/// run.json: accounts, settings, hashes, versions, timings, quality figures.
pub(super) fn run_json(night: &Night, removed: &[String], timings: &[StageTime]) -> Value {
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
        "decisions": night.decided,
        "gates": night.gates,
        "providers_left": night.left,
        "warnings": [],
        "negative_controls": night.controls,
        "agreement": agreement(night),
        "settings": settings(job),
        "inputs": inputs(night),
        "provider_changes": night.provider_changes,
        "standardise": standardised(night),
        "packages": packages(night),
        "linkage": {
            "identities": linked.identities.len(),
            "blocking": { "rules": linked.rules, "cap": linked.limits.cap, "cap_last": linked.limits.cap_last },
            "training_pairs": linked.training_pairs,
            "patterns": linked.patterns,
            "expected_matches": linked.expected_matches,
            "clustering": linked.clustering.counts,
            "recalled": linked.recalled,
            "review": linked.clustering.review.len(),
            "model": model_in_brief(night),
        },
        "reused_stages": night.reused,
        "removed_runs": removed,
        "outputs": [],
        "seconds": timings,
        "peak_memory_bytes": machine::peak_memory_bytes(),
        "put_aside_bytes": night.put_aside_bytes,
    })
}

/// Where the segments of the job come from; how many people are in each stands in the summary, after disclosure control.
pub(super) fn segment_sets_in_brief(job: &Job) -> Value {
    let set = |set: &crate::job::SegmentSet| json!({ "id": set.id, "preset": set.preset, "absent_facts": set.absent });
    job.segment_sets.iter().map(set).collect()
}

fn settings(job: &Job) -> Value {
    json!({
        "false_link_cost": job.cluster.false_link_cost,
        "threshold": job.cluster.threshold,
        "review_from": job.cluster.review_from,
        "keep_runs": job.keep_runs,
        "threads": rayon::current_num_threads(),
        "memory_limit": job.memory_limit,
        "numbered_rows": numbering(job).collect::<Vec<_>>(),
        "job_file_blake3": job_file_blake3(job),
    })
}

/// The checksum of the job file as it stands; `None` where it cannot be read.
pub(super) fn job_file_blake3(job: &Job) -> Option<String> {
    std::fs::read(&job.path).ok().map(|bytes| blake3::hash(&bytes).to_hex().to_string())
}

fn inputs(night: &Night) -> Value {
    // Rows of changes that could not be used come after these; of their extracts `provider_changes` tells.
    let read = crate::intake::extracts(night.job).len();
    let files = night.files.iter().take(read).enumerate().map(|(at, file)| {
        let provider = &night.job.providers[usize::from(file.provider)];
        let ids = night.record_ids.get(at).copied().flatten();
        let why = provider.stale.as_ref().and_then(|stale| stale.why);
        json!({
            "file": file.name,
            "provider": provider.id,
            "bytes": file.bytes,
            "blake3": file.blake3,
            "rows": file.rows,
            "record_ids": ids.map(|ids| ids.distinct),
            "record_ids_shared": ids.map(|ids| ids.shared),
            "unchanged": night.extracts_before.knows(&file.blake3),
            "since": night.extracts_before.since(&file.blake3, night.job.as_of).to_string(),
            "found": file.found,
            "skipped": file.skipped,
            "days_old": provider.days_old(night.job.as_of),
            "unusable": why.map(|code| json!({ "code": code.id, "why": code.title })),
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
            "left": quality.left.map(|left| json!({ "filled": left.filled, "valid": left.valid })),
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

/// The packages of each provider that sends any; by what they are for they stand in the summary, after disclosure control.
pub(super) fn packages(night: &Night) -> Vec<ProviderPackages> {
    let care = night.people.care.as_ref();
    care.map(|care| ProviderPackages::of(night.job, &care.packages)).unwrap_or_default()
}

fn agreement(night: &Night) -> Value {
    let one = |agreement: &Agreement| {
        json!({
            "provider": night.job.providers[usize::from(agreement.provider)].id,
            "field": agreement.field,
            "able": agreement.able,
            "agreed": agreement.agreed,
        })
    };
    night.agreements.iter().map(one).collect()
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

/// The files of a run, with their hashes.
pub(super) fn outputs(written: &[WrittenFile]) -> Value {
    written.iter().map(|file| json!({ "file": file.name, "bytes": file.bytes, "blake3": file.blake3 })).collect()
}
