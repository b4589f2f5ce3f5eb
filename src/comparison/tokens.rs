//! Name tokens: how rare each is, alone and together with the tokens that it may be confused with.
//!
//! A token's *bits* in a class are log2(records / records that hold a token which this class would take for it): what an agreement in
//! that class is worth as evidence (ACCURACY.md section 3). An inexact agreement earns the smaller of its two tokens' bits.

mod held;

use super::aliases::{Alias, Aliases, FrozenAliases};
use super::frequencies::{Hashes, Reader, Writer};
use super::kernels::{jaro_winkler, within_one_edit};
use super::shape::Shape;
use crate::records::Dictionary;
use crate::standardise::variants;
use held::{held_by_class, held_by_initial, held_by_prefix, held_within_one_edit, share_similar_by_length};
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

/// A given name that this many records have is no typing error: two at least, and from 16,000 records on eight.
fn real_name_holders(records: u64) -> u64 {
    (records / 2_000).clamp(2, 8)
}

/// Bits are kept in steps of 1/1024: what a file holds is what is used.
const STEPS_PER_BIT: f64 = 1024.0;
/// Tokens of this many letters and more are alike equally often.
const LONGEST: usize = 16;

/// The vocabulary of a population's names.
#[derive(Debug, Default)]
pub struct Tokens {
    pub words: Dictionary,
    /// Evidence in bits of an agreement on each token, by [`Agreement`].
    bits: Vec<[f32; CLASSES]>,
    /// Variant classes of each token, as sorted ids.
    variants: Vec<&'static [u16]>,
    /// What is measured of each token, and of all of them.
    measured: Vec<Measured>,
    rule: Rule,
    shapes: Vec<Shape>,
    aliases: Aliases,
}

/// What is measured of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Measured {
    /// By [`Agreement`], in steps of 1/1024 bit.
    steps: [u16; CLASSES],
    /// So many records have it that it is no typing error.
    is_real: bool,
}

/// What is said of a token that nobody had when the model was learnt: as if one record held it, and no other token were near.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Rule {
    /// What one record holds.
    alone: u16,
    /// By first letter: an agreement with an initial.
    letters: Vec<u16>,
    /// By class of variants, ascending.
    variants: Vec<(u16, u16)>,
    /// By length, up to [`LONGEST`].
    similar: Vec<u16>,
}

/// A vocabulary as a model froze it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrozenTokens {
    rule: Rule,
    by_hash: FxHashMap<u64, Measured>,
    aliases: FrozenAliases,
}

impl Rule {
    fn of(&self, word: &str, variants: &[u16]) -> Measured {
        let bits_of = |class: &u16| {
            let place = self.variants.binary_search_by_key(class, |(known, _)| *known);
            place.map_or(self.alone, |at| self.variants[at].1)
        };
        let variant = variants.iter().map(bits_of).min().unwrap_or(self.alone).min(self.alone);
        let initial = match word.as_bytes() {
            [letter] => self.letters[usize::from(*letter)],
            _ => self.alone,
        };
        let similar = self.similar[word.len().min(LONGEST)];
        Measured { steps: [self.alone, variant, self.alone, initial, self.alone, similar], is_real: false }
    }
}

impl FrozenTokens {
    pub(super) fn write(&self, out: &mut Writer) {
        let Rule { alone, letters, variants, similar } = &self.rule;
        out.short(*alone);
        letters.iter().chain(similar).for_each(|&steps| out.short(steps));
        out.number(variants.len() as u64);
        variants.iter().for_each(|&(class, steps)| {
            out.short(class);
            out.short(steps);
        });
        out.sorted(&self.by_hash, |out, measured| {
            measured.steps.iter().for_each(|&steps| out.short(steps));
            out.0.push(u8::from(measured.is_real));
        });
        self.aliases.write(out);
    }

    pub(super) fn read(from: &mut Reader) -> Option<FrozenTokens> {
        let mut shorts = |count: usize| (0..count).map(|_| from.short()).collect::<Option<Vec<u16>>>();
        let alone = shorts(1)?[0];
        let (letters, similar) = (shorts(256)?, shorts(LONGEST + 1)?);
        let classes = from.number()?;
        let variants = (0..classes).map(|_| Some((from.short()?, from.short()?))).collect::<Option<_>>()?;
        let measured = |from: &mut Reader| {
            let mut steps = [0; CLASSES];
            for slot in &mut steps {
                *slot = from.short()?;
            }
            Some(Measured { steps, is_real: from.byte()? == 1 })
        };
        let by_hash = from.by_hash(measured)?;
        let aliases = FrozenAliases::read(from)?;
        Some(FrozenTokens { rule: Rule { alone, letters, variants, similar }, by_hash, aliases })
    }
}

