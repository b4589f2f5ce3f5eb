//! Rows that were read but are nobody's record: they go to quarantine.

use super::Records;
use crate::intake::{QuarantineCode, Quarantined};
use crate::job::{Field, Job};
use crate::standardise::name;
use rayon::prelude::*;

/// Fields of which a record needs at least one to be anybody's.
const IDENTIFYING: [Field; 12] = [
    Field::NhsNumber,
    Field::GivenName,
    Field::FamilyName,
    Field::PreviousFamilyName,
    Field::DateOfBirth,
    Field::YearOfBirth,
    Field::Address,
    Field::Postcode,
    Field::Uprn,
    Field::Phone,
    Field::Email,
    Field::LocalId,
];

/// Takes unusable rows out of `records`.
pub fn quarantine(job: &Job, records: &mut Records, filler_rows: &[usize]) -> Vec<Quarantined> {
    let found: Vec<(usize, QuarantineCode)> = (0..records.len())
        .into_par_iter()
        .filter_map(|row| verdict(job, records, row, filler_rows).map(|code| (row, code)))
        .collect();
    let rows: Vec<Quarantined> = found
        .iter()
        .map(|&(row, code)| Quarantined {
            extract: records.extract[row],
            provider: records.provider[row],
            source_row: records.source_row[row],
            raw: as_sent(records, row),
            code,
            reason: match code {
                QuarantineCode::FillerPerson => "the name is a filler or a test record",
                _ => "no name, date of birth, number, address, telephone or e-mail that could be used",
            }
            .into(),
        })
        .collect();
    if !found.is_empty() {
        let mut keep = vec![true; records.len()];
        found.iter().for_each(|&(row, _)| keep[row] = false);
        records.retain(&keep);
    }
    rows
}

fn verdict(job: &Job, records: &Records, row: usize, filler_rows: &[usize]) -> Option<QuarantineCode> {
    let custom = (0..job.custom_fields.len()).any(|index| records.value(Field::Custom(index as u16), row).is_some());
    let name = |field: Field| records.value(field, row).unwrap_or_default();
    if filler_rows.binary_search(&row).is_ok()
        || name::is_filler_person(name(Field::GivenName), name(Field::FamilyName))
    {
        return Some(QuarantineCode::FillerPerson);
    }
    let known = custom || IDENTIFYING.iter().any(|field| records.value(*field, row).is_some());
    (!known).then_some(QuarantineCode::NoIdentifyingValue)
}

/// The row's values as they were sent, for quarantine.parquet.
fn as_sent(records: &Records, row: usize) -> String {
    let values = records.raw.keys().filter_map(|field| records.sent(*field, row));
    let mut text = records.record_id.get(row).to_string();
    for value in values {
        text.push_str(" | ");
        text.push_str(value);
    }
    text
}
