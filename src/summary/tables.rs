//! `summary/*.csv`: the figures of the page as tidy tables, one row an observation, `*` where a count is hidden.

use super::Sex;
use super::count::WIDE_BANDS;
use super::disclosure::Shown;
use super::figures::{Figures, Group};
use super::over_time::Printed;
use super::shapes::{DICTIONARY, LOOSE, OVER_TIME, RULE, SHAPES, Shape};
use std::borrow::Cow;

/// A table with its rows, each of as many values as the shape has columns.
pub(super) struct Table {
    pub shape: &'static Shape,
    pub rows: Vec<Vec<String>>,
}

/// Every table, in the order of the dictionary, which is the last.
pub(super) fn all(figures: &Figures) -> Vec<Table> {
    let rows = [
        age_sex(figures),
        areas(figures),
        people_groups(figures),
        segments(figures),
        cohorts(figures),
        figures.over_time.lines.iter().map(Printed::row).collect(),
        packages(figures),
        end_of_life(figures),
        providers(figures),
        overlap(figures),
        quarantine(figures),
        quality(figures),
        linkage(figures),
        dictionary(figures),
    ];
    SHAPES.into_iter().zip(rows).map(|(shape, rows)| Table { shape, rows }).collect()
}

/// The tables as somebody else may have them, who gets some on some days: without the figures of the nights between.
pub(crate) fn for_others(tables: &[(String, Vec<u8>)]) -> impl Iterator<Item = (&str, Cow<'_, [u8]>)> {
    let others = tables.iter().filter(|(name, _)| !name.starts_with(OVER_TIME.file.trim_end_matches("csv")));
    others.map(|(name, bytes)| {
        let own = |line: &&[u8]| !line.starts_with(OVER_TIME.file.as_bytes());
        let bytes = match name == DICTIONARY.file {
            true => Cow::Owned(bytes.split_inclusive(|byte| *byte == b'\n').filter(own).flatten().copied().collect()),
            false => Cow::Borrowed(&bytes[..]),
        };
        (name.as_str(), bytes)
    })
}

/// A table as CSV.
pub(super) fn csv(table: &Table) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = table.shape.columns.iter().map(|column| column.0);
    writer.write_record(header).expect("memory takes every row");
    for row in &table.rows {
        writer.write_record(row.iter().map(|value| harmless(value))).expect("a row has as many values as its header");
    }
    writer.into_inner().expect("memory takes every row")
}

/// A name from the job file that a spreadsheet would take for a formula gets an apostrophe. A lone `*` is none.
fn harmless(value: &str) -> String {
    if value.starts_with(['=', '+', '-', '@']) { format!("'{value}") } else { value.to_string() }
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.1}"))
}

fn age_sex(figures: &Figures) -> Vec<Vec<String>> {
    let cells = |band: &super::figures::AgeBand| {
        let row = |(sex, shown): (Sex, Shown)| vec![band.label.clone(), sex.words().to_string(), shown.plain()];
        Sex::ALL.into_iter().zip(band.people).map(row).collect::<Vec<_>>()
    };
    figures.age_sex.iter().flat_map(cells).collect()
}

fn areas(figures: &Figures) -> Vec<Vec<String>> {
    let row = |group: &Group| vec![group.label.clone(), group.people.plain()];
    figures.areas.iter().chain(&figures.areas_rest).map(row).collect()
}

fn people_groups(figures: &Figures) -> Vec<Vec<String>> {
    let mut rows = vec![vec!["everybody".to_string(), "All people".into(), figures.people.plain()]];
    let mut add = |measure: &str, groups: &[Group]| {
        rows.extend(groups.iter().map(|group| vec![measure.to_string(), group.label.clone(), group.people.plain()]));
    };
    add("status", &figures.status);
    add("ethnic_group", &figures.ethnicity);
    add("known_to", &figures.known_to);
    let settings = &figures.settings;
    let combination = |(members, people): &(Vec<usize>, Shown)| Group {
        label: members.iter().map(|&row| settings.rows[row].0.word()).collect::<Vec<_>>().join(" + "),
        people: *people,
    };
    add("settings", &settings.combinations.iter().map(combination).collect::<Vec<_>>());
    add("settings", &settings.rest);
    for (label, shown) in figures.accounts.named().into_iter().take(4) {
        add("accounts", &[Group { label: label.into(), people: shown }]);
    }
    rows
}

fn segments(figures: &Figures) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for set in &figures.segment_sets {
        for row in &set.rows {
            let cells = WIDE_BANDS.into_iter().zip(&row.by_age).chain([("All", &row.people)]);
            rows.extend(cells.map(|(band, shown)| {
                let names = [set.id, row.id, row.name, band].map(str::to_string);
                names.into_iter().chain([shown.plain()]).collect()
            }));
        }
    }
    rows
}

fn cohorts(figures: &Figures) -> Vec<Vec<String>> {
    let maybe = |shown: Option<Shown>| shown.map(Shown::plain).unwrap_or_default();
    let row = |cohort: &super::figures::CohortFigures| {
        let names = [cohort.id.to_string(), cohort.name.to_string()];
        names.into_iter().chain([cohort.people.plain(), maybe(cohort.entered), maybe(cohort.left)]).collect()
    };
    figures.cohorts.iter().map(row).collect()
}

