//! The figures of the summary, after disclosure control: all that pages and files may draw from.
//!
//! Order and grouping follow what is shown, never the exact counts behind it, so that they tell nothing either.

use super::care::CareFigures;
use super::cells::{self, Cells, overlap_name, rows_name};
use super::count::{AGE_BANDS, Counts, KNOWN_TO, age_band_words};
use super::disclosure::{Control, Place, Preset, Protected, Shown};
use super::end_of_life::EndOfLifeFigures;
use super::{Changes, Estimate, EthnicGroup, Facts, Sex, Status};
use crate::cohort;
use crate::intake::QuarantineCode;
use crate::job::Setting;
use std::cmp::Reverse;

pub(super) struct Figures<'a> {
    pub job: &'a str,
    pub as_of: jiff::civil::Date,
    pub run_id: &'a str,
    /// How counts are protected.
    pub preset: Preset,
    /// Everybody: the one exact count.
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
}

/// A label and its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub label: String,
    pub people: Shown,
}

pub(super) struct AgeBand {
    pub label: String,
    /// In the order of [`Sex::ALL`].
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
    pub cells: Vec<Shown>,
}

impl Overlap {
    pub fn at(&self, row: usize, column: usize) -> Shown {
        self.cells[row * self.providers.len() + column]
    }
}

pub(super) struct LinkageFigures {
    pub pairs_compared: Shown,
    pub links: Shown,
    pub review: Shown,
    pub estimate: Option<Estimate>,
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
    pub fn new(facts: &Facts<'a>, counts: &Counts) -> Figures<'a> {
        let (cells, shown) = cells::protect(facts, counts);
        let cells = Read { facts, cells: &cells, shown: &shown };
        let settings = cells.settings();
        let two_alike = facts.providers.len() < 3 && settings.rows.len() == 2;
        let single = |name: &str, count: u64| facts.control.single(name, count);
        let (areas, areas_rest) = cells.places();
        Figures {
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
            },
            changes: facts.changes.as_ref().map(|changes| change_figures(changes, facts.control)),
            segment_sets: cells.segment_sets(),
            cohorts: cells.cohorts(),
            end_of_life: cells.cells.end_of_life.as_ref().map(|cells| cells.read(&shown)),
            care: facts.care.as_ref().zip(cells.cells.care.as_ref()).map(|(care, cells)| cells.read(care, &shown)),
        }
    }
}

/// The protected table, read back into figures.
struct Read<'r, 'a> {
    facts: &'r Facts<'a>,
    cells: &'r Cells,
    shown: &'r Protected,
}

