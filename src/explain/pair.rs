//! `explain pair`.

use super::codes::RECORD_MISWRITTEN;
use super::crosswalk::{Named, parse, people_of, rows_of};
use super::fields::{self, FieldLine};
use super::outcome::{Outcome, Question, guard_words, outcome};
use super::scene::{Scene, best};
use super::{Options, bits};
use crate::clustering::{Evidence, as_probability, pair_cut};
use crate::failure::{Failure, Result};
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crate::run;
use serde::Serialize;

/// Why two records are, or are not, one person.
#[derive(Debug, Clone, Serialize)]
pub struct PairExplained {
    pub run_id: String,
    /// The probability of the pair by itself, from its weight.
    pub probability: f64,
    /// How likely any two records are one person, in bits.
    pub prior_bits: f64,
    pub fields: Vec<FieldLine>,
    /// What related strangers take back, in bits; with what is not shown where a record is sensitive.
    pub correction_bits: f64,
    /// The kind of strangers that the pair most looks like.
    pub strangers: Option<String>,
    /// Prior, fields and correction: the pair's weight.
    pub weight_bits: f64,
    /// What a guard holds against the pair, in words.
    pub guard: Option<&'static str>,
    /// What guards, and providers that send one record a person, take from it.
    pub taken_bits: f64,
    /// What the pair counts in averages.
    pub counts_bits: f64,
    /// Where clusters stop merging.
    pub cut_bits: f64,
    pub outcome: Outcome,
    /// Place details are left out because a record is marked sensitive.
    pub sensitive: bool,
    /// Rows of the two records; of several, those that agree best were compared.
    pub rows: [usize; 2],
}

/// Explains the pair of two records, each written `provider:record_id`.
///
/// # Errors
/// OF053x and OF054x; and all that reading the extracts may meet.
pub fn pair(job: &Job, left: &str, right: &str, options: Options) -> Result<PairExplained> {
    let named = [parse(job, left, "first")?, parse(job, right, "second")?];
    if named[0] == named[1] {
        return Err(Failure::new(&RECORD_MISWRITTEN, "both are the same record"));
    }
    let run = PublishedRun::current(job)?;
    run::on_threads(job, || explain(job, &run, &named, options))
}

fn explain(job: &Job, run: &PublishedRun, named: &[Named; 2], options: Options) -> Result<PairExplained> {
    let people = people_of(run, named)?;
    let rows = rows_of(run, &[&people[0], &people[1]])?;
    let scene = Scene::set(job, run, &rows, options)?;
    let sensitive = scene.is_sensitive(|_| true);
    let mine = |which: usize| {
        let mut records = scene.records_of(|row| rows[row].is(&named[which]));
        records.pop().expect("its person has it")
    };
    let (first, second) = (mine(0), mine(1));
    let left = scene.records_of(|row| rows[row].person_id == people[0]);
    let right =
        if people[0] == people[1] { Vec::new() } else { scene.records_of(|row| rows[row].person_id == people[1]) };
    scene.with(|evidence: &Evidence| {
        let (a, b, judged) = best(evidence, &first, &second);
        let cut = pair_cut(evidence.settings);
        let identity_ids = (scene.identities.id(a), scene.identities.id(b));
        let question = Question { judged: &judged, identity_ids, cut, left: &left, right: &right };
        let values = options.show_identifiers.then_some((a, b));
        let fields = fields::lines(job, evidence, &judged, sensitive, values);
        let prior_bits = evidence.scorer.prior_bits();
        let strangers = fields::likeliest_strangers(evidence, &scene.model, &judged);
        Ok(PairExplained {
            run_id: run.run_id.clone(),
            probability: as_probability(judged.weight),
            prior_bits,
            correction_bits: fields::correction(&fields, prior_bits, &judged),
            fields,
            strangers: strangers.filter(|_| !sensitive),
            weight_bits: bits(judged.weight),
            guard: judged.guard.map(guard_words),
            taken_bits: bits(judged.guard_takes + judged.provider_takes),
            counts_bits: bits(judged.in_average),
            cut_bits: bits(cut),
            outcome: outcome(run, evidence, &question)?,
            sensitive,
            rows: [first.rows, second.rows],
        })
    })
}
