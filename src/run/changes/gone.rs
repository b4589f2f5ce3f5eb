//! Records that a provider has said are gone, so that an older row of one, in an extract that comes too late, does not bring it back.
//!
//! Of each there is the day of `updated` and a keyed hash, never the record_id. Where `updated` is not mapped nothing is older than anything, and
//! nothing is added.

use crate::failure::Result;
use crate::identity::Ledger;
use crate::job::standing::StandingList;
use crate::job::{Field, Job, Provider};
use std::collections::BTreeMap;

/// So many are remembered of a provider (4 MB); of more the earliest days are forgotten.
const REMEMBERED: usize = 100_000;
/// Characters of a hash, in hexadecimal.
const HASH: usize = 32;
/// Characters of a hash and the day behind it, YYYYMMDD.
const MARK: usize = HASH + 8;

/// What is gone of one provider.
pub(super) struct Gone<'a> {
    provider: &'a str,
    /// The key of the hashes; `None` where `updated` is not mapped.
    key: Option<[u8; 32]>,
    /// Day by hash.
    days: BTreeMap<String, String>,
}

impl<'a> Gone<'a> {
    /// What the nights before have left in `list`.
    ///
    /// # Errors
    /// OF0413 where the key of the hashes is absent although there must be one.
    pub fn of(job: &Job, provider: &'a Provider, list: Option<&StandingList>) -> Result<Gone<'a>> {
        let key = match provider.columns.contains_key(&Field::Updated) {
            true => Some(Ledger::value_key(&job.output, job.id_key_file.as_deref())?),
            false => None,
        };
        Ok(Gone { provider: &provider.id, key, days: days(list.map_or("", |list| &list.gone)) })
    }

    /// The day up to which rows of a record are older than what was said of it; `None` where it was never said to be gone.
    pub fn day(&self, record_id: &str) -> Option<&str> {
        if self.days.is_empty() {
            return None;
        }
        self.days.get(&self.hash(record_id)?).map(String::as_str)
    }

    /// Remembers that a record was gone on that day, or still is.
    pub fn mark(&mut self, record_id: &str, day: String) {
        let Some(hash) = self.hash(record_id) else { return };
        let known = self.days.entry(hash).or_default();
        if *known < day {
            *known = day;
        }
    }

    /// The record is held again, by rows that have a day of their own.
    pub fn forget(&mut self, record_id: &str) {
        if let Some(hash) = self.hash(record_id) {
            self.days.remove(&hash);
        }
    }

    /// As the nights to come read it: hashes with their days, the earliest day first.
    pub fn in_words(&self) -> String {
        let mut marks: Vec<(&str, &str)> = self.days.iter().map(|(hash, day)| (day.as_str(), hash.as_str())).collect();
        marks.sort_unstable();
        let surplus = marks.len().saturating_sub(REMEMBERED);
        marks[surplus..].iter().flat_map(|(day, hash)| [*hash, *day]).collect()
    }

    fn hash(&self, record_id: &str) -> Option<String> {
        let mut hasher = blake3::Hasher::new_keyed(self.key.as_ref()?);
        for part in ["gone", self.provider, record_id] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        Some(hasher.finalize().to_hex()[..HASH].to_string())
    }
}

/// What stands in a list; what is no mark is left out.
fn days(marks: &str) -> BTreeMap<String, String> {
    let marks = marks.as_bytes().as_chunks::<MARK>().0.iter().filter_map(|mark| std::str::from_utf8(mark).ok());
    let parts = marks.filter_map(|mark| mark.split_at_checked(HASH));
    parts.map(|(hash, day)| (hash.to_string(), day.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(marks: &str) -> Gone<'static> {
        Gone { provider: "hospice", key: Some([7; 32]), days: days(marks) }
    }

    #[test]
    fn the_latest_day_of_a_record_is_remembered_and_no_record_id() {
        let mut before = gone("");
        assert_eq!(before.day("h-42"), None);
        before.mark("h-42", "20261120".into());
        before.mark("h-42", "20261101".into());
        before.mark("h-43", "20261121".into());
        before.forget("h-43");
        let marks = before.in_words();
        assert_eq!((marks.len(), marks.contains("h-42")), (MARK, false));
        let after = gone(&marks);
        assert_eq!((after.day("h-42"), after.day("h-43")), (Some("20261120"), None));
        // Another provider's record of that name is another one, and without the key nobody is known.
        assert_eq!(Gone { provider: "acute", ..gone(&marks) }.day("h-42"), None);
        assert_eq!(Gone { key: None, ..gone(&marks) }.day("h-42"), None);
        assert_eq!(Gone { key: None, ..gone(&marks) }.in_words(), marks, "what is not asked for now is kept");
    }

    #[test]
    fn of_too_many_the_earliest_are_forgotten() {
        let mut all = gone("");
        let marks = (0..REMEMBERED + 2).map(|at| (format!("{at:032}"), (20_000_000 + at).to_string()));
        all.days.extend(marks);
        let after = days(&all.in_words());
        assert_eq!(after.len(), REMEMBERED);
        assert!(!after.contains_key(&format!("{:032}", 1)) && after.contains_key(&format!("{:032}", 2)));
    }
}
