//! `explain pair`.

use super::codes::RECORD_MISWRITTEN;
use super::crosswalk::{Link, Links, Named, Row, links_of, parse, people_of, rows_of};
use super::fields::{self, FieldLine};
use super::outcome::{Outcome, Question, guard_words, outcome};
use super::scene::{Record, Scene, best};
use super::{Options, bits, note_look_up};
use crate::clustering::{Evidence, Judged, Replay, context_words};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crate::run;
use serde::Serialize;
use std::collections::BTreeSet;

/// Why two records are, or are not, one person.
#[derive(Debug, Clone, Serialize)]
pub struct PairExplained {
    pub run_id: String,
    /// From the weight.
    pub probability: f64,
    /// How likely any two records are one person, in bits.
    pub prior_bits: f64,
    pub fields: Vec<FieldLine>,
    /// What related strangers take back, in bits.
    pub correction_bits: f64,
    /// The kind of strangers that the pair most looks like.
    pub strangers: Option<String>,
    /// What the other records of both people say of the pair; absent where the run kept no such link or they have no other records, and where one of
    /// them is marked sensitive: it counts what is hidden of the others.
    pub context: Option<Context>,
    /// Prior, fields, correction and context: the pair's weight, as in links.parquet.
    pub weight_bits: f64,
    /// What a guard holds against the pair, in words.
    pub guard: Option<&'static str>,
    /// What guards, and providers that send one record a person, take from it.
    pub taken_bits: f64,
    /// Where people stop being joined.
    pub cut_bits: f64,
    pub outcome: Outcome,
    /// What may tell a place is as if nobody had written it down. Never printed: it would name the mark.
    #[serde(skip)]
    pub sensitive: bool,
    /// Rows of the two records; of several, those that agree best were compared.
    pub rows: [usize; 2],
}

/// What the other records of both people say of a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Context {
    pub words: String,
    pub bits: f64,
}

/// Explains the pair of two records, each written `provider:record_id`.
///
/// # Errors
/// OF053x and OF054x; and all that reading the extracts may meet.
pub fn pair(job: &Job, left: &str, right: &str, options: Options) -> Result<PairExplained> {
    let named = named(job, left, right)?;
    let run = PublishedRun::current(job)?;
    run::on_threads(job, || {
        let (two, rows) = Two::find(&run, &named)?;
        let scene = Scene::told(job, &run, &rows, options)?;
        note_look_up(job, &run.run_id, "explain pair", two.people().to_vec(), options)?;
        explain(&run, &scene, &two.with_records(&scene, &rows, &named), options)
    })
}

/// Two records as somebody names them.
///
/// # Errors
/// OF0540 where one is miswritten or both are the same.
pub(super) fn named<'a>(job: &Job, left: &'a str, right: &'a str) -> Result<[Named<'a>; 2]> {
    let named = [parse(job, left, "first")?, parse(job, right, "second")?];
    if named[0] == named[1] { Err(Failure::new(&RECORD_MISWRITTEN, "both are the same record")) } else { Ok(named) }
}

/// The person of each of two records.
pub(super) struct Two {
    people: Vec<String>,
}

/// Two records, and all records of their people.
pub(super) struct Sides {
    pub pair: [Record; 2],
    pub left: Vec<Record>,
    /// Empty where both are one person.
    pub right: Vec<Record>,
}

impl Two {
    /// Their person_ids.
    pub fn people(&self) -> &[String] {
        &self.people
    }

    pub fn find(run: &PublishedRun, named: &[Named; 2]) -> Result<(Two, Vec<Row>)> {
        let people = people_of(run, named)?;
        let rows = rows_of(run, |person| people.iter().any(|one| one == person))?;
        Ok((Two { people }, rows))
    }

