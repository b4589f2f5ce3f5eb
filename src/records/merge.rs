//! Batches of codes put together, column by column: a value has one code, and codes are the same whatever the number of threads.

use super::gather::{Interned, Part};
use super::packages::{PackageColumn, package_columns};
use super::union::unite;
use super::values::Values;
use super::{Column, Dictionary, Fact, MISSING, Records};
use crate::intake::Quarantined;
use crate::job::{Carry, Field, Job};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The parts of one column, each with the number of its batch, ascending.
type Parts = Vec<(usize, Part)>;

/// Puts all batches together: raw columns, facts as sent, record keys; and everything quarantined so far.
pub fn merge(job: &Job, batches: Vec<Interned>) -> (Records, Vec<Quarantined>) {
    let mut records = Records::default();
    let mut quarantined = Vec::new();
    let lengths: Vec<usize> = batches.iter().map(|batch| batch.source_rows.len()).collect();
    let rules = carried(job);
    let mut fields: BTreeMap<Field, Parts> = mapped(job).map(|field| (field, Parts::new())).collect();
    let mut facts: Vec<Parts> = rules.iter().map(|_| Parts::new()).collect();
    let places = package_columns(job);
    let mut packages: Vec<Parts> = places.iter().map(|_| Parts::new()).collect();
    let mut ids: Vec<((u16, Option<_>), Values)> = Vec::with_capacity(batches.len());
    for (number, batch) in batches.into_iter().enumerate() {
        let length = batch.source_rows.len();
        records.provider.extend(std::iter::repeat_n(batch.provider, length));
        records.extract.extend(std::iter::repeat_n(batch.extract, length));
        records.source_row.extend(batch.source_rows);
        records.number_verified.extend(batch.number_verified);
        records.record_id.append(batch.record_ids.text());
        quarantined.extend(batch.quarantined);
        // Rows of one number in two extracts have nothing in common.
        let numbered = job.providers[usize::from(batch.provider)].numbers_rows();
        ids.push(((batch.provider, numbered.then_some(batch.extract)), batch.record_ids));
        for (field, part) in batch.fields {
            fields.entry(field).or_default().push((number, part));
        }
        let carry = &job.providers[usize::from(batch.provider)].carry;
        for (part, carry) in batch.facts.into_iter().zip(carry) {
            let rule = rules.iter().position(|rule| rule.name == carry.name).expect("every fact has a rule");
            facts[rule].push((number, part));
        }
        let groups = (0..).zip(&job.providers[usize::from(batch.provider)].packages);
        let parts = groups.flat_map(|(group, package)| package.parts.keys().map(move |part| (group, *part)));
        for (part, at) in batch.packages.into_iter().zip(parts) {
            let place = places.binary_search(&at).expect("every part has a place");
            packages[place].push((number, part));
        }
    }
    quarantined.sort_by_key(|row| (row.extract, row.source_row));
    records.key = keys(ids);
    records.raw = fields.into_par_iter().map(|(field, parts)| (field, column(&lengths, parts))).collect();
    let facts = rules.into_par_iter().zip(facts);
    records.facts = facts.map(|(rule, parts)| Fact { rule: rule.clone(), column: column(&lengths, parts) }).collect();
    let packages = places.into_par_iter().zip(packages);
    let package = |((group, part), parts)| PackageColumn { group, part, column: column(&lengths, parts) };
    records.packages = packages.map(package).collect();
    (records, quarantined)
}

/// Every field that any provider maps, but the record_id.
fn mapped(job: &Job) -> impl Iterator<Item = Field> {
    let fields = job.providers.iter().flat_map(|provider| provider.columns.keys().copied());
    fields.filter(|field| *field != Field::RecordId)
}

/// The facts of a job, each name once, in the order of the file: that of [`Records::facts`].
pub fn carried(job: &Job) -> Vec<&Carry> {
    let mut rules: Vec<&Carry> = Vec::new();
    for carry in job.providers.iter().flat_map(|provider| &provider.carry) {
        if !rules.iter().any(|known| known.name == carry.name) {
            rules.push(carry);
        }
    }
    rules
}

/// One column over batches of these lengths; [`MISSING`] where a batch has no part of it.
fn column(lengths: &[usize], parts: Parts) -> Column {
    let lists: Vec<&Values> = parts.iter().map(|(_, part)| &part.values).collect();
    let codes_of = unite(&lists);
    let values = Dictionary::united(&lists, &codes_of);
    let mut codes = vec![MISSING; lengths.iter().sum()];
    let mut slices = Vec::with_capacity(parts.len());
    let (mut rest, mut batch) = (codes.as_mut_slice(), 0);
    for (number, _) in &parts {
        rest = &mut rest[lengths[batch..*number].iter().sum()..];
        let (slice, behind) = rest.split_at_mut(lengths[*number]);
        slices.push(slice);
        (rest, batch) = (behind, number + 1);
    }
    slices.into_par_iter().zip(parts).zip(codes_of).for_each(|((slice, (_, part)), code_of)| {
        for (slot, code) in slice.iter_mut().zip(part.codes.iter()) {
            if code != MISSING {
                *slot = code_of[code as usize];
            }
        }
    });
    Column::new(codes, values)
}

/// A dense number for each (provider, record_id), in the order of first appearance; also by extract where rows are only numbered. Batches come
/// provider by provider.
fn keys<P: PartialEq>(ids: Vec<(P, Values)>) -> Vec<u32> {
    let mut keys = Vec::with_capacity(ids.iter().map(|(_, ids)| ids.len()).sum());
    let mut before = 0;
    for of_provider in ids.chunk_by(|left, right| left.0 == right.0) {
        let lists: Vec<&Values> = of_provider.iter().map(|(_, ids)| ids).collect();
        let numbers = unite(&lists);
        keys.extend(numbers.iter().flatten().map(|number| before + number));
        before += numbers.iter().flatten().max().map_or(0, |largest| largest + 1);
    }
    keys
}
