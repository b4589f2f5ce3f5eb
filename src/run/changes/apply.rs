//! Applying changes to what a provider holds, record_id by record_id.
//!
//! The rows of one record_id in one extract stand together in the place of those that the provider held; a row that says that the record is
//! gone takes away what was before it. A row that is older, by the field `updated`, than what is held, or than the word that it is gone, is passed over.

use super::Counts;
use super::gone::Gone;
use crate::intake::{Batch, Quarantined, wanted_columns};
use crate::job::{Field, Job, Provider};
use crate::records;
use crate::standardise::Context;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// A row of one of the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    /// What was held before, or what was sent.
    sent: bool,
    batch: u32,
    row: u32,
}

/// What a provider holds while changes are applied.
pub(super) struct Holding<'a> {
    columns: Vec<String>,
    before: &'a [Batch],
    sent: &'a [Batch],
    /// Places of the record_id's columns.
    record_id: Vec<usize>,
    /// The column that marks what is gone, and its values.
    deleted: Option<(usize, &'a [String])>,
    /// Places of the columns of `updated`, and how their dates are written.
    updated: Option<(Vec<usize>, Context)>,
    /// By record_id: its rows. In order, so that what is written does not depend on when a record came.
    rows: BTreeMap<String, Vec<Row>>,
    gone: Gone<'a>,
}

/// What is known of a record before an extract.
struct Before {
    rows: Vec<Row>,
    /// The latest day of them, and of what was said of its being gone.
    newest: Option<String>,
}

/// What a provider holds after all changes.
pub(super) struct Applied {
    /// The extract.
    pub bytes: Vec<u8>,
    pub rows: u64,
    /// What is gone, for the nights to come.
    pub gone: String,
}

