//! How many decisions the audit knows, and how many were taken back.

use super::{Entry, Event, entries};
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

/// How many of the decisions that the run `run_id` has read were taken back since. When it read them the audit had `read_at` entries; `None` where it
/// is of a version that did not tell.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub fn taken_back(job: &Job, run_id: &str, read_at: Option<u64>) -> Result<u64> {
    let entries = entries(job)?;
    Ok(match read_at {
        Some(read_at) => since(entries.filter(|entry| entry.entry > read_at)),
        None => at_most_since(entries, run_id),
    })
}

/// Of a session that takes back an answer it is always the last one that stands: what was decided since goes before what was there.
fn since(entries: impl Iterator<Item = Entry>) -> u64 {
    let (mut decided, mut taken_back) = (0_u64, 0);
    for entry in entries {
        match entry.event {
            Event::Decision => decided += 1,
            Event::DecisionTakenBack if decided > 0 => decided -= 1,
            Event::DecisionTakenBack => taken_back += 1,
            _ => {}
        }
    }
    taken_back
}

/// All that was taken back since the run before `run_id` was noted: when `run_id` has read the decisions nobody knows, but it was before it was noted
/// itself.
fn at_most_since(entries: impl Iterator<Item = Entry>, run_id: &str) -> u64 {
    let (mut count, mut is_noted) = (0, false);
    for entry in entries {
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
    count
}
