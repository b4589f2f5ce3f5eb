//! The name comparison: two bags of tokens, aligned best first.

mod distinct;

use super::aliases::Alias;
use super::frequencies::Hashes;
use super::tokens::{Agreement, FrozenTokens, Tokens};
use crate::job::Field;
use crate::records::{Dictionary, Identities, MISSING, Records};
use distinct::{Distinct, PARTS_MAX, Part};
use rayon::prelude::*;

/// Edges of the bins of matched bits (ACCURACY.md section 3, with two more for large populations).
const MATCHED: [f32; 13] = [0.5, 3.0, 4.5, 6.0, 7.5, 9.0, 10.5, 12.0, 14.0, 17.0, 21.0, 25.0, 30.0];
/// Edges of the bins of the poorer side's unmatched bits.
const UNMATCHED: [f32; 2] = [1.0, 6.0];

/// Number of levels: matched × unmatched × inexact × given names in conflict.
pub const LEVELS: u8 = ((MATCHED.len() + 1) * (UNMATCHED.len() + 1) * 4) as u8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct NameToken {
    token: u32,
    /// A full given name (not an initial): two of these that both stay unmatched are two given names in conflict.
    given: bool,
    /// Known besides (an alias, a previous family name): may match, is not missed when it does not.
    beside: bool,
}

/// How two names agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NameAgreement {
    pub matched_bits: f32,
    pub unmatched_bits: f32,
    pub inexact: bool,
    pub given_conflict: bool,
}

impl NameAgreement {
    pub fn level(self) -> u8 {
        let bin = |edges: &[f32], bits: f32| edges.iter().take_while(|edge| bits >= **edge).count();
        let matched = bin(&MATCHED, self.matched_bits);
        let unmatched = bin(&UNMATCHED, self.unmatched_bits);
        let rest = usize::from(self.inexact) * 2 + usize::from(self.given_conflict);
        ((matched * (UNMATCHED.len() + 1) + unmatched) * 4 + rest) as u8
    }
}

/// What a level of the name comparison says, in words.
pub fn describe(level: u8) -> String {
    let (matched, rest) = (usize::from(level) / 12, usize::from(level) % 12);
    let evidence = match matched {
        0 => "nothing in common".to_string(),
        n => format!("at least {} bits of names in common", MATCHED[n - 1]),
    };
    let unmatched = ["", ", a short part unmatched on both sides", ", other names unmatched on both sides"][rest / 4];
    let inexact = if rest & 2 != 0 { ", inexactly" } else { "" };
    let conflict = if rest & 1 != 0 { ", given names differ" } else { "" };
    format!("{evidence}{inexact}{unmatched}{conflict}")
}

/// Whether a level means that both given names are full and different.
pub fn given_names_differ(level: u8) -> bool {
    level & 1 != 0
}

/// Whether a level means that some name agrees.
pub fn has_common_name(level: u8) -> bool {
    level >= 12
}

/// Whether a level means that at least `bits` bits of names agree and nothing weighty is left over on both sides.
pub fn agrees_by(level: u8, bits: f32) -> bool {
    let (matched, unmatched) = (usize::from(level) / 12, usize::from(level) % 12 / 4);
    unmatched < 2 && matched > 0 && MATCHED[matched - 1] >= bits
}

/// The distinct names of all identities.
#[derive(Debug)]
pub struct Names {
    pub tokens: Tokens,
    /// Rarest token of each distinct name, or [`MISSING`].
    rarest: Vec<u32>,
    /// Tokens of each distinct name: `entries[starts[n]..starts[n + 1]]`.
    starts: Vec<u32>,
    entries: Vec<NameToken>,
    /// What a name agreeing with itself matches, in bits.
    whole_bits: Vec<f32>,
}

