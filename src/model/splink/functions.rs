//! The functions that a condition may call, what they take and what they make of it.

use super::decimal::Decimal;
use super::expression::{Kind, Value, and, or, order};
use super::pattern::Pattern;
use super::similarity::Similarity;
use super::time::{Boundary, DAY, TimeFormat, parse_iso};
use std::cmp::Ordering;

/// A function or operator. Names are those of DuckDB unless they say more in words.
#[derive(Debug, Clone, PartialEq)]
pub enum Function {
    // --- truth ---------------------------------------------------------------------------
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    And,
    Or,
    Not,
    IsNull,
    // --- of any kind ---------------------------------------------------------------------
    /// The first that is not null.
    Coalesce,
    /// Null where both are equal, else the first.
    NullIf,
    /// The least and the greatest, nulls left out.
    Least,
    Greatest,
    /// What was sent, of whatever kind the column is in the model's own table: what a cast is made of. Whether what cannot be read is null there as well,
    /// and no error.
    AsSent {
        tried: bool,
    },
    // --- numbers -------------------------------------------------------------------------
    Add,
    Subtract,
    Multiply,
    Divide,
    Negative,
    Absolute,
    Power,
    SquareRoot,
    Radians,
    Sine,
    Cosine,
    ArcSine,
    ArcCosine,
    ToNumber,
    /// Rounded to the even one where two are as near.
    ToWhole,
    ToDecimal(Decimal),
    /// Rounded to 32 bits.
    ToFloat,
    // --- texts ---------------------------------------------------------------------------
    Lower,
    Upper,
    Trim,
    /// From a place counted from 1, for so many characters.
    Substring,
    Left,
    Right,
    /// Null where any part is null.
    Join,
    /// Nulls left out.
    Concat,
    Length,
    /// The group of the first match, "" where there is none.
    RegexExtract(Pattern, usize),
    Similarity(Similarity),
    /// A text cast to a decimal, or to a whole number.
    ReadDecimal(Decimal),
    // --- times ---------------------------------------------------------------------------
    ParseTime(TimeFormat),
    /// An ISO date, with a clock or without.
    ToTime,
    ToDate,
    Epoch,
    DateDifference(Boundary),
    // --- lists ---------------------------------------------------------------------------
    /// `[a, b]`, as DuckDB and JSON write lists; anything else is a list of itself.
    ToList,
    Intersect,
    ListLength,
    /// Counted from 1.
    Element(usize),
}

impl Function {
    /// Whether the function takes values of any kind and yields one of them.
    pub fn is_of_any_kind(&self) -> bool {
        matches!(self, Function::Coalesce | Function::NullIf | Function::Least | Function::Greatest)
    }

    /// What the function yields; `None` where it yields what it is given.
    pub fn result(&self) -> Option<Kind> {
        use Function::*;
        match self {
            Equal | NotEqual | Less | LessOrEqual | And | Or | Not | IsNull => Some(Kind::Truth),
            Coalesce | NullIf | Least | Greatest => None,
            Add | Subtract | Multiply | Divide | Negative | Absolute | Power | SquareRoot | Radians | Sine | Cosine
            | ArcSine | ArcCosine | ToNumber | ToWhole | ToFloat | ToDecimal(_) | ReadDecimal(_) | Length
            | Similarity(_) | Epoch | DateDifference(_) | ListLength => Some(Kind::Number),
            Lower | Upper | Trim | Substring | Left | Right | Join | Concat | RegexExtract(..) | Element(_) => {
                Some(Kind::Text)
            }
            AsSent { .. } => Some(Kind::Text),
            ParseTime(_) | ToTime | ToDate => Some(Kind::Time),
            ToList | Intersect => Some(Kind::List),
        }
    }

    /// What the argument at `place` must be; `None` where it may be anything, or all must be alike.
    pub fn parameter(&self, place: usize) -> Option<Kind> {
        use Function::*;
        match self {
            And | Or | Not => Some(Kind::Truth),
            Equal | NotEqual | Less | LessOrEqual | IsNull | Coalesce | NullIf | Least | Greatest => None,
            AsSent { .. } => None,
            Add | Subtract | Multiply | Divide | Negative | Absolute | Power | SquareRoot | Radians | Sine | Cosine
            | ArcSine | ArcCosine | ToWhole | ToFloat | ToDecimal(_) => Some(Kind::Number),
            Substring | Left | Right if place > 0 => Some(Kind::Number),
            ToNumber | ReadDecimal(_) | Lower | Upper | Trim | Substring | Left | Right | Join | Concat | Length
            | RegexExtract(..) | Similarity(_) | ParseTime(_) | ToTime | ToList => Some(Kind::Text),
            ToDate | Epoch | DateDifference(_) => Some(Kind::Time),
            Intersect | ListLength | Element(_) => Some(Kind::List),
        }
    }

