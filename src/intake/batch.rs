//! The shapes in which rows leave intake.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Strings laid end to end: value `i` is `bytes[ends[i-1]..ends[i]]`. An empty value is a missing one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextColumn {
    bytes: String,
    ends: Vec<u32>,
}

impl TextColumn {
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        TextColumn { bytes: String::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    /// # Panics
    /// Where a column outgrows 4 GiB; batches are far smaller.
    #[inline]
    pub fn push(&mut self, value: &str) {
        self.bytes.push_str(value);
        self.ends.push(u32::try_from(self.bytes.len()).expect("a text column holds less than 4 GiB"));
    }

    #[inline]
    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        &self.bytes[start..self.ends[row] as usize]
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Heap bytes in use.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 4
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// Bytes of the values of some rows.
    pub fn bytes_of(&self, rows: &Range<usize>) -> usize {
        let end = |row: usize| row.checked_sub(1).map_or(0, |last| self.ends[last] as usize);
        end(rows.end) - end(rows.start)
    }

    /// All values of `other`, behind those that are here.
    ///
    /// # Panics
    /// Where a column outgrows 4 GiB.
    pub fn append(&mut self, other: &TextColumn) {
        self.append_rows(other, 0..other.len());
    }

    /// The values of some rows of `other`, behind those that are here.
    ///
    /// # Panics
    /// As [`TextColumn::append`].
    pub fn append_rows(&mut self, other: &TextColumn, rows: Range<usize>) {
        let before = self.bytes.len();
        let end = |row: usize| row.checked_sub(1).map_or(0, |last| other.ends[last]);
        let (from, to) = (end(rows.start), end(rows.end));
        self.bytes.push_str(&other.bytes[from as usize..to as usize]);
        assert!(u32::try_from(self.bytes.len()).is_ok(), "a text column holds less than 4 GiB");
        self.ends.extend(other.ends[rows].iter().map(|end| before as u32 + (end - from)));
    }

    /// Empties the column and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// One column of a batch: a value a row. Where the extract itself holds equal values once, so does the column.
#[derive(Debug, Clone, Default)]
pub struct BatchColumn {
    values: TextColumn,
    /// Which value each row has; without it every row has one of its own.
    places: Option<Vec<u32>>,
}

impl BatchColumn {
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        BatchColumn { values: TextColumn::with_capacity(rows, bytes), places: None }
    }

    /// A row with a value of its own.
    #[inline]
    pub fn push(&mut self, value: &str) {
        if let Some(places) = &mut self.places {
            places.push(self.values.len() as u32);
        }
        self.values.push(value);
    }

    /// A value that rows will have; its place.
    pub fn add(&mut self, value: &str) -> u32 {
        let place = self.values.len() as u32;
        self.places.get_or_insert_with(|| (0..place).collect());
        self.values.push(value);
        place
    }

    /// A row with the value at a place that [`BatchColumn::add`] gave.
    #[inline]
    pub fn push_place(&mut self, place: u32) {
        self.places.get_or_insert_default().push(place);
    }

    #[inline]
    pub fn get(&self, row: usize) -> &str {
        self.values.get(self.places.as_ref().map_or(row, |places| places[row] as usize))
    }

    pub fn len(&self) -> usize {
        self.places.as_ref().map_or(self.values.len(), Vec::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The values, and which of them each row has, where rows share them.
    pub fn shared(&self) -> Option<(&TextColumn, &[u32])> {
        self.places.as_ref().map(|places| (&self.values, places.as_slice()))
    }
}

/// A slice of one extract: the wanted columns of consecutive rows that could be read.
#[derive(Debug)]
pub struct Batch {
    /// Index into [`crate::intake::extracts`].
    pub extract: u32,
    pub provider: u16,
    /// The wanted source columns, in the order of [`wanted_columns`]; values verbatim but for the quoting of the format.
    pub columns: Vec<BatchColumn>,
    /// `source_row` of each row of `columns`: data records counted from 1 without the header.
    pub source_rows: Vec<u32>,
    /// Rows of this slice that could not be read.
    pub quarantined: Vec<Quarantined>,
}

impl Batch {
    /// The last column holds the rows' numbers as they were sent: they become `source_rows`, and the column goes.
    ///
    /// `false` where one of them is none.
    pub(super) fn take_numbers(&mut self) -> bool {
        let Some(numbers) = self.columns.pop() else { return false };
        let parsed: Option<Vec<u32>> = (0..numbers.len()).map(|row| numbers.get(row).parse().ok()).collect();
        parsed.map(|numbers| self.source_rows = numbers).is_some()
    }
}

/// The source columns that a provider's mapping asks for, each once, in the order of first use: fields by [`crate::job::Field`]
/// order, then status columns, then carried facts, then packages of care, then what marks a record that is gone.
pub fn wanted_columns(provider: &crate::job::Provider) -> Vec<String> {
    let mut wanted: Vec<String> = Vec::new();
    let mut want = |name: &str| {
        if !wanted.iter().any(|known| known == name) {
            wanted.push(name.to_string());
        }
    };
    for source in provider.columns.values() {
        source.columns.iter().for_each(|name| want(name));
        if let crate::job::Verified::When { column, .. } = &source.verified {
            want(column);
        }
    }
    provider.carry.iter().for_each(|carry| want(&carry.column));
    let parts = provider.packages.iter().flat_map(|package| package.parts.values());
    parts.flat_map(|source| &source.columns).for_each(|name| want(name));
    if let Some(deleted) = provider.changes.as_ref().and_then(|changes| changes.deleted.as_ref()) {
        want(&deleted.column);
    }
    wanted
}

/// Why a row went to quarantine (DESIGN section 6). The first three are found while reading, the others by `records`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum QuarantineCode {
    Ragged,
    Undecodable,
    BrokenQuote,
    NoRecordId,
    NoIdentifyingValue,
    FillerPerson,
}

impl QuarantineCode {
    pub const ALL: [QuarantineCode; 6] = [
        QuarantineCode::Ragged,
        QuarantineCode::Undecodable,
        QuarantineCode::BrokenQuote,
        QuarantineCode::NoRecordId,
        QuarantineCode::NoIdentifyingValue,
        QuarantineCode::FillerPerson,
    ];

    /// The word of quarantine.parquet.
    pub fn word(self) -> &'static str {
        match self {
            QuarantineCode::Ragged => "ragged",
            QuarantineCode::Undecodable => "undecodable",
            QuarantineCode::BrokenQuote => "broken_quote",
            QuarantineCode::NoRecordId => "no_record_id",
            QuarantineCode::NoIdentifyingValue => "no_identifying_value",
            QuarantineCode::FillerPerson => "filler_person",
        }
    }
}

/// One row that could not be read. `raw` keeps its text for quarantine.parquet only; `reason` names no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    pub extract: u32,
    pub provider: u16,
    pub source_row: u32,
    pub raw: String,
    pub code: QuarantineCode,
    pub reason: String,
}

/// What was found out about one extract while reading it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FileReport {
    /// As in [`crate::intake::Extract::name`].
    pub name: String,
    pub provider: u16,
    pub bytes: u64,
    /// Hash of the file's bytes (BLAKE3, hex).
    pub blake3: String,
    /// Data records, quarantined ones included.
    pub rows: u64,
    /// Quarantined while reading.
    pub quarantined: u64,
    /// In words: "CSV, semicolon, Windows-1252, gzip, 12 columns". Reported in run.json and by `check`.
    pub found: String,
    /// Set where the file could not be read and its provider is optional: why, without values.
    pub skipped: Option<String>,
}
