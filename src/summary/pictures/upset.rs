//! Which settings the same people are known to: each column is a combination, dots say which settings, the bar says how many people.

use super::scale::{Linear, short};
use super::{Drawing, Picture, described_bars, fitted, line, number, rectangle, text};
use crate::job::Setting;
use crate::summary::figures::{Group, Settings, setting_words};
use maud::{Markup, html};

const BARS: f64 = 170.0;
const ROW: f64 = 30.0;
const LABELS: f64 = 150.0;
/// Of the width, for the bars of whole settings.
const TOTALS_SHARE: f64 = 0.19;

/// On a telephone the combinations become plain bars.
pub(in crate::summary) fn upset(
    description: String,
    settings: &Settings,
    people: crate::summary::disclosure::Shown,
) -> Picture {
    let title = "People by the combination of settings that know them";
    let label =
        |members: &[usize]| members.iter().map(|&row| briefly(settings.rows[row].0)).collect::<Vec<_>>().join(" + ");
    let groups: Vec<Group> = settings
        .combinations
        .iter()
        .map(|(members, people)| Group { label: label(members), people: *people })
        .collect();
    let narrow = described_bars(title, String::new(), &groups, 350.0, people).sizes.pop();
    let mut sizes = vec![("wide", draw(settings, 1130.0)), ("medium", draw(settings, 830.0))];
    sizes.extend(narrow);
    Picture { sizes, title: title.into(), description }
}

/// Where several settings share one line of a telephone.
fn briefly(setting: Setting) -> &'static str {
    match setting {
        Setting::GeneralPractice => "GP",
        Setting::Acute => "Hospital",
        Setting::Community => "Community",
        Setting::Voluntary => "Voluntary",
        _ => setting_words(setting),
    }
}

fn draw(settings: &Settings, width: f64) -> Drawing {
    let totals_wide = if settings.rows.iter().any(|row| row.1.is_some()) { width * TOTALS_SHARE } else { 0.0 };
    let start = LABELS + totals_wide + 18.0;
    let step = ((width - start) / settings.combinations.len().max(1) as f64).min(72.0);
    let top = BARS + 22.0;
    let height = top + settings.rows.len() as f64 * ROW;
    let body = html! {
        (stripes(settings, top, width))
        (totals(settings, top, totals_wide))
        (columns(settings, start, step, top))
    };
    Drawing { width, height, body }
}

fn stripes(settings: &Settings, top: f64, width: f64) -> Markup {
    html! {
        @for index in (0..settings.rows.len()).step_by(2) {
            (rectangle("stripe", 0.0, top + index as f64 * ROW, width, ROW))
        }
    }
}

/// The settings' names and, to their left, how many people each knows.
fn totals(settings: &Settings, top: f64, wide: f64) -> Markup {
    let largest = settings.rows.iter().filter_map(|row| row.1?.count()).max().unwrap_or(0);
    let scale = Linear::filled(largest, (wide - 66.0).max(1.0));
    html! {
        @if wide > 0.0 { (text("tick end", wide, top - 8.0, "People known to it")) }
        @for (index, (setting, people)) in settings.rows.iter().enumerate() {
            @let y = top + index as f64 * ROW;
            @if let Some(people) = people {
                @let length = people.count().map_or(7.0, |count| scale.at(count));
                @let class = if people.is_hidden() { "hidden-mark" } else { "bar-quiet" };
                (rectangle(class, wide - length, y + 7.0, length, ROW - 14.0))
                (text("value end", wide - length - 7.0, y + 19.5, &people.to_string()))
            }
            (text("label", wide + 12.0, y + 19.5, &fitted(setting_words(*setting), LABELS - 12.0, 14.0)))
        }
    }
}

fn columns(settings: &Settings, start: f64, step: f64, top: f64) -> Markup {
    let largest = settings.combinations.iter().filter_map(|column| column.1.count()).max().unwrap_or(0);
    let scale = Linear::filled(largest, BARS - 24.0);
    html! {
        @for (index, (members, people)) in settings.combinations.iter().enumerate() {
            @let x = start + (index as f64 + 0.5) * step;
            @let length = people.count().map_or(7.0, |count| scale.at(count));
            @let class = if people.is_hidden() { "hidden-mark" } else { "bar" };
            (rectangle(class, x - step * 0.32, BARS - length, step * 0.64, length))
            (text("value middle", x, BARS - length - 7.0, &people.count().map_or("*".into(), short)))
            @for row in 0..settings.rows.len() {
                @let class = if members.contains(&row) { "dot" } else { "dot-off" };
                circle class=(class) cx=(number(x)) cy=(number(top + (row as f64 + 0.5) * ROW)) r="6" {}
            }
            @if let (Some(first), Some(last)) = (members.iter().min(), members.iter().max()) {
                (line("joint", (x, top + (*first as f64 + 0.5) * ROW), (x, top + (*last as f64 + 0.5) * ROW)))
            }
        }
        (line("axis", (start, BARS), (start + settings.combinations.len() as f64 * step, BARS)))
    }
}
