//! `report.html`.

mod care;
mod cohorts;
mod end_of_life;
mod filter;
pub(crate) mod frame;
mod people;
mod providers;
mod segments;
mod since;
mod trust;

use super::disclosure::Shown;
use super::figures::{Figures, Group};
use filter::Filter;
use frame::{Frame, figure, scrolling, section};
use maud::{Markup, html};

/// The sections in reading order: anchor, heading in the contents.
const CONTENTS: [(&str, &str); 13] = [
    ("age-and-sex", "Age and sex"),
    ("places", "Places"),
    ("ethnicity", "Ethnicity"),
    ("segments", "Segments"),
    ("cohorts", "Cohorts"),
    ("care", "Packages of care"),
    ("end-of-life", "End of life"),
    ("settings", "Services"),
    ("overlap", "Shared people"),
    ("quality", "Data quality"),
    ("accounts", "Every row"),
    ("linkage", "How it was linked"),
    ("privacy", "Privacy"),
];

pub(super) fn render(figures: &Figures) -> Markup {
    let there = |(anchor, _): &(&str, &str)| match *anchor {
        "segments" => !figures.segment_sets.is_empty(),
        "cohorts" => !figures.cohorts.is_empty(),
        "care" => figures.care.is_some(),
        "end-of-life" => figures.end_of_life.is_some(),
        _ => true,
    };
    let contents: Vec<(&str, &str)> = CONTENTS.into_iter().filter(there).collect();
    let [places, quality, accounts] = filters(figures);
    let own_style = filter::style(&[places, quality, accounts]);
    frame::document(&Frame {
        title: &format!("{}: population report, {}", figures.job, day(figures.as_of)),
        own_style: &own_style,
        skip_to: "Skip to the report",
        contents: &contents,
        banner: banner(figures),
        sections: html! {
            (people::sections(figures))
            @if !figures.segment_sets.is_empty() { (segments::section(figures)) }
            @if !figures.cohorts.is_empty() { (cohorts::section(figures)) }
            @if let Some(care) = &figures.care { (care::section(care)) }
            @if let Some(known) = &figures.end_of_life { (end_of_life::section(known)) }
            (providers::sections(figures))
            (trust::sections(figures))
        },
        footer: html! {
            p { "Run " (figures.run_id) " of " (figures.job) ", by onefolk " (env!("CARGO_PKG_VERSION")) ". "
                "The same figures stand as tables in the folder " code { "summary" } ", explained in " code { "dictionary.csv" } "." }
        },
    })
}

fn filters(figures: &Figures) -> [Filter; 3] {
    [
        Filter::of_places("places", figures),
        Filter::of_settings("quality", figures),
        Filter::of_settings("accounts", figures),
    ]
}

/// What is said of a provider whose last good extracts stand in.
fn days_old(days: i64) -> String {
    match days {
        0 => "sent nothing usable: records of the same day stand".into(),
        1 => "sent nothing usable: records 1 day old stand".into(),
        days => format!("sent nothing usable: records {days} days old stand"),
    }
}

/// Who has sent nothing usable, so that its last good records stand in every figure.
fn stale(figures: &Figures) -> Option<Markup> {
    let all = figures.providers.iter();
    let old: Vec<_> = all.filter_map(|provider| Some((provider.name, provider.days_old?))).collect();
    let oldest = old.iter().map(|(_, days)| *days).max()?;
    let names = old.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    Some(html! {
        p.lede {
            strong { (plural(old.len(), "provider", "providers")) " sent nothing usable" } ": " (names) ". "
            "Their last good records stand in these figures, up to " (plural(oldest as usize, "day", "days")) " old."
        }
    })
}

fn banner(figures: &Figures) -> Markup {
    let settings = figures.settings.rows.len();
    html! {
        header.banner {
            div.inside {
                p.eyebrow { (figures.job) " · " (day(figures.as_of)) }
                h1 { strong { (figures.people) } " people, seen by " (plural(figures.providers.len(), "provider", "providers")) }
                p.lede {
                    "Records of the same person were found across " (plural(settings, "kind of service", "kinds of service"))
                    " and put together, so that each person counts once."
                }
                @if let Some(stale) = stale(figures) { (stale) }
                (since::sentence(figures))
                dl.cards { @for card in since::cards(figures) { (card) } }
            }
        }
    }
}

/// A table of labels and people.
fn group_table<'g>(caption: &str, first: &str, groups: impl IntoIterator<Item = &'g Group>) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr { th scope="col" { (first) } th.n scope="col" { "People" } } }
            tbody { @for group in groups { tr { th scope="row" { (group.label) } (count_cell(group.people)) } } }
        }
    }
}

fn count_cell(shown: Shown) -> Markup {
    html! { td.n { (shown) } }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// "22 November 2026".
fn day(date: jiff::civil::Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}
