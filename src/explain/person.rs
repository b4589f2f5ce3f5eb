//! `explain person`: how the records of one person came together, what holds them least, and what they disagree in.

use super::codes::{PERSON_ID_WRONG, RECORD_NOT_IN_RUN};
use super::crosswalk::{Named, Row, gone, parse, people_of, rows_of};
use super::outcome::guard_words;
use super::scene::{Record, Scene, best, nodes_of};
use super::{Options, bits, conflicts, fields, note_look_up};
use crate::clustering::{Evidence, Join, Replay, judge};
use crate::comparison::Comparison;
use crate::failure::{Failure, Result};
use crate::identity::PersonId;
use crate::job::Job;
use crate::publish::published::{PublishedRun, damaged};
use crate::run;
use serde::Serialize;
use std::collections::BTreeMap;

pub use super::conflicts::Conflict;

/// Why a person's records are together.
#[derive(Debug, Clone, Serialize)]
pub struct PersonExplained {
    pub run_id: String,
    pub person_id: String,
    /// In the order of the crosswalk, numbered from 1.
    pub records: Vec<RecordLine>,
    /// How they were joined, in this order: first what has the very same values, then rows of one record_id, then best first. Empty for a
    /// person whose joins cannot be told one by one: they stood in a group too large to be looked at whole, or what is told of them is not enough.
    pub joins: Vec<JoinLine>,
    /// The join with the fewest bits, by place in `joins`.
    pub weakest_join: Option<usize>,
    /// What a higher cut would do.
    pub split: Option<Split>,
    /// What the records disagree in.
    pub conflicts: Vec<Conflict>,
    /// Every pair of records, in the order of their numbers.
    pub bonds: Vec<Bond>,
    pub cut_bits: f64,
    /// Providers, and what may tell a place, are as if nobody had written them down. Never printed: it would name the mark.
    #[serde(skip)]
    pub sensitive: bool,
}

/// One record of a person.
#[derive(Debug, Clone, Serialize)]
pub struct RecordLine {
    pub number: usize,
    /// Absent where it is not known.
    pub provider: Option<String>,
    /// Rows that share the record_id.
    pub rows: usize,
    /// Number of the record that it is closest to, and that bond in bits.
    pub best_partner: Option<usize>,
    pub best_bits: Option<f64>,
    /// Only where identifiers were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<String>,
    /// By field; only where identifiers were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// One join of records, by their numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JoinLine {
    pub left: Vec<usize>,
    pub right: Vec<usize>,
    /// "same_values", "one_record" (rows of one record_id), "decision" (of a human) or "evidence".
    pub by: &'static str,
    /// All cross pairs pooled field by field, less what guards take; absent where rows of one record_id were joined, or a human decided.
    pub bits: Option<f64>,
    /// What guards took of it, and contradictions that repeat themselves.
    pub taken_bits: f64,
}

/// What the person would fall into at a higher cut.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Split {
    /// A cut above this splits the person.
    pub above_bits: f64,
    /// Record numbers of each part, the largest first.
    pub parts: Vec<Vec<usize>>,
}

/// Two records of a person, taken by themselves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bond {
    /// Numbers of the records.
    pub left: usize,
    pub right: usize,
    /// The evidence of the pair less what guards take.
    pub bits: f64,
    /// By the evidence alone.
    pub probability: f64,
    pub guard: Option<&'static str>,
}

/// Explains the person with this person_id.
///
/// # Errors
/// OF053x and OF054x; and all that reading the extracts may meet.
pub fn person(job: &Job, person_id: &str, options: Options) -> Result<PersonExplained> {
    let person_id = parse_person_id(person_id)?;
    let run = PublishedRun::current(job)?;
    let rows = rows_of(&run, |person| person == person_id.as_str())?;
    if rows.is_empty() {
        return Err(gone(&run, person_id.as_str()));
    }
    run::on_threads(job, || {
        let scene = Scene::told(job, &run, &rows, options)?;
        note_look_up(job, &run.run_id, "explain person", [person_id.to_string()], options)?;
        Ok(scene.with(|evidence| explain(&run, &scene, evidence, &rows, |_| true, options)))
    })
}

