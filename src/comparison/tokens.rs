//! Name tokens: how rare each is, alone and together with the tokens that it may be confused with.
//!
//! A token's *bits* in a class are log2(records / records that hold a token which this class would take for it): what an agreement in
//! that class is worth as evidence (ACCURACY.md section 3). An inexact agreement earns the smaller of its two tokens' bits.

use super::aliases::{Alias, Aliases};
use super::kernels::{jaro_winkler, within_one_edit};
use super::shape::Shape;
use crate::records::Dictionary;
use crate::standardise::variants;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// How two tokens agree, from the strongest class to the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    Exact,
    /// Forms of one name: bill and william, mohd and mohammed.
    Variant,
    /// One edit apart (three letters or more), or Jaro–Winkler at least .93 (five or more).
    Edit,
    /// One is the other's first letter.
    Initial,
    /// One begins with the other (three letters or more): truncated or joined names.
    Prefix,
    /// Jaro–Winkler at least .85 (four letters or more).
    Similar,
    /// Used for each other by several people's records, as clusters have shown.
    Alias,
}

/// Classes whose bits are measured by token: all but aliases, which have their own.
const CLASSES: usize = 6;

/// The vocabulary of a population's names.
#[derive(Debug, Default)]
pub struct Tokens {
    pub words: Dictionary,
    /// Evidence in bits of an agreement on each token, by [`Agreement`].
    bits: Vec<[f32; CLASSES]>,
    /// Variant classes of each token, as sorted ids.
    variants: Vec<&'static [u16]>,
    holders: Vec<u64>,
    shapes: Vec<Shape>,
    aliases: Aliases,
}

impl Tokens {
    /// Measures the vocabulary: `holders[t]` records hold token `t`, of `records` in all. n log n in the number of tokens.
    pub fn measure(words: Dictionary, holders: &[u64], records: u64) -> Tokens {
        let variants: Vec<&'static [u16]> = words.iter().map(variants::classes_of).collect();
        let total = records.max(1) as f64;
        let bits_of = |held: f64| (total / held.max(1.0)).log2().max(0.0) as f32;
        let edit = held_within_one_edit(&words, holders);
        let prefix = held_by_prefix(&words, holders);
        let (initial, by_letter) = held_by_initial(&words, holders);
        let variant = held_by_variant(&variants, holders);
        let similar = share_similar_by_length(&words, holders);
        let bits = (0..words.len())
            .map(|t| {
                let own = holders[t] as f64;
                let length = words.get(t as u32).len();
                let near = edit[t] as f64;
                let initials = if length == 1 { by_letter[initial[t] as usize] as f64 } else { own };
                let alike = near + similar[length.min(similar.len() - 1)] * total;
                [own, variant[t] as f64, near, initials, prefix[t] as f64, alike].map(bits_of)
            })
            .collect();
        let shapes = words.iter().zip(&variants).map(|(word, classes)| Shape::of(word, !classes.is_empty())).collect();
        Tokens { words, bits, variants, holders: holders.to_vec(), shapes, aliases: Aliases::default() }
    }

    /// How many records hold a token.
    pub fn holders(&self, token: u32) -> u64 {
        self.holders[token as usize]
    }

    /// What an agreement of `class` on a token is worth, in bits.
    pub fn bits(&self, token: u32, class: Agreement) -> f32 {
        self.bits[token as usize][class as usize]
    }

    /// Takes aliases on that are worth more than what spelling says; how many those are. An alias is never worth more than either of its
    /// tokens.
    pub fn learn(&mut self, found: &[Alias]) -> usize {
        let own = |token: u32| f64::from(self.bits(token, Agreement::Exact));
        let capped = found.iter().map(|&(a, b, bits)| (a, b, bits.min(own(a)).min(own(b))));
        let better = |&(a, b, bits): &Alias| self.agreement(a, b).is_none_or(|(_, known)| bits > f64::from(known));
        let better: Vec<Alias> = capped.filter(better).collect();
        self.aliases = Aliases::of(&better, self.words.len());
        self.aliases.len()
    }

