//! The file of frequencies that belongs to a model: beside it, for its owner only, under a name that its content gives.
//!
//! It is written before the model that names it, so that a model never stands without it; an older one stays while a kept run was linked
//! with it.

use crate::comparison::Frequencies;
use crate::disk;
use crate::failure::{Code, Exit, Failure, Result};
use crate::job::Job;
use crate::model::{Measured, Model};
use crate::publish;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub static FREQUENCIES_UNUSABLE: Code = Code {
    id: "OF0575",
    exit: Exit::Resource,
    title: "the frequencies of the model are missing or damaged",
    next_step: "Put the file that the message names back from a backup, or move the model away and train anew with `onefolk train`",
    explanation: "How rare names and dates are was measured when the model was learnt, and stands in a file beside the model whose name ends \
                  with the beginning of its checksum. Without it a run would weigh the same two records otherwise than the nights before, \
                  so it stops. The file is not there, cannot be read, or its checksum is another one.",
};

/// So much of a checksum stands in a file's name.
const HASH_IN_NAME: usize = 16;

/// Where the frequencies of a model stand.
fn place(job: &Job, hash: &str) -> PathBuf {
    let model = super::model::place(job);
    let stem = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    model.with_file_name(format!("{stem}.frequencies-{}.bin", &hash[..HASH_IN_NAME.min(hash.len())]))
}

/// A model as it was read from a file, with its frequencies.
///
/// # Errors
/// OF0575.
pub(crate) fn with_frequencies(job: &Job, mut model: Model) -> Result<Model> {
    if let Some(measured) = &mut model.measured {
        measured.tables = Some(Arc::new(read(job, measured)?));
    }
    Ok(model)
}

/// The same of the model of a kept run: its frequencies stand beside the job's model, or in the state folder where the job has named another model
/// since.
///
/// # Errors
/// OF0575, as of the job's own model.
pub(crate) fn with_frequencies_of_run(job: &Job, model: Model) -> Result<Model> {
    let unnamed = Job { model_file: None, ..job.clone() };
    with_frequencies(job, model.clone()).or_else(|failure| with_frequencies(&unnamed, model).map_err(|_| failure))
}

fn read(job: &Job, measured: &Measured) -> Result<Frequencies> {
    let path = place(job, &measured.frequencies);
    let unusable = |why: &str| Failure::new(&FREQUENCIES_UNUSABLE, format!("{}: {why}", path.display()));
    let bytes = disk::read(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => unusable("it is not there"),
        _ => Failure::from_io(&error, &path, &FREQUENCIES_UNUSABLE),
    })?;
    if blake3::hash(&bytes).to_hex().as_str() != measured.frequencies {
        return Err(unusable("its checksum is another one"));
    }
    Frequencies::from_bytes(&bytes).ok_or_else(|| unusable("another version of onefolk wrote it"))
}

/// Writes the frequencies of a model that was learnt just now, whole or not at all.
pub(super) fn write(job: &Job, model: &Model) -> std::io::Result<()> {
    let Some(measured) = &model.measured else { return Ok(()) };
    let Some(tables) = &measured.tables else { return Ok(()) };
    let path = place(job, &measured.frequencies);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    disk::replace(&path, &tables.to_bytes())?;
    disk::sync_folder(folder)
}

/// Removes the frequencies beside the job's model that neither it nor a kept run was linked with. What does not work is left for the next
/// time.
pub(super) fn remove_others(job: &Job, model: &Model) {
    let Some(measured) = &model.measured else { return };
    let own = place(job, &measured.frequencies);
    let folder = own.parent().unwrap_or(Path::new("."));
    let stem = own.file_name().unwrap_or_default().to_string_lossy();
    let Some(start) = stem.rfind("frequencies-").map(|at| &stem[..at + "frequencies-".len()]) else { return };
    let of_run = |run: String| {
        let bytes = disk::read(&job.output.join("runs").join(run).join("model.json")).ok()?;
        let model: Model = serde_json::from_slice(&bytes).ok()?;
        Some(place(job, &model.measured?.frequencies))
    };
    let kept: Vec<PathBuf> =
        publish::kept_runs(&job.output).unwrap_or_default().into_iter().filter_map(of_run).collect();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(start) && path != own && !kept.contains(&path) {
            let _ = disk::remove_file(&path);
        }
    }
}
