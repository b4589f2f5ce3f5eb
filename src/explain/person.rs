//! `explain person`.

use super::codes::PERSON_ID_WRONG;
use super::crosswalk::{Row, gone, rows_of};
use super::outcome::{guard_words, within};
use super::scene::{Record, Scene, average, best};
use super::{Options, bits, fields};
use crate::clustering::{Evidence, as_probability, pair_cut};
use crate::comparison::Comparison;
use crate::failure::{Failure, Result};
use crate::identity::PersonId;
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crate::run;
use serde::Serialize;
use std::collections::BTreeMap;

/// Why a person's records are together.
#[derive(Debug, Clone, Serialize)]
pub struct PersonExplained {
    pub run_id: String,
    pub person_id: String,
    /// In the order of the crosswalk, numbered from 1.
    pub records: Vec<RecordLine>,
    /// Every pair of records, in the order of their numbers.
    pub bonds: Vec<Bond>,
    /// The bond with the fewest bits, by place in `bonds`; absent for a single record.
    pub weakest: Option<usize>,
    /// All pairs together, in bits; absent for a single record.
    pub average_bits: Option<f64>,
    pub cut_bits: f64,
    /// Providers and place details are left out because a record is marked sensitive.
    pub sensitive: bool,
}

/// One record of a person.
#[derive(Debug, Clone, Serialize)]
pub struct RecordLine {
    pub number: usize,
    /// Absent where the person is sensitive.
    pub provider: Option<String>,
    /// Rows that share the record_id.
    pub rows: usize,
    /// Number of the record that it is closest to, and that bond in bits.
    pub best_partner: Option<usize>,
    pub best_bits: Option<f64>,
    /// Its average bond with the others, in bits.
    pub average_bits: Option<f64>,
    /// Only where identifiers were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    /// By field; only where identifiers were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// Two records of a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bond {
    /// Numbers of the records.
    pub left: usize,
    pub right: usize,
    /// What the pair counts in averages.
    pub bits: f64,
    /// By the weight alone.
    pub probability: f64,
    pub guard: Option<&'static str>,
}

/// Explains the person with this person_id.
///
/// # Errors
/// OF053x and OF054x; and all that reading the extracts may meet.
pub fn person(job: &Job, person_id: &str, options: Options) -> Result<PersonExplained> {
    let wrong = || {
        let characters = person_id.trim().chars().count();
        let what = match characters {
            16 => "its check character does not fit the others".to_string(),
            other => format!("it has {other} characters instead of 16"),
        };
        Failure::new(&PERSON_ID_WRONG, what)
    };
    let person_id = PersonId::parse(person_id).ok_or_else(wrong)?;
    let run = PublishedRun::current(job)?;
    let rows = rows_of(&run, &[person_id.as_str()])?;
    if rows.is_empty() {
        return Err(gone(&run, person_id.as_str()));
    }
    run::on_threads(job, || {
        let scene = Scene::set(job, &run, &rows, options)?;
        let records = scene.records_of(|_| true);
        let sensitive = scene.is_sensitive(|_| true);
        Ok(scene.with(|evidence| {
            let bonds = bonds(evidence, &records);
            let all = average(evidence, within(&records)).map(|(all, _)| bits(all));
            let fewest = |a: &usize, b: &usize| bonds[*a].bits.total_cmp(&bonds[*b].bits).then(a.cmp(b));
            PersonExplained {
                run_id: run.run_id.clone(),
                person_id: person_id.to_string(),
                records: lines(&scene, evidence, &rows, &records, &bonds, sensitive, options),
                weakest: (0..bonds.len()).min_by(fewest),
                bonds,
                average_bits: all,
                cut_bits: bits(pair_cut(evidence.settings)),
                sensitive,
            }
        }))
    })
}

fn bonds(evidence: &Evidence, records: &[Record]) -> Vec<Bond> {
    let pairs = (0..records.len()).flat_map(|a| (a + 1..records.len()).map(move |b| (a, b)));
    pairs
        .map(|(a, b)| {
            let (_, _, judged) = best(evidence, &records[a], &records[b]);
            Bond {
                left: a + 1,
                right: b + 1,
                bits: bits(judged.in_average),
                probability: as_probability(judged.weight),
                guard: judged.guard.map(guard_words),
            }
        })
        .collect()
}

fn lines(
    scene: &Scene,
    evidence: &Evidence,
    rows: &[Row],
    records: &[Record],
    bonds: &[Bond],
    sensitive: bool,
    options: Options,
) -> Vec<RecordLine> {
    let line = |(at, record): (usize, &Record)| {
        let number = at + 1;
        let own: Vec<&Bond> = bonds.iter().filter(|bond| bond.left == number || bond.right == number).collect();
        let closest = own.iter().copied().reduce(|best, next| if next.bits > best.bits { next } else { best });
        let sum: f64 = own.iter().map(|bond| bond.bits).sum();
        let provider = &scene.job.providers[usize::from(scene.records.provider[scene.place(record.row)])];
        let shown = options.show_identifiers;
        // A record_id and the file it came from would tell the provider too; the id alone was asked for.
        RecordLine {
            number,
            provider: (!sensitive).then(|| provider.name.clone()),
            rows: record.rows,
            best_partner: closest.map(|bond| bond.left + bond.right - number),
            best_bits: closest.map(|bond| bond.bits),
            average_bits: (!own.is_empty()).then(|| sum / own.len() as f64),
            record_id: shown.then(|| rows[record.row].record_id.clone()),
            values: if shown { values(scene, evidence, record, sensitive) } else { BTreeMap::new() },
        }
    };
    records.iter().enumerate().map(line).collect()
}

/// The values of a record's first identity, by field.
fn values(scene: &Scene, evidence: &Evidence, record: &Record, sensitive: bool) -> BTreeMap<String, String> {
    let of = |comparison: &Comparison| {
        (
            fields::said(&comparison.name),
            fields::value(scene.job, evidence, comparison, record.identities[0], sensitive),
        )
    };
    scene.comparisons.list.iter().map(of).collect()
}
