//! Compares a parsed job file with the description in `keys`: unknown and missing keys, wrong types, unknown words.

use super::keys::provider::SOURCE;
use super::keys::{Key, Kind, Names, Need, ROOT, Table, quoted};
use super::problem::Problem;
use super::reading::{self, Section};
use super::{Field, values};
use crate::suggest::nearest;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeValue;

/// Every deviation from the description.
pub(super) fn check(root: &Section) -> Vec<Problem> {
    let fields = known_fields(root);
    let mut shape = Shape { fields, problems: Vec::new() };
    shape.table(root, &ROOT);
    shape.problems
}

/// Built-in fields, then the names of `[field.NAME]`.
fn known_fields(root: &Section) -> Vec<String> {
    let built_in = Field::BUILT_IN.iter().filter_map(|field| field.word()).map(String::from);
    let own = root.section("field").into_iter().flat_map(|section| section.entries()).map(|(name, _)| name.text);
    built_in.chain(own).collect()
}

struct Shape {
    fields: Vec<String>,
    problems: Vec<Problem>,
}

impl Shape {
    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn table(&mut self, section: &Section, described: &Table) {
        for (name, value) in section.entries() {
            match described.keys.iter().find(|key| key.name == name.text) {
                None => self.unknown_key(&name.text, name.span, described),
                Some(Key { need: Need::Later, .. }) => self.report(
                    Problem::new(
                        name.span,
                        format!("This version does not have `{}` in {} yet", name.text, described.heading),
                        "not yet",
                    )
                    .help("Remove it; a key is accepted only when it works"),
                ),
                Some(key) => self.value(key.name, name.span, value, &key.kind),
            }
        }
        for key in described.keys.iter().filter(|key| matches!(key.need, Need::Required)) {
            if section.value(key.name).is_none() {
                let (message, help) = match key.kind {
                    Kind::List(table) | Kind::Table(table) => {
                        (format!("There is no {} in {}", table.heading, described.heading), key.doc.to_string())
                    }
                    _ => {
                        let help = format!("{} It is {}", key.doc, key.kind.describe());
                        (format!("{} has no `{}`", described.heading, key.name), help)
                    }
                };
                self.report(
                    Problem::new(section.span.clone(), message, format!("`{}` is missing", key.name)).help(help),
                );
            }
        }
    }

    fn unknown_key(&mut self, name: &str, span: Range<usize>, described: &Table) {
        let known = || described.keys.iter().filter(|key| !matches!(key.need, Need::Later)).map(|key| key.name);
        let mut problem = Problem::new(span, format!("{} has no key `{name}`", described.heading), "unknown key")
            .suggest(nearest(name, known()), || format!("Known keys: {}", known().collect::<Vec<_>>().join(", ")));
        if super::problem::is_secret(name) {
            problem.help = Some("Secrets never stand in the job file: keys come from files or the environment".into());
        }
        self.report(problem);
    }

    fn value(&mut self, name: &str, key_span: Range<usize>, value: &Spanned<DeValue>, kind: &Kind) {
        match kind {
            Kind::Table(described) => match reading::section(value, key_span) {
                Some(section) => self.table(&section, described),
                None => self.wrong_type(name, value, kind),
            },
            Kind::List(described) => self.list(name, value, kind, described),
            Kind::Map(names, inner) => match reading::section(value, key_span) {
                Some(section) => self.map(&section, *names, inner),
                None => self.wrong_type(name, value, kind),
            },
            Kind::Source => self.source(name, key_span, value),
            Kind::Texts => self.texts(name, value, kind),
            Kind::Word(words, later) => self.word(name, value, kind, words, later),
            Kind::Text => match value.get_ref().as_str() {
                Some(text) if text.trim().is_empty() => {
                    self.report(
                        Problem::new(value.span(), format!("`{name}` is empty"), "empty")
                            .help("Remove the key or give it a value"),
                    );
                }
                Some(_) => {}
                None => self.wrong_type(name, value, kind),
            },
            Kind::Flag
            | Kind::Whole(..)
            | Kind::Real(..)
            | Kind::Share
            | Kind::Date
            | Kind::Character
            | Kind::Span
            | Kind::Size => {
                if !scalar_fits(value, kind) {
                    self.wrong_type(name, value, kind);
                }
            }
        }
    }

    fn wrong_type(&mut self, name: &str, value: &Spanned<DeValue>, kind: &Kind) {
        let message = format!("`{name}` must be {}", kind.describe());
        let label = match value.get_ref() {
            DeValue::String(_) => "this text",
            DeValue::Integer(_) | DeValue::Float(_) => "this number",
            DeValue::Boolean(_) => "this flag",
            DeValue::Datetime(_) => "this date or time",
            DeValue::Array(_) => "this list",
            DeValue::Table(_) => "this table",
        };
        self.report(Problem::new(value.span(), message, label));
    }

