//! What a job says of the end of life.

use super::field::Within;
use std::collections::BTreeMap;

/// `[end_of_life]`: which carried facts say what, by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndOfLifeSettings {
    pub on_register: String,
    pub preferred_place_of_death: String,
    pub preferred_place_of_care: Option<String>,
    /// Where somebody died.
    pub place_of_death: Option<String>,
    /// When wishes were decided or reviewed.
    pub decided_on: Option<String>,
    /// Days of unplanned admissions.
    pub unplanned_admission: Option<String>,
    /// Admissions so many days before a death are counted, the day of death among them.
    pub last_days: i32,
    /// Deaths within this span before `as_of` are counted.
    pub died_within: Within,
    /// What stands for one place, in small letters → the place.
    pub places: BTreeMap<String, String>,
}

impl EndOfLifeSettings {
    /// A place in the one word that the job has for it.
    pub fn place(&self, value: &str) -> String {
        let key = value.trim().to_lowercase();
        self.places.get(&key).cloned().unwrap_or(key)
    }
}

/// The columns of people.parquet that come of `[end_of_life]`.
pub const END_OF_LIFE_COLUMNS: [&str; 4] =
    ["wishes_recorded", "wishes_known_to_last", "died_where_wished", "late_unplanned_admissions"];
