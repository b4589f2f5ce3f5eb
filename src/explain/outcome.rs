//! How a pair ended, and why.

use super::bits;
use super::crosswalk::was_compared;
use super::scene::{Record, average};
use crate::clustering::{Evidence, Guard, Judged, ReviewReason};
use crate::failure::Result;
use crate::publish::published::PublishedRun;
use serde::Serialize;

/// Whether two records ended as one person, and the rule that decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    pub same_person: bool,
    /// One word for machines.
    pub rule: &'static str,
    /// One sentence for people.
    pub because: String,
    /// Where they are one person: the average bond between all records of the person, in bits. Otherwise: the average bond between the
    /// records of the two people.
    pub average_bits: f64,
    /// Records of the person or of both people.
    pub records: u64,
}

/// The pair, the people it belongs to, and the bar.
pub(super) struct Question<'a> {
    pub judged: &'a Judged,
    pub identity_ids: (String, String),
    pub cut: i64,
    pub left: &'a [Record],
    /// Empty where both are one person.
    pub right: &'a [Record],
}

pub(super) fn outcome(run: &PublishedRun, evidence: &Evidence, question: &Question) -> Result<Outcome> {
    let records = (question.left.len() + question.right.len()) as u64;
    if question.right.is_empty() {
        let all = average(evidence, within(question.left)).map_or(question.judged.in_average, |(average, _)| average);
        let (rule, because) = together(question, all, records);
        return Ok(Outcome { same_person: true, rule, because, average_bits: bits(all), records });
    }
    let (all, forbidden) =
        average(evidence, between(question.left, question.right)).expect("every person has a record");
    let (rule, because) = apart(run, question, all, forbidden)?;
    Ok(Outcome { same_person: false, rule, because, average_bits: bits(all), records })
}

/// Pairs of identities, one of each of two records.
pub(super) fn between<'a>(left: &'a [Record], right: &'a [Record]) -> impl Iterator<Item = (u32, u32)> + 'a {
    let records = left.iter().flat_map(move |a| right.iter().map(move |b| (a, b)));
    records.flat_map(|(a, b)| a.identities.iter().flat_map(move |&x| b.identities.iter().map(move |&y| (x, y))))
}

pub(super) fn within(records: &[Record]) -> impl Iterator<Item = (u32, u32)> + '_ {
    (0..records.len()).flat_map(move |at| between(&records[at..=at], &records[at + 1..]))
}

fn together(question: &Question, all: i64, records: u64) -> (&'static str, String) {
    let cut = bits(question.cut);
    if question.judged.in_average >= question.cut {
        let words = format!("their own bond reaches the cut of {cut:.1} bits");
        let rest = match records {
            2 => String::new(),
            _ => format!(", and so do the {records} records of the person together: {:.1} bits on average", bits(all)),
        };
        let rest = if all >= question.cut { rest } else { format!(", in a person of {records} records") };
        return ("own_bond", format!("{words}{rest}"));
    }
    let words = format!(
        "their own bond is below the cut of {cut:.1} bits, but the {records} records of the person belong together: {:.1} bits on average",
        bits(all)
    );
    ("other_records", words)
}

fn apart(run: &PublishedRun, question: &Question, all: i64, forbidden: u64) -> Result<(&'static str, String)> {
    let (judged, cut) = (question.judged, bits(question.cut));
    if let (true, Some(guard)) = (judged.forbidden(), judged.guard) {
        return Ok(("guard", guard_words(guard).to_string()));
    }
    if judged.in_average < question.cut {
        let taken = judged.guard.filter(|_| judged.weight >= question.cut).map(guard_words);
        return Ok(match taken {
            Some(words) => ("guard", format!("{words}; with that their bond is below the cut of {cut:.1} bits")),
            None if judged.weight >= question.cut => (
                "provider",
                format!(
                    "one provider holds both and sends one record a person; with that their bond is below the cut of {cut:.1} bits"
                ),
            ),
            None => ("below_cut", format!("their bond is below the cut of {cut:.1} bits")),
        });
    }
    if forbidden > 0 {
        return Ok((
            "guard_on_others",
            format!("{forbidden} pairs between the other records of the two people may never be one person"),
        ));
    }
    if all < question.cut {
        let words = format!(
            "the records of the two people do not belong together: {:.1} bits on average, below the cut of {cut:.1} bits",
            bits(all)
        );
        return Ok(("other_records", words));
    }
    let (left, right) = &question.identity_ids;
    if left != right && !was_compared(run, left, right)? {
        return Ok(("never_compared", "no blocking rule brought them together, so they were never compared".into()));
    }
    Ok((
        "large_component",
        "they stood in a group too large to be looked at whole, which was cut along its weakest bonds".into(),
    ))
}

/// What a guard holds against a pair.
pub(crate) fn guard_words(guard: Guard) -> &'static str {
    match guard {
        Guard::NeverLink => "an authority has said that they are never to be linked",
        Guard::TwoNumbers => "they have two different NHS numbers, both verified, so they are never joined",
        Guard::Relatives(ReviewReason::PossibleTwins) => {
            "they may be twins: the same birth and family or home, but different given names"
        }
        Guard::Relatives(ReviewReason::PossibleGenerations) => {
            "they may be parent and child: one name, born a generation apart"
        }
        Guard::Relatives(_) => "they may be relatives",
    }
}
