//! What a job says of groups that part everybody.

use crate::expression::{Expression, Named, Type};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// `[[segment_set]]`: every person is in exactly one of its segments. Its id is a column of people.parquet.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentSet {
    pub id: String,
    pub name: String,
    /// At least two and at most [`SegmentSet::MOST`].
    pub segments: Vec<Segment>,
    /// The first segment whose rule is true takes the person; otherwise a person who meets two rules stops the run.
    pub first_match: bool,
    /// The preset it is, and where that comes from.
    pub preset: Option<String>,
    /// Facts that the preset looks at and that the job does not carry.
    pub absent: Vec<String>,
}

/// `[[segment_set.segment]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub id: String,
    pub name: String,
    /// `None` for the segment of everybody whom no other takes.
    pub rule: Option<Expression>,
}

impl SegmentSet {
    /// Segments of one set: more are no picture of a population.
    pub const MOST: usize = 60;

    /// Does any of its rules look at one of these columns?
    pub fn looks_at(&self, columns: &[String]) -> bool {
        let rules = self.segments.iter().filter_map(|segment| segment.rule.as_ref());
        rules.flat_map(Expression::columns).any(|column| columns.contains(column))
    }
}

/// A set that is built in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preset {
    pub id: String,
    pub name: String,
    pub source: String,
    facts: BTreeMap<String, String>,
    #[serde(rename = "segment")]
    pub segments: Vec<PresetSegment>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PresetSegment {
    pub id: String,
    pub name: String,
    #[serde(rename = "where")]
    pub rule: Option<String>,
}

impl Preset {
    /// The facts that it looks at.
    pub fn facts(&self) -> Vec<Named> {
        let named = |(name, kind): (&String, &String)| Named {
            name: name.clone(),
            words: Vec::new(),
            holds: match kind.as_str() {
                "flag" => Type::Flag,
                "date" => Type::Date,
                "number" => Type::Number,
                "list" => Type::List,
                _ => Type::Text,
            },
        };
        self.facts.iter().map(named).collect()
    }
}

/// Every built-in set.
pub(super) fn presets() -> &'static [Preset] {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        preset: Vec<Preset>,
    }
    static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
        let text = include_str!("../../data/reference/segments.toml");
        toml::from_str::<File>(text).expect("the built-in file is right, as a test sees").preset
    });
    &PRESETS
}
