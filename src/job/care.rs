//! What a job says of packages of care: which columns hold them, and who should have one.

use super::Source;
use super::field::Within;
use crate::expression::Expression;
use std::collections::BTreeMap;

/// `[[provider.package]]`: the columns that hold one package of care a row. `service` and `start` are always there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackageColumns {
    pub parts: BTreeMap<PackagePart, Source>,
}

/// What a column of a package says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackagePart {
    Service,
    /// What it is for; where no column says so, the service.
    Need,
    Start,
    /// The last day.
    End,
    PlannedUntil,
    EndedBecause,
}

impl PackagePart {
    pub const ALL: [PackagePart; 6] = [
        PackagePart::Service,
        PackagePart::Need,
        PackagePart::Start,
        PackagePart::End,
        PackagePart::PlannedUntil,
        PackagePart::EndedBecause,
    ];

    /// The key of the job file.
    pub const fn word(self) -> &'static str {
        match self {
            PackagePart::Service => "service",
            PackagePart::Need => "need",
            PackagePart::Start => "start",
            PackagePart::End => "end",
            PackagePart::PlannedUntil => "planned_until",
            PackagePart::EndedBecause => "ended_because",
        }
    }

    pub fn is_date(self) -> bool {
        matches!(self, PackagePart::Start | PackagePart::End | PackagePart::PlannedUntil)
    }
}

/// `[care]`.
#[derive(Debug, Clone, PartialEq)]
pub struct CareSettings {
    /// A package that ended more than so many days ago, with none after it for the same need, ended without a successor.
    pub successor_days: i32,
    /// Only packages that ended within this span before `as_of` are asked for a successor.
    pub ended_within: Within,
    /// `[[care.rule]]`, in the order of the file.
    pub rules: Vec<CareRule>,
}

impl Default for CareSettings {
    fn default() -> Self {
        CareSettings { successor_days: 28, ended_within: Within { months: 12, days: 0 }, rules: Vec::new() }
    }
}

impl CareSettings {
    /// Does any rule look at one of these columns?
    pub fn looks_at(&self, columns: &[String]) -> bool {
        self.rules.iter().flat_map(|rule| rule.rule.columns()).any(|column| columns.contains(column))
    }
}

/// `[[care.rule]]`: whom it holds for should have a package for a need.
#[derive(Debug, Clone, PartialEq)]
pub struct CareRule {
    pub id: String,
    pub name: String,
    /// `where` as it was read.
    pub rule: Expression,
    pub need: String,
}

/// Why a package ended, in words of ours that say that its need went with it: nothing has to follow.
pub const NEED_GONE: [&str; 3] = ["need_met", "moved_away", "died"];

/// The columns of people.parquet that come of packages; there are none where no provider sends packages.
pub const CARE_COLUMNS: [&str; 6] =
    ["packages_current", "package_needs", "package_overlaps", "packages_ended", "packages_due", "package_gaps"];
