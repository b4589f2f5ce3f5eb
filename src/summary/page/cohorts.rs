//! People whom somebody looks for: the cohorts, tonight and over time.

use super::frame::{figure, section as framed};
use super::{count_cell, day, since};
use crate::summary::disclosure::Shown;
use crate::summary::figures::{CohortFigures, Figures, Group};
use crate::summary::over_time::Of;
use crate::summary::pictures::{Series, bars, lines};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Cohorts with a picture over time; the table has them all.
const SERIES_SHOWN: usize = 12;
/// Dates in the table, newest first; the file has them all.
const DATES_SHOWN: usize = 31;

pub(super) fn section(figures: &Figures) -> Markup {
    let words = html! {
        p { "People who meet a rule of the job. Who they are is handed out by a release only, to whom may have it and for what it is for." }
    };
    let groups: Vec<Group> =
        figures.cohorts.iter().map(|cohort| Group { label: cohort.name.to_string(), people: cohort.people }).collect();
    let picture = bars("People by cohort", &groups, Shown::NONE);
    let shows = html! {
        (figure("cohort-people", &picture, table(figures)))
        (over_time(figures))
    };
    framed("cohorts", "Cohorts", words, shows)
}

fn of(cohort: &CohortFigures) -> Of {
    Of::cohort(cohort.id, cohort.definition)
}

fn table(figures: &Figures) -> Markup {
    html! {
        table {
            caption { "People in each cohort, and who entered and left since the run before" }
            thead { tr {
                th scope="col" { "Cohort" }
                @for words in ["People", "Against the run before", "Entered", "Left"] { th.n scope="col" { (words) } }
            } }
            tbody {
                @for cohort in &figures.cohorts {
                    tr {
                        th scope="row" { (cohort.name) }
                        (count_cell(cohort.people))
                        td.n.said { (since::words(figures.over_time.change(&of(cohort), cohort.people)).unwrap_or_else(|| "not known".into())) }
                        (maybe(cohort.entered))
                        (maybe(cohort.left))
                    }
                }
            }
        }
    }
}

/// A count, or that there is nothing to compare with.
fn maybe(shown: Option<Shown>) -> Markup {
    html! { @match shown { Some(shown) => (count_cell(shown)), None => td.n.said { "not known" } } }
}

/// How many people each cohort held on each date; of a changed rule only since the change.
fn over_time(figures: &Figures) -> Markup {
    let Some(counts) = figures.cohorts_over_time() else {
        return html! { p.note { "How cohorts change over time is drawn from the second date on: " (why_not(figures)) } };
    };
    let named = figures.cohorts.iter().zip(counts);
    let series: Vec<Series> = named.map(|(cohort, counts)| Series { name: cohort.name, counts }).collect();
    let shown = &series[..series.len().min(SERIES_SHOWN)];
    let description = shown.iter().map(|series| told(series)).collect::<Vec<_>>().join(" ");
    let picture = lines("People in each cohort over time", description, shown);
    figure("cohorts-over-time", &picture, dates(&series))
}

fn why_not(figures: &Figures) -> &'static str {
    match (figures.preset.rounds(), &figures.over_time.before) {
        (false, _) => "under a rule that rounds only, and the rule of this job does not.",
        (true, None) => "this is the first run.",
        (true, Some(_)) => "every run so far is of the same date, or the rules are new.",
    }
}

/// First and last count of a series in a sentence.
fn told(series: &Series) -> String {
    let count = |count: Option<u64>| count.map_or("a hidden number".to_string(), |count| count.to_string());
    match (series.counts.first(), series.counts.last()) {
        (Some((from, first)), Some((to, last))) => {
            format!("{}: {} on {}, {} on {}.", series.name, count(*first), day(*from), count(*last), day(*to))
        }
        _ => String::new(),
    }
}

fn dates(series: &[Series]) -> Markup {
    let mut by_date: BTreeMap<jiff::civil::Date, Vec<Option<Option<u64>>>> = BTreeMap::new();
    for (at, own) in series.iter().enumerate() {
        for (date, count) in &own.counts {
            by_date.entry(*date).or_insert_with(|| vec![None; series.len()])[at] = Some(*count);
        }
    }
    html! {
        table {
            caption { "People in each cohort, by date, the newest first" }
            thead { tr { th scope="col" { "Date" } @for own in series { th.n scope="col" { (own.name) } } } }
            tbody {
                @for (date, counts) in by_date.iter().rev().take(DATES_SHOWN) {
                    tr {
                        th scope="row" { (day(*date)) }
                        @for count in counts {
                            @match count {
                                Some(Some(count)) => td.n { (count) },
                                Some(None) => td.n { "*" },
                                None => td.n.said { "not known" },
                            }
                        }
                    }
                }
            }
        }
    }
}
