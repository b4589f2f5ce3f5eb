//! Clean values as people write them.

use super::credibility::is_name;
use crate::job::{Field, Source};
use crate::standardise::Context;
use std::borrow::Cow;

/// Makes the values of one field readable.
pub(super) struct Reader {
    field: Field,
    /// Reads names as `standardise` does.
    names: Option<Context>,
}

impl Reader {
    pub(super) fn of(field: Field, as_of: jiff::civil::Date) -> Self {
        let learn = || Context::learn(field, None, &Source::default(), as_of, &mut std::iter::empty());
        Reader { field, names: is_name(field).then(learn) }
    }

    /// `clean` as people write it; a name as `sent`, where that says the same: "O'Brien", "Zoë", "Smith-Jones".
    pub(super) fn read<'a>(&self, clean: &'a str, sent: Option<&str>) -> Cow<'a, str> {
        let Some(names) = &self.names else {
            return if self.field == Field::Address { Cow::Owned(address(clean)) } else { Cow::Borrowed(clean) };
        };
        let as_sent = sent.filter(|sent| {
            let mut again = String::new();
            names.clean(sent, &mut again);
            again.split('|').next() == Some(clean)
        });
        as_sent.or(Some(clean)).and_then(|text| names.display(text)).map_or(Cow::Borrowed(clean), Cow::Owned)
    }
}

/// An address in title case; house numbers with a letter in capitals: "flat 2b 9 high street" becomes "Flat 2B 9 High Street".
pub(super) fn address(clean: &str) -> String {
    let mut shown = String::with_capacity(clean.len());
    // The first character of the word that is being written; None between words.
    let mut first: Option<char> = None;
    for character in clean.chars() {
        let inside = character.is_alphanumeric() || character == '\'' || character == '’';
        match first.filter(|_| inside) {
            None if character.is_ascii() => shown.push(character.to_ascii_uppercase()),
            Some(first) if character.is_ascii() => {
                let digits = first.is_ascii_digit();
                shown.push(if digits { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() });
            }
            None => shown.extend(character.to_uppercase()),
            Some(first) if first.is_ascii_digit() => shown.extend(character.to_uppercase()),
            Some(_) => shown.extend(character.to_lowercase()),
        }
        first = inside.then(|| first.unwrap_or(character));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_sent_where_they_say_the_same() {
        let family = Reader::of(Field::FamilyName, jiff::civil::date(2026, 11, 22));
        for (clean, sent, shown) in [
            ("obrien", Some("O'BRIEN"), "O'Brien"),
            ("obrien", Some("MR O'Brien"), "O'Brien"),
            ("obrien", None, "Obrien"),
            ("obrien", Some("Smith"), "Obrien"),
            ("smith jones", Some("SMITH-JONES"), "Smith-Jones"),
            ("patel", Some("Patel (née Brown)"), "Patel"),
            ("mcdonald", None, "McDonald"),
        ] {
            assert_eq!(family.read(clean, sent), shown, "{clean} {sent:?}");
        }
        let given = Reader::of(Field::GivenName, jiff::civil::date(2026, 11, 22));
        assert_eq!(given.read("zoe", Some("Zoë")), "Zoë");
    }

    #[test]
    fn addresses_are_in_title_case() {
        for (clean, shown) in [
            ("FLAT 2B 9 HIGH STREET, LEEDS", "Flat 2B 9 High Street, Leeds"),
            ("st john's road", "St John's Road"),
            ("", ""),
        ] {
            assert_eq!(address(clean), shown);
        }
    }
}
