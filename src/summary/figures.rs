//! The figures of the summary, after disclosure control: all that pages and files may draw from.
//!
//! Order and grouping follow what is shown, never the exact counts behind it, so that they tell nothing either.

use super::count::{AGE_BANDS, COMBINATIONS, Counts, KNOWN_TO, WIDE_BANDS, age_band_words};
use super::disclosure::{HIDDEN_UP_TO, Place, Protected, Shown, Table, groups_of_a_known_total};
use super::{Changes, Estimate, EthnicGroup, Facts, Sex, Status};
use crate::cohort;
use crate::intake::QuarantineCode;
use crate::job::Setting;
use std::cmp::Reverse;

/// Combinations of settings shown one by one; the others together.
const COMBINATIONS_SHOWN: usize = 14;

pub(super) struct Figures<'a> {
    pub job: &'a str,
    pub as_of: jiff::civil::Date,
    pub run_id: &'a str,
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
    /// In the order of [`WIDE_BANDS`].
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
        let (accounts, providers) = accounts_and_providers(facts, counts);
        let (areas, areas_rest) = places(facts, counts);
        let settings = settings(facts, counts);
        let two_alike = facts.providers.len() < 3 && settings.rows.len() == 2;
        Figures {
            job: facts.job,
            as_of: facts.as_of,
            run_id: facts.run_id,
            people: Shown::whole_population(counts.people),
            accounts,
            providers,
            status: groups(&counts.status, |index| Status::ALL[index].words().into()),
            age_sex: age_sex(counts),
            areas,
            areas_rest,
            ethnicity: groups(&counts.ethnicity, |index| EthnicGroup::ALL[index].words().into()),
            known_to: if two_alike { Vec::new() } else { known_to(counts) },
            settings,
            overlap: overlap(facts, counts),
            linkage: LinkageFigures {
                pairs_compared: Shown::single(facts.linkage.pairs_compared),
                links: Shown::single(facts.linkage.links),
                review: Shown::single(facts.linkage.review),
                estimate: facts.linkage.estimate,
            },
            changes: facts.changes.as_ref().map(change_figures),
            segment_sets: segment_sets(facts, counts),
            cohorts: facts.cohorts.iter().map(|cohort| cohort_figures(cohort, counts)).collect(),
        }
    }
}

fn groups(counts: &[u64], label: impl Fn(usize) -> String) -> Vec<Group> {
    let shown = groups_of_a_known_total(counts);
    shown.into_iter().enumerate().map(|(index, people)| Group { label: label(index), people }).collect()
}

fn age_sex(counts: &Counts) -> Vec<AgeBand> {
    let shown = groups_of_a_known_total(counts.age_sex.as_flattened());
    let width = Sex::ALL.len();
    let band = |band: usize| AgeBand {
        label: age_band_words(band),
        people: std::array::from_fn(|sex| shown[band * width + sex]),
    };
    (0..AGE_BANDS).map(band).collect()
}

fn known_to(counts: &Counts) -> Vec<Group> {
    let label = |providers: usize| match providers {
        0 => "No provider that may be named".into(),
        1 => "1 provider".into(),
        _ if providers == KNOWN_TO - 1 => format!("{providers} or more"),
        _ => format!("{providers} providers"),
    };
    let mut rows = groups(&counts.known_to, label);
    if rows[0].people.count() == Some(0) {
        rows.remove(0);
    }
    while rows.len() > 1 && rows.last().is_some_and(|row| row.people.count() == Some(0)) {
        rows.pop();
    }
    rows
}

/// Places by name, those with fewer people than may be shown together in one row, and place not known.
fn places(facts: &Facts, counts: &Counts) -> (Vec<Group>, Vec<Group>) {
    let names = facts.people.area_names;
    let mut order: Vec<usize> = (0..names.len()).filter(|&area| counts.area[area] > HIDDEN_UP_TO).collect();
    order.sort_by_key(|&area| natural_order(&names[area]));
    let few: Vec<usize> = (0..names.len()).filter(|&area| (1..=HIDDEN_UP_TO).contains(&counts.area[area])).collect();
    let mut exact: Vec<u64> = order.iter().map(|&area| counts.area[area]).collect();
    exact.push(few.iter().map(|&area| counts.area[area]).sum());
    exact.push(counts.area[names.len()]);
    let mut shown = groups_of_a_known_total(&exact);
    let unknown = shown.pop().expect("pushed above");
    let together = shown.pop().expect("pushed above");
    let areas = order.iter().zip(shown).map(|(&area, people)| Group { label: names[area].clone(), people }).collect();
    let mut rest = Vec::new();
    if !few.is_empty() {
        rest.push(Group { label: "Places with fewer than 8 people each".into(), people: together });
    }
    rest.push(Group { label: "Place not known".into(), people: unknown });
    (areas, rest)
}

