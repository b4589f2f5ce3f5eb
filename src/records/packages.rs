//! Columns of packages of care: put in place like carried facts, standardised by what they say.

use super::distinct::{Distinct, Standardised};
use super::formats::{self, Formats};
use super::{Column, Records, carried};
use crate::job::{Job, PackagePart, Source};
use crate::standardise::date::{self, DateFormat};
use crate::standardise::{DateContext, Reason, facts};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Stands for a date that was sent and cannot be read: of a package that is not the same as none.
pub const UNREADABLE: &str = "?";

/// One part of one group of package columns over all records; MISSING where a provider maps no such column.
#[derive(Debug)]
pub struct PackageColumn {
    /// Place of the group among those of its provider.
    pub group: u16,
    pub part: PackagePart,
    /// Texts; dates ISO, or [`UNREADABLE`].
    pub column: Column,
}

/// The package columns of a job, each once, in the order of [`Records::packages`].
pub fn package_columns(job: &Job) -> Vec<(u16, PackagePart)> {
    let groups = job.providers.iter().flat_map(|provider| (0..).zip(&provider.packages));
    let parts: BTreeSet<(u16, PackagePart)> =
        groups.flat_map(|(group, package)| package.parts.keys().map(move |part| (group, *part))).collect();
    parts.into_iter().collect()
}

/// `ranges` are the rows of each provider; how dates are written goes to `found`, and is known beforehand where it is `frozen`.
pub(super) fn clean(
    job: &Job,
    records: &mut Records,
    ranges: &[Range<usize>],
    frozen: Option<&Formats>,
    found: &mut Formats,
) {
    let clean_one = |package: &mut PackageColumn| {
        let name = formats::of_package(package.group, package.part);
        let mapping = job.providers.iter().zip(ranges).filter_map(|(provider, rows)| {
            let source = provider.packages.get(usize::from(package.group))?.parts.get(&package.part)?;
            Some((provider, source, rows.clone()))
        });
        let (mapping, part) = (mapping.collect(), package.part);
        let formats = carried::clean(&mut package.column, &name, mapping, frozen, |source, distinct, raw, known| {
            clean_piece(job, part, source, distinct, raw, known)
        });
        formats.into_iter().map(move |(provider, format)| (provider, name.clone(), format))
    };
    let formats: Vec<_> = records.packages.par_iter_mut().flat_map_iter(clean_one).collect();
    formats.into_iter().for_each(|(provider, name, format)| found.add(provider, &name, format));
}

/// One part of one provider, and how its dates are written where they are some.
fn clean_piece(
    job: &Job,
    part: PackagePart,
    source: &Source,
    distinct: Distinct,
    raw: &Column,
    frozen: Option<DateFormat>,
) -> (Option<DateFormat>, Standardised) {
    if !part.is_date() {
        return (None, clean_words(part, source, distinct, raw));
    }
    let dates = DateContext::learn(source.format.as_deref(), job.as_of, &mut distinct.values(&raw.values));
    let dates = frozen.map_or(dates.clone(), |format| dates.frozen(format));
    let cleaned = distinct.standardise(&raw.values, |value, out| {
        out.clear();
        let mut verdict = date::clean(value, &dates, out);
        // Years beyond those that people live in are no mistake here: 31/12/9999 stands for a package that goes on.
        let calendar = date::parse_day(out).map(|date| date.to_string());
        let sent = !verdict.is_null || verdict.reason.is_some_and(|reason| reason != Reason::Placeholder);
        out.clear();
        if sent {
            verdict.is_null = false;
            out.push_str(calendar.as_deref().unwrap_or(UNREADABLE));
        }
        verdict
    });
    (dates.format(), cleaned)
}

/// Services as they were sent or as the job translates them. Needs and reasons are compared with each other, so case does not count.
fn clean_words(part: PackagePart, source: &Source, distinct: Distinct, raw: &Column) -> Standardised {
    let key = |value: &str| value.trim().to_lowercase();
    let codes: BTreeMap<String, &str> =
        source.values.iter().map(|(raw, canonical)| (key(raw), canonical.as_str())).collect();
    distinct.standardise(&raw.values, |value, out| {
        let translated = codes.get(&key(value)).copied().unwrap_or(value);
        let verdict = facts::clean_word(translated, out);
        if part != PackagePart::Service {
            *out = out.to_lowercase();
        }
        verdict
    })
}
