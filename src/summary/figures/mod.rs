//! The figures of the summary, after disclosure control: all that pages and files may draw from.
//!
//! Order and grouping follow what is shown, never the exact counts behind it, so that they tell nothing either.

mod read;

use super::care::CareFigures;
use super::cells;
use super::count::Counts;
use super::disclosure::{Issued, Preset, Shown};
use super::end_of_life::EndOfLifeFigures;
use super::over_time::OverTime;
use super::{Estimate, EthnicGroup, Facts, Status};
use crate::intake::QuarantineCode;
use crate::job::Setting;
use read::{Read, change_figures};
use std::collections::BTreeSet;

/// Groups with fewer people than this are told no rate: one person more or less would change it too much.
const FEWEST_OF_A_GROUP: u64 = 100;

pub(super) struct Figures<'a> {
    pub job: &'a str,
    pub as_of: jiff::civil::Date,
    pub run_id: &'a str,
    /// How counts are protected.
    pub preset: Preset,
    /// Everybody.
    pub people: Shown,
    pub accounts: Accounts,
    pub providers: Vec<ProviderFigures<'a>>,
    pub status: Vec<Group>,
    pub age_sex: Vec<AgeBand>,
    /// Places with people enough to be shown, by name.
    pub areas: Vec<Group>,
    /// Together: places with too few people each, then place not known.
    pub areas_rest: Vec<Group>,
    pub ethnicity: Vec<Group>,
    /// Empty where it would say what another table hides (two providers of two settings).
    pub known_to: Vec<Group>,
    pub settings: Settings,
    /// `None` with fewer than three providers, where overlap and total would give each other away.
    pub overlap: Option<Overlap>,
    pub linkage: LinkageFigures,
    pub changes: Option<ChangeFigures<'a>>,
    pub segment_sets: Vec<SegmentFigures<'a>>,
    pub cohorts: Vec<CohortFigures<'a>>,
    pub care: Option<CareFigures>,
    pub end_of_life: Option<EndOfLifeFigures>,
    pub over_time: OverTime,
    /// What later issues are to be held against.
    pub issued: Issued,
}

/// A label and its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub label: String,
    pub people: Shown,
}

pub(super) struct AgeBand {
    pub label: String,
    /// In the order of [`super::Sex::ALL`].
    pub people: [Shown; 3],
}

/// Rows in = linked + quarantined + withheld.
pub(super) struct Accounts {
    pub read: Shown,
    pub linked: Shown,
    pub quarantined: Shown,
    pub withheld: Shown,
    /// Linked rows beyond the first of each person.
    pub duplicates: Shown,
}

impl Accounts {
    /// Each with its name in the tables.
    pub fn named(&self) -> [(&'static str, Shown); 5] {
        [
            ("Rows read", self.read),
            ("Rows linked", self.linked),
            ("Rows quarantined", self.quarantined),
            ("Rows withheld", self.withheld),
            ("Duplicates removed", self.duplicates),
        ]
    }
}

pub(super) struct ProviderFigures<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub setting: Setting,
    /// Of its last good extracts, where they stand in.
    pub days_old: Option<i64>,
    pub records: Shown,
    pub people: Shown,
    pub quarantined: Shown,
    pub withheld: Shown,
    /// Every code, in order.
    pub codes: Vec<(QuarantineCode, Shown)>,
    pub fields: Vec<FieldFigures<'a>>,
}

pub(super) struct FieldFigures<'a> {
    pub field: &'a str,
    pub filled: Shown,
    pub valid: Shown,
    /// In hundredths of the provider's records.
    pub filled_percent: Option<f64>,
    pub valid_percent: Option<f64>,
}

pub(super) struct Settings {
    /// The settings that take part, most people first. The count is `None` where there are fewer than three.
    pub rows: Vec<(Setting, Option<Shown>)>,
    /// Indexes into `rows`, and the people known to exactly these.
    pub combinations: Vec<(Vec<usize>, Shown)>,
    /// All other combinations together; people whose providers may not be named.
    pub rest: Vec<Group>,
}

/// Square, row by row, over `providers` (indexes into [`Figures::providers`]).
pub(super) struct Overlap {
    pub providers: Vec<usize>,
    /// `None` where nothing is told, not even that it is few.
    pub cells: Vec<Option<Shown>>,
}

impl Overlap {
    pub fn at(&self, row: usize, column: usize) -> Shown {
        self.told(row, column).unwrap_or(Shown::HIDDEN)
    }

    pub fn told(&self, row: usize, column: usize) -> Option<Shown> {
        self.cells[row * self.providers.len() + column]
    }
}

pub(super) struct LinkageFigures {
    pub pairs_compared: Shown,
    pub links: Shown,
    pub review: Shown,
    pub estimate: Option<Estimate>,
    /// By age, sex and ethnic group.
    pub groups: Vec<LinkedGroup>,
}

