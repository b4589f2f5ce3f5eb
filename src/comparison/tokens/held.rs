//! How many records hold what a token may be taken for, class by class.

use super::LONGEST;
use crate::comparison::kernels::{jaro_winkler, within_one_edit};
use crate::records::Dictionary;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Holders of tokens within one edit of each token (itself included): tokens that share a form with at most one letter deleted.
/// Groups of more than 2,000 tokens are counted whole instead of pair by pair.
pub(super) fn held_within_one_edit(words: &Dictionary, holders: &[u64]) -> Vec<u64> {
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
pub(super) fn held_by_prefix(words: &Dictionary, holders: &[u64]) -> Vec<u64> {
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
pub(super) fn held_by_initial(words: &Dictionary, holders: &[u64]) -> (Vec<u8>, Vec<u64>) {
    let mut by_letter = vec![0u64; 256];
    let first: Vec<u8> = words.iter().map(|word| word.as_bytes().first().copied().unwrap_or(0)).collect();
    for (letter, held) in first.iter().zip(holders) {
        by_letter[*letter as usize] += held;
    }
    (first, by_letter)
}

/// The holders of all tokens of each class of variants.
pub(super) fn held_by_class(variants: &[&'static [u16]], holders: &[u64]) -> FxHashMap<u16, u64> {
    let mut by_class: FxHashMap<u16, u64> = FxHashMap::default();
    for (classes, held) in variants.iter().zip(holders) {
        classes.iter().for_each(|class| *by_class.entry(*class).or_default() += held);
    }
    by_class
}

/// The share of records that hold a token with Jaro–Winkler at least .85 to a token of each length, from a sample of 512 × 48 tokens a
/// length: an index of all such pairs would cost the square of the vocabulary.
pub(super) fn share_similar_by_length(words: &Dictionary, holders: &[u64]) -> Vec<f64> {
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
