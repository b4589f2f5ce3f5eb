//! Where the model stands between nights, and how it gets there.
//!
//! A run never changes a model that is there. On the very first night it learns one; the rename that publishes the run decides about its
//! model too: the copy below `state/` is written afterwards, and where a power cut came between the two the next run takes the model of
//! the run that stands.

use super::frequencies;
use super::link::Linked;
use crate::blocking::{self, Limits, RuleCount};
use crate::clustering::CONTEXT_LEVELS;
use crate::disk;
use crate::failure::{Code, Exit, Failure, Result};
use crate::identity::Ledger;
use crate::job::Job;
use crate::model::{FORMAT_VERSION, Frozen, Labels, LearntFrom, Measured};
use crate::publish;
use crate::records::{Formats, Identities};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

pub static MODEL_UNREADABLE: Code = Code {
    id: "OF0520",
    exit: Exit::JobWrong,
    title: "the model file cannot be used",
    next_step: "Move the file that the message names away and train anew with `onefolk train`, or name another one in [model] file",
    explanation: "The file that [model] file names (state/model.json below [job] output where the job does not say) is no model that this \
                  version of onefolk can read: it is something else, it was changed by hand into something that does not fit together, \
                  or another version wrote it. It is never overwritten and never passed over, since a run must not change its model \
                  without being told to.",
};

pub static MODEL_DAMAGED: Code = Code {
    id: "OF0525",
    exit: Exit::Resource,
    title: "the model in the state folder is damaged",
    next_step: "Move the file that the message names away and train anew with `onefolk train`, or put a copy of it back",
    explanation: "state/model.json below [job] output holds the model that the nights use. It is no model that this version of onefolk can \
                  read: it was cut off or changed, or another version wrote it. It is never overwritten and never passed over, since a run \
                  must not change its model without being told to. The model.json of the last published run is a copy.",
};

pub static MODEL_MISSING: Code = Code {
    id: "OF0521",
    exit: Exit::JobWrong,
    title: "the job names a model that is not there",
    next_step: "Make it with `onefolk train` and this job, or correct [model] file",
    explanation: "[model] file names a file that does not exist. A run does not learn a model in its place: a misspelt name would change \
                  who is one person with whom. `onefolk train` writes it.",
};

pub static MODEL_DOES_NOT_FIT: Code = Code {
    id: "OF0522",
    exit: Exit::JobWrong,
    title: "the model does not fit the job any more",
    next_step: "Learn a new model with `onefolk train` and this job, look at what it says has changed, then run again; nothing was published",
    explanation: "The job compares a field that the frozen model was not taught, or compares it in other levels: a field was mapped or got \
                  its first values since the last training, or onefolk is of another version. A field that nobody has values for any \
                  more is no reason: it is left out, which changes no weight.",
};

pub static NOTHING_TO_LEARN: Code = Code {
    id: "OF0523",
    exit: Exit::InputUnusable,
    title: "there is nothing to learn a model from",
    next_step: "Map matching fields such as names, dates of birth or NHS numbers in [provider.columns], then train again",
    explanation: "There is only one record, or no provider maps a field that records can be compared by.",
};

pub static MODEL_UNWRITABLE: Code = Code {
    id: "OF0524",
    exit: Exit::Resource,
    title: "the model could not be written",
    next_step: "See to the file or folder that the message names, then train again; the model before still stands",
    explanation: "A model is written beside its place and renamed, so the one before it stands until the new one is whole.",
};

/// A model that was learnt before.
#[derive(Debug, Clone)]
pub struct Known {
    pub frozen: Frozen,
    /// The file it was read from.
    pub from: PathBuf,
}

impl Known {
    /// How providers write, as it was frozen.
    pub fn formats(&self) -> Option<&Formats> {
        self.frozen.model.formats()
    }

    /// The model as a run of this job uses it: people are cut where the job says.
    pub(super) fn as_used(&self, job: &Job) -> Frozen {
        let mut frozen = self.frozen.clone();
        if let Some(decision) = &mut frozen.model.decision {
            decision.cut = crate::clustering::people_cut(&job.cluster);
        }
        frozen
    }
}

