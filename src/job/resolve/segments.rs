//! `[[segment_set]]`: rules that part everybody, of the job's own or built in.

use super::Resolver;
use super::cohort::setting;
use crate::expression::{Expression, Named, Type};
use crate::job::problem::Problem;
use crate::job::reading::{Placed, Section};
use crate::job::segments::{self, Preset, Segment, SegmentSet};
use crate::suggest::nearest;
use jiff::civil::Date;
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// Each set becomes a column that the rules after it may name.
    pub(super) fn segment_sets(&mut self, root: &Section, columns: &mut Vec<Named>, as_of: Date) -> Vec<SegmentSet> {
        let mut sets = Vec::new();
        for section in root.sections("segment_set") {
            let Some(id) = self.column_name(&section, columns) else { continue };
            let preset = section.text("preset").map(|word| self.preset(&word));
            let (own, set) = (section.sections("segment"), &id);
            let found = match preset {
                Some(None) => continue,
                Some(Some(preset)) => {
                    for key in ["segment", "first_match"] {
                        if section.value(key).is_some() {
                            let message = format!("`{key}` does not go with `preset`");
                            self.report(
                                Problem::new(section.key_span(key), message, "the preset has its own")
                                    .help("Remove one"),
                            );
                        }
                    }
                    self.built_in(preset, &section, set, columns, as_of)
                }
                None => self.own_segments(&section, &own, set, columns, as_of),
            };
            let Some(set) = found else { continue };
            let words = set.segments.iter().map(|segment| segment.id.clone()).collect();
            columns.push(Named { name: id, holds: Type::Text, words });
            sets.push(set);
        }
        sets
    }

    /// The id of a set, which is a column that people.parquet does not have yet.
    fn column_name(&mut self, section: &Section, columns: &[Named]) -> Option<String> {
        let Placed { text, span } = section.text("id")?;
        let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
        let right = text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        if !(begins && right) || text.len() > 64 {
            self.report(
                Problem::new(span, format!("`{text}` is not a usable name"), "this name")
                    .help("It names a column: at most 64 lower-case letters, digits and `_`, beginning with a letter"),
            );
            return None;
        }
        let taken = super::carry::taken(&text).is_some() || columns.iter().any(|column| column.name == text);
        if taken {
            let message = format!("people.parquet has a column `{text}` already");
            self.report(
                Problem::new(span, message, "taken").help("Choose another id: it is a column of people.parquet"),
            );
            return None;
        }
        Some(text)
    }

    fn preset(&mut self, word: &Placed) -> Option<&'static Preset> {
        let found = segments::presets().iter().find(|preset| preset.id == word.text);
        if found.is_none() {
            let ids = || segments::presets().iter().map(|preset| preset.id.as_str());
            let problem = Problem::new(word.span.clone(), format!("There is no preset \"{}\"", word.text), "not known");
            self.report(
                problem.suggest(nearest(&word.text, ids()), || {
                    format!("Presets: {}", ids().collect::<Vec<_>>().join(", "))
                }),
            );
        }
        found
    }

    fn built_in(
        &mut self,
        preset: &Preset,
        section: &Section,
        id: &str,
        columns: &[Named],
        as_of: Date,
    ) -> Option<SegmentSet> {
        let facts = preset.facts();
        let here = |fact: &Named| columns.iter().find(|column| column.name == fact.name);
        if let Some(other) = facts.iter().find(|fact| here(fact).is_some_and(|column| column.holds != fact.holds)) {
            let message = format!("The preset takes `{}` for {}", other.name, other.holds.word());
            self.report(
                Problem::new(section.key_span("preset"), message, "carried as another kind")
                    .help("Carry it as that kind, or write the segments yourself"),
            );
            return None;
        }
        let absent: Vec<Named> = facts.iter().filter(|fact| here(fact).is_none()).cloned().collect();
        let setting = setting(columns, &absent, as_of);
        let read = |text: &String| Expression::read(text, &setting).expect("a test reads every preset");
        let segment = |one: &segments::PresetSegment| Segment {
            id: one.id.clone(),
            name: one.name.clone(),
            rule: one.rule.as_ref().map(read),
        };
        Some(SegmentSet {
            id: id.to_string(),
            name: section.text("name").map_or_else(|| preset.name.clone(), |name| name.text),
            segments: preset.segments.iter().map(segment).collect(),
            first_match: true,
            preset: Some(format!("{}: {}", preset.name, preset.source)),
            absent: absent.into_iter().map(|fact| fact.name).collect(),
        })
    }

    fn own_segments(
        &mut self,
        section: &Section,
        own: &[Section],
        id: &str,
        columns: &[Named],
        as_of: Date,
    ) -> Option<SegmentSet> {
        if own.len() < 2 || own.len() > SegmentSet::MOST {
            let message = format!("A segment set has 2 to {} segments, or a `preset`", SegmentSet::MOST);
            self.report(
                Problem::new(section.span.clone(), message, "how are people parted?")
                    .help("Write [[segment_set.segment]]"),
            );
            return None;
        }
        let (mut ids, mut segments, mut rest) = (BTreeSet::new(), Vec::new(), 0);
        for one in own {
            let id = self.new_id(one, &mut ids);
            let otherwise = one.flag("otherwise").unwrap_or(false);
            let text = one.text("where");
            if otherwise == text.is_some() {
                let message = "A segment has either `where` or otherwise = true";
                self.report(
                    Problem::new(one.span.clone(), message, "one of the two")
                        .help("otherwise takes whom no other segment takes"),
                );
                continue;
            }
            rest += usize::from(otherwise);
            let rule = text.as_ref().map(|text| self.rule(text, &setting(columns, &[], as_of)));
            let (Some(id), false) = (id, rule == Some(None)) else { continue };
            let name = one.text("name").map_or_else(|| id.clone(), |name| name.text);
            segments.push(Segment { id, name, rule: rule.flatten() });
        }
        if rest > 1 {
            self.report(
                Problem::new(section.span.clone(), "Two segments take the rest", "who takes it?")
                    .help("Keep one otherwise = true"),
            );
        }
        (segments.len() == own.len() && rest <= 1).then(|| SegmentSet {
            id: id.to_string(),
            name: section.text("name").map_or_else(|| id.to_string(), |name| name.text),
            segments,
            first_match: section.flag("first_match").unwrap_or(false),
            preset: None,
            absent: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every preset is read whether a job carries its facts or not, ends with whoever is left, and has ids of its own.
    #[test]
    fn every_preset_can_be_read() {
        let as_of = jiff::civil::date(2026, 11, 22);
        let age = Named { name: "age".into(), holds: Type::Number, words: Vec::new() };
        for preset in segments::presets() {
            let facts = preset.facts();
            let everything: Vec<Named> = facts.iter().cloned().chain([age.clone()]).collect();
            let mut used = BTreeSet::new();
            for (columns, absent) in [(&everything[..], &[][..]), (std::slice::from_ref(&age), &facts[..])] {
                for segment in &preset.segments {
                    let rule = segment.rule.as_ref();
                    let read = rule.map(|text| Expression::read(text, &setting(columns, absent, as_of)));
                    let read =
                        read.transpose().unwrap_or_else(|faults| panic!("{} {}: {faults:?}", preset.id, segment.id));
                    used.extend(read.iter().flat_map(Expression::columns).cloned());
                }
            }
            let ids: BTreeSet<&str> = preset.segments.iter().map(|segment| segment.id.as_str()).collect();
            assert_eq!(ids.len(), preset.segments.len(), "{}", preset.id);
            let rest = preset.segments.iter().filter(|segment| segment.rule.is_none()).count();
            assert!(rest == 1 && preset.segments.last().is_some_and(|last| last.rule.is_none()), "{}", preset.id);
            assert!(
                facts.iter().all(|fact| used.contains(&fact.name)),
                "{} names facts that it does not use",
                preset.id
            );
            assert!(!preset.source.is_empty() && preset.segments.len() <= SegmentSet::MOST);
        }
    }
}