/// "NW2" before "NW10".
fn natural_order(name: &str) -> (String, u64, String) {
    let letters = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
    let (head, tail) = name.split_at(letters);
    let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
    (head.to_string(), tail[..digits].parse().unwrap_or(0), tail[digits..].to_string())
}

fn settings(facts: &Facts, counts: &Counts) -> Settings {
    let takes_part = |setting: Setting| facts.providers.iter().any(|provider| provider.setting == setting);
    let people = |setting: Setting| {
        let bit = 1 << setting as usize;
        (0..COMBINATIONS).filter(|mask| mask & bit != 0).map(|mask| counts.combinations[mask]).sum::<u64>()
    };
    let mut rows: Vec<(Setting, Shown)> = Setting::ALL
        .into_iter()
        .filter(|&setting| takes_part(setting))
        .map(|setting| (setting, Shown::single(people(setting))))
        .collect();
    rows.sort_by_key(|&(setting, shown)| (Reverse(shown.count().unwrap_or(1)), setting));

    let shown_alone = |mask: &usize| counts.combinations[*mask] > HIDDEN_UP_TO;
    let rank = |mask: &usize| (Reverse(Shown::single(counts.combinations[*mask]).count()), *mask);
    let mut masks: Vec<usize> = (1..COMBINATIONS).filter(shown_alone).collect();
    masks.sort_by_key(rank);
    masks.truncate(COMBINATIONS_SHOWN);
    let mut exact: Vec<u64> = masks.iter().map(|&mask| counts.combinations[mask]).collect();
    let unnamed = counts.combinations[0];
    exact.push(counts.people - unnamed - exact.iter().sum::<u64>());
    exact.push(unnamed);
    let mut shown = groups_of_a_known_total(&exact);
    let unnamed = shown.pop().expect("pushed above");
    let other = shown.pop().expect("pushed above");
    let members = |mask: usize| (0..rows.len()).filter(|&row| mask & (1 << rows[row].0 as usize) != 0).collect();
    let combinations = masks.iter().zip(shown).map(|(&mask, people)| (members(mask), people)).collect();
    let rest = [("All other combinations", other), ("No provider that may be named", unnamed)];
    let rest = rest.into_iter().filter(|(_, people)| people.count() != Some(0));
    let totals_are_safe = rows.len() > 2;
    Settings {
        combinations,
        rest: rest.map(|(label, people)| Group { label: label.into(), people }).collect(),
        rows: rows.into_iter().map(|(setting, shown)| (setting, totals_are_safe.then_some(shown))).collect(),
    }
}

fn overlap(facts: &Facts, counts: &Counts) -> Option<Overlap> {
    (facts.providers.len() > 2).then(|| Overlap {
        providers: counts.overlap_of.iter().map(|&provider| provider as usize).collect(),
        cells: counts.overlap.iter().map(|&people| Shown::single(people)).collect(),
    })
}

/// Every row of the job, by what became of it, where it came from and why: one tree of sums, protected as a whole.
fn accounts_and_providers<'a>(facts: &Facts<'a>, counts: &Counts) -> (Accounts, Vec<ProviderFigures<'a>>) {
    let total = |of: fn(&super::Provider) -> u64| facts.providers.iter().map(of).sum::<u64>();
    let (records, withheld_rows) = (total(|p| p.records), total(|p| p.withheld_rows));
    let quarantined_rows = total(|p| p.quarantined_rows());
    let mut table = Table::new();
    let read = table.loose(records + withheld_rows + quarantined_rows);
    let linked = table.loose(records);
    let (quarantined, withheld) = (table.part(quarantined_rows), table.part(withheld_rows));
    table.sum(read, [linked, quarantined, withheld]);
    let people = table.exact(counts.people);
    let duplicates = table.part(records.saturating_sub(counts.people));
    if records >= counts.people {
        table.sum(linked, [people, duplicates]);
    }
    let mut places = Vec::new();
    for provider in &facts.providers {
        let codes = QuarantineCode::ALL.map(|code| {
            let rows = provider.quarantined.iter().filter(|(of, _)| *of == code).map(|(_, rows)| rows).sum();
            table.part(rows)
        });
        let own = table.part(provider.quarantined_rows());
        table.sum(own, codes);
        places.push((table.part(provider.records), own, table.part(provider.withheld_rows), codes));
    }
    table.sum(linked, places.iter().map(|place| place.0));
    table.sum(quarantined, places.iter().map(|place| place.1));
    table.sum(withheld, places.iter().map(|place| place.2));
    let shown = table.protect();
    let at = |place| shown.at(place);
    let accounts = Accounts {
        read: at(read),
        linked: at(linked),
        quarantined: at(quarantined),
        withheld: at(withheld),
        duplicates: at(duplicates),
    };
    let people_of = people_of_providers(facts, counts);
    let rows = facts.providers.iter().zip(&places).zip(people_of);
    let providers = rows
        .map(|((provider, place), people)| ProviderFigures {
            id: provider.id,
            name: provider.name,
            setting: provider.setting,
            days_old: provider.days_old,
            records: at(place.0),
            people,
            quarantined: at(place.1),
            withheld: at(place.2),
            codes: codes(&shown, &place.3),
            fields: fields(provider, at(place.0)),
        })
        .collect();
    (accounts, providers)
}

