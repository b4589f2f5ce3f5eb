//! Why to believe it: the accounts, how records were linked, what is hidden and why.

use super::filter::{Filter, class_of_setting};
use super::{count_cell, days_old, figure, scrolling, section};
use crate::summary::disclosure::Shown;
use crate::summary::figures::{ChangeFigures, Figures, LinkedGroup, setting_words};
use crate::summary::pictures::rates;
use maud::{Markup, html};

pub(super) fn sections(figures: &Figures) -> Markup {
    html! {
        (accounts(figures))
        (linkage(figures))
        (privacy(figures))
    }
}

fn accounts(figures: &Figures) -> Markup {
    let accounts = &figures.accounts;
    let term = |shown: Shown, words: &str| html! { div { strong { (shown) } span { (words) } } };
    let sign = |sign: &str| html! { span.sign aria-hidden="true" { (sign) } };
    let words = html! {
        p { "No row vanishes. Each one either belongs to a person, or lies in quarantine with its reason, or is withheld. "
            "The run stops if the exact figures do not add up; here they are rounded, so the sum can be out by a few." }
    };
    let shows = html! {
        div.equation {
            (term(accounts.read, "rows read")) (sign("="))
            (term(accounts.linked, "linked")) (sign("+"))
            (term(accounts.quarantined, "quarantined")) (sign("+"))
            (term(accounts.withheld, "withheld"))
        }
        details {
            summary { "The figures: rows and people by provider" }
            (Filter::of_settings("accounts", figures).buttons())
            (scrolling("Rows and people by provider", provider_table(figures)))
        }
        @if let Some(changes) = &figures.changes { (changes_table(changes)) }
    };
    section("accounts", "Every row accounted for", words, shows)
}

fn provider_table(figures: &Figures) -> Markup {
    html! {
        table {
            caption { "Rows and people by provider" }
            thead { tr {
                th scope="col" { "Provider" } th scope="col" { "Setting" }
                @for words in ["Records", "People", "Quarantined", "Withheld"] { th.n scope="col" { (words) } }
            } }
            tbody {
                @for provider in &figures.providers {
                    tr class=(format!("of {}", class_of_setting(provider.setting))) {
                        th scope="row" { (provider.name) @if let Some(days) = provider.days_old { small { (days_old(days)) } } }
                        td { (setting_words(provider.setting)) }
                        @for shown in [provider.records, provider.people, provider.quarantined, provider.withheld] { (count_cell(shown)) }
                    }
                }
            }
        }
    }
}

fn changes_table(changes: &ChangeFigures) -> Markup {
    html! {
        h3 { "Since the last run" }
        table {
            caption { "People, against run " (changes.from_run) }
            thead { tr { th scope="col" { "What changed" } th.n scope="col" { "People" } } }
            tbody { @for row in &changes.rows { tr { th scope="row" { (row.label) } (count_cell(row.people)) } } }
        }
    }
}

fn linkage(figures: &Figures) -> Markup {
    let linkage = &figures.linkage;
    let words = html! {
        p { "Nobody carries one number everywhere. The computer judges from what the records say whether two of them are about one person." }
    };
    let percent = |share: f64| format!("{:.1}\u{a0}%", share.clamp(0.0, 1.0) * 100.0);
    let shows = html! {
        ol.steps {
            li { strong { "Tidy" } " Names, dates, numbers and addresses are brought to one form. The value as it was sent is kept." }
            li { strong { "Bring together" } " Records that share something telling are compared: " (linkage.pairs_compared) " pairs in this run." }
            li { strong { "Weigh" } " Each agreement counts for as much as it is rare: sharing the name Smith says little, sharing a rare name and a birthday says much. "
                "Each disagreement counts against. Missing values count neither way." }
            li { strong { "Decide" } " Pairs with enough evidence are linked: " (linkage.links) " of them. A person’s records must fit together as a group, so that one bad record cannot chain two people together. "
                (linkage.review) " doubtful pairs are left for somebody to review, and stay apart until then." }
        }
        @match linkage.estimate {
            Some(estimate) => dl.estimate {
                div { dt { "Right when it links" } dd { strong { (percent(estimate.precision)) } " of the links put together records of one person" } }
                div { dt { "Found of what there is" } dd { strong { (percent(estimate.recall)) } " of the pairs that belong together were found" } }
            },
            None => p.note { "No estimate of the errors was made in this run." },
        }
        @if linkage.estimate.is_some() {
            p.note { "Both are the model’s own estimates from this run, not a count against known answers." }
        }
        (by_group(figures))
    };
    section("linkage", "How records were linked", words, shows)
}

