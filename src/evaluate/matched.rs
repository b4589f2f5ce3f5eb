//! The records of the crosswalk and those of the truth, brought together.

use super::measures::Unit;
use crate::failure::Result;
use crate::publish::published::PublishedRun;
use crate::records::{Dictionary, MISSING};
use serde::Serialize;

/// Records of the truth that are not in the crosswalk, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// In withheld.parquet: they may not be used.
    pub withheld: u64,
    /// The others: in quarantine (whose rows have no record_id that could be relied on), or in no extract of the run.
    pub quarantined_or_not_sent: u64,
}

/// A dense number for each (provider, record_id).
#[derive(Default)]
struct Numbers {
    providers: Dictionary,
    /// By provider: its record_ids, and the number of each.
    ids: Vec<(Dictionary, Vec<u32>)>,
    next: u32,
}

impl Numbers {
    fn intern(&mut self, provider: &str, record_id: &str) -> u32 {
        let provider = self.providers.intern(provider) as usize;
        if provider == self.ids.len() {
            self.ids.push(Default::default());
        }
        let (ids, numbers) = &mut self.ids[provider];
        let code = ids.intern(record_id) as usize;
        if code == numbers.len() {
            numbers.push(self.next);
            self.next += 1;
        }
        numbers[code]
    }

    fn find(&self, provider: &str, record_id: &str) -> Option<u32> {
        let (ids, numbers) = &self.ids[self.providers.find(provider)? as usize];
        ids.find(record_id).map(|code| numbers[code as usize])
    }
}

/// One value a record, and whether it met a second one.
#[derive(Default)]
struct Assigned {
    names: Dictionary,
    of: Vec<u32>,
    twice: Vec<bool>,
}

impl Assigned {
    fn put(&mut self, record: u32, name: &str) {
        let code = self.names.intern(name);
        let record = record as usize;
        if self.of.len() <= record {
            self.of.resize(record + 1, MISSING);
            self.twice.resize(record + 1, false);
        }
        match self.of[record] {
            MISSING => self.of[record] = code,
            known => self.twice[record] |= known != code,
        }
    }

    fn get(&self, record: usize) -> Option<u32> {
        self.of.get(record).copied().filter(|code| *code != MISSING)
    }

    fn met_two(&self, record: usize) -> bool {
        self.twice.get(record).copied().unwrap_or(false)
    }

    fn twice(&self) -> u64 {
        self.twice.iter().filter(|twice| **twice).count() as u64
    }

    fn records(&self) -> u64 {
        self.of.iter().filter(|code| **code != MISSING).count() as u64
    }
}

/// Everything that was read.
#[derive(Default)]
pub(super) struct Matched {
    numbers: Numbers,
    found: Assigned,
    truth: Assigned,
}

impl Matched {
    pub fn read_crosswalk(run: &PublishedRun) -> Result<Matched> {
        let mut matched = Matched::default();
        run.each("crosswalk.parquet", &["provider", "record_id", "person_id"], |rows| {
            let (provider, id, person) = (rows.text("provider")?, rows.text("record_id")?, rows.text("person_id")?);
            for row in 0..rows.len() {
                let record = matched.numbers.intern(provider.value(row), id.value(row));
                matched.found.put(record, person.value(row));
            }
            Ok(())
        })?;
        Ok(matched)
    }

    pub fn add_truth(&mut self, line: &super::truth::Line) {
        let record = self.numbers.intern(line.provider, line.record_id);
        self.truth.put(record, line.person);
    }

    /// Records that both know, the ambiguous ones left out, and the names of the providers.
    pub fn units(&self) -> (Vec<Unit>, Vec<String>) {
        let mut units = Vec::new();
        for (provider, (_, numbers)) in self.numbers.ids.iter().enumerate() {
            for record in numbers.iter().map(|&number| number as usize) {
                if let (Some(found), Some(truth), false) =
                    (self.found.get(record), self.truth.get(record), self.truth.met_two(record))
                {
                    units.push(Unit { found, truth, provider: provider as u32 });
                }
            }
        }
        (units, self.numbers.providers.iter().map(str::to_string).collect())
    }

    pub fn absent(&self, run: &PublishedRun) -> Result<Absent> {
        let is_absent = |record: usize| self.truth.get(record).is_some() && self.found.get(record).is_none();
        let all = (0..self.truth.of.len()).filter(|&record| is_absent(record)).count() as u64;
        let mut withheld = vec![false; self.truth.of.len()];
        run.each("withheld.parquet", &["provider", "record_id"], |rows| {
            let (provider, id) = (rows.text("provider")?, rows.text("record_id")?);
            for row in 0..rows.len() {
                let record = self.numbers.find(provider.value(row), id.value(row)).map(|record| record as usize);
                if let Some(record) = record.filter(|&record| is_absent(record)) {
                    withheld[record] = true;
                }
            }
            Ok(())
        })?;
        let withheld = withheld.into_iter().filter(|withheld| *withheld).count() as u64;
        Ok(Absent { withheld, quarantined_or_not_sent: all - withheld })
    }

    /// Pairs of one true person, absent records included and ambiguous ones left out.
    pub fn true_pairs_with_absent(&self) -> u64 {
        let mut sizes = vec![0u64; self.truth.names.len()];
        for record in (0..self.truth.of.len()).filter(|&record| !self.truth.met_two(record)) {
            if let Some(person) = self.truth.get(record) {
                sizes[person as usize] += 1;
            }
        }
        sizes.into_iter().map(|size| size * size.saturating_sub(1) / 2).sum()
    }

    pub fn ambiguous(&self) -> u64 {
        self.truth.twice()
    }

    pub fn torn(&self) -> u64 {
        self.found.twice()
    }

    /// Records of the crosswalk that the truth does not know.
    pub fn unknown(&self) -> u64 {
        (0..self.found.of.len())
            .filter(|&record| self.found.get(record).is_some() && self.truth.get(record).is_none())
            .count() as u64
    }

    pub fn truth_records(&self) -> u64 {
        self.truth.records()
    }

    pub fn found_records(&self) -> u64 {
        self.found.records()
    }
}
