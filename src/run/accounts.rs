//! Every row that was read, and where it went.

use super::ACCOUNTS_WRONG;
use crate::consent::Withheld;
use crate::failure::{Failure, Result};
use crate::intake::{FileReport, QuarantineCode, Quarantined};
use crate::records::Records;
use serde::Serialize;
use std::collections::BTreeMap;

/// One extract's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileAccount {
    pub file: String,
    #[serde(skip)]
    pub provider: u16,
    pub rows: u64,
    pub crosswalk: u64,
    /// By code; only those that occur.
    pub quarantine: BTreeMap<&'static str, u64>,
    /// By reason; only those that occur.
    pub withheld: BTreeMap<&'static str, u64>,
}

impl FileAccount {
    pub fn quarantined(&self) -> u64 {
        self.quarantine.values().sum()
    }

    pub fn withheld(&self) -> u64 {
        self.withheld.values().sum()
    }

    fn adds_up(&self) -> bool {
        self.rows == self.crosswalk + self.quarantined() + self.withheld()
    }
}

/// The accounts of a run: rows = crosswalk + quarantine + withheld, for every extract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Accounts {
    /// In the order of the extracts.
    pub files: Vec<FileAccount>,
}

impl Accounts {
    /// # Errors
    /// OF0513 where they do not add up.
    pub fn draw_up(
        files: &[FileReport],
        records: &Records,
        quarantined: &[Quarantined],
        withheld: &[Withheld],
    ) -> Result<Accounts> {
        let mut accounts: Vec<FileAccount> = files
            .iter()
            .map(|file| FileAccount {
                file: file.name.clone(),
                provider: file.provider,
                rows: file.rows,
                ..FileAccount::default()
            })
            .collect();
        records.extract.iter().for_each(|&extract| accounts[extract as usize].crosswalk += 1);
        for row in quarantined {
            *accounts[row.extract as usize].quarantine.entry(row.code.word()).or_default() += 1;
        }
        for row in withheld {
            *accounts[row.extract as usize].withheld.entry(row.reason.word()).or_default() += 1;
        }
        match accounts.iter().find(|account| !account.adds_up()) {
            None => Ok(Accounts { files: accounts }),
            Some(account) => Err(Failure::new(
                &ACCOUNTS_WRONG,
                format!(
                    "{}: {} rows were read, but {} are in the crosswalk, {} in quarantine and {} withheld",
                    account.file,
                    account.rows,
                    account.crosswalk,
                    account.quarantined(),
                    account.withheld()
                ),
            )),
        }
    }

    /// All extracts together.
    pub fn totals(&self) -> FileAccount {
        self.sum(|_| true)
    }

    /// The extracts of one provider together.
    pub fn of_provider(&self, provider: u16) -> FileAccount {
        self.sum(|account| account.provider == provider)
    }

    fn sum(&self, wanted: impl Fn(&FileAccount) -> bool) -> FileAccount {
        let mut total = FileAccount::default();
        for account in self.files.iter().filter(|account| wanted(account)) {
            total.rows += account.rows;
            total.crosswalk += account.crosswalk;
            account.quarantine.iter().for_each(|(code, rows)| *total.quarantine.entry(code).or_default() += rows);
            account.withheld.iter().for_each(|(reason, rows)| *total.withheld.entry(reason).or_default() += rows);
        }
        total
    }

    /// Quarantined rows of one provider by code, for the report.
    pub fn quarantine_of(&self, provider: u16) -> Vec<(QuarantineCode, u64)> {
        let account = self.of_provider(provider);
        let rows = |code: QuarantineCode| account.quarantine.get(code.word()).map(|rows| (code, *rows));
        QuarantineCode::ALL.into_iter().filter_map(rows).collect()
    }
}
