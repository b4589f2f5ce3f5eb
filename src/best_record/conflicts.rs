//! In which of the fields that a person keeps for life their records disagree.

use super::credibility::{Chooser, Column};
use super::people::Lists;
use crate::job::Field;
use crate::records::Dictionary;

/// Fields of which a person has one value, in the order in which they are told.
const FOR_LIFE: [Field; 4] = [Field::NhsNumber, Field::DateOfBirth, Field::DateOfDeath, Field::Sex];

/// The fields in which two records of a person have different values that could each be true: no placeholder and no unknown one counts, and
/// no date of which a part is missing. A difference of sex is one between records, never a change.
pub(super) fn conflicts(chooser: &Chooser) -> Lists {
    let mut values = Dictionary::default();
    let columns: Vec<(u32, Column)> = FOR_LIFE
        .into_iter()
        .filter_map(|field| {
            let word = field.word().expect("a built-in field");
            Some((values.intern(word), Column::of(chooser, field)?))
        })
        .collect();
    Lists::gather(chooser.rows.people(), values, |person, fields| {
        let rows = chooser.rows.of_person(person);
        let disagree = columns.iter().filter(|(_, column)| {
            let mut stated = rows.iter().map(|&row| column.code(row)).filter(|&code| column.is_stated(code));
            stated.next().is_some_and(|first| stated.any(|code| code != first))
        });
        fields.extend(disagree.map(|(word, _)| *word));
    })
}
