//! The protected table of all cells, read back into figures.

use super::{
    Accounts, AgeBand, ChangeFigures, CohortFigures, FEWEST_OF_A_GROUP, FieldFigures, Group, LinkedGroup, Overlap,
    ProviderFigures, SegmentFigures, SegmentRow, Settings,
};
use crate::cohort;
use crate::intake::QuarantineCode;
use crate::job::{Field, Setting};
use crate::summary::cells::{self, Cells, overlap_name, rows_name};
use crate::summary::count::{self, AGE_BANDS, Counts, KNOWN_TO, WIDE_BANDS, age_band_words};
use crate::summary::disclosure::{Control, Place, Protected, Shown};
use crate::summary::{Changes, EthnicGroup, Facts, FieldQuality, Provider, SegmentSet, Sex};
use std::cmp::Reverse;

/// The protected table, read back into figures.
pub(super) struct Read<'r, 'a> {
    pub facts: &'r Facts<'a>,
    pub cells: &'r Cells,
    pub shown: &'r Protected,
}

impl<'a> Read<'_, 'a> {
    pub fn groups(&self, places: &[Place], label: impl Fn(usize) -> String) -> Vec<Group> {
        places.iter().enumerate().map(|(at, &place)| Group { label: label(at), people: self.shown.at(place) }).collect()
    }

    pub fn age_sex(&self) -> Vec<AgeBand> {
        let width = Sex::ALL.len();
        let people = |band: usize, sex: usize| self.shown.at(self.cells.age_sex[band * width + sex]);
        let band =
            |band: usize| AgeBand { label: age_band_words(band), people: std::array::from_fn(|sex| people(band, sex)) };
        (0..AGE_BANDS).map(band).collect()
    }

    pub fn known_to(&self) -> Vec<Group> {
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
    pub fn places(&self) -> (Vec<Group>, Vec<Group>) {
        let (names, areas) = (self.facts.people.area_names, &self.cells.areas);
        let group = |label: &str, place: Place| Group { label: label.into(), people: self.shown.at(place) };
        let shown = areas.shown.iter().map(|&(area, place)| group(&names[area], place)).collect();
        let small = areas.some_are_small.then(|| group("Places with too few people each", areas.small));
        (shown, small.into_iter().chain([group("Place not known", areas.unknown)]).collect())
    }

    pub fn settings(&self) -> Settings {
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

    /// Of providers that share their setting with others no sum protects it: blur does, and where counts are exact it is not told.
    pub fn overlap(&self, counts: &Counts) -> Option<Overlap> {
        let (providers, width) = (&self.facts.providers, counts.overlap_of.len());
        let control = self.facts.control;
        let cell = |row: usize, column: usize| {
            let (one, two) = (usize::from(counts.overlap_of[row]), usize::from(counts.overlap_of[column]));
            let name = || overlap_name(providers[one].id, providers[two].id);
            let single = || control.single(&name(), counts.overlap[row * width + column]);
            let protected = self.cells.overlap.get(&(one, two)).map(|&place| self.shown.at(place));
            protected.or_else(|| (!control.preset().is_exact()).then(single))
        };
        (providers.len() > 2).then(|| Overlap {
            providers: counts.overlap_of.iter().map(|&provider| provider as usize).collect(),
            cells: (0..width * width).map(|at| cell(at / width, at % width)).collect(),
        })
    }

    pub fn segment_sets(&self) -> Vec<SegmentFigures<'a>> {
        let set = |(set, places): (&SegmentSet<'a>, &Vec<cells::SegmentCells>)| {
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

    pub fn cohorts(&self) -> Vec<CohortFigures<'a>> {
        let one = |(cohort, cells): (&'a cohort::CohortCount, &cells::CohortCells)| {
            let people = self.shown.at(cells.people);
            let left = |count: u64| self.facts.control.single(&format!("cohort|{}|left", cohort.id), count);
            // Whoever entered is in it: where nothing is said of the whole, nothing is of the part.
            let entered = |place| if people.is_hidden() { people } else { self.shown.at(place) };
            CohortFigures {
                id: &cohort.id,
                name: &cohort.name,
                definition: &cohort.definition,
                people,
                entered: cells.entered.map(entered),
                left: cohort.left.map(left),
            }
        };
        self.facts.cohorts.iter().zip(&self.cells.cohorts).map(one).collect()
    }

    pub fn linked_groups(&self, counts: &Counts) -> Vec<LinkedGroup> {
        let ages = WIDE_BANDS.into_iter().map(|words| ("age", words));
        let sexes = Sex::ALL.into_iter().map(|sex| ("sex", sex.words()));
        let ethnic = EthnicGroup::ALL.into_iter().map(|group| ("ethnic_group", group.words()));
        let group = |(((by, words), cells), exact): (((&'static str, &str), &cells::LinkedCells), &count::Linked)| {
            let several = self.shown.at(cells.several);
            let enough = several.count().is_some_and(|people| people >= FEWEST_OF_A_GROUP);
            let wrong = || exact.wrong_millionths as f64 / 1e6 / exact.several as f64 * 1e3;
            LinkedGroup { by, label: words.into(), several, wrong_per_thousand: enough.then(wrong) }
        };
        ages.chain(sexes).chain(ethnic).zip(&self.cells.linked).zip(&counts.linked).map(group).collect()
    }

    pub fn accounts(&self) -> Accounts {
        let (rows, at) = (&self.cells.rows, |place| self.shown.at(place));
        Accounts {
            read: at(rows.read),
            linked: at(rows.linked),
            quarantined: at(rows.quarantined),
            withheld: at(rows.withheld),
            duplicates: at(rows.duplicates),
        }
    }

    pub fn providers(&self) -> Vec<ProviderFigures<'a>> {
        let at = |place| self.shown.at(place);
        let all = self.facts.providers.iter().zip(&self.cells.rows.of_provider).zip(&self.cells.of_provider);
        let one = |((provider, rows), &people): ((&Provider<'a>, &cells::ProviderRows), &Place)| ProviderFigures {
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

/// All but the field that marks whoever is sensitive: nothing that others see names it.
fn fields<'a>(provider: &Provider<'a>, records: Shown, control: &Control) -> Vec<FieldFigures<'a>> {
    let name = rows_name(provider.id);
    let figures = |quality: &FieldQuality<'a>| {
        // A provider with too few rows to be counted is not described either.
        let of = |count: u64, whole: u64| if records.is_hidden() { records } else { control.part(&name, count, whole) };
        let filled = of(quality.filled, provider.records);
        let of_filled = of(quality.valid, quality.filled);
        let valid = if of_filled.is_hidden() { of_filled } else { of(quality.valid, provider.records) };
        FieldFigures {
            field: quality.field,
            filled,
            valid,
            filled_percent: filled.percent_of(records),
            valid_percent: valid.percent_of(records),
        }
    };
    let told = provider.fields.iter().filter(|quality| Some(quality.field) != Field::Sensitivity.word());
    told.map(figures).collect()
}

pub(super) fn change_figures<'a>(changes: &Changes<'a>, control: &Control) -> ChangeFigures<'a> {
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
