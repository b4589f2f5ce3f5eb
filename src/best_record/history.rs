//! The names and addresses that a person also has, or had.

use super::FIELDS;
use super::credibility::{Chooser, Column};
use super::people::{BestField, Lists};
use super::readable;
use crate::job::Field;
use crate::records::{Dictionary, MISSING};
use rayon::prelude::*;

/// Two codes of one row, which belong together.
type Pair = (u32, u32);

/// Names (given and family name together) other than the best ones; a previous family name makes a name with the given name beside it.
pub(super) fn other_names(chooser: &Chooser, best: &[BestField]) -> Lists {
    let given = Column::of(chooser, Field::GivenName);
    let text = |first: Option<&str>, last: Option<&str>| readable::name(&joined(first, last, " "));
    let current = Pairing { first: given, second: Column::of(chooser, Field::FamilyName) };
    let given = Column::of(chooser, Field::GivenName);
    let previous = Pairing { first: given, second: Column::of(chooser, Field::PreviousFamilyName) };
    let best = [from(best, Field::GivenName), from(best, Field::FamilyName)];
    gather(chooser, &[current, previous], best, text)
}

/// Addresses with their postcodes, other than the best ones.
pub(super) fn other_addresses(chooser: &Chooser, best: &[BestField]) -> Lists {
    let text = |address: Option<&str>, postcode: Option<&str>| match address {
        Some(address) => joined(Some(&readable::address(address)), postcode, ", "),
        None => joined(None, postcode, ", "),
    };
    let pairing = Pairing { first: Column::of(chooser, Field::Address), second: Column::of(chooser, Field::Postcode) };
    gather(chooser, &[pairing], [from(best, Field::Address), from(best, Field::Postcode)], text)
}

fn from(best: &[BestField], field: Field) -> &[u32] {
    let place = FIELDS.iter().position(|known| *known == field).expect("a field of the best record");
    &best[place].from
}

fn joined(first: Option<&str>, second: Option<&str>, between: &str) -> String {
    match (first, second) {
        (Some(first), Some(second)) => format!("{first}{between}{second}"),
        (one, other) => one.or(other).unwrap_or_default().to_string(),
    }
}

struct Pairing<'a> {
    first: Option<Column<'a>>,
    second: Option<Column<'a>>,
}

impl Pairing<'_> {
    fn codes(&self, first_row: u32, second_row: u32) -> Pair {
        let code = |column: &Option<Column>, row| column.as_ref().map_or(MISSING, |column| column.code(row));
        (code(&self.first, first_row), code(&self.second, second_row))
    }
}

/// Every distinct pair of each person that says more than the best pair, as sorted texts.
fn gather(
    chooser: &Chooser,
    pairings: &[Pairing],
    best: [&[u32]; 2],
    text: impl Fn(Option<&str>, Option<&str>) -> String + Sync,
) -> Lists {
    let people = chooser.rows.people();
    let others = |person: usize, pairing: usize| {
        let best = pairings[0].codes(best[0][person], best[1][person]);
        let pairs = chooser.rows.of_person(person).iter().map(move |&row| pairings[pairing].codes(row, row));
        // Only the first pairing holds values that the best pair can cover; the others need their own (second) value.
        pairs.filter(move |&pair| if pairing == 0 { !covered(pair, best) } else { pair.1 != MISSING })
    };
    let mut distinct: Vec<(usize, Pair)> = (0..people)
        .into_par_iter()
        .flat_map_iter(|person| {
            (0..pairings.len()).flat_map(move |which| others(person, which).map(move |pair| (which, pair)))
        })
        .collect();
    distinct.par_sort_unstable();
    distinct.dedup();

    let texts: Vec<String> = distinct
        .par_iter()
        .map(|&(which, (first, second))| {
            text(value(&pairings[which].first, first), value(&pairings[which].second, second))
        })
        .collect();
    // Codes in the order of their texts: sorting codes then sorts texts.
    let mut sorted: Vec<&str> = texts.iter().map(String::as_str).collect();
    sorted.par_sort_unstable();
    let mut values = Dictionary::default();
    sorted.iter().for_each(|text| {
        values.intern(text);
    });
    let codes: Vec<u32> = texts.iter().map(|text| values.find(text).expect("every text was interned")).collect();

    let best_text = |person: usize| {
        let pair = pairings[0].codes(best[0][person], best[1][person]);
        values.find(&text(value(&pairings[0].first, pair.0), value(&pairings[0].second, pair.1)))
    };
    let lists = Lists::gather(people, Dictionary::default(), |person, list| {
        for which in 0..pairings.len() {
            list.extend(
                others(person, which)
                    .map(|pair| codes[distinct.binary_search(&(which, pair)).expect("gathered before")]),
            );
        }
        if list.is_empty() {
            return;
        }
        list.sort_unstable();
        list.dedup();
        if let Some(best) = best_text(person) {
            list.retain(|&code| code != best);
        }
    });
    Lists { values, ..lists }
}

/// Whether `pair` says nothing beyond `best`: each half is missing or the same.
fn covered(pair: Pair, best: Pair) -> bool {
    (pair.0 == MISSING || pair.0 == best.0) && (pair.1 == MISSING || pair.1 == best.1)
}

fn value<'a>(column: &Option<Column<'a>>, code: u32) -> Option<&'a str> {
    let column = column.as_ref()?;
    (code != MISSING).then(|| column.column.values.get(code))
}
