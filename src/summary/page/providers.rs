//! Who knows them: settings, overlap of providers, the quality of what was sent.

use super::filter::{Filter, class_of_setting};
use super::{count_cell, days_old, figure, group_table, plural, scrolling, section};
use crate::summary::advice;
use crate::summary::figures::{FieldFigures, Figures, Overlap, ProviderFigures, setting_words};
use crate::summary::pictures::{described_bars, matrix, sums, upset};
use maud::{Markup, html};

/// Rows and columns of the heat map on the page; the file has more.
const MATRIX_SHOWN: usize = 40;
/// Providers whose advice stands there from the beginning, most records to gain first; the others come with their kind of service.
const ADVISED_FIRST: usize = 6;

pub(super) fn sections(figures: &Figures) -> Markup {
    html! {
        (settings(figures))
        (overlap(figures))
        (quality(figures))
    }
}

fn settings(figures: &Figures) -> Markup {
    let settings = &figures.settings;
    let combination = |members: &[usize]| {
        members.iter().map(|&row| setting_words(settings.rows[row].0)).collect::<Vec<_>>().join(", ")
    };
    let description = match settings.combinations.first() {
        Some((members, people)) => format!(
            "The {} largest combinations. Most people, {people}, are known to: {}.",
            settings.combinations.len(),
            combination(members)
        ),
        None => "No combination has enough people to be shown.".into(),
    };
    let words = html! {
        p { "Each column is a group of people: the dots say which kinds of service know them, the bar says how many they are." }
        p.note { "A person counts in exactly one column." }
        @for group in &settings.rest { p.note { (group.label) ": " (group.people) " people." } }
    };
    let table = html! {
        table {
            caption { "People by the exact combination of settings that know them" }
            thead { tr { th scope="col" { "Known to" } th.n scope="col" { "People" } } }
            tbody {
                @for (members, people) in &settings.combinations { tr { th scope="row" { (combination(members)) } (count_cell(*people)) } }
                @for group in &settings.rest { tr { th scope="row" { (group.label) } (count_cell(group.people)) } }
            }
        }
    };
    let shows = if settings.combinations.is_empty() {
        table
    } else {
        figure("combinations", &upset(description, settings, figures.people), table)
    };
    section("settings", "Which services know the same people", words, shows)
}

fn overlap(figures: &Figures) -> Markup {
    let words = html! {
        p { "How many providers know a person, and how far any two of them see the same people. "
            "Read along a row: of the people that this provider knows, the share that the numbered provider knows too." }
    };
    let known_to = (!figures.known_to.is_empty()).then(|| {
        let description = figures
            .known_to
            .iter()
            .map(|group| format!("{}: {}", group.label, group.people))
            .collect::<Vec<_>>()
            .join(", ");
        let picture = described_bars(
            "People by how many providers know them",
            description,
            &figures.known_to,
            760.0,
            figures.people,
        );
        let table = group_table("People by how many providers know them", "Known to", &figures.known_to);
        figure("known-to", &picture, table)
    });
    let shows = html! {
        @if let Some(known_to) = known_to { (known_to) }
        @match &figures.overlap {
            Some(overlap) => {
                (overlap_figure(figures, overlap))
                @if figures.preset.is_exact() {
                    p.note { "Numbers stand as they are under the rule of this job, so that only providers that are alone in their kind of care are compared: of others a small number could be worked out." }
                }
            },
            None => p { "With fewer than three providers the overlap is not shown, because it and the total would give each other away." },
        }
    };
    section("overlap", "Shared people", words, shows)
}

