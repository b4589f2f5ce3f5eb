//! Laws that hold for every field and any text: cleaning is idempotent, never panics, and null means empty.

use super::*;
use crate::job::{CarryKind, Field, FieldKind, Source};
use jiff::civil::Date;
use proptest::prelude::*;

const AS_OF: Date = Date::constant(2026, 11, 22);

const KINDS: [FieldKind; 6] =
    [FieldKind::Identifier, FieldKind::Name, FieldKind::Date, FieldKind::Category, FieldKind::Text, FieldKind::Number];

/// Every field under every way in which a column may write its dates.
fn contexts() -> Vec<(String, Context)> {
    let fields = Field::BUILT_IN
        .iter()
        .map(|field| (*field, None))
        .chain(KINDS.iter().map(|kind| (Field::Custom(0), Some(*kind))));
    let columns: [&[(&str, u64)]; 4] =
        [&[("13/01/1980", 1)], &[("01/13/1980", 1)], &[("29742", 1)], &[("80-01-13", 1), ("1700-02-03", 9)]];
    let mut list = Vec::new();
    for (field, kind) in fields {
        for column in columns {
            let context = Context::learn(field, kind, &Source::default(), AS_OF, &mut column.iter().copied());
            list.push((format!("{field:?} {kind:?}"), context));
        }
    }
    list
}

fn holds_laws(raw: &str) -> Result<(), TestCaseError> {
    let (mut once, mut twice) = (String::new(), String::new());
    for (field, context) in contexts() {
        let verdict = context.clean(raw, &mut once);
        prop_assert_eq!(verdict.is_null, once.is_empty(), "{} {:?}", field, raw);
        let again = context.clean(&once, &mut twice);
        prop_assert_eq!(&once, &twice, "{} {:?}", field, raw);
        prop_assert_eq!(again.is_null, verdict.is_null);
        prop_assert!(context.display(raw).is_some() != verdict.is_null, "{} {:?}", field, raw);
    }
    let dates = DateContext::learn(None, AS_OF, &mut [("13/01/1980", 1)].into_iter());
    for kind in [CarryKind::Flag, CarryKind::Date, CarryKind::Number, CarryKind::Category, CarryKind::List] {
        let verdict = facts::clean(kind, raw, &dates, &mut once);
        prop_assert_eq!(verdict.is_null, once.is_empty());
        facts::clean(kind, &once, &dates, &mut twice);
        prop_assert_eq!(&once, &twice, "{:?} {:?}", kind, raw);
    }
    Ok(())
}

/// Words at which rules look, thrown together.
fn vocabulary() -> impl Strategy<Value = String> {
    const WORDS: [&str; 74] = [
        "mr",
        "dr",
        "dame",
        "count",
        "jr",
        "senior",
        "baby",
        "of",
        "twin",
        "1",
        "two",
        "b/o",
        "s/o",
        "known as",
        "nee",
        "aka",
        "(liz)",
        "\"liz\"",
        "'liz'",
        "o",
        "o'",
        "mc",
        "mac",
        "st",
        "zzz",
        "zzzsmith",
        "do not use",
        "merged into",
        "deceased",
        "unknown",
        "not",
        "known",
        "n/k",
        "xx",
        "smith",
        "jones",
        "van",
        "der",
        "-",
        ",",
        ".",
        "|",
        "(",
        "\"",
        "'",
        "flat",
        "no",
        "12a",
        "rd",
        "nw1",
        "4ab",
        "nw14ab",
        "uk",
        "england",
        "31",
        "12",
        "1980",
        "80",
        "nov",
        "/",
        ":",
        "t",
        "0",
        "99",
        "+44",
        "7700900123",
        "(0)",
        "@",
        "a@b.cd",
        ";",
        "zz99",
        "é",
        "Ã©",
        "A",
    ];
    prop::collection::vec((prop::sample::select(&WORDS[..]), prop::sample::select(&[" ", "", "-", " "][..])), 1..7)
        .prop_map(|words| words.into_iter().map(|(word, gap)| format!("{word}{gap}")).collect())
}

/// PROPTEST_CASES raises the number.
fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(1500), failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_text(raw in "\\PC{0,24}") {
        holds_laws(&raw)?;
    }

    #[test]
    fn any_characters_at_all(raw in any::<String>()) {
        holds_laws(&raw)?;
    }

    #[test]
    fn text_of_the_characters_that_rules_look_at(raw in "[a-dA-D0-9OoIlZzxX'’\"()\\[\\]/.,;|:@+&#<> \u{A0}éÃ©ßøŁ-]{0,16}") {
        holds_laws(&raw)?;
    }

    #[test]
    fn text_of_the_words_that_rules_look_at(raw in vocabulary()) {
        holds_laws(&raw)?;
    }

    #[test]
    fn digits(raw in "[0-9]{1,4}[-/. ]?[0-9]{0,4}[-/. ]?[0-9]{0,4}") {
        holds_laws(&raw)?;
    }

    #[test]
    fn postcodes(raw in "[A-Z0-9]{2,4} ?[0-9OI][A-Z0-9]{2}") {
        holds_laws(&raw)?;
    }
}

#[test]
fn words_are_stable_names() {
    let words: std::collections::BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    assert_eq!(words.len(), Reason::ALL.len());
    let flags: std::collections::BTreeSet<&str> = Flags::WORDS.iter().map(|(_, word)| *word).collect();
    assert_eq!(flags.len(), Flags::WORDS.len());
    for word in words.iter().chain(&flags) {
        assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'), "{word}");
    }
}

/// Texts that once broke a law.
#[test]
fn what_once_failed() {
    for raw in ["＂¡", "𝔍{R)ՠ", "senior baby ", "IV O0A", "ঈ;¢", "𝐆1", "<\u{a0}["] {
        holds_laws(raw).expect("the laws hold");
    }
}
