//! When tables were issued.

use super::{Event, entries};
use crate::failure::Result;
use crate::job::Job;
use std::collections::BTreeSet;

/// Tables of a release that were issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub release: String,
    /// The day of issue, of those that the job names.
    pub day: String,
    pub run_id: String,
}

/// The days on which tables of a release were issued, those of withdrawn runs left out.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub fn issues(job: &Job, release: &str) -> Result<BTreeSet<String>> {
    let of_release = |issue: Issue| (issue.release == release).then_some(issue.day);
    Ok(all_issues(job)?.into_iter().filter_map(of_release).collect())
}

/// Every issue, oldest first, those of withdrawn runs left out.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub fn all_issues(job: &Job) -> Result<Vec<Issue>> {
    let mut issued: Vec<Issue> = Vec::new();
    for entry in entries(job)? {
        let text = |key: &str| entry.what.get(key).and_then(|text| text.as_str()).map(str::to_string);
        match entry.event {
            Event::Release => {
                let all = text("release").zip(text("issue")).zip(entry.run_id.clone());
                issued.extend(all.map(|((release, day), run_id)| Issue { release, day, run_id }));
            }
            Event::RunWithdrawn => issued.retain(|issue| Some(&issue.run_id) != entry.run_id.as_ref()),
            _ => {}
        }
    }
    Ok(issued)
}
