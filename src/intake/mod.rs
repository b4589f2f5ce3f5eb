//! Reading extracts: bytes of any format → batches of text columns.
//!
//! In: a checked [`Job`]. Out: [`Batch`]es, each a slice of one extract as UTF-8 text, handed to a consumer on many threads and
//! returned in the order of the job. Always: every data record of every file is either in a batch or quarantined in it, and
//! [`FileReport::rows`] is the sum of both; nothing is cleaned here.

//!
//! The way of an extract: `raw` (hash, change) → `compression` → `encoding` → `cut` into blocks of whole records → `scanner` and
//! `delimited`, `json_lines` or `fixed_width` → `rows`. Parquet and XLSX go their own way from `raw` to `rows`. `open` finds out which
//! it is; `read` drives it on all threads. Blank lines are not data records.

mod batch;
mod codes;
mod columns;
mod compression;
mod cut;
mod delimited;
mod dialect;
mod encoding;
mod fixed_width;
mod json_lines;
mod open;
mod parquet;
mod peek;
mod plan;
mod problem;
mod raw;
mod read;
mod rows;
mod scanner;
#[cfg(test)]
mod tests;
mod units;
mod xlsx;

pub use batch::{Batch, BatchColumn, FileReport, QuarantineCode, Quarantined, TextColumn, wanted_columns};
pub use compression::Compression;
pub use peek::{Peek, estimate_rows, peek};

use crate::failure::Result;
use crate::job::{Job, standing};

/// The codes this room raises (OF02xx).
pub static CODES: &[&crate::failure::Code] = codes::ALL;

/// One extract: which provider, which file.
#[derive(Debug, Clone)]
pub struct Extract {
    /// Index into [`Job::providers`].
    pub provider: u16,
    pub path: std::path::PathBuf,
    /// Relative to the job file with `/`: the `source_file` of every output.
    pub name: String,
}

/// All extracts in the order that everything follows: providers as in the job, files sorted.
pub fn extracts(job: &Job) -> Vec<Extract> {
    let mut list = Vec::new();
    for (index, provider) in job.providers.iter().enumerate() {
        for (at, path) in provider.files.iter().enumerate() {
            let place = if provider.changes.is_some() { standing::published(path) } else { path.clone() };
            let own = place.strip_prefix(&job.folder).unwrap_or(&place);
            // What is kept of an earlier night keeps its name: its rows are the same rows.
            let kept = provider.stale.as_ref().and_then(|stale| stale.files.get(at));
            let name = kept.map_or_else(|| own.to_string_lossy().replace('\\', "/"), |(name, _)| name.clone());
            list.push(Extract { provider: index as u16, path: path.clone(), name });
        }
    }
    list
}

/// Everything that reading brings besides the consumer's results.
pub struct Intake<T> {
    /// The consumer's results in the order (extract, first row).
    pub batches: Vec<T>,
    /// One report an extract, in the order of [`extracts`].
    pub files: Vec<FileReport>,
}

/// Reads every extract in parallel and hands each batch to `consume` on the thread that parsed it.
///
/// `progress` is told bytes read, as they are read. Fails with OF02xx where a file cannot be read and its provider is not optional: of
/// several such files the first in the order of [`extracts`] is named. The results of a file that turns out unusable half-way are
/// dropped, so `consume` must leave no trace elsewhere. Batches are the same for any number of threads.
pub fn read_all<T: Send>(
    job: &Job,
    consume: impl Fn(Batch) -> T + Sync,
    progress: impl Fn(u64) + Sync,
) -> Result<Intake<T>> {
    read::read_all(job, open::Sizes::default(), &consume, &progress)
}
