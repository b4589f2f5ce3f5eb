//! Standardising columns: every distinct value once a provider, since providers write dates and codes each in their own way.

use super::distinct::{Distinct, Standardised, canonical};
use super::formats::Formats;
use super::{Codes, Column, Filled, MISSING, Records, Written, facts, packages};
use crate::job::{CustomField, Field, FieldKind, Job, Source, TestNumbers};
use crate::standardise::date::DateFormat;
use crate::standardise::{Context, Flags, Verdict, name};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// What was found out about one field of one provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Quality {
    #[serde(skip)]
    pub provider: u16,
    pub field: String,
    /// Rows with any value as sent.
    pub filled: u64,
    /// Rows whose value could be used.
    pub valid: u64,
    /// The same of the records that are left once what may not be used is out: all that is told to others. Known from then on.
    #[serde(skip)]
    pub left: Option<Filled>,
    /// Why values became null or were changed, by reason.
    pub reasons: BTreeMap<Cow<'static, str>, u64>,
    /// The format that was found, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// What cleaning found out, for run.json and the report.
#[derive(Debug, Default)]
pub struct Cleaned {
    /// By provider, then field.
    pub quality: Vec<Quality>,
    /// Whether NHS numbers of the test range were accepted, and how many rows had one.
    pub test_numbers: TestNumbersSeen,
    /// Rows whose NHS number several incompatible people of one feed share: there it counts for nothing.
    pub void_numbers: u64,
    /// Rows whose name is a filler or a test record, ascending.
    pub filler_rows: Vec<usize>,
    /// How the providers write, for a model to freeze: as found, and where it was frozen before, as it was then.
    pub formats: Formats,
}

