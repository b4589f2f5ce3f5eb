//! Standardising columns: every distinct value once a provider, since providers write dates and codes each in their own way.

use super::formats::{self, Formats};
use super::{Column, Dictionary, MISSING, Records};
use crate::job::{Carry, CarryKind, CustomField, Field, FieldKind, Job, Source, TestNumbers};
use crate::standardise::date::DateFormat;
use crate::standardise::{Context, DateContext, Flags, facts, name};
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
    /// Records with any value as sent.
    pub filled: u64,
    /// Records whose value could be used.
    pub valid: u64,
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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TestNumbersSeen {
    pub rows: u64,
    pub accepted: bool,
}

/// One column of one provider before it is put in place.
struct Piece {
    rows: Range<usize>,
    /// Raw code → clean code of `values`, as (raw, clean) pairs ascending.
    clean: Vec<(u32, u32)>,
    values: Dictionary,
    quality: Quality,
    format: Option<DateFormat>,
    test_range: Vec<bool>,
    /// Raw codes that name nobody real.
    fillers: Vec<u32>,
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

/// Fills `records.clean` and standardises the facts. `frozen` says how providers write as far as a model knows it; of others it is found out.
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
    cleaned.filler_rows.sort_unstable();
    cleaned.filler_rows.dedup();
    split_full_names(records);
    records.raw = raw;
    cleaned.void_numbers = super::shared_numbers::void(records, &ranges);
    clean_facts(job, records, &ranges, frozen, &mut cleaned.formats);
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
    column: &Column,
    ranges: &[Range<usize>],
    frozen: Option<&Formats>,
) -> CleanedField {
    let mapped = job.providers.iter().zip(ranges).enumerate().filter_map(|(at, (provider, rows))| {
        provider.columns.get(&field).map(|source| (at as u16, source, rows.clone()))
    });
    let mapped: Vec<_> = mapped.collect();
    let pieces: Vec<Piece> = mapped
        .par_iter()
        .map(|(at, source, rows)| clean_piece(job, field, column, *at, source, rows.clone(), frozen))
        .collect();
    let mut clean = Column { codes: vec![MISSING; column.codes.len()], values: Dictionary::default() };
    let seen = test_numbers(job, column, &pieces, frozen);
    let (mut quality, mut filler_rows, mut formats) = (Vec::new(), Vec::new(), Vec::new());
    for mut piece in pieces {
        let refused = |code: u32| !seen.accepted && piece.test_range.get(code as usize).copied().unwrap_or(false);
        let translate: Vec<u32> = piece.values.iter().map(|value| clean.values.intern(value)).collect();
        for row in piece.rows.clone().filter(|&row| column.codes[row] != MISSING) {
            if piece.fillers.binary_search(&column.codes[row]).is_ok() {
                filler_rows.push(row);
            }
            let at = piece.clean.binary_search_by_key(&column.codes[row], |(raw, _)| *raw);
            let code = at.map_or(MISSING, |at| piece.clean[at].1);
            if code != MISSING && refused(code) {
                piece.quality.valid -= 1;
                *piece.quality.reasons.entry("test_range".into()).or_default() += 1;
            } else if code != MISSING {
                clean.codes[row] = translate[code as usize];
            }
        }
        formats.push((piece.quality.provider, piece.format));
        quality.push(piece.quality);
    }
    CleanedField { field, column: clean, quality, formats, seen, filler_rows }
}

/// Cleans the distinct values of one provider's column.
fn clean_piece(
    job: &Job,
    field: Field,
    column: &Column,
    provider: u16,
    source: &Source,
    rows: Range<usize>,
    frozen: Option<&Formats>,
) -> Piece {
    let id = job.providers[usize::from(provider)].id.as_str();
    let mut codes: Vec<u32> = column.codes[rows.clone()].iter().copied().filter(|code| *code != MISSING).collect();
    codes.sort_unstable();
    let distinct: Vec<(u32, u64)> = codes.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64)).collect();
    let context = {
        let mut values = distinct.iter().map(|(code, count)| (column.values.get(*code), *count));
        Context::learn(field, custom_kind(field, &job.custom_fields), source, job.as_of, &mut values)
    };
    let name = field_name(field, &job.custom_fields);
    let context = context.frozen(frozen.and_then(|frozen| frozen.date(id, &name)));
    let mut quality = Quality { provider, field: name, found: context.found(), ..Quality::default() };
    let (mut clean, mut values, mut test_range) =
        (Vec::with_capacity(distinct.len()), Dictionary::default(), Vec::new());
    let mut fillers = Vec::new();
    let (mut out, mut prefixed) = (String::new(), String::new());
    for (code, count) in distinct {
        let verdict = context.clean(column.values.get(code), &mut out);
        quality.filled += count;
        if let Some(reason) = verdict.reason {
            *quality.reasons.entry(reason.word().into()).or_default() += count;
        }
        if verdict.flags.has(Flags::FILLER_PERSON) {
            fillers.push(code);
        }
        if verdict.is_null {
            continue;
        }
        quality.valid += count;
        let value = if field == Field::LocalId {
            prefixed.clear();
            prefixed.extend([id, ":", &out]);
            &prefixed
        } else {
            &out
        };
        let value = values.intern(value);
        if value as usize == test_range.len() {
            test_range.push(verdict.flags.has(Flags::TEST_RANGE));
        }
        clean.push((code, value));
    }
    Piece { rows, clean, values, quality, format: context.date_format(), test_range, fillers }
}

