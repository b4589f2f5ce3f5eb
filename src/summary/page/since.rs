//! The headline figures, and how they stand against the run before.

use super::day;
use crate::summary::disclosure::Shown;
use crate::summary::figures::Figures;
use crate::summary::over_time::{Change, Of};
use crate::summary::pictures::separated;
use maud::{Markup, html};

/// Against what is compared, or why nothing is.
pub(super) fn sentence(figures: &Figures) -> Markup {
    let everybody = figures.over_time.change(&Of::new("everybody", "All people"), figures.people);
    let people = words(everybody).map(|change| format!("People: {change}. ")).unwrap_or_default();
    html! {
        p.since {
            @match &figures.over_time.before {
                Some((run, as_of)) if *as_of != figures.as_of => { (people) "Changes are since " (day(*as_of)) ", run " (run) "." }
                Some((run, _)) => { (people) "Changes are since run " (run) " of the same date." }
                None if figures.preset.rounds() => "This is the first run, so that there is nothing to compare with yet.",
                None => "Counts are not rounded under the rule of this job, so that no run is compared with another: exact differences could tell who has come.",
            }
        }
    }
}

/// What a commissioner looks for first.
pub(super) fn cards(figures: &Figures) -> Vec<Markup> {
    let status = |at: usize| {
        let group = &figures.status[at];
        (group.people, Of::new("status", &group.label))
    };
    let accounts = &figures.accounts;
    let account = |shown: Shown| {
        let name = accounts.named().into_iter().find(|(_, known)| *known == shown).map_or("", |(name, _)| name);
        (shown, Of::new("accounts", name))
    };
    [
        ("Registered", status(0), "people with a practice here"),
        ("Known, not registered", status(1), "people whom a service has seen lately"),
        ("Records linked", account(accounts.linked), "rows that belong to somebody"),
        ("Duplicates removed", account(accounts.duplicates), "records beyond each person’s first"),
        ("Set aside", account(accounts.quarantined), "rows that could not be used"),
        ("Withheld", account(accounts.withheld), "rows of people who objected, or that may not be linked"),
    ]
    .map(|(label, (shown, of), note)| {
        let change = words(figures.over_time.change(&of, shown));
        html! {
            div.card { dt { (label) } dd {
                strong { (shown) }
                @if let Some(change) = change { span.change { (change) } }
                span { (note) }
            } }
        }
    })
    .to_vec()
}

/// "12 more"; `None` where the run before has no such figure.
pub(super) fn words(change: Change) -> Option<String> {
    match change {
        Change::NotKnown => None,
        Change::Hidden => Some("change not shown".into()),
        Change::By(0) => Some("as before".into()),
        Change::By(more @ 1..) => Some(format!("{} more", separated(more.unsigned_abs()))),
        Change::By(fewer) => Some(format!("{} fewer", separated(fewer.unsigned_abs()))),
    }
}
