//! The job file: read, checked whole, resolved once.
//!
//! In: a path. Out: a [`Job`] in which every path is resolved and every default filled in, so that no other
//! room looks at TOML. Always: either a `Job` without any problem, or all problems at once.

mod care;
mod check;
mod codes;
mod cohort;
mod draft;
mod draft_facts;
mod encryption;
mod end_of_life;
mod field;
pub mod guess;
mod guess_care;
mod headers;
mod kept;
mod keys;
mod people_columns;
mod problem;
mod reading;
mod reference;
mod release;
mod resolve;
mod schema;
mod segments;
mod shape;
pub(crate) mod standing;
mod surroundings;
mod terms;
#[cfg(test)]
mod tests;
mod threads;
mod values;

pub(crate) use crate::suggest::nearest;
pub(crate) use care::NEED_GONE;
pub use care::{CARE_COLUMNS, CareRule, CareSettings, PackageColumns, PackagePart};
pub use check::Checked;
pub use codes::CODES;
pub(crate) use codes::ENCRYPTION_KEY_UNNAMED;
pub use cohort::{Cohort, Order};
pub use draft::{DraftProvider, draft};
pub use encryption::EncryptionKey;
pub use end_of_life::{END_OF_LIFE_COLUMNS, EndOfLifeSettings};
pub use field::{Carry, CarryKind, Combine, CustomField, Field, FieldKind, Within};
pub use kept::Stale;
pub(crate) use kept::{Kept, KeptFile, LIST as KEPT_LIST, SOURCE_ROW, folder as kept_folder, read as read_kept};
pub use people_columns::{AGE_BANDS, BEST_FIELDS};
pub use problem::{Look, Problem};
pub use reference::{DeprivationFile, PostcodeFile, ReferenceFiles};
pub(crate) use release::GENERATIONS_MAX;
pub use release::{
    Approver, CohortOf, Confidentiality, Content, Disclosure, Exemption, Identifiers, LegalBasis, NationalList, OptOut,
    PolicySettings, Purpose, RecipientKind, Release,
};
pub use schema::schema;
pub use segments::{Segment, SegmentSet};
pub use standing::{Changes, Deleted};
pub use surroundings::Headers;
pub use threads::THREADS_MAX;

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A checked job.
#[derive(Debug, Clone)]
pub struct Job {
    /// The job file itself.
    pub path: PathBuf,
    /// Its folder: what relative paths are relative to.
    pub folder: PathBuf,
    pub name: String,
    /// Holds `runs/`, `current` and `state/`.
    pub output: PathBuf,
    pub as_of: jiff::civil::Date,
    /// 0 = all cores. [`Job::threads_begun`] bounds it.
    pub threads: usize,
    /// Memory that a run may take, in bytes; `None`: as much as the machine gives.
    pub memory_limit: Option<u64>,
    pub test_numbers: TestNumbers,
    /// Runs kept under `runs/`, the current one included.
    pub keep_runs: usize,
    /// Key of the person_ids; made in `state/` on the first run where absent.
    pub id_key_file: Option<PathBuf>,
    /// Private key that signs the audit; made in `state/` where absent.
    pub audit_key_file: Option<PathBuf>,
    /// Where the key comes from that the output is encrypted with.
    pub encryption_key: Option<EncryptionKey>,
    pub providers: Vec<Provider>,
    /// `[field.NAME]`, in the order of the file; [`Field::Custom`] holds the index here.
    pub custom_fields: Vec<CustomField>,
    /// `[model] file`, which need not be there yet: where the frozen model stands, instead of `state/model.json` below the output; or
    /// Splink's settings.
    pub model_file: Option<PathBuf>,
    pub cluster: ClusterSettings,
    pub gates: Gates,
    pub local_objections: Vec<LocalObjections>,
    /// `[[nhs_number_replaced]]` files: CSV, old,new, with or without a header.
    pub nhs_number_replaced: Vec<PathBuf>,
    /// `[[never_link]]` files: CSV, two keys a line; a key is `provider:record_id` or an NHS number.
    pub never_link: Vec<PathBuf>,
    pub disclosure: Disclosure,
    /// `[[opt_out]]` of the kinds that act on releases.
    pub opt_outs: Vec<OptOut>,
    pub policy: PolicySettings,
    pub approvers: Vec<Approver>,
    pub releases: Vec<Release>,
    pub reference: ReferenceFiles,
    pub care: CareSettings,
    pub end_of_life: Option<EndOfLifeSettings>,
    /// `[[segment_set]]`, in the order of the file.
    pub segment_sets: Vec<SegmentSet>,
    /// `[[cohort]]`, in the order of the file.
    pub cohorts: Vec<Cohort>,
}

