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
/// What stands before the checksum at the end of a list: that of all bytes before it.
const CHECKSUM: &[u8] = b",\"checksum\":\"";

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
    /// What the provider holds cannot be used: nobody may read its changes as if it held nothing.
    pub(crate) damaged: bool,
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
    /// Checksums of the extracts out of which they were taken, the first one first; versions before did not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_of: Vec<String>,
}

impl StandingList {
    /// The day on which changes came last.
    pub fn since(&self) -> Option<Date> {
        self.as_of.parse().ok()
    }

    /// Checksums by which runs have read it: its own, and those from before rows of people who object were taken out.
    pub fn checksums(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.blake3).chain(&self.made_of)
    }
}

/// The folder of a provider.
pub(crate) fn folder(output: &Path, provider: &str) -> PathBuf {
    output.join("state/changes").join(provider)
}

/// What stands in a folder is not what was written: one of the two files is gone, or the list has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

/// What is known of the extract in `folder`; `None` where neither the extract nor its list is there.
///
/// # Errors
/// Where one is there without the other, or the list is not what was written: that is no provider that holds nothing.
pub(crate) fn read(folder: &Path) -> Result<Option<StandingList>, Damaged> {
    // What cannot be looked at may well be there.
    let there = |name: &str| folder.join(name).try_exists().unwrap_or(true);
    match (there(EXTRACT), there(LIST)) {
        (false, false) => Ok(None),
        (true, true) => list(folder).map(Some).ok_or(Damaged),
        _ => Err(Damaged),
    }
}

/// The same of one that a killed run may have left in `next/`, for the next run to put in place before it reads it.
///
/// # Errors
/// As [`read`], where nothing is left there.
pub(super) fn expected(folder: &Path) -> Result<Option<StandingList>, Damaged> {
    match read(folder) {
        held @ Ok(Some(_)) => held,
        other => list(&folder.join(NEXT)).map_or(other, |next| Ok(Some(next))),
    }
}

/// The list in a folder, whether or not the extract is beside it; `None` where there is none that is whole.
pub(crate) fn list(folder: &Path) -> Option<StandingList> {
    let bytes = disk::read(&folder.join(LIST)).ok()?;
    if !is_whole(&bytes) {
        return None;
    }
    let list: StandingList = serde_json::from_slice(&bytes).ok()?;
    list.since().is_some().then_some(list)
}

/// A list as it is written: with its checksum at the end.
pub(crate) fn written(list: &StandingList) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(list)?;
    // The brace that closes it.
    bytes.pop();
    let checksum = blake3::hash(&bytes).to_hex();
    bytes.extend_from_slice(CHECKSUM);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes.extend_from_slice(b"\"}");
    Ok(bytes)
}

/// Whether a list has the checksum that it says; earlier versions wrote none.
fn is_whole(bytes: &[u8]) -> bool {
    let Some(at) = bytes.windows(CHECKSUM.len()).rposition(|window| window == CHECKSUM) else { return true };
    let checksum = blake3::hash(&bytes[..at]).to_hex();
    bytes[at + CHECKSUM.len()..].strip_suffix(b"\"}") == Some(checksum.as_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn held() -> StandingList {
        StandingList {
            run_id: "2026-11-22-01".into(),
            as_of: "2026-11-22".into(),
            blake3: "ab".repeat(32),
            rows: 10,
            applied: vec!["cd".repeat(32), format!("{} in/\"a\",\"checksum\":\".csv", "ef".repeat(32))],
            ..StandingList::default()
        }
    }

    fn folder(extract: Option<&[u8]>, list: Option<&[u8]>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in [(EXTRACT, extract), (LIST, list)] {
            if let Some(bytes) = bytes {
                fs::write(folder.path().join(name), bytes).expect("there is room");
            }
        }
        folder
    }

    fn of(extract: Option<&[u8]>, list: Option<&[u8]>) -> Result<Option<StandingList>, Damaged> {
        read(folder(extract, list).path())
    }

    #[test]
    fn only_a_provider_of_whom_nothing_is_there_holds_nothing() {
        let whole = written(&held()).expect("it can be written");
        assert_eq!(of(None, None), Ok(None));
        assert_eq!(of(Some(b"id\n"), Some(&whole)), Ok(Some(held())));
        assert_eq!(of(Some(b"id\n"), None), Err(Damaged));
        assert_eq!(of(None, Some(&whole)), Err(Damaged));
        for cut in [0, 50, whole.len() - 1] {
            assert_eq!(of(Some(b"id\n"), Some(&whole[..cut])), Err(Damaged), "{cut} bytes are left");
        }
        let text = String::from_utf8(whole).expect("it is text");
        let changed = text.replacen("\"rows\":10", "\"rows\":11", 1);
        assert_eq!(of(Some(b"id\n"), Some(changed.as_bytes())), Err(Damaged));
        // As versions before have written it.
        let earlier = serde_json::to_vec(&held()).expect("it can be written");
        assert_eq!(of(Some(b"id\n"), Some(&earlier)), Ok(Some(held())));
    }

    #[test]
    fn what_a_killed_run_was_about_to_move_is_no_damage() {
        let whole = written(&held()).expect("it can be written");
        // The extract was moved, and its list not yet.
        let folder = folder(Some(b"id\n"), None);
        assert_eq!(expected(folder.path()), Err(Damaged));
        let next = folder.path().join(NEXT);
        fs::create_dir(&next).expect("there is room");
        fs::write(next.join(LIST), &whole).expect("there is room");
        assert_eq!(expected(folder.path()), Ok(Some(held())));
    }
}