    /// The function's value. Null in, null out, but for those whose matter is null itself.
    ///
    /// # Panics
    /// Where arguments are not what [`Function::parameter`] asks for: `sql` checks them.
    pub fn apply(&self, values: &[Value]) -> Value {
        let truths = || values.iter().map(Value::truth);
        match self {
            Function::And => and(truths()).map_or(Value::Null, Value::Truth),
            Function::Or => or(truths()).map_or(Value::Null, Value::Truth),
            Function::IsNull => Value::Truth(values[0] == Value::Null),
            Function::Coalesce => values.iter().find(|value| **value != Value::Null).cloned().unwrap_or(Value::Null),
            Function::Concat => Value::Text(values.iter().filter_map(Value::text).collect()),
            Function::NullIf => {
                if compare(&values[0], &values[1]) == Some(Ordering::Equal) {
                    Value::Null
                } else {
                    values[0].clone()
                }
            }
            Function::Least | Function::Greatest => self.extreme(values),
            _ if values.contains(&Value::Null) => Value::Null,
            _ => self.apply_to_known(values),
        }
    }

    fn extreme(&self, values: &[Value]) -> Value {
        let known = values.iter().filter(|value| **value != Value::Null);
        let by_value = |a: &&Value, b: &&Value| compare(a, b).unwrap_or(Ordering::Equal);
        let found = if *self == Function::Least { known.min_by(by_value) } else { known.max_by(by_value) };
        found.cloned().unwrap_or(Value::Null)
    }

    /// The value where no argument is null.
    fn apply_to_known(&self, values: &[Value]) -> Value {
        let number = |place: usize| values[place].number().expect("the arguments were checked");
        let text = |place: usize| values[place].text().expect("the arguments were checked");
        let list = |place: usize| values[place].list().expect("the arguments were checked");
        let known = |found: Option<f64>| found.map_or(Value::Null, Value::Number);
        match self {
            Function::Equal => Value::Truth(compare(&values[0], &values[1]) == Some(Ordering::Equal)),
            Function::NotEqual => Value::Truth(compare(&values[0], &values[1]) != Some(Ordering::Equal)),
            Function::Less => Value::Truth(compare(&values[0], &values[1]) == Some(Ordering::Less)),
            Function::LessOrEqual => Value::Truth(compare(&values[0], &values[1]).is_some_and(Ordering::is_le)),
            Function::Not => values[0].truth().map_or(Value::Null, |truth| Value::Truth(!truth)),
            Function::AsSent { .. } => values[0].clone(),
            Function::ToNumber => known(text(0).trim().parse().ok()),
            Function::ToDecimal(decimal) => known(decimal.of_number(number(0))),
            Function::ReadDecimal(decimal) => known(decimal.of_text(text(0))),
            Function::Lower => Value::Text(text(0).chars().map(lower).collect()),
            Function::Upper => Value::Text(text(0).chars().map(upper).collect()),
            Function::Trim => Value::Text(text(0).trim_matches(' ').to_string()),
            Function::Substring => {
                let from = (number(1) as usize).saturating_sub(1);
                let length = values.get(2).and_then(Value::number).map_or(usize::MAX, |length| length as usize);
                Value::Text(text(0).chars().skip(from).take(length).collect())
            }
            Function::Left => Value::Text(text(0).chars().take(number(1) as usize).collect()),
            Function::Right => {
                let beyond = text(0).chars().count().saturating_sub(number(1) as usize);
                Value::Text(text(0).chars().skip(beyond).collect())
            }
            Function::Join => Value::Text(values.iter().filter_map(Value::text).collect()),
            Function::Length => Value::Number(text(0).chars().count() as f64),
            Function::RegexExtract(pattern, group) => Value::Text(pattern.extract(text(0), *group).to_string()),
            Function::Similarity(similarity) => Value::Number(similarity.of(text(0), text(1))),
            Function::ParseTime(format) => known(format.parse(text(0))),
            Function::ToTime => known(parse_iso(text(0))),
            Function::ToDate => Value::Number((number(0) / DAY).floor() * DAY),
            Function::DateDifference(boundary) => known(boundary.between(number(0), number(1))),
            Function::ToList => Value::List(elements(text(0))),
            Function::Intersect => Value::List(intersect(list(0), list(1))),
            Function::ListLength => Value::Number(list(0).len() as f64),
            Function::Element(place) => list(0).get(place - 1).cloned().map_or(Value::Null, Value::Text),
            _ => Value::Number(self.calculate(number(0), values.get(1).and_then(Value::number).unwrap_or(0.0))),
        }
    }

    /// Arithmetic; the second number is only looked at where there is one.
    pub fn calculate(&self, a: f64, b: f64) -> f64 {
        match self {
            Function::Add => a + b,
            Function::Subtract => a - b,
            Function::Multiply => a * b,
            Function::Divide => a / b,
            Function::Negative => -a,
            Function::Absolute => a.abs(),
            Function::Power => a.powf(b),
            Function::SquareRoot => a.sqrt(),
            Function::Radians => a.to_radians(),
            Function::Sine => a.sin(),
            Function::Cosine => a.cos(),
            Function::ArcSine => a.asin(),
            Function::ArcCosine => a.acos(),
            Function::ToWhole => a.round_ties_even(),
            Function::ToFloat => f64::from(a as f32),
            Function::Epoch => a,
            other => unreachable!("{other:?} is no arithmetic"),
        }
    }

