//! How a pair ended, and why.

use super::crosswalk::Link;
use super::fields::said;
use super::scene::{Record, Scene, nodes_of};
use super::{bits, counted};
use crate::clustering::{Between, Guard, Join, Judged, Replay, ReviewReason, pooled_bar};
use serde::Serialize;

/// Whether two records ended as one person, and the rule that decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    pub same_person: bool,
    /// One word for machines.
    pub rule: &'static str,
    /// One sentence for people.
    pub because: String,
    /// All cross pairs pooled field by field, less what guards take, in bits. Of one person: of the join that brought the two records together.
    /// Of two people: of all records of the one with all of the other. Absent where they have the very same values, or are too many.
    pub pooled_bits: Option<f64>,
    /// Records of the person or of both people.
    pub records: u64,
}

/// The pair, and the people it belongs to.
pub(super) struct Question<'a> {
    pub judged: &'a Judged,
    /// The two records.
    pub pair: [&'a Record; 2],
    pub left: &'a [Record],
    /// Empty where both are one person.
    pub right: &'a [Record],
    /// Links that the run kept between records of the two people.
    pub links: &'a [Link],
    /// The strongest link of the two people with anybody else, in bits.
    pub elsewhere: Option<f64>,
}

impl Question<'_> {
    /// What the pair counts by itself, in 1/1024 bit: its own evidence less what guards take.
    fn alone(&self) -> i64 {
        self.judged.weight - self.judged.guard_takes - self.judged.provider_takes
    }
}

pub(super) fn outcome(scene: &Scene, replay: &Replay, question: &Question) -> Outcome {
    let records = (question.left.len() + question.right.len()) as u64;
    let same_person = question.right.is_empty();
    let (rule, because, pooled) =
        if same_person { together(scene, replay, question) } else { apart(scene, replay, question) };
    Outcome { same_person, rule, because, pooled_bits: pooled.map(bits), records }
}

type Told = (&'static str, String, Option<i64>);

fn together(scene: &Scene, replay: &Replay, question: &Question) -> Told {
    let cut = scene.cut();
    let [first, second] = question.pair.map(|record| record.nodes(replay));
    if first.iter().any(|node| second.contains(node)) {
        let words = "they have the very same values, and enough of them to be recognised again";
        return ("same_values", words.into(), None);
    }
    let joins = replay.joins(&nodes_of(question.left, replay), cut);
    let join = joins.as_ref().and_then(|joins| joins.iter().find(|join| meet(join, &first, &second)));
    if join.is_some_and(|join| join.decided) {
        return ("decision", "a human has decided that they, or records joined to them, are one person".into(), None);
    }
    let standing = join.and_then(|join| join.standing);
    let pooled = standing.map(|standing| standing.score());
    let sides = join.map(|join| sides(question.left, replay, join));
    let cut_words = format!("the cut of {:.1} bits", bits(cut));
    if question.alone() >= cut {
        let rest = match (&sides, standing) {
            (Some([1, 1]), _) | (None, _) | (_, None) => String::new(),
            (Some([a, b]), Some(standing)) => format!(
                ", and the {} that were joined then ({a} with {b}) reach it together: {:.1} bits",
                counted(a + b, "record"),
                bits(standing.score())
            ),
        };
        return ("own_bond", format!("their own bond reaches {cut_words}{rest}"), pooled);
    }
    let words = match (&sides, standing) {
        (Some([a, b]), Some(standing)) => format!(
            "their own bond is below {cut_words}, but other records tie them: {} and {}, pooled field by field, have {:.1} bits",
            counted(*a, "record"),
            counted(*b, "record"),
            bits(standing.score())
        ),
        (Some(_), None) => format!("their own bond is below {cut_words}, but rows of one record_id tie them"),
        // No join of those that can be told brought the two together.
        (None, _) => format!("the run has found so, though their own bond is below {cut_words}"),
    };
    ("other_records", words, pooled)
}

/// Whether a join brought two records together.
fn meet(join: &Join, first: &[u32], second: &[u32]) -> bool {
    let holds = |side: &[u32], record: &[u32]| record.iter().any(|node| side.binary_search(node).is_ok());
    (holds(&join.left, first) && holds(&join.right, second)) || (holds(&join.left, second) && holds(&join.right, first))
}

/// How many records each side of a join held.
fn sides(records: &[Record], replay: &Replay, join: &Join) -> [usize; 2] {
    let count = |side: &[u32]| {
        let inside = |record: &&Record| record.nodes(replay).iter().any(|node| side.binary_search(node).is_ok());
        records.iter().filter(inside).count()
    };
    [count(&join.left), count(&join.right)]
}

fn apart(scene: &Scene, replay: &Replay, question: &Question) -> Told {
    let cut = scene.cut();
    let between = replay.between(&nodes_of(question.left, replay), &nodes_of(question.right, replay));
    let pooled = between.as_ref().map(|between| between.standing.score());
    let told = |rule, because| (rule, because, pooled);
    if let (true, Some(guard)) = (question.judged.forbidden(), question.judged.guard) {
        return told("guard", guard_words(guard).to_string());
    }
    if pooled.is_none_or(|pooled| pooled < cut) && question.alone() < cut {
        return told(below_rule(question, cut), below(question, cut));
    }
    let several = question.left.len() + question.right.len() > 2;
    if several && between.as_ref().is_some_and(|between| between.standing.forbidden) {
        let words = "other records of the two people may never be one person: an authority or a human says so, or they have two different \
                     verified NHS numbers";
        return told("guard_on_others", words.into());
    }
    match (&between, pooled) {
        (Some(between), Some(pooled)) if pooled < cut => told("other_records", against(scene, question, between, cut)),
        _ => told_untried(question, cut, pooled),
    }
}

fn below_rule(question: &Question, cut: i64) -> &'static str {
    match (question.judged.weight >= cut, question.judged.guard) {
        (false, _) => "below_cut",
        (true, Some(_)) => "guard",
        (true, None) => "provider",
    }
}