impl Job {
    /// The names of the job's own fields, in the order of the file.
    pub fn custom_names(&self) -> Vec<String> {
        self.custom_fields.iter().map(|field| field.name.clone()).collect()
    }

    /// Are the records of the provider with this id named by the numbers of their rows? Not where there is no such provider.
    pub fn numbers_rows_of(&self, provider: &str) -> bool {
        self.providers.iter().any(|known| known.id == provider && known.numbers_rows())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TestNumbers {
    #[default]
    Auto,
    Accept,
    Refuse,
}

#[derive(Debug, Clone)]
pub struct Provider {
    pub id: String,
    pub name: String,
    pub setting: Setting,
    /// The globs as written, relative to the job's folder.
    pub globs: Vec<String>,
    /// The files they match, sorted, absolute; or those kept from an earlier night (`stale`). Never empty after the check unless
    /// `when_missing` is `Without`.
    pub files: Vec<PathBuf>,
    /// Where `files` are the last good ones, since the provider has sent none.
    pub stale: Option<Stale>,
    /// Where the provider sends only what has changed (`mode = "changes"`); `files` are then what it holds, where a run has read it before.
    pub changes: Option<Changes>,
    pub format: Format,
    /// 1..=5.
    pub trust: u8,
    pub one_record_per_person: bool,
    pub when_missing: WhenMissing,
    /// Up to how many days old the last good records may be that stand in.
    pub stale_days: u32,
    /// How each mapped field is read.
    pub columns: BTreeMap<Field, Source>,
    /// Facts carried to the person, in the order of the file.
    pub carry: Vec<Carry>,
    /// Groups of columns that hold packages of care, in the order of the file.
    pub packages: Vec<PackageColumns>,
    /// Columns that an extract lacks though the job names them and there is an earlier run: a gate judges them, and where it is waived they
    /// are read as empty.
    pub vanished: Vec<String>,
}

impl Provider {
    /// Is a column of the mapping gone from an extract?
    pub fn lacks(&self, source: &Source) -> bool {
        source.columns.iter().any(|column| self.vanished.contains(column))
    }

    /// The fields that it reads from what `keeper` calls `column`. A number is the name of a column in a file without header, and means another
    /// one in each.
    pub fn fields_read_from(&self, keeper: &Provider, column: &str) -> impl Iterator<Item = Field> {
        let numbered = column.bytes().all(|byte| byte.is_ascii_digit());
        let is_meant = !numbered || self.id == keeper.id;
        let read = move |source: &Source| source.columns.iter().any(|mapped| mapped.eq_ignore_ascii_case(column));
        self.columns.iter().filter(move |(_, source)| is_meant && read(source)).map(|(&field, _)| field)
    }

    /// Is a record of this provider named by its row's number, which may be another record's in the next extract?
    pub fn numbers_rows(&self) -> bool {
        self.columns.get(&Field::RecordId).is_some_and(|source| source.columns == ["row_number"])
    }
}

/// The care settings of DESIGN section 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    GeneralPractice,
    Acute,
    Community,
    MentalHealth,
    SocialCare,
    Ambulance,
    UrgentCare,
    Hospice,
    Pharmacy,
    PublicHealth,
    Housing,
    Voluntary,
    Other,
}

impl Setting {
    pub const ALL: [Setting; 13] = [
        Setting::GeneralPractice,
        Setting::Acute,
        Setting::Community,
        Setting::MentalHealth,
        Setting::SocialCare,
        Setting::Ambulance,
        Setting::UrgentCare,
        Setting::Hospice,
        Setting::Pharmacy,
        Setting::PublicHealth,
        Setting::Housing,
        Setting::Voluntary,
        Setting::Other,
    ];

    /// The setting with this word.
    pub fn from_word(word: &str) -> Option<Setting> {
        Setting::ALL.into_iter().find(|setting| setting.word() == word)
    }

