//! Rows that were read but are nobody's record: they go to quarantine.

use super::{Codes, MISSING, Records};
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
    let judge = Judge::of(job, records, filler_rows);
    let found: Vec<(usize, QuarantineCode)> = (0..records.len())
        .into_par_iter()
        .filter_map(|row| judge.verdict(records, row).map(|code| (row, code)))
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

/// What is known before the rows are looked at, one by one.
struct Judge<'a> {
    filler_rows: &'a [usize],
    /// Codes of the columns of which one makes a record somebody's.
    identifying: Vec<&'a Codes>,
    families: Option<&'a Codes>,
    /// By code of the family name: whether nobody real has it with some given name.
    suspected: Vec<bool>,
    /// The same where there is no family name.
    nameless_suspected: bool,
}

impl<'a> Judge<'a> {
    fn of(job: &Job, records: &'a Records, filler_rows: &'a [usize]) -> Judge<'a> {
        let custom = (0..job.custom_fields.len()).map(|index| Field::Custom(index as u16));
        let columns = IDENTIFYING.into_iter().chain(custom).filter_map(|field| records.clean.get(&field));
        let families = records.clean.get(&Field::FamilyName);
        Judge {
            filler_rows,
            identifying: columns.map(|column| &column.codes).collect(),
            families: families.map(|column| &column.codes),
            suspected: families
                .map_or(Vec::new(), |column| column.values.par_iter().map(name::is_filler_family).collect()),
            nameless_suspected: name::is_filler_family(""),
        }
    }

    fn verdict(&self, records: &Records, row: usize) -> Option<QuarantineCode> {
        let family = self.families.map_or(MISSING, |codes| codes.at(row));
        let suspected = if family == MISSING { self.nameless_suspected } else { self.suspected[family as usize] };
        let name = |field: Field| records.value(field, row).unwrap_or_default();
        if self.filler_rows.binary_search(&row).is_ok()
            || suspected && name::is_filler_person(name(Field::GivenName), name(Field::FamilyName))
        {
            return Some(QuarantineCode::FillerPerson);
        }
        let known = self.identifying.iter().any(|codes| codes.at(row) != MISSING);
        (!known).then_some(QuarantineCode::NoIdentifyingValue)
    }
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