/// For whom linking is less sure.
fn by_group(figures: &Figures) -> Markup {
    let groups = &figures.linkage.groups;
    let told: Vec<(String, Option<f64>)> = groups
        .iter()
        .filter(|group| group.several.count() != Some(0))
        .map(|group| (group_words(group), group.wrong_per_thousand))
        .collect();
    let worst = told.iter().filter_map(|(label, rate)| Some((rate.as_ref()?, label)));
    let description = match worst.max_by(|one, other| one.0.total_cmp(other.0).then(other.1.cmp(one.1))) {
        Some((rate, label)) => format!("Bars. Most are expected of: {label}, {rate:.1} of 1,000."),
        None => "No group has enough people to be told of.".into(),
    };
    let title =
        "Of 1,000 people put together from several records, how many are expected to hold a record of somebody else";
    html! {
        h3 { "For whom it is less sure" }
        p { "Of 1,000 people put together from several records, how many the program expects to hold a record of somebody else. "
            "It is its own estimate; what was missed shows only against the truth, and " code { "onefolk evaluate" } " measures that." }
        (figure("linkage-by-group", &rates(title, description, &told), group_table(groups)))
    }
}

fn group_words(group: &LinkedGroup) -> String {
    match group.by {
        "age" if group.label.starts_with(|letter: char| letter.is_ascii_digit()) => format!("Aged {}", group.label),
        "age" => "Age not known".into(),
        "sex" if group.label.starts_with("Ind") => "Sex indeterminate or not known".into(),
        "ethnic_group" if group.label.starts_with("Not") => "Ethnic group not known".into(),
        _ => group.label.clone(),
    }
}

fn group_table(groups: &[LinkedGroup]) -> Markup {
    html! {
        table {
            caption { "People put together from several records, and how many of 1,000 are expected to hold a record of somebody else" }
            thead { tr { th scope="col" { "Group" } th.n scope="col" { "People" } th.n scope="col" { "Expected wrong of 1,000" } } }
            tbody {
                @for group in groups {
                    tr {
                        th scope="row" { (group_words(group)) }
                        (count_cell(group.several))
                        td.n.said { @match group.wrong_per_thousand { Some(rate) => (format!("{rate:.1}")), None => "too few to say" } }
                    }
                }
            }
        }
    }
}

fn privacy(figures: &Figures) -> Markup {
    let preset = figures.preset;
    let words = html! { p { "This page holds counts only: no name, number, date of birth or address of anybody." } };
    let shows = html! {
        ul.plain {
            li { strong { "Small numbers are hidden." } " A count from " (preset.low) " to " (preset.high) " is shown as *, because few people in a group can be recognised by somebody who knows them." }
            @if preset.rounds() {
                li { strong { "Other numbers are blurred" } " by a little that is the same every time, and rounded to the nearest " (preset.rounded_to)
                    ", so that nobody can subtract one table, or one month, from another. Percentages come from the printed counts. Sums can therefore differ a little from their parts." }
            } @else {
                li { strong { "Other numbers stand as they are." } " Percentages come from them." }
            }
            li { strong { "Nothing is given back by adding and subtracting." } " Where all tables together would give a hidden number back, or show that it is 1 or 2, as little more as possible is hidden as well. A * can stand for such a number too, and in rare places for 0." }
            li { strong { "Objections are kept." } " People who objected to the local use of their records are in none of these figures except the rows withheld." }
        }
    };
    section("privacy", "What is hidden, and why", words, shows)
}