fn overlap_figure(figures: &Figures, overlap: &Overlap) -> Markup {
    let size = overlap.providers.len();
    let mut shown: Vec<usize> = (0..size).collect();
    shown.sort_by_key(|&at| (std::cmp::Reverse(figures.providers[overlap.providers[at]].records.count()), at));
    shown.truncate(MATRIX_SHOWN);
    // Like beside like: settings in their order, then the order of the job.
    shown.sort_by_key(|&at| (figures.providers[overlap.providers[at]].setting, at));
    let share = |row: usize, column: usize| overlap.at(row, column).percent_of(overlap.at(row, row));
    let pairs = shown.iter().flat_map(|&row| shown.iter().map(move |&column| (row, column)));
    let closest = pairs
        .filter(|(row, column)| row != column)
        .filter_map(|(row, column)| Some((share(row, column)?, row, column)));
    let closest =
        closest.max_by(|left, right| left.0.total_cmp(&right.0).then((right.1, right.2).cmp(&(left.1, left.2))));
    let name = |at: usize| figures.providers[overlap.providers[at]].name;
    let description = match closest {
        Some((percent, row, column)) => format!(
            "Heat map of {}. The strongest cell: {percent:.0} % of the people of {} are known to {} too.",
            plural(shown.len(), "provider", "providers"),
            name(row),
            name(column)
        ),
        None => "Heat map of providers without any overlap large enough to be shown.".into(),
    };
    let table = html! {
        table.dense {
            caption { "People known to both providers" }
            thead { tr {
                th scope="col" { "Provider" }
                @for (index, _) in shown.iter().enumerate() { th.n scope="col" { (index + 1) } }
            } }
            tbody {
                @for (index, &row) in shown.iter().enumerate() {
                    tr { th scope="row" { (index + 1) " " (name(row)) }
                        @for &column in &shown { (count_cell(overlap.at(row, column))) } }
                }
            }
        }
    };
    figure("matrix", &matrix(description, figures, overlap, &shown), table)
}

/// Every field that some provider maps, in the order of their first appearance in the canonical order.
fn mapped_fields<'f>(figures: &'f Figures) -> Vec<&'f str> {
    let mut fields: Vec<&'f str> = Vec::new();
    for built_in in crate::job::Field::BUILT_IN.iter().filter_map(|field| field.word()) {
        let found =
            figures.providers.iter().flat_map(|provider| &provider.fields).find(|field| field.field == built_in);
        fields.extend(found.map(|field| field.field));
    }
    for field in figures.providers.iter().flat_map(|provider| &provider.fields) {
        if !fields.contains(&field.field) {
            fields.push(field.field);
        }
    }
    fields
}

fn quality(figures: &Figures) -> Markup {
    let fields: Vec<&str> = mapped_fields(figures).into_iter().filter(|field| *field != "record_id").collect();
    let words = html! {
        p { "The share of each provider’s records whose value could be used to recognise a person, field by field. "
            "A dash means that the provider does not send the field." }
        p.key aria-hidden="true" { span.q1 { "under 50 %" } span.q2 { "50–79" } span.q3 { "80–94" } span.q4 { "95 and more" } }
    };
    let table = html! {
        table.heat {
            caption { "Usable values in hundredths of records" }
            thead { tr {
                th scope="col" { "Provider" }
                th.n scope="col" { "Records" }
                @for field in &fields { th.turned scope="col" { span { (field_words(field)) } } }
            } }
            tbody { @for provider in &figures.providers { (quality_row(provider, &fields)) } }
        }
    };
    let shows = html! {
        (Filter::of_settings("quality", figures).buttons())
        (scrolling("Data quality by provider", table))
        (what_to_fix(figures))
        (quarantine(figures))
    };
    section("quality", "Data quality", words, shows)
}

/// The classes by which a filter finds what is said of a provider.
fn of(provider: &ProviderFigures) -> String {
    format!("of {}", class_of_setting(provider.setting))
}

fn quality_row(provider: &ProviderFigures, fields: &[&str]) -> Markup {
    html! {
        tr class=(of(provider)) {
            th scope="row" {
                (provider.name) small { (setting_words(provider.setting)) }
                @if let Some(days) = provider.days_old { small { (days_old(days)) } }
            }
            (count_cell(provider.records))
            @for field in fields {
                @match provider.fields.iter().find(|own| own.field == *field) {
                    Some(own) => (quality_cell(own)),
                    // Of a run that was made anew without rows of theirs nothing is told of any field.
                    None if provider.fields.is_empty() => td.hidden { "*" },
                    None => td.absent { span aria-hidden="true" { "–" } span.unseen { "not sent" } },
                }
            }
        }
    }
}