/// The person that has the record `written`, as provider:record_id: of the current run, or else whoever had it last, as far as that is known.
/// Somebody who has just objected is in no run any more, and may ask all the same who has had what about them.
///
/// # Errors
/// OF0540 where it is miswritten, OF0541 where nothing knows it, OF0530 where there is no run; OF041x for the ledger.
pub fn person_of_record(job: &Job, written: &str) -> Result<PersonId> {
    let run = PublishedRun::current(job)?;
    let named = parse(job, written, "first")?;
    // What stands in a run that had only numbered the rows is no name of a record.
    let names_nobody = !job.numbers_rows_of(named.provider) && run::numbered_then(job, &run)?.contains(named.provider);
    let found = match names_nobody {
        true => {
            Err(Failure::new(&RECORD_NOT_IN_RUN, format!("the run had no record_ids of provider {}", named.provider)))
        }
        false => person_in(&run, named),
    };
    let failure = match found {
        // The number of a row was somebody else's in other extracts.
        Err(failure) if failure.code.id == RECORD_NOT_IN_RUN.id && !job.numbers_rows_of(named.provider) => failure,
        found => return found,
    };
    let unknown = || {
        let what = format!(
            "{}; which person had it last neither a kept run nor the ledger tells for certain: try another record of theirs, or --person",
            failure.what
        );
        Failure::new(&RECORD_NOT_IN_RUN, what)
    };
    person_before(job, &run, named)?.ok_or_else(unknown)
}

fn person_in(run: &PublishedRun, named: Named) -> Result<PersonId> {
    let person = people_of(run, &[named])?.pop().unwrap_or_default();
    PersonId::parse(&person).ok_or_else(|| damaged(&run.folder.join("crosswalk.parquet")))
}

/// Whoever had a record last, by the other kept runs, the last published first, or by the ledger, which knows each person's first record.
fn person_before(job: &Job, current: &PublishedRun, named: Named) -> Result<Option<PersonId>> {
    let ledger = run::ledger(job)?;
    let kept = PublishedRun::all_kept(&job.output)?;
    for (place, known) in ledger.runs().iter().enumerate().rev() {
        let run = kept.iter().find(|run| run.run_id == *known && run.run_id != current.run_id);
        // Where a run has numbered the rows of the provider, what stands there for the record_id is somebody else's.
        let run = run.filter(|run| run::numbered_in(run).is_ok_and(|numbered| !numbered.contains(named.provider)));
        // A kept run that cannot be read must not keep anybody from an answer.
        if let Some(Ok(person)) = run.map(|run| person_in(run, named)) {
            return Ok(ledger.last_of(person, place));
        }
    }
    Ok(ledger.last_of_record(named.provider, named.record_id))
}

/// A person_id as somebody wrote it.
///
/// # Errors
/// OF0542 where it is none.
pub fn parse_person_id(written: &str) -> Result<PersonId> {
    let wrong = || {
        let characters = written.trim().chars().count();
        let what = match characters {
            16 => "its check character does not fit the others".to_string(),
            other => format!("it has {other} characters instead of 16"),
        };
        Failure::new(&PERSON_ID_WRONG, what)
    };
    PersonId::parse(written).ok_or_else(wrong)
}

/// Explains the person that those of the scene's rows belong to for which `wanted` holds; there is one.
pub(super) fn explain(
    run: &PublishedRun,
    scene: &Scene,
    evidence: &Evidence,
    rows: &[Row],
    wanted: impl Fn(usize) -> bool,
    options: Options,
) -> PersonExplained {
    let records = scene.records_of(&wanted);
    let sensitive = scene.is_sensitive(&wanted);
    let replay = Replay::of(evidence);
    let bonds = bonds(scene, evidence, &records);
    let joins = joins(scene, evidence, &replay, &records);
    let bits_of = |at: &usize| joins[*at].bits.filter(|_| joins[*at].by == "evidence");
    let with_bits = (0..joins.len()).filter(|at| bits_of(at).is_some());
    let weakest_join = with_bits.min_by(|a, b| bits_of(a).unwrap_or(0.0).total_cmp(&bits_of(b).unwrap_or(0.0)));
    PersonExplained {
        run_id: run.run_id.clone(),
        person_id: rows[records[0].row].person_id.clone(),
        records: lines(scene, evidence, rows, &records, &bonds, sensitive, options),
        split: weakest_join.map(|at| split(&joins, at, records.len())),
        weakest_join,
        joins,
        conflicts: conflicts::between(evidence, &records),
        bonds,
        cut_bits: bits(scene.cut()),
        sensitive,
    }
}

