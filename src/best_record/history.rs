//! The names and addresses that a person also has, or had.

use super::FIELDS;
use super::credibility::{ALIAS, Chooser, Column};
use super::people::{BestField, Lists};
use super::readable::{self, Reader};
use crate::intake::TextColumn;
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
    let texts = |first: Option<&str>, second: Option<&str>, take: &mut dyn FnMut(&str, &str, &str)| {
        for first in first.unwrap_or_default().split(ALIAS) {
            for second in second.unwrap_or_default().split(ALIAS) {
                take(&given.read(first), " ", &family.read(second));
            }
        }
    };
    gather(chooser, &pairings, [best_of(best, Field::GivenName), best_of(best, Field::FamilyName)], texts)
}

/// Addresses with their postcodes, other than the best ones.
pub(super) fn other_addresses(chooser: &Chooser, best: &[BestField]) -> Lists {
    let texts = |address: Option<&str>, postcode: Option<&str>, take: &mut dyn FnMut(&str, &str, &str)| {
        take(&address.map(readable::address).unwrap_or_default(), ", ", postcode.unwrap_or_default());
    };
    let (first, second) = (Column::of(chooser, Field::Address), Column::of(chooser, Field::Postcode));
    let pairings = [Pairing { first, second, needs: Needs::Other }];
    gather(chooser, &pairings, [best_of(best, Field::Address), best_of(best, Field::Postcode)], texts)
}

fn best_of(best: &[BestField], field: Field) -> &BestField {
    let place = FIELDS.iter().position(|known| *known == field).expect("a field of the best record");
    &best[place]
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
        if clean.is_empty() {
            return Cow::Borrowed(clean);
        }
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
}

/// An entry to be: which pairing, what, whose, and whether it is the person's best pair, which is no entry itself.
type Entry = (u8, Pair, u32, bool);

/// Every entry of each person, as sorted texts, without the text of the best pair, which is of the first pairing.
///
/// `texts` gives the two halves of each text of a pair, and what stands between them.
fn gather(
    chooser: &Chooser,
    pairings: &[Pairing],
    best: [&BestField; 2],
    texts: impl Fn(Option<&str>, Option<&str>, &mut dyn FnMut(&str, &str, &str)) + Sync,
) -> Lists {
    let people = chooser.rows.people();
    let entries_of = |entries: &mut Vec<Entry>, person: usize| {
        let best = pairings[0].codes(best[0].from[person], best[1].from[person]);
        let before = entries.len();
        for (which, pairing) in pairings.iter().enumerate() {
            let pairs = chooser.rows.of_person(person).iter().map(|&row| pairing.codes(row, row));
            let others = pairs.filter(|&pair| pairing.is_entry(pair, best));
            entries.extend(others.map(|pair| (which as u8, pair, person as u32, false)));
        }
        if entries.len() > before {
            entries.push((0, best, person as u32, true));
        }
    };
    let mut entries: Vec<Entry> = (0..people)
        .into_par_iter()
        .fold(Vec::new, |mut entries, person| {
            entries_of(&mut entries, person);
            entries
        })
        .flatten_iter()
        .collect();
    entries.par_sort_unstable();

    let same: Vec<&[Entry]> = entries.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
    let write = |same: &&[Entry]| {
        let (which, pair, ..) = same[0];
        let pairing = &pairings[which as usize];
        let mut written = TextColumn::default();
        texts(value(&pairing.first, pair.0), value(&pairing.second, pair.1), &mut |first, between, second| {
            let between = if first.is_empty() || second.is_empty() { "" } else { between };
            written.push(&[first, between, second].concat());
        });
        written
    };
    let written: Vec<TextColumn> = same.par_iter().map(write).collect();
    let mut values = Dictionary::default();
    let mut of_people: Vec<(u32, bool, u32)> = Vec::with_capacity(entries.len());
    for (same, texts) in same.iter().zip(&written) {
        for text in texts.iter() {
            let code = values.intern(text);
            of_people.extend(same.iter().map(|&(.., person, is_best)| (person, !is_best, code)));
        }
    }
    of_people.par_sort_unstable();
    of_people.dedup();
    lists(people, values, &of_people)
}

/// Makes lists of (person, whether it is an entry and not the best one, code), which are sorted.
fn lists(people: usize, values: Dictionary, of_people: &[(u32, bool, u32)]) -> Lists {
    let mut lists = Lists { values, hidden: vec![false; people], ..Lists::default() };
    let mut rest = of_people;
    for person in 0..people as u32 {
        let mine;
        (mine, rest) = rest.split_at(rest.iter().take_while(|entry| entry.0 == person).count());
        let is_best = |code: u32| mine.iter().take_while(|entry| !entry.1).any(|entry| entry.2 == code);
        let start = lists.codes.len();
        lists.codes.extend(mine.iter().filter(|entry| entry.1 && !is_best(entry.2)).map(|entry| entry.2));
        let values = &lists.values;
        lists.codes[start..].sort_unstable_by_key(|&code| values.get(code));
        lists.ends.push(lists.codes.len() as u32);
    }
    lists
}

/// Whether `pair` says nothing beyond `best`: each half is missing or the same.
fn covered(pair: Pair, best: Pair) -> bool {
    (pair.0 == MISSING || pair.0 == best.0) && (pair.1 == MISSING || pair.1 == best.1)
}

fn value<'a>(column: &'a Option<Column>, code: u32) -> Option<&'a str> {
    let column = column.as_ref()?;
    (code != MISSING).then(|| column.values.get(code))
}
