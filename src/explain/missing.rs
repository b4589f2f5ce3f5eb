//! `explain missing`: what would have had to bring two records together, what each field cost, and what would have to change.

use super::pair::{PairExplained, Sides, Two, explain, named};
use super::scene::{Scene, best};
use super::{Options, bits, fields, note_look_up};
use crate::blocking::{Asked, Fate, KEYS_MAX, Named, RuleWhy};
use crate::clustering::{Evidence, Judged, judge_pattern};
use crate::failure::Result;
use crate::job::Job;
use crate::publish::published::PublishedRun;
use crate::run;
use serde::Serialize;

/// Why two records are not one person.
#[derive(Debug, Clone, Serialize)]
pub struct MissingExplained {
    /// The pair, field by field, and how it ended: they may be one person after all.
    pub pair: PairExplained,
    /// Whether a block brought the two records together, so that they were compared.
    pub compared: bool,
    /// What each blocking rule made of them; one that may tell a place of somebody marked sensitive found no value.
    pub rules: Vec<RuleLine>,
    /// What the pair counts by itself: its evidence less what guards take, in bits.
    pub alone_bits: f64,
    /// What would have made it reach the cut by itself, least first; empty where it does so already or nothing would.
    pub changes: Vec<Change>,
    /// What it would count with every field agreeing, where even that is not enough, in bits.
    pub at_best_bits: Option<f64>,
}

/// One blocking rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleLine {
    pub rule: String,
    /// "yields", "no_value", "not_shared", "split" or "keys_used_up".
    pub fate: &'static str,
    pub words: String,
}

/// Fields that would have to agree, together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub fields: Vec<String>,
    /// What the pair would count then, in bits.
    pub bits: f64,
}

/// Explains why two records, each written `provider:record_id`, are not one person.
///
/// # Errors
/// OF053x and OF054x; and all that reading the extracts may meet.
pub fn missing(job: &Job, left: &str, right: &str, options: Options) -> Result<MissingExplained> {
    let named = named(job, left, right)?;
    let run = PublishedRun::current(job)?;
    run::on_threads(job, || {
        let (two, rows) = Two::find(&run, &named)?;
        let scene = Scene::told(job, &run, &rows, options)?;
        note_look_up(job, &run.run_id, "explain missing", two.people().to_vec(), options)?;
        let sides = two.with_records(&scene, &rows, &named);
        let pair = explain(&run, &scene, &sides, options)?;
        Ok(scene.with(|evidence| missed(&scene, evidence, &sides, pair)))
    })
}

fn missed(scene: &Scene, evidence: &Evidence, sides: &Sides, pair: PairExplained) -> MissingExplained {
    let [first, second] = &sides.pair;
    let (a, b, judged) = best(evidence, first, second);
    let asked = Asked::of(&scene.comparisons, &scene.records, &scene.identities, scene.model.limits());
    let mut met = first.identities.iter().flat_map(|&x| second.identities.iter().map(move |&y| (x, y)));
    let compared = met.any(|(x, y)| x == y || asked.met(x, y));
    let rules = if a == b { Vec::new() } else { asked.rules(a, b) };
    let rules = rules.iter().map(|rule| line(scene, rule, &judged)).collect();
    let (changes, at_best) = Changing { scene, evidence, a, b }.changes(&judged);
    let alone_bits = bits(alone(&judged));
    MissingExplained { pair, compared, rules, alone_bits, changes, at_best_bits: at_best.map(bits) }
}

/// What a pair counts by itself, in 1/1024 bit.
fn alone(judged: &Judged) -> i64 {
    judged.weight - judged.guard_takes - judged.provider_takes
}

