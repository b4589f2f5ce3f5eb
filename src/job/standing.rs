//! What a provider holds that sends only changes: `state/changes/<provider>/` below the output.

use super::{Format, FormatKind};
use crate::disk;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The provider's records after all changes: an extract like any other, with the columns of its own.
pub(crate) const EXTRACT: &str = "standing.csv";
/// What is known of it.
pub(crate) const LIST: &str = "standing.json";
/// Where both are made before the run that reads them is published.
pub(crate) const NEXT: &str = "next";

/// How a provider that sends only changes is read.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Which rows say that a record is gone.
    pub deleted: Option<Deleted>,
    /// The extracts with changes that are there, sorted; `Provider::files` are what the provider holds.
    pub files: Vec<PathBuf>,
    /// How they are written.
    pub format: Format,
    /// The changes that a published run has read, if there was one.
    pub(crate) standing: Option<StandingList>,
}

/// The mark of a row that says that its record is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    pub column: String,
    /// Its values that say so.
    pub values: Vec<String>,
}

/// What is known of the extract that stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StandingList {
    /// The run that read it first.
    pub run_id: String,
    /// `as_of` of the last run that brought changes.
    pub as_of: String,
    pub blake3: String,
    pub rows: u64,
    /// Checksums of the extracts whose changes are in it, the latest last; with the name behind it where an extract had no row.
    pub applied: Vec<String>,
    /// Records that the provider has said are gone: a keyed hash and a day of each, as `run::changes` writes them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub gone: String,
    /// Rows of people who object were taken out since; its last column, `SOURCE_ROW`, says which numbers the others had.
    #[serde(default)]
    pub numbered: bool,
}

impl StandingList {
    /// The day on which changes came last.
    pub fn since(&self) -> Option<Date> {
        self.as_of.parse().ok()
    }
}

/// The folder of a provider.
pub(crate) fn folder(output: &Path, provider: &str) -> PathBuf {
    output.join("state/changes").join(provider)
}

/// What is known of the extract in `folder`; `None` where there is none that is whole.
pub(crate) fn read(folder: &Path) -> Option<StandingList> {
    list(folder).filter(|_| folder.join(EXTRACT).is_file())
}

/// The same of one that a killed run may have left in `next/`, for the next run to put in place before it reads it.
pub(super) fn expected(folder: &Path) -> Option<StandingList> {
    read(folder).or_else(|| list(&folder.join(NEXT)))
}

/// The list in a folder, whether or not the extract is beside it.
pub(crate) fn list(folder: &Path) -> Option<StandingList> {
    let list: StandingList = serde_json::from_slice(&disk::read(&folder.join(LIST)).ok()?).ok()?;
    list.since().is_some().then_some(list)
}

/// How the extract that stands is written.
pub(crate) fn format() -> Format {
    Format {
        kind: Some(FormatKind::Csv),
        delimiter: Some(b','),
        quote: Some(b'"'),
        encoding: Some("utf-8".into()),
        header: Some(true),
        ..Format::default()
    }
}

/// The path under which an extract that is being made will stand: what outputs name it by.
pub(crate) fn published(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if folder.ends_with(NEXT) => folder.with_file_name(name),
        _ => path.to_path_buf(),
    }
}
