//! `[[provider.package]]` and `[care]`: packages of care, and who should have one.

use super::cohort::setting;
use super::{ColumnUse, Resolver};
use crate::expression::Named;
use crate::job::problem::Problem;
use crate::job::reading::{self, Placed, Section};
use crate::job::{CareRule, CareSettings, PackageColumns, PackagePart, Provider, Source, values};
use jiff::civil::Date;
use std::collections::BTreeSet;
use toml::Spanned;
use toml::de::DeValue;

impl Resolver<'_> {
    /// The groups of columns of one provider, in the order of the file.
    pub(super) fn packages(&mut self, provider: usize, section: &Section) -> Vec<PackageColumns> {
        let mut packages = Vec::new();
        for group in section.sections("package") {
            let mut columns = PackageColumns::default();
            for part in PackagePart::ALL {
                if let Some(value) = group.value(part.word()) {
                    let name = Placed { text: part.word().to_string(), span: group.key_span(part.word()) };
                    columns.parts.insert(part, self.package_part(provider, part, &name, value));
                }
            }
            packages.push(columns);
        }
        packages
    }

    fn package_part(&mut self, provider: usize, part: PackagePart, name: &Placed, value: &Spanned<DeValue>) -> Source {
        let Some(section) = reading::section(value, name.span.clone()) else {
            return Source { columns: self.used_by_package(provider, reading::texts(value)), ..Source::default() };
        };
        let columns = self.named_columns(name, &section);
        let meaningless = if part.is_date() { "values" } else { "format" };
        for key in [meaningless, "verified", "verified_by"] {
            if section.value(key).is_some() {
                let message = format!("`{key}` has no meaning for the {} of a package", name.text);
                self.report(Problem::new(section.key_span(key), message, "no meaning here").help("Remove it"));
            }
        }
        let format = section.text("format").filter(|_| part.is_date());
        format.iter().for_each(|format| self.checked_date_format(format));
        let codes = section.section("values").into_iter().flat_map(|values| values.entries());
        Source {
            columns: self.used_by_package(provider, columns),
            format: format.map(|format| format.text),
            values: codes.filter_map(|(raw, value)| Some((raw.text, reading::text(value)?.text))).collect(),
            ..Source::default()
        }
    }

    fn used_by_package(&mut self, provider: usize, columns: Vec<Placed>) -> Vec<String> {
        self.columns.extend(columns.iter().map(|column| ColumnUse { provider, column: column.clone() }));
        columns.into_iter().map(|column| column.text).collect()
    }

    /// `columns` are those of people.parquet that do not come of packages themselves.
    pub(super) fn care(
        &mut self,
        root: &Section,
        providers: &[Provider],
        columns: &[Named],
        as_of: Date,
    ) -> CareSettings {
        let defaults = CareSettings::default();
        let Some(section) = root.section("care") else { return defaults };
        if providers.iter().all(|provider| provider.packages.is_empty()) {
            self.report(
                Problem::new(
                    section.key_span("care"),
                    "[care] is about packages, and no provider sends any",
                    "of nothing",
                )
                .help("Map them with [[provider.package]], or remove [care]"),
            );
        }
        let mut ids = BTreeSet::new();
        let mut rules = Vec::new();
        for section in section.sections("rule") {
            let id = self.new_id(&section, &mut ids);
            let text = section.text("where");
            let rule = text.as_ref().and_then(|text| self.rule(text, &setting(columns, &[], as_of)));
            let (Some(id), Some(rule), Some(need)) = (id, rule, section.text("need")) else { continue };
            let name = section.text("name").map_or_else(|| id.clone(), |name| name.text);
            rules.push(CareRule { id, name, rule, need: need.text });
        }
        let days = section.whole("successor_days").and_then(|days| i32::try_from(days).ok());
        let within = section.text("ended_within").and_then(|span| values::span(&span.text));
        CareSettings {
            successor_days: days.unwrap_or(defaults.successor_days),
            ended_within: within.unwrap_or(defaults.ended_within),
            rules,
        }
    }
}
