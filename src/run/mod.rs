//! The night: drives the rooms one after another, keeps the accounts, publishes or leaves everything as it was.
//!
//! In: a checked [`Job`]. Out: a [`Finished`] run, published, or a failure with nothing changed. Always: every row read is in exactly
//! one of crosswalk, quarantine and withheld, or the run fails; what was published before stands until the one rename that replaces it.

mod accounts;
mod agreement;
mod changes;
mod checkpoint;
mod counted;
mod decided;
mod earlier;
mod export;
mod export_model;
mod frequencies;
pub mod gates;
mod history;
pub mod imported;
pub mod impossible;
mod interrupt;
mod keep;
pub mod link;
mod linked_night;
pub(crate) mod machine;
mod memory;
mod metrics;
mod model;
mod noted;
mod notify;
mod other_model;
pub mod plan;
pub mod progress;
mod purge;
mod recalling;
mod release;
mod released;
mod report;
mod rollback;
#[doc(hidden)]
mod story;
mod temporary;
mod train;
#[cfg(test)]
mod trouble;
mod withhold;

pub use accounts::{Accounts, FileAccount};
pub use export::{Exported, export, standardised};
pub use export_model::{ExportedModel, export_model};
pub(crate) use frequencies::with_frequencies;
pub use history::{Entry, history};
pub use model::model_in_brief;
pub use other_model::OtherModel;
pub use progress::{Show, StageTime};
pub use purge::Purged;
pub use release::{ReleasedAgain, release};
pub use rollback::{RolledBack, rollback};
pub use temporary::Temporary;
pub use train::{Trained, Unused, train};

use crate::audit::Head;
use crate::best_record::{self, People};
use crate::clustering::as_probability;
use crate::consent::{self, Authority, OptOuts, Withheld};
use crate::failure::{Code, Exit, Failure, Result};
use crate::identity::{self, Identified, Ledger};
use crate::intake::{self, FileReport, Quarantined};
use crate::job::Job;
use crate::model::{Frozen, Model};
use crate::publish::{self, Draft, LinkTable, Lock, Outputs, next_run_id};
use crate::recall::Recalled;
use crate::records::{self, Cleaned, Formats, Records};
use crate::release::Outcome;
use changes::ProviderChanges;
use checkpoint::{Checkpoints, Use};
use decided::Decided;
use gates::{Before, Gates, Waived};
use imported::ModelFile;
use impossible::Control;
use link::Linked;
use linked_night::{LinkedNight, Taken, link_night};
use model::{Known, MODEL_DOES_NOT_FIT};
use progress::Progress;
use purge::Purge;
use released::Released;
use std::collections::BTreeSet;
use std::path::PathBuf;
use withhold::{Held, withhold};

/// The codes this room raises (OF051x).
pub static CODES: &[&Code] = &[
    &EXTRACT_ALL_QUARANTINED,
    &keep::KEPT_DAMAGED,
    &ACCOUNTS_WRONG,
    &THREADS_UNAVAILABLE,
    &NO_ROWS,
    &INTERRUPTED,
    &earlier::KEPT_APART_TODAY,
    &model::MODEL_UNREADABLE,
    &model::MODEL_DAMAGED,
    &model::MODEL_MISSING,
    &MODEL_DOES_NOT_FIT,
    &model::NOTHING_TO_LEARN,
    &model::MODEL_UNWRITABLE,
    &frequencies::FREQUENCIES_UNUSABLE,
];

pub static EXTRACT_ALL_QUARANTINED: Code = Code {
    id: "OF0512",
    exit: Exit::InputUnusable,
    title: "no row of an extract could be used",
    next_step: "Correct the extract or its column mapping (`onefolk check` shows both), then run again; nothing was published",
    explanation: "Every single row of an extract went to quarantine. The mapping in [provider.columns] most likely names wrong columns, \
                  or the file is not what it says it is. A provider with when_missing = \"without\" is left out instead.",
};

