//! The words of the vocabulary that a word of a question may stand for: as it is, another form of the name, mistyped, cut short.

use super::index::{Index, letters};
use crate::comparison::kernels::{within_one_edit, within_two_edits};
use crate::standardise::variants;
use rustc_hash::FxHashMap;

/// How a word of a question agrees with a word of a name, from the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alike {
    Exact,
    /// Forms of one name: bill and william.
    Variant,
    /// One letter more, fewer, other, or two neighbours swapped; three letters or more.
    OneEdit,
    /// One begins with the other; three letters or more.
    Prefix,
    /// Two edits; six letters or more.
    TwoEdits,
    /// One is the other's first letter.
    Initial,
}

impl Alike {
    /// How much less often somebody says this word for a recorded one than the recorded one itself, in bits. Of a hundred callers some four
    /// say one of some three other forms, three cut a name short, and two make a slip, which gives one of some fifty words; two slips, which
    /// give one of thousands, are made by one in a thousand.
    pub fn taken_bits(self) -> f64 {
        match self {
            Alike::Exact => 0.0,
            Alike::Variant => 6.0,
            Alike::OneEdit => 11.0,
            Alike::Prefix => 7.0,
            Alike::TwoEdits => 18.0,
            Alike::Initial => 6.0,
        }
    }

    /// In words, to stand after the word that was said.
    pub fn words(self) -> &'static str {
        match self {
            Alike::Exact => "the same",
            Alike::Variant => "another form of the name",
            Alike::OneEdit => "one letter differs",
            Alike::Prefix => "one begins with the other",
            Alike::TwoEdits => "two letters differ",
            Alike::Initial => "first letter",
        }
    }
}

/// Letters from which on one edit does not make another name of most names.
const LETTERS_ONE_EDIT: usize = 3;
const LETTERS_PREFIX: usize = 3;
const LETTERS_TWO_EDITS: usize = 6;

/// Every word that `word` may stand for, initials aside, with how.
///
/// The letters of 300,000 words are looked at (1.2 MB, .2 ms); the few that could be within two edits are compared at some 100 ns each.
pub(super) fn words_like(index: &Index, word: &str) -> FxHashMap<u32, Alike> {
    let mut found: FxHashMap<u32, Alike> = FxHashMap::default();
    let mut take = |place: u32, alike: Alike| {
        let known = found.entry(place).or_insert(alike);
        *known = alike.min(*known);
    };
    if let Ok(place) = index.place_of(word) {
        take(place, Alike::Exact);
    }
    for variant in variants::of(word) {
        if let Ok(place) = index.place_of(variant) {
            take(place, Alike::Variant);
        }
    }
    if word.len() >= LETTERS_PREFIX {
        let (Ok(first) | Err(first)) = index.place_of(word);
        (first..index.words())
            .take_while(|&place| index.word(place).starts_with(word))
            .for_each(|place| take(place, Alike::Prefix));
        for end in LETTERS_PREFIX..word.len() {
            if let Ok(place) = index.place_of(&word[..end]) {
                take(place, Alike::Prefix);
            }
        }
    }
    if word.len() >= LETTERS_ONE_EDIT {
        let own = letters(word);
        for (place, other) in (0..).zip(&index.word_letters) {
            // A changed letter may take one from the mask and bring one.
            let apart = (own ^ other).count_ones();
            if apart > 4 {
                continue;
            }
            let other = index.word(place);
            let difference = word.len().abs_diff(other.len());
            let shorter = word.len().min(other.len());
            if apart <= 2 && difference <= 1 && shorter >= LETTERS_ONE_EDIT - 1 && within_one_edit(word, other) {
                take(place, Alike::OneEdit);
            } else if difference <= 2 && shorter >= LETTERS_TWO_EDITS - 1 && within_two_edits(word, other) {
                take(place, Alike::TwoEdits);
            }
        }
    }
    found
}