    /// Whether [`Function::calculate`] knows it.
    pub fn is_arithmetic(&self) -> bool {
        use Function::*;
        matches!(
            self,
            Add | Subtract
                | Multiply
                | Divide
                | Negative
                | Absolute
                | Power
                | SquareRoot
                | Radians
                | Sine
                | Cosine
                | ArcSine
                | ArcCosine
                | ToWhole
                | ToFloat
                | Epoch
        )
    }
}

/// Texts are ordered by their bytes, as DuckDB orders them; nothing is ordered against null.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Some(order(*a, *b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Truth(a), Value::Truth(b)) => Some(a.cmp(b)),
        (Value::List(a), Value::List(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// One character for one, as DuckDB does: `İ` becomes `i`, `ß` stays one letter.
fn lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next(), character) {
        (_, Some(_), 'ß') => 'ẞ',
        (Some(one), None, _) => one,
        _ => character,
    }
}

/// The elements of a list as DuckDB or JSON write it.
fn elements(text: &str) -> Vec<String> {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else {
        return vec![text.to_string()];
    };
    if let Ok(serde_json::Value::Array(values)) = serde_json::from_str(text) {
        let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
        return values.iter().filter(|value| !value.is_null()).map(plain).collect();
    }
    let parts = inner.split(',').map(|part| part.trim().trim_matches('\'').to_string());
    parts.filter(|part| !part.is_empty() && part != "NULL").collect()
}

/// The distinct elements in both.
pub fn intersect(a: &[String], b: &[String]) -> Vec<String> {
    let mut both: Vec<String> = a.iter().filter(|element| b.contains(element)).cloned().collect();
    both.sort_unstable();
    both.dedup();
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn texts_as_duckdb_has_them() {
        let pattern = Pattern::new("^[A-Za-z]{1,2}").expect("a pattern");
        assert_eq!(Function::RegexExtract(pattern.clone(), 0).apply(&[text("NW9 6EG")]), text("NW"));
        assert_eq!(Function::RegexExtract(pattern, 0).apply(&[text("9")]), text(""));
        assert_eq!(Function::Lower.apply(&[text("ÀÉİ")]), text("àéi"));
        assert_eq!(Function::Upper.apply(&[text("straße")]), text("STRAẞE"));
        assert_eq!(Function::Trim.apply(&[text("  a\t ")]), text("a\t"));
        assert_eq!(Function::Substring.apply(&[text("Siân"), Value::Number(3.0), Value::Number(2.0)]), text("ân"));
        assert_eq!(Function::Right.apply(&[text("Siân"), Value::Number(2.0)]), text("ân"));
        assert_eq!(Function::Join.apply(&[text("a"), Value::Null]), Value::Null);
        assert_eq!(Function::Concat.apply(&[text("a"), Value::Null, text("b")]), text("ab"));
        assert_eq!(Function::NullIf.apply(&[text(""), text("")]), Value::Null);
        // select least('b', 'B', 'á'), least('a'::varchar, null, 'B'), greatest('9', '10'), greatest('Zoë', 'Zoz')
        assert_eq!(Function::Least.apply(&[text("b"), text("B"), text("á")]), text("B"));
        assert_eq!(Function::Least.apply(&[text("a"), Value::Null, text("B")]), text("B"));
        assert_eq!(Function::Greatest.apply(&[text("9"), text("10")]), text("9"));
        assert_eq!(Function::Greatest.apply(&[text("Zoë"), text("Zoz")]), text("Zoë"));
    }

    #[test]
    fn numbers_and_lists() {
        let number = Value::Number;
        assert_eq!(Function::Greatest.apply(&[Value::Null, number(1.0)]), number(1.0));
        assert_eq!(Function::Least.apply(&[number(10.0), number(9.0)]), number(9.0));
        assert_eq!(Function::ToNumber.apply(&[text("abc")]), Value::Null);
        assert_eq!(Function::Divide.apply(&[number(1.0), number(0.0)]), number(f64::INFINITY));
        let lists = [r#"["a","a","b",null]"#, "[a, b, b, NULL]"].map(|list| Function::ToList.apply(&[text(list)]));
        assert_eq!(Function::ListLength.apply(&[Function::Intersect.apply(&lists)]), number(2.0));
        assert_eq!(Function::Element(1).apply(&[lists[0].clone()]), text("a"));
    }

    #[test]
    fn truth_has_three_values() {
        let (yes, no, open) = (Value::Truth(true), Value::Truth(false), Value::Null);
        assert_eq!(Function::And.apply(&[open.clone(), no.clone()]), no);
        assert_eq!(Function::And.apply(&[open.clone(), yes.clone()]), open);
        assert_eq!(Function::Or.apply(&[open.clone(), yes.clone()]), yes);
        assert_eq!(Function::Or.apply(&[open.clone(), no]), open);
        assert_eq!(Function::Not.apply(std::slice::from_ref(&open)), open);
        assert_eq!(Function::Equal.apply(&[open.clone(), open.clone()]), open);
        assert_eq!(Function::IsNull.apply(&[open]), yes);
    }
}
