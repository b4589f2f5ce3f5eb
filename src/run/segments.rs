//! Segment sets part everybody, or the run is not published.

use crate::best_record::People;
use crate::failure::{Code, Exit, Failure, Result};

pub(super) static SEGMENTS_DO_NOT_PART: Code = Code {
    id: "OF0548",
    exit: Exit::GateFailed,
    title: "the segments of a set do not part everybody",
    next_step: "Change the rules of the set that the message names so that everybody meets exactly one, or add otherwise = true or \
                first_match = true, then run again; nothing was published",
    explanation: "A [[segment_set]] puts every person into exactly one of its segments. Here some people met the rule of none, and no \
                  segment has otherwise = true; or some met the rules of several, and the set does not say first_match = true. A value \
                  that is not known makes a comparison neither true nor false (docs/cohorts.md), so that rules which look as if one of \
                  two must hold may both not hold.",
};

/// # Errors
/// OF0548 where somebody is in no segment of a set, or in several.
pub(super) fn part_everybody(people: &People) -> Result<()> {
    let wrong = people.segments.iter().filter(|(_, segments)| segments.in_none + segments.in_several > 0);
    let told: Vec<String> = wrong
        .map(|(id, segments)| {
            format!("{id}: {} people in no segment, {} in several", segments.in_none, segments.in_several)
        })
        .collect();
    if told.is_empty() { Ok(()) } else { Err(Failure::new(&SEGMENTS_DO_NOT_PART, told.join("; "))) }
}
