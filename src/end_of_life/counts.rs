//! How many people: the end of life as the summary counts it.

use std::collections::BTreeMap;

/// What is counted of one person: the columns of people.parquet.
#[derive(Debug, Clone, Default)]
pub struct PersonEnding<'a> {
    /// Registered or known here.
    pub here: bool,
    /// Died within the span that the job counts.
    pub died_lately: bool,
    pub on_register: bool,
    pub recorded: bool,
    pub known_to_last: Option<bool>,
    pub late_admissions: i64,
    /// As the job translates them.
    pub preferred_place_of_death: Option<&'a str>,
    pub place_of_death: Option<&'a str>,
}

/// Exact counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndOfLifeCounts {
    /// People on the register who are registered or known here.
    pub on_register: u64,
    /// Of these, with a preferred place recorded anywhere.
    pub recorded: u64,
    /// Of these, where the provider that saw them last holds it.
    pub known_to_last: u64,
    /// People who died within the span that the job counts, by what was known of their wishes.
    pub died: [AdmissionCount; 3],
    /// Of them, by the place where they wished to die, those of whom both places are known.
    pub places: BTreeMap<String, PlaceCount>,
}

/// What was known of the wishes of somebody who died.
pub const GROUPS: [&str; 3] = ["wishes_known_to_last", "wishes_not_known_to_last", "no_wishes"];

/// People who died.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AdmissionCount {
    pub people: u64,
    /// Of these, with an unplanned admission in their last days.
    pub admitted: u64,
}

/// People who wished to die in one place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlaceCount {
    pub people: u64,
    /// Of these, who did.
    pub there: u64,
}

impl EndOfLifeCounts {
    /// Counts one more person.
    pub fn add(&mut self, person: &PersonEnding) {
        let shared = person.known_to_last == Some(true);
        if person.here && person.on_register {
            self.on_register += 1;
            self.recorded += u64::from(person.recorded);
            self.known_to_last += u64::from(person.recorded && shared);
        }
        if !person.died_lately {
            return;
        }
        let group = match person.recorded {
            true if shared => 0,
            true => 1,
            false => 2,
        };
        self.died[group].people += 1;
        self.died[group].admitted += u64::from(person.late_admissions > 0);
        if let (Some(wished), Some(there)) = (person.preferred_place_of_death, person.place_of_death) {
            let place = self.places.entry(wished.to_string()).or_default();
            place.people += 1;
            place.there += u64::from(wished == there);
        }
    }

    /// Everybody who died within the span.
    pub fn all_died(&self) -> u64 {
        self.died.iter().map(|group| group.people).sum()
    }
}