impl<'a> Read<'_, 'a> {
    fn groups(&self, places: &[Place], label: impl Fn(usize) -> String) -> Vec<Group> {
        places.iter().enumerate().map(|(at, &place)| Group { label: label(at), people: self.shown.at(place) }).collect()
    }

    fn age_sex(&self) -> Vec<AgeBand> {
        let width = Sex::ALL.len();
        let people = |band: usize, sex: usize| self.shown.at(self.cells.age_sex[band * width + sex]);
        let band =
            |band: usize| AgeBand { label: age_band_words(band), people: std::array::from_fn(|sex| people(band, sex)) };
        (0..AGE_BANDS).map(band).collect()
    }

    fn known_to(&self) -> Vec<Group> {
        let label = |providers: usize| match providers {
            0 => "No provider that may be named".into(),
            1 => "1 provider".into(),
            _ if providers == KNOWN_TO - 1 => format!("{providers} or more"),
            _ => format!("{providers} providers"),
        };
        let mut rows = self.groups(&self.cells.known_to, label);
        if rows[0].people.count() == Some(0) {
            rows.remove(0);
        }
        while rows.len() > 1 && rows.last().is_some_and(|row| row.people.count() == Some(0)) {
            rows.pop();
        }
        rows
    }

    /// Places by name, those with fewer people than may be shown together in one row, and place not known.
    fn places(&self) -> (Vec<Group>, Vec<Group>) {
        let (names, areas) = (self.facts.people.area_names, &self.cells.areas);
        let group = |label: &str, place: Place| Group { label: label.into(), people: self.shown.at(place) };
        let shown = areas.shown.iter().map(|&(area, place)| group(&names[area], place)).collect();
        let small = areas.some_are_small.then(|| group("Places with too few people each", areas.small));
        (shown, small.into_iter().chain([group("Place not known", areas.unknown)]).collect())
    }

    fn settings(&self) -> Settings {
        let people = |place: Place| self.shown.at(place);
        let mut rows: Vec<(Setting, Shown)> =
            self.cells.settings.iter().map(|&(setting, place)| (setting, people(place))).collect();
        rows.sort_by_key(|&(setting, shown)| (Reverse(shown.count().unwrap_or(1)), setting));
        let members = |mask: usize| (0..rows.len()).filter(|&row| mask & (1 << rows[row].0 as usize) != 0).collect();
        let combinations =
            self.cells.combinations.iter().map(|&(mask, place)| (members(mask), people(place))).collect();
        let rest = [
            ("All other combinations", self.cells.other_combinations),
            ("No provider that may be named", self.cells.known_to[0]),
        ];
        let rest = rest.map(|(label, place)| Group { label: label.into(), people: people(place) });
        let totals_are_safe = rows.len() > 2;
        Settings {
            combinations,
            rest: rest.into_iter().filter(|group| group.people.count() != Some(0)).collect(),
            rows: rows.into_iter().map(|(setting, shown)| (setting, totals_are_safe.then_some(shown))).collect(),
        }
    }

    fn overlap(&self, counts: &Counts) -> Option<Overlap> {
        let (providers, width) = (&self.facts.providers, counts.overlap_of.len());
        let cell = |row: usize, column: usize| {
            let (one, two) = (usize::from(counts.overlap_of[row]), usize::from(counts.overlap_of[column]));
            let name = || overlap_name(providers[one].id, providers[two].id);
            let single = || self.facts.control.single(&name(), counts.overlap[row * width + column]);
            self.cells.overlap.get(&(one, two)).map_or_else(single, |&place| self.shown.at(place))
        };
        (providers.len() > 2).then(|| Overlap {
            providers: counts.overlap_of.iter().map(|&provider| provider as usize).collect(),
            cells: (0..width * width).map(|at| cell(at / width, at % width)).collect(),
        })
    }

    fn segment_sets(&self) -> Vec<SegmentFigures<'a>> {
        let set = |(set, places): (&super::SegmentSet<'a>, &Vec<cells::SegmentCells>)| {
            let names = set.segments.iter().copied().chain([("", "Not known")]);
            let row = |((id, name), places): ((&'a str, &'a str), &cells::SegmentCells)| SegmentRow {
                id,
                name,
                people: self.shown.at(places.people),
                by_age: self.shown.all(&places.by_age),
            };
            let mut rows: Vec<SegmentRow> = names.zip(places).map(row).collect();
            // Everybody is in a segment but whoever was flagged as sensitive after the run.
            rows.pop_if(|row| row.people.count() == Some(0));
            SegmentFigures { id: set.id, name: set.name, source: set.source, absent: set.absent, rows }
        };
        self.facts.segment_sets.iter().zip(&self.cells.segments).map(set).collect()
    }

    fn cohorts(&self) -> Vec<CohortFigures<'a>> {
        let one = |(cohort, cells): (&'a cohort::CohortCount, &cells::CohortCells)| {
            let people = self.shown.at(cells.people);
            let left = |count: u64| self.facts.control.single(&format!("cohort|{}|left", cohort.id), count);
            // Whoever entered is in it: where nothing is said of the whole, nothing is of the part.
            let entered = |place| if people.is_hidden() { people } else { self.shown.at(place) };
            CohortFigures {
                id: &cohort.id,
                name: &cohort.name,
                people,
                entered: cells.entered.map(entered),
                left: cohort.left.map(left),
            }
        };
        self.facts.cohorts.iter().zip(&self.cells.cohorts).map(one).collect()
    }

    fn accounts(&self) -> Accounts {
        let (rows, at) = (&self.cells.rows, |place| self.shown.at(place));
        Accounts {
            read: at(rows.read),
            linked: at(rows.linked),
            quarantined: at(rows.quarantined),
            withheld: at(rows.withheld),
            duplicates: at(rows.duplicates),
        }
    }

    fn providers(&self) -> Vec<ProviderFigures<'a>> {
        let at = |place| self.shown.at(place);
        let all = self.facts.providers.iter().zip(&self.cells.rows.of_provider).zip(&self.cells.of_provider);
        let one =
            |((provider, rows), &people): ((&super::Provider<'a>, &cells::ProviderRows), &Place)| ProviderFigures {
                id: provider.id,
                name: provider.name,
                setting: provider.setting,
                days_old: provider.days_old,
                records: at(rows.records),
                people: at(people),
                quarantined: at(rows.quarantined),
                withheld: at(rows.withheld),
                codes: QuarantineCode::ALL.into_iter().zip(self.shown.all(&rows.codes)).collect(),
                fields: fields(provider, at(rows.records), self.facts.control),
            };
        all.map(one).collect()
    }
}

fn fields<'a>(provider: &super::Provider<'a>, records: Shown, control: &Control) -> Vec<FieldFigures<'a>> {
    let name = rows_name(provider.id);
    let figures = |quality: &super::FieldQuality<'a>| {
        // A provider with too few rows to be counted is not described either.
        let of = |count: u64| if records.is_hidden() { records } else { control.single(&name, count) };
        let (filled, valid) = (of(quality.filled), of(quality.valid));
        FieldFigures {
            field: quality.field,
            filled,
            valid,
            filled_percent: filled.percent_of(records),
            valid_percent: valid.percent_of(records),
        }
    };
    provider.fields.iter().map(figures).collect()
}

fn change_figures<'a>(changes: &Changes<'a>, control: &Control) -> ChangeFigures<'a> {
    let rows = [
        ("People seen for the first time", changes.new),
        ("Known people with more records", changes.grown),
        ("Known people with fewer records", changes.shrunk),
        ("Put together: found to be one person", changes.merged),
        ("Taken apart: found to be several people", changes.split),
        ("No longer in any extract", changes.retired),
    ];
    let row = |(label, count): (&str, u64)| Group { label: label.into(), people: control.single(label, count) };
    ChangeFigures { from_run: changes.from_run, rows: rows.map(row).to_vec() }
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