    /// The word of the job file.
    pub const fn word(self) -> &'static str {
        match self {
            Setting::GeneralPractice => "general_practice",
            Setting::Acute => "acute",
            Setting::Community => "community",
            Setting::MentalHealth => "mental_health",
            Setting::SocialCare => "social_care",
            Setting::Ambulance => "ambulance",
            Setting::UrgentCare => "urgent_care",
            Setting::Hospice => "hospice",
            Setting::Pharmacy => "pharmacy",
            Setting::PublicHealth => "public_health",
            Setting::Housing => "housing",
            Setting::Voluntary => "voluntary",
            Setting::Other => "other",
        }
    }

    /// Trust where the job names none: registration systems first, incident records last.
    pub fn default_trust(self) -> u8 {
        match self {
            Setting::GeneralPractice => 4,
            Setting::Acute | Setting::MentalHealth | Setting::Community | Setting::SocialCare => 3,
            Setting::Hospice | Setting::PublicHealth | Setting::Pharmacy => 3,
            Setting::UrgentCare | Setting::Housing | Setting::Voluntary | Setting::Other => 2,
            Setting::Ambulance => 1,
        }
    }
}

/// `format` and its overrides; `None` means found from the data.
#[derive(Debug, Clone, Default)]
pub struct Format {
    pub kind: Option<FormatKind>,
    pub delimiter: Option<u8>,
    pub quote: Option<u8>,
    /// A WHATWG label such as `windows-1252`.
    pub encoding: Option<String>,
    /// `false`: the first line is data and columns are "1", "2", …
    pub header: Option<bool>,
    pub skip_rows: usize,
    pub sheet: Option<String>,
    pub layout: Vec<FixedColumn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatKind {
    Csv,
    Parquet,
    JsonLines,
    FixedWidth,
    Xlsx,
}

/// One column of a fixed-width extract; `start` counts characters from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedColumn {
    pub column: String,
    pub start: usize,
    pub width: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenMissing {
    /// The last good extracts stand in, up to `stale_days`; where there are none it stops the run.
    Last,
    /// An unreadable or absent extract stops the run (exit 3).
    Stop,
    /// The run goes on without that provider, and says so.
    Without,
}

/// Where a field's value comes from in an extract, and how to read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// One column, or several that are joined by one space. The single name "row_number" for `record_id` stands for the row's number
    /// unless the extract has such a column.
    pub columns: Vec<String>,
    /// A strptime format for dates; found from the data where absent.
    pub format: Option<String>,
    /// Extends the built-in codes: raw value → canonical value.
    pub values: BTreeMap<String, String>,
    /// For `nhs_number`: always verified, or verified where a status column has one of these values.
    pub verified: Verified,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Verified {
    #[default]
    No,
    Always,
    When {
        column: String,
        values: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy)]
pub struct ClusterSettings {
    /// The cut minimises expected (cost × false + missed) links.
    pub false_link_cost: f64,
    /// A calibrated average-link probability, instead of the cost.
    pub threshold: Option<f64>,
    /// Pairs from here up to the cut go to review.
    pub review_from: f64,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        ClusterSettings { false_link_cost: 20.0, threshold: None, review_from: 0.80 }
    }
}

/// Limits that stop a night from being published. Shares, 0..=1.
#[derive(Debug, Clone, Copy)]
pub struct Gates {
    pub maximum_quarantined: f64,
    /// Change of the number of people against the run before; not judged on the first run.
    pub maximum_people_change: f64,
    /// How much of a provider's rows may be missing against the run before.
    pub maximum_provider_shrink: f64,
    /// Change, in parts of all rows, of how often a column is filled or understood.
    pub maximum_column_change: f64,
    /// Of the people of the run before, how many may be put together with others.
    pub maximum_merged: f64,
    /// Rise of the share of people with a history that cannot be.
    pub maximum_impossible_rise: f64,
}

impl Default for Gates {
    fn default() -> Self {
        Gates {
            maximum_quarantined: 0.05,
            maximum_people_change: 0.10,
            maximum_provider_shrink: 0.20,
            maximum_column_change: 0.20,
            maximum_merged: 0.02,
            maximum_impossible_rise: 0.005,
        }
    }
}

/// `[[opt_out]] kind = "local"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalObjections {
    /// CSV files with a header: `nhs_number`, or `provider,record_id`; optional `from,until` (inclusive, ISO dates).
    pub files: Vec<PathBuf>,
}