fn packages(figures: &Figures) -> Vec<Vec<String>> {
    let Some(care) = &figures.care else { return Vec::new() };
    let row = |measure: &str, need: &str, rule: &str, people: Shown| {
        vec![measure.to_string(), need.to_string(), rule.to_string(), people.plain()]
    };
    let mut rows = Vec::new();
    for need in [&care.any].into_iter().chain(&care.needs) {
        rows.push(row("with_package", &need.need, "", need.current));
        rows.push(row("two_providers", &need.need, "", need.overlap));
        rows.push(row("ended_without_successor", &need.need, "", need.ended));
    }
    for rule in &care.rules {
        rows.push(row("should_have", &rule.need, &rule.id, rule.due));
        rows.push(row("gap", &rule.need, &rule.id, rule.gaps));
    }
    rows
}

fn end_of_life(figures: &Figures) -> Vec<Vec<String>> {
    let Some(known) = &figures.end_of_life else { return Vec::new() };
    let row = |measure: &str, group: &str, people: Shown| vec![measure.to_string(), group.to_string(), people.plain()];
    let mut rows = vec![
        row("on_register", "", known.on_register),
        row("wishes_recorded", "", known.recorded),
        row("wishes_known_to_last", "", known.known_to_last),
        row("died", "", known.died),
    ];
    for group in &known.groups {
        rows.push(row("died", group.group, group.people));
        rows.push(row("admitted", group.group, group.admitted));
    }
    rows.push(row("both_places_known", "", known.both_known));
    rows.push(row("died_where_wished", "", known.followed));
    for place in &known.places {
        let name = if place.place.is_empty() { "places with too few people each" } else { &place.place };
        rows.push(row("both_places_known", name, place.people));
        rows.push(row("died_where_wished", name, place.there));
    }
    rows
}

fn providers(figures: &Figures) -> Vec<Vec<String>> {
    let row = |provider: &super::figures::ProviderFigures| {
        let mut row = vec![provider.id.to_string(), provider.name.to_string(), provider.setting.word().to_string()];
        row.push(provider.days_old.map(|days| days.to_string()).unwrap_or_default());
        let counts = [provider.records, provider.people, provider.quarantined, provider.withheld];
        row.extend(counts.map(Shown::plain));
        row
    };
    figures.providers.iter().map(row).collect()
}

fn overlap(figures: &Figures) -> Vec<Vec<String>> {
    let Some(overlap) = &figures.overlap else { return Vec::new() };
    let id = |at: usize| figures.providers[overlap.providers[at]].id.to_string();
    let size = overlap.providers.len();
    let pairs =
        (0..size).flat_map(|row| (0..size).filter(move |&column| column != row).map(move |column| (row, column)));
    pairs
        .filter_map(|(row, column)| {
            let both = overlap.told(row, column)?;
            Some(vec![id(row), id(column), both.plain(), percent(both.percent_of(overlap.at(row, row)))])
        })
        .collect()
}

fn quarantine(figures: &Figures) -> Vec<Vec<String>> {
    let rows = |provider: &super::figures::ProviderFigures| {
        let row = |(code, shown): &(crate::intake::QuarantineCode, Shown)| {
            vec![provider.id.to_string(), code.word().to_string(), shown.plain()]
        };
        provider.codes.iter().map(row).collect::<Vec<_>>()
    };
    figures.providers.iter().flat_map(rows).collect()
}

fn quality(figures: &Figures) -> Vec<Vec<String>> {
    let rows = |provider: &super::figures::ProviderFigures| {
        let row = |field: &super::figures::FieldFigures| {
            let counts = [provider.records, field.filled, field.valid].map(Shown::plain);
            let mut row = vec![provider.id.to_string(), field.field.to_string()];
            row.extend(counts);
            row.extend([percent(field.filled_percent), percent(field.valid_percent)]);
            row
        };
        provider.fields.iter().map(row).collect::<Vec<_>>()
    };
    figures.providers.iter().flat_map(rows).collect()
}

fn linkage(figures: &Figures) -> Vec<Vec<String>> {
    let row = |group: &super::figures::LinkedGroup| {
        vec![group.by.to_string(), group.label.clone(), group.several.plain(), percent(group.wrong_per_thousand)]
    };
    figures.linkage.groups.iter().map(row).collect()
}

fn dictionary(figures: &Figures) -> Vec<Vec<String>> {
    let says = |rule: &str| match rule {
        RULE => figures.preset.says(),
        LOOSE => {
            format!("{}; totals of rows more coarsely where they would give back a hidden count", figures.preset.says())
        }
        other => other.to_string(),
    };
    let rows = |shape: &&Shape| {
        let file = shape.file;
        let row = move |&(column, meaning, unit, rule): &(&str, &str, &str, &str)| {
            [file, column, meaning, unit, &says(rule)].map(String::from).to_vec()
        };
        shape.columns.iter().map(row).collect::<Vec<_>>()
    };
    SHAPES.iter().flat_map(rows).collect()
}
