//! Our own model as a settings file that Splink reads.
//!
//! Splink knows comparisons of columns, matches and strangers; ours counts bits of names, and knows several kinds of strangers. So each
//! field becomes the comparison that Splink's library has for such values, and its m and u are *measured*: how often pairs that our model
//! takes for one person, and pairs of strangers, reach each level. What has no place in the form is named.
//!
//! Columns are those that `onefolk export` writes: the standardised values, dates as YYYYMMDD.

use super::{Imported, Prepared, Scorer, Unmapped};
use crate::job::{Field, FieldKind, Job};
use crate::records::MISSING;
use serde_json::{Value, json};

/// A comparison before anything is measured.
#[derive(Debug, Clone)]
pub struct Template {
    pub field: Field,
    column: String,
    levels: Vec<(String, String)>,
    /// Whether an exact match counts by how common the value is.
    frequency: bool,
}

/// How often each level of each comparison was reached, null levels as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts(pub Vec<Vec<f64>>);

/// The comparisons for the fields of a job, in their order, and the columns they read.
pub fn templates(job: &Job, fields: impl Iterator<Item = Field>) -> Vec<Template> {
    fields.filter_map(|field| template(field, &column_of(job, field), kind_of(job, field)?)).collect()
}

/// The column of `onefolk export` that holds a field.
pub fn column_of(job: &Job, field: Field) -> String {
    match field {
        Field::Custom(index) => format!("custom_{}", job.custom_fields[usize::from(index)].name),
        built_in => built_in.word().expect("a built-in field has a word").to_string(),
    }
}

/// What kind of comparison a field needs; `None` for fields that are not compared.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Number,
    Name,
    Date,
    Sex,
    Postcode,
    Email,
    Category,
    Text,
}

fn kind_of(job: &Job, field: Field) -> Option<Manner> {
    Some(match field {
        Field::NhsNumber => Manner::Number,
        Field::GivenName | Field::MiddleName | Field::FamilyName | Field::PreviousFamilyName => Manner::Name,
        Field::DateOfBirth | Field::DateOfDeath => Manner::Date,
        Field::Sex => Manner::Sex,
        Field::Postcode => Manner::Postcode,
        Field::Email => Manner::Email,
        Field::Phone | Field::Address => Manner::Text,
        Field::Custom(index) => match job.custom_fields[usize::from(index)].kind {
            FieldKind::Name => Manner::Name,
            FieldKind::Date => Manner::Date,
            FieldKind::Category => Manner::Category,
            FieldKind::Identifier | FieldKind::Text | FieldKind::Number => Manner::Text,
        },
        _ => return None,
    })
}

fn template(field: Field, column: &str, manner: Manner) -> Option<Template> {
    let (l, r) = (format!("\"{column}_l\""), format!("\"{column}_r\""));
    let jaro_winkler = |from: f64| {
        (format!("Jaro-Winkler similarity >= {from}"), format!("jaro_winkler_similarity({l}, {r}) >= {from}"))
    };
    let edits = |most: u8| (format!("at most {most} edits"), format!("damerau_levenshtein({l}, {r}) <= {most}"));
    let part = |label: &str, from: u8, length: u8| {
        (label.to_string(), format!("substr({l}, {from}, {length}) = substr({r}, {from}, {length})"))
    };
    let extract = |label: &str, pattern: &str| {
        let of = |side: &str| format!("nullif(regexp_extract({side}, '{pattern}', 0), '')");
        (label.to_string(), format!("{} = {}", of(&l), of(&r)))
    };
    let swapped = || {
        let halves = format!("substr({l}, 5, 2) = substr({r}, 7, 2) and substr({l}, 7, 2) = substr({r}, 5, 2)");
        ("day and month swapped".to_string(), format!("substr({l}, 1, 4) = substr({r}, 1, 4) and {halves}"))
    };
    let levels = match manner {
        Manner::Number => vec![edits(1)],
        Manner::Name => vec![jaro_winkler(0.92), jaro_winkler(0.88), jaro_winkler(0.7)],
        Manner::Date => vec![swapped(), edits(1), part("same year and month", 1, 6), part("same year", 1, 4), edits(2)],
        Manner::Sex => vec![],
        Manner::Postcode => vec![
            edits(1),
            extract("same sector", "^[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9]"),
            extract("same outward code", "^[A-Z]{1,2}[0-9][A-Z0-9]?"),
        ],
        Manner::Email => vec![edits(2), extract("same first part", "^[^@]+"), jaro_winkler(0.88)],
        Manner::Category => vec![jaro_winkler(0.9)],
        Manner::Text => vec![edits(1), edits(2), jaro_winkler(0.88)],
    };
    let unstated = match manner {
        Manner::Sex => format!(" OR {l} NOT IN ('male', 'female') OR {r} NOT IN ('male', 'female')"),
        _ => String::new(),
    };
    let mut all = vec![
        (format!("{column} is missing"), format!("{l} IS NULL OR {r} IS NULL{unstated}")),
        (format!("exact match on {column}"), format!("{l} = {r}")),
    ];
    all.extend(levels);
    all.push(("all other comparisons".into(), "ELSE".into()));
    let frequency = !matches!(manner, Manner::Number | Manner::Sex | Manner::Date);
    Some(Template { field, column: column.to_string(), levels: all, frequency })
}

