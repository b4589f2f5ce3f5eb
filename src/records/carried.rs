//! Cleaning a column that several providers carry, each in its own way of writing.

use super::Column;
use super::distinct::{Distinct, Standardised, canonical};
use super::formats::Formats;
use crate::job::Provider;
use crate::standardise::date::DateFormat;
use rayon::prelude::*;
use std::ops::Range;

/// Standardises `column`, which goes by `name` among the formats: `mapped` are the providers that carry it, with what each says of it and its
/// rows. `clean` standardises one provider's distinct values, and says how its dates are written where they are some; it is given the format
/// that is `frozen`. Gives the formats by provider.
pub(super) fn clean<'j, R: Send>(
    column: &mut Column,
    name: &str,
    mapped: Vec<(&'j Provider, R, Range<usize>)>,
    frozen: Option<&Formats>,
    clean: impl Fn(R, Distinct, &Column, Option<DateFormat>) -> (Option<DateFormat>, Standardised) + Sync,
) -> Vec<(&'j str, Option<DateFormat>)> {
    let cleaned = mapped.into_par_iter().map(|(provider, rule, rows)| {
        let known = frozen.and_then(|frozen| frozen.date(&provider.id, name));
        let (format, part) = clean(rule, Distinct::of(column, rows), column, known);
        ((provider.id.as_str(), format), part)
    });
    let (formats, parts): (Vec<_>, Vec<Standardised>) = cleaned.unzip();
    *column = canonical(column, &parts, |_| true);
    formats
}
