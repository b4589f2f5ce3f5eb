//! What a run would do, without doing it: nothing is locked and nothing is written.

use super::ceiling::{Held, Linking, Need};
use super::imported::{self, Foreseen, ModelFile};
use super::model::{self, Known};
use super::{Progress, Show, Usable, machine, memory, on_threads, read_usable, recalling};
use crate::blocking::{self, Features, RuleCount};
use crate::clustering;
use crate::comparison::Comparisons;
use crate::consent;
use crate::disk;
use crate::failure::Result;
use crate::intake;
use crate::job::Job;
use crate::model::Model;
use crate::publish;
use crate::recall::Looks;
use crate::records::{Identities, Records};
use serde::Serialize;

// Measured with one thread on a virtual machine of two shared cores: runs over 60,000 and 300,000 made-up rows of seven fields in four
// CSV extracts took 3.8 and 12.8 CPU seconds and 107 and 259 MiB of resident memory, with 43,000 and 214,000 identities and 1.3 and
// 3.2 million pairs. The seconds of the stages, scaled to CPU time, give the figures below.
/// CPU seconds for reading, standardising, best records and publishing, a row.
const ROW_SECONDS: f64 = 7e-6;
/// CPU seconds for grouping and blocking, an identity.
const IDENTITY_SECONDS: f64 = 7e-6;
/// CPU seconds for learning, a pair looked at; beyond [`TRAINING_PAIRS`] no more are.
const TRAINING_PAIR_SECONDS: f64 = 2e-6;
const TRAINING_PAIRS: u64 = 4_000_000;
/// CPU seconds for scoring and clustering, a pair.
const PAIR_SECONDS: f64 = 1e-6;
// Memory: a run comes to the end of blocking as a plan does, and holds as much there; what planning held is measured, so that wide rows and
// long values are in it. What linking adds is foretold as a run foretells it (`ceiling`).
/// What a plan holds where the system does not tell: bytes of the program, a row and an identity.
const BASE_BYTES: f64 = 55e6;
const ROW_BYTES: f64 = 300.0;
const IDENTITY_BYTES: f64 = 200.0;

/// What the estimates rest on; to be told with them.
pub const ESTIMATE: &str = "Time is estimated from 7 µs a row, 7 µs an identity, 1 µs a pair and 2 µs a training pair on one core: measured on \
                            made-up rows of seven fields; wide rows, other machines and objections differ, expect up to twice as \
                            much. Memory is what planning took, which a run takes as well, and what linking so many pairs adds.";

/// What a run would do.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub job: String,
    pub providers: usize,
    pub files: Vec<PlannedFile>,
    /// Data rows, counted.
    pub rows: u64,
    pub quarantined: u64,
    /// Rows that can be used. Those that objections withhold are still among them: they are found by linking.
    pub records: u64,
    /// Distinct tuples of matching values: what is compared.
    pub identities: u64,
    /// The comparisons, in the order of the fields.
    pub comparisons: Vec<String>,
    pub rules: Vec<RuleCount>,
    /// Identities a block may hold; 0 where the rules of an imported model bound none.
    pub block_cap: usize,
    /// Pairs to compare, each once.
    pub distinct_pairs: u64,
    /// How many of them the night before has compared already.
    pub pairs_known: u64,
    pub threads: usize,
    pub estimated_seconds: f64,
    /// The most memory that a run will have resident.
    pub estimated_bytes: u64,
    /// The same where columns and scored pairs wait on disk while records are linked, as `memory_limit` may ask.
    pub least_bytes: u64,
    /// What the job allows; absent where it names no limit.
    pub memory_limit: Option<u64>,
    pub estimate: &'static str,
    /// What of earlier runs is used again, in words.
    pub reused: String,
    pub previous: Option<Previous>,
}

/// One extract.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedFile {
    pub provider: String,
    pub file: String,
    pub bytes: u64,
    /// By a look at its first part; absent where the extract could not be read and its provider is optional.
    pub estimated_rows: Option<u64>,
    pub rows: u64,
    /// Why it is left out, in words.
    pub skipped: Option<String>,
}

/// The current run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Previous {
    pub run_id: String,
    /// From its run.json; absent where that cannot be read.
    pub rows: Option<u64>,
    pub people: Option<u64>,
    pub seconds: Option<f64>,
}

/// Plans a run: reads and standardises every extract, and blocks; that is about half of a run's work.
///
/// # Errors
/// As a run's, up to blocking. Gates are not asked: what is in quarantine is told.
pub fn plan(job: &Job, show: Show) -> Result<Plan> {
    let progress = Progress::new(show);
    on_threads(job, || draw_up(job, &progress))
}