pub static ACCOUNTS_WRONG: Code = Code {
    id: "OF0513",
    exit: Exit::Resource,
    title: "the accounts do not add up",
    next_step: "Report this with the version and the run's log: it is a fault of onefolk; nothing was published",
    explanation: "Every row that was read must be in exactly one of crosswalk, quarantine and withheld, file by file. They did not add \
                  up, so the run was not published.",
};

pub static THREADS_UNAVAILABLE: Code = Code {
    id: "OF0514",
    exit: Exit::Resource,
    title: "the threads could not be started",
    next_step: "Lower [job] threads, or raise the limit of processes of the account that runs onefolk, then run again",
    explanation: "The operating system refused to start as many threads as [job] threads asks for.",
};

pub static NO_ROWS: Code = Code {
    id: "OF0515",
    exit: Exit::InputUnusable,
    title: "there is not one row to link",
    next_step: "See that the extracts hold data rows, then run again; nothing was published",
    explanation: "All extracts together hold no row that could be read. An empty population is never published over a full one.",
};

pub static INTERRUPTED: Code = Code {
    id: "OF0516",
    exit: Exit::Interrupted,
    title: "the run was stopped",
    next_step: "Run the same command again when it suits; what was published before still stands",
    explanation: "Ctrl-C or SIGTERM came before the run was published. What it had begun to write was removed. A signal that comes \
                  during the few renames that publish a run waits for them, and the run ends as usual.",
};

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub show: Show,
    /// Do everything but publish.
    pub dry_run: bool,
    /// Go on where an earlier attempt at this night was stopped.
    pub resume: bool,
    /// Gates that may be broken this once.
    pub waived: Waived,
    /// Take nothing from the night before: compare and join everything anew, with the model that is there.
    pub full: bool,
}

impl Default for Options {
    /// Silent, and published: what an embedding program wants.
    fn default() -> Self {
        Options { show: Show::Nothing, dry_run: false, resume: false, waived: Waived::default(), full: false }
    }
}

/// What one run did.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Finished {
    pub run_id: String,
    /// `runs/<run_id>` below the output; absent after a dry run.
    pub folder: Option<PathBuf>,
    pub rows: u64,
    pub people: u64,
    /// Records beyond the first of each person.
    pub duplicates: u64,
    pub quarantined: u64,
    pub withheld: u64,
    pub review: u64,
    pub changes: u64,
    /// Distinct tuples of matching values.
    pub identities: u64,
    pub pairs_compared: u64,
    /// What of it was known from the night before.
    pub recalled: Recalled,
    /// This run learnt its model, and the nights to come use it; `false` where the model was learnt before.
    pub learnt: bool,
    /// The file that the model was read from, or was kept in; absent where there was nothing to compare, and after a dry run that learnt.
    pub model: Option<PathBuf>,
    /// Kept runs that held rows of people who object now, and were written anew without them.
    pub purged: Vec<Purged>,
    pub seconds: f64,
    /// Stages that an earlier attempt at this night had finished, and that were not done again.
    pub reused_stages: Vec<&'static str>,
    /// What each stage took, publishing included, in order.
    pub stages: Vec<StageTime>,
    pub warnings: Vec<String>,
}

/// Everything the stages have found, on its way to being published.
struct Night<'a> {
    job: &'a Job,
    run_id: String,
    files: Vec<FileReport>,
    records: Records,
    cleaned: Cleaned,
    quarantined: Vec<Quarantined>,
    withheld: Vec<Withheld>,
    objecting: withhold::Objecting,
    authority: Authority,
    /// Every run that the ledger knows, oldest first.
    runs: Vec<String>,
    /// Opt-outs that act on releases.
    opt_outs: OptOuts,
    replaced_numbers: u64,
    /// What humans have decided, and how far it was obeyed.
    decided: Decided,
    gates: Vec<gates::Outcome>,
    /// What gates, the memory of the night before and checkpoints have to say.
    warnings: Vec<String>,
    /// Checksums of the extracts of the run before.
    extracts_before: BTreeSet<String>,
    /// What providers that send only changes have sent.
    provider_changes: Vec<ProviderChanges>,
    /// Stages of an earlier attempt at this night that were not done again.
    reused: Vec<&'static str>,
    controls: Vec<Control>,
    agreements: Vec<agreement::Agreement>,
    accounts: Accounts,
    linked: Linked,
    /// The job's own model file, where it names one.
    model_file: Option<ModelFile>,
    /// What model.json holds; `None` where there was nothing to compare.
    frozen: Option<Frozen>,
    /// The model that was there before; `None` where this night learnt it.
    known: Option<Known>,
    identified: Identified,
    people: People,
}

