//! What humans have decided, and how far the night could obey it.

use crate::clustering::ReviewReason;
use crate::decisions::{Counts, Decisions};
use serde::Serialize;
use std::collections::BTreeMap;

/// For run.json: counts only.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Decided {
    #[serde(flatten)]
    said: Counts,
    /// Decisions that could not be obeyed, by reason; only those that occur.
    contradictions: BTreeMap<&'static str, u64>,
    /// So much of the file of decisions was read.
    bytes: u64,
    /// Lines of it, those that later ones replace included: the night after is held against them.
    lines: u64,
    /// Entries that the audit had before it was read: what `review` has taken back until then was no line of it any more.
    audit_entries: u64,
}

/// A decision on a record that no extract holds, or that is withheld.
const RECORD_GONE: &str = "record_gone";

impl Decided {
    /// `audit_entries` is how many the audit had before the decisions were read, `gone` how many of them name a record that is in no extract or is
    /// withheld.
    pub fn of(decisions: &Decisions, audit_entries: u64, gone: u64, refused: &[ReviewReason]) -> Decided {
        let mut contradictions = BTreeMap::new();
        refused.iter().for_each(|why| *contradictions.entry(why.word()).or_default() += 1);
        if gone > 0 {
            contradictions.insert(RECORD_GONE, gone);
        }
        let (bytes, lines) = (decisions.bytes, decisions.lines);
        Decided { said: decisions.counts(), contradictions, bytes, lines, audit_entries }
    }

    /// What somebody should know of decisions that could not be obeyed.
    pub fn warning(&self) -> Option<String> {
        let all: u64 = self.contradictions.values().sum();
        let told = |(why, count): (&&str, &u64)| format!("{count} {}", words(why));
        let parts: Vec<String> = self.contradictions.iter().map(told).collect();
        let decisions = if all == 1 { "1 decision" } else { &format!("{all} decisions") };
        (all > 0).then(|| format!("{decisions} in state/decisions.csv could not be obeyed: {}", parts.join(", ")))
    }
}

fn words(why: &str) -> &'static str {
    match why {
        "decision_against_never_link" => "against a never-link list",
        "decision_against_numbers" => "against two verified NHS numbers",
        "decisions_contradict" => "against other decisions",
        _ => "on a record that no extract holds or that is withheld",
    }
}
