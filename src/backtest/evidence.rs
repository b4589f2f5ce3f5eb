//! Why the models differ: of the people who would change, the pair of records that one of them joins most surely, seen by both.

use super::Options;
use super::differences::{Difference, Kind, Sides};
use crate::clustering::{Evidence, Guards, Settled, judge};
use crate::comparison::Comparisons;
use crate::explain::{FieldLine, fields};
use crate::failure::Result;
use crate::job::{Field, Job};
use crate::model::{Model, Pooling, UNITS_PER_BIT};
use crate::publish::published::PublishedRun;
use crate::records::{MISSING, Records};
use crate::run::{link::Linked, with_frequencies_of_run};
use serde::Serialize;
use std::cmp::Reverse;

/// Differences whose closest pair is looked for.
const LOOKED_AT: usize = 500;
/// Rows of one difference that are paired: a person of hundreds of rows would be millions of pairs.
const ROWS_MAX: usize = 40;

/// A pair of records, as two models see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Closest {
    /// Of the pair by itself, in bits; absent where that model is none of ours, or compares other fields than the job has now.
    pub bits_before: Option<f64>,
    pub bits_after: Option<f64>,
    pub fields: Vec<FieldSeen>,
    /// As provider:record_id; only where identifiers were asked for and may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<[String; 2]>,
}

impl Closest {
    /// How differently the models see the pair, in bits.
    pub(super) fn apart(&self) -> f64 {
        self.bits_before.zip(self.bits_after).map_or(0.0, |(before, after)| (after - before).abs())
    }
}

/// One field of the pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldSeen {
    pub field: String,
    /// What agreed, in words.
    pub agreement: String,
    pub bits_before: Option<f64>,
    pub bits_after: Option<f64>,
    /// Left and right; only where identifiers were asked for and may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<[String; 2]>,
}

/// Both linkings of the job's records.
pub(super) struct Linkings<'a> {
    pub job: &'a Job,
    pub records: &'a Records,
    pub settled: &'a Settled,
    /// By the other model.
    pub linked: &'a Linked,
    pub sides: &'a Sides,
}

/// Adds the closest pair to the first differences, and puts those first within their kind that the models see most differently.
pub(super) fn add(
    linkings: &Linkings,
    run: &PublishedRun,
    differences: &mut [Difference],
    options: Options,
) -> Result<()> {
    let before = model_of(linkings.job, run)?;
    let (old, new) = (linkings.seen_by(before.as_ref()), linkings.seen_by(linkings.linked.model.as_ref()));
    let looking = Looking { linkings, old, new, options };
    for difference in differences.iter_mut().take(LOOKED_AT) {
        difference.closest = looking.closest(difference);
    }
    let apart = |one: &Difference| one.closest.as_ref().map_or(0.0, Closest::apart);
    differences.sort_by(|a, b| {
        let by_size = || (Reverse(a.rows), &a.people).cmp(&(Reverse(b.rows), &b.people));
        a.kind.cmp(&b.kind).then_with(|| apart(b).total_cmp(&apart(a))).then_with(by_size)
    });
    Ok(())
}

impl Linkings<'_> {
    /// `None` where there is no model of ours, or it does not know what is compared now.
    fn seen_by(&self, model: Option<&Model>) -> Option<Seen> {
        let model = model?;
        let identities = &self.linked.identities;
        let comparisons = Comparisons::choose(self.job, self.records, identities, model.frequencies());
        let model = model.fitted(&comparisons).ok()?;
        let pooling = Pooling::of(&model, &comparisons);
        let guards = Guards::new(&comparisons, self.records, identities, self.settled, &self.job.providers);
        Some(Seen { comparisons, model, pooling, guards })
    }
}

/// The model of the current run; `None` where it is another tool's, or its frequencies are gone.
fn model_of(job: &Job, run: &PublishedRun) -> Result<Option<Model>> {
    let model: Option<Model> = serde_json::from_slice(&run.bytes("model.json")?).ok().flatten();
    Ok(model.and_then(|model| with_frequencies_of_run(job, model).ok()))
}

/// One model with what it compares.
struct Seen {
    comparisons: Comparisons,
    model: Model,
    pooling: Pooling,
    guards: Guards,
}

struct Looking<'a> {
    linkings: &'a Linkings<'a>,
    old: Option<Seen>,
    new: Option<Seen>,
    options: Options,
}