/// Where a job's model stands.
pub fn place(job: &Job) -> PathBuf {
    job.model_file.clone().unwrap_or_else(|| job.output.join("state/model.json"))
}

/// The job's model; `None` before the first night.
///
/// # Errors
/// OF0520, or OF0525 in the state folder, where a file stands there that is no model.
pub fn known(job: &Job) -> Result<Option<Known>> {
    let own = place(job);
    // What nobody named but onefolk keeps for itself is no fault of the job.
    let kept = |failure: Failure| match job.model_file {
        Some(_) => failure,
        None => Failure::new(&MODEL_DAMAGED, failure.what),
    };
    if let Some(frozen) = read(&own).map_err(kept)? {
        return Ok(Some(Known { frozen: complete(job, frozen)?, from: own }));
    }
    if job.model_file.is_some() {
        return Ok(None);
    }
    // A run that stands has a model, even if the copy in `state/` was not written any more. One of another kind is not taken.
    let Some(run_id) = publish::current_run(&job.output) else { return Ok(None) };
    let from = job.output.join("runs").join(run_id).join("model.json");
    let frozen = read(&from).ok().flatten();
    frozen.map(|frozen| Ok(Known { frozen: complete(job, frozen)?, from })).transpose()
}

/// A model of ours that stands at `path`, whatever the job uses.
///
/// # Errors
/// OF0520 where none does, OF0575 where its frequencies are neither beside it nor beside the job's own model nor in the state folder.
pub(super) fn at(job: &Job, path: &Path) -> Result<Known> {
    let absent = || Failure::new(&MODEL_UNREADABLE, format!("{}: there is no such file", path.display()));
    let frozen = read(path)?.ok_or_else(absent)?;
    let named = Job { model_file: Some(path.to_path_buf()), ..job.clone() };
    let of_run = |frozen: Frozen| -> Result<Frozen> {
        Ok(Frozen { model: frequencies::with_frequencies_of_run(job, frozen.model)?, ..frozen })
    };
    // That of a kept run has its frequencies elsewhere.
    let frozen = complete(&named, frozen.clone()).or_else(|failure| of_run(frozen).map_err(|_| failure))?;
    Ok(Known { frozen, from: path.to_path_buf() })
}

fn complete(job: &Job, frozen: Frozen) -> Result<Frozen> {
    Ok(Frozen { model: frequencies::with_frequencies(job, frozen.model)?, ..frozen })
}

/// Keeps the frequencies of a model that was learnt just now, before anything names it.
pub(super) fn keep_frequencies(job: &Job, frozen: &Frozen) -> Result<()> {
    frequencies::write(job, &frozen.model).map_err(|error| Failure::from_io(&error, &place(job), &MODEL_UNWRITABLE))
}

/// The model that a run uses; `None` where it is to learn one.
///
/// # Errors
/// OF0520, OF0525, and OF0521 where [model] file names nothing.
pub(super) fn to_use(job: &Job) -> Result<Option<Known>> {
    match (known(job)?, &job.model_file) {
        (None, Some(named)) => Err(Failure::new(&MODEL_MISSING, named.display().to_string())),
        (known, _) => Ok(known),
    }
}

/// The job's model in one line, for whoever wants to know whether the next run can use it; `None` before the first night.
///
/// # Errors
/// As a run's, where the model is absent or cannot be used.
pub fn model_in_brief(job: &Job) -> Result<Option<String>> {
    if super::imported::ModelFile::of_job(job)?.is_some() {
        return Ok(Some("a settings file of Splink, which can be read".to_string()));
    }
    let brief = |known: Known| {
        let from = &known.frozen.learnt_from;
        format!("learnt from {} records of {}; {}", from.records, from.as_of, known.from.display())
    };
    Ok(to_use(job)?.map(brief))
}

fn read(path: &Path) -> Result<Option<Frozen>> {
    let bytes = match disk::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::from_io(&error, path, &MODEL_UNREADABLE)),
    };
    let wrong = |why: &str| Failure::new(&MODEL_UNREADABLE, format!("{}: {why}", path.display()));
    let frozen = Frozen::from_json(&bytes).map_err(|why| wrong(&why))?;
    let context = frozen.model.decision.as_ref().and_then(|decision| decision.context.as_ref());
    match context {
        Some(weights) if weights.0.len() != CONTEXT_LEVELS => {
            Err(wrong("its weights of context do not fit their levels"))
        }
        _ => Ok(Some(frozen)),
    }
}

