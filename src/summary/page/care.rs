//! Packages of care: who has one, for whom two providers provide, and where there is none.

use super::count_cell;
use super::frame::{figure, section as framed};
use crate::summary::care::{CareFigures, NeedFigures, RuleFigures};
use crate::summary::disclosure::Shown;
use crate::summary::figures::Group;
use crate::summary::pictures::bars;
use maud::{Markup, html};

pub(super) fn section(care: &CareFigures) -> Markup {
    let words = html! {
        p { "Services of all providers, put on one time line a person. Two providers for one need may be one too many; a need whose last \
             package has ended, or a rule that says that somebody should have one, may be a person whom nobody sees." }
        p.note { "People who are registered or known here. A person counts once for each need." }
        @if care.others { p.note { "Needs for which too few people have a package are not named." } }
    };
    let groups: Vec<Group> =
        care.needs.iter().map(|need| Group { label: in_words(&need.need), people: need.current }).collect();
    let picture = |title: &str, groups: &[Group]| bars(title, groups, Shown::NONE);
    let gaps: Vec<Group> =
        care.rules.iter().map(|rule| Group { label: rule.name.clone(), people: rule.gaps }).collect();
    let shows = html! {
        (figure("care-needs", &picture("People with a package, by need", &groups), needs(care)))
        @if !gaps.is_empty() {
            h3 { "Should have a package, and have none" }
            (figure("care-gaps", &picture("People without a package that a rule says they should have", &gaps), rules(&care.rules)))
        }
    };
    framed("care", "Packages of care", words, shows)
}

/// "personal_care" as "Personal care".
pub(super) fn in_words(need: &str) -> String {
    let words = need.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn needs(care: &CareFigures) -> Markup {
    let row = |need: &NeedFigures, label: &str| {
        html! {
            tr { th scope="row" { (label) } (count_cell(need.current)) (count_cell(need.overlap)) (count_cell(need.ended)) }
        }
    };
    html! {
        table {
            caption { "People by what their packages are for" }
            thead { tr {
                th scope="col" { "Need" }
                @for words in ["With a package", "From two providers", "Ended, none since"] { th.n scope="col" { (words) } }
            } }
            tbody {
                (row(&care.any, "Any"))
                @for need in &care.needs { (row(need, &in_words(&need.need))) }
            }
        }
    }
}

fn rules(rules: &[RuleFigures]) -> Markup {
    html! {
        table {
            caption { "People who should have a package by a rule of the job" }
            thead { tr {
                th scope="col" { "Rule" }
                th scope="col" { "Need" }
                @for words in ["Should have one", "Have none"] { th.n scope="col" { (words) } }
            } }
            tbody {
                @for rule in rules {
                    tr { th scope="row" { (rule.name) } td { (in_words(&rule.need)) } (count_cell(rule.due)) (count_cell(rule.gaps)) }
                }
            }
        }
    }
}
