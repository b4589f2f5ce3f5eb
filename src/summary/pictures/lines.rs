//! One small picture a group of how many people it held over time: a line from printed count to printed count, broken where one is hidden.

use super::scale::{Linear, separated, short};
use super::{Drawing, Picture, fitted, line, number, text};
use jiff::civil::Date;
use maud::{Markup, html};

/// Above a panel's line, its name and newest count; below it, the dates.
const HEAD: f64 = 30.0;
const FOOT: f64 = 24.0;
const LINE: f64 = 84.0;
const GAP: f64 = 34.0;
/// Left of the line, for the figures of the axis.
const AXIS: f64 = 40.0;

/// A group and its counts, oldest first; `None` where hidden.
pub(in crate::summary) struct Series<'a> {
    pub name: &'a str,
    pub counts: Vec<(Date, Option<u64>)>,
}

pub(in crate::summary) fn lines(title: &str, description: String, series: &[Series]) -> Picture {
    let sizes = vec![("wide-medium", draw(series, 760.0, 2)), ("narrow", draw(series, 350.0, 1))];
    Picture { sizes, title: title.into(), description }
}

fn draw(series: &[Series], width: f64, columns: usize) -> Drawing {
    let dates = || series.iter().flat_map(|series| series.counts.iter().map(|(date, _)| *date));
    let (first, last) = (dates().min(), dates().max());
    let panel = (width - GAP * (columns as f64 - 1.0)) / columns as f64;
    let row = HEAD + LINE + FOOT + 14.0;
    let body = html! {
        @if let Some((first, last)) = first.zip(last) {
            @for (at, series) in series.iter().enumerate() {
                (one(series, ((at % columns) as f64 * (panel + GAP), (at / columns) as f64 * row), panel, (first, last)))
            }
        }
    };
    Drawing { width, height: series.len().div_ceil(columns) as f64 * row, body }
}

fn one(series: &Series, (x, y): (f64, f64), width: f64, (first, last): (Date, Date)) -> Markup {
    let top = y + HEAD;
    let largest = series.counts.iter().filter_map(|(_, count)| *count).max().unwrap_or(0);
    let scale = Linear::new(largest, LINE);
    let days = |date: Date| f64::from(date.since(first).map_or(0, |span| span.get_days()));
    let whole = days(last).max(1.0);
    let across = |date: Date| x + AXIS + days(date) / whole * (width - AXIS - 8.0);
    let newest = series.counts.last().map_or("*".into(), |(_, count)| count.map_or("*".into(), separated));
    let highest = *scale.ticks().last().expect("a scale has a tick");
    html! {
        (text("label strong", x, y + 15.0, &fitted(series.name, width - 52.0, 14.0)))
        (text("value end", x + width, y + 15.0, &newest))
        // Where every count is hidden there is no scale.
        @for tick in [0, highest].into_iter().take(if largest > 0 { 2 } else { 1 }) {
            (line("grid", (x + AXIS, top + LINE - scale.at(tick)), (x + width, top + LINE - scale.at(tick))))
            (text("tick end", x + AXIS - 7.0, top + LINE - scale.at(tick) + 4.0, &short(tick)))
        }
        (text("tick", x + AXIS, top + LINE + 18.0, &day(first)))
        (text("tick end", x + width, top + LINE + 18.0, &day(last)))
        @for pair in series.counts.windows(2) {
            @if let [(from, Some(old)), (to, Some(new))] = pair {
                (line("trend", (across(*from), top + LINE - scale.at(*old)), (across(*to), top + LINE - scale.at(*new))))
            }
        }
        @for (date, count) in &series.counts {
            @let class = if count.is_some() { "dot" } else { "hidden-mark" };
            circle class=(class) cx=(number(across(*date))) cy=(number(top + LINE - count.map_or(0.0, |count| scale.at(count)))) r="3.5" {}
        }
    }
}

/// "22 Nov 2026".
fn day(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}
