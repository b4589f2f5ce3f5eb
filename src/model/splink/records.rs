//! The records of a job as the table that a Splink model expects.

use super::expression::Expr;
use super::{Comparison, Imported, Table};
use crate::job::{Field, Job};
use crate::records::{Column, Records};

/// The names under which a model may find the columns of a job, and the field of each.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub names: Vec<String>,
    fields: Vec<Field>,
}

impl Names {
    /// The source columns of `[provider.columns]` first, where all providers that have such a column mean the same field by it and
    /// read the field from it alone; then the canonical fields and the job's own, by their names.
    pub fn of(job: &Job) -> Names {
        let mut names = Names::default();
        let mapped = || job.providers.iter().flat_map(|provider| &provider.columns);
        let matching = || mapped().filter(|(field, _)| **field != Field::RecordId);
        for (field, source) in matching() {
            if let [column] = source.columns.as_slice() {
                let same = matching().all(|(other, source)| other == field || source.columns != [column.as_str()]);
                if same {
                    names.add(column, *field);
                }
            }
        }
        for (field, _) in matching() {
            match field {
                Field::Custom(index) => names.add(&job.custom_fields[usize::from(*index)].name, *field),
                built_in => names.add(built_in.word().expect("a built-in field has a word"), *field),
            }
        }
        names
    }

    fn add(&mut self, name: &str, field: Field) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_string());
            self.fields.push(field);
        }
    }

    /// The records for which `keep` holds, as they were sent; `empty` stands for a field that no record has.
    pub fn table<'a>(
        &self,
        job: &'a Job,
        records: &'a Records,
        empty: &'a Column,
        keep: impl Fn(usize) -> bool,
    ) -> Table<'a> {
        Table {
            columns: self.fields.iter().map(|field| records.raw.get(field).unwrap_or(empty)).collect(),
            records: (0..records.len()).filter(|&record| keep(record)).map(|record| record as u32).collect(),
            ids: (0..records.len()).map(|record| records.record_id.get(record)).collect(),
            source: records.provider.clone(),
            sources: job.providers.iter().map(|provider| provider.id.as_str()).collect(),
        }
    }

    /// A table of [`Names::table`] as if nobody had written a field for which `hidden` holds.
    pub fn without<'a>(&self, table: Table<'a>, empty: &'a Column, hidden: impl Fn(Field) -> bool) -> Table<'a> {
        let Table { mut columns, records, ids, source, sources } = table;
        for (column, field) in columns.iter_mut().zip(&self.fields) {
            if hidden(*field) {
                *column = empty;
            }
        }
        Table { columns, records, ids, source, sources }
    }

    /// Whether a comparison of a model that was read with these names reads a field for which `wanted` holds.
    pub fn reads(&self, model: &Imported, comparison: &Comparison, wanted: impl Fn(Field) -> bool) -> bool {
        let conditions = comparison.levels.iter().filter_map(|level| level.condition.as_ref());
        let compared = conditions.flat_map(Expr::columns).map(|(column, _)| column);
        let frequencies = comparison.levels.iter().filter_map(|level| level.frequency.as_ref());
        let mut read = compared.chain(frequencies.map(|frequency| frequency.column));
        read.any(|column| wanted(self.fields[model.columns[column]]))
    }
}
