//! The errors, explained one by one.

use crate::evaluate::mistakes::{Kind, Mistake};
use crate::explain::FieldLine;
use crate::summary::page::frame::{scrolling, section};
use maud::{Markup, html};

/// Errors of each kind that stand open; the others fold.
const OPEN: usize = 5;

pub(super) fn errors(mistakes: &[Mistake]) -> Markup {
    let words = html! {
        p { "False links that the model was surest of, and misses that it was surest were none. At most one a pair of people." }
        p.note { "Bits add up: each doubles the odds that two records are one person." }
    };
    let shows = html! {
        @for (kind, heading) in [(Kind::FalseLink, "False links"), (Kind::Miss, "Misses")] {
            h3 { (heading) }
            @let of_kind: Vec<&Mistake> = mistakes.iter().filter(|mistake| mistake.kind == kind).collect();
            @if of_kind.is_empty() { p { "None." } }
            @let (first, rest) = of_kind.split_at(of_kind.len().min(OPEN));
            @if !first.is_empty() { (list(first, 0)) }
            @if !rest.is_empty() {
                details { summary { "The other " (rest.len()) } (list(rest, OPEN)) }
            }
        }
    };
    section("errors", "The errors that teach most", words, shows)
}

fn list(mistakes: &[&Mistake], from: usize) -> Markup {
    html! { ol.errors { @for (at, mistake) in mistakes.iter().enumerate() { li { (one(mistake, from + at)) } } } }
}

fn one(mistake: &Mistake, at: usize) -> Markup {
    let lines =
        [("For it", mistake.speaking(true)), ("Against it", mistake.speaking(false)), ("And", mistake.otherwise())];
    let kind = match mistake.kind {
        Kind::FalseLink => "false link",
        Kind::Miss => "miss",
    };
    html! {
        p { (mistake.sentence()) }
        @if let Some([left, right]) = &mistake.records { p.note { "Records " (left) " and " (right) } }
        dl { @for (term, words) in lines { @if let Some(words) = words { dt { (term) } dd { (words) } } } }
        details {
            summary { "Field by field" }
            (scrolling(&format!("Field by field, {kind} {}", at + 1), fields(mistake)))
        }
    }
}

fn fields(mistake: &Mistake) -> Markup {
    let with_values = mistake.fields.iter().any(|line| line.values.is_some());
    let bits = |bits: f64| format!("{bits:+.1}");
    let row = |name: &str, words: &str, own: String, total: f64, line: Option<&FieldLine>| {
        html! { tr {
            th scope="row" { (name) } td { (words) } td.n { (own) } td.n { (bits(total)) }
            @if with_values {
                @let values = line.and_then(|line| line.values.clone()).unwrap_or_default();
                @for value in values { td { (value) } }
            }
        } }
    };
    html! {
        table {
            caption { "What each field counted, in bits" }
            thead { tr {
                th scope="col" { "Field" } th scope="col" { "What agreed" } th.n scope="col" { "Bits" } th.n scope="col" { "Total" }
                @if with_values { th scope="col" { "First record" } th scope="col" { "Second record" } }
            } }
            tbody {
                (row("any two records", "", bits(mistake.prior_bits), mistake.prior_bits, None))
                @for line in &mistake.fields {
                    (row(&line.field, &line.agreement, bits(line.bits), line.total, Some(line)))
                }
                (row("related strangers", "", bits(mistake.correction_bits), mistake.weight_bits, None))
            }
        }
    }
}
