//! Groups as dots with their intervals, against the whole.

use super::scale::{Shares, percent};
use crate::evaluate::shown::plain;
use crate::evaluate::{Estimate, Group, Grouping, Whole};
use crate::summary::pictures::{Drawing, Picture, fitted, line, number, text};
use maud::{Markup, html};

const ROW: f64 = 30.0;
const TOP: f64 = 26.0;

/// Precision and recall of one grouping, each in a panel of its own.
pub(super) fn dots(grouping: &Grouping, whole: &Whole) -> Picture {
    let name = plain(&grouping.name);
    let lowest = grouping.groups.iter().filter(|group| group.recall.value.is_some());
    let lowest = lowest.min_by(|a, b| a.recall.value.unwrap_or(1.0).total_cmp(&b.recall.value.unwrap_or(1.0)));
    let description = lowest.map_or("No group has a true pair.".into(), |group| {
        format!("Recall is lowest for {}, {}.", plain(&group.name), percent(group.recall.value.unwrap_or(0.0)))
    });
    Picture {
        sizes: vec![("wide-medium", wide(grouping, whole)), ("narrow", narrow(grouping, whole))],
        title: format!("Precision and recall by {name}"),
        description,
    }
}

type Measure = fn(&Group) -> Estimate;
const PANELS: [(&str, Measure); 2] =
    [("precision", (|group| group.precision) as Measure), ("recall", (|group| group.recall) as Measure)];

fn wide(grouping: &Grouping, whole: &Whole) -> Drawing {
    let (width, label) = (860.0, 200.0);
    let panel = (width - label - 90.0) / 2.0;
    let body = html! {
        @for (row, group) in grouping.groups.iter().enumerate() {
            (text("label end", label - 14.0, TOP + (row as f64 + 0.5) * ROW + 4.5, &fitted(&plain(&group.name), label - 16.0, 15.5)))
        }
        @for (at, (words, of)) in PANELS.iter().enumerate() {
            (draw_panel(grouping, whole, words, *of, label + at as f64 * (panel + 60.0), TOP, panel))
        }
    };
    Drawing { width, height: TOP + grouping.groups.len() as f64 * ROW + 24.0, body }
}

/// On a telephone one panel below the other.
fn narrow(grouping: &Grouping, whole: &Whole) -> Drawing {
    let (width, label) = (350.0, 128.0);
    let height = TOP + grouping.groups.len() as f64 * ROW + 34.0;
    let body = html! {
        @for (at, (words, of)) in PANELS.iter().enumerate() {
            @let top = TOP + at as f64 * height;
            @for (row, group) in grouping.groups.iter().enumerate() {
                (text("label end", label - 10.0, top + (row as f64 + 0.5) * ROW + 4.5, &fitted(&plain(&group.name), label - 12.0, 15.5)))
            }
            (draw_panel(grouping, whole, words, *of, label, top, width - label - 22.0))
        }
    };
    Drawing { width, height: height * 2.0, body }
}

fn draw_panel(grouping: &Grouping, whole: &Whole, words: &str, of: Measure, left: f64, top: f64, width: f64) -> Markup {
    let all = if words == "precision" { whole.precision.value } else { whole.recall.value };
    let values = grouping.groups.iter().filter_map(|group| of(group).value).chain(all);
    let scale = Shares::down_to(values.fold(1.0, f64::min), width);
    let x = |share: f64| left + scale.at(share);
    let height = grouping.groups.len() as f64 * ROW;
    let ticks = scale.ticks();
    html! {
        (text("tick", left, top - 10.0, words))
        @for (at, tick) in ticks.iter().enumerate() {
            (line("grid", (x(*tick), top), (x(*tick), top + height)))
            @if at % 2 == 0 || (width > 250.0 && ticks.len() < 6) {
                (text("tick middle", x(*tick), top + height + 17.0, &percent(*tick)))
            }
        }
        @if let Some(all) = all { (line("mark", (x(all), top), (x(all), top + height))) }
        @for (row, group) in grouping.groups.iter().enumerate() {
            @let y = top + (row as f64 + 0.5) * ROW;
            @if let (Some(value), Some(low), Some(high)) = (of(group).value, of(group).low, of(group).high) {
                (line("interval", (x(low), y), (x(high), y)))
                circle class=(if group.far_below { "dot-low" } else { "dot" }) cx=(number(x(value))) cy=(number(y)) r="5" {}
            }
        }
    }
}