/// Runs a job: reads, links, publishes.
///
/// ```
/// use onefolk::{job::Job, run};
/// # let folder = std::env::temp_dir().join(format!("onefolk-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// std::fs::write(folder.join("gp.csv"), "id,given,family,born\n1,Ann,Okafor,1980-04-03\n2,Anne,Okafor,1980-04-03\n3,Tom,Reed,1951-11-30\n").unwrap();
/// std::fs::write(folder.join("job.toml"), r#"
/// [job]
/// name = "example"
/// as_of = 2026-11-22
/// [[provider]]
/// id = "gp"
/// name = "A practice"
/// setting = "general_practice"
/// files = ["gp.csv"]
/// [provider.columns]
/// record_id = "id"
/// given_name = "given"
/// family_name = "family"
/// date_of_birth = "born"
/// "#).unwrap();
/// let job = Job::read(&folder.join("job.toml")).expect("the job is right");
/// let finished = run::run(&job, run::Options::default()).expect("the run succeeds");
/// assert_eq!(finished.rows, 3);
/// assert!(finished.people <= 3);
/// assert!(folder.join("out/current/people.parquet").exists());
/// # std::fs::remove_dir_all(&folder).unwrap();
/// ```
///
/// # Errors
/// See the codes of `job` aside: OF02xx for input, OF035x for lists, OF04xx for disk and ledger, OF05xx for the run itself.
pub fn run(job: &Job, options: Options) -> Result<Finished> {
    let story = story::Story::begin();
    let since = std::time::Instant::now();
    let progress = Progress::new(options.show);
    let mut finished = on_threads(job, || story.tell(|| night(job, options, &progress, &story)))?;
    finished.seconds = since.elapsed().as_secs_f64();
    finished.stages = progress.timings();
    Ok(finished)
}

fn night(job: &Job, options: Options, progress: &Progress, story: &story::Story) -> Result<Finished> {
    let lock = Lock::acquire(&job.output, "run")?;
    let interrupt = interrupt::Guard::watch(&job.output);
    let command = if options.dry_run { "dry run" } else { "run" };
    let published = |finished: &Finished| finished.folder.is_some().then(|| finished.run_id.clone());
    let attempt = |job: &Job| under_lock(job, options, progress, story, &lock, &interrupt);
    // An extract that cannot be read is as good as none: where there is a last good one, it stands, in the same night.
    let whole_night = || match attempt(job) {
        Err(failure) => keep::standing_in(job, &failure).map_or(Err(failure), |standing| attempt(&standing)),
        done => done,
    };
    history::kept(&lock, command, published, whole_night)
        .inspect_err(|failure| story::keep_failed(&lock, story, failure))
}

fn under_lock(
    job: &Job,
    options: Options,
    progress: &Progress,
    story: &story::Story,
    lock: &Lock,
    interrupt: &interrupt::Guard,
) -> Result<Finished> {
    let recovered = publish::recover(lock)?;
    if recovered.finished.is_some() || !recovered.removed.is_empty() {
        tracing::info!(removed = recovered.removed.len(), "remains of an interrupted run were put in order");
    }
    let ledger = Ledger::open(&job.output, job.id_key_file.as_deref())?;
    let run_id = next_run_id(lock, job.as_of, ledger.runs())?;
    lock.tell(&format!("run {run_id}"))?;
    let (holding, changed) = changes::fold(job, &run_id)?;
    let finished = Beginning::of(&holding, run_id, ledger, options)
        .and_then(|beginning| with_changes(beginning, changed, options, (lock, interrupt), progress, story));
    if finished.as_ref().map_or(true, |finished| finished.folder.is_none()) {
        changes::abandon(job);
    }
    finished
}

