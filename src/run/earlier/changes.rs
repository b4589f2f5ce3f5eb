//! changes.parquet of an earlier run without those who are gone from it.

use super::standing::Standing;
use crate::failure::Result;
use crate::identity::{ChangeKind, PersonId};
use crate::publish::published::{PublishedRun, Rows};
use crate::publish::{Draft, Fate, Sieve, WrittenFile};
use crate::summary::Changes;
use std::collections::BTreeMap;

/// What is left of the changes of a run, by kind.
#[derive(Default)]
pub(in crate::run) struct ChangesLeft {
    by_word: BTreeMap<String, u64>,
}

/// Counts changes.parquet; ids that went away before the run stay, as nobody is behind them any more.
pub(in crate::run) fn changes_left(run: &PublishedRun, standing: &Standing) -> Result<ChangesLeft> {
    let mut left = ChangesLeft::default();
    run.each("changes.parquet", &["person_id", "change"], |rows| left.add(rows, standing).map(|_| ()))?;
    Ok(left)
}

/// Copies what [`changes_left`] counts.
pub(in crate::run) fn write_changes(
    run: &PublishedRun,
    draft: &Draft,
    standing: &Standing,
) -> Result<(WrittenFile, ChangesLeft)> {
    let mut left = ChangesLeft::default();
    let looks_at = &["person_id", "change"];
    let sieve = Sieve { name: "changes.parquet", looks_at, distinct: &["person_id"], hidden: &[], flag: "" };
    let written =
        draft.copy_table(run, &sieve, |rows| Ok(Fate { keep: left.add(rows, standing)?, ..Fate::default() }))?;
    Ok((written, left))
}

impl ChangesLeft {
    /// Counts some rows; tells which of them stay.
    fn add(&mut self, rows: &Rows, standing: &Standing) -> Result<Vec<bool>> {
        let (ids, words) = (rows.text("person_id")?, rows.text("change")?);
        let gone = |id: &str| PersonId::parse(id).is_some_and(|id| standing.is_gone(id));
        let keep: Vec<bool> = (0..rows.len()).map(|row| !gone(ids.value(row))).collect();
        for row in (0..rows.len()).filter(|&row| keep[row]) {
            *self.by_word.entry(words.value(row).to_string()).or_default() += 1;
        }
        Ok(keep)
    }

    pub fn len(&self) -> usize {
        self.by_word.values().sum::<u64>() as usize
    }

    /// The changes by kind against `from_run`; `None` on the first run.
    pub fn counts<'a>(&self, from_run: Option<&'a str>) -> Option<Changes<'a>> {
        let count = |kind: ChangeKind| self.by_word.get(kind.word()).copied().unwrap_or(0);
        from_run.map(|from_run| Changes::counted(from_run, count))
    }
}