fn custom_kind(field: Field, custom: &[CustomField]) -> Option<FieldKind> {
    match field {
        Field::Custom(index) => Some(custom[usize::from(index)].kind),
        _ => None,
    }
}

fn field_name(field: Field, custom: &[CustomField]) -> String {
    match field {
        Field::Custom(index) => custom[usize::from(index)].name.clone(),
        built_in => built_in.word().unwrap_or_default().to_string(),
    }
}

/// Whether numbers of the test range count: where the job leaves it open, as the model says, and before there is one, when at least half of
/// the valid numbers lie there.
fn test_numbers(job: &Job, column: &Column, pieces: &[Piece], frozen: Option<&Formats>) -> TestNumbersSeen {
    let (mut test, mut valid) = (0, 0);
    for piece in pieces {
        for row in piece.rows.clone().filter(|&row| column.codes[row] != MISSING) {
            if let Ok(at) = piece.clean.binary_search_by_key(&column.codes[row], |(raw, _)| *raw) {
                valid += 1;
                test += u64::from(piece.test_range[piece.clean[at].1 as usize]);
            }
        }
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
    let parts: Vec<name::FullName> = full.values.iter().map(name::split_full).collect();
    type Part = fn(&name::FullName) -> &str;
    let pick: [(Field, Part); 3] = [
        (Field::GivenName, |name| &name.given),
        (Field::MiddleName, |name| &name.middle),
        (Field::FamilyName, |name| &name.family),
    ];
    for (field, part) in pick {
        let column = records.clean.entry(field).or_default();
        column.codes.resize(full.codes.len(), MISSING);
        let translate: Vec<u32> = parts
            .iter()
            .map(|name| if part(name).is_empty() { MISSING } else { column.values.intern(part(name)) })
            .collect();
        for (slot, code) in column.codes.iter_mut().zip(&full.codes) {
            if *slot == MISSING && *code != MISSING {
                *slot = translate[*code as usize];
            }
        }
    }
}

/// Standardises carried facts by their kind.
fn clean_facts(
    job: &Job,
    records: &mut Records,
    ranges: &[Range<usize>],
    frozen: Option<&Formats>,
    found: &mut Formats,
) {
    let clean_one = |fact: &mut super::Fact| {
        let mut clean = Column { codes: vec![MISSING; fact.column.codes.len()], values: Dictionary::default() };
        let (name, mut formats) = (formats::of_fact(&fact.rule.name), Vec::new());
        for (provider, rows) in job.providers.iter().zip(ranges) {
            if let Some(carry) = provider.carry.iter().find(|carry| carry.name == fact.rule.name) {
                let known = frozen.and_then(|frozen| frozen.date(&provider.id, &name));
                let format = clean_fact(job, carry, &fact.column, rows.clone(), known, &mut clean);
                formats.push((provider.id.as_str(), name.clone(), format));
            }
        }
        fact.column = clean;
        formats
    };
    let formats: Vec<_> = records.facts.par_iter_mut().flat_map_iter(clean_one).collect();
    formats.into_iter().for_each(|(provider, name, format)| found.add(provider, &name, format));
}

/// Gives how dates are written where the fact is one.
fn clean_fact(
    job: &Job,
    carry: &Carry,
    raw: &Column,
    rows: Range<usize>,
    frozen: Option<DateFormat>,
    clean: &mut Column,
) -> Option<DateFormat> {
    let mut codes: Vec<u32> = raw.codes[rows.clone()].iter().copied().filter(|code| *code != MISSING).collect();
    codes.sort_unstable();
    let distinct: Vec<(u32, u64)> = codes.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64)).collect();
    let mut values = distinct.iter().map(|(code, count)| (raw.values.get(*code), *count));
    let dates = DateContext::learn(carry.format.as_deref(), job.as_of, &mut values);
    let dates = frozen.map_or(dates.clone(), |format| dates.frozen(format));
    let mut out = String::new();
    let mut translate: Vec<(u32, u32)> = Vec::with_capacity(distinct.len());
    for (code, _) in distinct {
        let verdict = facts::clean(carry.kind, raw.values.get(code), &dates, &mut out);
        translate.push((code, if verdict.is_null { MISSING } else { clean.values.intern(&out) }));
    }
    for row in rows.filter(|&row| raw.codes[row] != MISSING) {
        if let Ok(at) = translate.binary_search_by_key(&raw.codes[row], |(raw, _)| *raw) {
            clean.codes[row] = translate[at].1;
        }
    }
    if carry.kind == CarryKind::Date { dates.format() } else { None }
}