/// Counts what the records that are left have filled in, and lets go of what that is counted by.
pub fn count_left(job: &Job, records: &mut Records, quality: &mut [Quality]) {
    let written = std::mem::take(&mut records.written);
    let counts: Vec<_> = provider_ranges(records, job.providers.len())
        .into_par_iter()
        .map(|rows| written.count(rows))
        .map(|counts| counts.into_iter().map(|(field, filled)| (field_name(field, &job.custom_fields), filled)))
        .map(BTreeMap::from_iter)
        .collect();
    for field in quality {
        field.left = counts[usize::from(field.provider)].get(&field.field).copied();
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TestNumbersSeen {
    pub rows: u64,
    pub accepted: bool,
}

/// One column of one provider before it is put in place.
struct Piece {
    provider: u16,
    /// The format that was found, in words.
    found: Option<String>,
    format: Option<DateFormat>,
}

/// One field over all providers.
struct CleanedField {
    field: Field,
    column: Column,
    quality: Vec<Quality>,
    formats: Vec<(u16, Option<DateFormat>)>,
    seen: TestNumbersSeen,
    filler_rows: Vec<usize>,
}

/// Fills `records.clean` and standardises facts and packages. `frozen` says how providers write as far as a model knows it; of others it is found out.
pub fn clean(job: &Job, records: &mut Records, frozen: Option<&Formats>) -> Cleaned {
    let ranges = provider_ranges(records, job.providers.len());
    let mut cleaned = Cleaned::default();
    let raw = std::mem::take(&mut records.raw);
    let results: Vec<CleanedField> =
        raw.par_iter().map(|(field, column)| clean_field(job, *field, column, &ranges, frozen)).collect();
    for result in results {
        let name = field_name(result.field, &job.custom_fields);
        for (provider, format) in result.formats {
            cleaned.formats.add(&job.providers[usize::from(provider)].id, &name, format);
        }
        cleaned.quality.extend(result.quality);
        cleaned.filler_rows.extend(result.filler_rows);
        if result.field == Field::NhsNumber {
            cleaned.test_numbers = result.seen;
            cleaned.formats.test_numbers = result.seen.accepted;
        }
        records.clean.insert(result.field, result.column);
    }
    records.written = Written::of(&raw, &records.clean, records.len());
    cleaned.filler_rows.sort_unstable();
    cleaned.filler_rows.dedup();
    split_full_names(records);
    records.raw = raw;
    cleaned.void_numbers = super::shared_numbers::void(records, &ranges);
    facts::clean(job, records, &ranges, frozen, &mut cleaned.formats);
    packages::clean(job, records, &ranges, frozen, &mut cleaned.formats);
    cleaned.quality.sort_by_key(|quality| quality.provider);
    cleaned
}

/// Rows of each provider: providers come in the order of the job.
fn provider_ranges(records: &Records, providers: usize) -> Vec<Range<usize>> {
    let start = |provider: usize| records.provider.partition_point(|&known| usize::from(known) < provider);
    (0..providers).map(|provider| start(provider)..start(provider + 1)).collect()
}

fn clean_field(
    job: &Job,
    field: Field,
    raw: &Column,
    ranges: &[Range<usize>],
    frozen: Option<&Formats>,
) -> CleanedField {
    let mapped = job.providers.iter().zip(ranges).enumerate().filter_map(|(at, (provider, rows))| {
        provider.columns.get(&field).map(|source| (at as u16, source, rows.clone()))
    });
    let mapped: Vec<_> = mapped.collect();
    let (pieces, parts): (Vec<Piece>, Vec<Standardised>) =
        mapped.into_par_iter().map(|(at, source, rows)| clean_piece(job, field, raw, at, source, rows, frozen)).unzip();
    let seen = test_numbers(job, &parts, frozen);
    let refused = |verdict: Verdict| !seen.accepted && verdict.flags.has(Flags::TEST_RANGE);
    let column = canonical(raw, &parts, |verdict| !refused(verdict));
    let name = field_name(field, &job.custom_fields);
    let quality = pieces.iter().zip(&parts).map(|(piece, part)| quality(&name, piece, part, refused)).collect();
    let filler_rows = parts.iter().flat_map(|part| filler_rows(raw, part)).collect();
    let formats = pieces.iter().map(|piece| (piece.provider, piece.format)).collect();
    CleanedField { field, column, quality, formats, seen, filler_rows }
}

/// Cleans the distinct values of one provider's column.
fn clean_piece(
    job: &Job,
    field: Field,
    raw: &Column,
    provider: u16,
    source: &Source,
    rows: Range<usize>,
    frozen: Option<&Formats>,
) -> (Piece, Standardised) {
    let id = job.providers[usize::from(provider)].id.as_str();
    let distinct = Distinct::of(raw, rows);
    let kind = custom_kind(field, &job.custom_fields);
    let context = Context::learn(field, kind, source, job.as_of, &mut distinct.values(&raw.values));
    let name = field_name(field, &job.custom_fields);
    let context = context.frozen(frozen.and_then(|frozen| frozen.date(id, &name)));
    let piece = Piece { provider, found: context.found(), format: context.date_format() };
    let standardised = distinct.standardise(&raw.values, |value, out| {
        let verdict = context.clean(value, out);
        if field == Field::LocalId && !verdict.is_null {
            // Two providers' numbers are never the same one.
            out.insert(0, ':');
            out.insert_str(0, id);
        }
        verdict
    });
    (piece, standardised)
}

fn quality(field: &str, piece: &Piece, part: &Standardised, refused: impl Fn(Verdict) -> bool) -> Quality {
    let (provider, found) = (piece.provider, piece.found.clone());
    let mut quality = Quality { provider, field: field.to_string(), found, ..Quality::default() };
    for (_, count, verdict) in part.iter() {
        quality.filled += count;
        let mut because = |reason: &'static str| *quality.reasons.entry(reason.into()).or_default() += count;
        if let Some(reason) = verdict.reason {
            because(reason.word());
        }
        if !verdict.is_null && refused(verdict) {
            because("test_range");
        } else if !verdict.is_null {
            quality.valid += count;
        }
    }
    quality
}

/// Rows whose value names nobody real.
fn filler_rows(raw: &Column, part: &Standardised) -> Vec<usize> {
    let fillers = part.iter().filter(|(.., verdict)| verdict.flags.has(Flags::FILLER_PERSON));
    let fillers: Vec<u32> = fillers.map(|(code, ..)| code).collect();
    if fillers.is_empty() {
        return Vec::new();
    }
    part.distinct.rows.clone().filter(|&row| fillers.binary_search(&raw.code(row)).is_ok()).collect()
}

fn custom_kind(field: Field, custom: &[CustomField]) -> Option<FieldKind> {
    match field {
        Field::Custom(index) => Some(custom[usize::from(index)].kind),
        _ => None,
    }
}

/// What a field is called in run.json.
pub(crate) fn field_name(field: Field, custom: &[CustomField]) -> String {
    match field {
        Field::Custom(index) => custom[usize::from(index)].name.clone(),
        built_in => built_in.word().unwrap_or_default().to_string(),
    }
}

/// Whether numbers of the test range count: where the job leaves it open, as the model says, and before there is one, when at least half of
/// the valid numbers lie there.
fn test_numbers(job: &Job, parts: &[Standardised], frozen: Option<&Formats>) -> TestNumbersSeen {
    let (mut test, mut valid) = (0, 0);
    for (_, count, verdict) in parts.iter().flat_map(Standardised::iter).filter(|(.., verdict)| !verdict.is_null) {
        valid += count;
        test += if verdict.flags.has(Flags::TEST_RANGE) { count } else { 0 };
    }
    let accepted = match job.test_numbers {
        TestNumbers::Accept => true,
        TestNumbers::Refuse => false,
        TestNumbers::Auto => frozen.map_or(test * 2 >= valid, |frozen| frozen.test_numbers),
    };
    TestNumbersSeen { rows: test, accepted }
}

/// A full name takes part as its given, middle and family name, where these are not mapped themselves.
fn split_full_names(records: &mut Records) {
    let Some(full) = records.clean.remove(&Field::FullName) else { return };
    let parts: Vec<name::FullName> = full.values.par_iter().map(name::split_full).collect();
    type Part = fn(&name::FullName) -> &str;
    let pick: [(Field, Part); 3] = [
        (Field::GivenName, |name| &name.given),
        (Field::MiddleName, |name| &name.middle),
        (Field::FamilyName, |name| &name.family),
    ];
    for (field, part) in pick {
        let column = records.clean.entry(field).or_default();
        let translate: Vec<u32> = parts
            .iter()
            .map(|name| if part(name).is_empty() { MISSING } else { column.values.intern(part(name)) })
            .collect();
        // A field that no provider maps by itself has no rows yet.
        let own = |row: usize| if row < column.codes.len() { column.code(row) } else { MISSING };
        let code = |(row, whole): (usize, u32)| match own(row) {
            MISSING if whole != MISSING => translate[whole as usize],
            own => own,
        };
        column.codes = Codes::new(
            full.codes.par_iter().enumerate().map(|(row, whole)| code((row, whole))).collect(),
            column.values.len(),
        );
    }
}