fn codes(shown: &Protected, places: &[super::disclosure::Place]) -> Vec<(QuarantineCode, Shown)> {
    QuarantineCode::ALL.into_iter().zip(shown.all(places)).collect()
}

/// With two providers, their people and everybody say how many both know; where that or its rest is small, both are hidden.
fn people_of_providers(facts: &Facts, counts: &Counts) -> Vec<Shown> {
    let shown: Vec<Shown> = counts.of_provider.iter().map(|&people| Shown::single(people)).collect();
    if facts.providers.len() != 2 {
        return shown;
    }
    let [one, two] = [counts.of_provider[0], counts.of_provider[1]];
    let both = counts.overlap[1];
    let tells = groups_of_a_known_total(&[one - both, two - both, both, counts.people + both - one - two]);
    if tells.iter().any(|cell| cell.is_hidden()) { vec![Shown::single(1); 2] } else { shown }
}

fn fields<'a>(provider: &super::Provider<'a>, records: Shown) -> Vec<FieldFigures<'a>> {
    let figures = |quality: &super::FieldQuality<'a>| {
        // A provider with too few rows to be counted is not described either.
        let of = |count: u64| if records.is_hidden() { records } else { Shown::single(count) };
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

/// Each set as one table: its cells, the sum of each segment, and everybody.
fn segment_sets<'a>(facts: &Facts<'a>, counts: &Counts) -> Vec<SegmentFigures<'a>> {
    let figures = |(set, counted): (&super::SegmentSet<'a>, &Vec<u64>)| {
        let mut table = Table::new();
        let places: Vec<(Place, Vec<Place>)> = counted
            .chunks(WIDE_BANDS.len())
            .map(|cells| {
                let whole = table.part(cells.iter().sum());
                let parts: Vec<Place> = cells.iter().map(|&cell| table.part(cell)).collect();
                table.sum(whole, parts.iter().copied());
                (whole, parts)
            })
            .collect();
        let everybody = table.exact(counted.iter().sum());
        table.sum(everybody, places.iter().map(|place| place.0));
        let shown = table.protect();
        let names = set.segments.iter().copied().chain([("", "Not known")]);
        let mut rows: Vec<SegmentRow> = names
            .zip(&places)
            .map(|((id, name), place)| SegmentRow { id, name, people: shown.at(place.0), by_age: shown.all(&place.1) })
            .collect();
        // Everybody is in a segment but whoever was flagged as sensitive after the run.
        rows.pop_if(|row| row.people.count() == Some(0));
        SegmentFigures { id: set.id, name: set.name, source: set.source, absent: set.absent, rows }
    };
    facts.segment_sets.iter().zip(&counts.segments).map(figures).collect()
}

/// The rest of everybody is known where a cohort is: both are protected.
fn cohort_figures<'a>(cohort: &'a cohort::CohortCount, counts: &Counts) -> CohortFigures<'a> {
    let rest = counts.people.saturating_sub(cohort.people);
    let people = groups_of_a_known_total(&[cohort.people, rest])[0];
    // Whoever entered is in it: where nothing is said of the whole, nothing is of the part.
    let entered = |count: u64| if people.is_hidden() { people } else { Shown::single(count) };
    CohortFigures {
        id: &cohort.id,
        name: &cohort.name,
        people,
        entered: cohort.entered.map(entered),
        left: cohort.left.map(Shown::single),
    }
}

fn change_figures<'a>(changes: &Changes<'a>) -> ChangeFigures<'a> {
    let rows = [
        ("People seen for the first time", changes.new),
        ("Known people with more records", changes.grown),
        ("Known people with fewer records", changes.shrunk),
        ("Put together: found to be one person", changes.merged),
        ("Taken apart: found to be several people", changes.split),
        ("No longer in any extract", changes.retired),
    ];
    let row = |(label, count): (&str, u64)| Group { label: label.into(), people: Shown::single(count) };
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
