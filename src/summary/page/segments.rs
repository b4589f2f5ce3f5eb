//! Everybody, parted into segments, by age.

use super::count_cell;
use super::frame::{scrolling, section as framed};
use crate::summary::count::WIDE_BANDS;
use crate::summary::disclosure::Shown;
use crate::summary::figures::{Figures, Group, SegmentFigures};
use crate::summary::pictures::{bars, shade};
use maud::{Markup, html};

pub(super) fn section(figures: &Figures) -> Markup {
    let words = html! {
        p { "Everybody is in exactly one segment of each set." }
        @for set in &figures.segment_sets {
            @if let Some(source) = set.source { p.note { strong { (set.name) } ". " (source) } }
            @if !set.absent.is_empty() {
                p.note { "No provider carries " (set.absent.join(", ")) ", so that nobody is in a segment of " (set.name) " for that." }
            }
        }
    };
    let shows = html! { @for set in &figures.segment_sets { (shown(set)) } };
    framed("segments", "Segments", words, shows)
}

fn shown(set: &SegmentFigures) -> Markup {
    let groups: Vec<Group> =
        set.rows.iter().map(|row| Group { label: row.name.to_string(), people: row.people }).collect();
    let title = format!("People by segment: {}", set.name);
    let anchor = format!("segments-{}", set.id.replace('_', "-"));
    let picture = bars(&title, &groups, Shown::NONE);
    html! {
        h3 { (set.name) }
        figure id=(anchor) { (picture.render(&anchor)) }
        (scrolling(&title, table(set)))
    }
}

fn table(set: &SegmentFigures) -> Markup {
    let largest = set.rows.iter().flat_map(|row| &row.by_age).filter_map(|cell| cell.count()).max().unwrap_or(0).max(1);
    html! {
        table.shaded {
            caption { "People registered or known here, by segment and age: " (set.name) }
            thead { tr {
                th scope="col" { "Segment" }
                th.n scope="col" { "All ages" }
                @for band in WIDE_BANDS { th.n scope="col" { (band) } }
            } }
            tbody {
                @for row in &set.rows {
                    tr { th scope="row" { (row.name) } (count_cell(row.people)) @for cell in &row.by_age { (shaded(*cell, largest)) } }
                }
            }
        }
    }
}

/// A count, stronger in colour with more people.
fn shaded(shown: Shown, largest: u64) -> Markup {
    let class = shown.count().map_or("h0".to_string(), |count| shade(count as f64 / largest as f64));
    html! { td.n.of-age { span class=(class) { (shown) } } }
}
