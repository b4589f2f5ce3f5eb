//! Comparisons of single values: identifiers, categories, and texts such as e-mail addresses and telephone numbers.

use super::bag::Bag;
use super::frequencies::{Bins, Hashes};
use super::holders_of;
use super::kernels::{jaro_winkler, within_one_edit, within_two_edits};
use crate::job::Field;
use crate::records::{Dictionary, Identities, MISSING, Records};

/// How the values of one field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// NHS numbers and the like: equal, one slip of the pen apart, or different; verified on both sides counts.
    Number,
    /// A provider's own identifier, written `provider:value`: compared only within the provider.
    LocalIdentifier,
    /// Few values: equal in bins of rarity, alike, or different.
    Category,
    /// Male or female; anything else is not compared.
    Sex,
    /// E-mail, telephone, free text, custom identifiers: equal, up to two edits, same local part, similar, or different.
    Text,
}

/// The highest level of [`Manner::Number`] at which two numbers are plainly different.
pub const NUMBER_DIFFERS: u8 = 1;
/// The Jaro–Winkler similarity from which two values are alike.
const SIMILAR: f64 = 0.88;
const RARITY_CATEGORY: [f64; 4] = [3.0, 5.0, 7.0, 9.0];

impl Manner {
    pub fn levels(self) -> u8 {
        match self {
            Manner::Number => 5,
            Manner::LocalIdentifier | Manner::Sex => 2,
            Manner::Category => 8,
            Manner::Text => 8,
        }
    }

    /// Words for a level, for `explain`.
    pub fn words(self, level: u8) -> &'static str {
        let words: &[&str] = match self {
            Manner::Number => {
                &["different", "different, both verified", "one slip apart", "the same", "the same, both verified"]
            }
            Manner::LocalIdentifier | Manner::Sex => &["different", "the same"],
            Manner::Category => &[
                "different",
                "a word in common",
                "alike",
                "the same (very common)",
                "the same (common)",
                "the same",
                "the same (rare)",
                "the same (very rare)",
            ],
            Manner::Text => &[
                "different",
                "alike",
                "same first part",
                "two edits apart",
                "one edit apart",
                "the same (shared by many)",
                "the same (shared by a few)",
                "the same",
            ],
        };
        words[usize::from(level).min(words.len() - 1)]
    }
}

/// The distinct values of one field over all identities.
#[derive(Debug)]
pub struct Values {
    pub field: Field,
    pub manner: Manner,
    text: Dictionary,
    /// For [`Manner::Number`]: the digits of each value, four bits each and the last lowest, or zero where that cannot be said of it.
    digits: Vec<u64>,
    /// For [`Manner::Text`]: the bytes of each value.
    bags: Vec<Bag>,
    /// The level at which two records that have the same value agree, by value: in bins of rarity for [`Manner::Category`], which a model
    /// freezes, and of how many records share it for [`Manner::Text`], which hangs on its holders of tonight.
    same: Vec<u8>,
    /// Of a category that one record holds.
    unseen: u8,
}

impl Values {
    /// How rare each category is comes from `frozen` where a model was learnt before, and is measured otherwise. Gives also the code of each identity,
    /// or [`MISSING`], and of [`Manner::Number`] a column that says by 1 where it is verified.
    pub fn gather(
        records: &Records,
        identities: &Identities,
        field: Field,
        manner: Manner,
        frozen: Option<(&Hashes, &Bins)>,
    ) -> Option<(Values, Vec<Vec<u32>>)> {
        let column = records.clean.get(&field)?;
        let mut codes = identities.codes(records, field);
        if manner == Manner::Sex {
            let stated = |code: u32| matches!(column.values.get(code), "male" | "female");
            codes.iter_mut().filter(|code| **code != MISSING && !stated(**code)).for_each(|code| *code = MISSING);
        }
        let (same, unseen) = same_levels(manner, &codes, &column.values, identities, frozen);
        let text = column.values.clone();
        let digits = match manner {
            Manner::Number => text.iter().map(packed_digits).collect(),
            _ => Vec::new(),
        };
        let bags = match manner {
            Manner::Text => text.iter().map(Bag::of).collect(),
            _ => Vec::new(),
        };
        let mut columns = vec![codes];
        if manner == Manner::Number {
            let verified = |i: usize| u32::from(records.number_verified[identities.example(i as u32)]);
            columns.push((0..identities.len()).map(verified).collect());
        }
        Some((Values { field, manner, text, digits, bags, same, unseen }, columns))
    }

    /// Counts again who holds what, where levels hang on that.
    pub(super) fn count(&mut self, codes: impl Iterator<Item = u32>, identities: &Identities) {
        if self.manner == Manner::Text {
            self.same = levels_of_text(&holders_of(codes, self.text.len(), identities));
        }
    }

    /// What a model keeps of these values; `None` where nothing of them is frozen.
    pub fn freeze(&self, hashes: &Hashes) -> Option<Bins> {
        let is_frozen = self.manner == Manner::Category;
        is_frozen.then(|| Bins::freeze(hashes, self.text.par_iter(), &self.same, self.unseen))
    }

    /// In which bin the value of an identity is that its holders of tonight put it into; 0 where they do not matter.
    pub fn shared(&self, code: u32) -> u8 {
        if self.manner == Manner::Text && code != MISSING { self.same[code as usize] } else { 0 }
    }

    /// The code of a verified value, given as its code and whether it is verified.
    pub fn verified_code(&self, codes: &[u32]) -> Option<u32> {
        (self.manner == Manner::Number && codes[1] == 1 && codes[0] != MISSING).then(|| codes[0])
    }

