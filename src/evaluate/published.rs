//! What was published, against the truth: the crosswalk alone is read.

use super::codes::NOTHING_IN_COMMON;
use super::interval::{Estimate, wilson};
use super::matched::{Absent, Matched};
use super::measures::{Measures, measure};
use super::truth;
use crate::failure::{Failure, Result};
use crate::publish::published::PublishedRun;
use serde::Serialize;
use std::path::Path;

/// What the intervals assume; to be told with every figure.
pub const ASSUMPTION: &str = "95 % intervals after Wilson (1927). They take the pairs (for people: the people) as independent draws. Pairs of one \
                              person are not, so the true intervals of pairs are somewhat wider.";

/// The crosswalk of the current run, measured.
#[derive(Debug, Clone, Serialize)]
pub struct Published {
    /// Records that stand in both the truth and the crosswalk: what everything below is measured on.
    pub records: u64,
    /// Records of the truth that are not in the crosswalk.
    pub absent: Absent,
    /// Records that the truth gives to more than one person; left out.
    pub ambiguous: u64,
    /// Records whose rows the run gave to more than one person; they count with the person of their first row.
    pub torn: u64,
    /// Records of the crosswalk that the truth does not know; left out.
    pub unknown: u64,
    pub measures: Measures,
    /// Share of all true pairs found where the absent records count as missed.
    pub recall_with_absent: Estimate,
    pub intervals: &'static str,
}

/// Measures a run. n log n in the number of records.
///
/// # Errors
/// OF053x: a truth file that cannot be used, nothing in common.
pub(super) fn published(run: &PublishedRun, truth: &Path) -> Result<Published> {
    let mut matched = Matched::read_crosswalk(run)?;
    truth::read(truth, |line| matched.add_truth(line))?;
    let absent = matched.absent(run)?;
    let (units, providers) = matched.units();
    if units.is_empty() {
        let what =
            format!("{} records in the truth, {} in the crosswalk", matched.truth_records(), matched.found_records());
        return Err(Failure::new(&NOTHING_IN_COMMON, what));
    }
    let records = units.len() as u64;
    let measures = measure(units, &providers);
    Ok(Published {
        records,
        recall_with_absent: wilson(measures.pairs.both, matched.true_pairs_with_absent()),
        absent,
        ambiguous: matched.ambiguous(),
        torn: matched.torn(),
        unknown: matched.unknown(),
        measures,
        intervals: ASSUMPTION,
    })
}
