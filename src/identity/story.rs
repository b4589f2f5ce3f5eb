//! What the ledger knows of one person_id over all nights, those whose runs are not kept any more included.

use super::{Ledger, PersonId};
use jiff::civil::Date;

/// One thing that happened to a person_id, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    pub run_id: String,
    pub as_of: Date,
    pub person_id: PersonId,
    /// `None` where the run issued the id; else what replaced it, largest part first, nobody where none of its records was left. An id that
    /// went on is among them.
    pub went_into: Option<Vec<PersonId>>,
}

impl Ledger {
    /// When `person_id` was issued, and when it went away and into whom; nothing where it was never issued.
    pub fn story(&self, person_id: PersonId) -> Vec<Chapter> {
        let Some(ordinal) = self.issued.iter().position(|entry| entry.id == person_id) else { return Vec::new() };
        let issued_by = self.chapters.partition_point(|chapter| chapter.first_issued as usize <= ordinal) - 1;
        let mut story = vec![self.chapter(issued_by, person_id, None)];
        for (run, chapter) in self.chapters.iter().enumerate() {
            let gone = chapter.forwards.iter().filter(|(from, into)| *from as usize == ordinal && !into.contains(from));
            story.extend(gone.map(|(_, into)| self.chapter(run, person_id, Some(self.ids(into)))));
        }
        story
    }

    /// The ids that went away into `person_id`, oldest first.
    pub fn taken_in(&self, person_id: PersonId) -> Vec<Chapter> {
        self.came_to(person_id, false)
    }

    /// The ids that went on with another part when records of theirs became `person_id`'s, oldest first. Runs of versions that did not keep
    /// this tell nothing.
    pub fn parted_from(&self, person_id: PersonId) -> Vec<Chapter> {
        self.came_to(person_id, true)
    }

    /// What a person_id of the run at this place of [`runs`](Ledger::runs) is today, or was last: followed where it went into one other as a
    /// whole. `None` where its records were parted since: which of them went where the ledger does not know.
    pub fn last_of(&self, person_id: PersonId, run: usize) -> Option<PersonId> {
        let mut ordinal = self.issued.iter().position(|entry| entry.id == person_id)?;
        for chapter in &self.chapters[run + 1..] {
            let forward = chapter.forwards.iter().find(|(from, _)| *from as usize == ordinal);
            match forward.map(|(_, into)| into.as_slice()) {
                None | Some([]) => {}
                Some([one]) => ordinal = *one as usize,
                Some(_) => return None,
            }
        }
        Some(self.issued[ordinal].id)
    }

    /// The same of the id whose first record this was, where one alone was ever issued for it: what is still known of a record that no run has. What
    /// was issued while the number of a row may have stood for a record_id of the provider says nothing.
    pub fn last_of_record(&self, provider: &str, record_id: &str) -> Option<PersonId> {
        let key = self.plain_key(provider, record_id);
        let all = self.first_named(provider)..self.issued.len();
        let mut issued = all.filter(|&ordinal| self.issued[ordinal].first_record == key);
        let (ordinal, None) = (issued.next()?, issued.next()) else { return None };
        let issued_by = self.chapters.partition_point(|chapter| chapter.first_issued as usize <= ordinal) - 1;
        self.last_of(self.issued[ordinal].id, issued_by)
    }

    /// Other ids of which records came to `person_id`: those that went on, or those that went away.
    fn came_to(&self, person_id: PersonId, went_on: bool) -> Vec<Chapter> {
        let mut came = Vec::new();
        for (run, chapter) in self.chapters.iter().enumerate() {
            for (from, into) in chapter.forwards.iter().filter(|(from, into)| into.contains(from) == went_on) {
                let (from, into) = (self.issued[*from as usize].id, self.ids(into));
                if from != person_id && into.contains(&person_id) {
                    came.push(self.chapter(run, from, Some(into)));
                }
            }
        }
        came
    }

    fn ids(&self, ordinals: &[u32]) -> Vec<PersonId> {
        ordinals.iter().map(|&ordinal| self.issued[ordinal as usize].id).collect()
    }

    fn chapter(&self, run: usize, person_id: PersonId, went_into: Option<Vec<PersonId>>) -> Chapter {
        Chapter { run_id: self.runs()[run].clone(), as_of: self.chapters[run].as_of, person_id, went_into }
    }
}
