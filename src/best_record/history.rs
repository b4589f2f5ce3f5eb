//! The names and addresses that a person also has, or had.

use super::FIELDS;
use super::credibility::{ALIAS, Chooser, Column};
use super::people::{BestField, Lists};
use super::readable::{self, Reader};
use crate::job::Field;
use crate::records::{Dictionary, MISSING};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// Two codes of one row, which belong together.
type Pair = (u32, u32);

/// Names (given and family name together) other than the best ones. Aliases, and a previous family name, make names with the name
/// beside them.
pub(super) fn other_names(chooser: &Chooser, best: &[BestField]) -> Lists {
    let main = |field| Column::of(chooser, field);
    let alias = |field| Column::aliases(chooser, field);
    let mut pairings =
        vec![Pairing { first: main(Field::GivenName), second: main(Field::FamilyName), needs: Needs::Other }];
    if let Some(previous) = main(Field::PreviousFamilyName) {
        pairings.push(Pairing { first: main(Field::GivenName), second: Some(previous), needs: Needs::Second });
    }
    if let Some(given) = alias(Field::GivenName) {
        pairings.push(Pairing { first: Some(given), second: main(Field::FamilyName), needs: Needs::First });
    }
    if let Some(family) = alias(Field::FamilyName) {
        pairings.push(Pairing { first: main(Field::GivenName), second: Some(family), needs: Needs::Second });
    }
    let given = Forms::of(chooser, best_of(best, Field::GivenName), &pairings[0].first);
    let family = Forms::of(chooser, best_of(best, Field::FamilyName), &pairings[0].second);
    let texts = |first: Option<&str>, second: Option<&str>| {
        let parts = |text: Option<&str>| -> Vec<Option<String>> {
            text.map_or(vec![None], |text| text.split(ALIAS).map(|one| Some(one.to_string())).collect())
        };
        let (firsts, seconds) = (parts(first), parts(second));
        let all = firsts.iter().flat_map(|first| seconds.iter().map(move |second| (first, second)));
        all.map(|(first, second)| {
            let (first, second) =
                (first.as_deref().map(|text| given.read(text)), second.as_deref().map(|text| family.read(text)));
            joined(first.as_deref(), second.as_deref(), " ")
        })
        .collect()
    };
    gather(chooser, &pairings, [best_of(best, Field::GivenName), best_of(best, Field::FamilyName)], texts)
}

/// Addresses with their postcodes, other than the best ones.
pub(super) fn other_addresses(chooser: &Chooser, best: &[BestField]) -> Lists {
    let texts = |address: Option<&str>, postcode: Option<&str>| {
        let address = address.map(readable::address);
        vec![joined(address.as_deref(), postcode, ", ")]
    };
    let (first, second) = (Column::of(chooser, Field::Address), Column::of(chooser, Field::Postcode));
    let pairings = [Pairing { first, second, needs: Needs::Other }];
    gather(chooser, &pairings, [best_of(best, Field::Address), best_of(best, Field::Postcode)], texts)
}

fn best_of(best: &[BestField], field: Field) -> &BestField {
    let place = FIELDS.iter().position(|known| *known == field).expect("a field of the best record");
    &best[place]
}

fn joined(first: Option<&str>, second: Option<&str>, between: &str) -> String {
    match (first, second) {
        (Some(first), Some(second)) => format!("{first}{between}{second}"),
        (one, other) => one.or(other).unwrap_or_default().to_string(),
    }
}

/// How a clean name reads: as the best record of anybody shows it, so that "obrien" is O'Brien here as well.
struct Forms<'a> {
    shown: FxHashMap<&'a str, &'a str>,
    reader: Reader,
}

impl<'a> Forms<'a> {
    fn of(chooser: &Chooser, best: &'a BestField, column: &'a Option<Column>) -> Self {
        let mut shown: FxHashMap<&str, &str> = FxHashMap::default();
        if let Some(column) = column {
            let mut pairs: Vec<(u32, &str)> = (0..best.from.len())
                .filter_map(|person| Some((column.code(best.from[person]), best.text(person)?)))
                .collect();
            // The longest form has most of what cleaning removed: apostrophes, accents.
            pairs.par_sort_unstable_by_key(|&(code, text)| (code, text.len(), text));
            pairs.dedup();
            shown.extend(pairs.into_iter().map(|(code, text)| (column.values.get(code), text)));
        }
        Forms { shown, reader: Reader::of(best.field, chooser.job.as_of) }
    }