fn draw_up(job: &Job, progress: &Progress) -> Result<Plan> {
    let stage = progress.stage("Looking", None);
    let estimated: Vec<Option<u64>> = intake::extracts(job)
        .iter()
        .map(|extract| intake::estimate_rows(&job.providers[usize::from(extract.provider)], &extract.path).ok())
        .collect();
    stage.done(format!("about {} rows", estimated.iter().flatten().sum::<u64>()));
    let authority = consent::read(job)?;
    let file = ModelFile::of_job(job)?;
    let known = if file.is_some() { None } else { model::to_use(job)? };
    let formats = known.as_ref().and_then(Known::formats);
    let mut usable = read_usable(job, &authority, formats, progress)?;
    usable.forget_sent(file.as_ref());
    let Usable { files, mut records, quarantined, .. } = usable;
    let reading = machine::peak_memory_bytes().unwrap_or(0);
    let marked = consent::withheld_identities(&records);
    records.retain(&marked.iter().map(|marked| !marked).collect::<Vec<bool>>());
    let stage = progress.stage("Blocking", None);
    let blocked = match &file {
        Some(file) => Blocked::imported(job, &records, file),
        None => Blocked::ours(job, &records, known.as_ref()),
    };
    let Blocked { distinct_pairs, pairs_known, need, .. } = blocked;
    stage.done(format!("{distinct_pairs} pairs of {} identities", blocked.identities));
    let threads = rayon::current_num_threads();
    let rows = files.iter().map(|file| file.rows).sum();
    let planned = files.into_iter().zip(estimated).map(|(file, estimated_rows)| PlannedFile {
        provider: job.providers[usize::from(file.provider)].id.clone(),
        file: file.name,
        bytes: file.bytes,
        estimated_rows,
        rows: file.rows,
        skipped: file.skipped,
    });
    Ok(Plan {
        job: job.name.clone(),
        providers: job.providers.len(),
        files: planned.collect(),
        rows,
        quarantined: quarantined.len() as u64,
        records: records.len() as u64,
        identities: blocked.identities,
        comparisons: blocked.comparisons,
        rules: blocked.rules,
        block_cap: blocked.cap,
        distinct_pairs,
        pairs_known,
        threads,
        estimated_seconds: seconds(rows, blocked.identities, distinct_pairs - pairs_known) / threads as f64,
        estimated_bytes: need.whole.max(reading),
        least_bytes: need.least.max(reading),
        memory_limit: job.memory_limit,
        estimate: ESTIMATE,
        reused: match (&known, &file) {
            (_, Some(_)) => {
                "The person_ids, and the model of another tool that the job names; every extract is read anew"
                    .to_string()
            }
            (Some(_), None) => format!(
                "The person_ids, the model, and what the night before found of {pairs_known} of the {distinct_pairs} pairs; every extract \
                 is read anew"
            ),
            (None, None) => "The person_ids; every extract is read anew, and the model is learnt".to_string(),
        },
        previous: previous(job),
    })
}

/// What blocking finds, and what a run will hold that goes on from it.
struct Blocked {
    identities: u64,
    comparisons: Vec<String>,
    rules: Vec<RuleCount>,
    cap: usize,
    distinct_pairs: u64,
    pairs_known: u64,
    need: Need,
}

impl Blocked {
    /// With the model that was learnt before, or the one that will be learnt.
    fn ours(job: &Job, records: &Records, known: Option<&Known>) -> Blocked {
        let identities = Identities::of(records, &job.custom_names(), |_| true);
        let model = known.map(|known| &known.frozen.model);
        let comparisons = Comparisons::choose(job, records, &identities, model.and_then(Model::frequencies));
        let features = Features::gather(&comparisons, records);
        let before = held(records.len(), identities.len());
        let blocks = match model.and_then(Model::limits) {
            Some(limits) => blocking::block_within(features, &identities, limits),
            None => blocking::block(features, &identities),
        };
        let blocked = held(records.len(), identities.len());
        let distinct_pairs = blocks.distinct_pairs();
        let pairs_known = known.map_or(0, |known| {
            let (left, _) = memory::left(job, Some(known));
            let looks = Looks::of_all(&comparisons, &identities);
            let (_, known) = recalling::begin_with_known(&left, &looks, &blocks);
            known.map_or(0, |(is_known, _)| clustering::known_pairs(&blocks, &is_known))
        });
        let linking = Linking { identities: identities.len() as u64, pairs: distinct_pairs, learns: known.is_none() };
        Blocked {
            identities: identities.len() as u64,
            comparisons: comparisons.list.iter().map(|comparison| comparison.name.clone()).collect(),
            rules: blocks.counts,
            cap: blocks.limits.cap,
            distinct_pairs,
            pairs_known,
            need: Need::of(Held { before, blocked, columns: records.column_bytes() }, linking),
        }
    }

    /// With a model of another tool: nothing of it is known from the night before, and nothing waits on disk.
    fn imported(job: &Job, records: &Records, file: &ModelFile) -> Blocked {
        let identities = Identities::of(records, &job.custom_names(), |_| true);
        let Foreseen { rules, distinct_pairs, blocked } = imported::foresee(job, records, &identities, file);
        let blocked = blocked.unwrap_or_else(|| held(records.len(), identities.len()));
        let bytes = blocked + imported::added(distinct_pairs);
        Blocked {
            identities: identities.len() as u64,
            comparisons: file.comparisons().map(|(name, _)| name.to_string()).collect(),
            rules,
            cap: 0,
            distinct_pairs,
            pairs_known: 0,
            need: Need { whole: bytes, least: bytes },
        }
    }
}