    /// How two tokens agree, if they do, and what that is worth in bits.
    pub fn agreement(&self, left: u32, right: u32) -> Option<(Agreement, f32)> {
        if left == right {
            return Some((Agreement::Exact, self.bits(left, Agreement::Exact)));
        }
        if let Some(bits) = self.aliases.bits(left, right) {
            return Some((Agreement::Alias, bits));
        }
        let class = self.class(left, right)?;
        Some((class, self.bits(left, class).min(self.bits(right, class))))
    }

    /// The class of two different tokens. Most pairs are dismissed by their shapes (4 ns); the rest costs one of the kernels (about 50 ns).
    fn class(&self, left: u32, right: u32) -> Option<Agreement> {
        let (a, b) = (self.shapes[left as usize], self.shapes[right as usize]);
        if a.variants && b.variants && share_one(self.variants[left as usize], self.variants[right as usize]) {
            return Some(Agreement::Variant);
        }
        let ((left, short), (right, long)) =
            if a.length <= b.length { ((left, a), (right, b)) } else { ((right, b), (left, a)) };
        let words = || (self.words.get(left), self.words.get(right));
        let begins = || short.may_begin(long) && words().1.starts_with(words().0);
        match short.length {
            0 | 2 => return None,
            1 => return begins().then_some(Agreement::Initial),
            _ => {}
        }
        if short.may_be_one_edit(long) && within_one_edit(words().0, words().1) {
            return Some(Agreement::Edit);
        }
        if begins() {
            return Some(Agreement::Prefix);
        }
        if short.length < 4 || !short.may_be_similar(long, 0.85) {
            return None;
        }
        match jaro_winkler(words().0, words().1) {
            s if s >= 0.93 && short.length >= 5 => Some(Agreement::Edit),
            s if s >= 0.85 => Some(Agreement::Similar),
            _ => None,
        }
    }
}

fn share_one(left: &[u16], right: &[u16]) -> bool {
    left.iter().any(|class| right.contains(class))
}

/// Holders of tokens within one edit of each token (itself included): tokens that share a form with at most one letter deleted.
/// Groups of more than 2,000 tokens are counted whole instead of pair by pair.
fn held_within_one_edit(words: &Dictionary, holders: &[u64]) -> Vec<u64> {
    let mut forms: Vec<(u64, u32)> = (0..words.len() as u32)
        .into_par_iter()
        .flat_map_iter(|token| {
            let word = words.get(token).as_bytes();
            let whole = std::iter::once(form_hash(word, usize::MAX));
            let cut = if word.len() >= 3 { word.len() } else { 0 };
            whole.chain((0..cut).map(|at| form_hash(word, at))).map(move |form| (form, token)).collect::<Vec<_>>()
        })
        .collect();
    forms.par_sort_unstable();
    forms.dedup();
    let mut near: Vec<(u32, u32)> = forms
        .par_chunk_by(|a, b| a.0 == b.0)
        .filter(|group| (2..=2_000).contains(&group.len()))
        .flat_map_iter(|group| {
            group.iter().flat_map(move |&(_, a)| group.iter().map(move |&(_, b)| (a, b)).filter(|(a, b)| a != b))
        })
        .filter(|&(a, b)| within_one_edit(words.get(a), words.get(b)))
        .collect();
    near.par_sort_unstable();
    near.dedup();
    let mut held = holders.to_vec();
    for (a, b) in near {
        held[a as usize] += holders[b as usize];
    }
    held
}