    fn read<'b>(&'b self, clean: &'b str) -> Cow<'b, str> {
        self.shown.get(clean).map_or_else(|| self.reader.read(clean, None), |text| Cow::Borrowed(*text))
    }
}

/// When a pair of a row is an entry of the history.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// When it says more than the best pair.
    Other,
    First,
    Second,
}

struct Pairing<'a> {
    first: Option<Column<'a>>,
    second: Option<Column<'a>>,
    needs: Needs,
}

impl Pairing<'_> {
    fn codes(&self, first_row: u32, second_row: u32) -> Pair {
        let code = |column: &Option<Column>, row| column.as_ref().map_or(MISSING, |column| column.code(row));
        (code(&self.first, first_row), code(&self.second, second_row))
    }

    fn is_entry(&self, pair: Pair, best: Pair) -> bool {
        match self.needs {
            Needs::Other => !covered(pair, best),
            Needs::First => pair.0 != MISSING,
            Needs::Second => pair.1 != MISSING,
        }
    }

    fn texts(&self, pair: Pair, texts: &impl Fn(Option<&str>, Option<&str>) -> Vec<String>) -> Vec<String> {
        texts(value(&self.first, pair.0), value(&self.second, pair.1))
    }
}

/// Every entry of each person, as sorted texts, without the text of the best pair, which is of the first pairing.
fn gather(
    chooser: &Chooser,
    pairings: &[Pairing],
    best: [&BestField; 2],
    texts: impl Fn(Option<&str>, Option<&str>) -> Vec<String> + Sync,
) -> Lists {
    let people = chooser.rows.people();
    let best_pair = |person: usize| pairings[0].codes(best[0].from[person], best[1].from[person]);
    let entries = |person: usize, which: usize| {
        let (best, pairing) = (best_pair(person), &pairings[which]);
        let pairs = chooser.rows.of_person(person).iter().map(|&row| pairing.codes(row, row));
        pairs.filter(move |&pair| pairing.is_entry(pair, best))
    };
    let of_person = |person: usize| {
        let entries = &entries;
        (0..pairings.len()).flat_map(move |which| entries(person, which).map(move |pair| (which, pair)))
    };
    let mut distinct: Vec<(usize, Pair)> = (0..people).into_par_iter().flat_map_iter(of_person).collect();
    distinct.par_sort_unstable();
    distinct.dedup();
    let written: Vec<Vec<String>> =
        distinct.par_iter().map(|&(which, pair)| pairings[which].texts(pair, &texts)).collect();
    let values = sorted_dictionary(&written);
    let find = |text: &String| values.find(text).expect("every text was interned");
    let codes: Vec<Vec<u32>> = written.par_iter().map(|texts| texts.iter().map(find).collect()).collect();

    let lists = Lists::gather(people, Dictionary::default(), |person, list| {
        for entry in of_person(person) {
            list.extend(&codes[distinct.binary_search(&entry).expect("gathered before")]);
        }
        if list.is_empty() {
            return;
        }
        list.sort_unstable();
        list.dedup();
        let best = pairings[0].texts(best_pair(person), &texts);
        list.retain(|&code| best.iter().all(|best| best != values.get(code)));
    });
    Lists { values, ..lists }
}

/// Codes in the order of their texts: sorting codes sorts texts.
fn sorted_dictionary(written: &[Vec<String>]) -> Dictionary {
    let mut sorted: Vec<&str> = written.iter().flatten().map(String::as_str).collect();
    sorted.par_sort_unstable();
    let mut values = Dictionary::default();
    sorted.iter().for_each(|text| {
        values.intern(text);
    });
    values
}

/// Whether `pair` says nothing beyond `best`: each half is missing or the same.
fn covered(pair: Pair, best: Pair) -> bool {
    (pair.0 == MISSING || pair.0 == best.0) && (pair.1 == MISSING || pair.1 == best.1)
}

fn value<'a>(column: &'a Option<Column>, code: u32) -> Option<&'a str> {
    let column = column.as_ref()?;
    (code != MISSING).then(|| column.values.get(code))
}