/// The settings without m and u, for measuring; with them where they are given.
pub fn settings(templates: &[Template], prior: f64, measured: Option<(&Counts, &Counts)>) -> Value {
    let comparison = |(at, template): (usize, &Template)| {
        let shares = measured.map(|(m, u)| (shares(&m.0[at]), shares(&u.0[at])));
        let levels = template.levels.iter().enumerate().map(|(level, (label, sql))| {
            let mut json = json!({ "sql_condition": sql, "label_for_charts": label });
            if level == 0 {
                json["is_null_level"] = true.into();
            } else if let Some((m, u)) = &shares {
                json["m_probability"] = m[level].into();
                json["u_probability"] = u[level].into();
            }
            if level == 1 && template.frequency {
                json["tf_adjustment_column"] = template.column.clone().into();
                json["tf_adjustment_weight"] = 1.0.into();
            }
            json
        });
        json!({
            "output_column_name": template.column,
            "comparison_levels": levels.collect::<Vec<Value>>(),
            "comparison_description": format!("{}, measured by onefolk's model", template.column),
        })
    };
    json!({
        "link_type": "dedupe_only",
        "probability_two_random_records_match": prior,
        "sql_dialect": "duckdb",
        "unique_id_column_name": "unique_id",
        "blocking_rules_to_generate_predictions": rules(templates),
        "comparisons": templates.iter().enumerate().map(comparison).collect::<Vec<Value>>(),
    })
}

/// Level counts as shares that sum to one, the null level left out; no level is impossible.
fn shares(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts[1..].iter().sum();
    let smallest = (0.02 / (total + 1.0)).max(1e-9);
    let raised: Vec<f64> = counts.iter().map(|count| (count / total.max(1e-12)).max(smallest)).collect();
    let sum: f64 = raised[1..].iter().sum();
    raised.into_iter().map(|share| share / sum).collect()
}

/// Combinations of fields that nearly every pair of one person's records shares one of.
const RULES: [&[Field]; 8] = [
    &[Field::NhsNumber],
    &[Field::Email],
    &[Field::Phone],
    &[Field::DateOfBirth, Field::FamilyName],
    &[Field::DateOfBirth, Field::GivenName],
    &[Field::DateOfBirth, Field::Postcode],
    &[Field::GivenName, Field::FamilyName, Field::Postcode],
    &[Field::FamilyName, Field::Address],
];

