//! From a batch of text to codes of its own, as sent, on the thread that parsed it; [`super::merge`] puts batches together.
//!
//! Every string is hashed here, once, while it is in the cache: about 20 ns a value.

use super::values::{Interner, Values};
use super::{Codes, MISSING};
use crate::intake::{Batch, QuarantineCode, Quarantined, TextColumn, wanted_columns};
use crate::job::{Field, Job, Provider, Source, Verified};
use std::cell::RefCell;

/// One column of one batch.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Places in `values`, as narrow as these allow: every batch stands until the last one is read.
    pub codes: Codes,
    /// Each once, or nearly so.
    pub values: Values,
}

/// One batch, interned.
#[derive(Debug)]
pub struct Interned {
    pub(super) extract: u32,
    pub(super) provider: u16,
    pub(super) source_rows: Vec<u32>,
    /// One a row.
    pub(super) record_ids: Values,
    pub(super) fields: Vec<(Field, Part)>,
    /// Facts by place in the provider's `carry`.
    pub(super) facts: Vec<Part>,
    /// Parts of packages, group by group of the provider's `packages`.
    pub(super) packages: Vec<Part>,
    pub(super) number_verified: Vec<bool>,
    pub(super) quarantined: Vec<Quarantined>,
}

thread_local! {
    /// Memory that every batch of a thread needs again.
    static INTERNER: RefCell<Interner> = RefCell::default();
}

/// Interns one batch. A row without a record_id goes to quarantine.
pub fn intern(job: &Job, batch: Batch) -> Interned {
    INTERNER.with_borrow_mut(|interner| intern_with(interner, job, batch))
}

fn intern_with(interner: &mut Interner, job: &Job, mut batch: Batch) -> Interned {
    let provider = &job.providers[usize::from(batch.provider)];
    let wanted = wanted_columns(provider);
    let place = |name: &String| wanted.iter().position(|known| known == name).expect("every mapped column is wanted");
    let places = |source: &Source| source.columns.iter().map(place).collect::<Vec<usize>>();
    let record_id = provider.columns.get(&Field::RecordId).map(places).unwrap_or_default();
    let mut quarantined = std::mem::take(&mut batch.quarantined);
    let (keep, record_ids) = with_record_id(&batch, &record_id, interner, &mut quarantined);
    let fields = provider.columns.iter().filter(|(field, _)| **field != Field::RecordId);
    let fields = fields.map(|(field, source)| (*field, part(&batch, &places(source), &keep, interner))).collect();
    let facts = provider.carry.iter();
    let facts = facts.map(|carry| part(&batch, &[place(&carry.column)], &keep, interner)).collect();
    let packages = provider.packages.iter().flat_map(|package| package.parts.values());
    let packages = packages.map(|source| part(&batch, &places(source), &keep, interner)).collect();
    Interned {
        extract: batch.extract,
        provider: batch.provider,
        source_rows: keep.iter().map(|&row| batch.source_rows[row]).collect(),
        record_ids,
        fields,
        facts,
        packages,
        number_verified: verified(&batch, provider, &place, &keep),
        quarantined,
    }
}

/// The rows of a batch that have a record_id, and that of each; the others go to `quarantined`.
fn with_record_id(
    batch: &Batch,
    record_id: &[usize],
    interner: &mut Interner,
    quarantined: &mut Vec<Quarantined>,
) -> (Vec<usize>, Values) {
    let rows = batch.source_rows.len();
    let mut keep = Vec::with_capacity(rows);
    let mut joined = String::new();
    interner.clear();
    for row in 0..rows {
        let id = join(batch, record_id, row, &mut joined).trim();
        if id.is_empty() {
            quarantined.push(without_record_id(batch, row));
        } else {
            keep.push(row);
            interner.values.push(id);
        }
    }
    (keep, interner.values.clone())
}

/// A row of a batch as it goes to quarantine for want of a record_id.
pub(crate) fn without_record_id(batch: &Batch, row: usize) -> Quarantined {
    Quarantined {
        extract: batch.extract,
        provider: batch.provider,
        source_row: batch.source_rows[row],
        raw: batch.columns.iter().map(|column| column.get(row)).collect::<Vec<_>>().join(" | "),
        code: QuarantineCode::NoRecordId,
        reason: "the row has no record_id".into(),
    }
}

/// After so many rows it is known whether looking for equal values in a batch pays.
const TRIED_ROWS: usize = 1 << 13;

fn part(batch: &Batch, places: &[usize], keep: &[usize], interner: &mut Interner) -> Part {
    if let [place] = places
        && let Some((values, rows)) = batch.columns[*place].shared()
    {
        return shared_part(values, rows, keep, interner);
    }
    let mut codes = Vec::with_capacity(keep.len());
    let mut joined = String::new();
    interner.clear();
    let (tried, rest) = keep.split_at(keep.len().min(TRIED_ROWS));
    for &row in tried {
        let value = join(batch, places, row, &mut joined).trim();
        codes.push(if value.is_empty() { MISSING } else { interner.intern(value) });
    }
    // Where nearly every value is another one, the union of all batches looks soon enough.
    let mostly_distinct = interner.values.len() * 10 > tried.len() * 9;
    for &row in rest {
        codes.push(match join(batch, places, row, &mut joined).trim() {
            "" => MISSING,
            value if mostly_distinct => interner.values.push(value),
            value => interner.intern(value),
        });
    }
    Part { codes: Codes::of_few(&codes, interner.values.len()), values: interner.values.clone() }
}

/// Of a column whose rows share values each value is looked at once.
fn shared_part(values: &TextColumn, rows: &[u32], keep: &[usize], interner: &mut Interner) -> Part {
    interner.clear();
    let mut code_of: Vec<Option<u32>> = vec![None; values.len()];
    let mut code = |place: usize| {
        *code_of[place].get_or_insert_with(|| match values.get(place).trim() {
            "" => MISSING,
            value => interner.intern(value),
        })
    };
    let codes: Vec<u32> = keep.iter().map(|&row| code(rows[row] as usize)).collect();
    Part { codes: Codes::of_few(&codes, interner.values.len()), values: interner.values.clone() }
}

/// The values of several columns joined by one space, empty ones left out; of one column without a copy.
pub(crate) fn join<'a>(batch: &'a Batch, places: &[usize], row: usize, joined: &'a mut String) -> &'a str {
    if let [place] = places {
        return batch.columns[*place].get(row);
    }
    joined.clear();
    for value in places.iter().map(|place| batch.columns[*place].get(row).trim()).filter(|value| !value.is_empty()) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(value);
    }
    joined
}

fn verified(batch: &Batch, provider: &Provider, place: &impl Fn(&String) -> usize, keep: &[usize]) -> Vec<bool> {
    match provider.columns.get(&Field::NhsNumber).map(|source| &source.verified) {
        None | Some(Verified::No) => vec![false; keep.len()],
        Some(Verified::Always) => vec![true; keep.len()],
        Some(Verified::When { column, values }) => {
            let column = &batch.columns[place(column)];
            keep.iter().map(|&row| values.iter().any(|value| value == column.get(row).trim())).collect()
        }
    }
}
