//! Records as columns of dictionary codes.
//!
//! In: batches of text from `intake`, cleaned by `standardise`. Out: [`Records`], one row per record that can be used, in the order
//! (extract, row). Always: every vector has one entry per record; a code is [`MISSING`] or an index into its dictionary.

mod carried;
mod clean;
mod codes;
mod dictionary;
mod distinct;
mod facts;
mod formats;
mod gather;
mod identities;
mod merge;
mod numbers;
mod packages;
mod shared_numbers;
mod stays;
mod texts;
mod translated;
mod union;
mod unusable;
mod values;
mod written;

pub(crate) use clean::field_name;
pub use clean::{Cleaned, Quality, TestNumbersSeen, clean, count_left};
pub use codes::Codes;
pub use dictionary::Dictionary;
pub use formats::Formats;
pub use gather::{Interned, intern};
pub(crate) use gather::{join, without_record_id};
pub use identities::{Identities, is_matching};
pub use merge::{carried, merge};
pub(crate) use numbers::Numbers;
pub use packages::{PackageColumn, UNREADABLE, package_columns};
pub(crate) use stays::Stays;
pub use translated::Translated;
pub(crate) use union::{Hashed, unite};
pub use unusable::quarantine;
#[doc(hidden)]
pub use values::interned_and_united;
pub use written::{Filled, Written};

use crate::intake::TextColumn;
use crate::job::{Carry, Field};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The code of a missing value.
pub const MISSING: u32 = u32::MAX;

/// One column: a code a row, and the distinct values that codes stand for.
#[derive(Debug, Default)]
pub struct Column {
    pub codes: Codes,
    pub values: Dictionary,
}

impl Column {
    pub fn new(codes: Vec<u32>, values: Dictionary) -> Column {
        Column { codes: Codes::new(codes, values.len()), values }
    }

    /// The code of `row`, or [`MISSING`].
    #[inline]
    pub fn code(&self, row: usize) -> u32 {
        self.codes.at(row)
    }

    /// The value of `row`, or `None` where it is missing.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = self.code(row);
        (code != MISSING).then(|| self.values.get(code))
    }
}

/// All usable records of a job.
#[derive(Debug, Default)]
pub struct Records {
    /// Index into `job.providers`, one a record.
    pub provider: Vec<u16>,
    /// Index into `intake::extracts(job)`.
    pub extract: Vec<u32>,
    /// Data records counted from 1 without the header.
    pub source_row: Vec<u32>,
    /// Verbatim but for outer space.
    pub record_id: TextColumn,
    /// A dense number for each (provider, record_id), in the order of first appearance: rows that share it are one record's events.
    pub key: Vec<u32>,
    /// Values as they were sent (several columns joined by one space), by mapped field.
    pub raw: BTreeMap<Field, Column>,
    /// Standardised values. A `full_name` appears here as given, middle and family name.
    pub clean: BTreeMap<Field, Column>,
    /// Whether the record's NHS number is verified by its provider.
    pub number_verified: Vec<bool>,
    /// Carried facts, one column a fact name; the values are standardised by kind: flags "true"/"false", dates ISO, numbers plain.
    pub facts: Vec<Fact>,
    /// Packages of care, one column a part of a group, in the order of [`package_columns`].
    pub packages: Vec<PackageColumn>,
    /// Which fields each record has filled in; nothing once that has been counted.
    pub written: Written,
}

/// One carried fact over all records; MISSING where a provider does not carry it.
#[derive(Debug)]
pub struct Fact {
    /// Name, kind, combination and window, the same in every provider that carries it (checked by `job`).
    pub rule: Carry,
    pub column: Column,
}

impl Records {
    pub fn len(&self) -> usize {
        self.provider.len()
    }

    pub fn is_empty(&self) -> bool {
        self.provider.is_empty()
    }

    /// The clean value of `field` in `record`.
    pub fn value(&self, field: Field, record: usize) -> Option<&str> {
        self.clean.get(&field).and_then(|column| column.get(record))
    }

    /// The value of `field` in `record` as it was sent.
    pub fn sent(&self, field: Field, record: usize) -> Option<&str> {
        self.raw.get(&field).and_then(|column| column.get(record))
    }

    /// Where a row of an extract stands: records come in the order (extract, row).
    pub fn place(&self, extract: u32, source_row: u32) -> Option<usize> {
        let (mut from, mut to) = (0, self.len());
        let of = |at: usize| (self.extract[at], self.source_row[at]);
        while from < to {
            let middle = from + (to - from) / 2;
            if of(middle) < (extract, source_row) { from = middle + 1 } else { to = middle }
        }
        (from < self.len() && of(from) == (extract, source_row)).then_some(from)
    }

    /// The columns that are carried beside the fields: facts, then packages.
    pub fn carried(&self) -> impl Iterator<Item = &Column> {
        self.facts.iter().map(|fact| &fact.column).chain(self.packages.iter().map(|package| &package.column))
    }

    /// The same, to be changed.
    pub fn carried_mut(&mut self) -> impl Iterator<Item = &mut Column> {
        let packages = self.packages.iter_mut().map(|package| &mut package.column);
        self.facts.iter_mut().map(|fact| &mut fact.column).chain(packages)
    }

    /// Heap bytes of all columns and their dictionaries.
    pub fn column_bytes(&self) -> u64 {
        let columns = self.raw.values().chain(self.clean.values()).chain(self.carried());
        columns.map(|column| (column.codes.heap_bytes() + column.values.heap_bytes()) as u64).sum()
    }

    /// Lets go of the values as they were sent, but of the fields for which `needed` holds.
    pub fn forget_sent(&mut self, needed: impl Fn(Field) -> bool) {
        self.raw.retain(|field, _| needed(*field));
    }

    /// Keeps the rows marked in `keep`; dictionaries stay as they are. Columns that wait elsewhere are not there to lose any.
    pub fn retain(&mut self, keep: &[bool]) {
        let stays = Stays::of(keep);
        let Records {
            record_id,
            provider,
            extract,
            source_row,
            key,
            number_verified,
            raw,
            clean,
            facts,
            packages,
            written,
        } = self;
        let columns = raw.values_mut().chain(clean.values_mut()).chain(facts.iter_mut().map(|fact| &mut fact.column));
        let columns = columns.chain(packages.iter_mut().map(|package| &mut package.column));
        let columns = columns.chain([&mut written.column]);
        let mut codes: Vec<&mut Codes> =
            columns.map(|column| &mut column.codes).filter(|codes| !codes.is_empty()).collect();
        let (ids, ()) =
            rayon::join(|| stays.texts(record_id), || codes.par_iter_mut().for_each(|codes| codes.retain(&stays)));
        *record_id = ids;
        stays.keep(provider);
        stays.keep(extract);
        stays.keep(source_row);
        stays.keep(key);
        stays.keep(number_verified);
    }
}