/// FNV-1a of a word without the letter at `skip`.
fn form_hash(word: &[u8], skip: usize) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (at, byte) in word.iter().enumerate() {
        if at != skip {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// Holders of tokens that begin with each token, or that it begins with (three letters or more).
fn held_by_prefix(words: &Dictionary, holders: &[u64]) -> Vec<u64> {
    let mut order: Vec<u32> = (0..words.len() as u32).collect();
    order.par_sort_unstable_by_key(|&token| words.get(token));
    let mut held = holders.to_vec();
    let mut open: Vec<u32> = Vec::new();
    for &token in &order {
        let word = words.get(token);
        while open.last().is_some_and(|&start| !word.starts_with(words.get(start))) {
            open.pop();
        }
        for &start in &open {
            held[start as usize] += holders[token as usize];
            held[token as usize] += holders[start as usize];
        }
        if word.len() >= 3 {
            open.push(token);
        }
    }
    held
}

/// The first letter of each token, and the holders of all tokens that begin with each letter.
fn held_by_initial(words: &Dictionary, holders: &[u64]) -> (Vec<u8>, Vec<u64>) {
    let mut by_letter = vec![0u64; 256];
    let first: Vec<u8> = words.iter().map(|word| word.as_bytes().first().copied().unwrap_or(0)).collect();
    for (letter, held) in first.iter().zip(holders) {
        by_letter[*letter as usize] += held;
    }
    (first, by_letter)
}

fn held_by_variant(variants: &[&'static [u16]], holders: &[u64]) -> Vec<u64> {
    let mut by_class: FxHashMap<u16, u64> = FxHashMap::default();
    for (classes, held) in variants.iter().zip(holders) {
        classes.iter().for_each(|class| *by_class.entry(*class).or_default() += held);
    }
    let widest = |classes: &&[u16]| classes.iter().map(|class| by_class[class]).max().unwrap_or(0);
    variants.iter().zip(holders).map(|(classes, held)| widest(classes).max(*held)).collect()
}

/// The share of records that hold a token with Jaro–Winkler at least .85 to a token of each length, from a sample of 512 × 48 tokens a
/// length: an index of all such pairs would cost the square of the vocabulary.
fn share_similar_by_length(words: &Dictionary, holders: &[u64]) -> Vec<f64> {
    const LONGEST: usize = 16;
    let total: u64 = holders.iter().sum();
    if total == 0 {
        return vec![0.0; LONGEST + 1];
    }
    // Every (total / 512)-th holder: a sample in which common tokens come as often as they are held.
    let mut sample = Vec::with_capacity(512);
    let (mut next, mut seen) = (0u64, 0u64);
    // In the order of the words: codes hang on the order of rows.
    let mut order: Vec<u32> = (0..words.len() as u32).collect();
    order.par_sort_unstable_by_key(|&token| words.get(token));
    for &token in &order {
        seen += holders[token as usize];
        while next < seen {
            sample.push(token);
            next += (total / 512).max(1);
        }
    }
    let mut by_length: Vec<Vec<u32>> = vec![Vec::new(); LONGEST + 1];
    for &token in &order {
        by_length[words.get(token).len().min(LONGEST)].push(token);
    }
    // Spread over the alphabet.
    for tokens in &mut by_length {
        let every = tokens.len().div_ceil(48).max(1);
        *tokens = tokens.iter().step_by(every).copied().collect();
    }
    by_length
        .par_iter()
        .map(|tokens| {
            let alike = |a: u32, b: u32| {
                let (a, b) = (words.get(a), words.get(b));
                a != b && a.len().min(b.len()) >= 4 && jaro_winkler(a, b) >= 0.85
            };
            let hits: usize = tokens.iter().map(|&t| sample.iter().filter(|&&s| alike(t, s)).count()).sum();
            let tried = (tokens.len() * sample.len()).max(1);
            // Tokens a record: holders are counted once a token, so this is a share of tokens, near enough to one of records.
            hits as f64 / tried as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(words: &[(&str, u64)]) -> Tokens {
        let mut dictionary = Dictionary::default();
        words.iter().for_each(|(word, _)| {
            dictionary.intern(word);
        });
        let holders: Vec<u64> = words.iter().map(|(_, held)| *held).collect();
        Tokens::measure(dictionary, &holders, 1024)
    }

    #[test]
    fn rarer_tokens_are_worth_more_and_inexact_agreement_less() {
        let tokens = table(&[("smith", 64), ("smyth", 4), ("okonkwo", 1), ("s", 8)]);
        let exact = |t| tokens.agreement(t, t).unwrap().1;
        assert_eq!(exact(0), 4.0);
        assert_eq!(exact(2), 10.0);
        let (class, bits) = tokens.agreement(0, 1).unwrap();
        assert_eq!(class, Agreement::Edit);
        assert!(bits < exact(0));
        assert_eq!(tokens.agreement(0, 3).unwrap().0, Agreement::Initial);
        assert_eq!(tokens.agreement(0, 2), None);
    }

    #[test]
    fn hypocorisms_agree_as_variants() {
        let tokens = table(&[("william", 30), ("bill", 10)]);
        assert_eq!(tokens.agreement(0, 1).unwrap().0, Agreement::Variant);
    }
}