fn line(scene: &Scene, why: &RuleWhy, judged: &Judged) -> RuleLine {
    let near = why.rule.comparison.and_then(|at| {
        let comparison = &scene.comparisons.list[at];
        let level = comparison.level_in(judged.pattern)?;
        Some(fields::words(comparison, level))
    });
    let near = near.map_or(String::new(), |near| format!(" ({}{near})", taken_from(scene, &why.rule)));
    let (fate, words) = match &why.fate {
        Fate::NoValue => ("no_value", "no value on one side".to_string()),
        Fate::NotShared => ("not_shared", format!("not shared{near}")),
        Fate::Yields => ("yields", "shared: it brings them together".to_string()),
        Fate::KeysUsedUp => {
            ("keys_used_up", format!("shared, but one of them has the {KEYS_MAX} keys already that a record may have"))
        }
        Fate::Split { identities, cap, by, shared } => {
            let told =
                |list: &[Named]| list.iter().map(|named| fields::said(&named.word)).collect::<Vec<_>>().join(", ");
            let rest = match shared.is_empty() {
                true => format!("split by {}, of which they share nothing", told(by)),
                false => format!("split further; with {} too the blocks were too large or not shared", told(shared)),
            };
            ("split", format!("shared by {identities} distinct records, more than the {cap} of a block: {rest}"))
        }
    };
    RuleLine { rule: fields::said(&why.rule.word), fate, words }
}

/// The field that a rule's feature is taken from, where the rule is not named after it.
fn taken_from(scene: &Scene, rule: &Named) -> String {
    let name = rule.comparison.map_or("", |at| scene.comparisons.list[at].name.as_str());
    if name == rule.word { String::new() } else { format!("{}: ", fields::said(name)) }
}

/// Looks for fields that would make a pair reach the cut if they agreed: each as well as the one record agrees with its own copy.
struct Changing<'a> {
    scene: &'a Scene<'a>,
    evidence: &'a Evidence<'a>,
    a: u32,
    b: u32,
}

/// Fields named beyond the first that alone would do.
const ALTERNATIVES: usize = 4;

impl Changing<'_> {
    /// The changes, and what the pair would count at best where nothing is enough.
    fn changes(&self, judged: &Judged) -> (Vec<Change>, Option<i64>) {
        let cut = self.scene.cut();
        if self.counts(judged) >= cut {
            return (Vec::new(), None);
        }
        let all = 0..self.scene.comparisons.list.len();
        let mut single: Vec<(i64, usize)> =
            all.clone().filter_map(|at| Some((self.counts(&self.agreeing(judged, at)?), at))).collect();
        single.sort_by_key(|&(counts, at)| (std::cmp::Reverse(counts), at));
        let enough = single.iter().filter(|(counts, _)| *counts >= cut);
        let alone: Vec<Change> = enough.take(ALTERNATIVES).map(|&(counts, at)| self.change(&[at], counts)).collect();
        if !alone.is_empty() {
            return (alone, None);
        }
        let (mut now, mut taken) = (*judged, Vec::new());
        loop {
            let better = all.clone().filter(|at| !taken.contains(at)).filter_map(|at| {
                let next = self.agreeing(&now, at)?;
                (self.counts(&next) > self.counts(&now)).then_some((next, at))
            });
            let best =
                better.reduce(|best, next| if self.counts(&next.0) > self.counts(&best.0) { next } else { best });
            let Some((next, at)) = best else { return (Vec::new(), Some(self.counts(&now))) };
            now = next;
            taken.push(at);
            if self.counts(&now) >= cut {
                return (vec![self.change(&taken, self.counts(&now))], None);
            }
        }
    }

    fn change(&self, fields: &[usize], counts: i64) -> Change {
        let names = fields.iter().map(|&at| fields::said(&self.scene.comparisons.list[at].name));
        Change { fields: names.collect(), bits: bits(counts) }
    }

    /// What a pair counts, or far below any cut where a guard forbids it.
    fn counts(&self, judged: &Judged) -> i64 {
        if judged.forbidden() { i64::from(i32::MIN) + alone(judged) } else { alone(judged) }
    }

    /// The pair with one field in full agreement; `None` where neither record has a value.
    fn agreeing(&self, judged: &Judged, at: usize) -> Option<Judged> {
        let comparison = &self.scene.comparisons.list[at];
        let own = |identity: u32| comparison.level_in(self.evidence.comparisons.pattern(identity, identity));
        let judge =
            |level: u8| judge_pattern(self.evidence, self.a, self.b, comparison.put(judged.pattern, Some(level)));
        let candidates = [own(self.a), own(self.b)].into_iter().flatten().map(judge);
        candidates.reduce(|best, next| if self.counts(&next) > self.counts(&best) { next } else { best })
    }
}
