//! What the summary needs to know, as plain columns: the driver of a run fills it.

use super::Past;
use super::disclosure::Control;
use crate::care::CareCounts;
use crate::cohort;
use crate::end_of_life::EndOfLifeCounts;
use crate::identity::ChangeKind;
use crate::intake::QuarantineCode;
use crate::job::Setting;

/// [`People::area`] of somebody whose place is not known.
pub const NO_AREA: u32 = u32::MAX;

/// Everything that one run's summary is made of. Withheld people are in none of it but [`Provider::withheld_rows`].
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// `[job] name`.
    pub job: &'a str,
    pub as_of: jiff::civil::Date,
    pub run_id: &'a str,
    /// How counts are protected.
    pub control: &'a Control,
    /// In the order of the job.
    pub providers: Vec<Provider<'a>>,
    pub people: People<'a>,
    pub linkage: Linkage,
    /// `None` on the first run.
    pub changes: Option<Changes<'a>>,
    /// In the order of the job.
    pub segment_sets: Vec<SegmentSet<'a>>,
    /// In the order of the job.
    pub cohorts: &'a [cohort::CohortCount],
    /// What earlier runs have printed.
    pub past: Past,
    /// `None` where no provider sends packages of care.
    pub care: Option<CareCounts>,
    /// `None` without `[end_of_life]`.
    pub end_of_life: Option<EndOfLifeCounts>,
}

/// Groups that part everybody.
#[derive(Debug, Clone)]
pub struct SegmentSet<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// Where the groups come from; `None` where they are the job's own.
    pub source: Option<&'a str>,
    /// Facts that the groups look at and that no provider carries.
    pub absent: &'a [String],
    /// Id and name of each segment.
    pub segments: Vec<(&'a str, &'a str)>,
    /// Place of each person's segment; beyond the last where it is not known.
    pub of_person: &'a [u8],
}

/// One provider: its rows are `records + quarantined + withheld_rows`.
#[derive(Debug, Clone)]
pub struct Provider<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub setting: Setting,
    /// How old its records are where its last good extracts stand in; `None` where it has sent its own.
    pub days_old: Option<i64>,
    /// Rows in the crosswalk.
    pub records: u64,
    pub withheld_rows: u64,
    /// Rows in quarantine by code; codes may be left out.
    pub quarantined: Vec<(QuarantineCode, u64)>,
    /// The fields this provider maps, in the order of [`crate::job::Field`].
    pub fields: Vec<FieldQuality<'a>>,
}

impl Provider<'_> {
    pub(super) fn quarantined_rows(&self) -> u64 {
        self.quarantined.iter().map(|&(_, rows)| rows).sum()
    }

    pub(super) fn quarantined_for(&self, code: QuarantineCode) -> u64 {
        self.quarantined.iter().filter(|(of, _)| *of == code).map(|(_, rows)| rows).sum()
    }
}

/// How well one provider fills one field, over the records that are in the crosswalk.
#[derive(Debug, Clone)]
pub struct FieldQuality<'a> {
    /// The word of the job file, such as `date_of_birth`.
    pub field: &'a str,
    /// Records with any value as it was sent.
    pub filled: u64,
    /// Records whose value could be used after cleaning; at most `filled`.
    pub valid: u64,
}

/// Everybody, one entry a person in every slice. Sensitive people come with [`NO_AREA`] and no providers, exactly like an ordinary
/// unknown.
#[derive(Debug, Clone, Copy)]
pub struct People<'a> {
    /// Whole years at `as_of`; of the best record.
    pub age: &'a [Option<u8>],
    pub sex: &'a [Sex],
    pub ethnicity: &'a [EthnicGroup],
    pub status: &'a [Status],
    /// The calibrated probability of the weakest link of whoever was put together from several records.
    pub weakest: &'a [Option<f64>],
    /// Index into `area_names`, or [`NO_AREA`].
    pub area: &'a [u32],
    /// Distinct names, such as outward postcodes; any order.
    pub area_names: &'a [String],
    /// Ends of each person's run in `providers` (length: people).
    pub provider_ends: &'a [u64],
    /// Indexes into [`Facts::providers`], each at most once a person.
    pub providers: &'a [u16],
}

impl<'a> People<'a> {
    pub fn len(&self) -> usize {
        self.age.len()
    }

    pub fn is_empty(&self) -> bool {
        self.age.is_empty()
    }

    /// The providers that know `person`.
    pub fn providers_of(&self, person: usize) -> &'a [u16] {
        let start = if person == 0 { 0 } else { self.provider_ends[person - 1] as usize };
        &self.providers[start..self.provider_ends[person] as usize]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Sex {
    Female,
    Male,
    /// Indeterminate, unknown or missing: too few for a line of their own in most places.
    Other,
}

impl Sex {
    pub const ALL: [Sex; 3] = [Sex::Female, Sex::Male, Sex::Other];