/// How sure linking is of the people of one group who were put together from several records.
pub(super) struct LinkedGroup {
    /// "age", "sex" or "ethnic_group".
    pub by: &'static str,
    pub label: String,
    pub several: Shown,
    /// Of 1,000 of them, how many are expected to hold a record of somebody else; `None` of a group too small to say.
    pub wrong_per_thousand: Option<f64>,
}

/// The segments of a set by age.
pub(super) struct SegmentFigures<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub source: Option<&'a str>,
    pub absent: &'a [String],
    pub rows: Vec<SegmentRow<'a>>,
}

pub(super) struct SegmentRow<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub people: Shown,
    /// In the order of [`super::count::WIDE_BANDS`].
    pub by_age: Vec<Shown>,
}

/// A cohort against everybody.
pub(super) struct CohortFigures<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// Hash of its definition.
    pub definition: &'a str,
    pub people: Shown,
    /// `None` where the run before had no such cohort.
    pub entered: Option<Shown>,
    pub left: Option<Shown>,
}

pub(super) struct ChangeFigures<'a> {
    pub from_run: &'a str,
    /// What happened to people, in words, and how many.
    pub rows: Vec<Group>,
}

impl<'a> Figures<'a> {
    /// Printed rows in quarantine by reason, of all providers together: a total of its own would have to hide far more than it tells.
    pub fn quarantine(&self) -> [(QuarantineCode, u64); QuarantineCode::ALL.len()] {
        let printed =
            |code| self.providers.iter().flat_map(|provider| &provider.codes).filter(move |(own, _)| *own == code);
        QuarantineCode::ALL.map(|code| (code, printed(code).filter_map(|(_, rows)| rows.count()).sum()))
    }

    /// The providers whose number of linked rows is hidden.
    pub fn records_hidden(&self) -> BTreeSet<String> {
        let hidden = self.providers.iter().filter(|provider| provider.records.is_hidden());
        hidden.map(|provider| provider.id.to_string()).collect()
    }

    pub fn new(facts: &Facts<'a>, counts: &Counts) -> Figures<'a> {
        let (cells, shown) = cells::protect(facts, counts);
        let cells = Read { facts, cells: &cells, shown: &shown };
        let settings = cells.settings();
        let two_alike = facts.providers.len() < 3 && settings.rows.len() == 2;
        let single = |name: &str, count: u64| facts.control.single(name, count);
        let (areas, areas_rest) = cells.places();
        let mut figures = Figures {
            job: facts.job,
            as_of: facts.as_of,
            run_id: facts.run_id,
            preset: facts.control.preset(),
            people: shown.at(cells.cells.people),
            accounts: cells.accounts(),
            providers: cells.providers(),
            status: cells.groups(&cells.cells.status, |at| Status::ALL[at].words().into()),
            age_sex: cells.age_sex(),
            areas,
            areas_rest,
            ethnicity: cells.groups(&cells.cells.ethnicity, |at| EthnicGroup::ALL[at].words().into()),
            known_to: if two_alike { Vec::new() } else { cells.known_to() },
            settings,
            overlap: cells.overlap(counts),
            linkage: LinkageFigures {
                pairs_compared: single("pairs compared", facts.linkage.pairs_compared),
                links: single("links", facts.linkage.links),
                review: single("review", facts.linkage.review),
                estimate: facts.linkage.estimate,
                groups: cells.linked_groups(counts),
            },
            changes: facts.changes.as_ref().map(|changes| change_figures(changes, facts.control)),
            segment_sets: cells.segment_sets(),
            cohorts: cells.cohorts(),
            end_of_life: cells.cells.end_of_life.as_ref().map(|cells| cells.read(&shown)),
            care: facts.care.as_ref().zip(cells.cells.care.as_ref()).map(|(care, cells)| cells.read(care, &shown)),
            over_time: OverTime::default(),
            issued: shown.issued().clone(),
        };
        figures.over_time = OverTime::new(&facts.past, &figures);
        figures
    }
}

/// A setting in words for people.
pub(super) fn setting_words(setting: Setting) -> &'static str {
    match setting {
        Setting::GeneralPractice => "General practice",
        Setting::Acute => "Acute hospital",
        Setting::Community => "Community health",
        Setting::MentalHealth => "Mental health",
        Setting::SocialCare => "Social care",
        Setting::Ambulance => "Ambulance",
        Setting::UrgentCare => "Urgent care",
        Setting::Hospice => "Hospice",
        Setting::Pharmacy => "Pharmacy",
        Setting::PublicHealth => "Public health",
        Setting::Housing => "Housing",
        Setting::Voluntary => "Voluntary sector",
        Setting::Other => "Other",
    }
}
