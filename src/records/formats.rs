//! How each provider writes, as a model froze it.

use crate::job::PackagePart;
use crate::standardise::date::DateFormat;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What cleaning finds out from all values of a column together. No value stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formats {
    /// Whether NHS numbers of the test range count.
    pub test_numbers: bool,
    /// By provider id, then by field (a carried fact as `carry.NAME`, a part of the nth package as `package.N.PART`): how a column of dates is written.
    pub dates: BTreeMap<String, BTreeMap<String, DateFormat>>,
}

impl Formats {
    pub fn date(&self, provider: &str, field: &str) -> Option<DateFormat> {
        self.dates.get(provider)?.get(field).copied()
    }

    pub(super) fn add(&mut self, provider: &str, field: &str, format: Option<DateFormat>) {
        if let Some(format) = format {
            self.dates.entry(provider.to_string()).or_default().insert(field.to_string(), format);
        }
    }
}

/// The name of a column of packages among the fields.
pub(super) fn of_package(group: u16, part: PackagePart) -> String {
    format!("package.{}.{}", group + 1, part.word())
}

/// The name of a carried fact among the fields.
pub(super) fn of_fact(name: &str) -> String {
    format!("carry.{name}")
}