/// Freezes what linking has learnt; `None` where there was nothing to compare.
///
/// # Errors
/// OF0413 where there is no key for the hashes of values.
pub(super) fn freeze(job: &Job, linked: &Linked, formats: &Formats, labels: Labels) -> Result<Option<Frozen>> {
    let Some(mut model) = linked.model.clone() else { return Ok(None) };
    let key = Ledger::value_key(&job.output, job.id_key_file.as_deref())?;
    model.measured = Some(Measured::new(linked.limits, formats.clone(), linked.comparisons.freeze(key)));
    Ok(Some(Frozen {
        format_version: FORMAT_VERSION,
        onefolk: env!("CARGO_PKG_VERSION").to_string(),
        learnt_from: LearntFrom {
            as_of: job.as_of.to_string(),
            fingerprint: fingerprint(job, &linked.identities),
            records: linked.identities.records(),
            identities: linked.identities.len() as u64,
            training_pairs: linked.training_pairs,
            expected_matches: linked.expected_matches,
            labels,
        },
        model,
    }))
}

/// Hash over the content hashes of the identities that were learnt from, and over which column of which provider is which field. No value
/// can be guessed from it, and rows that were withheld leave no trace in it.
fn fingerprint(job: &Job, identities: &Identities) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for field in &job.custom_fields {
        add(&format!("{field:?}"));
    }
    for provider in &job.providers {
        add(&provider.id);
        add(&format!("{:?}", provider.columns));
    }
    for (identity, hash) in identities.hash.iter().enumerate() {
        hasher.update(hash);
        hasher.update(&identities.count(identity as u32).to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Writes a model and its frequencies, whole or not at all, for the owner only (0600).
pub(super) fn write(job: &Job, path: &Path, frozen: &Frozen) -> Result<()> {
    let failed = |error: std::io::Error| Failure::from_io(&error, path, &MODEL_UNWRITABLE);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name =
        path.file_name().ok_or_else(|| Failure::new(&MODEL_UNWRITABLE, format!("{} names no file", path.display())))?;
    let aside = folder.join(format!(".{}.partial", name.to_string_lossy()));
    // What a training that was killed has left.
    let _ = disk::remove_file(&aside);
    let written = frequencies::write(job, &frozen.model)
        .and_then(|()| disk::create_file(&aside))
        .and_then(|mut file| file.write_all(&frozen.to_json()).and_then(|()| file.sync_all()))
        .and_then(|()| disk::rename(&aside, path))
        .and_then(|()| disk::sync_folder(folder));
    written.map_err(|error| {
        let _ = disk::remove_file(&aside);
        failed(error)
    })?;
    frequencies::remove_others(job, &frozen.model);
    Ok(())
}

/// What a run says of a model whose settings are not the job's any more.
pub(super) fn differing(known: &Known, job: &Job) -> Option<String> {
    let frozen = known.frozen.model.decision.as_ref()?.cut;
    let cut = crate::clustering::people_cut(&job.cluster);
    let bits = |units: i64| units as f64 / crate::model::UNITS_PER_BIT;
    (frozen != cut).then(|| {
        format!(
            "people are cut at {:.2} bits, as [cluster] says; the model was learnt for {:.2}",
            bits(cut),
            bits(frozen)
        )
    })
}

/// What somebody should know where blocks within the frozen `limits`, of so many identities, hold clearly more pairs than a training would let them.
pub(super) fn outgrown(known: &Known, rules: &[RuleCount], identities: usize, limits: Limits) -> Option<String> {
    let times = blocking::times_outgrown(rules, identities, limits)?;
    let then = known.frozen.learnt_from.identities;
    Some(format!(
        "blocks were chosen for {then} identities, and there are {identities}: they hold {times:.1} times the pairs that they would hold if they were \
         chosen tonight; run `onefolk train`"
    ))
}