impl<'a> Holding<'a> {
    pub fn of(
        job: &Job,
        provider: &'a Provider,
        before: &'a [Batch],
        sent: &'a [Batch],
        gone: Gone<'a>,
    ) -> Holding<'a> {
        let columns = wanted_columns(provider);
        let place = |name: &String| columns.iter().position(|known| known == name).expect("a mapped column is wanted");
        let deleted = provider.changes.as_ref().and_then(|changes| changes.deleted.as_ref());
        let mut holding = Holding {
            before,
            sent,
            record_id: provider
                .columns
                .get(&Field::RecordId)
                .iter()
                .flat_map(|s| s.columns.iter().map(place))
                .collect(),
            deleted: deleted.map(|deleted| (place(&deleted.column), deleted.values.as_slice())),
            updated: None,
            rows: BTreeMap::new(),
            gone,
            columns: columns.clone(),
        };
        if let Some(source) = provider.columns.get(&Field::Updated) {
            let places: Vec<usize> = source.columns.iter().map(place).collect();
            let distinct = holding.distinct(&places);
            let mut counted = distinct.iter().map(|(value, rows)| (value.as_str(), *rows));
            let context = Context::learn(Field::Updated, None, source, job.as_of, &mut counted);
            holding.updated = Some((places, context));
        }
        for (batch, rows) in before.iter().enumerate() {
            for row in 0..rows.source_rows.len() {
                let row = Row { sent: false, batch: batch as u32, row: row as u32 };
                holding.rows.entry(holding.text(row, &holding.record_id)).or_default().push(row);
            }
        }
        holding
    }

    /// The values of some columns of all rows, joined, with how often they occur.
    fn distinct(&self, places: &[usize]) -> FxHashMap<String, u64> {
        let mut values: FxHashMap<String, u64> = FxHashMap::default();
        for (sent, batches) in [(false, self.before), (true, self.sent)] {
            for (batch, rows) in batches.iter().enumerate() {
                for row in 0..rows.source_rows.len() {
                    let row = Row { sent, batch: batch as u32, row: row as u32 };
                    *values.entry(self.text(row, places)).or_default() += 1;
                }
            }
        }
        values
    }

    fn batch(&self, row: Row) -> &Batch {
        &(if row.sent { self.sent } else { self.before })[row.batch as usize]
    }

    /// Some columns of a row, joined as `records` joins them.
    fn text(&self, row: Row, places: &[usize]) -> String {
        let mut joined = String::new();
        records::join(self.batch(row), places, row.row as usize, &mut joined).trim().to_string()
    }

    fn value(&self, row: Row, place: usize) -> &str {
        self.batch(row).columns[place].get(row.row as usize)
    }

    /// The day of `updated`, YYYYMMDD; `None` where it is not known to the day.
    fn updated(&self, row: Row) -> Option<String> {
        let (places, context) = self.updated.as_ref()?;
        let mut day = String::new();
        context.clean(&self.text(row, places), &mut day);
        (day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit())).then_some(day)
    }

    fn is_deletion(&self, row: Row) -> bool {
        self.deleted.is_some_and(|(place, values)| values.iter().any(|value| value == self.value(row, place).trim()))
    }

    fn as_it_was(&self, record_id: &str) -> Before {
        let rows = self.rows.get(record_id).cloned().unwrap_or_default();
        let days = rows.iter().filter_map(|row| self.updated(*row));
        let newest = days.chain(self.gone.day(record_id).map(String::from)).max();
        Before { rows, newest }
    }

    fn is_older(&self, row: Row, before: &Before) -> bool {
        let newest = before.newest.as_ref();
        newest.is_some_and(|newest| self.updated(row).is_some_and(|updated| updated < *newest))
    }

    fn is_same(&self, a: Row, b: Row) -> bool {
        (0..self.columns.len()).all(|place| self.value(a, place) == self.value(b, place))
    }

    /// How many records the provider holds.
    pub fn records(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Applies the rows of one extract, in their order; gives also those that could not be used.
    pub fn apply(&mut self, extract: u32) -> (Counts, Vec<Quarantined>) {
        let mut counts = Counts::default();
        let mut unusable = Vec::new();
        // What each record was before this extract; of a record that is not here nothing has been seen yet.
        let mut held: FxHashMap<String, Before> = FxHashMap::default();
        let mut begun: FxHashSet<String> = FxHashSet::default();
        let sent = self.sent;
        for (at, batch) in sent.iter().enumerate().filter(|(_, batch)| batch.extract == extract) {
            unusable.extend_from_slice(&batch.quarantined);
            for row in 0..batch.source_rows.len() {
                let row = Row { sent: true, batch: at as u32, row: row as u32 };
                let id = self.text(row, &self.record_id);
                if id.is_empty() {
                    unusable.push(records::without_record_id(batch, row.row as usize));
                    continue;
                }
                let before: &Before = held.entry(id.clone()).or_insert_with(|| self.as_it_was(&id));
                if self.is_older(row, before) {
                    counts.older += 1;
                } else if self.is_deletion(row) {
                    let gone = self.rows.remove(&id).is_some();
                    // One that does not say when is no older than what it takes away.
                    if let Some(day) = self.updated(row).or_else(|| before.newest.clone()) {
                        self.gone.mark(&id, day);
                    }
                    begun.insert(id);
                    *(if gone { &mut counts.deleted } else { &mut counts.deleted_unknown }) += 1;
                } else {
                    if begun.insert(id.clone()) {
                        self.rows.remove(&id);
                    }
                    if self.gone.day(&id).is_some() && self.updated(row).is_some() {
                        self.gone.forget(&id);
                    }
                    self.rows.entry(id).or_default().push(row);
                    let count = match () {
                        () if before.rows.is_empty() => &mut counts.new,
                        () if before.rows.iter().any(|held| self.is_same(*held, row)) => &mut counts.unchanged,
                        () => &mut counts.changed,
                    };
                    *count += 1;
                }
            }
        }
        counts.unusable = unusable.len() as u64;
        unusable.sort_by_key(|row| row.source_row);
        (counts, unusable)
    }

    /// Writes what the provider holds, by record_id.
    pub fn finish(&self) -> Applied {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let all = self.rows.values().flatten();
        let line = |writer: &mut csv::Writer<Vec<u8>>, row: Row| {
            writer.write_record((0..self.columns.len()).map(|place| self.value(row, place)))
        };
        writer.write_record(&self.columns).expect("memory takes everything");
        let mut rows = 0;
        for &row in all {
            line(&mut writer, row).expect("memory takes everything");
            rows += 1;
        }
        let bytes = writer.into_inner().expect("memory takes everything");
        Applied { bytes, rows, gone: self.gone.in_words() }
    }
}
