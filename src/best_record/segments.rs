//! In which segment of each set of the job every person is.

use super::People;
use super::columns::column;
use crate::job::{Job, SegmentSet};

/// In no segment, or in several.
pub const NO_SEGMENT: u8 = u8::MAX;

/// One segment set: a column with one entry a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segments {
    /// Place of the person's segment in the set, or [`NO_SEGMENT`].
    pub of_person: Vec<u8>,
    /// Ids of the segments, in the order of the set.
    pub ids: Vec<String>,
    /// People who meet no rule, where no segment takes the rest.
    pub in_none: u64,
    /// People who meet several rules, where the first does not take them.
    pub in_several: u64,
}

impl crate::expression::Values for Segments {
    fn len(&self) -> usize {
        self.ids.len()
    }

    fn get(&self, code: u32) -> &str {
        &self.ids[code as usize]
    }
}

/// Parts everybody by each set of the job, in its order: a set may look at those before it.
pub(super) fn assign(job: &Job, people: &mut People) {
    for set in &job.segment_sets {
        let segments = part(set, people);
        people.segments.push((set.id.clone(), segments));
    }
}

fn part(set: &SegmentSet, people: &People) -> Segments {
    let mut segments = Segments {
        of_person: vec![NO_SEGMENT; people.len()],
        ids: set.segments.iter().map(|segment| segment.id.clone()).collect(),
        ..Segments::default()
    };
    let mut several = vec![false; people.len()];
    for (at, segment) in (0u8..).zip(&set.segments) {
        let Some(rule) = &segment.rule else { continue };
        let holds = rule.holds(people.len(), |name| column(people, name));
        for (person, _) in holds.iter().enumerate().filter(|(_, holds)| **holds) {
            let place = &mut segments.of_person[person];
            match *place {
                NO_SEGMENT => *place = at,
                _ => several[person] = !set.first_match,
            }
        }
    }
    let rest = (0u8..).zip(&set.segments).find(|(_, segment)| segment.rule.is_none()).map(|(at, _)| at);
    for (place, several) in segments.of_person.iter_mut().zip(several) {
        if several {
            *place = NO_SEGMENT;
            segments.in_several += 1;
        } else if *place == NO_SEGMENT {
            *place = rest.unwrap_or(NO_SEGMENT);
            segments.in_none += u64::from(rest.is_none());
        }
    }
    segments
}
