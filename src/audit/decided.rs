//! How many decisions the audit knows, and how many were taken back.

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

/// How many decisions were taken back that the run `run_id` may have read: since the run before it was noted, as a run reads them before it is noted
/// itself.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub fn taken_back(job: &Job, run_id: &str) -> Result<u64> {
    let (mut count, mut is_noted) = (0, false);
    for entry in entries(job)? {
        match entry.event {
            Event::DecisionTakenBack => count += 1,
            Event::Run | Event::Rollback => {
                is_noted |= entry.run_id.as_deref() == Some(run_id);
                if !is_noted {
                    count = 0;
                }
            }
            _ => {}
        }
    }
    Ok(count)
}
