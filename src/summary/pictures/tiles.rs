//! Places as tiles, by postcode area and number, stronger in colour with more people. No map: the tool knows no coordinates.

use super::scale::shade;
use super::{Drawing, Picture, fitted, rectangle, text};
use crate::summary::figures::Group;
use maud::{PreEscaped, html};

const GAP: f64 = 6.0;
/// Districts from which on a postcode area has lines of its own.
const OWN_LINE_FROM: usize = 3;

/// `areas` in order; all have a shown count or a hidden one.
pub(in crate::summary) fn tiles(description: String, areas: &[Group]) -> Picture {
    let sizes = vec![("wide-medium", draw(areas, 760.0, 8.0)), ("narrow", draw(areas, 350.0, 4.0))];
    Picture { sizes, title: "People by place".into(), description }
}

fn letters(name: &str) -> &str {
    name.split(|c: char| c.is_ascii_digit()).next().unwrap_or(name)
}

fn draw(areas: &[Group], width: f64, columns: f64) -> Drawing {
    let side = ((width - GAP * (columns - 1.0)) / columns).floor();
    let height = 54.0;
    let largest = areas.iter().filter_map(|area| area.people.count()).max().unwrap_or(0).max(1) as f64;
    let mut body = String::new();
    let (mut column, mut y) = (0.0, 0.0);
    let mut before: Option<&str> = None;
    for area in areas {
        let own = letters(&area.label);
        // A postcode area of several districts has lines of its own; the small ones between share some, so that the page stays short.
        let several = |area: &str| areas.iter().filter(|other| letters(&other.label) == area).count() >= OWN_LINE_FROM;
        let apart = |before: &str| before != own && (several(before) || several(own));
        let breaks = before.is_some_and(apart) && column > 0.0;
        if breaks || column >= columns {
            column = 0.0;
            y += height + GAP + if breaks { GAP * 1.5 } else { 0.0 };
        }
        let x = column * (side + GAP);
        let class = area.people.count().map_or("h0".to_string(), |count| shade(count as f64 / largest));
        let tile = html! {
            g class=(format!("{class} of of-{}", own.to_lowercase())) {
                (rectangle("tile", x, y, side, height))
                (text("tile-name", x + 10.0, y + 23.0, &fitted(&area.label, side - 14.0, 15.0)))
                (text("tile-value", x + 10.0, y + 42.0, &area.people.to_string()))
            }
        };
        body.push_str(&tile.into_string());
        column += 1.0;
        before = Some(own);
    }
    Drawing { width, height: y + height, body: PreEscaped(body) }
}
