//! The end of life: the register, who knows of wishes, and whether they came true.

use super::count_cell;
use super::frame::{figure, scrolling, section as framed};
use crate::summary::disclosure::Shown;
use crate::summary::end_of_life::{EndOfLifeFigures, GroupFigures};
use crate::summary::figures::Group;
use crate::summary::pictures::bars;
use maud::{Markup, html};

pub(super) fn section(figures: &EndOfLifeFigures) -> Markup {
    let words = html! {
        p { "People on an end-of-life register, whether their wishes are recorded, and whether the provider that saw them last had them. Of \
             those who died: who died where they wished, and who was admitted unplanned in their last days." }
        @if let Some(percent) = figures.followed.percent_of(figures.both_known) {
            p { strong { (format!("{percent:.0}\u{a0}%")) } " died where they wished, of those of whom both places are known." }
        }
    };
    let bar = |label: &str, people: Shown| Group { label: label.into(), people };
    let register = [
        bar("On a register", figures.on_register),
        bar("Wishes recorded", figures.recorded),
        bar("Last provider had them", figures.known_to_last),
    ];
    let title = "People near the end of life whose wishes are recorded, and known to the provider that saw them last";
    let picture = bars(title, &register, figures.on_register);
    let shows = html! {
        (figure("end-of-life-register", &picture, register_table(&register)))
        h3 { "Those who died" }
        (scrolling("Unplanned admissions of those who died", admissions(figures)))
        (scrolling("Where people wished to die, and did", places(figures)))
    };
    framed("end-of-life", "End of life", words, shows)
}

fn register_table(rows: &[Group]) -> Markup {
    super::group_table("People on a register who are registered or known here", "What", rows)
}

fn percent(part: Shown, whole: Shown) -> Markup {
    html! { td.n.share { @if let Some(percent) = part.percent_of(whole) { (format!("{percent:.0}\u{a0}%")) } } }
}

fn admissions(figures: &EndOfLifeFigures) -> Markup {
    let label = |group: &GroupFigures| match group.group {
        "wishes_known_to_last" => "Last provider had the wishes",
        "wishes_not_known_to_last" => "Wishes recorded elsewhere only",
        _ => "No wishes recorded",
    };
    html! {
        table {
            caption { "People who died, by what was known of their wishes" }
            thead { tr {
                th scope="col" { "Wishes" }
                @for words in ["Died", "Admitted unplanned in the last days", "Share"] { th.n scope="col" { (words) } }
            } }
            tbody {
                @for group in &figures.groups {
                    tr { th scope="row" { (label(group)) } (count_cell(group.people)) (count_cell(group.admitted)) (percent(group.admitted, group.people)) }
                }
            }
        }
    }
}

fn places(figures: &EndOfLifeFigures) -> Markup {
    let row = |label: &str, people: Shown, there: Shown| {
        html! { tr { th scope="row" { (label) } (count_cell(people)) (count_cell(there)) (percent(there, people)) } }
    };
    html! {
        table {
            caption { "People who died and of whom both places are known" }
            thead { tr {
                th scope="col" { "Wished to die" }
                @for words in ["People", "Died there", "Share"] { th.n scope="col" { (words) } }
            } }
            tbody {
                (row("Anywhere", figures.both_known, figures.followed))
                @for place in &figures.places {
                    (row(&if place.place.is_empty() { "Places with too few people each".into() } else { super::care::in_words(&place.place) }, place.people, place.there))
                }
            }
        }
    }
}