    pub fn with_records(&self, scene: &Scene, rows: &[Row], named: &[Named; 2]) -> Sides {
        let mine = |which: usize| {
            let mut records = scene.records_of(|row| rows[row].is(&named[which]));
            records.pop().expect("its person has it")
        };
        let of_person = |which: usize| scene.records_of(|row| rows[row].person_id == self.people[which]);
        let right = if self.people[0] == self.people[1] { Vec::new() } else { of_person(1) };
        Sides { pair: [mine(0), mine(1)], left: of_person(0), right }
    }
}

impl Sides {
    /// The links that the run kept between the two people, and the strongest of either with anybody else; where they are one person, only those
    /// between the two records.
    pub fn links(&self, run: &PublishedRun, scene: &Scene) -> Result<Links> {
        if self.right.is_empty() {
            let of_records = links_of(run, &ids(scene, &self.pair[..1]), &ids(scene, &self.pair[1..]))?;
            return Ok(Links { strongest_elsewhere: None, ..of_records });
        }
        links_of(run, &ids(scene, &self.left), &ids(scene, &self.right))
    }
}

/// The identity_ids of some records.
fn ids(scene: &Scene, records: &[Record]) -> BTreeSet<String> {
    let identities = records.iter().flat_map(|record| &record.identities);
    identities.map(|&identity| scene.identities.id(identity)).collect()
}

/// Explains two records whose people are known, in a scene that has forgotten what may not be told of them.
pub(super) fn explain(run: &PublishedRun, scene: &Scene, sides: &Sides, options: Options) -> Result<PairExplained> {
    let Links { between: links, strongest_elsewhere: elsewhere } = sides.links(run, scene)?;
    scene.with(|evidence: &Evidence| {
        let [first, second] = &sides.pair;
        let (a, b, judged) = best(evidence, first, second);
        let sensitive = scene.is_sensitive(|_| true);
        let replay = Replay::of(evidence);
        let question = Question {
            judged: &judged,
            pair: [first, second],
            left: &sides.left,
            right: &sides.right,
            links: &links,
            elsewhere,
        };
        let around = Around {
            run_id: &run.run_id,
            links: &links,
            outcome: outcome(scene, &replay, &question),
            sensitive,
            rows: [first.rows(), second.rows()],
            show_identifiers: options.show_identifiers,
        };
        Ok(of_identities(scene, evidence, (a, b, &judged), around))
    })
}

/// What is known of a pair beyond its two identities.
pub(super) struct Around<'a> {
    pub run_id: &'a str,
    pub links: &'a [Link],
    pub outcome: Outcome,
    pub sensitive: bool,
    pub rows: [usize; 2],
    pub show_identifiers: bool,
}

/// The explanation of two identities.
pub(super) fn of_identities(
    scene: &Scene,
    evidence: &Evidence,
    (a, b, judged): (u32, u32, &Judged),
    around: Around,
) -> PairExplained {
    let Around { run_id, links, outcome, sensitive, rows, show_identifiers } = around;
    let values = show_identifiers.then_some((a, b));
    let (left, right) = (scene.identities.id(a), scene.identities.id(b));
    let link = links.iter().find(|link| link.is(&left, &right)).filter(|_| !sensitive);
    let level = link.and_then(|link| link.context);
    let added = scene.context_weight(level);
    let fields = fields::lines(scene.job, evidence, judged, sensitive, values);
    let prior_bits = evidence.scorer.prior_bits();
    let strangers = fields::likeliest_strangers(evidence, &scene.model, judged);
    PairExplained {
        run_id: run_id.to_string(),
        probability: scene.model.calibration().probability(judged.weight + added),
        prior_bits,
        correction_bits: fields::correction(&fields, prior_bits, judged),
        fields,
        strangers,
        context: level.map(|level| Context { words: context_words(level), bits: bits(added) }),
        weight_bits: bits(judged.weight + added),
        guard: judged.guard.map(guard_words),
        taken_bits: bits(judged.guard_takes + judged.provider_takes),
        cut_bits: bits(scene.cut()),
        outcome,
        sensitive,
        rows,
    }
}
