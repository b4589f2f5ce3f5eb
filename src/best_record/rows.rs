//! The records of each person, side by side.

use crate::clustering::Partition;
use crate::records::MISSING;

/// Rows of `Records`, grouped by person and ascending within one; rows that a partition leaves out are nobody's.
pub(super) struct Rows {
    /// `starts[p]..starts[p + 1]` are person p's places in `rows`.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Rows {
    pub(super) fn of(partition: &Partition) -> Self {
        let mut starts = vec![0u32; partition.people as usize + 1];
        let placed = || (0u32..).zip(&partition.person).filter(|(_, person)| **person != MISSING);
        for (_, &person) in placed() {
            starts[person as usize + 1] += 1;
        }
        for person in 1..starts.len() {
            starts[person] += starts[person - 1];
        }
        let mut next = starts.clone();
        let mut rows = vec![0u32; starts[starts.len() - 1] as usize];
        for (row, &person) in placed() {
            rows[next[person as usize] as usize] = row;
            next[person as usize] += 1;
        }
        Rows { starts, rows }
    }

    pub(super) fn people(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn of_person(&self, person: usize) -> &[u32] {
        &self.rows[self.starts[person] as usize..self.starts[person + 1] as usize]
    }

    pub(super) fn sizes(&self) -> Vec<u32> {
        self.starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}