/// The night of a job whose providers all send what they hold.
fn with_changes(
    beginning: Beginning,
    changed: Vec<ProviderChanges>,
    options: Options,
    (lock, interrupt): (&Lock, &interrupt::Guard),
    progress: &Progress,
    story: &story::Story,
) -> Result<Finished> {
    let job = beginning.job;
    let mut night = prepare(job, beginning, progress)?;
    night.provider_changes = changed;
    let mut finished = night.finished();
    if options.dry_run {
        return Ok(finished);
    }
    let stage = progress.stage("Publishing", None);
    let draft = Draft::create(lock, &night.run_id)?;
    if let Some(frozen) = night.frozen.as_ref().filter(|_| night.known.is_none()) {
        model::keep_frequencies(job, frozen)?;
    }
    let remove = draft.beyond(job.keep_runs)?;
    let head = noted::settle(job)?;
    let (run_json, released) = write(&night, &draft, &remove, &head, progress, story)?;
    finished.warnings.extend(released.outcomes.iter().filter_map(Outcome::warning));
    interrupt.hold();
    noted::about_to_publish(&night, &released, &run_json)?;
    let committed = draft.commit(&night.identified.next, &remove);
    let published = committed.inspect_err(|_| noted::withdrawn(job, &night.run_id))?;
    stage.done(format!("{} files", std::fs::read_dir(&published.folder).map_or(0, |entries| entries.count())));
    finished.warnings.extend(published.warnings);
    finished.warnings.extend(changes::promote(job));
    if let Err(error) = checkpoint::remove(&job.output) {
        finished.warnings.push(format!("the checkpoints could not be removed: {}", error.kind()));
    }
    finished.warnings.extend(keep::keep(job, &night.files, &night.withheld));
    finished.warnings.extend(memory::leave(job, night.frozen.as_ref(), night.linked.left.as_ref()));
    let Night { run_id: by, runs, authority, objecting, .. } = &night;
    let purge = Purge { job, lock, by, runs, authority, objecting, interrupt };
    let (purged, warnings) = purge.kept_runs(progress);
    finished.purged = purged;
    finished.warnings.extend(warnings);
    let place = model::place(job);
    if let Some(frozen) = night.frozen.as_ref().filter(|_| night.known.as_ref().is_none_or(|known| known.from != place))
    {
        // The run stands; the next one takes its model where this one cannot be kept.
        finished.warnings.extend(model::write(job, &place, frozen).err().map(|failure| failure.to_string()));
        finished.model = Some(place);
    }
    finished.folder = Some(published.folder);
    Ok(finished)
}

/// What a night has at hand before it reads an extract.
struct Beginning<'a> {
    job: &'a Job,
    run_id: String,
    ledger: Ledger,
    /// The job's own model file, where it names one of another tool.
    model_file: Option<ModelFile>,
    /// The model that was learnt before.
    known: Option<Known>,
    /// Nothing is taken from the night before.
    full: bool,
    authority: Authority,
    opt_outs: OptOuts,
    gates: Gates<'a>,
    checkpoints: Checkpoints<'a>,
}

