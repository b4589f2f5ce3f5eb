//! The overlap of providers as a heat map: of the people whom the row knows, the share that the column knows too.

use super::scale::shade;
use super::{Drawing, Picture, fitted, rectangle, text};
use crate::summary::figures::{Figures, Overlap};
use maud::{Markup, html};

/// `shown` are indexes into `overlap.providers`, in the order of rows and columns.
pub(in crate::summary) fn matrix(
    description: String,
    figures: &Figures,
    overlap: &Overlap,
    shown: &[usize],
) -> Picture {
    let draw = |width, label, row| draw(figures, overlap, shown, width, label, row);
    let sizes = vec![
        ("wide", draw(1130.0, 250.0, 26.0)),
        ("medium", draw(760.0, 190.0, 21.0)),
        ("narrow", draw(350.0, 98.0, 18.0)),
    ];
    Picture { sizes, title: "Share of each provider's people whom another provider knows too".into(), description }
}

fn draw(figures: &Figures, overlap: &Overlap, shown: &[usize], width: f64, label: f64, row: f64) -> Drawing {
    // The last column's number may be wider than its cell.
    let edge = 6.0;
    let cell = ((width - label - edge) / shown.len() as f64).min(row * 2.0);
    let top = 26.0;
    let name = |at: usize| figures.providers[overlap.providers[at]].name;
    let numbered = |index: usize| cell >= 16.0 || index.is_multiple_of(5) || index == 1;
    let pairs = shown.iter().flat_map(|&row| shown.iter().map(move |&column| (row, column)));
    let shares = pairs.filter(|(row, column)| row != column).filter_map(|place| share(overlap, place));
    let largest = shares.fold(1.0, f64::max);
    let body = html! {
        @for (place, &at) in shown.iter().enumerate() {
            @let index = place + 1;
            @let y = top + place as f64 * row;
            (text("label", 26.0, y + row / 2.0 + 4.5, &fitted(name(at), label - 34.0, 13.0)))
            (text("tick end", 20.0, y + row / 2.0 + 4.5, &index.to_string()))
            @if numbered(index) {
                (text("tick middle", label + (place as f64 + 0.5) * cell, top - 9.0, &index.to_string()))
            }
            @for (column, &other) in shown.iter().enumerate() {
                (square(overlap, (at, other), largest, (label + column as f64 * cell, y), (cell, row)))
            }
        }
    };
    Drawing { width: label + cell * shown.len() as f64 + edge, height: top + shown.len() as f64 * row, body }
}

/// In hundredths of the row's people.
fn share(overlap: &Overlap, (row, column): (usize, usize)) -> Option<f64> {
    overlap.at(row, column).percent_of(overlap.at(row, row))
}

fn square(
    overlap: &Overlap,
    (row, column): (usize, usize),
    largest: f64,
    (x, y): (f64, f64),
    (width, height): (f64, f64),
) -> Markup {
    let inset = if width > 12.0 { 1.0 } else { 0.5 };
    let place = |class: &str| rectangle(class, x + inset, y + inset, width - 2.0 * inset, height - 2.0 * inset);
    if row == column {
        return place("diagonal");
    }
    let words = |words: &str| html! { @if width >= 24.0 { (text("cell middle", x + width / 2.0, y + height / 2.0 + 4.0, words)) } };
    let Some(percent) = share(overlap, (row, column)) else {
        return html! { g class="hidden-cell" { (place("tile")) (words("*")) } };
    };
    html! {
        g class=(shade(percent / largest)) {
            (place("tile"))
            (words(&format!("{percent:.0}")))
        }
    }
}
