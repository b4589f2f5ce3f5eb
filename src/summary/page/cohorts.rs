//! People whom somebody looks for: the cohorts.

use super::count_cell;
use super::frame::{figure, section as framed};
use crate::summary::disclosure::Shown;
use crate::summary::figures::{CohortFigures, Figures, Group};
use crate::summary::pictures::bars;
use maud::{Markup, html};

pub(super) fn section(figures: &Figures) -> Markup {
    let words = html! {
        p { "People who meet a rule of the job. Who they are is handed out by a release only, to whom may have it and for what it is for." }
    };
    let groups: Vec<Group> =
        figures.cohorts.iter().map(|cohort| Group { label: cohort.name.to_string(), people: cohort.people }).collect();
    let said = groups.iter().map(|group| format!("{} {}", group.label, group.people)).collect::<Vec<_>>();
    let picture = bars("People by cohort", format!("Bars: {}.", said.join(", ")), &groups, 760.0, Shown::NONE);
    framed("cohorts", "Cohorts", words, figure("cohort-people", &picture, table(&figures.cohorts)))
}

fn table(cohorts: &[CohortFigures]) -> Markup {
    html! {
        table {
            caption { "People in each cohort, and who entered and left since the run before" }
            thead { tr { th scope="col" { "Cohort" } @for words in ["People", "Entered", "Left"] { th.n scope="col" { (words) } } } }
            tbody {
                @for cohort in cohorts {
                    tr { th scope="row" { (cohort.name) } (count_cell(cohort.people)) (maybe(cohort.entered)) (maybe(cohort.left)) }
                }
            }
        }
    }
}

/// A count, or that there is nothing to compare with.
fn maybe(shown: Option<Shown>) -> Markup {
    html! { td.n { @match shown { Some(shown) => (shown), None => "not known" } } }
}