    /// From the canonical word of a best record, or a missing one.
    pub fn from_word(word: Option<&str>) -> Sex {
        match word {
            Some("female") => Sex::Female,
            Some("male") => Sex::Male,
            _ => Sex::Other,
        }
    }

    pub fn words(self) -> &'static str {
        ["Female", "Male", "Indeterminate or not known"][self as usize]
    }
}

/// The five groups of the NHS data dictionary's ethnic categories of 2001.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EthnicGroup {
    White,
    Mixed,
    Asian,
    Black,
    Other,
    NotKnown,
}

impl EthnicGroup {
    pub const ALL: [EthnicGroup; 6] = [
        EthnicGroup::White,
        EthnicGroup::Mixed,
        EthnicGroup::Asian,
        EthnicGroup::Black,
        EthnicGroup::Other,
        EthnicGroup::NotKnown,
    ];

    /// From a national code (DOMAIN section 4: its first character counts); Z, 99 and anything else are not known.
    pub fn from_code(code: Option<&str>) -> EthnicGroup {
        match code.and_then(|code| code.chars().next()) {
            Some('A'..='C') => EthnicGroup::White,
            Some('D'..='G') => EthnicGroup::Mixed,
            Some('H' | 'J' | 'K' | 'L') => EthnicGroup::Asian,
            Some('M' | 'N' | 'P') => EthnicGroup::Black,
            Some('R' | 'S') => EthnicGroup::Other,
            _ => EthnicGroup::NotKnown,
        }
    }

    pub fn words(self) -> &'static str {
        [
            "White",
            "Mixed",
            "Asian or Asian British",
            "Black or Black British",
            "Chinese or other group",
            "Not stated or not known",
        ][self as usize]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Status {
    Registered,
    KnownOnly,
    Left,
    Died,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Registered, Status::KnownOnly, Status::Left, Status::Died];

    pub fn words(self) -> &'static str {
        ["Registered", "Known, not registered", "Left", "Died"][self as usize]
    }
}

/// What linking did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Linkage {
    pub pairs_compared: u64,
    /// Pairs at or above the cut.
    pub links: u64,
    /// Pairs in the grey zone, left for a person to decide.
    pub review: u64,
    /// The model's own estimate, where it gives one.
    pub estimate: Option<Estimate>,
}

/// Shares, 0..=1.
#[derive(Debug, Clone, Copy)]
pub struct Estimate {
    /// Of the pairs of records put together, those that belong together.
    pub precision: f64,
    /// Of the pairs that belong together, those put together.
    pub recall: f64,
}

/// People, against an earlier run.
#[derive(Debug, Clone, Copy)]
pub struct Changes<'a> {
    pub from_run: &'a str,
    pub new: u64,
    pub grown: u64,
    pub shrunk: u64,
    pub merged: u64,
    pub split: u64,
    pub retired: u64,
}

impl<'a> Changes<'a> {
    /// Against `from_run`; `count` says how many people each kind of change happened to.
    pub fn counted(from_run: &'a str, count: impl Fn(ChangeKind) -> u64) -> Changes<'a> {
        Changes {
            from_run,
            new: count(ChangeKind::New),
            grown: count(ChangeKind::Grown),
            shrunk: count(ChangeKind::Shrunk),
            merged: count(ChangeKind::Merged),
            split: count(ChangeKind::Split),
            retired: count(ChangeKind::Retired),
        }
    }
}

/// The outward half of a postcode in normal form ("NW10 4TL" → "NW10"), the area of the first summary. `None` where it does not
/// have that form, or is a pseudo postcode (ZZ99).
pub fn postcode_district(postcode: &str) -> Option<&str> {
    let (district, _) = postcode.split_once(' ')?;
    let letters = district.bytes().take_while(u8::is_ascii_uppercase).count();
    let fits = (1..=2).contains(&letters) && (letters + 1..=4).contains(&district.len()) && district.is_ascii();
    (fits && !district.starts_with("ZZ")).then_some(district)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn districts_of_real_places_only() {
        assert_eq!(postcode_district("NW10 4TL"), Some("NW10"));
        assert_eq!(postcode_district("W1A 1AA"), Some("W1A"));
        assert_eq!(postcode_district("ZZ99 3VZ"), None);
        assert_eq!(postcode_district("10115"), None);
        assert_eq!(postcode_district("Calle 5"), None);
    }

    #[test]
    fn ethnic_codes_fall_into_their_groups() {
        assert_eq!(EthnicGroup::from_code(Some("C ")), EthnicGroup::White);
        assert_eq!(EthnicGroup::from_code(Some("K")), EthnicGroup::Asian);
        assert_eq!(EthnicGroup::from_code(Some("99")), EthnicGroup::NotKnown);
        assert_eq!(EthnicGroup::from_code(None), EthnicGroup::NotKnown);
    }
}