/// The joins that made the person; none where they cannot be replayed.
fn joins(scene: &Scene, evidence: &Evidence, replay: &Replay, records: &[Record]) -> Vec<JoinLine> {
    let of_record: Vec<Vec<u32>> = records.iter().map(|record| record.nodes(replay)).collect();
    let numbers = |nodes: &[u32]| -> Vec<usize> {
        let inside = |at: &usize| of_record[*at].iter().any(|node| nodes.binary_search(node).is_ok());
        (0..of_record.len()).filter(inside).map(|at| at + 1).collect()
    };
    let nodes = nodes_of(records, replay);
    let Some(joined) = replay.joins(&nodes, scene.cut()) else { return Vec::new() };
    if joined.len() + 1 != nodes.len() {
        return Vec::new();
    }
    let same = nodes.iter().filter_map(|&node| {
        let holders = numbers(&[node]);
        let (first, rest) = holders.split_first()?;
        let identity = replay.identity(node);
        let own = judge(evidence, identity, identity);
        let line = || JoinLine {
            left: vec![*first],
            right: rest.to_vec(),
            by: "same_values",
            bits: Some(bits(own.weight)),
            taken_bits: 0.0,
        };
        (!rest.is_empty()).then(line)
    });
    let line = |join: &Join| {
        let taken = join.standing.map_or(0, |standing| standing.taken + standing.repeated);
        JoinLine {
            left: numbers(&join.left),
            right: numbers(&join.right),
            by: match (join.standing, join.decided) {
                (Some(_), _) => "evidence",
                (None, true) => "decision",
                (None, false) => "one_record",
            },
            bits: join.standing.map(|standing| bits(standing.score())),
            taken_bits: bits(taken),
        }
    };
    same.chain(joined.iter().map(line)).collect()
}

/// What a cut just above the weakest join leaves: agglomeration would stop before the first join that falls short of it.
fn split(joins: &[JoinLine], weakest: usize, records: usize) -> Split {
    let mut parts: Vec<Vec<usize>> = (1..=records).map(|number| vec![number]).collect();
    for join in &joins[..weakest] {
        let touched =
            |part: &Vec<usize>| part.iter().any(|number| join.left.contains(number) || join.right.contains(number));
        let (together, mut rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(touched);
        let mut together = together.concat();
        together.sort_unstable();
        rest.push(together);
        parts = rest;
    }
    parts.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    Split { above_bits: joins[weakest].bits.unwrap_or(0.0), parts }
}

fn bonds(scene: &Scene, evidence: &Evidence, records: &[Record]) -> Vec<Bond> {
    let calibration = scene.model.calibration();
    let pairs = (0..records.len()).flat_map(|a| (a + 1..records.len()).map(move |b| (a, b)));
    pairs
        .map(|(a, b)| {
            let (_, _, judged) = best(evidence, &records[a], &records[b]);
            Bond {
                left: a + 1,
                right: b + 1,
                bits: bits(judged.weight - judged.guard_takes - judged.provider_takes),
                probability: calibration.probability(judged.weight),
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
        let own = bonds.iter().filter(|bond| bond.left == number || bond.right == number);
        let closest = own.reduce(|best, next| if next.bits > best.bits { next } else { best });
        let provider = &scene.job.providers[usize::from(scene.records.provider[scene.place(record.row)])];
        let shown = options.show_identifiers;
        // A record_id and the file it came from would tell the provider too; the id alone was asked for.
        RecordLine {
            number,
            provider: (!sensitive).then(|| provider.name.clone()),
            rows: record.rows(),
            best_partner: closest.map(|bond| bond.left + bond.right - number),
            best_bits: closest.map(|bond| bond.bits),
            record_id: shown.then(|| rows[record.row].record_id.clone()),
            values: if shown { values(scene, evidence, record, sensitive) } else { BTreeMap::new() },
        }
    };
    records.iter().enumerate().map(line).collect()
}

/// The values of a record's first identity, by field.
fn values(scene: &Scene, evidence: &Evidence, record: &Record, sensitive: bool) -> BTreeMap<String, String> {
    let of = |comparison: &Comparison| {
        let shown = fields::value(scene.job, evidence, comparison, record.identities[0], sensitive);
        (fields::said(&comparison.name), shown)
    };
    evidence.comparisons.list.iter().map(of).collect()
}
