//! A pair field by field: words, bits, running total.

use super::bits;
use crate::best_record::comparison_may_tell_place;
use crate::clustering::{Evidence, Judged, judge_pattern};
use crate::comparison::{Comparison, Of};
use crate::job::{Field, Job};
use crate::model::Model;
use serde::Serialize;

/// One comparison of a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldLine {
    pub field: String,
    /// What agreed, in words.
    pub agreement: String,
    /// What it is worth, in bits.
    pub bits: f64,
    /// The sum so far, beginning with the prior.
    pub total: f64,
    /// What was compared, left and right; only where identifiers were asked for and may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<[String; 2]>,
}

/// The name of a field as people say it.
pub(crate) fn said(name: &str) -> String {
    match name {
        "nhs_number" => "NHS number".into(),
        other => other.replace('_', " "),
    }
}

/// A judged pair as it is told: where somebody is marked sensitive, as if nobody had written down what may tell a place. What the hidden fields
/// are worth is not in it either, or the sum would give them away. For pairs of many people at once; of a single question the scene
/// itself has forgotten these values (`Scene::told`).
pub(crate) fn as_told(evidence: &Evidence, (a, b): (u32, u32), judged: Judged, sensitive: bool) -> Judged {
    if !sensitive {
        return judged;
    }
    let list = evidence.comparisons.list.iter();
    let places = list.filter(|comparison| comparison_may_tell_place(&comparison.name));
    let pattern = places.fold(judged.pattern, |pattern, comparison| comparison.put(pattern, None));
    judge_pattern(evidence, a.min(b), a.max(b), pattern)
}

/// What a level means. Two records may record sex differently; that says nothing of a change.
pub(super) fn words(comparison: &Comparison, level: u8) -> String {
    match (comparison.name.as_str(), level) {
        ("sex", 0) => "not recorded alike".into(),
        _ => comparison.words(level),
    }
}

/// All comparisons of a pair, judged [`as_told`]. `sensitive` hides the values that may tell a place.
pub(crate) fn lines(
    job: &Job,
    evidence: &Evidence,
    judged: &Judged,
    sensitive: bool,
    values: Option<(u32, u32)>,
) -> Vec<FieldLine> {
    let mut total = evidence.scorer.prior_bits();
    let mut lines = Vec::new();
    for (index, comparison) in evidence.comparisons.list.iter().enumerate() {
        let level = comparison.level_in(judged.pattern);
        let worth = level.map_or(0.0, |level| evidence.scorer.bits(index, level));
        total += worth;
        let agreement = level.map_or("no value on one side".into(), |level| words(comparison, level));
        let of = |identity| value(job, evidence, comparison, identity, sensitive);
        lines.push(FieldLine {
            field: said(&comparison.name),
            agreement,
            bits: worth,
            total,
            values: values.map(|(left, right)| [of(left), of(right)]),
        });
    }
    lines
}

/// The kind of strangers that this pair most looks like, unless it is just any strangers.
pub(super) fn likeliest_strangers(evidence: &Evidence, model: &Model, judged: &Judged) -> Option<String> {
    let level = |at: usize| evidence.comparisons.list[at].level_in(judged.pattern).map(usize::from);
    let score = |at: usize| {
        let class = &model.classes[at];
        let known = class
            .free
            .iter()
            .filter_map(|(index, levels)| level(*index).map(|level| (levels[level], model.u[*index][level])));
        class.share.max(1e-300).ln() + known.map(|(own, any)| own.max(1e-300).ln() - any.max(1e-300).ln()).sum::<f64>()
    };
    let best = (1..model.classes.len()).max_by(|a, b| score(*a).total_cmp(&score(*b)).then(b.cmp(a)))?;
    (best > 1).then(|| model.classes[best].name.split(' ').map(said).collect::<Vec<_>>().join(" "))
}

/// What stands for a value that nobody has written down.
pub(crate) const UNKNOWN: &str = "–";

/// The values that a comparison compared, of one identity.
pub(super) fn value(job: &Job, evidence: &Evidence, comparison: &Comparison, identity: u32, sensitive: bool) -> String {
    if sensitive && comparison_may_tell_place(&comparison.name) {
        return UNKNOWN.into();
    }
    let record = evidence.identities.example(identity);
    let values: Vec<&str> =
        sources(job, comparison).into_iter().filter_map(|field| evidence.records.value(field, record)).collect();
    if values.is_empty() { UNKNOWN.into() } else { values.join(" ") }
}

/// The fields behind a comparison.
fn sources(job: &Job, comparison: &Comparison) -> Vec<Field> {
    let custom = job.custom_fields.iter().position(|field| field.name == comparison.name);
    match (&comparison.of, comparison.name.as_str()) {
        (Of::Name(_), "name") => {
            vec![Field::GivenName, Field::MiddleName, Field::FamilyName, Field::PreviousFamilyName]
        }
        (Of::Date(_), "date_of_birth") => vec![Field::DateOfBirth, Field::YearOfBirth],
        (Of::Date(_), "date_of_death") => vec![Field::DateOfDeath],
        (Of::Place(_), _) => vec![Field::Address, Field::Postcode, Field::Uprn],
        (Of::Values(values), _) => vec![values.field],
        _ => custom.map(|index| Field::Custom(index as u16)).into_iter().collect(),
    }
}

/// What is left between the fields shown and the weight.
pub(crate) fn correction(lines: &[FieldLine], prior: f64, judged: &Judged) -> f64 {
    bits(judged.weight) - lines.last().map_or(prior, |line| line.total)
}