impl<'a> Beginning<'a> {
    fn of(job: &'a Job, run_id: String, ledger: Ledger, options: Options) -> Result<Beginning<'a>> {
        let model_file = ModelFile::of_job(job)?;
        let known = if model_file.is_some() { None } else { model::to_use(job)? };
        let how = Use { resume: options.resume, write: !options.dry_run };
        let settings = checkpoint::settings(job, known.as_ref(), model_file.as_ref(), options.full)?;
        let checkpoints = Checkpoints::new(job, how, settings);
        let authority = consent::read(job)?;
        let opt_outs = consent::read_opt_outs(job, &authority)?;
        let mut gates = Gates::new(job, Before::of(job)?, options.waived);
        gates.judge_headers()?;
        let full = options.full;
        Ok(Beginning { job, run_id, ledger, model_file, known, full, authority, opt_outs, gates, checkpoints })
    }
}

/// Everything up to publishing.
fn prepare<'a>(job: &'a Job, beginning: Beginning<'a>, progress: &Progress) -> Result<Night<'a>> {
    let Beginning { run_id, ledger, model_file, known, full, authority, opt_outs, mut gates, mut checkpoints, .. } =
        beginning;
    let extracts_before = gates.before.extracts.clone();
    let Usable { files, mut records, cleaned, mut quarantined, replaced_numbers } = match checkpoints.reading(progress)
    {
        Some(usable) => usable,
        None => {
            let usable = read_usable(job, &authority, known.as_ref().and_then(Known::formats), progress)?;
            checkpoints.keep_reading(&usable, progress);
            usable
        }
    };
    keep::verify(job, &files)?;
    gates.judge_extracts(&files, &quarantined, &cleaned.quality, &records)?;
    let objecting = withhold::Objecting::named(job, &records, &authority);
    let taken = Taken { file: model_file.as_ref(), known: known.as_ref(), full };
    let mut accounts = Accounts::default();
    let (night, memory_warnings) = link_night(
        job,
        (&mut records, &cleaned),
        &authority,
        taken,
        &mut checkpoints,
        progress,
        |records, withheld| {
            accounts = Accounts::draw_up(&files, records, &quarantined, withheld)?;
            Ok(())
        },
    )?;
    let LinkedNight { withheld, gone, linked, learnt } = night;
    let objecting = objecting.withheld(job, &withheld);
    withhold::empty_texts(&mut quarantined, &authority, &objecting);
    let settled = authority.settled(job, &records);
    let decided = Decided::of(&authority.decisions, settled.gone + gone, &linked.clustering.refused);
    let frozen = known.as_ref().map(|known| known.as_used(job)).or(learnt);
    let stage = progress.stage("Best records", None);
    let identified = identity::assign(
        &ledger,
        job,
        &records,
        &linked.clustering.partition,
        &linked.identities.of_record,
        &linked.identities.hash,
        &run_id,
    );
    let controls = impossible::controls(job, &records, &linked.clustering.partition);
    let found = u64::from(linked.clustering.partition.people);
    let agreements = agreement::agreements(job, &records, &linked.clustering.partition);
    gates.judge_people(&ledger, found, &identified.changes, &controls, &agreements)?;
    let people = best_record::combine(job, &records, &linked.clustering.partition, told(&linked, &identified));
    stage.done(format!("{} people", people.len()));
    let (reused, checkpoint_warnings) = checkpoints.outcome();
    Ok(Night {
        job,
        run_id,
        files,
        records,
        cleaned,
        quarantined,
        withheld,
        objecting,
        authority,
        runs: ledger.runs().to_vec(),
        opt_outs,
        replaced_numbers,
        decided,
        warnings: gates.warnings().chain(memory_warnings).chain(checkpoint_warnings).collect(),
        extracts_before,
        provider_changes: Vec::new(),
        gates: gates.into_outcomes(),
        reused,
        controls,
        agreements,
        accounts,
        linked,
        model_file,
        frozen,
        known,
        identified,
        people,
    })
}

/// What reading and standardising leave: every row is a record or in quarantine; nothing is withheld yet.
pub(crate) struct Usable {
    pub files: Vec<FileReport>,
    pub records: Records,
    pub cleaned: Cleaned,
    pub quarantined: Vec<Quarantined>,
    pub replaced_numbers: u64,
}

/// Reads every extract and standardises it; `formats` are those of the model that the records are for.
pub(crate) fn read_usable(
    job: &Job,
    authority: &Authority,
    formats: Option<&Formats>,
    progress: &Progress,
) -> Result<Usable> {
    let (files, mut records, mut quarantined) = read(job, progress)?;
    let stage = progress.stage("Standardising", None);
    let cleaned = records::clean(job, &mut records, formats);
    quarantined.extend(records::quarantine(job, &mut records, &cleaned.filler_rows));
    quarantined.sort_by_key(|row| (row.extract, row.source_row));
    let replaced_numbers = consent::replace_numbers(&mut records, authority);
    stage.done(format!("{} records, {} rows in quarantine", records.len(), quarantined.len()));
    Ok(Usable { files, records, cleaned, quarantined, replaced_numbers })
}

/// The records that a run would link, for `explain`: as in a run, but that no gate is asked. `model` is that of the run, and says how
/// providers write; `learnt` that the run itself has learnt it, so that it found without it whom objections concern.
pub(crate) fn prepare_records(
    job: &Job,
    authority: &Authority,
    (model, learnt): (Option<&Model>, bool),
    progress: &Progress,
) -> Result<Records> {
    let formats = model.and_then(Model::formats);
    let mut usable = match read_usable(job, authority, formats, progress) {
        // As in the night: the last good extracts stand where a provider's own cannot be read.
        Err(failure) => match keep::standing_in(job, &failure) {
            Some(standing) => read_usable(&standing, authority, formats, progress)?,
            None => return Err(failure),
        },
        usable => usable?,
    };
    let model_file = ModelFile::of_job(job)?;
    let _ = withhold(job, &mut usable.records, authority, (model_file.as_ref(), model.filter(|_| !learnt)), progress)?;
    Ok(usable.records)
}

/// Runs `what` on as many threads as the job asks for.
pub(crate) fn on_threads<T: Send>(job: &Job, what: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads).build();
    pool.map_err(|error| Failure::new(&THREADS_UNAVAILABLE, error.to_string()))?.install(what)
}

