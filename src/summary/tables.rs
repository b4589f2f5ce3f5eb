//! `summary/*.csv`: the figures of the page as tidy tables, one row an observation, `*` where a count is hidden.

use super::Sex;
use super::count::WIDE_BANDS;
use super::disclosure::Shown;
use super::figures::{Figures, Group};
use super::over_time::{self, Printed};
use std::borrow::Cow;

/// Stands for what the preset says of counts, and of counts among which are totals.
const RULE: &str = "rule";
const LOOSE: &str = "rule of totals";
const FROM_SHOWN: &str = "from the rounded counts; empty where one of them is hidden or zero";
const NONE: &str = "none: not a count of people";

/// One table: the name of its file and its columns, each with meaning, unit and suppression rule.
pub(super) struct Shape {
    pub file: &'static str,
    pub columns: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

/// A table with its rows, each of as many values as the shape has columns.
pub(super) struct Table {
    pub shape: &'static Shape,
    pub rows: Vec<Vec<String>>,
}

const AGE_SEX: Shape = Shape {
    file: "people_by_age_sex.csv",
    columns: &[
        ("age_band", "Age in whole years at the date of the run", "five-year band", NONE),
        ("sex", "Sex of the best record", "word", NONE),
        ("people", "People registered or known here", "people", RULE),
    ],
};
const AREA: Shape = Shape {
    file: "people_by_area.csv",
    columns: &[
        (
            "area",
            "Outward postcode of the best record, or places with too few people each, together",
            "postcode district",
            NONE,
        ),
        ("people", "People registered or known here", "people", RULE),
    ],
};
const PROVIDERS: Shape = Shape {
    file: "providers.csv",
    columns: &[
        ("provider", "Identifier in the job file", "identifier", NONE),
        ("name", "Name in the job file", "text", NONE),
        ("setting", "Kind of care", "word", NONE),
        ("days_old", "Age of the records where the last good extracts stand in; else empty", "days", NONE),
        ("records", "Rows that were linked to a person", "rows", RULE),
        ("people", "People with at least one linked row", "people", RULE),
        ("quarantined", "Rows that could not be used", "rows", RULE),
        ("withheld", "Rows that may not be used", "rows", RULE),
    ],
};
const OVERLAP: Shape = Shape {
    file: "provider_overlap.csv",
    columns: &[
        ("provider", "Identifier in the job file", "identifier", NONE),
        ("other_provider", "Identifier in the job file", "identifier", NONE),
        ("people", "People known to both", "people", RULE),
        ("percent_of_provider", "Share of the provider's people", "percent", FROM_SHOWN),
    ],
};
const QUARANTINE: Shape = Shape {
    file: "quarantine.csv",
    columns: &[
        ("provider", "Identifier in the job file", "identifier", NONE),
        ("code", "Why the row could not be used", "word", NONE),
        ("rows", "Rows", "rows", RULE),
    ],
};
const QUALITY: Shape = Shape {
    file: "data_quality.csv",
    columns: &[
        ("provider", "Identifier in the job file", "identifier", NONE),
        ("field", "Field in the job file", "word", NONE),
        ("records", "Rows that were linked to a person", "rows", RULE),
        ("filled", "Of these, rows with any value", "rows", RULE),
        ("usable", "Of these, rows whose value could be used after cleaning", "rows", RULE),
        ("filled_percent", "Share of records with any value", "percent", FROM_SHOWN),
        ("usable_percent", "Share of records with a usable value", "percent", FROM_SHOWN),
    ],
};
const GROUPS: Shape = Shape {
    file: "people_by_group.csv",
    columns: &[
        ("measure", "status, ethnic_group, known_to, settings, or accounts (rows)", "word", NONE),
        ("group", "The group", "text", NONE),
        (
            "count",
            "People; of the ethnic groups those registered or known here, neither left nor died; of the accounts rows",
            "people or rows",
            LOOSE,
        ),
    ],
};
const SEGMENTS: Shape = Shape {
    file: "segments.csv",
    columns: &[
        ("segment_set", "Identifier in the job file", "identifier", NONE),
        ("segment", "Identifier in the job file or the preset; empty where it is not known", "identifier", NONE),
        ("name", "Name of the segment", "text", NONE),
        ("age_band", "Age in whole years at the date of the run, or All", "band", NONE),
        ("people", "People registered or known here", "people", RULE),
    ],
};
const COHORTS: Shape = Shape {
    file: "cohorts.csv",
    columns: &[
        ("cohort", "Identifier in the job file", "identifier", NONE),
        ("name", "Name in the job file", "text", NONE),
        ("people", "People who meet its rule", "people", RULE),
        ("entered", "Of these, not in it in the run before; empty where that had no such cohort", "people", RULE),
        ("left", "In it in the run before, and not any more; empty where that had no such cohort", "people", RULE),
    ],
};
const LINKAGE: Shape = Shape {
    file: "linkage_quality.csv",
    columns: &[
        ("by", "age, sex, or ethnic_group", "word", NONE),
        ("group", "The group, of those registered or known here", "text", NONE),
        ("people", "People who were put together from several records", "people", RULE),
        (
            "expected_wrong_per_1000",
            "Of 1,000 of them, how many the program expects to hold a record of somebody else: its own estimate",
            "people of 1,000",
            "empty where the group is hidden or has under 100 people",
        ),
    ],
};
const OVER_TIME: Shape = Shape {
    file: over_time::FILE,
    columns: &[
        ("run", "The run that printed the line", "identifier", NONE),
        ("as_of", "The date of that run", "date", NONE),
        ("measure", "everybody, status, accounts (rows), or cohort", "word", NONE),
        ("group", "Which status, account or cohort", "identifier", NONE),
        (
            "rule",
            "Of a cohort, the beginning of its rule's hash: figures of other rules are not alike",
            "identifier",
            NONE,
        ),
        ("name", "The group in words", "text", NONE),
        ("count", "People; of the accounts rows", "people or rows", LOOSE),
        ("printed_under", "What that run hid, and to what it rounded", "identifier", NONE),
    ],
};
const PACKAGES: Shape = Shape {
    file: "packages.csv",
    columns: &[
        (
            "measure",
            "with_package, two_providers, ended_without_successor, should_have or gap: docs/care.md says what each counts",
            "word",
            NONE,
        ),
        ("need", "What a package is for, as the job translates it; empty for any", "text", NONE),
        ("rule", "Care rule of the job file; empty where it is none's", "identifier", NONE),
        ("people", "People registered or known here", "people", RULE),
    ],
};
const END_OF_LIFE: Shape = Shape {
    file: "end_of_life.csv",
    columns: &[
        (
            "measure",
            "on_register, wishes_recorded, wishes_known_to_last; died, admitted (unplanned, in the last days), both_places_known, \
             died_where_wished: docs/care.md says what each counts",
            "word",
            NONE,
        ),
        (
            "group",
            "Of those who died: what was known of their wishes, or the place where they wished to die; empty for all",
            "text",
            NONE,
        ),
        ("people", "People; of the register those registered or known here", "people", RULE),
    ],
};
const DICTIONARY: Shape = Shape {
    file: "dictionary.csv",
    columns: &[
        ("file", "File of this folder", "name", NONE),
        ("column", "Column of that file", "name", NONE),
        ("meaning", "What it says", "text", NONE),
        ("unit", "What is counted, or the kind of value", "text", NONE),
        ("suppression", "How small counts are protected", "text", NONE),
    ],
};
const SHAPES: [&Shape; 14] = [
    &AGE_SEX,
    &AREA,
    &GROUPS,
    &SEGMENTS,
    &COHORTS,
    &OVER_TIME,
    &PACKAGES,
    &END_OF_LIFE,
    &PROVIDERS,
    &OVERLAP,
    &QUARANTINE,
    &QUALITY,
    &LINKAGE,
    &DICTIONARY,
];

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
        .map(|(row, column)| {
            let both = overlap.at(row, column);
            vec![id(row), id(column), both.plain(), percent(both.percent_of(overlap.at(row, row)))]
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
        LOOSE => format!(
            "{}; totals of rows more coarsely where they would give back a hidden count; the number of all people as it is",
            figures.preset.says()
        ),
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
