//! A few sentences in other languages.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    /// Languages in the order in which they stand; English first.
    order: Vec<String>,
    language: BTreeMap<String, Language>,
    term: Vec<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    name: String,
    right_to_left: bool,
}

/// What is said in one language.
pub(super) struct Said<'a> {
    /// Its tag, such as `pl`.
    pub tag: &'a str,
    pub name: &'a str,
    pub right_to_left: bool,
    pub sentences: Vec<&'a str>,
}

static TERMS: LazyLock<Terms> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/reference/terms.toml")).expect("a test reads the terms"));

/// Every language, in order.
pub(super) fn said() -> Vec<Said<'static>> {
    let terms = &*TERMS;
    let one = |tag: &'static String| {
        let language = &terms.language[tag];
        let sentences = terms.term.iter().map(|term| term[tag].as_str()).collect();
        Said { tag, name: &language.name, right_to_left: language.right_to_left, sentences }
    };
    terms.order.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_everything() {
        let said = said();
        assert_eq!(said[0].tag, "en");
        assert!(said.len() >= 7 && TERMS.language.len() == said.len());
        for language in &said {
            assert_eq!(language.sentences.len(), TERMS.term.len(), "{}", language.tag);
            assert!(language.sentences.iter().all(|sentence| !sentence.is_empty()), "{}", language.tag);
        }
    }
}