fn read(job: &Job, progress: &Progress) -> Result<(Vec<FileReport>, Records, Vec<Quarantined>)> {
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let bytes = job.providers.iter().flat_map(|provider| &provider.files).map(size).sum();
    let stage = progress.stage("Reading", Some(bytes));
    let intake = intake::read_all(job, |batch| records::intern(job, batch), |bytes| stage.advance(bytes))?;
    let (records, quarantined) = records::merge(job, intake.batches);
    let rows: u64 = intake.files.iter().map(|file| file.rows).sum();
    if rows == 0 {
        return Err(Failure::new(&NO_ROWS, format!("{} extracts were read", intake.files.len())));
    }
    stage.done(format!("{rows} rows of {} extracts", intake.files.len()));
    Ok((intake.files, records, quarantined))
}

/// What linking says of each person, for the best record.
fn told(linked: &Linked, identified: &Identified) -> best_record::Linked {
    let clustering = &linked.clustering;
    let mut in_review = vec![false; clustering.partition.people as usize];
    for &(at, _) in &clustering.review {
        let edge = &clustering.links[at as usize];
        for identity in [edge.left, edge.right] {
            for &record in linked.identities.members(identity) {
                in_review[clustering.partition.person[record as usize] as usize] = true;
            }
        }
    }
    best_record::Linked {
        weakest_probability: clustering.weakest.iter().map(|weight| weight.map(as_probability)).collect(),
        in_review,
        bare: clustering.bare.clone(),
        first_seen: identified.first_seen.clone(),
    }
}

