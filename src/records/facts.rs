//! Standardising carried facts by their kind.

use super::distinct::{Distinct, Standardised};
use super::formats::{self, Formats};
use super::{Column, Fact, Records, carried};
use crate::job::{Carry, CarryKind, Job};
use crate::standardise::date::DateFormat;
use crate::standardise::{DateContext, facts};
use rayon::prelude::*;
use std::ops::Range;

/// `ranges` are the rows of each provider; how dates are written goes to `found`, and is known beforehand where it is `frozen`.
pub(super) fn clean(
    job: &Job,
    records: &mut Records,
    ranges: &[Range<usize>],
    frozen: Option<&Formats>,
    found: &mut Formats,
) {
    let clean_one = |fact: &mut Fact| {
        let name = formats::of_fact(&fact.rule.name);
        let carrying = job.providers.iter().zip(ranges).filter_map(|(provider, rows)| {
            let carry = provider.carry.iter().find(|carry| carry.name == fact.rule.name);
            carry.map(|carry| (provider, carry, rows.clone()))
        });
        let formats =
            carried::clean(&mut fact.column, &name, carrying.collect(), frozen, |carry, distinct, raw, known| {
                clean_piece(job, carry, distinct, raw, known)
            });
        formats.into_iter().map(move |(provider, format)| (provider, name.clone(), format))
    };
    let formats: Vec<_> = records.facts.par_iter_mut().flat_map_iter(clean_one).collect();
    formats.into_iter().for_each(|(provider, name, format)| found.add(provider, &name, format));
}

/// The facts of one provider, and how dates are written where they are some.
fn clean_piece(
    job: &Job,
    carry: &Carry,
    distinct: Distinct,
    raw: &Column,
    frozen: Option<DateFormat>,
) -> (Option<DateFormat>, Standardised) {
    let dates = DateContext::learn(carry.format.as_deref(), job.as_of, &mut distinct.values(&raw.values));
    let dates = frozen.map_or(dates.clone(), |format| dates.frozen(format));
    let part = distinct.standardise(&raw.values, |value, out| facts::clean(carry.kind, value, &dates, out));
    (if carry.kind == CarryKind::Date { dates.format() } else { None }, part)
}
