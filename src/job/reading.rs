//! Looks into a parsed TOML table. A value of the wrong type reads as absent: `shape` has reported it already.

use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A text of the job file, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub text: String,
    pub span: Range<usize>,
}

/// A table of the job file, and where it begins.
#[derive(Clone)]
pub(super) struct Section<'t, 'i> {
    pub table: &'t DeTable<'i>,
    pub span: Range<usize>,
}

impl<'t, 'i> Section<'t, 'i> {
    pub(super) fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.table.get(key)
    }

    /// Where `key` stands, or else the table's beginning.
    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        let found = self.table.iter().find(|(name, _)| name.get_ref() == key);
        found.map_or_else(|| self.span.clone(), |(name, _)| name.span())
    }

    /// The keys and values in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Placed, &'t Spanned<DeValue<'i>>)> + use<'t, 'i> {
        self.table.iter().map(|(name, value)| (Placed { text: name.get_ref().to_string(), span: name.span() }, value))
    }

    pub(super) fn text(&self, key: &str) -> Option<Placed> {
        self.value(key).and_then(text)
    }

    /// One text, or all texts of a list.
    pub(super) fn texts(&self, key: &str) -> Vec<Placed> {
        self.value(key).map(texts).unwrap_or_default()
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.value(key)?.get_ref().as_bool()
    }

    pub(super) fn whole(&self, key: &str) -> Option<i64> {
        self.value(key).and_then(whole)
    }

    pub(super) fn real(&self, key: &str) -> Option<f64> {
        self.value(key).and_then(real)
    }

    /// A share, written as a number or as `"2 %"`.
    pub(super) fn share(&self, key: &str) -> Option<f64> {
        let value = self.value(key)?;
        match value.get_ref().as_str() {
            Some(text) => super::values::share(text),
            None => real(value).filter(|share| (0.0..=1.0).contains(share)),
        }
    }

    pub(super) fn section(&self, key: &str) -> Option<Section<'t, 'i>> {
        section(self.value(key)?, self.key_span(key))
    }

    /// The tables of `[[key]]`.
    pub(super) fn sections(&self, key: &str) -> Vec<Section<'t, 'i>> {
        let Some(list) = self.value(key).and_then(|value| value.get_ref().as_array()) else { return Vec::new() };
        list.iter().filter_map(|item| section(item, item.span())).collect()
    }
}

pub(super) fn section<'t, 'i>(value: &'t Spanned<DeValue<'i>>, span: Range<usize>) -> Option<Section<'t, 'i>> {
    value.get_ref().as_table().map(|table| Section { table, span })
}

pub(super) fn text(value: &Spanned<DeValue<'_>>) -> Option<Placed> {
    value.get_ref().as_str().map(|text| Placed { text: text.to_string(), span: value.span() })
}

pub(super) fn texts(value: &Spanned<DeValue<'_>>) -> Vec<Placed> {
    match value.get_ref() {
        DeValue::Array(list) => list.iter().filter_map(text).collect(),
        _ => text(value).into_iter().collect(),
    }
}

pub(super) fn whole(value: &Spanned<DeValue<'_>>) -> Option<i64> {
    let integer = value.get_ref().as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

pub(super) fn real(value: &Spanned<DeValue<'_>>) -> Option<f64> {
    let number = match value.get_ref().as_float() {
        Some(float) => float.as_str().parse().ok()?,
        None => whole(value)? as f64,
    };
    number.is_finite().then_some(number)
}

/// A date, written as such or as text.
pub(super) fn date(value: &Spanned<DeValue<'_>>) -> Option<jiff::civil::Date> {
    match value.get_ref() {
        DeValue::String(text) => super::values::date(text),
        DeValue::Datetime(moment) if moment.time.is_none() => {
            let date = moment.date?;
            jiff::civil::Date::new(date.year as i16, date.month as i8, date.day as i8).ok()
        }
        _ => None,
    }
}
