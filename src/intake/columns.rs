//! The columns of an extract, and which of them the job wants.

use super::codes;
use super::problem::{Problem, Result};
use super::rows::Slot;
use crate::job::Provider;
use std::collections::HashSet;

/// Names less alike than this are not suggested: a line of data read as a header must not be quoted in a message.
const SUGGESTION_MIN: f64 = 0.5;

/// What an extract's columns are called: outer space trimmed, unnamed ones by their number, and columns of one name told apart as
/// "NAME (1)", "NAME (2)".
pub(super) fn distinct_names(header: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = header.into_iter().map(|name| name.trim().to_string()).collect();
    // A separator at the end of the header makes columns without name or data.
    while names.len() > 1 && names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    for (index, name) in names.iter_mut().enumerate() {
        if name.is_empty() {
            *name = format!("column {}", index + 1);
        }
    }
    let mut seen = HashSet::new();
    let repeated: HashSet<String> = names.iter().filter(|name| !seen.insert(name.as_str())).cloned().collect();
    let mut taken: HashSet<String> = names.iter().filter(|name| !repeated.contains(*name)).cloned().collect();
    let mut next_number = std::collections::HashMap::new();
    for name in &mut names {
        if repeated.contains(name) {
            let number = next_number.entry(name.clone()).or_insert(0_usize);
            let distinct = loop {
                *number += 1;
                let candidate = format!("{name} ({number})");
                if taken.insert(candidate.clone()) {
                    break candidate;
                }
            };
            *name = distinct;
        }
    }
    names
}

/// Columns of a file without a header.
pub(super) fn numbered_names(count: usize) -> Vec<String> {
    (1..=count).map(|number| number.to_string()).collect()
}

/// Where each wanted column is: the same name, or else the same in any case.
pub(super) fn find_wanted(columns: &[String], wanted: &[String], provider: &Provider) -> Result<Vec<Slot>> {
    wanted.iter().map(|name| find_one(columns, name.trim(), provider)).collect()
}

fn find_one(columns: &[String], wanted: &str, provider: &Provider) -> Result<Slot> {
    if let Some(index) = columns.iter().position(|column| column == wanted) {
        return Ok(Slot::Column(index));
    }
    let doubled = format!("{wanted} (1)");
    if columns.contains(&doubled) && columns.contains(&format!("{wanted} (2)")) {
        return Err(Problem::new(
            &codes::DOUBLE_COLUMN,
            format!("column \"{wanted}\" stands more than once in the header"),
        ));
    }
    let folded = wanted.to_lowercase();
    let alike: Vec<usize> = (0..columns.len()).filter(|&index| columns[index].to_lowercase() == folded).collect();
    match alike[..] {
        [index] => Ok(Slot::Column(index)),
        [] if wanted == "row_number" && provider.numbers_rows() => Ok(Slot::RowNumber),
        [] if provider.vanished.iter().any(|column| column.trim() == wanted) => Ok(Slot::Absent),
        [] => Err(missing(columns, wanted)),
        _ => {
            let what = format!("column \"{wanted}\" stands more than once in the header, in different cases");
            Err(Problem::new(&codes::DOUBLE_COLUMN, what))
        }
    }
}

fn missing(columns: &[String], wanted: &str) -> Problem {
    let folded = wanted.to_lowercase();
    let alike = |column: &String| strsim::normalized_damerau_levenshtein(&column.to_lowercase(), &folded);
    let nearest = columns.iter().max_by(|left, right| alike(left).total_cmp(&alike(right)));
    let what = match nearest.filter(|nearest| alike(nearest) >= SUGGESTION_MIN) {
        Some(nearest) => format!("no column \"{wanted}\"; the nearest is \"{nearest}\""),
        None => format!("no column \"{wanted}\" among its {}", columns.len()),
    };
    Problem::new(&codes::MISSING_COLUMN, what)
}
