//! The errors that teach most: false links that the model was surest of, and misses that it was surest were none.

use super::blocked::{RECORDS_MAX, met, true_people};
use super::known::Known;
use super::scene::Scene;
use crate::clustering::{Evidence, judge};
use crate::explain::FieldLine;
use crate::explain::fields;
use crate::explain::outcome::guard_words;
use crate::job::Field;
use crate::model::UNITS_PER_BIT;
use crate::records::MISSING;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::Serialize;

/// Errors explained, half of them of each kind where there are enough.
const EXPLAINED: usize = 50;
/// Fields that speak for or against a pair with fewer bits than this are not worth a word.
const WORTH_SAYING: f64 = 0.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    FalseLink,
    Miss,
}

/// One error, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mistake {
    pub kind: Kind,
    /// Of the pair by itself.
    pub probability: f64,
    pub weight_bits: f64,
    /// What the pair counts in averages, after guards.
    pub counts_bits: f64,
    pub guard: Option<&'static str>,
    /// Blocking brought the two records together.
    pub compared: bool,
    pub prior_bits: f64,
    pub fields: Vec<FieldLine>,
    /// What related strangers take back, in bits.
    pub correction_bits: f64,
    /// Records of the two people: true people for a false link, people found for a miss.
    pub records_of: [usize; 2],
    /// As provider:record_id; only where identifiers were asked for and may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<[String; 2]>,
}

/// The strongest pair between two people.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    people: (u32, u32),
    weight: i64,
    keys: (u32, u32),
    identities: (u32, u32),
}

pub(super) fn mistakes(scene: &Scene, known: &Known, show_identifiers: bool) -> Vec<Mistake> {
    let mut linked = strongest(scene, &people_found(known), known, &known.truth);
    let mut missed = strongest(scene, &true_people(known), known, &known.found);
    // Surest first; ties by content, as identities are numbered in the order of their hashes.
    linked.sort_by_key(|one| (std::cmp::Reverse(one.weight), one.identities, one.keys));
    missed.sort_by_key(|one| (one.weight, one.identities, one.keys));
    for list in [&mut linked, &mut missed] {
        let mut seen = rustc_hash::FxHashSet::default();
        list.retain(|one| seen.insert(one.people));
    }
    let half = EXPLAINED / 2;
    let of_linked = linked.len().min(EXPLAINED - missed.len().min(half));
    let of_missed = missed.len().min(EXPLAINED - of_linked);
    let sensitive = Sensitive::of(scene, known);
    scene.with(&scene.job.cluster, |evidence| {
        let explain = |kind: Kind, one: &Candidate| {
            Explaining { scene, known, sensitive: &sensitive, show_identifiers }.mistake(evidence, kind, one)
        };
        let linked = linked[..of_linked].iter().map(|one| explain(Kind::FalseLink, one));
        linked.chain(missed[..of_missed].iter().map(|one| explain(Kind::Miss, one))).collect()
    })
}

/// Measured records of each person that was found.
fn people_found(known: &Known) -> Vec<Vec<u32>> {
    let people = known.found.iter().filter(|found| **found != MISSING).max().map_or(0, |last| *last as usize + 1);
    let mut found = vec![Vec::new(); people];
    known.measured(true).into_iter().for_each(|key| found[known.found[key as usize] as usize].push(key));
    found
}

/// Of each set of records that holds records of several people of `other`, the strongest pair between any two of these.
fn strongest(scene: &Scene, sets: &[Vec<u32>], known: &Known, other: &[u32]) -> Vec<Candidate> {
    let scorer = scene.model.scorer(&scene.comparisons);
    let torn = |keys: &&Vec<u32>| keys.iter().any(|&key| other[key as usize] != other[keys[0] as usize]);
    let of_set = |keys: &Vec<u32>| {
        let mut best: FxHashMap<(u32, u32), Candidate> = FxHashMap::default();
        let keys = &keys[..keys.len().min(RECORDS_MAX)];
        for (at, &a) in keys.iter().enumerate() {
            for &b in keys[at + 1..].iter().filter(|&&b| other[a as usize] != other[b as usize]) {
                let (x, y) = (other[a as usize], other[b as usize]);
                let (weight, identities) = best_identities(scene, &scorer, known, a, b);
                let next = Candidate { people: (x.min(y), x.max(y)), weight, keys: (a, b), identities };
                best.entry(next.people)
                    .and_modify(|known| {
                        if (next.weight, known.identities, known.keys) > (known.weight, next.identities, next.keys) {
                            *known = next;
                        }
                    })
                    .or_insert(next);
            }
        }
        best.into_values().collect::<Vec<_>>()
    };
    sets.par_iter().filter(|keys| !keys.is_empty()).filter(torn).flat_map_iter(of_set).collect()
}