fn rules(templates: &[Template]) -> Vec<Value> {
    let column = |field: &Field| templates.iter().find(|one| one.field == *field).map(|one| one.column.as_str());
    let equal = |column: &str| format!("(l.\"{column}\" = r.\"{column}\")");
    let whole = RULES.iter().filter_map(|fields| fields.iter().map(column).collect::<Option<Vec<&str>>>());
    let mut rules: Vec<String> =
        whole.map(|columns| columns.into_iter().map(equal).collect::<Vec<_>>().join(" AND ")).collect();
    if rules.is_empty() {
        rules = templates.iter().map(|template| equal(&template.column)).collect();
    }
    rules.into_iter().map(|rule| json!({ "blocking_rule": rule, "sql_dialect": "duckdb" })).collect()
}

/// Adds one pair, by its records' places, to the counts.
pub fn count(counts: &mut Counts, scorer: &Scorer, pair: (u32, u32), weight: f64, memory: &mut super::Memory) {
    for (comparison, levels) in counts.0.iter_mut().enumerate() {
        levels[scorer.level(comparison, pair.0, pair.1, memory)] += weight;
    }
}

impl Counts {
    pub fn zero(model: &Imported) -> Counts {
        Counts(model.comparisons.iter().map(|comparison| vec![0.0; comparison.levels.len()]).collect())
    }

    pub fn merge(mut self, other: Counts) -> Counts {
        self.0.iter_mut().flatten().zip(other.0.into_iter().flatten()).for_each(|(sum, more)| *sum += more);
        self
    }
}

/// Puts the exact share of equal values in place of the sampled one, which is blind to rare values: pairs of records with equal values,
/// less those that are one person's (`matches`), among all pairs with both values. `holders` is how many records each place stands for.
pub fn sharpen(strangers: &mut Counts, matches: &Counts, prepared: &Prepared, templates: &[Template], holders: &[u32]) {
    for (comparison, template) in templates.iter().enumerate() {
        let Some(column) =
            prepared.model.comparisons[comparison].levels[1].condition.as_ref().and_then(|c| c.exact_match())
        else {
            continue;
        };
        let slot = prepared.slot_of(column);
        let mut records = vec![0u64; prepared.data.distinct(slot)];
        let known = prepared.data.codes(slot).zip(holders).filter(|(code, _)| *code != MISSING);
        known.for_each(|(code, count)| records[code as usize] += u64::from(*count));
        let pairs = |count: u64| (count * count.saturating_sub(1) / 2) as f64;
        let (all, equal) = (pairs(records.iter().sum()), records.iter().map(|count| pairs(*count)).sum::<f64>());
        let (of_one, of_one_equal) = (matches.0[comparison][1..].iter().sum::<f64>(), matches.0[comparison][1]);
        let share = ((equal - of_one_equal).max(0.5) / (all - of_one).max(1.0)).min(0.999);
        // Values such as an unstated sex are equal and yet no level: there the sample stands.
        let levels = &mut strangers.0[comparison];
        let rest: f64 = levels[2..].iter().sum();
        if rest > 0.0 && !matches!(template.field, Field::Sex) {
            levels[1] = rest * share / (1.0 - share);
        }
    }
}

/// What a Splink file cannot say of a model of ours.
pub fn left_out(classes: usize) -> Vec<Unmapped> {
    let one = |what: &str, reason: String, remedy: &str| Unmapped { what: what.into(), reason, remedy: remedy.into() };
    vec![
        one(
            "kinds of strangers",
            format!("{} classes became one u: Splink knows matches and strangers only", classes.saturating_sub(1)),
            "Expect namesakes, households and twins to score higher there",
        ),
        one(
            "levels of names, dates and places",
            "ours count bits in common and how common values are, for which SQL has no condition".into(),
            "The file compares each column by itself, with term frequency adjustments, and m and u measured on this data",
        ),
        one(
            "blocking",
            "large blocks are split by what else their records share, which no rule in SQL says".into(),
            "The file holds equality rules on the mapped fields; add rules where they miss pairs",
        ),
        one(
            "who becomes one person",
            "pooled links, context, verified numbers that contradict and never-link lists are no part of the file"
                .into(),
            "Cluster at a high threshold there, and apply the lists afterwards",
        ),
    ]
}
