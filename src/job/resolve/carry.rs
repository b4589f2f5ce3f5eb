//! `[provider.carry]`: facts carried to the person, one rule a name in the whole job.

use super::{ColumnUse, Resolver};
use crate::job::problem::Problem;
use crate::job::reading::{self, Section};
use crate::job::{
    CARE_COLUMNS, Carry, CarryKind, Combine, END_OF_LIFE_COLUMNS, Field, Source, Within, people_columns, values,
};
use std::collections::BTreeMap;

impl Resolver<'_> {
    /// `mapped` are the provider's own columns.
    pub(super) fn carry(
        &mut self,
        provider: usize,
        id: &str,
        section: &Section,
        mapped: &BTreeMap<Field, Source>,
    ) -> Vec<Carry> {
        let mut facts = Vec::new();
        for (name, value) in section.section("carry").into_iter().flat_map(|carry| carry.entries()) {
            let of_reference = self.reference_columns.contains(&name.text.as_str());
            let of_reference = of_reference.then_some("a column of people.parquet that comes of [reference] has it");
            let why = taken(&name.text).or(of_reference).map(String::from).or_else(|| {
                let own = self.custom_fields.iter().any(|field| field.name == name.text);
                own.then(|| format!("[field.{}] has it", name.text))
            });
            if let Some(why) = why {
                self.report(
                    Problem::new(name.span.clone(), format!("A fact cannot be called `{}`: {why}", name.text), "taken")
                        .help("Choose another name: a fact is a column of people.parquet"),
                );
            }
            let Some(fact) = reading::section(value, name.span.clone()) else { continue };
            let (Some(column), Some(kind), Some(combine)) = (
                fact.text("column"),
                fact.text("kind").and_then(|word| kind(&word.text)),
                fact.text("combine").and_then(|word| combine(&word.text)),
            ) else {
                continue;
            };
            self.columns.push(ColumnUse { provider, column: column.clone() });
            let rule = Carry {
                name: name.text,
                column: column.text,
                kind,
                combine,
                format: fact.text("format").map(|format| format.text),
                within: fact.text("within").and_then(|span| values::span(&span.text)),
                place: fact.flag("place").unwrap_or(false),
            };
            self.rule_makes_sense(&fact, &rule, mapped);
            self.rule_is_the_same_everywhere(&fact, &rule, id);
            facts.push(rule);
        }
        facts
    }

    fn rule_makes_sense(&mut self, fact: &Section, rule: &Carry, mapped: &BTreeMap<Field, Source>) {
        let possible = combinations(rule.kind);
        if !possible.contains(&rule.combine) {
            let words: Vec<String> = possible.iter().map(|combine| format!("\"{}\"", combine_word(*combine))).collect();
            let message =
                format!("A {} cannot be combined by \"{}\"", kind_word(rule.kind), combine_word(rule.combine));
            let span = fact.value("combine").map_or_else(|| fact.span.clone(), |value| value.span());
            self.report(
                Problem::new(span, message, "does not go together").help(format!("It may be {}", words.join(", "))),
            );
        }
        match fact.text("format") {
            Some(format) if rule.kind == CarryKind::Date => self.checked_date_format(&format),
            Some(format) => self.report(
                Problem::new(format.span, "`format` is for kind = \"date\"", "no meaning here").help("Remove it"),
            ),
            None => {}
        }
        if rule.within.is_some() && rule.kind != CarryKind::Date && !mapped.contains_key(&Field::Updated) {
            self.report(
                Problem::new(
                    fact.key_span("within"),
                    "`within` needs a date, and this provider maps no `updated`",
                    "undated",
                )
                .help("Map `updated` in [provider.columns], or carry a date"),
            );
        }
    }

    fn rule_is_the_same_everywhere(&mut self, fact: &Section, rule: &Carry, id: &str) {
        let Some((first, owner)) = self.facts.get(&rule.name) else {
            self.facts.insert(rule.name.clone(), (rule.clone(), id.to_string()));
            return;
        };
        let differing = [
            ("kind", first.kind != rule.kind, kind_word(first.kind).to_string()),
            ("combine", first.combine != rule.combine, combine_word(first.combine).to_string()),
            ("place", first.place != rule.place, first.place.to_string()),
            ("within", first.within != rule.within, first.within.map_or("no span".into(), describe)),
        ];
        let owner = owner.clone();
        for (key, differs, value) in differing {
            if differs {
                let span = fact.value(key).map_or_else(|| fact.span.clone(), |value| value.span());
                let message = format!("`{}` has another `{key}` in provider \"{owner}\": {value}", rule.name);
                self.report(
                    Problem::new(span, message, "differs")
                        .help("A fact of one name has one rule in the whole job; correct it, or choose another name"),
                );
            }
        }
    }
}

/// Why a fact or field of the job's own may not have this name, if so.
pub(super) fn taken(name: &str) -> Option<&'static str> {
    let built_in = |word: &str| Field::BUILT_IN.iter().any(|field| field.word() == Some(word));
    if built_in(name) {
        Some("a built-in field has it")
    } else if people_columns::OWN.contains(&name) {
        Some("a column of people.parquet has it")
    } else if END_OF_LIFE_COLUMNS.contains(&name) {
        Some("a column of people.parquet that comes of [end_of_life] has it")
    } else if CARE_COLUMNS.contains(&name) {
        Some("a column of people.parquet that comes of packages has it")
    } else if name.ends_with("_from") {
        Some("a name that ends in _from says where a field came from")
    } else {
        None
    }
}

fn describe(within: Within) -> String {
    match (within.months, within.days) {
        (months, 0) => format!("{months} months"),
        (0, days) => format!("{days} days"),
        (months, days) => format!("{months} months {days} days"),
    }
}

/// How values of a kind can be combined.
fn combinations(kind: CarryKind) -> &'static [Combine] {
    use Combine::{All, Any, Count, Earliest, Latest, Max, Sum, Union};
    match kind {
        CarryKind::Flag => &[Any, All, Latest, Earliest, Count],
        CarryKind::Date => &[Latest, Earliest, Max, Count],
        CarryKind::Number => &[Latest, Earliest, Sum, Max, Count],
        CarryKind::Category | CarryKind::List => &[Latest, Earliest, Union, Count],
    }
}

pub(super) fn kind(word: &str) -> Option<CarryKind> {
    KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
}

pub(super) fn combine(word: &str) -> Option<Combine> {
    COMBINES.iter().find(|(known, _)| *known == word).map(|(_, combine)| *combine)
}

const KINDS: [(&str, CarryKind); 5] = [
    ("flag", CarryKind::Flag),
    ("date", CarryKind::Date),
    ("number", CarryKind::Number),
    ("category", CarryKind::Category),
    ("list", CarryKind::List),
];

const COMBINES: [(&str, Combine); 8] = [
    ("any", Combine::Any),
    ("all", Combine::All),
    ("latest", Combine::Latest),
    ("earliest", Combine::Earliest),
    ("sum", Combine::Sum),
    ("count", Combine::Count),
    ("max", Combine::Max),
    ("union", Combine::Union),
];

pub(super) fn kind_word(kind: CarryKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("fact", |(word, _)| word)
}

fn combine_word(combine: Combine) -> &'static str {
    COMBINES.iter().find(|(_, known)| *known == combine).map_or("rule", |(word, _)| word)
}
