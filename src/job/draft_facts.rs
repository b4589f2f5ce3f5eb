//! What a drafted job could carry beside the fields: facts, packages of care and wishes for the end of life, all as comments, since which of
//! them are needed is a decision.

use super::draft::{DraftProvider, date_source, joined, quoted, values};
use super::guess::{self, FactGuess};
use super::{CarryKind, Combine, Field, guess_care};
use std::fmt::Write;

/// Facts and packages of the columns that are not `used` for a field.
pub(super) fn of_provider(text: &mut String, provider: &DraftProvider, used: &[usize]) {
    let free: Vec<usize> = (0..provider.columns.len()).filter(|at| !used.contains(at)).collect();
    let mut groups = guess_care::packages(&provider.columns);
    groups.retain(|group| group.values().all(|at| free.contains(at)));
    let in_packages: Vec<usize> = groups.iter().flat_map(|group| group.values().copied()).collect();
    carry(text, provider, free.into_iter().filter(|at| !in_packages.contains(at)));
    for group in &groups {
        let _ = writeln!(text, "\n# A package of care (docs/care.md)? Take away the # where these columns are one.");
        let _ = writeln!(text, "# [[provider.package]]");
        for (part, at) in group {
            let column = match part.is_date() {
                true => date_source(provider, *at),
                false => quoted(&provider.columns[*at]),
            };
            let _ = writeln!(text, "# {} = {column}", part.word());
        }
    }
}

fn carry(text: &mut String, provider: &DraftProvider, columns: impl Iterator<Item = usize>) {
    let mut lines = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for at in columns {
        let Some((name, fact)) = fact(provider, at).filter(|(name, _)| !name.is_empty() && !names.contains(name))
        else {
            continue;
        };
        lines.push(format!(
            "# {name} = {{ column = {}, kind = \"{}\", combine = \"{}\" }}",
            quoted(&provider.columns[at]),
            kind_word(fact.kind),
            combine_word(fact.combine)
        ));
        names.push(name);
    }
    if !lines.is_empty() {
        let _ = writeln!(
            text,
            "\n[provider.carry]    # facts carried to the person: take away the # where one is needed\n{}",
            lines.join("\n")
        );
    }
}

/// Wishes by the names of their columns, which all providers are to call the same; others by the shape of their values.
fn fact(provider: &DraftProvider, at: usize) -> Option<(String, FactGuess)> {
    let column = &provider.columns[at];
    match guess_care::wish(column) {
        Some(wish) => Some((wish.fact.to_string(), wish.guess)),
        None => Some((fact_name(column), guess::fact(values(provider, at))?)),
    }
}

/// `[end_of_life]`, where some provider holds a preferred place of death and tells who is on a register.
pub(super) fn end_of_life(text: &mut String, providers: &[DraftProvider]) {
    let columns = || providers.iter().flat_map(|provider| &provider.columns);
    let held = |key: &str| columns().any(|column| guess_care::wish(column).is_some_and(|wish| wish.key == key));
    if !held("on_register") || !held("preferred_place_of_death") {
        return;
    }
    let _ =
        writeln!(text, "\n# The end of life (docs/care.md): take away the # here and before the facts that it names.");
    let _ = writeln!(text, "# [end_of_life]");
    for (key, fact) in guess_care::wish_keys().filter(|(key, _)| held(key)) {
        let _ = writeln!(text, "# {key} = \"{fact}\"");
    }
}

fn kind_word(kind: CarryKind) -> &'static str {
    match kind {
        CarryKind::Flag => "flag",
        CarryKind::Date => "date",
        CarryKind::Number => "number",
        CarryKind::Category => "category",
        CarryKind::List => "list",
    }
}

fn combine_word(combine: Combine) -> &'static str {
    match combine {
        Combine::Any => "any",
        Combine::All => "all",
        Combine::Latest => "latest",
        Combine::Earliest => "earliest",
        Combine::Sum => "sum",
        Combine::Count => "count",
        Combine::Max => "max",
        Combine::Union => "union",
    }
}

fn fact_name(column: &str) -> String {
    let name = joined(column, '_');
    let begins = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    let built_in = Field::BUILT_IN.iter().any(|field| field.word() == Some(name.as_str()));
    if begins && !built_in { name } else { String::new() }
}
