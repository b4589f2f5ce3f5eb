//! Many pairs of the current run side by side, for whoever has to say whether they are one person.
//!
//! The extracts are read once for all of them.

use super::crosswalk::{Named, rows_of};
use super::fields::{self, FieldLine};
use super::outcome::guard_words;
use super::scene::Scene;
use super::{Options, bits};
use crate::clustering::judge;
use crate::failure::Result;
use crate::job::Job;
use crate::publish::published::PublishedRun;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

/// A pair of identities of the current run, as review.parquet has it, and a record of each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    /// provider and record_id.
    pub left: (String, String),
    pub right: (String, String),
    /// identity_ids.
    pub identities: [String; 2],
    /// person_ids.
    pub people: [String; 2],
}

/// Two records field by field.
#[derive(Debug, Clone, Serialize)]
pub struct SideBySide {
    pub fields: Vec<FieldLine>,
    /// Of the pair by itself.
    pub probability: f64,
    pub weight_bits: f64,
    /// What a guard holds against the pair, in words.
    pub guard: Option<&'static str>,
    /// Whether the run took them for one person.
    pub same_person: bool,
    /// What tells a place is as if nobody had written it down. Never printed: it would name the mark.
    #[serde(skip)]
    pub sensitive: bool,
}

/// The pairs of identities that can be shown: each with one record a side, two different ones. Order and number are those of `wanted`;
/// a pair all of whose rows share one record_id is `None`.
pub(crate) fn pairs(run: &PublishedRun, wanted: &[[String; 2]]) -> Result<Vec<Option<Pair>>> {
    type Known = Vec<(String, String, String)>;
    let mut found: FxHashMap<&str, Known> =
        wanted.iter().flatten().map(|identity| (identity.as_str(), Known::new())).collect();
    run.each("crosswalk.parquet", &["provider", "record_id", "identity_id", "person_id"], |rows| {
        let (provider, id) = (rows.text("provider")?, rows.text("record_id")?);
        let (identity, person) = (rows.text("identity_id")?, rows.text("person_id")?);
        for row in 0..rows.len() {
            if let Some(known) = found.get_mut(identity.value(row)).filter(|known| known.len() < RECORDS_MAX) {
                known.push((provider.value(row).into(), id.value(row).into(), person.value(row).into()));
            }
        }
        Ok(())
    })?;
    let pair = |identities: &[String; 2]| {
        let [left, right] = [0, 1].map(|side: usize| &found[identities[side].as_str()]);
        let different = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
        let (a, b) = different.into_iter().find(|(a, b)| (&a.0, &a.1) != (&b.0, &b.1))?;
        Some(Pair {
            left: (a.0.clone(), a.1.clone()),
            right: (b.0.clone(), b.1.clone()),
            identities: identities.clone(),
            people: [a.2.clone(), b.2.clone()],
        })
    };
    Ok(wanted.iter().map(pair).collect())
}

/// Rows of an identity among which two different records are looked for.
const RECORDS_MAX: usize = 4;

/// Calls `then` with a way to look at each pair, by place.
///
/// # Errors
/// OF0544 where the extracts are no longer what the run saw; and all that reading them may meet.
pub(crate) fn look_at<T>(
    job: &Job,
    run: &PublishedRun,
    pairs: &[Pair],
    options: Options,
    then: impl FnOnce(&dyn Fn(usize) -> SideBySide) -> Result<T>,
) -> Result<T> {
    // One sensitive record is enough for the whole person, so all rows of everybody concerned are looked at.
    let people: FxHashSet<&str> = pairs.iter().flat_map(|pair| &pair.people).map(String::as_str).collect();
    let rows = rows_of(run, |person| people.contains(person))?;
    let scene = Scene::set(job, run, &rows, options)?;
    let mut of_person: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    rows.iter().enumerate().for_each(|(at, row)| of_person.entry(&row.person_id).or_default().push(at));
    scene.with(|evidence| {
        let look = |at: usize| {
            let pair = &pairs[at];
            let mine = |side: usize| {
                let (person, name) = (pair.people[side].as_str(), [&pair.left, &pair.right][side]);
                let named = Named { provider: &name.0, record_id: &name.1 };
                let right = |row: &&usize| rows[**row].is(&named) && rows[**row].identity_id == pair.identities[side];
                let row = of_person[person].iter().find(right).expect("the crosswalk has it");
                scene.identities.of_record[scene.place(*row)]
            };
            let (left, right) = (mine(0), mine(1));
            let sensitive = scene.is_sensitive(|row| pair.people.contains(&rows[row].person_id));
            let judged = judge(evidence, left.min(right), left.max(right));
            let judged = fields::as_told(evidence, (left, right), judged, sensitive);
            let values = options.show_identifiers.then_some((left, right));
            SideBySide {
                fields: fields::lines(job, evidence, &judged, sensitive, values),
                probability: scene.model.calibration().probability(judged.weight),
                weight_bits: bits(judged.weight),
                guard: judged.guard.map(guard_words),
                same_person: pair.people[0] == pair.people[1],
                sensitive,
            }
        };
        then(&look)
    })
}

#[cfg(test)]
impl Pair {
    /// A pair for tests of what comes after.
    pub(crate) fn example(left: (&str, &str), right: (&str, &str)) -> Pair {
        let own = |(a, b): (&str, &str)| (a.to_string(), b.to_string());
        let id = |(a, b): (&str, &str)| format!("{a}-{b}");
        Pair { left: own(left), right: own(right), identities: [id(left), id(right)], people: [id(left), id(right)] }
    }
}
