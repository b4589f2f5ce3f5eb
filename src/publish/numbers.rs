//! other_numbers.parquet: NHS numbers that a person's records carry beside the one of the best record.
//!
//! An objection that comes later may name any of them, and the record that carried it may be in no extract any more by then.

use super::WrittenFile;
use super::table::{self, Column};
use super::tables::Outputs;
use crate::failure::Result;
use crate::job::Field;
use crate::records::MISSING;
use rayon::prelude::*;
use std::path::Path;

pub(crate) const OTHER_NUMBERS: &str = "other_numbers.parquet";

/// Columns person_id and nhs_number, each pair once, in the order of people.parquet.
pub(super) fn write(folder: &Path, outputs: &Outputs) -> Result<WrittenFile> {
    let Some(numbers) = outputs.records.clean.get(&Field::NhsNumber) else {
        return table_of(folder, outputs, &[], |_| "");
    };
    let best = outputs.people.field(Field::NhsNumber);
    let best_code: Vec<u32> = (0..outputs.people.len())
        .into_par_iter()
        .map(|person| best.text(person).and_then(|number| numbers.values.find(number)).unwrap_or(MISSING))
        .collect();
    let other = |row: usize| {
        let (person, code) = (outputs.partition.person[row], numbers.code(row));
        (code != MISSING && code != best_code[person as usize]).then_some((person, code))
    };
    let mut others: Vec<(u32, u32)> = (0..outputs.records.len()).into_par_iter().filter_map(other).collect();
    // By the number itself: codes depend on the order in which extracts are read.
    others.par_sort_unstable_by_key(|&(person, code)| (person, numbers.values.get(code)));
    others.dedup();
    table_of(folder, outputs, &others, |code| numbers.values.get(code))
}

fn table_of<'a>(
    folder: &Path,
    outputs: &'a Outputs,
    others: &'a [(u32, u32)],
    number: impl Fn(u32) -> &'a str + Sync + Send + 'a,
) -> Result<WrittenFile> {
    let columns = [
        Column::required_text("person_id", |row| outputs.person_ids[others[row].0 as usize].as_str()),
        Column::required_text("nhs_number", move |row| number(others[row].1)).distinct(),
    ];
    table::write(folder, OTHER_NUMBERS, others.len(), &columns)
}
