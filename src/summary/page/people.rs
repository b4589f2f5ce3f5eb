//! Who they are: age and sex, places, ethnicity.

use super::filter::{Filter, class_of_place};
use super::{count_cell, figure, group_table, section};
use crate::summary::Sex;
use crate::summary::disclosure::Shown;
use crate::summary::figures::{AgeBand, Figures, Group};
use crate::summary::pictures::{bars, pyramid, tiles};
use maud::{Markup, html};

/// More tiles than this make a page too long to read; the table has them all.
const TILES_SHOWN: usize = 96;

pub(super) fn sections(figures: &Figures) -> Markup {
    html! {
        (age_and_sex(figures))
        (places(figures))
        (ethnicity(figures))
    }
}

fn age_and_sex(figures: &Figures) -> Markup {
    let (bands, unknown) = figures.age_sex.split_at(figures.age_sex.len() - 1);
    let largest =
        bands.iter().flat_map(|band| Sex::ALL.into_iter().zip(band.people).map(move |(sex, n)| (band, sex, n)));
    let largest = largest.filter(|(_, sex, _)| *sex != Sex::Other).max_by_key(|(_, _, shown)| shown.count());
    let description = match largest {
        Some((band, sex, shown)) if shown.count() > Some(0) => format!(
            "Population pyramid in bands of five years. The largest group shown is {} aged {}, {shown} people.",
            sex.words().to_lowercase(),
            band.label
        ),
        _ => "Population pyramid in bands of five years. Every group is too small to be shown.".into(),
    };
    let words = html! {
        p { "People registered or known here, by age on " (super::day(figures.as_of)) " and by sex." }
        (group_list("Everybody, by status", &figures.status))
        p.note { (unknown_note(&unknown[0])) }
    };
    let shows = figure("pyramid", &pyramid(description, bands), age_table(&figures.age_sex));
    section("age-and-sex", "Age and sex", words, shows)
}

fn unknown_note(unknown: &AgeBand) -> String {
    match unknown.people.iter().map(|shown| shown.count()).sum::<Option<u64>>() {
        Some(0) => "Everybody’s age is known.".into(),
        _ => "The table also has people whose age or sex is not known.".into(),
    }
}

fn age_table(bands: &[AgeBand]) -> Markup {
    html! {
        table {
            caption { "People registered or known here, by age and sex" }
            thead { tr { th scope="col" { "Age" } @for sex in Sex::ALL { th.n scope="col" { (sex.words()) } } } }
            tbody {
                @for band in bands {
                    tr { th scope="row" { (band.label) } @for shown in band.people { (count_cell(shown)) } }
                }
            }
        }
    }
}

/// A short list of labels and counts beside a picture.
fn group_list(heading: &str, groups: &[Group]) -> Markup {
    html! {
        h3 { (heading) }
        dl.list { @for group in groups { div { dt { (group.label) } dd { (group.people) } } } }
    }
}

fn places(figures: &Figures) -> Markup {
    // The largest by what is shown, back in the order of their names.
    let mut order: Vec<usize> = (0..figures.areas.len()).collect();
    order.sort_by_key(|&area| (std::cmp::Reverse(figures.areas[area].people.count()), area));
    let largest = order.first().map(|&area| &figures.areas[area]);
    order.truncate(TILES_SHOWN);
    order.sort_unstable();
    let shown: Vec<Group> = order.iter().map(|&area| figures.areas[area].clone()).collect();
    let description = match largest {
        Some(area) => format!(
            "One tile for each of {} postcode districts, stronger in colour with more people. The largest is {} with {} people.",
            shown.len(),
            area.label,
            area.people
        ),
        None => "No place has enough people to be shown.".into(),
    };
    let words = html! {
        p { "By the first half of the postcode. A stronger colour means more people." }
        @if shown.len() < figures.areas.len() {
            p { "The picture has the " (shown.len()) " largest of " (figures.areas.len()) " places; the table has them all." }
        }
        (group_list("Not in the picture", &figures.areas_rest))
    };
    let shows = match shown.is_empty() {
        true => place_table(figures),
        false => html! {
            (Filter::of_places("places", figures).buttons())
            (figure("tiles", &tiles(description, &shown), place_table(figures)))
        },
    };
    section("places", "Places", words, shows)
}

fn place_table(figures: &Figures) -> Markup {
    html! {
        table {
            caption { "People registered or known here, by place" }
            thead { tr { th scope="col" { "Postcode district" } th.n scope="col" { "People" } } }
            tbody {
                @for area in &figures.areas {
                    tr class=(format!("of {}", class_of_place(&area.label))) { th scope="row" { (area.label) } (count_cell(area.people)) }
                }
                @for rest in &figures.areas_rest { tr { th scope="row" { (rest.label) } (count_cell(rest.people)) } }
            }
        }
    }
}

fn ethnicity(figures: &Figures) -> Markup {
    let known: Option<u64> = figures.ethnicity.iter().map(|group| group.people.count()).sum();
    let unknown = figures.ethnicity.last().and_then(|group| group.people.count());
    let missing = known.zip(unknown).filter(|(all, _)| *all > 0).map(|(all, none)| none as f64 / all as f64 * 100.0);
    let words = html! {
        p { "The five groups of the national ethnic categories, from the best record of each person." }
        @if let Some(missing) = missing {
            p { "It is not known for " strong { (format!("{missing:.0}\u{a0}%")) } " of people. Where it is missing, need is missed too." }
        }
    };
    let picture = bars("People by ethnic group", &figures.ethnicity, Shown::NONE);
    let table = group_table("People registered or known here, by ethnic group", "Ethnic group", &figures.ethnicity);
    section("ethnicity", "Ethnicity", words, figure("ethnic-groups", &picture, table))
}
