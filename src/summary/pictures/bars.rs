//! Horizontal bars, label beside (wide) or above (narrow).

use super::scale::Linear;
use super::{Drawing, Picture, fitted, line, rectangle, text};
use crate::summary::disclosure::Shown;
use crate::summary::figures::Group;
use maud::{Markup, html};

pub(in crate::summary) fn bars(
    title: &str,
    description: String,
    groups: &[Group],
    width: f64,
    whole: Shown,
) -> Picture {
    let sizes = vec![("wide-medium", wide(groups, width, whole)), ("narrow", narrow(groups, 350.0, whole))];
    Picture { sizes, title: title.into(), description }
}

fn value_words(people: Shown, whole: Shown) -> String {
    match people.percent_of(whole) {
        Some(percent) if percent > 0.0 && percent < 0.5 => format!("{people}  (under 1\u{a0}%)"),
        Some(percent) if percent > 0.0 => format!("{people}  ({percent:.0}\u{a0}%)"),
        _ => people.to_string(),
    }
}

fn bar(people: Shown, scale: &Linear, x: f64, y: f64, height: f64) -> Markup {
    match people.count() {
        Some(count) => rectangle("bar", x, y, scale.at(count).max(if count > 0 { 1.5 } else { 0.0 }), height),
        None => rectangle("hidden-mark", x, y, 8.0, height),
    }
}

fn largest(groups: &[Group]) -> u64 {
    groups.iter().filter_map(|group| group.people.count()).max().unwrap_or(0)
}

fn wide(groups: &[Group], width: f64, whole: Shown) -> Drawing {
    let longest = groups.iter().map(|group| group.label.chars().count()).max().unwrap_or(0);
    let label = (longest as f64 * 7.8 + 14.0).min(width * 0.34);
    let (value, row) = (126.0, 32.0);
    let scale = Linear::filled(largest(groups), width - label - value);
    let body = html! {
        @for (index, group) in groups.iter().enumerate() {
            @let y = index as f64 * row;
            @let end = label + scale.at(group.people.count().unwrap_or(0)).max(8.0) + 8.0;
            (text("label end", label - 12.0, y + 20.5, &fitted(&group.label, label - 12.0, 14.0)))
            (bar(group.people, &scale, label, y + 5.0, row - 10.0))
            (text("value", end, y + 20.5, &value_words(group.people, whole)))
        }
        (line("axis", (label, 0.0), (label, groups.len() as f64 * row)))
    };
    Drawing { width, height: groups.len() as f64 * row, body }
}

fn narrow(groups: &[Group], width: f64, whole: Shown) -> Drawing {
    let row = 44.0;
    let scale = Linear::filled(largest(groups), width);
    let body = html! {
        @for (index, group) in groups.iter().enumerate() {
            @let y = index as f64 * row;
            (text("label", 0.0, y + 15.0, &fitted(&group.label, width - 105.0, 14.0)))
            (text("value end", width, y + 15.0, &value_words(group.people, whole)))
            (rectangle("track", 0.0, y + 22.0, width, 10.0))
            (bar(group.people, &scale, 0.0, y + 22.0, 10.0))
        }
    };
    Drawing { width, height: groups.len() as f64 * row, body }
}
