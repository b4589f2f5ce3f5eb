//! The population pyramid: women to the left, men to the right, the oldest on top.

use super::scale::{Linear, short};
use super::{Drawing, Picture, line, rectangle, text};
use crate::summary::disclosure::Shown;
use crate::summary::figures::AgeBand;
use maud::{Markup, html};

/// `bands` from young to old, without "not known".
pub(in crate::summary) fn pyramid(description: String, bands: &[AgeBand]) -> Picture {
    let sizes = vec![("wide-medium", draw(bands, 760.0, 96.0, 22.0)), ("narrow", draw(bands, 350.0, 62.0, 19.0))];
    Picture { sizes, title: "People by age and sex".into(), description }
}

fn draw(bands: &[AgeBand], width: f64, middle: f64, row: f64) -> Drawing {
    let top = 30.0;
    let side = (width - middle) / 2.0 - 14.0;
    let largest = bands.iter().flat_map(|band| band.people[..2].iter()).filter_map(|shown| shown.count()).max();
    let scale = Linear::new(largest.unwrap_or(0), side);
    let (left, right) = (width / 2.0 - middle / 2.0, width / 2.0 + middle / 2.0);
    let bottom = top + bands.len() as f64 * row;
    let body = html! {
        (text("label end strong", left, 16.0, "Female"))
        (text("label strong", right, 16.0, "Male"))
        (text("label middle strong", width / 2.0, 16.0, "Age"))
        @for (index, tick) in scale.ticks().into_iter().rev().enumerate() {
            @let away = scale.at(tick);
            (line("grid", (left - away, top), (left - away, bottom)))
            (line("grid", (right + away, top), (right + away, bottom)))
            // On a telephone every other figure, so that none touches the next.
            @if side > 200.0 || index.is_multiple_of(2) {
                (text("tick middle", left - away, bottom + 18.0, &short(tick)))
                (text("tick middle", right + away, bottom + 18.0, &short(tick)))
            }
        }
        (text("tick middle", left, bottom + 18.0, "0"))
        (text("tick middle", right, bottom + 18.0, "0"))
        @for (index, band) in bands.iter().rev().enumerate() {
            @let y = top + index as f64 * row;
            @let label = band.label.replace(" and over", "+");
            (text("label middle", width / 2.0, y + row / 2.0 + 4.5, &label))
            (bar("bar-a", &band.label, "women", band.people[0], &scale, Side::Left(left), y, row))
            (bar("bar-b", &band.label, "men", band.people[1], &scale, Side::Right(right), y, row))
        }
    };
    Drawing { width, height: bottom + 26.0, body }
}

/// Where the bar starts, and to which side it grows.
enum Side {
    Left(f64),
    Right(f64),
}

#[allow(clippy::too_many_arguments)] // One bar; its parts have no life of their own.
fn bar(class: &str, band: &str, who: &str, people: Shown, scale: &Linear, side: Side, y: f64, row: f64) -> Markup {
    let (class, length) = match people.count() {
        Some(0) => return html! {},
        Some(count) => (class, scale.at(count)),
        None => ("hidden-mark", 7.0),
    };
    let x = match side {
        Side::Left(start) => start - length,
        Side::Right(start) => start,
    };
    html! { g { title { (band) ", " (who) ": " (people) } (rectangle(class, x, y + 1.5, length, row - 3.0)) } }
}
