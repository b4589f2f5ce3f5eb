//! The current run against known truth.
//!
//! In: the crosswalk of the current run, and a truth file (provider, record_id, person). Out: an [`Evaluation`]: precision and recall by
//! pair, by record and by person, whole and provider by provider. Always: a record is a (provider, record_id), and its rows count once;
//! every record of the truth that could not be measured is counted under a reason; no identifier leaves this room.

mod codes;
mod interval;
mod matched;
mod measures;
#[cfg(test)]
mod tests;
mod truth;

pub use codes::CODES;
pub use interval::{Estimate, wilson};
pub use matched::Absent;
pub use measures::{BCubed, Measures, OfProvider, Pairs, People, Unit, measure};

use crate::failure::{Failure, Result};
use crate::job::Job;
use codes::NOTHING_IN_COMMON;
use matched::Matched;
use crate::publish::published::PublishedRun;
use serde::Serialize;
use std::path::Path;

/// What the intervals assume; to be told with every figure.
pub const ASSUMPTION: &str = "95 % intervals after Wilson (1927). They take the pairs (for people: the people) as independent draws. Pairs of one \
                              person are not, so the true intervals of pairs are somewhat wider.";

/// The current run, measured.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    pub run_id: String,
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

/// Measures the current run of `job`. n log n in the number of records: 24 M records take some 2 GB and less than a minute.
///
/// # Errors
/// OF053x: no current run, a truth file that cannot be used, nothing in common.
pub fn evaluate(job: &Job, truth: &Path) -> Result<Evaluation> {
    let run = PublishedRun::current(job)?;
    let mut matched = Matched::read_crosswalk(&run)?;
    truth::read(truth, |provider, record_id, person| matched.add_truth(provider, record_id, person))?;
    let absent = matched.absent(&run)?;
    let (units, providers) = matched.units();
    if units.is_empty() {
        let what =
            format!("{} records in the truth, {} in the crosswalk", matched.truth_records(), matched.found_records());
        return Err(Failure::new(&NOTHING_IN_COMMON, what));
    }
    let records = units.len() as u64;
    let measures = measure(units, &providers);
    Ok(Evaluation {
        run_id: run.run_id.clone(),
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
