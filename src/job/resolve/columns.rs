//! `[provider.columns]`: which field is read from which columns, and how.

use super::{ColumnUse, Resolver};
use crate::job::problem::Problem;
use crate::job::reading::{self, Placed, Section};
use crate::job::{Field, FieldKind, Source, Verified, values};
use crate::suggest::nearest;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::DeValue;

/// Stands for the row's number in place of a `record_id` column.
pub(super) const ROW_NUMBER: &str = "row_number";

/// Canonical sex codes (DESIGN section 5).
const SEX: [&str; 4] = ["male", "female", "indeterminate", "unknown"];

/// Fields that say something about a record, but never who it is.
const NOT_IDENTIFYING: [Field; 10] = [
    Field::RecordId,
    Field::NhsNumberStatus,
    Field::DateOfDeath,
    Field::BirthOrder,
    Field::Sensitivity,
    Field::WithheldIdentityReason,
    Field::RegisteredFrom,
    Field::RegisteredUntil,
    Field::AddressFrom,
    Field::Updated,
];

impl Resolver<'_> {
    pub(super) fn columns(&mut self, provider: usize, section: &Section) -> BTreeMap<Field, Source> {
        let mut mapped = BTreeMap::new();
        let Some(columns) = section.section("columns") else { return mapped };
        for (name, value) in columns.entries() {
            let Some(field) = self.field(&name.text) else { continue };
            let source = self.source(provider, field, &name, value);
            mapped.insert(field, source);
        }
        if !mapped.contains_key(&Field::RecordId) {
            self.report(
                Problem::new(section.key_span("columns"), "[provider.columns] maps no `record_id`", "`record_id` is missing")
                    .help("record_id = \"column\", or record_id = \"row_number\" where the extract has no identifier of its own"),
            );
        }
        if mapped.keys().all(|field| NOT_IDENTIFYING.contains(field)) {
            self.report(
                Problem::new(
                    section.key_span("columns"),
                    "No field here says who a record is about",
                    "nothing to link on",
                )
                .help(
                    "Map at least one of nhs_number, names, date_of_birth, postcode, address, phone, email, local_id",
                ),
            );
        }
        mapped
    }

    fn field(&self, name: &str) -> Option<Field> {
        let custom = || self.custom_fields.iter().position(|field| field.name == name);
        let built_in = Field::BUILT_IN.into_iter().find(|field| field.word() == Some(name));
        built_in.or_else(|| custom().and_then(|index| u16::try_from(index).ok()).map(Field::Custom))
    }

    fn source(&mut self, provider: usize, field: Field, name: &Placed, value: &Spanned<DeValue>) -> Source {
        let Some(section) = reading::section(value, name.span.clone()) else {
            let columns = reading::texts(value);
            return Source { columns: self.used(provider, field, columns), ..Source::default() };
        };
        let columns = self.named_columns(name, &section);
        Source {
            columns: self.used(provider, field, columns),
            format: section.text("format").map(|format| self.date_format(field, &name.text, format)),
            values: self.codes(field, &section),
            verified: self.verified(provider, field, &section),
        }
    }

    /// The columns that a mapping names: `column` or `columns`.
    pub(super) fn named_columns(&mut self, name: &Placed, section: &Section) -> Vec<Placed> {
        if section.value("column").is_some() == section.value("columns").is_some() {
            let message = format!("`{}` needs either `column` or `columns`", name.text);
            self.report(Problem::new(name.span.clone(), message, "one of the two").help(
                "column = \"…\" for one column, columns = [\"…\", \"…\"] for several that are joined by one space",
            ));
        }
        section.text("column").into_iter().chain(section.texts("columns")).collect()
    }

    /// Remembers the columns to look for them in the extracts.
    fn used(&mut self, provider: usize, field: Field, columns: Vec<Placed>) -> Vec<String> {
        for column in &columns {
            if !(field == Field::RecordId && column.text == ROW_NUMBER) {
                self.columns.push(ColumnUse { provider, column: column.clone() });
            }
        }
        columns.into_iter().map(|column| column.text).collect()
    }

    fn is_date(&self, field: Field) -> bool {
        match field {
            Field::Custom(index) => {
                self.custom_fields.get(usize::from(index)).is_some_and(|own| own.kind == FieldKind::Date)
            }
            Field::DateOfBirth | Field::YearOfBirth | Field::DateOfDeath => true,
            Field::RegisteredFrom | Field::RegisteredUntil | Field::AddressFrom | Field::Updated => true,
            _ => false,
        }
    }

    fn date_format(&mut self, field: Field, name: &str, format: Placed) -> String {
        if !self.is_date(field) {
            self.report(
                Problem::new(
                    format.span,
                    format!("`{name}` is no date, so `format` has no meaning"),
                    "no meaning here",
                )
                .help("Remove it"),
            );
        } else if field != Field::YearOfBirth {
            self.checked_date_format(&format);
        }
        format.text
    }

    /// Reports a format that cannot be used for dates.
    pub(super) fn checked_date_format(&mut self, format: &Placed) {
        if let Some(why) = values::date_format_problem(&format.text) {
            self.report(
                Problem::new(format.span.clone(), format!("This date format {why}"), "this format").help(
                    "For example \"%d/%m/%Y\" (31/12/1980), \"%Y-%m-%d\", \"%d-%b-%Y\" (31-Dec-1980), \"%Y%m%d\"",
                ),
            );
        }
    }

    /// `values`: what stands in the data → the canonical value.
    fn codes(&mut self, field: Field, section: &Section) -> BTreeMap<String, String> {
        let Some(table) = section.section("values") else { return BTreeMap::new() };
        let mut codes = BTreeMap::new();
        for (raw, canonical) in table.entries() {
            let Some(canonical) = reading::text(canonical) else { continue };
            if field == Field::Sex && !SEX.contains(&canonical.text.as_str()) {
                self.report(
                    Problem::new(canonical.span, "This is no canonical value of `sex`", "unknown value")
                        .suggest(nearest(&canonical.text, SEX), || format!("It may be {}", SEX.join(", "))),
                );
            }
            codes.insert(raw.text, canonical.text);
        }
        codes
    }

    fn verified(&mut self, provider: usize, field: Field, section: &Section) -> Verified {
        for key in ["verified", "verified_by"] {
            if section.value(key).is_some() && field != Field::NhsNumber {
                self.report(
                    Problem::new(
                        section.key_span(key),
                        format!("`{key}` belongs to `nhs_number` only"),
                        "no meaning here",
                    )
                    .help("Remove it"),
                );
            }
        }
        let Some(by) = section.section("verified_by") else {
            let always = section.flag("verified") == Some(true);
            return if always { Verified::Always } else { Verified::No };
        };
        if section.value("verified").is_some() {
            self.report(
                Problem::new(
                    section.key_span("verified"),
                    "`verified` and `verified_by` exclude each other",
                    "both are given",
                )
                .help("Remove one of the two"),
            );
        }
        let Some(column) = by.text("column") else { return Verified::No };
        self.columns.push(ColumnUse { provider, column: column.clone() });
        let values = by.texts("values").into_iter().map(|value| value.text).collect();
        Verified::When { column: column.text, values }
    }
}
