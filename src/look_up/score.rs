//! How well a person's name answers a question, in bits.

use super::alike::Alike;
use super::index::{Index, NameWord, Part};
use rustc_hash::FxHashMap;

/// A word of a question, with every word of the vocabulary that it may stand for.
pub(super) struct Asked {
    pub word: String,
    /// The part of the name that it was said as.
    part: Part,
    pub like: FxHashMap<u32, Alike>,
    /// How rarely anybody's question has this word, in bits: what an exact agreement is worth.
    bits: f64,
}

/// One in this many names is said quite otherwise, log2.
const SAID_OTHERWISE: f64 = 5.0;
/// The rarity of a word that nobody has, among all that people say.
const UNHEARD: f64 = 20.0;

impl Asked {
    /// Weighs a word: whoever says it means one of the words that are like it, each as often as people have it and callers say this for
    /// it, or another word altogether.
    pub fn new(index: &Index, word: &str, part: Part, like: FxHashMap<u32, Alike>) -> Asked {
        let share = |place: u32| -rarity(index, index.holders_count(place));
        let alone = index.place_of(word).map_or(-UNHEARD, share) - SAID_OTHERWISE;
        // In order, as a sum of fractions depends on it.
        let mut meant: Vec<(u32, Alike)> = like.iter().map(|(&place, &alike)| (place, alike)).collect();
        meant.sort_unstable();
        let said: f64 = meant.iter().map(|&(place, alike)| (share(place) - alike.taken_bits()).exp2()).sum();
        Asked { word: word.to_string(), part, like, bits: -(said + alone.exp2()).log2() }
    }
}

/// An agreement by one letter is worth this much: one name in some twenty begins with it.
const INITIAL_BITS: f64 = 4.0;
/// An agreement is worth this much at least: less, and a word counts as said of nobody's name.
const LEAST_BITS: f64 = -5.0;
/// What it takes that a given name was said as a family name, or the other way round.
const OTHER_PART: f64 = 2.0;
/// What a word that was said and is in none of the names takes; names that were left out are commoner than invented ones.
const SAID_ALONE: f64 = 4.0;
/// What a given or family name that was not said takes.
const UNSAID: f64 = 3.0;
/// What a further word takes where given and family names agree already: a middle name that no record has.
const SAID_BESIDE: f64 = 1.0;

/// How rare a word is among the people of the run: log2 of people by holders.
pub(super) fn rarity(index: &Index, holders: u32) -> f64 {
    (f64::from(index.people() + 1) / f64::from(holders + 1)).log2()
}

/// Aligns the words of the question with those of a name, best first, and gives the sum and how each word agreed.
pub(super) fn name_bits(index: &Index, asked: &[Asked], name: &[NameWord]) -> (f64, Vec<Option<Alike>>) {
    let mut agreed = vec![None; asked.len()];
    let mut worth: Vec<(f64, usize, usize, Alike)> = Vec::new();
    for (at, asked) in asked.iter().enumerate() {
        for (other, named) in name.iter().enumerate() {
            if let Some((alike, bits)) = agreement(index, asked, *named) {
                worth.push((bits, at, other, alike));
            }
        }
    }
    worth.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut total, mut taken) = (0.0, vec![false; name.len()]);
    for (bits, at, other, alike) in worth {
        if agreed[at].is_none() && !taken[other] {
            agreed[at] = Some(alike);
            taken[other] = true;
            total += bits;
        }
    }
    let unsaid = |part: Part| {
        let of_part = || name.iter().zip(&taken).filter(move |(named, _)| named.part == part);
        // Of several given names people say one.
        if part == Part::Given && of_part().any(|(_, taken)| *taken) {
            return 0;
        }
        of_part().filter(|(_, taken)| !**taken).count()
    };
    let left_out = unsaid(Part::Given).min(1) + unsaid(Part::Family).min(1);
    let alone = agreed.iter().filter(|agreed| agreed.is_none()).count() as f64;
    total -= left_out as f64 * UNSAID;
    total -= alone * if left_out == 0 { SAID_BESIDE } else { SAID_ALONE };
    (total, agreed)
}

fn agreement(index: &Index, asked: &Asked, named: NameWord) -> Option<(Alike, f64)> {
    let (said, has) = (asked.part, named.part);
    let turned = matches!((said, has), (Part::Given, Part::Family) | (Part::Family, Part::Given));
    let taken = if turned { OTHER_PART } else { 0.0 };
    if let Some(&alike) = asked.like.get(&named.word) {
        return Some((alike, (asked.bits - alike.taken_bits() - taken).max(LEAST_BITS)));
    }
    let word = index.word(named.word);
    let initial = (word.len() == 1) != (asked.word.len() == 1) && word.as_bytes()[0] == asked.word.as_bytes()[0];
    initial.then_some((Alike::Initial, INITIAL_BITS - taken))
}