    /// The level at which two values agree, each given as its code and whether it is verified; `None` where either is missing.
    pub fn level(&self, left: &[u32], right: &[u32]) -> Option<u8> {
        let (a, b) = (left[0], right[0]);
        if a == MISSING || b == MISSING {
            return None;
        }
        match self.manner {
            Manner::Number => Some(self.number_level(a, b, left[1] == 1 && right[1] == 1)),
            Manner::LocalIdentifier => {
                let provider = |code: u32| self.text.get(code).split(':').next();
                (a == b || provider(a) == provider(b)).then_some(u8::from(a == b))
            }
            Manner::Sex => Some(u8::from(a == b)),
            Manner::Category => Some(self.category_level(a, b)),
            Manner::Text => Some(self.text_level(a, b)),
        }
    }

    fn number_level(&self, a: u32, b: u32, both_verified: bool) -> u8 {
        match (a == b, both_verified) {
            (true, true) => 4,
            (true, false) => 3,
            (false, true) => 1,
            (false, false) if self.one_slip_apart(a, b) => 2,
            (false, false) => 0,
        }
    }

    /// Whether one edit separates two different numbers. Of ten digits each, that is one other digit or two neighbours that changed places.
    fn one_slip_apart(&self, a: u32, b: u32) -> bool {
        match (self.digits[a as usize], self.digits[b as usize]) {
            (0, _) | (_, 0) => within_one_edit(self.text.get(a), self.text.get(b)),
            (a, b) => {
                let differ = a ^ b;
                let low = differ.trailing_zeros() & !3;
                let digit = |number: u64, at: u32| number >> at & 15;
                match differ >> low {
                    0..=0xf => true,
                    0x10..=0xff => digit(a, low) == digit(b, low + 4) && digit(a, low + 4) == digit(b, low),
                    _ => false,
                }
            }
        }
    }

    fn category_level(&self, a: u32, b: u32) -> u8 {
        if a == b {
            return self.same[a as usize];
        }
        let (a, b) = (self.text.get(a), self.text.get(b));
        if jaro_winkler(a, b) >= SIMILAR {
            return 2;
        }
        let long = |word: &&str| word.len() > 3;
        u8::from(a.split(' ').filter(long).any(|word| b.split(' ').any(|other| other == word)))
    }

    fn text_level(&self, a: u32, b: u32) -> u8 {
        if a == b {
            return self.same[a as usize];
        }
        if self.bags[a as usize].are_unlike(self.bags[b as usize], SIMILAR) {
            return 0;
        }
        let (a, b) = (self.text.get(a), self.text.get(b));
        let local = |at: usize| [a, b][at].split_once('@').map(|(local, _)| local);
        match () {
            () if within_one_edit(a, b) => 4,
            () if within_two_edits(a, b) => 3,
            () if local(0).is_some() && local(0) == local(1) => 2,
            () if jaro_winkler(a, b) >= SIMILAR => 1,
            () => 0,
        }
    }
}

/// The level of two records with the same value, by value, and that of a value that one record holds.
fn same_levels(
    manner: Manner,
    codes: &[u32],
    values: &Dictionary,
    identities: &Identities,
    frozen: Option<(&Hashes, &Bins)>,
) -> (Vec<u8>, u8) {
    let holders = || holders_of(codes.iter().copied(), values.len(), identities);
    match (manner, frozen) {
        (Manner::Category, Some((hashes, bins))) => (bins.look_up(hashes, values.par_iter()), bins.unseen),
        (Manner::Category, None) => {
            let records = identities.records() as f64;
            let level = |held: u64| {
                let bits = (records / held.max(1) as f64).log2();
                3 + RARITY_CATEGORY.iter().take_while(|edge| bits >= **edge).count() as u8
            };
            (holders().into_iter().map(level).collect(), level(1))
        }
        (Manner::Text, _) => (levels_of_text(&holders()), 0),
        _ => (Vec::new(), 0),
    }
}

/// The level of two records with the same text, by value, from how many hold it.
fn levels_of_text(holders: &[u64]) -> Vec<u8> {
    let level = |held: &u64| match held {
        0..=30 => 7,
        31..=200 => 6,
        _ => 5,
    };
    holders.iter().map(level).collect()
}

/// Ten digits as one number with four bits a digit, and a mark above them so that no number is zero; zero for any other text.
fn packed_digits(value: &str) -> u64 {
    let ten_digits = value.len() == 10 && value.bytes().all(|byte| byte.is_ascii_digit());
    if ten_digits { value.bytes().fold(1, |packed, byte| packed << 4 | u64::from(byte - b'0')) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn slips_of_packed_numbers_are_edits(a in "[0-2]{10}", at in 0usize..10, digit in "[0-9]", b in "[0-2]{10}", swap in 0usize..9) {
            let mut changed = a.clone();
            changed.replace_range(at..at + 1, &digit);
            let mut swapped = a.clone().into_bytes();
            swapped.swap(swap, swap + 1);
            let swapped = String::from_utf8(swapped).unwrap();
            for other in [&changed, &swapped, &b].into_iter().filter(|other| **other != a) {
                let mut text = crate::records::Dictionary::default();
                let (x, y) = (text.intern(&a), text.intern(other));
                let digits = text.iter().map(packed_digits).collect();
                let values = Values {
                    field: Field::NhsNumber,
                    manner: Manner::Number,
                    text,
                    digits,
                    bags: Vec::new(),
                    same: Vec::new(),
                    unseen: 0,
                };
                prop_assert_eq!(values.one_slip_apart(x, y), within_one_edit(&a, other));
            }
        }
    }
}