fn quality_cell(field: &FieldFigures) -> Markup {
    let Some(percent) = field.valid_percent else {
        return html! { td.hidden { "*" } };
    };
    let class = match percent {
        95.0.. => "q4",
        80.0.. => "q3",
        50.0.. => "q2",
        _ => "q1",
    };
    // 99.6 is not all of them.
    let whole = if percent < 100.0 { percent.round().min(99.0) } else { 100.0 };
    html! { td class=(class) { (format!("{whole:.0}")) } }
}

/// "date_of_birth" as "date of birth"; the NHS keeps its capitals.
fn field_words(field: &str) -> String {
    let words = field.replace('_', " ");
    words.replace("nhs", "NHS").replace("gp ", "GP ").replace("uprn", "UPRN")
}

fn what_to_fix(figures: &Figures) -> Markup {
    let advice = |provider| (provider, advice::for_provider(provider));
    let mut advised: Vec<(&ProviderFigures, Vec<String>)> = figures.providers.iter().map(advice).collect();
    advised.retain(|(_, sentences)| !sentences.is_empty());
    advised.sort_by_key(|(provider, _)| std::cmp::Reverse(advice::urgency(provider)));
    html! {
        h3 { "What to fix first" }
        @if figures.providers.iter().all(|provider| provider.fields.is_empty()) {
            p { "How well fields are filled in is told of no provider here: rows of people who object were taken out later." }
        } @else if advised.is_empty() {
            p { "Nothing stands out: every provider fills the fields that linking leans on." }
        }
        (advice_list(&advised))
        @if advised.len() > ADVISED_FIRST && Filter::of_settings("quality", figures).chooses() {
            p.note.all-only { "These are the " (ADVISED_FIRST) " most pressing of " (advised.len()) " providers. Choose a kind of service above for all of its own." }
        }
    }
}

fn advice_list(advised: &[(&ProviderFigures, Vec<String>)]) -> Markup {
    html! {
        ul.fixes {
            @for (at, (provider, sentences)) in advised.iter().enumerate() {
                @let later = if at < ADVISED_FIRST { "" } else { " later" };
                li class=(format!("{}{later}", of(provider))) { strong { (provider.name) } ul { @for sentence in sentences { li { (sentence) } } } }
            }
        }
    }
}

fn quarantine(figures: &Figures) -> Markup {
    let reasons: Vec<(String, u64)> = figures
        .quarantine()
        .into_iter()
        .filter(|(_, rows)| *rows > 0)
        .map(|(code, rows)| (advice::quarantine_words(code).to_string(), rows))
        .collect();
    let said = reasons.iter().map(|(words, rows)| format!("{words} {rows}")).collect::<Vec<_>>().join(", ");
    let title = "Rows that could not be used, by reason";
    html! {
        h3 { "Why rows could not be used" }
        @if reasons.is_empty() {
            p { "No provider sent enough such rows for their reasons to be told." }
        } @else {
            (figure("quarantine-reasons", &sums(title, format!("Bars: {said}."), &reasons), quarantine_table(figures)))
            p.note { "Sums of the figures that the table shows; what it hides is left out." }
        }
    }
}

fn quarantine_table(figures: &Figures) -> Markup {
    let codes: Vec<_> = crate::intake::QuarantineCode::ALL.to_vec();
    let any = |provider: &&ProviderFigures| provider.codes.iter().any(|(_, rows)| rows.count() != Some(0));
    html! {
        table {
            caption { "Rows that could not be used, of providers that sent any" }
            thead { tr { th scope="col" { "Provider" } @for code in &codes { th.n scope="col" { (advice::quarantine_words(*code)) } } } }
            tbody {
                @for provider in figures.providers.iter().filter(any) {
                    tr class=(of(provider)) { th scope="row" { (provider.name) } @for (_, rows) in &provider.codes { (count_cell(*rows)) } }
                }
            }
        }
    }
}
