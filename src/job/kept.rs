//! The last good extracts of a provider, which stand where it sends nothing usable: `state/inputs/<provider>/` below the output. Rows of
//! people who object are in none of them.

use super::{Format, FormatKind, Provider};
use crate::disk;
use crate::failure::Code;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The list beside the extracts.
pub(crate) const LIST: &str = "kept.json";

/// What is kept of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// `as_of` of the run that read them last as sent.
    pub as_of: String,
    pub files: Vec<KeptFile>,
    /// The extracts were written anew without the rows that may not be kept, as [`Format::kept_rows`] says; else they are copies.
    #[serde(default)]
    pub rows_only: bool,
    /// Of extracts that were written anew: a hash of all that they were made of, so that the same are not written again.
    #[serde(default)]
    pub made_of: Option<String>,
}

/// One extract that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptFile {
    /// The `source_file` that outputs name.
    pub name: String,
    /// Its place, relative to the provider's folder.
    pub place: String,
    pub blake3: String,
    pub bytes: u64,
}

/// Where the last good extracts of a provider stand.
pub(crate) fn folder(output: &Path, provider: &str) -> PathBuf {
    output.join("state/inputs").join(provider)
}

/// What is kept of a provider; `None` where there is nothing that could stand in.
pub(crate) fn read(output: &Path, provider: &str) -> Option<Kept> {
    let folder = folder(output, provider);
    let kept: Kept = serde_json::from_slice(&disk::read(&folder.join(LIST)).ok()?).ok()?;
    let whole = kept.files.iter().all(|file| folder.join(&file.place).is_file());
    (whole && !kept.files.is_empty() && kept.as_of.parse::<Date>().is_ok()).then_some(kept)
}

/// That a provider's last good extracts stand in for those that it should have sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// `as_of` of the run that read them last as sent.
    pub since: Date,
    /// The `source_file` and the BLAKE3 hash of each of the provider's files, in their order.
    pub files: Vec<(String, String)>,
    /// They hold the numbers of their rows in a column of their own, `SOURCE_ROW`, as rows are missing.
    pub numbered: bool,
    /// Why the provider's own cannot be used; `None` where it sends only changes and none have come.
    pub why: Option<&'static Code>,
}

/// The last column of extracts that are kept without some of their rows: the `source_row` of the extract as it was sent.
pub(crate) const SOURCE_ROW: &str = "onefolk source_row";

impl Format {
    /// How extracts are written that are kept without some of their rows.
    pub(crate) fn kept_rows() -> Format {
        Format {
            kind: Some(FormatKind::Csv),
            delimiter: Some(b','),
            quote: Some(b'"'),
            encoding: Some("utf-8".into()),
            header: Some(true),
            ..Format::default()
        }
    }
}

impl Provider {
    /// Lets the last good extracts stand in for those that cannot be used, and `why`; `false` where there are none.
    pub(crate) fn stand_in(&mut self, output: &Path, why: &'static Code) -> bool {
        match read(output, &self.id) {
            Some(kept) => self.take(output, kept, why),
            None => false,
        }
    }

    pub(super) fn take(&mut self, output: &Path, kept: Kept, why: &'static Code) -> bool {
        let Ok(since) = kept.as_of.parse() else { return false };
        let folder = folder(output, &self.id);
        self.files = kept.files.iter().map(|file| folder.join(&file.place)).collect();
        let files = kept.files.into_iter().map(|file| (file.name, file.blake3)).collect();
        let numbered = kept.rows_only;
        if numbered {
            self.format = Format::kept_rows();
        }
        self.stale = Some(Stale { since, files, numbered, why: Some(why) });
        true
    }

    /// How old the records are that stand in, in days; `None` where the provider has sent its own.
    pub fn days_old(&self, as_of: Date) -> Option<i64> {
        self.stale.as_ref().map(|stale| i64::from((as_of - stale.since).get_days()).max(0))
    }
}