impl Names {
    /// Gathers given, middle, family and previous names (or one custom name field) into token bags; gives also the distinct name of each
    /// identity, or [`MISSING`]. `None` where none is mapped.
    /// How rare each token is comes from `frozen` where a model was learnt before, and is measured otherwise.
    pub fn gather(
        records: &Records,
        identities: &Identities,
        fields: &[Field],
        frozen: Option<(&Hashes, &FrozenTokens)>,
    ) -> Option<(Names, Vec<u32>)> {
        let mut words = Dictionary::default();
        debug_assert!(fields.len() <= PARTS_MAX);
        let parts: Vec<Part> = fields
            .iter()
            .filter_map(|field| Some((field, records.clean.get(field)?)))
            .map(|(field, column)| Part {
                codes: identities.codes(records, *field),
                values: column.values.iter().map(|value| tokens_of(value, *field, &mut words)).collect(),
            })
            .collect();
        if parts.is_empty() {
            return None;
        }
        let distinct = Distinct::of(&parts, identities.len());
        let holders = distinct.holders(identities, words.len());
        let Distinct { of_identity, starts, entries } = distinct;
        let tokens = match frozen {
            Some((hashes, frozen)) => Tokens::known(words, hashes, frozen),
            None => Tokens::measure(words, &holders, identities.records()),
        };
        let mut names = Names { tokens, rarest: Vec::new(), starts, entries, whole_bits: Vec::new() };
        let distinct = names.distinct() as u32;
        names.whole_bits = (0..distinct).into_par_iter().map(|name| names.sum_of_bits(name)).collect();
        names.rarest = (0..distinct).into_par_iter().map(|name| names.rarest_in(name)).collect();
        Some((names, of_identity))
    }

    /// The rarest token of a distinct name, or [`MISSING`].
    pub(super) fn rarest(&self, name: u32) -> u32 {
        if name == MISSING { MISSING } else { self.rarest[name as usize] }
    }

    fn rarest_in(&self, name: u32) -> u32 {
        let bits = |entry: &NameToken| self.tokens.bits(entry.token, Agreement::Exact);
        let by_rarity = |a: &&NameToken, b: &&NameToken| {
            bits(a).total_cmp(&bits(b)).then_with(|| self.word(b.token).cmp(self.word(a.token)))
        };
        self.bag(name).iter().max_by(by_rarity).map_or(MISSING, |entry| entry.token)
    }

    fn bag(&self, name: u32) -> &[NameToken] {
        &self.entries[self.starts[name as usize] as usize..self.starts[name as usize + 1] as usize]
    }

    fn sum_of_bits(&self, name: u32) -> f32 {
        let counted = self.bag(name).iter().filter(|entry| !entry.beside);
        counted.map(|entry| self.tokens.bits(entry.token, Agreement::Exact)).sum()
    }

    /// How many distinct names there are.
    pub fn distinct(&self) -> usize {
        self.starts.len() - 1
    }

    /// Tokens of a distinct name, rarest first.
    pub fn rarest_tokens(&self, name: u32) -> Vec<u32> {
        let bits = |token: u32| self.tokens.bits(token, Agreement::Exact);
        let mut tokens: Vec<u32> = self.bag(name).iter().map(|entry| entry.token).collect();
        tokens.sort_by(|&a, &b| bits(b).total_cmp(&bits(a)).then_with(|| self.word(a).cmp(self.word(b))));
        tokens
    }

    /// Whether a distinct name has a full given name in it that other records have too.
    pub fn has_real_given_name(&self, name: u32) -> bool {
        let real = |entry: &NameToken| entry.given && self.tokens.is_real(entry.token);
        name != MISSING && self.bag(name).iter().any(real)
    }

    pub fn word(&self, token: u32) -> &str {
        self.tokens.words.get(token)
    }