fn below(question: &Question, cut: i64) -> String {
    let cut_words = format!("the cut of {:.1} bits", bits(cut));
    let words = match (below_rule(question, cut), question.judged.guard) {
        ("guard", Some(guard)) => {
            format!("{}; with that their bond is below {cut_words}", guard_words(guard))
        }
        ("provider", _) => {
            format!("one provider holds both and sends one record a person; with that their bond is below {cut_words}")
        }
        _ => format!("their bond is below {cut_words}"),
    };
    let others = match question.left.len() + question.right.len() {
        2 => "",
        _ => ", and the other records of the two people do not make up for it",
    };
    format!("{words}{others}")
}

/// The pair alone would be one person; all cross pairs together are not.
fn against(scene: &Scene, question: &Question, between: &Between, cut: i64) -> String {
    let against = between.fields.iter().enumerate().filter_map(|(at, bits)| Some((at, (*bits)?)));
    let worst = against.filter(|(_, bits)| *bits < -0.5).min_by(|a, b| a.1.total_cmp(&b.1));
    let field = |at: usize| said(&scene.comparisons.list[at].name);
    let worst = worst.map_or(String::new(), |(at, _)| format!(", most of all by {}", field(at)));
    let standing = between.standing;
    let taken = match bits(standing.taken + standing.repeated) {
        taken if taken > 0.05 => format!(" after {taken:.1} were taken for what contradicts again and again"),
        _ => String::new(),
    };
    format!(
        "by itself this pair would have been joined, but other records of the two people ({} and {}) speak against it{worst}: \
         all of them pooled field by field have {:.1} bits{taken}, below the cut of {:.1} bits",
        question.left.len(),
        question.right.len(),
        bits(standing.score()),
        bits(cut)
    )
}

/// The evidence reaches the cut, but the two people were never tried.
fn told_untried(question: &Question, cut: i64, pooled: Option<i64>) -> Told {
    let bar = bits(pooled_bar(cut));
    let strongest = question.links.iter().map(|link| link.weight).fold(f64::NEG_INFINITY, f64::max);
    let told = |rule, because: String| (rule, because, pooled);
    if question.links.is_empty() {
        let words = "no blocking rule brought any of their records together, so they were never compared";
        return told("never_compared", words.into());
    }
    if strongest < bar {
        return told(
            "not_tried",
            format!(
                "no pair of their records reaches the {bar:.1} bits from which people are tried, so what they have together was not looked at"
            ),
        );
    }
    if pooled.is_some() && question.elsewhere.is_some_and(|weight| weight >= bar) {
        let words = "by themselves the two people would have been joined, but records of somebody else claim the same records about as much, \
                     and a record belongs to one person only";
        return told("rivals", words.into());
    }
    // Of whoever is marked sensitive it may also be what is not told that kept them apart: no cause is claimed.
    let words = "by these bits they would have been joined, but the run left them apart (a group that is too large to be looked at whole is cut \
                 along its weakest bonds)";
    told("left_apart", words.into())
}

/// What a guard holds against a pair.
pub(crate) fn guard_words(guard: Guard) -> &'static str {
    match guard {
        Guard::NeverLink => "an authority has said that they are never to be linked",
        Guard::TwoPeople => "a human has decided that they are two people",
        Guard::TwoNumbers => "they have two different NHS numbers, both verified, so they are never joined",
        Guard::Relatives(ReviewReason::PossibleTwins) => {
            "they may be twins: the same birth and family or home, but different given names"
        }
        Guard::Relatives(ReviewReason::PossibleGenerations) => {
            "they may be parent and child: one name, born a generation apart"
        }
        Guard::Relatives(ReviewReason::NumberWithoutDemographic) => {
            "they have one NHS number, but neither name nor date of birth agrees, and a number alone is no proof"
        }
        Guard::Relatives(_) => "they may be relatives",
    }
}
