//! Whether a night is the one that a checkpoint is of.

use super::FileReport;
use crate::decisions;
use crate::disk;
use crate::failure::Result;
use crate::identity::Ledger;
use crate::intake;
use crate::job::Job;
use crate::run::imported::ModelFile;
use crate::run::model::Known;
use jiff::civil::Date;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// An extract by its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Input {
    name: String,
    bytes: u64,
    /// BLAKE3, in hex.
    blake3: String,
}

impl Input {
    /// The extracts that were read; `None` where one could not be and was left out, since nobody knows then what it held.
    pub fn all(files: &[FileReport]) -> Option<Vec<Input>> {
        let input =
            |file: &FileReport| Input { name: file.name.clone(), bytes: file.bytes, blake3: file.blake3.clone() };
        files.iter().all(|file| file.skipped.is_none()).then(|| files.iter().map(input).collect())
    }
}

/// The first extract of the job that is not what it was; `None` where all are the same.
pub(super) fn changed(job: &Job, inputs: &[Input]) -> Option<String> {
    let extracts = intake::extracts(job);
    if extracts.len() != inputs.len() {
        return Some("the list of extracts".into());
    }
    let same = |(extract, input): &(&intake::Extract, &Input)| {
        let length = disk::length(&extract.path);
        extract.name == input.name
            && length.is_ok_and(|length| length == input.bytes)
            && hash(&extract.path).is_ok_and(|hash| hash == input.blake3)
    };
    extracts.par_iter().zip(inputs).find_first(|pair| !same(pair)).map(|(extract, _)| extract.name.clone())
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(disk::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// What tells one night from another before an extract is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) struct Settings {
    /// Hash of all that decides what reading and linking make of the extracts.
    pub night: [u8; 32],
    /// The same but for the date, and for whether anything is taken from the night before.
    pub linking: [u8; 32],
}

/// Tells tonight's settings.
///
/// # Errors
/// OF0413 where there is no key although there must be one.
pub(in crate::run) fn settings(
    job: &Job,
    known: Option<&Known>,
    file: Option<&ModelFile>,
    full: bool,
) -> Result<Settings> {
    let undated = Job { as_of: Date::default(), ..job.clone() };
    Ok(Settings { night: hash_of(job, known, file, full)?, linking: hash_of(&undated, known, file, false)? })
}

/// Hash of all that decides what reading and linking make of the extracts: the job but for its threads and its memory, the bytes of its lists and of the
/// decisions, the model, the key of the hashes that a model keeps, whether anything is taken from the night before (`full`), and the program.
///
/// To be taken before the lists are read: what changes between the two is then seen as a change.
fn hash_of(job: &Job, known: Option<&Known>, file: Option<&ModelFile>, full: bool) -> Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new_derive_key("onefolk 2026 settings of a checkpoint");
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add(format!("{:?}", Job { threads: 0, memory_limit: None, encryption_key: None, ..job.clone() }).as_bytes());
    let lists = job.local_objections.iter().flat_map(|list| &list.files);
    for path in lists.chain(&job.nhs_number_replaced).chain(&job.never_link) {
        // One that cannot be read stops the night a little later, and says so better.
        add(&std::fs::read(path).unwrap_or_default());
    }
    add(&disk::read(&decisions::place(job)).unwrap_or_default());
    add(&known.map(|known| known.frozen.to_json()).unwrap_or_default());
    add(file.map_or("", |file| &file.text).as_bytes());
    add(&Ledger::value_key(&job.output, job.id_key_file.as_deref())?);
    add(&[u8::from(full)]);
    add(&program());
    Ok(*hasher.finalize().as_bytes())
}

/// Tells one program from another of the same version.
fn program() -> Vec<u8> {
    let about = std::env::current_exe().and_then(std::fs::metadata).ok();
    let built = about.as_ref().and_then(|about| about.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    let length = about.map_or(0, |about| about.len());
    format!("{} {length} {built:?}", env!("CARGO_PKG_VERSION")).into_bytes()
}