    /// The distinct tokens of a distinct name; none where it is [`MISSING`].
    pub fn tokens_of(&self, name: u32) -> impl Iterator<Item = u32> + '_ {
        let bag = if name == MISSING { &[][..] } else { self.bag(name) };
        bag.iter().map(|entry| entry.token)
    }

    /// Takes aliases of tokens on; how many are worth it.
    pub fn learn(&mut self, found: &[Alias]) -> usize {
        self.tokens.learn(found)
    }

    /// How two names agree, by their codes; `None` where either is missing.
    pub fn agreement(&self, a: u32, b: u32) -> Option<NameAgreement> {
        if a == MISSING || b == MISSING {
            return None;
        }
        if a == b {
            let matched_bits = self.whole_bits[a as usize];
            return Some(NameAgreement { matched_bits, unmatched_bits: 0.0, inexact: false, given_conflict: false });
        }
        Some(self.align(self.bag(a), self.bag(b)))
    }

    /// Greedy, best pair of tokens first; ties go to the earlier tokens. At most 8 × 8 token pairs, each an exact comparison of codes
    /// (1 ns) or, where codes differ, one of shapes (4 ns), rarely a kernel (50 ns).
    fn align(&self, a: &[NameToken], b: &[NameToken]) -> NameAgreement {
        let (mut free_a, mut free_b) = (mask(a.len()), mask(b.len()));
        let (mut matched_bits, mut inexact) = (0.0f32, false);
        for (i, x) in a.iter().enumerate() {
            if let Some(j) = (0..b.len()).find(|&j| free_b & (1 << j) != 0 && b[j].token == x.token) {
                matched_bits += self.tokens.bits(x.token, Agreement::Exact);
                free_a &= !(1 << i);
                free_b &= !(1 << j);
            }
        }
        // Mostly none are near, and an empty list costs nothing.
        let mut near: Vec<(f32, usize, usize)> = Vec::new();
        for i in ones(free_a) {
            for j in ones(free_b) {
                if let Some((_, bits)) = self.tokens.agreement(a[i].token, b[j].token) {
                    near.push((bits, i, j));
                }
            }
        }
        near.sort_unstable_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
        for (bits, i, j) in near {
            if free_a & (1 << i) != 0 && free_b & (1 << j) != 0 {
                matched_bits += bits;
                inexact = true;
                free_a &= !(1 << i);
                free_b &= !(1 << j);
            }
        }
        let left_over = |bag: &[NameToken], free: u8| -> f32 {
            let missed = ones(free).filter(|&i| !bag[i].beside);
            missed.map(|i| self.tokens.bits(bag[i].token, Agreement::Exact)).sum()
        };
        let unmatched_bits = left_over(a, free_a).min(left_over(b, free_b));
        let given_conflict = given_unmatched(a, free_a) && given_unmatched(b, free_b);
        NameAgreement { matched_bits, unmatched_bits, inexact, given_conflict }
    }
}

/// Whether there are full given names and none of them is matched.
fn given_unmatched(bag: &[NameToken], free: u8) -> bool {
    let mut given = bag.iter().enumerate().filter(|(_, entry)| entry.given).peekable();
    given.peek().is_some() && given.all(|(i, _)| free & (1 << i) != 0)
}

fn mask(length: usize) -> u8 {
    ((1u16 << length) - 1) as u8
}

fn ones(mut bits: u8) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (bits != 0).then(|| {
            let at = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            at
        })
    })
}

/// Splits a clean name into tokens; aliases stand after `|`.
fn tokens_of(value: &str, field: Field, words: &mut Dictionary) -> Vec<NameToken> {
    let (main, aliases) = value.split_once('|').unwrap_or((value, ""));
    let mut tokens: Vec<NameToken> = Vec::new();
    let mut add = |word: &str, alias: bool| {
        let token = words.intern(word);
        let given = matches!(field, Field::GivenName) && word.len() > 1;
        tokens.push(NameToken { token, given, beside: alias || field == Field::PreviousFamilyName });
    };
    main.split_ascii_whitespace().for_each(|word| add(word, false));
    aliases.split_ascii_whitespace().for_each(|word| add(word, true));
    tokens
}