/// The rows of two records that agree best, left ≤ right.
fn best_identities(scene: &Scene, scorer: &crate::model::Scorer, known: &Known, a: u32, b: u32) -> (i64, (u32, u32)) {
    let pairs =
        known.identities(a).iter().flat_map(|&x| known.identities(b).iter().map(move |&y| (x.min(y), x.max(y))));
    let scored = pairs.map(|(x, y)| (scorer.weight(scene.comparisons.pattern(x, y)), (x, y)));
    scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).expect("every record has an identity")
}

/// Which people have a record that is marked sensitive: one is enough.
struct Sensitive {
    found: Vec<u32>,
    truth: Vec<u32>,
}

impl Sensitive {
    fn of(scene: &Scene, known: &Known) -> Sensitive {
        let (mut found, mut truth) = (Vec::new(), Vec::new());
        for row in (0..scene.records.len()).filter(|&row| scene.records.value(Field::Sensitivity, row) == Some("S")) {
            let key = scene.records.key[row] as usize;
            found.push(known.found[key]);
            truth.push(known.truth[key]);
        }
        [&mut found, &mut truth].into_iter().for_each(|list| list.sort_unstable());
        Sensitive { found, truth }
    }

    fn holds(&self, known: &Known, key: u32) -> bool {
        let marked = |list: &[u32], who: u32| who != MISSING && list.binary_search(&who).is_ok();
        marked(&self.found, known.found[key as usize]) || marked(&self.truth, known.truth[key as usize])
    }
}

struct Explaining<'a> {
    scene: &'a Scene<'a>,
    known: &'a Known,
    sensitive: &'a Sensitive,
    show_identifiers: bool,
}

impl Explaining<'_> {
    fn mistake(&self, evidence: &Evidence, kind: Kind, one: &Candidate) -> Mistake {
        let (scene, known) = (self.scene, self.known);
        let (a, b) = one.keys;
        let sensitive = [a, b].into_iter().any(|key| self.sensitive.holds(known, key));
        let (left, right) = one.identities;
        let judged = fields::as_told(evidence, (left, right), judge(evidence, left, right), sensitive);
        let values = self.show_identifiers.then_some((left, right));
        let fields = fields::lines(scene.job, evidence, &judged, sensitive, values);
        let prior_bits = evidence.scorer.prior_bits();
        let name = |key: u32| {
            let provider = &scene.job.providers[usize::from(known.provider[key as usize])].id;
            format!("{provider}:{}", scene.records.record_id.get(known.row[key as usize] as usize))
        };
        let other = match kind {
            Kind::FalseLink => &known.truth,
            Kind::Miss => &known.found,
        };
        let records_of = |key: u32| {
            let who = other[key as usize];
            known.measured_of(other, who)
        };
        Mistake {
            kind,
            probability: scene.model.calibration().probability(judged.weight),
            weight_bits: judged.weight as f64 / UNITS_PER_BIT,
            counts_bits: judged.in_average as f64 / UNITS_PER_BIT,
            guard: judged.guard.map(guard_words),
            compared: met(scene, known, a, b),
            prior_bits,
            correction_bits: fields::correction(&fields, prior_bits, &judged),
            fields,
            records_of: [records_of(a), records_of(b)],
            // A provider tells who gives care, and a record_id leads to the row.
            records: self.show_identifiers.then(|| match sensitive {
                true => [fields::UNKNOWN.into(), fields::UNKNOWN.into()],
                false => [name(a), name(b)],
            }),
        }
    }
}

impl Mistake {
    /// What the pair is, in one sentence.
    pub fn sentence(&self) -> String {
        let [left, right] = self.records_of;
        let many = |count: usize| if count == 1 { "one record".to_string() } else { format!("{count} records") };
        let who = match self.kind {
            Kind::FalseLink => format!("Two people ({} and {}) were taken for one", many(left), many(right)),
            Kind::Miss => format!("One person was taken for two ({} and {})", many(left), many(right)),
        };
        let met = match (self.kind, self.compared) {
            (Kind::Miss, false) => ", and no block brought this pair together",
            _ => "",
        };
        format!("{who}: their closest pair has {:+.1} bits{met}.", self.weight_bits)
    }

    /// The fields that say most, for and against, in words.
    pub fn speaking(&self, in_favour: bool) -> Option<String> {
        let bits = |line: &FieldLine| line.bits * if in_favour { 1.0 } else { -1.0 };
        let mut lines: Vec<&FieldLine> = self.fields.iter().filter(|line| bits(line) >= WORTH_SAYING).collect();
        lines.sort_by(|a, b| bits(b).total_cmp(&bits(a)));
        let words = |line: &&FieldLine| format!("{} ({}, {:+.1})", line.field, line.agreement, line.bits);
        let words: Vec<String> = lines.iter().take(4).map(words).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }

    /// What else counted: guards and related strangers.
    pub fn otherwise(&self) -> Option<String> {
        let mut words = Vec::new();
        if self.correction_bits <= -WORTH_SAYING {
            words.push(format!("related strangers look like this too ({:+.1})", self.correction_bits));
        }
        words.extend(self.guard.map(str::to_string));
        (!words.is_empty()).then(|| words.join("; "))
    }
}
