//! The word and code lists of `data/reference`, compiled in and parsed once.

use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::OnceLock;

/// Lines that hold data.
pub(super) fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# ") && *line != "#")
}

fn pairs(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(text).filter_map(|line| line.split_once(','))
}

type Words = FxHashSet<&'static str>;
type Map<V> = FxHashMap<&'static str, V>;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $file:literal) => {
        $(#[$doc])*
        pub(super) fn $name() -> &'static Words {
            static TABLE: OnceLock<Words> = OnceLock::new();
            TABLE.get_or_init(|| lines(include_str!(concat!("../../data/reference/", $file))).collect())
        }
    };
}

macro_rules! map {
    ($(#[$doc:meta])* $name:ident, $file:literal) => {
        $(#[$doc])*
        pub(super) fn $name() -> &'static Map<&'static str> {
            static TABLE: OnceLock<Map<&'static str>> = OnceLock::new();
            TABLE.get_or_init(|| pairs(include_str!(concat!("../../data/reference/", $file))).collect())
        }
    };
}

words!(null_literals, "null_literals.txt");
words!(name_placeholders, "name_placeholders.txt");
words!(name_particles, "name_particles.txt");
words!(nhs_number_placeholders, "nhs_number_placeholders.txt");
words!(phone_placeholders, "phone_placeholders.txt");
words!(email_placeholders, "email_placeholders.txt");
map!(/** word → strong or soft */ titles, "titles.csv");
map!(/** word → "meaning,where" */ name_suffixes, "name_suffixes.csv");
map!(/** word → role */ baby_words, "baby_words.csv");
map!(/** YYYYMMDD → null or flag */ date_defaults, "date_defaults.csv");
map!(/** word → canonical sex */ sex_codes, "sex_codes.csv");
map!(/** word → expansion */ address_abbreviations, "address_abbreviations.csv");
map!(/** code → meaning */ gp_practice_placeholders, "gp_practice_placeholders.csv");

/// Ethnic category code → group.
pub(super) fn ethnicity_groups() -> &'static Map<&'static str> {
    static TABLE: OnceLock<Map<&'static str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        pairs(include_str!("../../data/reference/ethnicity_codes.csv"))
            .filter_map(|(code, rest)| Some((code, rest.split_once(',')?.0)))
            .collect()
    })
}

/// The letters that open a postcode.
pub(super) fn postcode_areas() -> &'static Words {
    static TABLE: OnceLock<Words> = OnceLock::new();
    TABLE.get_or_init(|| {
        lines(include_str!("../../data/reference/postcode_areas.txt")).flat_map(str::split_ascii_whitespace).collect()
    })
}

/// A phrase as words, with what it means.
pub(super) type Phrases = Vec<(Vec<&'static str>, &'static str)>;

fn phrases(text: &'static str) -> Phrases {
    pairs(text).map(|(phrase, effect)| (phrase.split(' ').collect(), effect)).collect()
}

/// Phrases of clerks in name fields, in the order in which they are looked for.
pub(super) fn name_markers() -> &'static Phrases {
    static TABLE: OnceLock<Phrases> = OnceLock::new();
    TABLE.get_or_init(|| phrases(include_str!("../../data/reference/name_markers.csv")))
}

/// Words of addresses that many unrelated people share.
pub(super) fn communal_words() -> &'static Phrases {
    static TABLE: OnceLock<Phrases> = OnceLock::new();
    TABLE.get_or_init(|| phrases(include_str!("../../data/reference/communal_words.csv")))
}

/// First words of the communal phrases: a quick "no" for most addresses.
pub(super) fn communal_first_words() -> &'static Words {
    static TABLE: OnceLock<Words> = OnceLock::new();
    TABLE.get_or_init(|| communal_words().iter().map(|(phrase, _)| phrase[0]).collect())
}

/// (given, family) of people who do not exist; `*` stands for any name.
pub(super) fn filler_people() -> &'static FxHashSet<(&'static str, &'static str)> {
    static TABLE: OnceLock<FxHashSet<(&'static str, &'static str)>> = OnceLock::new();
    TABLE.get_or_init(|| pairs(include_str!("../../data/reference/filler_people.csv")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_read() {
        for (name, length) in [
            ("null literals", null_literals().len()),
            ("placeholders", name_placeholders().len()),
            ("particles", name_particles().len()),
            ("titles", titles().len()),
            ("suffixes", name_suffixes().len()),
            ("baby words", baby_words().len()),
            ("markers", name_markers().len()),
            ("fillers", filler_people().len()),
            ("sex", sex_codes().len()),
            ("ethnicity", ethnicity_groups().len()),
            ("abbreviations", address_abbreviations().len()),
            ("communal", communal_words().len()),
            ("dates", date_defaults().len()),
        ] {
            assert!(length >= 8, "{name} holds {length}");
        }
        assert_eq!(postcode_areas().len(), 125, "124 areas and BF, the forces");
        assert!(null_literals().contains("#n/a"), "a literal may begin with #");
    }
}