/// Writes every file of the run into the draft; gives run.json and what was released. `audit` is where the audit ends before this run.
fn write(
    night: &Night,
    draft: &Draft,
    remove: &[String],
    audit: &Head,
    progress: &Progress,
    story: &story::Story,
) -> Result<(Vec<u8>, Released)> {
    let clustering = &night.linked.clustering;
    let review: Vec<(u32, &str)> = clustering.review.iter().map(|(at, reason)| (*at, reason.word())).collect();
    let calibration = night.linked.model.as_ref().map(crate::model::Model::calibration).unwrap_or_default();
    let outputs = Outputs {
        job: night.job,
        files: &night.files,
        records: &night.records,
        partition: &clustering.partition,
        identity_of_record: &night.linked.identities.of_record,
        identity_ids: &night.linked.identities.hash,
        person_ids: &night.identified.person_ids,
        people: &night.people,
        links: LinkTable { links: &clustering.links, levels: &night.linked.levels, calibration: &calibration },
        review: &review,
        quarantined: &night.quarantined,
        withheld: &night.withheld,
        changes: &night.identified.changes,
    };
    let mut written = draft.write_tables(&outputs)?;
    let summary = report::summary(night);
    written.push(draft.write_bytes("report.html", summary.report_html.as_bytes())?);
    for (name, bytes) in &summary.csv {
        written.push(draft.write_bytes(&format!("summary/{name}"), bytes)?);
    }
    let released = released::release(night, &summary.csv, draft)?;
    let transparency = released::transparency(night, &released)?;
    written.push(draft.write_bytes("transparency.html", transparency.html.as_bytes())?);
    written.push(draft.write_bytes("transparency.md", transparency.markdown.as_bytes())?);
    let model = match &night.model_file {
        Some(file) => file.text.clone().into_bytes(),
        None => night.frozen.as_ref().map_or(b"null\n".to_vec(), Frozen::to_json),
    };
    written.push(draft.write_bytes("model.json", &model)?);
    let mut run_json = report::run_json(night, remove, &progress.timings());
    written.push(draft.write_bytes("onefolk.prom", metrics::of(&run_json).as_bytes())?);
    run_json["outputs"] = report::outputs(&written);
    run_json["audit"] = serde_json::json!(audit);
    run_json["opt_outs"] = released.opt_outs(night);
    run_json["releases"] = serde_json::json!(released.outcomes);
    story::outcome(&run_json, &night.told_of_the_model());
    let run_json = format!("{run_json:#}\n").into_bytes();
    draft.write_bytes("run.json", &run_json)?;
    draft.write_bytes("log.jsonl", &story.so_far())?;
    Ok((run_json, released))
}

impl Night<'_> {
    /// What somebody should know of a model that was not learnt tonight.
    fn told_of_the_model(&self) -> Vec<String> {
        let left_out = self.model_file.iter().flat_map(|file| &file.unmapped).map(ToString::to_string);
        left_out.chain(self.known.iter().filter_map(|known| model::differing(known, self.job))).collect()
    }

    fn finished(&self) -> Finished {
        let totals = self.accounts.totals();
        let people = u64::from(self.linked.clustering.partition.people);
        Finished {
            run_id: self.run_id.clone(),
            folder: None,
            rows: totals.rows,
            people,
            duplicates: totals.crosswalk - people,
            quarantined: totals.quarantined(),
            withheld: totals.withheld(),
            review: self.linked.clustering.review.len() as u64,
            changes: self.identified.changes.len() as u64,
            identities: self.linked.identities.len() as u64,
            pairs_compared: self.linked.clustering.counts.pairs_compared,
            recalled: self.linked.recalled,
            learnt: self.known.is_none() && self.frozen.is_some(),
            model: match &self.model_file {
                Some(_) => self.job.model_file.clone(),
                None => self.known.as_ref().map(|known| known.from.clone()),
            },
            purged: Vec::new(),
            seconds: 0.0,
            reused_stages: self.reused.clone(),
            stages: Vec::new(),
            warnings: self
                .told_of_the_model()
                .into_iter()
                .chain(self.decided.warning())
                .chain(keep::warnings(self.job))
                .chain(self.warnings.clone())
                .chain(self.provider_changes.iter().filter_map(ProviderChanges::warning))
                .collect(),
        }
    }
}
