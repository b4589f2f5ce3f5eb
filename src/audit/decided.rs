//! How many decisions the audit knows.

use super::{Event, entries};
use crate::failure::Result;
use crate::job::Job;

/// How many decisions were noted and not taken back.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub fn decisions(job: &Job) -> Result<u64> {
    let count = |noted: u64, event: Event| match event {
        Event::Decision => noted + 1,
        Event::DecisionTakenBack => noted.saturating_sub(1),
        _ => noted,
    };
    Ok(entries(job)?.map(|entry| entry.event).fold(0, count))
}
