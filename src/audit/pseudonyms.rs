//! Which pseudonyms the recipient of a release has had.

use super::{Event, entries};
use crate::failure::Result;
use crate::job::Job;

/// The mark of the pseudonyms of each time that a release was handed out, oldest first, those of withdrawn runs left out; `None` where it had
/// none, or where an earlier version of onefolk has noted none.
///
/// # Errors
/// OF0710 where the audit cannot be read.
pub fn pseudonyms(job: &Job, release: &str) -> Result<Vec<Option<String>>> {
    let mut handed_out: Vec<(Option<String>, Option<String>)> = Vec::new();
    for entry in entries(job)? {
        let text = |key: &str| entry.what.get(key).and_then(|text| text.as_str()).map(str::to_string);
        match entry.event {
            Event::Release if text("release").is_some_and(|id| id == release) => {
                handed_out.push((entry.run_id.clone(), text("pseudonyms")));
            }
            Event::RunWithdrawn => handed_out.retain(|(run, _)| *run != entry.run_id),
            _ => {}
        }
    }
    Ok(handed_out.into_iter().map(|(_, mark)| mark).collect())
}