impl Looking<'_> {
    /// The strongest pair across the border that only one of the linkings has: by the new model where it joins, by the old where it divides.
    fn closest(&self, difference: &Difference) -> Option<Closest> {
        let judge_by = match difference.kind {
            Kind::Merged | Kind::Rearranged => self.new.as_ref().or(self.old.as_ref()),
            Kind::Split => self.old.as_ref().or(self.new.as_ref()),
        }?;
        let scorer = judge_by.model.scorer(&judge_by.comparisons);
        let rows = self.linkings.sides.people_at(&difference.places[..difference.places.len().min(ROWS_MAX)]);
        let identity = |place: u32| self.linkings.linked.identities.of_record[place as usize];
        let mut best: Option<(i64, u32, u32)> = None;
        for (at, one) in rows.iter().enumerate() {
            for other in rows[at + 1..].iter().filter(|other| (one.1 == other.1) != (one.2 == other.2)) {
                let (left, right) = (identity(one.0), identity(other.0));
                if left == MISSING || right == MISSING {
                    continue;
                }
                let weight = scorer.weight(judge_by.comparisons.pattern(left.min(right), left.max(right)));
                if best.is_none_or(|(known, ..)| weight > known) {
                    best = Some((weight, one.0, other.0));
                }
            }
        }
        let records = self.linkings.records;
        // One marked record is enough for the whole person.
        let marked = |place: &u32| records.value(Field::Sensitivity, *place as usize) == Some("S");
        let sensitive = difference.places.iter().any(marked);
        best.map(|(_, left, right)| self.seen_by_both(left, right, sensitive))
    }

    fn seen_by_both(&self, left: u32, right: u32, sensitive: bool) -> Closest {
        let places = [left as usize, right as usize];
        let shows = self.options.show_identifiers;
        let [old, new] =
            [&self.old, &self.new].map(|seen| seen.as_ref().map(|seen| self.lines(seen, places, sensitive, shows)));
        let name = |place: usize| {
            if sensitive {
                return fields::UNKNOWN.to_string();
            }
            let provider = &self.linkings.job.providers[usize::from(self.linkings.records.provider[place])].id;
            format!("{provider}:{}", self.linkings.records.record_id.get(place))
        };
        let mut seen: Vec<FieldSeen> = Vec::new();
        for (lines, is_new) in [(&old, false), (&new, true)] {
            for line in lines.iter().flat_map(|(_, lines)| lines) {
                let at = seen.iter().position(|known| known.field == line.field).unwrap_or_else(|| {
                    seen.push(FieldSeen::unseen(line));
                    seen.len() - 1
                });
                *if is_new { &mut seen[at].bits_after } else { &mut seen[at].bits_before } = Some(line.bits);
            }
        }
        Closest {
            bits_before: old.map(|(bits, _)| bits),
            bits_after: new.map(|(bits, _)| bits),
            fields: seen,
            records: shows.then(|| places.map(name)),
        }
    }

    /// The pair's weight in bits, and field by field.
    fn lines(&self, seen: &Seen, places: [usize; 2], sensitive: bool, shows: bool) -> (f64, Vec<FieldLine>) {
        let scorer = seen.model.scorer(&seen.comparisons);
        let evidence = Evidence {
            records: self.linkings.records,
            identities: &self.linkings.linked.identities,
            comparisons: &seen.comparisons,
            scorer: &scorer,
            guards: &seen.guards,
            settings: &self.linkings.job.cluster,
            pooling: &seen.pooling,
            joins: None,
            known: None,
        };
        let [left, right] = places.map(|place| self.linkings.linked.identities.of_record[place]);
        let (left, right) = (left.min(right), left.max(right));
        let judged = fields::as_told(&evidence, (left, right), judge(&evidence, left, right), sensitive);
        let values = shows.then_some((left, right));
        (judged.weight as f64 / UNITS_PER_BIT, fields::lines(self.linkings.job, &evidence, &judged, sensitive, values))
    }
}

impl FieldSeen {
    fn unseen(line: &FieldLine) -> FieldSeen {
        FieldSeen {
            field: line.field.clone(),
            agreement: line.agreement.clone(),
            bits_before: None,
            bits_after: None,
            values: line.values.clone(),
        }
    }
}
