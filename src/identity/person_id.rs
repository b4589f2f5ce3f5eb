//! The person_id: fifteen characters of keyed hash (75 bits) and a check character.
//!
//! The alphabet is Crockford's base 32 (digits and capitals without I, L, O, U: <https://www.crockford.com/base32.html>). His own
//! check symbol needs five characters outside of the alphabet, and Luhn's scheme misses some swaps at an even base, so the check here
//! is one parity symbol over the field of 32 elements: with `a` a root of x^5 + x^2 + 1, the sum of `a^i * c_i` over all sixteen
//! places is zero. Every wrong character is detected (no `a^i` is zero) and so is every swap of two unequal characters at any
//! distance (the `a^i` differ for sixteen consecutive `i`, as `a` has order 31).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The characters of a person_id, by value.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The value of each character of the alphabet, by the character; [`NO_VALUE`] for all others. Ids are read row by row from whole tables.
const VALUES: [u8; 256] = {
    let (mut values, mut value) = ([NO_VALUE; 256], 0);
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};
const NO_VALUE: u8 = u8::MAX;
/// x^5 + x^2 + 1, irreducible and primitive over the field of two elements.
const FIELD_POLYNOMIAL: u8 = 0b10_0101;
const HASH_CHARACTERS: usize = 15;
const LENGTH: usize = HASH_CHARACTERS + 1;

/// An opaque, lasting number of a person; sixteen ASCII characters, the last one a check character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId([u8; LENGTH]);

impl PersonId {
    /// The id whose hash characters spell the first 75 bits of `hash`.
    fn from_hash(hash: &[u8]) -> Self {
        let mut bits = u128::from_be_bytes(hash[..16].try_into().expect("a hash of at least 16 bytes")) >> (128 - 75);
        let mut characters = [0u8; LENGTH];
        for place in (0..HASH_CHARACTERS).rev() {
            characters[place] = ALPHABET[(bits & 31) as usize];
            bits >>= 5;
        }
        characters[HASH_CHARACTERS] = check_character(&characters[..HASH_CHARACTERS]);
        PersonId(characters)
    }

    /// One of as many as one likes, for tests of other rooms.
    #[cfg(test)]
    pub(crate) fn example(nth: u64) -> Self {
        PersonId::from_hash(blake3::hash(&nth.to_le_bytes()).as_bytes())
    }

    /// Reads a person_id in any case; `None` unless it has sixteen characters of the alphabet and the right check character.
    pub fn parse(text: &str) -> Option<Self> {
        let mut characters: [u8; LENGTH] = text.trim().as_bytes().try_into().ok()?;
        characters.make_ascii_uppercase();
        (known(&characters) && check_character(&characters[..HASH_CHARACTERS]) == characters[HASH_CHARACTERS])
            .then_some(PersonId(characters))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only characters of the alphabet, which is ASCII")
    }

    pub(super) fn to_bytes(self) -> [u8; LENGTH] {
        self.0
    }

    /// From the ledger; `None` where a character is none of the alphabet.
    pub(super) fn from_bytes(characters: [u8; LENGTH]) -> Option<Self> {
        known(&characters).then_some(PersonId(characters))
    }
}

impl std::fmt::Display for PersonId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for PersonId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether all characters are of the alphabet.
fn known(characters: &[u8; LENGTH]) -> bool {
    characters.iter().all(|character| VALUES[usize::from(*character)] != NO_VALUE)
}

/// `value * a` in the field.
const fn times_a(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 0b10_0000 != 0 { shifted ^ FIELD_POLYNOMIAL } else { shifted }
}

/// The character that makes the parity sum zero, of characters of the alphabet: by Horner's rule, the check character stands at `a^0`.
fn check_character(hash_characters: &[u8]) -> u8 {
    let mut sum = 0u8;
    for character in hash_characters {
        sum = times_a(sum ^ VALUES[usize::from(*character)]);
    }
    ALPHABET[sum as usize]
}

/// Derives person_ids from first records under the job's key.
pub(super) struct Deriver(Hmac<Sha256>);

impl Deriver {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Deriver(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    /// HMAC-SHA-256 over (provider id, record_id, attempt), each text closed by its length so that no two triples look alike.
    pub(super) fn derive(&self, provider: &str, record_id: &str, attempt: u32) -> PersonId {
        let mut mac = self.0.clone();
        mac.update(b"onefolk person_id 1");
        for text in [provider, record_id] {
            mac.update(text.as_bytes());
            mac.update(&(text.len() as u64).to_le_bytes());
        }
        mac.update(&attempt.to_le_bytes());
        PersonId::from_hash(&mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_wrong_character_and_every_swap_is_detected(hash in any::<[u8; 32]>(), place in 0..LENGTH, other in 0usize..32) {
            let id = PersonId::from_hash(&hash);
            prop_assert_eq!(PersonId::parse(id.as_str()), Some(id));
            prop_assert_eq!(PersonId::parse(&id.as_str().to_lowercase()), Some(id));

            let mut wrong = id.0;
            wrong[place] = ALPHABET[other];
            let detected = PersonId::parse(std::str::from_utf8(&wrong).unwrap()).is_none();
            prop_assert_eq!(detected, wrong != id.0);

            for left in 0..LENGTH {
                for right in left + 1..LENGTH {
                    let mut swapped = id.0;
                    swapped.swap(left, right);
                    let detected = PersonId::parse(std::str::from_utf8(&swapped).unwrap()).is_none();
                    prop_assert_eq!(detected, swapped != id.0);
                }
            }
        }
    }

    #[test]
    fn derivation_is_fixed_and_separates_its_inputs() {
        let deriver = Deriver::new(&[7; 32]);
        let id = deriver.derive("gp-1", "23", 0);
        assert_eq!(id, deriver.derive("gp-1", "23", 0));
        for other in [deriver.derive("gp-12", "3", 0), deriver.derive("gp-1", "23", 1), deriver.derive("gp-1", "24", 0)]
        {
            assert_ne!(id, other);
        }
        assert_ne!(id, Deriver::new(&[8; 32]).derive("gp-1", "23", 0));
        assert_eq!(PersonId::parse("short"), None);
        assert_eq!(PersonId::parse("IIIIIIIIIIIIIIII"), None);
    }
}
