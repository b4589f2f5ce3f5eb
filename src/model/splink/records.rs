//! The records of a job as the table that a Splink model expects.

use super::expression::Expr;
use super::{Comparison, Imported, Table};
use crate::job::{Field, Job, Provider, Source};
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
        let matching = || job.providers.iter().flat_map(mapped);
        for (field, source) in matching() {
            if let [column] = source.columns.as_slice()
                && job.providers.iter().all(|provider| may_mean(provider, column, *field))
            {
                names.add(column, *field);
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
        if !self.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
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
            columns: self.columns(records, empty),
            records: (0..records.len()).filter(|&record| keep(record)).map(|record| record as u32).collect(),
            ids: (0..records.len()).map(|record| records.record_id.get(record)).collect(),
            source: records.provider.clone(),
            sources: job.providers.iter().map(|provider| provider.id.as_str()).collect(),
        }
    }

    /// The columns by their names; `empty` stands for a field that no record has.
    pub fn columns<'a>(&self, records: &'a Records, empty: &'a Column) -> Vec<&'a Column> {
        self.fields.iter().map(|field| records.raw.get(field).unwrap_or(empty)).collect()
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

/// The fields of a provider by which records may be compared, and where each comes from.
fn mapped(provider: &Provider) -> impl Iterator<Item = (&Field, &Source)> {
    provider.columns.iter().filter(|(field, _)| **field != Field::RecordId)
}

/// Whether a column of this name, where the provider maps one, is the field and nothing else: read from it alone, and no other field so. What it is a
/// part of besides does not count. Names are compared without case, as a model's are.
fn may_mean(provider: &Provider, column: &str, field: Field) -> bool {
    let is_read = |(_, source): &(&Field, &Source)| source.columns.iter().any(|name| name.eq_ignore_ascii_case(column));
    let (alone, part): (Vec<_>, Vec<_>) =
        mapped(provider).filter(is_read).partition(|(_, source)| source.columns.len() == 1);
    match alone.is_empty() {
        true => part.is_empty(),
        false => alone.into_iter().all(|(other, _)| *other == field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// The field that each name stands for, in a job of two providers with these columns.
    fn found(one: &str, other: &str, wanted: &[&str]) -> Vec<Option<Field>> {
        let folder = tempfile::tempdir().expect("a folder");
        let provider = |id: &str, columns: &str| {
            fs::write(folder.path().join(format!("{id}.csv")), "id\n").expect("there is room");
            format!(
                "[[provider]]\nid = \"{id}\"\nname = \"{id}\"\nsetting = \"acute\"\nfiles = [\"{id}.csv\"]\n\
                 [provider.columns]\nrecord_id = \"id\"\n{columns}\n"
            )
        };
        let job = format!(
            "[job]\nname = \"named\"\nas_of = 2026-11-22\n{}{}",
            provider("one", one),
            provider("other", other)
        );
        let path = folder.path().join("job.toml");
        fs::write(&path, job).expect("there is room");
        let names = Names::of(&Job::read(&path).expect("the job is right"));
        let place = |name: &&str| names.names.iter().position(|known| known == name);
        wanted.iter().map(|name| place(name).map(|at| names.fields[at])).collect()
    }

    #[test]
    fn a_column_that_is_one_field_everywhere_has_its_name() {
        let (given, family) = (Some(Field::GivenName), Some(Field::FamilyName));
        let two = "given_name = \"First\"\nfamily_name = \"last\"";
        assert_eq!(found(two, two, &["First", "last", "given_name"]), [given, family, given]);
        assert_eq!(found(two, "given_name = \"fname\"", &["First", "fname"]), [given, given]);
        // A part of an address is a postcode all the same.
        let part = "postcode = \"pc\"\naddress = [\"street\", \"pc\"]";
        assert_eq!(found(part, two, &["pc", "street"]), [Some(Field::Postcode), None]);
    }

    #[test]
    fn a_column_that_is_not_the_same_everywhere_has_none() {
        let alone = "given_name = \"first\"";
        assert_eq!(found(alone, "family_name = \"First\"", &["first", "First"]), [None, None], "another field");
        let joined = "given_name = [\"first\", \"middle\"]";
        let given = Some(Field::GivenName);
        assert_eq!(found(alone, joined, &["first", "given_name"]), [None, given], "the whole of it and half of it");
        assert_eq!(found(alone, "address = [\"first\", \"street\"]", &["first"]), [None], "only half of another");
        let cased = "family_name = \"Surname\"\nprevious_family_name = \"SURNAME\"";
        assert_eq!(found(cased, alone, &["Surname", "SURNAME", "first"]), [None, None, given], "told apart by case");
    }
}