    fn list(&mut self, name: &str, value: &Spanned<DeValue>, kind: &Kind, described: &Table) {
        let Some(items) = value.get_ref().as_array() else {
            let mut hint = described.heading.to_string();
            if !hint.starts_with('[') {
                hint = format!("{name} = [{{ … }}]");
            }
            self.wrong_type(name, value, kind);
            if let Some(problem) = self.problems.last_mut() {
                problem.help = Some(format!("Write {hint}"));
            }
            return;
        };
        if items.is_empty() {
            self.report(
                Problem::new(value.span(), format!("`{name}` is empty"), "empty")
                    .help("Remove the key or give it a value"),
            );
        }
        for item in items.iter() {
            match reading::section(item, item.span()) {
                Some(section) => self.table(&section, described),
                None => self.wrong_type(name, item, kind),
            }
        }
    }

    fn map(&mut self, section: &Section, names: Names, inner: &Kind) {
        for (name, value) in section.entries() {
            let known = match names {
                Names::Raw => true,
                Names::New => self.new_name(&name.text, name.span.clone()),
                Names::Fields => self.field_name(&name.text, name.span.clone()),
            };
            if known {
                self.value(&name.text, name.span, value, inner);
            }
        }
    }

    fn new_name(&mut self, name: &str, span: Range<usize>) -> bool {
        let mut letters = name.chars();
        let begins = letters.next().is_some_and(|first| first.is_ascii_lowercase());
        let right =
            begins && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        if !right || name.len() > 64 {
            self.report(
                Problem::new(span, format!("`{name}` is not a usable name"), "this name")
                    .help("At most 64 lower-case letters, digits and `_`, beginning with a letter"),
            );
        }
        right
    }

    fn field_name(&mut self, name: &str, span: Range<usize>) -> bool {
        if self.fields.iter().any(|field| field == name) {
            return true;
        }
        let near = nearest(name, self.fields.iter().map(String::as_str).chain(["carry"]));
        let problem = Problem::new(span, format!("There is no field `{name}`"), "unknown field").suggest(near, || {
            format!(
                "Fields: {}. A matching field of your own needs [field.{name}]; a fact that is only carried belongs in [provider.carry]",
                self.fields.join(", ")
            )
        });
        self.report(problem);
        false
    }

    fn source(&mut self, name: &str, key_span: Range<usize>, value: &Spanned<DeValue>) {
        match value.get_ref() {
            DeValue::String(_) | DeValue::Array(_) => self.texts(name, value, &Kind::Source),
            DeValue::Table(_) => {
                if let Some(section) = reading::section(value, key_span) {
                    self.table(&section, &SOURCE);
                }
            }
            _ => self.wrong_type(name, value, &Kind::Source),
        }
    }

    fn texts(&mut self, name: &str, value: &Spanned<DeValue>, kind: &Kind) {
        let items: Vec<&Spanned<DeValue>> = match value.get_ref() {
            DeValue::Array(list) => list.iter().collect(),
            _ => vec![value],
        };
        if items.is_empty() {
            self.report(Problem::new(value.span(), format!("`{name}` is empty"), "empty").help("Give at least one"));
        }
        for item in items {
            match item.get_ref().as_str() {
                None => self.wrong_type(name, item, kind),
                Some("") => self.report(Problem::new(item.span(), format!("`{name}` holds an empty text"), "empty")),
                Some(_) => {}
            }
        }
    }

    fn word(&mut self, name: &str, value: &Spanned<DeValue>, kind: &Kind, words: &[&str], later: &[&str]) {
        let Some(text) = value.get_ref().as_str() else { return self.wrong_type(name, value, kind) };
        if words.contains(&text) {
            return;
        }
        let problem = if later.contains(&text) {
            Problem::new(value.span(), format!("This version does not have {name} = \"{text}\" yet"), "not yet")
                .help(format!("It may be {}", quoted(words)))
        } else {
            Problem::new(value.span(), format!("`{name}` cannot be \"{text}\""), "unknown word")
                .suggest(nearest(text, words.iter().copied()), || format!("It may be {}", quoted(words)))
        };
        self.report(problem);
    }
}

fn scalar_fits(value: &Spanned<DeValue>, kind: &Kind) -> bool {
    let text = value.get_ref().as_str();
    match kind {
        Kind::Flag => value.get_ref().is_bool(),
        Kind::Whole(least, most) => reading::whole(value).is_some_and(|number| (*least..=*most).contains(&number)),
        Kind::Real(least, most) => reading::real(value).is_some_and(|number| (*least..=*most).contains(&number)),
        Kind::Share => match text {
            Some(text) => values::share(text).is_some(),
            None => reading::real(value).is_some_and(|number| (0.0..=1.0).contains(&number)),
        },
        Kind::Date => reading::date(value).is_some(),
        Kind::Character => text.is_some_and(|text| values::character(text).is_some()),
        Kind::Span => text.is_some_and(|text| values::span(text).is_some()),
        Kind::Size => text.is_some_and(|text| values::size(text).is_some()),
        _ => true,
    }
}
