//! `[[cohort]]`: rules, columns and orders that fit the people of the job.

use super::{Resolver, provider};
use crate::expression::{Expression, Fault, Named, Setting, Type};
use crate::job::problem::Problem;
use crate::job::reading::{Placed, Section};
use crate::job::release::Purpose;
use crate::job::{Cohort, Order};
use crate::suggest::nearest;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::ops::Range;

impl Resolver<'_> {
    pub(super) fn cohorts(&mut self, root: &Section, columns: &[Named], as_of: Date) -> Vec<Cohort> {
        let mut ids = BTreeSet::new();
        let mut found = Vec::new();
        for section in root.sections("cohort") {
            let id = self.new_id(&section, &mut ids);
            if section.value("limit").is_some() && section.texts("order_by").is_empty() {
                self.report(
                    Problem::new(section.key_span("limit"), "`limit` needs `order_by`", "the first in which order?")
                        .help("Name the column that says who comes first"),
                );
            }
            let order_by = self.order_by(&section, columns);
            let shown = self.shown_columns(&section, columns);
            let text = section.text("where");
            let rule = text.as_ref().and_then(|text| self.rule(text, &setting(columns, &[], as_of)));
            let purpose = section.text("purpose").and_then(|word| Purpose::from_word(&word.text));
            let (Some(id), Some(text), Some(rule), Some(purpose)) = (id, text, rule, purpose) else { continue };
            found.push(Cohort {
                name: section.text("name").map_or_else(|| id.clone(), |name| name.text),
                columns: shown.unwrap_or_else(|| rule.columns().to_vec()),
                limit: section.whole("limit").and_then(|limit| usize::try_from(limit).ok()),
                id,
                text: text.text,
                rule,
                purpose,
                order_by,
            });
        }
        found
    }

    /// The id of a table, which no other of its kind has.
    pub(super) fn new_id(&mut self, section: &Section, ids: &mut BTreeSet<String>) -> Option<String> {
        let id = section.text("id")?;
        if !provider::is_id(&id.text) {
            self.report(
                Problem::new(id.span.clone(), format!("\"{}\" is no id", id.text), "not an id")
                    .help("Lower-case letters, digits and hyphens: it names a file"),
            );
        }
        if !ids.insert(id.text.clone()) {
            self.report(Problem::new(id.span, format!("The id \"{}\" was used before", id.text), "used before"));
        }
        Some(id.text)
    }

    /// A rule of the job file; faults are reported where they stand.
    pub(super) fn rule(&mut self, text: &Placed, setting: &Setting) -> Option<Expression> {
        match Expression::read(&text.text, setting) {
            Ok(rule) => Some(rule),
            Err(faults) => {
                for fault in faults {
                    let Fault { span, message, label, help } = fault;
                    let problem = Problem::new(self.inside(text, &span), message, label);
                    self.report(help.into_iter().fold(problem, Problem::help));
                }
                None
            }
        }
    }

    /// Where a part of a text stands in the job file; the whole text where escapes stand between them.
    fn inside(&self, text: &Placed, part: &Range<usize>) -> Range<usize> {
        let written = self.text.get(text.span.clone()).unwrap_or_default();
        match written.find(&text.text) {
            Some(at) => text.span.start + at + part.start..text.span.start + at + part.end,
            None => text.span.clone(),
        }
    }

    fn order_by(&mut self, section: &Section, columns: &[Named]) -> Vec<Order> {
        let mut orders = Vec::new();
        for Placed { text, span } in section.texts("order_by") {
            let (column, descending) = match text.split_once(' ') {
                Some((column, "descending")) => (column, true),
                Some((column, "ascending")) => (column, false),
                _ => (text.as_str(), false),
            };
            match columns.iter().find(|known| known.name == column) {
                Some(Named { holds: Type::List, .. }) => self.report(
                    Problem::new(span, format!("`{column}` is a list, which orders nobody"), "a list")
                        .help("Order by a number, date, text or flag"),
                ),
                Some(_) => orders.push(Order { column: column.to_string(), descending }),
                None => self.no_column(column, span, columns),
            }
        }
        orders
    }

    /// `None` where the job says nothing.
    fn shown_columns(&mut self, section: &Section, columns: &[Named]) -> Option<Vec<String>> {
        section.value("columns")?;
        let mut shown: Vec<String> = Vec::new();
        for Placed { text, span } in section.texts("columns") {
            if !columns.iter().any(|known| known.name == text) {
                self.no_column(&text, span, columns);
            } else if shown.contains(&text) {
                self.report(Problem::new(span, format!("`{text}` was named before"), "twice").help("Remove it"));
            } else {
                shown.push(text);
            }
        }
        Some(shown)
    }

    fn no_column(&mut self, name: &str, span: Range<usize>, columns: &[Named]) {
        let names = || columns.iter().map(|named| named.name.as_str());
        let problem = Problem::new(span, format!("people.parquet has no column `{name}`"), "unknown column");
        self.report(
            problem.suggest(nearest(name, names()), || format!("Columns: {}", names().collect::<Vec<_>>().join(", "))),
        );
    }
}

/// What a rule is read against.
pub(super) fn setting<'a>(columns: &'a [Named], absent: &'a [Named], as_of: Date) -> Setting<'a> {
    Setting { columns, absent, as_of }
}
