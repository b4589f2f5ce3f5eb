//! Horizontal bars, label beside (wide) or above (narrow).

use super::scale::{Linear, separated};
use super::{Drawing, Picture, fitted, line, rectangle, text};
use crate::summary::disclosure::Shown;
use crate::summary::figures::Group;
use maud::{Markup, html};

/// Bars of groups of people, each said in the description; with its share of `whole` where that is not nobody.
pub(in crate::summary) fn bars(title: &str, groups: &[Group], whole: Shown) -> Picture {
    let said: Vec<String> = groups.iter().map(|group| format!("{} {}", group.label, group.people)).collect();
    described_bars(title, format!("Bars: {}.", said.join(", ")), groups, 760.0, whole)
}

/// The same of another width, or with a description of its own.
pub(in crate::summary) fn described_bars(
    title: &str,
    description: String,
    groups: &[Group],
    width: f64,
    whole: Shown,
) -> Picture {
    let bar = |group: &Group| Bar {
        label: group.label.clone(),
        length: group.people.count(),
        words: value_words(group.people, whole),
    };
    picture(title, description, &groups.iter().map(bar).collect::<Vec<_>>(), width)
}

/// Bars of rates, each with one decimal; `None` is not told.
pub(in crate::summary) fn rates(title: &str, description: String, rates: &[(String, Option<f64>)]) -> Picture {
    let bar = |(label, rate): &(String, Option<f64>)| Bar {
        label: label.clone(),
        length: rate.map(|rate| (rate * 100.0).round() as u64),
        words: rate.map_or_else(|| "too few to say".into(), |rate| format!("{rate:.1}")),
    };
    picture(title, description, &rates.iter().map(bar).collect::<Vec<_>>(), 760.0)
}

/// Bars of sums of printed figures.
pub(in crate::summary) fn sums(title: &str, description: String, sums: &[(String, u64)]) -> Picture {
    let bar = |(label, sum): &(String, u64)| Bar { label: label.clone(), length: Some(*sum), words: separated(*sum) };
    picture(title, description, &sums.iter().map(bar).collect::<Vec<_>>(), 760.0)
}

/// One bar; `None` has no length.
struct Bar {
    label: String,
    length: Option<u64>,
    words: String,
}

fn picture(title: &str, description: String, bars: &[Bar], width: f64) -> Picture {
    let sizes = vec![("wide-medium", wide(bars, width)), ("narrow", narrow(bars, 350.0))];
    Picture { sizes, title: title.into(), description }
}

fn value_words(people: Shown, whole: Shown) -> String {
    match people.percent_of(whole) {
        Some(percent) if percent > 0.0 && percent < 0.5 => format!("{people}  (under 1\u{a0}%)"),
        Some(percent) if percent > 0.0 => format!("{people}  ({percent:.0}\u{a0}%)"),
        _ => people.to_string(),
    }
}

fn bar(length: Option<u64>, scale: &Linear, x: f64, y: f64, height: f64) -> Markup {
    match length {
        Some(count) => rectangle("bar", x, y, scale.at(count).max(if count > 0 { 1.5 } else { 0.0 }), height),
        None => rectangle("hidden-mark", x, y, 8.0, height),
    }
}

fn longest(bars: &[Bar]) -> u64 {
    bars.iter().filter_map(|bar| bar.length).max().unwrap_or(0)
}

fn wide(bars: &[Bar], width: f64) -> Drawing {
    let letters = bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0);
    let label = (letters as f64 * 7.8 + 14.0).min(width * 0.42);
    let (value, row) = (126.0, 32.0);
    let scale = Linear::filled(longest(bars), width - label - value);
    let body = html! {
        @for (index, own) in bars.iter().enumerate() {
            @let y = index as f64 * row;
            @let end = label + scale.at(own.length.unwrap_or(0)).max(8.0) + 8.0;
            (text("label end", label - 12.0, y + 20.5, &fitted(&own.label, label - 12.0, 14.0)))
            (bar(own.length, &scale, label, y + 5.0, row - 10.0))
            (text("value", end, y + 20.5, &own.words))
        }
        (line("axis", (label, 0.0), (label, bars.len() as f64 * row)))
    };
    Drawing { width, height: bars.len() as f64 * row, body }
}

fn narrow(bars: &[Bar], width: f64) -> Drawing {
    let row = 44.0;
    let scale = Linear::filled(longest(bars), width);
    let body = html! {
        @for (index, own) in bars.iter().enumerate() {
            @let y = index as f64 * row;
            (text("label", 0.0, y + 15.0, &fitted(&own.label, width - 105.0, 14.0)))
            (text("value end", width, y + 15.0, &own.words))
            (rectangle("track", 0.0, y + 22.0, width, 10.0))
            (bar(own.length, &scale, 0.0, y + 22.0, 10.0))
        }
    };
    Drawing { width, height: bars.len() as f64 * row, body }
}