fn seconds(rows: u64, identities: u64, pairs: u64) -> f64 {
    let training = pairs.min(TRAINING_PAIRS) as f64 * TRAINING_PAIR_SECONDS;
    rows as f64 * ROW_SECONDS + identities as f64 * IDENTITY_SECONDS + pairs as f64 * PAIR_SECONDS + training
}

/// The memory that this process has resident now.
fn held(rows: usize, identities: usize) -> u64 {
    machine::memory_bytes()
        .unwrap_or((BASE_BYTES + rows as f64 * ROW_BYTES + identities as f64 * IDENTITY_BYTES) as u64)
}

fn previous(job: &Job) -> Option<Previous> {
    let run_id = publish::current_run(&job.output)?;
    let text = disk::read(&job.output.join("runs").join(&run_id).join("run.json")).unwrap_or_default();
    // A run.json that cannot be read is no reason to have no plan.
    let told: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let stages = told["seconds"].as_array();
    Some(Previous {
        run_id,
        rows: told["accounts"]["rows"].as_u64(),
        people: told["people"].as_u64(),
        seconds: stages.map(|stages| stages.iter().filter_map(|stage| stage["seconds"].as_f64()).sum()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{self, Options};
    use std::path::Path;

    fn job_in(folder: &Path) -> Job {
        let mut extract = String::from("id,given,family,born\n");
        for n in 0..120 {
            // Every third row stands twice, under another record_id: one identity.
            let (given, family) =
                (format!("G{}", "abcdefghij".split_at(n % 10).1), format!("F{}", "klmnopqrst".split_at(n / 12).1));
            let row = format!("{given},{family},{}-0{}-1{}\n", 1950 + n % 40, n % 9 + 1, n % 10);
            extract.push_str(&format!("{n},{row}"));
            if n % 3 == 0 {
                extract.push_str(&format!("{},{row}", 1000 + n));
            }
        }
        extract.push_str("2000,,,\n");
        std::fs::write(folder.join("one.csv"), extract).unwrap();
        std::fs::write(
            folder.join("job.toml"),
            "[job]\nname = \"planned\"\nas_of = 2026-11-22\n[[provider]]\nid = \"one\"\nname = \"One\"\nsetting = \"acute\"\n\
             files = [\"one.csv\"]\n[provider.columns]\nrecord_id = \"id\"\ngiven_name = \"given\"\nfamily_name = \"family\"\n\
             date_of_birth = \"born\"\n",
        )
        .unwrap();
        Job::read(&folder.join("job.toml")).expect("the job is right")
    }

    /// What is planned is what the run then does, by the run's own accounts; planning itself leaves nothing behind.
    #[test]
    fn the_run_keeps_to_the_plan() {
        let folder = tempfile::tempdir().unwrap();
        let job = job_in(folder.path());
        let planned = plan(&job, Show::Nothing).expect("it can be planned");
        assert!(!job.output.exists(), "a plan writes nothing");
        assert_eq!((planned.rows, planned.quarantined, planned.records, planned.identities), (161, 1, 160, 120));
        assert_eq!((planned.files.len(), planned.files[0].rows, planned.files[0].estimated_rows), (1, 161, Some(161)));
        assert_eq!(planned.previous, None);

        let finished = run::run(&job, Options::default()).expect("the run succeeds");
        let told: serde_json::Value =
            serde_json::from_slice(&std::fs::read(job.output.join("current/run.json")).unwrap()).unwrap();
        assert_eq!(told["linkage"]["identities"], planned.identities);
        assert_eq!(told["linkage"]["clustering"]["pairs_compared"], planned.distinct_pairs);
        assert_eq!(told["linkage"]["blocking"]["rules"], serde_json::to_value(&planned.rules).unwrap());
        assert!(planned.distinct_pairs > 0);

        let again = plan(&job, Show::Nothing).expect("it can be planned");
        let previous = again.previous.expect("there was a run");
        assert_eq!(
            (previous.run_id, previous.rows, previous.people),
            (finished.run_id, Some(161), Some(finished.people))
        );
        assert!(previous.seconds.is_some_and(|seconds| seconds > 0.0));
        assert_eq!(again.distinct_pairs, planned.distinct_pairs);
        assert_eq!((planned.pairs_known, again.pairs_known), (0, again.distinct_pairs), "nothing has changed since");
    }

    /// The larger of the two runs that the figures come from; the smaller one keeps them honest below.
    #[test]
    fn estimates_of_time_fit_the_runs_they_come_from() {
        for (rows, identities, pairs, cpu) in [(300_000, 213_576, 3_177_010, 12.8), (60_000, 42_735, 1_261_050, 3.8)] {
            let time = seconds(rows, identities, pairs) / cpu;
            assert!((0.75..1.35).contains(&time), "{time}");
        }
    }

    #[test]
    fn estimates_grow_with_each_of_their_causes() {
        let base = seconds(1000, 800, 5000);
        for (rows, identities, pairs) in [(2000, 800, 5000), (1000, 1600, 5000), (1000, 800, 10_000)] {
            assert!(seconds(rows, identities, pairs) > base);
        }
    }
}
