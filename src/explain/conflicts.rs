//! What the records of one person disagree in, of what a person keeps for life; in words, without values.

use super::fields::said;
use super::scene::{Record, best};
use crate::clustering::{Evidence, Judged};
use crate::comparison::{CodeColumn, Comparison, Of, name, value::Manner};
use crate::records::MISSING;
use serde::Serialize;
use std::collections::BTreeMap;

/// A field in which records disagree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    pub field: String,
    pub words: String,
    /// Record numbers: those that have one value, largest group first; for names, the two records that disagree.
    pub groups: Vec<Vec<usize>>,
}

pub(super) fn between(evidence: &Evidence, records: &[Record]) -> Vec<Conflict> {
    let mut found = Vec::new();
    let comparisons = evidence.comparisons;
    for (at, comparison) in comparisons.list.iter().enumerate() {
        match &comparison.of {
            Of::Date(dates) if comparison.name == "date_of_birth" || comparison.name == "date_of_death" => {
                // A date of which a part is unknown is no other date.
                let whole = |code: u32| !dates.digits[code as usize].contains(&b'-');
                found.extend(values(comparison, &groups(records, comparisons.column(comparison, 0), whole)));
            }
            Of::Values(of) if matches!(of.manner, Manner::Number | Manner::Sex) => {
                found.extend(values(comparison, &groups(records, comparisons.column(comparison, 0), |_| true)));
            }
            Of::Name(_) if comparison.name == "name" => found.extend(names(evidence, records, at)),
            _ => {}
        }
    }
    found
}

/// Record numbers by value, largest group first. A record whose rows have several values stands in several.
fn groups(records: &[Record], codes: CodeColumn, counts: impl Fn(u32) -> bool) -> Vec<Vec<usize>> {
    let mut by_value: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, record) in records.iter().enumerate() {
        let own = record.identities.iter().map(|&identity| codes.at(identity));
        for code in own.filter(|&code| code != MISSING && counts(code)) {
            let numbers = by_value.entry(code).or_default();
            if numbers.last() != Some(&(at + 1)) {
                numbers.push(at + 1);
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = by_value.into_values().collect();
    groups.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    groups
}

fn values(comparison: &Comparison, groups: &[Vec<usize>]) -> Option<Conflict> {
    if groups.len() < 2 {
        return None;
    }
    // A difference of sex is one between records, never a change.
    let words = match comparison.name.as_str() {
        "sex" => "not recorded alike".to_string(),
        "date_of_birth" => format!("{} different dates of birth", groups.len()),
        "date_of_death" => format!("{} different dates of death", groups.len()),
        _ => format!("{} different numbers", groups.len()),
    };
    Some(Conflict { field: said(&comparison.name), words, groups: groups.to_vec() })
}

/// Pairs of records whose given names have nothing in common.
fn names(evidence: &Evidence, records: &[Record], at: usize) -> Option<Conflict> {
    let comparison = &evidence.comparisons.list[at];
    let differ = |judged: &Judged| comparison.level_in(judged.pattern).is_some_and(name::given_names_differ);
    let mut groups = Vec::new();
    for a in 0..records.len() {
        for b in a + 1..records.len() {
            let (_, _, judged) = best(evidence, &records[a], &records[b]);
            if differ(&judged) {
                groups.push(vec![a + 1, b + 1]);
            }
        }
    }
    let words = "given names that have nothing in common".to_string();
    (!groups.is_empty()).then(|| Conflict { field: said(&comparison.name), words, groups })
}
