//! Packages of care as bars on one time line, need by need, with their table.

use super::packages::{PackageLine, Packages};
use super::shown_html::table;
use crate::best_record::{date_of, days};
use crate::summary::pictures::{Drawing, Picture, fitted, line, rectangle, text};
use jiff::ToSpan;
use jiff::civil::Date;
use maud::{Markup, html};

/// Height of one bar with the room around it.
const ROW: f64 = 30.0;
/// Room for the years above.
const TOP: f64 = 26.0;
/// Packages drawn at most: what a page can hold; the table has them all.
const DRAWN_MAX: usize = 60;

impl Packages {
    /// The picture and the table; `as_of` is the run's day.
    pub(super) fn drawn(&self, as_of: &str) -> Markup {
        let remarks = self.remarks();
        html! {
            @if !remarks.is_empty() {
                (table("What to look at", &["what", "which"], remarks.into_iter().map(|(label, words)| vec![label, words]).collect()))
            }
            @if let (Ok(as_of), false) = (as_of.parse::<Date>(), self.packages.is_empty()) {
                figure #packages-picture { (self.picture(as_of).render("packages-time-line")) }
            }
            (self.table())
        }
    }

    fn table(&self) -> Markup {
        if self.packages.is_empty() {
            return html! { p { "None." } };
        }
        let cell = |value: &Option<String>| value.as_deref().unwrap_or("").replace('_', " ");
        let lines = self.packages.iter().map(|package| {
            let provider = package.provider_name.clone().unwrap_or_else(|| "not known".into());
            let record = package.record_id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
            vec![
                package.when(),
                cell(&package.need),
                cell(&package.service),
                format!("{provider}{record}"),
                package.planned_until.clone().unwrap_or_default(),
                package.stands(),
            ]
        });
        table(
            "Packages of care, one a line",
            &["when", "need", "service", "provider", "planned until", "stands"],
            lines.collect(),
        )
    }

    fn picture(&self, as_of: Date) -> Picture {
        let mut drawn: Vec<&PackageLine> = self.packages.iter().filter(|package| package.days.is_some()).collect();
        drawn.sort_by(|one, other| one.need.cmp(&other.need).then(one.days.cmp(&other.days)));
        drawn.truncate(DRAWN_MAX);
        let said = drawn.iter().map(|package| format!("{}, {}", package.what(), package.when()));
        Picture {
            title: "Packages of care on one time line".into(),
            description: format!("Bars: {}.", said.collect::<Vec<_>>().join("; ")),
            sizes: vec![
                ("wide-medium", self.draw(&drawn, as_of, 760.0, 270.0)),
                ("narrow", self.draw(&drawn, as_of, 350.0, 130.0)),
            ],
        }
    }

    fn draw(&self, drawn: &[&PackageLine], as_of: Date, width: f64, label: f64) -> Drawing {
        let (first, last) = self.range(as_of);
        let scale = Scale { first, days: f64::from((last - first).max(1)), left: label, length: width - label - 10.0 };
        let height = TOP + drawn.len() as f64 * ROW;
        let today = scale.at(days(as_of));
        let body = html! {
            @for (x, when) in scale.marks() {
                (line("grid", (x, TOP - 6.0), (x, height)))
                (text("tick", x + 3.0, TOP - 10.0, &when))
            }
            @for (at, package) in drawn.iter().enumerate() {
                @let y = TOP + at as f64 * ROW;
                @if let Some((from, until)) = package.days {
                    @let x = scale.at(from);
                    @let end = scale.at(until.map_or(last, |until| until.min(last)));
                    (text("label end", label - 10.0, y + 19.0, &fitted(&package.what(), label - 34.0, 13.5)))
                    (rectangle(class_of(package), x, y + 6.0, (end - x).max(2.0), ROW - 12.0))
                }
            }
            (line("axis", (today, TOP - 6.0), (today, height)))
        };
        Drawing { width, height, body }
    }
}

/// What is there now stands out; what is planned or over does less so.
fn class_of(package: &PackageLine) -> &'static str {
    match package.state.as_deref() {
        Some("current") => "bar",
        Some("planned") => "bar-b",
        _ => "bar-quiet",
    }
}

/// From days to places of the picture.
struct Scale {
    first: i32,
    days: f64,
    left: f64,
    length: f64,
}

impl Scale {
    fn at(&self, day: i32) -> f64 {
        self.left + f64::from(day - self.first) / self.days * self.length
    }

    /// The beginnings of years, or of months where there is but one year, thinned so that their words do not touch.
    fn marks(&self) -> Vec<(f64, String)> {
        let (first, last) = (date_of(self.first), date_of(self.first + self.days as i32));
        let years = (first.year() + 1..=last.year()).map(|year| jiff::civil::date(year, 1, 1));
        let marks = self.thinned(years.map(|day| (day, day.strftime("%Y").to_string())), 44.0);
        if marks.len() > 1 {
            return marks;
        }
        let months = first.first_of_month().series(1.month()).skip(1).take_while(|day| *day <= last);
        self.thinned(months.map(|day| (day, day.strftime("%b %Y").to_string())), 70.0)
    }

    /// Those of the marks that have room for their words, which are `wide`.
    fn thinned(&self, marks: impl Iterator<Item = (Date, String)>, wide: f64) -> Vec<(f64, String)> {
        let mut kept: Vec<(f64, String)> = Vec::new();
        for (day, words) in marks {
            let x = self.at(days(day));
            let apart = kept.last().is_none_or(|(before, _)| x - before >= wide);
            if apart && x + wide < self.left + self.length + 20.0 {
                kept.push((x, words));
            }
        }
        kept
    }
}