impl Tokens {
    /// Measures the vocabulary: `holders[t]` records hold token `t`, of `records` in all. n log n in the number of tokens.
    pub fn measure(words: Dictionary, holders: &[u64], records: u64) -> Tokens {
        let variants: Vec<&'static [u16]> = words.iter().map(variants::classes_of).collect();
        let total = records.max(1) as f64;
        let steps_of = |held: f64| ((total / held.max(1.0)).log2().max(0.0) * STEPS_PER_BIT).round() as u16;
        let edit = held_within_one_edit(&words, holders);
        let prefix = held_by_prefix(&words, holders);
        let (initial, by_letter) = held_by_initial(&words, holders);
        let by_class = held_by_class(&variants, holders);
        let widest = |classes: &[u16]| classes.iter().map(|class| by_class[class]).max().unwrap_or(0);
        let similar = share_similar_by_length(&words, holders);
        let real = real_name_holders(records);
        let measured = (0..words.len())
            .map(|t| {
                let own = holders[t] as f64;
                let length = words.get(t as u32).len();
                let near = edit[t] as f64;
                let variant = widest(variants[t]).max(holders[t]) as f64;
                let initials = if length == 1 { by_letter[initial[t] as usize] as f64 } else { own };
                let alike = near + similar[length.min(LONGEST)] * total;
                let steps = [own, variant, near, initials, prefix[t] as f64, alike].map(steps_of);
                Measured { steps, is_real: holders[t] >= real }
            })
            .collect();
        let mut by_class: Vec<(u16, u16)> =
            by_class.iter().map(|(class, held)| (*class, steps_of(*held as f64))).collect();
        by_class.sort_unstable();
        let rule = Rule {
            alone: steps_of(1.0),
            letters: by_letter.iter().map(|&held| steps_of(held as f64)).collect(),
            variants: by_class,
            similar: similar.iter().map(|share| steps_of(1.0 + share * total)).collect(),
        };
        Tokens::lay_out(words, variants, measured, rule)
    }

    /// The vocabulary as it was measured when a model was learnt.
    pub fn known(words: Dictionary, hashes: &Hashes, frozen: &FrozenTokens) -> Tokens {
        let variants: Vec<&'static [u16]> = words.iter().map(variants::classes_of).collect();
        let measured = (0..words.len())
            .into_par_iter()
            .map(|token| {
                let word = words.get(token as u32);
                let seen = frozen.by_hash.get(&hashes.of(word)).copied();
                seen.unwrap_or_else(|| frozen.rule.of(word, variants[token]))
            })
            .collect();
        let mut tokens = Tokens::lay_out(words, variants, measured, frozen.rule.clone());
        tokens.aliases = frozen.aliases.tonight(tokens.words.iter().map(|word| hashes.of(word)), tokens.words.len());
        tokens
    }

    fn lay_out(words: Dictionary, variants: Vec<&'static [u16]>, measured: Vec<Measured>, rule: Rule) -> Tokens {
        let shapes = words.iter().zip(&variants).map(|(word, classes)| Shape::of(word, !classes.is_empty())).collect();
        let in_bits = |steps: u16| (f64::from(steps) / STEPS_PER_BIT) as f32;
        let bits = measured.iter().map(|measured: &Measured| measured.steps.map(in_bits)).collect();
        Tokens { words, bits, variants, measured, rule, shapes, aliases: Aliases::default() }
    }

    /// What a model keeps of this vocabulary.
    pub fn freeze(&self, hashes: &Hashes) -> FrozenTokens {
        let other =
            |token: &usize| self.measured[*token] != self.rule.of(self.words.get(*token as u32), self.variants[*token]);
        let entries: Vec<(u64, Measured)> = (0..self.words.len())
            .into_par_iter()
            .filter(other)
            .map(|token| (hashes.of(self.words.get(token as u32)), self.measured[token]))
            .collect();
        let aliases = self.aliases.freeze(|token| hashes.of(self.words.get(token)));
        FrozenTokens { rule: self.rule.clone(), by_hash: entries.into_iter().collect(), aliases }
    }

    /// Whether so many records hold a token that it is no typing error.
    pub fn is_real(&self, token: u32) -> bool {
        self.measured[token as usize].is_real
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

    #[test]
    fn a_frozen_vocabulary_says_the_same_and_has_a_rule_for_what_is_new() {
        let words = [("smith", 64), ("smyth", 4), ("okonkwo", 1), ("s", 8), ("william", 30), ("bill", 10)];
        let (measured, hashes) = (table(&words), Hashes::new([3; 32]));
        let frozen = measured.freeze(&hashes);
        assert!(frozen.by_hash.len() < words.len(), "what one record holds follows the rule");
        let mut tonight = Dictionary::default();
        ["bill", "unheard", "okonkwo", "smyth", "s", "smith", "william"]
            .iter()
            .for_each(|word| _ = tonight.intern(word));
        let known = Tokens::known(tonight, &hashes, &frozen);
        for (word, _) in words {
            let (before, now) = (measured.words.find(word).unwrap(), known.words.find(word).unwrap());
            assert_eq!(measured.bits[before as usize], known.bits[now as usize], "{word}");
            assert_eq!(measured.is_real(before), known.is_real(now), "{word}");
        }
        let unheard = known.words.find("unheard").unwrap();
        assert_eq!(known.bits(unheard, Agreement::Exact), 10.0);
        assert!(!known.is_real(unheard));
        let mut bytes = Writer(Vec::new());
        frozen.write(&mut bytes);
        assert_eq!(FrozenTokens::read(&mut Reader(&bytes.0)), Some(frozen));
    }
}
